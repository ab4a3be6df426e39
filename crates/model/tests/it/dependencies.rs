//! Plans and verdicts of runs with dependencies.

use crate::steps::test_step;
use crate::story::*;
use cc_ci_model::exit;
use cc_ci_model::ids::{Commit, Domain, RecipeName, StackName, StepId};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::demands::{Health, Scheme};
use cc_ci_model::plan::dependency::{Dependency, Mode, ProviderRoute, TakenCapability};
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::permit::Purpose;
use cc_ci_model::plan::step::{Action, Operation, Part, Pass, Step};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_model::verdict::{Color, Status};
use std::collections::BTreeMap;

fn dependency(recipe: &str, mode: Mode) -> Dependency {
    let stack = StackName::observed(&format!("{}-0d0d0d", &recipe[..4]));
    Dependency {
        recipe: RecipeName::parse(recipe).unwrap(),
        commit: Commit::parse(&"d".repeat(40)).unwrap(),
        version: Some("1.0.0+0.3.6".to_owned()),
        domain: Domain::of_stack(&stack, "ci.test"),
        stack,
        mode,
        why: "no warm one is up".to_owned(),
        route: Some(ProviderRoute { scheme: Scheme::Https, asks: vec![Health::default()] }),
        limits: Limits::default(),
        provides: vec![TakenCapability {
            capability: "oidc".to_owned(),
            service: "app".to_owned(),
            inputs: BTreeMap::new(),
            outputs: vec!["issuer".to_owned()],
            secret_outputs: Vec::new(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tests: vec!["custom/login.hurl".to_owned()],
        }],
    }
}

fn with(dependencies: Vec<Dependency>) -> Plan {
    plan(PlanFacts { dependencies, ..facts() }).plan
}

fn step(part: Part) -> StepId {
    let recipe = RecipeName::parse("canaille").unwrap();
    Step::new(Tier::Install, Pass::Only, Action::Dependency { recipe, part }).id
}

#[test]
fn a_cold_dependency_has_a_permit_and_comes_before_the_app() {
    let plan = with(vec![dependency("canaille", Mode::Cold), dependency("minio", Mode::Cold)]);
    let permits: Vec<String> =
        plan.permits.iter().map(|grant| format!("{}: {}", grant.purpose, grant.reason)).collect();
    assert_eq!(permits.len(), 3);
    assert_eq!(permits[0], "dependency canaille: miniflux needs it; no warm one is up");
    assert_eq!(plan.permits[2].purpose, Purpose::Base);
    let steps: Vec<&str> = plan.tier(Tier::Install).unwrap().steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        steps[..9],
        [
            "install/dependency/canaille/deploy",
            "install/dependency/canaille/converged",
            "install/dependency/canaille/serving",
            "install/dependency/canaille/oidc",
            "install/dependency/minio/deploy",
            "install/dependency/minio/converged",
            "install/dependency/minio/serving",
            "install/dependency/minio/oidc",
            "install/deploy",
        ]
    );
    let story = Story::green(&plan);
    let verdict = story.verdict();
    assert!(verdict.is_green(), "{:?}", verdict.reasons);
    assert_eq!(verdict.budget.line(), "deploy-count = 3 (expect 3, engine saw 3)");
}

#[test]
fn a_warm_dependency_has_no_permit() {
    let plan = with(vec![dependency("canaille", Mode::Warm)]);
    assert_eq!(plan.permits.len(), 1);
    let verdict = Story::green(&plan).verdict();
    assert!(verdict.is_green(), "{:?}", verdict.reasons);
    assert_eq!(verdict.budget.line(), "deploy-count = 1 (expect 1, engine saw 1)");
    let steps = &plan.tier(Tier::Install).unwrap().steps;
    assert_eq!(steps[0].id, step(Part::Converged));
    assert!(!steps.iter().any(|step| step.id.as_str() == "install/dependency/canaille/deploy"));
}

#[test]
fn a_plan_without_dependencies_reads_as_before() {
    let mut json = serde_json::to_value(a_plan()).unwrap();
    json.as_object_mut().unwrap().remove("dependencies").unwrap();
    assert_eq!(serde_json::from_value::<Plan>(json).unwrap(), a_plan());
}

#[test]
fn whatever_fails_of_a_dependency_is_the_dependencys_fault() {
    let plan = with(vec![dependency("canaille", Mode::Cold)]);
    for (what, cause) in [
        (Part::Deploy, Cause::DeployRefused),
        (Part::Deploy, Cause::ImageMissing),
        (Part::Converged, Cause::NeverHealthy),
        (Part::Converged, Cause::CrashLoop),
        (Part::Serving, Cause::NotServing),
        (Part::Capability { name: "oidc".to_owned() }, Cause::ProvisioningFailed),
    ] {
        let id = step(what.clone());
        let budget = |stack: &StackName| vec![stack.clone()];
        let story = Story::green(&plan).but(&id, failed(cause)).silently().counting(|counts| {
            counts.ledger = budget(&plan.dependencies[0].stack);
            counts.witness = if what == Part::Deploy { Vec::new() } else { counts.ledger.clone() };
        });
        let verdict = story.verdict();
        assert_eq!(
            (verdict.color, verdict.blame),
            (Color::Red, Some(Blame::Dependency)),
            "{what:?}: {:?}",
            verdict.reasons
        );
        assert_eq!((verdict.level, exit::of_verdict(&verdict)), (0, 10), "{what:?}");
        assert_ne!(verdict.budget.agreement, Agreement::Disagreed, "{:?}", verdict.reasons);
    }
}

