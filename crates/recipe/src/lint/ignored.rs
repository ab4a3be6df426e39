//! `CC405` to `CC407`: what the loader takes, and Swarm passes over without a word.

use super::{Check, LintInput, Rule, RuleHit};
use crate::compose::{Compose, Healthcheck};
use crate::source::Severity;

pub(super) const RULES: [Rule; 3] = [
    Rule {
        id: "CC405",
        title: "folders in memory are mounts",
        severity: Some(Severity::Warning),
        what: "No service has the short form `tmpfs:`.",
        why: "`docker stack deploy` reads it and drops it: the folder is on disk, or not writable where the service is \
            `read_only`.",
        mend: "Write it as a mount of the type `tmpfs`.",
        example: "tmpfs: /run             # does nothing\nvolumes:\n  - type: tmpfs\n    target: /run",
        check: Check::Offline(tmpfs),
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
        check: Check::Offline(addresses),
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
        check: Check::Offline(health),
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
