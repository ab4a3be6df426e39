//! Runs that `abra` deploys beside runs that docker alone deploys.

use crate::by_abra::{deployed, green, log};
use crate::product::Product;
use crate::wrapper::STAND_IN;
use std::path::Path;

#[test]
#[ignore = "real engine: make nightly"]
fn abra_makes_the_secrets_of_miniflux_and_it_is_green() {
    let product = Product::with_engine();
    let run = green(&product, "miniflux");
    let log = log(&run);
    assert_eq!(log.matches("$ abra app secret generate -n -o -C -m -a ").count(), 1, "{log}");
    assert!(log.contains("(not kept: it shows secrets)") && log.contains("INFO deleted admin_pass"), "{log}");
}

#[test]
#[ignore = "real engine: make nightly"]
fn abra_and_docker_alone_go_red_in_the_same_place() {
    let product = Product::with_engine();
    for recipe in ["sabotage-crash-loop", "sabotage-upgrade-loses-files"] {
        let theirs = deployed(&product, recipe, Path::new(STAND_IN), &[]);
        let ours = product.run(&product.recipe(recipe), &[]);
        assert_eq!((theirs.code, ours.code), (10, 10), "{}", theirs.all());
        for field in ["results", "blame", "verdict", "level"] {
            assert_eq!(theirs.results[field], ours.results[field], "{recipe}: {field}: {}", theirs.all());
        }
        for field in ["agreement", "count", "expected", "witness"] {
            assert_eq!(theirs.results["deploys"][field], ours.results["deploys"][field], "{recipe}: {field}");
        }
    }
}
