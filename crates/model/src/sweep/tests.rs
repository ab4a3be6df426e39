//! What makes a sweep red, and that its three counts cannot be made to agree by two errors.

use super::guards::SweepCounts;
use super::permits::approve;
use super::plan::{Decision, PlannedProvider, PlannedRecipe, SweepPlan};
use super::report::{SweepEnd, SweepReport};
use super::rows::{ProviderCame, ProviderRow, RanRow, RowEnd, SweepRow};
use crate::exit;
use crate::ids::{RecipeName, RunId, StackName};
use crate::verdict::Color;
use crate::verdict::blame::Blame;
use crate::verdict::budget::{Agreement, BudgetVerdict};

fn recipe(name: &str) -> RecipeName {
    RecipeName::parse(name).unwrap()
}

fn run_id(id: &str) -> RunId {
    RunId::parse(id).unwrap()
}

fn stack(name: &str) -> StackName {
    StackName::observed(name)
}

fn planned(name: &str, decision: Decision) -> PlannedRecipe {
    PlannedRecipe { name: name.to_owned(), version: Some("1.0.0+1".to_owned()), commit: None, decision }
}

fn to_run(name: &str, needs: &[&str]) -> PlannedRecipe {
    let needs = needs.iter().map(|one| recipe(one)).collect();
    planned(name, Decision::Run { why: "no sweep has run it yet".to_owned(), needs })
}

/// Three recipes, of which two need a keeper: R + D = 4.
fn plan() -> SweepPlan {
    SweepPlan {
        sweep: run_id("s1"),
        expect: None,
        jobs: 1,
        recipes: vec![to_run("a", &["keeper"]), to_run("b", &["keeper"]), to_run("c", &[])],
        providers: vec![PlannedProvider {
            recipe: recipe("keeper"),
            version: "2.0.0+1".to_owned(),
            run: run_id("s1-d1"),
            stack: stack("keep-1"),
        }],
    }
}

fn ran(name: &str, given: &[&str]) -> RanRow {
    RanRow {
        run: run_id(&format!("s1-{name}")),
        color: Color::Green,
        level: Some(5),
        blame: None,
        cause: None,
        exit_code: exit::GREEN,
        ms: 12_345,
        promotion: None,
        budget: BudgetVerdict {
            agreement: Agreement::Agreed,
            expected: 1,
            ledger: Some(1),
            witness: Some(1),
            words: Vec::new(),
            blame: None,
        },
        ledger: vec![stack(name)],
        witness: vec![stack(name)],
        given: given.iter().map(|one| recipe(one)).collect(),
        before: None,
    }
}

fn row(plan: &SweepPlan, name: &str, end: RowEnd) -> SweepRow {
    SweepRow::of_run(plan.recipes.iter().find(|one| one.name == name).unwrap(), end)
}

/// A sweep as it should be.
struct Story {
    plan: SweepPlan,
    rows: Vec<SweepRow>,
    provider: ProviderCame,
    end: SweepEnd,
}

impl Story {
    fn good() -> Self {
        let plan = plan();
        let rows = [("a", &["keeper"][..]), ("b", &["keeper"]), ("c", &[])];
        let rows = rows.map(|(name, given)| row(&plan, name, RowEnd::Ran(Box::new(ran(name, given)))));
        let seen = [("keep-1", "s1-d1"), ("a", "s1-a"), ("b", "s1-b"), ("c", "s1-c")];
        let seen = seen.map(|(name, label)| (stack(name), Some(label.to_owned())));
        let counts = SweepCounts { ledger: vec![stack("keep-1")], seen: seen.to_vec(), unbroken: true };
        let end = SweepEnd { counts, began: "2026-11-29T12:00:00Z".to_owned(), ms: 60_000, ..SweepEnd::default() };
        Self { plan, rows: rows.to_vec(), provider: ProviderCame::Up { ms: 5000 }, end }
    }

    fn change(mut self, name: &str, change: impl FnOnce(&mut RanRow)) -> Self {
        let row = self.rows.iter_mut().find(|row| row.name == name).unwrap();
        if let RowEnd::Ran(run) = &mut row.end {
            change(run);
        }
        self
    }

