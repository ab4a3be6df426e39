//! Runs killed in every tier, and told to end in every tier.

use crate::ending::{killed_in, told_to_end};
use crate::product::Product;

/// A step of each tier in which objects of several kinds are in flight.
const STEPS: [&str; 6] =
    ["install/deploy", "install/converged", "upgrade/redeploy", "backup/snapshot", "restore/onto-empty", "custom/"];

#[test]
#[ignore = "real engine: make nightly"]
fn a_run_killed_in_any_tier_is_cleaned_up_after() {
    let product = Product::with_engine();
    for recipe in ["static-site", "miniflux"] {
        for step in STEPS {
            killed_in(&product, recipe, step);
        }
    }
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_run_told_to_end_in_any_tier_tears_down() {
    let product = Product::with_engine();
    for (signal, step) in [
        ("INT", "install/deploy"),
        ("INT", "install/converged"),
        ("TERM", "upgrade/redeploy"),
        ("HUP", "backup/snapshot"),
        ("INT", "restore/onto-empty"),
        ("TERM", "custom/"),
    ] {
        told_to_end(&product, signal, step);
    }
}
