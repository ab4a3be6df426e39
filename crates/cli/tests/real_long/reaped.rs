//! Runs killed in every tier while their reapers watch.

use crate::ending::reaped_in;
use crate::product::Product;

#[test]
#[ignore = "real engine: make nightly"]
fn a_run_killed_in_any_tier_is_gone_within_15_seconds() {
    let product = Product::with_engine();
    for recipe in ["static-site", "miniflux"] {
        for step in ["install/deploy", "install/converged", "upgrade/redeploy", "restore/onto-empty", "custom/"] {
            reaped_in(&product, recipe, step);
        }
    }
}
