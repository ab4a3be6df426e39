//! Two runs in one process do not know of each other.

use crate::world::{COMPOSE, World, run_id};
use cc_ci_model::exit::EndKind;
use cc_ci_model::report::life::Life;
use cc_ci_runner::request::Request;
use cc_ci_store::life::life;
use cc_ci_store::run_dir::RunDir;
use cc_ci_testkit::swarm::{FakeSwarm, Fate};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_in_one_process_one_of_them_cancelled() {
    let slow = Fate::Slow(Duration::from_secs(300));
    let world = World::on(FakeSwarm::new().service("worker", &[(slow, 0)]));
    let two_services =
        COMPOSE.replace("networks:\n  proxy: {", "  worker: {image: \"worker:1\"}\nnetworks:\n  proxy: {");
    let first = world.commit("README.md", "a shop\n");
    let good = world.start("good", Request { revision: Some(first), ..world.request() });
    // It goes on for as long as nobody ends it.
    let revision = Some(world.commit("compose.yml", &two_services));
    let ended = world.start("ended", Request { revision, ..world.request() });
    let good = world.end(good).await;
    let dir = RunDir::open(&world.state(), &run_id("ended")).unwrap();
    assert_eq!(life(&dir).unwrap(), Life::Running, "the end of one run is none of the other's business");
    ended.cancel("SIGTERM");
    let ended = world.end(ended).await;

    let told = [&good, &ended].map(|told| (told.outcome.kind, told.outcome.exit_code, told.life));
    let (green, cancelled) = ((EndKind::Green, 0), (EndKind::Cancelled, 143));
    let over = Some(Life::Over);
    assert_eq!(told, [(green.0, green.1, over), (cancelled.0, cancelled.1, over)], "{:?}", good.outcome);
    assert!(world.left().is_empty(), "{:?}", world.left());
}
