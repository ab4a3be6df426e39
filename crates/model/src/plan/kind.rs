//! What kind of run it is: whether the app begins with nothing, or with what its canonical kept (WARM-3).

use super::limits::Limits;
use super::permit::Purpose;
use crate::canonical::{Canonical, SecretValues};
use serde::{Deserialize, Serialize};

/// What kind of run it is. Every kind deploys the app once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// The app begins with empty volumes and new secrets.
    #[default]
    Cold,
    /// The canonical is brought back, and nothing else is asked but whether it comes up and answers.
    Verify {
        /// The canonical.
        canonical: Box<Canonical>,
    },
    /// The canonical is brought back and upgraded in place to head; backup and restore are not tried.
    Quick {
        /// The canonical.
        canonical: Box<Canonical>,
    },
}

impl Kind {
    /// Whether the app begins with nothing.
    #[must_use]
    pub fn is_cold(&self) -> bool {
        self.canonical().is_none()
    }

    /// What the app begins with, if with anything. The run takes over its stack and its domain.
    #[must_use]
    pub fn canonical(&self) -> Option<&Canonical> {
        match self {
            Self::Cold => None,
            Self::Verify { canonical } | Self::Quick { canonical } => Some(canonical),
        }
    }

    /// Whether the values of its secrets are known. Where they are not, nothing could mask them in what programs print (SEC-1).
    #[must_use]
    pub fn secrets(&self) -> SecretValues {
        SecretValues::of(self.canonical())
    }

    /// The limits of such a run: a canonical that comes up and answers was watched for long enough when it was promoted.
    #[must_use]
    pub fn limits(&self, limits: Limits) -> Limits {
        match self {
            Self::Cold | Self::Quick { .. } => limits,
            Self::Verify { .. } => Limits { alive: 0, ..limits },
        }
    }

    /// What the one deploy of the app is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Cold => Purpose::Base,
            Self::Verify { .. } | Self::Quick { .. } => Purpose::Canonical,
        }
    }
}
