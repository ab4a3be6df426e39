//! Recipe versions `X.Y.Z+upstream`, their order, and which tags publish one.

use crate::shell::word;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::source::Problem;

/// A recipe version: its own number, and the upstream version it packages.
///
/// Ordered by the number, then by the digit runs of the upstream part (`5.99.0 < 5.101.2 < 5.101.10`), then by its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// The operator has to act.
    pub major: u64,
    /// New features, or a new minor version upstream.
    pub minor: u64,
    /// Small corrections.
    pub patch: u64,
    /// Upstream's version as upstream writes it.
    pub upstream: String,
}

/// A text that is not a recipe version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a version: {why}")]
pub struct VersionError {
    /// The text.
    pub text: String,
    /// What is missing or too much.
    pub why: &'static str,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let fail = |why| VersionError { text: text.to_owned(), why };
        let (head, upstream) = text.split_once('+').ok_or_else(|| fail("it has no `+` with the upstream version"))?;
        if upstream.is_empty() || !upstream.chars().all(|c| c.is_ascii_graphic()) {
            return Err(fail("there is no upstream version behind the `+`"));
        }
        let numbers: Option<Vec<u64>> = head.split('.').map(number).collect();
        match numbers.as_deref() {
            Some(&[major, minor, patch]) => Ok(Self { major, minor, patch, upstream: upstream.to_owned() }),
            Some(_) | None => Err(fail("the part before `+` is not X.Y.Z")),
        }
    }
}

/// A number without sign and without leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}+{}", self.major, self.minor, self.patch, self.upstream)
    }
}

impl TryFrom<String> for Version {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let head = |version: &Self| (version.major, version.minor, version.patch);
        head(self)
            .cmp(&head(other))
            .then_with(|| digit_runs(&self.upstream).cmp(digit_runs(&other.upstream)))
            .then_with(|| self.upstream.cmp(&other.upstream))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The digit runs of a text, each as (length without leading zeros, digits), which orders like the numbers do.
fn digit_runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(|run| {
        let digits = run.trim_start_matches('0');
        (digits.len(), digits)
    })
}

/// A git tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Whether it is a tag object, as `abra` demands of a published version (BASE-2).
    pub kind: TagKind,
    /// The commit it leads to, in hexadecimal.
    pub commit: String,
}

/// The two kinds of git tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagKind {
    /// A tag object with author, date and message.
    Annotated,
    /// A bare name of a commit.
    Lightweight,
}

/// A version that operators can run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The version.
    pub version: Version,
    /// The tag's name.
    pub tag: String,
    /// Lightweight tags can be deployed but break `abra`'s own handling of versions.
    pub kind: TagKind,
    /// The commit.
    pub commit: String,
}

/// What the tags of a repository publish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Publications {
    /// Versions, oldest first.
    pub versions: Vec<Published>,
    /// Tags that publish nothing.
    pub skipped: Vec<SkippedTag>,
}

/// A tag that publishes nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedTag {
    /// The tag's name.
    pub tag: String,
    /// An annotated one was meant to publish something.
    pub kind: TagKind,
    /// Why it does not count.
    pub why: String,
}

impl SkippedTag {
    /// The version that the name holds behind a `v`.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.tag.strip_prefix(['v', 'V'])?.parse().ok()
    }

    /// What to do about it, where that can be known: an annotated tag without its `v`.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let version = self.version()?;
        let (version, commit) = (word(&version.to_string()), word(&format!("{}^{{}}", self.tag)));
        Some(format!("publish it without the `v`: git tag -a {version} {commit}"))
    }
}

/// The command that turns a lightweight tag into an annotated one.
pub(crate) fn annotate(tag: &str) -> String {
    format!("git tag -f -a {} {}", word(tag), word(&format!("{tag}^{{}}")))
}

impl Publications {
    /// Tags that look as if they were to publish a version and do not: annotated ones, and any version behind a `v`.
    pub fn odd(&self) -> impl Iterator<Item = &SkippedTag> {
        self.skipped.iter().filter(|skipped| skipped.kind == TagKind::Annotated || skipped.version().is_some())
    }

    /// The same for a reader: one line, or none.
    #[must_use]
    pub fn odd_in_words(&self) -> Option<String> {
        /// More names than this tell a reader nothing.
        const SHOWN: usize = 5;
        let names: Vec<&str> = self.odd().map(|skipped| skipped.tag.as_str()).collect();
        let more = names.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| format!(" and {more} more"));
        let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        let hint = self.odd().find_map(SkippedTag::hint).map(|hint| format!("; {hint}")).unwrap_or_default();
        let more = more.unwrap_or_default();
        (!names.is_empty())
            .then(|| format!("tags that publish nothing, because they are no versions: {shown}{more}{hint}"))
    }

    /// What a maintainer should know about the tags.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        if self.versions.is_empty() {
            let hint = "publish one with an annotated tag, such as `git tag -a 0.1.0+1.2.3`";
            return vec![
                Problem::warning("tags", "no tag is a version, so there is nothing to upgrade from").hint(hint),
            ];
        }
        let lightweight = self.versions.iter().filter(|one| one.kind == TagKind::Lightweight);
        let problem = |one: &Published| {
            let tag = &one.tag;
            let hint = format!("make it annotated: {}", annotate(tag));
            Problem::warning("tags", "is a lightweight tag, which abra refuses").key(tag.clone()).hint(hint)
        };
        lightweight.map(problem).collect()
    }
}

