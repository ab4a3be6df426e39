//! The RUN SUMMARY of a green, a red, a skip-heavy, an infrastructure and an unfinished run.

use crate::story::*;
use cc_ci_model::event::{BUSY_MACHINE, Event, RunEnd, Stamped, Triage};
use cc_ci_model::evidence::Evidence;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::build::{BackupPromise, Data, PlanFacts, plan};
use cc_ci_model::plan::step::{Check, Operation};
use cc_ci_model::report::life::Life;
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::tier::Tier;
use cc_ci_model::usage::{Moment, ServiceUsage};
use cc_ci_model::verdict::{Color, judge};
use std::collections::BTreeMap;

fn drawn(plan: &Plan, story: &Story) -> String {
    let evidence = Evidence::fold(&story.told());
    summary::render(&ReportView::new(plan, &evidence, &judge(plan, &evidence)))
}

#[test]
fn a_green_run_says_what_was_proven_and_where_the_time_went() {
    let plan = a_plan();
    let moved = check(&plan, Tier::Upgrade, Check::Moved);
    let story =
        Story::green(&plan).but(&moved, Outcome::Passed { note: Some("1.0.0+2.2.6 -> 2.0.0+2.3.4".to_owned()) });
    insta::assert_snapshot!(drawn(&plan, &story), @"
    RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb  (run r1, base: 1.0.0+2.2.6)

    install  pass      2.5 s
    upgrade  pass      4.0 s  1.0.0+2.2.6 -> 2.0.0+2.3.4
    backup   pass      2.4 s
    restore  pass      6.8 s
    custom   pass      1.2 s

    deploy-count = 1 (expect 1, engine saw 1)
    dependencies: none
    level 4 of 5: install pass, upgrade pass, backup_restore pass, functional pass, lint unver
    lint: the record does not say what lint found
    time: verdict after 19.7 s; pulling 1 of 2 images 2.5 s (apart from the tiers); teardown 0.7 s
    slowest: backup/complete 0.4 s, backup/seed 0.4 s, backup/serving 0.4 s, backup/settled 0.4 s
    objects left: none (services 1 -> 1, containers 2 -> 2, networks 4 -> 4, volumes 0 -> 0, secrets 0 -> 0, configs 0 -> 0)
    note: no IPVS here: endpoint_mode dnsrr is added

    GREEN (level 4) after 19.7 s
    ");
}

#[test]
fn a_red_run_leads_with_the_service_that_failed_first() {
    let plan = a_plan();
    let converged = check(&plan, Tier::Upgrade, Check::Converged);
    let finding = Finding::new(Cause::CrashLoop, "exited with 1 twice within 3.1 s").of_service("app");
    let triage = Triage {
        step: converged.clone(),
        service: "app".to_owned(),
        finding: finding.clone().with_details(vec!["2 attempts, each dead after 0.8 s".to_owned()]),
        exit_code: Some(1),
        oom: false,
        health: Some("connection refused\n".to_owned()),
        log: (1..=20).map(|line| format!("line {line}")).collect(),
        then: vec!["web (waiting for app)".to_owned()],
    };
    let story = Story::green(&plan).but(&converged, Outcome::Failed(finding)).triaging(triage);
    insta::assert_snapshot!(drawn(&plan, &story), @"
    RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb  (run r1, base: 1.0.0+2.2.6)

    FIRST TO FAIL  app during upgrade/converged: exited with 1 twice within 3.1 s
      2 attempts, each dead after 0.8 s
      exit code 1
      last health probe: connection refused
      | line 9
      | line 10
      | line 11
      | line 12
      | line 13
      | line 14
      | line 15
      | line 16
      | line 17
      | line 18
      | line 19
      | line 20
      then: web (waiting for app)

    install  pass      2.5 s
    upgrade  fail      1.2 s  upgrade/converged: app: exited with 1 twice within 3.1 s
    backup   unver     0.0 s  not reached: upgrade did not pass
    restore  unver     0.0 s  not reached: upgrade did not pass
    custom   unver     0.0 s  not reached: upgrade did not pass

    deploy-count = 1 (expect 1, engine saw 1)
    dependencies: none
    level 1 of 5: install pass, upgrade fail, backup_restore unver, functional unver, lint unver
    lint: the record does not say what lint found
    time: verdict after 6.5 s; pulling 1 of 2 images 2.5 s (apart from the tiers); teardown 0.7 s
    slowest: install/converged 0.4 s, install/deploy 0.4 s, install/serving 0.4 s, install/stable 0.4 s
    objects left: none (services 1 -> 1, containers 2 -> 2, networks 4 -> 4, volumes 0 -> 0, secrets 0 -> 0, configs 0 -> 0)
    note: no IPVS here: endpoint_mode dnsrr is added

    RED (level 1, blame: recipe) after 6.5 s: upgrade failed: upgrade/converged: app: exited with 1 twice within 3.1 s
    ");
}

#[test]
fn a_run_that_skips_much_names_every_skip() {
    let plan = plan(PlanFacts {
        backup: BackupPromise::Not { reason: "no service carries backup labels".to_owned() },
        data: Data::None,
        stages: [Tier::Install, Tier::Upgrade, Tier::Backup, Tier::Restore].into_iter().collect(),
        tests: BTreeMap::from([(Tier::Upgrade, vec!["upgrade.hurl".to_owned(), "upgrade-oidc.hurl".to_owned()])]),
        notes: Vec::new(),
        ..facts()
    })
    .plan;
    let oidc = plan.tier(Tier::Upgrade).unwrap().steps.iter().find(|step| step.id.as_str().contains("oidc")).unwrap();
    let story = Story::green(&plan).but(&oidc.id, Outcome::Skipped { reason: "no identity provider here".to_owned() });
    insta::assert_snapshot!(drawn(&plan, &story), @"
    RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb  (run r1, base: 1.0.0+2.2.6)

    install  pass      2.5 s
    upgrade  pass      3.2 s  upgrade/upgrade-oidc.hurl skipped: no identity provider here
    backup   skip          -  no service carries backup labels
    restore  skip          -  no service carries backup labels
    custom   skip          -  not among the stages asked for

    deploy-count = 1 (expect 1, engine saw 1)
    dependencies: none
    skipped: backup (does not apply): no service carries backup labels
    skipped: restore (does not apply): no service carries backup labels
    skipped: custom (not asked for): not among the stages asked for
    skipped: upgrade/upgrade-oidc.hurl: no identity provider here
    no level: install pass, upgrade pass, backup_restore skip, functional skip, lint unver
      why no more: custom was not asked for
    lint: the record does not say what lint found
    time: verdict after 8.3 s; pulling 1 of 2 images 2.5 s (apart from the tiers); teardown 0.7 s
    slowest: install/converged 0.4 s, install/deploy 0.4 s, install/serving 0.4 s, install/stable 0.4 s
    objects left: none (services 1 -> 1, containers 2 -> 2, networks 4 -> 4, volumes 0 -> 0, secrets 0 -> 0, configs 0 -> 0)

    GREEN (no level: custom was not asked for) after 8.3 s
    ");
}

#[test]
fn an_infrastructure_failure_is_called_one() {
    let plan = a_plan();
    let snapshot = operation(&plan, Tier::Backup, Operation::Snapshot);
    let full = Finding::new(Cause::DiskFull, "no space left on the disk of the engine");
    let story = Story::green(&plan)
        .but(&snapshot, Outcome::Unverified(full.clone()))
        .ending(RunEnd::Infrastructure { finding: full })
        .leaving(Object::new(ObjectKind::Volume, format!("{}_db", plan.stack)));
    insta::assert_snapshot!(drawn(&plan, &story), @"
    RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb  (run r1, base: 1.0.0+2.2.6)

    install  pass      2.5 s
    upgrade  pass      4.0 s
    backup   unver     1.2 s  backup/snapshot: no space left on the disk of the engine
    restore  unver     0.0 s  not reached: backup did not pass
    custom   unver     0.0 s  not reached: backup did not pass

    deploy-count = 1 (expect 1, engine saw 1)
    dependencies: none
    level 2 of 5: install pass, upgrade pass, backup_restore unver, functional unver, lint unver
    lint: the record does not say what lint found
    time: verdict after 10.5 s; pulling 1 of 2 images 2.5 s (apart from the tiers); teardown 1.7 s
    slowest: backup/seed 0.4 s, backup/settled 0.4 s, backup/snapshot 0.4 s, install/converged 0.4 s
    objects left: volume mini-00dbbe_db (services 1 -> 1, containers 2 -> 2, networks 4 -> 4, volumes 0 -> 0, secrets 0 -> 0, configs 0 -> 0)
    note: no IPVS here: endpoint_mode dnsrr is added
    why not green:
      - no space left on the disk of the engine
      - left behind: volume mini-00dbbe_db
      - backup has no answer: backup/snapshot: no space left on the disk of the engine

    RED (level 2, blame: infrastructure) after 10.5 s: no space left on the disk of the engine
    ");
}

#[test]
fn before_teardown_the_summary_says_what_is_not_known_yet() {
    let plan = a_plan();
    let mut events = Story::green(&plan).told();
    events.truncate(events.iter().position(|stamped| stamped.event == Event::VerdictDue).unwrap() + 1);
    let evidence = Evidence::fold(&events);
    let text = summary::render(&ReportView::new(&plan, &evidence, &judge(&plan, &evidence)));
    let end: Vec<&str> = text.lines().rev().take(5).collect();
    insta::assert_snapshot!(end.join("\n"), @"
    NOT FINISHED, exit code 1: the record has no end: the process of the run died before its teardown; nobody has counted what it leaves behind. So far: GREEN (level 4, before teardown) after 19.7 s

    note: no IPVS here: endpoint_mode dnsrr is added
    objects left: not known, the record ends before teardown; `cc-ci clean` removes what a dead run left
    slowest: backup/complete 0.4 s, backup/seed 0.4 s, backup/serving 0.4 s, backup/settled 0.4 s
    ");
}

/// A green run as its record stands when the last event is the one that `last` chooses.
fn so_far(plan: &Plan, life: Life, last: impl Fn(&Event) -> bool) -> ReportView {
    let mut events = Story::green(plan).told();
    events.truncate(events.iter().position(|stamped| last(&stamped.event)).unwrap() + 1);
    let evidence = Evidence::fold(&events);
    ReportView::new(plan, &evidence, &judge(plan, &evidence)).seen_as(life)
}

fn begins_upgrade(event: &Event) -> bool {
    matches!(event, Event::StepStarted { step } if step.as_str() == "upgrade/converged")
}

#[test]
fn a_run_that_goes_on_says_where_it_is_and_blames_nobody() {
    let plan = a_plan();
    let text = summary::render(&so_far(&plan, Life::Running, begins_upgrade));
    insta::assert_snapshot!(text, @"
    RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb  (run r1, base: 1.0.0+2.2.6)

    install  pass      2.5 s
    upgrade  running         -
    backup   pending         -
    restore  pending         -
    custom   pending         -

    deploys: counted before the verdict
    dependencies: none
    no level before the end
    lint: the record does not say what lint found
    time: no verdict yet; pulling 1 of 2 images 2.5 s (apart from the tiers)
    slowest: install/converged 0.4 s, install/deploy 0.4 s, install/serving 0.4 s, install/stable 0.4 s
    objects left: counted after teardown
    note: no IPVS here: endpoint_mode dnsrr is added

    RUNNING, in upgrade (converged)
    ");
    for words in ["blame", "unver", "fail", "RED", "why not green", "left over"] {
        assert!(!text.contains(words), "{words}: {text}");
    }
}

#[test]
fn where_a_run_is_depends_on_its_life_and_on_how_far_its_record_goes() {
    let plan = a_plan();
    let place = |life, last: fn(&Event) -> bool| so_far(&plan, life, last).whereabouts();
    assert_eq!(place(Life::Running, begins_upgrade).as_deref(), Some("in upgrade (converged)"));
    let planned = |event: &Event| matches!(event, Event::Planned { .. });
    assert_eq!(place(Life::Running, planned).as_deref(), Some("getting ready, or between two tiers"));
    let due = |event: &Event| matches!(event, Event::VerdictDue);
    assert_eq!(place(Life::Running, due).as_deref(), Some("tearing down"));
    assert_eq!(place(Life::Died, begins_upgrade), None);
    // Whoever looked before the last event was written believes the record.
    let ended = so_far(&plan, Life::Running, |event| matches!(event, Event::RunEnded { .. }));
    assert_eq!((ended.life, ended.whereabouts(), ended.unfinished()), (Life::Over, None, None));
}

#[test]
fn a_run_whose_process_is_gone_says_so_and_what_never_came_has_no_answer() {
    let plan = a_plan();
    let view = so_far(&plan, Life::Died, begins_upgrade);
    let headline = summary::headline(&view);
    assert!(
        headline.starts_with("NOT FINISHED, exit code 1: the record has no end: the process of the run died"),
        "{headline}"
    );
    let text = summary::render(&view);
    assert!(text.contains("custom   unver") && text.contains("cc-ci clean"), "{text}");
    let going_on = summary::headline(&so_far(&plan, Life::Running, |event| matches!(event, Event::VerdictDue)));
    assert!(going_on.starts_with("RUNNING, tearing down. So far: GREEN (level 4, before teardown)"), "{going_on}");
}

#[test]
fn objects_that_appeared_beside_the_run_are_told_from_its_own() {
    let plan = a_plan();
    let mut evidence = Evidence::fold(&Story::green(&plan).told());
    evidence.after = Some([1, 4, 4, 1, 0, 0]);
    let text = summary::render(&ReportView::new(&plan, &evidence, &judge(&plan, &evidence)));
    assert!(
        text.contains(
            "  more than before: containers +2, volumes +1; none known to be of this run, so other work on this engine\n"
        ),
        "{text}"
    );
}

#[test]
fn what_head_uses_stands_beside_what_base_used_and_decides_nothing() {
    let plan = a_plan();
    let used = |container: &str, memory| ServiceUsage {
        service: "app".to_owned(),
        containers: vec![container.to_owned()],
        memory: Some(memory),
        start_ms: Some(30_100),
        interval_ms: Some(30_000),
        ..ServiceUsage::default()
    };
    let mut events = Story::green(&plan).told();
    let seen = [(Moment::Base, used("a", 98_000_000)), (Moment::Head, used("b", 143_000_000))];
    for (moment, usage) in seen {
        let at = events.len() - 4;
        let ms = events[at].ms;
        events.insert(at, Stamped { seq: 0, ms, event: Event::Measured { moment, services: vec![usage] } });
    }
    let evidence = Evidence::fold(&renumbered(events));
    let verdict = judge(&plan, &evidence);
    let text = summary::render(&ReportView::new(&plan, &evidence, &verdict));
    assert_eq!(verdict.color, Color::Green, "{:?}", verdict.reasons);
    let expected = "\nbase against head, which decides nothing:\n  app: memory 98.0 MB -> 143.0 MB (+45 %)\n\
                    note: head's `app` uses 143.0 MB of memory, base's 98.0 MB (+45 %)\n\
                    note: the health check of `app` asks every 30.0 s: its 2 starts here took 60.2 s, ";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_busy_machine_is_a_note_and_other_facts_of_the_host_are_none() {
    let plan = a_plan();
    let mut events = Story::green(&plan).told();
    let fact = |name: &str| Event::HostFact { name: name.to_owned(), value: format!("about {name}") };
    for name in [BUSY_MACHINE, "engine"] {
        let (at, ms) = (events.len() - 4, events[events.len() - 4].ms);
        events.insert(at, Stamped { seq: 0, ms, event: fact(name) });
    }
    let evidence = Evidence::fold(&renumbered(events));
    let view = ReportView::new(&plan, &evidence, &judge(&plan, &evidence));
    let text = summary::render(&view);
    assert!(text.contains("\nnote: busy machine: about busy machine\n") && !text.contains("about engine"), "{text}");
}
