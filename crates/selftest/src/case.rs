//! One case: a recipe with a known fault, or with none, and the right answer.

use regex::Regex;
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A case, and how it is tried.
#[derive(Debug, Clone)]
pub struct Case {
    /// `group/name`.
    pub id: CaseId,
    /// What is wrong with the recipe, or that nothing is: one sentence.
    pub title: String,
    /// What the case checks, and the right answer to it.
    pub question: Question,
}

/// The name of a case: its group and its own name, as in `data/drop-user-table`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CaseId {
    /// The folder of cases that belong together.
    pub group: String,
    /// The case's own name.
    pub name: String,
}

impl CaseId {
    /// The name of `group/name`.
    #[must_use]
    pub fn new(group: &str, name: &str) -> Self {
        Self { group: group.to_owned(), name: name.to_owned() }
    }

    /// Whether this case was asked for by that word: its group, its name, or both.
    #[must_use]
    pub fn is_asked_by(&self, word: &str) -> bool {
        self.group == word || self.name == word || self.to_string() == word
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.name)
    }
}

/// What is asked of the program.
#[derive(Debug, Clone)]
pub enum Question {
    /// `cc-ci run` on the engine: the verdict.
    Run(Box<Described>),
    /// `cc-ci plan` on the files alone, and `cc-ci lint` where a finding is wished for.
    Files(Box<Described>),
    /// `cc-ci plan` on one compose file: the same answer as docker's own loader.
    Loader(LoaderRow),
    /// `cc-ci lint` on one compose file and on its twin without the fault.
    Lint(LintRow),
}

impl Question {
    /// Whether the case can be tried without an engine.
    #[must_use]
    pub fn needs_files_only(&self) -> bool {
        match self {
            Self::Run(_) => false,
            Self::Files(_) | Self::Loader(_) | Self::Lint(_) => true,
        }
    }

    /// Whether something besides cc-ci acts on the engine: a script that runs beside the run, or hooks that were trusted with the host.
    /// What appears while such a hook runs is laid to it (RUN-3), so one such case must not run beside another.
    #[must_use]
    pub fn has_strangers(&self) -> bool {
        match self {
            Self::Run(described) => {
                let Needs { meanwhile, flags, .. } = &described.needs;
                meanwhile.is_some() || flags.split_whitespace().any(|word| word == "--trust-hooks")
            }
            Self::Files(_) | Self::Loader(_) | Self::Lint(_) => false,
        }
    }

    /// The description of a case that has a file of its own.
    #[must_use]
    pub fn described(&self) -> Option<&Described> {
        match self {
            Self::Run(described) | Self::Files(described) => Some(described),
            Self::Loader(_) | Self::Lint(_) => None,
        }
    }
}

/// What `case.toml` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Described {
    /// What is wrong with the recipe, or that nothing is.
    pub title: String,
    /// The example that the case changes; `none` when it is made from nothing.
    pub over: String,
    /// The right answer.
    pub right: Right,
    /// What the case needs to be tried.
    #[serde(default)]
    pub needs: Needs,
}

/// The right answer to a case.
#[derive(Debug, Clone, Deserialize)]
pub struct Right {
    /// The verdict's colour.
    pub color: RightColor,
    /// Other colours that are right, too.
    #[serde(default)]
    pub accept: Vec<RightColor>,
    /// The first tier that does not pass.
    pub tier: Option<String>,
    /// Whose fault it is.
    pub blame: Option<String>,
    /// The exit codes of `cc-ci plan`, one of which is right; for what files alone decide.
    #[serde(default, deserialize_with = "one_or_many")]
    pub exit: Vec<i32>,
    /// The verdict's first line has to match this.
    #[serde(default, deserialize_with = "expression")]
    pub first_line: Option<Regex>,
    /// The report has to match this.
    #[serde(default, deserialize_with = "expression")]
    pub note_says: Option<Regex>,
    /// Green is right as well when the report matches this.
    #[serde(default, deserialize_with = "expression")]
    pub or_note: Option<Regex>,
    /// The level is not above this one.
    pub level_at_most: Option<u64>,
    /// A finding of lint with this rule or severity has to be there.
    pub lint: Option<String>,
    /// The published version that has to be the base.
    pub base: Option<String>,
    /// The answer has to come within this many seconds.
    pub within_seconds: Option<u64>,
    /// What must not be there afterwards, in words; the script `absent.sh` of the case looks for it.
    pub absent: Option<String>,
}

/// The colour of a verdict, or a set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RightColor {
    /// Everything that was looked at holds.
    Green,
    /// Something does not.
    Red,
    /// It could not be found out.
    Unverified,
    /// Red or unverified.
    NotGreen,
    /// Refused before anything was deployed.
    Refused,
    /// Any verdict is right; the case asks something else.
    Any,
}

/// What a case needs to be tried.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Needs {
    /// Images that have to be on the engine.
    #[serde(default)]
    pub images: Vec<String>,
    /// Words added to `cc-ci run`; `CASE` stands for the case's folder, `STATE` for the state folder.
    #[serde(default)]
    pub flags: String,
    /// A script of the case that runs beside it.
    pub meanwhile: Option<String>,
}

/// A compose file, and what docker's loader says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoaderRow {
    /// The exit codes of `cc-ci plan`, one of which is right.
    pub exit: Vec<i32>,
}

/// A compose file with something lint has to say, or must not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintRow {
    /// What lint has to say.
    pub expected: LintExpected,
    /// The row without the fault.
    pub twin: String,
}

/// What lint has to say to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LintExpected {
    /// A rule of at least this severity speaks, and that rule is silent on the twin.
    Speaks(LintSeverity),
    /// This rule is silent on the row.
    Silent(String),
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LintSeverity {
    /// Worth a look.
    Warning,
    /// Wrong.
    Error,
}

fn expression<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    Regex::new(&text).map(Some).map_err(serde::de::Error::custom)
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<i32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(i32),
        Many(Vec<i32>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(code) => vec![code],
        OneOrMany::Many(codes) => codes,
    })
}
