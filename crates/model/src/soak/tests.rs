//! Many made-up runs: what is flaky is called so, and nothing is green that was not.

use super::rate::{Steadiness, rates};
use super::report::{NotBegun, SoakPlan, SoakReport};
use super::*;
use crate::ids::RecipeName;

fn step(what: &str) -> StepId {
    StepId::new(Tier::Custom, what)
}

fn failed(why: &str) -> CheckSeen {
    CheckSeen::Failed { why: why.to_owned() }
}

/// A green run, in which the recipe's own test took so long.
fn green(number: u32) -> ObservedRun {
    ObservedRun {
        number,
        run: RunId::parse(&format!("soak-{number}")).unwrap(),
        color: Color::Green,
        blame: None,
        cause: None,
        exit_code: 0,
        base: None,
        budget: BudgetVerdict {
            agreement: Agreement::Agreed,
            expected: 1,
            ledger: Some(1),
            witness: Some(1),
            words: Vec::new(),
            blame: None,
        },
        checks: vec![
            (CheckName::Tier(Tier::Custom), CheckSeen::Passed),
            (CheckName::Step(step("order.sh")), CheckSeen::Passed),
            (CheckName::Step(step("pay.sh")), CheckSeen::Passed),
            (CheckName::Budget, CheckSeen::Passed),
        ],
        times: vec![
            (TimedName::Verdict, 10_000 + u64::from(number) * 100),
            (TimedName::Step(step("order.sh")), u64::from(number)),
        ],
    }
}

/// The same with a test that fails.
fn red(number: u32) -> ObservedRun {
    let why = "order.sh: exit code 1";
    let checks = vec![
        (CheckName::Tier(Tier::Custom), failed(why)),
        (CheckName::Step(step("order.sh")), failed(why)),
        (CheckName::Step(step("pay.sh")), CheckSeen::NotReached),
        (CheckName::Budget, CheckSeen::Passed),
    ];
    ObservedRun {
        color: Color::Red,
        blame: Some(Blame::Recipe),
        cause: Some(format!("custom failed: {why}")),
        exit_code: 10,
        checks,
        times: Vec::new(),
        ..green(number)
    }
}

fn report(asked: u32, runs: Vec<ObservedRun>) -> SoakReport {
    let plan = SoakPlan {
        recipe: RecipeName::parse("shop").unwrap(),
        head: Commit::parse(&"a".repeat(40)).unwrap(),
        base: Some("1.0.0+1".to_owned()),
        runs: asked,
        jobs: 1,
        deploys_each: 1,
    };
    SoakReport::new(plan, runs, None, None)
}

