//! Which commit is tried next, and what is known: the search for the first commit at which a tier fails.
//!
//! The line of commits is numbered: 0 is GOOD, the last is BAD. What is known of a place is heard, whether a run was made for it or
//! one is stored; the search says which place a run should be made for, or that it is over.

pub mod answer;
pub mod document;
pub mod report;
pub mod reuse;
mod text;

use answer::ProbeAnswer;
use serde::Serialize;
use std::collections::BTreeMap;

/// A search over a line of commits.
#[derive(Debug, Clone)]
pub struct BisectSearch {
    /// The place of BAD.
    bad: usize,
    good: GoodEnd,
    answers: BTreeMap<usize, ProbeAnswer>,
    /// Runs that may still be made.
    left: usize,
}

/// What can be done about GOOD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodEnd {
    /// A run can be made at it.
    CanBeTried,
    /// None can: it is the base that every run begins with.
    IsTheBase,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextProbe {
    /// A run at this place.
    Try(usize),
    /// Nothing: the search is over.
    Ended(BisectEnd),
}

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BisectEnd {
    /// The commit at this place is the first one at which the tier fails.
    First {
        /// The place.
        at: usize,
        /// What is known about the one before it.
        before: Before,
    },
    /// The first one is among those from one place to another, both included.
    Among {
        /// The first of them.
        from: usize,
        /// The last, at which the tier fails.
        to: usize,
        /// Why the search did not come further.
        why: Stopped,
    },
    /// The tier passes at BAD.
    BadPasses,
    /// BAD has no answer.
    BadUnknown {
        /// Why.
        why: String,
    },
    /// The tier fails at GOOD.
    GoodFails,
}

/// What is known about the commit before the first one that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// The tier passes there.
    Passes,
    /// It is GOOD, and that it passes there was taken at its word: no run was left for it.
    TakenAtItsWord,
    /// It is GOOD, which is the base that every run begins with: no run moves from it to itself.
    IsTheBase,
}

/// Why a search did not come to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// Those that are left have no answer.
    NoAnswer,
    /// As many runs were made as was stated beforehand.
    BoundReached,
    /// Somebody ended it.
    Ended,
}

/// The most runs that a search over so many commits after GOOD makes: halving takes log2 of them, rounded up, and one tells
/// whether BAD fails at all.
#[must_use]
pub fn most_runs(commits: usize) -> usize {
    let halvings = usize::BITS - commits.saturating_sub(1).leading_zeros();
    usize::try_from(halvings).unwrap_or(usize::MAX).saturating_add(1)
}

impl BisectSearch {
    /// A search over so many commits after GOOD, of which the last is BAD; there is at least that one.
    #[must_use]
    pub fn new(commits: usize, good: GoodEnd) -> Self {
        Self { bad: commits.max(1), good, answers: BTreeMap::new(), left: most_runs(commits) }
    }

    /// Hears what a run said that was made for this search.
    pub fn tried(&mut self, place: usize, answer: ProbeAnswer) {
        self.left = self.left.saturating_sub(1);
        self.known(place, answer);
    }

    /// Hears what is known of a place without a run for it: from a stored one, or because none could begin.
    pub fn known(&mut self, place: usize, answer: ProbeAnswer) {
        self.answers.insert(place, answer);
    }

    /// What is to be done next.
    #[must_use]
    pub fn next(&self) -> NextProbe {
        if self.answers.get(&0) == Some(&ProbeAnswer::Fails) {
            return NextProbe::Ended(BisectEnd::GoodFails);
        }
        match self.answers.get(&self.bad) {
            None => return NextProbe::Try(self.bad),
            Some(ProbeAnswer::Passes) => return NextProbe::Ended(BisectEnd::BadPasses),
            Some(ProbeAnswer::None { why }) => return NextProbe::Ended(BisectEnd::BadUnknown { why: why.clone() }),
            Some(ProbeAnswer::Fails) => {}
        }
        let (good, bad) = self.between();
        if bad - good == 1 {
            return self.found(bad);
        }
        let middle = good + (bad - good) / 2;
        let untried = (good + 1..bad).filter(|place| !self.answers.contains_key(place));
        match untried.min_by_key(|place| place.abs_diff(middle)) {
            Some(place) if self.left > 0 => NextProbe::Try(place),
            untried => {
                let why = if untried.is_some() { Stopped::BoundReached } else { Stopped::NoAnswer };
                NextProbe::Ended(BisectEnd::Among { from: good + 1, to: bad, why })
            }
        }
    }

    /// What is known when somebody ends the search now.
    #[must_use]
    pub fn so_far(&self) -> BisectEnd {
        match self.next() {
            NextProbe::Ended(end) => end,
            NextProbe::Try(_) => {
                let (good, bad) = self.between();
                BisectEnd::Among { from: good + 1, to: bad, why: Stopped::Ended }
            }
        }
    }

    /// A commit that fails and a later one that passes, where there are such: then it is not one commit that broke the tier.
    #[must_use]
    pub fn contradiction(&self) -> Option<(usize, usize)> {
        let first = |wanted| self.answers.iter().find(|(_, answer)| **answer == wanted).map(|(place, _)| *place);
        let fails = first(ProbeAnswer::Fails)?;
        let later = self.answers.range(fails..).find(|(_, answer)| **answer == ProbeAnswer::Passes);
        later.map(|(passes, _)| (fails, *passes))
    }

    /// The last place that is taken to pass, and the first that fails, by all that is known.
    fn between(&self) -> (usize, usize) {
        let (mut good, mut bad) = (0, self.bad);
        loop {
            let middle = good + (bad - good) / 2;
            let inside = self.answers.range(good + 1..bad).filter(|(_, answer)| answer.says_something());
            match inside.min_by_key(|(place, _)| place.abs_diff(middle)) {
                Some((place, ProbeAnswer::Passes)) => good = *place,
                Some((place, ProbeAnswer::Fails | ProbeAnswer::None { .. })) => bad = *place,
                None => return (good, bad),
            }
        }
    }

    /// The first that fails is known. Where no run says that the one before it passes, GOOD is tried if there is a run left for it.
    fn found(&self, at: usize) -> NextProbe {
        let before = match self.good {
            _ if self.answers.get(&(at - 1)) == Some(&ProbeAnswer::Passes) => Before::Passes,
            GoodEnd::IsTheBase => Before::IsTheBase,
            GoodEnd::CanBeTried if self.left > 0 && !self.answers.contains_key(&0) => return NextProbe::Try(0),
            GoodEnd::CanBeTried => Before::TakenAtItsWord,
        };
        NextProbe::Ended(BisectEnd::First { at, before })
    }
}

#[cfg(test)]
mod tests;
