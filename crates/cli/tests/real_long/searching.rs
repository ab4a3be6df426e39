//! Recipes with a planted fault: a line of commits of which one breaks the upgrade, and a test that fails by chance.

use super::engine::of_run;
use super::product::{Product, say, stack_of, text};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use tempfile::TempDir;

/// `static-site` with commits behind its head.
pub(crate) struct Line {
    _folder: TempDir,
    repo: Repo,
    /// GOOD, then each commit behind it.
    pub(crate) commits: Vec<String>,
}

impl Line {
    /// So many commits, one of which sets the version of a config to that of base, while its content is head's: the engine refuses
    /// the upgrade.
    pub(crate) fn new(product: &Product, commits: usize, culprit: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "static-site").unwrap();
        let mut line = vec![repo.git(&["rev-parse", "HEAD"]).unwrap()];
        for place in 1..=commits {
            if place == culprit {
                let versions = std::fs::read_to_string(repo.dir().join("abra.sh")).unwrap();
                let lowered = versions.replace("NGINX_CONF_VERSION=v3", "NGINX_CONF_VERSION=v2");
                assert_ne!(versions, lowered, "the example has another version of its config");
                repo.write("abra.sh", &lowered).unwrap();
            }
            repo.write("README.md", &format!("# Change {place}\n")).unwrap();
            line.push(repo.commit(&format!("change {place}")).unwrap());
        }
        Self { _folder: folder, repo, commits: line }
    }

    /// Its folder.
    pub(crate) fn path(&self) -> &str {
        self.repo.dir().to_str().unwrap()
    }

    /// Searches it for the upgrade; returns the exit code, the answer as JSON, and what was said meanwhile.
    pub(crate) fn bisected(&self, product: &Product, more: &[&str]) -> (i32, Value, String) {
        let words = [&["bisect", self.path(), &self.commits[0], "main", "--json"], more].concat();
        let output = product.cc_ci(&words);
        let said = text(&output.stderr);
        let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        (output.status.code().unwrap(), answer, said)
    }

    /// The planted commit is named, within the bound, and every count says the same.
    pub(crate) fn names(&self, product: &Product, culprit: usize, most: u64) -> Value {
        let (code, answer, said) = self.bisected(product, &["--fresh"]);
        let named: Vec<&str> =
            answer["named"].as_array().unwrap().iter().filter_map(|one| one["commit"].as_str()).collect();
        assert_eq!(
            (code, named, &answer["result"]),
            (0, vec![self.commits[culprit].as_str()], &"first".into()),
            "{said}"
        );
        let deploys = &answer["deploys"];
        let made = answer["probes"].as_array().unwrap().iter().filter(|probe| probe["source"] == "made").count();
        for count in ["runs", "planned", "ledger", "witness"] {
            assert_eq!(deploys[count], made, "{count}: {answer}");
        }
        assert!(answer["most_deploys"] == most && deploys["ledger"].as_u64() <= Some(most), "{answer}");
        assert!(said.contains(&format!("at most {most} runs with {most} deploys in all")), "{said}");
        nothing_left(product, answer["probes"].as_array().unwrap());
        say(&format!("bisect: {} commits, {made} deploys, named {}", answer["commits"], answer["message"]));
        answer
    }
}

/// `static-site` whose test `chance.sh` fails in one run of ten of a soak, by the number of the run: 3, 11, 17, 36.
pub(crate) struct Chance {
    _folder: TempDir,
    repo: Repo,
}

const CHANCE: &str = r#"#!/bin/bash
# Fails in some runs of a soak and passes in the others; the same number always comes to the same.
set -euo pipefail
number=$((10#${CC_CI_RUN##*-}))
(( $(printf 'seed 31, run %d' "$number" | cksum | cut -d' ' -f1) % 10 != 0 ))
"#;

impl Chance {
    pub(crate) fn new(product: &Product) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::clone_of(&product.recipe("static-site"), folder.path(), "static-site").unwrap();
        repo.write("tests/custom/chance.sh", CHANCE).unwrap();
        repo.commit("a test that fails by chance").unwrap();
        Self { _folder: folder, repo }
    }

    /// Soaks it: the test is found and named, all else is steady, and exactly these runs are red.
    pub(crate) fn is_named(&self, product: &Product, words: &[&str], runs: u64, red: &[u64]) {
        let dir = self.repo.dir().to_str().unwrap();
        let number = runs.to_string();
        let words = [&["soak", dir, "--runs", &number, "--json"], words].concat();
        let output = product.cc_ci(&words);
        let said = text(&output.stderr);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!(output.status.code(), Some(10), "{said}");
        assert_eq!(answer["flaky"], serde_json::json!(["tier custom", "custom/custom/chance.sh"]), "{answer}");
        let made = answer["made"].as_array().unwrap();
        let not_green: Vec<u64> =
            made.iter().filter(|run| run["exit_code"] != 0).filter_map(|run| run["number"].as_u64()).collect();
        assert_eq!((made.len() as u64, not_green.as_slice()), (runs, red), "{said}");
        let check = answer["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|rate| rate["check"] == "custom/custom/chance.sh")
            .unwrap();
        let (passed, failed) = (&check["passed"], &check["failed"]);
        assert_eq!(
            (passed.as_u64(), failed.as_u64()),
            (Some(runs - red.len() as u64), Some(red.len() as u64)),
            "{check}"
        );
        let deploys = &answer["deploys"];
        for count in ["planned", "ledger", "witness"] {
            assert_eq!(deploys[count], runs, "{count}: {answer}");
        }
        assert_eq!((&answer["deploys_stated"], &answer["within_budget"]), (&runs.into(), &true.into()), "{answer}");
        assert!(answer["message"].as_str().unwrap().starts_with("FLAKY"), "{answer}");
        nothing_left(product, made);
        say(&format!("soak: {}", answer["message"]));
    }
}

/// Nothing of these runs is on the engine.
fn nothing_left(product: &Product, rows: &[Value]) {
    for run in rows.iter().filter_map(|row| row["run"].as_str()) {
        let left = of_run(run, &stack_of(&product.state().join("runs").join(run)));
        assert!(left.is_empty(), "{run}: {left:?}");
    }
}
