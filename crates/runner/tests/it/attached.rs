//! A server that is started again while a run goes on finds everything in the run's folder.

use crate::world::{World, run_id};
use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::life::Life;
use cc_ci_runner::pictures;
use cc_ci_runner::session::Session;
use cc_ci_store::follow::follow;
use cc_ci_store::life::life;
use cc_ci_store::replay;
use cc_ci_store::run_dir::RunDir;
use cc_ci_testkit::swarm::FakeSwarm;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Stops the run behind its first step, until the test lets it go on.
struct Halt(Option<(Sender<()>, Receiver<()>)>);

impl Listener for Halt {
    fn on_event(&mut self, event: &Stamped) {
        if !matches!(event.event, Event::StepEnded { .. }) {
            return;
        }
        if let Some((reached, go_on)) = self.0.take() {
            reached.send(()).unwrap();
            go_on.recv().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_reader_goes_on_where_the_last_one_stopped_and_finds_the_outcome() {
    let world = World::on(FakeSwarm::new());
    let (reached, reaches) = channel();
    let (let_go, go_on) = channel();
    let deps = world.deps(world.swarm.doors(), move || vec![Box::new(Halt(Some((reached, go_on))))]);
    let handle = Session::start(run_id("r1"), world.request(), deps);
    #[expect(clippy::disallowed_methods, reason = "the run is waited for; nothing is started from that thread")]
    tokio::task::block_in_place(|| reaches.recv()).unwrap();

    let dir = RunDir::open(&world.state(), &run_id("r1")).unwrap();
    let first = follow(&dir, 0).unwrap();
    assert!(matches!(first.events.last().unwrap().event, Event::StepEnded { .. }));
    assert_eq!(life(&dir).unwrap(), Life::Running);
    let page = pictures::page(&dir, &replay::judged(&dir).unwrap()).unwrap();
    assert!(page.contains("The run goes on: in install"), "a page drawn meanwhile says where the run is");
    let_go.send(()).unwrap();
    // Whoever reads from here on knows only how far the other one had come.
    let told = world.end(handle).await;
    let rest = follow(&dir, first.next).unwrap();
    assert!(matches!(rest.events.last().unwrap().event, Event::RunEnded { .. }));
    assert_eq!(life(&dir).unwrap(), Life::Over);
    let whole: Vec<Stamped> = first.events.into_iter().chain(rest.events).collect();
    assert_eq!(
        Evidence::fold(&whole),
        replay::judged(&dir).unwrap().evidence,
        "no event is missing, none is there twice"
    );
    assert_eq!((told.outcome.kind, told.outcome.exit_code), (EndKind::Green, 0), "{:?}", told.outcome);
}
