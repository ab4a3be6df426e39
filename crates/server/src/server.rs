//! The server as a whole: its parts, which look, act, and wait until somebody wakes them or their time has come.

mod parts;

use crate::board;
use crate::control;
use crate::core::{Core, ForgeDesk, KnownForge, Pace, RunProgram, RunsKept, ServerLog};
use crate::db::{Db, DbError};
use crate::decide::admission::Capacity;
use crate::forget;
use crate::hook::{self, Listener};
use crate::mirror::Mirrors;
use crate::place::{DATABASE, Place, PlaceError};
use crate::points::Points;
use axum::Router;
use cc_ci_forge::Poke;
use cc_ci_pages::comment::Address;
use cc_ci_store::state::StateFolder;
use cc_ci_web::board::Board;
use cc_ci_web::gate::ConnectionGate;
use cc_ci_web::source::PageSource;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// So many hints of a forge wait at most.
const HINTS: usize = 64;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its state folder, or what lies there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Nothing is answered over HTTP any more.
    #[error("the pages are served no more: {}", .0.as_ref().map_or_else(String::new, ToString::to_string))]
    Pages(Option<io::Error>),
    /// A part of it stopped with a bug.
    #[error("a part of the server stopped with a bug: {0}")]
    Bug(String),
}

/// Everything a server is told.
pub struct ServerPlan {
    /// Where everything is kept.
    pub state: StateFolder,
    /// The forges.
    pub forges: Vec<KnownForge>,
    /// What performs a run.
    pub program: RunProgram,
    /// Runs at once.
    pub slots: usize,
    /// Free memory that a run needs to begin, in bytes.
    pub memory: u64,
    /// Free disk that a run needs to begin, in bytes.
    pub disk: u64,
    /// Where the pages can be had from outside.
    pub public: Option<Address>,
    /// How fast everything goes.
    pub pace: Pace,
    /// Where what is worth a word is said.
    pub log: ServerLog,
    /// Where a test ends it.
    pub points: Points,
    /// What becomes of runs that are over.
    pub kept: RunsKept,
}

/// A server that works for as long as this value lives. What it leaves goes on: runs, rows, reports.
pub struct RunningServer {
    parts: JoinSet<Result<(), DbError>>,
    router: Router,
    _place: Place,
}

impl RunningServer {
    /// Takes the state folder and begins to work.
    pub fn start(plan: ServerPlan) -> Result<Self, ServerError> {
        let root = plan.state.root().to_owned();
        let place = Place::take(&root)?;
        let path = root.join(DATABASE);
        let db = Db::open(&path).map_err(PlaceError::from)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(PlaceError::io(&path))?;
        let forges = plan.forges.into_iter().map(|known| (known.name.clone(), ForgeDesk::new(known))).collect();
        let core = Arc::new(Core {
            mirrors: Mirrors::below(root.join("mirrors")),
            state: plan.state,
            db,
            forges,
            program: plan.program,
            capacity: Capacity { slots: plan.slots, memory: plan.memory, disk: plan.disk },
            pace: plan.pace,
            public: plan.public,
            log: plan.log,
            points: plan.points,
            kept: plan.kept,
            dead: Mutex::default(),
            alarm: Arc::default(),
            watched: Arc::default(),
        });
        let (publish, shown) = watch::channel(Arc::new(Board::starting(SystemTime::now())));
        let mut parts = JoinSet::new();
        let mut listeners = BTreeMap::new();
        for (name, desk) in &core.forges {
            let (to, hints) = mpsc::channel::<Poke>(HINTS);
            if let Some(secrets) = desk.known.hooks.clone() {
                let dialect = desk.known.door.dialect();
                listeners.insert(name.clone(), Listener { dialect, secrets, to: to.clone() });
            }
            parts.spawn(parts::read_comments(Arc::clone(&core), name.clone(), hints, to));
            parts.spawn(parts::take_in(Arc::clone(&core), name.clone()));
            parts.spawn(parts::deliver(Arc::clone(&core), name.clone()));
        }
        let path = root.join(control::SOCKET);
        let socket = control::listen(&path).map_err(PlaceError::io(&path))?;
        parts.spawn(control::serve(Arc::clone(&core), socket));
        parts.spawn(parts::manage(Arc::clone(&core)));
        parts.spawn(forget::forget(Arc::clone(&core)));
        parts.spawn(board::publish(Arc::clone(&core), publish));
        let pages = cc_ci_web::router(PageSource::new(core.state.clone(), shown));
        Ok(Self { parts, router: hook::router(listeners).merge(pages), _place: place })
    }

    /// Everything that is answered over HTTP. Whoever serves it hands over the address of who asks.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Answers at `listener` and works until `end` comes; what came is handed back. What goes on then is found by the next server.
    pub async fn serve<E: Future>(mut self, listener: TcpListener, end: E) -> Result<E::Output, ServerError> {
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let pages = axum::serve(ConnectionGate::before(listener), service);
        let came = tokio::select! {
            error = self.failed() => Err(error),
            ended = pages.into_future() => Err(ServerError::Pages(ended.err())),
            came = end => Ok(came),
        };
        self.stop().await;
        came
    }

    /// Ends at once, between two steps. What was begun is found by the next server.
    pub async fn stop(mut self) {
        self.parts.shutdown().await;
    }

    /// Works until something fails.
    pub async fn failed(&mut self) -> ServerError {
        match self.parts.join_next().await {
            Some(Ok(Err(error))) => ServerError::Place(error.into()),
            Some(Ok(Ok(()))) | None => ServerError::Bug("it ended by itself".to_owned()),
            Some(Err(panic)) => ServerError::Bug(panic.to_string()),
        }
    }
}
