//! The run's own containers beside the app: the workbench for its data and the sandbox for its tests.

use super::{Deployable, Fault, Stage};
use crate::bench::Bench;
use crate::custom::Facts;
use crate::custom::sandbox::{Furnishing, Sandbox};
use crate::data::index;
use crate::run::Leavings;
use crate::run::soon::Soon;
use crate::{labels, route};
use bollard::query_parameters::ListNetworksOptions;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::demands::Probe;
use cc_ci_model::plan::step::{Action, Operation};
use cc_ci_model::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

impl Stage<'_> {
    /// Starts the helpers that the plan has work for, so that they are there when the app is.
    pub(super) fn start_helpers(&mut self) {
        let actions = || self.plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| &step.action));
        let seeds = actions().any(|action| *action == Action::Operate(Operation::Seed));
        let tests = actions().any(|action| match action {
            Action::Test { .. } | Action::Probe { probe: Probe::Tcp { .. } } => true,
            Action::Operate(_)
            | Action::Check(_)
            | Action::Probe { probe: Probe::Http { .. } }
            | Action::Verify { .. }
            | Action::Dependency { .. }
            | Action::Hook { .. } => false,
        });
        if seeds {
            let (docker, ledger) = (self.world.swarm.docker().clone(), Arc::clone(&self.world.ledger));
            let (run, stack, image) = (self.plan.run.clone(), self.plan.stack.clone(), self.world.tools_image.clone());
            self.bench = Soon::start(async move {
                let volumes = index::stack_volumes(&docker, &stack).await?;
                Bench::start(&docker, &ledger, &run, &image, &volumes).await
            });
        }
        if tests {
            self.start_sandbox();
        }
    }

    fn start_sandbox(&mut self) {
        let facts = self.facts();
        let (secrets, authority) = (self.secrets(Tier::Install), self.authority());
        let files = match self.app.test_files() {
            Ok(files) => files,
            Err(error) => {
                self.sandbox = Soon::Lost(Finding::new(Cause::TestBroken, error.to_string()));
                return;
            }
        };
        let (docker, ledger) = (self.world.swarm.docker().clone(), Arc::clone(&self.world.ledger));
        let (run, stack, image) = (self.plan.run.clone(), self.plan.stack.to_string(), self.world.tools_image.clone());
        self.sandbox = Soon::start(async move {
            let networks = networks(&docker, &stack).await?;
            let furnishing = Furnishing { image, networks, files, secrets, authority };
            Sandbox::start(&docker, &ledger, &run, &facts, &furnishing).await
        });
    }

    /// Lets the sandbox see what the head brought: new networks and new secrets.
    pub(super) async fn refresh_sandbox(&mut self) -> Result<(), Fault> {
        if self.sandbox.is_never() {
            return Ok(());
        }
        let before: BTreeSet<String> = self.app.first().recipe.networks.values().map(|one| one.name.clone()).collect();
        let head = &self.app.head.recipe;
        let new: Vec<String> = head
            .networks
            .values()
            .filter(|one| !one.external && !before.contains(&one.name))
            .map(|one| one.name.clone())
            .collect();
        let (facts, secrets, authority) = (self.facts(), self.secrets(Tier::Upgrade), self.authority());
        let same_secrets = secrets == self.secrets(Tier::Install);
        let image = self.world.tools_image.clone();
        let sandbox = self.sandbox.get().await?;
        for network in &new {
            sandbox.join(network).await?;
        }
        if !same_secrets {
            let furnishing = Furnishing { image, networks: new, files: Vec::new(), secrets, authority };
            sandbox.furnish(&facts, &furnishing).await?;
        }
        Ok(())
    }

    /// The bench with every volume the stack has now.
    pub(super) async fn bench(&mut self) -> Result<Bench, Fault> {
        let docker = self.world.swarm.docker();
        let volumes = index::stack_volumes(docker, &self.plan.stack).await?;
        let bench = self.bench.get().await?.clone();
        let (ledger, image) = (&self.world.ledger, &self.world.tools_image);
        let bench = Box::pin(bench.covering(ledger, &self.plan.run, image, &volumes)).await?;
        self.bench = Soon::Here(bench.clone());
        Ok(bench)
    }

    /// What tests may know.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = facts(&self.plan, self.scheme());
        facts.more.extend(self.outputs.test_facts(&self.plan.dependencies));
        facts
    }

    /// The app's secrets by id, as the tree of `tier` names them, and those of its dependencies.
    pub(super) fn secrets(&self, tier: Tier) -> BTreeMap<String, String> {
        let mut secrets = secrets(self.tree(tier), self.leavings);
        secrets.extend(self.outputs.test_secrets(&self.plan.dependencies));
        secrets
    }

    /// The authorities of the run and of the warm dependencies it uses, PEM each.
    pub(super) fn own_authorities(&self) -> Vec<String> {
        let doors = self.suppliers.iter().filter_map(|supplier| supplier.door.as_ref());
        self.route.iter().chain(doors).map(|route| route.authority().to_owned()).collect()
    }

    fn authority(&self) -> String {
        self.own_authorities().concat()
    }
}

/// What tests of a run may know; `scheme` is how its app is reached.
pub(in crate::run) fn facts(plan: &Plan, scheme: &str) -> Facts {
    let base = match &plan.base {
        Base::Published { version, .. } => Some(version.clone()),
        Base::Commit { commit, .. } => Some(commit.short().to_owned()),
        Base::Head { .. } => None,
    };
    let more = [
        (crate::reaper::VARIABLE, Some(plan.run.to_string())),
        ("CC_CI_RECIPE", Some(plan.recipe.to_string())),
        ("CC_CI_HEAD_VERSION", plan.head_version.clone()),
        ("CC_CI_BASE_VERSION", base),
    ];
    Facts {
        base_url: format!("{scheme}://{}", plan.domain),
        domain: plan.domain.clone(),
        stack: plan.stack.clone(),
        more: more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    }
}

/// The values of a tree's secrets by id, of those that were made.
pub(in crate::run) fn secrets(tree: &Deployable, leavings: &Arc<Mutex<Leavings>>) -> BTreeMap<String, String> {
    let leavings = leavings.lock().unwrap_or_else(PoisonError::into_inner);
    let value = |name: &str| leavings.secrets.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let specs = tree.recipe.secrets.iter();
    specs.filter_map(|spec| Some((spec.id.clone(), value(&spec.swarm_name)?.clone()))).collect()
}

/// The networks a test may be on: those of the stack that can be joined, and the proxy's.
pub(in crate::run) async fn networks(
    docker: &bollard::Docker,
    stack: &str,
) -> Result<Vec<String>, crate::bench::WorkError> {
    let filters = Some(labels::filter(labels::STACK, stack));
    let found = docker
        .list_networks(Some(ListNetworksOptions { filters }))
        .await
        .map_err(crate::bench::WorkError::engine(format!("list the networks of {stack}")))?;
    let own = found.into_iter().filter(|network| network.attachable == Some(true)).filter_map(|network| network.name);
    Ok([route::PROXY_NETWORK.to_owned()].into_iter().chain(own).collect())
}
