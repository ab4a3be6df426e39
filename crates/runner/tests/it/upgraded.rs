//! The shop upgraded from several of its versions: each a run, no more deploys than stated, and red by the name of the version.

use crate::world::{COMPOSE, World, run_id};
use cc_ci_model::exit;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::choose::FromWish;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::upgrades::tried::UpgradeAnswer;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::{BaseWish, Request};
use cc_ci_runner::upgrades::{Looks, UpgradesNews, UpgradesRequest, upgrades};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall};
use std::collections::BTreeSet;

/// A shop with three published versions before its head; each deploys another image.
fn world(swarm: FakeSwarm) -> World {
    let world = World::on(swarm);
    for (version, image) in [("1.0.0+1", "shop:2"), ("1.1.0+1", "shop:3"), ("1.2.0+1", "shop:4")] {
        world.commit("compose.yml", &COMPOSE.replace("shop:1", image));
        world.git(&["tag", "-a", version, "-m", version]);
    }
    world.commit("compose.yml", &COMPOSE.replace("shop:1", "shop:5"));
    world
}

fn asked(world: &World, from: &str) -> UpgradesRequest {
    UpgradesRequest {
        run: Request { base: BaseWish::Automatic, ..world.request() },
        from: from.parse::<FromWish>().unwrap(),
        looks: Looks::Each(BTreeSet::from([Tier::Upgrade])),
        series: Some(run_id("s1")),
    }
}

async fn tried(world: &World, asked: &UpgradesRequest) -> Result<UpgradesReport, RunnerError> {
    upgrades(asked, &world.series().0, |_| {}).await.map(|(report, _)| report)
}

