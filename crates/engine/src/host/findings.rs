//! What the facts about a host mean for a run: fine, doubtful or in the way, why it matters, and what to do. Pure.

use super::{Answering, Disk, Engine, HostFacts, Ipvs, Memory};
use crate::docker::AddressError;
use crate::swarm::{Membership, Pool};
use cc_ci_recipe::overlay::AppBounds;
use cc_ci_recipe::overlay::bounds::LOG;
use cc_ci_recipe::traefik::PROXY_NETWORK;
use serde::Serialize;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Below this much free disk a run may end for lack of it. Bytes.
pub const DISK_DOUBTFUL: u64 = 5 * GIB;
/// Below this much free disk no run is started. Bytes.
pub const DISK_FULL: u64 = GIB;
const INODES_DOUBTFUL: u64 = 100_000;
const INODES_FULL: u64 = 10_000;
const MEMORY_DOUBTFUL: u64 = GIB;
const MEMORY_FULL: u64 = 256 * MIB;
const SUBNETS_DOUBTFUL: u64 = 16;
const SUBNETS_FULL: u64 = 4;
const SKEW: i64 = 5;
/// 1 January 2025: a clock before that was never set.
const PAST: u64 = 1_735_689_600;

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostFinding {
    /// What was looked at.
    pub probe: &'static str,
    /// How it stands.
    pub level: Level,
    /// What was seen.
    pub seen: String,
    /// Why a run cares.
    pub matters: &'static str,
    /// What to do now; empty when nothing is to be done.
    pub advice: String,
    /// The set-up step that does it.
    pub remedy: Option<Remedy>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Fine.
    Ok,
    /// A run works around it, or may hit it.
    Warn,
    /// No run can succeed.
    Fail,
}

impl Level {
    /// The word shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A step of the set-up that can put something right, in the order they must run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// Install missing programs.
    Packages,
    /// Start an engine.
    Engine,
    /// Make it a swarm and create the network.
    Swarm,
    /// Build the images of tools and examples.
    Images,
    /// Start a container that keeps the network on this node.
    Holder,
}

/// The image that helpers and the recipe's own tests run in.
pub const TOOLS_IMAGE: &str = "cc-ci/tools:1";

/// The image of tests with a browser: the same and a browser in it. Only recipes with such tests need it.
pub const BROWSER_IMAGE: &str = "cc-ci/browser:1";

/// Images without which something does not work: name, and what does not.
const IMAGES: [(&str, Level, &str); 1] =
    [(TOOLS_IMAGE, Level::Fail, "backups, the recipe's own tests and data checks run in this image")];

/// Everything worth saying about a host, in the order it should be put right.
#[must_use]
pub fn findings(facts: &HostFacts) -> Vec<HostFinding> {
    let mut all = vec![
        program("git", facts.git_command.as_deref(), "recipes are git repositories"),
        program("docker", facts.docker_command.as_deref(), "stacks are deployed with `docker stack deploy`"),
    ];
    let address = format!("{}; contexts and configuration of the docker command are not followed", facts.address);
    all.push(fine("address", address, "everything of a run speaks to one engine; DOCKER_HOST names another socket"));
    match &facts.engine {
        Engine::Silent { why } => all.push(HostFinding {
            probe: "engine",
            level: Level::Fail,
            seen: why.clone(),
            matters: "every run happens on a Docker engine",
            advice: "start Docker, or set DOCKER_HOST to an engine that runs".into(),
            remedy: Some(Remedy::Engine),
        }),
        Engine::Answers(engine) => of_engine(engine, &mut all),
    }
    all.extend(facts.state_disk.as_ref().map(|disk| of_disk("state disk", disk)));
    all.extend(facts.state_disk.as_ref().and_then(|disk| of_inodes("state inodes", disk)));
    all.extend(facts.memory.map(of_memory));
    all.push(of_clock(facts));
    all
}

/// What is in the way when nobody can say where the engine is: nothing else about it can be looked at.
#[must_use]
pub fn refused(error: &AddressError) -> HostFinding {
    HostFinding {
        probe: "address",
        level: Level::Fail,
        seen: error.to_string(),
        matters: "everything of a run speaks to one engine of this machine",
        advice: error.hint().to_owned(),
        remedy: None,
    }
}

/// The worst level among findings.
#[must_use]
pub fn worst(findings: &[HostFinding]) -> Level {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok)
}

fn fine(probe: &'static str, seen: impl Into<String>, matters: &'static str) -> HostFinding {
    HostFinding { probe, level: Level::Ok, seen: seen.into(), matters, advice: String::new(), remedy: None }
}

