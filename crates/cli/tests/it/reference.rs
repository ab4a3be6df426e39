//! The pages in docs/reference are made from the code; this test fails when one is not what the code says now.
//!
//! `CC_CI_WRITE=1 cargo test -p cc-ci --test it reference` writes them anew.

mod items;

use cc_ci_args::Cli;
use cc_ci_engine::custom::contract::{EXIT_CODES, VARIABLES, VariableScope};
use cc_ci_engine::custom::sandbox::Size;
use cc_ci_model::settings::keys::{KEYS, SettingKey};
use cc_ci_recipe::requests::Item;
use clap::{Command, CommandFactory};
use std::fs;
use std::path::Path;

const MADE: &str = "<!-- Made from the code by `crates/cli/tests/it/reference.rs`; do not edit. -->\n";

fn check(page: &str, text: &str) {
    same(page, &format!("{MADE}\n{}\n", text.trim_end()));
}

fn same(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(page);
    if std::env::var_os("CC_CI_WRITE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "docs/reference/{page} is not what the code says; write it anew: CC_CI_WRITE=1 cargo test -p cc-ci --test it reference"
    );
}

#[test]
fn the_command_line() {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut text = "# Command line\n".to_owned();
    section(&mut root, "", &mut text);
    check("cli.md", &text);
}

fn section(command: &mut Command, parents: &str, text: &mut String) {
    let name = format!("{parents}{}", command.get_name());
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.push_str(&["\n## `", &name, "`\n\n```text\n", help.join("\n").trim_end(), "\n```\n"].concat());
    for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        section(inner, &format!("{name} "), text);
    }
}

#[test]
fn exit_codes() {
    let rows = cc_ci_model::exit::ALL.map(|(code, name, meaning)| format!("| {code} | {name} | {meaning} |"));
    let head = "# Exit codes\n\n| code | name | meaning |\n|---|---|---|\n";
    check("exit-codes.md", &format!("{head}{}", rows.join("\n")));
}

#[test]
fn settings() {
    let intro = "# Settings\n\n\
        `ci.toml` lies in a recipe's `tests/`, and in `catalogue/<recipe>/` of the state folder (or of `--catalogue DIR`). Both \
        are read; where both give a key, the catalogue's holds. With `--tests DIR` that folder's `ci.toml` is read in place of \
        the recipe's. An unknown key, and a value out of its range, is an error before anything is deployed. What a run was \
        changed by is shown when it starts and stored in its results; values whose name looks like a secret's are masked.\n";
    let sections = KEYS.iter().map(|key| {
        let example = match key.example {
            "" => String::new(),
            example => format!("\n```toml\n{example}\n```\n"),
        };
        let SettingKey { name, form, default, meaning, .. } = key;
        format!("## `{name}`\n\n{meaning}\n\n- form: {form}\n- default: {default}\n{example}")
    });
    check("settings.md", &format!("{intro}\n{}", sections.collect::<Vec<_>>().join("\n")));
}

#[test]
fn provides() {
    let intro = "# What a recipe provides to others\n\n\
        `provides.toml` lies in `catalogue/<recipe>/` of the state folder (or of `--catalogue DIR`), beside the scripts it names: \
        it belongs to the operator, never to a recipe under test. A table per capability; the dependent takes it under \
        `provided.<capability>` of its [settings](settings.md). How the scripts are called is in the \
        [guide](../guide/dependencies.md).\n\n| key | form | meaning |\n|---|---|---|\n";
    let rows = cc_ci_model::settings::provides::KEYS
        .iter()
        .map(|key| format!("| `{}` | {} | {} |", key.name, key.form, key.meaning));
    check("provides.md", &format!("{intro}{}", rows.collect::<Vec<_>>().join("\n")));
}

#[test]
fn policy() {
    let intro = "# Compose policy\n\n\
        A recipe gets its own containers, volumes, secrets, configs and networks, and the network `proxy`. What asks for more is \
        refused before anything is deployed, with file, line and key, at head and at its base (exit code 23). Keys that Swarm \
        ignores are refused too.\n\n\
        An operator allows single items to single repositories in `policy.toml` of the state folder (or `--policy FILE`). Values \
        are compared letter by letter; there are no wildcards. A refusal ends with the entry to copy:\n\n\
        ```toml\n[allow.mumble]\nhost-port = [\"64738/tcp\", \"64738/udp\"]\n\n\
        [allow.\"git.example.org/recipes/own\"]\ncapability = [\"NET_ADMIN\"]\n```\n\n\
        A repository is named by where it comes from, never by the name of its folder: host and path of the URL, or of the origin \
        of a clone (user, `https://` or `ssh://`, a usual port and a last `.git` make no difference; `http://` and `git://` do); \
        the path of a folder without an origin elsewhere; or a bare name, which is that of a recipe of the commons \
        (`git.coopcloud.tech/coop-cloud/NAME`) or of one that the set-up assembled. The origin of a clone is what its own \
        settings say: give no policy to a folder that a stranger made.\n\n\
        For one run of a recipe of your own, `--allow ITEM=VALUE` does the same, as often as it is needed.\n\n\
        Hooks of a recipe that want the host (`tests/hooks/host/`) run only where `host-hooks = true` stands beside them, or \
        with `--trust-hooks`; any other is denied, and the plan, the manifest and the summary say so.\n\n\
        How long a run may take is the recipe's to say (`limits.run`), up to one hour. The operator draws the line elsewhere, in \
        seconds; what CI's catalogue says is not bounded by it:\n\n\
        ```toml\n[limits]\nrun = 7200\n```\n\n\
        | item | asks for | where | a value |\n|---|---|---|---|\n";
    let rows = Item::ALL
        .map(|item| format!("| `{}` | {} | {} | `{}` |", item.word(), item.what(), item.keys(), item.example()));
    check("policy.md", &format!("{intro}{}", rows.join("\n")));
}

