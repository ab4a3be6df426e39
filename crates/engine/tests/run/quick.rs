//! A quick run begins with the canonical, upgrades it in place, and leaves what is kept as it was.

use crate::bringing::{lends, promoted, promoted_on, purposes, secret};
use crate::shop::Shop;
use crate::told::Told;
use cc_ci_engine::ledger::LedgerEntry;
use cc_ci_engine::promotion::Lend;
use cc_ci_engine::run::Cancel;
use cc_ci_engine::swarm::UNHEARD;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::plan::{Disposition, Skip};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_model::verdict::level::Ladder;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{Deed, FakeSwarm, Fate, Script, SwarmCall};
use std::sync::Arc;

fn quick(swarm: &FakeSwarm, canonical: Canonical) -> Shop {
    Shop::on(swarm.clone()).keeping().quick(canonical, lends())
}

/// Performs a quick run on a swarm that `spoil` has changed after the promotion, and holds what is kept against what it was.
async fn check(spoil: impl FnOnce(FakeSwarm) -> FakeSwarm, with: impl FnOnce(Shop) -> Shop) -> Told {
    let (swarm, canonical) = promoted().await;
    let swarm = spoil(swarm);
    let (snapshots, left) = (swarm.snapshots(), swarm.left());
    let told = with(quick(&swarm, canonical)).run().await;
    assert_eq!((swarm.snapshots(), swarm.left()), (snapshots, left), "what is kept was changed, or something is left");
    told
}

