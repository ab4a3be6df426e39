//! Facts about the host and its engine, looked up instead of assumed (SWARM-8); what they mean is in [`findings`].

pub mod findings;

use crate::docker::EngineAddress;
use crate::process::{self, Command};
use crate::swarm::{EngineFacts, Membership, Node, SwarmError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// How long the engine may take to tell about itself.
const ASK_LIMIT: Duration = Duration::from_secs(10);

/// Everything a run depends on that is not the recipe.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// Where the engine is.
    pub address: EngineAddress,
    /// Whether the engine answers, and as what.
    pub engine: Engine,
    /// The version of the `docker` command, `None` when there is none.
    pub docker_command: Option<String>,
    /// The version of the `git` command, `None` when there is none.
    pub git_command: Option<String>,
    /// The disk of the folder cc-ci keeps its state in.
    pub state_disk: Option<Disk>,
    /// The machine's memory.
    pub memory: Option<Memory>,
    /// Seconds since 1970 by this machine's clock.
    pub now: u64,
}

/// The engine, as far as it can be asked.
#[derive(Debug, Clone)]
pub enum Engine {
    /// It does not answer.
    Silent {
        /// What was said instead.
        why: String,
    },
    /// It answers.
    Answers(Box<Answering>),
}

/// What an engine says about itself, and what this machine knows of it.
#[derive(Debug, Clone)]
pub struct Answering {
    /// What it says.
    pub about: EngineFacts,
    /// Whether service VIPs can work.
    pub ipvs: Ipvs,
    /// The disk of its data folder.
    pub disk: Option<Disk>,
    /// Its clock minus ours, in seconds, when it told its time.
    pub clock_skew: Option<i64>,
}

/// Whether the kernel's load balancer for service VIPs is there, and how sure that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ipvs {
    /// The kernel has it loaded.
    Loaded,
    /// It is not loaded although the swarm is up, which would have loaded it: VIPs and published ports do not work.
    Missing,
    /// Nothing can be said.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// Room on a file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The folder asked about.
    pub path: PathBuf,
    /// Free for an ordinary user. Bytes.
    pub free: u64,
    /// Free file entries; `None` where the file system has no such limit.
    pub free_inodes: Option<u64>,
}

/// The machine's memory. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// What programs could get without swapping.
    pub available: u64,
    /// All of it.
    pub total: u64,
}

/// What [`look`] asks: the engine that was connected to, or why there is none.
pub fn node<N: Node>(connected: &Result<N, SwarmError>) -> Result<&dyn Node, &SwarmError> {
    connected.as_ref().map(|node| node as &dyn Node)
}

