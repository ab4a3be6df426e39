//! What is kept of a series in its folder. What cannot be kept changes no answer, but is worth a word.

use crate::error::{RunnerError, chain};
use cc_ci_model::upgrades::plan::UpgradesPlan;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_pages::{upgrades as page, upgrades_card as card};
use cc_ci_store::run_dir::{CARD, PAGE, RESULTS, RunDirError, SUMMARY};
use cc_ci_store::series_dir::{KEPT, PLAN, SeriesDir};
use cc_ci_store::state::StateFolder;
use std::path::Path;

/// The folder of a series.
#[derive(Debug)]
pub struct KeptSeries {
    dir: SeriesDir,
}

impl KeptSeries {
    /// Makes it, with the plan in it; what could not be kept is said. A series of that id that was made before is an error.
    pub(super) fn begin(
        state: &StateFolder,
        plan: &UpgradesPlan,
    ) -> Result<(Option<Self>, Option<String>), RunnerError> {
        let not_kept = |error: &RunDirError| {
            Some(format!("note: nothing is kept of the series {}: {}", plan.series, chain(error)))
        };
        match SeriesDir::create(state, &plan.series) {
            Ok(dir) => {
                let kept = Self { dir };
                let note = kept.write(PLAN, pretty(plan));
                let old = SeriesDir::retain(state, KEPT).err();
                let old = old.map(|error| format!("note: old series were not removed: {}", chain(&error)));
                Ok((Some(kept), note.or(old)))
            }
            Err(error @ RunDirError::Exists { .. }) => Err(error.into()),
            Err(error) => Ok((None, not_kept(&error))),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes what the series came to; returns what could not be written.
    pub(super) fn finish(&self, report: &UpgradesReport) -> Vec<String> {
        let page = page::document(report).map(String::into_bytes).map_err(|error| error.to_string());
        let written = [
            self.write(RESULTS, pretty(&report.document())),
            self.write(SUMMARY, Ok(report.text().into_bytes())),
            self.write(PAGE, page),
            self.write(CARD, card::png(report).map_err(|error| error.to_string())),
        ];
        written.into_iter().flatten().collect()
    }

    fn write(&self, name: &str, content: Result<Vec<u8>, String>) -> Option<String> {
        let written = content.and_then(|content| self.dir.write(name, &content).map_err(|error| chain(&error)));
        written.err().map(|error| format!("note: {name} of the series is missing: {error}"))
    }
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec_pretty(value).map_err(|error| error.to_string())
}
