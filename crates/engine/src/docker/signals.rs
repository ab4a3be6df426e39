//! Whether a container takes notice of the signal that asks it to end.
//!
//! The kernel drops a signal to the first process of a PID namespace that neither handles nor waits for it (`pid_namespaces(7)`).
//! Nothing then happens until the engine kills the container at the end of its grace period.

use bollard::Docker;
use bollard::query_parameters::InspectContainerOptions;
use nix::sys::signal::Signal;
use std::fs;
use std::str::FromStr;

/// Whether it does; `true` where that cannot be told.
pub(super) async fn heeded(docker: &Docker, container: &str) -> bool {
    let Ok(found) = docker.inspect_container(container, None::<InspectContainerOptions>).await else { return true };
    let signal = found.config.and_then(|config| config.stop_signal);
    let pid = found.state.and_then(|state| state.pid).filter(|pid| *pid > 0);
    let (Some(pid), Some(id), Some(signal)) = (pid, found.id, number(signal.as_deref())) else { return true };
    let of = |what: &str| fs::read_to_string(format!("/proc/{pid}/{what}"));
    // The engine may be in another place than we are, where the number is another process's.
    let its = of("cgroup").is_ok_and(|cgroup| cgroup.contains(&id));
    !its || of("status").map_or(true, |status| takes(&status, signal))
}

/// The number of a stop signal as an image or a compose file writes it.
fn number(word: Option<&str>) -> Option<u32> {
    let word = word.unwrap_or_default().trim().to_uppercase();
    let number = match (word.as_str(), word.parse::<i32>()) {
        ("", _) => Signal::SIGTERM as i32,
        (_, Ok(number)) => number,
        (name, Err(_)) if name.starts_with("SIG") => Signal::from_str(name).ok()? as i32,
        (name, Err(_)) => Signal::from_str(&format!("SIG{name}")).ok()? as i32,
    };
    u32::try_from(number).ok().filter(|number| (1..=64).contains(number))
}

/// Whether a process takes a signal, by its `/proc/<pid>/status`: it handles it, or it holds it back and waits for it. One that is
/// not the first of its namespace does in any case.
fn takes(status: &str, signal: u32) -> bool {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let pids: Vec<&str> = field("NSpid").unwrap_or_default().split_whitespace().collect();
    let [_, .., "1"] = pids.as_slice() else { return true };
    let has = |name: &str| {
        let mask = field(name).and_then(|mask| u64::from_str_radix(mask, 16).ok());
        mask.is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
    };
    has("SigCgt") || has("SigBlk")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(pids: &str, blocked: &str, caught: &str) -> String {
        format!("Name:\tsh\nNSpid:\t{pids}\nSigBlk:\t{blocked}\nSigIgn:\t0000000000000000\nSigCgt:\t{caught}\n")
    }

    #[test]
    fn a_first_process_without_a_handler_takes_no_signal_and_any_other_one_does() {
        let (none, term) = ("0000000000000000", "0000000000004000");
        assert!(!takes(&status("4711\t1", none, none), 15));
        assert!(takes(&status("4711\t1", none, term), 15), "it handles it");
        assert!(takes(&status("4711\t1", term, none), 15), "it waits for it, as tini does");
        assert!(!takes(&status("4711\t1", none, term), 3), "it handles another one");
        assert!(takes(&status("4711\t7", none, none), 15), "it is not the first one");
        assert!(takes(&status("4711", none, none), 15), "it is in the machine's namespace");
        assert!(takes("", 15), "nothing is known");
    }

    #[test]
    fn stop_signals_are_read_in_every_spelling() {
        let all = [None, Some(""), Some("SIGTERM"), Some("TERM"), Some("15"), Some("sigquit"), Some("SIGRTMIN+3")];
        assert_eq!(all.map(number), [Some(15), Some(15), Some(15), Some(15), Some(15), Some(3), None]);
        assert_eq!([Some("0"), Some("65"), Some("-1"), Some("SIGNAL")].map(number), [None; 4]);
    }
}
