//! The operations of the floor, and what whoever performs them knows and holds.

use super::waits::Wait;
use super::{Clock, FloorError};
use crate::backup::hooks::{self, BackupHookTime, Ended};
use crate::backup::{self, BackupRepository, Promise, restic};
use crate::custom::sandbox::{Furnishing, Sandbox};
use crate::custom::{self, Call, Facts, Role, folder};
use crate::exec::ExecCommand;
use crate::ledger::LedgerEntry;
use crate::route::{EdgeNames, OpenRoute};
use crate::run::app::{App, Deployable};
use crate::run::deploying;
use crate::run::host_hook::{self, HostHook};
use crate::run::operations::restart;
use crate::run::tools;
use crate::run::world::World;
use crate::swarm::{Deployed, Rendered, Stay, SwarmError};
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::canonical::SecretValues;
use cc_ci_model::convergence::{StackView, TaskView};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::origin::{Origin, PerOrigin};
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::plan::step::Step;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{Backup, BackupSpec};
use futures_util::future::{join_all, try_join_all};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What the operator knows and holds.
pub(super) struct Operator<'a> {
    plan: &'a Plan,
    app: &'a App,
    world: &'a World,
    permits: Permits,
    first: Rendered,
    head: Rendered,
    facts: Facts,
    scheme: &'static str,
    pub(super) clock: Clock,
    proof: Option<Deployed>,
    route: Option<OpenRoute>,
    bench: Option<Workbench>,
    sandboxes: PerOrigin<Option<Sandbox>>,
    repository: Option<BackupRepository>,
    snapshot: Option<String>,
    /// Tasks of an earlier life.
    old: BTreeSet<String>,
}

/// The services as they were before they were stopped, and the tasks they then had.
pub(super) struct Stopped {
    view: StackView,
    old: BTreeSet<String>,
}

impl<'a> Operator<'a> {
    /// Starts the clock; `rendered` are base and head.
    pub(super) fn new(
        plan: &'a Plan,
        app: &'a App,
        world: &'a World,
        permits: Permits,
        (first, head): (Rendered, Rendered),
    ) -> Self {
        let scheme = tools::scheme(plan, &app.head.recipe);
        Self {
            plan,
            app,
            world,
            permits,
            first,
            head,
            facts: tools::facts(plan, scheme),
            scheme,
            clock: Clock::start(),
            proof: None,
            route: None,
            bench: None,
            sandboxes: PerOrigin::default(),
            repository: None,
            snapshot: None,
            old: BTreeSet::new(),
        }
    }
}

