//! Makes the app of a green run its recipe's canonical: asks the record whether it may be, twice, and writes it down (WARM-1).

use crate::canonicals;
use crate::clock;
use crate::error::chain;
use cc_ci_engine::ledger;
use cc_ci_engine::promotion::{Begin, Draft, Place};
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::voice::Voice;
use cc_ci_model::canonical::{Canonical, Shelf};
use cc_ci_model::event::{Event, Promoted, RunEnd};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::promotion::Promotion as Planned;
use cc_ci_model::verdict::judge;
use cc_ci_model::verdict::promotion::due;
use cc_ci_store::canonicals::{Canonicals, CanonicalsLock, RepositoryRecord};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::whole::StateFileError;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The promotion of one run, from the question whether it may be to the last word about it.
pub(crate) struct Promotion {
    canonicals: Canonicals,
    plan: Plan,
    voice: Voice,
    held: Mutex<Option<Held>>,
}

/// What is held from the draft on.
struct Held {
    lock: CanonicalsLock,
    record: RepositoryRecord,
    /// Snapshots that are not forgotten.
    needed: BTreeSet<String>,
}

impl Promotion {
    /// The promotion of the run that follows this plan.
    pub(crate) fn of(state: &StateFolder, plan: &Plan, voice: &Voice) -> Arc<Self> {
        let (canonicals, plan, voice) = (Canonicals::of(state), plan.clone(), voice.clone());
        Arc::new(Self { canonicals, plan, voice, held: Mutex::default() })
    }

    /// What the engine asks when the verdict is due; `None` where the plan rules a promotion out.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Begin> {
        match self.plan.promotion {
            Planned::IfGreen { .. } => {}
            Planned::NotEnrolled | Planned::No { .. } => return None,
        }
        let this = Arc::clone(self);
        Some(Arc::new(move || {
            let this = Arc::clone(&this);
            Box::pin(async move { this.take_place().await })
        }))
    }

    async fn take_place(&self) -> Result<Place, String> {
        self.is_due()?;
        let in_words = |error: StateFileError| chain(&error);
        let lock = canonicals::lock(&self.canonicals).await.map_err(|error| error.message)?;
        let record = canonicals::repository(&self.canonicals, &lock).map_err(in_words)?;
        let shelves = self.canonicals.shelves().map_err(in_words)?;
        let needed: BTreeSet<String> = shelves.values().flat_map(Shelf::snapshots).map(str::to_owned).collect();
        let place = canonicals::place(&record, needed.clone()).map_err(|error| error.message)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held { lock, record, needed });
        Ok(place)
    }

    /// Whether the record, as far as it goes, is good enough to be kept.
    fn is_due(&self) -> Result<(), String> {
        let evidence = Evidence::fold(&self.voice.said());
        due(&self.plan, &evidence, &judge(&self.plan, &evidence))
    }

    /// The last word: everything of the run is gone but the secrets of its draft. The record is asked once more; then the draft
    /// is the canonical, or its secrets go, too.
    pub(crate) async fn settle(&self, draft: Option<Draft>, end: &RunEnd, doors: &Doors, dir: &RunDir) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(draft), Some(held)) = (draft, held) else { return };
        let began = Instant::now();
        let completed = match end {
            RunEnd::Completed => Ok(()),
            RunEnd::Cancelled { .. } | RunEnd::Deadline | RunEnd::Infrastructure { .. } | RunEnd::Broken { .. } => {
                Err("the run did not come to its end".to_owned())
            }
        };
        let written = completed
            .and_then(|()| self.is_due())
            .and_then(|()| self.write_down(&held, &draft).map_err(|error| chain(&error)));
        match written {
            Ok(()) => {
                let forgotten = |snapshot: &str| draft.data.is_some() && !held.needed.contains(snapshot);
                if let Err(error) = canonicals::heal(&self.canonicals, &held.lock, doors, &forgotten).await {
                    let later = "done again by the next promotion";
                    self.voice.note(
                        None,
                        format!("the canonical is kept; what is left to tidy up is {later}: {}", error.message),
                    );
                }
                let more = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                self.voice.say(Event::Promoted(promoted(&draft, draft.ms.saturating_add(more))));
                self.close_ledger(dir);
            }
            Err(why) => self.give_up(&draft, why, doors, dir).await,
        }
    }

    /// The one moment at which the canonical changes is the last line.
    fn write_down(&self, held: &Held, draft: &Draft) -> Result<(), StateFileError> {
        if let Some(key) = &draft.new_key {
            let record = RepositoryRecord { key: Some(key.clone()), ..held.record.clone() };
            self.canonicals.put_repository(&held.lock, &record)?;
        }
        let canonical = Canonical {
            version: draft.version.clone(),
            commit: self.plan.head.clone(),
            run: self.plan.run.clone(),
            promoted: clock::now(),
            stack: self.plan.stack.clone(),
            domain: self.plan.domain.clone(),
            secrets: draft.secrets.iter().map(|secret| secret.name.clone()).collect(),
            data: draft.data.clone(),
        };
        let shelf = self.canonicals.shelf(&self.plan.recipe)?.with(canonical);
        self.canonicals.put(&held.lock, &self.plan.recipe, &shelf)
    }

    /// Removes the secrets of a draft that nothing came of.
    async fn give_up(&self, draft: &Draft, why: String, doors: &Doors, dir: &RunDir) {
        let mut all_gone = true;
        for secret in &draft.secrets {
            match doors.operate.remove(secret).await {
                Ok(true) => {}
                Ok(false) | Err(_) => {
                    all_gone = false;
                    self.voice.say(Event::LeftBehind { object: secret.clone(), held_by: Vec::new() });
                }
            }
        }
        self.voice.say(Event::NotPromoted { why });
        if all_gone {
            self.close_ledger(dir);
        }
    }

    /// Notes that nothing is left to clean, if that is so: the ledger was left open for the secrets of the draft.
    fn close_ledger(&self, dir: &RunDir) {
        let evidence = Evidence::fold(&self.voice.said());
        let nothing_left = evidence.after.is_some() && evidence.left.is_empty() && evidence.namespaces_left.is_empty();
        if !nothing_left {
            return;
        }
        if let Err(error) = ledger::close(&dir.file(ledger::FILE)) {
            self.voice.note(None, format!("the ledger stays open: {}", chain(&error)));
        }
    }
}

fn promoted(draft: &Draft, ms: u64) -> Promoted {
    let data = draft.data.as_ref();
    Promoted {
        version: draft.version.clone(),
        volumes: data.map_or(0, |data| data.volumes.len()),
        files: data.map_or(0, |data| data.files),
        bytes: data.map_or(0, |data| data.bytes),
        secrets: draft.secrets.len(),
        deploys: draft.deploys,
        ms,
    }
}
