//! Teardown happens on every path, and takes what the run made and nothing else.

use crate::shop::{Shop, stack};
use cc_ci_engine::run::Cancel;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall, Trouble};
use std::time::Duration;

fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

/// Nothing is left, whatever becomes of the run.
macro_rules! leaves_nothing {
    ($($name:ident: $swarm:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let told = Shop::on($swarm).run().await;
            assert_eq!(told.left(), Vec::<String>::new(), "{:?}", told.verdict.reasons);
            assert!(told.verdict.reasons.iter().all(|reason| !reason.starts_with("left behind")));
        }
    )*};
}

leaves_nothing! {
    after_a_green_run_nothing_is_left: swarm();
    after_a_crash_nothing_is_left: swarm().service("app", &[(Fate::Crashes(1), 0)]);
    after_a_refused_deploy_nothing_is_left: swarm().fail(SwarmCall::Deploy, 1, Trouble::Refused("no"));
    after_a_lost_redeploy_nothing_is_left: swarm().fail(SwarmCall::Redeploy, 1, Trouble::Lost);
    after_a_rollback_nothing_is_left: swarm().service("app", &[(Fate::Runs, 200), (Fate::RollsBack, 200)]);
    after_an_edge_that_did_not_start_nothing_is_left: swarm().fail(SwarmCall::Launch, 1, Trouble::Lost);
}

/// One object that the engine keeps is named, and makes the run red.
async fn kept(object: Object) {
    let told = Shop::on(swarm().stuck(object.clone())).run().await;
    assert_eq!(told.verdict.color, Color::Red, "{:?}", told.verdict.reasons);
    assert_eq!(told.verdict.reasons[0], format!("left behind: {object}"));
    assert!(told.left().contains(&object.to_string()));
}

#[tokio::test(start_paused = true)]
async fn a_network_that_stays_is_red() {
    kept(Object::new(ObjectKind::Network, format!("{}_inside", stack()))).await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_stays_is_red() {
    kept(Object::new(ObjectKind::Secret, format!("{}_token_v1", stack()))).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_is_red() {
    let service = Object::new(ObjectKind::Service, format!("{}_db", stack()));
    let told = Shop::on(swarm().stuck(service.clone())).run().await;
    assert!(told.verdict.reasons.iter().any(|reason| *reason == format!("left behind: {service}")));
}

#[tokio::test(start_paused = true)]
async fn what_holds_a_network_is_named_at_once() {
    let network = Object::new(ObjectKind::Network, format!("{}_inside", stack()));
    let began = tokio::time::Instant::now();
    let told = Shop::on(swarm().held(network.clone(), "somebodys")).run().await;
    let words = format!("left behind: {network}, which is held by container somebodys");
    assert_eq!(told.verdict.reasons, [words]);
    assert_eq!((told.verdict.color, told.verdict.blame), (Color::Red, Some(Blame::Infrastructure)));
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_somebody_else_is_left_alone() {
    let theirs = Object::new(ObjectKind::Volume, "neighbour_data");
    let told = Shop::on(swarm().with(theirs.clone())).run().await;
    assert_eq!(told.left(), [theirs.to_string()]);
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_lost_at_teardown_is_said() {
    let told = Shop::on(swarm().fail(SwarmCall::Remove, 1, Trouble::Lost)).run().await;
    assert!(matches!(told.end(), RunEnd::Infrastructure { .. }), "{:?}", told.end());
    assert_eq!(told.verdict.blame, Some(Blame::Infrastructure));
}

/// Ends a run after a time with a reason.
async fn ended(after: Duration, reason: RunEnd) -> crate::told::Told {
    let cancel = Cancel::default();
    let slow = swarm().service("app", &[(Fate::Slow(Duration::from_secs(60)), 200)]);
    let ending = async {
        tokio::time::sleep(after).await;
        cancel.end(reason);
    };
    let shop = Shop::on(slow).ended_by(&cancel);
    tokio::join!(shop.run(), ending).0
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_told_to_end_tears_down() {
    let told = ended(Duration::from_secs(5), RunEnd::Cancelled { by: "SIGTERM".to_owned() }).await;
    assert_eq!((told.verdict.color, told.verdict.blame), (Color::Cancelled, Some(Blame::Cancelled)));
    assert_eq!(*told.end(), RunEnd::Cancelled { by: "SIGTERM".to_owned() });
    assert_eq!(told.left(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_run_at_its_limit_tears_down() {
    let told = ended(Duration::from_secs(5), RunEnd::Deadline).await;
    assert_eq!(*told.end(), RunEnd::Deadline);
    assert_ne!(told.verdict.color, Color::Green);
    assert_eq!(told.left(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_verdict_is_due_before_anything_is_removed() {
    let told = Shop::on(swarm()).run().await;
    let at = |wanted: fn(&Event) -> bool| told.events.iter().position(wanted).unwrap();
    let due = at(|event| matches!(event, Event::VerdictDue));
    let after = told.events.iter().rposition(|event| matches!(event, Event::Inventory { .. })).unwrap();
    assert!(due < after);
    let stepped = told.events.iter().rposition(|event| matches!(event, Event::StepEnded { .. })).unwrap();
    assert!(stepped < due, "no step ends after the verdict");
}
