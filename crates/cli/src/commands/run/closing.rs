//! The end of a run: artifacts, the look for leaked secrets, the last event, the verdict and its reports.

use crate::commands::clean::ledger_open;
use crate::commands::pictures;
use crate::error::{Kind, UserError};
use crate::terminal;
use cc_ci_engine::voice::Voice;
use cc_ci_model::event::{Event, RunEnd};
use cc_ci_model::exit;
use cc_ci_model::redact::Vault;
use cc_ci_model::report::ReportView;
use cc_ci_store::recorder::Recorder;
use cc_ci_store::retention::{self, RetentionPolicy};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use cc_ci_store::{artifacts, leaks, replay};
use std::time::SystemTime;

/// What is left to print and answer.
pub(super) struct Closed {
    /// The view of the stored record.
    pub(super) view: ReportView,
    /// The answer of the process.
    pub(super) exit_code: u8,
}

/// Closes the record and judges what is on disk, so that the verdict is the one `cc-ci judge` gives for ever after.
pub(super) fn close(
    state: &StateFolder,
    dir: &RunDir,
    voice: &Voice,
    recorder: &Recorder,
    vault: &Vault,
    log: Option<(String, String)>,
    end: &RunEnd,
) -> Result<Closed, UserError> {
    let redactor = vault.redactor();
    if let Some((name, text)) = log {
        told(artifacts::write_log(dir, &name, text.as_bytes(), &redactor).map(drop));
    }
    told(artifacts::mask_again(dir, &redactor));
    // The reports as they stand now, so that they are looked through as well.
    if let Ok(judged) = replay::judged(dir) {
        told(artifacts::write_reports(dir, &judged.view(), &redactor));
        not_drawn(pictures::write_texts(dir, &judged, &redactor));
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
    voice.say(Event::RunEnded { end: end.clone() });
    recorder.finish().map_err(|error| {
        UserError::new(Kind::Infrastructure, error.to_string())
            .hint("without its record a run proves nothing; make room and run again")
    })?;
    let judged = replay::judged(dir)?;
    let view = judged.view();
    told(artifacts::write_reports(dir, &view, &redactor));
    not_drawn(pictures::write_texts(dir, &judged, &redactor));
    not_drawn(pictures::write_card(dir, &judged));
    keep_what_the_policy_keeps(state);
    Ok(Closed { exit_code: exit::of_process(&judged.verdict, Some(end)), view })
}

/// A report that cannot be written changes no verdict, but is worth a word.
fn told(written: Result<(), artifacts::ArtifactError>) {
    if let Err(error) = written {
        terminal::note(&format!("note: {error}"));
    }
}

fn not_drawn(errors: Vec<UserError>) {
    for error in errors {
        terminal::note(&format!("note: {error}"));
    }
}

fn keep_what_the_policy_keeps(state: &StateFolder) {
    let policy = RetentionPolicy::default();
    if let Err(error) = retention::apply(state, &policy, SystemTime::now(), &ledger_open) {
        terminal::note(&format!("note: old runs were not removed: {error}"));
    }
}
