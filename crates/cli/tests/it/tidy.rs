//! House rules that can be checked by reading files; STYLE.md gives the reasons.

mod circles;
mod doors;
mod exceptions;
mod lengths;
mod named;
mod names;
mod requirements;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only dependencies between crates of this workspace; `dev:` marks one that only tests have.
const ARROWS: [(&str, &[&str]); 15] = [
    (
        "cc-ci",
        &[
            "cc-ci-args",
            "cc-ci-engine",
            "cc-ci-model",
            "cc-ci-pages",
            "cc-ci-recipe",
            "cc-ci-runner",
            "cc-ci-selftest",
            "cc-ci-server",
            "cc-ci-store",
            "cc-ci-terminal",
            "dev:cc-ci-testkit",
        ],
    ),
    (
        "cc-ci-args",
        &[
            "cc-ci-engine",
            "cc-ci-model",
            "cc-ci-pages",
            "cc-ci-recipe",
            "cc-ci-runner",
            "cc-ci-store",
            "cc-ci-terminal",
        ],
    ),
    ("cc-ci-edge", &[]),
    ("cc-ci-engine", &["cc-ci-edge", "cc-ci-model", "cc-ci-recipe", "dev:cc-ci-testkit"]),
    ("cc-ci-forge", &["dev:cc-ci-testkit"]),
    ("cc-ci-model", &["cc-ci-recipe"]),
    ("cc-ci-pages", &["cc-ci-model", "cc-ci-recipe"]),
    ("cc-ci-recipe", &[]),
    (
        "cc-ci-runner",
        &["cc-ci-engine", "cc-ci-model", "cc-ci-pages", "cc-ci-recipe", "cc-ci-store", "dev:cc-ci-testkit"],
    ),
    ("cc-ci-selftest", &["cc-ci-engine"]),
    (
        "cc-ci-server",
        &["cc-ci-forge", "cc-ci-model", "cc-ci-pages", "cc-ci-recipe", "cc-ci-store", "cc-ci-web", "dev:cc-ci-testkit"],
    ),
    ("cc-ci-store", &["cc-ci-model", "cc-ci-recipe"]),
    ("cc-ci-terminal", &["cc-ci-model", "cc-ci-recipe"]),
    ("cc-ci-testkit", &["cc-ci-engine", "cc-ci-model", "cc-ci-recipe", "cc-ci-store"]),
    ("cc-ci-web", &["cc-ci-model", "cc-ci-pages", "cc-ci-store"]),
];

/// All that the pure crates may use: nothing that reads a file, a clock, the network, the environment or chance.
const PURE: [(&str, &[&str]); 2] = [
    (
        "model",
        &[
            "aho-corasick",
            "base64",
            "cc-ci-recipe",
            "chrono",
            "hex",
            "html5gum",
            "quick-junit",
            "quick-xml",
            "schemars",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "toml",
        ],
    ),
    ("recipe", &["granit-parser", "schemars", "semver", "serde", "serde-saphyr", "serde_json", "strsim", "thiserror"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Every file of the repository that git does not ignore, relative to its root.
fn files() -> Vec<String> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").args(["-c", "safe.directory=*"]).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<String> = names.split('\0').filter(|name| root().join(name).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 50, "only {} files seen", files.len());
    files
}

/// Every file that is text, with its text.
fn texts() -> Vec<(String, String)> {
    let read = |name: String| fs::read_to_string(root().join(&name)).ok().map(|text| (name, text));
    files().into_iter().filter_map(read).collect()
}

fn sources() -> Vec<(String, String)> {
    texts().into_iter().filter(|(name, _)| name.ends_with(".rs")).collect()
}

/// Fails with every offence at once.
fn none(what: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{what}:\n  {}", offences.join("\n  "));
}

/// Fails with every offence that no exception names, and with every exception that is no longer needed.
fn only(what: &str, offences: &BTreeSet<String>, exceptions: &[&str]) {
    let known = |offence: &String| exceptions.contains(&offence.as_str());
    none(what, &offences.iter().filter(|offence| !known(offence)).cloned().collect::<Vec<_>>());
    let unneeded = exceptions.iter().filter(|exception| !offences.contains(**exception));
    let unneeded: Vec<String> = unneeded.map(|exception| (*exception).to_owned()).collect();
    none(&format!("{what}: exceptions that are no longer needed"), &unneeded);
}

/// Names under a section of a manifest, such as `dependencies`.
fn dependencies(manifest: &str, section: &str) -> BTreeSet<String> {
    let wanted = format!("[{section}]");
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == wanted;
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.insert(line.split(['=', '.', ' ']).next().unwrap().to_owned());
        }
    }
    names
}

fn manifests() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (name, text) in texts() {
        if name.starts_with("crates/") && name.ends_with("/Cargo.toml") {
            let line = text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
            found.insert(line.trim_matches('"').to_owned(), text);
        }
    }
    found
}

#[test]
fn crates_depend_on_each_other_only_along_the_arrows() {
    let manifests = manifests();
    let known: Vec<&str> = manifests.keys().map(String::as_str).collect();
    assert_eq!(known, ARROWS.map(|(name, _)| name), "a new crate is a new arrow: draw it in ARCHITECTURE.md and here");
    let mut offences = Vec::new();
    for (name, allowed) in ARROWS {
        let manifest = &manifests[name];
        for (section, mark) in [("dependencies", ""), ("dev-dependencies", "dev:"), ("build-dependencies", "build:")] {
            let ours = dependencies(manifest, section).into_iter().filter(|one| one.starts_with("cc-ci"));
            let edges = ours.map(|one| format!("{mark}{one}"));
            let extra = edges.filter(|edge| !allowed.contains(&edge.as_str()));
            offences.extend(extra.map(|edge| format!("{name} -> {edge}")));
        }
        assert!(!manifest.contains("\n[target."), "{name}: dependencies per target escape this test");
    }
    none("dependencies that no arrow allows", &offences);
}

