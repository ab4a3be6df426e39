//! The end of a run: artifacts, the look for leaked secrets, the last event, the verdict and its reports.

use crate::error::{ErrorKind, RunnerError};
use crate::ledgers;
use crate::pictures;
use crate::request::Retention;
use cc_ci_engine::run::{Artifact, Keep};
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::redact::Vault;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_store::recorder::Recorder;
use cc_ci_store::replay::Judged;
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::{artifacts, leaks, replay, retention};
use std::sync::Arc;
use std::time::SystemTime;

/// A run whose record is closed.
#[derive(Debug)]
pub(crate) struct Closed {
    /// The view of the stored record.
    pub(crate) view: ReportView,
    /// What went wrong on the way and changes no verdict.
    pub(crate) notes: Vec<String>,
}

/// Masks what the run wrote and looks through all of it for secrets, before the record gets its end; returns what went wrong on the
/// way and changes no verdict.
pub(crate) fn look_through(dir: &RunDir, voice: &Voice, vault: &Vault, log: Option<(String, String)>) -> Vec<String> {
    let redactor = vault.redactor();
    let log = log.map(|(name, text)| artifacts::write_log(dir, &name, text.as_bytes(), &redactor).map(drop));
    let mut notes: Vec<String> = log.into_iter().filter_map(told).collect();
    notes.extend(told(artifacts::mask_again(dir, &redactor)));
    // The reports as they stand now, so that they are looked through as well.
    if let Ok(judged) = replay::judged(dir) {
        // As they will be true if this process dies before it has drawn the next ones.
        let judged = Judged { life: Life::Died, ..judged };
        notes.extend(told(artifacts::write_reports(dir, &judged.view(), &redactor)));
        notes.extend(not_drawn(pictures::write_texts(dir, &judged, &redactor)));
    }
    match leaks::scan(dir, &redactor) {
        Ok(found) => {
            for leak in found {
                voice.say(Event::SecretLeaked { artifact: leak.artifact, secret: leak.secret });
            }
        }
        // What could not be looked through may hold anything.
        Err(error) => voice.say(Event::SecretLeaked { artifact: error.to_string(), secret: "unknown".to_owned() }),
    }
    notes
}

/// Closes the record and judges what is on disk, so that the verdict is the one `cc-ci judge` gives for ever after.
pub(crate) fn close(
    dir: &RunDir,
    voice: &Voice,
    recorder: &Recorder,
    vault: &Vault,
    end: &RunEnd,
) -> Result<Closed, RunnerError> {
    let redactor = vault.redactor();
    voice.say(Event::RunEnded { end: end.clone() });
    recorder.finish().map_err(|error| {
        RunnerError::new(ErrorKind::Infrastructure, error.to_string())
            .hint("without its record a run proves nothing; make room and run again")
    })?;
    let judged = replay::judged(dir)?;
    let view = judged.view();
    let mut notes: Vec<String> = told(artifacts::write_reports(dir, &view, &redactor)).into_iter().collect();
    notes.extend(not_drawn(pictures::write_texts(dir, &judged, &redactor)));
    notes.extend(not_drawn(pictures::write_card(dir, &judged)));
    Ok(Closed { view, notes })
}

/// Writes what the run leaves besides its events into its folder at once, masked with what is known by then.
pub(crate) fn keep(dir: &RunDir, vault: &Vault) -> Keep {
    let (dir, vault) = (dir.clone(), vault.clone());
    Arc::new(move |artifact| {
        let redactor = vault.redactor();
        let written = match artifact {
            Artifact::EffectiveStack(text) => artifacts::write_effective_stack(&dir, text, &redactor),
            Artifact::Log { service, text } => artifacts::write_log(&dir, service, text.as_bytes(), &redactor),
            Artifact::Screenshot(picture) => artifacts::write_screenshot(&dir, picture),
        };
        written.map(drop).map_err(|error| error.to_string())
    })
}

/// A report that cannot be written changes no verdict, but is worth a word.
fn told(written: Result<(), artifacts::ArtifactError>) -> Option<String> {
    written.err().map(|error| format!("note: {error}"))
}

fn not_drawn(errors: Vec<RunnerError>) -> impl Iterator<Item = String> {
    errors.into_iter().map(|error| format!("note: {error}"))
}

/// Removes the old runs that are to go; what could not be removed is worth a word.
pub(crate) fn retain(state: &StateFolder, retention: Retention) -> Option<String> {
    let policy = match retention {
        Retention::Leave => return None,
        Retention::Apply(policy) => policy,
    };
    let removed = retention::apply(state, &policy, SystemTime::now(), &ledgers::is_open);
    removed.err().map(|error| format!("note: old runs were not removed: {error}"))
}
