//! Chooses where the app is first deployed: what operators run today, and never head itself (BASE-1, BASE-2).
//!
//! The choice goes by commits and by what they deploy, not by version labels: a label is raised only at the release, so an
//! ordinary pull request carries the label of the newest published version, and that version is its base.

use super::base::{Base, NoBase};
use crate::canonical::Canonical;
use crate::ids::Commit;
use cc_ci_recipe::version::{Publications, Published, TagKind, Version};
use std::collections::BTreeSet;

/// What the choice is made from.
#[derive(Debug, Clone)]
pub struct Candidates<'a> {
    /// The commit under test; `None` for a folder, which is no commit: the one below it may be its base.
    pub head: Option<&'a Commit>,
    /// Its version label, when it has one that is a version.
    pub head_version: Option<&'a Version>,
    /// The recipe's canonical, where there is one and it is not to be left out.
    pub canonical: Option<&'a Canonical>,
    /// What the repository's tags publish.
    pub published: &'a Publications,
    /// Tags whose commits head descends from, by name.
    pub behind: &'a BTreeSet<String>,
    /// Tags whose commits descend from head, by name; a tag of head itself is in both.
    pub ahead: &'a BTreeSet<String>,
    /// Commits that are known to deploy exactly what head does.
    pub same: &'a BTreeSet<Commit>,
    /// The tip of the default branch.
    pub tip: Option<Tip<'a>>,
}

/// The tip of the default branch.
#[derive(Debug, Clone, Copy)]
pub struct Tip<'a> {
    /// The branch's name.
    pub branch: &'a str,
    /// Its commit.
    pub commit: &'a Commit,
    /// Whether head is a part of its history.
    pub history: TipHistory,
}

/// How the tip of the default branch and head lie in history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TipHistory {
    /// The tip descends from head: head is older than what the branch holds.
    HoldsHead,
    /// It does not: head is newer, or on a branch of its own.
    WithoutHead,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// What operators run today.
    Automatic,
    /// This published version.
    Version(String),
    /// This published version, because settings say so.
    Pinned {
        /// The version.
        version: String,
        /// The file and line that say so.
        by: String,
    },
    /// No upgrade.
    NoUpgrade {
        /// The reason in words.
        reason: String,
        /// Who wishes so.
        why: NoBase,
    },
}

/// Why no base could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// The version asked for is not published.
    #[error("`{asked}` is no published version of the recipe: {known}")]
    NotPublished {
        /// As asked.
        asked: String,
        /// Those that are.
        known: String,
    },
    /// The version asked for is the commit under test.
    #[error("`{asked}` is the commit under test itself: there is nothing to upgrade from; name an older version")]
    IsHead {
        /// As asked.
        asked: String,
    },
    /// A tag's commit could not be read.
    #[error("the tag `{tag}` leads to no commit we can read")]
    Commit {
        /// The tag.
        tag: String,
    },
}

/// Chooses the base. In order: the version asked for, which wins or is an error; the recipe's canonical; the newest published
/// version that head descends from; the newest published one older than head's label; the tip of the default branch; else none, with the
/// reason. Head's own commit is never chosen, nor, unless it is asked for, one that deploys what head does.
pub fn choose(wish: &Wish, candidates: &Candidates<'_>) -> Result<Base, ChooseError> {
    match wish {
        Wish::NoUpgrade { reason, why } => Ok(Base::Head { reason: reason.clone(), why: *why }),
        Wish::Version(asked) => named(asked, "asked for", candidates),
        Wish::Pinned { version, by } => named(version, &format!("asked for by {by}"), candidates),
        Wish::Automatic => automatic(candidates),
    }
}

/// What a reader should know about head's version label beside its base.
#[must_use]
pub fn remarks(base: &Base, head_version: Option<&Version>) -> Vec<String> {
    let Base::Published { version: published, .. } = base else { return Vec::new() };
    let Ok(older) = published.parse::<Version>() else { return Vec::new() };
    match head_version {
        None => vec![format!(
            "head carries no version label that can be read: abra can tell nobody whether it is newer than {published}"
        )],
        Some(head) if *head < older => vec![format!(
            "head carries version {head}, lower than the published {published} that it replaces: abra takes it for a \
             downgrade"
        )],
        Some(_) => Vec::new(),
    }
}

/// The published version of that name.
fn named(asked: &str, reason: &str, candidates: &Candidates<'_>) -> Result<Base, ChooseError> {
    let found = candidates.published.versions.iter().find(|one| one.tag == asked);
    let found = found.ok_or_else(|| not_published(asked, candidates.published))?;
    if is_head(found, candidates) {
        return Err(ChooseError::IsHead { asked: asked.to_owned() });
    }
    let same = if deploys_the_same(found, candidates) { "; it deploys what head does" } else { "" };
    published(found, &format!("{reason}{same}"))
}

