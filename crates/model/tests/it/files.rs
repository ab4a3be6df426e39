//! The files for programs: results, JUnit, timeline.

use crate::story::*;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{BackupPromise, Data, PlanFacts, plan};
use cc_ci_model::plan::step::Check;
use cc_ci_model::report::results::Results;
use cc_ci_model::report::{ReportView, junit, results, timeline};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::judge;
use std::collections::BTreeMap;

fn view(plan: &Plan, story: &Story) -> ReportView {
    let evidence = Evidence::fold(&story.told());
    ReportView::new(plan, &evidence, &judge(plan, &evidence))
}

/// Two tiers and few steps, so that a whole file fits on a screen.
fn a_small_plan() -> Plan {
    plan(PlanFacts {
        backup: BackupPromise::Not { reason: "no service carries backup labels".to_owned() },
        data: Data::None,
        tests: BTreeMap::from([(Tier::Custom, vec!["custom/login.hurl".to_owned()])]),
        notes: Vec::new(),
        ..facts()
    })
    .plan
}

fn a_small_red_run() -> (Plan, Story) {
    let plan = a_small_plan();
    let serving = check(&plan, Tier::Upgrade, Check::Serving);
    let finding = Finding::new(Cause::NotServing, "expected 200, got 502 for <60 s>")
        .of_service("app")
        .with_details(vec!["GET https://mini.ci.test/ -> 502".to_owned()]);
    let story = Story::green(&plan).but(&serving, Outcome::Failed(finding));
    (plan, story)
}

#[test]
fn results_hold_every_key_of_schema_two_and_come_back_the_same() {
    for (plan, story) in [a_small_red_run(), (a_plan(), Story::green(&a_plan()))] {
        let view = view(&plan, &story);
        let text = results::render(&view).unwrap();
        assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), Results::new(&view));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in [
            "schema",
            "run_id",
            "recipe",
            "version",
            "ref",
            "pr",
            "finished",
            "level",
            "rungs",
            "results",
            "stages",
            "skips",
            "flags",
            "lint",
            "customization",
            "screenshot",
            "summary_card",
            "deploys",
            "timings",
            "blame",
        ] {
            assert!(json.get(key).is_some(), "{key}");
        }
    }
}

