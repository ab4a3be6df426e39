//! A green app is drafted as its recipe's canonical, from the deployment that there is; if it cannot be, the run is as it was.

use crate::shop::{Shop, stack};
use crate::told::Told;
use cc_ci_engine::labels;
use cc_ci_engine::ledger::LedgerEntry;
use cc_ci_engine::promotion::{Begin, Place};
use cc_ci_engine::run::Cancel;
use cc_ci_model::event::{Event, InventoryWhen, RunEnd};
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::verdict::Color;
use cc_ci_testkit::swarm::{Deed, FakeSwarm, Fate, Script, SwarmCall};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What opens the repository of those that were promoted before.
const KEY: &str = "opens it";

/// How long restic takes to open it, where something happens meanwhile.
const A_WHILE: Duration = Duration::from_secs(5);

fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

fn secret() -> Object {
    Object::new(ObjectKind::Secret, format!("{}_token_v1", stack()))
}

fn place(key: Option<&str>, needed: &[&str]) -> Place {
    Place {
        label: RunId::parse("canonicals-1").unwrap(),
        key: key.map(str::to_owned),
        needed: needed.iter().map(|one| (*one).to_owned()).collect(),
    }
}

/// Gives this place to whoever asks.
fn to(place: Place) -> Begin {
    Arc::new(move || {
        let place = place.clone();
        Box::pin(async move { Ok(place) })
    })
}

/// The same, and `meanwhile` happens while restic is still opening the repository.
fn while_it_opens(meanwhile: impl Fn() + Send + Sync + 'static) -> Begin {
    let meanwhile = Arc::new(meanwhile);
    Arc::new(move || {
        let meanwhile = Arc::clone(&meanwhile);
        Box::pin(async move {
            tokio::spawn(async move {
                tokio::time::sleep(A_WHILE / 2).await;
                meanwhile();
            });
            Ok(place(Some(KEY), &[]))
        })
    })
}

fn slow_to_open(swarm: FakeSwarm) -> FakeSwarm {
    swarm.scripted(Script::of("unlock").takes(A_WHILE))
}

/// What was said about the promotion: `promoting`, or why not.
fn said(told: &Told) -> Vec<&str> {
    let said = told.events.iter().filter_map(|event| match event {
        Event::Promoting { .. } => Some("promoting"),
        Event::NotPromoted { why } => Some(why.as_str()),
        _ => None,
    });
    said.collect()
}

fn is_closed(told: &Told) -> bool {
    told.ledger.last() == Some(&LedgerEntry::Closed)
}

