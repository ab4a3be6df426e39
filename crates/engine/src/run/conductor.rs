//! Walks steps: says when each begins and ends, turns faults into outcomes, and stops at a cancelled run.

use crate::swarm::SwarmError;
use crate::voice::Voice;
use crate::workbench::WorkError;
use cc_ci_model::event::Event;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::Step;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
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

    /// The step has no answer because a file of the run cannot be written: the host's matter when its disk is full, else ours.
    #[must_use]
    pub fn unwritten(path: &Path, error: &std::io::Error) -> Self {
        let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let cause = if full { Cause::DiskFull } else { Cause::Harness };
        Self::unanswered(Finding::new(cause, format!("cannot write {}: {error}", path.display())))
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

/// What a step has to say: how it ended, and what later steps build on.
#[derive(Debug)]
pub struct Answer<T> {
    outcome: Outcome,
    value: Option<T>,
}

impl<T> Answer<T> {
    /// It passed, with this value.
    pub fn passed(value: T) -> Self {
        Self::new(Outcome::Passed { note: None }, value)
    }

    /// It found something that is not as it should be.
    #[must_use]
    pub fn failed(finding: Finding) -> Self {
        Self { outcome: Outcome::Failed(finding), value: None }
    }

    /// It ended like this and has a value all the same.
    pub fn new(outcome: Outcome, value: T) -> Self {
        Self { outcome, value: Some(value) }
    }
}

impl Answer<()> {
    /// What was seen, if it passed.
    pub(in crate::run) fn seen(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Passed { note } => Some(note.clone().unwrap_or_default()),
            Outcome::Failed(_) | Outcome::Skipped { .. } | Outcome::Unverified(_) => None,
        }
    }
}

impl<T> From<Outcome> for Answer<T> {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, value: None }
    }
}

/// What came of a step.
#[derive(Debug)]
pub struct Stepped<T> {
    /// How it ended.
    pub end: StepEnd,
    /// What later steps build on; it can be there whatever the end.
    pub value: Option<T>,
}

/// How a step ended, for deciding what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEnd {
    /// It passed, or was skipped for a reason.
    Passed,
    /// It failed or gave no answer.
    NotPassed,
}

/// Speaks for each step. It lies beside the parts that a step may change, so that nothing of it is ever copied.
pub struct Conductor {
    voice: Voice,
    cancel: CancellationToken,
    failed: Mutex<Vec<(StepId, Finding)>>,
    well: AtomicBool,
}

impl Conductor {
    /// A conductor who says everything with `voice` and breaks steps off at `cancel`.
    #[must_use]
    pub fn new(voice: &Voice, cancel: &CancellationToken) -> Self {
        Self { voice: voice.clone(), cancel: cancel.clone(), failed: Mutex::default(), well: AtomicBool::new(true) }
    }

    /// The steps that failed since this was asked last, with what was found.
    pub fn take_failed(&self) -> Vec<(StepId, Finding)> {
        std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether no step failed so far.
    pub fn all_well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// Ends waits when the run is cancelled.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Performs one step. A cancelled run ends it as unverified.
    pub async fn step<T, F>(&self, step: &Step, work: F) -> Stepped<T>
    where
        F: Future<Output = Result<Answer<T>, Fault>>,
    {
        self.voice.say(Event::StepStarted { step: step.id.clone() });
        let started = Instant::now();
        let Answer { outcome, value } = tokio::select! {
            answer = work => answer.unwrap_or_else(|fault| Outcome::from(fault).into()),
            () = self.cancel.cancelled() => ended().into(),
        };
        Stepped { end: self.end(step, outcome, started), value }
    }

    /// Reports a step whose answer is known already, as for the stability window. In a run that was ended nothing passes any more: what
    /// was watched was not watched for its whole time.
    pub fn report(&self, step: &Step, outcome: Outcome) -> StepEnd {
        let outcome = match outcome {
            Outcome::Passed { .. } if self.cancel.is_cancelled() => ended(),
            Outcome::Passed { .. } | Outcome::Skipped { .. } | Outcome::Failed(_) | Outcome::Unverified(_) => outcome,
        };
        self.voice.say(Event::StepStarted { step: step.id.clone() });
        self.end(step, outcome, Instant::now())
    }

    fn end(&self, step: &Step, outcome: Outcome, started: Instant) -> StepEnd {
        let end = match &outcome {
            Outcome::Passed { .. } | Outcome::Skipped { .. } => StepEnd::Passed,
            Outcome::Failed(_) | Outcome::Unverified(_) => StepEnd::NotPassed,
        };
        if let Outcome::Failed(finding) = &outcome {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.push((step.id.clone(), finding.clone()));
            self.well.store(false, Ordering::Relaxed);
        }
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.voice.say(Event::StepEnded { step: step.id.clone(), outcome, ms });
        end
    }
}

/// The outcome of a step in a run that was ended.
fn ended() -> Outcome {
    Outcome::Unverified(Finding::new(Cause::Cancelled, "the run was ended"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::plan::step::{Action, Check, Pass};
    use cc_ci_model::tier::Tier;

    #[test]
    fn a_full_disk_is_the_hosts_matter_and_any_other_refusal_ours() {
        let cause = |kind: ErrorKind| Fault::unwritten(Path::new("/runs/r"), &kind.into()).finding().cause;
        assert_eq!(cause(ErrorKind::StorageFull), Cause::DiskFull);
        assert_eq!(cause(ErrorKind::QuotaExceeded), Cause::DiskFull);
        assert_eq!(cause(ErrorKind::NotADirectory), Cause::Harness);
    }

    #[test]
    fn in_a_run_that_was_ended_nothing_passes_any_more() {
        let cancel = CancellationToken::new();
        let conductor = Conductor::new(&Voice::new(Vec::new()), &cancel);
        let step = Step::new(Tier::Install, Pass::Only, Action::Check(Check::Stable));
        assert_eq!(conductor.report(&step, passed("alive for 5 s")), StepEnd::Passed);
        cancel.cancel();
        assert_eq!(conductor.report(&step, passed("alive for 3 s")), StepEnd::NotPassed);
        // What was found before counts on.
        conductor.report(&step, Outcome::Failed(Finding::new(Cause::Unstable, "it died")));
        assert_eq!(conductor.take_failed().len(), 1);
    }
}
