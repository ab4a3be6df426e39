//! What a run came to, and the questions that tests ask about it.

use cc_ci_engine::ledger::LedgerEntry;
use cc_ci_engine::promotion::Draft;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::{Color, Status, StepFinding, Verdict};
use cc_ci_testkit::swarm::FakeSwarm;

/// What a run came to.
pub(crate) struct Told {
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
    pub(crate) verdict: Verdict,
    pub(crate) swarm: FakeSwarm,
    pub(crate) evidence: Evidence,
    pub(crate) draft: Option<Draft>,
    pub(crate) ledger: Vec<LedgerEntry>,
}

impl Told {
    /// What a step ended with.
    pub(crate) fn outcome(&self, step: &str) -> &Outcome {
        let ended = self.events.iter().find_map(|event| match event {
            Event::StepEnded { step: id, outcome, .. } if id.as_str() == step => Some(outcome),
            _ => None,
        });
        ended.unwrap_or_else(|| panic!("{step} never ended: {:#?}", self.steps()))
    }

    /// Every step that ended, with how.
    pub(crate) fn steps(&self) -> Vec<(StepId, Outcome)> {
        let ended = self.events.iter().filter_map(|event| match event {
            Event::StepEnded { step, outcome, .. } => Some((step.clone(), outcome.clone())),
            _ => None,
        });
        ended.collect()
    }

    /// What a step found.
    #[track_caller]
    pub(crate) fn found(&self, step: &str) -> &Finding {
        match self.outcome(step) {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => finding,
            other @ (Outcome::Passed { .. } | Outcome::Skipped { .. }) => panic!("{step}: {other:?}"),
        }
    }

    /// The run is not green for this alone.
    #[track_caller]
    pub(crate) fn comes_to(&self, step: &str, cause: Cause, color: Color, blame: Blame) {
        let finding = self.found(step);
        assert_eq!((finding.cause, self.verdict.color), (cause, color), "{finding:?}: {:?}", self.verdict.reasons);
        assert_eq!(self.verdict.blame, Some(blame), "{:?}", self.verdict.reasons);
    }

    /// The same for what no step says by itself: the verdict finds it in what a step ended with.
    #[track_caller]
    pub(crate) fn is_judged(&self, step: &str, cause: Cause, color: Color, blame: Blame) {
        let all: Vec<&StepFinding> = self.verdict.tiers.iter().flat_map(|tier| &tier.findings).collect();
        let found = all.iter().find(|found| found.step.as_str() == step);
        assert_eq!(found.map(|found| found.finding.cause), Some(cause), "{all:#?}");
        assert_eq!((self.verdict.color, self.verdict.blame), (color, Some(blame)), "{:?}", self.verdict.reasons);
    }

    /// How a tier stands.
    pub(crate) fn tier(&self, tier: Tier) -> Status {
        self.verdict.tier(tier).unwrap().status
    }

    /// How the run ended.
    pub(crate) fn end(&self) -> &RunEnd {
        &self.evidence.end.as_ref().unwrap().0
    }

    /// What is on the swarm afterwards, besides what was there before.
    pub(crate) fn left(&self) -> Vec<String> {
        let all = self.swarm.left().objects.into_keys().map(|object| object.to_string());
        all.filter(|object| object != "network proxy").collect()
    }
}
