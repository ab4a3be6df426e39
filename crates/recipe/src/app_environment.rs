//! Whose environment a tree is deployed with: a new app's, or that of one which is there already (ENV-1).

use crate::env_sample::EnvSample;
use std::collections::BTreeMap;

type Values = BTreeMap<String, String>;

/// Whose environment a tree is deployed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppEnvironment {
    /// That of a new app: the tree's own `.env.sample`, with these values in place of its own.
    New(Values),
    /// That of an app which was made from an older tree.
    Existing {
        /// The `.env.sample` of that tree.
        sample: EnvSample,
        /// Values that were given when the app was made.
        given: Values,
        /// What was written into its environment for the newer version.
        later: Values,
    },
}

impl AppEnvironment {
    /// The variables of the app, given the sample of the tree that is deployed.
    #[must_use]
    pub fn resolve(&self, own: &EnvSample) -> Values {
        match self {
            Self::New(given) => own.resolve(given),
            Self::Existing { sample, given, later } => {
                let mut env = sample.resolve(given);
                env.extend(later.clone());
                env
            }
        }
    }

    /// The same values for a new app; `None` for what is one.
    #[must_use]
    pub fn of_a_new_app(&self) -> Option<Self> {
        match self {
            Self::New(_) => None,
            Self::Existing { given, later, .. } => {
                let mut fresh = given.clone();
                fresh.extend(later.clone());
                Some(Self::New(fresh))
            }
        }
    }

    /// The same with further values, given when the app was made.
    #[must_use]
    pub fn with(mut self, more: &Values) -> Self {
        match &mut self {
            Self::New(given) | Self::Existing { given, .. } => given.extend(more.clone()),
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_app_keeps_what_it_was_made_from() {
        let read = |text: &str| EnvSample::read(".env.sample", text).0;
        let env = |pairs: &[(&str, &str)]| -> Values {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let app = AppEnvironment::Existing {
            sample: read("DOMAIN=x\nURL=https://$DOMAIN\nA=1\n"),
            given: env(&[("DOMAIN", "d.test")]),
            later: env(&[("A", "2")]),
        };
        let newer = read("DOMAIN=x\nB=1\nA=0\n");
        assert_eq!(app.resolve(&newer), env(&[("A", "2"), ("DOMAIN", "d.test"), ("URL", "https://d.test")]));
        let app = app.with(&env(&[("DOMAIN", "e.test")]));
        assert_eq!(app.resolve(&newer)["URL"], "https://e.test");
        let fresh = AppEnvironment::New(env(&[("DOMAIN", "d.test")]));
        assert_eq!(fresh.resolve(&newer), env(&[("A", "0"), ("B", "1"), ("DOMAIN", "d.test")]));
    }
}
