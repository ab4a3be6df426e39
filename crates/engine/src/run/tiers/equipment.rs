//! The run's own containers beside the app: the workbench for its data and the sandbox for its tests.

use super::{Deployable, Fault, Stage, StepEnd};
use crate::custom::Facts;
use crate::custom::folder::FolderError;
use crate::custom::sandbox::{Furnishing, Sandbox, Size};
use crate::route;
use crate::run::World;
use crate::run::starting::Starting;
use crate::screenshot::Subject;
use crate::secrets::Secrets;
use crate::swarm::{Observe, SwarmError};
use crate::workbench::Workbench;
use cc_ci_model::ids::StackName;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_model::plan::step::{Action, Operation};
use cc_ci_model::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Stage<'_> {
    /// Starts the helpers that the plan has work for, so that they are there when the app is.
    pub(super) async fn start_helpers(&mut self) {
        let actions = || self.plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| &step.action));
        let seeds = actions().any(|action| *action == Action::Operate(Operation::Seed));
        let tests = actions().any(Action::needs_sandbox);
        if seeds {
            let (containers, ledger) = (self.world.doors.containers(), Arc::clone(&self.world.ledger));
            let (run, stack, image) = (self.plan.run.clone(), self.plan.stack.clone(), self.world.tools_image.clone());
            self.bench = Starting::start(async move {
                let volumes = containers.observe.volumes(&stack).await?;
                Workbench::start(&containers, &ledger, &run, &image, &volumes).await
            });
        }
        match (tests, self.sandbox.is_never()) {
            (true, true) => self.start_sandbox(Networks::OfTheStack),
            // It came before the app, whose networks, secrets and authority it does not know yet.
            (true, false) => {
                if let Err(fault) = self.complete_sandbox().await {
                    self.sandbox = Starting::Lost(fault.finding());
                }
            }
            (false, _) => {}
        }
        if let (Some(camera), Some(_)) = (&self.world.camera, &self.route) {
            let page = &self.plan.demands.screenshot;
            self.exposure.prepare(&self.world.doors.node, &self.world.ledger, &self.plan.run, camera, page);
        }
    }

    /// Has the app pictured, beside whatever comes next: at head, which is what the verdict is about.
    pub(super) fn picture(&mut self, tier: Tier, served: StepEnd) {
        let at_head = match tier {
            Tier::Install => !self.plan.runs(Tier::Upgrade),
            Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom => true,
        };
        let (Some(camera), true, true) = (&self.world.camera, at_head, served == StepEnd::Passed) else { return };
        let host = self.plan.domain.to_string();
        let url = format!("{}://{host}{}", self.scheme(), self.plan.demands.screenshot);
        let subject = Subject { url, host, authority: self.authority() };
        self.exposure.start(camera, subject, std::sync::Arc::clone(&self.world.keep));
    }

    /// Starts the sandbox before there is an app, if something of the recipe's is to run in it by then.
    pub(super) fn start_sandbox_early(&mut self) {
        let steps = self.plan.tier(Tier::Install).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        let first = steps.iter().take_while(|step| step.action != Action::Operate(Operation::Deploy));
        if first.into_iter().any(|step| matches!(step.action, Action::Hook { place: HookPlace::Sandbox, .. })) {
            self.start_sandbox(Networks::Proxy);
        }
    }

    async fn complete_sandbox(&mut self) -> Result<(), Fault> {
        let networks = networks(self.world.doors.observe.as_ref(), &self.plan.stack).await?;
        let furnishing = Furnishing { files: Vec::new(), ..self.furnishing(Tier::Install, networks.clone())? };
        let facts = self.facts();
        let sandbox = self.sandbox.get().await?;
        let others: Vec<String> = networks.into_iter().filter(|one| one != route::PROXY_NETWORK).collect();
        sandbox.join(&others).await?;
        Ok(sandbox.furnish(&facts, &furnishing).await?)
    }

    /// What the sandbox is made of while the tree of `tier` runs.
    fn furnishing(&self, tier: Tier, networks: Vec<String>) -> Result<Furnishing, Fault> {
        let broken = |error: FolderError| Fault::unanswered(Finding::new(Cause::TestBroken, error.to_string()));
        let size = size(&self.plan);
        Ok(Furnishing {
            image: image(self.world, size),
            size,
            networks,
            files: self.app.test_files().map_err(broken)?,
            secrets: self.secrets(tier),
            authority: self.authority(),
        })
    }

    fn start_sandbox(&mut self, wanted: Networks) {
        let facts = self.facts();
        let furnishing = match self.furnishing(Tier::Install, Vec::new()) {
            Ok(furnishing) => furnishing,
            Err(fault) => {
                self.sandbox = Starting::Lost(fault.finding());
                return;
            }
        };
        let (containers, ledger) = (self.world.doors.containers(), Arc::clone(&self.world.ledger));
        let (run, stack) = (self.plan.run.clone(), self.plan.stack.clone());
        self.sandbox = Starting::start(async move {
            let networks = match wanted {
                Networks::Proxy => vec![route::PROXY_NETWORK.to_owned()],
                Networks::OfTheStack => networks(containers.observe.as_ref(), &stack).await?,
            };
            Sandbox::start(&containers.node, &ledger, &run, &facts, &Furnishing { networks, ..furnishing }).await
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
        let (facts, same_secrets) = (self.facts(), self.secrets(Tier::Upgrade) == self.secrets(Tier::Install));
        let furnishing = Furnishing { files: Vec::new(), ..self.furnishing(Tier::Upgrade, Vec::new())? };
        let sandbox = self.sandbox.get().await?;
        if !new.is_empty() {
            sandbox.join(&new).await?;
        }
        if !same_secrets {
            sandbox.furnish(&facts, &furnishing).await?;
        }
        Ok(())
    }

    /// The bench with every volume the stack has now.
    pub(super) async fn bench(&mut self) -> Result<Workbench, Fault> {
        let volumes = self.world.doors.observe.volumes(&self.plan.stack).await?;
        let bench = self.bench.get().await?.clone();
        let (ledger, image) = (&self.world.ledger, &self.world.tools_image);
        let bench = Box::pin(bench.covering(ledger, &self.plan.run, image, &volumes)).await?;
        self.bench = Starting::Here(bench.clone());
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
        let mut secrets = secrets(self.tree(tier), &self.world.secrets);
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

/// Which networks the sandbox is started on.
enum Networks {
    /// The proxy's only: the app's own do not exist yet.
    Proxy,
    /// Those of the stack.
    OfTheStack,
}

/// What the tests of a plan need.
pub(in crate::run) fn size(plan: &Plan) -> Size {
    let mut actions = plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| &step.action));
    let browser = actions.any(|action| action.as_test().is_some_and(|path| Runner::of(path) == Runner::Browser));
    if browser { Size::Browser } else { Size::Ordinary }
}

/// The image of a sandbox.
pub(in crate::run) fn image(world: &World, size: Size) -> String {
    match size {
        Size::Ordinary => world.tools_image.clone(),
        Size::Browser => world.browser_image.clone(),
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
pub(in crate::run) fn secrets(tree: &Deployable, secrets: &Secrets) -> BTreeMap<String, String> {
    let specs = tree.recipe.secrets.iter();
    specs.filter_map(|spec| Some((spec.id.clone(), secrets.value(&spec.swarm_name)?))).collect()
}

/// The networks a test may be on: those of the stack that can be joined, and the proxy's.
pub(in crate::run) async fn networks(observe: &dyn Observe, stack: &StackName) -> Result<Vec<String>, SwarmError> {
    let own = observe.networks(stack).await?;
    Ok([route::PROXY_NETWORK.to_owned()].into_iter().chain(own).collect())
}
