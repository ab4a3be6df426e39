//! What may change in a volume without being a loss.

use super::Entry;
use super::churn::Churn;
use std::collections::BTreeSet;

/// What may change.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'a> {
    /// Files that come and go by themselves.
    pub churn: &'a Churn,
    /// Digests of files that are part of an image: an app that keeps its program in a volume replaces it.
    pub programs: &'a BTreeSet<String>,
}

/// No image was looked into.
static UNREAD: BTreeSet<String> = BTreeSet::new();

impl<'a> Allowed<'a> {
    /// Nothing but files that come and go by themselves.
    #[must_use]
    pub fn only(churn: &'a Churn) -> Self {
        Self { churn, programs: &UNREAD }
    }

    pub(super) fn covers(&self, path: &str, entry: &Entry) -> bool {
        self.churn.covers(path) || entry.digest().is_some_and(|digest| self.programs.contains(digest))
    }
}
