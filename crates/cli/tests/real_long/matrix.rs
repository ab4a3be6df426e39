//! Every example that is broken on purpose: it goes red in the right tier with the right blame, and is judged the same ever after.

use crate::engine::of_run;
use crate::product::{Product, say};
use std::collections::BTreeSet;

/// What the run of an example must come to.
struct Expected {
    /// The folder below `examples/sabotage`.
    name: &'static str,
    /// The tier that does not pass; `None` when all do.
    tier: Option<&'static str>,
    blame: Option<&'static str>,
    code: i32,
    /// Words of the first reason.
    reason: &'static str,
    /// How the deploys counted by the run and seen by the engine compare.
    budget: &'static str,
}

/// A table of expectations, and a test for each line.
macro_rules! matrix {
    ($($test:ident: $expected:expr;)*) => {
        $(
            #[test]
            #[ignore = "real engine: make nightly"]
            fn $test() {
                let product = Product::with_engine();
                let wrong = differences(&product, &$expected);
                assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            }
        )*

        #[test]
        fn the_table_names_every_sabotaged_example() {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sabotage");
            let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let table = BTreeSet::from([$($expected.name.to_owned()),*]);
            assert_eq!(names.collect::<BTreeSet<_>>(), table);
        }
    };
}

const fn red(name: &'static str, tier: &'static str, reason: &'static str) -> Expected {
    Expected { name, tier: Some(tier), blame: Some("recipe"), code: 10, reason, budget: "agreed" }
}

const fn green(name: &'static str) -> Expected {
    Expected { name, tier: None, blame: None, code: 0, reason: "", budget: "agreed" }
}

matrix! {
    never_healthy: red("never-healthy", "upgrade", "health");
    crash_loop: red("crash-loop", "upgrade", "crashed twice in the same way");
    // A registry on this machine's own address is asked for it; `make matrix` starts one.
    image_missing: red("image-missing", "upgrade", "127.0.0.1:5000/nginx:9.99");
    head_equals_base: green("head-equals-base");
    upgrade_rolls_back: red("upgrade-rolls-back", "upgrade", "rolled");
    upgrade_loses_row: red("upgrade-loses-row", "upgrade", "rows in PostgreSQL database miniflux");
    upgrade_loses_files: red("upgrade-loses-files", "upgrade", "files in app:/usr/share/nginx/html");
    upgrade_new_volume: red("upgrade-new-volume", "upgrade", "files in app:/usr/share/nginx/html");
    backup_misses_volume: red("backup-misses-volume", "restore", "onto empty volumes");
    dump_truncated: red("dump-truncated", "backup", "breaks off: its end is missing");
    restore_nothing: red("restore-nothing", "restore", "restore/in-place/markers");
    restore_not_on_empty: red("restore-not-on-empty", "restore", "restore/onto-empty");
    oneshot_fails: red("oneshot-fails", "upgrade", "one-shot service `migrate` failed");
    oneshot_completes: green("oneshot-completes");
    sso_misconfigured: red("sso-misconfigured", "upgrade", "not to the provider's");
    sso_test_skipped: Expected {
        blame: Some("test"),
        ..red("sso-test-skipped", "custom", "needed dependency canaille and did not run")
    };
    // The app itself is never deployed, and its deploy was planned.
    sso_provider_unhealthy: Expected {
        blame: Some("dependency"),
        budget: "unknown",
        ..red("sso-provider-unhealthy", "install", "install/dependency/canaille/converged")
    };
}

/// What is not as expected; empty when all is.
fn differences(product: &Product, expected: &Expected) -> Vec<String> {
    let name = format!("sabotage-{}", expected.name);
    // `make recipes` makes one where the example breaks something in it.
    let catalogue = product.state().join("catalogues").join(&name);
    // One names a registry of this machine, which the policy refuses otherwise.
    let mut args = vec!["--allow", "image-source=127.0.0.1:5000/nginx:9.99"];
    if catalogue.is_dir() {
        args.extend(["--catalogue", catalogue.to_str().unwrap()]);
    }
    let run = product.run(&product.recipe(&name), &args);
    let results = &run.results;
    let reason = results["reasons"][0].as_str().unwrap_or("none").lines().next().unwrap_or_default();
    let tier = ["install", "upgrade", "backup", "restore", "custom"]
        .into_iter()
        .find(|tier| !matches!(results["results"][tier].as_str(), Some("pass" | "skip")));
    let blame = results["blame"].as_str();
    say(&format!(
        "{:<22} {:>5.1} s  exit code {:<2} {:<8} blame {:<8} {reason}",
        expected.name,
        run.took.as_secs_f64(),
        run.code,
        tier.unwrap_or("-"),
        blame.unwrap_or("-"),
    ));
    let mut wrong = Vec::new();
    let mut differ = |what: &str, is: String, should: String| {
        if is != should {
            wrong.push(format!(
                "{}: {what} is {is}, expected {should}; run folder {}",
                expected.name,
                run.folder.display()
            ));
        }
    };
    differ("the tier that does not pass", format!("{tier:?}"), format!("{:?}", expected.tier));
    differ("the blame", format!("{blame:?}"), format!("{:?}", expected.blame));
    differ("the exit code", run.code.to_string(), expected.code.to_string());
    let color = if expected.tier.is_some() { "red" } else { "green" };
    differ("the verdict", results["verdict"].to_string(), format!("{color:?}"));
    differ(
        &format!("`{}` in the reason", expected.reason),
        reason.contains(expected.reason).to_string(),
        true.to_string(),
    );
    differ("the budget", results["deploys"]["agreement"].to_string(), format!("{:?}", expected.budget));
    differ("what is left", format!("{:?}", of_run(run.id(), &run.stack())), "{}".to_owned());
    product.judge_says_the_same(&run);
    wrong
}
