//! One row per stored run, remembered: a run is read again when its record changed, and looked at again until it is over.

use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::level::Ladder;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_store::replay::{self, Judged};
use cc_ci_store::run_dir::{EVENTS, RunDir, RunDirError};
use cc_ci_store::state::StateFolder;
use cc_ci_store::stored;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A longer record is not read for a page. Bytes.
const RECORD_MOST: u64 = 64 << 20;

/// Every run of a state folder, as lists show it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs {
    /// Those whose record tells what they are about, the latest first.
    pub(crate) known: Vec<Arc<KnownRun>>,
    /// The others, by id.
    pub(crate) unknown: Vec<Arc<UnknownRun>>,
}

/// A run, known or not.
#[derive(Debug, Clone)]
pub(crate) enum RunRow {
    Known(Arc<KnownRun>),
    Unknown(Arc<UnknownRun>),
}

/// A run whose record does not tell what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownRun {
    pub(crate) run: RunId,
    pub(crate) life: Life,
    /// Why, unless it has only just begun.
    pub(crate) why: Option<String>,
}

/// A run whose record tells what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownRun {
    pub(crate) run: RunId,
    pub(crate) life: Life,
    pub(crate) recipe: RecipeName,
    pub(crate) head: Commit,
    pub(crate) shown_head: String,
    pub(crate) version: Option<String>,
    pub(crate) pr: Option<u64>,
    /// RFC 3339, UTC: such texts sort like the times.
    pub(crate) started: String,
    pub(crate) due_ms: Option<u64>,
    pub(crate) end_ms: Option<u64>,
    pub(crate) color: Color,
    pub(crate) level: Option<u8>,
    pub(crate) scope: Scope,
    pub(crate) blame: Option<Blame>,
    /// The most important reason why it is not green.
    pub(crate) reason: Option<String>,
    pub(crate) tiers: Vec<(Tier, Status, Option<u64>)>,
    /// Where it is, while it goes on.
    pub(crate) whereabouts: Option<String>,
}

/// What a run was asked to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Everything, about a commit.
    Complete,
    /// A part of it, or something about a work tree.
    Partial,
}

impl KnownRun {
    fn of(run: &RunId, judged: &Judged) -> Self {
        let view = judged.view();
        let ReportView { verdict, .. } = &view;
        let over = view.life == Life::Over;
        Self {
            run: run.clone(),
            life: view.life,
            recipe: view.recipe.clone(),
            head: judged.plan.head.clone(),
            shown_head: view.shown_head.clone(),
            version: view.version.clone(),
            pr: view.pr,
            started: view.started.clone().unwrap_or_default(),
            due_ms: view.due_ms,
            end_ms: view.end_ms,
            color: verdict.color,
            level: verdict.shown_level().filter(|_| over && tells(verdict.color)),
            scope: match verdict.ladder {
                Ladder::Whole | Ladder::Capped { .. } => Scope::Complete,
                Ladder::Quick { .. } | Ladder::None { .. } => Scope::Partial,
            },
            blame: verdict.blame.filter(|_| !view.goes_on()),
            reason: verdict.reasons.first().cloned().filter(|_| !view.goes_on()),
            tiers: view.tiers.iter().map(|row| (row.tier, row.status, row.span.ms())).collect(),
            whereabouts: view.whereabouts(),
        }
    }

    /// Whether the run goes on.
    pub(crate) fn goes_on(&self) -> bool {
        match self.life {
            Life::Preparing | Life::Running => true,
            Life::Over | Life::Died => false,
        }
    }
}

impl RunRow {
    fn life(&self) -> Life {
        match self {
            Self::Known(known) => known.life,
            Self::Unknown(unknown) => unknown.life,
        }
    }

    fn unknown(run: &RunId, life: Life, why: Option<String>) -> Self {
        Self::Unknown(Arc::new(UnknownRun { run: run.clone(), life, why }))
    }
}

/// Whether a level says something beside that colour: one that came about because there was no answer misleads.
fn tells(color: Color) -> bool {
    match color {
        Color::Green | Color::Red => true,
        Color::Unverified | Color::Cancelled => false,
    }
}

