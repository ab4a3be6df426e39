//! Something listens at head wherever it did at base: on the ports of the machine that the recipe publishes, and behind its UDP routers.
//!
//! A recipe may publish a port that is used only with other settings, so that silence is a finding only where base was not silent.

use super::Look;
use super::front::PATIENCE;
use super::serving::Patience;
use crate::ears::Ears;
use crate::pressure::EasedClock;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::tools::Tools;
use crate::workbench::WorkError;
use cc_ci_model::event::Event;
use cc_ci_model::listening::Listening;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::opening::{Opening, OpeningAddress, openings};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How often the tables are read again until something listens.
const READ_AGAIN: Duration = Duration::from_millis(200);

/// So many ports are told of: a recipe may publish hundreds.
const MOST_TOLD: usize = 5;

/// The openings of base behind which something listens, at every container of the service.
pub(in crate::run) async fn at_base(
    tools: &Tools,
    base: &Recipe,
    clock: &EasedClock,
) -> Result<BTreeSet<OpeningAddress>, Fault> {
    let openings = openings(&base.compose, &base.routes);
    let mut ears = ears(tools);
    let limit = clock.limit(PATIENCE);
    let heard = loop {
        let heard = hear(&mut ears, &openings).await;
        let complete = heard.as_ref().is_ok_and(|heard| openings.iter().all(|one| is_heard(one, heard)));
        if complete || heard.is_err() || limit.is_over() {
            break heard;
        }
        tokio::time::sleep(READ_AGAIN).await;
    };
    ears.remove().await?;
    let heard = heard?;
    Ok(openings.into_iter().filter(|one| is_heard(one, &heard)).map(|one| one.address).collect())
}

/// Reads the tables until something listens behind every opening of the tree in `tier` that is one of `expected`.
pub(in crate::run) async fn check(
    look: &Look<'_>,
    tier: Tier,
    expected: &BTreeSet<OpeningAddress>,
    patience: Patience,
) -> Result<Answer<()>, Fault> {
    let recipe = &look.app.tree(tier).recipe;
    let openings = openings(&recipe.compose, &recipe.routes);
    let mut ears = ears(look.tools);
    let answer = waited(look, &mut ears, &openings, expected, patience).await;
    ears.remove().await?;
    answer
}

async fn waited(
    look: &Look<'_>,
    ears: &mut Ears<'_>,
    openings: &[Opening],
    expected: &BTreeSet<OpeningAddress>,
    patience: Patience,
) -> Result<Answer<()>, Fault> {
    let limit = look.clock.limit(patience.silence(Duration::from_secs(look.plan.limits.serving)));
    let (started, mut told) = (Instant::now(), false);
    loop {
        let heard = hear(ears, openings).await?;
        let silent = openings.iter().find(|one| expected.contains(&one.address) && !is_heard(one, &heard));
        let Some(silent) = silent else { return Ok(passed(note(openings, &heard)).into()) };
        let what = format!("nothing listens on {}, where it did at base", words(silent));
        if limit.is_over() || look.cancel.is_cancelled() {
            let summary = format!("not serving within {} s: {what}", started.elapsed().as_secs());
            return Ok(Answer::failed(Finding::new(Cause::NotServing, summary).of_service(&silent.service)));
        }
        if !told {
            look.voice.say(Event::Waiting { step: look.step.clone(), on: what, limit: limit.as_secs() });
            told = true;
        }
        tokio::time::sleep(READ_AGAIN).await;
    }
}

fn ears(tools: &Tools) -> Ears<'_> {
    Ears::new(&tools.containers, &tools.ledger, &tools.run, &tools.image, &tools.stack)
}

/// What the services of these openings listen on, by service.
async fn hear(ears: &mut Ears<'_>, openings: &[Opening]) -> Result<BTreeMap<String, Vec<Listening>>, WorkError> {
    let mut heard = BTreeMap::new();
    for opening in openings {
        if !heard.contains_key(&opening.service) {
            heard.insert(opening.service.clone(), ears.hear(&opening.service).await?);
        }
    }
    Ok(heard)
}

fn is_heard(opening: &Opening, heard: &BTreeMap<String, Vec<Listening>>) -> bool {
    let containers = heard.get(&opening.service).map(Vec::as_slice).unwrap_or_default();
    !containers.is_empty() && containers.iter().all(|one| one.on(opening.port, opening.transport))
}

fn note(openings: &[Opening], heard: &BTreeMap<String, Vec<Listening>>) -> String {
    if openings.is_empty() {
        return "this version has no such ports".to_owned();
    }
    let said = openings.iter().map(|one| {
        let silence = if is_heard(one, heard) { "" } else { "nothing listens on " };
        format!("{silence}{}", words(one))
    });
    let mut said: Vec<String> = said.take(MOST_TOLD).collect();
    if openings.len() > MOST_TOLD {
        said.push(format!("and {} more", openings.len() - MOST_TOLD));
    }
    said.join("; ")
}

fn words(Opening { address, service, port, transport }: &Opening) -> String {
    format!("port {port}/{transport} of `{service}` ({address})")
}
