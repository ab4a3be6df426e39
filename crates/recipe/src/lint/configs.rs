//! `CC1xx`: configs never change in Swarm; a new content needs a new name, and so a new version.

use super::{LintInput, Reading, Rule, RuleCheck, RuleHit};
use crate::compose::contents::MAX_SECRET;
use crate::compose::{Compose, StackFile};
use crate::in_place::raised;
use crate::interpolate::{uses, variables};
use crate::secrets::swarm_name;
use crate::source::{Severity, Topic};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULES: [Rule; 7] = [
    Rule {
        id: "CC101",
        title: "a changed config has a new version",
        severity: Some(Severity::Error),
        what: "For every config (and secret) that the recipe makes from a file: if the file's content, or the template \
            driver, differs from the base, the name on the engine differs too. The base is what `--against` names, else the \
            one of a run: as a rule the newest published version that head descends from.",
        why: "Swarm never changes the content of a config. Every operator who upgrades gets `only updates to Labels are \
            allowed` and an app that stays as it was. A fresh install hides it. In the history of two recipes, 23 of 36 \
            commits that changed a config forgot the version.",
        mend: "Raise the version that `abra.sh` exports, in the same commit.",
        example: "# abra.sh, after a change of nginx.conf.tmpl\nexport NGINX_CONF_VERSION=v4   # was v3",
        check: RuleCheck::Offline(changed),
    },
    Rule {
        id: "CC102",
        title: "every exported version is used",
        severity: Some(Severity::Warning),
        what: "Every `…_VERSION` that `abra.sh` exports is read by a compose file, or by a later line of a script or template.",
        why: "What is left of a config that no longer exists is raised by hand for ever after; or the name in the compose \
            file is misspelt.",
        mend: "Remove the export, or correct the name.",
        example: "export MEILI_BACKUP_VERSION=v2   # no config reads it",
        check: RuleCheck::Offline(unused_exports),
    },
    Rule {
        id: "CC103",
        title: "defaults agree with abra.sh",
        severity: Some(Severity::Warning),
        what: "A default such as `${NGINX_CONF_VERSION:-v3}` is the value that `abra.sh` exports.",
        why: "abra deploys the one, plain `docker stack deploy` the other; whoever reads the compose file believes the wrong one.",
        mend: "Leave the default out, or raise both.",
        example: "name: ${STACK_NAME}_nginx_conf_${NGINX_CONF_VERSION}   # no default",
        check: RuleCheck::Offline(defaults),
    },
    Rule {
        id: "CC104",
        title: "every config has a version in its name",
        severity: Some(Severity::Warning),
        what: "The `name` of every config with a file holds a variable besides `STACK_NAME`.",
        why: "Without one the content can never change: Swarm refuses, and there is no version to raise.",
        mend: "Give it a name with a version, and export the version in `abra.sh`.",
        example: "configs:\n  nginx_conf:\n    name: ${STACK_NAME}_nginx_conf_${NGINX_CONF_VERSION}\n    file: nginx.conf.tmpl",
        check: RuleCheck::Offline(unversioned),
    },
    Rule {
        id: "CC105",
        title: "every config's version has a value",
        severity: Some(Severity::Error),
        what: "With the values of `.env.sample` and `abra.sh`, no name of a config that is used ends in `_`.",
        why: "The version is empty: every later content would need the same name, which Swarm refuses.",
        mend: "Export the variable in `abra.sh`.",
        example: "export NGINX_CONF_VERSION=v1",
        check: RuleCheck::Offline(without_value),
    },
    Rule {
        id: "CC106",
        title: "every config is used",
        severity: Some(Severity::Warning),
        what: "Every top-level config is mounted by a service, in some choice of compose files.",
        why: "Swarm makes it all the same, and it has to be kept up to date for nothing.",
        mend: "Remove it, or mount it.",
        example: "services:\n  app:\n    configs:\n      - source: nginx_conf\n        target: /etc/nginx/nginx.conf",
        check: RuleCheck::Offline(unused),
    },
    Rule {
        id: "CC107",
        title: "every config has a size that engines take",
        severity: Some(Severity::Error),
        what: "Every file of a config holds less than 512,000 bytes.",
        why: "That much Docker's manual promises. Engines of today take twice as much, those before 19.03 refuse the deploy; and \
            every node gets every config through Swarm's log.",
        mend: "Put the content into the image or a volume, or split it.",
        example: "configs:\n  words:\n    file: words.txt   # 600 kB",
        check: RuleCheck::Offline(large),
    },
];

