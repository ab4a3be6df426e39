//! `cc-ci warm update`: says what becomes of each provider, one after the other (WARM-5).

use super::name;
use crate::signals::Signals;
use cc_ci_args::environment;
use cc_ci_args::warm::WarmUpdateArgs;
use cc_ci_engine::run::Cancel;
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit;
use cc_ci_model::ids::RecipeName;
use cc_ci_runner::error::shown::shown;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::prepare::Looking;
use cc_ci_runner::prepare::warmth::{self, Warmth};
use cc_ci_runner::request::Say;
use cc_ci_runner::warm::updating::{self, Held, UpdateRequest, Updated};
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::sync::Arc;

/// Updates those that are named, or all. One that cannot be updated keeps no other from it; the code is that of the worst.
pub(super) async fn exec(state: &StateFolder, args: &WarmUpdateArgs) -> Result<u8, RunnerError> {
    let recipes = wanted(state, args)?;
    if recipes.is_empty() {
        terminal::out("no warm provider is up\n");
    }
    let signals = Signals::listen()?;
    let (cancel, places) = (Cancel::default(), environment::places());
    let ending = cancel.clone();
    let _watch = signals.pass_on(move |name| ending.end(RunEnd::Cancelled { by: name.to_owned() }));
    let looking = Looking { state, places: &places, warmth: Warmth::Never, cancel: cancel.token() };
    let engine = args.operator.registries.engine()?;
    let say: Say = Arc::new(terminal::note);
    let wanted = UpdateRequest { version: args.to.clone(), patience: args.wait, steady: args.healthy_for };
    let mut worst = exit::GREEN;
    for recipe in &recipes {
        let request = args.operator.request(recipe.as_str());
        let asked = (&request, &looking);
        let code = match Box::pin(updating::update(recipe, &wanted, asked, &engine, &cancel, &say)).await {
            Ok(updated) => told(recipe, &updated),
            Err(error) if recipes.len() == 1 || error.kind == ErrorKind::Cancelled => return Err(error),
            Err(error) => {
                terminal::note(&shown(&error));
                error.kind.exit_code()
            }
        };
        worst = worse(worst, code);
    }
    Ok(worst)
}

fn wanted(state: &StateFolder, args: &WarmUpdateArgs) -> Result<Vec<RecipeName>, RunnerError> {
    if args.to.is_some() && args.recipes.len() != 1 {
        return Err(RunnerError::new(ErrorKind::Usage, "--to names the version of one recipe")
            .hint("name that recipe: `cc-ci warm update RECIPE --to VERSION`"));
    }
    if args.recipes.is_empty() {
        return warmth::all(state);
    }
    args.recipes.iter().map(|recipe| name(recipe)).collect()
}

/// Which of two answers a person has to look at first.
fn worse(one: u8, other: u8) -> u8 {
    let weight = |code: u8| match code {
        exit::GREEN => 0,
        exit::HELD => 1,
        exit::ROLLED_BACK => 3,
        exit::BROKEN => 4,
        _ => 2,
    };
    if weight(other) > weight(one) { other } else { one }
}

/// Says what became of one, and returns the code for it.
fn told(recipe: &RecipeName, updated: &Updated) -> u8 {
    match updated {
        Updated::UpToDate { up, why } => {
            terminal::out(&format!("{recipe} {up}: {why}\n"));
            exit::GREEN
        }
        Updated::Held(held) => {
            terminal::out(&text_of(recipe, held));
            exit::HELD
        }
        Updated::Updated { from, to } => {
            terminal::out(&format!("{recipe} {to}: updated from {from}, healthy, with its data\n"));
            exit::GREEN
        }
        Updated::RolledBack(alert) => {
            terminal::out(&format!("{recipe} {}: {alert}\n  its data is as it was before\n", alert.from));
            exit::ROLLED_BACK
        }
        Updated::Broken { alert, by_hand } => {
            terminal::out(&format!("{recipe} is broken: {alert}\n"));
            by_hand.iter().for_each(|line| terminal::out(&format!("  {line}\n")));
            exit::BROKEN
        }
    }
}

fn text_of(recipe: &RecipeName, held: &Held) -> String {
    let Held { from, to, why } = held;
    let why: String = why.iter().map(|why| format!("  {why}\n")).collect();
    format!(
        "{recipe} {from}: held, nothing was changed; {to} is there\n{why}  read in the repository of {recipe} what leads to {to}, \
         then: `cc-ci warm update {recipe} --to {to}`\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_the_worst_is_the_answer() {
        let all = |codes: &[u8]| codes.iter().fold(exit::GREEN, |worst, code| worse(worst, *code));
        assert_eq!(all(&[]), exit::GREEN);
        assert_eq!(all(&[exit::GREEN, exit::HELD, exit::GREEN]), exit::HELD);
        assert_eq!(all(&[exit::HELD, exit::INFRASTRUCTURE]), exit::INFRASTRUCTURE);
        assert_eq!(all(&[exit::ROLLED_BACK, exit::INFRASTRUCTURE, exit::HELD]), exit::ROLLED_BACK);
        assert_eq!(all(&[exit::ROLLED_BACK, exit::BROKEN, exit::ROLLED_BACK]), exit::BROKEN);
    }

    #[test]
    fn what_is_held_says_what_to_read_and_how_it_goes_on() {
        let why = vec!["the major version goes from 1 to 2".to_owned()];
        let held = Held { from: "1.0.0+1".to_owned(), to: "2.0.0+1".to_owned(), why };
        insta::assert_snapshot!(text_of(&RecipeName::parse("keeper").unwrap(), &held), @r"
        keeper 1.0.0+1: held, nothing was changed; 2.0.0+1 is there
          the major version goes from 1 to 2
          read in the repository of keeper what leads to 2.0.0+1, then: `cc-ci warm update keeper --to 2.0.0+1`
        ");
    }
}
