//! Masks secrets in any text that leaves a run, and finds those that slipped through (SEC-1).

mod configured;
mod decode;
mod event;
mod forms;
mod lines;
mod scan;
mod unescape;
mod vault;
mod view;
mod written;

use scan::{Found, Scan};
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

/// How much of a text a form takes up at most, in lengths of the longest form: escapes, colons and colours between its
/// characters.
const SPREAD: usize = 6;

/// How many bytes all forms may have together. A recipe with more (thousands of secrets) gets no text of its run shown.
const MOST_FORMS: usize = 4 << 20;

/// How often a text is looked at again after something in it was masked: a mask may have cut an escape in two.
const ROUNDS: usize = 3;

/// Knows the values of secrets in every form they may take in a text.
#[derive(Clone, Default)]
pub struct Redactor {
    looking: Looking,
    /// The secret each form belongs to.
    owners: Vec<String>,
    too_short: Vec<String>,
    reach: usize,
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
        let mut owners: BTreeMap<Vec<u8>, &str> = BTreeMap::new();
        let (mut too_short, mut bytes) = (Vec::new(), 0);
        for (name, value) in secrets {
            if bytes > MOST_FORMS {
                break;
            }
            let forms = forms::of(value);
            if forms.is_empty() && !value.is_empty() {
                too_short.push(name.clone());
            }
            for form in forms {
                bytes += form.len();
                owners.entry(form).or_insert(name);
            }
        }
        let reach = SPREAD * owners.keys().map(Vec::len).max().unwrap_or(0);
        let looking = if owners.is_empty() {
            Looking::ForNothing
        } else if bytes > MOST_FORMS {
            Looking::NotPossible
        } else {
            Scan::new(owners.keys().map(Vec::as_slice), reach).map_or(Looking::NotPossible, Looking::For)
        };
        Self { looking, owners: owners.into_values().map(str::to_owned).collect(), too_short, reach }
    }

    /// `text` with every form of every secret masked; line breaks inside of one stay where they are. Takes time in
    /// proportion to the text, whatever it and the secrets hold.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let scan = match &self.looking {
            Looking::ForNothing => return Cow::Borrowed(text),
            Looking::NotPossible => return Cow::Borrowed(MASK),
            Looking::For(scan) => scan,
        };
        let mut masked = Cow::Borrowed(text);
        for _ in 0..ROUNDS {
            let Found { places, .. } = scan.find(masked.as_bytes());
            if places.is_empty() {
                break;
            }
            masked = Cow::Owned(without(&masked, &places));
        }
        masked
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
            Looking::For(scan) => {
                let found = scan.find(content.as_ref());
                found.forms.into_iter().filter_map(|form| self.owners.get(form)).map(String::as_str).collect()
            }
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

    /// How many bytes of a text one form can take up.
    fn reach(&self) -> usize {
        self.reach
    }
}

/// `text` with a mask in place of each of `places`.
fn without(text: &str, places: &[std::ops::Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut shown = 0;
    for place in places {
        // An escape may stand for a part of a character that another part of is in the text.
        let (start, end) = (text.floor_char_boundary(place.start).max(shown), text.ceil_char_boundary(place.end));
        masked.push_str(text.get(shown..start).unwrap_or_default());
        masked.push_str(MASK);
        masked.extend(text.get(start..end).unwrap_or_default().chars().filter(|c| *c == '\n'));
        shown = end;
    }
    masked.push_str(text.get(shown..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests;
