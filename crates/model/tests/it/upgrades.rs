//! Upgrades from several versions: which are chosen, what their runs may deploy, and what they come to together.

use crate::series_story::{from, plan_from};
use crate::story::*;
use cc_ci_model::event::RunEnd;
use cc_ci_model::exit;
use cc_ci_model::ids::{Commit, StackName};
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::step::{Check, Operation};
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::choose::{FromCandidates, FromWish, MOST_UNASKED, choose};
use cc_ci_model::upgrades::count::SeenStack;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_recipe::version::{Publications, Tag, TagKind, published};
use std::collections::BTreeSet;

fn hex(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// Tags with their commits: behind head, at head, on another branch, and one that deploys the same as head.
fn tags() -> Publications {
    let tag = |name: &str, kind, digit| Tag { name: name.to_owned(), kind, commit: hex(digit) };
    published(&[
        tag("1.0.0+1", TagKind::Annotated, '1'),
        tag("1.1.0+1", TagKind::Annotated, '2'),
        tag("1.1.1+1", TagKind::Lightweight, '3'),
        tag("1.2.0+1", TagKind::Annotated, '4'),
        tag("1.3.0+1", TagKind::Annotated, '5'),
        tag("1.3.1+1", TagKind::Annotated, '6'),
        tag("1.0.1+1", TagKind::Annotated, '2'),
        tag("2.0.0+2", TagKind::Annotated, 'b'),
        tag("nightly", TagKind::Annotated, '7'),
    ])
}

fn chosen(wish: &str) -> String {
    let published = tags();
    let head = Commit::parse(&hex('b')).unwrap();
    let behind = ["1.0.0+1", "1.0.1+1", "1.1.0+1", "1.1.1+1", "1.2.0+1", "1.3.1+1", "2.0.0+2"];
    let behind: BTreeSet<String> = behind.map(str::to_owned).into();
    let same = BTreeSet::from([Commit::parse(&hex('6')).unwrap()]);
    let candidates = FromCandidates { head: &head, published: &published, behind: &behind, same: &same };
    match choose(&wish.parse::<FromWish>().unwrap(), &candidates) {
        Ok(chosen) => {
            let names = chosen.versions.iter().map(|one| match &one.remark {
                Some(remark) => format!("{} ({remark})", one.version),
                None => one.version.clone(),
            });
            let out = chosen.left_out.iter().map(|one| format!("not {}: {}", one.version, one.why));
            let rest = (chosen.not_asked > 0).then(|| format!("{} more", chosen.not_asked));
            names.chain(out).chain(rest).collect::<Vec<_>>().join("\n")
        }
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}"));
            format!("{error}{}", hint.unwrap_or_default())
        }
    }
}

