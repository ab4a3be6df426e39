//! The deployer `abra` as far as no engine is needed, and the habits of the stand-in that takes the real command's place.

use crate::wrapper::{STAND_IN, Wrapper};
use cc_ci_engine::process::{self, Command};
use cc_ci_recipe::abra::opinion::{Obeys, SecondOpinion};
use cc_ci_recipe::abra::said;
use std::path::{Path, PathBuf};
use std::process::Output;
use tokio_util::sync::CancellationToken;

const COMPOSE: &str = "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.26\n    healthcheck:\n      interval: 5s\n    deploy:\n      labels:\n        - \"traefik.enable=true\"\n";

/// An `ABRA_DIR` with the recipe `shop`.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["servers/default", "catalogue", "recipes/shop"] {
            std::fs::create_dir_all(home.dir.path().join(folder)).unwrap();
        }
        std::fs::write(home.dir.path().join("catalogue/recipes.json"), "{}").unwrap();
        home.write("compose.yml", COMPOSE);
        home.write(".env.sample", "TYPE=shop\nDOMAIN=shop.example.com\n");
        home.git(&["init", "--quiet", "--initial-branch", "main"]);
        home.commit();
        home.git(&["tag", "-a", "-m", "chore: publish 1.0.0+1.26 release", "1.0.0+1.26"]);
        home
    }

    fn recipe(&self) -> PathBuf {
        self.dir.path().join("recipes/shop")
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.recipe().join(name), text).unwrap();
    }

    fn git(&self, words: &[&str]) -> String {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "safe.directory=*"];
        let output =
            std::process::Command::new("git").args(who).args(words).current_dir(self.recipe()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "feat: something"]);
    }

    fn env(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("servers/default/shop.test.env")).unwrap()
    }

    /// What a command says on a terminal, cleaned, and its exit code.
    async fn abra(&self, words: &[&str]) -> (Option<i32>, String) {
        let command = Command::new(STAND_IN).args(words.iter().copied()).env("ABRA_DIR", self.dir.path());
        let output = process::run(&command.on_a_terminal(), &CancellationToken::new()).await.unwrap();
        (output.code(), said::clean(&output.stdout_text()))
    }
}

const LINT: [&str; 6] = ["recipe", "lint", "-n", "-o", "-C", "shop"];
const NEW: [&str; 10] = ["app", "new", "-n", "-o", "-C", "-s", "default", "-D", "shop.test", "shop"];

#[tokio::test]
async fn the_stand_in_wants_a_terminal_and_says_errors_on_standard_output() {
    let home = Home::new();
    let command = Command::new(STAND_IN).args(LINT).env("ABRA_DIR", home.dir.path());
    let without = process::run(&command, &CancellationToken::new()).await.unwrap();
    assert_eq!(without.code(), Some(1));
    assert_eq!(said::fatal(&said::clean(&without.stdout_text())).unwrap(), "inappropriate ioctl for device");
    assert_eq!(without.stderr_text(), "");
    let (code, said) = home.abra(&["app", "deploy", "--frobnicate", "x"]).await;
    assert_eq!((code, said.as_str()), (Some(1), "FATA unknown flag: --frobnicate"));
}

#[tokio::test]
async fn the_stand_in_lints_with_a_table_and_code_0() {
    let home = Home::new();
    let (code, said) = home.abra(&LINT).await;
    let SecondOpinion::Given { rules, .. } = SecondOpinion::read("0.13", &said) else { panic!("{said}") };
    let of = |rules: &[cc_ci_recipe::abra::opinion::RuleAnswer], rule: &str| {
        rules.iter().find(|row| row.rule == rule).unwrap().answer
    };
    assert_eq!((code, of(&rules, "R014"), of(&rules, "R006")), (Some(0), Obeys::Satisfied, Obeys::Unsatisfied));
    home.git(&["tag", "lightweight"]);
    home.write(".env.sample", "TYPE=shop\n");
    let (code, said) = home.abra(&LINT).await;
    let SecondOpinion::Given { rules, .. } = SecondOpinion::read("0.13", &said) else { panic!("{said}") };
    assert_eq!((code, of(&rules, "R014"), of(&rules, "R010")), (Some(0), Obeys::Unsatisfied, Obeys::Skipped));
    assert!(said.ends_with("WARN critical errors present in shop config"), "{said}");
    std::fs::remove_file(home.recipe().join(".env.sample")).unwrap();
    let (code, said) = home.abra(&LINT).await;
    assert_eq!(code, Some(1));
    assert!(matches!(SecondOpinion::read("0.13", &said), SecondOpinion::NotGiven { .. }), "{said}");
}

