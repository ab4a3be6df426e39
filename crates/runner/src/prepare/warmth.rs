//! Whether a warm dependency is up, as far as a plan may know, and what is kept about each.

use crate::error::{ErrorKind, RunnerError, chain};
use crate::providers::{self, LentProviders};
pub use crate::providers::{Record, folder};
use cc_ci_engine::swarm::Doors;
use cc_ci_engine::warm;
use cc_ci_model::ids::RecipeName;
use cc_ci_store::borrowing::{self, Borrowed};
use cc_ci_store::state::StateFolder;
use cc_ci_store::whole::{self, StateFileError};
use std::io;
use std::sync::Arc;

/// What is kept about one, in its folder; there only once it was healthy.
const RECORD: &str = "record.json";

/// How a plan looks for warm dependencies.
pub enum Warmth<'a> {
    /// By what lies in the state folder: `plan` touches no engine.
    Said,
    /// By asking them, as `run` does.
    Probed(Option<&'a Doors>),
    /// By asking what a sweep lends. Without it nothing is brought up in its place: the sweep has no permit for that.
    Lent(&'a LentProviders, Option<&'a Doors>),
    /// Not at all.
    Never,
}

/// A warm dependency that can be used.
#[derive(Debug, Clone)]
pub struct Warm {
    /// What is kept about it.
    pub record: Record,
    /// Why it is used.
    pub why: String,
    /// Keeps it as it is for as long as anybody has it; `None` where nobody uses it yet, or a sweep answers for it.
    pub borrowed: Option<Arc<Borrowed>>,
}

impl Warmth<'_> {
    /// The warm one; the inner `Err` is why there is none to use, and a cold one is planned.
    pub(super) async fn of(
        &self,
        state: &StateFolder,
        recipe: &RecipeName,
    ) -> Result<Result<Warm, String>, RunnerError> {
        match self {
            Self::Lent(lent, doors) => self::lent(lent, *doors, recipe).await.map(Ok),
            Self::Said | Self::Probed(_) | Self::Never => Ok(self.standing(state, recipe).await),
        }
    }

    async fn standing(&self, state: &StateFolder, recipe: &RecipeName) -> Result<Warm, String> {
        let record = known(state, recipe)?;
        let unhealthy = |why: String| format!("the warm one is not healthy: {why}");
        match self {
            Self::Said => {
                let why = "one is up; `run` uses it if it is healthy then, and deploys its own if not".to_owned();
                Ok(Warm { record, why, borrowed: None })
            }
            Self::Probed(None) => Err(unhealthy("no engine answers".to_owned())),
            Self::Probed(Some(doors)) => {
                let borrowed = Some(Arc::new(borrowed(state, recipe)?));
                // From here on it stays what it is; until here it may have become another.
                let record = known(state, recipe)?;
                warm::health(doors, &record.run, &record.provider, &record.authority).await.map_err(unhealthy)?;
                Ok(Warm { record, why: "it is up and healthy".to_owned(), borrowed })
            }
            Self::Lent(..) | Self::Never => Err("warm ones are left out here".to_owned()),
        }
    }
}

fn known(state: &StateFolder, recipe: &RecipeName) -> Result<Record, String> {
    match read(state, recipe) {
        Ok(Some(record)) => Ok(record),
        Ok(None) => Err("no warm one is up".to_owned()),
        Err(error) => Err(format!("the warm one cannot be used: {}", error.message)),
    }
}

/// Borrows one, if it is not being updated.
fn borrowed(state: &StateFolder, recipe: &RecipeName) -> Result<Borrowed, String> {
    let cannot = |error: StateFileError| format!("the warm one cannot be used: {}", chain(&error));
    let borrowed = borrowing::borrow(state, recipe).map_err(cannot)?;
    let borrowed = borrowed.ok_or_else(|| "the warm one is being updated".to_owned())?;
    match providers::journal(state, recipe).map_err(cannot)? {
        None => Ok(borrowed),
        Some(_) => Err(format!("an update of the warm one was killed (`cc-ci warm update {recipe}` puts it right)")),
    }
}

/// What a sweep lends, as long as it is healthy.
async fn lent(lent: &LentProviders, doors: Option<&Doors>, recipe: &RecipeName) -> Result<Warm, RunnerError> {
    let cannot = |why: String| {
        RunnerError::new(ErrorKind::Infrastructure, format!("the sweep {} has no {recipe} to lend: {why}", lent.by))
    };
    let record =
        lent.providers.get(recipe).ok_or_else(|| cannot("it was not needed when the sweep was planned".to_owned()))?;
    let doors = doors.ok_or_else(|| cannot("no engine answers".to_owned()))?;
    warm::health(doors, &record.run, &record.provider, &record.authority).await.map_err(cannot)?;
    Ok(Warm {
        record: record.clone(),
        why: format!("the sweep {} lends it to its runs; it is healthy", lent.by),
        borrowed: None,
    })
}

/// What is kept about a warm provider, if it ever came up.
pub fn read(state: &StateFolder, recipe: &RecipeName) -> Result<Option<Record>, RunnerError> {
    let path = folder(state, recipe).join(RECORD);
    let unreadable =
        |why: String| RunnerError::new(ErrorKind::Settings, format!("cannot read {}: {why}", path.display()));
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(error.to_string())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// Keeps what is known about a warm provider that is up, in place of what was known before.
pub fn write(state: &StateFolder, record: &Record) -> Result<(), RunnerError> {
    Ok(whole::write(&folder(state, &record.provider.recipe).join(RECORD), record)?)
}

/// Every recipe that has a folder there, also one that never came up whole.
pub fn all(state: &StateFolder) -> Result<Vec<RecipeName>, RunnerError> {
    let path = state.warm();
    let failed = |error: std::io::Error| {
        RunnerError::new(ErrorKind::Infrastructure, format!("cannot read {}: {error}", path.display()))
    };
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        names.extend(name.to_str().and_then(|name| RecipeName::parse(name).ok()));
    }
    names.sort();
    Ok(names)
}
