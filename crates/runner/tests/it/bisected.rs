//! Searches for the commit that broke the shop: each probe is a run, and no search deploys more than it stated.

use crate::world::{COMPOSE, World};
use cc_ci_model::bisect::report::{BisectReport, ProbeSource};
use cc_ci_model::bisect::{Before, BisectEnd, Stopped};
use cc_ci_model::tier::Tier;
use cc_ci_runner::bisect::{BisectNews, BisectRequest, StoredRuns, bisect};
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::{BaseWish, Request};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall};
use std::time::Duration;

/// A shop whose worker dies.
fn broken() -> String {
    COMPOSE.replace("networks:\n  proxy: {", "  worker: {image: \"worker:1\"}\nnetworks:\n  proxy: {")
}

/// A shop with so many commits behind the first one, GOOD; from one of them on its worker has this fate.
fn world(commits: usize, culprit: usize, fate: Fate) -> (World, Vec<String>) {
    let world = World::on(FakeSwarm::new().service("worker", &[(fate, 0)]));
    let mut line = vec![world.git(&["rev-parse", "HEAD"])];
    for place in 1..=commits {
        line.push(match place == culprit {
            true => world.commit("compose.yml", &broken()),
            false => world.commit("README.md", &format!("{place}\n")),
        });
    }
    (world, line)
}

fn asked(world: &World, good: &str, bad: &str) -> BisectRequest {
    BisectRequest {
        probe: Request { base: BaseWish::Automatic, ..world.request() },
        good: good.to_owned(),
        bad: bad.to_owned(),
        tier: Tier::Install,
        base: None,
        stored: StoredRuns::Count,
    }
}

async fn search(world: &World, asked: &BisectRequest) -> Result<BisectReport, RunnerError> {
    bisect(asked, &world.series().0, |_| {}).await
}