    fn with(mut self, name: &str, end: RowEnd) -> Self {
        self.end.counts.seen.retain(|(stack, _)| stack.as_str() != name);
        let new = row(&self.plan, name, end);
        *self.rows.iter_mut().find(|row| row.name == name).unwrap() = new;
        self
    }

    fn told(self) -> SweepReport {
        let provider = &self.plan.providers[0];
        let row = ProviderRow {
            recipe: provider.recipe.clone(),
            version: provider.version.clone(),
            stack: provider.stack.clone(),
            came: self.provider,
        };
        SweepReport::new(self.plan.clone(), self.rows, vec![row], self.end)
    }
}

fn first(report: &SweepReport) -> String {
    report.reasons().first().map(|reason| reason.what.clone()).unwrap_or_default()
}

fn unver(by: &str) -> RowEnd {
    RowEnd::Unverified { by: recipe(by), why: "its stack keep-1 is gone".to_owned() }
}

#[test]
fn a_sweep_states_r_plus_d_and_holds_as_many_permits() {
    let approved = approve(plan());
    assert_eq!((approved.plan.deploys(), approved.plan.budget()), (4, "3 runs + 1 dependency = 4 deploys".to_owned()));
    let mut permits = approved.permits;
    assert_eq!(permits.take_run("a").map(super::permits::SweptRunPermit::spend), Some("a".to_owned()));
    assert!(permits.take_run("a").is_none() && permits.take_run("keeper").is_none());
    let (purpose, mut spent) = permits.take_provider(&recipe("keeper")).unwrap().spend();
    assert!(permits.take_provider(&recipe("keeper")).is_none());
    let (_, on) = spent.take(&purpose).unwrap().spend();
    assert!(on == stack("keep-1") && spent.take(&purpose).is_none());
}

#[test]
fn three_counts_that_agree_are_green() {
    let report = Story::good().told();
    assert_eq!((report.exit_code(), first(&report)), (exit::GREEN, String::new()), "{}", report.text());
    assert_eq!(report.guards.line(), "deploy-count = 4 (expect 4, engine saw 4)");
    assert_eq!(report.text().lines().last().unwrap(), "GREEN  3 recipes: 3 ran, 0 unchanged");
}

#[test]
fn a_stack_that_a_hook_deployed_is_counted_and_a_strangers_is_only_told() {
    let mut story = Story::good();
    story.end.counts.seen.push((stack("elsewhere"), Some("another-run".to_owned())));
    story.end.counts.seen.push((stack("somebodys"), None));
    let report = story.told();
    assert_eq!((report.exit_code(), report.guards.strangers.len()), (exit::GREEN, 2), "{}", report.text());

    // The run's own witness counted it, so it is ours.
    let mut story = Story::good().change("b", |run| run.witness.push(stack("rogue")));
    story.end.counts.seen.push((stack("rogue"), None));
    let report = story.told();
    assert_eq!((report.exit_code(), report.guards.witness), (exit::RED, 5), "{}", report.text());
    assert!(first(&report).contains("saw stack rogue being created, no ledger has it"), "{}", report.text());

    // It borrowed a label of the sweep.
    for label in ["s1", "s1-d1", "s1-b"] {
        let mut story = Story::good();
        story.end.counts.seen.push((stack("rogue"), Some(label.to_owned())));
        assert_eq!(story.told().exit_code(), exit::RED, "{label}");
    }
    let mut story = Story::good();
    story.end.counts.seen.push((stack("rogue"), Some("s10-1".to_owned())));
    assert_eq!(story.told().exit_code(), exit::GREEN, "another sweep's name only begins alike");
}

