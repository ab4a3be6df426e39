//! `CC6xx`: variables that nobody gives a value.

use super::reading::listed;
use super::templates::{Call, by_service, calls};
use super::{LintInput, Reading, Rule, RuleCheck, RuleHit, SAMPLE};
use crate::env_sample::Presence;
use crate::interpolate::{uses, variables};
use crate::operator;
use crate::source::{Severity, Topic, tidy_path};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULES: [Rule; 4] = [
    Rule {
        id: "CC601",
        title: "variables of compose files are in `.env.sample`",
        severity: Some(Severity::Warning),
        what: "Every variable that a compose file reads without a default, or that a service takes over from the app's \
            environment, is in `.env.sample` (in force or commented) or exported by `abra.sh`.",
        why: "No operator learns that it exists, and it is empty in every app.",
        mend: "Add it to `.env.sample`, commented if it is optional, or give it a default.",
        example: "# .env.sample\n#EXTRA_DOMAINS=', `www.example.com`'",
        check: RuleCheck::Offline(undocumented),
    },
    Rule {
        id: "CC602",
        title: "templates read variables that their service has",
        severity: Some(Severity::Warning),
        what: "For every `{{ env \"X\" }}` in a config with `template_driver: golang`, every service that mounts the config has \
            `X` in its `environment`, in some choice of compose files. `app` also has the whole of `.env.sample`. \
            Variables that an image sets itself cannot be seen from here.",
        why: "Docker fills the template in with the environment of the service, not with the operator's: it is empty there.",
        mend: "Add the variable to the service's `environment`.",
        example: "services:\n  db:\n    environment:\n      - POSTGRES_USER   # pg_backup.sh.tmpl has {{ env \"POSTGRES_USER\" }}",
        check: RuleCheck::Offline(in_templates),
    },
    Rule {
        id: "CC603",
        title: "listed compose files exist",
        severity: Some(Severity::Error),
        what: "Every file that a `COMPOSE_FILE` line of `.env.sample` names exists, in commented lines too.",
        why: "The operator who uncomments the line cannot deploy.",
        mend: "Correct the name, or add the file.",
        example: "#COMPOSE_FILE=\"$COMPOSE_FILE:compose.smtp.yml\"",
        check: RuleCheck::Offline(missing_files),
    },
    Rule {
        id: "CC604",
        title: "what is new in `.env.sample` has a release note",
        severity: Some(Severity::Warning),
        what: "Every variable that is in force in `.env.sample` and not in that of the base, and every `COMPOSE_FILE` or version \
            of a secret that differs from it, stands as a word in a release note: `release/next`, or a file of `release/` that \
            is new or changed since the base. A variable that the compose files read only with a default is left out.",
        why: "Operators have the `.env.sample` of the version they installed. What is new in it is not there for them until \
            they write it, and the release note is the only place that tells them. A run deploys head without it, too; \
            `[env.upgrade]` in `ci.toml` is what operators write.",
        mend: "Say in `release/next` what operators have to set, or give the variable a default in the compose file.",
        example: "# release/next\nSet CRON_SECRET in the app's settings before you upgrade.",
        check: RuleCheck::Offline(new_variables),
    },
];

fn new_variables(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(base) = &input.base else { return Vec::new() };
    let news = operator::news(base.reading.files, input.head.files).into_iter().filter(|news| news.note.is_none());
    let hint = "say in release/next what operators have to set, or give it a default in the compose file";
    news.map(|news| {
        RuleHit::new(format!("{}, compared with {}", news.words(), base.name)).line(SAMPLE, news.line).hint(hint)
    })
    .collect()
}

fn documented(reading: &Reading<'_>) -> BTreeSet<String> {
    let sample = reading.sample.entries.iter().map(|entry| entry.key.clone());
    let exports = reading.abra_sh.exports.iter().map(|export| export.name.clone());
    let commented = reading.files.text(SAMPLE).into_iter().flat_map(str::lines).filter_map(commented);
    sample.chain(exports).chain(commented.map(str::to_owned)).chain(["STACK_NAME".to_owned()]).collect()
}

/// The variable that a comment shows how to set, in whichever way it is commented.
fn commented(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix('#')?.trim_start_matches(['#', ' ', '\t']);
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let name = line.split_once('=')?.0.trim_end();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

fn undocumented(input: &LintInput<'_>) -> Vec<RuleHit> {
    if input.head.files.text(SAMPLE).is_none() {
        return Vec::new();
    }
    let mut known = documented(&input.head);
    // Names without a version have rules of their own.
    let unversioned = input.head.problems_anywhere(Topic::NoVersion);
    known.extend(unversioned.iter().flat_map(|problem| variables(&problem.what)).map(str::to_owned));
    let mut first: BTreeMap<String, RuleHit> = BTreeMap::new();
    for (file, number, line) in input.head.compose_lines() {
        for (name, _) in uses(line).into_iter().filter(|(name, default)| default.is_none() && !known.contains(*name)) {
            let found = RuleHit::new(format!("{name} is read here, and {SAMPLE} does not have it")).line(file, number);
            first.entry(name.to_owned()).or_insert(found);
        }
    }
    for set in &input.head.sets {
        for (service, one) in &set.compose.services {
            for (name, _) in one.environment.iter().filter(|(name, value)| value.is_none() && !known.contains(*name)) {
                let words =
                    format!("`{service}` takes {name} from the app's environment, and {SAMPLE} does not have it");
                let found = RuleHit::new(words).key(&set.compose, &format!("services.{service}.environment.{name}"));
                first.entry(name.clone()).or_insert(found);
            }
        }
    }
    let with_hint = |(name, found): (String, RuleHit)| found.hint(format!("add `{name}=`, or `#{name}=`, to {SAMPLE}"));
    first.into_iter().map(with_hint).collect()
}

/// What every container has.
const ALWAYS: [&str; 4] = ["HOME", "HOSTNAME", "PATH", "PWD"];

fn in_templates(input: &LintInput<'_>) -> Vec<RuleHit> {
    let environments = by_service(input, |service| service.environment.keys().map(String::as_str).collect());
    let known = documented(&input.head);
    let has = |service: &str, name: &str| {
        let own = environments.get(service).is_some_and(|names| names.contains(name));
        own || ALWAYS.contains(&name) || (service == "app" && known.contains(name))
    };
    let calls = calls(&input.head).into_iter();
    let missing = calls.filter(|call| call.function == "env" && !has(call.service, call.name));
    let found = missing.map(|Call { service, name, file, line, .. }| {
        let words = format!("the template reads {name}, which `{service}` does not have in its environment");
        RuleHit::new(words).line(file, line).hint(format!("add {name} to services.{service}.environment"))
    });
    found.collect()
}

fn missing_files(input: &LintInput<'_>) -> Vec<RuleHit> {
    let files = input.head.files;
    let mut found = Vec::new();
    for (line, presence, names) in listed(&input.head) {
        for name in names.into_iter().filter(|name| files.text(&tidy_path(name)).is_none()) {
            let whose = match presence {
                Presence::Set => "COMPOSE_FILE",
                Presence::Optional => "the commented COMPOSE_FILE",
            };
            let words = format!("{whose} names {name}, which does not exist");
            found.push(RuleHit::new(words).line(SAMPLE, line).hint("correct the name, or add the file"));
        }
    }
    found
}
