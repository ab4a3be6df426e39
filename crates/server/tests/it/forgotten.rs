//! What is too old goes, with everything that hung on it; what somebody is still to be told of stays.

use crate::house::{House, REPO};
use cc_ci_server::RunsKept;
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn names(house: &House, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(house.path(folder)).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// How many commits are pinned in the copy of the repository.
#[expect(clippy::disallowed_methods, reason = "a test looks from outside, not through the product")]
fn pins(house: &House) -> usize {
    let mirror = house.path(&format!("state/mirrors/main/{REPO}.git"));
    let refs = Command::new("git").arg("--git-dir").arg(mirror).args(["for-each-ref", "refs/cc-ci"]).output().unwrap();
    String::from_utf8(refs.stdout).unwrap().lines().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_runs_go_with_their_jobs_and_pins_and_the_last_one_stays() {
    let mut house = House::new(StandInDialect::Forgejo12).await;
    let one = RetentionPolicy { age: None, count: Some(1), bytes: None };
    house.kept = RunsKept { policy: one, uncleaned: Arc::new(|_dir| false) };
    let _server = house.start().await;
    for tier in ["install", "upgrade", "backup"] {
        house.comment("member", &format!("!testme only={tier}"));
        house.until(tier, |house| house.ran().iter().any(|line| line.ends_with(tier))).await;
        house.settled().await;
    }
    house.until("the first two are gone", |house| names(house, "state/runs").len() == 1).await;
    house.until("so are their jobs", |house| names(house, "state/jobs") == ["3"]).await;
    house.until("and their pins", |house| pins(house) == 1).await;
    assert_eq!(house.said().iter().filter(|body| body.contains("green")).count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_stays_until_its_answer_is_there_and_one_that_a_person_pinned_for_ever() {
    let mut house = House::new(StandInDialect::Forgejo12).await;
    let none = RetentionPolicy { age: None, count: Some(0), bytes: None };
    house.kept = RunsKept { policy: none, uncleaned: Arc::new(|_dir| false) };
    let _server = house.start().await;
    house.hold();
    house.comment("member", "!testme only=install");
    house.until("the run", |house| house.ran().len() == 1).await;
    house.forge.fail("PATCH /repos", Often::Always, StandInFault::Status(502));
    house.release();
    house.until("its record", |house| names(house, "state/runs").len() == 1).await;
    let first = names(&house, "state/runs").remove(0);
    let kept = house.path(&format!("state/runs/{first}/keep"));
    house.until("its pin", |_| fs::read_to_string(&kept).is_ok_and(|why| why == "the server still needs it\n")).await;
    house.forge.heal();
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    // It is the last one that came to a verdict, and so it stays.
    assert!(kept.exists());
    fs::write(&kept, "shown at a meeting\n").unwrap();
    for tier in ["upgrade", "backup"] {
        house.comment("member", &format!("!testme only={tier}"));
        house.until(tier, |house| house.ran().iter().any(|line| line.ends_with(tier))).await;
        house.settled().await;
    }
    house.until("the second is gone", |house| names(house, "state/runs").len() == 2).await;
    assert_eq!(fs::read_to_string(&kept).unwrap(), "shown at a meeting\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_is_answered_once_it_is_cleaned_up_after() {
    let mut house = House::new(StandInDialect::Forgejo12).await;
    let open = Arc::new(AtomicBool::new(true));
    let ledger = Arc::clone(&open);
    let uncleaned = Arc::new(move |_dir: &cc_ci_store::run_dir::RunDir| ledger.load(Ordering::Relaxed));
    house.kept = RunsKept { policy: RetentionPolicy::default(), uncleaned };
    let _server = house.start().await;
    house.kind("dies");
    house.comment("member", "!testme");
    house.until("the run", |house| house.ran().len() == 1).await;
    house.until("its folder", |house| names(house, "state/runs").len() == 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(house.ran().len(), 1, "nothing begins beside what is being cleaned up");
    house.kind("green");
    open.store(false, Ordering::Relaxed);
    // It had deployed nothing that anybody knows of, so it is tried once more.
    house.until("the verdict", |house| house.says("green")).await;
    assert_eq!(house.ran().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_nobody_cleans_up_after_is_answered_and_a_person_is_told() {
    let mut house = House::new(StandInDialect::Forgejo12).await;
    house.kept = RunsKept { policy: RetentionPolicy::default(), uncleaned: Arc::new(|_dir| true) };
    let _server = house.start().await;
    house.kind("dies");
    house.comment("member", "!testme");
    house.until("the second try", |house| house.ran().len() == 2).await;
    house.until("the end", |house| house.says("no verdict")).await;
    let alerts = house.ask(cc_ci_server::Ask::Alerts).await.text;
    assert!(alerts.contains("cc-ci clean"), "{alerts}");
}
