//! `cc-ci doctor` through its door, on a machine whose engine does not answer.

use std::process::{Command, Output};

fn doctor(args: &[&str]) -> Output {
    let state = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_cc-ci"))
        .arg("doctor")
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("CC_CI_STATE", state.path())
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        .output()
        .unwrap()
}

#[test]
fn no_engine_is_said_with_what_to_do_and_a_code_of_its_own() {
    let output = doctor(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(22), "{text}");
    assert!(text.contains("\nfail  engine"), "{text}");
    assert!(text.contains("now: start Docker, or set DOCKER_HOST to an engine that runs"), "{text}");
    assert!(text.contains("`cc-ci doctor --fix` puts right what it can"), "{text}");
}

#[test]
fn json_holds_the_same_findings() {
    let output = doctor(&["--json"]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let engine = found.as_array().unwrap().iter().find(|finding| finding["probe"] == "engine").unwrap();
    assert_eq!((engine["level"].as_str(), engine["remedy"].as_str()), (Some("fail"), Some("engine")));
    assert_eq!(output.status.code(), Some(22));
}

#[test]
fn a_fix_that_cannot_work_is_announced_and_says_why() {
    // The engine is elsewhere, so starting one here would not help: the step refuses, and nothing is changed.
    let output = doctor(&["--fix"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("doctor: running setup/engine.sh, because of engine: "), "{said}");
    assert!(said.contains("error: setup/engine.sh did not succeed"), "{said}");
    assert!(said.contains("DOCKER_HOST=unix:///nonexistent/docker.sock does not answer"), "{said}");
    assert_eq!(output.status.code(), Some(11), "{said}");
}
