//! Which job goes first: the lane, then the repository that had the least lately, then age.

use cc_ci_web::board::job::{JobId, Lane};
use std::collections::BTreeMap;

/// After so long a job of the sweep goes with the operator's. Seconds.
const PATIENT: i64 = 24 * 3600;

/// A job that waits, as far as its turn depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Which.
    pub(crate) id: JobId,
    /// Where it waits.
    pub(crate) lane: Lane,
    /// Whose it is.
    pub(crate) repo: i64,
    /// Since when, in seconds.
    pub(crate) since: i64,
}

/// Puts waiting jobs into the order in which they start. `lately` says how many runs a repository had in the last hour; a job
/// that is put in counts as one for those behind it, so that two repositories take turns.
pub(crate) fn order(mut waiting: Vec<Waiting>, lately: &BTreeMap<i64, usize>, now: i64) -> Vec<JobId> {
    let mut had = lately.clone();
    let mut order = Vec::with_capacity(waiting.len());
    loop {
        let turn = |one: &Waiting| (lane(one, now), had.get(&one.repo).copied().unwrap_or(0), one.since, one.id);
        let Some(at) = waiting.iter().enumerate().min_by_key(|(_, one)| turn(one)).map(|(at, _)| at) else {
            return order;
        };
        let next = waiting.swap_remove(at);
        *had.entry(next.repo).or_default() += 1;
        order.push(next.id);
    }
}

const fn lane(one: &Waiting, now: i64) -> Lane {
    match one.lane {
        Lane::Sweep if now.saturating_sub(one.since) > PATIENT => Lane::Operator,
        lane @ (Lane::Pull | Lane::Operator | Lane::Release | Lane::Sweep) => lane,
    }
}

#[cfg(test)]
mod tests {
    use super::{Waiting, order};
    use cc_ci_web::board::job::{JobId, Lane};

    fn check(waiting: &[(i64, Lane, i64, i64)], lately: &[(i64, usize)], expected: &[i64]) {
        let waiting = waiting.iter().map(|&(id, lane, repo, since)| Waiting { id: JobId(id), lane, repo, since });
        let found: Vec<i64> =
            order(waiting.collect(), &lately.iter().copied().collect(), 200_000).iter().map(|id| id.0).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lanes_then_repositories_then_age() {
        use Lane::{Operator, Pull, Sweep};
        check(&[(1, Sweep, 1, 199_000), (2, Operator, 2, 199_000), (3, Pull, 3, 199_999)], &[], &[3, 2, 1]);
        check(&[(1, Pull, 1, 10), (2, Pull, 1, 20), (3, Pull, 1, 30), (4, Pull, 2, 40)], &[], &[1, 4, 2, 3]);
        check(&[(1, Pull, 1, 10), (2, Pull, 2, 20)], &[(1, 1)], &[2, 1]);
        check(&[(2, Pull, 1, 10), (1, Pull, 1, 10)], &[], &[1, 2]);
    }

    #[test]
    fn nobody_starves() {
        use Lane::{Operator, Pull, Release, Sweep};
        // A sweep's job that waited a day goes with the operator's, the older first.
        check(
            &[(1, Sweep, 1, 10), (2, Operator, 2, 100_000), (3, Release, 3, 10), (4, Pull, 4, 199_999)],
            &[],
            &[4, 1, 2, 3],
        );
    }
}
