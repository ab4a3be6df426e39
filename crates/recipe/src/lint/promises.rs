//! `CC206`, `CC307` to `CC309`, `CC605`: secrets in plain text, hooks and data that are not where the recipe says, templates that cannot be
//! read.

use super::{LintInput, Rule, RuleCheck, RuleHit};
use crate::compose::{FileUse, Mount, MountKind, Service};
use crate::database::databases;
use crate::source::Severity;
use std::collections::BTreeSet;

pub(super) const RULES: [Rule; 5] = [
    Rule {
        id: "CC206",
        title: "no passwords in compose files",
        severity: Some(Severity::Warning),
        what: "No variable of a service whose name ends in a word such as `PASSWORD`, `SECRET` or `TOKEN` has its value written out in \
            the compose file.",
        why: "Every app of the recipe then has the same password, and it is public.",
        mend: "Make it a secret, and give the app its path, mostly in a variable with `_FILE` behind its name.",
        example: "MYSQL_ROOT_PASSWORD: hunter2                                  # public\nMYSQL_ROOT_PASSWORD_FILE: /run/secrets/db_root_password   # right",
        check: RuleCheck::Offline(plain_passwords),
    },
    Rule {
        id: "CC307",
        title: "scripts of backup hooks are mounted",
        severity: Some(Severity::Error),
        what: "A hook that is a script in the container's root, such as `/pg_backup.sh`, is mounted there by a config, a secret or \
            a volume of that service.",
        why: "Images have no such scripts: the hook ends with `not found`, and there is no dump.",
        mend: "Mount the script as a config with `mode: 0555`.",
        example: "configs:\n  - source: pg_backup\n    target: /pg_backup.sh\n    mode: 0555",
        check: RuleCheck::Offline(hooks_without_script),
    },
    Rule {
        id: "CC309",
        title: "scripts of backup hooks can be executed",
        severity: Some(Severity::Error),
        what: "A config or secret that a backup hook calls as a program, such as `/pg_backup.sh dump`, is mounted with a mode that has an \
            execute bit. `sh /pg_backup.sh` needs none.",
        why: "The mode is 0444 where none is given: the hook ends with `Permission denied`, and there is no dump.",
        mend: "Give it `mode: 0555`.",
        example: "configs:\n  - source: pg_backup\n    target: /pg_backup.sh\n    mode: 0555   # 0444 without this line",
        check: RuleCheck::Offline(hooks_that_cannot_be_executed),
    },
    Rule {
        id: "CC308",
        title: "a database's volume is its data folder",
        severity: Some(Severity::Error),
        what: "Where a PostgreSQL or MariaDB service mounts a volume below `/var/lib`, one of its volumes holds the folder in which the \
            server keeps its data.",
        why: "The data lies in the container, and every update deletes it.",
        mend: "Mount the volume at the server's own folder.",
        example: "- db:/var/lib/postgres/data      # not the folder of PostgreSQL\n- db:/var/lib/postgresql/data   # right",
        check: RuleCheck::Offline(beside_the_data),
    },
    Rule {
        id: "CC605",
        title: "templates can be read",
        severity: Some(Severity::Error),
        what: "In every config with `template_driver: golang`, each `{{` has its `}}`, and each `if`, `range`, `with`, `define` and \
            `block` its `end`.",
        why: "Docker fills a template in when a container starts: every task is rejected.",
        mend: "Close the braces, or the block.",
        example: "{{ env \"DOMAIN\" }     # a brace is missing\n{{ env \"DOMAIN\" }}   # right",
        check: RuleCheck::Offline(broken_templates),
    },
];

/// What a config's mode is where none is given.
const DEFAULT_MODE: u32 = 0o444;

/// The bits that let anybody execute a file.
const EXECUTE: u32 = 0o111;

/// Last words of names that hold secrets.
const SECRET_WORDS: [&str; 9] =
    ["PASSWORD", "PASSWD", "PASS", "SECRET", "TOKEN", "SECRET_KEY", "API_KEY", "PRIVATE_KEY", "ENCRYPTION_KEY"];

fn plain_passwords(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for (name, service) in &compose.services {
            for (variable, value) in &service.environment {
                let Some(value) = value.as_deref().filter(|value| is_written_secret(variable, value)) else { continue };
                let key = format!("services.{name}.environment.{variable}");
                let line =
                    compose.place(&key).map(|place| input.head.line(&place.file, place.line)).unwrap_or_default();
                // What a variable fills in comes from elsewhere, and so does what a file of variables gives.
                let written = line.contains(value) && !line.contains('$');
                let hit = RuleHit::new(format!("{variable} stands in plain text")).key(compose, &key);
                let hit =
                    hit.hint(format!("make it a secret, and give the app its path: {variable}_FILE, if it knows that"));
                if written && !found.contains(&hit) {
                    found.push(hit);
                }
            }
        }
    }
    found
}

