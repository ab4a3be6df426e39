//! What goes wrong on the swarm, what it is called, and whose fault it is.

use crate::shop::{Shop, stack};
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall, Trouble};
use std::time::Duration;

const NO_IMAGE: &str = "No such image: shop:1";
const NOBODY: &str = "Error: connect ECONNREFUSED db:5432";
const NO_NODE: &str = "no suitable node (scheduling constraints not satisfied on 1 node)";
const NO_MOUNT: &str = "invalid mount config for type \"bind\": bind source path does not exist: /srv";
const NO_ROOM: &str = "write /var/lib/docker/tmp: no space left on device";
const UNKNOWN: &str = "manifest for shop:2 not found: manifest unknown";
const SILENT: &str = "dial tcp: lookup registry.example.org: no such host";

/// The one-shot ends well, as it should.
fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

/// A service whose first deployment has this fate.
fn first(service: &str, fate: Fate) -> FakeSwarm {
    swarm().service(service, &[(fate, 200)])
}

/// A service that is well at base and has this fate at head.
fn then(service: &str, fate: Fate) -> FakeSwarm {
    let well = if service == "migrate" { Fate::Completes(0) } else { Fate::Runs };
    swarm().service(service, &[(well, 200), (fate, 200)])
}

/// An app that answers so at base and so at head.
fn answering(base: u16, head: u16) -> FakeSwarm {
    swarm().service("app", &[(Fate::Runs, base), (Fate::Runs, head)])
}

// At base, which is not the fault of the commit under test.
blamed! {
    an_app_that_is_never_healthy_at_base: Shop::on(first("app", Fate::NeverHealthy))
        => "install/converged", NeverHealthy, Red, Base;
    an_app_that_crashes_at_base: Shop::on(first("app", Fate::Crashes(1))) => "install/converged", CrashLoop, Red, Base;
    a_database_that_crashes_at_base: Shop::on(first("db", Fate::Crashes(3))) => "install/converged", CrashLoop, Red, Base;
    an_app_that_is_killed_for_memory_at_base: Shop::on(first("app", Fate::OutOfMemory))
        => "install/converged", OutOfMemory, Red, Base;
    an_app_that_finds_no_database_for_too_long: Shop::on(first("app", Fate::Crashes(1)).says_last(NOBODY))
        => "install/converged", CrashLoop, Red, Base;
    an_app_for_which_there_is_no_node_at_base: Shop::on(first("app", Fate::Unplaced(NO_NODE)))
        => "install/converged", TaskRejected, Red, Base;
    a_task_that_is_refused_at_base: Shop::on(first("app", Fate::Rejected(NO_MOUNT)))
        => "install/converged", TaskRejected, Red, Base;
    a_node_without_the_image_at_base: Shop::on(first("db", Fate::Rejected(NO_IMAGE)))
        => "install/converged", ImageMissing, Red, Base;
    a_migration_that_fails_at_base: Shop::on(first("migrate", Fate::Completes(1)))
        => "install/converged", OneShotFailed, Red, Base;
    a_death_after_converging_at_base: Shop::on(answering(500, 200).service("db", &[(Fate::DiesAfter(Duration::from_secs(1)), 0)]))
        => "install/stable", Unstable, Red, Base;
    an_app_that_answers_with_an_error_at_base: Shop::on(answering(500, 200)) => "install/serving", NotServing, Red, Base;
}

