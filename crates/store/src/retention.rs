//! Which old runs are removed: by age, number and size. Choosing is pure; a run that still has something to do is never
//! chosen.

use crate::run_dir::{EVENTS, RunDir, RunDirError, runs_of};
use cc_ci_model::ids::RunId;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much of the past is kept. `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Runs older than this are removed.
    pub age: Option<Duration>,
    /// At most this many runs are kept.
    pub count: Option<usize>,
    /// At most this many bytes are kept.
    pub bytes: Option<u64>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { age: Some(Duration::from_hours(30 * 24)), count: Some(200), bytes: Some(2 << 30) }
    }
}

/// A run as retention sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRun {
    /// The run.
    pub run: RunId,
    /// When its record was last written to.
    pub written: SystemTime,
    /// The size of its folder in bytes.
    pub bytes: u64,
    /// Whether it may go.
    pub state: RunState,
}

/// Whether a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A process performs it.
    Running,
    /// Its process died and its ledger is still needed to clean up.
    Uncleaned,
    /// It is over.
    Over,
}

impl RunState {
    fn may_go(self) -> bool {
        match self {
            Self::Running | Self::Uncleaned => false,
            Self::Over => true,
        }
    }
}

/// The runs to remove, oldest first. What may not go still counts towards number and size.
#[must_use]
pub fn choose(runs: &[StoredRun], policy: &Policy, now: SystemTime) -> Vec<RunId> {
    let mut oldest_first: Vec<&StoredRun> = runs.iter().collect();
    oldest_first.sort_by(|one, other| (one.written, &one.run).cmp(&(other.written, &other.run)));
    let mut count = runs.len();
    let mut bytes: u64 = runs.iter().fold(0, |sum, run| sum.saturating_add(run.bytes));
    let mut chosen = Vec::new();
    for stored in oldest_first.into_iter().filter(|stored| stored.state.may_go()) {
        let age = now.duration_since(stored.written).unwrap_or_default();
        let too_old = policy.age.is_some_and(|most| age > most);
        let too_many = policy.count.is_some_and(|most| count > most);
        let too_big = policy.bytes.is_some_and(|most| bytes > most);
        if too_old || too_many || too_big {
            count -= 1;
            bytes = bytes.saturating_sub(stored.bytes);
            chosen.push(stored.run.clone());
        }
    }
    chosen
}

/// All runs of a state folder. Folders that are not named like a run are none of ours.
pub fn stored(state: &Path) -> Result<Vec<StoredRun>, RunDirError> {
    let runs = runs_of(state);
    let entries = match fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(RunDirError::Io { verb: "read", path: runs, source }),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| RunDirError::Io { verb: "read", path: runs.clone(), source })?;
        let Some(run) = entry.file_name().to_str().and_then(|name| RunId::parse(name).ok()) else { continue };
        let path = entry.path();
        // Not through a link: what it points to is not ours.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let dir = RunDir::at(&path);
        let state = if dir.is_running()? {
            RunState::Running
        } else if is_uncleaned(&dir) {
            RunState::Uncleaned
        } else {
            RunState::Over
        };
        let fail = |source| RunDirError::Io { verb: "read", path: path.clone(), source };
        let record = fs::metadata(dir.file(EVENTS)).or_else(|_| entry.metadata()).map_err(fail)?;
        let written = record.modified().map_err(fail)?;
        found.push(StoredRun { run, written, bytes: size(&path).map_err(fail)?, state });
    }
    found.sort_by(|one, other| one.run.cmp(&other.run));
    Ok(found)
}

/// Removes what the policy chooses; says what was removed. A run that began again meanwhile stays.
pub fn apply(state: &Path, policy: &Policy, now: SystemTime) -> Result<Vec<RunId>, RunDirError> {
    let mut removed = Vec::new();
    for run in choose(&stored(state)?, policy, now) {
        let dir = RunDir::open(state, &run)?;
        if dir.is_running()? {
            continue;
        }
        remove(dir.path())?;
        removed.push(run);
    }
    Ok(removed)
}

fn remove(path: &Path) -> Result<(), RunDirError> {
    fs::remove_dir_all(path).map_err(|source| RunDirError::Io { verb: "remove", path: path.to_owned(), source })
}

/// Whether the run's ledger was opened and never closed. The ledger is the engine's; here only its last line matters.
pub(crate) fn is_uncleaned(dir: &RunDir) -> bool {
    let Ok(ledger) = fs::read_to_string(dir.file("ledger.jsonl")) else { return false };
    let last = ledger.lines().next_back().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    last.is_none_or(|entry| entry["entry"] != "closed")
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

    fn run(id: &str, hours: u32, bytes: u64, state: RunState) -> StoredRun {
        let written = SystemTime::UNIX_EPOCH + HOUR * (1000 - hours);
        StoredRun { run: RunId::parse(id).unwrap(), written, bytes, state }
    }

    fn chosen(runs: &[StoredRun], policy: Policy) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + HOUR * 1000;
        choose(runs, &policy, now).iter().map(ToString::to_string).collect()
    }

    const NO_LIMIT: Policy = Policy { age: None, count: None, bytes: None };

    #[test]
    fn the_oldest_go_first_until_number_and_size_fit() {
        let runs = [
            run("new", 1, 10, RunState::Over),
            run("old", 3, 10, RunState::Over),
            run("middle", 2, 100, RunState::Over),
        ];
        assert_eq!(chosen(&runs, Policy { count: Some(2), ..NO_LIMIT }), ["old"]);
        assert_eq!(chosen(&runs, Policy { bytes: Some(110), ..NO_LIMIT }), ["old"]);
        assert_eq!(chosen(&runs, Policy { bytes: Some(20), ..NO_LIMIT }), ["old", "middle"]);
        assert_eq!(chosen(&runs, Policy { age: Some(2 * HOUR), ..NO_LIMIT }), ["old"]);
        assert!(chosen(&runs, NO_LIMIT).is_empty());
    }

    #[test]
    fn a_run_that_goes_on_or_is_not_cleaned_never_goes() {
        let runs = [
            run("running", 900, 10, RunState::Running),
            run("dead", 800, 10, RunState::Uncleaned),
            run("over", 1, 10, RunState::Over),
        ];
        let nothing = Policy { age: Some(Duration::ZERO), count: Some(0), bytes: Some(0) };
        assert_eq!(chosen(&runs, nothing), ["over"]);
    }

    #[test]
    fn on_disk_only_runs_that_are_over_are_removed() {
        let state = tempfile::tempdir().unwrap();
        let make = |id: &str| RunDir::create(state.path(), &RunId::parse(id).unwrap()).unwrap();
        let (running, _lock) = make("running");
        let (over, lock) = make("over");
        drop(lock);
        let (dead, lock) = make("dead");
        drop(lock);
        dead.write("ledger.jsonl", b"{\"entry\":\"opened\",\"run\":\"dead\",\"pid\":1}\n").unwrap();
        let (cleaned, lock) = make("cleaned");
        drop(lock);
        cleaned.write("ledger.jsonl", b"{\"entry\":\"opened\"}\n{\"entry\":\"closed\"}\n").unwrap();
        fs::create_dir(runs_of(state.path()).join("not a run")).unwrap();
        let nothing = Policy { count: Some(0), ..NO_LIMIT };
        let removed = apply(state.path(), &nothing, SystemTime::now()).unwrap();
        assert_eq!(removed.len(), 2);
        assert!(running.path().exists() && dead.path().exists());
        assert!(!over.path().exists() && !cleaned.path().exists());
        assert!(runs_of(state.path()).join("not a run").exists());
    }
}
