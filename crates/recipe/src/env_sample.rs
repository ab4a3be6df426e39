//! The grammar of `.env.sample`: the template of an app's environment, with modifiers in comments behind the values.

mod value;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use self::value::{Parsed, expand, parse_value};
use crate::source::{Problem, Topic, nearest};

/// The assignments of a `.env.sample`, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EnvSample {
    /// Assignments in force and commented ones.
    pub entries: Vec<EnvEntry>,
}

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnvEntry {
    /// The variable.
    pub key: String,
    /// The value as written, without quotes and before expansion.
    pub text: String,
    /// Which quotes it has; they decide whether it is expanded.
    pub quotes: Quotes,
    /// What the comment behind the value asks for.
    pub modifiers: Modifiers,
    /// Whether it is in force.
    pub presence: Presence,
    /// The line it starts on, counted from 1.
    pub line: u32,
}

/// The quotes around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Quotes {
    /// None: expanded, trimmed.
    None,
    /// Single: taken literally.
    Single,
    /// Double: expanded, with backslash escapes.
    Double,
}

/// Whether an assignment is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// An ordinary line: every app's environment has the key.
    Set,
    /// A commented line (`#KEY=value`): documents an optional feature.
    Optional,
}

/// What the comment behind a value asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Modifiers {
    /// `length=N`: letters of a generated secret; without it a secret is a passphrase.
    pub length: Option<u32>,
    /// `charset=NAME`: alphabet of a generated secret.
    pub charset: Option<Charset>,
    /// `generate=false`: the operator inserts the secret.
    pub generate: Option<bool>,
}

/// Alphabets of generated secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Charset {
    /// ASCII letters and digits.
    #[default]
    Alnum,
    /// `0-9a-f`.
    Hex,
    /// Letters, digits and punctuation.
    Special,
    /// Letters, digits and the punctuation that is safe in URLs and shells.
    SafeSpecial,
}

/// How many variables are read: real recipes have under 300.
pub(crate) const MAX_VARIABLES: usize = 4_096;

/// How much the values of an environment may hold together, in bytes: Linux starts no program with more than 2 MiB.
pub(crate) const MAX_ENVIRONMENT: usize = 1 << 20;

impl EnvSample {
    /// Reads a `.env.sample`. Lines that cannot be read are left out and reported.
    #[must_use]
    pub fn read(file: &str, text: &str) -> (Self, Vec<Problem>) {
        let mut sample = Self::default();
        let mut problems = Vec::new();
        let lines: Vec<&str> = text.strip_prefix('\u{feff}').unwrap_or(text).lines().collect();
        let mut at = 0;
        while at < lines.len() {
            if sample.entries.len() + problems.len() >= MAX_VARIABLES {
                let what = format!("holds more than {MAX_VARIABLES} variables, which no recipe does");
                problems.push(Problem::error(file, what));
                break;
            }
            let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
            let (line, presence) = statement(lines[at]);
            at += 1;
            let key = line.split_once('=').map(|(key, _)| key.trim_end()).filter(|key| is_key(key));
            match (key, presence) {
                (None, Presence::Optional) => continue,
                (None, Presence::Set) if line.is_empty() => continue,
                (None, Presence::Set) => {
                    let what = format!("`{}` is not an assignment", line.chars().take(40).collect::<String>());
                    let hint = "write KEY=value, or put `#` in front";
                    problems.push(Problem::error(file, what).line(number).hint(hint));
                    continue;
                }
                (Some(key), Presence::Optional) if key.contains(|c: char| c.is_ascii_lowercase()) => continue,
                (Some(_), _) => {}
            }
            let Some((key, rest)) = line.split_once('=') else { continue };
            let key = key.trim_end();
            // Only an assignment in force may go on over the following lines: a comment ends with its line.
            let more = if presence == Presence::Set { &lines[at..] } else { &[] };
            match parse_value(rest, more) {
                Parsed::Value { text, quotes, comment, lines } => {
                    at += lines;
                    let place = Problem::warning(file, "").line(number).key(key);
                    let modifiers = modifiers(&comment, &place, presence, &mut problems);
                    sample.entries.push(EnvEntry {
                        key: key.to_owned(),
                        text,
                        quotes,
                        modifiers,
                        presence,
                        line: number,
                    });
                }
                Parsed::OpenQuote if presence == Presence::Optional => {}
                Parsed::OpenQuote => {
                    let problem = Problem::error(file, "has a quote that is not closed").line(number).key(key);
                    problems.push(problem.hint("close it on the same line"));
                }
            }
        }
        (sample, problems)
    }

