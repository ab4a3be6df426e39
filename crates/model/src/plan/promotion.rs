//! Whether a run becomes its recipe's canonical, as far as a plan can say (WARM-1); the rest is [`crate::verdict::promotion`]'s.

use crate::ids::Commit;
use cc_ci_recipe::version::{Publications, TagKind};
use serde::{Deserialize, Serialize};

/// What a plan says about promotion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promotion {
    /// The recipe is not enrolled.
    #[default]
    NotEnrolled,
    /// It is enrolled, and this run cannot become its canonical.
    No {
        /// Why.
        why: String,
    },
    /// The run becomes the recipe's canonical if it is green.
    IfGreen {
        /// The version that it publishes.
        version: String,
    },
}

impl Promotion {
    /// Whether there is nothing to say about it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        *self == Self::NotEnrolled
    }
}

/// Whether a recipe has canonicals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Enrolment {
    /// The settings do not say so.
    #[default]
    No,
    /// They do.
    Yes,
}

/// What the plan says about promotion. `head` is `None` for a work tree; `departures` are the ways in which the run is less than a
/// complete one, in words.
#[must_use]
pub fn planned(
    enrolment: Enrolment,
    head: Option<&Commit>,
    published: &Publications,
    departures: &[String],
) -> Promotion {
    match enrolment {
        Enrolment::No => return Promotion::NotEnrolled,
        Enrolment::Yes => {}
    }
    let no = |why: String| Promotion::No { why };
    let Some(head) = head else { return no("a work tree is no published version".to_owned()) };
    let Some(newest) = published.versions.last() else { return no("no version is published".to_owned()) };
    if newest.commit != head.as_str() {
        return no(format!("head is not the newest published version, {}", newest.tag));
    }
    match newest.kind {
        TagKind::Annotated => {}
        TagKind::Lightweight => return no(format!("the tag {} is lightweight", newest.tag)),
    }
    match departures {
        [] => Promotion::IfGreen { version: newest.tag.clone() },
        some => no(format!("the run is not a complete one: {}", some.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::version::{self, Tag};

    const HEAD: char = 'f';

    fn commit(digit: char) -> Commit {
        Commit::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn check(tags: &[(&str, TagKind, char)], departures: &[&str]) -> String {
        let tags: Vec<Tag> = tags
            .iter()
            .map(|(name, kind, digit)| Tag {
                name: (*name).to_owned(),
                kind: *kind,
                commit: commit(*digit).to_string(),
            })
            .collect();
        let departures: Vec<String> = departures.iter().map(|one| (*one).to_owned()).collect();
        let published = version::published(&tags);
        match planned(Enrolment::Yes, Some(&commit(HEAD)), &published, &departures) {
            Promotion::IfGreen { .. } => "if green".to_owned(),
            Promotion::No { why } => why,
            Promotion::NotEnrolled => "not enrolled".to_owned(),
        }
    }

    #[test]
    fn only_the_newest_published_version_is_promoted_and_only_by_an_annotated_tag() {
        use TagKind::{Annotated, Lightweight};
        let (old, head) = (("1.0.0+1", Annotated, '1'), ("1.1.0+1", Annotated, HEAD));
        assert_eq!(check(&[old, head], &[]), "if green");
        assert_eq!(check(&[], &[]), "no version is published");
        assert_eq!(check(&[old], &[]), "head is not the newest published version, 1.0.0+1");
        // A tag of head that somebody gave an old number.
        let newer = ("2.0.0+1", Annotated, '2');
        assert_eq!(check(&[old, head, newer], &[]), "head is not the newest published version, 2.0.0+1");
        assert_eq!(check(&[old, ("1.1.0+1", Lightweight, HEAD)], &[]), "the tag 1.1.0+1 is lightweight");
        // What is no version publishes nothing.
        assert_eq!(check(&[old, ("v9", Annotated, HEAD)], &[]), "head is not the newest published version, 1.0.0+1");
    }

    #[test]
    fn a_run_of_less_than_everything_is_not_promoted_and_says_what_is_missing() {
        let head = ("1.0.0+1", TagKind::Annotated, HEAD);
        assert_eq!(
            check(&[head], &["--no-upgrade", "--tests"]),
            "the run is not a complete one: --no-upgrade, --tests"
        );
    }

    #[test]
    fn nothing_is_said_about_a_recipe_that_is_not_enrolled() {
        let planned = planned(Enrolment::No, None, &Publications::default(), &["x".to_owned()]);
        assert!(planned.is_silent());
    }
}
