//! How much a text holds once its aliases are unfolded: counted before anything is unfolded.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser};

/// More events than a recipe has: the reading proper refuses such a text with its own words.
pub(super) const MAX_EVENTS: usize = 200_000;

/// How many entries all files of one reading may hold, their aliases unfolded: large stacks have 3,000.
pub(super) const MAX_ENTRIES: usize = 10_000;

/// How many of them may be unfolded from aliases: recipes have some hundreds.
pub(super) const MAX_UNFOLDED: usize = 5_000;

/// How many variables all `env_file`s of one reading may hold.
pub(crate) const MAX_FROM_FILES: usize = 4_096;

/// What the files that are still to be read may hold: no limit for one file is one for all.
#[derive(Debug)]
pub(crate) struct Allowance {
    entries: usize,
    unfolded: usize,
    from_files: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { entries: MAX_ENTRIES, unfolded: MAX_UNFOLDED, from_files: MAX_FROM_FILES }
    }
}

impl Allowance {
    /// Uses up entries, and those of them that aliases stand for. Fails with what there are too many of.
    pub(super) fn take(&mut self, entries: usize, unfolded: usize) -> Result<(), String> {
        match (self.entries.checked_sub(entries), self.unfolded.checked_sub(unfolded)) {
            (_, None) => Err(format!("aliases unfold to more than {MAX_UNFOLDED} entries")),
            (None, _) => Err(format!("the compose files hold more than {MAX_ENTRIES} entries, which no recipe does")),
            (Some(entries), Some(unfolded)) => {
                (self.entries, self.unfolded) = (entries, unfolded);
                Ok(())
            }
        }
    }

    /// Uses up a variable of an `env_file`; whether there was one left.
    pub(crate) fn takes_variable(&mut self) -> bool {
        let left = self.from_files > 0;
        self.from_files = self.from_files.saturating_sub(1);
        left
    }
}

/// Scalars, lists and mappings of a document, as far as it was looked at.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// All of them, those that aliases stand for among them.
    pub(super) all: usize,
    /// Those that aliases stand for.
    pub(super) unfolded: usize,
    /// Lists and mappings that have not ended: their anchor, and how many entries came before them.
    open: Vec<(usize, usize)>,
    /// What each anchor stands for.
    anchored: BTreeMap<usize, usize>,
}

impl Entries {
    /// Counts one event.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        if let Event::Scalar(_, _, anchor, _) = event {
            self.all = self.all.saturating_add(1);
            self.anchored.insert(*anchor, 1);
        } else if let Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) = event {
            self.open.push((*anchor, self.all));
            self.all = self.all.saturating_add(1);
        } else if let Event::SequenceEnd | Event::MappingEnd = event {
            if let Some((anchor, before)) = self.open.pop() {
                self.anchored.insert(anchor, self.all.saturating_sub(before));
            }
        } else if let Event::Alias(anchor) = event {
            let entries = self.anchored.get(anchor).copied().unwrap_or_default();
            self.all = self.all.saturating_add(entries);
            self.unfolded = self.unfolded.saturating_add(entries);
        }
    }
}

/// How many entries a text has when its aliases are unfolded.
pub(crate) fn entries(text: &str) -> usize {
    let mut entries = Entries::default();
    for (event, _) in Parser::new_from_str(text).take(MAX_EVENTS).map_while(Result::ok) {
        entries.see(&event);
    }
    entries.all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_alias_stands_for_counts_each_time() {
        // The mapping, two keys, and `[x, x]` twice.
        assert_eq!(entries("a: &a [x, x]\nb: *a\n"), 1 + 2 + 3 + 3);
        assert_eq!(entries("a: &a {k: v}\nb: {<<: *a}\n"), 1 + 2 + 3 + 1 + 1 + 3);
    }

    #[test]
    fn a_bomb_is_counted_without_being_unfolded() {
        let level = |i: u32| format!("a{i}: &a{i} [*a{p}, *a{p}, *a{p}]\n", p = i - 1);
        let bomb: String = std::iter::once("a0: &a0 [x, x]\n".to_owned()).chain((1..200).map(level)).collect();
        assert_eq!(entries(&bomb), usize::MAX);
    }

    #[test]
    fn an_allowance_is_for_all_files_together() {
        let mut allowance = Allowance::default();
        assert_eq!(allowance.take(MAX_UNFOLDED, MAX_UNFOLDED - 1), Ok(()));
        assert_eq!(allowance.take(1, 1), Ok(()));
        assert_eq!(allowance.take(1, 1), Err("aliases unfold to more than 5000 entries".to_owned()));
        assert_eq!(allowance.take(MAX_ENTRIES - MAX_UNFOLDED - 1, 0), Ok(()));
        assert!(allowance.take(1, 0).is_err());
        assert_eq!((0..=MAX_FROM_FILES).filter(|_| allowance.takes_variable()).count(), MAX_FROM_FILES);
    }
}
