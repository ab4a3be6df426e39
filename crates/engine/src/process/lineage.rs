//! Finds and ends everything that a program started, also what left its group and its session.
//!
//! Linux gives an orphan to the nearest ancestor that is a *subreaper*, so while such a program runs this process is one: what
//! the program left behind becomes our own child and cannot hide. Our children are therefore of two kinds, those that the
//! process door started and those that were adopted, and the door keeps a list of the former.
//!
//! An orphan does not say whose it was: it may have another session, another group and an empty environment. Followed programs
//! therefore run one at a time in one process; programs whose lineage is not followed run beside them.

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getsid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a killed process may take to be gone.
const LIMIT: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(1);

static DOOR: Mutex<Door> = Mutex::new(Door { started: BTreeSet::new() });

/// The turn of the one program whose lineage is followed.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// What this process started and that has not ended.
pub(super) struct Door {
    started: BTreeSet<i32>,
}

/// The right to follow a lineage; its holder is the only one.
pub(super) struct Turn(#[expect(dead_code, reason = "it is held, not read")] tokio::sync::MutexGuard<'static, ()>);

/// Waits until no other lineage is followed.
pub(super) async fn turn() -> Turn {
    Turn(TURN.lock().await)
}

/// Held while a program is started, so that nobody takes it for an orphan before it is listed.
pub(super) fn starting() -> MutexGuard<'static, Door> {
    DOOR.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Door {
    /// Lists a program that was just started.
    pub(super) fn list(&mut self, pid: Option<u32>) {
        self.started.extend(pid.and_then(|pid| i32::try_from(pid).ok()));
    }

    /// Strikes one that has ended off the list.
    pub(super) fn strike(&mut self, pid: Option<u32>) {
        if let Some(pid) = pid.and_then(|pid| i32::try_from(pid).ok()) {
            self.started.remove(&pid);
        }
    }
}

/// What a program had left running when it ended, each as `sleep (process 4711)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftRunning {
    /// Was ended with it.
    pub ended: Vec<String>,
    /// Could not be ended: it runs with other rights than ours.
    pub survived: Vec<String>,
}

/// Everything that one program starts, as long as this is kept.
pub(super) struct Lineage {
    leader: Option<i32>,
    _turn: Turn,
}

impl Lineage {
    /// Begins to adopt orphans; to be called before the program is started.
    pub(super) fn open(turn: Turn) -> Result<Self, Errno> {
        nix::sys::prctl::set_child_subreaper(true)?;
        Ok(Self { leader: None, _turn: turn })
    }

    /// Names the program whose lineage it is.
    pub(super) fn of(&mut self, leader: Option<u32>) {
        self.leader = leader.and_then(|pid| i32::try_from(pid).ok());
    }

    /// Ends everything that the program started and that is still there; the program itself is somebody else's to end.
    #[expect(clippy::disallowed_methods, reason = "nothing tells when a process that is no child of ours is gone")]
    pub(super) fn end(&self) -> LeftRunning {
        let mut seen: BTreeMap<i32, String> = BTreeMap::new();
        let deadline = Instant::now() + LIMIT;
        loop {
            let living = self.kill_all();
            let gone = living.is_empty();
            seen.extend(living.iter().map(|process| (process.pid, process.words())));
            if gone || Instant::now() >= deadline {
                let survived: BTreeSet<i32> = living.iter().map(|process| process.pid).collect();
                let (survived, ended): (Vec<_>, Vec<_>) = seen.into_iter().partition(|(pid, _)| survived.contains(pid));
                let words = |found: Vec<(i32, String)>| found.into_iter().map(|(_, words)| words).collect();
                return LeftRunning { ended: words(ended), survived: words(survived) };
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Sends each the signal that cannot be refused; answers with those that were alive.
    fn kill_all(&self) -> Vec<Process> {
        let door = starting();
        let all = processes();
        let adopted = all.iter().filter(|one| adopted(&door, self.leader, one));
        let mut found: Vec<i32> = adopted.map(|one| one.pid).collect();
        found.extend(self.leader);
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            found.extend(all.iter().filter(|one| one.parent == parent).map(|one| one.pid));
            at += 1;
        }
        let ours = |one: &Process| found.contains(&one.pid) && Some(one.pid) != self.leader;
        let mut living = Vec::new();
        for process in all.into_iter().filter(ours) {
            let pid = Pid::from_raw(process.pid);
            if process.is_dead {
                // A parent that is still there collects it itself.
                let _collected = waitpid(pid, Some(WaitPidFlag::WNOHANG));
            } else {
                // What cannot be killed is found again, and told.
                let _told = kill(pid, Signal::SIGKILL);
                living.push(process);
            }
        }
        living
    }
}

impl Drop for Lineage {
    fn drop(&mut self) {
        // It cannot fail, and nothing depends on it.
        let _unset = nix::sys::prctl::set_child_subreaper(false);
    }
}

/// Whether a process was a child of the leader's lineage before it became ours. One of our own session was started by this
/// process without the door, one on the list with it, and one in the session of another on the list is left to that one's end.
fn adopted(door: &Door, leader: Option<i32>, process: &Process) -> bool {
    let own_session = getsid(None).map_or(0, Pid::as_raw);
    let others = |session: i32| Some(session) != leader && door.started.contains(&session);
    process.parent == Pid::this().as_raw()
        && process.session != own_session
        && !door.started.contains(&process.pid)
        && !others(process.session)
}

struct Process {
    pid: i32,
    name: String,
    parent: i32,
    session: i32,
    is_dead: bool,
}

impl Process {
    fn words(&self) -> String {
        format!("`{}` (process {})", self.name, self.pid)
    }

    /// Reads `/proc/PID/stat`: `4711 (name) S parent group session …`.
    fn read(stat: &str) -> Option<Self> {
        let (front, rest) = stat.rsplit_once(')')?;
        let (pid, name) = front.split_once('(')?;
        let mut fields = rest.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let is_dead = matches!(state, "Z" | "X");
        Some(Self { pid: pid.trim().parse().ok()?, name: name.to_owned(), parent, session, is_dead })
    }
}

fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    // One that is gone meanwhile is none.
    pids.filter_map(|pid| Process::read(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let process = Process::read("47 (a) S 1 (b) S 12 13 14 0 -1").unwrap();
        assert_eq!((process.pid, process.name.as_str()), (47, "a) S 1 (b"));
        assert_eq!((process.parent, process.session, process.is_dead), (12, 14, false));
        assert!(Process::read("47 (a) Z 12 13 14 0 -1").is_some_and(|process| process.is_dead));
        assert!(Process::read("47 (a").is_none() && Process::read("").is_none());
    }
}
