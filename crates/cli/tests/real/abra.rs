//! Runs that `abra` deploys: the same tiers and the same verdict, and each way in which it can fail.
//!
//! The stand-in takes its place, which hands stacks to the real engine; `docs/guide/abra.md` says what that proves.

use crate::engine::of_run;
use crate::product::{Finished, Product, Ring, say};
use crate::wrapper::{STAND_IN, Wrapper};
use std::path::Path;

/// A run with this abra; nothing of it may be left, however it ends.
fn deployed(product: &Product, recipe: &str, abra: &Path, args: &[&str]) -> Finished {
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

fn green(product: &Product, recipe: &str) -> Finished {
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
fn log(run: &Finished) -> String {
    std::fs::read_to_string(run.folder.join("logs/abra-commands.log")).unwrap()
}

#[test]
fn abra_deploys_static_site_and_it_is_green() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let run = green(&product, "static-site");
    assert!(run.has_line("  abra 0.13.0-beta-06a57de says the same of its 8 rules"), "{}", run.out);
    let log = log(&run);
    let order = [
        "recipe lint",
        "app new",
        "app secret generate",
        "app deploy",
        "app deploy",
        "app undeploy",
        "app volume remove",
        "app secret remove",
    ];
    let called: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("$ abra ")).collect();
    let known = |line: &&str, wanted: &str| line.starts_with(wanted);
    assert!(called.len() == order.len() && called.iter().zip(order).all(|(line, wanted)| known(line, wanted)), "{log}");
    assert!(log.contains("(not kept: it shows secrets)") && log.contains("INFO deleted status_token"), "{log}");
}

#[test]
fn abra_makes_the_secrets_of_miniflux_and_it_is_green() {
    let Some(product) = Product::asked(Ring::Long) else { return };
    let run = green(&product, "miniflux");
    let log = log(&run);
    assert_eq!(log.matches("$ abra app secret generate -n -o -C -m -a ").count(), 1, "{log}");
    assert!(log.contains("(not kept: it shows secrets)") && log.contains("INFO deleted admin_pass"), "{log}");
}

#[test]
fn abra_and_docker_alone_go_red_in_the_same_place() {
    let Some(product) = Product::asked(Ring::Long) else { return };
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

#[test]
fn an_error_of_abra_counts_whatever_its_exit_code() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let fatal = |text: &str| Wrapper::new(&[("STAND_IN_FATAL", text)]);
    let recipe = fatal("app deploy: services.app.image must be a string");
    let run = deployed(&product, "static-site", &recipe.program(), &["--stages", "install"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("recipe")), "{}", run.all());
    assert!(run.out.contains("abra app deploy refused the files: services.app.image must be a string"), "{}", run.out);
    let host = fatal("app deploy: Cannot connect to the Docker daemon at unix:///var/run/docker.sock");
    let run = deployed(&product, "static-site", &host.program(), &["--stages", "install"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (11, Some("infrastructure")), "{}", run.all());
}

#[test]
fn an_abra_that_asks_and_waits_is_ended_at_its_limit() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let hung = Wrapper::new(&[("STAND_IN_HANG", "app deploy")]);
    let run = deployed(&product, "static-site", &hung.program(), &["--stages", "install", "--abra-limit", "2s"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (11, Some("infrastructure")), "{}", run.all());
    let words = "it did not end within 2 s and was killed; last it said: proceed with app deploy? [y/N]";
    assert!(run.out.contains(words), "{}", run.out);
}

#[test]
fn an_abra_that_deploys_another_commit_is_found_out() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let recipe = product.recipe("static-site");
    let git = std::process::Command::new("git").arg("-C").arg(recipe).args(["rev-parse", "HEAD~1"]).output().unwrap();
    let older = String::from_utf8(git.stdout).unwrap().trim().to_owned();
    let strays = Wrapper::new(&[("STAND_IN_CHECKOUT", &older)]);
    let run = deployed(&product, "static-site", &strays.program(), &["--stages", "install"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (11, Some("infrastructure")), "{}", run.all());
    assert!(run.out.contains(&format!("it checked out {} in place of ", &older[..8])), "{}", run.out);
}

#[test]
fn a_secret_that_abra_does_not_show_ends_the_run() {
    let Some(product) = Product::asked(Ring::Short) else { return };
    let silent = Wrapper::new(&[("STAND_IN_SILENT", "secrets")]);
    let run = deployed(&product, "miniflux", &silent.program(), &["--stages", "install"]);
    assert_eq!(run.code, 11, "{}", run.all());
    assert!(run.out.contains("it does not show the value of `admin_pass`, which could not be masked"), "{}", run.out);
}
