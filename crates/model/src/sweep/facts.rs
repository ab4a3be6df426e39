//! What the answer about a recipe hangs on, and whether an answer that was given stands still (WARM-4).
//!
//! `unchanged` is said only when every fact is known, was known then, and is the same. Whatever cannot be told makes a run.

use crate::evidence::ImageSeen;
use crate::ids::{Commit, RecipeName, RunId};
use crate::verdict::Color;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The form in which answers are kept. One of another form is no evidence.
pub const ANSWER_FORMAT: u32 = 1;

/// How the name of an image's fact begins.
const IMAGE: &str = "image ";

/// What the answer of a run hangs on, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerFacts {
    /// Those that are known, with what they are.
    pub known: BTreeMap<String, String>,
    /// Those that could not be told, with the reason.
    pub unknown: BTreeMap<String, String>,
}

impl AnswerFacts {
    /// Adds a fact; the inner `Err` is why it cannot be told.
    pub fn add(&mut self, name: impl Into<String>, told: Result<String, String>) {
        let name = name.into();
        match told {
            Ok(value) => {
                self.unknown.remove(&name);
                self.known.insert(name, value);
            }
            Err(why) => {
                self.known.remove(&name);
                self.unknown.insert(name, why);
            }
        }
    }

    /// The fact about an image.
    pub fn image(&mut self, reference: &str, digest: Result<String, String>) {
        self.add(format!("{IMAGE}{reference}"), digest);
    }

    /// The images that facts are about.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.known.keys().chain(self.unknown.keys()).filter_map(|name| name.strip_prefix(IMAGE))
    }

    /// The same after a run: images as they are `now`, each of which has to be the one that the run itself was pinned to.
    #[must_use]
    pub fn after_run(mut self, now: &BTreeMap<String, Result<String, String>>, pinned: &[ImageSeen]) -> Self {
        for (reference, digest) in now {
            self.image(reference, digest.clone());
        }
        for ImageSeen { image, digest, .. } in pinned {
            if now.get(image) != Some(&Ok(digest.clone())) {
                self.image(image, Err(format!("the run had {digest}, and now it is another")));
            }
        }
        self
    }

    /// The first thing that keeps these facts from being what was `then`, in words.
    fn differs_from(&self, then: &Self) -> Option<String> {
        if let Some((name, why)) = self.unknown.iter().next() {
            return Some(format!("{name}: {why}"));
        }
        if let Some((name, why)) = then.unknown.iter().next() {
            return Some(format!("its last run left {name} open: {why}"));
        }
        for (name, is) in &self.known {
            match then.known.get(name) {
                Some(was) if was == is => {}
                Some(was) => return Some(format!("{name} is {is}, and was {was}")),
                None => return Some(format!("{name} is new: {is}")),
            }
        }
        let gone = then.known.keys().find(|name| !self.known.contains_key(*name));
        gone.map(|name| format!("{name} is gone"))
    }
}

/// The last answer about a recipe that a sweep had from a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastAnswer {
    /// The form of this record.
    pub format: u32,
    /// The recipe.
    pub recipe: RecipeName,
    /// The published version that was run.
    pub version: String,
    /// Its commit.
    pub commit: Commit,
    /// The run.
    pub run: RunId,
    /// The sweep that made it.
    pub sweep: RunId,
    /// When that was, RFC 3339, UTC.
    pub at: String,
    /// The verdict in one word.
    pub color: Color,
    /// The level that may be shown.
    pub level: Option<u8>,
    /// The exit code of the run.
    pub exit_code: u8,
    /// From its start to its end, in milliseconds.
    pub ms: u64,
    /// What it hung on.
    pub facts: AnswerFacts,
}

impl LastAnswer {
    /// Whether it is green, for good.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.color == Color::Green && self.exit_code == crate::exit::GREEN
    }
}

/// The canonical that a green run of the version would leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedCanonical {
    /// None: the recipe is not enrolled, or its runs cannot be kept.
    None,
    /// One of the version under test.
    Newest {
        /// What is kept now: version and commit; `None` when nothing is.
        kept: Option<(String, Commit)>,
    },
}

