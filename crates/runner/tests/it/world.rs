//! A small recipe, a state folder and a swarm in memory.

use cc_ci_engine::docker::EngineAddress;
use cc_ci_engine::swarm::Doors;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::life::Life;
use cc_ci_runner::outcome::{OutcomeGuard, RunOutcome};
use cc_ci_runner::request::{BaseWish, Cores, Deps, EngineChoice, Heard, Places, Reaper, Request, Retention};
use cc_ci_runner::series::{Series, SeriesListeners, SeriesStop};
use cc_ci_runner::session::{Finished, RunHandle, Session};
use cc_ci_store::life::life;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_testkit::repo::Repo;
use cc_ci_testkit::swarm::FakeSwarm;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: shop:1
    networks: [proxy]
    secrets: [token]
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "traefik.http.routers.${STACK_NAME}.entrypoints=web-secure"
        - "traefik.http.routers.${STACK_NAME}.tls=true"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
networks:
  proxy: {external: true}
secrets:
  token: {external: true, name: "${STACK_NAME}_token_${SECRET_TOKEN_VERSION}"}
"#;

/// Where runs of the shop happen.
pub(crate) struct World {
    folder: TempDir,
    repo: Repo,
    pub(crate) swarm: FakeSwarm,
}

/// A run's folder after its end, with the outcome that was written for it.
pub(crate) struct Told {
    pub(crate) outcome: RunOutcome,
    /// `None` when there is no folder.
    pub(crate) life: Option<Life>,
    pub(crate) finished: Finished,
}

impl World {
    /// The shop at its first commit.
    pub(crate) fn on(swarm: FakeSwarm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::create(folder.path(), "shop").unwrap();
        repo.write(".env.sample", "DOMAIN=shop.example.com\nSECRET_TOKEN_VERSION=v1\n").unwrap();
        repo.write("compose.yml", COMPOSE).unwrap();
        // A tier is watched for this long after it converged; the shortest time keeps these tests short.
        repo.write("tests/ci.toml", "[limits]\nstable = 1\n").unwrap();
        // An app without a test of its own is watched for longer.
        repo.write("tests/custom/order.sh", "#!/bin/sh\ntest -n \"$CC_CI_BASE_URL\"\n").unwrap();
        repo.commit("first").unwrap();
        Self { folder, repo, swarm }
    }

    /// Adds a commit that changes one file; returns its id.
    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        self.repo.write(file, text).unwrap();
        self.repo.commit(file).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> StateFolder {
        StateFolder::open(&self.path("state")).unwrap()
    }

    /// The plainest request for the shop.
    pub(crate) fn request(&self) -> Request {
        let base = BaseWish::NoUpgrade { why: "a test".to_owned() };
        Request { base, ..Request::of(self.repo.dir().to_str().unwrap()) }
    }

    /// What every run here works with: these doors, and listeners made by `listeners`.
    pub(crate) fn deps(&self, doors: Doors, listeners: impl FnOnce() -> Heard + Send + 'static) -> Deps {
        Deps {
            state: self.state(),
            engine: EngineChoice::Ready { address: EngineAddress::socket("/nowhere.sock"), doors },
            places: Places::default(),
            reaper: Reaper::None,
            retention: Retention::Leave,
            lent: None,
            listeners: Box::new(|_| listeners()),
            say: Arc::new(|_| {}),
            providers: None,
            // Not those of the machine that the tests run on.
            cores: Cores::Given(8),
        }
    }

    /// A series of runs of it, and what ends that.
    pub(crate) fn series(&self) -> (Series, SeriesStop) {
        let stop = SeriesStop::default();
        let Deps { state, engine, places, reaper, say, cores, .. } = self.deps(self.swarm.doors(), Vec::new);
        let listeners: SeriesListeners = Arc::new(|_| Vec::new());
        (Series { state, engine, places, reaper, say, listeners, stop: stop.clone(), cores }, stop)
    }

    /// Git in its repository.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.repo.git(args).unwrap()
    }

    /// What is left on the swarm besides what was there before.
    pub(crate) fn left(&self) -> Vec<String> {
        let all = self.swarm.left().objects.into_keys().map(|object| object.to_string());
        all.filter(|object| object != "network proxy").collect()
    }

    /// Starts a run of the shop.
    pub(crate) fn start(&self, id: &str, request: Request) -> RunHandle {
        Session::start(run_id(id), request, self.deps(self.swarm.doors(), Vec::new))
    }

    /// Waits for the end of a run, and has its outcome written as whoever started it asked for.
    pub(crate) async fn end(&self, handle: RunHandle) -> Told {
        let id = handle.run().to_string();
        let file = self.path(&format!("{id}.json"));
        let promised = OutcomeGuard::new(file.clone(), Some(id.clone()));
        let finished = handle.finished().await;
        promised.keep(&finished.outcome()).unwrap();
        let dir = RunDir::open(&self.state(), &run_id(&id)).ok();
        if let Some(dir) = &dir {
            assert!(!dir.is_running().unwrap(), "the run is over, and its lock is held");
        }
        Told { outcome: RunOutcome::read(&file).unwrap(), life: dir.map(|dir| life(&dir).unwrap()), finished }
    }
}

pub(crate) fn run_id(id: &str) -> RunId {
    RunId::parse(id).unwrap()
}
