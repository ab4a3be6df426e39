//! Each outside thing has one door: who may name it is written here.

use super::exceptions;
use super::source::code;
use std::collections::BTreeSet;

/// Files of the product that hold one of the words and are not behind the door.
fn outside(words: &[&str], door: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let product =
        |name: &str| name.contains("/src/") && !name.starts_with("crates/testkit/") && !name.ends_with("/tests.rs");
    let mut found = BTreeSet::new();
    for (name, text) in super::sources() {
        let names = |code: &str| words.iter().any(|word| code.contains(word));
        if product(&name) && !door(&name) && names(&code(&text)) {
            found.insert(name);
        }
    }
    found
}

#[test]
fn only_one_folder_speaks_to_the_engine() {
    let door = |name: &str| name == "crates/engine/src/docker.rs" || name.starts_with("crates/engine/src/docker/");
    // The other client of HTTP leads to the forge, from one file.
    let forge = |name: &str| door(name) || name == "crates/forge/src/door.rs";
    let mut found = outside(&["bollard"], door);
    found.extend(outside(&["reqwest"], forge));
    super::only("files that know a client of the engine", &found, exceptions::CLIENTS);
}

#[test]
fn only_one_file_of_a_program_reads_arguments_and_environment() {
    // The door for processes hands PATH and HOME on to those, and looks at neither.
    let doors = ["crates/args/src/environment.rs", "crates/edge/src/args.rs", "crates/engine/src/process.rs"];
    let door = |name: &str| doors.contains(&name);
    super::only("files that read the environment", &outside(&["std::env"], door), exceptions::ENVIRONMENT);
}

#[test]
fn checks_have_no_way_to_change_the_swarm() {
    let is_check =
        |name: &str| name == "crates/engine/src/run/checks.rs" || name.starts_with("crates/engine/src/run/checks/");
    let changes = |text: &str| ["World", "Operate"].iter().any(|word| code(text).contains(word));
    let checks: Vec<_> = super::sources().into_iter().filter(|(name, _)| is_check(name)).collect();
    assert!(checks.len() > 5, "the checks have moved: {}", checks.len());
    let found: Vec<_> = checks.into_iter().filter(|(_, text)| changes(text)).map(|(name, _)| name).collect();
    assert!(found.is_empty(), "checks that could change the swarm: {found:?}");
}

#[test]
fn limits_of_a_run_are_measured_on_the_clock_that_tests_can_stop() {
    let timed = |name: &str| {
        name.starts_with("crates/engine/src/run/")
            || ["run.rs", "converge.rs", "teardown.rs"].iter().any(|one| name == format!("crates/engine/src/{one}"))
    };
    let standard = |text: &str| {
        let code = code(text);
        code.contains("std::time::Instant")
            || code.lines().any(|line| line.contains("use std::time::{") && line.contains("Instant"))
    };
    let found = super::sources().into_iter().filter(|(name, text)| timed(name) && standard(text)).map(|(name, _)| name);
    super::only("files with a clock of their own", &found.collect(), exceptions::CLOCKS);
}
