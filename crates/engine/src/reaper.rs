//! Ends what a dead run started on this machine: what its hooks left running (ISO-4).

use cc_ci_model::ids::RunId;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The variable by which everything that a run's hooks start is known; hooks pass it on to what they start.
pub const VARIABLE: &str = "CC_CI_RUN";

/// Kills every process of this user that was started by a hook of the run; answers with how many there were. Only for a run
/// whose own process is dead.
#[must_use]
pub fn end_processes(run: &RunId) -> usize {
    let found = processes(run);
    for process in &found {
        // One that ended meanwhile is what was asked for.
        let _gone = kill(*process, Signal::SIGKILL);
    }
    found.len()
}

fn processes(run: &RunId) -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| is_of(*pid, run)).map(Pid::from_raw).filter(|pid| *pid != Pid::this()).collect()
}

fn is_of(pid: i32, run: &RunId) -> bool {
    // Another user's cannot be read, and is none of ours.
    let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { return false };
    let mine = format!("{VARIABLE}={run}");
    environment.split(|byte| *byte == 0).any(|variable| variable == mine.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process that a hook left behind")]
    fn only_processes_of_that_run_are_ended() {
        let start = |run: &str| std::process::Command::new("sleep").arg("60").env(VARIABLE, run).spawn().unwrap();
        // With our own number in it: other processes of this test may run beside it.
        let name = format!("reaped-{}", std::process::id());
        let (mut ours, mut other) = (start(&name), start(&format!("{name}-2")));
        let run = RunId::parse(&name).unwrap();
        // A new process has its environment only once it has become the program.
        while processes(&run).is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(end_processes(&run), 1);
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
