//! How much of an answer is taken into memory.

/// An account, a repository, a pull request or one comment.
pub(crate) const ONE: usize = 8 << 20;

/// A list of comments: fifty of the longest that these forges take.
pub(crate) const LIST: usize = 32 << 20;

/// An answer of which only the status counts, and a word of why.
pub(crate) const WORD: usize = 8 << 10;
