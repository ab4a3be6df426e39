//! Searches over made-up lines of commits: what is named is right, and no search makes more runs than it stated.

use super::answer::ProbeAnswer::{self, Fails, Passes};
use super::*;
use proptest::prelude::*;

fn none() -> ProbeAnswer {
    ProbeAnswer::None { why: "its image is gone".to_owned() }
}

/// Searches a line by what `answer` says of each place; returns how it ended, and the places that runs were made for.
fn search(commits: usize, good: GoodEnd, answer: impl Fn(usize) -> ProbeAnswer) -> (BisectEnd, Vec<usize>) {
    let mut search = BisectSearch::new(commits, good);
    let mut made = Vec::new();
    loop {
        match search.next() {
            NextProbe::Ended(end) => return (end, made),
            NextProbe::Try(place) => {
                assert!(!made.contains(&place), "{place} is tried twice");
                made.push(place);
                search.tried(place, answer(place));
            }
        }
    }
}

fn broken_at(culprit: usize) -> impl Fn(usize) -> ProbeAnswer {
    move |place| if place >= culprit { Fails } else { Passes }
}

#[test]
fn sixteen_commits_take_five_runs() {
    assert_eq!([1, 2, 3, 4, 5, 8, 9, 16, 17].map(most_runs), [1, 2, 3, 3, 4, 4, 5, 5, 6]);
    assert_eq!(most_runs(0), 1);
    assert_eq!(most_runs(usize::MAX), 65);
}

#[test]
fn every_culprit_is_named_within_the_bound() {
    for commits in 1..=40 {
        for culprit in 1..=commits {
            for good in [GoodEnd::CanBeTried, GoodEnd::IsTheBase] {
                let (end, made) = search(commits, good, broken_at(culprit));
                assert!(matches!(end, BisectEnd::First { at, .. } if at == culprit), "{commits} {culprit} {end:?}");
                assert!(made.len() <= most_runs(commits), "{commits} {culprit} {made:?}");
            }
        }
    }
}

#[test]
fn bad_is_tried_first_and_good_only_when_nothing_else_passed() {
    let (end, made) = search(16, GoodEnd::CanBeTried, broken_at(7));
    assert_eq!((made[0], made.contains(&0)), (16, false), "{made:?}");
    assert_eq!(end, BisectEnd::First { at: 7, before: Before::Passes });
    // Eleven commits leave a run for GOOD on the side where everything fails.
    let (end, made) = search(11, GoodEnd::CanBeTried, broken_at(1));
    assert_eq!((end, made.last()), (BisectEnd::First { at: 1, before: Before::Passes }, Some(&0)));
    let (end, made) = search(11, GoodEnd::IsTheBase, broken_at(1));
    assert_eq!((end, made.contains(&0)), (BisectEnd::First { at: 1, before: Before::IsTheBase }, false));
    // Sixteen leave none: the answer says so.
    let (end, made) = search(16, GoodEnd::CanBeTried, broken_at(1));
    assert_eq!((end, made.len()), (BisectEnd::First { at: 1, before: Before::TakenAtItsWord }, 5));
}

#[test]
fn ends_that_are_not_what_they_are_called_end_the_search() {
    assert_eq!(search(9, GoodEnd::CanBeTried, |_| Passes), (BisectEnd::BadPasses, vec![9]));
    let (end, made) = search(3, GoodEnd::CanBeTried, |_| Fails);
    assert_eq!((end, made.last()), (BisectEnd::GoodFails, Some(&0)));
    let (end, made) = search(9, GoodEnd::CanBeTried, |_| none());
    assert_eq!((end, made), (BisectEnd::BadUnknown { why: "its image is gone".to_owned() }, vec![9]));
    let mut stored = BisectSearch::new(9, GoodEnd::CanBeTried);
    stored.known(0, Fails);
    assert_eq!(stored.next(), NextProbe::Ended(BisectEnd::GoodFails), "known before anything is deployed");
}

#[test]
fn a_neighbour_stands_in_for_a_commit_without_an_answer_and_a_range_is_named_where_none_is_left() {
    let answer = |place| match place {
        4 => none(),
        place => broken_at(5)(place),
    };
    let (end, made) = search(8, GoodEnd::IsTheBase, answer);
    assert_eq!((end, made), (BisectEnd::Among { from: 4, to: 5, why: Stopped::NoAnswer }, vec![8, 4, 3, 5]));
    let answer = |place| match place {
        4 | 5 => none(),
        place => broken_at(5)(place),
    };
    let (end, _) = search(8, GoodEnd::IsTheBase, answer);
    assert_eq!(end, BisectEnd::Among { from: 4, to: 8, why: Stopped::BoundReached });
    // What is known beforehand is no run, and neither is a commit at which none could begin.
    let mut known = BisectSearch::new(8, GoodEnd::IsTheBase);
    for (place, answer) in [(8, Fails), (6, Fails), (3, Passes), (4, none()), (5, none())] {
        known.known(place, answer);
    }
    assert_eq!(known.next(), NextProbe::Ended(BisectEnd::Among { from: 4, to: 6, why: Stopped::NoAnswer }));
}

#[test]
fn what_is_stored_costs_nothing_and_narrows_the_search_from_either_side() {
    let mut stored = BisectSearch::new(16, GoodEnd::IsTheBase);
    stored.known(16, Fails);
    stored.known(3, Passes);
    stored.known(5, Fails);
    assert_eq!(stored.next(), NextProbe::Try(4));
    assert_eq!(stored.so_far(), BisectEnd::Among { from: 4, to: 5, why: Stopped::Ended });
    stored.tried(4, Passes);
    assert_eq!(stored.next(), NextProbe::Ended(BisectEnd::First { at: 5, before: Before::Passes }));
    assert_eq!(stored.contradiction(), None);
}

#[test]
fn answers_that_contradict_each_other_are_told() {
    let mut odd = BisectSearch::new(8, GoodEnd::IsTheBase);
    for (place, answer) in [(8, Fails), (2, Fails), (6, Passes)] {
        odd.known(place, answer);
    }
    assert_eq!(odd.contradiction(), Some((2, 6)));
    assert!(matches!(odd.next(), NextProbe::Try(_)), "it goes on all the same");
}

proptest! {
    #[test]
    fn the_culprit_is_always_among_those_that_are_named(
        commits in 1usize..60,
        seed in any::<proptest::sample::Index>(),
        silent in proptest::collection::btree_set(1usize..60, 0..12),
    ) {
        let culprit = seed.index(commits) + 1;
        let answer = |place: usize| match place {
            place if place != commits && silent.contains(&place) => none(),
            place => broken_at(culprit)(place),
        };
        let (end, made) = search(commits, GoodEnd::IsTheBase, answer);
        prop_assert!(made.len() <= most_runs(commits));
        match end {
            BisectEnd::First { at, .. } => prop_assert_eq!(at, culprit),
            BisectEnd::Among { from, to, why } => {
                prop_assert!(from <= culprit && culprit <= to && from < to);
                if why == Stopped::NoAnswer {
                    prop_assert!((from..to).all(|place| silent.contains(&place)));
                }
            }
            other @ (BisectEnd::BadPasses | BisectEnd::BadUnknown { .. } | BisectEnd::GoodFails) => {
                prop_assert!(false, "{other:?}");
            }
        }
    }
}