/// Sorts tags into versions and the rest.
#[must_use]
pub fn published(tags: &[Tag]) -> Publications {
    let mut publications = Publications::default();
    for tag in tags {
        match tag.name.parse::<Version>() {
            Ok(version) => publications.versions.push(Published {
                version,
                tag: tag.name.clone(),
                kind: tag.kind,
                commit: tag.commit.clone(),
            }),
            Err(error) => {
                publications.skipped.push(SkippedTag {
                    tag: tag.name.clone(),
                    kind: tag.kind,
                    why: error.why.to_owned(),
                });
            }
        }
    }
    publications.versions.sort_by(|left, right| left.version.cmp(&right.version));
    publications
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_by_number_then_upstream() {
        let ordered = [
            "0.9.9+99",
            "1.0.0+1.0.6-social-amd64",
            "1.0.0+2-alpine",
            "1.0.0+5.99.0",
            "1.0.0+5.101.2",
            "1.0.0+5.101.2-alpine",
            "1.0.0+5.101.10",
            "1.0.1+v1.9.0",
            "1.0.1+v2.0.0",
            "1.0.2+2024_01",
            "1.0.10+1",
            "10.7.1+26.6.2",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn what_is_not_a_version_says_why() {
        let why = |text: &str| text.parse::<Version>().unwrap_err().to_string();
        insta::assert_snapshot!(["1.2.3", "v1.2.3+1", "1.2+1", "1.02.3+1", "1.2.3+", "1.2.3.4+1", "", "1.2.-3+1"].map(why).join("\n"), @r"
        `1.2.3` is not a version: it has no `+` with the upstream version
        `v1.2.3+1` is not a version: the part before `+` is not X.Y.Z
        `1.2+1` is not a version: the part before `+` is not X.Y.Z
        `1.02.3+1` is not a version: the part before `+` is not X.Y.Z
        `1.2.3+` is not a version: there is no upstream version behind the `+`
        `1.2.3.4+1` is not a version: the part before `+` is not X.Y.Z
        `` is not a version: it has no `+` with the upstream version
        `1.2.-3+1` is not a version: the part before `+` is not X.Y.Z
        ");
    }

    #[test]
    fn tags_are_sorted_into_versions_and_the_rest() {
        let tag = |name: &str, kind| Tag { name: name.to_owned(), kind, commit: format!("c-{name}") };
        let got = published(&[
            tag("2.0.0+1.2", TagKind::Annotated),
            tag("1.0.0+1.1", TagKind::Lightweight),
            tag("nightly", TagKind::Annotated),
        ]);
        let names: Vec<_> = got.versions.iter().map(|one| (one.tag.as_str(), one.kind)).collect();
        assert_eq!(names, [("1.0.0+1.1", TagKind::Lightweight), ("2.0.0+1.2", TagKind::Annotated)]);
        assert_eq!(got.skipped[0].tag, "nightly");
        assert_eq!(got.odd_in_words().unwrap(), "tags that publish nothing, because they are no versions: nightly");
        let shown = |got: &Publications| got.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(shown(&got), @r"
        tags: 1.0.0+1.1: is a lightweight tag, which abra refuses
        hint: make it annotated: git tag -f -a '1.0.0+1.1' '1.0.0+1.1^{}'
        ");
        insta::assert_snapshot!(shown(&published(&[])), @r"
        tags: no tag is a version, so there is nothing to upgrade from
        hint: publish one with an annotated tag, such as `git tag -a 0.1.0+1.2.3`
        ");
    }

    #[test]
    fn tags_that_were_meant_as_versions_are_named_and_others_are_not() {
        let odd = |names: &[(&str, TagKind)]| {
            let tags: Vec<Tag> = names
                .iter()
                .map(|(name, kind)| Tag { name: (*name).to_owned(), kind: *kind, commit: String::new() })
                .collect();
            published(&tags).odd_in_words().unwrap_or_default()
        };
        let (annotated, light) = (TagKind::Annotated, TagKind::Lightweight);
        assert_eq!(odd(&[("1.0.0+1", annotated), ("backup-of-monday", light)]), "");
        assert_eq!(
            odd(&[("v1.0.0+1", light), ("v1.2", light), ("final", annotated)]),
            "tags that publish nothing, because they are no versions: v1.0.0+1, final; publish it without the `v`: git tag -a \
             '1.0.0+1' 'v1.0.0+1^{}'"
        );
        let many: Vec<(&str, TagKind)> = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, annotated)).to_vec();
        assert!(odd(&many).ends_with(": a, b, c, d, e and 2 more"));
    }

    prop_compose! {
        fn any_version()(head in (0..4_u64, 0..4_u64, 0..12_u64), upstream in "v?[0-9]{1,3}([._-][0-9a-c]{1,3}){0,3}") -> Version {
            Version { major: head.0, minor: head.1, patch: head.2, upstream }
        }
    }

    proptest! {
        #[test]
        fn a_version_survives_printing(version in any_version()) {
            prop_assert_eq!(version.to_string().parse::<Version>().unwrap(), version);
        }

        #[test]
        fn the_order_is_total(a in any_version(), b in any_version(), c in any_version()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }

        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            drop(text.parse::<Version>());
        }
    }
}