/// Something that the stack makes from a file of the recipe.
struct Made<'r> {
    section: &'static str,
    id: &'r str,
    compose: &'r Compose,
    entry: &'r StackFile,
    file: &'r str,
}

impl Made<'_> {
    fn key(&self, part: &str) -> String {
        format!("{}.{}.{part}", self.section, self.id)
    }

    fn kind(&self) -> &'static str {
        if self.section == "configs" { "config" } else { "secret" }
    }
}

/// Configs and secrets with a file, in any choice of compose files; of two with the same name the first.
fn made<'r>(reading: &'r Reading<'_>) -> BTreeMap<String, Made<'r>> {
    let mut found = BTreeMap::new();
    for set in &reading.sets {
        let sections = [("configs", &set.compose.configs), ("secrets", &set.compose.secrets)];
        for (section, (id, entry)) in
            sections.into_iter().flat_map(|(name, map)| map.iter().map(move |one| (name, one)))
        {
            let Some(file) = entry.file.as_deref().filter(|_| !entry.external) else { continue };
            let name = format!("{section}/{}", swarm_name(entry, id, &reading.stack));
            found.entry(name).or_insert(Made { section, id, compose: &set.compose, entry, file });
        }
    }
    found
}

fn changed(input: &LintInput<'_>) -> Vec<RuleHit> {
    let Some(base) = &input.base else { return Vec::new() };
    let (head, before) = (made(&input.head), made(&base.reading));
    let mut found = Vec::new();
    for (name, now) in &head {
        let Some(then) = before.get(name) else { continue };
        let what = match (input.head.files.content(now.file), base.reading.files.content(then.file)) {
            (Some(content), Some(before)) if content != before => format!("`{}` changed", now.file),
            _ if now.entry.template_driver != then.entry.template_driver => {
                format!("the template driver of {} `{}` changed", now.kind(), now.id)
            }
            _ => continue,
        };
        found.push(stale(input, now, &format!("{what} since {}", base.name)));
    }
    found
}

/// A finding at the version to raise.
fn stale(input: &LintInput<'_>, made: &Made<'_>, what: &str) -> RuleHit {
    let version = version_variables(made.entry).last().map(|name| (*name).to_owned());
    let exported = version.as_deref().and_then(|name| input.head.abra_sh.exports.iter().rfind(|one| one.name == name));
    match (exported, version) {
        (Some(export), _) => {
            let words = format!("{what}, but {} `{}` still has the version {}", made.kind(), made.id, export.value);
            let hint = format!("raise it in the same change: export {}={}", export.name, raised(&export.value));
            RuleHit::new(words).line("abra.sh", export.line).hint(hint)
        }
        (None, Some(name)) => {
            let words = format!("{what}, but the name of {} `{}` is the same", made.kind(), made.id);
            RuleHit::new(words).key(made.compose, &made.key("name")).hint(format!("raise {name}"))
        }
        (None, None) => {
            let words = format!("{what}, and the name of {} `{}` has no version to raise", made.kind(), made.id);
            let hint = "give it a name with a version: ${STACK_NAME}_… _${…_VERSION}";
            RuleHit::new(words).key(made.compose, &format!("{}.{}", made.section, made.id)).hint(hint)
        }
    }
}

fn version_variables(entry: &StackFile) -> Vec<&str> {
    let names = variables(entry.name_text.as_deref().unwrap_or_default());
    names.into_iter().filter(|name| *name != "STACK_NAME").collect()
}

