//! Sweeps over small recipes, of which two need a third: R + D deploys, evidence of what is unchanged, and providers that fail.

use crate::world::{COMPOSE, World};
use cc_ci_engine::ledger;
use cc_ci_model::exit;
use cc_ci_model::object::ObjectKind;
use cc_ci_model::sweep::plan::Decision;
use cc_ci_model::sweep::report::SweepReport;
use cc_ci_model::sweep::rows::{ProviderCame, RowEnd};
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_runner::error::RunnerError;
use cc_ci_runner::request::Request;
use cc_ci_runner::sweep::{EarlierAnswers, SweepNews, SweepRequest, WantedRecipes, sweep};
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::run_dir::RunDir;
use cc_ci_testkit::repo::Repo;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, SwarmCall};
use std::sync::Arc;

/// Recipes in the state folder: `keeper`, which `one` and `two` need, and `three`.
struct Recipes {
    world: World,
}

impl Recipes {
    fn on(swarm: FakeSwarm) -> Self {
        let recipes = Self { world: World::on(swarm) };
        for (name, settings) in [
            ("keeper", ""),
            ("one", "dependencies = [\"keeper\"]\n"),
            ("two", "dependencies = [\"keeper\"]\n"),
            ("three", ""),
        ] {
            let repo = Repo::create(&recipes.world.state().recipes(), name).unwrap();
            repo.write(".env.sample", "DOMAIN=shop.example.com\nSECRET_TOKEN_VERSION=v1\n").unwrap();
            let compose = COMPOSE.replace("shop:1", &format!("{name}:1"));
            // A service that only the keeper has, so that its fate is nobody else's.
            let vault = "  vault: {image: \"vault:1\"}\nnetworks:\n  proxy: {";
            let compose = if name == "keeper" { compose.replace("networks:\n  proxy: {", vault) } else { compose };
            repo.write("compose.yml", &compose).unwrap();
            repo.write("tests/ci.toml", &format!("{settings}[limits]\nstable = 1\n")).unwrap();
            repo.write("tests/custom/order.sh", "#!/bin/sh\ntest -n \"$CC_CI_BASE_URL\"\n").unwrap();
            repo.commit("first").unwrap();
            repo.publish("1.0.0+1").unwrap();
        }
        recipes
    }

    fn git(&self, recipe: &str, words: &[&str]) {
        let folder = self.world.state().recipes().join(recipe);
        let git = [&["-C", folder.to_str().unwrap()], words].concat();
        self.world.git(&git);
    }

