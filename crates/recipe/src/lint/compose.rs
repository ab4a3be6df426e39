//! `CC0xx` and `CC4xx`: what keeps a choice of compose files from being deployed as it is meant.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::Compose;
use crate::interpolate::variables;
use crate::source::{Problem, Severity, Topic};
use std::collections::BTreeSet;

pub(super) const RULES: [Rule; 6] = [
    Rule {
        id: "CC001",
        title: "the recipe can be deployed as written",
        severity: Some(Severity::Error),
        what: "The default compose files, every choice of more of them that `.env.sample` documents, and every other \
            compose file on top of the default are read as `docker stack deploy` reads them: syntax, keys, types, names \
            that something else has to define, files that have to exist.",
        why: "`docker stack deploy` refuses such files, or the app starts without what they name.",
        mend: "The finding names the key and, where it is known, what was probably meant.",
        example: "services:\n  app:\n    networks: [prox]   # CC001: unknown network `prox`; did you mean `proxy`?",
        check: RuleCheck::Offline(unusable),
    },
    Rule {
        id: "CC002",
        title: "nothing is read otherwise than it looks",
        severity: Some(Severity::Warning),
        what: "Values that the loader takes for something else than they look like: numbers in other notations, words that \
            older docker commands take for booleans, variables in keys, keys that a list gives twice, labels that are no numbers, \
            exports that only a shell could work out.",
        why: "The app runs with another value than the file shows.",
        mend: "Mostly quotes; the finding says which.",
        example: "environment:\n  FILE_MODE: 0755     # is the number 493\n  FILE_MODE: \"0755\"   # right",
        check: RuleCheck::Offline(doubtful),
    },
    Rule {
        id: "CC401",
        title: "every choice of compose files gives every service an image",
        severity: Some(Severity::Error),
        what: "With each documented or possible choice of compose files, every service has an `image`. R011 merges all files \
            of the root at once and cannot see a choice that lacks one.",
        why: "The operator who uncomments that line of `.env.sample` cannot deploy.",
        mend: "Repeat the image in the overlay, or document the overlay together with the file that has it.",
        example: "# .env.sample\n#COMPOSE_FILE=\"$COMPOSE_FILE:compose.tune.yml\"   # adds to `db`, which only compose.postgres.yml defines",
        check: RuleCheck::Offline(images),
    },
    Rule {
        id: "CC402",
        title: "no variables in durations, numbers and switches",
        severity: Some(Severity::Error),
        what: "`interval`, `timeout`, `start_period`, `stop_grace_period`, `replicas`, `read_only` and their like are written \
            out, without `${…}`.",
        why: "abra checks the schema before it fills in variables, and refuses the whole recipe, already in `abra app new`.",
        mend: "Write the value itself; an overlay can carry another one.",
        example: "healthcheck:\n  start_period: ${START_PERIOD:-5m}   # refused\n  start_period: 5m                    # right",
        check: RuleCheck::Offline(typed),
    },
    Rule {
        id: "CC403",
        title: "image tags are written out",
        severity: Some(Severity::Warning),
        what: "No `image` holds a variable.",
        why: "The recipe's version names the upstream version; with a variable every app may run another one, and neither \
            update bots nor `abra recipe upgrade` see what to raise.",
        mend: "Write the tag; a new one is a new version of the recipe.",
        example: "image: example/app:${APP_VERSION:-1.0.6}   # not so\nimage: example/app:1.0.6",
        check: RuleCheck::Offline(variable_images),
    },
    Rule {
        id: "CC404",
        title: "no keys that Swarm ignores",
        severity: Some(Severity::Warning),
        what: "No service has `build`, `cgroup_parent`, `container_name`, `devices`, `domainname`, `external_links`, `ipc`, \
            `links`, `mac_address`, `pid`, `privileged`, `restart`, `security_opt`, `shm_size` or `userns_mode`.",
        why: "`docker stack deploy` passes over them: the app runs without what the file promises.",
        mend: "Remove the key. `restart` is `deploy.restart_policy` in Swarm, `shm_size` a tmpfs mount on `/dev/shm`.",
        example: "restart: unless-stopped   # does nothing\ndeploy:\n  restart_policy:\n    condition: any",
        check: RuleCheck::Offline(ignored),
    },
];

/// Keys of a service that the loader accepts and drops.
const IGNORED: [&str; 15] = [
    "build",
    "cgroup_parent",
    "container_name",
    "devices",
    "domainname",
    "external_links",
    "ipc",
    "links",
    "mac_address",
    "pid",
    "privileged",
    "restart",
    "security_opt",
    "shm_size",
    "userns_mode",
];

