//! What kind of run it is, as far as its request and what is kept decide.

use super::find::{self, Found};
use crate::error::{ErrorKind, RunnerError};
use crate::request::{KindWish, Request};
use cc_ci_model::plan::kind::Kind;
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::state::StateFolder;

/// The kind of the run, and what was found with the stack and the domain that go with it.
pub(super) fn kind(request: &Request, state: &StateFolder, found: Found) -> Result<(Kind, Found), RunnerError> {
    match request.kind {
        KindWish::Cold => Ok((Kind::Cold, found)),
        KindWish::Verify => {
            let shelf = Canonicals::of(state).shelf(&found.name)?;
            let newest = shelf.newest().filter(|newest| found.head.committed() == Some(&newest.commit));
            let Some(canonical) = newest.cloned() else {
                let what = format!("`{}` has no canonical at {}", found.name, found.head.shown());
                return Err(RunnerError::new(ErrorKind::Usage, what));
            };
            let app = find::app_environment(&canonical.stack, &canonical.domain);
            Ok((Kind::Verify { canonical: Box::new(canonical) }, Found { app, ..found }))
        }
    }
}
