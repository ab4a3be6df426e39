//! `CC423` and `CC424`: services that name another one and cannot find it.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::Compose;
use crate::peers::{Peer, cut_off, lost};
use crate::source::Severity;

pub(super) const RULES: [Rule; 2] = [
    Rule {
        id: "CC423",
        title: "services that name each other share a network",
        severity: Some(Severity::Error),
        what: "Every service of the stack that a variable of another one names as a host (`DB_HOST=db`, `redis:6379`, \
            `postgres://shop@db/shop`) is on a network with it, or a service there has that name as an alias.",
        why: "Swarm gives a name an address on the networks that both are on, and on no other one. An app that asks its database only \
            now and then starts and answers all the same.",
        mend: "Give both the same network in `networks`.",
        example: "services:\n  app:\n    networks: [proxy]   # DB_HOST=db, and `db` is on `internal` alone\n  db:\n    networks: [internal]",
        check: RuleCheck::Offline(apart),
    },
    Rule {
        id: "CC424",
        title: "what a variable names is a service",
        severity: Some(Severity::Error),
        what: "No variable that named a service of the stack at the base names a host at head that no service is called, as long as \
            that is one word without a dot, which can only be a service.",
        why: "The name has no address any more: a service was renamed, or there is a mistake in the name.",
        mend: "Write the service's present name.",
        example: "DB_HOST=db   # the service is called `postgres` since",
        check: RuleCheck::Offline(nobody),
    },
];

fn at(compose: &Compose, peer: &Peer<'_>, words: String) -> RuleHit {
    RuleHit::new(words).key(compose, &format!("services.{}.environment.{}", peer.service, peer.variable))
}

fn apart(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for set in &input.head.sets {
        for peer in cut_off(&set.compose, &input.head.stack) {
            let Peer { service, variable, other } = peer;
            let words = format!("`{service}` names `{other}` in {variable}, and shares no network with it");
            let hit = at(&set.compose, &peer, words).hint("give both the same network");
            if !found.contains(&hit) {
                found.push(hit);
            }
        }
    }
    found
}

fn nobody(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(base) = &input.base else { return Vec::new() };
    let (older, head) = (&base.reading.default().compose, &input.head.default().compose);
    let gone = lost(older, head, &input.head.stack).into_iter().map(|(peer, host)| {
        let Peer { service, variable, other } = peer;
        let words = format!(
            "`{service}` names `{host}` in {variable}, which no service is called; at {} it named `{other}`",
            base.name
        );
        at(head, &peer, words)
    });
    gone.collect()
}