impl Operator<'_> {
    fn wait(&self) -> Wait<'_> {
        let limit = Duration::from_secs(self.plan.limits.converge);
        Wait { observe: self.world.doors.observe.as_ref(), stack: &self.plan.stack, limit }
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.plan.limits.command)
    }

    fn spec(&self) -> Result<&BackupSpec, FloorError> {
        match &self.app.head.recipe.backup {
            Backup::Capable(spec) => Ok(spec),
            Backup::NotCapable(_) => Err(FloorError::Plan("a recipe that promises a backup")),
        }
    }

    fn repository(&self) -> Result<&BackupRepository, FloorError> {
        self.repository.as_ref().ok_or(FloorError::Plan("a repository"))
    }

    fn on_bench(&self) -> Result<&Workbench, FloorError> {
        self.bench.as_ref().ok_or(FloorError::Plan("a bench"))
    }

    pub(super) async fn deploy(&mut self) -> Result<(), FloorError> {
        self.make_secrets(self.app.first(), &self.first).await?;
        let permit = self.permits.take(&Purpose::Base).ok_or(FloorError::Plan("a permit for the base deploy"))?;
        let deploying = LedgerEntry::Deploying { stack: self.plan.stack.clone(), purpose: Purpose::Base };
        self.world.ledger.write(&deploying).map_err(SwarmError::from)?;
        let operate = &self.world.doors.operate;
        let (deployed, route) = tokio::join!(operate.deploy(permit, &self.first), self.open_route());
        self.proof = Some(deployed?);
        self.route = route?;
        Ok(())
    }

    async fn make_secrets(&self, tree: &Deployable, rendered: &Rendered) -> Result<(), FloorError> {
        let given = &self.app.given_secrets;
        Ok(deploying::make_secrets(&self.plan.run, self.world, tree, rendered, given).await?)
    }

    async fn open_route(&self) -> Result<Option<OpenRoute>, SwarmError> {
        if self.app.head.recipe.routes.is_empty() && self.app.first().recipe.routes.is_empty() {
            return Ok(None);
        }
        let (world, plan) = (self.world, self.plan);
        let routes = deploying::routes(&plan.stack, world, self.app.first());
        let of_both = [&self.app.first().recipe, &self.app.head.recipe].map(|recipe| recipe.routes.as_slice());
        let names = EdgeNames::of(vec![plan.domain.clone()], of_both);
        OpenRoute::open(
            Arc::clone(&world.doors.node),
            &world.ledger,
            &plan.run,
            &world.tools_image,
            &names,
            &routes,
            Stay::Run,
        )
        .await
        .map(Some)
    }

    /// The app at base; the helpers that later operations need start beside it.
    pub(super) async fn come_up(&mut self) -> Result<(), FloorError> {
        let (goals, none) = (deploying::goals(self.app.first()), BTreeSet::new());
        let wait = self.wait();
        let (running, recipe, catalogue) = tokio::join!(
            wait.running(&goals, &none),
            self.start_sandbox(Origin::Recipe),
            self.start_sandbox(Origin::Catalogue)
        );
        running?;
        self.sandboxes = PerOrigin { recipe: recipe?, catalogue: catalogue? };
        Ok(())
    }

    async fn start_bench(&self) -> Result<Workbench, FloorError> {
        let (containers, ledger) = (self.world.doors.containers(), &self.world.ledger);
        let volumes = containers.observe.volumes(&self.plan.stack).await?;
        let what = (&volumes, BenchUse::Everything);
        Ok(Workbench::start(&containers, ledger, &self.plan.run, &self.world.tools_image, what).await?)
    }

    async fn start_sandbox(&self, origin: Origin) -> Result<Option<Sandbox>, FloorError> {
        let mut steps = self.plan.tiers.iter().flat_map(|tier| &tier.steps);
        if !steps.any(|step| step.action.as_test().is_some_and(|path| Origin::of(path) == origin)) {
            return Ok(None);
        }
        let files = self.app.test_files(origin).map_err(|error| {
            FloorError::recipe("read the tests", Finding::new(Cause::TestBroken, error.to_string()))
        })?;
        let (doors, ledger) = (&self.world.doors, &self.world.ledger);
        let networks = tools::networks(doors.observe.as_ref(), &self.plan.stack).await?;
        let furnishing = self.furnishing(origin, self.app.first(), networks, files);
        Ok(Some(Sandbox::start(&doors.node, ledger, &self.plan.run, &self.facts, &furnishing).await?))
    }

    fn furnishing(
        &self,
        origin: Origin,
        tree: &Deployable,
        networks: Vec<String>,
        files: Vec<folder::TestFile>,
    ) -> Furnishing {
        let size = tools::size(self.plan, origin);
        Furnishing {
            image: tools::image(self.world, size),
            size,
            networks,
            files,
            secrets: tools::secrets_for(origin, self.app, tree, &self.world.secrets),
            authority: self.route.as_ref().map(|route| route.authority().to_owned()).unwrap_or_default(),
        }
    }

    pub(super) async fn serving(&self) -> Result<(), FloorError> {
        match &self.route {
            Some(route) => self.wait().serving(route, &self.plan.domain, self.scheme, &self.plan.demands.health).await,
            None => Ok(()),
        }
    }

    pub(super) async fn test(&self, tier: Tier, step: &Step, path: &str) -> Result<(), FloorError> {
        let sandbox = self.sandboxes.of(Origin::of(path)).as_ref().ok_or(FloorError::Plan("a sandbox"))?;
        let (limit, secrets) = (self.limit(), SecretValues::Known);
        let call = Call { path, role: Role::Test, tier, limit, secrets };
        let ended = custom::run(sandbox, &self.facts, call, &self.world.voice, &step.id).await;
        went_well(step.id.as_str(), ended.outcome)
    }

    pub(super) async fn host_hook(&self, tier: Tier, step: &Step, path: &str) -> Result<(), FloorError> {
        let (folder, path) = self.app.hook(path).ok_or(FloorError::Plan("a folder with its hooks"))?;
        let state = self.world.folder.join(crate::run::HOOK_STATE);
        let (limit, engine, secrets) = (self.limit(), &self.world.engine, SecretValues::Known);
        let hook = HostHook { folder, path, tier, limit, engine, state: &state, secrets };
        let ended = host_hook::run(&hook, &self.facts, &self.world.voice, &step.id, self.world.cancel.token()).await;
        went_well(step.id.as_str(), ended.map_or_else(Outcome::from, |hook| hook.outcome))
    }

    pub(super) async fn redeploy(&self) -> Result<(), FloorError> {
        self.make_secrets(&self.app.head, &self.head).await?;
        let proof = self.proof.as_ref().ok_or(FloorError::Plan("a deployed app"))?;
        Ok(self.world.doors.operate.redeploy(proof, &self.head).await?)
    }

    /// What head brings and takes is done while its tasks come up.
    pub(super) async fn move_over(&mut self) -> Result<(), FloorError> {
        let (goals, none) = (deploying::goals(&self.app.head), BTreeSet::new());
        let mut route = self.route.take();
        let wait = self.wait();
        // Joined and not tried: what is under way has to end before anything is removed.
        let (running, followed, refreshed, pruned) = tokio::join!(
            wait.running(&goals, &none),
            follow(route.as_mut(), self),
            self.refresh_sandboxes(),
            self.prune()
        );
        self.route = route;
        running?;
        followed?;
        refreshed?;
        pruned
    }

    async fn refresh_sandboxes(&self) -> Result<(), FloorError> {
        for origin in Origin::ALL {
            if let Some(sandbox) = self.sandboxes.of(origin) {
                self.refresh_sandbox(origin, sandbox).await?;
            }
        }
        Ok(())
    }

    async fn refresh_sandbox(&self, origin: Origin, sandbox: &Sandbox) -> Result<(), FloorError> {
        let (first, head) = (self.app.first(), &self.app.head);
        let had: BTreeSet<&String> = first.recipe.networks.values().map(|network| &network.name).collect();
        let new = head.recipe.networks.values().filter(|network| !network.external && !had.contains(&network.name));
        for network in new {
            sandbox.join(std::slice::from_ref(&network.name)).await?;
        }
        let furnishing = self.furnishing(origin, head, Vec::new(), Vec::new());
        if furnishing.secrets != tools::secrets_for(origin, self.app, first, &self.world.secrets) {
            sandbox.furnish(&self.facts, &furnishing).await?;
        }
        Ok(())
    }

    async fn prune(&self) -> Result<(), FloorError> {
        let head = &self.app.head.recipe.compose.services;
        for name in self.app.first().recipe.compose.services.keys().filter(|name| !head.contains_key(*name)) {
            let object = Object::new(ObjectKind::Service, format!("{}_{name}", self.plan.stack));
            self.world.doors.operate.remove(&object).await?;
        }
        Ok(())
    }

    /// Swarm's own monitor window has to pass; the repository and a bench with head's volumes are made in it.
    pub(super) async fn settle(&mut self) -> Result<(), FloorError> {
        let prepare = async {
            let bench = self.start_bench().await?;
            let repository = BackupRepository::make(&bench).await?;
            Ok::<_, FloorError>((bench, repository))
        };
        let wait = self.wait();
        let (over, prepared) = tokio::join!(wait.updates_over(), prepare);
        over?;
        let (bench, repository) = prepared?;
        (self.bench, self.repository) = (Some(bench), Some(repository));
        Ok(())
    }

    /// Hooks and snapshot.
    pub(super) async fn save(&mut self, step: &Step) -> Result<(), FloorError> {
        let spec = self.spec()?;
        let promises = backup::promises(spec).map_err(|finding| FloorError::recipe("read the labels", finding))?;
        let paths: Vec<String> = promises.iter().map(Promise::on_bench).collect();
        self.backup_hooks(step, BackupHookTime::BackupPre).await?;
        let saved = restic::save(self.on_bench()?, self.repository()?, &paths, self.limit()).await?;
        self.backup_hooks(step, BackupHookTime::BackupPost).await?;
        self.snapshot = Some(saved.snapshot_id);
        Ok(())
    }

    /// Hooks, and the snapshot's files back into their volumes.
    pub(super) async fn bring_back(&self, step: &Step) -> Result<(), FloorError> {
        let snapshot = self.snapshot.as_ref().ok_or(FloorError::Plan("a snapshot"))?;
        self.backup_hooks(step, BackupHookTime::RestorePre).await?;
        let restoring = restic::Restoring { id: snapshot, specials: Vec::new(), largest: 0 };
        restic::restore(self.on_bench()?, self.repository()?, restoring, self.limit()).await?;
        self.backup_hooks(step, BackupHookTime::RestorePost).await
    }

    async fn backup_hooks(&self, step: &Step, time: BackupHookTime) -> Result<(), FloorError> {
        for service in &self.spec()?.services {
            let Some(hook) = time.of(&service.hooks) else { continue };
            let at = (service.service.as_str(), time, hook);
            let speak = (&self.world.voice, &step.id);
            let containers = self.world.doors.containers();
            match hooks::run(&containers, &self.plan.stack, at, self.limit(), speak).await? {
                Ended::Well => {}
                Ended::Failed(finding) => return Err(FloorError::recipe(time.word(), finding)),
                Ended::Replaced(why) => {
                    return Err(FloorError::recipe(time.word(), Finding::new(Cause::HookFailed, why)));
                }
            }
        }
        Ok(())
    }

    /// Their data is about to be deleted, so the containers are killed as soon as nothing starts them again.
    pub(super) async fn stop(&self) -> Result<Stopped, FloorError> {
        let operate = &self.world.doors.operate;
        let view = self.world.doors.observe.stack(&self.plan.stack).await?;
        try_join_all(view.services.iter().map(|service| operate.scale(&service.id, 0))).await?;
        let containers = view.tasks.iter().filter(|task| task.wanted).filter_map(|task| task.container.as_deref());
        for killed in join_all(containers.map(|container| operate.kill(container))).await {
            killed?;
        }
        let stopped = self.wait().stopped().await?;
        let old = stopped.tasks.into_iter().map(|task| task.id).collect();
        Ok(Stopped { view, old })
    }

    /// The volumes carry the stack's label: the bench was given no others.
    pub(super) async fn empty(&self) -> Result<(), FloorError> {
        let bench = self.on_bench()?;
        let roots = bench.volumes().iter().map(|volume| Workbench::path(volume));
        let words = ["find".to_owned()].into_iter().chain(roots);
        let words = words.chain(["-mindepth", "1", "-delete"].map(str::to_owned));
        if !bench.volumes().is_empty() {
            bench.must("empty the volumes", &ExecCommand::new(words).limit(self.limit())).await?;
        }
        Ok(())
    }

    pub(super) async fn start(&mut self, stopped: &Stopped) -> Result<(), FloorError> {
        let services = stopped.view.services.iter();
        try_join_all(services.map(|service| self.world.doors.operate.scale(&service.id, service.replicas))).await?;
        self.old = stopped.old.clone();
        self.wait().running(&deploying::goals(&self.app.head), &self.old).await.map(drop)
    }

    /// Each service that is up ends by itself and begins again.
    pub(super) async fn restart(&mut self) -> Result<(), FloorError> {
        let operate = &self.world.doors.operate;
        let view = self.world.doors.observe.stack(&self.plan.stack).await?;
        let up = restart::running(&view, &self.app.head);
        try_join_all(up.iter().map(|service| operate.scale(&service.id, 0))).await?;
        let its = |task: &&TaskView| task.wanted && up.iter().any(|service| service.id == task.service);
        for container in view.tasks.iter().filter(its).filter_map(|task| task.container.as_deref()) {
            if !self.world.doors.node.heeds_its_stop(container).await {
                operate.kill(container).await?;
            }
        }
        let stopped = self.wait().stopped().await?;
        try_join_all(up.iter().map(|service| operate.scale(&service.id, service.replicas))).await?;
        let old = stopped.tasks.into_iter().filter(|task| up.iter().any(|service| service.id == task.service));
        self.old = old.map(|task| task.id).collect();
        Ok(())
    }

    /// A restore may have cost a service its database for a moment.
    pub(super) async fn running_again(&self) -> Result<(), FloorError> {
        self.wait().running(&deploying::goals(&self.app.head), &self.old).await.map(drop)
    }
}

async fn follow(route: Option<&mut OpenRoute>, operator: &Operator<'_>) -> Result<(), SwarmError> {
    match route {
        Some(route) => route.follow(&deploying::routes(&operator.plan.stack, operator.world, &operator.app.head)).await,
        None => Ok(()),
    }
}

fn went_well(doing: &str, outcome: Outcome) -> Result<(), FloorError> {
    match outcome {
        Outcome::Passed { .. } | Outcome::Skipped { .. } => Ok(()),
        Outcome::Failed(finding) | Outcome::Unverified(finding) => Err(FloorError::recipe(doing, finding)),
    }
}
