//! Chooses where the app is first deployed: what operators run today, and never head itself (BASE-1, BASE-2).

use super::base::Base;
use crate::ids::Commit;
use cc_ci_recipe::version::{Publications, Published, TagKind, Version};

/// What the choice is made from.
#[derive(Debug, Clone)]
pub struct Candidates<'a> {
    /// The commit under test.
    pub head: &'a Commit,
    /// Its version label, when it has one that is a version.
    pub head_version: Option<&'a Version>,
    /// What the repository's tags publish.
    pub published: &'a Publications,
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
    /// The version label there, when it is a version.
    pub version: Option<&'a Version>,
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
    /// No upgrade; for the reason given.
    NoUpgrade(String),
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
    /// A tag's commit could not be read.
    #[error("the tag `{tag}` leads to no commit we can read")]
    Commit {
        /// The tag.
        tag: String,
    },
}

/// Chooses the base. In order: the version asked for, the newest published version older than head's, the tip of the
/// default branch, else none, with the reason.
pub fn choose(wish: &Wish, candidates: &Candidates<'_>) -> Result<Base, ChooseError> {
    match wish {
        Wish::NoUpgrade(reason) => Ok(Base::Head { reason: reason.clone() }),
        Wish::Version(asked) => named(asked, "asked for", candidates),
        Wish::Pinned { version, by } => named(version, &format!("asked for by {by}"), candidates),
        Wish::Automatic => older_or_tip(candidates, None),
    }
}

/// The published version of that name, or an older one if it is head's own.
fn named(asked: &str, reason: &str, candidates: &Candidates<'_>) -> Result<Base, ChooseError> {
    let versions = &candidates.published.versions;
    let found = versions.iter().find(|one| one.tag == asked);
    let found = found.ok_or_else(|| ChooseError::NotPublished { asked: asked.to_owned(), known: known(versions) })?;
    if is_head(found, candidates) {
        let back = format!("stepped back from {asked}, which is head's own version");
        return older_or_tip(candidates, Some(&back));
    }
    published(found, reason)
}

fn older_or_tip(candidates: &Candidates<'_>, why: Option<&str>) -> Result<Base, ChooseError> {
    let versions = candidates.published.versions.iter().rev();
    let mut usable = versions.filter(|one| !is_head(one, candidates));
    let older = usable.find(|one| candidates.head_version.is_none_or(|head| one.version < *head));
    if let Some(found) = older {
        let reason = match (why, candidates.head_version) {
            (Some(why), _) => why.to_owned(),
            (None, Some(head)) => format!("the newest published version older than head's {head}"),
            (None, None) => "the newest published version; head carries none".to_owned(),
        };
        return published(found, &reason);
    }
    Ok(from_tip(candidates))
}

fn from_tip(candidates: &Candidates<'_>) -> Base {
    let none = match (candidates.published.versions.is_empty(), candidates.head_version) {
        (true, _) => "the recipe has no published version".to_owned(),
        (false, Some(head)) => format!("no published version is older than head's {head}"),
        (false, None) => "the only published version is head itself".to_owned(),
    };
    let Some(tip) = candidates.tip else {
        return Base::Head { reason: format!("{none}, and there is no default branch to compare with") };
    };
    if tip.commit == candidates.head {
        return Base::Head { reason: format!("{none}, and head is the tip of {}", tip.branch) };
    }
    match (tip.version, candidates.head_version) {
        (Some(base), Some(head)) if base >= head => Base::Head {
            reason: format!(
                "{none}, and the tip of {} has version {base}, not an older one than head's {head}",
                tip.branch
            ),
        },
        _ => Base::Commit { commit: tip.commit.clone(), reason: format!("{none}; the tip of {}", tip.branch) },
    }
}

/// Never from a version to itself: neither the same commit nor another one with the same version.
fn is_head(candidate: &Published, candidates: &Candidates<'_>) -> bool {
    candidate.commit == candidates.head.as_str() || candidates.head_version == Some(&candidate.version)
}

fn published(found: &Published, reason: &str) -> Result<Base, ChooseError> {
    let commit = Commit::parse(&found.commit).map_err(|_| ChooseError::Commit { tag: found.tag.clone() })?;
    let kind = match found.kind {
        TagKind::Annotated => "",
        TagKind::Lightweight => "; a lightweight tag, which abra does not take for a version",
    };
    Ok(Base::Published { version: found.tag.clone(), commit, reason: format!("{reason}{kind}") })
}