    /// The environment that this sample gives, with `overrides` in place of its own values.
    ///
    /// An override stands in wherever the sample assigns its key, so that later lines which refer to it see the override.
    /// Where the values would grow beyond all measure, what follows stays as it is written.
    #[must_use]
    pub fn resolve(&self, overrides: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut env = BTreeMap::new();
        let mut room = MAX_ENVIRONMENT;
        for entry in self.in_force() {
            let value = match (overrides.get(&entry.key), entry.quotes) {
                (Some(over), _) => over.clone(),
                (None, Quotes::Single) => entry.text.clone(),
                (None, Quotes::None | Quotes::Double) if room == 0 => entry.text.clone(),
                (None, Quotes::None | Quotes::Double) => expand(&entry.text, &env),
            };
            room = room.saturating_sub(value.len());
            env.insert(entry.key.clone(), value);
        }
        env.extend(overrides.iter().map(|(key, value)| (key.clone(), value.clone())));
        env
    }

    /// The assignments that are not commented out.
    pub fn in_force(&self) -> impl Iterator<Item = &EnvEntry> {
        self.entries.iter().filter(|entry| entry.presence == Presence::Set)
    }

    /// The assignment of `key` that is in force: the last one.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&EnvEntry> {
        self.in_force().filter(|entry| entry.key == key).last()
    }
}

/// A value without its quotes, and the quotes; `None` when one is not closed.
pub(crate) fn read_value(text: &str) -> Option<(String, Quotes)> {
    match parse_value(text, &[]) {
        Parsed::Value { text, quotes, .. } => Some((text, quotes)),
        Parsed::OpenQuote => None,
    }
}

/// A value with its variables filled in.
pub(crate) fn expand_value(text: &str, env: &BTreeMap<String, String>) -> String {
    expand(text, env)
}

/// A line without what marks it as a comment or an export.
fn statement(line: &str) -> (Cow<'_, str>, Presence) {
    let line = line.trim();
    let (line, presence) = match line.strip_prefix('#') {
        Some(comment) => (comment.trim_start(), Presence::Optional),
        None => (line, Presence::Set),
    };
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    // What abra reads these files with takes `KEY: value` too.
    let yaml = line.split_once(": ").filter(|(key, _)| presence == Presence::Set && is_key(key));
    let rewritten = yaml.map(|(key, value)| Cow::Owned(format!("{key}={}", value.trim_start())));
    (rewritten.unwrap_or(Cow::Borrowed(line)), presence)
}

/// Whether `key` may name a variable.
pub(crate) fn is_key(key: &str) -> bool {
    let letters = |c: char| c == '_' || c.is_ascii_alphanumeric();
    !key.is_empty() && !key.starts_with(|c: char| c.is_ascii_digit()) && key.chars().all(letters)
}

const KNOWN: [&str; 3] = ["length", "charset", "generate"];

