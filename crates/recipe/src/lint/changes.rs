//! `CC416` to `CC418`, `CC421` and `CC422`: what head changes about things that operators have: what Swarm refuses to change or leaves as
//! it is, health checks that are switched off, guards that are taken from a router, and compose files that are gone.

use super::reading::listed;
use super::{LintBase, LintInput, Rule, RuleCheck, RuleHit, SAMPLE};
use crate::compose::{Compose, DeployMode, Healthcheck, Network, Service, Volume};
use crate::source::{Severity, tidy_path};
use crate::traefik::{self, TraefikRoute};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULES: [Rule; 5] = [
    Rule {
        id: "CC416",
        title: "services keep their mode",
        severity: Some(Severity::Error),
        what: "No service of the base has another `deploy.mode` at head. The base is what `--against` names, else the one of a run.",
        why: "Swarm answers `service mode change is not allowed`, and every operator's upgrade ends there. A fresh install hides it.",
        mend: "Leave the mode, or give the service another name, so that the old one is removed and the new one made.",
        example: "deploy:\n  mode: global   # was replicated: no operator can upgrade",
        check: RuleCheck::Offline(modes),
    },
    Rule {
        id: "CC417",
        title: "networks and volumes that exist are not changed",
        severity: Some(Severity::Warning),
        what: "No network and no volume of the base that is the stack's own has other settings at head: driver, options, address pools, \
            `internal`, `attachable`.",
        why: "`docker stack deploy` makes what is missing and leaves what is there as it is, without a word: operators go on with the \
            old settings, and only new apps have the new ones.",
        mend: "Give the network another key; for a volume say in the release note what operators have to do.",
        example: "networks:\n  internal:\n    internal: true   # no effect where the network exists",
        check: RuleCheck::Offline(kept),
    },
    Rule {
        id: "CC418",
        title: "health checks stay switched on",
        severity: Some(Severity::Warning),
        what: "No service whose compose file has a health check at the base has none at head, or has it switched off by `disable: true` \
            or a `test` of `NONE`. The image may have one of its own, which cannot be seen from here.",
        why: "Without one Swarm takes a started process for a working app: a broken update is neither noticed nor rolled back, on an \
            operator's server or in a run.",
        mend: "Mend the check instead: give it more time, or ask something that the new version answers.",
        example: "healthcheck:\n  disable: true   # the base asks `curl -f http://localhost`",
        check: RuleCheck::Offline(switched_off),
    },
    Rule {
        id: "CC421",
        title: "routers keep their guards",
        severity: Some(Severity::Warning),
        what: "No router of the base has lost a middleware that keeps people out: `basicauth`, `digestauth`, `forwardauth`, \
            `ipallowlist`, `ipwhitelist`, or one that is defined outside of the stack, such as `auth@file`; \
            unless it has another one in its place.",
        why: "Whoever had to log in first, or to come from a certain network, gets in without at every operator after the upgrade. \
            Nothing fails, so nobody notices.",
        mend: "Keep the middleware, or say in the release note that the app is open now.",
        example: "deploy:\n  labels:\n    - \"traefik.http.routers.${STACK_NAME}.middlewares=auth@file\"   # gone at head",
        check: RuleCheck::Offline(unguarded),
    },
    Rule {
        id: "CC422",
        title: "compose files that operators may list stay",
        severity: Some(Severity::Warning),
        what: "Every compose file that a `COMPOSE_FILE` line of the base's `.env.sample` names, in commented lines too, exists at head.",
        why: "Whoever uncommented the line has the file in the app's settings, and cannot deploy the new version. A run uses the \
            default choice alone, so that it does not notice.",
        mend: "Keep the file, or say in the release note what those operators have to change first.",
        example: "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"   # in the base's .env.sample; compose.smtp.yml is gone",
        check: RuleCheck::Offline(files_gone),
    },
];

/// The kinds of middlewares that keep people out.
const GUARDS: [&str; 5] = ["basicauth", "digestauth", "forwardauth", "ipallowlist", "ipwhitelist"];

/// The compose files that are deployed by default, at head and at base.
fn both<'i>(input: &'i LintInput<'_>) -> Option<(&'i Compose, &'i Compose, &'i LintBase<'i>)> {
    let base = input.base.as_ref()?;
    Some((&input.head.default().compose, &base.reading.default().compose, base))
}

fn modes(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some((head, older, base)) = both(input) else { return Vec::new() };
    let changed = head.services.iter().filter_map(|(name, service)| {
        let (was, is) = (mode(older.services.get(name)?), mode(service));
        (was != is).then(|| {
            let words =
                format!("service `{name}` is {} and was {} at {}: Swarm refuses that", word(is), word(was), base.name);
            let places = ["deploy.mode", "deploy", "image"].map(|key| format!("services.{name}.{key}"));
            let place = places.iter().find(|place| head.place(place).is_some());
            let hit = RuleHit::new(words).hint("give the service another name, or leave its mode");
            place.map_or_else(|| hit.clone(), |place| hit.clone().key(head, place))
        })
    });
    changed.collect()
}

fn mode(service: &Service) -> DeployMode {
    service.deploy.mode.unwrap_or(DeployMode::Replicated)
}

fn word(mode: DeployMode) -> &'static str {
    match mode {
        DeployMode::Replicated => "replicated",
        DeployMode::Global => "global",
        DeployMode::ReplicatedJob => "a replicated job",
        DeployMode::GlobalJob => "a global job",
    }
}

