//! The operations themselves, from top to bottom.

use super::waits::Wait;
use super::{Clock, FloorError, Lap};
use crate::backup::hooks::{self, BackupHookTime, Ended};
use crate::backup::{self, BackupRepository, Promise, restic};
use crate::custom::sandbox::{Furnishing, Sandbox};
use crate::custom::{self, Call, Facts, Role, folder};
use crate::exec::ExecCommand;
use crate::ledger::Entry;
use crate::route::OpenRoute;
use crate::run::World;
use crate::run::app::{App, Deployable};
use crate::run::deploying::{self, Images, Instance};
use crate::run::host_hook::{self, HostHook};
use crate::run::tiers::own::time_of;
use crate::run::tiers::{checks, equipment};
use crate::swarm::{Deployed, Rendered, Stay, SwarmError};
use crate::workbench::Workbench;
use cc_ci_model::convergence::StackView;
use cc_ci_model::ids::StepId;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::hook::{HookPlace, HookTime};
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::plan::step::Action;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::backup::{Backup, BackupSpec};
use futures_util::future::{join_all, try_join_all};
use std::collections::BTreeSet;
use std::time::Duration;

/// What the operator knows and holds.
struct Operator<'a> {
    plan: &'a Plan,
    app: &'a App,
    world: &'a World,
    facts: Facts,
    scheme: &'static str,
    clock: Clock,
    route: Option<OpenRoute>,
    bench: Option<Workbench>,
    sandbox: Option<Sandbox>,
}

/// Everything in order. What can be known before the first operation is found out before the clock starts.
pub(super) async fn perform(
    plan: &Plan,
    mut permits: Permits,
    app: &App,
    world: &World,
) -> Result<Vec<Lap>, FloorError> {
    if !plan.dependencies.is_empty() {
        return Err(FloorError::Plan("an app without dependencies"));
    }
    let trees: Vec<_> = app.base.iter().chain([&app.head]).collect();
    let images = Images::resolve(world, &trees).await;
    let render = |tree: &Deployable, name| {
        deploying::render(&Instance::app(plan), world, tree, &images, name)
            .map(|(rendered, _)| rendered)
            .map_err(|fault| FloorError::of_fault("write the override", fault))
    };
    let first = render(app.first(), "override-first.json")?;
    let head = render(&app.head, "override-head.json")?;
    let permit = permits.take(&Purpose::Base).ok_or(FloorError::Plan("a permit for the base deploy"))?;
    let spec = match &app.head.recipe.backup {
        Backup::Capable(spec) if plan.runs(Tier::Backup) => Some(spec.clone()),
        Backup::Capable(_) | Backup::NotCapable(_) => None,
    };
    let scheme = checks::scheme(plan, &app.head.recipe);
    let facts = equipment::facts(plan, scheme);
    let mut operator =
        Operator { plan, app, world, facts, scheme, clock: Clock::start(), route: None, bench: None, sandbox: None };

    let floor = &mut operator;
    floor.host_hook(HookTime::PreInstall).await?;
    floor.make_secrets(app.first(), &first).await?;
    let deploying = Entry::Deploying { stack: plan.stack.clone(), purpose: Purpose::Base };
    world.ledger.write(&deploying).map_err(SwarmError::from)?;
    let (deployed, route) = tokio::join!(world.doors.operate.deploy(permit, &first), floor.open_route());
    let proof = deployed?;
    floor.route = route?;
    floor.clock.lap(Tier::Install, "make secrets, deploy base, open the edge");
    floor.come_up(spec.is_some()).await?;
    floor.clock.lap(Tier::Install, "wait: base runs and answers; start bench and sandbox meanwhile");
    floor.tests(Tier::Install, "").await?;
    floor.clock.lap(Tier::Install, "the recipe's tests");

    if plan.runs(Tier::Upgrade) {
        floor.host_hook(HookTime::PreUpgrade).await?;
        floor.redeploy(&proof, &head).await?;
        floor.clock.lap(Tier::Upgrade, "redeploy head");
        floor.move_over().await?;
        floor.clock.lap(Tier::Upgrade, "wait: head runs and answers, base is gone");
        floor.tests(Tier::Upgrade, "").await?;
        floor.clock.lap(Tier::Upgrade, "the recipe's tests");
    }

    if let Some(spec) = spec {
        let repository = floor.settle().await?;
        floor.clock.lap(Tier::Backup, "wait: Swarm's update is over; make the repository meanwhile");
        floor.host_hook(HookTime::PreBackup).await?;
        let snapshot = floor.save(&spec, &repository).await?;
        floor.clock.lap(Tier::Backup, "backup hooks, snapshot");
        floor.tests(Tier::Backup, "").await?;
        floor.clock.lap(Tier::Backup, "the recipe's tests");

        if plan.runs(Tier::Restore) {
            floor.host_hook(HookTime::PreRestore).await?;
            floor.bring_back(&spec, &repository, &snapshot).await?;
            floor.serving().await?;
            floor.clock.lap(Tier::Restore, "restore in place, restore hooks");
            floor.tests(Tier::Restore, "in-place/").await?;
            floor.clock.lap(Tier::Restore, "the recipe's tests in place");
            let stopped = floor.stop().await?;
            floor.clock.lap(Tier::Restore, "stop the services");
            floor.empty().await?;
            floor.clock.lap(Tier::Restore, "empty the volumes");
            floor.start(&stopped).await?;
            floor.clock.lap(Tier::Restore, "start the services; wait: they run");
            floor.bring_back(&spec, &repository, &snapshot).await?;
            floor.running_again(&stopped.old).await?;
            floor.clock.lap(Tier::Restore, "restore onto empty volumes, restore hooks");
            floor.tests(Tier::Restore, "onto-empty/").await?;
            floor.clock.lap(Tier::Restore, "the recipe's tests on restored volumes");
        }
    }

    if plan.runs(Tier::Custom) {
        floor.tests(Tier::Custom, "").await?;
        floor.clock.lap(Tier::Custom, "the recipe's tests");
    }
    Ok(operator.clock.laps)
}

