//! Which old runs are removed: by age, number and size. Choosing is pure; a run that is pinned, or still has something to do,
//! is never chosen.

use crate::run_dir::{RunDir, RunDirError};
use crate::state::StateFolder;
use crate::stored::{self, LedgerOpen, Pin, RunState, StoredRun};
use cc_ci_model::ids::RunId;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much of the past is kept. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Runs older than this are removed.
    pub age: Option<Duration>,
    /// At most this many runs are kept.
    pub count: Option<usize>,
    /// At most this many bytes are kept.
    pub bytes: Option<u64>,
}

impl Default for RetentionPolicy {
    fn default() -> Self {
        Self { age: Some(Duration::from_hours(30 * 24)), count: Some(200), bytes: Some(2 << 30) }
    }
}

/// A run as retention sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredRun {
    /// The run.
    pub stored: StoredRun,
    /// The size of its folder in bytes; 0 where nobody asks for sizes.
    pub bytes: u64,
}

impl MeasuredRun {
    fn may_go(&self) -> bool {
        match (self.stored.state, self.stored.pin) {
            (RunState::Over, Pin::Free) => true,
            (RunState::Running | RunState::Uncleaned, _) | (_, Pin::Pinned) => false,
        }
    }
}

/// The runs to remove, oldest first. What may not go still counts towards number and size.
#[must_use]
pub fn choose(runs: &[MeasuredRun], policy: &RetentionPolicy, now: SystemTime) -> Vec<RunId> {
    let mut oldest_first: Vec<&MeasuredRun> = runs.iter().collect();
    oldest_first
        .sort_by(|one, other| (one.stored.written, &one.stored.run).cmp(&(other.stored.written, &other.stored.run)));
    let mut count = runs.len();
    let mut bytes: u64 = runs.iter().fold(0, |sum, run| sum.saturating_add(run.bytes));
    let mut chosen = Vec::new();
    for run in oldest_first.into_iter().filter(|run| run.may_go()) {
        let age = now.duration_since(run.stored.written).unwrap_or_default();
        let too_old = policy.age.is_some_and(|most| age > most);
        let too_many = policy.count.is_some_and(|most| count > most);
        let too_big = policy.bytes.is_some_and(|most| bytes > most);
        if too_old || too_many || too_big {
            count -= 1;
            bytes = bytes.saturating_sub(run.bytes);
            chosen.push(run.stored.run.clone());
        }
    }
    chosen
}

/// Removes what the policy chooses; says what was removed. A run that began again or was pinned meanwhile stays. Folders are
/// measured only when the policy limits their size.
pub fn apply(
    state: &StateFolder,
    policy: &RetentionPolicy,
    now: SystemTime,
    ledger_open: LedgerOpen<'_>,
) -> Result<Vec<RunId>, RunDirError> {
    let measured = stored::all(state, ledger_open)?.into_iter().map(|stored| {
        let folder = state.runs().join(stored.run.as_str());
        let bytes = policy.bytes.map_or(Ok(0), |_| size(&folder));
        let bytes = bytes.map_err(|source| RunDirError::io("read", &folder, source))?;
        Ok(MeasuredRun { stored, bytes })
    });
    let measured: Vec<MeasuredRun> = measured.collect::<Result<_, RunDirError>>()?;
    let mut removed = Vec::new();
    for run in choose(&measured, policy, now) {
        let dir = RunDir::open(state, &run)?;
        if dir.is_running()? || dir.is_pinned() {
            continue;
        }
        dir.remove()?;
        removed.push(run);
    }
    Ok(removed)
}

fn size(folder: &Path) -> Result<u64, std::io::Error> {
    let mut sum: u64 = 0;
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                sum = sum.saturating_add(entry.metadata()?.len());
            }
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn run(id: &str, hours: u32, bytes: u64, state: RunState) -> MeasuredRun {
        let written = SystemTime::UNIX_EPOCH + HOUR * (1000 - hours);
        let stored = StoredRun { run: RunId::parse(id).unwrap(), written, state, pin: Pin::Free };
        MeasuredRun { stored, bytes }
    }

    fn chosen(runs: &[MeasuredRun], policy: RetentionPolicy) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + HOUR * 1000;
        choose(runs, &policy, now).iter().map(ToString::to_string).collect()
    }

    const NO_LIMIT: RetentionPolicy = RetentionPolicy { age: None, count: None, bytes: None };

    #[test]
    fn the_oldest_go_first_until_number_and_size_fit() {
        let runs = [
            run("new", 1, 10, RunState::Over),
            run("old", 3, 10, RunState::Over),
            run("middle", 2, 100, RunState::Over),
        ];
        assert_eq!(chosen(&runs, RetentionPolicy { count: Some(2), ..NO_LIMIT }), ["old"]);
        assert_eq!(chosen(&runs, RetentionPolicy { bytes: Some(110), ..NO_LIMIT }), ["old"]);
        assert_eq!(chosen(&runs, RetentionPolicy { bytes: Some(20), ..NO_LIMIT }), ["old", "middle"]);
        assert_eq!(chosen(&runs, RetentionPolicy { age: Some(2 * HOUR), ..NO_LIMIT }), ["old"]);
        assert!(chosen(&runs, NO_LIMIT).is_empty());
    }

    #[test]
    fn a_run_that_goes_on_or_is_not_cleaned_or_pinned_never_goes() {
        let mut pinned = run("pinned", 700, 10, RunState::Over);
        pinned.stored.pin = Pin::Pinned;
        let runs = [
            pinned,
            run("running", 900, 10, RunState::Running),
            run("dead", 800, 10, RunState::Uncleaned),
            run("over", 1, 10, RunState::Over),
        ];
        let nothing = RetentionPolicy { age: Some(Duration::ZERO), count: Some(0), bytes: Some(0) };
        assert_eq!(chosen(&runs, nothing), ["over"]);
    }

    #[test]
    fn on_disk_only_runs_that_are_over_and_free_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let make = |id: &str| RunDir::create(&state, &RunId::parse(id).unwrap()).unwrap();
        let (running, _lock) = make("running");
        let over = make("over").0;
        let dead = make("dead").0;
        let pinned = make("pinned").0;
        pinned.pin("its report is wanted").unwrap();
        fs::create_dir(state.runs().join("not a run")).unwrap();
        let ledger_open = |dir: &RunDir| *dir == dead;
        let nothing = RetentionPolicy { count: Some(0), ..NO_LIMIT };
        let removed = apply(&state, &nothing, SystemTime::now(), &ledger_open).unwrap();
        assert_eq!(removed, [RunId::parse("over").unwrap()]);
        assert!(running.path().exists() && dead.path().exists() && pinned.path().exists());
        assert!(!over.path().exists());
        assert!(state.runs().join("not a run").exists());
    }
}