#[test]
fn the_pure_crates_have_nothing_to_touch_the_world_with() {
    for (name, allowed) in PURE {
        let manifest = &manifests()[&format!("cc-ci-{name}")];
        let used: Vec<String> = dependencies(manifest, "dependencies").into_iter().collect();
        assert_eq!(used, allowed, "{name}");
    }
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let chrono = workspace.lines().find(|line| line.starts_with("chrono = ")).unwrap();
    assert!(chrono.contains("default-features = false") && !chrono.contains("clock"), "chrono with a clock: {chrono}");
    let doors = ["std::fs", "std::net", "std::process", "std::env", "Instant::now", "SystemTime", "std::thread"];
    let mut offences = Vec::new();
    let pure = |name: &str| PURE.iter().any(|(part, _)| name.starts_with(&format!("crates/{part}/src/")));
    for (name, text) in sources().into_iter().filter(|(name, _)| pure(name)) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        offences.extend(doors.iter().filter(|door| code.contains(**door)).map(|door| format!("{name}: {door}")));
    }
    none("pure crates touch the world", &offences);
}

#[test]
fn only_one_module_starts_programs() {
    let mut offences = Vec::new();
    for (name, text) in sources() {
        let product = name.contains("/src/") && !name.starts_with("crates/testkit/") && !name.ends_with("/tests.rs");
        let code = text.split("#[cfg(test)]").next().unwrap();
        let starts = code.contains("std::process::Command") || code.contains("tokio::process");
        if product && starts && !name.starts_with("crates/engine/src/process") {
            offences.push(name);
        }
    }
    none("programs are started outside of engine/process.rs", &offences);
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let header = |text: &str| text.starts_with("//! ") && text.lines().next().is_some_and(|line| line.len() > 20);
    let without = sources().into_iter().filter(|(_, text)| !header(text)).map(|(name, _)| name);
    none("files that do not open with a `//!` sentence", &without.collect::<Vec<_>>());
}

#[test]
fn no_file_is_named_for_nothing() {
    let empty = ["mod.rs", "utils.rs", "util.rs", "common.rs", "helpers.rs", "misc.rs"];
    let named = files().into_iter().filter(|name| empty.contains(&name.rsplit('/').next().unwrap()));
    none("files to name for what they hold", &named.collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // In two halves, so that this file does not accuse itself.
    let words = [("todo", "!("), ("unimplemented", "!("), ("dbg", "!("), ("#[all", "ow("), ("#![all", "ow(")];
    let words = words.map(|(one, two)| format!("{one}{two}"));
    let ignored = format!("#[igno{}", "re");
    let mut offences = Vec::new();
    for (name, text) in sources() {
        // Tests on a real engine or forge are asked for by name, and say by whom.
        let real = name.split('/').skip_while(|part| *part != "tests").any(|part| part.starts_with("real"));
        for (at, line) in text.lines().enumerate() {
            let asked_for = ["engine", "forge"].map(|what| format!("{ignored} = \"real {what}: make "));
            let excused = real && asked_for.iter().any(|words| line.contains(words));
            let switched = line.contains(&ignored) && !excused;
            let word = words.iter().find(|word| line.contains(*word)).or(switched.then_some(&ignored));
            offences.extend(word.map(|word| format!("{name}:{}: {word}", at + 1)));
        }
    }
    none("words that must not be in the source", &offences);
}

#[test]
fn every_crate_obeys_the_lints_of_the_workspace() {
    let without = manifests().into_iter().filter(|(_, text)| !text.contains("[lints]\nworkspace = true"));
    none("crates without the workspace's lints", &without.map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn the_map_fits_on_its_page() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(map.lines().count() <= 150, "{} lines", map.lines().count());
    // What the map names exists.
    let mut offences = Vec::new();
    for word in map.split(['`', '(', ')', ' ', '\n', ',']) {
        let path = word.trim_end_matches(['.', ':', ';']);
        let is_path = path.starts_with("crates/") || path.starts_with("docs/") || path.starts_with("setup/");
        if is_path && !path.contains('*') && !path.contains('<') && !root().join(path).exists() {
            offences.push(path.to_owned());
        }
    }
    none("ARCHITECTURE.md names what is not there", &offences);
}

#[test]
fn the_changelog_is_open() {
    let log = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(log.contains("\n## Unreleased\n"));
    let version = env!("CARGO_PKG_VERSION");
    let open = log.split("\n## Unreleased\n").nth(1).unwrap();
    assert!(
        open.trim().lines().next().is_some_and(|line| line.starts_with("- ") || line.starts_with("###")),
        "{version}"
    );
}

#[test]
fn no_machine_is_named() {
    let places = [("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")].map(|(one, two)| format!("{one}{two}"));
    let mut offences = Vec::new();
    for (name, text) in texts() {
        for (at, line) in text.lines().enumerate() {
            // Behind a colon stands the mount point in a container.
            let named = |place: &String| line.match_indices(place.as_str()).any(|(at, _)| !line[..at].ends_with(':'));
            if places.iter().any(named) {
                offences.push(format!("{name}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    none("absolute paths of one machine", &offences);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut offences = Vec::new();
    for (name, text) in texts().into_iter().filter(|(name, _)| name.ends_with(".md")) {
        let folder = Path::new(&name).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap();
            if path.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root().join(&folder).join(path).exists() {
                offences.push(format!("{name}: {target}"));
            }
        }
    }
    none("links that lead nowhere", &offences);
}
