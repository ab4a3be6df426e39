//! Dependencies in a plan, and every reason for which there is none.

use super::{COMPOSE, World, mask_commits};
use cc_ci_testkit::repo::Repo;
use std::path::PathBuf;

const PROVIDES: &str = "[oidc]\nservice = \"app\"\ncreate = \"c.sh\"\ndelete = \"d.sh\"\nlist = \"l.sh\"\n\
    outputs = [\"issuer\", \"client_secret\"]\nsecrets = [\"client_secret\"]\n";

const SETTINGS: &str = "dependencies = [\"keeper\"]\n[provided.oidc]\nredirect = \"/callback\"\ntests = [\"custom/login.sh\"]\n\
    [provided.oidc.env]\nISSUER = \"issuer\"\n[provided.oidc.secrets]\noidc = \"client_secret\"\n";

/// The app with a secret that nobody can generate.
fn secretive() -> String {
    let compose = COMPOSE
        .replace("VERSION", "1.2.0+1.26")
        .replace("    networks: [proxy]\n", "    networks: [proxy]\n    secrets: [oidc]\n");
    format!("{compose}secrets:\n  oidc: {{external: true, name: \"${{STACK_NAME}}_oidc_${{SECRET_OIDC_VERSION}}\"}}\n")
}

struct Providing {
    world: World,
    provider: Repo,
    state: PathBuf,
}

impl Providing {
    fn new() -> Self {
        let world = World::new();
        let state = world.folder.path().join("state");
        let provider = Repo::create(&state.join("recipes"), "keeper").unwrap();
        provider.write(".env.sample", "TYPE=keeper\nDOMAIN=keeper.example.com\n").unwrap();
        for version in ["0.9.0+1.22", "0.10.0+1.24"] {
            provider.write("compose.yml", &COMPOSE.replace("VERSION", version)).unwrap();
            provider.commit(version).unwrap();
            provider.publish(version).unwrap();
        }
        for script in ["c.sh", "d.sh", "l.sh"] {
            world.state(&format!("catalogue/keeper/{script}"), "true\n");
        }
        world.state("catalogue/keeper/provides.toml", PROVIDES);
        let sample = "TYPE=shop\nDOMAIN=shop.example.com\nSECRET_OIDC_VERSION=v1 # generate=false\n";
        world.commit(&[
            (".env.sample", sample),
            ("compose.yml", &secretive()),
            ("tests/ci.toml", SETTINGS),
            ("tests/custom/login.sh", "#!/bin/sh\ntest -n \"$CCI_BASE_URL\"\n"),
        ]);
        Self { world, provider, state }
    }

    fn args<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["--state", self.state.to_str().unwrap()], more].concat()
    }

    fn error(&self) -> String {
        self.world.plan(&self.args(&[])).error()
    }

    fn settings(&self, text: &str) -> String {
        self.world.commit(&[("tests/ci.toml", text)]);
        self.error()
    }
}

/// Stacks are named by a digest.
fn masked(text: &str, plan: &serde_json::Value) -> String {
    let stack = plan["dependencies"][0]["stack"].as_str().unwrap();
    mask_commits(&text.replace(stack, "keep-[digest]"))
}

