//! A run that is ended from outside: killed in every tier and cleaned up after, or told to end. A neighbour never notices.

use crate::engine::{Neighbour, of_run};
use crate::product::{Product, Ring, say, stack_of, text, until};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// A step of each tier in which objects of several kinds are in flight.
const STEPS: [&str; 6] =
    ["install/deploy", "install/converged", "upgrade/redeploy", "backup/snapshot", "restore/onto-empty", "custom/"];

fn run_id(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

/// SIGKILL in the step, then `cc-ci clean`: nothing of the run is left and the neighbour is as it was.
fn killed_in(product: &Product, recipe: &str, step: &str) {
    let neighbour = Neighbour::up();
    let before = neighbour.state();
    let mut running = product.start(&product.recipe(recipe), &["--no-reaper"]);
    let folder = running.reach(step);
    let (run, stack) = (run_id(&folder), stack_of(&folder));
    if step == "install/deploy" {
        // A run that has made nothing yet would prove nothing.
        until("the run's first object", Duration::from_secs(30), || !of_run(run, &stack).is_empty());
    }
    running.kill();
    let found = of_run(run, &stack);
    assert!(!found.is_empty(), "nothing to clean up after {step}, so nothing is proven");

    let judged = judged(product, &folder);
    assert_ne!(judged["exit_code"], 0, "a run that was killed proves nothing: {judged}");

    let planned = text(&product.cc_ci(&["clean", "--dry-run"]).stdout);
    assert!(planned.contains(run), "{planned}");
    // The engine itself goes on with what it was told: only its containers come and go.
    let still = of_run(run, &stack);
    let gone: Vec<&String> = found.difference(&still).filter(|object| !object.starts_with("container ")).collect();
    assert!(gone.is_empty(), "a dry run removed {gone:?}");
    let cleaned = product.cc_ci(&["clean"]);
    let (out, err) = (text(&cleaned.stdout), text(&cleaned.stderr));
    assert_eq!(cleaned.status.code(), Some(0), "{out}{err}");
    assert!(out.lines().any(|line| line.starts_with(run) && line.ends_with(", 0 left")), "{out}{err}");
    let left = of_run(run, &stack);
    assert!(left.is_empty(), "left after the kill in {step}: {left:?}");
    assert_eq!(neighbour.state(), before, "the neighbour was touched");
    let again = text(&product.cc_ci(&["clean"]).stdout);
    assert!(!again.contains(run), "the run is cleaned up after once: {again}");
    say(&format!("{recipe}: killed in {step}: {} objects found, 0 left, the neighbour untouched", found.len()));
}

/// The verdict on a stored run; asked twice, it is the same.
fn judged(product: &Product, folder: &Path) -> Value {
    let judge = || product.cc_ci(&["judge", folder.to_str().unwrap(), "--json"]);
    let (first, second) = (judge(), judge());
    assert_eq!((&first.stdout, first.status), (&second.stdout, second.status));
    let verdict: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(first.status.code().map(i64::from), verdict["exit_code"].as_i64());
    verdict
}

/// The run cleans up after itself, says who ended it, and its verdict is `cancelled`.
fn told_to_end(product: &Product, signal: &str, step: &str) {
    let neighbour = Neighbour::up();
    let before = neighbour.state();
    let mut running = product.start(&product.recipe("static-site"), &[]);
    let folder = running.reach(step);
    running.signal(signal);
    // A second signal changes nothing: teardown comes to its end.
    running.signal(signal);
    let run = running.finish();
    assert_eq!(run.code, 143, "{}", run.all());
    assert!(run.out.contains("CANCELLED"), "{}", run.all());
    assert!(run.results["reasons"].to_string().contains(&format!("SIG{signal}")), "{}", run.all());
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(neighbour.state(), before, "the neighbour was touched");
    product.judge_says_the_same(&run);
    assert_eq!(judged(product, &folder)["exit_code"], 12);
    let clean = text(&product.cc_ci(&["clean"]).stdout);
    assert!(!clean.contains(run.id()), "nothing is left to clean: {clean}");
    say(&format!("SIG{signal} in {step}: exit code {}, 0 left, the neighbour untouched", run.code));
}

#[test]
fn a_run_killed_while_it_restores_is_cleaned_up_after() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    killed_in(&product, "static-site", "restore/onto-empty");
}

#[test]
fn a_run_killed_after_its_verdict_is_no_success_and_every_report_says_why() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let words = ["--no-upgrade", "--stages", "install", "--hold", "5m", "--no-reaper"];
    let mut running = product.start(&product.recipe("static-site"), &words);
    let folder = running.reach("install/serving");
    let record = || std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    until("the verdict", Duration::from_secs(60), || record().contains("\"verdict-due\""));
    running.kill();
    let judged = judged(&product, &folder);
    assert_eq!(
        (&judged["color"], &judged["provisional"], &judged["exit_code"]),
        (&"green".into(), &true.into(), &1.into())
    );
    let path = folder.to_str().unwrap();
    let said = product.cc_ci(&["judge", path]);
    assert_eq!(said.status.code(), Some(1));
    assert!(
        text(&said.stdout).starts_with("NOT FINISHED, exit code 1: the record has no end: "),
        "{}",
        text(&said.stdout)
    );
    let report = |format: &str| text(&product.cc_ci(&["report", path, "--format", format]).stdout);
    assert!(report("text").lines().last().unwrap().starts_with("NOT FINISHED, exit code 1: "), "{}", report("text"));
    let results: Value = serde_json::from_str(&report("json")).unwrap();
    assert!(results["reasons"][0].as_str().unwrap().starts_with("the record has no end: "), "{results}");
    assert_eq!((&results["exit_code"], &results["flags"]["clean_teardown"]), (&1.into(), &Value::Null));
    assert!(report("junit").contains("<failure message=\"the record has no end: "), "{}", report("junit"));
    let (run, stack) = (run_id(&folder), stack_of(&folder));
    assert!(!of_run(run, &stack).is_empty());
    let cleaned = text(&product.cc_ci(&["clean"]).stdout);
    assert!(cleaned.lines().any(|line| line.starts_with(run) && line.ends_with(", 0 left")), "{cleaned}");
    assert!(of_run(run, &stack).is_empty());
}

#[test]
fn a_run_told_to_end_tears_down() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    told_to_end(&product, "TERM", "upgrade/converged");
}

#[test]
fn long_killed_in_every_tier() {
    let Some(product) = Product::asked(Ring::Long) else { return };
    for recipe in ["static-site", "miniflux"] {
        for step in STEPS {
            killed_in(&product, recipe, step);
        }
    }
}

#[test]
fn long_told_to_end_in_every_tier() {
    let Some(product) = Product::asked(Ring::Long) else { return };
    for (signal, step) in [
        ("INT", "install/deploy"),
        ("INT", "install/converged"),
        ("TERM", "upgrade/redeploy"),
        ("HUP", "backup/snapshot"),
        ("INT", "restore/onto-empty"),
        ("TERM", "custom/"),
    ] {
        told_to_end(&product, signal, step);
    }
}
