//! What every part of the server has: the database, the forges, the places, the pace.

use crate::db::Db;
use crate::decide::admission::Capacity;
use crate::decide::patience::Growth;
use crate::mirror::Mirrors;
use crate::points::Points;
use crate::watched::Watched;
use cc_ci_forge::{Forge, ForgeUrl, HookSecrets, Login, Token};
use cc_ci_pages::comment::{Address, PublishedAt};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// A forge as the server knows it.
#[derive(Debug)]
pub struct KnownForge {
    /// Its name in the settings.
    pub name: String,
    /// Where it is.
    pub url: ForgeUrl,
    /// The door, with the token that reads and comments.
    pub door: Forge,
    /// That token again, for git.
    pub token: Token,
    /// The door with the token that sets statuses; without it there are none.
    pub statuses: Option<Forge>,
    /// What signs its webhooks; without it none is taken.
    pub hooks: Option<HookSecrets>,
    /// Whose members may ask; without it the owner of the repository.
    pub organisation: Option<Login>,
}

/// The program that performs a run, and what it is given.
#[derive(Debug, Clone)]
pub struct RunProgram {
    /// The file.
    pub file: PathBuf,
    /// `PATH`.
    pub path: OsString,
    /// What leads to the engine: `DOCKER_HOST` and its like.
    pub engine: Vec<(OsString, OsString)>,
}

/// How fast everything goes. Tests press a day into a second by it.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks at a repository in which something happens.
    pub lively: Duration,
    /// Between two looks at one in which nothing does.
    pub quiet: Duration,
    /// Between two looks at everything else.
    pub tick: Duration,
    /// After the first failure of a forge or a report.
    pub first_wait: Duration,
    /// After many.
    pub longest_wait: Duration,
    /// From the first try of a report until it is given up.
    pub give_up: Duration,
    /// Between the word that a run is to end and its being killed.
    pub grace: Duration,
    /// From the begin of a run until it is killed, whatever it does.
    pub guard: Duration,
    /// Before a swarm is looked for again.
    pub swarm: Duration,
    /// How long what cleans up after a killed run is waited for.
    pub reaper: Duration,
    /// Between two looks for runs that are too old.
    pub forget: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            lively: seconds(10),
            quiet: seconds(25),
            tick: seconds(5),
            first_wait: seconds(20),
            longest_wait: seconds(300),
            give_up: seconds(24 * 3600),
            grace: seconds(300),
            // The limit of a run, of its teardown, and a minute.
            guard: seconds(3600 + 120 + 60),
            swarm: seconds(60),
            // Its own limit is two minutes.
            reaper: seconds(180),
            forget: seconds(3600),
        }
    }
}

/// What becomes of runs that are over.
#[derive(Clone)]
pub struct RunsKept {
    /// How long, and how many.
    pub policy: RetentionPolicy,
    /// Whether the ledger of a run is open: something of it may still be on the engine.
    pub uncleaned: Arc<dyn Fn(&RunDir) -> bool + Send + Sync>,
}

/// Says something to whoever reads the log.
pub type ServerLog = Arc<dyn Fn(&str) + Send + Sync>;

/// What all parts share.
pub(crate) struct Core {
    pub(crate) state: StateFolder,
    pub(crate) db: Db,
    pub(crate) forges: BTreeMap<String, ForgeDesk>,
    pub(crate) mirrors: Mirrors,
    pub(crate) program: RunProgram,
    pub(crate) capacity: Capacity,
    pub(crate) pace: Pace,
    /// Where the pages can be had from outside.
    pub(crate) public: Option<Address>,
    pub(crate) log: ServerLog,
    pub(crate) points: Points,
    pub(crate) kept: RunsKept,
    /// Jobs whose run was seen dead and not cleaned up after, and since when.
    pub(crate) dead: Mutex<BTreeMap<i64, Instant>>,
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) watched: Arc<Watched>,
}

/// A forge, and how it goes with it.
pub(crate) struct ForgeDesk {
    pub(crate) known: KnownForge,
    /// Its clock in seconds when it was last heard, and since then nothing but time that passes: whatever becomes of our own
    /// clock, comments are as old as they are. `None` until it was heard.
    clock: Mutex<Option<(i64, Instant)>>,
    /// Repositories that this server read comments of.
    pub(crate) looked_at: Mutex<BTreeSet<i64>>,
    /// Failures in a row.
    pub(crate) failures: AtomicU32,
    /// Until when nothing is asked.
    rests_until: Mutex<Option<Instant>>,
    /// Since when it fails, in seconds; 0 when it does not.
    pub(crate) failing_since: AtomicI64,
    /// When it last answered, in seconds; 0 when it never did.
    pub(crate) answered: AtomicI64,
}

impl ForgeDesk {
    pub(crate) fn new(known: KnownForge) -> Self {
        Self {
            known,
            clock: Mutex::default(),
            looked_at: Mutex::default(),
            failures: AtomicU32::new(0),
            rests_until: Mutex::default(),
            failing_since: AtomicI64::new(0),
            answered: AtomicI64::new(0),
        }
    }

    /// What its clock shows, in seconds; `None` until it was heard.
    pub(crate) fn clock(&self) -> Option<i64> {
        let (heard, since) = (*self.clock.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(heard.saturating_add(i64::try_from(since.elapsed().as_secs()).unwrap_or(i64::MAX)))
    }

    /// Notes what its clock shows.
    pub(crate) fn set_clock(&self, seconds: i64) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some((seconds, Instant::now()));
    }

    /// How long it is still left alone.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let until = (*self.rests_until.lock().unwrap_or_else(PoisonError::into_inner))?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Leaves it alone for a while.
    pub(crate) fn rest_for(&self, rest: Duration) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(rest);
    }
}

/// Wakes every part that waits: somebody changed something.
#[derive(Debug)]
pub(crate) struct Alarm(watch::Sender<u64>);

/// What one part hears of the alarm. What rang since it last listened is not missed.
#[derive(Debug)]
pub(crate) struct Bell(watch::Receiver<u64>);

impl Default for Alarm {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Alarm {
    /// Something changed.
    pub(crate) fn ring(&self) {
        self.0.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// A bell for one more part.
    pub(crate) fn bell(&self) -> Bell {
        Bell(self.0.subscribe())
    }
}

impl Bell {
    /// From here on a ring counts: to be called before looking at what may have changed.
    pub(crate) fn listen(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a ring since then.
    pub(crate) async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody is left who could ring.
            std::future::pending::<()>().await;
        }
    }

    /// The same, but no longer than this.
    pub(crate) async fn rung_within(&mut self, most: Duration) {
        // Either will do.
        drop(tokio::time::timeout(most, self.rung()).await);
    }
}

impl Core {
    /// The folder of a job.
    pub(crate) fn job_dir(&self, job: cc_ci_web::board::job::JobId) -> PathBuf {
        self.state.root().join("jobs").join(job.to_string())
    }

    /// Where the files of a run can be had.
    pub(crate) fn published(&self, run: &str) -> PublishedAt {
        let address = self.public.as_ref().and_then(|at| Address::parse(&format!("{}/runs/{run}", at.as_str())).ok());
        address.map_or(PublishedAt::Nowhere, PublishedAt::At)
    }

    /// Says something to whoever reads the log.
    pub(crate) fn say(&self, text: &str) {
        (self.log)(text);
    }

    /// How long to wait after failures.
    pub(crate) const fn growth(&self) -> Growth {
        Growth { first: self.pace.first_wait, most: self.pace.longest_wait }
    }
}

/// The wall clock in seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    now_ms() / 1000
}

/// The wall clock in milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A time of the wall clock.
pub(crate) fn at(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
