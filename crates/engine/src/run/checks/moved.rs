//! The deployment moved: label, specs and images are the head's (TIER-upgrade).

use super::{Look, peers};
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::route_labels::place;
use cc_ci_model::convergence::{ServiceView, StackView, TaskPhase, TaskView};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_recipe::{database, reboot};
use std::collections::BTreeSet;

/// What an upgrade says that moves nothing but the labels with the version.
const UNCHANGED: &str = "moved, and nothing else did: apart from its version label head deploys what base does, so this upgrade \
    shows no more than that";

/// Holds the stack against what it was `before`, and against head.
pub(in crate::run) async fn check(look: &Look<'_>, before: &StackView) -> Result<Answer<()>, Fault> {
    let view = look.observe.stack(&look.plan.stack).await?;
    let mut wrong: Vec<String> = wrong_label(look, &view).into_iter().collect();
    wrong.extend(wrong_tasks(look, &view).await?);
    for name in look.app.head.recipe.compose.services.keys() {
        if !view.services.iter().any(|service| service.name == *name) {
            wrong.push(format!("{name}: the head has this service, the stack has not"));
        }
    }
    let others = || left_down(look, before, &view).or_else(|| peers::lost_at_head(look));
    if let Some(finding) = doubled(look, before, &view).or_else(others) {
        return Ok(Answer::failed(finding));
    }
    if wrong.is_empty() {
        let note = if changed(before, &view) { changes(before, &view) } else { UNCHANGED.to_owned() };
        return Ok(passed(note).into());
    }
    let summary = "the deployment did not move to the commit under test";
    Ok(Answer::failed(Finding::new(Cause::NotMoved, summary).with_details(wrong)))
}

/// A database server that the update replaced, and that ran beside the old one on its data folder for a while.
fn doubled(look: &Look<'_>, before: &StackView, after: &StackView) -> Option<Finding> {
    let (base, head) = (&look.app.first().recipe, &look.app.head.recipe);
    let spec = |view: &StackView, name: &str| {
        view.services.iter().find(|service| service.name == name).map(|service| service.spec.clone())
    };
    let replaced = |name: &str| spec(before, name) != spec(after, name);
    let servers = database::doubled(&base.databases, &head.databases, &head.compose);
    let (server, volume) = servers.into_iter().find(|(server, _)| replaced(&server.service))?;
    let name = &server.service;
    let key = format!("services.{name}.deploy.update_config.order");
    let at = place(&look.app.head, &key);
    let summary = format!(
        "{at}two database servers ran on one data folder: `{name}` is updated start-first, so the new server writes into volume \
         `{volume}` before the old one has ended, which destroys it sooner or later"
    );
    let hint = format!(
        "`order: stop-first`, which is the default, ends the old one first: services.{name}.deploy.update_config"
    );
    Some(Finding::new(Cause::Unstable, summary).of_service(name).with_details(vec![hint]))
}

/// A server that runs and would not be started again after a restart of its machine, though base's was.
fn left_down(look: &Look<'_>, before: &StackView, after: &StackView) -> Option<Finding> {
    let (base, head) = (&look.app.first().recipe.compose, &look.app.head.recipe.compose);
    let runs = |view: &StackView, name: &str| {
        let service = view.services.iter().find(|service| service.name == name);
        service.is_some_and(|service| view.tasks.iter().any(|task| is_running_task(task, service)))
    };
    let came_back = |name: &&str| base.services.get(*name).is_some_and(|service| service.is_started_again());
    let both = |name: &&str| runs(before, name) && runs(after, name);
    let name = reboot::left_down(head).into_iter().filter(came_back).find(both)?;
    let at = place(&look.app.head, &format!("services.{name}.deploy.restart_policy.condition"));
    let summary = format!(
        "{at}`{name}` stays down after the next restart of its machine: with `restart_policy.condition: none` Swarm does not start \
         it again, as it did at base"
    );
    let hint = format!("remove the condition, or write `any`: services.{name}.deploy.restart_policy");
    Some(Finding::new(Cause::Unstable, summary).of_service(name).with_details(vec![hint]))
}

fn wrong_label(look: &Look<'_>, view: &StackView) -> Option<String> {
    let label = format!("coop-cloud.{}.chaos-version", look.plan.stack);
    let carried = view.services.iter().find(|service| service.name == "app").and_then(|app| app.labels.get(&label));
    // abra marks a tree that holds more than the commit, here the override; swarm's own deploy never does.
    let commit = carried.map(|text| text.strip_suffix("+U").unwrap_or(text));
    let head = look.plan.head.short();
    (commit != Some(head)).then(|| {
        let carried = carried.map_or("nothing", String::as_str);
        format!("app: its chaos-version label says {carried}, not {head}")
    })
}

async fn wrong_tasks(look: &Look<'_>, view: &StackView) -> Result<Vec<String>, Fault> {
    let mut wrong = Vec::new();
    let expected = look.images.expected(&look.app.head);
    for service in &view.services {
        let Some(image) = expected.get(&service.name) else { continue };
        let running = |task: &&TaskView| is_running_task(task, service);
        for task in view.tasks.iter().filter(running) {
            if task.spec != service.spec {
                wrong.push(format!("{}: a task still carries the old spec", service.name));
            }
            let Some(container) = &task.container else { continue };
            let facts = look.observe.container(container).await?;
            if facts.is_some_and(|facts| facts.image_id != *image) {
                wrong.push(format!("{}: a task runs another image than {}", service.name, service.image));
            }
        }
    }
    Ok(wrong)
}

fn is_running_task(task: &TaskView, service: &ServiceView) -> bool {
    task.service == service.id && task.wanted && task.phase == TaskPhase::Running
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
