//! Settings, overlays and the catalogue in a plan: what they change, and what is said when they cannot be used.

use super::{COMPOSE, World};
use serde_json::Value;
use std::path::PathBuf;

impl World {
    /// Commits files to the recipe.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            self.repo.write(path, text).unwrap();
        }
        self.repo.commit("customized").unwrap();
    }

    /// Puts a file into the operator's state folder.
    pub(crate) fn state(&self, path: &str, text: &str) -> PathBuf {
        let state = self.folder.path().join("state");
        let file = state.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        state
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let answer = self.plan(&[&["--json"], args].concat());
        assert_eq!(answer.code, 0, "{}", answer.err);
        serde_json::from_str(&answer.out).unwrap()
    }
}

#[test]
fn settings_change_the_plan_and_are_shown_in_it() {
    let world = World::new();
    world.commit(&[(
        "tests/ci.toml",
        "health.path = \"/healthz\"\nhealth.statuses = [200, 401]\nlimits.converge = 900\nlimits.command = 30\n\
         base.version = \"1.0.0+1.22\"\ndata.churn = [\"index/**\"]\n\
         [env.install]\nAPI_TOKEN = \"abc\"\nSANDBOX = \"sandbox.${DOMAIN}\"\n\
         [[ready]]\ntcp = \"app:80\"\nstable = 3\n[[ready]]\nhttp = \"/ready\"\n\
         [backup.verify]\nservice = \"app\"\ncommand = \"test -s /x\"\n[skip]\nrestore = \"it needs a second machine\"\n",
    )]);
    insta::assert_snapshot!(world.plan(&[]).text(), @r#"
    recipe   shop at [commit] (1.2.0+1.26)
    base     1.0.0+1.22 at [commit]: asked for by tests/ci.toml, line 5
    deploys  1
             base: every tier needs the app running; deployed at 1.0.0+1.22, so that the upgrade needs no deploy of its own
    tiers    install  deploy, converged, serving, ready/tcp app:80, ready/http /ready, stable
             upgrade  seed, redeploy, converged, moved, serving, ready/tcp app:80, ready/http /ready, markers, volumes, housed, stable
             backup   seed, settled, snapshot, serving, complete, verified, stable
             restore  skipped: it needs a second machine (tests/ci.toml, line 19)
             custom   skipped: the recipe has no tests of its own in `tests/custom`
    limits   run 3600 s, converge 900 s, serving 60 s, one command 30 s, stable for 5 s, head watched for at least 22 s, since it has no tests of its own
    changes  backup.verify = `test -s /x` in app (tests/ci.toml, line 15)
             base.version = "1.0.0+1.22" (tests/ci.toml, line 5)
             data.churn = ["index/**"] (tests/ci.toml, line 6)
             env.install.API_TOKEN = *** (tests/ci.toml, line 8)
             env.install.SANDBOX = "sandbox.${DOMAIN}" (tests/ci.toml, line 9)
             health.path = "/healthz" (tests/ci.toml, line 1)
             health.statuses = [200, 401] (tests/ci.toml, line 2)
             limits.command = 30 (tests/ci.toml, line 4)
             limits.converge = 900 (tests/ci.toml, line 3)
             ready = tcp app:80, http /ready (tests/ci.toml, line 10)
             skip.restore = "it needs a second machine" (tests/ci.toml, line 19)
    "#);
    let plan = world.json(&[]);
    assert_eq!(plan["demands"]["health"]["statuses"], serde_json::json!([200, 401]));
    assert_eq!(plan["demands"]["churn"], serde_json::json!(["index/**"]));
    assert!(!world.plan(&["--json"]).out.contains("\"abc\""), "what looks like a secret is masked");
    // The command line wins over a file.
    assert_eq!(world.json(&["--base", "1.1.0+1.24"])["base"]["version"], "1.1.0+1.24");
}

#[test]
fn a_skipped_upgrade_needs_no_base() {
    let world = World::new();
    world.commit(&[("tests/ci.toml", "skip.upgrade = \"the older image is gone\"\nbackup.capable = false\n")]);
    let plan = world.json(&[]);
    assert_eq!(plan["base"]["kind"], "head");
    let skip = |tier: usize| plan["tiers"][tier]["disposition"]["skip"].clone();
    assert_eq!(skip(1)["why"], "own-settings");
    assert_eq!(skip(1)["reason"], "the older image is gone (tests/ci.toml, line 1)");
    assert_eq!(skip(2)["reason"], "`backup.capable` is false (tests/ci.toml, line 2)");
    assert_eq!(skip(3)["reason"], "without a backup: `backup.capable` is false (tests/ci.toml, line 2)");
}

#[test]
fn the_catalogue_wins_and_its_tests_run_too() {
    let world = World::new();
    world.commit(&[
        ("tests/ci.toml", "health.path = \"/own\"\nlimits.run = 100\n"),
        ("tests/install.hurl", "GET {{base_url}}\nHTTP 200\n"),
        ("tests/catalogue/notes.txt", "GET {{base_url}}\nHTTP 200\n"),
    ]);
    world.state("catalogue/shop/ci.toml", "health.path = \"/theirs\"\n");
    world.state("catalogue/shop/install.hurl", "GET {{base_url}}\nHTTP 200\n");
    let state = world.state("catalogue/shop/custom/cart.hurl", "GET {{base_url}}\nHTTP 200\n");
    let plan = world.json(&["--state", state.to_str().unwrap()]);
    assert_eq!(plan["demands"]["health"]["path"], "/theirs");
    assert_eq!(plan["limits"]["run"], 100);
    let steps = |tier: usize| {
        let steps = plan["tiers"][tier]["steps"].as_array().unwrap().iter();
        steps.map(|step| step["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        steps(0),
        [
            "install/deploy",
            "install/converged",
            "install/serving",
            "install/install.hurl",
            "install/catalogue/install.hurl",
            "install/stable"
        ]
    );
    assert_eq!(steps(4), ["custom/catalogue/custom/cart.hurl", "custom/stable"]);
    let elsewhere = state.join("catalogue");
    let same = world.json(&["--catalogue", elsewhere.to_str().unwrap()]);
    assert_eq!(same["demands"]["health"]["path"], "/theirs");
    insta::assert_snapshot!(world.plan(&["--catalogue", "/nonexistent"]).error(), @"
    [2] error: there is no folder /nonexistent
    hint: --catalogue takes a folder with one folder per recipe
    ");
}

#[test]
fn settings_that_cannot_be_used_name_their_place() {
    let world = World::new();
    let error = |text: &str| {
        world.commit(&[("tests/ci.toml", text)]);
        world.plan(&[]).error()
    };
    insta::assert_snapshot!(error("[health]\npth = \"/\"\n"), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 2: health.pth: unknown key `pth`
    hint: did you mean `health.path`?
    ");
    insta::assert_snapshot!(error("\nbase.version = \"9.9.9+1\""), @"
    [20] error: cannot use the settings
      tests/ci.toml, line 2: base.version: `9.9.9+1` is no published version of the recipe: newest first, they are 1.1.0+1.24, 1.0.0+1.22
    ");
    insta::assert_snapshot!(error("[[ready]]\ntcp = \"db:5432\"\n"), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: ready: there is no service `db`: it has app
    ");
    insta::assert_snapshot!(error("[backup.verify]\nservice = \"db\"\ncommand = \"true\"\n"), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: backup.verify: there is no service `db`: it has app
    ");
    insta::assert_snapshot!(error("env.install.A = \"${\""), @"
    [20] error: cannot use the settings
      tests/ci.toml, line 1: env.install.A: `${` is not a variable
    hint: write `$$` for a dollar sign
    ");
    let bare = COMPOSE.replace("VERSION", "1.2.0+1.26").replace("        - \"backupbot.backup=true\"\n", "");
    world.repo.write("compose.yml", &bare.replace("traefik.http", "x.http")).unwrap();
    insta::assert_snapshot!(error("backup.capable = true"), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: backup.capable: the recipe promises no backup: no service carries the label `backupbot.backup=true` under `deploy`
    ");
    insta::assert_snapshot!(error("health.path = \"/\""), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: health.path: the recipe has no route to ask
    ");
    insta::assert_snapshot!(error("ready = [{http = \"/\"}]"), @"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: ready: the recipe has no route to ask
    ");
}

#[test]
fn an_overlay_of_ci_sets_variables_and_nothing_else() {
    let world = World::new();
    world.commit(&[(
        "tests/compose.ci.yml",
        "services:\n  app:\n    environment:\n      MODE: test\n      MAIL_PASSWORD: hunter2\n",
    )]);
    let plan = world.json(&[]);
    assert_eq!(plan["customization"]["compose.ci.app.MODE"], "\"test\" (tests/compose.ci.yml)");
    assert_eq!(plan["customization"]["compose.ci.app.MAIL_PASSWORD"], "\"***\" (tests/compose.ci.yml)");
    world.commit(&[("tests/compose.ci.yml", "services:\n  app:\n    image: other:1\n")]);
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [20] error: an overlay of CI may only set variables of `shop`
      tests/compose.ci.yml, line 3: services.app.image: changes the image that the recipe sets
    hint: change the image in the recipe itself: CI must never test something else than the recipe
    ");
    // The loader keeps one of two ports with one number as soon as another file names their service.
    let both = "    networks: [proxy]\n    ports: [\"53:53/tcp\", \"53:53/udp\"]\n";
    world
        .repo
        .write("compose.yml", &COMPOSE.replace("VERSION", "1.2.0+1.26").replace("    networks: [proxy]\n", both))
        .unwrap();
    world.commit(&[("tests/compose.ci.yml", "services:\n  app:\n    environment: [MODE=test]\n")]);
    let state = world.allow("host-port = [\"53/tcp\", \"53/udp\"]\n");
    insta::assert_snapshot!(world.plan(&["--state", state.to_str().unwrap()]).error(), @"
    [20] error: cannot lay `compose.ci.yml` over the recipe
      service app would lose port 53/tcp: `docker stack deploy` keeps one of two ports with one number
    hint: set the variables in ci.toml, under `[env.install]`, and let the recipe's `environment` take them
    ");
}

#[test]
fn a_repair_is_for_one_version() {
    let world = World::new();
    let repair = "x-for-version: 1.1.0+1.24\nversion: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:2\n";
    world.commit(&[("tests/previous/compose.yml", repair)]);
    let plan = world.json(&[]);
    assert_eq!(plan["customization"]["tests/previous/compose.yml"], "laid over the base 1.1.0+1.24");
    let stale = world.json(&["--base", "1.0.0+1.22"]);
    assert_eq!(stale["customization"], serde_json::json!({}));
    assert_eq!(
        stale["notes"][0],
        "tests/previous/compose.yml is stale: it is for 1.1.0+1.24, the base is 1.0.0+1.22; it was left out"
    );
    world.commit(&[("tests/previous/compose.yml", &repair.replace("image: cc-ci/nginx:2", "networks: [prox]"))]);
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [21] error: the base is not usable: cannot read the recipe `shop` at [commit]
      tests/previous/compose.yml, line 5: services.app.networks.prox: unknown network `prox`
    hint: choose another with --base, or go without with --no-upgrade
    ");
    world.commit(&[("tests/previous/compose.yml", "services: {}\n")]);
    insta::assert_snapshot!(world.plan(&[]).error(), @r#"
    [20] error: cannot use the repair of an older version
      tests/previous/compose.yml, line 1: x-for-version: does not say which version it repairs
    hint: add a line such as `x-for-version: "1.0.0+2.2.6"` at its top
    "#);
}

#[test]
fn a_recipe_may_not_have_our_folder() {
    let world = World::new();
    world.commit(&[(".cc-ci/compose.ci.json", "{}")]);
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [21] error: the recipe has a folder `.cc-ci`
    hint: rename it: cc-ci keeps its own overlays there
    ");
}

/// A date is a value of the wrong kind for every key there is.
#[test]
fn every_key_refuses_a_value_of_the_wrong_kind_before_anything_is_deployed() {
    let world = World::new();
    for key in cc_ci_model::settings::keys::KEYS {
        let name = key.name.split(".<").next().unwrap();
        world.repo.write("tests/ci.toml", &format!("{name} = 1979-05-27\n")).unwrap();
        world.repo.commit(name).unwrap();
        let answer = world.plan(&[]);
        assert_eq!(answer.code, 20, "{name}");
        assert!(answer.error().contains(&format!("tests/ci.toml, line 1: {name}: must be ")), "{}", answer.error());
    }
}

#[test]
fn hooks_that_cannot_run_stop_the_run_before_anything_is_deployed() {
    let world = World::new();
    world.repo.write("tests/hooks/pre_upgrad", "#!/bin/sh\n").unwrap();
    world.repo.write("tests/hooks/host/install_steps.hurl", "GET http://x/\n").unwrap();
    world.repo.commit("hooks").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @r"
    [20] error: cannot use the tests of `shop`
      tests/hooks/host/install_steps.hurl: Hurl files do not run on the host
        hint: put it into `hooks`: there it runs in the sandbox
      tests/hooks/pre_upgrad: no moment has the name `pre_upgrad`
        hint: did you mean `pre_upgrade`?
    ");
}

#[test]
fn a_policy_for_hooks_is_yes_or_no() {
    let world = World::new();
    let state = world.state("policy.toml", "[allow.shop]\nhost-hooks = \"yes\"\n");
    insta::assert_snapshot!(world.plan(&["--state", state.to_str().unwrap()]).error(), @r"
    [20] error: cannot use the policy in [folder]/state/policy.toml
      policy.toml, line 2: allow.shop.host-hooks: must be true or false
    hint: write it without quotes
    ");
}
