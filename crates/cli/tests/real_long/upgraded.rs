//! Head upgraded from three published versions of two recipes, sound and sabotaged, interrupted and killed.

use crate::engine::{docker, of_run};
use crate::product::{Product, say, stack_of, until};
use crate::versions::{Oldest, Versions};
use std::path::Path;
use std::time::Duration;

/// Each recipe with the volume that its data is in.
const RECIPES: [(&str, &str); 2] = [("static-site", "content"), ("miniflux", "db")];

#[test]
#[ignore = "real engine: make from-all"]
fn three_versions_each_are_three_deploys_and_green() {
    let product = Product::with_engine();
    for (recipe, volume) in RECIPES {
        let versions = Versions::of(&product, recipe, volume, Oldest::AsOthers);
        let series = versions.upgraded(&product, "all");
        let names: Vec<(&str, &str)> = versions.names.iter().map(|name| (name.as_str(), "passes")).collect();
        assert_eq!((series.code, series.answers()), (0, names), "{}", series.said);
        series.counts(3);
        assert_eq!(series.tiers(0), ["pass"; 5]);
        assert_eq!(series.tiers(2), ["pass", "pass", "not-asked", "not-asked", "pass"]);
    }
}

#[test]
#[ignore = "real engine: make from-all"]
fn data_that_is_lost_from_the_oldest_version_only_is_red_where_a_plain_run_is_green() {
    let product = Product::with_engine();
    for (recipe, volume) in RECIPES {
        let versions = Versions::of(&product, recipe, volume, Oldest::Elsewhere);
        let plain = product.run(&versions.path(), &[]);
        assert_eq!(plain.code, 0, "{}", plain.all());
        let series = versions.upgraded(&product, "all");
        let answers: Vec<&str> = series.answers().into_iter().map(|(_, answer)| answer).collect();
        assert_eq!((series.code, answers), (10, vec!["passes", "passes", "fails"]), "{}", series.said);
        let message = series.answer["message"].as_str().unwrap();
        let oldest = versions.names.last().unwrap();
        assert!(message.starts_with(&format!("RED  the upgrade from {oldest} fails: upgrade failed: ")), "{message}");
        series.counts(3);
    }
}

/// Waits until the run has begun a step.
fn reach(folder: &Path, step: &str) {
    let begun = format!("\"type\":\"step-started\",\"step\":\"{step}");
    until(step, Duration::from_secs(120), || {
        std::fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default().contains(&begun)
    });
}

#[test]
#[ignore = "real engine: make from-all"]
fn a_series_that_is_interrupted_or_killed_leaves_nothing() {
    let product = Product::with_engine();
    let versions = Versions::of(&product, "static-site", "content", Oldest::AsOthers);
    for (signal, at, code) in
        [("INT", "install/", Some(130)), ("TERM", "upgrade/", Some(143)), ("KILL", "upgrade/", None)]
    {
        let id = format!("series-{}-{signal}", std::process::id());
        let mut running = product.start_any(&versions.words("all", &["--run-id", &id]));
        let runs = product.state().join("runs");
        let second = runs.join(format!("{id}-2"));
        reach(&second, at);
        match code {
            Some(code) => {
                running.signal(signal);
                assert_eq!(running.ended().0, code);
            }
            None => running.kill(),
        }
        for run in ["1", "2"].map(|number| format!("{id}-{number}")) {
            let stack = stack_of(&runs.join(&run));
            until("the end of everything", Duration::from_secs(60), || of_run(&run, &stack).is_empty());
        }
        assert!(!runs.join(format!("{id}-3")).exists(), "the third run was begun after the signal");
        let folder = product.state().join("series").join(&id);
        assert!(folder.join("plan.json").is_file(), "what was planned is kept");
        assert_eq!(folder.join("results.json").is_file(), code.is_some());
        assert!(docker(&["ps", "--all", "--format", "{{.Names}}"]).lines().all(|name| !name.contains(&id)));
        say(&format!("{signal} at {at} of the second run: nothing left"));
    }
}

#[test]
#[ignore = "real engine: make from-all"]
fn an_upgrade_that_loses_data_from_the_older_of_two_versions_only_is_red_by_its_name() {
    let product = Product::with_engine();
    let versions = Versions::of(&product, "static-site", "content", Oldest::Elsewhere);
    let [_, newer, oldest] = versions.names.as_slice() else { panic!("{:?}", versions.names) };
    let series = versions.upgraded(&product, &format!("{oldest},{newer}"));
    assert_eq!(series.answers(), [(newer.as_str(), "passes"), (oldest.as_str(), "fails")], "{}", series.said);
    assert_eq!((series.code, &series.answer["blame"]), (10, &"recipe".into()), "{}", series.said);
    let message = series.answer["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("RED  the upgrade from {oldest} fails: upgrade failed: ")), "{message}");
    series.counts(2);
    assert_eq!(series.tiers(0), ["pass"; 5]);
    assert_eq!(series.tiers(1)[..4], ["pass", "fail", "not-asked", "not-asked"]);
}
