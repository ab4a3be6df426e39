//! Walks steps: says when each begins and ends, turns faults into outcomes, and stops at a cancelled run.

use crate::swarm::SwarmError;
use crate::voice::Voice;
use crate::workbench::WorkError;
use cc_ci_model::event::Event;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::tier::Tier;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a step broke off: the outcome it ends with instead of an answer of its own.
#[derive(Debug)]
pub struct Fault(Outcome);

impl Fault {
    /// The step has no answer, for this reason.
    #[must_use]
    pub fn unanswered(finding: Finding) -> Self {
        Self(Outcome::Unverified(finding))
    }

    /// The step has no answer because cc-ci itself is at fault.
    #[must_use]
    pub fn harness(text: impl Into<String>) -> Self {
        Self::unanswered(Finding::new(Cause::Harness, text))
    }
}

impl Fault {
    /// What is said about it.
    #[must_use]
    pub fn finding(self) -> Finding {
        match self.0 {
            Outcome::Failed(finding) | Outcome::Unverified(finding) => finding,
            Outcome::Passed { note } => Finding::new(Cause::Harness, note.unwrap_or_default()),
            Outcome::Skipped { reason } => Finding::new(Cause::Harness, reason),
        }
    }
}

impl From<SwarmError> for Fault {
    fn from(error: SwarmError) -> Self {
        let finding = error.finding();
        match error {
            // The files are the recipe's, so this is an answer.
            SwarmError::Refused { .. } => Self(Outcome::Failed(finding)),
            SwarmError::Engine { .. }
            | SwarmError::Command { .. }
            | SwarmError::NotAllowed { .. }
            | SwarmError::Ledger(_) => Self::unanswered(finding),
        }
    }
}

impl From<WorkError> for Fault {
    fn from(error: WorkError) -> Self {
        Self::unanswered(error.finding())
    }
}

impl From<Fault> for Outcome {
    fn from(Fault(outcome): Fault) -> Self {
        outcome
    }
}

/// How a step ended, for deciding what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEnd {
    /// It passed, or was skipped for a reason.
    Passed,
    /// It failed or gave no answer.
    NotPassed,
    /// The plan has no such step.
    NotPlanned,
}

impl StepEnd {
    /// Whether nothing speaks against going on.
    #[must_use]
    pub fn may_go_on(self) -> bool {
        match self {
            Self::Passed | Self::NotPlanned => true,
            Self::NotPassed => false,
        }
    }
}

/// Holds the plan's step ids and speaks for each step.
#[derive(Clone)]
pub struct Conductor {
    planned: Arc<BTreeSet<StepId>>,
    voice: Voice,
    cancel: CancellationToken,
}

impl Conductor {
    /// A conductor of `plan`.
    #[must_use]
    pub fn new(plan: &Plan, voice: &Voice, cancel: &CancellationToken) -> Self {
        let planned = plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| step.id.clone())).collect();
        Self { planned: Arc::new(planned), voice: voice.clone(), cancel: cancel.clone() }
    }

    /// The record.
    #[must_use]
    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Ends waits when the run is cancelled.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Whether the plan has the step.
    #[must_use]
    pub fn plans(&self, tier: Tier, what: &str) -> bool {
        self.planned.contains(&StepId::new(tier, what))
    }

    /// Performs one step if the plan has it. A cancelled run ends it as unverified.
    pub async fn step<F>(&self, tier: Tier, what: &str, work: F) -> StepEnd
    where
        F: Future<Output = Result<Outcome, Fault>>,
    {
        let step = StepId::new(tier, what);
        if !self.planned.contains(&step) {
            return StepEnd::NotPlanned;
        }
        self.voice.say(Event::StepStarted { step: step.clone() });
        let started = Instant::now();
        let outcome = tokio::select! {
            outcome = work => outcome.unwrap_or_else(Outcome::from),
            () = self.cancel.cancelled() => Outcome::Unverified(Finding::new(Cause::Cancelled, "the run was ended")),
        };
        self.end(step, outcome, started)
    }

    /// Reports a step whose answer is known already, as for the stability window.
    pub fn report(&self, tier: Tier, what: &str, outcome: Outcome) -> StepEnd {
        let step = StepId::new(tier, what);
        if !self.planned.contains(&step) {
            return StepEnd::NotPlanned;
        }
        self.voice.say(Event::StepStarted { step: step.clone() });
        self.end(step, outcome, Instant::now())
    }

    fn end(&self, step: StepId, outcome: Outcome, started: Instant) -> StepEnd {
        let done = match &outcome {
            Outcome::Passed { .. } | Outcome::Skipped { .. } => StepEnd::Passed,
            Outcome::Failed(_) | Outcome::Unverified(_) => StepEnd::NotPassed,
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.voice.say(Event::StepEnded { step, outcome, ms });
        done
    }
}

/// A pass with a note.
#[must_use]
pub fn passed(note: impl Into<String>) -> Outcome {
    Outcome::Passed { note: Some(note.into()) }
}

/// Failed if there is a finding, else passed.
#[must_use]
pub fn failed_if(finding: Option<Finding>) -> Outcome {
    finding.map_or(Outcome::Passed { note: None }, Outcome::Failed)
}
