//! Words of a command line: a request written as words again, and what a line asks for that nobody has understood yet.

use crate::recipe::RecipeArgs;
use cc_ci_runner::request::GivenSecret;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The file that a run's outcome is promised in, and the run's id as it was given. Looked for before the line is understood: one
/// that makes no sense has an outcome, too.
#[must_use]
pub fn promised(words: &[OsString]) -> Option<(PathBuf, Option<String>)> {
    if !words.iter().skip(1).any(|word| word == "run") {
        return None;
    }
    let file = option(words, "--outcome").filter(|file| !file.is_empty())?;
    Some((PathBuf::from(file), option(words, "--run-id").and_then(|run| run.into_string().ok())))
}

/// The value of an option, in the word behind it or in its own.
fn option(words: &[OsString], name: &str) -> Option<OsString> {
    words.iter().enumerate().find_map(|(at, word)| {
        if word == name {
            return words.get(at + 1).cloned();
        }
        let value = word.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(OsStr::from_bytes(value).to_owned())
    })
}

impl RecipeArgs {
    /// The same request as words of a command line.
    #[must_use]
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![self.recipe.clone().into()];
        let mut option = |name: &str, value: Option<OsString>| {
            words.extend(value.into_iter().flat_map(|value| [OsString::from(name), value]));
        };
        if !self.worktree {
            option("--ref", Some(self.revision().into()));
        }
        option("--stages", self.stages.clone().filter(|text| !text.is_empty()).map(OsString::from));
        option("--base", self.base.clone().map(OsString::from));
        option("--tests", self.tests.clone().map(OsString::from));
        option("--catalogue", self.catalogue.clone().map(OsString::from));
        option("--policy", self.policy.clone().map(OsString::from));
        for (item, value) in &self.trust.allow {
            option("--allow", Some(OsString::from(format!("{}={value}", item.word()))));
        }
        for GivenSecret { name, file } in &self.trust.secrets {
            let mut value = OsString::from(format!("{name}="));
            value.push(file);
            option("--secret", Some(value));
        }
        option("--pr", self.pr.clone().filter(|text| !text.is_empty()).map(OsString::from));
        let flags = [
            ("--no-upgrade", self.no_upgrade),
            ("--trust-hooks", self.trust.trust_hooks),
            ("--worktree", self.worktree),
        ];
        words.extend(flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name.into()));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{BenchArgs, Measurement};
    use crate::{Cli, Verb};
    use clap::Parser;

    #[test]
    fn an_outcome_is_found_in_a_line_that_makes_no_sense() {
        let found = |words: &[&str]| promised(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let file = Some((PathBuf::from("o.json"), Some("r1".to_owned())));
        assert_eq!(found(&["cc-ci", "run", "--nonsense", "--outcome", "o.json", "--run-id=r1"]), file);
        assert_eq!(found(&["cc-ci", "run", "--outcome=o.json"]), Some((PathBuf::from("o.json"), None)));
        assert_eq!(found(&["cc-ci", "run", "--outcome"]), None);
        assert_eq!(found(&["cc-ci", "plan", "--outcome", "o.json"]), None);
    }

    fn floor(words: &[&str]) -> RecipeArgs {
        match Cli::try_parse_from([&["cc-ci", "bench", "floor"], words].concat()).unwrap().verb {
            Verb::Bench(BenchArgs { what: Measurement::Floor(args) }) => args.recipe,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_survives_being_written_as_words() {
        let words = ["shop", "--ref", "v2", "--stages", "install,upgrade", "--base", "1.0.0", "--trust-hooks"];
        let more = [
            "--tests",
            "t",
            "--catalogue",
            "c",
            "--policy",
            "p",
            "--allow",
            "device=/dev/net/tun",
            "--secret",
            "a=b",
            "--secret",
            "c=d=e",
            "--pr",
            "7",
        ];
        let first = floor(&[&words[..], &more[..]].concat());
        let again: Vec<String> = first.words().into_iter().map(|word| word.into_string().unwrap()).collect();
        let again = floor(&again.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        let folder = floor(&["shop", "--worktree"]);
        assert_eq!(folder.words(), ["shop", "--worktree"].map(OsString::from));
        let other = floor(&["shop", "--no-upgrade"]);
        assert_eq!(other.words(), ["shop", "--ref", "HEAD", "--no-upgrade"].map(OsString::from));
    }
}
