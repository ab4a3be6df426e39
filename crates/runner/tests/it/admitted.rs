//! Runs that wait for a place on their machine: each goes on in its turn, or ends at once when somebody ends it.

use crate::world::{COMPOSE, Told, World, run_id};
use cc_ci_model::exit::{self, EndKind};
use cc_ci_runner::request::{Cores, Deps, Request};
use cc_ci_runner::session::{Ending, RunHandle, Session};
use cc_ci_runner::soak::{SoakRequest, soak};
use cc_ci_store::replay::judged;
use cc_ci_store::reservations;
use cc_ci_store::run_dir::RunDir;
use cc_ci_testkit::swarm::{FakeSwarm, Fate};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A machine of one core.
struct Small {
    world: World,
    endless: Request,
}

impl Small {
    fn new() -> Self {
        let slow = Fate::Slow(Duration::from_secs(300));
        let world = World::on(FakeSwarm::new().service("worker", &[(slow, 0)]));
        let two_services =
            COMPOSE.replace("networks:\n  proxy: {", "  worker: {image: \"worker:1\"}\nnetworks:\n  proxy: {");
        let plain = world.commit("README.md", "a shop\n");
        let revision = Some(world.commit("compose.yml", &two_services));
        let endless = Request { revision, ..world.request() };
        world.git(&["checkout", "-q", &plain]);
        Self { world, endless }
    }

    /// Starts a run, and hears what is said about it.
    fn start(&self, id: &str, request: Request) -> (RunHandle, UnboundedReceiver<String>) {
        let (tell, said) = unbounded_channel();
        let deps = Deps {
            cores: Cores::Given(1),
            say: Arc::new(move |text| drop(tell.send(text.to_owned()))),
            ..self.world.deps(self.world.swarm.doors(), Vec::new)
        };
        (Session::start(run_id(id), request, deps), said)
    }

    /// Starts the run that goes on until it is ended, once it has the place.
    async fn occupied(&self) -> RunHandle {
        let (handle, _said) = self.start("first", self.endless.clone());
        let has_it = || written(&self.world).iter().any(|(run, waits)| run == "first" && !waits);
        while !has_it() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        handle
    }
}

/// Who is written down, and whether it waits.
fn written(world: &World) -> Vec<(String, bool)> {
    let Some(book) = reservations::open(&world.state()).unwrap() else { return Vec::new() };
    let waits = |one: &cc_ci_model::admission::Reserved| one.stage == cc_ci_model::admission::PlaceStage::Waiting;
    book.written().iter().map(|one| (one.run.to_string(), waits(one))).collect()
}

async fn heard(said: &mut UnboundedReceiver<String>) -> String {
    let heard = tokio::time::timeout(Duration::from_secs(30), said.recv()).await;
    heard.expect("nothing is said").expect("the run is over")
}

/// What the record says about the wait.
fn fact(world: &World, told: &Told) -> Option<String> {
    let dir = RunDir::open(&world.state(), &told.finished.run).unwrap();
    let host = judged(&dir).unwrap().evidence.host;
    host.into_iter().find(|(name, _)| name == "waited for a place").map(|(_, value)| value)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_waits_says_for_what_and_goes_on_when_the_place_is_free() {
    let small = Small::new();
    let first = small.occupied().await;
    let (second, mut said) = small.start("second", small.world.request());
    let expected = "second is waiting for a place: 1 run (first) goes on here, and 1 core has room for 1";
    assert_eq!(heard(&mut said).await, expected);
    assert_eq!(written(&small.world), [("first".to_owned(), false), ("second".to_owned(), true)]);
    first.cancel("SIGTERM");
    let first = small.world.end(first).await;
    let second = small.world.end(second).await;
    assert_eq!((first.outcome.exit_code, second.outcome.kind), (143, EndKind::Green), "{:?}", second.outcome);
    assert_eq!(fact(&small.world, &first), None, "it did not wait");
    assert!(fact(&small.world, &second).is_some_and(|time| time.ends_with(" s")));
    assert!(said.try_recv().is_err(), "the same reason is not told again");
    assert!(written(&small.world).is_empty() && small.world.left().is_empty(), "{:?}", small.world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_ended_while_it_waits_ends_at_once_and_leaves_nothing() {
    for (signal, code) in [("SIGTERM", 143), ("SIGINT", 130)] {
        let small = Small::new();
        let first = small.occupied().await;
        let (second, mut said) = small.start("second", small.world.request());
        heard(&mut said).await;
        let before = small.world.left();
        second.cancel(signal);
        let second = small.world.end(second).await;
        assert_eq!((second.outcome.kind, second.outcome.exit_code), (EndKind::Cancelled, code), "{:?}", second.outcome);
        assert!(matches!(second.finished.ended, Ending::Refused(_)) && second.life.is_none(), "there is no folder");
        assert_eq!(written(&small.world), [("first".to_owned(), false)], "and no place in the queue");
        assert_eq!(small.world.left(), before, "it made nothing");
        first.cancel("SIGTERM");
        small.world.end(first).await;
        assert!(written(&small.world).is_empty() && small.world.left().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_to_make_three_runs_at_once_makes_one_after_the_other_on_one_core() {
    let world = World::on(FakeSwarm::new());
    let (mut series, _stop) = world.series();
    let (tell, mut said) = unbounded_channel();
    series.cores = Cores::Given(1);
    series.say = Arc::new(move |text| drop(tell.send(text.to_owned())));
    let asked = SoakRequest { run: world.request(), runs: 3, jobs: 3 };
    let report = soak(&asked, &Arc::new(series), |_| {}).await.unwrap();
    assert_eq!((report.exit_code(), report.runs.len()), (exit::GREEN, 3), "{}", report.text());
    assert!(heard(&mut said).await.contains(" is waiting for a place: 1 run ("));
    assert!(written(&world).is_empty() && world.left().is_empty());
}
