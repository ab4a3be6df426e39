//! Malformed input through the door of `cc-ci run`: each refusal names place and remedy, has its documented exit code, and
//! leaves nothing. No Docker is touched: there is none to touch.

use cc_ci_testkit::repo::Repo;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SAMPLE: &str = "DOMAIN=shop.example.com\nSECRET_TOKEN_VERSION=v1\n";
const COMPOSE: &str = r#"version: "3.8"
services:
  app:
    image: cc-ci/nginx:1
    networks: [proxy]
    volumes: ["content:/srv"]
    secrets: [token]
    configs: [{source: conf, target: /conf}]
    depends_on: [db]
    deploy:
      labels: ["coop-cloud.${STACK_NAME}.version=1.2.0+1.26"]
  db:
    image: cc-ci/nginx:1
networks:
  proxy: {external: true}
volumes:
  content:
secrets:
  token: {external: true, name: "${STACK_NAME}_token_${SECRET_TOKEN_VERSION}"}
configs:
  conf: {name: "${STACK_NAME}_conf_v1", file: conf.txt}
"#;

struct World {
    folder: TempDir,
    repo: Repo,
}

impl World {
    /// A good recipe, not published yet.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::create(folder.path(), "shop").unwrap();
        repo.write(".env.sample", SAMPLE).unwrap();
        repo.write("compose.yml", COMPOSE).unwrap();
        repo.write("conf.txt", "a\n").unwrap();
        repo.commit("good").unwrap();
        Self { folder, repo }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Commits `text` as `path` and answers with what `cc-ci run` says to it.
    fn with(&self, path: &str, text: &str) -> String {
        self.repo.write(path, text).unwrap();
        self.repo.commit("broken").unwrap();
        self.refused(&[])
    }

    /// The same with one text of the compose file replaced by another.
    fn instead(&self, good: &str, bad: &str) -> String {
        assert!(COMPOSE.contains(good), "{good} is not in the compose file");
        self.with("compose.yml", &COMPOSE.replace(good, bad))
    }

    fn refused(&self, args: &[&str]) -> String {
        self.refused_in(self.repo.dir(), args)
    }

    /// Runs `cc-ci run` in `dir`: it must refuse without a panic and leave nothing in the state folder.
    fn refused_in(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.cc_ci("run", dir, args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(out, "", "a run that was refused has no summary");
        assert!(!err.contains("panicked"), "{err}");
        let code = output.status.code().expect("an exit code, not a signal");
        assert!(crate::is_empty(&self.state().join("runs")), "a refused run has a folder");
        format!("[{code}] {}", self.tidy(&err))
    }

    fn cc_ci(&self, verb: &str, dir: &Path, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.arg(verb).args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.folder.path()).env("CC_CI_STATE", self.state());
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").current_dir(dir).output().unwrap()
    }

    /// Commits, stacks and temporary folders differ from run to run.
    fn tidy(&self, text: &str) -> String {
        let text = text.replace(&self.folder.path().display().to_string(), "[folder]");
        let commit = |word: &str| matches!(word.len(), 6 | 8) && word.chars().all(|c| c.is_ascii_hexdigit());
        let words = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        let masked = words.map(|word| {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            if commit(bare) { word.replace(bare, "[hex]") } else { word.to_owned() }
        });
        masked.collect()
    }
}

