//! `cc-ci canonical`: the known-good apps that are kept (WARM-1).

use crate::commands::run::{self, Terms};
use cc_ci_args::canonical::{CanonicalArgs, CanonicalVerb, VerifyArgs};
use cc_ci_args::environment;
use cc_ci_model::exit;
use cc_ci_model::ids::RecipeName;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::{canonicals, lending};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// Lists, shows, verifies, or takes away.
pub async fn exec(state: &StateFolder, args: &CanonicalArgs) -> Result<u8, RunnerError> {
    let said = match &args.verb {
        CanonicalVerb::List => canonicals::list(state)?,
        CanonicalVerb::Show(args) => canonicals::show(state, &name(&args.recipe)?)?,
        CanonicalVerb::Verify(args) => return verify(state, args).await,
        CanonicalVerb::Drop(args) => {
            let recipe = name(&args.recipe)?;
            let count = canonicals::drop_all(state, &recipe, &environment::engine()?.open().await?).await?;
            format!("{recipe}: {count} removed\n")
        }
    };
    terminal::out(&said);
    Ok(exit::GREEN)
}

async fn verify(state: &StateFolder, args: &VerifyArgs) -> Result<u8, RunnerError> {
    let request = lending::verifying(state, &environment::places(), args.operator.request(&args.recipe))?;
    let terms = Terms {
        registries: &args.operator.registries,
        no_reaper: args.no_reaper,
        json: args.json,
        retention: run::usual(),
        id: None,
    };
    let ended = Box::pin(run::perform(state.clone(), request, terms)).await?;
    if ended.exit_code != exit::GREEN {
        terminal::note(lending::ADVICE);
    }
    Ok(ended.exit_code)
}

fn name(text: &str) -> Result<RecipeName, RunnerError> {
    RecipeName::parse(text).map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))
}