fn program(probe: &'static str, version: Option<&str>, matters: &'static str) -> HostFinding {
    match version {
        Some(version) => fine(probe, format!("{probe} {version}"), matters),
        None => HostFinding {
            probe,
            level: Level::Fail,
            seen: "not found in PATH".into(),
            matters,
            advice: format!("install {probe}"),
            remedy: Some(Remedy::Packages),
        },
    }
}

fn of_engine(engine: &Answering, all: &mut Vec<HostFinding>) {
    all.push(fine(
        "engine",
        format!("Docker {}, API {}", engine.about.version, engine.about.api),
        "every run happens on a Docker engine",
    ));
    all.push(of_swarm(&engine.about.swarm));
    if engine.about.swarm == Membership::Manager {
        all.push(of_proxy(engine));
    }
    all.push(of_ipvs(&engine.ipvs));
    all.extend(engine.disk.as_ref().map(|disk| of_disk("engine disk", disk)));
    all.extend(engine.disk.as_ref().and_then(|disk| of_inodes("engine inodes", disk)));
    all.extend(engine.about.pool.map(of_pool));
    all.push(of_bounds(&engine.about.bounds));
    for (image, level, matters) in IMAGES {
        all.push(if engine.about.images.contains(image) {
            fine("image", image, matters)
        } else {
            HostFinding {
                probe: "image",
                level,
                seen: format!("{image} is missing"),
                matters,
                advice: "build it".into(),
                remedy: Some(Remedy::Images),
            }
        });
    }
}

fn of_swarm(swarm: &Membership) -> HostFinding {
    let matters = "recipes are Swarm stacks, and only a manager can deploy one";
    let bad = |seen: String, advice: &str, remedy| HostFinding {
        probe: "swarm",
        level: Level::Fail,
        seen,
        matters,
        advice: advice.to_owned(),
        remedy,
    };
    match swarm {
        Membership::Manager => fine("swarm", "active, this node is a manager", matters),
        Membership::Worker => {
            bad("active, but this node is only a worker".into(), "run cc-ci on a manager, or promote this node", None)
        }
        Membership::Unusable { state } => {
            bad(format!("the node is `{state}`"), "see `docker info` and `docker swarm unlock`", None)
        }
        Membership::None => {
            bad("the engine is not part of a swarm".into(), "run `docker swarm init`", Some(Remedy::Swarm))
        }
    }
}

fn of_proxy(engine: &Answering) -> HostFinding {
    let matters = "recipes expect the external network `proxy`, by which the reverse proxy reaches them";
    let bad = |level, seen: String, advice: &str, remedy| HostFinding {
        probe: "proxy network",
        level,
        seen,
        matters,
        advice: advice.to_owned(),
        remedy,
    };
    match &engine.about.proxy {
        None => bad(
            Level::Fail,
            format!("there is no network `{PROXY_NETWORK}`"),
            "run `docker network create --driver overlay --attachable proxy`",
            Some(Remedy::Swarm),
        ),
        Some(network) if network.driver != "overlay" => bad(
            Level::Fail,
            format!("`{PROXY_NETWORK}` is a {} network, not an overlay", network.driver),
            "remove it and create it as an overlay; services cannot join anything else",
            None,
        ),
        Some(network) if !network.attachable => bad(
            Level::Warn,
            format!("`{PROXY_NETWORK}` is an overlay, but not attachable"),
            "tests reach apps through it as plain containers; create it with `--attachable`",
            None,
        ),
        Some(network) if !network.held => bad(
            Level::Warn,
            "overlay, attachable; nothing stays on it".to_owned(),
            "a run that begins just as another one ends can wait 20 s for it; set-up starts an idle container there",
            Some(Remedy::Holder),
        ),
        Some(_) => fine("proxy network", "overlay, attachable", matters),
    }
}

fn of_ipvs(ipvs: &Ipvs) -> HostFinding {
    let matters = "without it services reach each other by DNS round robin only, and published ports do not answer";
    let (level, seen, advice) = match ipvs {
        Ipvs::Loaded => return fine("ipvs", "loaded", matters),
        Ipvs::Missing => (
            Level::Warn,
            "the swarm is up and the kernel has no IPVS".to_owned(),
            "runs add `endpoint_mode: dnsrr` by themselves; for VIPs, load the module `ip_vs`",
        ),
        Ipvs::Unknown { why } => {
            (Level::Warn, format!("unknown: {why}"), "look again once a swarm is up on this machine")
        }
    };
    HostFinding { probe: "ipvs", level, seen, matters, advice: advice.to_owned(), remedy: None }
}

/// Where a falling number stands between its two limits.
fn scale(value: u64, doubtful: u64, full: u64) -> Level {
    if value < full {
        Level::Fail
    } else if value < doubtful {
        Level::Warn
    } else {
        Level::Ok
    }
}

