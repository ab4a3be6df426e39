//! Whether a stored run says the same as one that would be made now.

use crate::evidence::Evidence;
use crate::plan::{Plan, PlannedTier};
use crate::tier::Tier;

/// What a run made now would be, for a commit of which a run is stored.
#[derive(Debug)]
pub struct WantedRun<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The tier that is looked at.
    pub tier: Tier,
    /// What the host says about its engine, as records have it.
    pub engine: &'a str,
    /// The version of cc-ci.
    pub program: &'a str,
}

/// The name of the fact about the engine in records.
pub const ENGINE: &str = "engine";

impl WantedRun<'_> {
    /// Whether the stored run stands for the one that would be made: same commit, base, steps up to the tier, settings,
    /// engine and program, and no dependencies. What comes behind the tier may differ: a run of all tiers stands for one of this tier.
    #[must_use]
    pub fn is_stored_as(&self, plan: &Plan, evidence: &Evidence) -> bool {
        let (wanted, stored) = (self.plan, plan);
        let engine = evidence.host.iter().find(|(name, _)| name == ENGINE).map(|(_, seen)| seen.as_str());
        let program = evidence.start.as_ref().map(|start| start.program.as_str());
        engine == Some(self.engine)
            && program == Some(self.program)
            && wanted.recipe == stored.recipe
            && wanted.kind == stored.kind
            && wanted.head == stored.head
            && wanted.state == stored.state
            && wanted.base.commit() == stored.base.commit()
            && self.tiers(wanted).eq(self.tiers(stored))
            && wanted.limits == stored.limits
            && wanted.demands == stored.demands
            && wanted.customization == stored.customization
            && wanted.softened == stored.softened
            // What a dependency gives is made by scripts that no record holds.
            && wanted.dependencies.is_empty()
            && stored.dependencies.is_empty()
    }

    fn tiers<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = &'p PlannedTier> {
        let tier = self.tier;
        plan.tiers.iter().filter(move |planned| planned.tier <= tier)
    }
}
