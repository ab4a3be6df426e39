//! A planted commit among sixteen, and a test that fails in one run of ten, in whole runs.

use crate::product::Product;
use crate::searching::{Chance, Line};

#[test]
#[ignore = "real engine: make nightly"]
fn a_planted_commit_among_sixteen_takes_five_deploys() {
    let product = Product::with_engine();
    for culprit in [1, 11, 16] {
        let answer = Line::new(&product, 16, culprit).names(&product, culprit, 5);
        assert_eq!(answer["most_runs"], 5, "{answer}");
    }
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_test_that_fails_in_one_run_of_ten_is_found_and_named() {
    let product = Product::with_engine();
    Chance::new(&product).is_named(&product, &["--jobs", "2"], 20, &[3, 11, 17]);
}
