//! What a reader of a search sees, and what a script gets as its exit code.

use super::super::answer::ProbeAnswer;
use super::super::report::{BisectPlan, BisectReport, CommitProbe, LineCommit, ProbeSource};
use super::super::{Before, BisectEnd, Stopped};
use crate::ids::{Commit, RecipeName, RunId};
use crate::tally::DeployTally;
use crate::tier::Tier;

fn commit(digit: usize) -> Commit {
    Commit::parse(&format!("{digit:x}").repeat(40)).unwrap()
}

/// A line of six; the third is a merge.
fn plan() -> BisectPlan {
    let one = |place: usize| LineCommit {
        commit: commit(place),
        subject: if place == 0 { String::new() } else { format!("change {place}") },
        parents: if place == 3 { vec![commit(2), commit(9)] } else { vec![commit(place.saturating_sub(1))] },
    };
    BisectPlan {
        recipe: RecipeName::parse("shop").unwrap(),
        tier: Tier::Upgrade,
        line: (0..=5).map(one).collect(),
        base: Some("1.0.0+1".to_owned()),
        most_runs: 4,
        most_deploys: 4,
    }
}

fn probe(place: usize, answer: ProbeAnswer, source: ProbeSource) -> CommitProbe {
    let (run, exit_code) = match (&answer, source) {
        (_, ProbeSource::Refused) => (None, 23),
        (ProbeAnswer::Passes, _) => (Some(place), 0),
        (ProbeAnswer::Fails, _) => (Some(place), 10),
        (ProbeAnswer::None { .. }, _) => (Some(place), 11),
    };
    let reason = (answer == ProbeAnswer::Fails).then(|| "upgrade/serving: app: not serving".to_owned());
    let run = run.map(|place| RunId::parse(&format!("r{place}")).unwrap());
    let ms = run.as_ref().map(|_| 12_340);
    CommitProbe { place, commit: commit(place), answer, reason, run, source, ms, exit_code, left: Vec::new() }
}

fn report(end: BisectEnd) -> BisectReport {
    let none = |why: &str| ProbeAnswer::None { why: why.to_owned() };
    let probes = vec![
        probe(5, ProbeAnswer::Fails, ProbeSource::Stored),
        probe(2, ProbeAnswer::Passes, ProbeSource::Made),
        probe(4, none("no run can begin: the policy refuses it"), ProbeSource::Refused),
        probe(3, ProbeAnswer::Fails, ProbeSource::Made),
    ];
    let deploys = DeployTally { runs: 2, planned: 2, ledger: 2, witness: 2, ..DeployTally::default() };
    BisectReport { plan: plan(), probes, deploys, end, contradiction: None, ended_by: None }
}

#[test]
fn a_reader_sees_what_was_tried_what_it_cost_and_the_answer_last() {
    let found = report(BisectEnd::First { at: 3, before: Before::Passes });
    insta::assert_snapshot!(found.text(), @r"
    bisect shop: 5 commits from 00000000 (passes) to 55555555 (fails), along first parents; tier upgrade; every run begins at 1.0.0+1, the base of BAD
    at most 4 runs with 4 deploys in all

       5 of 5  55555555         -  stored run r5, 0 deploys  fail: upgrade/serving: app: not serving
       2 of 5  22222222    12.3 s  run r2  pass
       4 of 5  44444444         -  0 deploys  no answer: no run can begin: the policy refuses it
       3 of 5  33333333    12.3 s  run r3  fail: upgrade/serving: app: not serving

    deploy-count = 2 (expect 2, engine saw 2) in 2 runs
    before it: 22222222 change 2 passes
    it is a merge: what it merged is searched with `cc-ci bisect RECIPE $(git merge-base 22222222 99999999) 99999999 --tier upgrade`

    FIRST BAD COMMIT  33333333 change 3: upgrade fails: upgrade/serving: app: not serving
    ");
    let taken = report(BisectEnd::First { at: 1, before: Before::TakenAtItsWord }).text();
    assert!(taken.contains("no run passed: that the tier passes at GOOD is taken at its word"), "{taken}");
    let base = report(BisectEnd::First { at: 1, before: Before::IsTheBase }).text();
    assert!(base.contains("GOOD is the base itself"), "{base}");
}

#[test]
fn a_range_names_its_commits_and_how_to_go_on() {
    let range = BisectEnd::Among { from: 3, to: 5, why: Stopped::BoundReached };
    let odd = BisectReport { contradiction: Some((2, 4)), ..report(range) };
    let text = odd.text();
    for line in [
        "one of: 33333333 change 3",
        "one of: 55555555 change 5",
        "goes on with: `cc-ci bisect RECIPE 22222222 55555555 --tier upgrade`, which uses what is stored",
        "NOT FOUND  upgrade fails first at one of 3 commits: as many runs were made as were stated",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    assert!(text.contains("22222222 change 2 fails and 44444444 change 4, which is later, passes"), "{text}");
}

#[test]
fn the_exit_code_says_whether_one_commit_is_known_and_else_what_stood_in_the_way() {
    let first = || report(BisectEnd::First { at: 3, before: Before::Passes });
    let code = |end| report(end).exit_code();
    assert_eq!(first().exit_code(), 0);
    assert_eq!((code(BisectEnd::BadPasses), code(BisectEnd::GoodFails)), (2, 2));
    assert_eq!(code(BisectEnd::Among { from: 3, to: 4, why: Stopped::NoAnswer }), 23);
    let all_said = BisectReport {
        probes: vec![probe(5, ProbeAnswer::Fails, ProbeSource::Made)],
        ..report(BisectEnd::Among { from: 1, to: 5, why: Stopped::BoundReached })
    };
    assert_eq!(all_said.exit_code(), 10);
    let mut green_without_answer = report(BisectEnd::BadUnknown { why: "skipped".to_owned() });
    green_without_answer.probes[2].exit_code = 0;
    assert_eq!(green_without_answer.exit_code(), 10, "no answer is no success");
    let ended = BisectReport { ended_by: Some("SIGINT".to_owned()), ..first() };
    assert_eq!(ended.exit_code(), 130);
    // Naming the commit is no success when a run left something behind, or when somebody else deployed.
    let mut left = first();
    left.probes[3].left.push("volume shop_data".to_owned());
    assert_eq!(left.exit_code(), 10);
    assert!(left.text().contains("left behind by run r3: volume shop_data"), "{}", left.text());
    let mut odd = first();
    odd.deploys.disagreed.push(RunId::parse("r2").unwrap());
    assert_eq!(odd.exit_code(), 10);
}

#[test]
fn a_program_reads_the_same() {
    let found = report(BisectEnd::First { at: 3, before: Before::Passes });
    let document = serde_json::to_value(found.document()).unwrap();
    assert_eq!(
        (&document["schema"], &document["result"], &document["before"]),
        (&1.into(), &"first".into(), &"passes".into())
    );
    assert_eq!(document["named"][0]["commit"], commit(3).as_str());
    assert_eq!((&document["commits"], &document["exit_code"]), (&5.into(), &0.into()));
    assert_eq!(
        (&document["probes"][2]["answer"], &document["probes"][2]["source"]),
        (&"none".into(), &"refused".into())
    );
}
