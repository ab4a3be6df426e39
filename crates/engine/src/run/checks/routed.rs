//! Head can be reached wherever base could, which planning found out from the labels of both.

use crate::run::conductor::{Answer, passed};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::Plan;

/// What to do about an address that is given up on purpose.
const WAY_OUT: &str = "if this is meant to be: name it in `routes.dropped` of `tests/ci.toml`";

/// The addresses that head gives up.
pub(in crate::run) fn check(plan: &Plan) -> Answer<()> {
    let mut dropped = plan.dropped_addresses.iter();
    match dropped.next() {
        None => passed("head can be reached wherever base could").into(),
        Some(first) => {
            let details = dropped.cloned().chain([WAY_OUT.to_owned()]).collect();
            Answer::failed(Finding::new(Cause::NotServing, first.clone()).with_details(details))
        }
    }
}