/// Whether the last answer stands: the same would be asked of the same, and it was green. `Err` is why it does not.
///
/// # Errors
/// Says why a run is needed.
pub fn stands<'a>(
    last: Option<&'a LastAnswer>,
    now: &AnswerFacts,
    version: (&str, &Commit),
    canonical: &WantedCanonical,
) -> Result<&'a LastAnswer, String> {
    let Some(last) = last else { return Err("no sweep has run it yet".to_owned()) };
    if last.format != ANSWER_FORMAT {
        return Err("what is kept of its last run has another form".to_owned());
    }
    if (last.version.as_str(), &last.commit) != version {
        let was = format!("{} at {}", last.version, last.commit.short());
        return Err(format!("the newest version is {} at {}, and was {was}", version.0, version.1.short()));
    }
    if !last.is_green() {
        return Err(format!("its last run, {}, was {}", last.run, last.color));
    }
    if let Some(why) = now.differs_from(&last.facts) {
        return Err(why);
    }
    match canonical {
        WantedCanonical::None => Ok(last),
        WantedCanonical::Newest { kept: Some((kept, commit)) } if (kept.as_str(), commit) == version => Ok(last),
        WantedCanonical::Newest { kept: Some((kept, _)) } => Err(format!("its canonical is {kept}, not {}", version.0)),
        WantedCanonical::Newest { kept: None } => Err("it is enrolled and has no canonical".to_owned()),
    }
}

