//! `cc-ci warm`: providers that stay up and are shared by runs (DEP-2).

mod update;

use crate::signals::Signals;
use cc_ci_args::environment;
use cc_ci_args::warm::{WarmArgs, WarmUpArgs, WarmVerb};
use cc_ci_engine::run::Cancel;
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit;
use cc_ci_model::ids::RecipeName;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::prepare::Looking;
use cc_ci_runner::prepare::warmth::Warmth;
use cc_ci_runner::warm::updating::Aim;
use cc_ci_runner::warm::{self, Up, WarmProvider, WarmUp};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::sync::Arc;

/// Brings up, takes down, or lists.
pub async fn exec(state: &StateFolder, args: &WarmArgs) -> Result<u8, RunnerError> {
    match &args.verb {
        WarmVerb::Up(args) => up(state, args).await?,
        WarmVerb::Down(args) => down(state, &name(&args.recipe)?).await?,
        WarmVerb::Update(args) => return update::exec(state, args).await,
        WarmVerb::List => list(state).await?,
    }
    Ok(exit::GREEN)
}

fn name(text: &str) -> Result<RecipeName, RunnerError> {
    RecipeName::parse(text).map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))
}

async fn up(state: &StateFolder, args: &WarmUpArgs) -> Result<(), RunnerError> {
    let signals = Signals::listen()?;
    let recipe = name(&args.recipe)?;
    let (cancel, places) = (Cancel::default(), environment::places());
    let ending = cancel.clone();
    let _watch = signals.pass_on(move |name| ending.end(RunEnd::Cancelled { by: name.to_owned() }));
    let looking = Looking { state, places: &places, warmth: Warmth::Never, cancel: cancel.token() };
    let say = Arc::new(terminal::note);
    match Box::pin(warm::up(
        &recipe,
        &args.operator.request(&args.recipe),
        &looking,
        &args.operator.registries.engine()?,
        &cancel,
        say,
    ))
    .await?
    {
        Up::Already(record) => {
            terminal::out(&format!("{recipe} {} is up already, and healthy\n", record.provider.shown()));
        }
        Up::Now(record) => {
            let provider = &record.provider;
            let (shown, url, stack) = (provider.shown(), provider.url(), &provider.stack);
            terminal::out(&format!("{recipe} {shown} is up at {url} (stack {stack})\n"));
        }
    }
    Ok(())
}

async fn down(state: &StateFolder, recipe: &RecipeName) -> Result<(), RunnerError> {
    match warm::down(state, recipe, &environment::engine()?).await? {
        Some(found) => terminal::out(&format!("{recipe}: {found} found, 0 left\n")),
        None => terminal::out(&format!("no warm {recipe} is up\n")),
    }
    Ok(())
}

async fn list(state: &StateFolder) -> Result<(), RunnerError> {
    let (cancel, places) = (Cancel::default(), environment::places());
    let looking = Looking { state, places: &places, warmth: Warmth::Never, cancel: cancel.token() };
    let all = warm::list(&looking, &environment::engine()?).await?;
    if all.is_empty() {
        terminal::out("no warm provider is up\n");
    }
    for one in &all {
        terminal::out(&line(one));
    }
    Ok(())
}

fn line(standing: &WarmProvider) -> String {
    let recipe = &standing.recipe;
    let Some(WarmUp { record, health, namespaces, aim, alert, going }) = &standing.up else {
        return format!("{recipe}: never came up whole; `cc-ci warm down {recipe}` removes what is left\n");
    };
    let health = health.as_ref().map_or_else(|why| format!("not healthy: {why}"), |()| "healthy".to_owned());
    let spaces = match namespaces {
        Ok(0) => String::new(),
        Ok(count) => format!(", namespaces {count}"),
        Err(error) => format!(", namespaces unknown: {error}"),
    };
    let (provider, since) = (&record.provider, &record.since);
    let mut out = format!("{recipe} {}: {health}, since {since} at {}{spaces}\n", provider.shown(), provider.url());
    let newest = match aim {
        Ok(Aim::UpToDate(why)) => why.clone(),
        Ok(Aim::Update(version, _)) => format!("{version} is there; `cc-ci warm update {recipe}` moves to it"),
        Ok(Aim::Held(held)) => format!("{} is there, and held: {}", held.to, held.why.join("; ")),
        Err(error) => format!("newest version unknown: {error}"),
    };
    let going =
        going.as_ref().map(|to| format!("an update to {to} goes on, or was killed: `cc-ci warm update {recipe}`"));
    let alert = alert.as_ref().map(|alert| format!("alert: {alert}"));
    out.extend([Some(newest), going, alert].into_iter().flatten().map(|line| format!("  {line}\n")));
    out
}
