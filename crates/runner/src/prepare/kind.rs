//! What kind of run it is, as far as its request, what is kept, and the base that a cold run would have decide.

use super::find;
use super::find::Found;
use super::own::Own;
use crate::error::{ErrorKind, RunnerError};
use crate::request::{KindWish, Request};
use cc_ci_model::canonical::{Canonical, SecretValues};
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::dependency::Dependency;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::own_tests::FOLDER;
use cc_ci_model::plan::quick::{self, Chance};
use cc_ci_model::settings::{CanonicalUse, Settings};
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::state::StateFolder;
use std::collections::BTreeMap;

/// What kind of run it is, with what follows from that.
pub(super) struct Decided {
    pub(super) kind: Kind,
    /// The base, in the words of that kind.
    pub(super) base: Base,
    /// Why a run that was to be quick is not.
    pub(super) cold_after_all: Option<String>,
    /// What stands in for an operator's own settings, with the stack and the domain that go with the kind.
    pub(super) app: BTreeMap<String, String>,
}

/// What it is decided by.
pub(super) struct Circumstances<'a> {
    pub(super) settings: &'a Settings,
    /// The recipe's canonical, unless the settings leave it out.
    pub(super) canonical: Option<&'a Canonical>,
    /// The base that a cold run has.
    pub(super) base: Base,
    pub(super) needed: &'a [Dependency],
    pub(super) own: &'a Own,
}

/// Decides it.
pub(super) fn decided(
    request: &Request,
    state: &StateFolder,
    found: &Found,
    circumstances: Circumstances<'_>,
) -> Result<Decided, RunnerError> {
    let (kind, base, cold_after_all) = match request.kind {
        KindWish::Cold => (Kind::Cold, circumstances.base, None),
        KindWish::Verify => (verify(state, found)?, circumstances.base, None),
        KindWish::Quick => quick(circumstances),
    };
    let app = match kind.canonical() {
        Some(canonical) => find::app_environment(&canonical.stack, &canonical.domain),
        None => found.app.clone(),
    };
    Ok(Decided { kind, base, cold_after_all, app })
}

fn verify(state: &StateFolder, found: &Found) -> Result<Kind, RunnerError> {
    let shelf = Canonicals::of(state).shelf(&found.name)?;
    let newest = shelf.newest().filter(|newest| found.head.committed() == Some(&newest.commit));
    let Some(canonical) = newest.cloned() else {
        let what = format!("`{}` has no canonical at {}", found.name, found.head.shown());
        return Err(RunnerError::new(ErrorKind::Usage, what));
    };
    Ok(Kind::Verify { canonical: Box::new(canonical) })
}

/// A quick run where there can be one; else a cold one, with the reason in words.
fn quick(circumstances: Circumstances<'_>) -> (Kind, Base, Option<String>) {
    let Circumstances { settings, canonical, base, needed, own } = circumstances;
    let place = match settings.canonicals {
        CanonicalUse::Used => None,
        CanonicalUse::Ignored => Some(settings.place("base.ignore_canonicals")),
    };
    let hook = own.tests.hook_in_want(SecretValues::of(canonical)).map(|path| format!("{FOLDER}/{path}"));
    let chance = Chance {
        canonical,
        left_out_by: place.as_deref(),
        base: &base,
        needs: needed.first().map(|needed| needed.recipe.as_str()),
        hook: hook.as_deref(),
    };
    match quick::planned(chance) {
        Ok((kind, base)) => (kind, base, None),
        Err(why) => (Kind::Cold, base, Some(quick::cold_after_all(&why))),
    }
}