// At head, where the app starts when there is no base.
blamed! {
    an_app_that_is_never_healthy: Shop::on(first("app", Fate::NeverHealthy)).without_base()
        => "install/converged", NeverHealthy, Red, Recipe;
    an_app_that_is_too_slow: Shop::on(first("app", Fate::Slow(Duration::from_secs(31)))).without_base()
        => "install/converged", NeverHealthy, Red, Recipe;
    an_app_that_crashes: Shop::on(first("app", Fate::Crashes(1))).without_base()
        => "install/converged", CrashLoop, Red, Recipe;
    a_server_that_ends_by_itself: Shop::on(first("db", Fate::Crashes(2))).without_base()
        => "install/converged", CrashLoop, Red, Recipe;
    an_app_that_is_killed_for_memory: Shop::on(first("app", Fate::OutOfMemory)).without_base()
        => "install/converged", OutOfMemory, Red, Recipe;
    a_database_that_is_killed_for_memory: Shop::on(first("db", Fate::OutOfMemory)).without_base()
        => "install/converged", OutOfMemory, Red, Recipe;
    a_task_that_is_refused: Shop::on(first("app", Fate::Rejected(NO_MOUNT))).without_base()
        => "install/converged", TaskRejected, Red, Recipe;
    a_node_without_the_image: Shop::on(first("app", Fate::Rejected(NO_IMAGE))).without_base()
        => "install/converged", ImageMissing, Red, Recipe;
    a_migration_that_fails: Shop::on(first("migrate", Fate::Completes(1))).without_base()
        => "install/converged", OneShotFailed, Red, Recipe;
    a_death_after_converging: Shop::on(first("db", Fate::DiesAfter(Duration::from_secs(1)))).without_base()
        => "install/stable", Unstable, Red, Recipe;
    an_app_that_answers_with_an_error: Shop::on(answering(503, 503)).without_base()
        => "install/serving", NotServing, Red, Recipe;
    an_app_that_has_no_front_page: Shop::on(answering(404, 404)).without_base()
        => "install/serving", NotServing, Red, Recipe;
    files_that_the_loader_refuses: Shop::on(swarm().fail(SwarmCall::Deploy, 1, Trouble::Refused("services.app.x is not allowed")))
        .without_base() => "install/deploy", DeployRefused, Red, Recipe;
}

// In the upgrade.
blamed! {
    a_head_that_is_never_healthy: Shop::on(then("app", Fate::NeverHealthy))
        => "upgrade/converged", NeverHealthy, Red, Recipe;
    a_head_whose_database_is_never_healthy: Shop::on(then("db", Fate::NeverHealthy))
        => "upgrade/converged", NeverHealthy, Red, Recipe;
    a_head_that_crashes: Shop::on(then("app", Fate::Crashes(1))) => "upgrade/converged", CrashLoop, Red, Recipe;
    a_head_whose_database_crashes: Shop::on(then("db", Fate::Crashes(1))) => "upgrade/converged", CrashLoop, Red, Recipe;
    a_head_that_is_killed_for_memory: Shop::on(then("app", Fate::OutOfMemory))
        => "upgrade/converged", OutOfMemory, Red, Recipe;
    a_head_whose_task_is_refused: Shop::on(then("app", Fate::Rejected(NO_MOUNT)))
        => "upgrade/converged", TaskRejected, Red, Recipe;
    a_head_that_is_rolled_back: Shop::on(then("app", Fate::RollsBack)) => "upgrade/converged", RolledBack, Red, Recipe;
    a_database_that_is_rolled_back: Shop::on(then("db", Fate::RollsBack)) => "upgrade/converged", RolledBack, Red, Recipe;
    a_head_whose_update_is_paused: Shop::on(then("app", Fate::Pauses)) => "upgrade/converged", UpdatePaused, Red, Recipe;
    a_database_whose_update_is_paused: Shop::on(then("db", Fate::Pauses))
        => "upgrade/converged", UpdatePaused, Red, Recipe;
    a_head_whose_migration_fails: Shop::on(then("migrate", Fate::Completes(1)))
        => "upgrade/converged", OneShotFailed, Red, Recipe;
    a_head_that_does_not_serve: Shop::on(answering(200, 500)) => "upgrade/serving", NotServing, Red, Recipe;
    a_head_that_dies_later: Shop::on(then("app", Fate::DiesAfter(Duration::from_millis(500))))
        => "upgrade/stable", Unstable, Red, Recipe;
    an_order_that_the_engine_does_not_heed: Shop::on(then("app", Fate::Unheeded))
        => "upgrade/moved", NotMoved, Red, Recipe;
    a_head_that_the_loader_refuses: Shop::on(swarm().fail(SwarmCall::Redeploy, 1, Trouble::Refused("invalid interpolation")))
        => "upgrade/redeploy", DeployRefused, Red, Recipe;
    a_head_whose_image_does_not_exist: Shop::on(swarm().without_image("shop:2", UNKNOWN))
        => "upgrade/redeploy", ImageMissing, Red, Recipe;
}

