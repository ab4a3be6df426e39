//! What a run says about the one tier that is searched for, and nothing else.

use crate::evidence::Evidence;
use crate::ids::Commit;
use crate::plan::Plan;
use crate::plan::scrutiny::TreeState;
use crate::tier::Tier;
use crate::verdict::blame::Blame;
use crate::verdict::budget::Agreement;
use crate::verdict::{Status, Verdict};
use serde::Serialize;

/// What is known about the tier at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum ProbeAnswer {
    /// It passes.
    Passes,
    /// It fails.
    Fails,
    /// Nobody can tell.
    None {
        /// Why.
        why: String,
    },
}

impl ProbeAnswer {
    /// Whether it tells the two sides apart.
    #[must_use]
    pub fn says_something(&self) -> bool {
        match self {
            Self::Passes | Self::Fails => true,
            Self::None { .. } => false,
        }
    }

    /// In words, with the reason where there is no answer.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Passes => "pass".to_owned(),
            Self::Fails => "fail".to_owned(),
            Self::None { why } => format!("no answer: {why}"),
        }
    }

    fn none(why: impl Into<String>) -> Self {
        Self::None { why: why.into() }
    }
}

/// What a run is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierQuestion {
    /// The tier.
    pub tier: Tier,
    /// The commit under test.
    pub head: Commit,
    /// Where the app began; `None` when at head.
    pub base: Option<Commit>,
}

impl TierQuestion {
    /// The answer of a run. What cannot be trusted, or is about something else, is none.
    #[must_use]
    pub fn answered(&self, plan: &Plan, evidence: &Evidence, verdict: &Verdict) -> ProbeAnswer {
        if let Some(why) = self.is_not_about_it(plan, evidence, verdict) {
            return ProbeAnswer::none(why);
        }
        let Some(tier) = verdict.tier(self.tier) else { return ProbeAnswer::none("the run does not have the tier") };
        // What was not reached has its reason elsewhere: an earlier tier, or whoever ended the run.
        let first = verdict.reasons.first().filter(|_| tier.inherited || tier.blame == Some(Blame::Cancelled));
        let reason = || first.or(tier.reason.as_ref()).cloned().unwrap_or_else(|| "no reason was given".to_owned());
        match tier.status {
            Status::Pass if verdict.budget.agreement == Agreement::Agreed => ProbeAnswer::Passes,
            Status::Pass => ProbeAnswer::none(format!("the deploys were not counted: {}", verdict.budget.line())),
            // The base is the same for every commit: that it does not come up says nothing about this one.
            Status::Fail if tier.blame == Some(Blame::Base) => ProbeAnswer::none(reason()),
            Status::Fail => ProbeAnswer::Fails,
            Status::Skip | Status::Unver => ProbeAnswer::none(reason()),
        }
    }

    fn is_not_about_it(&self, plan: &Plan, evidence: &Evidence, verdict: &Verdict) -> Option<String> {
        let kind = (!plan.kind.is_cold()).then(|| "the run was of another kind".to_owned());
        let other = (plan.head != self.head || plan.state != TreeState::Committed)
            .then(|| "the run was about another commit".to_owned());
        let base = (plan.base.commit() != self.base.as_ref()).then(|| "the run began at another base".to_owned());
        let record = evidence.flaws.first().map(|flaw| format!("the record cannot be trusted: {flaw}"));
        let open = verdict.provisional.then(|| "the run never ended".to_owned());
        let budget = (verdict.budget.agreement == Agreement::Disagreed)
            .then(|| format!("the guards of its deploy budget do not agree: {}", verdict.budget.line()));
        kind.or(other).or(base).or(record).or(open).or(budget)
    }
}