/// What a record is known again by.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    Absent,
    /// A link, a pipe, a folder, or more than a page is made from.
    Unfit(&'static str),
    Record {
        inode: u64,
        length: u64,
        changed: SystemTime,
    },
}

fn stamp(dir: &RunDir) -> Stamp {
    match fs::symlink_metadata(dir.file(EVENTS)) {
        Err(_) => Stamp::Absent,
        Ok(about) if !about.is_file() => Stamp::Unfit("its record is not a file"),
        Ok(about) if about.len() > RECORD_MOST => Stamp::Unfit("its record is longer than a page can be made from"),
        Ok(about) => Stamp::Record {
            inode: about.ino(),
            length: about.len(),
            changed: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        },
    }
}

/// The rows that were read.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    known: Mutex<HashMap<RunId, (Stamp, RunRow)>>,
}

impl Rows {
    /// All runs of the state folder.
    pub(crate) fn all(&self, state: &StateFolder) -> Result<Runs, RunDirError> {
        let folders = stored::folders(state)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh = HashMap::with_capacity(folders.len());
        let mut runs = Runs::default();
        for (run, dir) in folders {
            let (stamp, row) = look(&run, &dir, known.remove(&run));
            match &row {
                RunRow::Known(row) => runs.known.push(Arc::clone(row)),
                RunRow::Unknown(row) => runs.unknown.push(Arc::clone(row)),
            }
            fresh.insert(run, (stamp, row));
        }
        // With this, runs whose folders are gone are forgotten.
        *known = fresh;
        drop(known);
        runs.known.sort_by(|one, other| (&other.started, &other.run).cmp(&(&one.started, &one.run)));
        Ok(runs)
    }

    /// One run; `None` when there is none of that name.
    pub(crate) fn one(&self, state: &StateFolder, run: &RunId) -> Option<(RunDir, RunRow)> {
        let dir = RunDir::open(state, run).ok()?;
        // What a link leads to is not ours.
        if !fs::symlink_metadata(dir.path()).is_ok_and(|about| about.is_dir()) {
            return None;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (stamp, row) = look(run, &dir, known.remove(run));
        known.insert(run.clone(), (stamp, row.clone()));
        Some((dir, row))
    }
}

/// Looks at a run's folder, and reads its record unless it is the one that was read before. Only a run that is over is taken
/// for what it was: any other may have ended meanwhile, which its record alone does not tell.
fn look(run: &RunId, dir: &RunDir, before: Option<(Stamp, RunRow)>) -> (Stamp, RunRow) {
    let stamp = stamp(dir);
    let same = before.filter(|(known, _)| *known == stamp).map(|(_, row)| row);
    let row = match (&stamp, same) {
        (Stamp::Record { .. }, Some(row)) if row.life() == Life::Over => row,
        (Stamp::Unfit(why), _) => RunRow::unknown(run, Life::Died, Some((*why).to_owned())),
        (Stamp::Absent | Stamp::Record { .. }, same) => match cc_ci_store::life(dir) {
            Ok(life) => same.filter(|row| row.life() == life).unwrap_or_else(|| read(run, dir, life)),
            Err(error) => RunRow::unknown(run, Life::Died, Some(without_place(dir, &error))),
        },
    };
    (stamp, row)
}

fn read(run: &RunId, dir: &RunDir, life: Life) -> RunRow {
    match (replay::judged(dir), life) {
        (Ok(judged), _) => RunRow::Known(Arc::new(KnownRun::of(run, &judged))),
        (Err(_), Life::Preparing | Life::Running) => RunRow::unknown(run, life, None),
        (Err(error), Life::Over | Life::Died) => RunRow::unknown(run, life, Some(without_place(dir, &error))),
    }
}

/// An error in words that do not say where on this machine the folder is.
pub(crate) fn without_place(dir: &RunDir, error: &dyn std::fmt::Display) -> String {
    error.to_string().replace(&format!("{}/", dir.path().display()), "")
}