    fn catalogue(&self, path: &str, text: &str) {
        let path = self.world.state().catalogue().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn asked(&self, names: &[&str]) -> SweepRequest {
        SweepRequest {
            wanted: WantedRecipes::Named(names.iter().map(|name| (*name).to_owned()).collect()),
            operator: Request::of(""),
            expect: None,
            jobs: 1,
            answers: EarlierAnswers::Count,
            program: std::env::current_exe().unwrap(),
        }
    }

    async fn swept(&self, asked: &SweepRequest) -> SweepReport {
        self.told(asked, |_| {}).await.unwrap()
    }

    async fn told(
        &self,
        asked: &SweepRequest,
        mut tell: impl FnMut(SweepNews<'_>) + Send,
    ) -> Result<SweepReport, RunnerError> {
        let report = sweep(asked, &Arc::new(self.world.series().0), &mut tell).await;
        // What a canonical keeps is not left behind.
        let kept = Canonicals::of(&self.world.state()).kept_secrets().unwrap();
        let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
        let left: Vec<String> = self.world.left().into_iter().filter(|object| !kept.contains(object)).collect();
        assert!(left.is_empty(), "{left:?}");
        report
    }

    /// The beginning of why each recipe would be run; nothing for one that is unchanged. The sweep is ended when it is planned.
    async fn decided(&self, asked: &SweepRequest) -> Vec<String> {
        let (series, stop) = self.world.series();
        let mut whys = Vec::new();
        let mut tell = |news: SweepNews<'_>| match news {
            SweepNews::Planned(plan) => {
                stop.end("the test");
                let why = |decision: &Decision| match decision {
                    Decision::Run { why, .. } => why.clone(),
                    Decision::Unchanged { .. } => String::new(),
                    Decision::Skipped { .. } | Decision::Unaccounted { .. } => format!("{decision:?}"),
                };
                whys.extend(plan.recipes.iter().map(|one| why(&one.decision)));
            }
            SweepNews::BroughtUp(_) | SweepNews::Over(_) | SweepNews::Note(_) => {}
        };
        sweep(asked, &Arc::new(series), &mut tell).await.unwrap();
        let words = |why: &String| {
            let end = [" is ", ": ", " at "].iter().filter_map(|end| Some(why.find(end)? + end.len() - 1)).min();
            why[..end.unwrap_or(why.len())].to_owned()
        };
        whys.iter().map(words).collect()
    }

    fn deploys(&self) -> usize {
        self.world.swarm.calls(SwarmCall::Deploy)
    }
}

const ALL: [&str; 3] = ["one", "two", "three"];

/// `one ran, two unchanged`.
fn ends(report: &SweepReport) -> String {
    let end = |end: &RowEnd| match end {
        RowEnd::Ran(run) => format!("{}", run.color),
        RowEnd::Unchanged { .. } => "unchanged".to_owned(),
        RowEnd::Skipped { .. } => "skipped".to_owned(),
        RowEnd::Unverified { by, .. } => format!("unver by {by}"),
        RowEnd::NotBegun { .. } => "not begun".to_owned(),
        RowEnd::NotReached => "not reached".to_owned(),
        RowEnd::Unaccounted { .. } => "unaccounted".to_owned(),
    };
    report.rows.iter().map(|row| format!("{} {}", row.name, end(&row.end))).collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_need_is_brought_up_once_and_nothing_is_run_again_until_something_changes() {
    let recipes = Recipes::on(FakeSwarm::new());
    let first = recipes.swept(&recipes.asked(&ALL)).await;
    assert_eq!(ends(&first), "one green, two green, three green", "{}", first.text());
    assert_eq!(first.guards.line(), "deploy-count = 4 (expect 4, engine saw 4)", "{}", first.text());
    assert_eq!((first.exit_code(), recipes.deploys(), first.plan.deploys()), (exit::GREEN, 4, 4), "{}", first.text());
    assert_eq!(first.users(&first.providers[0].recipe).collect::<Vec<_>>(), ["one", "two"]);
    // Each run holds one permit, and what was lent has no folder any more.
    for (_, run) in first.ran() {
        assert_eq!((run.budget.expected, run.ledger.len()), (1, 1));
        let dir = RunDir::open(&recipes.world.state(), &run.run).unwrap();
        assert_eq!(ledger::deploys(&ledger::read(&dir.file(ledger::FILE)).unwrap()), run.ledger);
    }
    assert!(RunDir::open(&recipes.world.state(), &first.plan.providers[0].run).is_err());

    let second = recipes.swept(&recipes.asked(&ALL)).await;
    assert_eq!((ends(&second), second.exit_code()), ("one unchanged, two unchanged, three unchanged".to_owned(), 0));
    assert_eq!(second.guards.line(), "deploy-count = 0 (expect 0, engine saw 0)");
    assert!(second.text().contains("three                    1.0.0+1          unchanged since "), "{}", second.text());
    assert_eq!(recipes.deploys(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_an_answer_hangs_on_makes_a_run_again_when_it_changes() {
    let recipes = Recipes::on(FakeSwarm::new());
    let all = recipes.asked(&ALL);
    assert_eq!(recipes.swept(&all).await.exit_code(), exit::GREEN);
    assert_eq!(recipes.decided(&all).await, ["", "", ""]);
    let three = |why: &str| vec![String::new(), String::new(), why.to_owned()];
    let dependants = |why: &str| vec![why.to_owned(), why.to_owned(), String::new()];
    // A setting of the operator about one, and about what two need.
    recipes.catalogue("three/ci.toml", "[limits]\nserving = 50\n");
    assert_eq!(recipes.decided(&all).await, three("settings and tests of the catalogue is"));
    std::fs::remove_dir_all(recipes.world.state().catalogue()).unwrap();
    recipes.catalogue("keeper/ci.toml", "[limits]\nserving = 50\n");
    assert_eq!(recipes.decided(&all).await, dependants("dependency keeper is"));
    std::fs::remove_dir_all(recipes.world.state().catalogue()).unwrap();
    // What all may do; the program; --fresh.
    std::fs::write(recipes.world.state().policy(), "").unwrap();
    assert_eq!(recipes.decided(&all).await, ["policy is", "policy is", "policy is"]);
    std::fs::remove_file(recipes.world.state().policy()).unwrap();
    let other = SweepRequest { program: "/proc/self/status".into(), ..all.clone() };
    assert_eq!(recipes.decided(&other).await, ["cc-ci is", "cc-ci is", "cc-ci is"]);
    let gone = SweepRequest { program: "/nowhere".into(), ..all.clone() };
    assert_eq!(recipes.decided(&gone).await, ["cc-ci:", "cc-ci:", "cc-ci:"]);
    let fresh = SweepRequest { answers: EarlierAnswers::Ignored, ..all.clone() };
    assert_eq!(recipes.decided(&fresh).await, ["--fresh", "--fresh", "--fresh"]);
    assert_eq!(recipes.decided(&all).await, ["", "", ""]);
    // A new version of what two need, a tag that was set anew, an answer that was tampered with.
    recipes.git("keeper", &["commit", "--quiet", "--allow-empty", "--message", "next"]);
    recipes.git("keeper", &["tag", "--annotate", "1.1.0+1", "--message", "next"]);
    assert_eq!(recipes.decided(&all).await, dependants("dependency keeper is"));
    recipes.git("three", &["commit", "--quiet", "--allow-empty", "--message", "other"]);
    recipes.git("three", &["tag", "--annotate", "--force", "1.0.0+1", "--message", "moved"]);
    assert_eq!(recipes.decided(&recipes.asked(&["three"])).await, ["the newest version is"]);
    std::fs::write(recipes.world.state().sweeps().join("answers/three.json"), "{}").unwrap();
    assert_eq!(recipes.decided(&recipes.asked(&["three"])).await, ["its last answer cannot be read:"]);
    assert_eq!(recipes.deploys(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_a_time_are_counted_apart() {
    let recipes = Recipes::on(FakeSwarm::new());
    let report = recipes.swept(&SweepRequest { jobs: 2, ..recipes.asked(&ALL) }).await;
    assert_eq!(
        (report.exit_code(), ends(&report)),
        (0, "one green, two green, three green".to_owned()),
        "{}",
        report.text()
    );
    assert_eq!(report.guards.line(), "deploy-count = 4 (expect 4, engine saw 4)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_found_and_what_cannot_be_run_are_red_without_a_deploy() {
    let recipes = Recipes::on(FakeSwarm::new());
    let enrolled = SweepRequest { wanted: WantedRecipes::Enrolled, ..recipes.asked(&[]) };
    let empty = recipes.swept(&enrolled).await;
    assert_eq!(
        (empty.exit_code(), empty.headline()),
        (exit::RED, "RED  no recipe was found  (0 recipes: 0 ran, 0 unchanged)".to_owned())
    );
    recipes.catalogue("three/ci.toml", "canonical.enroll = true\n");
    let unreadable = recipes.swept(&enrolled).await;
    assert_eq!((unreadable.exit_code(), ends(&unreadable)), (exit::RED, "three unaccounted".to_owned()));
    assert_eq!(recipes.deploys(), 0);
    // One that is enrolled is run, and the others are not asked about.
    recipes.catalogue("three/ci.toml", "canonical.enrol = true\n");
    recipes.catalogue("one/ci.toml", "canonical.enrol = false\n");
    let report = recipes.swept(&SweepRequest { expect: Some(2), ..enrolled }).await;
    assert_eq!(ends(&report), "three green", "{}", report.text());
    assert_eq!(
        (report.exit_code(), report.reasons()[0].what.as_str()),
        (exit::RED, "2 recipes expected, 1 with an answer")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dependants_of_what_does_not_come_up_have_no_answer_and_the_others_have() {
    let recipes = Recipes::on(FakeSwarm::new().service("vault", &[(Fate::Crashes(3), 0)]));
    let report = recipes.swept(&recipes.asked(&ALL)).await;
    assert_eq!(ends(&report), "one unver by keeper, two unver by keeper, three green", "{}", report.text());
    assert!(matches!(report.providers[0].came, ProviderCame::NotUp { deployed: true, .. }), "{:?}", report.providers);
    assert!(report.reasons()[0].what.starts_with("keeper did not come up: "), "{}", report.text());
    // It was deployed once, and nothing was deployed in its place.
    assert_eq!((report.exit_code(), recipes.deploys()), (exit::RED, 2));
    assert_eq!(
        (report.guards.line(), report.guards.agreement),
        ("deploy-count = 2 (expect 4, engine saw 2)".to_owned(), Agreement::Unknown)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_dies_between_two_runs_is_not_brought_up_again() {
    let recipes = Recipes::on(FakeSwarm::new());
    let operate = recipes.world.swarm.doors().operate;
    let mut provider = None;
    let tell = |news: SweepNews<'_>| match news {
        SweepNews::Planned(plan) => provider = plan.providers.first().cloned(),
        SweepNews::Over(row) if row.name == "one" => {
            let one = provider.clone().unwrap();
            let operate = Arc::clone(&operate);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for object in operate.inventory().await.unwrap().objects.into_keys() {
                        if object.kind == ObjectKind::Service && object.name.starts_with(one.stack.as_str()) {
                            assert!(operate.remove(&object).await.unwrap());
                        }
                    }
                });
            })
            .join()
            .unwrap();
        }
        SweepNews::Over(_) | SweepNews::BroughtUp(_) | SweepNews::Note(_) => {}
    };
    let report = recipes.told(&recipes.asked(&ALL), tell).await.unwrap();
    assert_eq!(ends(&report), "one green, two unver by keeper, three green", "{}", report.text());
    assert!(matches!(report.providers[0].came, ProviderCame::Died { .. }), "{:?}", report.providers);
    assert_eq!((report.exit_code(), recipes.deploys()), (exit::RED, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_ends_it_leaves_nothing_behind() {
    let recipes = Recipes::on(FakeSwarm::new());
    let (series, stop) = recipes.world.series();
    let ending = stop.clone();
    let mut tell = move |news: SweepNews<'_>| match news {
        SweepNews::Over(_) => ending.end("SIGTERM"),
        SweepNews::Planned(_) | SweepNews::BroughtUp(_) | SweepNews::Note(_) => {}
    };
    let report = sweep(&recipes.asked(&ALL), &Arc::new(series), &mut tell).await.unwrap();
    assert_eq!(
        (report.exit_code(), ends(&report)),
        (exit::SIGNALLED, "one green, two not reached, three not reached".to_owned())
    );
    assert!(recipes.world.left().is_empty(), "{:?}", recipes.world.left());
    // While something comes up.
    let recipes = Recipes::on(FakeSwarm::new().service("vault", &[(Fate::NeverHealthy, 0)]));
    let (series, stop) = recipes.world.series();
    let swarm = recipes.world.swarm.clone();
    let waiting = tokio::spawn(async move {
        while swarm.calls(SwarmCall::Deploy) == 0 {
            tokio::task::yield_now().await;
        }
        stop.end("SIGINT");
    });
    let report = sweep(&recipes.asked(&ALL), &Arc::new(series), &mut |_| {}).await.unwrap();
    waiting.await.unwrap();
    assert_eq!((report.exit_code(), recipes.deploys()), (exit::INTERRUPTED, 1), "{}", report.text());
    assert!(recipes.world.left().is_empty(), "{:?}", recipes.world.left());
}
