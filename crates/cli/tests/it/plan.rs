//! `cc-ci plan` through its door: a repository in, the plan or the error out.

mod base;
mod customized;
mod dependencies;
mod operators;
mod quick;
mod refused;
mod worktree;

use cc_ci_testkit::repo::Repo;
use std::process::Command;
use tempfile::TempDir;

const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: cc-ci/nginx:1
    networks: [proxy]
    volumes: ["content:/usr/share/nginx/html"]
    deploy:
      labels:
        - "traefik.enable=true"
        - "traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)"
        - "traefik.http.services.${STACK_NAME}.loadbalancer.server.port=80"
        - "coop-cloud.${STACK_NAME}.version=VERSION"
        - "backupbot.backup=true"
networks:
  proxy:
    external: true
volumes:
  content:
"#;

struct World {
    folder: TempDir,
    repo: Repo,
}

impl World {
    /// A recipe with two published versions and a head.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::create(folder.path(), "shop").unwrap();
        repo.write(".env.sample", "TYPE=shop\nDOMAIN=shop.example.com\n").unwrap();
        for version in ["1.0.0+1.22", "1.1.0+1.24"] {
            repo.write("compose.yml", &COMPOSE.replace("VERSION", version)).unwrap();
            repo.commit(version).unwrap();
            repo.publish(version).unwrap();
        }
        repo.write("compose.yml", &COMPOSE.replace("VERSION", "1.2.0+1.26")).unwrap();
        repo.commit("next").unwrap();
        Self { folder, repo }
    }

    fn plan(&self, args: &[&str]) -> Answer {
        self.plan_with(args, &[])
    }

    fn plan_with(&self, args: &[&str], env: &[(&str, &str)]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.arg("plan").args(args).env_clear().envs(env.iter().copied());
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        // Planning must not touch Docker: there is none to touch.
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").current_dir(self.repo.dir());
        let output = command.output().unwrap();
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: self.tidy(&String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// Commits and temporary folders differ from run to run.
    fn tidy(&self, text: &str) -> String {
        mask_commits(&text.replace(&self.folder.path().display().to_string(), "[folder]"))
    }
}

struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Answer {
    fn text(&self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        mask_commits(&self.out)
    }

    fn error(&self) -> String {
        assert_eq!(self.out, "");
        format!("[{}] {}", self.code, self.err)
    }
}

/// Replaces every word of eight hexadecimal digits.
fn mask_commits(text: &str) -> String {
    let is_commit = |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_hexdigit());
    let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
    let masked = words.map(|word| {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_commit(bare) { word.replace(bare, "[commit]") } else { word.to_owned() }
    });
    masked.collect()
}

