//! How far a run has come, as its folder tells: a report about a run under way must not read like one about a run that died.

use super::{ReportView, StepRow, TierRow};
use crate::evidence::Evidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The life of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// A process reads and plans; there is no record yet.
    Preparing,
    /// A process performs it and writes its record.
    Running,
    /// Its record has an end.
    Over,
    /// Its process is gone, and its record has no end.
    Died,
}

impl Life {
    /// What a record tells by itself: one without an end is a run that died, unless its folder knows better.
    #[must_use]
    pub(super) fn of(evidence: &Evidence) -> Self {
        if evidence.end.is_some() { Self::Over } else { Self::Died }
    }
}

/// How far a tier or a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowFar {
    /// It may come yet.
    Pending,
    /// It goes on.
    Running,
    /// It has an answer, or will never have one.
    Done,
}

impl HowFar {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
        }
    }
}

impl ReportView {
    /// The same view of a run whose folder says how far it has come. A record with an end is over, whatever was seen before.
    #[must_use]
    pub fn seen_as(self, life: Life) -> Self {
        let life = match self.life {
            Life::Over => Life::Over,
            Life::Preparing | Life::Running | Life::Died => life,
        };
        Self { life, ..self }
    }

    /// Whether the run goes on, so that nobody can be blamed yet and what is missing may come.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        match self.life {
            Life::Preparing | Life::Running => true,
            Life::Over | Life::Died => false,
        }
    }

    /// How far a tier has come.
    #[must_use]
    pub fn tier_so_far(&self, row: &TierRow) -> HowFar {
        let skipped = row.skip.is_some() || row.span.ended_ms.is_some();
        if skipped || !self.tests() {
            HowFar::Done
        } else if row.span.began_ms.is_some() {
            HowFar::Running
        } else {
            HowFar::Pending
        }
    }

    /// How far a step has come.
    #[must_use]
    pub fn step_so_far(&self, row: &StepRow) -> HowFar {
        match (row.ms, row.began_ms) {
            (Some(_), _) => HowFar::Done,
            (None, _) if !self.tests() => HowFar::Done,
            (None, Some(_)) => HowFar::Running,
            (None, None) => HowFar::Pending,
        }
    }

    /// Where a run is that goes on: `in upgrade (converged)`; `None` for one that does not.
    #[must_use]
    pub fn whereabouts(&self) -> Option<String> {
        if !self.goes_on() {
            return None;
        }
        if self.due_ms.is_some() {
            return Some("tearing down".to_owned());
        }
        let tier = self.tiers.iter().find(|row| self.tier_so_far(row) == HowFar::Running);
        let between = || "getting ready, or between two tiers".to_owned();
        Some(tier.map_or_else(between, |row| {
            let step = row.steps.iter().rfind(|step| self.step_so_far(step) == HowFar::Running);
            let name = step.and_then(|step| step.id.as_str().split_once('/')).map(|(_, name)| format!(" ({name})"));
            format!("in {}{}", row.tier, name.unwrap_or_default())
        }))
    }

    /// Why a record without an end is no success, however well the run went; `None` for one with an end.
    #[must_use]
    pub fn unfinished(&self) -> Option<&'static str> {
        match self.life {
            Life::Over => None,
            Life::Preparing | Life::Running => Some("the record has no end yet: the run goes on"),
            Life::Died => Some(
                "the record has no end: the process of the run died before its teardown; nobody has counted what it leaves behind",
            ),
        }
    }

    /// Why there is no time of a verdict, where there is none.
    #[must_use]
    pub fn no_verdict(&self) -> &'static str {
        if self.goes_on() { "no verdict yet" } else { "no verdict was reached" }
    }

    /// Whether its tiers go on.
    fn tests(&self) -> bool {
        self.goes_on() && self.due_ms.is_none()
    }
}
