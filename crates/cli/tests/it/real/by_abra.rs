//! Runs that `abra` deploys. The stand-in takes its place, which hands stacks to the real engine; `docs/guide/abra.md` says
//! what that proves.

use super::engine::of_run;
use super::product::{Finished, Product, say};
use crate::wrapper::STAND_IN;
use std::path::Path;

/// A run with this abra; nothing of it may be left, however it ends.
pub(crate) fn deployed(product: &Product, recipe: &str, abra: &Path, args: &[&str]) -> Finished {
    let words = [&["--deployer", "abra", "--abra", abra.to_str().unwrap()], args].concat();
    let run = product.run(&product.recipe(recipe), &words);
    say(&format!("{recipe} by abra: {:.1} s, exit code {}", run.took.as_secs_f64(), run.code));
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(run.results["flags"]["clean_teardown"], true, "{}", run.all());
    assert_eq!(run.results["flags"]["no_secret_leak"], true, "{}", run.all());
    assert!(!run.folder.join("abra").exists(), "its ABRA_DIR is left");
    product.judge_says_the_same(&run);
    run
}

/// A run through every tier with the stand-in; it must be green.
pub(crate) fn green(product: &Product, recipe: &str) -> Finished {
    let run = deployed(product, recipe, Path::new(STAND_IN), &[]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.out);
    for tier in ["install", "upgrade", "backup", "restore", "custom"] {
        assert_eq!(run.results["results"][tier], "pass", "{tier}: {}", run.out);
    }
    assert_eq!(run.results["level"].as_u64(), Some(5), "{}", run.out);
    assert!(!run.err.contains("teardown goes on by itself"), "abra could not take it down: {}", run.err);
    run
}

/// What abra said, from the run's artifacts.
pub(crate) fn log(run: &Finished) -> String {
    std::fs::read_to_string(run.folder.join("logs/abra-commands.log")).unwrap()
}
