//! Many runs of the shop at one commit: what is flaky is called so, and one that cannot begin ends it.

use crate::world::World;
use cc_ci_model::exit;
use cc_ci_model::soak::CheckName;
use cc_ci_model::soak::report::SoakReport;
use cc_ci_model::tier::Tier;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::Request;
use cc_ci_runner::soak::{SoakNews, SoakRequest, soak};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall};
use std::collections::BTreeSet;
use std::sync::Arc;

fn asked(world: &World, runs: u32, jobs: u32) -> SoakRequest {
    let stages = BTreeSet::from([Tier::Install]);
    SoakRequest { run: Request { stages, ..world.request() }, runs, jobs }
}

async fn soaked(world: &World, asked: &SoakRequest) -> Result<SoakReport, RunnerError> {
    soak(asked, &Arc::new(world.series().0), |_| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_comes_up_three_times_of_four_is_flaky() {
    let fates = [(Fate::Runs, 200), (Fate::Crashes(7), 0), (Fate::Runs, 200)];
    let world = World::on(FakeSwarm::new().service("app", &fates));
    let report = soaked(&world, &asked(&world, 4, 1)).await.unwrap();
    assert_eq!((report.runs.len(), report.not_green().count(), report.exit_code()), (4, 1, exit::RED));
    let flaky: Vec<&CheckName> = report.flaky().map(|rate| &rate.check).collect();
    assert!(flaky.contains(&&CheckName::Tier(Tier::Install)), "{}", report.text());
    let last = report.text().lines().last().unwrap().to_owned();
    assert!(last.starts_with("FLAKY  1 of 4 runs are not green: install/converged (1 of 4 fail)"), "{}", report.text());
    let bad = report.not_green().next().unwrap();
    assert!(bad.number == 2 && bad.run.as_str().ends_with("-2"), "{bad:?}");
    assert!(report.keeps_its_budget(), "{}", report.text());
    assert!(world.left().is_empty(), "{:?}", world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_at_a_time_are_as_many_as_were_asked_for_and_are_counted_apart() {
    let world = World::on(FakeSwarm::new());
    let report = soaked(&world, &asked(&world, 5, 3)).await.unwrap();
    assert_eq!((report.exit_code(), report.runs.len(), report.stated()), (exit::GREEN, 5, 5), "{}", report.text());
    assert_eq!((report.deploys.ledger, world.swarm.calls(SwarmCall::Deploy)), (5, 5));
    let numbers: Vec<u32> = report.runs.iter().map(|run| run.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert!(world.left().is_empty(), "{:?}", world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_run_is_about_the_commit_that_was_head_when_it_began() {
    let world = World::on(FakeSwarm::new());
    let series = Arc::new(world.series().0);
    let asked = asked(&world, 2, 1);
    // Somebody breaks the branch while the first run goes on.
    let mut planned = 0;
    let tell = |news: SoakNews<'_>| {
        if matches!(news, SoakNews::Planned(_)) {
            planned += 1;
            world.commit("compose.yml", "services: [\n");
        }
    };
    let report = soak(&asked, &series, tell).await.unwrap();
    assert_eq!((report.exit_code(), planned), (exit::GREEN, 1), "{}", report.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_begin_is_an_error_and_an_end_is_told() {
    let world = World::on(FakeSwarm::new());
    let (series, stop) = world.series();
    let ending = stop.clone();
    let tell = move |news: SoakNews<'_>| match news {
        SoakNews::Over(_) => ending.end("SIGINT"),
        SoakNews::Planned(_) | SoakNews::Note(_) => {}
    };
    let report = soak(&asked(&world, 50, 1), &Arc::new(series), tell).await.unwrap();
    assert!((1..50).contains(&report.runs.len()), "{}", report.runs.len());
    assert_eq!(report.exit_code(), exit::INTERRUPTED);
    assert!(report.text().contains("then SIGINT ended it"), "{}", report.text());
    assert!(world.left().is_empty(), "{:?}", world.left());
    world.commit("compose.yml", "services: [\n");
    assert_eq!(soaked(&world, &asked(&world, 3, 2)).await.unwrap_err().kind, ErrorKind::Recipe);
}
