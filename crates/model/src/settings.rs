//! `ci.toml`: what a recipe, or the CI's catalogue for it, says about its tests (CUST-1).
//!
//! Every key stands in [`keys::KEYS`], from which the reference page is made; an unknown key is an error. A later file wins
//! over an earlier one, key by key.

pub(crate) mod document;
pub mod keys;
pub mod manifest;
mod probes;
pub mod provided;
pub mod provides;
pub mod softening;

use crate::ids::RecipeName;
use crate::plan::demands::{Health, Probe, Verify};
use crate::plan::limits::Limits;
use crate::plan::promotion::Enrolment;
use crate::tier::Tier;
use cc_ci_recipe::source::{Problem, nearest};
use document::{Document, Item};
use keys::KEYS;
use provided::Provided;
use std::collections::BTreeMap;
use toml::de::DeTable;

/// The file's name, in a recipe's tests folder and in a catalogue folder.
pub const FILE: &str = "ci.toml";

/// What the files say; what none says has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where the app has to answer.
    pub health: Health,
    /// Time limits that were given.
    pub limits: LimitSettings,
    /// Variables of the app, for every tree. Values are as written.
    pub environment: BTreeMap<String, String>,
    /// Variables of the app, for the commit under test alone; they win over `environment`.
    pub upgrade_environment: BTreeMap<String, String>,
    /// The version to start from.
    pub base: Option<BasePin>,
    /// Recipes that the app needs beside it, in the order in which they are brought up.
    pub dependencies: Vec<RecipeName>,
    /// What is taken from them, by capability.
    pub provided: BTreeMap<String, Provided>,
    /// What has to be ready besides the app's route.
    pub ready: Vec<Probe>,
    /// Whether the recipe is to be backed up; `None` leaves it to its labels.
    pub backup: Option<Capable>,
    /// The check of a backup.
    pub verify: Option<Verify>,
    /// Tiers that are skipped, with the reason.
    pub skips: BTreeMap<Tier, String>,
    /// Patterns of files that come and go by themselves.
    pub churn: Vec<String>,
    /// Patterns of tables whose rows may become fewer.
    pub expected_losses: Vec<String>,
    /// Hosts and entry points that an upgrade gives up on purpose.
    pub dropped_addresses: Vec<String>,
    /// Whether the recipe has canonicals.
    pub enrolment: Enrolment,
    /// Whether a base is looked for among them.
    pub canonicals: CanonicalUse,
    /// The page of the picture; `None` for the front page.
    pub screenshot: Option<String>,
    /// Every key that was given, as it is written, by its full name.
    pub given: BTreeMap<String, Given>,
}

/// Time limits in seconds; `None` leaves the usual one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// The whole run.
    pub run: Option<u64>,
    /// From deploy to converged.
    pub converge: Option<u64>,
    /// From converged to the first accepted answer.
    pub serving: Option<u64>,
    /// One hook, test or backup command.
    pub command: Option<u64>,
    /// The stability window.
    pub stable: Option<u64>,
}

impl LimitSettings {
    /// `usual` with what was given in its place.
    #[must_use]
    pub fn over(self, usual: Limits) -> Limits {
        Limits {
            run: self.run.unwrap_or(usual.run),
            converge: self.converge.unwrap_or(usual.converge),
            serving: self.serving.unwrap_or(usual.serving),
            command: self.command.unwrap_or(usual.command),
            stable: self.stable.unwrap_or(usual.stable),
            alive: usual.alive,
        }
    }
}

/// Whether a recipe's canonical is a base for the next version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CanonicalUse {
    /// It is.
    #[default]
    Used,
    /// It is left out.
    Ignored,
}

/// A base that a file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasePin {
    /// The published version.
    pub version: String,
    /// The file and line that ask.
    pub by: String,
}

/// Whether a recipe is to be backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capable {
    /// It has to promise a backup: one that lost its labels is refused.
    Yes,
    /// It is not backed up, whatever its labels say.
    No,
}

/// A key as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The value as it is written.
    pub text: String,
}

impl Given {
    /// Where it stands, for a message.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

impl Settings {
    /// Reads files in the order given, each as its name and its text; a later one wins, key by key.
    ///
    /// # Errors
    /// Returns everything that is wrong in any of them.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<Problem>> {
        let mut settings = Self::default();
        let mut problems = Vec::new();
        for (file, text) in files {
            let mut document = Document::new(file, text);
            let root = document.parse();
            let mut reading = Reading { document, settings: &mut settings };
            reading.walk("", &root);
            problems.append(&mut reading.document.problems);
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    /// Where a key was given, for a message; empty for one that was not.
    #[must_use]
    pub fn place(&self, key: &str) -> String {
        self.given.get(key).map(Given::place).unwrap_or_default()
    }
}

/// One file on its way into the settings.
pub(crate) struct Reading<'a, 's> {
    pub(crate) document: Document<'a>,
    pub(crate) settings: &'s mut Settings,
}

impl Reading<'_, '_> {
    fn walk(&mut self, prefix: &str, table: &DeTable<'_>) {
        for item in self.document.items(prefix, table) {
            let below = format!("{}.", item.key);
            if let Some(key) = KEYS.iter().find(|key| key.name == item.key) {
                key.read(self, &item);
            } else if KEYS.iter().any(|key| key.name.starts_with(&below)) {
                if let Some(table) = self.document.table(&item) {
                    self.walk(&item.key, table);
                }
            } else {
                self.unknown(prefix, &item);
            }
        }
    }

    /// Remembers that a key was given, as it is written. Whatever is below it in an earlier file stays.
    pub(crate) fn given(&mut self, item: &Item<'_>) {
        let text = self.document.written(item);
        self.given_as(item, text);
    }

    /// Remembers that a key was given whose value stands on several lines.
    pub(crate) fn given_as(&mut self, item: &Item<'_>, text: String) {
        let given = Given { file: self.document.file.to_owned(), line: item.line, text };
        self.settings.given.insert(item.key.clone(), given);
    }

    fn unknown(&mut self, prefix: &str, item: &Item<'_>) {
        let inside = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
        let mut here: Vec<&str> = KEYS
            .iter()
            .filter_map(|key| key.name.strip_prefix(&inside))
            .map(|rest| rest.split('.').next().unwrap_or(rest))
            .collect();
        here.dedup();
        let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
        let hint = if let Some(near) = nearest(&item.name, here.iter().copied()) {
            format!("did you mean `{inside}{near}`?")
        } else if let Some(near) = nearest(&item.name, KEYS.iter().map(|key| last(key.name))) {
            let full = KEYS.iter().find(|key| last(key.name) == near).map_or(near, |key| key.name);
            format!("did you mean `{full}`?")
        } else {
            format!("the keys here are {}", here.join(", "))
        };
        self.document.report(item, format!("unknown key `{}`", item.name), &hint);
    }
}
