//! Writes what a run leaves besides its record: reports, logs, the stack as it was deployed. All of it masked.

use crate::run_dir::{EFFECTIVE_STACK, JUNIT, LINT, LOGS, RESULTS, RunDir, RunDirError, SUMMARY, TIMELINE};
use cc_ci_model::redact::Redactor;
use cc_ci_model::report::{ReportView, junit, results, summary, timeline};
use cc_ci_recipe::lint;
use std::path::{Path, PathBuf};

/// Why an artifact could not be written. It never changes a verdict.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The folder refused it.
    #[error(transparent)]
    Folder(#[from] RunDirError),
    /// The JSON writer refused it.
    #[error("cannot draw {file}: {source}")]
    Json {
        /// Which file.
        file: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The XML writer refused it.
    #[error("cannot draw {JUNIT}: {words}")]
    Junit {
        /// What is wrong.
        words: String,
    },
}

/// Draws and writes every report of a run. To be called at the verdict and again after teardown: the later one replaces
/// the earlier.
pub fn write_reports(dir: &RunDir, view: &ReportView, redactor: &Redactor) -> Result<(), ArtifactError> {
    let json = |file| move |source| ArtifactError::Json { file, source };
    // Inside JSON only the texts are masked, so that a secret made of digits does not break a number.
    let results = serde_json::to_value(results::Results::new(view)).map_err(json(RESULTS))?;
    let results = serde_json::to_string_pretty(&redactor.mask_json(results)).map_err(json(RESULTS))?;
    dir.write(RESULTS, (results + "\n").as_bytes())?;
    let timeline = timeline::render(view).map_err(json(TIMELINE))?;
    let timeline: serde_json::Value = serde_json::from_str(&timeline).map_err(json(TIMELINE))?;
    dir.write(TIMELINE, redactor.mask_json(timeline).to_string().as_bytes())?;
    let junit = junit::render(view).map_err(|error| ArtifactError::Junit { words: error.to_string() })?;
    dir.write(JUNIT, redactor.mask(&junit).as_bytes())?;
    if let Some(report) = &view.lint {
        dir.write(LINT, redactor.mask(&lint::text::render(report)).as_bytes())?;
    }
    dir.write(SUMMARY, redactor.mask(&summary::render(view)).as_bytes())?;
    Ok(())
}

/// Writes the log of one service to `logs/<service>.log`.
pub fn write_log(dir: &RunDir, service: &str, log: &[u8], redactor: &Redactor) -> Result<PathBuf, ArtifactError> {
    // A service's name comes from a recipe: nothing but a plain file name may come of it.
    let name: String =
        service.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let name = name.trim_start_matches('.');
    let text = String::from_utf8_lossy(log);
    Ok(dir.write(&format!("{LOGS}/{name}.log"), redactor.mask(&text).as_bytes())?)
}

/// Writes the stack as it was deployed.
pub fn write_effective_stack(dir: &RunDir, yaml: &str, redactor: &Redactor) -> Result<PathBuf, ArtifactError> {
    Ok(dir.write(EFFECTIVE_STACK, redactor.mask(yaml).as_bytes())?)
}

/// Writes the picture of the app, a PNG. It holds no secret: whoever took it has looked.
pub fn write_screenshot(dir: &RunDir, picture: &[u8]) -> Result<PathBuf, ArtifactError> {
    Ok(dir.write(results::SCREENSHOT, picture)?)
}

/// Masks the logs and the stack again, for secrets that were learnt after these were written.
pub fn mask_again(dir: &RunDir, redactor: &Redactor) -> Result<(), ArtifactError> {
    // A run that ended early has no folder of logs.
    let logs = std::fs::read_dir(dir.file(LOGS)).into_iter().flatten().flatten();
    let logs = logs.filter_map(|log| log.file_name().into_string().ok()).map(|name| format!("{LOGS}/{name}"));
    for name in logs.chain([EFFECTIVE_STACK.to_owned()]) {
        mask_file(dir, &name, &dir.file(&name), redactor)?;
    }
    Ok(())
}

fn mask_file(dir: &RunDir, name: &str, path: &Path, redactor: &Redactor) -> Result<(), ArtifactError> {
    // What is not there, or is no text, was not written here.
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
    let masked = redactor.mask(&text);
    if masked != text {
        dir.write(name, masked.as_bytes())?;
    }
    Ok(())
}
