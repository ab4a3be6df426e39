//! A canonical is brought back into an empty place, and is afterwards what it was; where it cannot be, nothing is deployed.

use crate::shop::{Shop, domain, head_commit, run_id, stack};
use crate::told::Told;
use cc_ci_engine::labels;
use cc_ci_engine::ledger::LedgerEntry;
use cc_ci_engine::promotion::{Lend, Lent, Place};
use cc_ci_engine::swarm::{Operate, UNHEARD};
use cc_ci_model::canonical::Canonical;
use cc_ci_model::ids::RunId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_testkit::swarm::{Deed, FakeSwarm, Fate, Script, SwarmCall};
use std::sync::Arc;

const REPOSITORY: &str = "cc-ci-canonicals-1-repo";

fn place() -> Place {
    Place { label: RunId::parse("canonicals-1").unwrap(), key: Some("opens it".to_owned()), needed: [].into() }
}

pub(crate) fn lends() -> Lend {
    Arc::new(|| Box::pin(async { Ok(Lent { place: Some(place()), held: Box::new(()) }) }))
}

/// A swarm on which a run of the shop was promoted, with the canonical.
pub(crate) async fn promoted() -> (FakeSwarm, Canonical) {
    promoted_on(FakeSwarm::new()).await
}

/// The same on this swarm.
pub(crate) async fn promoted_on(swarm: FakeSwarm) -> (FakeSwarm, Canonical) {
    let swarm = swarm.service("migrate", &[(Fate::Completes(0), 0)]);
    let swarm = swarm.at(SwarmCall::Deploy, Deed::Writes { volume: "data", path: "orders/1", content: "one order" });
    let begin = Arc::new(|| -> futures_util::future::BoxFuture<'static, _> { Box::pin(async { Ok(place()) }) });
    let draft = Shop::on(swarm.clone()).keeping().promoted_to(begin).run().await.draft.unwrap();
    let secrets: Vec<String> = draft.secrets.iter().map(|secret| secret.name.clone()).collect();
    for secret in &secrets {
        swarm.keep_secret("shop", secret).await.unwrap();
    }
    let canonical = Canonical {
        version: draft.version,
        commit: head_commit(),
        run: run_id(),
        promoted: "2026-11-29T12:00:00Z".to_owned(),
        stack: stack(),
        domain: domain(),
        secrets: secrets.into_iter().collect(),
        data: draft.data,
    };
    (swarm, canonical)
}

pub(crate) fn secret(canonical: &Canonical) -> Object {
    Object::new(ObjectKind::Secret, canonical.secrets.first().unwrap())
}

/// What deploys of a run were for.
pub(crate) fn purposes(told: &Told) -> Vec<Purpose> {
    let deploys = told.ledger.iter().filter_map(|entry| match entry {
        LedgerEntry::Deploying { purpose, .. } => Some(purpose.clone()),
        _ => None,
    });
    deploys.collect()
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_with_its_data_and_its_secrets_and_stays_as_it_was() {
    let (swarm, canonical) = promoted().await;
    let (made, snapshots, left) = (swarm.calls(SwarmCall::Secrets), swarm.snapshots(), swarm.left());
    let told = Shop::on(swarm.clone()).keeping().verifying(canonical, lends()).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    let seen = Some("1 volume, 1 file, 9 B, 1 secret".to_owned());
    assert_eq!(*told.outcome("install/brought-back"), Outcome::Passed { note: seen });
    let steps: Vec<String> = told.steps().into_iter().map(|(id, _)| id.to_string()).collect();
    let all = ["brought-back", "deploy", "converged", "serving", "stable"].map(|step| format!("install/{step}"));
    assert_eq!(steps, all);
    assert_eq!(told.verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    assert_eq!(purposes(&told), [Purpose::Canonical]);
    // Nothing is made anew, nothing stays, and what was kept is untouched.
    assert_eq!((swarm.calls(SwarmCall::Secrets), swarm.snapshots(), swarm.left()), (made, snapshots, left));
    assert_eq!(told.ledger.last(), Some(&LedgerEntry::Closed));
}

#[tokio::test(start_paused = true)]
async fn what_its_containers_say_is_not_heard_since_nothing_could_be_masked() {
    for fate in [Fate::NeverHealthy, Fate::Crashes(4)] {
        let what = format!("{fate:?}");
        let fates = [(Fate::Runs, 200), (Fate::Runs, 200), (fate, 0)];
        let (swarm, canonical) = promoted_on(FakeSwarm::new().service("app", &fates)).await;
        let told = Shop::on(swarm).keeping().verifying(canonical, lends()).run().await;
        assert_eq!(told.verdict.color, Color::Red, "{what}");
        let said = format!("{:?}", told.events);
        for theirs in ["last words of", "connection refused"] {
            assert!(!said.contains(theirs), "{what}: {said}");
        }
        assert!(said.contains(UNHEARD), "{what}: {said}");
    }
}

/// What is kept cannot be brought back, in these words: no answer about the recipe, nothing deployed, nothing left.
async fn lost(spoil: impl FnOnce(FakeSwarm, &Canonical) -> FakeSwarm, lend: Lend, why: &str) {
    let (swarm, canonical) = promoted().await;
    let swarm = spoil(swarm, &canonical);
    let left = swarm.left();
    let told = Shop::on(swarm).keeping().verifying(canonical, lend).run().await;
    told.comes_to("install/brought-back", Cause::CanonicalLost, Color::Unverified, Blame::Infrastructure);
    let said = &told.found("install/brought-back").summary;
    assert!(
        said.starts_with("the canonical 2.0.0+2 of run r1 cannot be brought back: ") && said.contains(why),
        "{said}"
    );
    assert_eq!(told.verdict.budget.line(), "deploy-count = 0 (expect 1, engine saw 0)");
    assert_eq!((purposes(&told), told.swarm.left()), (Vec::new(), left));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_gone_is_named() {
    let spoil = |swarm: FakeSwarm, canonical: &Canonical| {
        swarm.goes(&secret(canonical));
        swarm
    };
    lost(spoil, lends(), "its secret shop-2d2942_token_v1 is gone").await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_that_name_that_is_not_kept_for_the_recipe_is_not_taken() {
    let spoil = |swarm: FakeSwarm, canonical: &Canonical| {
        swarm.appears(secret(canonical), &[(labels::CANONICAL, "another")]);
        swarm
    };
    lost(spoil, lends(), "is not kept for shop").await;
}

#[tokio::test(start_paused = true)]
async fn data_that_is_gone_is_not_looked_for_in_an_empty_volume() {
    let spoil = |swarm: FakeSwarm, _: &Canonical| {
        swarm.goes(&Object::new(ObjectKind::Volume, REPOSITORY));
        swarm
    };
    lost(spoil, lends(), "its data is gone: there is no volume cc-ci-canonicals-1-repo").await;
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_read_is_said() {
    let spoil = |swarm: FakeSwarm, _: &Canonical| swarm.scripted(Script::of("restore").exits(1));
    lost(spoil, lends(), "cannot restore the snapshot: exit code 1").await;
}

#[tokio::test(start_paused = true)]
async fn files_that_do_not_come_back_are_counted() {
    let spoil = |swarm: FakeSwarm, _: &Canonical| swarm.scripted(Script::of("restore"));
    lost(spoil, lends(), "0 files of 0 bytes came back, 1 file of 9 bytes were kept").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_lend_says_why() {
    let lend: Lend = Arc::new(|| Box::pin(async { Err("it is not kept any more".to_owned()) }));
    lost(|swarm, _| swarm, lend, "it is not kept any more").await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_empty_is_left_alone() {
    let volume = Object::new(ObjectKind::Volume, format!("{}_data", stack()));
    let spoil = |swarm: FakeSwarm, _: &Canonical| {
        swarm.appears(volume.clone(), &[(labels::RUN, "another"), (labels::STACK, stack().as_str())]);
        swarm
    };
    lost(spoil, lends(), &format!("its place is not empty: {volume} is there")).await;
}

#[tokio::test(start_paused = true)]
async fn a_volume_of_that_name_that_is_nobodys_is_left_alone() {
    let volume = Object::new(ObjectKind::Volume, format!("{}_data", stack()));
    let spoil = |swarm: FakeSwarm, _: &Canonical| {
        swarm.appears(volume.clone(), &[]);
        swarm
    };
    lost(spoil, lends(), &format!("its place is not empty: {volume} is there")).await;
}