#[test]
fn all_are_those_that_operators_of_this_line_may_run() {
    insta::assert_snapshot!(chosen("all"), @r"
    1.2.0+1
    1.1.0+1
    1.0.0+1
    not 2.0.0+2: is head itself
    not 1.3.1+1: deploys exactly what head does
    not 1.3.0+1: does not come before head
    not 1.1.1+1: is a lightweight tag, which abra does not take for a version
    not 1.0.1+1: is the commit of 1.1.0+1
    ");
    insta::assert_snapshot!(chosen("last:2"), @r"
    1.2.0+1
    1.1.0+1
    not 2.0.0+2: is head itself
    not 1.3.1+1: deploys exactly what head does
    not 1.3.0+1: does not come before head
    not 1.1.1+1: is a lightweight tag, which abra does not take for a version
    not 1.0.1+1: is the commit of 1.1.0+1
    1 more
    ");
}

#[test]
fn named_ones_are_taken_at_their_word_and_others_are_an_error() {
    insta::assert_snapshot!(chosen("1.0.0+1, 1.3.0+1,1.1.1+1,1.3.1+1"), @r"
    1.3.1+1 (deploys exactly what head does)
    1.3.0+1 (does not come before head)
    1.1.1+1 (is a lightweight tag, which abra does not take for a version)
    1.0.0+1
    ");
    insta::assert_snapshot!([chosen("1.0.0+2"), chosen("nightly"), chosen("1.0.0+1,2.0.0+2")].join("\n"), @r"
    `1.0.0+2` is no published version of the recipe: newest first, they are 2.0.0+2, 1.3.1+1, 1.3.0+1, 1.2.0+1, 1.1.1+1, …
    hint: did you mean `1.0.0+1`?
    `nightly` is no published version of the recipe: it is a tag, but it has no `+` with the upstream version
    `2.0.0+2` is the commit under test itself: there is nothing to upgrade from
    hint: name older versions
    ");
}

#[test]
fn more_than_a_few_have_to_be_asked_for_by_their_number() {
    let head = Commit::parse(&hex('b')).unwrap();
    let many = |count: usize| {
        let tag =
            |at: usize| Tag { name: format!("1.{at}.0+1"), kind: TagKind::Annotated, commit: format!("{at:040x}") };
        published(&(1..=count).map(tag).collect::<Vec<_>>())
    };
    let chosen = |count: usize, wish: FromWish| {
        let published = many(count);
        let behind = published.versions.iter().map(|one| one.tag.clone()).collect();
        let same = BTreeSet::new();
        let candidates = FromCandidates { head: &head, published: &published, behind: &behind, same: &same };
        choose(&wish, &candidates).map(|chosen| (chosen.versions.len(), chosen.not_asked))
    };
    assert_eq!(chosen(MOST_UNASKED, FromWish::All).unwrap(), (MOST_UNASKED, 0));
    let error = chosen(60, FromWish::All).unwrap_err();
    insta::assert_snapshot!(format!("{error}\nhint: {}", error.hint().unwrap()), @r"
    head descends from 60 published versions: that is 60 runs, and as many deploys at least
    hint: `--from last:10` takes the newest 10, `--from last:60` all of them; or name them
    ");
    assert_eq!(chosen(60, FromWish::Last(60)).unwrap(), (60, 0));
    assert_eq!(chosen(60, FromWish::Last(12)).unwrap(), (12, 48));
    assert_eq!(chosen(3, FromWish::Last(12)).unwrap(), (3, 0));
    let none = chosen(0, FromWish::All).unwrap_err().to_string();
    assert_eq!(none, "no published version comes before head: there is nothing to upgrade from");
}

#[test]
fn a_plan_states_every_deploy_by_its_stack() {
    let tale = from(&["1.2.0+2.2.7", "!1.1.0+2.2.6", "1.0.0+2.2.6"]);
    assert_eq!((tale.plan().deploys(), tale.plan().runs(), tale.approved.permits.len()), (2, 2, 2));
    insta::assert_snapshot!(tale.plan().text(), @r"
    recipe   miniflux at bbbbbbbb (2.0.0+2.3.4)
    from     3 published versions
    deploys  2 in 2 runs, one after the other
             mini-6c0bfa at 1.2.0+2.2.7: every tier needs the app running; deployed at 1.2.0+2.2.7, so that the upgrade needs no deploy of its own
             mini-3f7e4d at 1.0.0+2.2.6: every tier needs the app running; deployed at 1.0.0+2.2.6, so that the upgrade needs no deploy of its own
    runs     1.2.0+2.2.7 (11111111): install, upgrade, backup, restore, custom; run s1-1
             1.1.0+2.2.6 (22222222): no run can begin: the base is not usable: cannot read compose.yml
             1.0.0+2.2.6 (33333333): install, upgrade, custom; run s1-3
    notes    1.9.0+2.3.0 is left out: it does not come before head
    each     one run is planned in full by `cc-ci plan --base VERSION`
    ");
}

#[test]
fn a_permit_covers_the_run_that_was_stated_and_no_other() {
    let mut tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let permit = tale.approved.permits.remove(0);
    assert_eq!(permit.covers(&tale.plans[0]), Ok(()));
    let other = |change: fn(&mut Plan)| {
        let mut plan = plan_from("1.2.0+2.2.7", 1);
        change(&mut plan);
        permit.covers(&plan).unwrap_err()
    };
    let all = [
        permit.covers(&tale.plans[1]).unwrap_err(),
        other(|plan| plan.head = Commit::parse(&hex('c')).unwrap()),
        other(|plan| plan.base = plan_from("1.0.0+2.2.6", 2).base),
        other(|plan| plan.permits.push(plan.permits[0].clone())),
        other(|plan| plan.permits.clear()),
        other(|plan| plan.stack = StackName::observed("other-abc123")),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    the run is not the one that was stated beforehand: it was lent to run s1-1
    the run is not the one that was stated beforehand: it upgrades to cccccccc, and bbbbbbbb was stated
    the run is not the one that was stated beforehand: it begins at 22222222, and 11111111 was stated
    the run is not the one that was stated beforehand: it deploys mini-6c0bfa (base), mini-6c0bfa (base), and mini-6c0bfa (base) was stated
    the run is not the one that was stated beforehand: it deploys nothing, and mini-6c0bfa (base) was stated
    the run is not the one that was stated beforehand: it deploys other-abc123 (base), and mini-6c0bfa (base) was stated
    ");
}

/// The run loses a row at the upgrade.
fn loses(plan: &Plan, story: Story) -> Story {
    let markers = check(plan, Tier::Upgrade, Check::Markers);
    story.but(&markers, cc_ci_model::outcome::Outcome::Failed(Finding::new(Cause::DataLost, "a row of db is gone")))
}

/// Its base does not come up.
fn base_is_broken(plan: &Plan, story: Story) -> Story {
    let converged = check(plan, Tier::Install, Check::Converged);
    story.but(&converged, failed(Cause::ImageMissing)).counting(|_| {})
}

#[test]
fn green_is_an_upgrade_that_works_from_every_version_within_what_was_stated() {
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let report = tale.report(&[tale.green(1), tale.green(0)], &tale.seen());
    assert_eq!((report.color, report.exit_code()), (Color::Green, exit::GREEN));
    insta::assert_snapshot!(report.text(), @r"
    GREEN  the upgrade works from 2 of 2 versions

    miniflux at bbbbbbbb (2.0.0+2.3.4), from
                    install  upgrade  backup   restore  custom     verdict  answer
      1.2.0+2.2.7   pass     pass     pass     pass     pass        19.7 s  pass
      1.0.0+2.2.6   pass     pass     -        -        pass        10.4 s  pass

    - was not looked at from that version; --stages names what is looked at from every one
    1.9.0+2.3.0 was left out: it does not come before head
    level 4 in the run from 1.2.0+2.2.7; the series has none of its own
    deploy-count = 2 (expect 2, engine saw 2) in 2 runs
    ");
}

#[test]
fn one_version_that_loses_data_makes_it_red_by_its_name_though_the_newest_is_green() {
    let tale = from(&["1.2.0+2.2.7", "1.1.0+2.2.6", "1.0.0+2.2.6"]);
    let tried = [tale.green(0), tale.green(1), tale.tried(2, loses)];
    let report = tale.report(&tried, &tale.seen());
    assert_eq!((report.color, report.exit_code()), (Color::Red, exit::RED));
    insta::assert_snapshot!(report.text(), @r"
    RED  the upgrade from 1.0.0+2.2.6 fails: upgrade failed: upgrade/markers: a row of db is gone (blame: recipe)

    miniflux at bbbbbbbb (2.0.0+2.3.4), from
                    install  upgrade  backup   restore  custom     verdict  answer
      1.2.0+2.2.7   pass     pass     pass     pass     pass        19.7 s  pass
      1.1.0+2.2.6   pass     pass     -        -        pass        10.4 s  pass
      1.0.0+2.2.6   pass     FAIL     -        -        unver        7.6 s  FAIL  upgrade failed: upgrade/markers: a row of db is gone (blame: recipe)

    - was not looked at from that version; --stages names what is looked at from every one
    1.9.0+2.3.0 was left out: it does not come before head
    level 4 in the run from 1.2.0+2.2.7; the series has none of its own
    deploy-count = 3 (expect 3, engine saw 3) in 3 runs
    ");
}

#[test]
fn a_version_that_does_not_come_up_any_more_is_no_fault_of_head_and_no_green_either() {
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let report = tale.report(&[tale.green(0), tale.tried(1, base_is_broken)], &tale.seen());
    assert_eq!((report.color, report.exit_code()), (Color::Unverified, exit::RED));
    insta::assert_snapshot!(report.text(), @r"
    UNVERIFIED  1 of 2 versions were tested; 1.0.0+2.2.6 has no answer: install failed: install/converged: app: it went wrong: ImageMissing (blame: base)

    miniflux at bbbbbbbb (2.0.0+2.3.4), from
                    install  upgrade  backup   restore  custom     verdict  answer
      1.2.0+2.2.7   pass     pass     pass     pass     pass        19.7 s  pass
      1.0.0+2.2.6   FAIL     unver    -        -        unver        4.4 s  unver  install failed: install/converged: app: it went wrong: ImageMissing (blame: base)

    - was not looked at from that version; --stages names what is looked at from every one
    1.9.0+2.3.0 was left out: it does not come before head
    level 4 in the run from 1.2.0+2.2.7; the series has none of its own
    deploy-count = 2 (expect 2, engine saw 2) in 2 runs
    ");
    // One at which no run can begin, likewise, with the code that says so.
    let tale = from(&["1.2.0+2.2.7", "!1.0.0+2.2.6"]);
    let report = tale.report(&[tale.green(0)], &tale.seen());
    assert_eq!(
        (report.color, report.exit_code(), report.counts.agreement),
        (Color::Unverified, exit::BAD_RECIPE, Agreement::Agreed)
    );
    insta::assert_snapshot!(report.headline(), @"UNVERIFIED  1 of 2 versions were tested; 1.0.0+2.2.6 has no answer: the base is not usable: cannot read compose.yml (blame: base)");
    // A version that fails outweighs one without an answer, and both are said.
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let report = tale.report(&[tale.tried(0, loses), tale.tried(1, base_is_broken)], &tale.seen());
    insta::assert_snapshot!(report.headline(), @"RED  1 of 2 versions were tested; the upgrade from 1.2.0+2.2.7 fails: upgrade failed: upgrade/markers: a row of db is gone (blame: recipe)");
}

#[test]
fn a_test_of_head_that_an_old_version_cannot_pass_says_nothing_about_the_upgrade() {
    let tale = from(&["1.2.0+2.2.7"]);
    let serving = |plan: &Plan| check(plan, Tier::Install, Check::Serving);
    let tried = tale.tried(0, |plan, story| story.but(&serving(plan), failed(Cause::NotServing)));
    assert!(!tried.answer.says_something(), "{:?}", tried.answer);
    let custom = tale.tried(0, |plan, story| {
        let step = plan.tier(Tier::Custom).unwrap().steps[0].id.clone();
        story.but(&step, failed(Cause::TestFailed))
    });
    assert_eq!(custom.answer.word(), "fail");
}

#[test]
fn what_is_left_behind_or_let_out_is_red_wherever_the_run_ended() {
    let tale = from(&["1.2.0+2.2.7"]);
    let object = || Object::new(ObjectKind::Volume, "mini-abc123_db");
    let fails = |went: &dyn Fn(&Plan, Story) -> Story| tale.tried(0, |plan, story| went(plan, story)).answer.word();
    assert_eq!(fails(&|_, story| story.leaving(object())), "fail");
    assert_eq!(fails(&|plan, story| base_is_broken(plan, story).leaving(object())), "fail");
    assert_eq!(fails(&|plan, story| base_is_broken(plan, story).leaking("logs/app.log", "token")), "fail");
    assert_eq!(fails(&|plan, story| base_is_broken(plan, story)), "unver");
    assert_eq!(fails(&|_, story| story.ending(RunEnd::Deadline)), "unver");
}

fn judged(change: impl FnOnce(&mut Vec<SeenStack>)) -> UpgradesReport {
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let mut seen = tale.seen();
    change(&mut seen.stacks);
    tale.report(&[tale.green(0), tale.green(1)], &seen)
}

#[test]
fn a_stack_that_comes_up_between_two_runs_is_seen_by_the_witness_of_the_series() {
    let of_run = |stacks: &mut Vec<SeenStack>| {
        stacks.push(SeenStack { name: StackName::observed("sneaky"), run: Some("s1-1".to_owned()) });
    };
    let report = judged(of_run);
    assert_eq!((report.color, report.exit_code()), (Color::Red, exit::RED));
    insta::assert_snapshot!(report.headline(), @"RED  deploy-count = 2 (expect 2, engine saw 3): the witness of the series saw stack sneaky being created, and no run's own did");
    // The same stack once more.
    let twice = |stacks: &mut Vec<SeenStack>| stacks.push(stacks[0].clone());
    assert_eq!((judged(twice).color, judged(twice).counts.witness), (Color::Red, Some(3)));
    let missed = |stacks: &mut Vec<SeenStack>| drop(stacks.pop());
    assert_eq!(judged(missed).color, Color::Red);
    // A stranger's is no business of ours.
    let stranger = |stacks: &mut Vec<SeenStack>| {
        stacks.push(SeenStack { name: StackName::observed("theirs"), run: Some("r9".to_owned()) });
    };
    assert_eq!(judged(stranger).color, Color::Green);
}

#[test]
fn a_witness_that_did_not_watch_vouches_for_nothing() {
    let tale = from(&["1.2.0+2.2.7"]);
    let mut seen = tale.seen();
    seen.unbroken = false;
    assert_eq!(tale.report(&[tale.green(0)], &seen).color, Color::Red);
    // Where the engine gave out, that is why.
    let lost = |_: &Plan, story: Story| {
        story.ending(RunEnd::Infrastructure { finding: Finding::new(Cause::EngineLost, "gone") })
    };
    let report = tale.report(&[tale.tried(0, lost)], &seen);
    assert_eq!((report.color, report.exit_code()), (Color::Unverified, exit::INFRASTRUCTURE));
}

#[test]
fn a_deploy_that_the_plan_does_not_permit_is_red_even_where_every_run_agrees_with_itself() {
    let tale = from(&["1.2.0+2.2.7"]);
    let mut tried = tale.green(0);
    tried.counted.ledger.push(StackName::observed("more-abc123"));
    tried.counted.witness.push(StackName::observed("more-abc123"));
    let mut seen = tale.seen();
    seen.stacks.push(SeenStack { name: StackName::observed("more-abc123"), run: None });
    let report = tale.report(&[tried], &seen);
    assert_eq!((report.color, report.counts.ledger, report.counts.witness), (Color::Red, 2, Some(2)));
}

#[test]
fn who_ends_it_is_told_and_a_version_that_failed_before_stays_red() {
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let mut seen = tale.seen();
    // The second run was never begun.
    seen.stacks.pop();
    let ended = |tried: &[_]| {
        let by = Some("SIGINT".to_owned());
        UpgradesReport::new(tale.plan().clone(), tried, Some(&seen), String::new(), by)
    };
    let report = ended(&[tale.green(0)]);
    assert_eq!((report.exit_code(), report.tried.len(), report.answered()), (exit::INTERRUPTED, 2, 1));
    insta::assert_snapshot!(report.headline(), @"CANCELLED  1 of 2 versions were tested, then SIGINT ended the series");
    let report = ended(&[tale.tried(0, loses)]);
    assert_eq!((report.color, report.exit_code()), (Color::Red, exit::INTERRUPTED));
}

#[test]
fn a_program_reads_versions_tiers_and_counts() {
    let tale = from(&["1.2.0+2.2.7", "1.0.0+2.2.6"]);
    let report = tale.report(&[tale.green(0), tale.tried(1, loses)], &tale.seen());
    let json = serde_json::to_value(report.document()).unwrap();
    let of = |place: usize| (json["upgrades"][place]["version"].clone(), json["upgrades"][place]["answer"].clone());
    assert_eq!([of(0), of(1)], [("1.2.0+2.2.7".into(), "passes".into()), ("1.0.0+2.2.6".into(), "fails".into())]);
    assert_eq!((&json["verdict"], &json["exit_code"]), (&"red".into(), &10.into()));
    let tiers = json["upgrades"][1]["tiers"].as_array().unwrap();
    let stands: Vec<&str> = tiers.iter().filter_map(|cell| cell["stands"].as_str()).collect();
    assert_eq!(stands, ["pass", "fail", "not-asked", "not-asked", "unver"]);
    assert_eq!(json["deploys"]["stated"], 2);
    // What was planned can be read again.
    let plan = serde_json::to_string(tale.plan()).unwrap();
    assert_eq!(serde_json::from_str::<cc_ci_model::upgrades::plan::UpgradesPlan>(&plan).unwrap(), *tale.plan());
}

#[test]
fn the_operation_of_the_upgrade_is_what_a_refused_redeploy_fails_at() {
    let tale = from(&["1.2.0+2.2.7"]);
    let refused = |plan: &Plan, story: Story| {
        story.but(&operation(plan, Tier::Upgrade, Operation::Redeploy), failed(Cause::DeployRefused))
    };
    assert_eq!(tale.tried(0, refused).answer.word(), "fail");
}
