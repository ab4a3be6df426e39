//! Whether a warm provider is updated, and to which version: up to date, held for a person, or on it goes.

use super::notes::{self, Note};
use crate::ids::Commit;
use cc_ci_recipe::version::{Published, Version};
use std::fmt;

/// What is up.
#[derive(Debug, Clone, Copy)]
pub struct WarmStanding<'a> {
    /// Its published version; `None` when nothing was published when it came up.
    pub version: Option<&'a str>,
    /// Its commit.
    pub commit: &'a Commit,
}

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateWish<'a> {
    /// The newest version, unless a person has to look first.
    Newest,
    /// This one. Somebody has looked: nothing holds it.
    Version(&'a str),
}

/// The version that an update would lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateTarget<'a> {
    /// There is nothing to do.
    None(UpToDate<'a>),
    /// This one.
    Some(&'a Published),
}

/// Why there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpToDate<'a> {
    /// Its recipe has no published version.
    NothingPublished,
    /// What is up is what is asked for.
    AtIt,
    /// The newest published version is older than what is up.
    Ahead {
        /// It.
        newest: &'a str,
    },
}

/// Why a version cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// No tag publishes it.
    NotPublished,
    /// It is older than what is up, and data does not go back.
    Older,
}

/// What becomes of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateDecision {
    /// A person has to look first.
    Held(Vec<UpdateHold>),
    /// It moves.
    Update,
}

/// Why a person has to look first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateHold {
    /// The first number of the version grows: operators have to act.
    Major {
        /// The one that is up.
        from: u64,
        /// The one that would be.
        to: u64,
    },
    /// What is up has no published version, so nobody knows what lies between.
    Unknown,
    /// The tag of the version that is up leads to another commit now.
    Retagged,
    /// A release note speaks of a version in between.
    Note {
        /// The file.
        path: String,
    },
}

impl fmt::Display for UpToDate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingPublished => f.write_str("no version of it is published"),
            Self::AtIt => f.write_str("up to date"),
            Self::Ahead { newest } => write!(f, "up to date; the newest published version is {newest}, which is older"),
        }
    }
}

impl fmt::Display for UpdateHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Major { from, to } => write!(f, "the major version goes from {from} to {to}"),
            Self::Unknown => f.write_str("what is up has no published version, so nobody knows what lies between"),
            Self::Retagged => f.write_str("the tag of the version that is up leads to another commit now"),
            Self::Note { path } => write!(f, "{path} has something to say to operators"),
        }
    }
}

/// Which version an update would lead to; `published` is oldest first.
pub fn target<'a>(
    standing: &WarmStanding<'_>,
    published: &'a [Published],
    wish: UpdateWish<'_>,
) -> Result<UpdateTarget<'a>, Unfit> {
    let up = standing.version.and_then(version);
    let found = match wish {
        UpdateWish::Newest => published.last(),
        UpdateWish::Version(wanted) => {
            let named = |one: &&Published| one.tag == wanted || one.version.to_string() == wanted;
            Some(published.iter().find(named).ok_or(Unfit::NotPublished)?)
        }
    };
    let Some(found) = found else { return Ok(UpdateTarget::None(UpToDate::NothingPublished)) };
    let at_it = standing.version.is_none_or(|version| version == found.tag) && standing.commit.as_str() == found.commit;
    match (up, wish) {
        _ if at_it => Ok(UpdateTarget::None(UpToDate::AtIt)),
        (Some(up), UpdateWish::Newest) if found.version < up => {
            Ok(UpdateTarget::None(UpToDate::Ahead { newest: &found.tag }))
        }
        (Some(up), UpdateWish::Version(_)) if found.version < up => Err(Unfit::Older),
        (Some(_) | None, UpdateWish::Newest | UpdateWish::Version(_)) => Ok(UpdateTarget::Some(found)),
    }
}

/// Whether a person has to look before a provider moves to `to`, of whose tree `notes` are the release notes.
#[must_use]
pub fn decide(standing: &WarmStanding<'_>, to: &Published, wish: UpdateWish<'_>, notes: &[Note]) -> UpdateDecision {
    match wish {
        UpdateWish::Version(_) => return UpdateDecision::Update,
        UpdateWish::Newest => {}
    }
    let Some(up) = standing.version.and_then(version) else { return UpdateDecision::Held(vec![UpdateHold::Unknown]) };
    if up == to.version {
        return UpdateDecision::Held(vec![UpdateHold::Retagged]);
    }
    let major = (up.major != to.version.major).then_some(UpdateHold::Major { from: up.major, to: to.version.major });
    let notes = notes::between(notes, &up, &to.version).map(|note| UpdateHold::Note { path: note.path.clone() });
    let holds: Vec<UpdateHold> = major.into_iter().chain(notes).collect();
    if holds.is_empty() { UpdateDecision::Update } else { UpdateDecision::Held(holds) }
}