#[test]
fn the_results_of_a_red_run_read_so() {
    let (plan, story) = a_small_red_run();
    let mut results = Results::new(&view(&plan, &story));
    results.stages.retain(|stage| stage.name == "upgrade");
    insta::assert_snapshot!(serde_json::to_string_pretty(&results).unwrap(), @r#"
    {
      "schema": 3,
      "run_id": "r1",
      "recipe": "miniflux",
      "version": "2.0.0+2.3.4",
      "ref": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      "pr": 7,
      "started": "2026-11-23T20:00:00Z",
      "finished": "2026-11-23T20:00:07.489Z",
      "program": "0.1.0",
      "verdict": "red",
      "provisional": false,
      "level": 1,
      "level_capped_by": null,
      "rungs": {
        "install": "pass",
        "upgrade": "fail",
        "backup_restore": "skip",
        "functional": "unver",
        "lint": "unver"
      },
      "blame": "recipe",
      "reasons": [
        "upgrade failed: upgrade/serving: app: expected 200, got 502 for <60 s>"
      ],
      "exit_code": 10,
      "results": {
        "install": "pass",
        "upgrade": "fail",
        "backup": "skip",
        "restore": "skip",
        "custom": "unver"
      },
      "stages": [
        {
          "name": "upgrade",
          "status": "fail",
          "note": "upgrade/serving: app: expected 200, got 502 for <60 s>",
          "ms": 1607,
          "tests": [
            {
              "name": "upgrade/redeploy",
              "status": "pass",
              "ms": 400,
              "note": null,
              "finding": null
            },
            {
              "name": "upgrade/converged",
              "status": "pass",
              "ms": 400,
              "note": null,
              "finding": null
            },
            {
              "name": "upgrade/moved",
              "status": "pass",
              "ms": 400,
              "note": null,
              "finding": null
            },
            {
              "name": "upgrade/serving",
              "status": "fail",
              "ms": 400,
              "note": null,
              "finding": {
                "cause": "not-serving",
                "service": "app",
                "summary": "expected 200, got 502 for <60 s>",
                "details": [
                  "GET https://mini.ci.test/ -> 502"
                ]
              }
            },
            {
              "name": "upgrade/housed",
              "status": "unver",
              "ms": 0,
              "note": null,
              "finding": {
                "cause": "not-reached",
                "service": null,
                "summary": "an earlier step did not pass",
                "details": []
              }
            },
            {
              "name": "upgrade/stable",
              "status": "unver",
              "ms": 0,
              "note": null,
              "finding": {
                "cause": "not-reached",
                "service": null,
                "summary": "an earlier step did not pass",
                "details": []
              }
            }
          ]
        }
      ],
      "skips": {
        "intentional": {
          "backup_restore": "no service carries backup labels"
        },
        "unintentional": [
          "functional",
          "lint"
        ]
      },
      "flags": {
        "clean_teardown": true,
        "no_secret_leak": true
      },
      "lint": {
        "status": "unver",
        "detail": "the record does not say what lint found",
        "rules_failed": [],
        "rules_warned": [],
        "compared_with": null,
        "findings": [],
        "unchecked": []
      },
      "customization": null,
      "screenshot": null,
      "summary_card": "card.png",
      "base": {
        "version": "1.0.0+2.2.6",
        "commit": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "reason": "the newest published version older than head"
      },
      "deploys": {
        "expected": 1,
        "count": 1,
        "witness": 1,
        "agreement": "agreed",
        "disagreements": [],
        "list": [
          {
            "stack": "mini-00dbbe",
            "purpose": "base",
            "reason": "every tier needs the app running; deployed at 1.0.0+2.2.6, so that the upgrade needs no deploy of its own"
          }
        ]
      },
      "dependencies": [],
      "timings": {
        "verdict_ms": 6788,
        "total_ms": 7489,
        "pull_ms": 2500,
        "images_pulled": 1,
        "images": 2,
        "tiers": {
          "install": 2507,
          "upgrade": 1607,
          "custom": 3
        },
        "services_ready": {
          "app": 900
        }
      },
      "triage": null,
      "pruned": [],
      "left_behind": [],
      "notes": []
    }
    "#);
}

#[test]
fn before_teardown_the_results_do_not_claim_that_nothing_was_left() {
    let plan = a_plan();
    let events = Story::green(&plan).told();
    let due = events.iter().position(|s| s.event == cc_ci_model::event::Event::VerdictDue).unwrap();
    let evidence = Evidence::fold(&events[..=due]);
    let results = Results::new(&ReportView::new(&plan, &evidence, &judge(&plan, &evidence)));
    assert_eq!((results.flags.clean_teardown, results.flags.no_secret_leak), (None, None));
    assert!(results.provisional);
    // Whoever reads no further than the reasons is told as well, and so is a reader of JUnit.
    assert_eq!((results.exit_code, results.reasons.len()), (1, 1));
    assert!(results.reasons[0].starts_with("the record has no end: "), "{:?}", results.reasons);
    let junit = junit::render(&ReportView::new(&plan, &evidence, &judge(&plan, &evidence))).unwrap();
    assert!(
        junit.contains("failures=\"1\"") && junit.contains("<failure message=\"the record has no end: "),
        "{junit}"
    );
}

#[test]
fn junit_has_a_suite_per_tier_and_a_case_per_step() {
    let (plan, story) = a_small_red_run();
    insta::assert_snapshot!(junit::render(&view(&plan, &story)).unwrap(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="cc-ci miniflux r1" tests="15" skipped="2" failures="2" errors="4" time="6.788">
        <testsuite name="install" tests="4" skipped="0" errors="0" failures="0" time="2.507" timestamp="2026-11-23T20:00:02" hostname="localhost">
            <testcase name="install/deploy" classname="install" time="0.400"/>
            <testcase name="install/converged" classname="install" time="0.400"/>
            <testcase name="install/serving" classname="install" time="0.400"/>
            <testcase name="install/stable" classname="install" time="0.400"/>
        </testsuite>
        <testsuite name="upgrade" tests="6" skipped="0" errors="2" failures="1" time="1.607" timestamp="2026-11-23T20:00:05" hostname="localhost">
            <testcase name="upgrade/redeploy" classname="upgrade" time="0.400"/>
            <testcase name="upgrade/converged" classname="upgrade" time="0.400"/>
            <testcase name="upgrade/moved" classname="upgrade" time="0.400"/>
            <testcase name="upgrade/serving" classname="upgrade" time="0.400">
                <failure message="app: expected 200, got 502 for &lt;60 s&gt;" type="fail">GET https://mini.ci.test/ -&gt; 502</failure>
            </testcase>
            <testcase name="upgrade/housed" classname="upgrade" time="0.000">
                <error message="an earlier step did not pass" type="unver"/>
            </testcase>
            <testcase name="upgrade/stable" classname="upgrade" time="0.000">
                <error message="an earlier step did not pass" type="unver"/>
            </testcase>
        </testsuite>
        <testsuite name="backup" tests="1" skipped="1" errors="0" failures="0" time="0.000" timestamp="2026-11-23T20:00:00" hostname="localhost">
            <testcase name="backup" classname="backup" time="0.000">
                <skipped message="no service carries backup labels"/>
            </testcase>
        </testsuite>
        <testsuite name="restore" tests="1" skipped="1" errors="0" failures="0" time="0.000" timestamp="2026-11-23T20:00:00" hostname="localhost">
            <testcase name="restore" classname="restore" time="0.000">
                <skipped message="no service carries backup labels"/>
            </testcase>
        </testsuite>
        <testsuite name="custom" tests="2" skipped="0" errors="2" failures="0" time="0.003" timestamp="2026-11-23T20:00:06" hostname="localhost">
            <testcase name="custom/custom/login.hurl" classname="custom" time="0.000">
                <error message="an earlier step did not pass" type="unver"/>
            </testcase>
            <testcase name="custom/stable" classname="custom" time="0.000">
                <error message="an earlier step did not pass" type="unver"/>
            </testcase>
        </testsuite>
        <testsuite name="run" tests="1" skipped="0" errors="0" failures="1" time="6.788" timestamp="2026-11-23T20:00:00" hostname="localhost">
            <testcase name="verdict" classname="run" time="0.000">
                <failure message="upgrade failed: upgrade/serving: app: expected 200, got 502 for &lt;60 s&gt;" type="recipe"/>
                <system-out>red, level 1
    deploy-count = 1 (expect 1, engine saw 1)</system-out>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn the_timeline_is_a_trace_in_which_blocks_of_one_row_do_not_overlap() {
    let plan = a_plan();
    let text = timeline::render(&view(&plan, &Story::green(&plan))).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut rows: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    let mut steps = 0;
    for event in trace["traceEvents"].as_array().unwrap() {
        if event["ph"] == "X" {
            let from = event["ts"].as_u64().unwrap();
            rows.entry(event["tid"].as_u64().unwrap()).or_default().push((from, from + event["dur"].as_u64().unwrap()));
            steps += usize::from(event["cat"] == "step");
        }
    }
    assert_eq!(steps, plan.tiers.iter().map(|tier| tier.steps.len()).sum::<usize>());
    for blocks in rows.values_mut() {
        blocks.sort_unstable();
        assert!(blocks.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{blocks:?}");
    }
}

#[test]
fn a_step_that_goes_on_beside_others_gets_a_row_of_its_own() {
    let plan = a_small_plan();
    let mut view = view(&plan, &Story::green(&plan));
    let stable = view.tiers[0].steps.iter_mut().find(|step| step.id.as_str() == "install/stable").unwrap();
    (stable.began_ms, stable.ms) = (Some(2600), Some(5000));
    let text = timeline::render(&view).unwrap();
    let trace: serde_json::Value = serde_json::from_str(&text).unwrap();
    let row = |name: &str| {
        let events = trace["traceEvents"].as_array().unwrap();
        events.iter().find(|event| event["name"] == name).unwrap()["tid"].as_u64().unwrap()
    };
    assert_ne!(row("install/stable"), row("upgrade/redeploy"));
    assert_eq!(row("install/deploy"), row("upgrade/redeploy"));
}