/// A digest over named texts, in this order: what is in a folder, say. No two lists of names and texts have the same bytes.
#[must_use]
pub fn digest<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut sum = Sha256::new();
    for (name, content) in parts {
        for bytes in [name.as_bytes(), content] {
            sum.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            sum.update(bytes);
        }
    }
    hex::encode(&sum.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: &str) -> Commit {
        Commit::parse(&digit.repeat(40)).unwrap()
    }

    fn facts(pairs: &[(&str, &str)]) -> AnswerFacts {
        let mut facts = AnswerFacts::default();
        for (name, value) in pairs {
            facts.add(*name, Ok((*value).to_owned()));
        }
        facts
    }

    fn last(facts: AnswerFacts) -> LastAnswer {
        LastAnswer {
            format: ANSWER_FORMAT,
            recipe: RecipeName::parse("shop").unwrap(),
            version: "1.0.0+1".to_owned(),
            commit: commit("a"),
            run: RunId::parse("r1").unwrap(),
            sweep: RunId::parse("s1").unwrap(),
            at: "2026-11-29T12:00:00Z".to_owned(),
            color: Color::Green,
            level: Some(5),
            exit_code: 0,
            ms: 1000,
            facts,
        }
    }

    fn check(last: &LastAnswer, now: &AnswerFacts) -> String {
        let version = ("1.0.0+1", &commit("a"));
        stands(Some(last), now, version, &WantedCanonical::None).map_or_else(|why| why, |last| format!("{}", last.run))
    }

    #[test]
    fn the_last_answer_stands_only_when_every_fact_is_known_and_the_same() {
        let then = [("image db:1", "sha256:a"), ("policy", "none")];
        let stored = last(facts(&then));
        assert_eq!(check(&stored, &facts(&then)), "r1");
        let other = [("image db:1", "sha256:b"), ("policy", "none")];
        assert_eq!(check(&stored, &facts(&other)), "image db:1 is sha256:b, and was sha256:a");
        assert_eq!(check(&stored, &facts(&then[..1])), "policy is gone");
        let more = [("catalogue", "x"), ("image db:1", "sha256:a"), ("policy", "none")];
        assert_eq!(check(&stored, &facts(&more)), "catalogue is new: x");
        let mut open = facts(&then);
        open.image("db:1", Err("it is not on the engine".to_owned()));
        assert_eq!(check(&stored, &open), "image db:1: it is not on the engine");
        // That it could not be told then either is no sameness.
        assert_eq!(check(&last(open.clone()), &open), "image db:1: it is not on the engine");
        let stored = last(open);
        assert_eq!(check(&stored, &facts(&then)), "its last run left image db:1 open: it is not on the engine");
    }

    #[test]
    fn a_red_answer_a_moved_tag_and_a_record_of_another_form_are_no_evidence() {
        let now = facts(&[("policy", "none")]);
        let good = last(now.clone());
        let red = LastAnswer { color: Color::Red, exit_code: 10, ..good.clone() };
        assert_eq!(check(&red, &now), "its last run, r1, was red");
        // A green verdict of a run that left something behind is none.
        assert_eq!(check(&LastAnswer { exit_code: 11, ..good.clone() }, &now), "its last run, r1, was green");
        let moved = LastAnswer { commit: commit("b"), ..good.clone() };
        assert_eq!(check(&moved, &now), "the newest version is 1.0.0+1 at aaaaaaaa, and was 1.0.0+1 at bbbbbbbb");
        let old = LastAnswer { format: 0, ..good.clone() };
        assert_eq!(check(&old, &now), "what is kept of its last run has another form");
        let version = ("1.0.0+1", &commit("a"));
        assert!(stands(None, &now, version, &WantedCanonical::None).is_err());
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<LastAnswer>(&text).unwrap(), good);
        let strange = text.replacen('{', "{\"also\":1,", 1);
        assert!(serde_json::from_str::<LastAnswer>(&strange).is_err());
    }

    #[test]
    fn an_enrolled_recipe_without_its_canonical_is_run_again() {
        let now = facts(&[("policy", "none")]);
        let good = last(now.clone());
        let asked = |kept: Option<(&str, &str)>| {
            let kept = kept.map(|(version, digit)| (version.to_owned(), commit(digit)));
            let version = ("1.0.0+1", &commit("a"));
            stands(Some(&good), &now, version, &WantedCanonical::Newest { kept }).map(|last| last.run.to_string())
        };
        assert_eq!(asked(Some(("1.0.0+1", "a"))), Ok("r1".to_owned()));
        assert_eq!(asked(None), Err("it is enrolled and has no canonical".to_owned()));
        assert_eq!(asked(Some(("0.9.0+1", "9"))), Err("its canonical is 0.9.0+1, not 1.0.0+1".to_owned()));
        assert_eq!(asked(Some(("1.0.0+1", "b"))), Err("its canonical is 1.0.0+1, not 1.0.0+1".to_owned()));
    }

    #[test]
    fn an_image_that_changed_while_the_run_went_on_is_left_open() {
        let seen = |image: &str, digest: &str| ImageSeen {
            image: image.to_owned(),
            digest: digest.to_owned(),
            pulled_ms: None,
            at_ms: 0,
        };
        let now = |digest: &str| BTreeMap::from([("db:1".to_owned(), Ok(digest.to_owned()))]);
        let mut before = AnswerFacts::default();
        before.image("db:1", Err("it is not on the engine".to_owned()));
        let same = before.clone().after_run(&now("sha256:a"), &[seen("db:1", "sha256:a")]);
        assert_eq!((same.known["image db:1"].as_str(), same.unknown.len()), ("sha256:a", 0));
        let other = before.clone().after_run(&now("sha256:b"), &[seen("db:1", "sha256:a")]);
        assert!(other.known.is_empty() && other.unknown.len() == 1, "{other:?}");
        // One that the run met and that nobody looked at.
        assert_eq!(before.after_run(&now("sha256:a"), &[seen("cache:1", "sha256:c")]).unknown.len(), 1);
    }

    #[test]
    fn a_digest_tells_where_a_name_ends_and_a_text_begins() {
        let of = |parts: &[(&str, &str)]| digest(parts.iter().map(|(name, text)| (*name, text.as_bytes())));
        assert_eq!(of(&[("a", "bc")]), of(&[("a", "bc")]));
        assert_ne!(of(&[("a", "bc")]), of(&[("ab", "c")]));
        assert_ne!(of(&[("a", "b"), ("c", "d")]), of(&[("a", "bcd")]));
        assert_ne!(of(&[]), of(&[("", "")]));
    }
}