#[test]
fn a_good_recipe_without_an_engine() {
    insta::assert_snapshot!(World::new().refused(&[]), @r"
    [22] error: no run can start: engine: cannot connect to the engine at unix:///nonexistent/docker.sock: the engine says: Socket not found: /nonexistent/docker.sock
      every run happens on a Docker engine
    hint: start Docker, or set DOCKER_HOST to an engine that runs; `cc-ci doctor --fix` does it
    ");
}

#[test]
fn broken_yaml() {
    let world = World::new();
    insta::assert_snapshot!(world.with("compose.yml", "services:\n  app:\n   image: [x\n"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 3: not readable as YAML: unclosed bracket '['
    ");
    insta::assert_snapshot!(world.with("compose.yml", "services:\n\tapp:\n"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 2: not readable as YAML: tabs disallowed within this context (block indentation)
    ");
    insta::assert_snapshot!(world.with("compose.yml", ""), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 1: is empty
    hint: a compose file starts with `services:` and the services below it
    ");
    insta::assert_snapshot!(world.with("compose.yml", "services:\n  app: &a\n    image: *b\n"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 3: not readable as YAML: alias references unknown anchor
    ");
}

#[test]
fn references_to_what_does_not_exist() {
    let world = World::new();
    insta::assert_snapshot!(world.instead("networks: [proxy]", "networks: [prox]"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 5: services.app.networks.prox: unknown network `prox`
    hint: did you mean `proxy`?
    ");
    insta::assert_snapshot!(world.instead("content:/srv", "contend:/srv"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 6: services.app.volumes./srv: unknown volume `contend`
    hint: did you mean `content`?
    ");
    insta::assert_snapshot!(world.instead("secrets: [token]", "secrets: [tokem]"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 7: services.app.secrets.tokem: unknown secret `tokem`
    hint: did you mean `token`?
    ");
    insta::assert_snapshot!(world.instead("source: conf,", "source: konf,"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 8: services.app.configs.konf: unknown config `konf`
    hint: did you mean `conf`?
    ");
    insta::assert_snapshot!(world.instead("file: conf.txt", "file: gone.txt"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 21: configs.conf.file: file `gone.txt` does not exist in the recipe
    hint: did you mean `conf.txt`?
    ");
}

#[test]
fn no_env_sample() {
    let world = World::new();
    world.repo.remove(".env.sample").unwrap();
    world.repo.commit("without").unwrap();
    insta::assert_snapshot!(world.refused(&[]), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      .env.sample: is missing
        hint: add it: abra cannot make an app without it; an empty file will do
      compose.yml, line 19: secrets.token.name: `shop-[hex]_token_` ends in `_`: the version in `${STACK_NAME}_token_${SECRET_TOKEN_VERSION}` is missing
        hint: set the SECRET_..._VERSION variable in .env.sample, such as `=v1`
    ");
}

#[test]
fn an_env_sample_that_cannot_be_read() {
    let world = World::new();
    insta::assert_snapshot!(world.with(".env.sample", "COMPOSE_FILE=compose.yml:compose.gone.yml\n"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.gone.yml: is missing
        hint: COMPOSE_FILE names it: correct the list in .env.sample, or add the file
      compose.yml, line 19: secrets.token.name: `shop-[hex]_token_` ends in `_`: the version in `${STACK_NAME}_token_${SECRET_TOKEN_VERSION}` is missing
        hint: set the SECRET_..._VERSION variable in .env.sample, such as `=v1`
    ");
    insta::assert_snapshot!(world.with(".env.sample", "DOMAIN=\"shop\nTYPE=shop\n"), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      .env.sample, line 1: DOMAIN: has a quote that is not closed
        hint: close it on the same line
      compose.yml, line 19: secrets.token.name: `shop-[hex]_token_` ends in `_`: the version in `${STACK_NAME}_token_${SECRET_TOKEN_VERSION}` is missing
        hint: set the SECRET_..._VERSION variable in .env.sample, such as `=v1`
    ");
}

#[test]
fn a_secret_that_nobody_gives_a_value() {
    let world = World::new();
    let sample = SAMPLE.replace("=v1", "=v1 # generate=false");
    insta::assert_snapshot!(world.with(".env.sample", &sample), @r"
    [20] error: nobody gives the secret `token` a value
      .env.sample: SECRET_TOKEN_VERSION: `generate=false` leaves it to the operator
    hint: give a value for the test with --secret token=FILE
    ");
    insta::assert_snapshot!(world.refused(&["--secret", "tokem=/dev/null"]), @r"
    [2] error: the recipe uses no secret `tokem`
    hint: it uses token
    ");
    insta::assert_snapshot!(world.refused(&["--secret", "token=/nonexistent"]), @"[2] error: cannot read /nonexistent: No such file or directory (os error 2)");
    insta::assert_snapshot!(world.refused(&["--secret", "token"]), @r"
    [2] error: invalid value 'token' for '--secret <NAME=FILE>': write NAME=FILE

    For more information, try '--help'.
    ");
}

#[test]
fn names_that_are_too_long() {
    let world = World::new();
    let long = "a".repeat(50);
    insta::assert_snapshot!(world.instead("_token_", &format!("_{long}_")), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 19: secrets.token.name: `shop-[hex]_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_v1` has 65 letters, the engine takes 64
    hint: shorten `token`, or deploy under a shorter domain
    ");
    insta::assert_snapshot!(world.instead("_conf_v1", &format!("_{long}_v1")), @r"
    [21] error: cannot read the recipe `shop` at [hex]
      compose.yml, line 21: configs.conf.name: `shop-[hex]_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_v1` has 65 letters, the engine takes 64
    hint: shorten `conf`, or deploy under a shorter domain
    ");
    let repo = Repo::create(world.folder.path(), &"r".repeat(65)).unwrap();
    repo.commit("empty").unwrap();
    insta::assert_snapshot!(world.refused_in(repo.dir(), &[]), @"[21] error: `rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr` is not a recipe name: use letters, digits, `-`, `_` and `.`, at most 64, starting with a letter or digit");
}

#[test]
fn a_recipe_without_published_versions_is_tested_at_head() {
    let world = World::new();
    let plan = || String::from_utf8(world.cc_ci("plan", world.repo.dir(), &[]).stdout).unwrap();
    let base = |plan: &str| plan.lines().find(|line| line.starts_with("base ")).unwrap().to_owned();
    insta::assert_snapshot!(base(&plan()), @"base     none, the app starts at head: the recipe has no published version, and head is the tip of main");
    world.repo.git(&["tag", "1.1.0+1.24"]).unwrap();
    world.repo.write("abra.sh", "# next\n").unwrap();
    world.repo.commit("next").unwrap();
    let lightweight = plan();
    insta::assert_snapshot!(world.tidy(&base(&lightweight)), @"base     1.1.0+1.24 at [hex]: the newest published version that head descends from; a lightweight tag, which abra does not take for a version");
    assert!(lightweight.contains("the tag 1.1.0+1.24 is lightweight"), "{lightweight}");
    insta::assert_snapshot!(world.refused(&["--base", "9.9.9+1"]), @"[2] error: `9.9.9+1` is no published version of the recipe: newest first, they are 1.1.0+1.24");
}

#[test]
fn what_is_no_recipe_repository() {
    let world = World::new();
    let plain = world.folder.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    insta::assert_snapshot!(world.refused_in(&plain, &[]), @"[21] error: [folder]/plain is not a git repository; make it one (`git init`, commit, tag) or give a URL");
    let empty = Repo::create(world.folder.path(), "empty").unwrap();
    insta::assert_snapshot!(world.refused_in(empty.dir(), &[]), @"[21] error: HEAD leads to no commit: commit the recipe, or name a branch or tag with --ref");
    let inner = world.repo.dir().join("inner");
    std::fs::create_dir(&inner).unwrap();
    insta::assert_snapshot!(world.refused_in(&inner, &[]), @"[21] error: [folder]/shop/inner is only a folder inside another git repository; a recipe needs a repository of its own");
    insta::assert_snapshot!(world.refused(&["file:///nonexistent/shop.git"]), @r"
    [11] error: cannot fetch file:///nonexistent/shop.git: fatal: '/nonexistent/shop.git' does not appear to be a git repository
    fatal: Could not read from remote repository.
    Please make sure you have the correct access rights
    and the repository exists.
    ");
    let other = Repo::create(world.folder.path(), "notes").unwrap();
    other.write("README.md", "no recipe\n").unwrap();
    other.commit("first").unwrap();
    insta::assert_snapshot!(world.refused_in(other.dir(), &[]), @r"
    [21] error: cannot read the recipe `notes` at [hex]
      .env.sample: is missing
        hint: add it: abra cannot make an app without it; an empty file will do
      compose.yml: is missing
        hint: add it: a recipe is deployed from this file
    ");
}

#[test]
fn a_revision_that_does_not_exist() {
    let world = World::new();
    insta::assert_snapshot!(world.refused(&["--ref", "nope"]), @"[21] error: no branch, tag or commit `nope` in the repository: `git branch --all` and `git tag` there list what it has");
    insta::assert_snapshot!(world.refused(&["--ref=--upload-pack=id"]), @"[2] error: `--upload-pack=id` is not a revision: give a branch, a tag or a commit id");
    insta::assert_snapshot!(world.refused(&["--ref", "0123456789012345678901234567890123456789"]), @"[21] error: no branch, tag or commit `0123456789012345678901234567890123456789` in the repository: `git branch --all` and `git tag` there list what it has");
}

#[test]
fn a_dirty_checkout_is_tested_as_committed() {
    let world = World::new();
    world.repo.write("compose.yml", "not: [yaml").unwrap();
    let plan = String::from_utf8(world.cc_ci("plan", world.repo.dir(), &[]).stdout).unwrap();
    assert!(plan.contains("1 file with uncommitted changes: not tested, --worktree would (compose.yml)"), "{plan}");
}
