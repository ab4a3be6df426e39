//! `cc-ci canonical`: the known-good apps that are kept (WARM-1).

use crate::args;
use crate::args::canonical::{CanonicalArgs, CanonicalVerb};
use cc_ci_model::exit;
use cc_ci_model::ids::RecipeName;
use cc_ci_runner::canonicals;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// Lists, shows, or takes away.
pub async fn exec(state: &StateFolder, args: &CanonicalArgs) -> Result<u8, RunnerError> {
    let said = match &args.verb {
        CanonicalVerb::List => canonicals::list(state)?,
        CanonicalVerb::Show(args) => canonicals::show(state, &name(&args.recipe)?)?,
        CanonicalVerb::Drop(args) => {
            let recipe = name(&args.recipe)?;
            let count = canonicals::drop_all(state, &recipe, &args::engine()?.open().await?).await?;
            format!("{recipe}: {count} removed\n")
        }
    };
    terminal::out(&said);
    Ok(exit::GREEN)
}

fn name(text: &str) -> Result<RecipeName, RunnerError> {
    RecipeName::parse(text).map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))
}