#[test]
fn two_errors_do_not_make_a_right_sum() {
    // A provider that was deployed twice, and a run that was not seen.
    let mut story = Story::good();
    story.end.counts.seen[1] = (stack("keep-1"), Some("s1-d1".to_owned()));
    let report = story.told();
    assert_eq!((report.guards.witness, report.guards.ledger, report.guards.planned), (4, 4, 4));
    assert_eq!((report.guards.agreement, report.exit_code()), (Agreement::Disagreed, exit::RED));
    // A run that deployed its own keeper, and another that deployed nothing.
    let twice = |run: &mut RanRow| {
        run.budget.expected = 2;
        run.ledger.push(stack("keep-2"));
        run.witness.push(stack("keep-2"));
    };
    let mut story = Story::good().change("a", twice).change("b", |run| {
        run.ledger.clear();
        run.witness.clear();
    });
    story.end.counts.seen[2] = (stack("keep-2"), Some("s1-a".to_owned()));
    let report = story.told();
    assert_eq!(
        (report.guards.line(), report.exit_code()),
        ("deploy-count = 4 (expect 4, engine saw 4)".to_owned(), exit::RED)
    );
    assert!(first(&report).contains("its plan holds 2 permits, one was lent"), "{}", report.text());
}

#[test]
fn a_deploy_that_no_ledger_has_and_a_witness_that_looked_away_are_red() {
    let mut story = Story::good();
    story.end.counts.ledger.clear();
    let report = story.told();
    assert_eq!(report.exit_code(), exit::RED);
    assert!(report.guards.words.contains(&"1 deploy missing from the ledgers".to_owned()), "{}", report.text());
    let mut story = Story::good();
    story.end.counts.unbroken = false;
    assert_eq!(story.told().exit_code(), exit::RED);
}

#[test]
fn dependants_of_a_dead_provider_have_no_answer_and_no_deploy_makes_up_for_it() {
    let mut story = Story::good().with("b", unver("keeper"));
    story.provider = ProviderCame::Died { ms: 5000, why: "its stack keep-1 is gone".to_owned() };
    let report = story.told();
    assert_eq!((report.exit_code(), report.guards.agreement), (exit::RED, Agreement::Unknown), "{}", report.text());
    assert_eq!(first(&report), "keeper died: its stack keep-1 is gone");
    assert!(
        report
            .text()
            .contains("b                        1.0.0+1          unver (blame: dependency): keeper: its stack")
    );
    assert_eq!(report.guards.line(), "deploy-count = 3 (expect 4, engine saw 3)");
}

#[test]
fn a_provider_that_did_not_come_up_or_that_nobody_used_is_named_first() {
    let mut story = Story::good().with("a", unver("keeper")).with("b", unver("keeper"));
    story.end.counts.ledger.clear();
    story.end.counts.seen.retain(|(stack, _)| stack.as_str() != "keep-1");
    let why = "image `keeper:9` cannot be pulled".to_owned();
    story.provider = ProviderCame::NotUp { why, exit_code: exit::INFRASTRUCTURE, deployed: false };
    let report = story.told();
    assert_eq!((report.exit_code(), report.guards.agreement), (exit::RED, Agreement::Unknown), "{}", report.text());
    assert_eq!(first(&report), "keeper did not come up: image `keeper:9` cannot be pulled");

    let refused = || RowEnd::NotBegun { why: "the policy forbids it".to_owned(), exit_code: exit::REFUSED };
    let report = Story::good().with("a", refused()).with("b", refused()).told();
    assert_eq!(first(&report), "keeper was brought up, and no run used it");
    assert_eq!(report.exit_code(), exit::RED);
}

