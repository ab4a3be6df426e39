//! What a hook on the host does to the engine is found, told from what others do meanwhile, and removed (RUN-3).

use crate::shop::{Shop, stack};
use crate::told::Told;
use cc_ci_engine::labels;
use cc_ci_model::event::Event;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::Cause;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{FakeSwarm, Fate};

const HOOK: &str = "upgrade/hooks/host/pre_upgrade";

fn shop() -> Shop {
    Shop::on(FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]))
}

/// Red for the hook alone, in these words, and nothing is left but `left`.
#[track_caller]
fn strayed(told: &Told, words: &str, left: &[&str]) {
    told.comes_to(HOOK, Cause::HookStrayed, Color::Red, Blame::Test);
    assert_eq!(told.found(HOOK).summary, format!("hooks/host/pre_upgrade did more than prepare a tier: {words}"));
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Pass, Status::Fail));
    assert_eq!(told.left(), left);
}

#[track_caller]
fn green(told: &Told) {
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_does_nothing_to_the_engine_passes() {
    green(&shop().hooked_on_host("sleep 1", |_| {}).run().await);
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_leaves_is_named_blamed_and_removed() {
    let told = shop()
        .hooked_on_host(
            "docker volume create strayv; docker run -d --name strayc; docker secret create strays -",
            |swarm| {
                swarm.appears(Object::new(ObjectKind::Volume, "strayv"), &[]);
                swarm.appears(Object::new(ObjectKind::Container, "strayc"), &[(labels::RUN, "r-of-nobody")]);
                swarm.appears(Object::new(ObjectKind::Secret, "strays"), &[]);
                swarm.appears(Object::new(ObjectKind::Config, format!("x-{}-c", stack())), &[]);
            },
        )
        .run()
        .await;
    let config = format!("config x-{}-c was left", stack());
    let words = ["container strayc was left", "volume strayv was left", "secret strays was left", &config];
    strayed(&told, &words.join("; "), &[]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_claim_is_named_and_not_removed() {
    let data = Object::new(ObjectKind::Volume, "family-photos");
    let there = data.clone();
    let told = shop().hooked_on_host("sleep 1", move |swarm| swarm.appears(there.clone(), &[])).run().await;
    strayed(&told, "volume family-photos came into being", &[&data.to_string()]);
    let hint = "nothing says who made volume family-photos, so it was not removed; if it is not yours: docker volume rm \
                family-photos";
    assert_eq!(told.found(HOOK).details, [hint]);
}

#[tokio::test(start_paused = true)]
async fn what_other_runs_and_known_stacks_do_meanwhile_is_theirs() {
    let blog = Object::new(ObjectKind::Network, "blog_default");
    let of_blog = [(labels::STACK, "blog")];
    let swarm = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]);
    swarm.appears(blog, &of_blog);
    let told = Shop::on(swarm)
        .beside("r2", "wiki-123456")
        .hooked_on_host("sleep 1", move |swarm| {
            swarm.appears(Object::new(ObjectKind::Config, "blog_new"), &of_blog);
            let of_run = [(labels::RUN, "r2"), (labels::STACK, "wiki-123456")];
            swarm.appears(Object::new(ObjectKind::Volume, "wiki-123456_data"), &of_run);
        })
        .run()
        .await;
    green(&told);
    assert_eq!(told.left(), ["network blog_default", "volume wiki-123456_data", "config blog_new"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_another_state_folder_is_known_by_its_helper() {
    let swarm = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]);
    let edge = Object::new(ObjectKind::Container, "cc-ci-r7-edge");
    swarm.appears(edge, &[(labels::RUN, "r7")]);
    let there = |kind, name: &str, swarm: &FakeSwarm| swarm.appears(Object::new(kind, name), &[(labels::RUN, "r7")]);
    let beside = swarm.clone();
    let told = Shop::on(beside)
        .hooked_on_host("docker volume create strayv", move |swarm| {
            there(ObjectKind::Secret, "wiki-777777_token_v1", swarm);
            there(ObjectKind::Container, "cc-ci-r7-bench", swarm);
        })
        .run()
        .await;
    green(&told);
    // Its label hides nothing that the hook spells out.
    let told = Shop::on(swarm)
        .hooked_on_host("docker volume create strayv", move |swarm| there(ObjectKind::Volume, "strayv", swarm))
        .run()
        .await;
    told.comes_to(HOOK, Cause::HookStrayed, Color::Red, Blame::Test);
}

#[tokio::test(start_paused = true)]
async fn what_came_and_went_is_named() {
    let told = shop()
        .hooked_on_host("sleep 1", |swarm| {
            let extra = format!("{}_extra", stack());
            for (action, service) in [("create", extra.as_str()), ("remove", &extra)] {
                swarm.tells(action, service);
            }
            swarm.tells("create", "strange_app");
            swarm.tells("remove", "strange_app");
        })
        .run()
        .await;
    let words = "service `extra` was added and removed again; stack strange was deployed and removed again";
    assert_eq!(told.found(HOOK).summary, format!("hooks/host/pre_upgrade did more than prepare a tier: {words}"));
    assert_eq!((told.verdict.color, told.verdict.blame), (Color::Red, Some(Blame::Test)));
    // It counts against the budget as well.
    assert_eq!(told.verdict.budget.witness, Some(2), "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_others_deploy_all_the_time_is_theirs() {
    let swarm = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]);
    let blog = Object::new(ObjectKind::Network, "blog_default");
    swarm.appears(blog, &[(labels::STACK, "blog")]);
    let told = Shop::on(swarm).hooked_on_host("sleep 1", |swarm| swarm.tells("create", "blog_app")).run().await;
    green(&told);
    let noted = |event: &&Event| matches!(event, Event::Noted { text, .. } if text.starts_with("another stack, blog,"));
    assert_eq!(told.events.iter().filter(noted).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_takes_from_the_stack_is_named() {
    let told =
        shop().hooked_on_host("sleep 1", |swarm| swarm.goes(&Object::new(ObjectKind::Secret, secret()))).run().await;
    assert!(told.found(HOOK).summary.ends_with(&format!("secret {} was removed", secret())), "{:?}", told.found(HOOK));
}

fn secret() -> String {
    format!("{}_token_v1", stack())
}