#[test]
fn the_plan_shows_dependencies_and_their_permits() {
    let all = Providing::new();
    let plan = all.world.json(&all.args(&[]));
    assert_eq!(plan["dependencies"][0]["version"], "0.10.0+1.24", "the newest published version");
    assert_eq!(
        plan["dependencies"][0]["domain"],
        format!("{}.cc-ci.test", plan["dependencies"][0]["stack"].as_str().unwrap())
    );
    let text = all.world.plan(&all.args(&[])).text();
    let needs = text.lines().find(|line| line.starts_with("needs")).unwrap();
    let stack = needs.split("stack ").nth(1).unwrap().split(')').next().unwrap();
    insta::assert_snapshot!(text.replace(stack, "keep-[digest]").lines().take(7).collect::<Vec<_>>().join("\n"), @r"
    recipe   shop at [commit] (1.2.0+1.26)
    base     1.1.0+1.24 at [commit]: the newest published version that head descends from
    deploys  2
             dependency keeper: shop needs it; no warm one is up
             base: every tier needs the app running; deployed at 1.1.0+1.24, so that the upgrade needs no deploy of its own
    needs    keeper 0.10.0+1.24 (cold: no warm one is up; stack keep-[digest]); provides oidc for custom/login.sh
    tiers    install  dependency/keeper/deploy, dependency/keeper/converged, dependency/keeper/serving, dependency/keeper/oidc, deploy, converged, serving, stable
    ");
    assert!(masked(&text, &plan).contains("authorities = every service trusts"), "{text}");
    assert!(text.contains("dependency keeper = 0.10.0+1.24, cold: no warm one is up"), "{text}");
}

#[test]
fn the_providers_own_settings_hold_for_it() {
    let all = Providing::new();
    let theirs = "health.path = \"/ready\"\nhealth.scheme = \"http\"\nlimits.converge = 77\n[[ready]]\nhttp = \"/keys\"\n[[ready]]\ntcp = \"app:80\"\n";
    all.world.state("catalogue/keeper/ci.toml", theirs);
    let plan = all.world.json(&all.args(&[]));
    let dependency = &plan["dependencies"][0];
    assert_eq!(dependency["limits"]["converge"], 77);
    assert_eq!(dependency["route"]["scheme"], "http");
    let paths: Vec<&str> =
        dependency["route"]["asks"].as_array().unwrap().iter().map(|ask| ask["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/ready", "/keys"]);
    assert!(plan["notes"].to_string().contains("keeper: the probe `tcp app:80` is left out"), "{}", plan["notes"]);
    assert_ne!(plan["limits"]["converge"], 77, "they are not the app's");
}

#[test]
fn an_unpublished_dependency_is_taken_from_its_default_branch() {
    let all = Providing::new();
    for version in ["0.9.0+1.22", "0.10.0+1.24"] {
        all.provider.git(&["tag", "--delete", version]).unwrap();
    }
    let plan = all.world.json(&all.args(&[]));
    assert_eq!(plan["dependencies"][0]["version"], serde_json::Value::Null);
    assert_eq!(plan["dependencies"][0]["commit"], all.provider.git(&["rev-parse", "main"]).unwrap());
}

#[test]
fn what_nobody_can_provide_is_refused_with_its_place() {
    let all = Providing::new();
    insta::assert_snapshot!(all.settings("dependencies = [\"shop\"]\n"), @r"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 1: dependencies: a recipe cannot be its own dependency
    hint: remove it
    ");
    insta::assert_snapshot!(all.settings("dependencies = [\"keeper\"]\n[provided.s3]\n"), @r"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 2: provided.s3: `keeper` does not provide `s3`
    hint: catalogue/keeper/provides.toml has oidc
    ");
    insta::assert_snapshot!(all.settings("dependencies = [\"keeper\"]\nprovided.oidc.secrets.other = \"client_secret\"\n"), @r"
    [20] error: cannot use the settings
      tests/ci.toml, line 2: provided.oidc.secrets.other: the recipe uses no secret `other`: it uses oidc
    ");
    insta::assert_snapshot!(all.settings("dependencies = [\"keeper\"]\n"), @r"
    [20] error: nobody gives the secret `oidc` a value
      .env.sample: SECRET_OIDC_VERSION: `generate=false` leaves it to the operator
    hint: give a value for the test with --secret oidc=FILE
    ");
    insta::assert_snapshot!(all.settings(&SETTINGS.replace("login.sh", "logon.sh")), @r"
    [20] error: cannot use the settings of `shop`
      tests/ci.toml, line 4: provided.oidc.tests: there is no test `custom/logon.sh` that would run
    hint: the tests are custom/login.sh, below `tests`
    ");
}

#[test]
fn what_the_catalogue_lacks_is_named() {
    let all = Providing::new();
    let catalogue = all.state.join("catalogue/keeper");
    std::fs::remove_file(catalogue.join("d.sh")).unwrap();
    insta::assert_snapshot!(all.error(), @r"
    [20] error: cannot use what `keeper` provides
      catalogue/keeper/provides.toml: oidc.delete: cannot read catalogue/keeper/d.sh: No such file or directory (os error 2)
    ");
    all.world.state("catalogue/keeper/provides.toml", &PROVIDES.replace("\"app\"", "\"web\""));
    insta::assert_snapshot!(all.error(), @r"
    [20] error: cannot use what `keeper` provides
      catalogue/keeper/provides.toml: oidc.service: there is no service `web`: it has app
    ");
    all.world.state("catalogue/keeper/provides.toml", "[oidc]\nservise = \"app\"\n");
    insta::assert_snapshot!(all.error(), @r"
    [20] error: cannot use what `keeper` provides
      catalogue/keeper/provides.toml, line 2: oidc.servise: unknown key `servise`
        hint: did you mean `service`?
      catalogue/keeper/provides.toml, line 1: oidc: lacks service, create, delete, list, outputs
        hint: a capability needs all of them
    ");
    std::fs::remove_file(catalogue.join("provides.toml")).unwrap();
    insta::assert_snapshot!(all.error(), @r"
    [20] error: nothing says how `keeper` provides `oidc`
      tests/ci.toml, line 3: provided.oidc: there is no catalogue/keeper/provides.toml
    hint: the catalogue belongs to the operator; docs/guide/dependencies.md says what goes there
    ");
}

#[test]
fn a_recipe_that_cannot_be_a_dependency_is_refused() {
    let all = Providing::new();
    all.world.state("catalogue/keeper/ci.toml", "dependencies = [\"other\"]\n");
    insta::assert_snapshot!(all.error(), @r"
    [20] error: the dependency `keeper` has dependencies of its own
      catalogue/keeper/ci.toml, line 1: dependencies: dependencies of dependencies are not part of this version
    hint: give it what it needs by the settings in catalogue/keeper
    ");
    all.world.state("catalogue/keeper/ci.toml", "");
    let privileged = COMPOSE
        .replace("VERSION", "1.0.0+1")
        .replace("    networks: [proxy]\n", "    networks: [proxy]\n    cap_add: [SYS_ADMIN]\n");
    all.provider.write("compose.yml", &privileged).unwrap();
    all.provider.commit("more").unwrap();
    all.provider.publish("1.0.0+1").unwrap();
    let refused = all.error();
    assert!(refused.starts_with("[23] error: dependency: the recipe `keeper` is refused"), "{refused}");
    std::fs::create_dir_all(all.state.join("recipes/nothing")).unwrap();
    let unknown = all.settings("dependencies = [\"nothing\"]\n");
    assert!(unknown.starts_with("[21] error: the dependency `nothing` cannot be had: "), "{unknown}");
    assert!(unknown.contains("tests/ci.toml, line 1: dependencies"), "{unknown}");
}