/// Places in the order in which runs were made for them.
fn made(report: &BisectReport) -> Vec<usize> {
    let made = report.probes.iter().filter(|probe| probe.source == ProbeSource::Made);
    made.map(|probe| probe.place).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commit_is_named_with_a_run_for_each_probe_and_nothing_is_left() {
    let (world, line) = world(6, 4, Fate::Crashes(3));
    let report = search(&world, &asked(&world, &line[0], "main")).await.unwrap();
    assert_eq!(report.end, BisectEnd::First { at: 4, before: Before::Passes }, "{}", report.text());
    assert_eq!((report.plan.most_runs, report.plan.most_deploys), (4, 4));
    assert_eq!((made(&report), report.exit_code()), (vec![6, 3, 4], 0));
    assert_eq!(report.deploys.line(), "deploy-count = 3 (expect 3, engine saw 3)");
    assert_eq!(world.swarm.calls(SwarmCall::Deploy), 3);
    assert!(
        report.text().lines().last().unwrap().starts_with(&format!("FIRST BAD COMMIT  {} compose.yml", &line[4][..8]))
    );
    assert!(world.left().is_empty(), "{:?}", world.left());

    // What was learnt is stored: the same search deploys nothing.
    let again = search(&world, &asked(&world, &line[0], "main")).await.unwrap();
    assert_eq!((again.end.clone(), again.exit_code(), made(&again)), (report.end.clone(), 0, Vec::new()));
    assert_eq!(world.swarm.calls(SwarmCall::Deploy), 3);
    // Tests and settings of the operator are in no record.
    let catalogue = world.path("catalogue");
    std::fs::create_dir_all(catalogue.join("shop")).unwrap();
    let mut operators = asked(&world, &line[0], "main");
    operators.probe.catalogue = Some(catalogue);
    assert_eq!(made(&search(&world, &operators).await.unwrap()), [6, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_no_run_can_begin_at_costs_nothing_and_leaves_a_range_beside_the_culprit() {
    let (world, mut line) = world(1, 0, Fate::Crashes(3));
    line.push(world.commit("compose.yml", "services: [\n"));
    line.push(world.commit("compose.yml", &broken()));
    line.push(world.commit("README.md", "4\n"));
    let report = search(&world, &asked(&world, &line[0], &line[4])).await.unwrap();
    assert_eq!(report.end, BisectEnd::Among { from: 2, to: 3, why: Stopped::NoAnswer }, "{}", report.text());
    assert_eq!(made(&report), [4, 1, 3]);
    let refused = report.probes.iter().find(|probe| probe.source == ProbeSource::Refused).unwrap();
    assert_eq!((refused.place, refused.exit_code, report.exit_code()), (2, 21, 21));
    assert_eq!(world.swarm.calls(SwarmCall::Deploy), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_that_are_not_what_they_are_called_are_told() {
    let (world, line) = world(2, 0, Fate::Runs);
    let report = search(&world, &asked(&world, &line[0], &line[2])).await.unwrap();
    assert_eq!((report.end.clone(), report.exit_code(), made(&report)), (BisectEnd::BadPasses, 2, vec![2]));
    let whole = [(line[0].as_str(), line[0].as_str()), (&line[2], &line[0]), (&line[0], "no-such-branch")];
    let mut kinds = Vec::new();
    for (good, bad) in whole {
        let error = search(&world, &asked(&world, good, bad)).await.unwrap_err();
        kinds.push((error.kind, error.message.contains("same commit"), error.message.contains("not an ancestor")));
    }
    let (usage, recipe) = (ErrorKind::Usage, ErrorKind::Recipe);
    assert_eq!(kinds, [(usage, true, false), (usage, false, true), (recipe, false, false)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_commit_that_fails_is_found_out_when_nothing_else_passes_and_is_known_the_next_time() {
    let (world, line) = world(4, 1, Fate::Crashes(3));
    let report = search(&world, &asked(&world, &line[1], "main")).await.unwrap();
    assert_eq!((report.end.clone(), made(&report), report.exit_code()), (BisectEnd::GoodFails, vec![3, 1, 0], 2));
    let again = search(&world, &asked(&world, &line[1], "main")).await.unwrap();
    assert_eq!((again.end.clone(), made(&again)), (BisectEnd::GoodFails, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_that_is_skipped_and_a_base_in_between_are_refused_before_anything_is_deployed() {
    let (world, line) = world(2, 0, Fate::Runs);
    let upgrade = |good: &str| BisectRequest { tier: Tier::Upgrade, ..asked(&world, good, "main") };
    let error = search(&world, &upgrade(&line[0])).await.unwrap_err();
    assert!(error.message.starts_with("nothing to find: upgrade is skipped at BAD"), "{error}");
    world.git(&["tag", "--annotate", "1.0.0+1", "--message", "release", &line[1]]);
    world.commit("compose.yml", &broken());
    let error = search(&world, &upgrade(&line[0])).await.unwrap_err();
    assert!(error.message.contains("the base of BAD, 1.0.0+1, does not come before GOOD"), "{error}");
    let base = Some("1.0.0+1".to_owned());
    let named = BisectRequest { base: base.clone(), ..upgrade(&line[0]) };
    let late = search(&world, &named).await.unwrap_err();
    assert!(late.message.starts_with("`1.0.0+1` comes after ") && late.hint.is_some(), "{late}");
    let installed = BisectRequest { base, ..asked(&world, &line[0], "main") };
    let same = search(&world, &installed).await.unwrap_err();
    assert!(same.message.starts_with("every app would be installed at `1.0.0+1`"), "{same}");
    for error in [error, late, same] {
        assert_eq!((error.kind, world.swarm.calls(SwarmCall::Deploy)), (ErrorKind::Usage, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_ends_it_ends_its_run_and_hears_what_is_known() {
    let (world, line) = world(4, 2, Fate::Slow(Duration::from_secs(300)));
    let (series, stop) = world.series();
    // BAD goes on until somebody ends it.
    let ending = stop.clone();
    let asked = asked(&world, &line[0], "main");
    let swarm = world.swarm.clone();
    let waiting = tokio::spawn(async move {
        while swarm.calls(SwarmCall::Deploy) == 0 {
            tokio::task::yield_now().await;
        }
        ending.end("SIGTERM");
    });
    let mut answered = 0;
    let tell = |news: BisectNews<'_>| answered += usize::from(matches!(news, BisectNews::Answered(_)));
    let report = bisect(&asked, &series, tell).await.unwrap();
    waiting.await.unwrap();
    assert_eq!((report.exit_code(), answered, made(&report)), (143, 1, vec![4]));
    assert!(report.text().contains("ENDED by SIGTERM"), "{}", report.text());
    assert!(world.left().is_empty(), "{:?}", world.left());
}