fn last_line(report: &SoakReport) -> String {
    report.text().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn runs_that_are_all_green_are_green() {
    let report = report(3, vec![green(2), green(1), green(3)]);
    assert_eq!((report.exit_code(), last_line(&report).as_str()), (0, "GREEN  3 of 3 runs are green"));
    let numbers: Vec<u32> = report.runs.iter().map(|run| run.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let band = &report.noise[0];
    assert_eq!((&band.what, band.runs, band.figure.median_ms), (&TimedName::Verdict, 3, 10_200));
}

#[test]
fn a_check_with_two_answers_is_flaky_and_what_it_kept_from_being_reached_is_not() {
    let runs: Vec<ObservedRun> = (1..=10).map(|number| if number == 7 { red(number) } else { green(number) }).collect();
    let report = report(10, runs);
    let flaky: Vec<String> = report.flaky().map(|rate| rate.check.to_string()).collect();
    assert_eq!(flaky, ["tier custom", "custom/order.sh"]);
    assert_eq!(report.exit_code(), 10);
    insta::assert_snapshot!(report.text(), @r"
    soak shop @ aaaaaaaa: 10 runs, each from 1.0.0+1
    10 runs x 1 deploy = 10 deploys

    runs that are not green
       7 of 10  red (blame: recipe): custom failed: order.sh: exit code 1  (run soak-7)

                                          pass  fail  skip  none unreached
    tier custom                              9     1     0     0         0  FLAKY in run 7: order.sh: exit code 1
    custom/order.sh                          9     1     0     0         0  FLAKY in run 7: order.sh: exit code 1
    2 more checks passed in every run that reached them

    how long what passed took                         runs     least    median      most
    to the verdict                                       9    10.1 s    10.5 s    11.0 s

    deploy-count = 10 (expect 10, engine saw 10) in 10 runs, as stated: 10

    FLAKY  1 of 10 runs are not green: custom/order.sh (1 of 10 fail)
    ");
}

#[test]
fn a_check_that_always_fails_is_red_and_not_flaky() {
    let report = report(2, vec![red(1), red(2)]);
    assert_eq!(report.flaky().count(), 0);
    assert_eq!(last_line(&report), "RED  2 of 2 runs are not green: custom failed: order.sh: exit code 1");
    assert_eq!(report.exit_code(), 10);
}

#[test]
fn a_skip_beside_a_pass_is_another_answer() {
    let mut odd = green(2);
    odd.checks[1].1 = CheckSeen::Skipped;
    let rates = rates(&[green(1), odd]);
    assert_eq!(rates[1].steadiness, Steadiness::Flaky);
    assert_eq!((rates[1].passed, rates[1].skipped), (1, 1));
}

#[test]
fn a_machine_that_gave_out_makes_no_check_flaky_and_no_soak_green() {
    let mut lost = green(2);
    (lost.color, lost.blame, lost.exit_code) = (Color::Unverified, Some(Blame::Infrastructure), 11);
    lost.cause = Some("the engine stopped answering".to_owned());
    lost.checks[1].1 = CheckSeen::Silent { why: "the engine stopped answering".to_owned() };
    let report = report(2, vec![green(1), lost]);
    assert_eq!((report.flaky().count(), report.exit_code()), (0, 11));
    assert_eq!(last_line(&report), "NOT GREEN  1 of 2 runs are not green: the engine stopped answering");
    assert!(report.text().contains("passes in run 2: the engine stopped answering"), "{}", report.text());
}

#[test]
fn runs_that_were_not_made_are_not_green() {
    let missing = report(3, vec![green(1), green(2)]);
    assert_eq!((missing.exit_code(), missing.is_whole()), (1, false));
    assert_eq!(last_line(&missing), "NOT FINISHED  2 of 3 runs were made. GREEN  2 of 2 runs are green");
    let ended = SoakReport { ended_by: Some("SIGTERM".to_owned()), ..report(3, vec![green(1)]) };
    assert_eq!(ended.exit_code(), 143);
    let refused = NotBegun { number: 2, why: "no space".to_owned(), exit_code: 11 };
    let refused = SoakReport { not_begun: Some(refused), ..report(3, vec![green(1)]) };
    assert_eq!(refused.exit_code(), 11);
    assert!(last_line(&refused).starts_with("NOT FINISHED  1 of 3 runs were made; run 2 could not begin: no space. "));
}

#[test]
fn green_runs_at_other_bases_or_with_other_deploys_than_stated_are_not_what_was_asked_for() {
    let mut elsewhere = green(2);
    elsewhere.base = Some(Commit::parse(&"b".repeat(40)).unwrap());
    let report = report(2, vec![green(1), elsewhere]);
    assert_eq!((report.exit_code(), report.has_one_base()), (10, false));
    let mut more = green(2);
    (more.budget.expected, more.budget.ledger, more.budget.witness) = (2, Some(2), Some(2));
    let report = super::tests::report(2, vec![green(1), more]);
    assert_eq!((report.exit_code(), report.keeps_its_budget()), (10, false));
    assert!(report.text().contains("deploy-count = 3 (expect 3, engine saw 3) in 2 runs, NOT as stated: 2"));
}
