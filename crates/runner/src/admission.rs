//! A run's place among those that go on here: it waits until the machine has room for it, and says for what it waits (ISO-1, PERF-4).
//!
//! Nothing is held while a run waits but its place in the queue, so it can be ended at any moment, and whoever made it may wait for it.

use crate::error::RunnerError;
use crate::prepare::Prepared;
use crate::request::{Cores, Say};
use cc_ci_engine::host::{self, Engine, HostFacts};
use cc_ci_engine::swarm::Node;
use cc_ci_model::admission::{Admission, Lack, Machine, Need, Room, decide};
use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::ids::RunId;
use cc_ci_store::reservations::{self, Book, Reservation};
use cc_ci_store::state::StateFolder;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// How often a run that waits looks whether it may begin: the system tells nobody when a lock is free.
const LOOK: Duration = Duration::from_millis(250);

/// How often one looks that found somebody else deciding, which takes a millisecond or two; and when that is worth a word.
const NEXT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(5);

/// What a place is asked for with.
pub(crate) struct Door<'a> {
    pub(crate) state: &'a StateFolder,
    pub(crate) cores: Cores,
    pub(crate) node: &'a dyn Node,
    /// As they were when the run was planned.
    pub(crate) host: &'a HostFacts,
    pub(crate) say: &'a Say,
}

/// A place; given back when it is dropped.
pub(crate) struct Place {
    reservation: Arc<Reservation>,
    /// How long the run waited for it, if it did.
    pub(crate) waited: Option<Duration>,
    /// What the run should have besides, and begins without.
    lacks: Option<Lack>,
}

impl Place {
    /// What the record says about it.
    pub(crate) fn fact(&self) -> Option<(String, String)> {
        let waited = self.waited?;
        Some(("waited for a place".to_owned(), format!("{:.1} s", waited.as_secs_f64())))
    }

    /// What a reader should know.
    pub(crate) fn note(&self) -> Option<String> {
        let lack = self.lacks.as_ref()?;
        Some(format!("this machine lacks {lack}; no other run goes on here, so this one begins all the same"))
    }

    /// Hears when the app is up, and what of the place is in use then.
    pub(crate) fn ear(&self) -> Box<dyn Listener + Send> {
        Box::new(Ear(Arc::downgrade(&self.reservation)))
    }
}

/// Holds no place: whoever listens may live longer than the run.
struct Ear(Weak<Reservation>);

impl Listener for Ear {
    fn on_event(&mut self, event: &Stamped) {
        if let (Event::Measured { services, .. }, Some(reservation)) = (&event.event, self.0.upgrade()) {
            let tasks = |count: usize| u64::try_from(count.max(1)).unwrap_or(u64::MAX);
            let used = services.iter().map(|one| one.memory.unwrap_or(0).saturating_mul(tasks(one.containers.len())));
            // Where it cannot be written, more counts as still to come than is, and others wait for longer.
            let _more_than_needed = reservation.is_up(used.fold(0, u64::saturating_add));
        }
    }
}

