//! Runs that `abra` deploys: the same tiers and the same verdict, and each way in which it can fail.

use super::by_abra::{deployed, green, log};
use super::product::Product;
use crate::wrapper::Wrapper;

#[test]
#[ignore = "real engine: make test"]
fn abra_deploys_static_site_and_it_is_green() {
    let product = Product::with_engine();
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
#[ignore = "real engine: make test"]
fn an_error_of_abra_counts_whatever_its_exit_code() {
    let product = Product::with_engine();
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
#[ignore = "real engine: make test"]
fn an_abra_that_asks_and_waits_is_ended_at_its_limit() {
    let product = Product::with_engine();
    let hung = Wrapper::new(&[("STAND_IN_HANG", "app deploy")]);
    let run = deployed(&product, "static-site", &hung.program(), &["--stages", "install", "--abra-limit", "2s"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (11, Some("infrastructure")), "{}", run.all());
    let words = "it did not end within 2 s and was killed; last it said: proceed with app deploy? [y/N]";
    assert!(run.out.contains(words), "{}", run.out);
}

#[test]
#[ignore = "real engine: make test"]
fn an_abra_that_deploys_another_commit_is_found_out() {
    let product = Product::with_engine();
    let recipe = product.recipe("static-site");
    let git = std::process::Command::new("git").arg("-C").arg(recipe).args(["rev-parse", "HEAD~1"]).output().unwrap();
    let older = String::from_utf8(git.stdout).unwrap().trim().to_owned();
    let strays = Wrapper::new(&[("STAND_IN_CHECKOUT", &older)]);
    let run = deployed(&product, "static-site", &strays.program(), &["--stages", "install"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (11, Some("infrastructure")), "{}", run.all());
    assert!(run.out.contains(&format!("it checked out {} in place of ", &older[..8])), "{}", run.out);
}

#[test]
#[ignore = "real engine: make test"]
fn a_secret_that_abra_does_not_show_ends_the_run() {
    let product = Product::with_engine();
    let silent = Wrapper::new(&[("STAND_IN_SILENT", "secrets")]);
    let run = deployed(&product, "miniflux", &silent.program(), &["--stages", "install"]);
    assert_eq!(run.code, 11, "{}", run.all());
    assert!(run.out.contains("it does not show the value of `admin_pass`, which could not be masked"), "{}", run.out);
}
