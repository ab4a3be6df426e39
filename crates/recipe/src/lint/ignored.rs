//! `CC405` to `CC409`: what the loader takes and Swarm passes over without a word, and what then cannot be written.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::{Compose, Healthcheck, Mount, Service};
use crate::source::Severity;

pub(super) const RULES: [Rule; 5] = [
    Rule {
        id: "CC405",
        title: "folders in memory are mounts",
        severity: Some(Severity::Warning),
        what: "No service has the short form `tmpfs:`.",
        why: "`docker stack deploy` reads it and drops it: the folder is on disk, or not writable where the service is \
            `read_only`.",
        mend: "Write it as a mount of the type `tmpfs`.",
        example: "tmpfs: /run             # does nothing\nvolumes:\n  - type: tmpfs\n    target: /run",
        check: RuleCheck::Offline(tmpfs),
    },
    Rule {
        id: "CC406",
        title: "services have no network mode and no fixed address",
        severity: Some(Severity::Warning),
        what: "No service has `network_mode`, and none of its networks `ipv4_address` or `ipv6_address`.",
        why: "`docker stack deploy` drops them: the service joins its networks, or the default one, with an address that Swarm \
            picks.",
        mend: "Remove the key. Other services find this one by its name.",
        example: "networks:\n  internal:\n    ipv4_address: 10.0.9.5   # does nothing",
        check: RuleCheck::Offline(addresses),
    },
    Rule {
        id: "CC407",
        title: "a health check says how it is run",
        severity: Some(Severity::Warning),
        what: "A `healthcheck.test` that is a list starts with `CMD`, `CMD-SHELL` or `NONE`.",
        why: "The engine does not know what else to do with the list, and runs no check at all: the service counts as healthy \
            as soon as it is started.",
        mend: "Put `CMD` in front of a program and its arguments, or `CMD-SHELL` in front of one line for a shell.",
        example: "test: [\"curl\", \"-f\", \"http://localhost\"]          # not run\ntest: [\"CMD\", \"curl\", \"-f\", \
            \"http://localhost\"]   # right",
        check: RuleCheck::Offline(health),
    },
    Rule {
        id: "CC408",
        title: "folders of a read-only service can be written where they have to be",
        severity: Some(Severity::Error),
        what: "A service with `read_only: true` has a mount that can be written for every folder that it names with the short form \
            `tmpfs:`.",
        why: "Swarm drops the short form, so what the service has to write lies in files that cannot be written: it fails as \
            soon as it tries.",
        mend: "Write the folder as a mount of the type `tmpfs`.",
        example: "read_only: true\ntmpfs: /tmp            # does nothing\nvolumes:\n  - {type: tmpfs, target: /tmp}   # right",
        check: RuleCheck::Offline(unwritable),
    },
    Rule {
        id: "CC409",
        title: "a read-only service has a /tmp",
        severity: Some(Severity::Warning),
        what: "A service with `read_only: true` has a mount that can be written at `/tmp`, or above it.",
        why: "Most programs write there at some time: an upload, a report, a lock. Few say so when they start.",
        mend: "Mount a folder in memory at `/tmp`. A program that never writes there does without.",
        example: "read_only: true\nvolumes:\n  - {type: tmpfs, target: /tmp}",
        check: RuleCheck::Offline(without_tmp),
    },
];

/// A finding at every key of any choice of files that `says` something about.
fn keys(input: &LintInput<'_>, says: impl Fn(&str, &[&str]) -> Option<(String, &'static str)>) -> Vec<RuleHit> {
    let mut hits = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for place in compose.places.keys() {
            let parts: Vec<&str> = place.split('.').collect();
            if let ["services", service, key @ ..] = parts.as_slice()
                && let Some((what, hint)) = says(service, key)
            {
                hits.push(RuleHit::new(what).key(compose, place).hint(hint));
            }
        }
    }
    hits
}

