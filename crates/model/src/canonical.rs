//! The known-good app of a recipe, and the shelf that holds it with those before it (WARM-1).

use crate::ids::{Commit, Domain, RunId, StackName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many canonicals of one recipe are kept: the newest, and those before it.
pub const HISTORY: usize = 3;

/// What brings a known-good app back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canonical {
    /// The published version.
    pub version: String,
    /// Its commit.
    pub commit: Commit,
    /// The run that it was promoted from.
    pub run: RunId,
    /// When, RFC 3339, UTC.
    pub promoted: String,
    /// The stack that it was, and is to be again: its secrets are named for it.
    pub stack: StackName,
    /// The domain that it answered on, which its data may hold.
    pub domain: Domain,
    /// Its secrets by full name. Their values are in Swarm and nowhere else (WARM-2).
    pub secrets: BTreeSet<String>,
    /// What its volumes held; `None` for an app without volumes.
    pub data: Option<SavedVolumes>,
}

/// Whether the values of the app's secrets are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretValues {
    /// The run makes all of them.
    Known,
    /// Some were made by an earlier run.
    Unknown,
}

impl SecretValues {
    /// In a run that begins with this canonical, if with any.
    #[must_use]
    pub fn of(canonical: Option<&Canonical>) -> Self {
        if canonical.is_some_and(|canonical| !canonical.secrets.is_empty()) { Self::Unknown } else { Self::Known }
    }
}

/// A snapshot of all volumes of an app that had been stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedVolumes {
    /// Its id in the repository of canonicals.
    pub snapshot: String,
    /// The volumes by full name.
    pub volumes: BTreeSet<String>,
    /// How many files they held.
    pub files: u64,
    /// How many bytes those held.
    pub bytes: u64,
}

/// The canonicals of one recipe. The file that holds it is replaced whole, so the newest changes in one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shelf {
    /// The newest first.
    pub kept: Vec<Canonical>,
    /// Those whose secrets and snapshots are still to be removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaving: Vec<Canonical>,
}

impl Shelf {
    /// The recipe's canonical.
    #[must_use]
    pub fn newest(&self) -> Option<&Canonical> {
        self.kept.first()
    }

    /// The shelf with one more in front; what does not fit any more leaves.
    #[must_use]
    pub fn with(mut self, canonical: Canonical) -> Self {
        self.kept.insert(0, canonical);
        let beyond = self.kept.split_off(self.kept.len().min(HISTORY));
        self.leaving.extend(beyond);
        self
    }

    /// The shelf with nothing kept: all of it leaves.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.leaving.append(&mut self.kept);
        self
    }

    /// The shelf without those whose secrets are gone and whose snapshot, if they had one, is `forgotten`.
    #[must_use]
    pub fn settled(mut self, forgotten: impl Fn(&str) -> bool) -> Self {
        self.leaving.retain(|one| one.data.as_ref().is_some_and(|data| !forgotten(&data.snapshot)));
        self
    }

    /// Whether there is nothing on it, and nothing left to remove.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.leaving.is_empty()
    }

    /// The secrets that belong to what is kept, by full name.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().flat_map(|one| &one.secrets).map(String::as_str)
    }

    /// The secrets that are to go, by full name, each with the run that made it: those of what is leaving that nothing kept needs.
    pub fn leaving_secrets(&self) -> impl Iterator<Item = (&str, &RunId)> {
        let kept: BTreeSet<&str> = self.secrets().collect();
        let leaving = self.leaving.iter().flat_map(|one| one.secrets.iter().map(move |name| (name.as_str(), &one.run)));
        leaving.filter(move |(name, _)| !kept.contains(name))
    }

    /// The snapshots of what is kept.
    pub fn snapshots(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().filter_map(|one| one.data.as_ref()).map(|data| data.snapshot.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(number: usize, secrets: &[&str]) -> Canonical {
        let stack = StackName::observed(&format!("shop-{number}"));
        Canonical {
            version: format!("{number}.0.0+1"),
            commit: Commit::parse(&format!("{number}").repeat(40)).unwrap(),
            run: RunId::parse(&format!("r{number}")).unwrap(),
            promoted: "2026-11-29T12:00:00Z".to_owned(),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
            data: Some(SavedVolumes { snapshot: format!("s{number}"), volumes: BTreeSet::new(), files: 1, bytes: 1 }),
        }
    }

    fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        all.collect()
    }

    #[test]
    fn the_oldest_leaves_when_there_are_too_many_and_takes_its_secrets_along() {
        let mut shelf = Shelf::default();
        for (number, secret) in [(1, "shop-1_pw_v1"), (2, "shop-2_pw_v1"), (3, "shop-3_pw_v1"), (4, "shop-4_pw_v1")] {
            shelf = shelf.with(canonical(number, &[secret]));
        }
        assert_eq!(shelf.newest().unwrap().version, "4.0.0+1");
        assert_eq!(names(shelf.snapshots()), ["s4", "s3", "s2"]);
        assert_eq!(names(shelf.secrets()), ["shop-4_pw_v1", "shop-3_pw_v1", "shop-2_pw_v1"]);
        let leaving =
            |shelf: &Shelf| shelf.leaving_secrets().map(|(name, run)| format!("{name} of {run}")).collect::<Vec<_>>();
        assert_eq!(leaving(&shelf), ["shop-1_pw_v1 of r1"]);
        assert_eq!(leaving(&shelf.clone().settled(|_| false)), leaving(&shelf));
        let settled = shelf.settled(|snapshot| snapshot == "s1");
        assert_eq!((leaving(&settled).len(), settled.kept.len()), (0, HISTORY));
        let emptied = settled.emptied();
        assert_eq!((emptied.newest(), leaving(&emptied).len()), (None, 3));
        assert!(!emptied.is_empty() && emptied.settled(|_| true).is_empty());
    }

    #[test]
    fn a_secret_that_what_is_kept_needs_does_not_leave() {
        let shelf = Shelf { kept: vec![canonical(2, &["shared"])], leaving: vec![canonical(1, &["shared", "old"])] };
        assert_eq!(shelf.leaving_secrets().map(|(name, _)| name).collect::<Vec<_>>(), ["old"]);
    }

    #[test]
    fn it_is_written_and_read_back_and_a_field_that_nobody_knows_is_refused() {
        let shelf = Shelf::default().with(canonical(1, &["pw"]));
        let text = serde_json::to_string(&shelf).unwrap();
        assert_eq!(serde_json::from_str::<Shelf>(&text).unwrap(), shelf);
        assert!(serde_json::from_str::<Shelf>("{\"kept\":[],\"values\":[]}").is_err());
    }
}
