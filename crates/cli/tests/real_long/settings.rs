//! What settings, overlays, the catalogue and the policy do to real runs: each takes effect on the engine. That bad input is
//! refused before anything is deployed is shown by `plan`, without one.

use crate::engine::{docker, of_run};
use crate::product::{Finished, Product};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use tempfile::TempDir;

/// The example `static-site` with more files in its last commit.
pub(crate) fn with(product: &Product, recipe: &str, files: &[(&str, &str)]) -> (TempDir, Repo) {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::clone_of(&product.recipe(recipe), folder.path(), "site").unwrap();
    for (path, text) in files {
        repo.write(path, text).unwrap();
    }
    repo.commit("customized").unwrap();
    (folder, repo)
}

/// One run of it, which must leave nothing.
pub(crate) fn run(product: &Product, recipe: &str, files: &[(&str, &str)], args: &[&str]) -> Finished {
    let (_folder, repo) = with(product, recipe, files);
    let run = product.run(repo.dir(), args);
    let left = of_run(run.id(), &run.stack());
    assert!(left.is_empty(), "{left:?}");
    product.judge_says_the_same(&run);
    run
}

/// A step of the results.
pub(crate) fn step<'a>(run: &'a Finished, id: &str) -> &'a Value {
    let stages = run.results["stages"].as_array().unwrap().iter();
    let mut steps = stages.flat_map(|stage| stage["tests"].as_array().unwrap());
    steps.find(|step| step["name"] == id).unwrap_or_else(|| panic!("no step {id}: {}", run.all()))
}

/// What a step found.
pub(crate) fn found<'a>(run: &'a Finished, id: &str) -> &'a str {
    step(run, id)["finding"]["summary"].as_str().unwrap_or_else(|| panic!("{id} found nothing: {}", run.all()))
}

