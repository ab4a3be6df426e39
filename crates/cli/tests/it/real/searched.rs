//! Commands that are made of runs: a planted commit is named, a test that fails by chance is called flaky.

use super::product::Product;
use super::searching::{Chance, Line};

#[test]
#[ignore = "real engine: make test"]
fn a_planted_commit_among_four_is_named_and_known_without_a_deploy_the_next_time() {
    let product = Product::with_engine();
    let line = Line::new(&product, 4, 2);
    let first = line.names(&product, 2, 3);
    let (code, again, said) = line.bisected(&product, &[]);
    assert_eq!((code, &again["named"], &again["deploys"]["ledger"]), (0, &first["named"], &0.into()), "{said}");
    let (code, reversed) = {
        let output = product.cc_ci(&["bisect", line.path(), "main", &line.commits[0]]);
        (output.status.code(), super::product::text(&output.stderr))
    };
    assert!(code == Some(2) && reversed.contains("is not an ancestor of"), "{reversed}");
}

#[test]
#[ignore = "real engine: make test"]
fn a_test_that_fails_in_one_run_of_four_is_flaky_and_not_green() {
    let product = Product::with_engine();
    Chance::new(&product).is_named(&product, &["--stages", "custom", "--jobs", "2"], 4, &[3]);
}
