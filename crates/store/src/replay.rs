//! Reads the record of a run back, and judges it as the run was judged.

use crate::life::life;
use crate::run_dir::{EVENTS, RunDir, RunDirError};
use cc_ci_model::event::{Event, FORMAT, RecordFormat, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::plan::Plan;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::{Verdict, judge};
use serde::Deserialize;
use std::path::PathBuf;

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file system refused.
    #[error("cannot read the record {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The run's folder does not say whether the run goes on.
    #[error(transparent)]
    Folder(#[from] RunDirError),
    /// There is nothing in it.
    #[error("{path}: the record is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It was written by another version.
    #[error(
        "{path}, line 1: the record has format {found}, this cc-ci reads {FORMAT}: use the cc-ci that wrote it ({program})"
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it has.
        found: RecordFormat,
        /// The version that wrote it.
        program: String,
    },
    /// The first line is not the start of a run.
    #[error("{path}, line 1: not the start of a run's record")]
    NotARecord {
        /// The file.
        path: PathBuf,
    },
    /// A line is not an event.
    #[error("{path}, line {line}: not an event: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The run ended before there was a plan, so there is nothing to hold it against.
    #[error("{path}: the run ended before it had a plan; there is nothing to judge")]
    NoPlan {
        /// The file.
        path: PathBuf,
    },
}

/// A record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The events.
    pub events: Vec<Stamped>,
    /// The last line, if the process was killed while writing it.
    pub torn: Option<Torn>,
}

/// A line that was not written to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Counted from 1.
    pub line: usize,
    /// How many bytes of it there are.
    pub bytes: usize,
}

/// A record with everything that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The plan the run followed.
    pub plan: Plan,
    /// What was observed.
    pub evidence: Evidence,
    /// The verdict.
    pub verdict: Verdict,
    /// How far the run had come when the record was read.
    pub life: Life,
    /// The last line, if the process was killed while writing it.
    pub torn: Option<Torn>,
}

impl Judged {
    /// The view reports are drawn from.
    #[must_use]
    pub fn view(&self) -> ReportView {
        ReportView::new(&self.plan, &self.evidence, &self.verdict).seen_as(self.life)
    }
}

/// Only what every format has had and will have.
#[derive(Deserialize)]
struct Head {
    event: HeadEvent,
}

#[derive(Deserialize)]
struct HeadEvent {
    #[serde(rename = "type")]
    kind: String,
    format: u32,
    #[serde(default)]
    minor: u32,
    program: String,
}

/// Reads the events of a run.
pub fn events(dir: &RunDir) -> Result<Recording, ReplayError> {
    let path = dir.file(EVENTS);
    let content = std::fs::read(&path).map_err(|source| ReplayError::Io { path: path.clone(), source })?;
    let mut lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
    // What stands behind the last line break: nothing, or a line that was not written to its end.
    let rest = lines.pop().unwrap_or_default();
    let mut torn = (!rest.is_empty()).then(|| Torn { line: lines.len() + 1, bytes: rest.len() });
    let Some(first) = lines.first() else {
        return Err(ReplayError::Empty { path });
    };
    let head: Head = serde_json::from_slice(first).map_err(|_| ReplayError::NotARecord { path: path.clone() })?;
    if head.event.kind != "run-started" {
        return Err(ReplayError::NotARecord { path });
    }
    let found = RecordFormat { major: head.event.format, minor: head.event.minor };
    if !FORMAT.reads(found) {
        return Err(ReplayError::Format { path, found, program: head.event.program });
    }
    let mut events = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let event: Stamped = serde_json::from_slice(line).map_err(|source| ReplayError::Line {
            path: path.clone(),
            line: at + 1,
            source,
        })?;
        events.push(event);
    }
    // Only the line break is missing: nothing is lost.
    if let Ok(event) = serde_json::from_slice::<Stamped>(rest) {
        events.push(event);
        torn = None;
    }
    Ok(Recording { events, torn })
}

/// Reads a run and judges it by the plan it followed.
pub fn judged(dir: &RunDir) -> Result<Judged, ReplayError> {
    // In this order: what is added to the record of a run that goes on may end it, but nothing makes it go on again.
    let life = life(dir)?;
    let Recording { events, torn } = events(dir)?;
    let plan = events
        .iter()
        .find_map(|stamped| if let Event::Planned { plan } = &stamped.event { Some((**plan).clone()) } else { None })
        .ok_or_else(|| ReplayError::NoPlan { path: dir.file(EVENTS) })?;
    let evidence = Evidence::fold(&events);
    let verdict = judge(&plan, &evidence);
    Ok(Judged { plan, evidence, verdict, life, torn })
}
