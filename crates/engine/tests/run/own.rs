//! The recipe's own tests and hooks: how they end, and whose fault that is.

use crate::shop::Shop;
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, Script, SwarmCall};
use std::time::Duration;

const TEST: &str = "custom/order.sh";
const HOOK: &str = "hooks/pre_upgrade";

/// As long as the shop's commands may take.
const LIMIT: Duration = Duration::from_secs(10);

fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

/// A shop whose test ends like this.
fn test(end: impl Fn(Script) -> Script) -> Shop {
    Shop::on(swarm().scripted(end(Script::of("/tests/custom/order.sh")))).tested_by(TEST)
}

/// A shop whose hook ends like this.
fn hook(end: impl Fn(Script) -> Script) -> Shop {
    Shop::on(swarm().scripted(end(Script::of("/tests/hooks/pre_upgrade")))).hooked(HookTime::PreUpgrade, HOOK)
}

blamed! {
    a_test_that_fails: test(|script| script.exits(1)) => "custom/custom/order.sh", TestFailed, Red, Recipe;
    a_test_that_calls_what_is_not_there: test(|script| script.exits(127)) => "custom/custom/order.sh", TestBroken, Red, Test;
    a_test_that_does_not_end: test(|script| script.takes(LIMIT).exits(124)) => "custom/custom/order.sh", TimedOut, Red, Test;
    a_test_that_says_early_that_it_timed_out: test(|script| script.exits(124)) => "custom/custom/order.sh", TestFailed, Red, Recipe;
    a_hook_that_fails: hook(|script| script.exits(3)) => "upgrade/hooks/pre_upgrade", HookFailed, Red, Recipe;
    a_hook_that_does_not_end: hook(|script| script.takes(LIMIT).exits(124))
        => "upgrade/hooks/pre_upgrade", TimedOut, Red, Test;
}

#[tokio::test(start_paused = true)]
async fn tests_and_hooks_that_end_well_are_green() {
    for shop in [test(|script| script.says("3 orders\n")), hook(|script| script)] {
        let told = shop.run().await;
        assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    }
}

#[tokio::test(start_paused = true)]
async fn the_only_test_says_that_it_does_not_apply_and_nothing_was_tested() {
    let told = test(|script| script.exits(77).says("nothing is sold here\n")).run().await;
    assert_eq!((told.tier(Tier::Custom), told.verdict.color), (Status::Unver, Color::Unverified));
    assert!(told.verdict.reasons[0].contains("nothing is sold here"), "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn after_a_hook_that_fails_the_upgrade_is_not_tried() {
    let told = hook(|script| script.exits(3)).run().await;
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Pass, Status::Fail));
    assert_eq!(told.swarm.calls(SwarmCall::Redeploy), 0);
}

/// What a reader says of a test that cannot be run.
const BROKEN: &str = r#"[["custom/order.sh", "custom/order.sh:2: Syntax error", null]]"#;

/// A shop whose reader of tests says this.
fn read(said: &str) -> Shop {
    Shop::on(swarm().scripted(Script::of("Reads tests and hooks").says(said))).tested_by(TEST)
}

#[tokio::test(start_paused = true)]
async fn a_test_that_cannot_be_run_is_found_before_anything_is_deployed() {
    let told = read(BROKEN).run().await;
    assert_eq!(told.swarm.calls(SwarmCall::Deploy), 0);
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Custom)), (Status::Unver, Status::Fail));
    assert_eq!((told.verdict.color, told.verdict.blame, told.verdict.level), (Color::Red, Some(Blame::Test), 0));
    assert_eq!(told.verdict.reasons[0], "custom failed: tests/custom/order.sh:2: Syntax error");
    let install = told.verdict.tier(Tier::Install).and_then(|tier| tier.reason.clone());
    assert_eq!(install.as_deref(), Some("not reached: custom did not pass"));
}

#[tokio::test(start_paused = true)]
async fn what_the_reader_of_tests_does_not_say_is_left_to_the_run() {
    for said in ["[]", "no JSON", r#"[["custom/another.sh", "not of this run", null]]"#] {
        let told = read(said).run().await;
        assert_eq!(told.verdict.color, Color::Green, "{said}: {:?}", told.verdict.reasons);
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_that_was_read_before_is_not_read_again() {
    let known = tempfile::tempdir().unwrap();
    assert_eq!(read("[]").after_others(known.path()).run().await.verdict.color, Color::Green);
    assert_eq!(
        read(BROKEN).after_others(known.path()).run().await.verdict.color,
        Color::Green,
        "nobody asks that reader"
    );
    // Where nothing is kept it is.
    assert_eq!(read(BROKEN).run().await.verdict.color, Color::Red);
}

#[tokio::test(start_paused = true)]
async fn a_test_of_which_no_reader_said_that_it_can_be_run_is_read_again() {
    let known = tempfile::tempdir().unwrap();
    for said in ["no JSON", "", BROKEN, BROKEN] {
        let told = read(said).after_others(known.path()).run().await;
        assert_eq!(told.swarm.calls(SwarmCall::Deploy), usize::from(said != BROKEN), "{said}");
    }
}
