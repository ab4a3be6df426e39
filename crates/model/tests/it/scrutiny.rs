//! What caps the level, what head softens, and what it leaves to operators (VER-2, ENV-1).

use crate::story::*;
use cc_ci_model::outcome::Cause;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::plan::scrutiny::{AppHas, OperatorWork, Scrutiny, Softened, TreeState};
use cc_ci_model::plan::step::Check;
use cc_ci_model::report::{ReportView, summary};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status, Verdict, judge};
use cc_ci_model::{evidence::Evidence, report::results::Results};
use std::collections::{BTreeMap, BTreeSet};

/// The first line of the verdict, without the time.
fn headline(plan: &Plan, story: &Story) -> String {
    let evidence = Evidence::fold(&story.told());
    let view = ReportView { due_ms: None, ..ReportView::new(plan, &evidence, &judge(plan, &evidence)) };
    summary::headline(&view)
}

fn first_line(facts: PlanFacts) -> String {
    let plan = plan(facts).plan;
    headline(&plan, &Story::green(&plan))
}

fn head(why: NoBase) -> Base {
    Base::Head { reason: "no base".to_owned(), why }
}

fn softened(key: &str, tiers: &[Tier]) -> Scrutiny {
    let one =
        Softened { key: key.to_owned(), tiers: tiers.iter().copied().collect(), words: format!("{key} is softer") };
    Scrutiny { softened: vec![one], ..Scrutiny::default() }
}

#[test]
fn a_run_that_was_not_asked_to_prove_everything_has_no_level() {
    let stages = BTreeSet::from([Tier::Install]);
    let facts = || PlanFacts { stages: stages.clone(), base: head(NoBase::NotAsked), ..facts() };
    insta::assert_snapshot!(first_line(facts()), @"GREEN (no level: upgrade, backup, restore and custom were not asked for)");
    let plan = plan(facts()).plan;
    let broken = Story::green(&plan).but(&check(&plan, Tier::Install, Check::Converged), failed(Cause::NotServing));
    insta::assert_snapshot!(headline(&plan, &broken), @"RED (no level: upgrade, backup, restore and custom were not asked for; blame: recipe): install failed: install/converged: app: it went wrong: NotServing");
    let evidence = Evidence::fold(&Story::green(&plan).told());
    let results = Results::new(&ReportView::new(&plan, &evidence, &judge(&plan, &evidence)));
    assert_eq!(results.level, None);
    let upgrade_only = PlanFacts { base: head(NoBase::NotAsked), ..crate::story::facts() };
    insta::assert_snapshot!(first_line(upgrade_only), @"GREEN (no level: upgrade was not asked for)");
}

#[test]
fn a_work_tree_has_no_level_and_is_shown_as_one() {
    let scrutiny = Scrutiny { state: TreeState::Uncommitted, ..Scrutiny::default() };
    let made = plan(PlanFacts { scrutiny, ..facts() }).plan;
    assert_eq!(made.shown_head(), "bbbbbbbb+U");
    insta::assert_snapshot!(headline(&made, &Story::green(&made)), @"GREEN (no level: the work tree was tested, not a commit)");
    let evidence = Evidence::fold(&Story::green(&made).told());
    let text = summary::render(&ReportView::new(&made, &evidence, &judge(&made, &evidence)));
    assert!(text.starts_with("RUN SUMMARY  miniflux 2.0.0+2.3.4 @ bbbbbbbb+U "), "{text}");
}

#[test]
fn skips_of_the_commit_itself_and_a_lack_of_tags_cap_the_level() {
    let skips = BTreeMap::from([(Tier::Backup, "there is none here".to_owned())]);
    let own = Scrutiny { own_skips: BTreeSet::from([Tier::Backup]), ..Scrutiny::default() };
    let by_commit = PlanFacts { skips: skips.clone(), scrutiny: own, ..facts() };
    insta::assert_snapshot!(first_line(by_commit), @"GREEN (level 2: backup and restore were skipped by the settings of the commit under test)");
    let by_catalogue = PlanFacts { skips, ..facts() };
    insta::assert_snapshot!(first_line(by_catalogue), @"GREEN (level 4)");
    insta::assert_snapshot!(first_line(PlanFacts { base: head(NoBase::NoTags), ..facts() }), @"GREEN (level 1: upgrade was not tried, since no tag publishes a version)");
    insta::assert_snapshot!(first_line(PlanFacts { base: head(NoBase::NothingOlder), ..facts() }), @"GREEN (level 4)");
}