#[test]
#[ignore = "real engine: make nightly"]
fn settings_and_overlays_reach_the_app() {
    let product = Product::with_engine();
    let settings = "health.path = \"/healthz\"\nhealth.statuses = [200]\nbase.version = \"1.0.0+1.22.1\"\n\
        [env.install]\nSITE_TITLE = \"of ${DOMAIN}\"\nBOTH = \"install\"\n[env.upgrade]\nBOTH = \"upgrade\"\n\
        [[ready]]\ntcp = \"app:80\"\nstable = 5\n[[ready]]\nhttp = \"/posts/first.html\"\n\
        [backup.verify]\nservice = \"app\"\n\
        command = '''test \"$SITE_TITLE\" = \"of $DOMAIN\" && test \"$BOTH\" = upgrade && test \"$MODE\" = \"it's \\$ci\" && test -z \"$REPAIRED\"'''\n";
    let overlay = "services:\n  app:\n    environment:\n      MODE: \"it's $$ci\"\n      API_TOKEN: hunter2hunter2\n";
    let repair = "x-for-version: 1.0.0+1.22.1\nversion: \"3.8\"\nservices:\n  app:\n    environment: {SITE_TITLE: repaired, REPAIRED: \"1\"}\n";
    let catalogue = tempfile::tempdir().unwrap();
    let theirs = catalogue.path().join("site");
    std::fs::create_dir_all(theirs.join("custom")).unwrap();
    std::fs::write(theirs.join("ci.toml"), "health.path = \"/\"\n").unwrap();
    // The page is written by the first start, at base.
    let title = "GET {{base_url}}/\nHTTP 200\n[Asserts]\nbody contains \"<h1>repaired</h1>\"\n";
    std::fs::write(theirs.join("install.hurl"), title).unwrap();
    std::fs::write(theirs.join("custom/title.hurl"), title).unwrap();
    let files = [
        ("tests/ci.toml", settings),
        ("tests/compose.ci.yml", overlay),
        ("tests/previous/compose.yml", repair),
        ("tests/install.hurl", title),
    ];
    let run = run(&product, "static-site", &files, &["--catalogue", catalogue.path().to_str().unwrap()]);
    assert_eq!((run.code, &run.results["level"]), (0, &5.into()), "{}", run.all());
    assert_eq!(run.results["base"]["version"], "1.0.0+1.22.1");
    assert_eq!(step(&run, "install/serving")["note"], "200 on /", "the catalogue's settings win: {}", run.all());
    for tier in ["install", "upgrade", "restore/in-place", "restore/onto-empty"] {
        let note = step(&run, &format!("{tier}/ready/tcp app:80"))["note"].as_str().unwrap();
        assert!(note.starts_with("app:80, 5 connections in a row: after "), "{note}");
        assert_eq!(step(&run, &format!("{tier}/ready/http /posts/first.html"))["note"], "200 on /posts/first.html");
    }
    for id in [
        "backup/verified",
        "install/catalogue/install.hurl",
        "custom/catalogue/custom/title.hurl",
        "install/install.sh",
    ] {
        assert_eq!(step(&run, id)["status"], "pass", "{id}: {}", run.all());
    }
    let customization = &run.results["customization"];
    assert_eq!(customization["compose.ci.app.API_TOKEN"], "\"***\" (tests/compose.ci.yml)");
    assert_eq!(customization["health.path"], "\"/\" (catalogue/site/ci.toml, line 1)");
    assert!(run.has_line("changed by: tests/previous/compose.yml = laid over the base 1.0.0+1.22.1"), "{}", run.out);
    assert!(run.err.contains("changed by: base.version = "), "it is said at the start: {}", run.err);
    assert!(!run.all().contains("hunter2"), "{}", run.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn an_app_that_is_not_ready_in_time_is_red() {
    let product = Product::with_engine();
    let settings = "limits.serving = 2\nhealth.path = \"/nowhere\"\n[[ready]]\ntcp = \"app:81\"\n[[ready]]\nhttp = \"/healthz\"\nstatuses = [204]\n";
    let run = run(&product, "static-site", &[("tests/ci.toml", settings)], &["--no-upgrade", "--stages", "install"]);
    assert_eq!((run.code, run.results["blame"].as_str()), (10, Some("recipe")), "{}", run.all());
    assert_eq!(
        found(&run, "install/serving"),
        "not serving within 2 s: status 404 on /nowhere, accepted are 200, 301 and 302"
    );
    let refused = found(&run, "install/ready/tcp app:81");
    assert!(refused.starts_with("not ready within 2 s: app:81, 1 connections in a row: after "), "{refused}");
    assert!(refused.contains("Connection refused"), "{refused}");
    assert_eq!(
        found(&run, "install/ready/http /healthz"),
        "not serving within 2 s: status 200 on /healthz, accepted are 204"
    );
}

#[test]
#[ignore = "real engine: make nightly"]
fn skipped_tiers_are_shown_and_the_scheme_is_followed() {
    let product = Product::with_engine();
    let settings = "limits.serving = 2\nhealth.scheme = \"http\"\nbackup.capable = false\n[skip]\nupgrade = \"the older image is gone\"\ncustom = \"they need a mail server\"\n";
    let run = run(&product, "static-site", &[("tests/ci.toml", settings)], &[]);
    // The site has a router for TLS alone, so that nobody answers for it without.
    assert!(
        found(&run, "install/serving").starts_with("not serving within 2 s: the app did not answer"),
        "{}",
        run.all()
    );
    for tier in ["upgrade", "backup", "restore", "custom"] {
        assert_eq!(run.results["results"][tier], "skip", "{}", run.all());
    }
    assert!(
        run.has_line("skipped: upgrade (asked for): the older image is gone (tests/ci.toml, line 5)"),
        "{}",
        run.out
    );
    assert_eq!(run.results["skips"]["intentional"]["functional"], "they need a mail server (tests/ci.toml, line 6)");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_command_and_the_run_end_at_their_limits() {
    let product = Product::with_engine();
    let settings = "limits.command = 2\nlimits.stable = 7\nskip.upgrade = \"the older image is gone\"\n\
        [backup.verify]\nservice = \"app\"\ncommand = \"echo no dump; exit 3\"\n";
    let slow = ("tests/custom/slow.sh", "#!/bin/sh\nexec sleep 60\n");
    let run =
        run(&product, "static-site", &[("tests/ci.toml", settings), slow], &["--stages", "install,backup,custom"]);
    assert_eq!(run.code, 10, "{}", run.all());
    assert_eq!(found(&run, "backup/verified"), "backup.verify (`echo no dump; exit 3`) ended with exit code 3");
    assert_eq!(found(&run, "custom/custom/slow.sh"), "custom/slow.sh did not end within 2 s");
    assert_eq!(step(&run, "install/stable")["status"], "pass");
    let verdict = run.results["timings"]["verdict_ms"].as_u64().unwrap();
    assert!(verdict >= 7000, "the stability window was {verdict} ms at most");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_run_ends_at_its_limit() {
    let product = Product::with_engine();
    let files = [("tests/ci.toml", "limits.run = 10\n"), ("tests/install.sh", "#!/bin/sh\nexec sleep 60\n")];
    let run = run(&product, "static-site", &files, &["--no-upgrade", "--stages", "install"]);
    assert_eq!(run.code, 142, "{}", run.all());
    let verdict = run.results["timings"]["verdict_ms"].as_u64().unwrap();
    assert!((10_000..20_000).contains(&verdict), "{verdict} ms");
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_deployment_has_the_time_that_the_settings_give() {
    let product = Product::with_engine();
    let settings = [("tests/ci.toml", "limits.converge = 4\n")];
    let run = run(&product, "sabotage-never-healthy", &settings, &["--no-upgrade", "--stages", "install"]);
    assert_eq!(run.code, 10, "{}", run.all());
    assert!(found(&run, "install/converged").contains("4 s"), "{}", run.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn declared_churn_is_no_loss() {
    let product = Product::with_engine();
    let old = std::fs::read_to_string(product.recipe("static-site").join("entrypoint.sh.tmpl")).unwrap();
    let entrypoint = old.replace("exec nginx", "rm -f \"$root/posts/first.html\"\nexec nginx");
    let old = std::fs::read_to_string(product.recipe("static-site").join("abra.sh")).unwrap();
    let abra_sh = old.replace("APP_ENTRYPOINT_VERSION=v1", "APP_ENTRYPOINT_VERSION=v2");
    let loses = [("entrypoint.sh.tmpl", entrypoint.as_str()), ("abra.sh", abra_sh.as_str())];
    let stages = ["--stages", "install,upgrade"];
    let lost = run(&product, "static-site", &loses, &stages);
    let details = step(&lost, "upgrade/volumes")["finding"].to_string();
    assert!(details.contains("posts/first.html"), "{details}: {}", lost.all());
    let declared = [loses[0], loses[1], ("tests/ci.toml", "data.churn = [\"posts/*.html\"]\n")];
    let kept = run(&product, "static-site", &declared, &stages);
    assert_eq!(step(&kept, "upgrade/volumes")["status"], "pass", "{}", kept.all());
}

#[test]
#[ignore = "real engine: make nightly"]
fn a_recipe_is_refused_before_anything_is_made_unless_the_operator_allows_it() {
    let product = Product::with_engine();
    let compose = std::fs::read_to_string(product.recipe("static-site").join("compose.yml")).unwrap();
    let compose = compose.replace("    healthcheck:\n", "    cap_add: [SYS_NICE]\n    healthcheck:\n");
    let (folder, repo) = with(&product, "static-site", &[("compose.yml", &compose)]);
    let args = ["--no-upgrade", "--stages", "install"];
    let before = [docker(&["network", "ls", "--quiet"]), docker(&["secret", "ls", "--quiet"])];
    let (code, said) = product.start(repo.dir(), &args).ended();
    assert_eq!(code, 23, "{said}");
    assert!(said.contains(": services.app.cap_add.SYS_NICE: asks for a capability (`SYS_NICE`)"), "{said}");
    assert_eq!(before, [docker(&["network", "ls", "--quiet"]), docker(&["secret", "ls", "--quiet"])]);
    let policy = folder.path().join("policy.toml");
    let entry = format!("[allow.{:?}]\ncapability = [\"SYS_NICE\"]\n", repo.dir().canonicalize().unwrap());
    std::fs::write(&policy, entry).unwrap();
    let run = product.run(repo.dir(), &[&args[..], &["--policy", policy.to_str().unwrap()]].concat());
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(
        run.has_line("changed by: policy 1 = capability `SYS_NICE` is allowed by policy.toml, line 2"),
        "{}",
        run.out
    );
}