fn steps(told: &Told, tier: Tier) -> Vec<String> {
    told.plan.tier(tier).unwrap().steps.iter().map(|step| step.id.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn it_upgrades_the_canonical_with_one_deploy_and_says_how_far_it_comes() {
    let (swarm, canonical) = promoted().await;
    let (made, left) = (swarm.calls(SwarmCall::Secrets), swarm.left());
    let told = quick(&swarm, canonical).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    assert_eq!(told.verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    assert_eq!(purposes(&told), [Purpose::Canonical]);
    let install = ["brought-back", "deploy", "converged", "serving", "stable"].map(|step| format!("install/{step}"));
    assert_eq!(steps(&told, Tier::Install), install);
    for step in ["seed", "redeploy", "markers", "volumes", "housed", "moved"] {
        assert!(matches!(told.outcome(&format!("upgrade/{step}")), Outcome::Passed { .. }), "{step}");
    }
    for tier in [Tier::Backup, Tier::Restore] {
        let planned = &told.plan.tier(tier).unwrap().disposition;
        assert!(matches!(planned, Disposition::Skip { why: Skip::Quick, .. }), "{planned:?}");
    }
    assert_eq!((told.verdict.level, told.verdict.has_badge()), (2, false));
    assert!(matches!(&told.verdict.ladder, Ladder::Quick { by } if by == "quick, at most level 2"));
    // No secret is made anew, nothing stays, and what was kept is untouched.
    assert_eq!((swarm.calls(SwarmCall::Secrets), swarm.left()), (made, left));
    assert_eq!((told.ledger.last(), told.draft.is_some()), (Some(&LedgerEntry::Closed), false));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_loses_what_the_canonical_held_is_red() {
    let deletes = |path| move |swarm: FakeSwarm| swarm.at(SwarmCall::Redeploy, Deed::Deletes { volume: "data", path });
    let told = check(deletes("orders/1"), |shop| shop).await;
    told.comes_to("upgrade/volumes", Cause::VolumeShrunk, Color::Red, Blame::Recipe);
    assert!(told.found("upgrade/volumes").summary.ends_with("is empty, it held 1 file"));
    let told = check(deletes("cc-ci-marker-upgrade.one"), |shop| shop).await;
    told.comes_to("upgrade/markers", Cause::DataLost, Color::Red, Blame::Recipe);
    assert_eq!(told.verdict.level, 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_up_is_red_and_its_containers_are_not_heard() {
    let fates = [(Fate::Runs, 200), (Fate::Runs, 200), (Fate::Runs, 200), (Fate::Crashes(4), 0)];
    let (swarm, canonical) = promoted_on(FakeSwarm::new().service("app", &fates)).await;
    let told = quick(&swarm, canonical).run().await;
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Pass, Status::Fail));
    let said = format!("{:?}", told.events);
    assert!(!said.contains("last words of") && said.contains(UNHEARD), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_canonical_that_cannot_be_brought_back_leaves_no_answer_and_deploys_nothing() {
    let (swarm, canonical) = promoted().await;
    swarm.goes(&secret(&canonical));
    let told = quick(&swarm, canonical).run().await;
    told.comes_to("install/brought-back", Cause::CanonicalLost, Color::Unverified, Blame::Infrastructure);
    assert_eq!(told.verdict.budget.line(), "deploy-count = 0 (expect 1, engine saw 0)");
    assert_eq!((told.tier(Tier::Upgrade), told.verdict.level), (Status::Unver, 0));
    let lend: Lend = Arc::new(|| Box::pin(async { Err("it is not kept any more".to_owned()) }));
    let (swarm, canonical) = promoted().await;
    let told = Shop::on(swarm).keeping().quick(canonical, lend).run().await;
    told.comes_to("install/brought-back", Cause::CanonicalLost, Color::Unverified, Blame::Infrastructure);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_deploys_a_second_stack_is_red() {
    let deploys = |swarm: &FakeSwarm| {
        swarm.tells("create", "strange_app");
        swarm.tells("remove", "strange_app");
    };
    let told = check(|swarm| swarm, |shop| shop.hooked_on_host("docker stack deploy strange", deploys)).await;
    assert_eq!((told.verdict.color, told.verdict.blame), (Color::Red, Some(Blame::Test)));
    assert_eq!(told.verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 2)");
    assert_eq!(told.verdict.budget.agreement, Agreement::Disagreed);
}

/// What stands for the value of a secret in what a test or hook prints.
const VALUE: &str = "s3cr3t-of-the-canonical";

const TEST: &str = "custom/order.sh";

#[tokio::test(start_paused = true)]
async fn own_tests_run_and_none_of_their_words_is_kept() {
    for (code, status) in [(0, Status::Pass), (1, Status::Fail), (77, Status::Unver)] {
        let script = || Script::of("/tests/custom/order.sh").exits(code).says(VALUE);
        let told = check(|swarm| swarm.scripted(script()), |shop| shop.tested_by(TEST)).await;
        assert_eq!(told.tier(Tier::Custom), status, "exit code {code}: {:?}", told.verdict.reasons);
        let said = format!("{:?}", told.events);
        assert!(!said.contains(VALUE), "exit code {code}: {said}");
        // The same in a cold run is told.
        let cold = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]).scripted(script());
        let told = Shop::on(cold).tested_by(TEST).run().await;
        assert!(format!("{:?}", told.events).contains(VALUE));
    }
}

#[tokio::test(start_paused = true)]
async fn the_hook_before_the_upgrade_runs_and_none_of_its_words_is_kept() {
    const HOOK: &str = "hooks/pre_upgrade";
    let script = |code| Script::of("/tests/hooks/pre_upgrade").exits(code).says(VALUE);
    let hooked = |shop: Shop| shop.hooked(HookTime::PreUpgrade, HOOK);
    let told = check(|swarm| swarm.scripted(script(0)), hooked).await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    let failed = check(|swarm| swarm.scripted(script(3)), hooked).await;
    failed.comes_to("upgrade/hooks/pre_upgrade", Cause::HookFailed, Color::Red, Blame::Recipe);
    for told in [told, failed] {
        assert!(!format!("{:?}", told.events).contains(VALUE));
    }
    // One on the host prints for real.
    let told = check(|swarm| swarm, |shop| shop.hooked_on_host("prints\necho s3cr3t-of-the-canonical", |_| {})).await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    assert!(!format!("{:?}", told.events).contains(VALUE));
    let cold = Shop::on(FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]));
    let told = cold.hooked_on_host("prints\necho s3cr3t-of-the-canonical", |_| {}).run().await;
    assert!(format!("{:?}", told.events).contains(VALUE));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_ended_at_any_step_leaves_what_is_kept_as_it_was() {
    let told = check(|swarm| swarm, |shop| shop).await;
    let begun = told.events.iter().filter_map(|event| match event {
        Event::StepStarted { step } => Some(step.to_string()),
        _ => None,
    });
    let begun: Vec<String> = begun.collect();
    assert!(begun.len() > 8, "{begun:?}");
    for step in begun {
        let cancel = Cancel::default();
        let told = check(|swarm| swarm, |shop| shop.ended_by(&cancel).ended_at(&step)).await;
        assert!(matches!(told.end(), RunEnd::Cancelled { .. }), "{step}: {:?}", told.end());
        assert_ne!(told.verdict.color, Color::Green, "{step}");
    }
}