fn version(text: &str) -> Option<Version> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::version::TagKind;

    fn commit(number: usize) -> Commit {
        Commit::parse(&format!("{number}").repeat(40)).unwrap()
    }

    fn published(tags: &[&str]) -> Vec<Published> {
        let one = |(at, tag): (usize, &&str)| Published {
            version: tag.parse().unwrap(),
            tag: (*tag).to_owned(),
            kind: TagKind::Annotated,
            commit: commit(at).to_string(),
        };
        tags.iter().enumerate().map(one).collect()
    }

    /// What becomes of a provider at `up`, whose commit is that of the version with its number.
    fn check(up: (Option<&str>, usize), tags: &[&str], wish: UpdateWish<'_>, notes: &[(&str, &str)]) -> String {
        let (commit, published) = (commit(up.1), published(tags));
        let standing = WarmStanding { version: up.0, commit: &commit };
        let to = match target(&standing, &published, wish) {
            Ok(UpdateTarget::Some(to)) => to,
            Ok(UpdateTarget::None(why)) => return why.to_string(),
            Err(why) => return format!("{why:?}"),
        };
        let notes: Vec<Note> = notes.iter().filter_map(|(path, text)| Note::read(path, text)).collect();
        match decide(&standing, to, wish, &notes) {
            UpdateDecision::Update => format!("to {}", to.tag),
            UpdateDecision::Held(why) => {
                format!("held at {}: {}", to.tag, why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
        }
    }

    const THREE: [&str; 3] = ["1.0.0+1.0", "1.1.0+1.1", "1.1.1+1.1"];

    #[test]
    fn the_table_of_what_becomes_of_a_provider() {
        let newest = |up, tags: &[&str], notes: &[(&str, &str)]| check(up, tags, UpdateWish::Newest, notes);
        let first = (Some("1.0.0+1.0"), 0);
        assert_eq!(newest(first, &THREE, &[]), "to 1.1.1+1.1");
        assert_eq!(newest((Some("1.1.1+1.1"), 2), &THREE, &[]), "up to date");
        assert_eq!(newest(first, &[], &[]), "no version of it is published");
        assert_eq!(
            newest((Some("9.0.0+1"), 9), &THREE, &[]),
            "up to date; the newest published version is 1.1.1+1.1, which is older"
        );
        assert_eq!(
            newest(first, &["1.0.0+1.0", "2.0.0+1.0"], &[]),
            "held at 2.0.0+1.0: the major version goes from 1 to 2"
        );
        // Only the recipe's own number says that operators have to act, not that of what it packages.
        assert_eq!(newest(first, &["1.0.0+1.0", "1.0.1+2.0"], &[]), "to 1.0.1+2.0");
        // A newest version below a major that was never up is one all the same.
        assert_eq!(
            newest(first, &["1.0.0+1.0", "2.0.0+1", "2.1.0+1"], &[("release/2.0.0+1", "Act.")]),
            "held at 2.1.0+1: the major version goes from 1 to 2; release/2.0.0+1 has something to say to operators"
        );
        assert_eq!(newest((None, 0), &[], &[]), "no version of it is published");
        assert_eq!(newest((None, 0), &THREE[..1], &[]), "up to date");
        assert_eq!(
            newest((None, 7), &THREE, &[]),
            "held at 1.1.1+1.1: what is up has no published version, so nobody knows what lies between"
        );
        assert_eq!(
            newest((Some("1.1.1+1.1"), 7), &THREE, &[]),
            "held at 1.1.1+1.1: the tag of the version that is up leads to another commit now"
        );
    }

    #[test]
    fn a_note_of_any_version_on_the_way_holds_and_no_other_does() {
        let held = |path: &str, text: &str| check((Some("1.0.0+1.0"), 0), &THREE, UpdateWish::Newest, &[(path, text)]);
        for path in ["release/1.1.0+1.1", "release/1.1.1+1.1", "releaseNotes/1.1.0+1.1.md", "release/1.0.5+9"] {
            assert_eq!(held(path, "Do it."), format!("held at 1.1.1+1.1: {path} has something to say to operators"));
        }
        for (path, text) in [
            ("release/1.0.0+1.0", "Of what is up."),
            ("release/1.2.0+1.1", "Of what comes later."),
            ("release/next", "A draft."),
            ("release/.gitkeep", ""),
            ("release/1.1.0+1.1", " \n"),
            ("docs/release/1.1.0+1.1", "Elsewhere."),
            ("release/old/1.1.0+1.1", "Deeper."),
        ] {
            assert_eq!(held(path, text), "to 1.1.1+1.1", "{path}");
        }
    }

    #[test]
    fn who_names_a_version_has_looked() {
        let tags = ["1.0.0+1.0", "1.1.0+1.0", "2.0.0+1.0"];
        let to = |up: (Option<&str>, usize), wanted| {
            check(up, &tags, UpdateWish::Version(wanted), &[("release/2.0.0+1.0", "Act.")])
        };
        let up = (Some("1.1.0+1.0"), 1);
        assert_eq!(to(up, "2.0.0+1.0"), "to 2.0.0+1.0");
        assert_eq!(to(up, "1.1.0+1.0"), "up to date");
        assert_eq!(to((Some("1.1.0+1.0"), 7), "1.1.0+1.0"), "to 1.1.0+1.0");
        assert_eq!(to((None, 7), "1.1.0+1.0"), "to 1.1.0+1.0");
        assert_eq!(to(up, "1.0.0+1.0"), "Older");
        assert_eq!(to(up, "3.0.0+1.0"), "NotPublished");
    }
}