fn status(verdict: &Verdict, tier: Tier) -> Status {
    verdict.tier(tier).unwrap().status
}

#[test]
fn an_answer_that_rests_on_a_softened_setting_is_none() {
    let scrutiny = softened("health.statuses", &[Tier::Upgrade, Tier::Restore]);
    let made = plan(PlanFacts { scrutiny: scrutiny.clone(), ..facts() }).plan;
    let verdict = Story::green(&made).verdict();
    assert_eq!((verdict.color, verdict.level), (Color::Unverified, 1));
    assert_eq!(status(&verdict, Tier::Restore), Status::Unver);
    insta::assert_snapshot!(headline(&made, &Story::green(&made)), @"UNVERIFIED (level 1, blame: recipe): upgrade has no answer: health.statuses is softer");
    // What failed all the same stays failed.
    let broken =
        Story::green(&made).but(&check(&made, Tier::Upgrade, Check::Converged), failed(Cause::NotServing)).verdict();
    assert_eq!(status(&broken, Tier::Upgrade), Status::Fail);
    // Where the app starts at head, its installation is what is softened.
    let at_head = plan(PlanFacts { scrutiny, base: head(NoBase::NothingOlder), ..facts() }).plan;
    let verdict = Story::green(&at_head).verdict();
    assert_eq!((status(&verdict, Tier::Install), status(&verdict, Tier::Upgrade)), (Status::Unver, Status::Skip));
}

#[test]
fn a_skip_that_only_the_commit_under_test_has_is_no_skip() {
    let tiers = [Tier::Backup, Tier::Restore];
    let own_skips = BTreeSet::from([Tier::Backup]);
    let skips = BTreeMap::from([(Tier::Backup, "there is none here".to_owned())]);
    let scrutiny = Scrutiny { own_skips, ..softened("skip.backup", &tiers) };
    let verdict = Story::green(&plan(PlanFacts { skips, scrutiny, ..facts() }).plan).verdict();
    assert_eq!((verdict.color, verdict.level), (Color::Unverified, 2));
    assert_eq!(tiers.map(|tier| status(&verdict, tier)), [Status::Unver; 2]);
}

#[test]
fn a_tier_without_tests_is_skipped_unless_the_commit_under_test_took_them_out() {
    let tests = || BTreeMap::new();
    let verdict = Story::green(&plan(PlanFacts { tests: tests(), ..facts() }).plan).verdict();
    assert_eq!((verdict.color, status(&verdict, Tier::Custom)), (Color::Green, Status::Skip));
    let scrutiny = softened("tests/custom", &[Tier::Custom]);
    let verdict = Story::green(&plan(PlanFacts { tests: tests(), scrutiny, ..facts() }).plan).verdict();
    assert_eq!((verdict.color, status(&verdict, Tier::Custom)), (Color::Unverified, Status::Unver));
}

#[test]
fn an_upgrade_that_failed_says_what_operators_lack() {
    let work = |name: &str, app| OperatorWork { name: name.to_owned(), words: format!("{name} is new"), app };
    let scrutiny = Scrutiny {
        work: vec![
            work("CRON_SECRET", AppHas::Not),
            work("TOKEN", AppHas::Given),
            work("SECRET_X_VERSION", AppHas::Made),
        ],
        ..Scrutiny::default()
    };
    let made = plan(PlanFacts { scrutiny, ..facts() }).plan;
    let notes: Vec<&str> = made.notes.iter().filter_map(|note| note.strip_prefix("work for operators: ")).collect();
    insta::assert_snapshot!(notes.join("\n"), @r"
    CRON_SECRET is new; the app of this run does not have it, as theirs do not
    TOKEN is new; the app of this run has it from `env.upgrade`
    SECRET_X_VERSION is new; it was made before the upgrade of this run
    ");
    assert!(Story::green(&made).verdict().is_green());
    let story = Story::green(&made).but(&check(&made, Tier::Upgrade, Check::Converged), failed(Cause::NotServing));
    let line = headline(&made, &story);
    assert!(
        line.contains(
            "upgrade failed: no app made at base has CRON_SECRET as head's .env.sample has; upgrade/converged"
        ),
        "{line}"
    );
}