fn large(input: &LintInput<'_>) -> Vec<RuleHit> {
    let made = made(&input.head);
    let configs = made.values().filter(|one| one.section == "configs");
    let sized = configs.filter_map(|one| Some((one, input.head.files.size(one.file)?)));
    let found = sized.filter(|(_, size)| *size >= MAX_SECRET).map(|(one, size)| {
        let words = format!(
            "`{}` is larger than a config may be everywhere: {size} bytes, of fewer than {MAX_SECRET}",
            one.file
        );
        RuleHit::new(words).key(one.compose, &one.key("file")).hint("put it into the image or a volume, or split it")
    });
    found.collect()
}

fn unused_exports(input: &LintInput<'_>) -> Vec<RuleHit> {
    let head = &input.head;
    let exports = head.abra_sh.exports.iter().filter(|export| export.name.ends_with("_VERSION"));
    let docs = |path: &str| path.ends_with(".md") || path.starts_with("release/");
    let texts = head.files.texts.iter().filter(|(path, _)| !docs(path));
    let read: BTreeSet<&str> = texts.flat_map(|(_, text)| text.lines()).flat_map(words_read).collect();
    let unused = exports.filter(|export| !read.contains(export.name.as_str()));
    let found = unused.map(|export| {
        let words = format!("nothing reads {}", export.name);
        RuleHit::new(words).line("abra.sh", export.line).hint("remove the export, or correct its name")
    });
    found.collect()
}

/// The names that a line of a script or template may read: not the one that it exports itself.
fn words_read(line: &str) -> impl Iterator<Item = &str> {
    let code = line.trim_start();
    let own = code.strip_prefix("export ").and_then(|rest| rest.split_once('=')).map(|(name, _)| name);
    let code = if code.starts_with('#') { "" } else { code };
    let words = code.split(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    words.filter(move |word| !word.is_empty() && Some(*word) != own)
}

fn defaults(input: &LintInput<'_>) -> Vec<RuleHit> {
    let head = &input.head;
    let exports: BTreeMap<&str, &str> =
        head.abra_sh.exports.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    let mut found = Vec::new();
    for (file, number, line) in head.compose_lines() {
        for (name, default) in uses(line).into_iter().filter_map(|(name, default)| Some((name, default?))) {
            if let Some(value) = exports.get(name).filter(|value| **value != default) {
                let words = format!("the default `{default}` of {name} is not `{value}`, which abra.sh exports");
                found.push(RuleHit::new(words).line(file, number).hint(format!("write ${{{name}}}")));
            }
        }
    }
    found
}

fn unversioned(input: &LintInput<'_>) -> Vec<RuleHit> {
    let made = made(&input.head);
    let without = made.values().filter(|one| one.section == "configs" && version_variables(one.entry).is_empty());
    let found = without.map(|one| {
        let words = format!("the name of config `{}` has no version, so `{}` can never change", one.id, one.file);
        let variable = format!("{}_VERSION", one.id.to_uppercase());
        let hint = format!("name: ${{STACK_NAME}}_{}_${{{variable}}}, and `export {variable}=v1` in abra.sh", one.id);
        RuleHit::new(words).key(one.compose, &format!("configs.{}", one.id)).hint(hint)
    });
    found.collect()
}

fn without_value(input: &LintInput<'_>) -> Vec<RuleHit> {
    let found = input.head.problems_anywhere(Topic::NoVersion).into_iter();
    found.filter(|problem| is_in(problem.key.as_deref(), "configs.")).map(RuleHit::of_problem).collect()
}

pub(super) fn is_in(key: Option<&str>, section: &str) -> bool {
    key.is_some_and(|key| key.starts_with(section))
}

fn unused(input: &LintInput<'_>) -> Vec<RuleHit> {
    let sets = &input.head.sets;
    let used = |id: &str| {
        let mut services = sets.iter().flat_map(|set| set.compose.services.values());
        services.any(|service| service.configs.iter().any(|one| one.source == id))
    };
    let declared = sets.iter().flat_map(|set| set.compose.configs.keys().map(move |id| (set, id)));
    let found = declared.filter(|(_, id)| !used(id)).map(|(set, id)| {
        let found = RuleHit::new(format!("no service uses the config `{id}`"));
        found.key(&set.compose, &format!("configs.{id}")).hint("remove it, or mount it in a service")
    });
    found.collect()
}
