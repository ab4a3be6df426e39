//! What settings do to a plan: declared skips, probes after each deployment, the check of a backup.

use crate::story::*;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::build::{BackupPromise, HasRoute, PlanFacts, plan};
use cc_ci_model::plan::demands::{Probe, Verify};
use cc_ci_model::plan::step::{Action, Check, Gate};
use cc_ci_model::plan::{Disposition, Plan, Skip};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status};
use std::collections::{BTreeMap, BTreeSet};

fn probes() -> Vec<Probe> {
    vec![
        Probe::Tcp { service: "voice".to_owned(), port: 64738, stable: 3 },
        Probe::Http { path: "/discovery".to_owned(), statuses: vec![200] },
    ]
}

fn probed(plan: &Plan) -> Vec<String> {
    let steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
    steps.filter(|step| matches!(step.action, Action::Probe { .. })).map(|step| step.id.to_string()).collect()
}

#[test]
fn probes_follow_each_deployment() {
    let made = plan(PlanFacts { ready: probes(), ..facts() }).plan;
    let places = ["install", "upgrade", "restore/in-place", "restore/onto-empty", "restore/restart"];
    let both = |place: &&str| ["tcp voice:64738", "http /discovery"].map(|probe| format!("{place}/ready/{probe}"));
    assert_eq!(probed(&made), places.iter().flat_map(both).collect::<Vec<_>>());
    let later = BTreeSet::from(["voice".to_owned()]);
    let made = plan(PlanFacts { ready: probes(), not_at_base: later, ..facts() }).plan;
    assert!(!probed(&made).contains(&"install/ready/tcp voice:64738".to_owned()));
    assert!(probed(&made).contains(&"upgrade/ready/tcp voice:64738".to_owned()));
    let made = plan(PlanFacts { ready: probes(), route: HasRoute::None, ..facts() }).plan;
    assert!(!probed(&made).iter().any(|id| id.contains("http")));
}

#[test]
fn a_probe_and_a_check_of_the_backup_count_like_any_check() {
    let verify = Some(Verify { service: "db".to_owned(), command: "test -s /dump".to_owned() });
    let made = plan(PlanFacts { ready: probes(), verify, ..facts() }).plan;
    assert!(Story::green(&made).verdict().is_green());
    let ours = |action: &Action| match action {
        Action::Probe { .. } | Action::Verify { .. } => true,
        Action::Operate(_)
        | Action::Check(_)
        | Action::Hook { .. }
        | Action::Test { .. }
        | Action::Dependency { .. } => false,
    };
    for step in made.tiers.iter().flat_map(|tier| &tier.steps).filter(|step| ours(&step.action)) {
        let verdict = Story::green(&made).but(&step.id, failed(Cause::NotServing)).verdict();
        assert_eq!(verdict.color, Color::Red, "{}", step.id);
        // What fails at base is not the head's fault.
        let blame = if step.id.as_str().starts_with("install/") { "base" } else { "recipe" };
        assert_eq!(verdict.blame.map(|blame| blame.to_string()).as_deref(), Some(blame), "{}", step.id);
    }
}

#[test]
fn a_declared_skip_is_shown_with_its_reason_and_takes_the_restore_with_it() {
    let skips = BTreeMap::from([(Tier::Backup, "the labels come later".to_owned())]);
    let made = plan(PlanFacts { skips, ..facts() }).plan;
    let reason = |tier| match &made.tier(tier).unwrap().disposition {
        Disposition::Skip { why: Skip::Declared, reason } => reason.clone(),
        other => panic!("{tier}: {other:?}"),
    };
    assert_eq!(reason(Tier::Backup), "the labels come later");
    assert_eq!(reason(Tier::Restore), "without a backup: the labels come later");
    let verdict = Story::green(&made).verdict();
    assert!(verdict.is_green());
    assert_eq!(verdict.tier(Tier::Restore).unwrap().status, Status::Skip);
    let only = BTreeMap::from([(Tier::Restore, "it needs a second machine".to_owned())]);
    let made = plan(PlanFacts { skips: only, ..facts() }).plan;
    assert!(made.runs(Tier::Backup) && !made.runs(Tier::Restore));
    // What the recipe does not have is no declaration.
    let made = plan(PlanFacts { backup: BackupPromise::Not { reason: "no labels".to_owned() }, ..facts() }).plan;
    assert!(matches!(made.tier(Tier::Backup).unwrap().disposition, Disposition::Skip { why: Skip::Structural, .. }));
}

#[test]
fn an_address_that_head_gives_up_fails_the_upgrade_and_keeps_nothing_from_being_tried() {
    let routed = |made: &Plan| {
        let steps = &made.tier(Tier::Upgrade).unwrap().steps;
        steps.iter().find(|step| step.action == Action::Check(Check::Routed)).cloned()
    };
    assert_eq!(routed(&plan(facts()).plan), None);
    let made = plan(PlanFacts { dropped_addresses: vec!["head has no router for a.b".to_owned()], ..facts() }).plan;
    let step = routed(&made).unwrap();
    assert_eq!((step.id.as_str(), step.gate()), ("upgrade/routed", Gate::Nothing));
    let verdict = Story::green(&made).but(&step.id, failed(Cause::NotServing)).verdict();
    let upgrade = verdict.tier(Tier::Upgrade).unwrap().status;
    assert_eq!((verdict.color, upgrade, verdict.level), (Color::Red, Status::Fail, 1));
}

#[test]
fn a_backup_that_head_lost_fails_its_tier_and_leaves_nothing_to_restore() {
    let uncovered = vec!["everything that base's holds (volume db): no service carries the label".to_owned()];
    let backup = BackupPromise::Not { reason: "no labels".to_owned() };
    let made = plan(PlanFacts { backup, uncovered: uncovered.clone(), ..facts() }).plan;
    let steps = |tier| made.tier(tier).unwrap().steps.iter().map(|step| step.id.to_string()).collect::<Vec<_>>();
    assert_eq!(steps(Tier::Backup), ["backup/covered"]);
    assert!(matches!(made.tier(Tier::Restore).unwrap().disposition, Disposition::Skip { why: Skip::Structural, .. }));
    let covered = check(&made, Tier::Backup, Check::Covered);
    let verdict = Story::green(&made).but(&covered, failed(Cause::BackupIncomplete)).verdict();
    assert_eq!((verdict.tier(Tier::Backup).unwrap().status, verdict.level), (Status::Fail, 2));
    // Where head promises a backup of the rest, the rest is tested, too.
    let made = plan(PlanFacts { uncovered, ..facts() }).plan;
    let tier = made.tier(Tier::Backup).unwrap();
    assert_eq!(tier.steps[0].id.as_str(), "backup/covered");
    assert!(tier.steps.len() > 3 && made.runs(Tier::Restore));
}

/// A record from before there were settings is still read.
#[test]
fn an_older_plan_has_the_usual_demands() {
    let made = a_plan();
    let mut json = serde_json::to_value(&made).unwrap();
    let fields = json.as_object_mut().unwrap();
    fields.remove("demands");
    fields.remove("customization");
    assert_eq!(serde_json::from_value::<Plan>(json).unwrap(), made);
}
