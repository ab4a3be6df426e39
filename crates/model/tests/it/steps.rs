//! The list of steps: in which order, under which ids, and what hangs on each.

use crate::story::*;
use cc_ci_model::ids::StepId;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::demands::{Probe, Verify};
use cc_ci_model::plan::hook::{HookPlace, HookTime};
use cc_ci_model::plan::reach::{AppState, Reach};
use cc_ci_model::plan::step::{Action, Gate, Pass, Step};
use cc_ci_model::tier::Tier;
use std::collections::BTreeMap;

/// The step of a recipe's own test.
pub(crate) fn test_step(tier: Tier, path: &str) -> StepId {
    Step::new(tier, Pass::Only, Action::Test { path: path.to_owned() }).id
}

/// A plan with everything that a tier can have besides dependencies.
fn everything() -> Plan {
    let hooks = HookTime::ALL.map(|time| ((time, HookPlace::Sandbox), format!("hooks/{time}")));
    let verify = Some(Verify { service: "db".to_owned(), command: "test -s /dump".to_owned() });
    let ready = vec![Probe::Http { path: "/up".to_owned(), statuses: vec![200] }];
    plan(PlanFacts { hooks: BTreeMap::from(hooks), verify, ready, ..facts() }).plan
}

#[test]
fn steps_stand_in_the_order_they_are_performed_each_with_its_gate() {
    let line = |step: &Step| match step.gate() {
        Gate::App => format!("{} or the app is not up", step.id),
        Gate::Tier => format!("{} or no more of the tier", step.id),
        Gate::Pass => format!("{} or no more of the pass", step.id),
        Gate::Nothing => step.id.to_string(),
    };
    let lines: Vec<String> = everything().tiers.iter().flat_map(|tier| &tier.steps).map(line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    install/hooks/pre_install or the app is not up
    install/deploy or the app is not up
    install/converged or the app is not up
    install/hooks/install_steps or the app is not up
    install/serving
    install/ready/http /up
    install/stable
    upgrade/seed
    upgrade/hooks/pre_upgrade or the app is not up
    upgrade/redeploy or the app is not up
    upgrade/converged or the app is not up
    upgrade/moved
    upgrade/serving
    upgrade/ready/http /up
    upgrade/markers
    upgrade/volumes
    upgrade/housed
    upgrade/upgrade.hurl
    upgrade/stable
    backup/seed
    backup/settled or no more of the tier
    backup/hooks/pre_backup or no more of the tier
    backup/snapshot or no more of the tier
    backup/serving
    backup/complete
    backup/verified
    backup/hooks/backup_verify
    backup/stable
    restore/mutate or no more of the tier
    restore/hooks/pre_restore or no more of the tier
    restore/in-place or no more of the pass
    restore/in-place/serving
    restore/in-place/ready/http /up
    restore/in-place/markers
    restore/in-place/volumes
    restore/onto-empty or no more of the tier
    restore/onto-empty/converged or the app is not up
    restore/onto-empty/serving
    restore/onto-empty/ready/http /up
    restore/onto-empty/markers
    restore/onto-empty/volumes
    restore/restart or the app is not up
    restore/restart/converged or the app is not up
    restore/restart/serving
    restore/restart/ready/http /up
    restore/restart/markers
    restore/restart/volumes
    restore/restart/stable
    restore/stable
    custom/custom/feeds.hurl
    custom/custom/login.hurl
    custom/stable
    ");
}

#[test]
fn an_id_follows_from_tier_pass_and_action() {
    for tier in everything().tiers {
        for step in tier.steps {
            assert_eq!(Step::new(tier.tier, step.pass, step.action.clone()), step);
        }
    }
}

#[test]
fn a_plan_written_before_passes_and_times_were_stored_is_read() {
    let made = everything();
    let mut json = serde_json::to_value(&made).unwrap();
    for step in json["tiers"].as_array_mut().unwrap().iter_mut().flat_map(|tier| tier["steps"].as_array_mut().unwrap())
    {
        step.as_object_mut().unwrap().remove("pass");
        if let Some(hook) = step["action"].get_mut("hook") {
            hook.as_object_mut().unwrap().remove("time");
        }
    }
    let read: Plan = serde_json::from_value(json).unwrap();
    let ids =
        |plan: &Plan| plan.tiers.iter().flat_map(|tier| &tier.steps).map(|step| step.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&read), ids(&made));
}

/// The ids that are reached when `failing` does not pass, from that step on.
fn reached_after(failing: &str) -> Vec<String> {
    let (mut reach, mut found, mut seen) = (Reach::default(), Vec::new(), false);
    for tier in everything().tiers {
        for step in tier.steps {
            if seen && reach.step(tier.tier, &step) {
                found.push(step.id.to_string());
            }
            if step.id.as_str() == failing {
                reach.not_passed(tier.tier, &step);
                seen = true;
            }
        }
    }
    found
}

#[test]
fn what_hangs_on_a_step_is_not_reached_and_nothing_else() {
    assert_eq!(reached_after("upgrade/converged"), Vec::<String>::new());
    let custom = ["custom/custom/feeds.hurl", "custom/custom/login.hurl", "custom/stable"];
    assert_eq!(reached_after("backup/snapshot"), custom);
    assert_eq!(reached_after("restore/onto-empty"), custom);
    assert_eq!(reached_after("restore/in-place")[0], "restore/onto-empty");
    assert_eq!(reached_after("install/serving")[0], "install/ready/http /up");
}

#[test]
fn nothing_is_reached_without_the_app() {
    let mut reach = Reach::default();
    assert!(reach.tier(Tier::Custom));
    reach.app_is(AppState::Down);
    assert!(!reach.tier(Tier::Custom));
}
