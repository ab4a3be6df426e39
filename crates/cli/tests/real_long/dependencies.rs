//! Dependencies on a real engine: what one gives, cold and warm, and each way in which it can fail.

use crate::engine::{docker, of_run};
use crate::product::{say, text, until};
use crate::provider::{CREATE, DELETE, PROVIDER, SHORT, Warm, World, found, nothing_left, record, step};
use std::time::Duration;

#[test]
#[ignore = "real engine: make nightly"]
fn a_cold_dependency_is_deployed_once_and_gives_what_it_has_to() {
    let world = World::new();
    let run = world.run(&[]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.has_line("deploy-count = 2 (expect 2, engine saw 2)"), "{}", run.all());
    for id in ["install/dependency/keeper/serving", "install/install.hurl", "custom/custom/page.sh", "backup/verified"]
    {
        assert_eq!(step(&run, id)["status"], "pass", "{id}: {}", run.all());
    }
    let dependency = &run.results["dependencies"][0];
    assert_eq!((&dependency["mode"], &dependency["tests_ran"]), (&"cold".into(), &1.into()), "{}", run.all());
    // The script and the test say the token aloud; nobody can read it.
    let record = record(&run);
    assert!(record.contains("made for ") && record.contains("the token is "), "{record}");
    assert!(record.contains("the token is *****"), "{record}");
    assert!(run.folder.join("logs/keeper.app.log").is_file(), "{}", run.all());
    say(&format!("a cold dependency: verdict after {} ms", run.results["timings"]["verdict_ms"]));
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_provider_that_never_gets_healthy_is_blamed_itself() {
    let world = World::new();
    let compose = std::fs::read_to_string(world.provider.dir().join("compose.yml")).unwrap();
    world.provider.write("compose.yml", &compose.replace("GET /healthz", "GET /absent")).unwrap();
    world.provider.commit("sick").unwrap();
    world.provider.publish("9.0.0+1.26").unwrap();
    world.catalogue("ci.toml", "limits.converge = 15\n");
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    assert!(run.has_line("deploy-count = 1 (expect 2, engine saw 1)"), "{}", run.all());
    assert_eq!(run.results["triage"]["service"], "keeper.app", "{}", run.all());
    assert!(found(&run, "install/dependency/keeper/converged").contains("health"), "{}", run.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_script_that_fails_half_way_is_the_dependencys_fault() {
    let world = World::new();
    world.script("create", &CREATE.replace("echo \"greeting", "echo no more >&2; exit 3; echo \"greeting"));
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    let said = found(&run, "install/dependency/keeper/page");
    assert_eq!(said, "keeper: the script `create` ended with exit code 3: no more");
    assert!(run.has_line("deploy-count = 1 (expect 2, engine saw 1)"), "{}", run.all());
    let details = step(&run, "install/dependency/keeper/page")["finding"]["details"].to_string();
    assert!(details.contains("with *****"), "a random value is a secret from the start: {details}");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_script_that_does_not_print_what_it_has_to_is_the_dependencys_fault() {
    let world = World::new();
    world.script("create", &CREATE.replace("echo \"greeting=", "echo \"greting="));
    let run = world.run(&SHORT);
    assert_eq!(run.results["blame"], "dependency", "{}", run.all());
    assert_eq!(found(&run, "install/dependency/keeper/page"), "keeper: the script `create` did not print greeting");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_needed_test_that_skips_itself_makes_the_run_red() {
    let world = World::new();
    world.app("tests/custom/page.sh", "#!/bin/sh\necho no provider today\nexit 77\n");
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("test")), "{}", run.all());
    let said = found(&run, "custom/custom/page.sh");
    assert_eq!(said, "needed dependency keeper and did not run: no provider today");
    assert_eq!(run.results["dependencies"][0]["tests_ran"], 0);
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_test_that_fails_after_its_provider_died_is_the_dependencys_fault() {
    let world = World::new();
    // The provider ends itself once the app has been given what it needs.
    let dies = format!("{CREATE}(sleep 3; kill 1) >/dev/null 2>&1 &\n");
    world.script("create", &dies);
    let waits = "#!/bin/bash\nfor try in $(seq 100); do curl --fail --silent \"$CC_CI_PAGE_URL\" >/dev/null || exit 1; sleep 0.1; done\n";
    world.app("tests/custom/page.sh", waits);
    let run = world.run(&SHORT);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
    assert!(found(&run, "custom/custom/page.sh").contains(", and keeper "), "{}", run.all());
    // The same failure with a provider that is well is the recipe's.
    world.script("create", CREATE);
    world.app("tests/custom/page.sh", "#!/bin/sh\nexit 1\n");
    let run = world.run(&SHORT);
    assert_eq!(run.results["blame"], "recipe", "{}", run.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_warm_dependency_is_shared_and_keeps_nothing_of_a_run() {
    let world = World::new();
    {
        let warm = Warm::up(&world);
        assert!(warm.list().contains("healthy"), "{}", warm.list());
        let pages = "/usr/share/nginx/html/pages";
        // A run that died long ago left one; somebody else's own is none of our business.
        warm.in_it(&format!("mkdir -p {pages} && touch {pages}/cc-ci-20200101-000000-abcdef {pages}/precious"));
        let before = warm.container();
        let run = world.run(&SHORT);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.all());
        assert_eq!(run.results["dependencies"][0]["mode"], "warm");
        let made = step(&run, "install/dependency/keeper/page")["note"].as_str().unwrap();
        assert!(made.starts_with(&format!("cc-ci-{} in keeper", run.id())), "{made}");
        assert_eq!(warm.in_it(&format!("ls {pages}")), "precious", "made and gone, and the left-over one with it");
        assert!(record(&run).contains("cc-ci-20200101-000000-abcdef, of a run that is dead, was removed"));
        assert_eq!(warm.container(), before, "it was not touched");

        // A run that is killed leaves its namespace to the clean-up, which leaves the provider alone.
        let mut running = world.product.start(world.repo.dir(), &[&SHORT[..], &["--no-reaper"]].concat());
        let folder = running.reach("install/converged");
        running.kill();
        let run = folder.file_name().unwrap().to_str().unwrap();
        assert!(warm.in_it(&format!("ls {pages}")).contains(run));
        let clean = world.product.cc_ci(&["clean"]);
        assert!(clean.status.success(), "{}{}", text(&clean.stdout), text(&clean.stderr));
        assert_eq!(warm.in_it(&format!("ls {pages}")), "precious");
        assert_eq!(warm.container(), before);
        nothing_left(&folder, run);

        // A `delete` that deletes nothing is found out.
        world.script("delete", "true\n");
        let run = world.run(&SHORT);
        assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("dependency")), "{}", run.all());
        assert!(
            run.results["reasons"][0].as_str().unwrap().starts_with("left behind: namespace cc-ci-"),
            "{}",
            run.all()
        );
        world.script("delete", DELETE);

        // One that is not healthy is not used, and the budget expects the cold one.
        docker(&["service", "scale", "--detach", &format!("warm-{PROVIDER}_app=0")]);
        until("the end of the provider", Duration::from_secs(30), || warm.container().is_empty());
        let run = world.run(&SHORT);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(run.has_line("deploy-count = 2 (expect 2, engine saw 2)"), "{}", run.all());
        let why = run.results["dependencies"][0]["why"].as_str().unwrap();
        assert!(why.starts_with("the warm one is not healthy: "), "{why}");
    }
    let left = of_run(&format!("warm-{PROVIDER}"), &format!("warm-{PROVIDER}"));
    assert!(left.is_empty(), "{left:?}");
    assert!(!world.product.state().join("warm").join(PROVIDER).exists());
}