/// Problems without a rule of their own.
fn general<'i>(input: &'i LintInput<'_>, severity: Severity) -> impl Iterator<Item = &'i Problem> {
    let found = input.head.problems_anywhere(Topic::General);
    found.into_iter().filter(move |problem| problem.severity == severity)
}

fn unusable(input: &LintInput<'_>) -> Vec<RuleHit> {
    let unreadable = input.head.problems_anywhere(Topic::Unreadable);
    if !unreadable.is_empty() {
        return unreadable.into_iter().map(RuleHit::of_problem).collect();
    }
    // CC603 says it at the line that names the file.
    let listed: BTreeSet<String> = super::reading::listed(&input.head).flat_map(|(_, _, names)| names).collect();
    let gone = |problem: &&Problem| listed.contains(&problem.file) && !input.head.files.has(&problem.file);
    // A variable in a number is reported as such, and need not be reported again for not being a number.
    let typed = input.head.problems_anywhere(Topic::TypedVariable);
    let said = |problem: &&Problem| typed.iter().any(|one| one.file == problem.file && one.key == problem.key);
    general(input, Severity::Error)
        .filter(|problem| !said(problem) && !gone(problem))
        .map(RuleHit::of_problem)
        .collect()
}

fn doubtful(input: &LintInput<'_>) -> Vec<RuleHit> {
    general(input, Severity::Warning).map(RuleHit::of_problem).collect()
}

fn typed(input: &LintInput<'_>) -> Vec<RuleHit> {
    input.head.problems_anywhere(Topic::TypedVariable).into_iter().map(RuleHit::of_problem).collect()
}

fn images(input: &LintInput<'_>) -> Vec<RuleHit> {
    let head = &input.head;
    let documented: BTreeSet<String> = super::reading::listed(head).flat_map(|(_, _, names)| names).collect();
    let mut found = Vec::new();
    for (at, set) in head.sets.iter().enumerate() {
        let is_documented =
            at == 0 || set.names.iter().skip(head.default().names.len()).all(|n| documented.contains(n));
        for (name, _) in set.compose.services.iter().filter(|(_, service)| service.image.is_empty()) {
            // R011 says it of the whole recipe.
            let everywhere = head.all.services.get(name).is_some_and(|service| service.image.is_empty());
            // An overlay that no list names may be meant for use with another one that has the image.
            let elsewhere =
                head.sets.iter().any(|set| set.compose.services.get(name).is_some_and(|s| !s.image.is_empty()));
            if everywhere || set.compose.places.contains_key(&format!("services.{name}.image")) {
                continue;
            }
            if is_documented || !elsewhere {
                let words = format!("service `{name}` has no image when the files are {}", set.names.join(", "));
                let hint = "give it an `image`, or list the overlay together with the file that does";
                found.push(RuleHit::new(words).key(&set.compose, &format!("services.{name}")).hint(hint));
            }
        }
    }
    found
}

/// Keys of services in any choice of files: the compose reading, the service and the key.
fn service_keys<'i>(input: &'i LintInput<'_>) -> impl Iterator<Item = (&'i Compose, &'i str, &'i str)> {
    input.head.sets.iter().flat_map(|set| {
        let keys = set.compose.places.keys().filter_map(|key| key.strip_prefix("services.")?.split_once('.'));
        keys.map(|(service, key)| (&set.compose, service, key))
    })
}

fn variable_images(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for (compose, service, _) in service_keys(input).filter(|(_, _, key)| *key == "image") {
        let key = format!("services.{service}.image");
        let Some(place) = compose.place(&key) else { continue };
        if let Some(name) = variables(input.head.line(&place.file, place.line)).first() {
            let words = format!("the image of `{service}` depends on the variable {name}");
            found.push(RuleHit::new(words).line(&place.file, place.line).hint("write the image and its tag out"));
        }
    }
    found
}

fn ignored(input: &LintInput<'_>) -> Vec<RuleHit> {
    let keys = service_keys(input).filter(|(_, _, key)| IGNORED.contains(key));
    let found = keys.map(|(compose, service, key)| {
        let found = RuleHit::new(format!("`{key}` of `{service}` does nothing in Swarm"));
        let found = found.key(compose, &format!("services.{service}.{key}"));
        let instead = match key {
            "restart" => "remove it; deploy.restart_policy is what Swarm reads, and `any` is its default",
            "build" => "remove it, and name an image that a registry has",
            "shm_size" => "mount a tmpfs on /dev/shm",
            "links" | "external_links" => "remove it: services of a stack find each other by name",
            _ => "remove it",
        };
        found.hint(instead)
    });
    found.collect()
}