/// The services as they were before they were stopped, and the tasks they then had.
struct Stopped {
    view: StackView,
    old: BTreeSet<String>,
}

impl Operator<'_> {
    fn wait(&self) -> Wait<'_> {
        let limit = Duration::from_secs(self.plan.limits.converge);
        Wait { observe: self.world.doors.observe.as_ref(), stack: &self.plan.stack, limit }
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(self.plan.limits.command)
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
        OpenRoute::open(
            world.doors.node.clone(),
            &world.ledger,
            &plan.run,
            &world.tools_image,
            std::slice::from_ref(&plan.domain),
            &routes,
            Stay::Run,
        )
        .await
        .map(Some)
    }

    /// The app at base; the helpers that later operations need start beside it.
    async fn come_up(&mut self, backed_up: bool) -> Result<(), FloorError> {
        let (goals, none) = (deploying::goals(self.app.first()), BTreeSet::new());
        let wait = self.wait();
        let (running, bench, sandbox) =
            tokio::join!(wait.running(&goals, &none), self.start_bench(backed_up), self.start_sandbox());
        running?;
        (self.bench, self.sandbox) = (bench?, sandbox?);
        self.serving().await
    }

    async fn start_bench(&self, wanted: bool) -> Result<Option<Workbench>, FloorError> {
        if !wanted {
            return Ok(None);
        }
        let (containers, ledger) = (self.world.doors.containers(), &self.world.ledger);
        let volumes = containers.observe.volumes(&self.plan.stack).await?;
        Ok(Some(Workbench::start(&containers, ledger, &self.plan.run, &self.world.tools_image, &volumes).await?))
    }

    async fn start_sandbox(&self) -> Result<Option<Sandbox>, FloorError> {
        let has_tests =
            self.plan.tiers.iter().flat_map(|tier| &tier.steps).any(|step| matches!(step.action, Action::Test { .. }));
        if !has_tests {
            return Ok(None);
        }
        let files = self.app.test_files().map_err(|error| {
            FloorError::recipe("read the tests", Finding::new(Cause::TestBroken, error.to_string()))
        })?;
        let (doors, ledger) = (&self.world.doors, &self.world.ledger);
        let networks = equipment::networks(doors.observe.as_ref(), &self.plan.stack).await?;
        let furnishing = self.furnishing(self.app.first(), networks, files);
        Ok(Some(Sandbox::start(&doors.node, ledger, &self.plan.run, &self.facts, &furnishing).await?))
    }

    fn furnishing(&self, tree: &Deployable, networks: Vec<String>, files: Vec<folder::File>) -> Furnishing {
        Furnishing {
            image: equipment::image(self.world, equipment::size(self.plan)),
            size: equipment::size(self.plan),
            networks,
            files,
            secrets: equipment::secrets(tree, &self.world.secrets),
            authority: self.route.as_ref().map(|route| route.authority().to_owned()).unwrap_or_default(),
        }
    }

    async fn serving(&self) -> Result<(), FloorError> {
        match &self.route {
            Some(route) => self.wait().serving(route, &self.plan.domain, self.scheme, &self.plan.demands.health).await,
            None => Ok(()),
        }
    }

    async fn tests(&self, tier: Tier, prefix: &str) -> Result<(), FloorError> {
        let Some(sandbox) = &self.sandbox else { return Ok(()) };
        for step in self.plan.tier(tier).map(|planned| planned.steps.as_slice()).unwrap_or_default() {
            let Action::Test { path } = &step.action else { continue };
            if step.id != StepId::new(tier, &format!("{prefix}{path}")) {
                continue;
            }
            let call = Call { path, role: Role::Test, tier, limit: self.limit() };
            let ended = custom::run(sandbox, &self.facts, call, &self.world.voice, &step.id).await;
            went_well(step.id.as_str(), ended.outcome)?;
        }
        Ok(())
    }

    async fn host_hook(&self, time: HookTime) -> Result<(), FloorError> {
        let tier = time.tier();
        let Some(planned) = self.plan.tier(tier) else { return Ok(()) };
        for step in &planned.steps {
            // Hooks in the sandbox are no part of the floor: no example has one.
            let Action::Hook { path, place: HookPlace::Host, .. } = &step.action else { continue };
            let Some((folder, path)) = self.app.hook(path).filter(|_| time_of(path) == Some(time)) else {
                continue;
            };
            let state = self.world.folder.join(crate::run::HOOK_STATE);
            let hook = HostHook { folder, path, tier, limit: self.limit(), engine: &self.world.engine, state: &state };
            let ended =
                host_hook::run(&hook, &self.facts, &self.world.voice, &step.id, self.world.cancel.token()).await;
            went_well(step.id.as_str(), ended.unwrap_or_else(Outcome::from))?;
        }
        Ok(())
    }

    async fn redeploy(&self, proof: &Deployed, head: &Rendered) -> Result<(), FloorError> {
        self.make_secrets(&self.app.head, head).await?;
        Ok(self.world.doors.operate.redeploy(proof, head).await?)
    }

    /// What head brings and takes is done while its tasks come up.
    async fn move_over(&mut self) -> Result<(), FloorError> {
        let (goals, none) = (deploying::goals(&self.app.head), BTreeSet::new());
        let mut route = self.route.take();
        let wait = self.wait();
        // Joined and not tried: what is under way has to end before anything is removed.
        let (running, followed, refreshed, pruned) = tokio::join!(
            wait.running(&goals, &none),
            follow(route.as_mut(), self),
            self.refresh_sandbox(),
            self.prune()
        );
        self.route = route;
        running?;
        followed?;
        refreshed?;
        pruned?;
        self.serving().await
    }

    async fn refresh_sandbox(&self) -> Result<(), FloorError> {
        let Some(sandbox) = &self.sandbox else { return Ok(()) };
        let (first, head) = (self.app.first(), &self.app.head);
        let had: BTreeSet<&String> = first.recipe.networks.values().map(|network| &network.name).collect();
        let new = head.recipe.networks.values().filter(|network| !network.external && !had.contains(&network.name));
        for network in new {
            sandbox.join(std::slice::from_ref(&network.name)).await?;
        }
        let furnishing = self.furnishing(head, Vec::new(), Vec::new());
        if furnishing.secrets != equipment::secrets(first, &self.world.secrets) {
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
    async fn settle(&mut self) -> Result<BackupRepository, FloorError> {
        let bench = self.bench.take().ok_or(FloorError::Plan("a bench"))?;
        let world = self.world;
        let prepare = async {
            let volumes = world.doors.observe.volumes(&self.plan.stack).await?;
            let bench = Box::pin(bench.covering(&world.ledger, &self.plan.run, &world.tools_image, &volumes)).await?;
            let repository = BackupRepository::make(&bench).await?;
            Ok::<_, FloorError>((bench, repository))
        };
        let wait = self.wait();
        let (over, prepared) = tokio::join!(wait.updates_over(), prepare);
        over?;
        let (bench, repository) = prepared?;
        self.bench = Some(bench);
        Ok(repository)
    }

    fn on_bench(&self) -> Result<&Workbench, FloorError> {
        self.bench.as_ref().ok_or(FloorError::Plan("a bench"))
    }

    /// Hooks and snapshot; returns the snapshot's id.
    async fn save(&self, spec: &BackupSpec, repository: &BackupRepository) -> Result<String, FloorError> {
        let promises = backup::promises(spec).map_err(|finding| FloorError::recipe("read the labels", finding))?;
        let paths: Vec<String> = promises.iter().map(Promise::on_bench).collect();
        self.backup_hooks(spec, BackupHookTime::BackupPre).await?;
        let saved = restic::save(self.on_bench()?, repository, &paths, self.limit()).await?;
        self.backup_hooks(spec, BackupHookTime::BackupPost).await?;
        Ok(saved.snapshot_id)
    }

    async fn bring_back(
        &self,
        spec: &BackupSpec,
        repository: &BackupRepository,
        snapshot: &str,
    ) -> Result<(), FloorError> {
        self.backup_hooks(spec, BackupHookTime::RestorePre).await?;
        restic::restore(self.on_bench()?, repository, snapshot, self.limit()).await?;
        self.backup_hooks(spec, BackupHookTime::RestorePost).await
    }

    async fn backup_hooks(&self, spec: &BackupSpec, time: BackupHookTime) -> Result<(), FloorError> {
        let step = StepId::new(Tier::Backup, time.word());
        for service in &spec.services {
            let hook = match time {
                BackupHookTime::BackupPre => &service.hooks.backup_pre,
                BackupHookTime::BackupPost => &service.hooks.backup_post,
                BackupHookTime::RestorePre => &service.hooks.restore_pre,
                BackupHookTime::RestorePost => &service.hooks.restore_post,
            };
            let Some(hook) = hook else { continue };
            let at = (service.service.as_str(), time, hook.as_str());
            let speak = (&self.world.voice, &step);
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
    async fn stop(&self) -> Result<Stopped, FloorError> {
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
    async fn empty(&self) -> Result<(), FloorError> {
        let bench = self.on_bench()?;
        let roots = bench.volumes().iter().map(|volume| Workbench::path(volume));
        let words = ["find".to_owned()].into_iter().chain(roots);
        let words = words.chain(["-mindepth", "1", "-delete"].map(str::to_owned));
        if !bench.volumes().is_empty() {
            bench.must("empty the volumes", &ExecCommand::new(words).limit(self.limit())).await?;
        }
        Ok(())
    }

    async fn start(&self, stopped: &Stopped) -> Result<(), FloorError> {
        let services = stopped.view.services.iter();
        try_join_all(services.map(|service| self.world.doors.operate.scale(&service.id, service.replicas))).await?;
        self.wait().running(&deploying::goals(&self.app.head), &stopped.old).await.map(drop)
    }

    /// A restore may have cost a service its database for a moment.
    async fn running_again(&self, old: &BTreeSet<String>) -> Result<(), FloorError> {
        self.wait().running(&deploying::goals(&self.app.head), old).await?;
        self.serving().await
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
