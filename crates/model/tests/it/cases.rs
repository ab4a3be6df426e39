//! Test cases of a file: in every output, masked, and never at odds with how the file ended.

use crate::steps::test_step;
use crate::story::*;
use cc_ci_model::event::{Event, Stamped};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::redact::Redactor;
use cc_ci_model::report::results::Results;
use cc_ci_model::report::{ReportView, junit, summary};
use cc_ci_model::testcase::{CaseEnd, TestCase};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, judge};
use std::collections::BTreeMap;

const FILE: &str = "custom/test_feeds.py";

fn a_plan_with_pytest() -> Plan {
    plan(PlanFacts { tests: BTreeMap::from([(Tier::Custom, vec![FILE.to_owned()])]), ..facts() }).plan
}

fn cases() -> Vec<TestCase> {
    let case = |name: &str, end| TestCase { name: name.to_owned(), ms: 40, end };
    let details = vec!["E   assert 'a' == 'b'".to_owned()];
    vec![
        case("test_list", CaseEnd::Passed),
        case("TestFeed::test_add[atom]", CaseEnd::Failed { message: "assert 'a' == 'b'".to_owned(), details }),
        case("test_mail", CaseEnd::Skipped { reason: "no mail here".to_owned() }),
    ]
}

/// The record with the cases said before the step's end.
fn told(plan: &Plan, outcome: Outcome, cases: &[TestCase]) -> Vec<Stamped> {
    let step = test_step(Tier::Custom, FILE);
    let mut events = Story::green(plan).but(&step, outcome).told();
    let at = events.iter().position(|one| matches!(&one.event, Event::StepEnded { step: ended, .. } if *ended == step));
    let at = at.unwrap();
    let ms = events[at].ms;
    events.insert(at, Stamped { seq: 0, ms, event: Event::TestCases { step, cases: cases.to_vec() } });
    renumbered(events)
}

fn view(plan: &Plan, events: &[Stamped]) -> ReportView {
    let evidence = Evidence::fold(events);
    ReportView::new(plan, &evidence, &judge(plan, &evidence))
}

fn failed_file() -> Outcome {
    Outcome::Failed(Finding::new(Cause::TestFailed, format!("{FILE}: 1 passed, 1 failed, 1 skipped")))
}

#[test]
fn every_test_function_is_in_every_output() {
    let plan = a_plan_with_pytest();
    let view = view(&plan, &told(&plan, failed_file(), &cases()));
    let text = summary::render(&view);
    let at = text.find("tests of").unwrap();
    insta::assert_snapshot!(text[at..].lines().take(4).collect::<Vec<_>>().join("\n"), @r"
    tests of custom/custom/test_feeds.py: 1 passed, 1 failed, 1 skipped
      pass  test_list
      fail  TestFeed::test_add[atom]: assert 'a' == 'b'
      skip  test_mail: no mail here
    ");
    let xml = junit::render(&view).unwrap();
    let at = xml.find("<testsuite name=\"custom\"").unwrap();
    insta::assert_snapshot!(xml[at..].lines().take(9).collect::<Vec<_>>().join("\n"), @r#"
    <testsuite name="custom" tests="4" skipped="1" errors="1" failures="1" time="0.403" timestamp="2026-11-23T20:00:18" hostname="localhost">
            <testcase name="test_list" classname="custom/custom/test_feeds.py" time="0.040"/>
            <testcase name="TestFeed::test_add[atom]" classname="custom/custom/test_feeds.py" time="0.040">
                <failure message="assert &apos;a&apos; == &apos;b&apos;" type="fail">E   assert &apos;a&apos; == &apos;b&apos;</failure>
            </testcase>
            <testcase name="test_mail" classname="custom/custom/test_feeds.py" time="0.040">
                <skipped message="no mail here"/>
            </testcase>
            <testcase name="custom/stable" classname="custom" time="0.000">
    "#);
    let results = serde_json::to_value(Results::new(&view)).unwrap();
    let custom = results["stages"].as_array().unwrap().iter().find(|stage| stage["name"] == "custom").unwrap();
    insta::assert_json_snapshot!(custom["tests"][0]["cases"][1], @r#"
    {
      "details": [
        "E   assert 'a' == 'b'"
      ],
      "end": "failed",
      "message": "assert 'a' == 'b'",
      "ms": 40,
      "name": "TestFeed::test_add[atom]"
    }
    "#);
}

#[test]
fn a_file_that_broke_keeps_a_case_of_its_own() {
    let plan = a_plan_with_pytest();
    let broken = Outcome::Failed(Finding::new(Cause::TestBroken, "ended with exit code 0, but"));
    let xml = junit::render(&view(&plan, &told(&plan, broken, &cases()))).unwrap();
    assert!(xml.contains(r#"<testcase name="custom/custom/test_feeds.py""#), "{xml}");
}

#[test]
fn a_file_never_ends_better_than_its_cases() {
    let plan = a_plan_with_pytest();
    for well in [Outcome::Passed { note: None }, Outcome::Skipped { reason: "no".to_owned() }] {
        let events = told(&plan, well, &cases());
        let evidence = Evidence::fold(&events);
        assert_eq!(evidence.flaws, ["step custom/custom/test_feeds.py ended well, but test cases of it failed"]);
        assert_ne!(judge(&plan, &evidence).color, Color::Green);
    }
    let good = &cases()[..1];
    let events = told(&plan, Outcome::Passed { note: None }, good);
    assert_eq!(judge(&plan, &Evidence::fold(&events)).color, Color::Green);
    let mut twice = events.clone();
    let at = twice.iter().position(|one| matches!(one.event, Event::TestCases { .. })).unwrap();
    let again = twice[at].clone();
    twice.insert(at, again);
    assert_ne!(judge(&plan, &Evidence::fold(&renumbered(twice))).color, Color::Green);
}

#[test]
fn secrets_in_names_and_messages_are_masked() {
    let secret = "hunter2hunter2";
    let case = |end| TestCase { name: format!("test[{secret}]"), ms: 1, end };
    let all = vec![
        case(CaseEnd::Failed { message: format!("got {secret}"), details: vec![format!("E {secret}")] }),
        case(CaseEnd::Skipped { reason: secret.to_owned() }),
    ];
    let event = Event::TestCases { step: test_step(Tier::Custom, FILE), cases: all };
    let masked = serde_json::to_string(&redactor(secret).event(event)).unwrap();
    assert!(!masked.contains(secret) && masked.contains("test["), "{masked}");
}

fn redactor(secret: &str) -> Redactor {
    Redactor::new(&[("password".to_owned(), secret.to_owned())])
}