fn switched_off(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some((head, older, base)) = both(input) else { return Vec::new() };
    let off = head.services.iter().filter(|(name, service)| {
        let was = older.services.get(*name).and_then(|service| service.healthcheck.as_ref());
        service.healthcheck.as_ref().is_none_or(Healthcheck::is_off) && was.is_some_and(|check| !check.is_off())
    });
    off.map(|(name, service)| {
        let how =
            if service.healthcheck.is_some() { "has its health check switched off" } else { "has no health check" };
        let words = format!("service `{name}` {how}, and had one at {}", base.name);
        RuleHit::new(words).key(head, &format!("services.{name}.healthcheck"))
    })
    .collect()
}

fn kept(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some((head, older, base)) = both(input) else { return Vec::new() };
    let changed = |kind: &str, key: &str, what: Vec<&str>| {
        let (what, be) = (what.join(", "), if what.len() == 1 { "is" } else { "are" });
        let words =
            format!("{kind} `{key}`: {what} {be} not as at {}, which changes nothing where it exists", base.name);
        RuleHit::new(words).key(head, &format!("{kind}s.{key}"))
    };
    let networks = pairs(&head.networks, &older.networks).filter(|(_, is, was)| !is.external && !was.external);
    let networks = networks.filter(|(_, is, was)| is.name == was.name).map(|(key, is, was)| (key, of_network(is, was)));
    let networks = networks.filter(|(_, what)| !what.is_empty()).map(|(key, what)| {
        changed("network", key, what).hint("give the network another key: the old one is left, and the new one made")
    });
    let volumes = pairs(&head.volumes, &older.volumes).filter(|(_, is, was)| !is.external && !was.external);
    let volumes = volumes.filter(|(_, is, was)| is.name == was.name).map(|(key, is, was)| (key, of_volume(is, was)));
    let volumes = volumes.filter(|(_, what)| !what.is_empty()).map(|(key, what)| {
        changed("volume", key, what).hint("say in the release note what operators have to do with the volume they have")
    });
    networks.chain(volumes).collect()
}

/// What both have under one key.
fn pairs<'m, T>(
    head: &'m BTreeMap<String, T>,
    older: &'m BTreeMap<String, T>,
) -> impl Iterator<Item = (&'m str, &'m T, &'m T)> {
    head.iter().filter_map(|(key, is)| Some((key.as_str(), is, older.get(key)?)))
}

fn of_network(is: &Network, was: &Network) -> Vec<&'static str> {
    // Swarm makes an overlay of a network that says nothing.
    let driver = |one: &Network| one.driver.clone().filter(|driver| driver != "overlay");
    let differs = [
        ("`driver`", driver(is) != driver(was)),
        ("`driver_opts`", is.driver_opts != was.driver_opts),
        ("`ipam`", is.ipam != was.ipam),
        ("`internal`", is.internal != was.internal),
        ("`attachable`", is.attachable != was.attachable),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

fn of_volume(is: &Volume, was: &Volume) -> Vec<&'static str> {
    let driver = |one: &Volume| one.driver.clone().filter(|driver| driver != "local");
    let differs = [("`driver`", driver(is) != driver(was)), ("`driver_opts`", is.driver_opts != was.driver_opts)];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

fn unguarded(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some((head, older, base)) = both(input) else { return Vec::new() };
    let (was, now) = (traefik::routes(older).0, traefik::routes(head).0);
    let lost = now.iter().flat_map(|route| {
        // Another guard may have taken its place.
        let guards =
            |compose, route: &TraefikRoute| route.middlewares.iter().filter(|name| is_guard(compose, name)).count();
        let old = was.iter().filter(|old| old.protocol == route.protocol && old.router == route.router);
        let fewer = old.filter(move |old| guards(head, route) < guards(older, old));
        let names = fewer.flat_map(|old| &old.middlewares).filter(|name| !route.middlewares.contains(name));
        names.filter(|name| is_guard(older, name)).map(move |name| (route, name))
    });
    lost.map(|(route, name)| {
        let words =
            format!("router `{}` has lost the middleware `{name}`, which it had at {}", route.router, base.name);
        RuleHit::new(words).key(head, &format!("services.{}.deploy.labels", route.service))
    })
    .collect()
}

fn files_gone(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(base) = &input.base else { return Vec::new() };
    let names: BTreeSet<String> =
        listed(&base.reading).flat_map(|(_, _, names)| names).map(|name| tidy_path(&name)).collect();
    let gone =
        names.iter().filter(|name| base.reading.files.text(name).is_some() && input.head.files.text(name).is_none());
    gone.map(|name| {
        let words = format!("{name} is gone, which operators could list at {}", base.name);
        RuleHit::new(words).line(SAMPLE, 1).hint("keep the file, or say in a release note what to change")
    })
    .collect()
}

/// Whether a middleware keeps people out, as its own labels say; what is defined elsewhere may.
fn is_guard(compose: &Compose, name: &str) -> bool {
    let local = match name.split_once('@') {
        None => name,
        Some((name, "docker" | "swarm")) => name,
        Some(_) => return true,
    };
    let start = format!("traefik.http.middlewares.{}.", local.to_ascii_lowercase());
    let mut labels = compose.services.values().flat_map(|service| service.deploy.labels.keys());
    labels.any(|label| {
        let label = label.to_ascii_lowercase();
        label.strip_prefix(&start).is_some_and(|kind| GUARDS.contains(&kind.split('.').next().unwrap_or_default()))
    })
}
