//! Facts about the host and its engine, looked up instead of assumed (SWARM-8); what they mean is in [`findings`].

pub mod findings;

use crate::process::{self, Command};
use crate::swarm::SwarmError;
use bollard::Docker;
use bollard::models::{LocalNodeState, SystemInfo};
use bollard::query_parameters::{InspectNetworkOptions, ListImagesOptions, ListNetworksOptions};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_util::sync::CancellationToken;

/// The network that operators connect apps and their proxy with.
pub const PROXY_NETWORK: &str = "proxy";

/// Everything a run depends on that is not the recipe.
#[derive(Debug, Clone)]
pub struct Facts {
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

/// What an engine says about itself.
#[derive(Debug, Clone)]
pub struct Answering {
    /// Its version.
    pub version: String,
    /// The newest API it speaks.
    pub api: String,
    /// Whether it is part of a swarm, and in which role.
    pub swarm: Membership,
    /// The network `proxy`, if it exists.
    pub proxy: Option<Network>,
    /// Whether service VIPs can work.
    pub ipvs: Ipvs,
    /// The disk of its data folder, when that is on this machine.
    pub disk: Option<Disk>,
    /// What is left for overlay networks.
    pub pool: Option<Pool>,
    /// Its clock minus ours, in seconds, when it told its time.
    pub clock_skew: Option<i64>,
    /// Names of its images, as `repository:tag`.
    pub images: BTreeSet<String>,
}

/// Role in a swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// In none.
    None,
    /// Joining, locked or broken.
    Unusable {
        /// The engine's word for it.
        state: String,
    },
    /// In one, but without control.
    Worker,
    /// In one, with control.
    Manager,
}

/// A network's properties that decide whether apps can use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// `overlay` is needed.
    pub driver: String,
    /// Whether plain containers, such as the tests' sandbox, may join.
    pub attachable: bool,
    /// Whether something on this node is on it now.
    pub held: bool,
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

/// The swarm's supply of subnets for overlay networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// How many there can be.
    pub subnets: u64,
    /// How many overlay networks there are.
    pub used: u64,
}

