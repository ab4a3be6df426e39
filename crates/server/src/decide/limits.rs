//! How much may wait at once, so that nobody fills the queue for everybody else.

/// What waits and what was asked for, as far as limits go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Jobs that wait, in all.
    pub(crate) queued: usize,
    /// Of them, in this repository.
    pub(crate) of_repo: usize,
    /// Of them, asked for by this author.
    pub(crate) of_author: usize,
    /// Requests of this author that were accepted in the last hour.
    pub(crate) lately: usize,
}

const QUEUED: usize = 100;
const OF_REPO: usize = 5;
const OF_AUTHOR: usize = 3;
const LATELY: usize = 10;

/// Why one more is too much, if it is.
pub(crate) fn too_much(load: &Load) -> Option<String> {
    let full = |has: usize, most: usize, what: &str| (has >= most).then(|| format!("{what} (at most {most})"));
    full(load.of_author, OF_AUTHOR, "as many of your requests wait as may")
        .or_else(|| full(load.lately, LATELY, "you have asked as often as one may in an hour"))
        .or_else(|| full(load.of_repo, OF_REPO, "as many requests of this repository wait as may"))
        .or_else(|| full(load.queued, QUEUED, "the queue is full"))
}

/// How many answers to strangers a repository gets in an hour.
pub(crate) const STRANGERS: usize = 20;

#[cfg(test)]
mod tests {
    use super::{Load, too_much};

    #[test]
    fn the_narrowest_limit_is_named() {
        let none = Load { queued: 99, of_repo: 4, of_author: 2, lately: 9 };
        assert_eq!(too_much(&none), None);
        let check = |load: Load, word: &str| assert!(too_much(&load).is_some_and(|why| why.contains(word)), "{load:?}");
        check(Load { of_author: 3, of_repo: 5, ..none }, "of your requests wait");
        check(Load { lately: 10, ..none }, "in an hour");
        check(Load { of_repo: 5, ..none }, "of this repository");
        check(Load { queued: 100, ..none }, "is full");
    }
}
