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

/// The findings about one thing, on a machine with this file of credentials.
fn of_registries(text: &str, words: &[&str], host: &str) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".docker")).unwrap();
    std::fs::write(home.path().join(".docker/config.json"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path());
    let output = command.arg("doctor").args(words).env("DOCKER_HOST", host).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    // How wide the table is depends on what else is found.
    let lines = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let told = lines.collect::<Vec<_>>().join("\n");
    (output.status.code(), told.replace(&*home.path().to_string_lossy(), "HOME"))
}

#[test]
fn an_address_that_is_refused_is_a_finding() {
    let (code, told) = of_registries("{}", &[], "tcp://192.0.2.1:2376");
    assert_eq!(code, Some(22), "{told}");
    assert!(told.starts_with("fail address DOCKER_HOST is `tcp://192.0.2.1:2376`, which names no socket"), "{told}");
    assert!(told.contains("now: set DOCKER_HOST to `unix:///PATH/TO/THE/SOCKET`"), "{told}");
    assert!(told.contains("1 in the way of a run."), "{told}");
}

#[test]
fn credential_helpers_are_named_and_never_run() {
    let nobody = "unix:///nonexistent/docker.sock";
    let helped = "{\"auths\": {\"a.test\": {\"auth\": \"dXNlcjpzM2NyZXQ=\"}}, \"credsStore\": \"pass\"}";
    let (_, told) = of_registries(helped, &[], nobody);
    let expected = "credentials for a.test in HOME/.docker/config.json; it has credsStore `pass`, and credential helpers are \
                    never run";
    assert!(told.contains(&format!("warn registries {expected}")), "{told}");
    assert!(!told.contains("s3cret") && !told.contains("dXNlcjpzM2NyZXQ"), "{told}");
    let (_, told) = of_registries("{\"auths\": 7}", &[], nobody);
    assert!(
        told.contains("warn registries the registry credentials in HOME/.docker/config.json cannot be used"),
        "{told}"
    );
    let (_, told) = of_registries("{}", &["--registry-auth", "/nonexistent/auth.json"], nobody);
    assert!(told.contains("fail registries cannot read the registry credentials in /nonexistent/auth.json"), "{told}");
}