/// Waits for a place for a run that holds the lock of its folder.
pub(crate) async fn enter(run: &RunId, prepared: &Prepared, door: &Door<'_>) -> Result<Place, RunnerError> {
    let mut waiting = Waiting { door, run, need: need(prepared), reservation: None, told: None, since: None };
    let mut subnets = Subnets::Known(pool(door.host));
    loop {
        let mut book = opened(door).await?;
        match waiting.decided(&mut book, subnets)? {
            // What the engine says is asked for when all else is there, and not while others want to decide.
            Admission::Begins { .. } if subnets == Subnets::NotAsked => {
                drop(book);
                subnets = Subnets::Known(asked(door.node).await);
            }
            Admission::Begins { lacks } => return waiting.begin(&mut book, lacks),
            Admission::Waits(lack) => {
                drop(book);
                waiting.tell(lack);
                subnets = Subnets::NotAsked;
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// What is known of the swarm's address pool.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subnets {
    NotAsked,
    /// So many are left, where the engine says so.
    Known(Option<u64>),
}

/// A run that has no place yet.
struct Waiting<'a> {
    door: &'a Door<'a>,
    run: &'a RunId,
    need: Need,
    /// From its first look on.
    reservation: Option<Reservation>,
    told: Option<Lack>,
    since: Option<Instant>,
}

impl Waiting<'_> {
    fn decided(&mut self, book: &mut Book, subnets: Subnets) -> Result<Admission, RunnerError> {
        if self.reservation.is_none() {
            self.reservation = Some(book.line_up(self.run, self.need)?);
        }
        let subnets = match subnets {
            Subnets::NotAsked => None,
            Subnets::Known(left) => left,
        };
        let free = Room { memory: host::memory_now().map(|memory| memory.available), disk: disk(self.door), subnets };
        Ok(decide(self.run, book.written(), &Machine { cores: self.door.cores.count(), free }))
    }

    /// Says for what it waits when that is something else than before.
    fn tell(&mut self, lack: Lack) {
        self.since.get_or_insert_with(Instant::now);
        if self.told.as_ref().is_none_or(|told| !lack.is_as(told)) {
            (self.door.say)(&format!("{} is waiting for {lack}", self.run));
            self.told = Some(lack);
        }
    }

    fn begin(self, book: &mut Book, lacks: Option<Lack>) -> Result<Place, RunnerError> {
        let missing = || RunnerError::internal("the run is admitted and was never in the queue".to_owned());
        let mut reservation = self.reservation.ok_or_else(missing)?;
        book.admit(&mut reservation)?;
        let waited = self.since.map(|since| since.elapsed());
        Ok(Place { reservation: Arc::new(reservation), waited, lacks })
    }
}

/// Opens the book as soon as nobody else has it open.
async fn opened(door: &Door<'_>) -> Result<Book, RunnerError> {
    let (began, mut told) = (Instant::now(), false);
    loop {
        if let Some(book) = reservations::open(door.state)? {
            return Ok(book);
        }
        if began.elapsed() >= LONG && !std::mem::replace(&mut told, true) {
            let folder = door.state.reservations();
            (door.say)(&format!(
                "waiting for `{}`: another process holds it, and may be stopped",
                folder.join("gate").display()
            ));
        }
        tokio::time::sleep(NEXT).await;
    }
}

fn need(prepared: &Prepared) -> Need {
    let cold = prepared.needed.iter().filter(|one| one.warm.is_none()).map(|one| &one.tree.recipe.compose);
    Need::of_run(&prepared.head.recipe.compose, prepared.base.as_ref().map(|base| &base.recipe.compose), cold)
}

/// What is free on the fuller disk of the two that a run writes to.
fn disk(door: &Door<'_>) -> Option<u64> {
    let engine: Option<PathBuf> = match &door.host.engine {
        Engine::Silent { .. } => None,
        Engine::Answers(engine) => engine.about.root.clone(),
    };
    let places = [Some(door.state.root().to_owned()), engine];
    places.into_iter().flatten().filter_map(|place| host::disk_of(&place)).map(|disk| disk.free).min()
}

fn pool(host: &HostFacts) -> Option<u64> {
    match &host.engine {
        Engine::Silent { .. } => None,
        Engine::Answers(engine) => engine.about.pool.map(|pool| pool.left()),
    }
}

/// An engine that does not say how many there are keeps nobody waiting.
async fn asked(node: &dyn Node) -> Option<u64> {
    node.about().await.ok()?.pool.map(|pool| pool.left())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::admission::PlaceStage;
    use cc_ci_model::usage::{Moment, ServiceUsage};
    use cc_ci_store::run_dir::RunDir;

    #[test]
    fn what_is_in_use_is_written_down_for_as_long_as_the_run_has_its_place() {
        let root = tempfile::tempdir().unwrap();
        let (state, run) = (StateFolder::open(root.path()).unwrap(), RunId::parse("r1").unwrap());
        let (_dir, _lock) = RunDir::create(&state, &run).unwrap();
        let book = || reservations::open(&state).unwrap().unwrap();
        let reservation = Arc::new(book().line_up(&run, Need::UNKNOWN).unwrap());
        let place = Place { reservation, waited: None, lacks: None };
        let mut ear = place.ear();
        let service = |memory, containers: &[&str]| ServiceUsage {
            memory,
            containers: containers.iter().map(|id| (*id).to_owned()).collect(),
            ..ServiceUsage::default()
        };
        let services = vec![service(Some(100), &["a", "b"]), service(None, &["c"]), service(Some(7), &[])];
        let seen = |event| Stamped { seq: 0, ms: 0, event };
        ear.on_event(&seen(Event::VerdictDue));
        assert_eq!(book().written()[0].stage, PlaceStage::Waiting);
        ear.on_event(&seen(Event::Measured { moment: Moment::Base, services: services.clone() }));
        assert_eq!(book().written()[0].stage, PlaceStage::Up { memory: 207 });
        drop(place);
        ear.on_event(&seen(Event::Measured { moment: Moment::Head, services }));
        assert!(book().written().is_empty(), "whoever listens for longer than the run lasts takes no place");
    }
}
