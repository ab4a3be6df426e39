//! A run that is ended from outside: killed and cleaned up after, or told to end. A neighbour never notices.

use super::ending::{judged, killed_in, run_id, told_to_end};
use super::engine::of_run;
use super::product::{Product, stack_of, text, until};
use serde_json::Value;
use std::time::Duration;

#[test]
#[ignore = "real engine: make test"]
fn a_run_killed_while_it_restores_is_cleaned_up_after() {
    let product = Product::with_engine();
    killed_in(&product, "static-site", "restore/onto-empty");
}

#[test]
#[ignore = "real engine: make test"]
fn a_run_killed_after_its_verdict_is_no_success_and_every_report_says_why() {
    let product = Product::with_engine();
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
#[ignore = "real engine: make test"]
fn a_run_told_to_end_tears_down() {
    let product = Product::with_engine();
    told_to_end(&product, "TERM", "upgrade/converged");
}
