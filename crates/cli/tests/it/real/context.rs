//! A user whose `docker` command is set to another engine: a run deploys where it looks, and leaves nothing there.

use super::engine::of_run;
use super::product::{Product, say, text};
use std::path::Path;
use std::process::Command;

/// An address that is reserved for documents, so that nobody answers there.
const ELSEWHERE: &str = "tcp://192.0.2.1:2376";

/// Runs the `docker` command as a user with this home would.
fn docker(home: &Path, words: &[&str]) -> String {
    let output = Command::new("docker").args(words).env_remove("DOCKER_HOST").env("HOME", home).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

#[test]
#[ignore = "real engine: make test"]
fn a_context_that_leads_elsewhere_is_not_followed() {
    let product = Product::with_engine();
    let home = tempfile::tempdir().unwrap();
    docker(home.path(), &["context", "create", "elsewhere", "--docker", &format!("host={ELSEWHERE}")]);
    docker(home.path(), &["context", "use", "elsewhere"]);
    assert_eq!(docker(home.path(), &["context", "show"]), "elsewhere");
    let (stages, recipe) = (["run", "--json", "--stages", "install"], product.recipe("static-site"));
    let mut command = product.command(&stages);
    command.arg(recipe).env("HOME", home.path()).env("DOCKER_CONTEXT", "elsewhere");
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let results: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results["verdict"], "green", "{said}");
    assert_eq!(results["flags"]["clean_teardown"], true, "{said}");
    let run = results["run_id"].as_str().unwrap();
    let left = of_run(run, run);
    assert!(left.is_empty(), "{left:?}");
    let mut doctor = product.command(&["doctor"]);
    let told = text(&doctor.env("HOME", home.path()).output().unwrap().stdout);
    let engine = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let engine = engine.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned());
    assert!(
        told.contains(&format!("{engine}; contexts and configuration of the docker command are not followed")),
        "{told}"
    );
    say(&format!("under a context for {ELSEWHERE}: deployed at {engine}, nothing left"));
}