// What the recipe can do nothing about.
blamed! {
    a_registry_that_does_not_answer: Shop::on(swarm().without_image("shop:1", SILENT))
        => "install/deploy", Registry, Unverified, Infrastructure;
    a_registry_that_does_not_answer_for_head: Shop::on(swarm().without_image("db:2", SILENT))
        => "upgrade/redeploy", Registry, Unverified, Infrastructure;
    a_disk_that_is_full_at_the_pull: Shop::on(swarm().without_image("db:1", NO_ROOM))
        => "install/deploy", DiskFull, Unverified, Infrastructure;
    a_disk_that_is_full_on_the_node: Shop::on(first("app", Fate::Rejected(NO_ROOM)))
        => "install/converged", DiskFull, Unverified, Infrastructure;
    an_engine_that_is_lost_at_the_deploy: Shop::on(swarm().fail(SwarmCall::Deploy, 1, Trouble::Lost))
        => "install/deploy", EngineLost, Unverified, Infrastructure;
    an_engine_that_is_lost_at_the_redeploy: Shop::on(swarm().fail(SwarmCall::Redeploy, 1, Trouble::Lost))
        => "upgrade/redeploy", EngineLost, Unverified, Infrastructure;
    an_engine_that_fails_to_start_head_twice: Shop::on(then("app", Fate::UnstartedAndBack))
        => "upgrade/converged", EngineLost, Unverified, Infrastructure;
    an_engine_that_fails_to_start_a_database_of_head_twice: Shop::on(then("db", Fate::UnstartedAndPaused))
        => "upgrade/converged", EngineLost, Unverified, Infrastructure;
    an_engine_that_is_lost_while_it_makes_secrets: Shop::on(swarm().fail(SwarmCall::Secrets, 1, Trouble::Lost))
        => "install/deploy", EngineLost, Unverified, Infrastructure;
    a_swarm_without_a_leader: Shop::on(swarm().fail(SwarmCall::Deploy, 1, Trouble::Says("The swarm does not have a leader")))
        => "install/deploy", EngineLost, Unverified, Infrastructure;
    an_edge_that_cannot_be_started: Shop::on(swarm().fail(SwarmCall::Launch, 1, Trouble::Lost))
        => "install/deploy", EngineLost, Unverified, Infrastructure;
    an_edge_that_does_not_take_its_new_routes: Shop::on(swarm().fail(SwarmCall::Upload, 1, Trouble::Lost))
        => "upgrade/redeploy", EngineLost, Unverified, Infrastructure;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_lost_before_anything_ends_the_run() {
    let told = Shop::on(swarm().fail(SwarmCall::Inventory, 1, Trouble::Lost)).run().await;
    assert!(matches!(told.end(), RunEnd::Infrastructure { .. }), "{:?}", told.end());
    assert_eq!(told.verdict.blame, Some(Blame::Infrastructure));
    assert!(told.steps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_lost_in_the_middle_is_not_the_recipes_fault() {
    for number in [1, 2, 3, 5] {
        let told = Shop::on(swarm().fail_from(SwarmCall::Stack, number, Trouble::Lost)).run().await;
        assert_eq!(told.verdict.blame, Some(Blame::Infrastructure), "{number}: {:?}", told.verdict.reasons);
        assert_eq!(told.verdict.color, Color::Unverified, "{number}: {:?}", told.verdict.reasons);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_the_engine_fails_to_start_is_redeployed_once_more() {
    for (service, fate) in [("app", Fate::UnstartedAndBack), ("db", Fate::UnstartedAndPaused)] {
        let swarm = swarm().service(service, &[(Fate::Runs, 200), (fate.clone(), 200), (Fate::Runs, 200)]);
        let told = Shop::on(swarm).run().await;
        assert_eq!(told.verdict.color, Color::Green, "{fate:?}: {:?}", told.verdict.reasons);
        assert_eq!(told.swarm.calls(SwarmCall::Redeploy), 2);
        let said = |event: &Event| matches!(event, Event::Noted { text, .. } if text.ends_with("; it is redeployed once more"));
        assert_eq!(told.events.iter().filter(|event| said(event)).count(), 1);
        // Nothing failed by what somebody has to do something about.
        assert_eq!(shown(&told.events), []);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_fails_for_its_own_reasons_is_redeployed_once() {
    for fate in [Fate::RollsBack, Fate::Pauses, Fate::Crashes(1), Fate::Rejected(NO_ROOM)] {
        let told = Shop::on(then("app", fate)).run().await;
        assert_eq!(told.swarm.calls(SwarmCall::Redeploy), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_to_fail_leads_the_report() {
    let told = Shop::on(first("db", Fate::Crashes(3)).service("app", &[(Fate::Slow(Duration::from_secs(1)), 200)]))
        .run()
        .await;
    let triage = told.events.iter().find_map(|event| match event {
        Event::Triage(triage) => Some(triage.clone()),
        _ => None,
    });
    let triage = triage.unwrap();
    assert_eq!((triage.service.as_str(), triage.exit_code), ("db", Some(3)), "{triage:?}");
    assert!(triage.log[0].starts_with("last words of container-"), "{triage:?}");
}

/// What was shown of services beside failed steps: step, service, exit code.
fn shown(events: &[Event]) -> Vec<(String, String, Option<i64>)> {
    let of = |event: &Event| match event {
        Event::Triage(triage) => {
            assert!(triage.log[0].starts_with("last words of container-"), "{triage:?}");
            Some((triage.step.to_string(), triage.service.clone(), triage.exit_code))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[tokio::test(start_paused = true)]
async fn what_the_service_said_last_stands_beside_failures_that_are_none_of_convergence() {
    let told = Shop::on(answering(200, 500)).run().await;
    let first = shown(&told.events).into_iter().next();
    assert_eq!(first, Some(("upgrade/serving".to_owned(), "app".to_owned(), None)));
    let told = Shop::on(then("app", Fate::DiesAfter(Duration::from_millis(500)))).run().await;
    // This swarm tells of no death, and what a new attempt says explains none.
    assert_eq!(shown(&told.events), []);
    // A step that fails for another reason than the app, and a run without failure, show nothing.
    let told = Shop::on(then("app", Fate::Unheeded)).run().await;
    assert_eq!(shown(&told.events), []);
    assert_eq!(shown(&Shop::on(swarm()).run().await.events), []);
}

#[tokio::test(start_paused = true)]
async fn a_health_check_is_quoted() {
    let told = Shop::on(first("app", Fate::NeverHealthy)).run().await;
    let finding = told.found("install/converged");
    assert!(finding.summary.ends_with("its last health check failed: exit code 1: connection refused"), "{finding:?}");
    assert_eq!(finding.service.as_deref(), Some("app"));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_runs_at_base_and_ends_at_head_is_named() {
    let told = Shop::on(then("db", Fate::Crashes(4))).run().await;
    assert_eq!(told.found("upgrade/converged").service.as_deref(), Some("db"));
    assert!(told.verdict.reasons[0].contains("exit"), "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_moved_app_that_still_carries_the_old_label_is_told() {
    let told = Shop::on(then("app", Fate::Unheeded)).run().await;
    let details = &told.found("upgrade/moved").details;
    let label = format!("app: its chaos-version label says nothing, not {}", "b".repeat(8));
    assert!(details.contains(&label), "{details:?} of {}", stack());
}
