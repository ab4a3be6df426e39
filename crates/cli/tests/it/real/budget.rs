//! The deploy budget cannot be cheated from a hook: whatever it does behind the run's back is red and named.

use super::engine::{of_run, remove_stack};
use super::product::{Finished, Product, say};
use cc_ci_testkit::repo::Repo;

/// Runs install and upgrade of `static-site` with a hook before the upgrade, which the caller trusts.
fn with_hook(product: &Product, hook: &str) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "cheat").unwrap();
    repo.write("tests/hooks/host/pre_upgrade", &format!("#!/bin/bash\nset -eu\n{hook}")).unwrap();
    repo.commit("a hook").unwrap();
    product.run(repo.dir(), &["--stages", "install,upgrade", "--trust-hooks"])
}

/// The hook ended well by itself, or the test proves nothing, and is found to have done this.
fn strayed(run: &Finished, what: &str) {
    let words = format!("hooks/host/pre_upgrade did more than prepare a tier: {what}");
    assert!(run.err.contains("upgrade/hooks/host/pre_upgrade: failed after"), "{}", run.all());
    assert!(run.all().contains(&words), "{}", run.all());
    assert_eq!((run.code, &run.results["verdict"]), (10, &"red".into()), "{}", run.all());
}

/// The run is red for its budget, and each part of its record names the disagreement.
fn caught(product: &Product, run: &Finished, code: i32, line: &str, disagreements: &[&str]) {
    say(&format!("{}: {line}: {disagreements:?}", std::thread::current().name().unwrap_or_default()));
    assert_eq!(run.code, code, "{}", run.all());
    assert!(run.has_line(line), "{}", run.all());
    let deploys = &run.results["deploys"];
    let told: Vec<&str> =
        deploys["disagreements"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!(told, disagreements, "{}", run.all());
    assert_eq!((&deploys["agreement"], &run.results["verdict"]), (&"disagreed".into(), &"red".into()), "{}", run.all());
    for words in disagreements {
        assert!(run.has_line(&format!("  {words}")), "{}", run.all());
    }
    assert_eq!(run.results["exit_code"], code);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    product.judge_says_the_same(run);
}

#[test]
#[ignore = "real engine: make test"]
fn a_hook_that_deploys_a_stack_of_its_own_is_red() {
    let product = Product::with_engine();
    let stray = format!("stray-{}", std::process::id());
    let run = with_hook(
        &product,
        &format!(
            "cat >\"$CC_CI_STATE_DIR/stray.yml\" <<'END'\nversion: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:1.26\n    \
             command: [sleep, infinity]\n    stop_grace_period: 100ms\n    deploy: {{endpoint_mode: dnsrr}}\nEND\n\
             docker stack deploy --compose-file \"$CC_CI_STATE_DIR/stray.yml\" {stray}\n"
        ),
    );
    // It carries no label of the run, so the run must not touch it.
    remove_stack(&stray);
    strayed(&run, &format!("stack {stray} was deployed"));
    let words = format!("the engine saw stack {stray} being created, the ledger does not have it");
    caught(&product, &run, 10, "deploy-count = 1 (expect 1, engine saw 2)", &[&words]);
}

/// Deploys the commit under test by hand, as the recipe's own files say.
const DEPLOY_HEAD: &str = "cd ..\nset -a\n. ./.env.sample\n. ./abra.sh\nSTACK_NAME=$CC_CI_STACK DOMAIN=$CC_CI_DOMAIN\n\
                           docker stack deploy --compose-file compose.yml \"$CC_CI_STACK\"\n";

#[test]
#[ignore = "real engine: make test"]
fn a_hook_that_redeploys_the_stack_in_place_is_red() {
    let product = Product::with_engine();
    let run = with_hook(&product, DEPLOY_HEAD);
    strayed(&run, "service `app` was changed in place");
    assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.all());
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    product.judge_says_the_same(&run);
}

#[test]
#[ignore = "real engine: make test"]
fn a_hook_that_deploys_the_stack_anew_is_red() {
    let product = Product::with_engine();
    let gone = "docker stack rm \"$CC_CI_STACK\"\n\
                until [ -z \"$(docker ps --all --quiet --filter label=com.docker.stack.namespace=\"$CC_CI_STACK\")\" ]; do :; done\n";
    let run = with_hook(&product, &format!("{gone}{DEPLOY_HEAD}"));
    strayed(&run, "service `app` was removed and created again");
    let words = format!("the engine saw stack {} being created, the ledger does not have it", run.stack());
    caught(&product, &run, 10, "deploy-count = 1 (expect 1, engine saw 2)", &[&words]);
}

#[test]
#[ignore = "real engine: make test"]
fn a_hook_that_removes_a_line_of_the_ledger_is_red() {
    let product = Product::with_engine();
    let run = with_hook(
        &product,
        "ledger=$CC_CI_STATE_DIR/../ledger.jsonl\nkept=$(grep -v '\"deploying\"' \"$ledger\")\necho \"$kept\" >\"$ledger\"\n",
    );
    let stack = run.stack();
    let words = [
        "the plan permits 1, the ledger has only 0",
        &format!("the record announces a deploy of {stack} that the ledger on disk lacks"),
        &format!("the engine saw stack {stack} being created, the ledger does not have it"),
    ];
    caught(&product, &run, 1, "deploy-count = 0 (expect 1, engine saw 1)", &words);
}