/// What free room on a disk means.
#[must_use]
pub fn of_disk(probe: &'static str, disk: &Disk) -> HostFinding {
    let level = scale(disk.free, DISK_DOUBTFUL, DISK_FULL);
    let advice = match level {
        Level::Ok => String::new(),
        Level::Warn | Level::Fail => {
            "free some: `cc-ci clean` removes what dead runs left, `docker image ls` shows what is large".to_owned()
        }
    };
    HostFinding {
        probe,
        level,
        seen: format!("{} free at {}", size(disk.free), disk.path.display()),
        matters: "a full disk ends a run as an infrastructure failure",
        advice,
        remedy: None,
    }
}

fn of_inodes(probe: &'static str, disk: &Disk) -> Option<HostFinding> {
    let free = disk.free_inodes?;
    let level = scale(free, INODES_DOUBTFUL, INODES_FULL);
    let advice = match level {
        Level::Ok => String::new(),
        Level::Warn | Level::Fail => format!("remove many small files below {}", disk.path.display()),
    };
    let matters = "without free inodes a disk is full however much room it has";
    Some(HostFinding { probe, level, seen: format!("{free} free"), matters, advice, remedy: None })
}

fn of_memory(memory: Memory) -> HostFinding {
    let level = scale(memory.available, MEMORY_DOUBTFUL, MEMORY_FULL);
    let advice = match level {
        Level::Ok => String::new(),
        Level::Warn | Level::Fail => "stop something, or add memory".to_owned(),
    };
    HostFinding {
        probe: "memory",
        level,
        seen: format!("{} of {} available", size(memory.available), size(memory.total)),
        matters: "an app killed for memory says nothing about its recipe",
        advice,
        remedy: None,
    }
}

fn of_pool(pool: Pool) -> HostFinding {
    let left = pool.left();
    let level = scale(left, SUBNETS_DOUBTFUL, SUBNETS_FULL);
    let advice = match level {
        Level::Ok => String::new(),
        Level::Warn | Level::Fail => "remove unused overlay networks".to_owned(),
    };
    HostFinding {
        probe: "address pool",
        level,
        seen: format!("{} of {} subnets used by overlay networks", pool.used, pool.subnets),
        matters: "each run needs a subnet for its own network",
        advice,
        remedy: None,
    }
}

fn of_clock(facts: &HostFacts) -> HostFinding {
    let skew = match &facts.engine {
        Engine::Silent { .. } => None,
        Engine::Answers(engine) => engine.clock_skew,
    };
    let matters = "certificates, tokens and time limits need a right clock";
    let (level, seen) = match skew {
        _ if facts.now < PAST => (Level::Fail, "the clock was never set".to_owned()),
        Some(skew) if skew.abs() > SKEW => (Level::Warn, format!("the engine's clock differs by {skew} s")),
        Some(_) => return fine("clock", "set, and the engine agrees", matters),
        None => return fine("clock", "set", matters),
    };
    let advice = "synchronise it (`timedatectl set-ntp true`)".to_owned();
    HostFinding { probe: "clock", level, seen, matters, advice, remedy: None }
}

/// What nothing bounds, whatever the engine.
const UNBOUND: &str = "not bounded: what an app writes to its disk, what all services of an app take together, and what it sends; \
     it reaches the ports that this machine opens to `docker_gwbridge`";

/// What every container of an app is held to, unless its recipe says less.
#[must_use]
pub fn bounded(bounds: &AppBounds) -> String {
    let memory = bounds.memory.map(|memory| format!("{} of memory", size(memory)));
    let processes = bounds.processes.map(|processes| format!("{processes} processes"));
    let logs = Some(format!("{} of logs", size(LOG)));
    [memory, processes, logs].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is bounded here; an engine that cannot is worth a warning.
fn of_bounds(bounds: &AppBounds) -> HostFinding {
    let lacks = [("memory", bounds.memory.is_none()), ("processes", bounds.processes.is_none())];
    let lacks: Vec<&str> = lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(what, _)| what).collect();
    let (level, seen, advice) = if lacks.is_empty() {
        (Level::Ok, format!("each container of an app: {}; {UNBOUND}", bounded(bounds)), String::new())
    } else {
        let seen = format!("the engine bounds no {} of containers; {UNBOUND}", lacks.join(" and no "));
        let advice = "use Docker 20.10 or newer with the kernel's cgroup controllers `memory` and `pids`, and no recipes of strangers \
             until then";
        (Level::Warn, seen, advice.to_owned())
    };
    let matters = "a recipe of a stranger must not take this machine down";
    HostFinding { probe: "bounds", level, seen, matters, advice, remedy: None }
}

/// Bytes for a reader.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes >= 10 * GIB {
        format!("{} GiB", bytes / GIB)
    } else if bytes >= GIB {
        format!("{}.{} GiB", bytes / GIB, bytes % GIB * 10 / GIB)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}

#[cfg(test)]
mod tests;
