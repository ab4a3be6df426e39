//! Who has a provider alone, and what an update that was killed left to do.

use super::going::{Going, Tools};
use crate::checkout::TREES;
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::Looking;
use crate::prepare::warmth::{self, Warmth};
use crate::providers;
use crate::request::{EngineChoice, Places, Request, Say};
use cc_ci_engine::run::Cancel;
use cc_ci_model::ids::RecipeName;
use cc_ci_store::borrowing::{self, Alone};
use cc_ci_store::state::StateFolder;
use std::time::{Duration, Instant};

pub use super::going::Back;

/// How often it is looked whether a provider is free: the system tells nobody.
const LOOK: Duration = Duration::from_millis(250);

/// Gets a provider for this process alone. From the first look on nobody begins to use it; whoever uses it is waited for.
pub(super) async fn alone(
    state: &StateFolder,
    recipe: &RecipeName,
    patience: Duration,
    cancel: &Cancel,
    say: &Say,
) -> Result<Alone, RunnerError> {
    let began = Instant::now();
    let (mut gate, mut said) = (None, String::new());
    loop {
        gate = match gate {
            Some(gate) => Some(gate),
            None => borrowing::close(state, recipe)?,
        };
        let waiting = match gate.take().map(borrowing::ClosedGate::alone).transpose()? {
            None => "another update of it".to_owned(),
            Some(Ok(alone)) => return Ok(alone),
            Some(Err(held)) => {
                gate = Some(held);
                let users = super::users(state, recipe)?;
                if users.is_empty() { "a run that uses it".to_owned() } else { users.join(", ") }
            }
        };
        if waiting != said {
            say(&format!("{recipe}: waiting for {waiting}"));
            said.clone_from(&waiting);
        }
        if began.elapsed() >= patience {
            let what = format!("the warm {recipe} is in use: waited {} s for {waiting}", patience.as_secs());
            return Err(RunnerError::new(ErrorKind::Infrastructure, what)
                .hint("nothing was changed; try again later, or give it more time with `--wait`"));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = cancel.token().cancelled() => {
                let what = format!("the update of the warm {recipe} was ended while it waited for {waiting}");
                return Err(RunnerError::new(ErrorKind::Cancelled, what).hint("nothing was changed"));
            }
        }
    }
}

/// Puts right what a killed update of one provider left; `None` where there is nothing of the kind, or somebody is at it.
pub(super) async fn mend(tools: &Tools<'_>, recipe: &RecipeName) -> Result<Option<Back>, RunnerError> {
    let state = tools.looking.state;
    let trees = providers::folder(state, recipe).join(TREES);
    if providers::journal(state, recipe)?.is_none() && !trees.exists() {
        return Ok(None);
    }
    // Nobody borrows one with such a note, so whoever has it is an update that goes on.
    let Some(gate) = borrowing::close(state, recipe)? else { return Ok(None) };
    let Ok(alone) = gate.alone()? else { return Ok(None) };
    let Some(record) = warmth::read(state, recipe)? else { return Ok(None) };
    let Some(journal) = providers::journal(state, recipe)? else {
        // It was killed before it changed anything. What was laid out holds the app's environment.
        let removed = std::fs::remove_dir_all(&trees);
        return removed.map(|()| None).map_err(|error| super::cannot("remove", &trees, &error));
    };
    (tools.say)(&format!("{recipe}: an update to {} was killed; putting that right", journal.to.shown()));
    let going = Going::open(tools, record, alone).await?;
    Box::pin(going.back(tools, None, "it was killed")).await.map(Some)
}

/// The same for every provider; what came of each.
pub async fn mend_all(
    state: &StateFolder,
    places: &Places,
    engine: &EngineChoice,
    say: &Say,
) -> Result<Vec<(RecipeName, Back)>, RunnerError> {
    let mut mended = Vec::new();
    let cancel = Cancel::default();
    for recipe in warmth::all(state)? {
        let doors = engine.open().await?;
        let looking = Looking { state, places, warmth: Warmth::Never, cancel: cancel.token() };
        let request = Request::of(recipe.as_str());
        let tools = Tools { request: &request, looking: &looking, engine, doors: &doors, cancel: &cancel, say };
        mended.extend(mend(&tools, &recipe).await?.map(|back| (recipe, back)));
    }
    Ok(mended)
}

/// Providers of which an update goes on, or was killed.
pub fn killed(state: &StateFolder) -> Result<Vec<RecipeName>, RunnerError> {
    let mut killed = Vec::new();
    for recipe in warmth::all(state)? {
        if providers::journal(state, &recipe)?.is_some() {
            killed.push(recipe);
        }
    }
    Ok(killed)
}
