//! The run's own containers beside the app: the edge, the benches for its data, the sandboxes for tests.

use super::app::{App, Deployable};
use super::benches::{BenchMaker, Benches};
use super::conductor::Fault;
use super::deploying;
use super::parts::{Known, Trees};
use super::starting::Starting;
use super::world::World;
use crate::custom::Facts;
use crate::custom::folder::FolderError;
use crate::custom::sandbox::{Furnishing, Sandbox, Size};
use crate::ledger::Ledger;
use crate::route::{EdgeNames, OpenRoute};
use crate::secrets::Secrets;
use crate::swarm::{Containers, Observe, Stay, SwarmError};
use cc_ci_model::front::FrontPage;
use cc_ci_model::ids::{Domain, RunId, StackName};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::dependency::Mode;
use cc_ci_model::plan::origin::{Origin, PerOrigin};
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::traefik::{PROXY_NETWORK, http_scheme};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The run's own containers, and the way into those of the app.
pub(in crate::run) struct Tools {
    pub(in crate::run) containers: Containers,
    pub(in crate::run) ledger: Arc<Ledger>,
    pub(in crate::run) image: String,
    pub(in crate::run) run: RunId,
    pub(in crate::run) stack: StackName,
    pub(in crate::run) route: Option<OpenRoute>,
    /// The app's front pages at base, as they were last.
    pub(in crate::run) front: Vec<FrontPage>,
    /// Where work on the app's data is done.
    pub(in crate::run) benches: Benches,
    /// Started before there is an app, or with it.
    pub(in crate::run) sandboxes: PerOrigin<Starting<Sandbox>>,
}

impl Tools {
    /// None of them is started yet.
    pub(in crate::run) fn new(plan: &Plan, world: &World) -> Self {
        let maker = BenchMaker {
            containers: world.doors.containers(),
            ledger: Arc::clone(&world.ledger),
            run: plan.run.clone(),
            stack: plan.stack.clone(),
            image: world.tools_image.clone(),
        };
        Self {
            containers: world.doors.containers(),
            ledger: Arc::clone(&world.ledger),
            image: world.tools_image.clone(),
            run: plan.run.clone(),
            stack: plan.stack.clone(),
            route: None,
            front: Vec::new(),
            benches: Benches::new(plan, maker),
            sandboxes: PerOrigin { recipe: Starting::Never, catalogue: Starting::Never },
        }
    }

    /// Starts a sandbox before there is an app, for a hook that runs by then.
    pub(in crate::run) fn start_sandbox_early(&mut self, supplies: &Supplies<'_>, origin: Origin) {
        if self.sandboxes.of(origin).is_never() {
            self.start_sandbox(supplies, origin, Networks::Proxy);
        }
    }

    /// Starts the sandboxes that the plan has work for. One that came before the app is told of the app's networks, secrets and
    /// authority.
    pub(in crate::run) async fn start_sandboxes_for_the_app(&mut self, supplies: &Supplies<'_>) {
        for origin in Origin::ALL {
            let mut steps = supplies.plan.tiers.iter().flat_map(|tier| &tier.steps);
            let needed = steps.any(|step| step.action.sandbox() == Some(origin));
            match (needed, self.sandboxes.of(origin).is_never()) {
                (true, true) => self.start_sandbox(supplies, origin, Networks::OfTheStack),
                (true, false) => {
                    if let Err(fault) = self.complete_sandbox(supplies, origin).await {
                        *self.sandboxes.of_mut(origin) = Starting::Lost(fault.finding());
                    }
                }
                (false, _) => {}
            }
        }
    }

    fn start_sandbox(&mut self, supplies: &Supplies<'_>, origin: Origin, wanted: Networks) {
        let facts = supplies.facts();
        let furnishing = match supplies.furnishing(origin, supplies.app.first(), Vec::new()) {
            Ok(furnishing) => furnishing,
            Err(fault) => {
                *self.sandboxes.of_mut(origin) = Starting::Lost(fault.finding());
                return;
            }
        };
        let (containers, ledger) = (self.containers.clone(), Arc::clone(&self.ledger));
        let (run, stack) = (self.run.clone(), self.stack.clone());
        *self.sandboxes.of_mut(origin) = Starting::start(async move {
            let networks = match wanted {
                Networks::Proxy => vec![PROXY_NETWORK.to_owned()],
                Networks::OfTheStack => networks(containers.observe.as_ref(), &stack).await?,
            };
            Sandbox::start(&containers.node, &ledger, &run, &facts, &Furnishing { networks, ..furnishing }).await
        });
    }

