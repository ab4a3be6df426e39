//! A planted commit among four and among sixteen, and a test that fails in one run of four and of ten, in whole runs.

use crate::product::Product;
use crate::searching::{Chance, Line};

#[test]
#[ignore = "real engine: make searched"]
fn a_planted_commit_among_four_is_named_and_known_without_a_deploy_the_next_time() {
    let product = Product::with_engine();
    let line = Line::new(&product, 4, 2);
    let first = line.names(&product, 2, 3);
    let (code, again, said) = line.bisected(&product, &[]);
    assert_eq!((code, &again["named"], &again["deploys"]["ledger"]), (0, &first["named"], &0.into()), "{said}");
    let (code, reversed) = {
        let output = product.cc_ci(&["bisect", line.path(), "main", &line.commits[0]]);
        (output.status.code(), crate::product::text(&output.stderr))
    };
    assert!(code == Some(2) && reversed.contains("is not an ancestor of"), "{reversed}");
}

#[test]
#[ignore = "real engine: make searched"]
fn a_test_that_fails_in_one_run_of_four_is_flaky_and_not_green() {
    let product = Product::with_engine();
    Chance::new(&product).is_named(&product, &["--stages", "custom", "--jobs", "2"], 4, &[3]);
}

#[test]
#[ignore = "real engine: make searched"]
fn a_planted_commit_among_sixteen_takes_five_deploys() {
    let product = Product::with_engine();
    for culprit in [1, 11, 16] {
        let answer = Line::new(&product, 16, culprit).names(&product, culprit, 5);
        assert_eq!(answer["most_runs"], 5, "{answer}");
    }
}

#[test]
#[ignore = "real engine: make searched"]
fn a_test_that_fails_in_one_run_of_ten_is_found_and_named() {
    let product = Product::with_engine();
    Chance::new(&product).is_named(&product, &["--jobs", "2"], 20, &[3, 11, 17]);
}
