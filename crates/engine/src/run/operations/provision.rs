//! Takes from a dependency what the app is given (DEP-3).

use crate::ledger::LedgerEntry;
use crate::provider::{self, Client, DependencyScripts};
use crate::run::conductor::{Answer, Fault, StepEnd, Stepped, passed};
use crate::run::parts::{Known, Trees};
use crate::run::tiers::Run;
use crate::run::tools;
use crate::swarm::SwarmError;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::dependency::{Dependency, Mode, TakenCapability};
use cc_ci_model::plan::step::Step;
use std::collections::BTreeMap;
use std::time::Duration;

impl Run<'_> {
    /// Makes the run's namespace for one capability and takes its outputs.
    pub(super) async fn provision(
        &mut self,
        step: &Step,
        at: usize,
        dependency: &Dependency,
        capability: &str,
    ) -> Option<StepEnd> {
        let taken = dependency.provides.iter().find(|taken| taken.capability == capability)?;
        let Self { known, trees, .. } = self;
        let Stepped { end, value } =
            known.conductor.step(step, provision(known, trees, at, dependency, taken, step)).await;
        let values = value.into_iter().flatten().map(|(name, value)| ((capability.to_owned(), name), value));
        trees.outputs.values.extend(values);
        Some(end)
    }
}

async fn provision(
    known: &Known<'_>,
    trees: &Trees,
    at: usize,
    dependency: &Dependency,
    taken: &TakenCapability,
    step: &Step,
) -> Result<Answer<BTreeMap<String, String>>, Fault> {
    let (world, plan, recipe) = (known.world, &known.plan, dependency.recipe.as_str());
    let scripts = trees.app.providers.get(at).and_then(|one| one.scripts.get(&taken.capability));
    let scripts = DependencyScripts {
        containers: world.doors.containers(),
        stack: &dependency.stack,
        url: dependency.url(),
        scripts: scripts.ok_or_else(|| Fault::harness("a capability has no scripts"))?,
        limit: Duration::from_secs(plan.limits.command),
        secrets: world.secrets.clone(),
    };
    if let Err(outcome) = reap(known, dependency, &scripts, step).await {
        return Ok(outcome.into());
    }
    let namespace = provider::namespace(&plan.run);
    let entry = LedgerEntry::Namespace {
        provider: dependency.recipe.to_string(),
        stack: dependency.stack.clone(),
        capability: taken.capability.clone(),
        namespace: namespace.clone(),
    };
    world.ledger.write(&entry).map_err(SwarmError::from)?;
    let scheme = tools::scheme(plan, &trees.app.head.recipe);
    let client = Client { url: format!("{scheme}://{}", plan.domain), domain: &plan.domain };
    let created = match scripts.create(&namespace, &client, taken).await {
        Ok(created) => created,
        Err(error) => return Ok(error.outcome(recipe).into()),
    };
    world.voice.note_lines(&step.id, recipe, created.said);
    Ok(match created.outputs {
        Ok(outputs) => {
            let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
            let note = format!("{namespace} in {recipe}: {}", names.join(", "));
            Answer::new(passed(note), outputs)
        }
        Err(what) => {
            let summary = format!("{recipe}: the script `create` {what}");
            Answer::failed(Finding::new(Cause::ProvisioningFailed, summary))
        }
    })
}

/// Removes what dead runs left in a warm dependency; the error is what stood in the way.
async fn reap(
    known: &Known<'_>,
    dependency: &Dependency,
    scripts: &DependencyScripts<'_>,
    step: &Step,
) -> Result<(), Outcome> {
    match dependency.mode {
        Mode::Cold => return Ok(()),
        Mode::Warm => {}
    }
    for left in provider::reap(scripts, &known.plan.run, &known.world.alive).await {
        let name = left.map_err(|error| error.outcome(dependency.recipe.as_str()))?;
        let text = format!("{name}, of a run that is dead, was removed from {}", dependency.recipe);
        known.world.voice.note(Some(&step.id), text);
    }
    Ok(())
}