fn tmpfs(input: &LintInput<'_>) -> Vec<RuleHit> {
    keys(input, |service, key| {
        let hint = "write a mount of the type tmpfs below `volumes`";
        (key == ["tmpfs"]).then(|| (format!("`tmpfs` of `{service}` does nothing in Swarm"), hint))
    })
}

const TMP: &str = "/tmp";

fn unwritable(input: &LintInput<'_>) -> Vec<RuleHit> {
    of_read_only(input, |compose, name, service| {
        let folders = named(service).filter(|folder| !is_writable(service, folder));
        let hit = |folder| {
            let words = format!("`{name}` is read_only, and `tmpfs` does nothing in Swarm: {folder} cannot be written");
            let hint = format!("write a mount below `volumes`: {{type: tmpfs, target: {folder}}}");
            RuleHit::new(words).key(compose, &format!("services.{name}.tmpfs")).hint(hint)
        };
        folders.map(hit).collect()
    })
}

fn without_tmp(input: &LintInput<'_>) -> Vec<RuleHit> {
    of_read_only(input, |compose, name, service| {
        // Those that want one have a finding of their own.
        if is_writable(service, TMP) || named(service).any(|folder| folder == TMP) {
            return Vec::new();
        }
        let hit = RuleHit::new(format!("`{name}` is read_only, and nothing is mounted at {TMP}"));
        let hint = format!("write a mount below `volumes`: {{type: tmpfs, target: {TMP}}}");
        vec![hit.key(compose, &format!("services.{name}.read_only")).hint(hint)]
    })
}

/// What `says` finds at each read-only service of any choice of files.
fn of_read_only(input: &LintInput<'_>, says: impl Fn(&Compose, &str, &Service) -> Vec<RuleHit>) -> Vec<RuleHit> {
    let services =
        input.head.sets.iter().flat_map(|set| set.compose.services.iter().map(move |one| (&set.compose, one)));
    let read_only = services.filter(|(_, (_, service))| service.read_only == Some(true));
    read_only.flat_map(|(compose, (name, service))| says(compose, name, service)).collect()
}

/// The folders of the short form, without their options.
fn named(service: &Service) -> impl Iterator<Item = &str> {
    let folders = service.short_tmpfs.iter().map(|text| text.split(':').next().unwrap_or(text));
    folders.map(|folder| if folder.len() > 1 { folder.trim_end_matches('/') } else { folder })
}

/// Whether a mount at `folder`, or above it, can be written; of two the deeper one counts.
fn is_writable(service: &Service, folder: &str) -> bool {
    let holds = |mount: &&Mount| {
        let target = mount.target.trim_end_matches('/');
        folder.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let deepest = service.volumes.iter().filter(holds).max_by_key(|mount| mount.target.trim_end_matches('/').len());
    deepest.is_some_and(|mount| !mount.read_only)
}

fn addresses(input: &LintInput<'_>) -> Vec<RuleHit> {
    keys(input, |service, key| match key {
        ["network_mode"] => {
            Some((format!("`network_mode` of `{service}` does nothing in Swarm"), "remove it, and name `networks`"))
        }
        ["networks", network, address @ ("ipv4_address" | "ipv6_address")] => {
            let what = format!("`{address}` of `{service}` on `{network}` does nothing in Swarm");
            Some((what, "remove it: services of a stack find each other by name"))
        }
        _ => None,
    })
}

fn health(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut hits = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for (name, service) in &compose.services {
            if let Some(first) = service.healthcheck.as_ref().and_then(unknown_runner) {
                hits.push(unrun(compose, name, first));
            }
        }
    }
    hits
}

/// The first word of a test that the engine does not know how to run.
fn unknown_runner(check: &Healthcheck) -> Option<&str> {
    let first = check.test.first()?;
    (!check.disable && !matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE")).then_some(first)
}

fn unrun(compose: &Compose, name: &str, first: &str) -> RuleHit {
    let what = format!("the health check of `{name}` starts with `{first}` and is not run");
    let hint = "put CMD in front, or CMD-SHELL before one line for a shell";
    RuleHit::new(what).key(compose, &format!("services.{name}.healthcheck.test")).hint(hint)
}