/// Looks at the host and at the engine, which may not have answered. Never fails: what cannot be learnt is absent or says why.
pub async fn look(
    state: &Path,
    (address, node): (&EngineAddress, Result<&dyn Node, &SwarmError>),
    cancel: &CancellationToken,
) -> HostFacts {
    let (engine, docker_command, git_command) =
        tokio::join!(engine(node), version_of("docker", cancel), version_of("git", cancel));
    HostFacts {
        address: address.clone(),
        engine,
        docker_command,
        git_command,
        state_disk: disk_of(state),
        memory: memory_now(),
        now: now(),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The version a program tells, as `Docker version 20.10.24+dfsg1, build 297e128` or `git version 2.39.5`.
async fn version_of(program: &str, cancel: &CancellationToken) -> Option<String> {
    let command = Command::new(program).arg("--version").deadline(Duration::from_secs(10));
    let output = process::run(&command, cancel).await.ok().filter(process::Output::success)?;
    let text = output.stdout_text();
    let after = text.split_once("version ")?.1;
    Some(after.split([',', ' ', '\n']).next()?.to_owned())
}

async fn engine(node: Result<&dyn Node, &SwarmError>) -> Engine {
    let silent = |error: &SwarmError| Engine::Silent { why: error.to_string() };
    let node = match node {
        Ok(node) => node,
        Err(error) => return silent(error),
    };
    match tokio::time::timeout(ASK_LIMIT, node.about()).await {
        Ok(Ok(about)) => Engine::Answers(Box::new(answering(about))),
        Ok(Err(error)) => silent(&error),
        Err(_elapsed) => {
            let why = format!("it did not tell about itself within {} s", ASK_LIMIT.as_secs());
            Engine::Silent { why }
        }
    }
}

/// The engine is reached by a socket of this machine, so it shares its kernel, disks and clock.
fn answering(about: EngineFacts) -> Answering {
    let told = about.time.as_deref().and_then(seconds_since_1970);
    Answering {
        ipvs: ipvs(&about.swarm, Path::new("/proc/net/ip_vs").exists()),
        disk: about.root.as_deref().and_then(disk_of),
        clock_skew: told.map(|at| at.saturating_sub_unsigned(now())),
        about,
    }
}

/// The engine loads IPVS when it makes its first service network, which every swarm has from the start.
fn ipvs(swarm: &Membership, loaded: bool) -> Ipvs {
    let unknown = |why: &str| Ipvs::Unknown { why: why.to_owned() };
    match swarm {
        _ if loaded => Ipvs::Loaded,
        Membership::Manager | Membership::Worker => Ipvs::Missing,
        Membership::None | Membership::Unusable { .. } => unknown("no swarm is up that would have loaded it"),
    }
}

/// Room where `path` is, or where it will be made.
#[must_use]
pub fn disk_of(path: &Path) -> Option<Disk> {
    let existing = path.ancestors().find(|at| at.exists())?;
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let stat = nix::sys::statvfs::statvfs(existing).ok()?;
    let free_inodes = (stat.files() > 0).then(|| stat.files_available());
    Some(Disk { path: path.to_owned(), free: stat.blocks_available() * stat.fragment_size(), free_inodes })
}

/// The machine's memory now.
#[must_use]
pub fn memory_now() -> Option<Memory> {
    std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory(&text))
}

/// Reads `/proc/meminfo`, whose numbers are in KiB.
fn memory(text: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    Some(Memory { available: field("MemAvailable")?, total: field("MemTotal")? })
}

/// Reads the engine's own time, RFC 3339 in UTC or with an offset, to whole seconds.
fn seconds_since_1970(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let rest = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match rest.as_bytes().first()? {
        b'Z' => 0,
        sign @ (b'+' | b'-') => {
            let (hours, minutes) = rest.get(1..)?.split_once(':')?;
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    // Days from the civil calendar, with the year starting in March so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_with_fraction_and_offset() {
        assert_eq!(seconds_since_1970("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds_since_1970("2024-02-29T12:00:00.123456789Z"), Some(1_709_208_000));
        assert_eq!(seconds_since_1970("2025-11-23T20:00:00.5+01:00"), Some(1_763_924_400));
        assert_eq!(seconds_since_1970("yesterday"), None);
    }

    #[test]
    fn memory_is_what_programs_could_get() {
        let text = "MemTotal:       24000000 kB\nMemFree:          100000 kB\nMemAvailable:    2000000 kB\n";
        assert_eq!(memory(text), Some(Memory { available: 2_048_000_000, total: 24_576_000_000 }));
        assert_eq!(memory("MemFree: 1 kB"), None);
    }

    #[test]
    fn ipvs_is_only_called_missing_where_it_would_have_been_loaded() {
        assert_eq!(ipvs(&Membership::Manager, true), Ipvs::Loaded);
        assert_eq!(ipvs(&Membership::Manager, false), Ipvs::Missing);
        assert!(matches!(ipvs(&Membership::None, false), Ipvs::Unknown { .. }));
    }

    #[test]
    fn room_is_told_for_folders_that_do_not_exist_yet() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("not/yet");
        let disk = disk_of(&deep).unwrap();
        assert_eq!(disk.path, deep);
        assert!(disk.free > 0);
    }

    #[tokio::test]
    async fn a_look_without_an_engine_still_tells_the_rest() {
        let lost = SwarmError::Command { verb: "connect".to_owned(), text: "nobody listens".to_owned() };
        let facts = look(Path::new("/"), (&EngineAddress::socket("/s"), Err(&lost)), &CancellationToken::new()).await;
        assert!(facts.git_command.is_some() && facts.memory.is_some() && facts.now > 1_700_000_000);
        let Engine::Silent { why } = facts.engine else { panic!("{:?}", facts.engine) };
        assert_eq!(why, "cannot connect: nobody listens");
    }

    #[test]
    fn an_engine_is_held_against_this_machine() {
        let time = Some("1970-01-01T00:00:00Z".to_owned());
        let found = answering(EngineFacts { root: Some("/".into()), time, ..EngineFacts::default() });
        assert_eq!(found.disk.unwrap().path, Path::new("/"));
        assert!(found.clock_skew.unwrap() < -1_700_000_000);
    }
}
