//! A bug of ours ends a run as everything else does: with an end in its record, an outcome, and its lock given back.

use crate::world::{Told, World, run_id};
use cc_ci_model::event::{Event, Listener, RunEnd, Stamped};
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::life::Life;
use cc_ci_runner::session::{Ending, Session};
use cc_ci_testkit::swarm::{FakeSwarm, Twisted};
use std::path::PathBuf;

/// Stops with a bug at the first event that `at` chooses.
struct Buggy {
    at: fn(&Event) -> bool,
}

impl Listener for Buggy {
    fn on_event(&mut self, event: &Stamped) {
        assert!(!(self.at)(&event.event), "a bug of a listener");
    }
}

/// Writes the secret of the app into a file of the run's folder, so that closing finds it there.
struct Leaky {
    file: PathBuf,
}

impl Listener for Leaky {
    fn on_event(&mut self, event: &Stamped) {
        if let Event::Planned { plan } = &event.event {
            // What a swarm in memory generates.
            std::fs::write(&self.file, format!("secret-0-of-{}_token_v1", plan.stack)).unwrap();
        }
    }
}

impl World {
    /// A run with a listener that stops with a bug.
    async fn heard_by(&self, at: fn(&Event) -> bool) -> Told {
        let file = self.path("state/runs/r1/left-behind");
        let deps = self.deps(self.swarm.doors(), move || vec![Box::new(Leaky { file }), Box::new(Buggy { at })]);
        self.end(Session::start(run_id("r1"), self.request(), deps)).await
    }
}

/// The run says of itself that a bug ended it.
#[track_caller]
fn broken(told: &Told) {
    let Told { outcome, life, finished } = told;
    assert_eq!((outcome.kind, outcome.exit_code), (EndKind::Internal, 1), "{outcome:?}");
    assert_eq!((outcome.folder.is_some(), *life), (true, Some(Life::Over)), "{outcome:?}");
    assert!(matches!(&finished.ended, Ending::Judged { end: RunEnd::Broken { .. }, .. }), "{:?}", finished.ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_run() {
    let world = World::on(FakeSwarm::new());
    let doors = Twisted::doors(world.swarm.doors(), Box::new(|_| panic!("a bug of a door")));
    let told = world.end(Session::start(run_id("r1"), world.request(), world.deps(doors, Vec::new))).await;
    broken(&told);
    assert!(told.outcome.message.contains("everything it had made was removed"), "{:?}", told.outcome);
    assert_eq!(world.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_record_is_closed() {
    let world = World::on(FakeSwarm::new());
    let told = world.heard_by(|event| matches!(event, Event::SecretLeaked { .. })).await;
    broken(&told);
    assert_eq!(world.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_last_event_it_changes_no_verdict() {
    let world = World::on(FakeSwarm::new());
    let told = world.heard_by(|event| matches!(event, Event::RunEnded { .. })).await;
    assert!(matches!(&told.finished.ended, Ending::Judged { end: RunEnd::Completed, .. }), "{:?}", told.finished.ended);
    assert_eq!((told.life, told.outcome.folder.is_some()), (Some(Life::Over), true), "{:?}", told.outcome);
    assert!(told.outcome.message.contains("the value of secret"), "the leak is in the record: {:?}", told.outcome);
    assert!(told.finished.notes.iter().any(|note| note.contains("bug")), "{:?}", told.finished.notes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_record_begins() {
    let world = World::on(FakeSwarm::new());
    let deps = world.deps(world.swarm.doors(), || panic!("a bug of who makes listeners"));
    let told = world.end(Session::start(run_id("r1"), world.request(), deps)).await;
    assert_eq!((told.outcome.kind, told.outcome.exit_code, told.life), (EndKind::Internal, 1, None));
}