#[test]
fn serving() {
    let intro = "# Settings of the server\n\n\
        `cc-ci serve` reads `server.toml` of the state folder, or `--config FILE`. An unknown key and a wrong type are errors. \
        Secrets stand in files of one line each, never in this file: a file that a key names, or a credential that systemd hands \
        to the service (`LoadCredential=main-token:/etc/cc-ci/main-token` for a forge that is called `main`).\n\n\
        ```toml\nlisten = \"127.0.0.1:8080\"\npublic_url = \"https://ci.example.org\"\n\n\
        [forges.main]\nurl = \"https://git.example.org\"\nkind = \"forgejo\"\n```\n\n";
    let table = |title: &str, keys: &[cc_ci_model::serving::ServingKey]| {
        let rows =
            keys.iter().map(|key| format!("| `{}` | {} | {} | {} |\n", key.name, key.form, key.default, key.meaning));
        format!("## {title}\n\n| key | form | default | meaning |\n|---|---|---|---|\n{}", rows.collect::<String>())
    };
    let top = table("At the top", &cc_ci_model::serving::KEYS);
    let forge = table("Below `[forges.NAME]`", &cc_ci_model::serving::FORGE_KEYS);
    check("server.md", &format!("{intro}{top}\n{forge}"));
}

#[test]
fn environment() {
    let intro = "# What tests and hooks get, and what they answer\n\n\
        The same for every language. Everything runs in the sandbox with the tests folder as its working directory, but for \
        `hooks/host/*`, which run on the host with the recipe's tests folder as theirs. No variable and no argument ever \
        holds a secret.\n\n\
        ## Variables\n\n| variable | in Hurl | where | holds |\n|---|---|---|---|\n";
    let rows = VARIABLES.map(|variable| {
        let reach = match variable.reach {
            VariableScope::All => "sandbox, host",
            VariableScope::Sandbox => "sandbox",
        };
        let hurl = if variable.hurl.is_empty() { String::new() } else { format!("`{{{{{}}}}}`", variable.hurl) };
        format!("| `{}` | {hurl} | {reach} | {} |", variable.name, variable.holds)
    });
    let codes = EXIT_CODES.map(|(code, means)| format!("| {code} | {means} |"));
    let runners = "## Files\n\n| name | run with | single tests in the report |\n|---|---|---|\n\
        | `*.hurl` | Hurl | no |\n\
        | `test_*.py` | pytest; no execute bit is needed | each test function |\n\
        | `browser_*.py` | pytest with Playwright and Chromium, in the image `cc-ci/browser:1` | each test function |\n\
        | anything else that is executable | itself | no |\n";
    let size = |size: Size| {
        let (memory, cpus) = (size.memory() >> 20, size.cpus() / 1_000_000_000);
        format!("{memory} MiB | {cpus} | {}", size.processes())
    };
    let bounds = format!(
        "## Bounds\n\n| tests | memory | CPUs | processes |\n|---|---|---|---|\n| ordinary | {} |\n| with a browser among them | {} |\n",
        size(Size::Ordinary),
        size(Size::Browser)
    );
    let codes = format!("## Exit codes\n\n| code | means |\n|---|---|\n{}\n", codes.join("\n"));
    check("environment.md", &format!("{intro}{}\n\n{codes}\n{runners}\n{bounds}", rows.join("\n")));
}

#[test]
fn lint_rules() {
    check("lint.md", &cc_ci_recipe::lint::page::page());
}

#[test]
fn the_schema_of_results() {
    let mut schema = cc_ci_model::report::results::schema();
    schema["title"] = "results.json of cc-ci, schema 3".into();
    schema["$comment"] = "Made from the code by crates/cli/tests/it/reference.rs; do not edit.".into();
    same("results.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema).unwrap()));
}

#[test]
fn events() {
    let intro = "# Events\n\n\
        A run folder's `events.jsonl` holds one JSON object a line: `seq`, the position from 0 without gaps; `ms`, \
        milliseconds since the run started; and `event`, one of those below, told apart by `type`. The first event carries \
        `format` and `minor`, the version of all this: a reader takes its own format and any minor version up to its own.\n";
    let event = include_str!("../../../model/src/event.rs");
    let outcome = include_str!("../../../model/src/outcome.rs");
    let lint = include_str!("../../../recipe/src/lint.rs");
    let testcase = include_str!("../../../model/src/testcase.rs");
    let object = include_str!("../../../model/src/object.rs");
    let parts = [
        items::page(
            event,
            &["Event", "ServiceSeen", "Budget", "Triage", "Screenshot", "Shot", "InventoryWhen", "RunEnd"],
        ),
        items::page(lint, &["LintReport", "LintFinding"]),
        items::page(outcome, &["Outcome", "Finding", "Cause"]),
        items::page(testcase, &["TestCase", "CaseEnd"]),
        items::page(object, &["Object", "ObjectKind"]),
    ];
    check("events.md", &format!("{intro}\n{}", parts.join("\n")));
}
