//! What a server is told: its settings, and the secrets that lie in files beside them.

use cc_ci_args::environment;
use cc_ci_model::serving::{FILE, ServingSettings};
use cc_ci_pages::comment::Address;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::ledgers;
use cc_ci_server::{KnownForge, Pace, Points, RunProgram, RunsKept, ServerPlan};
use cc_ci_store::retention::RetentionPolicy;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn unusable(what: impl Into<String>) -> RunnerError {
    RunnerError::new(ErrorKind::Settings, what)
}

/// Reads the settings; without a file they are the defaults.
pub(super) fn settings(state: &StateFolder, given: Option<&Path>) -> Result<ServingSettings, RunnerError> {
    let file = given.map_or_else(|| state.root().join(FILE), Path::to_owned);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && given.is_none() => String::new(),
        Err(error) => return Err(unusable(format!("cannot read {}: {error}", file.display()))),
    };
    ServingSettings::read(&file.display().to_string(), &text).map_err(|problems| {
        RunnerError::of_problems(ErrorKind::Settings, "cannot use the settings of the server", &problems)
    })
}

/// Puts everything together that a server needs.
pub(super) fn plan(state: &StateFolder, settings: &ServingSettings) -> Result<ServerPlan, RunnerError> {
    let credentials = environment::credentials();
    let forges = settings.forges.iter().map(|forge| KnownForge::open(forge, credentials.as_deref()));
    let forges = forges.collect::<Result<Vec<_>, _>>().map_err(|error| unusable(error.to_string()))?;
    let public = settings.public_url.as_deref().map(Address::parse).transpose();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let slots = settings.slots.and_then(|slots| usize::try_from(slots).ok()).unwrap_or(cores / 2).max(1);
    let file =
        environment::program().map_err(|error| RunnerError::internal(format!("cannot find this program: {error}")))?;
    let (path, engine) = environment::for_runs();
    Ok(ServerPlan {
        state: state.clone(),
        forges,
        program: RunProgram { file, path, engine },
        slots,
        memory: settings.memory_mib << 20,
        disk: settings.disk_mib << 20,
        public: public.map_err(|error| unusable(format!("`public_url`: {error}")))?,
        pace: Pace::default(),
        log: Arc::new(terminal::note),
        points: Points::default(),
        kept: RunsKept {
            policy: RetentionPolicy {
                age: Some(Duration::from_hours(24 * settings.keep_days)),
                count: usize::try_from(settings.keep_runs).ok(),
                bytes: None,
            },
            uncleaned: Arc::new(ledgers::is_open),
        },
    })
}
