//! Masks secrets in any text that leaves a run, and finds those that slipped through (SEC-1).

mod event;
mod forms;

use aho_corasick::{AhoCorasick, MatchKind};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// What stands in a secret's place. Shorter than any pattern, so that it can never be one itself.
pub const MASK: &str = "*****";

/// Values with fewer characters are left alone: masking `a1` would turn every text into stars.
pub const SHORTEST: usize = 6;

/// Knows the values of secrets in every form they may take in a text.
#[derive(Clone)]
pub struct Redactor {
    scan: Scan,
    /// The secret each pattern belongs to.
    owners: Vec<String>,
    too_short: Vec<String>,
}

#[derive(Clone)]
enum Scan {
    /// There are no secrets.
    Nothing,
    /// All forms of all secrets.
    Patterns(AhoCorasick),
    /// The scan could not be built: nothing may pass.
    Everything,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the patterns.
        f.debug_struct("Redactor").field("patterns", &self.owners.len()).field("too_short", &self.too_short).finish()
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self { scan: Scan::Nothing, owners: Vec::new(), too_short: Vec::new() }
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
        if owners.is_empty() {
            return Self { scan: Scan::Nothing, owners: Vec::new(), too_short };
        }
        let scan = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(owners.keys())
            .map_or(Scan::Everything, Scan::Patterns);
        Self { scan, owners: owners.into_values().map(str::to_owned).collect(), too_short }
    }

    /// `text` with every form of every secret masked.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let scan = match &self.scan {
            Scan::Nothing => return Cow::Borrowed(text),
            Scan::Everything => return Cow::Borrowed(MASK),
            Scan::Patterns(scan) => scan,
        };
        let mut text = Cow::Borrowed(text);
        // Again until nothing is found: a mask next to its neighbours may spell another secret. Each round is shorter.
        while scan.is_match(text.as_ref()) {
            let mut masked = String::with_capacity(text.len());
            scan.replace_all_with(&text, &mut masked, |_, _, out| {
                out.push_str(MASK);
                true
            });
            text = Cow::Owned(masked);
        }
        text
    }

    /// Like [`Self::mask`], for an owned text.
    #[must_use]
    pub fn mask_owned(&self, text: String) -> String {
        match self.mask(&text) {
            Cow::Borrowed(same) if same.len() == text.len() => text,
            Cow::Borrowed(other) => other.to_owned(),
            Cow::Owned(masked) => masked,
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
        let mut names: Vec<&str> = match &self.scan {
            Scan::Nothing => Vec::new(),
            Scan::Everything => self.owners.iter().map(String::as_str).collect(),
            Scan::Patterns(scan) => scan
                .find_iter(content.as_ref())
                .filter_map(|found| self.owners.get(found.pattern().as_usize()))
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
}

/// The secrets of one run as they become known, shared between whoever makes them and whoever writes.
#[derive(Debug, Clone, Default)]
pub struct Vault(Arc<RwLock<Inner>>);

#[derive(Default)]
struct Inner {
    secrets: Vec<(String, String)>,
    redactor: Arc<Redactor>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redactor.fmt(f)
    }
}

impl Vault {
    /// A vault that knows these secrets from the start.
    #[must_use]
    pub fn new(secrets: Vec<(String, String)>) -> Self {
        let redactor = Arc::new(Redactor::new(&secrets));
        Self(Arc::new(RwLock::new(Inner { secrets, redactor })))
    }

    /// From now on `value` is masked too. To be called before anything else gets to see the value.
    pub fn learn(&self, name: impl Into<String>, value: impl Into<String>) {
        // A thread that panicked while learning left the list whole: it only pushes.
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.secrets.push((name.into(), value.into()));
        inner.redactor = Arc::new(Redactor::new(&inner.secrets));
    }

    /// The redactor for everything learnt so far.
    #[must_use]
    pub fn redactor(&self) -> Arc<Redactor> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).redactor)
    }
}

#[cfg(test)]
mod tests;
