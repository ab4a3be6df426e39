//! Which published versions head is upgraded from, when there is to be more than one.

use crate::ids::Commit;
use cc_ci_recipe::source::nearest;
use cc_ci_recipe::version::{Publications, Published, TagKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;

/// More runs than this nobody gets who did not write their number, or their names.
pub const MOST_UNASKED: usize = 10;

/// No series has more.
pub const MOST: usize = 100;

/// Which versions somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromWish {
    /// Every one that operators may run.
    All,
    /// The newest so many of these.
    Last(usize),
    /// These, by name.
    Listed(Vec<String>),
}

/// A wish that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FromWishError {
    /// Nothing is named.
    #[error("no version is named: write `all`, `last:3`, or versions separated by commas")]
    Empty,
    /// Behind `last:` stands no number that can be.
    #[error("`{0}` is no number of versions: write `last:3`, with a number from 1 to {MOST}")]
    Number(String),
    /// More names than there may be.
    #[error("{0} versions are named: {MOST} runs in a row are the most")]
    Many(usize),
}

impl FromStr for FromWish {
    type Err = FromWishError;

    fn from_str(text: &str) -> Result<Self, FromWishError> {
        let text = text.trim();
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some(number) = text.strip_prefix("last:") {
            let number = number.trim();
            let parsed = number.parse().ok().filter(|number| (1..=MOST).contains(number));
            return parsed.map(Self::Last).ok_or_else(|| FromWishError::Number(number.to_owned()));
        }
        let mut names: Vec<String> = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        match names.len() {
            0 => Err(FromWishError::Empty),
            many if many > MOST => Err(FromWishError::Many(many)),
            _ => Ok(Self::Listed(names)),
        }
    }
}

/// What the choice is made from.
#[derive(Debug, Clone, Copy)]
pub struct FromCandidates<'a> {
    /// The commit under test.
    pub head: &'a Commit,
    /// What the repository's tags publish.
    pub published: &'a Publications,
    /// Tags whose commits head descends from, by name.
    pub behind: &'a BTreeSet<String>,
    /// Commits of these that deploy exactly what head does.
    pub same: &'a BTreeSet<Commit>,
}

/// The versions that were chosen, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenVersions {
    /// Those that head is upgraded from.
    pub versions: Vec<ChosenVersion>,
    /// Those that might have been meant and are not among them.
    pub left_out: Vec<LeftOutVersion>,
    /// How many older ones were not asked for.
    pub not_asked: usize,
}

/// A version that head is upgraded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenVersion {
    /// The tag.
    pub version: String,
    /// Its commit.
    pub commit: Commit,
    /// What a reader should know about it.
    pub remark: Option<String>,
}

/// A version that head is not upgraded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutVersion {
    /// The tag.
    pub version: String,
    /// Why.
    pub why: String,
}

/// Why no versions could be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FromError {
    /// A name that is no published version.
    #[error("`{asked}` is no published version of the recipe: {known}")]
    NotPublished {
        /// As asked.
        asked: String,
        /// Why, or those that are.
        known: String,
        /// The name that was probably meant.
        near: Option<String>,
    },
    /// A name of the commit under test.
    #[error("`{asked}` is the commit under test itself: there is nothing to upgrade from")]
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
    /// There is none.
    #[error("no published version comes before head: there is nothing to upgrade from{}", said(.left_out))]
    Nothing {
        /// Those that there are.
        left_out: Vec<LeftOutVersion>,
    },
    /// More than somebody may have expected.
    #[error("head descends from {count} published versions: that is {count} runs, and as many deploys at least")]
    Many {
        /// How many.
        count: usize,
    },
}

impl FromError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotPublished { near, .. } => near.as_ref().map(|near| format!("did you mean `{near}`?")),
            Self::IsHead { .. } => Some("name older versions".to_owned()),
            Self::Commit { .. } | Self::Nothing { .. } => None,
            Self::Many { count } => Some(format!(
                "`--from last:{MOST_UNASKED}` takes the newest {MOST_UNASKED}, `--from last:{}` {}; or name them",
                MOST.min(*count),
                if *count > MOST { "as many as there may be" } else { "all of them" },
            )),
        }
    }
}

fn said(left_out: &[LeftOutVersion]) -> String {
    left_out.iter().map(|LeftOutVersion { version, why }| format!("; {version} {why}")).collect()
}