/// Looks at the host and at the engine that the `docker` command would use. Never fails: what cannot be learnt is absent
/// or says why.
pub async fn look(state: &Path, cancel: &CancellationToken) -> Facts {
    let (engine, docker_command, git_command) =
        tokio::join!(engine(), version_of("docker", cancel), version_of("git", cancel));
    Facts {
        engine,
        docker_command,
        git_command,
        state_disk: disk_of(state),
        memory: std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory(&text)),
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

async fn engine() -> Engine {
    match ask().await {
        Ok(answering) => Engine::Answers(Box::new(answering)),
        Err(error) => Engine::Silent { why: error.to_string() },
    }
}

async fn ask() -> Result<Answering, SwarmError> {
    let docker = Docker::connect_with_defaults()
        .map_err(SwarmError::engine("connect to the engine"))?
        .with_timeout(Duration::from_secs(10));
    let verb = || SwarmError::engine("ask the engine about itself");
    let (version, info) = tokio::try_join!(docker.version(), docker.info()).map_err(verb())?;
    let swarm = membership(&info);
    let local = is_local();
    let ipvs = ipvs(&swarm, local, Path::new("/proc/net/ip_vs").exists());
    let images = docker.list_images(None::<ListImagesOptions>).await.map_err(verb())?;
    let proxy = docker.inspect_network(PROXY_NETWORK, None::<InspectNetworkOptions>).await.ok();
    let overlay = HashMap::from([("driver".to_owned(), vec!["overlay".to_owned()])]);
    let networks = docker.list_networks(Some(ListNetworksOptions { filters: Some(overlay) })).await.map_err(verb())?;
    Ok(Answering {
        version: version.version.unwrap_or_default(),
        api: version.api_version.unwrap_or_default(),
        pool: pool(&info, networks.len() as u64),
        disk: info.docker_root_dir.as_deref().filter(|_| local).and_then(|dir| disk_of(Path::new(dir))),
        clock_skew: info
            .system_time
            .as_deref()
            .and_then(seconds_since_1970)
            .map(|at| at.saturating_sub_unsigned(now())),
        swarm,
        proxy: proxy.map(|network| Network {
            driver: network.driver.unwrap_or_default(),
            attachable: network.attachable.unwrap_or_default(),
            held: network.containers.is_some_and(|containers| !containers.is_empty()),
        }),
        ipvs,
        images: images.into_iter().flat_map(|image| image.repo_tags).collect(),
    })
}

/// Whether the engine shares this machine's kernel and disks.
fn is_local() -> bool {
    std::env::var("DOCKER_HOST").map_or(true, |host| host.is_empty() || host.starts_with("unix://"))
}

fn membership(info: &SystemInfo) -> Membership {
    let Some(swarm) = &info.swarm else { return Membership::None };
    match swarm.local_node_state {
        None | Some(LocalNodeState::EMPTY | LocalNodeState::INACTIVE) => Membership::None,
        Some(LocalNodeState::ACTIVE) if swarm.control_available == Some(true) => Membership::Manager,
        Some(LocalNodeState::ACTIVE) => Membership::Worker,
        Some(state @ (LocalNodeState::PENDING | LocalNodeState::ERROR | LocalNodeState::LOCKED)) => {
            Membership::Unusable { state: state.to_string() }
        }
    }
}

/// The engine loads IPVS when it makes its first service network, which every swarm has from the start.
fn ipvs(swarm: &Membership, local: bool, loaded: bool) -> Ipvs {
    let unknown = |why: &str| Ipvs::Unknown { why: why.to_owned() };
    match swarm {
        _ if !local => unknown("the engine is on another machine"),
        _ if loaded => Ipvs::Loaded,
        Membership::Manager | Membership::Worker => Ipvs::Missing,
        Membership::None | Membership::Unusable { .. } => unknown("no swarm is up that would have loaded it"),
    }
}

fn pool(info: &SystemInfo, used: u64) -> Option<Pool> {
    let cluster = info.swarm.as_ref()?.cluster.as_ref()?;
    let size = cluster.subnet_size?;
    let of_one = |pool: &String| {
        let prefix: u32 = pool.split_once('/')?.1.parse().ok()?;
        1_u64.checked_shl(size.checked_sub(prefix)?)
    };
    // An engine that was given no pool uses this one, and does not say so.
    let standard = vec!["10.0.0.0/8".to_owned()];
    let pools = cluster.default_addr_pool.as_ref().filter(|pools| !pools.is_empty()).unwrap_or(&standard);
    Some(Pool { subnets: pools.iter().filter_map(of_one).sum(), used })
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
    use bollard::models::{ClusterInfo, SwarmInfo};

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
    fn pools_count_subnets() {
        let cluster = ClusterInfo {
            default_addr_pool: Some(vec!["10.0.0.0/8".into(), "172.30.0.0/16".into()]),
            subnet_size: Some(24),
            ..ClusterInfo::default()
        };
        let info = SystemInfo {
            swarm: Some(SwarmInfo { cluster: Some(cluster), ..SwarmInfo::default() }),
            ..SystemInfo::default()
        };
        assert_eq!(pool(&info, 3), Some(Pool { subnets: 65_536 + 256, used: 3 }));
        assert_eq!(pool(&SystemInfo::default(), 3), None);
        let cluster = ClusterInfo { default_addr_pool: None, subnet_size: Some(24), ..ClusterInfo::default() };
        let info = SystemInfo {
            swarm: Some(SwarmInfo { cluster: Some(cluster), ..SwarmInfo::default() }),
            ..SystemInfo::default()
        };
        assert_eq!(pool(&info, 3), Some(Pool { subnets: 65_536, used: 3 }));
    }

    #[test]
    fn ipvs_is_only_called_missing_where_it_would_have_been_loaded() {
        assert_eq!(ipvs(&Membership::Manager, true, true), Ipvs::Loaded);
        assert_eq!(ipvs(&Membership::Manager, true, false), Ipvs::Missing);
        assert!(matches!(ipvs(&Membership::None, true, false), Ipvs::Unknown { .. }));
        assert!(matches!(ipvs(&Membership::Manager, false, false), Ipvs::Unknown { .. }));
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
        let facts = look(Path::new("/"), &CancellationToken::new()).await;
        assert!(facts.git_command.is_some() && facts.memory.is_some() && facts.now > 1_700_000_000);
        match facts.engine {
            Engine::Silent { why } => assert!(!why.is_empty()),
            Engine::Answers(engine) => assert!(!engine.version.is_empty() && engine.clock_skew.is_some()),
        }
    }
}