#[test]
fn a_plan_says_what_and_why() {
    let world = World::new();
    insta::assert_snapshot!(world.plan(&[]).text(), @"
    recipe   shop at [commit] (1.2.0+1.26)
    base     1.1.0+1.24 at [commit]: the newest published version that head descends from
    deploys  1
             base: every tier needs the app running; deployed at 1.1.0+1.24, so that the upgrade needs no deploy of its own
    tiers    install  deploy, converged, serving, stable
             upgrade  seed, redeploy, converged, moved, serving, markers, volumes, housed, stable
             backup   seed, settled, snapshot, serving, complete, stable
             restore  mutate, in-place, in-place/serving, in-place/markers, in-place/volumes, onto-empty, onto-empty/converged, onto-empty/serving, onto-empty/markers, onto-empty/volumes, restart, restart/converged, restart/serving, restart/markers, restart/volumes, restart/stable, stable
             custom   skipped: the recipe has no tests of its own in `tests/custom`
    limits   run 3600 s, converge 300 s, serving 60 s, one command 300 s, stable for 5 s, head watched for at least 22 s, since it has no tests of its own
    ");
}

#[test]
fn what_was_asked_for_and_what_will_not_run_are_in_the_plan() {
    let world = World::new();
    world.repo.write("tests/install.hurl", "GET {{base_url}}\nHTTP 200\n").unwrap();
    world.repo.write("tests/custom/cart.sh", "#!/bin/sh\ntest -n \"$CCI_BASE_URL\"\n").unwrap();
    world.repo.write("tests/custom/test_cart.py", "def test_cart():\n    pass\n").unwrap();
    world.repo.write("tests/hooks/pre_upgrade", "#!/bin/sh\n").unwrap();
    world.repo.write("tests/hooks/install_steps", "#!/bin/sh\n").unwrap();
    world.repo.write("tests/hooks/host/pre_upgrade", "#!/bin/sh\n").unwrap();
    world.repo.git(&["tag", "1.1.5+1.25"]).unwrap();
    world.repo.commit("tests").unwrap();
    world.repo.write("README.md", "not committed").unwrap();
    let answer = world.plan(&["--stages", "install,upgrade,custom", "--base", "1.0.0+1.22"]);
    insta::assert_snapshot!(answer.text(), @"
    recipe   shop at [commit] (1.2.0+1.26)
    base     1.0.0+1.22 at [commit]: asked for
    deploys  1
             base: every tier needs the app running; deployed at 1.0.0+1.22, so that the upgrade needs no deploy of its own
    tiers    install  deploy, converged, hooks/install_steps, serving, install.hurl, stable
             upgrade  seed, hooks/pre_upgrade, redeploy, converged, moved, serving, markers, volumes, housed, stable
             backup   skipped: not among the stages asked for
             restore  skipped: not among the stages asked for
             custom   custom/cart.sh, custom/test_cart.py, stable
    limits   run 3600 s, converge 300 s, serving 60 s, one command 300 s, stable for 5 s
    changes  hook install_steps = hooks/install_steps
             hook pre_upgrade = hooks/pre_upgrade
             hook pre_upgrade on the host = hooks/host/pre_upgrade, denied
    notes    1 file with uncommitted changes: not tested, --worktree would (README.md)
             the tag 1.1.5+1.25 is lightweight: abra does not take it for a version (`git tag -a`)
             tests/hooks/host/pre_upgrade was denied and does not run: hooks run on the host only with --trust-hooks, or where policy.toml has `host-hooks = true` for the recipe
    ");
}

#[test]
fn json_is_the_whole_plan() {
    let world = World::new();
    let answer = world.plan(&["--json"]);
    let plan: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(plan["recipe"], "shop");
    assert_eq!(plan["permits"].as_array().unwrap().len(), 1);
    assert_eq!(plan["base"]["version"], "1.1.0+1.24");
    assert!(plan["stack"].as_str().unwrap().starts_with("shop-"));
}

#[test]
fn the_environment_of_the_original_works_too() {
    let world = World::new();
    let names = [
        ("RECIPE", world.repo.dir().to_str().unwrap()),
        ("REF", ""),
        ("VERSION", "1.1.0+1.24"),
        ("STAGES", "install,upgrade"),
    ];
    let plan: serde_json::Value = serde_json::from_str(&world.plan_with(&["--json"], &names).out).unwrap();
    assert_eq!(plan["head"], world.repo.git(&["rev-parse", "1.1.0+1.24^{commit}"]).unwrap());
    assert_eq!(plan["base"]["version"], "1.0.0+1.22");
}

#[test]
fn a_recipe_may_be_named() {
    let world = World::new();
    let recipes = world.folder.path().join("state/recipes");
    let named = Repo::create(&recipes, "named").unwrap();
    named.write(".env.sample", "").unwrap();
    named.write("compose.yml", &COMPOSE.replace("VERSION", "0.1.0+1")).unwrap();
    named.commit("first").unwrap();
    let state = world.folder.path().join("state");
    let answer = world.plan(&["named", "--state", state.to_str().unwrap(), "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!((plan["recipe"].as_str(), plan["base"]["kind"].as_str()), (Some("named"), Some("head")));
}

#[test]
fn a_recipe_that_cannot_be_read_names_the_place() {
    let world = World::new();
    world.repo.write("compose.yml", &COMPOSE.replace("networks: [proxy]", "networks: [prox]")).unwrap();
    world.repo.commit("broken").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [21] error: cannot read the recipe `shop` at [commit]
      compose.yml, line 5: services.app.networks.prox: unknown network `prox`
    hint: did you mean `proxy`?
    ");
    world.repo.write("compose.yml", "services:\n  app:\n   image: [x\n").unwrap();
    world.repo.commit("not yaml").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [21] error: cannot read the recipe `shop` at [commit]
      compose.yml, line 3: not readable as YAML: unclosed bracket '['
    ");
    world.repo.remove(".env.sample").unwrap();
    world.repo.write("compose.yml", &COMPOSE.replace("VERSION", "1.2.0+1.26")).unwrap();
    world.repo.commit("no sample").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [21] error: cannot read the recipe `shop` at [commit]
      .env.sample: is missing
    hint: add it: abra cannot make an app without it; an empty file will do
    ");
}

#[test]
fn usage_errors_say_what_would_work() {
    let world = World::new();
    insta::assert_snapshot!(world.plan(&["--stages", "instal"]).error(), @"[2] error: unknown tier `instal`: the tiers are install, upgrade, backup, restore, custom");
    insta::assert_snapshot!(world.plan(&["--base", "9.9.9+1"]).error(), @"[2] error: `9.9.9+1` is no published version of the recipe: newest first, they are 1.1.0+1.24, 1.0.0+1.22");
    insta::assert_snapshot!(world.plan(&["--ref", "nope"]).error(), @"[21] error: no branch, tag or commit `nope` in the repository: `git branch --all` and `git tag` there list what it has");
    insta::assert_snapshot!(world.plan(&["ext::sh -c id"]).error(), @"[2] error: `ext::sh -c id` is neither a directory nor a URL that git is allowed to fetch: use https, http, ssh, git or file");
    let plain = world.folder.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    insta::assert_snapshot!(world.plan(&[plain.to_str().unwrap()]).error(), @"[21] error: [folder]/plain is not a git repository; make it one (`git init`, commit, tag) or give a URL");
    insta::assert_snapshot!(world.plan(&["--secret", "token=/nonexistent"]).error(), @"[2] error: cannot read /nonexistent: No such file or directory (os error 2)");
}

#[test]
fn a_secret_that_cannot_be_generated_needs_a_value() {
    let world = World::new();
    let secret = COMPOSE
        .replace("VERSION", "1.2.0+1.26")
        .replace("    networks: [proxy]\n", "    networks: [proxy]\n    secrets: [smtp_password]\n");
    let secret = format!(
        "{secret}secrets:\n  smtp_password:\n    external: true\n    name: ${{STACK_NAME}}_smtp_password_${{SECRET_SMTP_PASSWORD_VERSION}}\n"
    );
    world.repo.write("compose.yml", &secret).unwrap();
    world.repo.write(".env.sample", "DOMAIN=x\nSECRET_SMTP_PASSWORD_VERSION=v1 # generate=false\n").unwrap();
    world.repo.commit("secret").unwrap();
    insta::assert_snapshot!(world.plan(&[]).error(), @"
    [20] error: nobody gives the secret `smtp_password` a value
      .env.sample: SECRET_SMTP_PASSWORD_VERSION: `generate=false` leaves it to the operator
    hint: give a value for the test with --secret smtp_password=FILE
    ");
    let value = world.folder.path().join("value");
    std::fs::write(&value, "hunter2\n").unwrap();
    let answer = world.plan(&["--secret", &format!("smtp_password={}", value.display())]);
    assert!(answer.text().starts_with("recipe   shop"));
    assert!(!answer.out.contains("hunter2"));
    secrets_are_kept_from_tests_of_a_commit(&world, &format!("smtp_password={}", value.display()));
}

/// Nobody has looked at tests of a commit, unless the operator trusts the recipe or gives the tests.
fn secrets_are_kept_from_tests_of_a_commit(world: &World, given: &str) {
    let kept_back = |args: &[&str]| {
        let plan = world.json(&[&["--secret", given], args].concat());
        let notes: Vec<String> = serde_json::from_value(plan["notes"].clone()).unwrap();
        notes.into_iter().find(|note| note.contains("smtp_password"))
    };
    world.state("catalogue/shop/custom/mail.hurl", "GET {{base_url}}\nHTTP 200\n");
    assert_eq!(kept_back(&[]), None, "the catalogue's tests get it");
    world.commit(&[("tests/custom/mail.hurl", "GET {{base_url}}\nHTTP 200\n")]);
    insta::assert_snapshot!(kept_back(&[]).unwrap(), @"the recipe's own tests do not get the secret `smtp_password`, given with --secret: tests of the catalogue, of --tests and of recipes whose hooks are trusted do");
    assert_eq!(kept_back(&["--trust-hooks"]), None);
    let own = world.repo.dir().join("tests");
    assert_eq!(kept_back(&["--tests", own.to_str().unwrap()]), None);
}

#[test]
fn tests_may_come_from_elsewhere() {
    let world = World::new();
    let tests = world.folder.path().join("own");
    std::fs::create_dir_all(tests.join("custom")).unwrap();
    std::fs::write(tests.join("custom/cart.hurl"), "GET {{base_url}}\nHTTP 200\n").unwrap();
    let answer = world.plan(&["--json", "--tests", tests.to_str().unwrap()]);
    let plan: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(plan["tiers"][4]["steps"][0]["id"], "custom/custom/cart.hurl");
}

#[test]
fn a_folder_inside_another_repository_is_no_recipe() {
    let world = World::new();
    let inner = world.repo.dir().join("examples/inner");
    std::fs::create_dir_all(&inner).unwrap();
    insta::assert_snapshot!(world.plan(&[inner.to_str().unwrap()]).error(), @"[21] error: [folder]/shop/examples/inner is only a folder inside another git repository; a recipe needs a repository of its own");
}