/// Chooses. Of all versions those that operators of this line may run: published by an annotated tag, behind head, neither head
/// itself nor what head deploys. A version that is named is taken at its word, as `--base` takes it.
pub fn choose(wish: &FromWish, candidates: &FromCandidates<'_>) -> Result<ChosenVersions, FromError> {
    match wish {
        FromWish::Listed(names) => listed(names, candidates),
        FromWish::All => {
            let chosen = every(candidates)?;
            match chosen.versions.len() {
                count if count > MOST_UNASKED => Err(FromError::Many { count }),
                _ => Ok(chosen),
            }
        }
        FromWish::Last(most) => {
            let mut chosen = every(candidates)?;
            chosen.not_asked = chosen.versions.len().saturating_sub(*most);
            chosen.versions.truncate(*most);
            Ok(chosen)
        }
    }
}

fn every(candidates: &FromCandidates<'_>) -> Result<ChosenVersions, FromError> {
    let mut chosen = ChosenVersions { versions: Vec::new(), left_out: Vec::new(), not_asked: 0 };
    for one in candidates.published.versions.iter().rev() {
        let twin = chosen.versions.iter().find(|known| known.commit.as_str() == one.commit);
        match why_not(one, candidates).or(twin.map(|twin| format!("is the commit of {}", twin.version))) {
            Some(why) => chosen.left_out.push(LeftOutVersion { version: one.tag.clone(), why }),
            None => chosen.versions.push(ChosenVersion { remark: None, ..taken(one)? }),
        }
    }
    match chosen.versions.is_empty() {
        true => Err(FromError::Nothing { left_out: chosen.left_out }),
        false => Ok(chosen),
    }
}

/// Why a version is not one of all.
fn why_not(one: &Published, candidates: &FromCandidates<'_>) -> Option<String> {
    if one.commit == candidates.head.as_str() {
        return Some("is head itself".to_owned());
    }
    match one.kind {
        TagKind::Lightweight => return Some("is a lightweight tag, which abra does not take for a version".to_owned()),
        TagKind::Annotated => {}
    }
    remark(one, candidates)
}

/// What is odd about upgrading from a version.
fn remark(one: &Published, candidates: &FromCandidates<'_>) -> Option<String> {
    if !candidates.behind.contains(&one.tag) {
        return Some("does not come before head".to_owned());
    }
    let same = candidates.same.iter().any(|commit| commit.as_str() == one.commit);
    same.then(|| "deploys exactly what head does".to_owned())
}

fn listed(names: &[String], candidates: &FromCandidates<'_>) -> Result<ChosenVersions, FromError> {
    let found = |name: &String| candidates.published.versions.iter().find(|one| one.tag == *name);
    if let Some(unknown) = names.iter().find(|name| found(name).is_none()) {
        return Err(not_published(unknown, candidates.published));
    }
    let is_head = |one: &&Published| one.commit == candidates.head.as_str();
    if let Some(head) = names.iter().filter_map(found).find(is_head) {
        return Err(FromError::IsHead { asked: head.tag.clone() });
    }
    // The newest first, however they were written: it is the one that is tried whole.
    let named = candidates.published.versions.iter().rev().filter(|one| names.contains(&one.tag));
    let versions = named.map(|one| Ok(ChosenVersion { remark: odd(one, candidates), ..taken(one)? }));
    Ok(ChosenVersions { versions: versions.collect::<Result<_, FromError>>()?, left_out: Vec::new(), not_asked: 0 })
}

fn odd(one: &Published, candidates: &FromCandidates<'_>) -> Option<String> {
    let tag = match one.kind {
        TagKind::Lightweight => Some("is a lightweight tag, which abra does not take for a version".to_owned()),
        TagKind::Annotated => None,
    };
    let said: Vec<String> = tag.into_iter().chain(remark(one, candidates)).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

fn taken(one: &Published) -> Result<ChosenVersion, FromError> {
    let commit = Commit::parse(&one.commit).map_err(|_| FromError::Commit { tag: one.tag.clone() })?;
    Ok(ChosenVersion { version: one.tag.clone(), commit, remark: None })
}

fn not_published(asked: &str, published: &Publications) -> FromError {
    /// More names than this tell a reader nothing.
    const SHOWN: usize = 5;
    let names = || published.versions.iter().rev().map(|one| one.tag.as_str());
    let odd = published.skipped.iter().find(|skipped| skipped.tag == asked);
    let known = match odd {
        Some(odd) => format!("it is a tag, but {}", odd.why),
        None if published.versions.is_empty() => "it has none".to_owned(),
        None => {
            let more = if published.versions.len() > SHOWN { ", …" } else { "" };
            format!("newest first, they are {}{more}", names().take(SHOWN).collect::<Vec<_>>().join(", "))
        }
    };
    FromError::NotPublished { asked: asked.to_owned(), known, near: nearest(asked, names()).map(str::to_owned) }
}
