//! Ends runs from outside, by a signal or as the kernel would, and says what must be true afterwards.

use super::engine::{Neighbour, of_run};
use super::product::{Product, say, stack_of, text, until};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The id of the run that a folder holds.
pub(crate) fn run_id(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

/// SIGKILL in the step, then `cc-ci clean`: nothing of the run is left and the neighbour is as it was.
pub(crate) fn killed_in(product: &Product, recipe: &str, step: &str) {
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
pub(crate) fn judged(product: &Product, folder: &Path) -> Value {
    let judge = || product.cc_ci(&["judge", folder.to_str().unwrap(), "--json"]);
    let (first, second) = (judge(), judge());
    assert_eq!((&first.stdout, first.status), (&second.stdout, second.status));
    let verdict: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(first.status.code().map(i64::from), verdict["exit_code"].as_i64());
    verdict
}

/// The run cleans up after itself, says who ended it, and its verdict is `cancelled`.
pub(crate) fn told_to_end(product: &Product, signal: &str, step: &str) {
    let neighbour = Neighbour::up();
    let before = neighbour.state();
    let mut running = product.start(&product.recipe("static-site"), &[]);
    let folder = running.reach(step);
    running.signal(signal);
    // A second signal changes nothing: teardown comes to its end.
    running.signal(signal);
    let run = running.finish();
    // As a shell shows an interruption, and an order to end.
    let expected = if signal == "INT" { 130 } else { 143 };
    assert_eq!(run.code, expected, "{}", run.all());
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

/// How long it may take until nothing of a killed run is left (ISO-4).
const LIMIT: Duration = Duration::from_secs(15);

/// The reaper of a run, once it is the program that it is going to be.
pub(crate) fn reaper_of(folder: &Path) -> Option<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.into_iter().find(|pid| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        words.get(1..4) == Some(&[b"reap", b"--run", folder.as_os_str().as_encoded_bytes()])
    })
}

/// SIGKILL in the step: within the limit nothing is left, the reaper has said so and is gone.
pub(crate) fn reaped_in(product: &Product, recipe: &str, step: &str) {
    let neighbour = Neighbour::up();
    let before = neighbour.state();
    let mut running = product.start(&product.recipe(recipe), &[]);
    let folder = running.reach(step);
    let (run, stack) = (run_id(&folder), stack_of(&folder));
    if step == "install/deploy" {
        until("the run's first object", Duration::from_secs(30), || !of_run(run, &stack).is_empty());
    }
    running.kill();
    let found = of_run(run, &stack);
    assert!(!found.is_empty(), "nothing to clean up after {step}, so nothing is proven");
    let killed = Instant::now();
    until(&format!("the end of everything of {run}"), LIMIT, || of_run(run, &stack).is_empty());
    let took = killed.elapsed();
    until("the end of its reaper", LIMIT, || reaper_of(&folder).is_none());
    let left = of_run(run, &stack);
    assert!(left.is_empty(), "came back after {step}: {left:?}");
    let log = fs::read_to_string(folder.join("reaper.log")).unwrap();
    assert!(log.contains(": the run's process died: ") && log.contains(" found, 0 left, "), "{log}");
    assert!(!folder.join("trees").exists());
    assert!(fs::read_to_string(folder.join("ledger.jsonl")).unwrap().ends_with("{\"entry\":\"closed\"}\n"));
    assert_eq!(neighbour.state(), before, "the neighbour was touched");
    say(&format!("{recipe}: killed in {step}: {} objects gone after {:.1} s", found.len(), took.as_secs_f64()));
}