/// Nothing is kept, for this reason, and the run is what it is without a promotion.
#[track_caller]
fn comes_to_nothing(told: &Told, why: &str) {
    let words = said(told);
    assert!(words.last().is_some_and(|last| last.contains(why)), "{words:?}");
    assert!(told.draft.is_none());
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    assert_eq!(told.verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    let left: Vec<String> = told.left().into_iter().filter(|one| *one != "volume cc-ci-canonicals-1-repo").collect();
    assert_eq!((left, is_closed(told)), (Vec::new(), true), "what is not kept goes");
}

#[tokio::test(start_paused = true)]
async fn a_green_app_is_saved_whole_and_only_its_secrets_stay() {
    let order = Deed::Writes { volume: "data", path: "orders/1", content: "one order" };
    let shop = || Shop::on(swarm().at(SwarmCall::Deploy, order)).keeping();
    let without = shop().run().await;
    let told = shop().promoted_to(to(place(None, &[]))).run().await;
    assert_eq!(said(&told), ["promoting"]);
    let draft = told.draft.as_ref().unwrap();
    assert_eq!((draft.version.as_str(), draft.deploys), ("2.0.0+2", 0));
    assert_eq!(draft.secrets, [secret()].into());
    assert!(draft.new_key.is_some(), "the repository was laid out just now");

    // It lies between the verdict and the teardown.
    let at = |wanted: fn(&Event) -> bool| told.events.iter().position(wanted).unwrap();
    let begun = at(|event| matches!(event, Event::Promoting { .. }));
    assert!(at(|event| matches!(event, Event::VerdictDue)) < begun);
    assert!(begun < at(|event| matches!(event, Event::Inventory { when: InventoryWhen::After, .. })));

    // The snapshot is that of everything that the volume held; what cc-ci marked is in it, and not counted.
    let (data, snapshots) = (draft.data.as_ref().unwrap(), told.swarm.snapshots());
    let (saved, volume) = (&snapshots[&data.snapshot], format!("{}_data", stack()));
    assert_eq!(saved[&format!("/volumes/{volume}/orders/1")], b"one order");
    assert_eq!((&data.volumes, data.files, data.bytes), (&[volume].into(), 1, 9));

    // Secrets and the repository are there; the ledger stays open for them.
    assert_eq!(told.left(), ["volume cc-ci-canonicals-1-repo".to_owned(), secret().to_string()]);
    assert!(!is_closed(&told));

    // Nothing of it is in the verdict, and the one deploy is the run's.
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    assert_eq!(told.verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    assert_eq!(told.verdict.tiers, without.verdict.tiers);
    assert_eq!(told.swarm.calls(SwarmCall::Deploy), 1);
    assert_eq!(told.swarm.calls(SwarmCall::Redeploy), without.swarm.calls(SwarmCall::Redeploy));
    let deploys = told.ledger.iter().filter_map(|entry| match entry {
        LedgerEntry::Deploying { purpose, .. } => Some(purpose.clone()),
        _ => None,
    });
    assert_eq!(deploys.collect::<Vec<_>>(), [Purpose::Base]);
}

#[tokio::test(start_paused = true)]
async fn an_app_without_volumes_needs_no_repository() {
    let told = Shop::on(swarm()).promoted_to(to(place(None, &[]))).run().await;
    let draft = told.draft.as_ref().unwrap();
    assert_eq!((&draft.data, &draft.new_key, draft.deploys), (&None, &None, 0));
    assert_eq!(told.left(), [secret().to_string()]);
}

#[tokio::test(start_paused = true)]
async fn what_no_shelf_names_is_forgotten_and_what_one_names_is_not() {
    let swarm = swarm();
    let first = Shop::on(swarm.clone()).keeping().promoted_to(to(place(None, &[]))).run().await;
    let first = first.draft.unwrap().data.unwrap().snapshot;
    let again = |needed: &[&str]| Shop::on(swarm.clone()).keeping().promoted_to(to(place(Some(KEY), needed)));
    let told = again(&[&first]).run().await;
    let second = told.draft.unwrap();
    assert_eq!(second.new_key, None, "the repository was there");
    let second = second.data.unwrap().snapshot;
    assert_eq!(swarm.snapshots().into_keys().collect::<Vec<_>>(), [first.clone(), second.clone()]);
    // The second was never written down, because its process was killed, say.
    let third = again(&[&first]).run().await.draft.unwrap().data.unwrap().snapshot;
    assert_eq!(swarm.snapshots().into_keys().collect::<Vec<_>>(), [first, third]);
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_somebody_else_is_never_kept() {
    let swarm = slow_to_open(swarm());
    let behind = swarm.clone();
    let told = Shop::on(swarm)
        .keeping()
        .promoted_to(Arc::new(move || {
            behind.appears(secret(), &[(labels::RUN, "another")]);
            Box::pin(async { Ok(place(Some(KEY), &[])) })
        }))
        .run()
        .await;
    assert!(told.draft.is_none());
    assert_eq!(
        said(&told),
        ["promoting".to_owned(), format!("the secret {} is not this run's own any more", secret().name)]
    );
}

/// A promotion that fails: the verdict is what it was, and what would have been kept goes.
macro_rules! not_promoted {
    ($($name:ident: $swarm:expr => $why:literal;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            let told = Shop::on($swarm).keeping().promoted_to(to(place(Some(KEY), &[]))).run().await;
            comes_to_nothing(&told, $why);
        }
    )*};
}

not_promoted! {
    a_repository_that_does_not_open: swarm().scripted(Script::of("unlock").exits(1)) => "cannot forget old snapshots: exit code 1";
    a_list_of_snapshots_that_makes_no_sense: swarm().scripted(Script::of("snapshots").says("{}")) => "cannot forget old snapshots";
    a_snapshot_that_fails: swarm().scripted(Script::of("--compression").exits(1)) => "cannot save the snapshot: exit code 1";
    a_snapshot_without_what_the_volumes_held: swarm().scripted(Script::of("--no-lock").says("{}\n")) => "the snapshot is not what the volumes held: volume";
    a_service_that_does_not_stop: swarm().stubborn_after("db", 1) => "db did not stop within 180 s";
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_comes_up_meanwhile_is_a_deploy_and_what_it_saved_is_not_kept() {
    let swarm = slow_to_open(swarm());
    let behind = swarm.clone();
    let begin = while_it_opens(move || behind.tells("create", &format!("{}_app", stack())));
    let told = Shop::on(swarm).keeping().promoted_to(begin).run().await;
    comes_to_nothing(&told, "1 stacks of the run came up meanwhile");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_who_deploys_meanwhile_and_a_service_that_changes_are_no_deploy() {
    let swarm = slow_to_open(swarm());
    let behind = swarm.clone();
    let begin = while_it_opens(move || {
        behind.tells("create", "neighbour_app");
        behind.tells("update", &format!("{}_app", stack()));
    });
    let told = Shop::on(swarm).keeping().promoted_to(begin).run().await;
    assert_eq!((said(&told), told.draft.as_ref().map(|draft| draft.deploys)), (vec!["promoting"], Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_ended_meanwhile_keeps_nothing() {
    let cancel = Cancel::default();
    let ending = cancel.clone();
    let begin = while_it_opens(move || ending.end(RunEnd::Cancelled { by: "SIGTERM".to_owned() }));
    let shop = Shop::on(slow_to_open(swarm())).keeping().promoted_to(begin).ended_by(&cancel);
    comes_to_nothing(&shop.run().await, "the run was ended");
}

#[tokio::test(start_paused = true)]
async fn who_says_no_is_asked_nothing_more() {
    let swarm = swarm();
    let begin: Begin = Arc::new(|| Box::pin(async { Err("the run is not green, but red".to_owned()) }));
    let told = Shop::on(swarm.clone()).keeping().promoted_to(begin).run().await;
    comes_to_nothing(&told, "the run is not green, but red");
    assert_eq!((said(&told).len(), swarm.snapshots()), (1, BTreeMap::new()));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_ended_before_asks_nobody() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let begin: Begin = Arc::new(move || {
        counts.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(place(None, &[])) })
    });
    let cancel = Cancel::default();
    cancel.end(RunEnd::Deadline);
    let told = Shop::on(swarm()).keeping().promoted_to(begin).ended_by(&cancel).run().await;
    assert_ne!(told.verdict.color, Color::Green);
    assert_eq!((asked.load(Ordering::Relaxed), said(&told).len(), told.left()), (0, 0, Vec::new()));
}