#[test]
fn nothing_found_too_few_and_nothing_learnt_are_red() {
    let empty = |recipes: Vec<PlannedRecipe>, expect: Option<usize>| {
        let plan = SweepPlan { recipes, providers: Vec::new(), expect, ..plan() };
        let end = SweepEnd { counts: SweepCounts { unbroken: true, ..SweepCounts::default() }, ..SweepEnd::default() };
        SweepReport::new(plan, Vec::new(), Vec::new(), end)
    };
    let none = empty(Vec::new(), None);
    assert_eq!((none.exit_code(), first(&none)), (exit::RED, "no recipe was found".to_owned()));
    let same = || planned("a", Decision::Unchanged { run: run_id("r1"), at: "then".to_owned(), level: Some(4) });
    let skip = || planned("b", Decision::Skipped { why: "no version is published".to_owned() });
    let lost = || planned("c", Decision::Unaccounted { why: "no such recipe".to_owned(), exit_code: 21 });
    let unchanged = empty(vec![same(), skip()], None);
    assert_eq!((unchanged.exit_code(), unchanged.unchanged()), (exit::GREEN, 1), "{}", unchanged.text());
    let too_few = empty(vec![same(), skip()], Some(2));
    assert_eq!((too_few.exit_code(), first(&too_few)), (exit::RED, "2 recipes expected, 1 with an answer".to_owned()));
    let skipped = empty(vec![skip()], None);
    assert_eq!(
        (skipped.exit_code(), first(&skipped)),
        (exit::RED, "nothing was learnt: 1 recipe, all skipped".to_owned())
    );
    let unaccounted = empty(vec![same(), lost()], None);
    assert_eq!(
        (unaccounted.exit_code(), first(&unaccounted)),
        (exit::RED, "c is unaccounted for: no such recipe".to_owned())
    );
}

#[test]
fn a_red_run_gives_its_cause_and_a_machine_that_gave_out_its_own_code() {
    let red = |code: u8, color: Color, blame: Blame| {
        Story::good()
            .change("c", |run| {
                (run.color, run.blame, run.exit_code) = (color, Some(blame), code);
                run.cause = Some("upgrade failed: a row is gone".to_owned());
            })
            .told()
    };
    let report = red(exit::RED, Color::Red, Blame::Recipe);
    assert_eq!(first(&report), "c is red (blame: recipe): upgrade failed: a row is gone");
    assert_eq!(report.exit_code(), exit::RED);
    assert_eq!(red(exit::INFRASTRUCTURE, Color::Unverified, Blame::Infrastructure).exit_code(), exit::INFRASTRUCTURE);
    let left = SweepEnd { left: vec!["volume keep-1_data".to_owned()], ..Story::good().end };
    let report = Story { end: left, ..Story::good() }.told();
    assert_eq!(
        (report.exit_code(), first(&report)),
        (exit::INFRASTRUCTURE, "1 object left behind: volume keep-1_data".to_owned())
    );
}

#[test]
fn an_end_by_a_signal_has_the_code_of_that_and_says_what_was_not_reached() {
    let mut story = Story::good().with("c", RowEnd::NotReached);
    story.end.ended_by = Some("SIGTERM".to_owned());
    let report = story.told();
    assert_eq!(report.exit_code(), exit::SIGNALLED);
    assert!(
        report.text().ends_with("NOT FINISHED  3 recipes: 2 ran, 0 unchanged, then SIGTERM ended it\n"),
        "{}",
        report.text()
    );
}

#[test]
fn the_very_same_with_another_verdict_is_flaky_and_another_level_is_told() {
    use super::facts::{ANSWER_FORMAT, AnswerFacts, LastAnswer};
    let last = LastAnswer {
        format: ANSWER_FORMAT,
        recipe: recipe("c"),
        version: "0.9.0+1".to_owned(),
        commit: crate::ids::Commit::parse(&"c".repeat(40)).unwrap(),
        run: run_id("r0"),
        sweep: run_id("s0"),
        at: "2026-11-22T12:00:00Z".to_owned(),
        color: Color::Red,
        level: Some(1),
        exit_code: exit::RED,
        ms: 1,
        facts: AnswerFacts::default(),
    };
    let report = Story::good().change("c", |run| *run = run.clone().after(Some(&last), |_| true)).told();
    let (_, run) = report.ran().last().unwrap();
    assert!(run.is_flaky() && run.changed().is_some());
    assert!(report.text().contains("; was red, level 1 at 0.9.0+1, of the very same: flaky"), "{}", report.text());
    let json = serde_json::to_value(report.document()).unwrap();
    assert_eq!(
        (&json["flaky"][0], &json["changed"][0], &json["guards"]["witness"]),
        (&"c".into(), &"c".into(), &4.into())
    );
    assert_eq!((&json["answers"][0]["end"], &json["brought_up"][0]["came"]), (&"ran".into(), &"up".into()));
}