    async fn complete_sandbox(&mut self, supplies: &Supplies<'_>, origin: Origin) -> Result<(), Fault> {
        let networks = networks(self.containers.observe.as_ref(), &self.stack).await?;
        let furnishing = supplies.furnishing(origin, supplies.app.first(), networks.clone())?;
        let furnishing = Furnishing { files: Vec::new(), ..furnishing };
        let sandbox = self.sandboxes.of_mut(origin).get().await?;
        let others: Vec<String> = networks.into_iter().filter(|one| one != PROXY_NETWORK).collect();
        sandbox.join(&others).await?;
        Ok(sandbox.furnish(&supplies.facts(), &furnishing).await?)
    }

    /// Lets the sandboxes see what the head brought: new networks and new secrets.
    pub(in crate::run) async fn refresh_sandboxes(&mut self, supplies: &Supplies<'_>) -> Result<(), Fault> {
        for origin in Origin::ALL {
            if !self.sandboxes.of(origin).is_never() {
                self.refresh_sandbox(supplies, origin).await?;
            }
        }
        Ok(())
    }

    async fn refresh_sandbox(&mut self, supplies: &Supplies<'_>, origin: Origin) -> Result<(), Fault> {
        let (first, head) = (supplies.app.first(), &supplies.app.head);
        let before: BTreeSet<&String> = first.recipe.networks.values().map(|one| &one.name).collect();
        let own = head.recipe.networks.values().filter(|one| !one.external && !before.contains(&one.name));
        let new: Vec<String> = own.map(|one| one.name.clone()).collect();
        let same_secrets = supplies.secrets(origin, head) == supplies.secrets(origin, first);
        let furnishing = Furnishing { files: Vec::new(), ..supplies.furnishing(origin, head, Vec::new())? };
        let sandbox = self.sandboxes.of_mut(origin).get().await?;
        if !new.is_empty() {
            sandbox.join(&new).await?;
        }
        if !same_secrets {
            sandbox.furnish(&supplies.facts(), &furnishing).await?;
        }
        Ok(())
    }

    /// Waits for what is still being started: it has to exist before it can be torn down.
    pub(in crate::run) async fn settle(&mut self) {
        let PerOrigin { recipe, catalogue } = &mut self.sandboxes;
        tokio::join!(self.benches.settle(), recipe.settle(), catalogue.settle());
    }
}

/// Which networks the sandbox is started on.
enum Networks {
    /// The proxy's only: the app's own do not exist yet.
    Proxy,
    /// Those of the stack.
    OfTheStack,
}

/// What tests are given.
pub(in crate::run) struct Supplies<'a> {
    plan: &'a Plan,
    world: &'a World,
    app: &'a App,
    trees: &'a Trees,
    authority: String,
}

impl<'a> Supplies<'a> {
    /// What tests of a run are given; `authorities` are those of its routes.
    pub(in crate::run) fn new(known: &'a Known<'_>, trees: &'a Trees, authorities: &[String]) -> Self {
        let authority = authorities.concat();
        Self { plan: &known.plan, world: known.world, app: &trees.app, trees, authority }
    }

    /// What tests may know.
    pub(in crate::run) fn facts(&self) -> Facts {
        let mut facts = facts(self.plan, scheme(self.plan, &self.app.head.recipe));
        facts.more.extend(self.trees.outputs.test_facts(&self.plan.dependencies));
        facts
    }

    /// The app's secrets by id, as a tree of it names them, and those of its dependencies; tests of the recipe get none that is
    /// withheld from them.
    fn secrets(&self, origin: Origin, tree: &Deployable) -> BTreeMap<String, String> {
        let mut secrets = secrets_for(origin, self.app, tree, &self.world.secrets);
        secrets.extend(self.trees.outputs.test_secrets(&self.plan.dependencies));
        secrets
    }

    /// What a sandbox is made of while a tree of the app runs.
    fn furnishing(&self, origin: Origin, tree: &Deployable, networks: Vec<String>) -> Result<Furnishing, Fault> {
        let broken = |error: FolderError| Fault::unanswered(Finding::new(Cause::TestBroken, error.to_string()));
        let size = size(self.plan, origin);
        Ok(Furnishing {
            image: image(self.world, size),
            size,
            networks,
            files: self.app.test_files(origin).map_err(broken)?,
            secrets: self.secrets(origin, tree),
            authority: self.authority.clone(),
        })
    }
}