#[tokio::test]
async fn the_stand_in_takes_another_commit_and_refuses_a_dirty_tree_unless_told_chaos() {
    let home = Home::new();
    home.write("README.md", "later\n");
    home.commit();
    let head = home.git(&["rev-parse", "HEAD"]);
    let (code, said) = home.abra(&NEW).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(home.env().contains(&format!("TYPE=shop:{}\nDOMAIN=shop.test\n", &head[..8])), "{}", home.env());
    home.write("override.yml", "{}");
    home.abra(&NEW).await;
    assert!(home.env().contains(&format!("TYPE=shop:{}+U\n", &head[..8])), "{}", home.env());
    let without: Vec<&str> = NEW.into_iter().filter(|word| *word != "-C").collect();
    let (code, said) = home.abra(&without).await;
    assert_eq!(code, Some(1));
    assert!(said::fatal(&said).unwrap().starts_with("abra will not deploy unstaged changes"), "{said}");
    std::fs::remove_file(home.recipe().join("override.yml")).unwrap();
    assert_eq!(home.abra(&without).await.0, Some(0));
    assert_ne!(home.git(&["rev-parse", "HEAD"]), head, "it should have gone to the newest version");
}

#[tokio::test]
async fn the_stand_in_loads_files_without_their_variables() {
    let home = Home::new();
    home.write("compose.yml", &COMPOSE.replace("5s", "${EVERY}"));
    home.commit();
    let (code, said) = home.abra(&NEW).await;
    let error = said::fatal(&said).unwrap();
    assert_eq!((code, error.as_str()), (Some(1), "services.app.healthcheck.interval Does not match format 'duration'"));
}

/// The product, on a machine whose engine is never asked.
fn cc_ci(words: &[&str]) -> (Output, tempfile::TempDir) {
    let state = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_cc-ci"));
    command.args(words).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("CC_CI_STATE", state.path());
    let output = command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap();
    (output, state)
}

fn said_by(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn refused(home: &Home, abra: &Path, words: &str) {
    let recipe = home.recipe();
    let asked = ["run", recipe.to_str().unwrap(), "--deployer", "abra", "--abra", abra.to_str().unwrap()];
    let (output, state) = cc_ci(&asked);
    assert_eq!(output.status.code(), Some(11), "{}", said_by(&output));
    assert!(said_by(&output).contains(words), "{}", said_by(&output));
    assert!(crate::is_empty(&state.path().join("runs")), "a run was begun");
}

#[test]
fn without_abra_or_with_an_old_one_no_run_begins() {
    let home = Home::new();
    refused(&home, Path::new("/nonexistent/abra"), "cannot start `/nonexistent/abra`: no such program");
    let old = Wrapper::new(&[("STAND_IN_VERSION", "0.9.1-beta-4d39e12")]);
    refused(&home, &old.program(), "abra 0.9.1-beta-4d39e12 is too old: cc-ci drives 0.10.0 and later");
    let other = Wrapper::new(&[("STAND_IN_VERSION", "unknown")]);
    refused(&home, &other.program(), "answers with no version: `abra version unknown`");
}

#[test]
fn doctor_looks_at_abra_when_asked() {
    let (output, _state) = cc_ci(&["doctor"]);
    assert!(!said_by(&output).contains("abra"), "{}", said_by(&output));
    let (output, _state) = cc_ci(&["doctor", "--deployer", "abra", "--abra", STAND_IN]);
    assert!(said_by(&output).contains("\nok    abra          abra 0.13.0-beta-06a57de\n"), "{}", said_by(&output));
    let newer = Wrapper::new(&[("STAND_IN_VERSION", "0.15.0-beta")]);
    let (output, _state) = cc_ci(&["doctor", "--deployer", "abra", "--abra", newer.program().to_str().unwrap()]);
    assert!(said_by(&output).contains("\nwarn  abra          abra 0.15.0-beta, newer than"), "{}", said_by(&output));
    let (output, _state) = cc_ci(&["doctor", "--deployer", "abra", "--abra", "/nonexistent/abra"]);
    assert!(
        said_by(&output).contains("\nfail  abra          cannot start `/nonexistent/abra`"),
        "{}",
        said_by(&output)
    );
    let (output, _state) = cc_ci(&["doctor", "--abra", STAND_IN]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said_by(&output).contains("hint: add --deployer abra"), "{}", said_by(&output));
}

#[test]
fn what_abra_may_read_otherwise_is_refused_before_anything_is_deployed() {
    let home = Home::new();
    home.write("compose.yml", &format!("{COMPOSE}    labels: {{said: no}}\n"));
    home.commit();
    let recipe = home.recipe();
    let words = ["run", recipe.to_str().unwrap(), "--deployer", "abra", "--abra", STAND_IN];
    let (output, state) = cc_ci(&words);
    assert_eq!(output.status.code(), Some(21), "{}", said_by(&output));
    for word in
        ["abra may read the recipe `shop` at ", "compose.yml, line 10: `no` without quotes is a text to some readers"]
    {
        assert!(said_by(&output).contains(word), "{word} is not in {}", said_by(&output));
    }
    assert!(crate::is_empty(&state.path().join("runs")), "a run was begun");
}
