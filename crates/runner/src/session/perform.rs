//! The run itself: from the first event of its record to its verdict.

use super::early::EarlyFolder;
use super::last_word::{Ended, LastWord, RecordGuard};
use super::setup::{self, Kit, Ready};
use super::{Canceller, Ending, Finished};
use crate::checkout;
use crate::clock;
use crate::closing;
use crate::error::{ErrorKind, RunnerError, chain};
use crate::lending;
use crate::others;
use crate::promotion::Promotion;
use crate::reaper;
use crate::request::{Deps, Heard, Listeners, Request, Retention};
use crate::world::{self, Around, world};
use cc_ci_engine::custom::proofread::KnownReadable;
use cc_ci_engine::host::findings;
use cc_ci_engine::run::app::App;
use cc_ci_engine::run::{self as engine, Cancel, Performed, World};
use cc_ci_engine::screenshot::Camera;
use cc_ci_engine::secrets::Secrets;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, FORMAT, RunEnd};
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::redact::Vault;
use cc_ci_model::upgrades::plan::RunPermit;
use cc_ci_recipe::lint::LintReport;
use cc_ci_store::recorder::Recorder;
use std::collections::BTreeSet;
use std::time::Duration;

/// Performs one run.
pub(super) async fn perform(run: RunId, request: Request, deps: Deps, canceller: Canceller) -> Finished {
    let Deps { state, engine, places, reaper, retention, lent, listeners, say, providers, cores } = deps;
    let kit = Kit { state, engine, places, reaper, say, providers, cores };
    let mut notes = Vec::new();
    let ended = match begin(&run, &request, lent.as_ref(), &kit, &canceller).await {
        Ok((folder, ready)) => {
            let performing = record(folder, ready, &request, &kit, &canceller, listeners, &mut notes);
            Box::pin(performing).await.unwrap_or_else(Ending::Refused)
        }
        Err(error) => Ending::Refused(error),
    };
    match (&ended, retention) {
        (Ending::Judged { .. }, Retention::Apply(_)) => notes.extend(closing::retain(&kit.state, retention)),
        (Ending::Judged { .. } | Ending::Refused(_), _) => {}
    }
    let ended_by = canceller.ended_by();
    Finished { run, ended, ended_by, notes }
}

/// Gets the run ready. Whoever ends it meanwhile ends it at once: there is nothing to take down.
async fn begin(
    run: &RunId,
    request: &Request,
    lent: Option<&RunPermit>,
    kit: &Kit,
    canceller: &Canceller,
) -> Result<(EarlyFolder, Ready), RunnerError> {
    let folder = EarlyFolder::create(&kit.state, run)?;
    let cancel = canceller.cancel.token();
    let ready = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(canceller.ended_early()),
        ready = setup::set_up(run, (request, lent), kit, folder.dir(), cancel) => ready,
    }?;
    Ok((folder, ready))
}