fn is_written_secret(variable: &str, value: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    let named = SECRET_WORDS
        .iter()
        .any(|word| name.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')));
    let switch =
        matches!(value.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null");
    let path = value.starts_with('/') || value.contains("://");
    named && !switch && !path && value.len() >= 4 && !name.starts_with("ALLOW_") && !name.contains("RESET")
}

fn hooks_without_script(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for (name, service) in &compose.services {
            for (label, command) in service.deploy.labels.iter().filter(|(label, _)| is_hook(label)) {
                let Some(script) = script(command).filter(|script| !is_mounted(service, script)) else { continue };
                let words = format!("`{script}` is no config of service `{name}`");
                let hit = RuleHit::new(words).key(compose, &format!("services.{name}.deploy.labels.{label}"));
                let hit = hit.hint(format!("mount it: configs with `target: {script}` and `mode: 0555`"));
                if !found.contains(&hit) {
                    found.push(hit);
                }
            }
        }
    }
    found
}

fn hooks_that_cannot_be_executed(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for (name, service) in &compose.services {
            for (label, command) in service.deploy.labels.iter().filter(|(label, _)| is_hook(label)) {
                let Some(program) = command.split_whitespace().next().filter(|word| word.starts_with('/')) else {
                    continue;
                };
                let mut files = service.configs.iter().chain(&service.secrets);
                let Some(file) = files.find(|used| is_mounted_as(used, program)) else { continue };
                // A volume below that path, or above it, may hold another one.
                let hidden = service.volumes.iter().any(|mount| mount.target.trim_end_matches('/') == program);
                let mode = file.mode.unwrap_or(DEFAULT_MODE);
                if mode & EXECUTE != 0 || hidden {
                    continue;
                }
                let words = format!("`{program}` has the mode {mode:04o} in service `{name}`: nobody can execute it");
                let hit = RuleHit::new(words).key(compose, &format!("services.{name}.deploy.labels.{label}"));
                let hit = hit.hint(format!("mount `{}` with `mode: 0555`", file.source));
                if !found.contains(&hit) {
                    found.push(hit);
                }
            }
        }
    }
    found
}

fn is_hook(label: &str) -> bool {
    label.starts_with("backupbot.") && (label.ends_with(".pre-hook") || label.ends_with(".post-hook"))
}

/// The script in the container's root that a command begins with.
fn script(command: &str) -> Option<&str> {
    let mut words =
        command.split_whitespace().skip_while(|word| matches!(*word, "sh" | "bash" | "/bin/sh" | "/bin/bash" | "-e"));
    let first = words.next()?;
    let file = first.strip_prefix('/')?;
    let entrypoint = file.ends_with("entrypoint.sh");
    (file.ends_with(".sh") && !file.contains('/') && !entrypoint).then_some(first)
}

/// Whether a config, or a secret, is the file at that path.
fn is_mounted_as(used: &FileUse, path: &str) -> bool {
    used.target.as_ref().unwrap_or(&used.source).trim_start_matches('/') == path.trim_start_matches('/')
}

fn is_mounted(service: &Service, script: &str) -> bool {
    let file = service.configs.iter().chain(&service.secrets).any(|used| is_mounted_as(used, script));
    file || service.volumes.iter().any(|mount| mount.target.trim_end_matches('/') == script || mount.target == "/")
}

fn beside_the_data(input: &LintInput<'_>) -> Vec<RuleHit> {
    let mut found: Vec<RuleHit> = Vec::new();
    for compose in input.head.sets.iter().map(|set| &set.compose) {
        for database in databases(compose) {
            let Some(service) = compose.services.get(&database.service) else { continue };
            let Some(folder) = database.kind.folder(service) else { continue };
            if holds(service, folder) {
                continue;
            }
            let Some((volume, target)) = below_var_lib(service) else { continue };
            let words = format!("the volume `{volume}` is mounted at {target}, and the server's folder is {folder}");
            let hit = RuleHit::new(words).key(compose, &format!("services.{}.volumes.{target}", database.service));
            let hit = hit.hint(format!("mount it at {folder}"));
            if !found.contains(&hit) {
                found.push(hit);
            }
        }
    }
    found
}

