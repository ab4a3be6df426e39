//! What people look at, drawn from a judged record and its folder: run page, card, badge, comment.

use crate::error::RunnerError;
use cc_ci_model::redact::Redactor;
use cc_ci_pages::page::{self, Attachments, FilesAt, Log};
use cc_ci_pages::{badge, card};
use cc_ci_store::kept;
use cc_ci_store::replay::Judged;
use cc_ci_store::run_dir::{BADGE, CARD, PAGE, RunDir};

/// The run page.
pub fn page(dir: &RunDir, judged: &Judged) -> Result<String, RunnerError> {
    let kept = kept::read(dir).map_err(|error| failed(&error))?;
    let logs = kept.logs.into_iter();
    let kept = Attachments {
        logs: logs.map(|log| Log { service: log.service, file: log.file, text: log.text, cut: log.cut }).collect(),
        effective_stack: kept.effective_stack,
        screenshot: kept.screenshot,
        files: FilesAt::Beside,
    };
    page::document(&judged.view(), &judged.plan, &kept).map_err(|error| failed(&error))
}

/// The badge.
pub fn badge(judged: &Judged) -> Result<String, RunnerError> {
    badge::render(&judged.view()).map_err(|error| failed(&error))
}

/// The card, PNG.
pub fn card(judged: &Judged) -> Result<Vec<u8>, RunnerError> {
    card::png(&judged.view()).map_err(|error| failed(&error))
}

/// Writes page and badge into the run's folder. What cannot be drawn is returned in words: it changes no verdict.
pub(crate) fn write_texts(dir: &RunDir, judged: &Judged, redactor: &Redactor) -> Vec<RunnerError> {
    // The record and the files are masked already; this is for what only the markup between two values could spell.
    let masked = |text: String| redactor.mask_owned(text).into_bytes();
    let mut errors = write(dir, [(PAGE, page(dir, judged).map(masked))]);
    // Nobody should put a part of a run, or a quick one, into a README.
    if judged.verdict.has_badge() {
        errors.extend(write(dir, [(BADGE, badge(judged).map(masked))]));
    }
    errors
}

/// Writes the card, likewise.
pub(crate) fn write_card(dir: &RunDir, judged: &Judged) -> Vec<RunnerError> {
    write(dir, [(CARD, card(judged))])
}

fn write<const N: usize>(dir: &RunDir, drawn: [(&str, Result<Vec<u8>, RunnerError>); N]) -> Vec<RunnerError> {
    let written = drawn.into_iter().map(|(name, content)| dir.write(name, &content?).map_err(|error| failed(&error)));
    written.filter_map(Result::err).collect()
}

fn failed(what: &dyn std::fmt::Display) -> RunnerError {
    RunnerError::internal(format!("cannot draw the report: {what}"))
}