/// Performs the run, and closes its record whatever came of it.
async fn record(
    folder: EarlyFolder,
    ready: Ready,
    request: &Request,
    kit: &Kit,
    canceller: &Canceller,
    listeners: Listeners,
    notes: &mut Vec<String>,
) -> Result<Ending, RunnerError> {
    let Ready { prepared, vault, adaptations, doors, app, deployer, lint, ledger, reaper, .. } = ready;
    let (facts, first) = (ready.facts, ready.notes);
    let (place, _given_back_at_the_end) = (ready.place, (ready.loan, ready.borrowed));
    let plan = prepared.approved.plan.clone();
    let (recorder, ended) = begin_record(&folder, &vault)?;
    let (cancel, written) = (canceller.cancel.clone(), recorder.clone());
    let guard = RecordGuard { recorder: recorder.clone(), cancel, ended: ended.clone() };
    let mut heard: Heard = vec![Box::new(written), Box::new(guard), place.ear()];
    heard.extend(listeners(&vault));
    let voice = Voice::discreet(heard, vault.clone());
    let (dir, lock) = folder.stays();
    let last_word = LastWord { voice: voice.clone(), recorder: recorder.clone(), ended, lock };
    // Nobody else sets it.
    let _set = canceller.voice.set(voice.clone());
    open_record(&voice, &plan, lint, request.pr, facts, first);
    let promotion = Promotion::of(&kit.state, &plan, &voice);
    let world = World {
        camera: Some(Camera { image: findings::BROWSER_IMAGE.to_owned(), vault: vault.clone() }),
        promotion: promotion.begin(),
        canonical: lending::lend(&kit.state, &plan, &doors),
        hold: request.hold.time(),
        readable: KnownReadable::in_folder(kit.state.readable()),
        ..world(Around {
            doors: deployer.doors(&doors),
            engine: kit.engine.address(),
            voice: voice.clone(),
            secrets: Secrets::new(vault.clone()),
            keep: closing::keep(&dir, &vault),
            ledger,
            folder: dir.path(),
            adaptations: &adaptations,
            cancel: &canceller.cancel,
            others: others::live_runs(&kit.state, &plan.run),
            alive: world::alive(&kit.state),
        })
    };
    let (limit, performing) = (Duration::from_secs(plan.limits.run), survive(prepared.approved, app, world));
    let Performed { end, draft } = within(limit, &canceller.cancel, performing).await;
    // The trees can be had from their repositories again, and hold what is configured; what stays is what happened.
    checkout::remove_trees(&dir);
    let first = closing::look_through(&dir, &voice, &vault, deployer.log());
    // Who ended the run after its verdict wants nothing kept of it either.
    promotion.settle(draft, canceller.cancel.reason().as_ref().unwrap_or(&end), &doors, &dir).await;
    let closed = closing::close(&dir, &voice, &recorder, &vault, &end);
    drop(last_word);
    reaper::dismiss(reaper).await;
    let closed = closed.map_err(|error| error.masked(&vault.redactor()))?;
    notes.extend(first.into_iter().chain(closed.notes));
    Ok(Ending::Judged { end, view: Box::new(closed.view), folder: dir.path().to_owned() })
}

/// The record, with what says how it ended.
fn begin_record(folder: &EarlyFolder, vault: &Vault) -> Result<(Recorder, Ended), RunnerError> {
    let recorder = Recorder::create(folder.dir(), vault.clone())
        .map_err(|error| RunnerError::new(ErrorKind::Infrastructure, chain(&error)))?;
    Ok((recorder, Ended::default()))
}

/// The first events of every record.
fn open_record(
    voice: &Voice,
    plan: &Plan,
    lint: LintReport,
    pr: Option<u64>,
    facts: Vec<(String, String)>,
    notes: Vec<String>,
) {
    voice.say(Event::RunStarted {
        format: FORMAT.major,
        minor: FORMAT.minor,
        run: plan.run.clone(),
        recipe: plan.recipe.clone(),
        head: plan.head.clone(),
        pr,
        started: clock::now(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
    });
    voice.say(Event::Planned { plan: Box::new(plan.clone()) });
    for (name, value) in facts {
        voice.say(Event::HostFact { name, value });
    }
    for note in notes {
        voice.note(None, note);
    }
    voice.say(Event::Linted(lint));
}

/// Ends the run at its time limit, and then waits for its teardown.
async fn within<T>(limit: Duration, cancel: &Cancel, performing: impl Future<Output = T>) -> T {
    tokio::pin!(performing);
    tokio::select! {
        end = &mut performing => return end,
        () = tokio::time::sleep(limit) => cancel.end(RunEnd::Deadline),
    }
    performing.await
}

/// Performs the run in a task of its own, so that a panic in it is caught, cleaned up after and named for what it is.
async fn survive(approved: Approved, app: App, world: World) -> Performed {
    let (doors, folder, run) = (world.doors.clone(), world.folder.clone(), approved.plan.run.clone());
    let performing = tokio::spawn(async move { Box::pin(engine::run(approved, app, world)).await });
    match performing.await {
        Ok(performed) => performed,
        Err(panic) => {
            let cleaned = match engine::clean(doors.operate.as_ref(), &folder, &run, &BTreeSet::new()).await {
                Ok(cleaned) if cleaned.left.is_empty() => "everything it had made was removed".to_owned(),
                Ok(cleaned) => format!("these would not go: {}", cleaned.left.join(", ")),
                Err(error) => format!("and could not be cleaned up after: {}", chain(&error)),
            };
            let end = RunEnd::Broken { error: format!("the run stopped with a bug: {panic}; {cleaned}") };
            Performed { end, draft: None }
        }
    }
}
