//! The secrets of a run as they become known.

use super::Redactor;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The secrets of one run as they become known, shared between whoever makes them and whoever writes.
#[derive(Debug, Clone, Default)]
pub struct Vault(Arc<RwLock<Inner>>);

#[derive(Default)]
struct Inner {
    secrets: Vec<(String, String)>,
    /// Made when it is first asked for: secrets are learnt one after the other.
    redactor: Option<Arc<Redactor>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the values.
        f.debug_struct("Vault").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Vault {
    /// A vault that knows these secrets from the start.
    #[must_use]
    pub fn new(secrets: Vec<(String, String)>) -> Self {
        Self(Arc::new(RwLock::new(Inner { secrets, redactor: None })))
    }

    /// From now on `value` is masked too. To be called before anything else gets to see the value.
    pub fn learn(&self, name: impl Into<String>, value: impl Into<String>) {
        // A thread that panicked while learning left the list whole: it only pushes.
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        inner.secrets.push((name.into(), value.into()));
        inner.redactor = None;
    }

    /// The redactor for everything learnt so far.
    #[must_use]
    pub fn redactor(&self) -> Arc<Redactor> {
        if let Some(made) = &self.0.read().unwrap_or_else(PoisonError::into_inner).redactor {
            return Arc::clone(made);
        }
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Inner { secrets, redactor } = &mut *inner;
        Arc::clone(redactor.get_or_insert_with(|| Arc::new(Redactor::new(secrets))))
    }
}
