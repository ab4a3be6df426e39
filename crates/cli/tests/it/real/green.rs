//! Both examples, green through every tier, and judged the same for ever after.

use super::engine::of_run;
use super::product::{Finished, Product, say};
use serde_json::Value;

/// What holds for every green run of all five tiers.
fn green(product: &Product, recipe: &str, args: &[&str]) -> Finished {
    let run = product.run(&product.recipe(recipe), args);
    say(&format!("{recipe}: {:.1} s", run.took.as_secs_f64()));
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.out);
    for tier in ["install", "upgrade", "backup", "restore", "custom"] {
        assert_eq!(run.results["results"][tier], "pass", "{tier}: {}", run.out);
    }
    let results = &run.results;
    assert_eq!((&results["verdict"], results["level"].as_u64()), (&"green".into(), Some(5)), "{}", run.out);
    assert_eq!(results["flags"]["clean_teardown"], true, "{}", run.out);
    assert_eq!(results["flags"]["no_secret_leak"], true, "{}", run.out);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    product.judge_says_the_same(&run);
    run
}

#[test]
#[ignore = "real engine: make test"]
fn static_site_is_green_and_says_so_to_whoever_started_it() {
    let product = Product::with_engine();
    let job = tempfile::tempdir().unwrap();
    let file = job.path().join("outcome.json");
    let run = green(&product, "static-site", &["--outcome", file.to_str().unwrap()]);
    let outcome: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!((&outcome["kind"], &outcome["exit_code"]), (&"green".into(), &0.into()), "{outcome}");
    assert_eq!((&outcome["run"], &outcome["folder"]), (&run.id().into(), &run.folder.to_str().into()), "{outcome}");
}

#[test]
#[ignore = "real engine: make test"]
fn miniflux_migrates_its_schema_and_is_green() {
    let product = Product::with_engine();
    let run = green(&product, "miniflux", &[]);
    let record = std::fs::read_to_string(run.folder.join("events.jsonl")).unwrap();
    assert!(record.contains("schema 104 -> 135"), "no step proves the migration: {}", run.all());
}