fn answers(report: &UpgradesReport) -> Vec<(&str, &str)> {
    report.tried.iter().map(|one| (one.version.as_str(), one.answer.word())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_version_is_one_run_and_one_deploy_and_everything_is_kept() {
    let world = world(FakeSwarm::new());
    let asked = UpgradesRequest { looks: Looks::Usual, ..asked(&world, "all") };
    let (series, _) = world.series();
    let (report, kept) = upgrades(&asked, &series, |_| {}).await.unwrap();
    assert_eq!((report.color, report.exit_code()), (Color::Green, exit::GREEN), "{}", report.text());
    assert_eq!(answers(&report), [("1.2.0+1", "pass"), ("1.1.0+1", "pass"), ("1.0.0+1", "pass")]);
    assert_eq!(report.counts.line(), "deploy-count = 3 (expect 3, engine saw 3)");
    assert_eq!((world.swarm.calls(SwarmCall::Deploy), world.swarm.calls(SwarmCall::Redeploy)), (3, 3));
    let runs: Vec<String> = report.tried.iter().filter_map(|one| one.run.as_ref().map(ToString::to_string)).collect();
    assert_eq!(runs, ["s1-1", "s1-2", "s1-3"]);
    let kept = kept.unwrap();
    for file in ["plan.json", "results.json", "summary.txt", "index.html", "card.png"] {
        assert!(kept.path().join(file).is_file(), "{file} is missing");
    }
    assert_eq!(std::fs::read_to_string(kept.path().join("summary.txt")).unwrap(), report.text());
    assert!(world.left().is_empty(), "{:?}", world.left());
    // A series of that name was made.
    let again = upgrades(&asked, &world.series().0, |_| {}).await;
    assert_eq!(again.unwrap_err().kind, ErrorKind::Usage);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_fails_from_the_oldest_version_only_is_red_by_its_name() {
    // Each run deploys its base and then head: the sixth of these dies.
    let mut fates = vec![(Fate::Runs, 200); 5];
    fates.push((Fate::Crashes(7), 0));
    let world = world(FakeSwarm::new().service("app", &fates));
    let report = tried(&world, &asked(&world, "all")).await.unwrap();
    assert_eq!(answers(&report), [("1.2.0+1", "pass"), ("1.1.0+1", "pass"), ("1.0.0+1", "fail")]);
    assert_eq!((report.color, report.exit_code()), (Color::Red, exit::RED));
    let first = report.text().lines().next().unwrap().to_owned();
    assert!(first.starts_with("RED  the upgrade from 1.0.0+1 fails: upgrade failed: "), "{first}");
    assert!(world.left().is_empty(), "{:?}", world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_come_up_is_no_answer_and_the_others_are_tried() {
    let fates = [(Fate::Runs, 200), (Fate::Runs, 200), (Fate::Crashes(7), 0), (Fate::Runs, 200)];
    let world = world(FakeSwarm::new().service("app", &fates));
    let report = tried(&world, &asked(&world, "last:3")).await.unwrap();
    assert_eq!(answers(&report), [("1.2.0+1", "pass"), ("1.1.0+1", "unver"), ("1.0.0+1", "pass")]);
    assert_eq!((report.color, report.blame, report.exit_code()), (Color::Unverified, Some(Blame::Base), exit::RED));
    let first = report.text().lines().next().unwrap().to_owned();
    assert!(
        first.starts_with("UNVERIFIED  2 of 3 versions were tested; 1.1.0+1 has no answer: install failed"),
        "{first}"
    );
    assert_eq!(report.counts.line(), "deploy-count = 3 (expect 3, engine saw 3)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_cannot_be_read_costs_no_deploy_and_one_that_changed_is_not_deployed() {
    let world = world(FakeSwarm::new());
    let broken = world.commit("compose.yml", "services: [\n");
    world.git(&["tag", "-a", "1.3.0+1", "-m", "1.3.0+1"]);
    world.commit("compose.yml", &COMPOSE.replace("shop:1", "shop:6"));
    let asked = asked(&world, "all");
    let mut stated = 0;
    // Somebody moves a tag after it was stated what is deployed.
    let tell = |news: UpgradesNews<'_>| match news {
        UpgradesNews::Planned(plan) => {
            stated = plan.deploys();
            world.git(&["tag", "-f", "-a", "1.0.0+1", "-m", "moved", "1.1.0+1^{}"]);
        }
        UpgradesNews::Trying(_) | UpgradesNews::Over(_) | UpgradesNews::Note(_) => {}
    };
    let (report, _) = upgrades(&asked, &world.series().0, tell).await.unwrap();
    assert_eq!((stated, world.swarm.calls(SwarmCall::Deploy)), (3, 2), "{}", report.text());
    let unver = |version: &str| {
        let one = report.tried.iter().find(|one| one.version == version).unwrap();
        match &one.answer {
            UpgradeAnswer::None { why, .. } => why.clone(),
            UpgradeAnswer::Passes | UpgradeAnswer::Fails { .. } => panic!("{one:?}"),
        }
    };
    assert!(unver("1.3.0+1").starts_with("the base is not usable"), "{} {broken}", unver("1.3.0+1"));
    assert!(
        unver("1.0.0+1").contains("is not the one that was stated beforehand: it begins at"),
        "{}",
        unver("1.0.0+1")
    );
    assert_eq!(report.color, Color::Unverified);
    assert!(world.left().is_empty(), "{:?}", world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ends_it_ends_the_run_that_goes_on_and_those_to_come() {
    let world =
        world(FakeSwarm::new().service("app", &[(Fate::Runs, 200), (Fate::Runs, 200), (Fate::NeverHealthy, 0)]));
    let (series, stop) = world.series();
    let (ending, swarm) = (stop.clone(), world.swarm.clone());
    let tell = move |news: UpgradesNews<'_>| match news {
        UpgradesNews::Trying(planned) if planned.version == "1.1.0+1" => {
            let (ending, swarm) = (ending.clone(), swarm.clone());
            // As soon as its base is deployed.
            tokio::spawn(async move {
                while swarm.calls(SwarmCall::Deploy) < 2 {
                    tokio::task::yield_now().await;
                }
                ending.end("SIGTERM");
            });
        }
        UpgradesNews::Planned(_) | UpgradesNews::Trying(_) | UpgradesNews::Over(_) | UpgradesNews::Note(_) => {}
    };
    let (report, _) = upgrades(&asked(&world, "all"), &series, tell).await.unwrap();
    assert_eq!(report.exit_code(), exit::SIGNALLED, "{}", report.text());
    assert_eq!(answers(&report), [("1.2.0+1", "pass"), ("1.1.0+1", "unver"), ("1.0.0+1", "unver")]);
    assert_eq!((report.made(), world.swarm.calls(SwarmCall::Deploy)), (2, 2));
    assert!(
        report.headline().contains("1 of 3 versions were tested, then SIGTERM ended the series"),
        "{}",
        report.headline()
    );
    assert!(world.left().is_empty(), "{:?}", world.left());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_before_anything_is_deployed() {
    let world = world(FakeSwarm::new());
    let refused = |asked: UpgradesRequest| {
        let world = &world;
        async move {
            let error = tried(world, &asked).await.unwrap_err();
            format!("{:?}: {}", error.kind, error.message)
        }
    };
    let base = asked(&world, "all");
    let run = Request { base: BaseWish::Version("1.0.0+1".to_owned()), ..base.run.clone() };
    assert!(refused(UpgradesRequest { run, ..base.clone() }).await.starts_with("Usage: --from chooses the base"));
    let looks = Looks::Each(BTreeSet::from([Tier::Backup]));
    assert!(refused(UpgradesRequest { looks, ..base }).await.starts_with("Usage: --from is about upgrades"));
    assert!(refused(asked(&world, "1.0.0+9")).await.starts_with("Usage: `1.0.0+9` is no published version"));
    world.commit("tests/ci.toml", "[skip]\nupgrade = \"the older image is gone\"\n");
    assert!(refused(asked(&world, "all")).await.contains("the settings skip the upgrade"));
    world.commit("tests/ci.toml", "[limits]\nstable = 1\n");
    world.commit("compose.yml", "services: [\n");
    assert!(refused(asked(&world, "all")).await.starts_with("Recipe: "));
    assert_eq!(world.swarm.calls(SwarmCall::Deploy), 0);
}