/// Opens the way to the app and to the dependencies of the run, all by one edge.
pub(in crate::run) async fn open_route(known: &Known<'_>, trees: &Trees) -> Result<Option<OpenRoute>, SwarmError> {
    let (world, plan, app) = (known.world, &known.plan, &trees.app);
    let has_routes = !app.head.recipe.routes.is_empty() || !app.first().recipe.routes.is_empty();
    let cold = plan.cold().filter(|dependency| dependency.route.is_some());
    let domains = has_routes.then_some(&plan.domain).into_iter().chain(cold.map(|dependency| &dependency.domain));
    let domains: Vec<Domain> = domains.cloned().collect();
    if domains.is_empty() {
        return Ok(None);
    }
    let names = EdgeNames::of(domains, [&app.first().recipe, &app.head.recipe].map(|recipe| recipe.routes.as_slice()));
    let routes = routes(known, trees, app.first());
    let (node, ledger, image) = (Arc::clone(&world.doors.node), &world.ledger, &world.tools_image);
    OpenRoute::open(node, ledger, &plan.run, image, &names, &routes, Stay::Run).await.map(Some)
}

/// The routes of a tree of the app, and those of the run's own dependencies.
pub(in crate::run) fn routes(known: &Known<'_>, trees: &Trees, tree: &Deployable) -> cc_ci_edge::Routes {
    let mut routes = deploying::routes(&known.plan.stack, known.world, tree);
    for (dependency, provider) in trees.dependencies(&known.plan) {
        match dependency.mode {
            Mode::Cold => {
                let more = deploying::routes(&dependency.stack, known.world, &provider.tree);
                routes.routers.extend(more.routers);
            }
            Mode::Warm => {}
        }
    }
    routes
}

/// The scheme that the plan demands, else the one a recipe's routers ask for.
pub(in crate::run) fn scheme(plan: &Plan, recipe: &Recipe) -> &'static str {
    if let Some(scheme) = plan.demands.health.scheme {
        return scheme.word();
    }
    http_scheme(&recipe.routes).unwrap_or("http")
}

/// The scheme by which people come to the app in `tier`. Who came to base over TLS does not turn to plain HTTP by himself.
pub(in crate::run) fn scheme_at(plan: &Plan, app: &App, tier: Tier) -> &'static str {
    let [base, head] = [app.first(), &app.head].map(|tree| scheme(plan, &tree.recipe));
    match tier {
        Tier::Install => base,
        Tier::Upgrade | Tier::Backup | Tier::Restore | Tier::Custom => {
            if head == "https" {
                head
            } else {
                base
            }
        }
    }
}

/// What the tests of one origin need.
pub(in crate::run) fn size(plan: &Plan, origin: Origin) -> Size {
    let mut steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
    let browser = |path| Origin::of(path) == origin && Runner::of(path) == Runner::Browser;
    if steps.any(|step| step.action.as_test().is_some_and(browser)) { Size::Browser } else { Size::Ordinary }
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

/// The values of a tree's secrets that tests of an origin get, by id.
pub(in crate::run) fn secrets_for(
    origin: Origin,
    app: &App,
    tree: &Deployable,
    known: &Secrets,
) -> BTreeMap<String, String> {
    let mut secrets = secrets(tree, known);
    match origin {
        Origin::Recipe => secrets.retain(|id, _| !app.withheld.contains(id)),
        Origin::Catalogue => {}
    }
    secrets
}

/// The values of a tree's secrets by id, of those that were made.
fn secrets(tree: &Deployable, secrets: &Secrets) -> BTreeMap<String, String> {
    let specs = tree.recipe.secrets.iter();
    specs.filter_map(|spec| Some((spec.id.clone(), secrets.value(&spec.swarm_name)?))).collect()
}

/// The networks a test may be on: those of the stack that can be joined, and the proxy's.
pub(in crate::run) async fn networks(observe: &dyn Observe, stack: &StackName) -> Result<Vec<String>, SwarmError> {
    let own = observe.networks(stack).await?;
    Ok([PROXY_NETWORK.to_owned()].into_iter().chain(own).collect())
}
