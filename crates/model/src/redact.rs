//! Masks secrets in any text that leaves a run, and finds those that slipped through (SEC-1).

mod configured;
mod event;
mod forms;
mod lines;
mod scan;
mod vault;

use scan::Scan;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

pub use configured::{Configured, configured};
pub use lines::LineMasker;
pub use vault::Vault;

/// What stands in a secret's place. Shorter than any form, so that it can never be one itself.
pub const MASK: &str = "*****";

/// Values with fewer characters are left alone: masking `a1` would turn every text into stars.
pub const SHORTEST: usize = 6;

/// Knows the values of secrets in every form they may take in a text.
#[derive(Clone, Default)]
pub struct Redactor {
    looking: Looking,
    /// The secret each form belongs to.
    owners: Vec<String>,
    too_short: Vec<String>,
    longest: usize,
}

#[derive(Clone, Default)]
enum Looking {
    /// There are no secrets.
    #[default]
    ForNothing,
    /// All forms of all secrets.
    For(Scan),
    /// The scan could not be built: nothing may pass.
    NotPossible,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the forms.
        f.debug_struct("Redactor").field("forms", &self.owners.len()).field("too_short", &self.too_short).finish()
    }
}

impl Redactor {
    /// A redactor for secrets given as name and value. The same value under two names is reported under the first.
    #[must_use]
    pub fn new(secrets: &[(String, String)]) -> Self {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        let mut too_short = Vec::new();
        for (name, value) in secrets {
            let forms = forms::of(value);
            if forms.is_empty() && !value.is_empty() {
                too_short.push(name.clone());
            }
            for form in forms {
                owners.entry(form).or_insert(name);
            }
        }
        let longest = owners.keys().map(String::len).max().unwrap_or(0);
        let looking = if owners.is_empty() {
            Looking::ForNothing
        } else {
            Scan::new(owners.keys().map(String::as_str)).map_or(Looking::NotPossible, Looking::For)
        };
        Self { looking, owners: owners.into_values().map(str::to_owned).collect(), too_short, longest }
    }

    /// `text` with every form of every secret masked; line breaks inside of one stay where they are.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let scan = match &self.looking {
            Looking::ForNothing => return Cow::Borrowed(text),
            Looking::NotPossible => return Cow::Borrowed(MASK),
            Looking::For(scan) => scan,
        };
        let mut text = Cow::Borrowed(text);
        // Again until nothing is found: a mask next to its neighbours may spell another secret. Each round is shorter.
        loop {
            let places = scan.places(text.as_bytes());
            if places.is_empty() {
                return text;
            }
            let mut masked = String::with_capacity(text.len());
            let mut shown = 0;
            for place in places {
                masked.push_str(text.get(shown..place.start).unwrap_or_default());
                masked.push_str(MASK);
                let hidden = text.get(place.start..place.end).unwrap_or_default();
                masked.extend(hidden.chars().filter(|c| *c == '\n'));
                shown = place.end;
            }
            masked.push_str(text.get(shown..).unwrap_or_default());
            text = Cow::Owned(masked);
        }
    }

    /// Like [`Self::mask`], for an owned text.
    #[must_use]
    pub fn mask_owned(&self, text: String) -> String {
        match self.mask(&text) {
            Cow::Borrowed(same) if same == text => text,
            other @ (Cow::Borrowed(_) | Cow::Owned(_)) => other.into_owned(),
        }
    }

    /// Masks every text inside a JSON value, keys and structure untouched.
    #[must_use]
    pub fn mask_json(&self, value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.mask_owned(text)),
            Value::Array(items) => items.into_iter().map(|item| self.mask_json(item)).collect(),
            Value::Object(map) => map.into_iter().map(|(key, item)| (key, self.mask_json(item))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    /// The names of the secrets whose value stands in `content` in some form, each once, in order of their names. Takes
    /// bytes, because an artifact need not be text.
    #[must_use]
    pub fn find(&self, content: impl AsRef<[u8]>) -> Vec<&str> {
        let mut names: Vec<&str> = match &self.looking {
            Looking::ForNothing => Vec::new(),
            Looking::NotPossible => self.owners.iter().map(String::as_str).collect(),
            Looking::For(scan) => scan
                .find(content.as_ref())
                .into_iter()
                .filter_map(|found| self.owners.get(found.form))
                .map(String::as_str)
                .collect(),
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Secrets too short to be masked, for the report.
    #[must_use]
    pub fn too_short(&self) -> &[String] {
        &self.too_short
    }

    /// Whether there is anything to mask.
    fn is_needed(&self) -> bool {
        match self.looking {
            Looking::ForNothing => false,
            Looking::For(_) | Looking::NotPossible => true,
        }
    }

    /// The length of the longest form in bytes.
    fn longest(&self) -> usize {
        self.longest
    }
}

#[cfg(test)]
mod tests;