#[test]
fn a_host_that_gives_out_under_a_dependency_is_not_its_fault() {
    let plan = with(vec![dependency("canaille", Mode::Cold)]);
    let id = step(Part::Deploy);
    let verdict = Story::green(&plan).but(&id, failed(Cause::Registry)).verdict();
    assert_eq!(verdict.blame, Some(Blame::Infrastructure));
    assert_eq!(verdict.tier(Tier::Install).unwrap().status, Status::Unver);
}

#[test]
fn a_deploy_of_the_wrong_stack_is_named() {
    let plan = with(vec![dependency("canaille", Mode::Cold)]);
    let mut told = Story::green(&plan).told();
    let other = StackName::observed("othe-1");
    for stamped in &mut told {
        if let cc_ci_model::event::Event::Deploying { stack, purpose: Purpose::Dependency { .. } } = &mut stamped.event
        {
            *stack = other.clone();
        }
    }
    let verdict = cc_ci_model::verdict::judge(&plan, &cc_ci_model::evidence::Evidence::fold(&told));
    assert_eq!(verdict.color, Color::Red);
    assert!(
        verdict.reasons[0].contains("the dependency canaille deploy went to stack othe-1"),
        "{:?}",
        verdict.reasons
    );
}

#[test]
fn a_needed_test_that_skips_itself_is_red() {
    let needed = test_step(Tier::Custom, "custom/login.hurl");
    let skipped = Outcome::Skipped { reason: "no provider".to_owned() };
    let verdict = Story::green(&with(vec![dependency("canaille", Mode::Warm)])).but(&needed, skipped.clone()).verdict();
    assert_eq!((verdict.color, verdict.blame, verdict.level), (Color::Red, Some(Blame::Test), 3));
    assert_eq!(
        verdict.reasons,
        ["custom failed: tests/custom/login.hurl: needed dependency canaille and did not run: no provider"]
    );
    // The same test may skip itself where nobody said that it needs anything, and another one here.
    assert!(Story::green(&a_plan()).but(&needed, skipped.clone()).verdict().is_green());
    let other = test_step(Tier::Custom, "custom/feeds.hurl");
    let plan = with(vec![dependency("canaille", Mode::Warm)]);
    assert!(Story::green(&plan).but(&other, skipped).verdict().is_green());
}

#[test]
fn a_needed_test_without_an_outcome_is_red_unless_something_explains_it() {
    let plan = with(vec![dependency("canaille", Mode::Warm)]);
    let needed = test_step(Tier::Custom, "custom/login.hurl");
    let told: Vec<_> = Story::green(&plan).told();
    let without = told.into_iter().filter(|stamped| match &stamped.event {
        cc_ci_model::event::Event::StepEnded { step, .. } => *step != needed,
        _ => true,
    });
    let evidence = cc_ci_model::evidence::Evidence::fold(&renumbered(without.collect()));
    let verdict = cc_ci_model::verdict::judge(&plan, &evidence);
    assert_eq!((verdict.color, verdict.level), (Color::Red, 3));
    assert!(
        verdict.reasons[0].contains("needed dependency canaille and did not run: nothing says"),
        "{:?}",
        verdict.reasons
    );
    // An earlier failure explains it, and keeps the blame.
    let redeploy = operation(&plan, Tier::Upgrade, Operation::Redeploy);
    let verdict = Story::green(&plan).but(&redeploy, failed(Cause::DeployRefused)).silently().verdict();
    assert_eq!((verdict.blame, verdict.tier(Tier::Custom).unwrap().status), (Some(Blame::Recipe), Status::Unver));
}

#[test]
fn a_needed_test_that_failed_with_a_dead_provider_is_the_dependencys_fault() {
    let plan = with(vec![dependency("canaille", Mode::Warm)]);
    let needed = test_step(Tier::Custom, "custom/login.hurl");
    let blame = |cause| Story::green(&plan).but(&needed, failed(cause)).verdict().blame;
    assert_eq!(blame(Cause::DependencyUnhealthy), Some(Blame::Dependency));
    assert_eq!(blame(Cause::TestFailed), Some(Blame::Recipe));
}

#[test]
fn what_a_dependencys_stack_leaves_is_the_harnesss_fault() {
    let plan = with(vec![dependency("canaille", Mode::Cold)]);
    let left = |name: &str| Story::green(&plan).leaving(Object::new(ObjectKind::Volume, name)).verdict();
    assert_eq!(left("cana-0d0d0d_data").blame, Some(Blame::Harness));
    assert_eq!(left("somebody_data").blame, Some(Blame::Test));
}

#[test]
fn the_summary_names_each_dependency_and_counts_its_tests() {
    let plan = with(vec![dependency("canaille", Mode::Cold)]);
    let line = |story: &Story| {
        let evidence = cc_ci_model::evidence::Evidence::fold(&story.told());
        let view = cc_ci_model::report::ReportView::new(&plan, &evidence, &story.verdict());
        let results = cc_ci_model::report::results::Results::new(&view);
        let counts = (results.dependencies[0].tests_needed, results.dependencies[0].tests_ran);
        (
            cc_ci_model::report::summary::render(&view)
                .lines()
                .find(|line| line.starts_with("dependencies"))
                .unwrap()
                .to_owned(),
            counts,
        )
    };
    let (text, counts) = line(&Story::green(&plan));
    assert_eq!(
        text,
        "dependencies: canaille 1.0.0+0.3.6 (cold, stack cana-0d0d0d, provides oidc, 1 of 1 tests that need it ran)"
    );
    assert_eq!(counts, (1, 1));
    let skipped = Outcome::Skipped { reason: "no provider".to_owned() };
    let (text, counts) = line(&Story::green(&plan).but(&test_step(Tier::Custom, "custom/login.hurl"), skipped));
    assert!(text.ends_with("0 of 1 tests that need it ran)"), "{text}");
    assert_eq!(counts, (1, 0));
}