/// Whether something is mounted at a folder, or above it.
fn holds(service: &Service, folder: &str) -> bool {
    service.volumes.iter().any(|mount| {
        let rest = folder.strip_prefix(mount.target.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn below_var_lib(service: &Service) -> Option<(&str, &str)> {
    let volume = |mount: &&Mount| mount.kind == MountKind::Volume && mount.target.starts_with("/var/lib/");
    let mount = service.volumes.iter().find(volume)?;
    Some((mount.source.as_deref()?, &mount.target))
}

fn broken_templates(input: &LintInput<'_>) -> Vec<RuleHit> {
    let configs = input.head.sets.iter().flat_map(|set| set.compose.configs.values());
    let files: BTreeSet<&str> =
        configs.filter(|config| config.template_driver.is_some()).filter_map(|config| config.file.as_deref()).collect();
    let broken = files.into_iter().filter_map(|file| {
        let (line, what) = broken(input.head.files.text(file)?)?;
        Some(
            RuleHit::new(format!("the template cannot be read: {what}"))
                .line(file, line)
                .hint("close it: Docker rejects every task with such a config"),
        )
    });
    broken.collect()
}

/// The first line at which a template breaks off, and how.
fn broken(text: &str) -> Option<(u32, String)> {
    let mut open: Vec<(u32, String)> = Vec::new();
    let (mut rest, mut line) = (text, 1);
    let lines = |text: &str| u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX);
    while let Some(at) = rest.find("{{") {
        line += lines(&rest[..at]);
        let inside = &rest[at + 2..];
        let Some(end) = end_of_action(inside) else { return Some((line, "a brace is missing".to_owned())) };
        let action = inside[..end].trim_start_matches('-').trim();
        match action.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default() {
            word @ ("if" | "range" | "with" | "define" | "block") => open.push((line, word.to_owned())),
            "end" if open.pop().is_none() => return Some((line, "an `end` without a beginning".to_owned())),
            _ => {}
        }
        line += lines(&inside[..end]);
        rest = &inside[end + 2..];
    }
    open.pop().map(|(line, word)| (line, format!("the `{word}` has no `end`")))
}

/// Where an action ends, texts in quotes and comments aside; `None` when another one begins before.
fn end_of_action(inside: &str) -> Option<usize> {
    if inside.trim_start_matches('-').trim_start().starts_with("/*") {
        let comment = inside.find("*/")?;
        return inside[comment..].find("}}").map(|at| comment + at);
    }
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if letter == '\\' => escaped = true,
            Some(mark) if letter == mark => quote = None,
            Some(_) => {}
            None if matches!(letter, '"' | '`') => quote = Some(letter),
            None if inside[at..].starts_with("}}") => return Some(at),
            None if inside[at..].starts_with("{{") => return None,
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_break_off() {
        let check = |text: &str, expected: Option<(u32, &str)>| {
            let found = broken(text);
            assert_eq!(found.as_ref().map(|(line, what)| (*line, what.as_str())), expected, "{text}");
        };
        check("a {{ env \"X\" }} b\n{{ if eq (env \"Y\") \"}}\" }}x{{ else }}y{{- end -}}\n", None);
        check("{{/* a {{ b */}}\n{{ `{{` }}", None);
        check("x\n{{ env \"DOMAIN\" }\n{{ if 1 }}{{ end }}", Some((2, "a brace is missing")));
        check("{{ if 1 }}\n{{ range .X }}\n{{ end }}", Some((1, "the `if` has no `end`")));
        check("a\n\n{{ end }}", Some((3, "an `end` without a beginning")));
        check("{{ env \"X", Some((1, "a brace is missing")));
    }

    #[test]
    fn what_a_hook_starts_with() {
        assert_eq!(script("/pg_backup.sh backup"), Some("/pg_backup.sh"));
        assert_eq!(script("sh -e /x.sh"), Some("/x.sh"));
        for other in ["/usr/local/bin/x.sh", "pg_dump > /x.sh", "/docker-entrypoint.sh x", "/bin/true", ""] {
            assert_eq!(script(other), None, "{other}");
        }
    }

    #[test]
    fn values_that_are_passwords() {
        assert!(is_written_secret("MYSQL_ROOT_PASSWORD", "hunter2"));
        assert!(is_written_secret("api_key", "abcd"));
        for (name, value) in [
            ("X_PASSWORD_FILE", "abcd"),
            ("ALLOW_EMPTY_PASSWORD", "1234"),
            ("COMPASS", "north"),
            ("A_TOKEN", "true"),
            ("A_SECRET", "/run/x"),
        ] {
            assert!(!is_written_secret(name, value), "{name}={value}");
        }
    }
}
