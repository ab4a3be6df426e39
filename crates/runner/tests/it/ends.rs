//! Every kind of end leaves an outcome with the answer of the process, and either a record with an end or no folder at all.

use crate::world::{Told, World};
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::life::Life;
use cc_ci_runner::request::{BaseWish, Request};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall, Trouble};
use std::time::Duration;

impl World {
    async fn run(&self, request: Request) -> Told {
        self.end(self.start("r1", request)).await
    }
}

/// A run came of the request, and its record says how it ended.
#[track_caller]
fn judged(told: &Told, kind: EndKind, exit_code: u8) {
    let Told { outcome, life, .. } = told;
    assert_eq!((outcome.kind, outcome.exit_code), (kind, exit_code), "{outcome:?}");
    assert_eq!((outcome.folder.is_some(), *life), (true, Some(Life::Over)), "{outcome:?}");
}

/// No run came of the request, and no folder is left of it.
#[track_caller]
fn refused(told: &Told, kind: EndKind, exit_code: u8) {
    let Told { outcome, life, .. } = told;
    assert_eq!((outcome.kind, outcome.exit_code), (kind, exit_code), "{outcome:?}");
    assert_eq!((&outcome.folder, *life), (&None, None), "{outcome:?}");
    assert!(!outcome.message.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage() {
    let world = World::on(FakeSwarm::new());
    let policy = Some(world.path("no-such-policy.toml"));
    refused(&world.run(Request { policy, ..world.request() }).await, EndKind::Usage, 2);
    let base = BaseWish::Version("9.9.9".to_owned());
    refused(&world.run(Request { base, ..world.request() }).await, EndKind::Usage, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_recipe_and_policy() {
    let world = World::on(FakeSwarm::new());
    world.commit("compose.yml", "services: [\n");
    refused(&world.run(world.request()).await, EndKind::Recipe, 21);
    world.commit("compose.yml", "version: \"3.8\"\nservices:\n  app: {image: \"shop:1\", volumes: [\"/:/host\"]}\n");
    refused(&world.run(world.request()).await, EndKind::Policy, 23);
    world.commit("tests/ci.toml", "nonsense = 1\n");
    refused(&world.run(world.request()).await, EndKind::Settings, 20);
    assert_eq!(world.swarm.calls(SwarmCall::Deploy), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_swarm() {
    let world = World::on(FakeSwarm::new().fail(SwarmCall::About, 1, Trouble::Lost));
    refused(&world.run(world.request()).await, EndKind::NoSwarm, 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn infrastructure() {
    let world = World::on(FakeSwarm::new().fail(SwarmCall::Inventory, 1, Trouble::Lost));
    judged(&world.run(world.request()).await, EndKind::Infrastructure, 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_before_it_began() {
    let world = World::on(FakeSwarm::new());
    for (by, code) in [("SIGTERM", 143), ("SIGINT", 130), ("an operator", 143)] {
        let handle = world.start("r1", world.request());
        handle.cancel(by);
        refused(&world.end(handle).await, EndKind::Cancelled, code);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadline() {
    let slow = Fate::Slow(Duration::from_secs(300));
    let world = World::on(FakeSwarm::new().service("app", &[(slow, 200)]));
    // No shorter limit can be set.
    world.commit("tests/ci.toml", "[limits]\nrun = 10\n");
    judged(&world.run(world.request()).await, EndKind::Deadline, 142);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn green_and_then_red() {
    let world = World::on(FakeSwarm::new().fail(SwarmCall::Deploy, 2, Trouble::Refused("invalid mount")));
    judged(&world.run(world.request()).await, EndKind::Green, 0);
    let red = world.end(world.start("r2", world.request())).await;
    judged(&red, EndKind::Red, 10);
    assert!(red.outcome.message.contains("invalid mount"), "{:?}", red.outcome);
    // The id of a run that was is nobody else's.
    let again = world.start("r2", world.request()).finished().await.outcome();
    assert_eq!((again.kind, again.exit_code, &again.folder), (EndKind::Usage, 2, &None), "{again:?}");
}
