//! Hosts in words and numbers, and what is said about each.

use super::*;
use crate::docker::EngineAddress;
use crate::swarm::{EngineFacts, ProxyNetwork};
use cc_ci_recipe::overlay::{AppBounds, Logs};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn healthy() -> HostFacts {
    let disk = |path: &str| Disk { path: PathBuf::from(path), free: 50 * GIB, free_inodes: Some(1_000_000) };
    HostFacts {
        address: EngineAddress::socket("/run/one.sock"),
        engine: Engine::Answers(Box::new(Answering {
            about: EngineFacts {
                version: "20.10.24".into(),
                api: "1.41".into(),
                swarm: Membership::Manager,
                proxy: Some(ProxyNetwork { driver: "overlay".into(), attachable: true, held: true }),
                pool: Some(Pool { subnets: 65_536, used: 2 }),
                images: BTreeSet::from(["cc-ci/tools:1".to_owned()]),
                bounds: AppBounds { memory: Some(14 * GIB), processes: Some(4096), logs: Logs::Kept },
                ..EngineFacts::default()
            },
            ipvs: Ipvs::Loaded,
            disk: Some(disk("/var/lib/docker")),
            clock_skew: Some(0),
        })),
        docker_command: Some("20.10.24".into()),
        git_command: Some("2.39.5".into()),
        state_disk: Some(disk("/var/lib/cc-ci")),
        memory: Some(Memory { available: 8 * GIB, total: 16 * GIB }),
        now: PAST + 1,
    }
}

fn engine(facts: &mut HostFacts) -> &mut Answering {
    match &mut facts.engine {
        Engine::Answers(engine) => engine,
        Engine::Silent { .. } => panic!("the healthy host has an engine"),
    }
}

/// Only what is not fine, one line each.
fn check(change: impl FnOnce(&mut HostFacts)) -> String {
    let mut facts = healthy();
    change(&mut facts);
    let all = findings(&facts);
    let bad = all.iter().filter(|finding| finding.level != Level::Ok);
    let lines: Vec<String> = bad
        .map(|finding| {
            assert!(!finding.advice.is_empty() && !finding.matters.is_empty(), "{finding:?}");
            format!("{} {}: {} [{:?}]", finding.level.word(), finding.probe, finding.seen, finding.remedy)
        })
        .collect();
    lines.join("\n")
}

#[test]
fn a_healthy_host_has_nothing_to_say() {
    assert_eq!(check(|_| ()), "");
    assert_eq!(worst(&findings(&healthy())), Level::Ok);
}

#[test]
fn disks_warn_below_five_gib_and_fail_below_one() {
    for (free, said) in [
        (5 * GIB, ""),
        (5 * GIB - 1, "warn engine disk: 4.9 GiB free at /var/lib/docker [None]"),
        (GIB, "warn engine disk: 1.0 GiB free at /var/lib/docker [None]"),
        (GIB - 1, "fail engine disk: 1023 MiB free at /var/lib/docker [None]"),
        (0, "fail engine disk: 0 MiB free at /var/lib/docker [None]"),
    ] {
        let seen = check(|facts| {
            if let Some(disk) = &mut engine(facts).disk {
                disk.free = free;
            }
        });
        assert_eq!(seen, said);
    }
}

#[test]
fn a_disk_without_inodes_is_full() {
    let seen = check(|facts| facts.state_disk.as_mut().unwrap().free_inodes = Some(3));
    assert_eq!(seen, "fail state inodes: 3 free [None]");
    assert_eq!(check(|facts| facts.state_disk.as_mut().unwrap().free_inodes = None), "");
}

#[test]
fn no_engine_is_one_finding_and_its_dependents_are_silent() {
    let seen = check(|facts| facts.engine = Engine::Silent { why: "cannot connect".into() });
    assert_eq!(seen, "fail engine: cannot connect [Some(Engine)]");
}

#[test]
fn every_role_but_manager_is_in_the_way() {
    let seen = check(|facts| engine(facts).about.swarm = Membership::None);
    assert_eq!(seen, "fail swarm: the engine is not part of a swarm [Some(Swarm)]");
    let seen = check(|facts| engine(facts).about.swarm = Membership::Worker);
    assert_eq!(seen, "fail swarm: active, but this node is only a worker [None]");
    let seen = check(|facts| engine(facts).about.swarm = Membership::Unusable { state: "locked".into() });
    assert_eq!(seen, "fail swarm: the node is `locked` [None]");
}

#[test]
fn the_proxy_network_must_be_an_attachable_overlay() {
    assert_eq!(
        check(|facts| engine(facts).about.proxy = None),
        "fail proxy network: there is no network `proxy` [Some(Swarm)]"
    );
    let seen = check(|facts| {
        engine(facts).about.proxy = Some(ProxyNetwork { driver: "bridge".into(), attachable: true, held: true });
    });
    assert_eq!(seen, "fail proxy network: `proxy` is a bridge network, not an overlay [None]");
    let seen = check(|facts| {
        engine(facts).about.proxy = Some(ProxyNetwork { driver: "overlay".into(), attachable: false, held: true });
    });
    assert_eq!(seen, "warn proxy network: `proxy` is an overlay, but not attachable [None]");
    let free = ProxyNetwork { driver: "overlay".into(), attachable: true, held: false };
    let seen = check(|facts| engine(facts).about.proxy = Some(free));
    assert_eq!(seen, "warn proxy network: overlay, attachable; nothing stays on it [Some(Holder)]");
}

#[test]
fn the_rest() {
    assert_eq!(
        check(|facts| engine(facts).ipvs = Ipvs::Missing),
        "warn ipvs: the swarm is up and the kernel has no IPVS [None]"
    );
    assert_eq!(
        check(|facts| engine(facts).about.pool = Some(Pool { subnets: 256, used: 254 })),
        "fail address pool: 254 of 256 subnets used by overlay networks [None]"
    );
    assert_eq!(
        check(|facts| engine(facts).clock_skew = Some(-90)),
        "warn clock: the engine's clock differs by -90 s [None]"
    );
    assert_eq!(check(|facts| facts.now = 0), "fail clock: the clock was never set [None]");
    assert_eq!(
        check(|facts| facts.memory = Some(Memory { available: 100 * MIB, total: 2 * GIB })),
        "fail memory: 100 MiB of 2.0 GiB available [None]"
    );
    assert_eq!(check(|facts| facts.docker_command = None), "fail docker: not found in PATH [Some(Packages)]");
    assert_eq!(
        check(|facts| engine(facts).about.images.clear()),
        "fail image: cc-ci/tools:1 is missing [Some(Images)]"
    );
}

#[test]
fn what_is_bounded_is_said_and_what_is_not() {
    let all = findings(&healthy());
    let said = all.iter().find(|finding| finding.probe == "bounds").unwrap();
    let words = "each container of an app: 14 GiB of memory, 4096 processes, 128 MiB of logs; not bounded: what an app writes to \
                 its disk, what all services of an app take together, and what it sends; it reaches the ports that this machine \
                 opens to `docker_gwbridge`";
    assert_eq!(said.seen, words);
    let seen = check(|facts| engine(facts).about.bounds.processes = None);
    assert!(seen.starts_with("warn bounds: the engine bounds no processes of containers; not bounded: "), "{seen}");
}

#[test]
fn the_engines_address_is_said_and_that_contexts_are_not_followed() {
    let all = findings(&healthy());
    let said = all.iter().find(|finding| finding.probe == "address").unwrap();
    assert_eq!(said.level, Level::Ok);
    let words = "unix:///run/one.sock; contexts and configuration of the docker command are not followed";
    assert_eq!(said.seen, words);
}