fn known(versions: &[Published]) -> String {
    let names: Vec<&str> = versions.iter().rev().take(5).map(|one| one.tag.as_str()).collect();
    let more = if versions.len() > names.len() { ", …" } else { "" };
    if names.is_empty() {
        "it has none".to_owned()
    } else {
        format!("newest first, they are {}{more}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::version;

    fn commit(digit: char) -> Commit {
        Commit::parse(&digit.to_string().repeat(40)).unwrap()
    }

    /// Tags as `name@digit`, with `~` before a lightweight one; head is commit `f`, the tip of `main` is `t@digit/version`.
    fn check(wish: &Wish, head_version: &str, tags: &[&str], tip: Option<(char, &str)>) -> String {
        let tags: Vec<_> = tags
            .iter()
            .map(|tag| {
                let (name, digit) = tag.split_once('@').unwrap();
                let kind = if name.starts_with('~') { TagKind::Lightweight } else { TagKind::Annotated };
                version::Tag {
                    name: name.trim_start_matches('~').to_owned(),
                    kind,
                    commit: commit(digit.chars().next().unwrap()).to_string(),
                }
            })
            .collect();
        let published = version::published(&tags);
        let (head, head_version) = (commit('f'), head_version.parse().ok());
        let tip = tip.map(|(digit, version)| (commit(digit), version.parse().ok()));
        let tip = tip.as_ref().map(|(commit, version)| Tip { branch: "main", commit, version: version.as_ref() });
        let candidates = Candidates { head: &head, head_version: head_version.as_ref(), published: &published, tip };
        match choose(wish, &candidates) {
            Ok(Base::Published { version, reason, .. }) => format!("{version}: {reason}"),
            Ok(Base::Commit { commit, reason }) => format!("{}: {reason}", commit.short()),
            Ok(Base::Head { reason }) => format!("none: {reason}"),
            Err(error) => format!("error: {error}"),
        }
    }

    const AUTO: Wish = Wish::Automatic;

    #[test]
    fn the_newest_older_published_version() {
        let tags = ["1.0.0+1@1", "1.1.0+1@2", "2.0.0+1@3"];
        assert_eq!(
            check(&AUTO, "2.1.0+1", &tags, None),
            "2.0.0+1: the newest published version older than head's 2.1.0+1"
        );
        assert_eq!(
            check(&AUTO, "1.1.1+1", &tags, None),
            "1.1.0+1: the newest published version older than head's 1.1.1+1"
        );
        assert_eq!(check(&AUTO, "", &tags, None), "2.0.0+1: the newest published version; head carries none");
    }

    #[test]
    fn never_a_version_to_itself() {
        let tags = ["1.0.0+1@1", "2.0.0+1@f"];
        assert_eq!(
            check(&AUTO, "2.0.0+1", &tags, None),
            "1.0.0+1: the newest published version older than head's 2.0.0+1"
        );
        assert_eq!(check(&AUTO, "", &tags, None), "1.0.0+1: the newest published version; head carries none");
        // Another commit with the same version label is the same version.
        assert_eq!(
            check(&Wish::Version("2.0.0+1".into()), "2.0.0+1", &["1.0.0+1@1", "2.0.0+1@2"], None),
            "1.0.0+1: stepped back from 2.0.0+1, which is head's own version"
        );
    }

    #[test]
    fn the_version_asked_for_may_be_newer_than_the_default() {
        let tags = ["1.0.0+1@1", "~1.1.0+1@2", "2.0.0+1@3"];
        assert_eq!(check(&Wish::Version("1.0.0+1".into()), "3.0.0+1", &tags, None), "1.0.0+1: asked for");
        assert_eq!(
            check(&Wish::Version("1.1.0+1".into()), "3.0.0+1", &tags, None),
            "1.1.0+1: asked for; a lightweight tag, which abra does not take for a version"
        );
        let pinned = Wish::Pinned { version: "1.0.0+1".into(), by: "tests/ci.toml, line 3".into() };
        assert_eq!(check(&pinned, "3.0.0+1", &tags, None), "1.0.0+1: asked for by tests/ci.toml, line 3");
        assert_eq!(
            check(&Wish::Version("9".into()), "3.0.0+1", &tags, None),
            "error: `9` is no published version of the recipe: newest first, they are 2.0.0+1, 1.1.0+1, 1.0.0+1"
        );
        assert_eq!(
            check(&Wish::Version("9".into()), "3.0.0+1", &[], None),
            "error: `9` is no published version of the recipe: it has none"
        );
    }

    #[test]
    fn without_an_older_version_the_default_branch_serves() {
        assert_eq!(
            check(&AUTO, "", &[], Some(('a', ""))),
            "aaaaaaaa: the recipe has no published version; the tip of main"
        );
        assert_eq!(
            check(&AUTO, "1.0.0+1", &["2.0.0+1@2"], Some(('a', "0.9.0+1"))),
            "aaaaaaaa: no published version is older than head's 1.0.0+1; the tip of main"
        );
    }

    #[test]
    fn the_default_branch_is_no_base_for_itself_or_for_what_is_older() {
        assert_eq!(
            check(&AUTO, "", &[], Some(('f', ""))),
            "none: the recipe has no published version, and head is the tip of main"
        );
        assert_eq!(
            check(&AUTO, "1.0.0+1", &["1.0.0+1@f"], Some(('a', "1.0.0+1"))),
            "none: no published version is older than head's 1.0.0+1, and the tip of main has version 1.0.0+1, not an older \
             one than head's 1.0.0+1"
        );
        assert_eq!(
            check(&AUTO, "", &["1.0.0+1@f"], None),
            "none: the only published version is head itself, and there is no default branch to compare with"
        );
        assert_eq!(check(&Wish::NoUpgrade("not asked for".into()), "", &[], None), "none: not asked for");
    }
}