/// Reads `key=value` pairs from a comment. Prose is left alone; in the comment of a secret's version, and where a key
/// is nearly one of the known ones, an unknown key is reported.
fn modifiers(comment: &str, place: &Problem, presence: Presence, problems: &mut Vec<Problem>) -> Modifiers {
    let mut modifiers = Modifiers::default();
    let mut report = |what: String, hint: String| {
        if presence == Presence::Set {
            problems.push(Problem { what, ..place.clone() }.hint(hint).topic(Topic::Modifier));
        }
    };
    let secret = place.key.as_deref().is_some_and(|key| key.starts_with("SECRET_"));
    for (key, value) in comment.split_whitespace().filter_map(|word| word.split_once('=')) {
        match key {
            "length" => match value.parse() {
                Ok(length) if (1..=4096).contains(&length) => modifiers.length = Some(length),
                _ => report(format!("length `{value}` is not a number of letters"), "write length=32".to_owned()),
            },
            "charset" => match value {
                "default" | "alnum" => modifiers.charset = Some(Charset::Alnum),
                "hex" => modifiers.charset = Some(Charset::Hex),
                "special" => modifiers.charset = Some(Charset::Special),
                "safespecial" => modifiers.charset = Some(Charset::SafeSpecial),
                _ => {
                    let hint = "use default, alnum, hex, special or safespecial; abra takes any other for default";
                    report(format!("unknown charset `{value}`"), hint.to_owned());
                }
            },
            "generate" => match value {
                "true" => modifiers.generate = Some(true),
                "false" => modifiers.generate = Some(false),
                _ => report(format!("generate `{value}` is neither true nor false"), "write generate=false".to_owned()),
            },
            _ => match nearest(key, KNOWN) {
                Some(near) => report(format!("unknown modifier `{key}`"), format!("did you mean `{near}`?")),
                None if secret => report(format!("unknown modifier `{key}`"), format!("use {}", KNOWN.join(", "))),
                None => {}
            },
        }
    }
    modifiers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let (sample, problems) = EnvSample::read(".env.sample", text);
        let env = sample.resolve(&BTreeMap::new());
        let env = env.iter().map(|(key, value)| format!("{key}={value:?}"));
        env.chain(problems.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_quotes_and_expansion() {
        insta::assert_snapshot!(resolved(concat!(
            "TYPE=miniflux:1.0.0+2.2.6\n\nDOMAIN=flux.example.com\n",
            "COMPOSE_FILE=\"compose.yml\"\nCOMPOSE_FILE=\"$COMPOSE_FILE:compose.postgres.yml\"\n",
            "EXTRA_DOMAINS=', `www.example.com`'\nMOUNTS=/ /var/lib/docker\nURL=https://$DOMAIN/x?a=b#frag\n",
            "A=\"x=1&y=`z`\" # note\nB=${MISSING:-dflt} # note\nEMPTY=\nLITERAL='$DOMAIN'\n",
            "ESC=\"a\\\"b\\$c\\n\"\nexport EX=1\nMULTI=\"one\ntwo\"\nLAST=$(date) $ $5\n",
        )), @r#"
        A="x=1&y=`z`"
        B="dflt"
        COMPOSE_FILE="compose.yml:compose.postgres.yml"
        DOMAIN="flux.example.com"
        EMPTY=""
        ESC="a\"b$c\n"
        EX="1"
        EXTRA_DOMAINS=", `www.example.com`"
        LAST="$(date) $ $5"
        LITERAL="$DOMAIN"
        MOUNTS="/ /var/lib/docker"
        MULTI="one\ntwo"
        TYPE="miniflux:1.0.0+2.2.6"
        URL="https://flux.example.com/x?a=b#frag"
        "#);
    }

    #[test]
    fn modifiers_are_read_from_comments() {
        let text = concat!(
            "SECRET_A_VERSION=v1 # length=32 charset=hex\nSECRET_B_VERSION=v1 # generate=false\nSECRET_C_VERSION=v1\n",
            "#SECRET_D_VERSION=v1 # length=5\n# prose with a=b\n# see https://x.y/?a=b\nX=1 # key=value prose\n",
        );
        let (sample, problems) = EnvSample::read(".env.sample", text);
        assert_eq!(problems, []);
        let shown = sample.entries.iter().map(|e| format!("{} {} {:?} {:?}", e.line, e.key, e.presence, e.modifiers));
        insta::assert_snapshot!(shown.collect::<Vec<_>>().join("\n"), @r"
        1 SECRET_A_VERSION Set Modifiers { length: Some(32), charset: Some(Hex), generate: None }
        2 SECRET_B_VERSION Set Modifiers { length: None, charset: None, generate: Some(false) }
        3 SECRET_C_VERSION Set Modifiers { length: None, charset: None, generate: None }
        4 SECRET_D_VERSION Optional Modifiers { length: Some(5), charset: None, generate: None }
        7 X Set Modifiers { length: None, charset: None, generate: None }
        ");
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        insta::assert_snapshot!(resolved(concat!(
            "A=1\nnot an assignment\nSECRET_A_VERSION=v1 # lenght=32 charset=b64 generate=maybe length=x colour=red\n",
            "B='open\nC=2\n",
        )), @r#"
        A="1"
        C="2"
        SECRET_A_VERSION="v1"
        .env.sample, line 2: `not an assignment` is not an assignment
        hint: write KEY=value, or put `#` in front
        .env.sample, line 3: SECRET_A_VERSION: unknown modifier `lenght`
        hint: did you mean `length`?
        .env.sample, line 3: SECRET_A_VERSION: unknown charset `b64`
        hint: use default, alnum, hex, special or safespecial; abra takes any other for default
        .env.sample, line 3: SECRET_A_VERSION: generate `maybe` is neither true nor false
        hint: write generate=false
        .env.sample, line 3: SECRET_A_VERSION: length `x` is not a number of letters
        hint: write length=32
        .env.sample, line 3: SECRET_A_VERSION: unknown modifier `colour`
        hint: use length, charset, generate
        .env.sample, line 4: B: has a quote that is not closed
        hint: close it on the same line
        "#);
    }

    #[test]
    fn values_that_double_each_other_stay_small() {
        let double = |n: u32| format!("A{n}=$A{p}$A{p}\n", p = n - 1);
        let text: String = std::iter::once("A0=xxxxxxxx\n".to_owned()).chain((1..60).map(double)).collect();
        let env = EnvSample::read(".env.sample", &text).0.resolve(&BTreeMap::new());
        assert!(env.values().all(|value| value.len() <= 128 * 1024));
    }

    #[test]
    fn an_override_is_seen_by_later_lines() {
        let (sample, _) = EnvSample::read(".env.sample", "DOMAIN=a.example\nURL=https://$DOMAIN\n");
        let overrides = [("DOMAIN".to_owned(), "b.test".to_owned())].into();
        assert_eq!(sample.resolve(&overrides)["URL"], "https://b.test");
        assert_eq!(sample.entry("URL").unwrap().line, 2);
    }
}
