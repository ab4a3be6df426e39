//! `CC2xx`: secrets that cannot be made, found or named.

use super::configs::is_in;
use super::reading::Set;
use super::templates::{Call, by_service, calls};
use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::StackFile;
use crate::compose::check::MAX_NAME;
use crate::interpolate::interpolate;
use crate::source::{Severity, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// The longest stack name that abra makes of a domain, in letters.
const LONGEST_STACK: usize = 45;

pub(super) const RULES: [Rule; 5] = [
    Rule {
        id: "CC201",
        title: "every secret that is used has a version",
        severity: Some(Severity::Error),
        what: "With the values of `.env.sample`, no name of a secret that is used ends in `_`. For the compose files that are \
            on by default only lines in force count; for an optional one, commented lines too.",
        why: "abra refuses to deploy: it reads from that variable which version of the secret to use.",
        mend: "Add the `SECRET_…_VERSION` line to `.env.sample`, in force if the file is on by default.",
        example: "SECRET_DB_PASSWORD_VERSION=v1 # length=32",
        check: RuleCheck::Offline(without_version),
    },
    Rule {
        id: "CC202",
        title: "names of secrets and configs fit",
        severity: Some(Severity::Warning),
        what: "With the longest stack name that abra makes (45 letters), no name of a secret or config has more than 64.",
        why: "Swarm refuses longer names: the recipe works for the maintainer and not for an operator with a longer domain.",
        mend: "Shorten the id.",
        example: "name: ${STACK_NAME}_db_pass_${SECRET_DB_PASS_VERSION}",
        check: RuleCheck::Offline(too_long),
    },
    Rule {
        id: "CC203",
        title: "comments behind values can be read",
        severity: Some(Severity::Warning),
        what: "The comment behind a secret's version has only `length=N`, `charset=` with default, alnum, hex, special or \
            safespecial, and `generate=true` or `false`.",
        why: "abra passes over what it does not know: the secret has another length or other letters than the line says.",
        mend: "Correct the word.",
        example: "SECRET_API_KEY_VERSION=v1 # length=64 charset=hex",
        check: RuleCheck::Offline(modifiers),
    },
    Rule {
        id: "CC204",
        title: "every secret is used",
        severity: Some(Severity::Warning),
        what: "Every top-level secret is mounted by a service, in some choice of compose files.",
        why: "abra neither generates nor checks it; operators keep a value that nothing reads.",
        mend: "Remove it, or mount it.",
        example: "services:\n  app:\n    secrets: [db_password]",
        check: RuleCheck::Offline(unused),
    },
    Rule {
        id: "CC205",
        title: "templates read only secrets that are mounted",
        severity: Some(Severity::Error),
        what: "For every `{{ secret \"x\" }}` in a config with `template_driver: golang`, every service that mounts the config \
            mounts a secret `x` too, in some choice of compose files.",
        why: "Docker fills the template in for that service when its container starts; without the secret no task starts.",
        mend: "Add the secret to the service.",
        example: "services:\n  app:\n    configs: [settings]   # its file has {{ secret \"db_password\" }}\n    secrets: [db_password]",
        check: RuleCheck::Offline(in_templates),
    },
];

fn without_version(input: &LintInput<'_>) -> Vec<RuleHit> {
    let found = input.head.problems_anywhere(Topic::NoVersion).into_iter();
    found.filter(|problem| is_in(problem.key.as_deref(), "secrets.")).map(RuleHit::of_problem).collect()
}

fn too_long(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found = Vec::new();
    for set in &input.head.sets {
        let sections = [("secrets", "secret", &set.compose.secrets), ("configs", "config", &set.compose.configs)];
        for (section, kind, entries) in sections {
            for (id, entry) in entries {
                let Some(length) = longest_name(entry, set).filter(|length| *length > MAX_NAME) else { continue };
                let words = format!(
                    "the name of {kind} `{id}` has {length} letters under a long domain, the engine takes {MAX_NAME}"
                );
                let hint = format!("shorten `{id}` by {} or more", length - MAX_NAME);
                found.push(RuleHit::new(words).key(&set.compose, &format!("{section}.{id}")).hint(hint));
            }
        }
    }
    found
}

/// How long the name becomes with the longest stack name; `None` when it does not depend on that.
fn longest_name(entry: &StackFile, set: &Set) -> Option<usize> {
    let text = entry.name_text.as_deref().filter(|text| text.contains("STACK_NAME"))?;
    let mut env: BTreeMap<String, String> = set.env.clone();
    env.insert("STACK_NAME".to_owned(), "x".repeat(LONGEST_STACK));
    interpolate(text, &env).ok().map(|name| name.chars().count())
}

fn modifiers(input: &LintInput<'_>) -> Vec<RuleHit> {
    input.head.problems(Topic::Modifier).map(RuleHit::of_problem).collect()
}

fn unused(input: &LintInput<'_>) -> Vec<RuleHit> {
    let sets = &input.head.sets;
    let used = |id: &str| {
        let mut services = sets.iter().flat_map(|set| set.compose.services.values());
        services.any(|service| service.secrets.iter().any(|one| one.source == id))
    };
    let declared = sets.iter().flat_map(|set| set.compose.secrets.keys().map(move |id| (set, id)));
    let found = declared.filter(|(_, id)| !used(id)).map(|(set, id)| {
        let found = RuleHit::new(format!("no service uses the secret `{id}`"));
        found.key(&set.compose, &format!("secrets.{id}")).hint("remove it, or add it to a service")
    });
    found.collect()
}

fn in_templates(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mounted: BTreeMap<&str, BTreeSet<&str>> = by_service(input, |service| {
        let names = service.secrets.iter().flat_map(|one| [Some(one.source.as_str()), one.target.as_deref()]);
        names.flatten().map(|name| name.rsplit('/').next().unwrap_or(name)).collect()
    });
    let found = calls(&input.head).into_iter().filter_map(|Call { service, function, name, file, line }| {
        let lacks = function == "secret" && !mounted.get(service)?.contains(name);
        let words = || format!("the template reads the secret `{name}`, which `{service}` does not mount");
        lacks
            .then(|| RuleHit::new(words()).line(file, line).hint(format!("add `{name}` to services.{service}.secrets")))
    });
    found.collect()
}