fn automatic(candidates: &Candidates<'_>) -> Result<Base, ChooseError> {
    let newest_first = || candidates.published.versions.iter().rev();
    if let Some((found, canonical)) = from_canonical(candidates) {
        let reason = format!("the recipe's canonical, the last version known to work (run {})", canonical.run);
        return published(found, &format!("{reason}; the version only, this run starts from empty volumes"));
    }
    let is_behind = |one: &&Published| candidates.behind.contains(&one.tag);
    if let Some(found) = newest_first().filter(is_behind).find(|one| is_usable(one, candidates)) {
        let passed = newest_first().filter(is_behind).find(|one| one.version > found.version);
        let back = passed.map(|one| stepped_back(one, candidates)).unwrap_or_default();
        return published(found, &format!("the newest published version that head descends from{back}"));
    }
    // What came after head is no base for it, whatever the labels say.
    let is_older = |one: &&Published| {
        !candidates.ahead.contains(&one.tag) && candidates.head_version.is_none_or(|head| one.version < *head)
    };
    if let Some(found) = newest_first().filter(is_older).find(|one| is_usable(one, candidates)) {
        let reason = match candidates.head_version {
            Some(head) => format!("the newest published version older than head's {head}, which descends from none"),
            None => "the newest published version; head carries none and descends from none".to_owned(),
        };
        return published(found, &reason);
    }
    Ok(from_tip(candidates))
}

/// The recipe's canonical, if it is published still, comes before head, and an upgrade from it can show anything.
fn from_canonical<'a>(candidates: &Candidates<'a>) -> Option<(&'a Published, &'a Canonical)> {
    let canonical = candidates.canonical?;
    let is_it = |one: &&Published| one.tag == canonical.version && one.commit == canonical.commit.as_str();
    let found = candidates.published.versions.iter().find(is_it)?;
    let older = candidates.head_version.is_some_and(|head| found.version < *head);
    let before = candidates.behind.contains(&found.tag) || (older && !candidates.ahead.contains(&found.tag));
    (before && is_usable(found, candidates)).then_some((found, canonical))
}

fn stepped_back(newer: &Published, candidates: &Candidates<'_>) -> String {
    let tag = &newer.tag;
    match is_head(newer, candidates) {
        true => format!("; stepped back from {tag}, which is head itself"),
        false => format!("; stepped back from {tag}, which deploys exactly what head does"),
    }
}

fn from_tip(candidates: &Candidates<'_>) -> Base {
    let versions = &candidates.published.versions;
    let (none, why) = match (versions.as_slice(), candidates.head_version) {
        ([], _) => ("the recipe has no published version".to_owned(), NoBase::NoTags),
        ([only], _) if is_head(only, candidates) => {
            (format!("the only published version, {}, is head itself", only.tag), NoBase::NothingOlder)
        }
        ([only], _) if deploys_the_same(only, candidates) => {
            (format!("the only published version, {}, is what head deploys", only.tag), NoBase::NothingOlder)
        }
        (all, None) if all.iter().any(|one| candidates.ahead.contains(&one.tag)) => {
            ("every published version is newer than head".to_owned(), NoBase::NothingOlder)
        }
        (_, Some(head)) => (
            format!("head descends from no published version, and none is older than its {head}"),
            NoBase::NothingOlder,
        ),
        (_, None) => ("every published version is what head deploys".to_owned(), NoBase::NothingOlder),
    };
    let head = |reason: String| Base::Head { reason, why };
    let Some(tip) = candidates.tip else {
        return head(format!("{none}, and there is no default branch to compare with"));
    };
    if Some(tip.commit) == candidates.head {
        return head(format!("{none}, and head is the tip of {}", tip.branch));
    }
    if candidates.same.contains(tip.commit) {
        return head(format!("{none}, and the tip of {} deploys exactly what head does", tip.branch));
    }
    match tip.history {
        TipHistory::HoldsHead => head(format!("{none}, and head is older than the tip of {}", tip.branch)),
        TipHistory::WithoutHead => {
            Base::Commit { commit: tip.commit.clone(), reason: format!("{none}; the tip of {}", tip.branch) }
        }
    }
}

/// Whether an upgrade from there can show anything: not head's own commit, nor another one that deploys the same.
fn is_usable(one: &Published, candidates: &Candidates<'_>) -> bool {
    !is_head(one, candidates) && !deploys_the_same(one, candidates)
}

fn is_head(one: &Published, candidates: &Candidates<'_>) -> bool {
    candidates.head.is_some_and(|head| one.commit == head.as_str())
}

fn deploys_the_same(one: &Published, candidates: &Candidates<'_>) -> bool {
    candidates.same.iter().any(|commit| commit.as_str() == one.commit)
}

fn published(found: &Published, reason: &str) -> Result<Base, ChooseError> {
    let commit = Commit::parse(&found.commit).map_err(|_| ChooseError::Commit { tag: found.tag.clone() })?;
    let kind = match found.kind {
        TagKind::Annotated => "",
        TagKind::Lightweight => "; a lightweight tag, which abra does not take for a version",
    };
    Ok(Base::Published { version: found.tag.clone(), commit, reason: format!("{reason}{kind}") })
}

fn not_published(asked: &str, published: &Publications) -> ChooseError {
    let odd = published.skipped.iter().find(|skipped| skipped.tag == asked);
    let names: Vec<&str> = published.versions.iter().rev().take(5).map(|one| one.tag.as_str()).collect();
    let more = if published.versions.len() > names.len() { ", …" } else { "" };
    let known = match (odd, names.as_slice()) {
        (Some(odd), _) => format!("it is a tag, but {}", odd.why),
        (None, []) => "it has none".to_owned(),
        (None, _) => format!("newest first, they are {}{more}", names.join(", ")),
    };
    ChooseError::NotPublished { asked: asked.to_owned(), known }
}

#[cfg(test)]
mod tests;
