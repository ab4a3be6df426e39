//! A server whose runs are real, a stand-in for its forge, and what has to hold in the end.

use super::product::{Product, say};
use cc_ci_model::serving::{FILE, ServingSettings};
use cc_ci_server::{KnownForge, Pace, Point, Points, RunProgram, RunningServer, RunsKept, ServerPlan};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use cc_ci_testkit::served::{MEMBER, Offered, Served};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A run, and what may go before it on a busy machine.
pub(crate) const RUN: Duration = Duration::from_secs(600);

/// A forge with a pull request of `static-site`, and a folder for a server.
pub(crate) async fn world(product: &Product) -> (Served, Offered, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    // A copy, so that it can be exchanged as a package manager does.
    fs::copy(env!("CARGO_BIN_EXE_cc-ci"), folder.path().join("cc-ci")).unwrap();
    let served = Served::new(&folder.path().join("cc-ci"), folder.path()).await.unwrap();
    let recipe = product.recipe("static-site");
    let repo = served.recipe("static-site", &recipe).unwrap();
    let offered = served.offer(&repo, "next", &recipe).unwrap();
    (served, offered, folder)
}

/// What holds in the end, whoever was killed: this one run, one answer, the right status.
pub(crate) async fn one_green_run(served: &Served, offered: &Offered) {
    let said = served.until_said(offered, RUN, |_| {}, |said| !said.contains('⏳') && !said.is_empty()).await.unwrap();
    assert!(said.contains("level 5 of 5"), "{said}");
    served.until_status(offered, "cc-ci/testme", "success").await.unwrap();
    assert_eq!(served.said(offered).len(), 1, "{:#?}", served.said(offered));
    let runs: Vec<_> = fs::read_dir(served.state().join("runs")).unwrap().map(|run| run.unwrap().file_name()).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
}

/// A server in this process, which a point stops as a kill would.
fn serve(served: &Served, points: Points) -> RunningServer {
    let file = served.state().join(FILE);
    let settings = ServingSettings::read(FILE, &fs::read_to_string(file).unwrap()).unwrap();
    let forges = settings.forges.iter().map(|forge| KnownForge::open(forge, None).unwrap()).collect();
    let engine = std::env::var_os("DOCKER_HOST").map(|host| ("DOCKER_HOST".into(), host));
    let plan = ServerPlan {
        state: StateFolder::open(&served.state()).unwrap(),
        forges,
        program: RunProgram {
            file: env!("CARGO_BIN_EXE_cc-ci").into(),
            path: std::env::var_os("PATH").unwrap(),
            engine: engine.into_iter().collect(),
        },
        slots: 1,
        memory: 0,
        disk: 0,
        public: None,
        pace: Pace { lively: Duration::from_millis(500), quiet: Duration::from_millis(500), ..Pace::default() },
        log: Arc::new(|_line| {}),
        points,
        kept: RunsKept { policy: RetentionPolicy::default(), uncleaned: Arc::new(cc_ci_runner::ledgers::is_open) },
    };
    RunningServer::start(plan).unwrap()
}

/// A server that is stopped at this point, as by a kill, and another one after it.
pub(crate) async fn killed_at(product: &Product, point: Point) {
    let (served, offered, _folder) = world(product).await;
    let (points, there) = Points::stopping_once(point);
    let server = serve(&served, points);
    served.enrol(&offered.repo).await.unwrap();
    served.forge.comment(&offered.repo, offered.pull, MEMBER, "!testme");
    tokio::time::timeout(RUN, there.notified()).await.unwrap();
    server.stop().await;
    let _server = serve(&served, Points::default());
    one_green_run(&served, &offered).await;
    say(&format!("killed at {point:?}: one green run, one answer"));
}
