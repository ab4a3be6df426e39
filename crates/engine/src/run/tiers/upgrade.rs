//! The upgrade tier: base to head, in place, on the same app.

use super::{AppState, Fault, Stage, StepEnd, deploying};
use crate::run::Artifact;
use crate::swarm::SwarmError;
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase};
use cc_ci_model::event::Event;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::hook::HookTime;
use cc_ci_model::tier::Tier;
use std::collections::BTreeSet;
use tokio::time::Instant;

impl Stage<'_> {
    /// Redeploys at head and checks.
    pub(super) async fn upgrade(&mut self) -> Result<AppState, SwarmError> {
        let mut kept = None;
        self.seed_before_upgrade(&mut kept).await;
        let hooked = self.hooks(HookTime::PreUpgrade).await;
        self.compare_specs().await?;
        if !hooked.may_go_on() {
            return Ok(AppState::Down);
        }
        self.cut_stability().await;
        let since = Instant::now();
        let before = self.observe.stack(&self.plan.stack).await?;
        let redeployed = self.redeploy().await;
        let after = self.accept_specs().await?;
        if !redeployed.may_go_on() {
            return Ok(AppState::Down);
        }
        let history = deploying::history(&self.app.head).ignoring_dead(&after);
        if !self.converged(Tier::Upgrade, "converged", history, since).await.may_go_on() {
            return Ok(AppState::Down);
        }
        self.moved(&before).await;
        let served = self.serving(Tier::Upgrade, "serving").await;
        self.picture(Tier::Upgrade, served);
        self.ready(Tier::Upgrade, "").await;
        if let Some(kept) = kept {
            self.kept(&kept).await;
        }
        self.own_tests(Tier::Upgrade, "").await;
        Ok(AppState::Up)
    }

    async fn redeploy(&mut self) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            if let Some(finding) = self.images.lacking(&self.app.head) {
                return Ok(Outcome::Failed(finding));
            }
            let (instance, file) = (self.instance(), "override-head.json");
            let (rendered, shown) = deploying::render(&instance, self.world, &self.app.head, &self.images, file)?;
            self.world.keep(Artifact::EffectiveStack(&shown));
            let checked = deploying::cross_check(self.world, &rendered, &self.app.head);
            let (made, checked) = tokio::join!(self.make_secrets(&rendered), checked);
            // Said at the install, if it cannot be done here.
            made.and(checked).map(drop)?;
            let proof = self.deployed.as_ref().ok_or_else(|| Fault::harness("the app was never deployed"))?;
            self.world.doors.operate.redeploy(proof, &rendered).await?;
            self.prune().await?;
            let routes = self.routes(&self.app.head);
            if let Some(route) = &mut self.route {
                route.follow(&routes).await?;
            }
            self.refresh_sandbox().await?;
            Ok(Outcome::Passed { note: None })
        };
        conductor.step(Tier::Upgrade, "redeploy", work).await
    }

    /// Removes services the head no longer has: `docker stack deploy` leaves them running.
    async fn prune(&self) -> Result<(), SwarmError> {
        let view = self.observe.stack(&self.plan.stack).await?;
        for service in
            view.services.iter().filter(|service| !self.app.head.recipe.compose.services.contains_key(&service.name))
        {
            let object = Object::new(ObjectKind::Service, format!("{}_{}", self.plan.stack, service.name));
            self.world.doors.operate.remove(&object).await?;
            self.world.voice.say(Event::Pruned { service: service.name.clone() });
        }
        Ok(())
    }

    /// The deployment moved: label, specs and images are the head's (TIER-upgrade).
    async fn moved(&mut self, before: &StackView) -> StepEnd {
        let conductor = self.conductor.clone();
        let work = async {
            let view = self.observe.stack(&self.plan.stack).await?;
            let mut wrong = Vec::new();
            let label = format!("coop-cloud.{}.chaos-version", self.plan.stack);
            let carried =
                view.services.iter().find(|service| service.name == "app").and_then(|app| app.labels.get(&label));
            // abra marks a tree that holds more than the commit, here the override; swarm's own deploy never does.
            let commit = carried.map(|text| text.strip_suffix("+U").unwrap_or(text));
            if commit != Some(self.plan.head.short()) {
                let carried = carried.map_or("nothing", String::as_str);
                wrong.push(format!("app: its chaos-version label says {carried}, not {}", self.plan.head.short()));
            }
            let expected = self.images.expected(&self.app.head);
            for service in &view.services {
                let Some(image) = expected.get(&service.name) else { continue };
                let tasks = view
                    .tasks
                    .iter()
                    .filter(|task| task.service == service.id && task.wanted && task.phase == TaskPhase::Running);
                for task in tasks {
                    if task.spec != service.spec {
                        wrong.push(format!("{}: a task still carries the old spec", service.name));
                    }
                    let Some(container) = &task.container else { continue };
                    let facts = self.observe.container(container).await?;
                    if facts.is_some_and(|facts| facts.image_id != *image) {
                        wrong.push(format!("{}: a task runs another image than {}", service.name, service.image));
                    }
                }
            }
            for name in self.app.head.recipe.compose.services.keys() {
                if !view.services.iter().any(|service| service.name == *name) {
                    wrong.push(format!("{name}: the head has this service, the stack has not"));
                }
            }
            if !changed(before, &view) {
                let summary = "head deploys exactly what base does, so the upgrade proves nothing";
                return Ok(Outcome::Failed(Finding::new(Cause::NotMoved, summary)));
            }
            if wrong.is_empty() {
                return Ok(Outcome::Passed { note: Some(changes(before, &view)) });
            }
            let summary = "the deployment did not move to the commit under test";
            Ok(Outcome::Failed(Finding::new(Cause::NotMoved, summary).with_details(wrong)))
        };
        conductor.step(Tier::Upgrade, "moved", work).await
    }
}

/// Whether the redeploy changed anything besides the labels that only say which version this is.
fn changed(before: &StackView, after: &StackView) -> bool {
    let says_version = |label: &str| [".version", ".chaos", ".chaos-version"].iter().any(|end| label.ends_with(end));
    let essence = |service: &ServiceView| {
        let labels = service.labels.iter().filter(|(label, _)| !says_version(label));
        let labels: Vec<_> = labels.map(|(label, value)| (label.clone(), value.clone())).collect();
        (service.name.clone(), service.spec.clone(), service.replicas, labels)
    };
    let all = |view: &StackView| view.services.iter().map(essence).collect::<BTreeSet<_>>();
    all(before) != all(after)
}

/// Which images changed, for the report.
fn changes(before: &StackView, after: &StackView) -> String {
    let changed: Vec<String> = after
        .services
        .iter()
        .filter_map(|service| {
            let old = before.services.iter().find(|old| old.name == service.name)?;
            (old.image != service.image).then(|| format!("{} -> {}", old.image, service.image))
        })
        .collect();
    if changed.is_empty() { "same images, new configuration".to_owned() } else { changed.join(", ") }
}
