//! Has the plan's tests and hooks read before anything is deployed: what cannot be run then fails where it would have run, and so
//! does the question to an app to which no route can lead.

use super::app::App;
use super::conductor::Conductor;
use super::route_labels;
use super::tools::{facts, image, scheme, size};
use super::world::World;
use crate::custom::proofread;
use crate::custom::sandbox::{Furnishing, Sandbox};
use crate::workbench::WorkError;
use cc_ci_model::event::Event;
use cc_ci_model::outcome::{Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::origin::Origin;
use cc_ci_model::plan::reach::{AppState, Reach};
use cc_ci_model::plan::step::{Action, Check, Step};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::traefik;
use std::collections::BTreeMap;
use tokio::task::JoinSet;

/// A test or hook that cannot be run.
pub(super) type Broken<'p> = (Tier, &'p Step, Finding);

/// The sandboxes of the readers, which are removed beside what goes on.
#[derive(Default)]
pub(super) struct Leaving(JoinSet<Result<(), WorkError>>);

impl Leaving {
    /// Waits until they are gone. Teardown removes what stays, and tells.
    pub(super) async fn settle(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// Those of the plan that cannot be run. Whose a file is decides where it is read, as it decides where it runs. Files that were read
/// before, by the same reader, are not read again.
pub(super) async fn read<'p>(plan: &'p Plan, app: &App, world: &World) -> (Vec<Broken<'p>>, Leaving) {
    let (recipe, catalogue) =
        tokio::join!(of_origin(plan, app, world, Origin::Recipe), of_origin(plan, app, world, Origin::Catalogue));
    let mut leaving = Leaving::default();
    let broken = [recipe, catalogue].into_iter().flatten().flat_map(|(broken, sandbox)| {
        leaving.0.spawn(async move { sandbox.remove().await });
        broken
    });
    (broken.collect(), leaving)
}

async fn of_origin<'p>(plan: &'p Plan, app: &App, world: &World, origin: Origin) -> Option<(Vec<Broken<'p>>, Sandbox)> {
    let runs = plan.tiers.iter().filter(|planned| planned.disposition.runs());
    let steps = runs.flat_map(|planned| planned.steps.iter().map(|step| (planned.tier, step)));
    let of_origin = |path: &str| Origin::of(path) == origin;
    let steps: Vec<(Tier, &Step)> = steps
        .filter(|(_, step)| match &step.action {
            Action::Test { path } | Action::Hook { path, .. } => of_origin(path),
            Action::Operate(_)
            | Action::Check(_)
            | Action::Probe { .. }
            | Action::Verify { .. }
            | Action::Dependency { .. } => false,
        })
        .collect();
    // What cannot be read here for a reason that is not the files' own will be said where it runs.
    let (false, Ok(files)) = (steps.is_empty(), app.test_files(origin)) else { return None };
    let facts = facts(plan, scheme(plan, &app.head.recipe));
    let size = size(plan, origin);
    let image = image(world, size);
    // Without the image nothing is read, which is said where the tests run.
    let about = world.doors.node.image(&image).await.ok()??;
    let reading = proofread::reading(&about.id, &files, &steps);
    if world.readable.holds(&reading) {
        return None;
    }
    let furnishing =
        Furnishing { image, size, networks: Vec::new(), files, secrets: BTreeMap::new(), authority: String::new() };
    let started = Sandbox::start(&world.doors.node, &world.ledger, &plan.run, &facts, &furnishing).await;
    let sandbox = started.ok()?;
    let broken = proofread::read(&sandbox, &facts, &steps).await.ok().flatten();
    if broken.as_ref().is_some_and(Vec::is_empty) {
        world.readable.keep(&reading);
    }
    Some((broken.unwrap_or_default(), sandbox))
}

/// The question to head whose every router has a rule that nobody can read: it never gets an answer, whatever head does.
pub(super) fn without_route<'p>(plan: &'p Plan, app: &App) -> Option<Broken<'p>> {
    let dead = traefik::closed(&app.head.recipe.compose)?;
    let mut tiers = plan.tiers.iter().filter(|planned| planned.disposition.runs());
    let of_head = tiers.find(|planned| std::ptr::eq(app.tree(planned.tier), &app.head))?;
    let asks = |step: &&Step| matches!(step.action, Action::Check(Check::Serving));
    let step = of_head.steps.iter().find(asks)?;
    Some((of_head.tier, step, route_labels::dead_end(&app.head, &dead)))
}

/// Says what is broken, each where it would have run. Nothing else is reached then.
pub(super) fn report(broken: Vec<Broken<'_>>, conductor: &Conductor, world: &World, reach: &mut Reach) {
    let tiers: BTreeMap<Tier, Vec<(&Step, Finding)>> =
        broken.into_iter().fold(BTreeMap::new(), |mut tiers, (tier, step, finding)| {
            tiers.entry(tier).or_insert_with(Vec::new).push((step, finding));
            tiers
        });
    for (tier, steps) in tiers {
        world.voice.say(Event::TierStarted { tier });
        for (step, finding) in steps {
            conductor.report(step, Outcome::Failed(finding));
        }
        world.voice.say(Event::TierEnded { tier });
        reach.app_is(AppState::Down);
    }
}
