//! When a job that waits begins, by how long the last runs of its repository took.

/// The middle one of some times; `None` of none.
pub(crate) fn median(mut times: Vec<i64>) -> Option<i64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// In how many seconds each job begins that waits. `running` says how long each run that goes on still takes, `waiting` how long
/// each that waits will take, in their order; behind one that nobody can tell, nobody can tell.
pub(crate) fn begins(running: &[Option<i64>], waiting: &[Option<i64>], slots: usize) -> Vec<Option<i64>> {
    let mut free: Option<Vec<i64>> = running.iter().copied().collect();
    if let Some(free) = &mut free {
        free.resize(free.len().max(slots.max(1)), 0);
    }
    let mut begins = Vec::with_capacity(waiting.len());
    for takes in waiting {
        let first = free.as_mut().and_then(|free| free.iter_mut().min());
        begins.push(first.as_deref().copied());
        match (first, takes) {
            (Some(first), Some(takes)) => *first += takes,
            (Some(_), None) | (None, _) => free = None,
        }
    }
    begins
}

#[cfg(test)]
mod tests {
    use super::{begins, median};

    #[test]
    fn a_slot_takes_what_comes_next() {
        assert_eq!(begins(&[Some(30)], &[Some(60), Some(10), Some(5)], 1), [Some(30), Some(90), Some(100)]);
        assert_eq!(begins(&[Some(30), Some(50)], &[Some(60), Some(10)], 2), [Some(30), Some(50)]);
        assert_eq!(begins(&[], &[Some(60), Some(10), Some(1)], 2), [Some(0), Some(0), Some(10)]);
        assert_eq!(begins(&[Some(1)], &[None, Some(10)], 1), [Some(1), None]);
        assert_eq!(begins(&[None], &[Some(1)], 1), [None]);
        assert_eq!(begins(&[], &[Some(1)], 0), [Some(0)]);
    }

    #[test]
    fn one_run_that_hung_does_not_count() {
        assert_eq!(median(vec![3600, 60, 61]), Some(61));
        assert_eq!(median(Vec::new()), None);
    }
}
