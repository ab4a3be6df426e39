//! Example recipes with three published versions before their head, the oldest of them as it is or with its data elsewhere.

use super::engine::of_run;
use super::product::{Product, say, stack_of, text};
use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

/// Where the oldest version keeps its data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Oldest {
    /// In the volume that all others use.
    AsOthers,
    /// In another one, which the version after it moved and nobody moves any more: an upgrade that leaves that version out
    /// begins with an empty volume.
    Elsewhere,
}

/// An example with a third version between its second one and its head, which differs from the second by its label.
pub(crate) struct Versions {
    _folder: TempDir,
    repo: Repo,
    /// Its published versions, the newest first.
    pub(crate) names: Vec<String>,
}

/// What a series came to.
pub(crate) struct Series {
    pub(crate) code: i32,
    pub(crate) said: String,
    pub(crate) answer: Value,
}

impl Versions {
    /// `volume` is the one with the data.
    pub(crate) fn of(product: &Product, recipe: &str, volume: &str, oldest: Oldest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::clone_of(&product.recipe(recipe), folder.path(), recipe).unwrap();
        let tags = repo.git(&["tag", "--sort=version:refname"]).unwrap();
        let [first, second] = tags.lines().collect::<Vec<_>>()[..] else { panic!("{recipe} has two versions: {tags}") };
        let commit = |name: &str| repo.git(&["rev-parse", &format!("{name}^{{commit}}")]).unwrap();
        let (head, third) = (commit("HEAD"), second.replace("1.1.0+", "1.2.0+"));
        assert_ne!(third, second);
        let line = [(first, commit(first)), (second, commit(second)), (third.as_str(), commit(second))];
        repo.git(&["checkout", "--quiet", "--orphan", "line"]).unwrap();
        for (name, tree) in &line {
            repo.git(&["read-tree", "-u", "--reset", tree]).unwrap();
            if *name == first && oldest == Oldest::Elsewhere {
                change(&repo, &format!("      - {volume}:/"), "      - elsewhere:/");
                change(&repo, &format!("\nvolumes:\n  {volume}:\n"), "\nvolumes:\n  elsewhere:\n");
            }
            if *name == third {
                change(&repo, second, &third);
            }
            repo.commit(name).unwrap();
            repo.git(&["tag", "--force", "--annotate", name, "--message", name]).unwrap();
        }
        repo.git(&["read-tree", "-u", "--reset", &head]).unwrap();
        repo.commit("head").unwrap();
        let names = line.iter().rev().map(|(name, _)| (*name).to_owned()).collect();
        Self { _folder: folder, repo, names }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.repo.dir().to_owned()
    }

    pub(crate) fn words<'a>(&'a self, from: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [&["run", self.repo.dir().to_str().unwrap(), "--from", from, "--json"], more].concat()
    }

    /// Upgrades from these versions; whatever comes of it, nothing is left on the engine.
    pub(crate) fn upgraded(&self, product: &Product, from: &str) -> Series {
        let output = product.cc_ci(&self.words(from, &[]));
        let said = text(&output.stderr);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        let series = Series { code: output.status.code().unwrap(), said, answer };
        series.nothing_left(product);
        say(&format!("--from {from}: {}", series.answer["message"]));
        series
    }
}

impl Series {
    /// What is said of each version, the newest first.
    pub(crate) fn answers(&self) -> Vec<(&str, &str)> {
        let rows = self.answer["upgrades"].as_array().unwrap();
        rows.iter().map(|row| (row["version"].as_str().unwrap(), row["answer"].as_str().unwrap())).collect()
    }

    /// Plan, ledgers and the witness of the series all say this number.
    pub(crate) fn counts(&self, number: u64) {
        let deploys = &self.answer["deploys"];
        for count in ["stated", "ledger", "witness"] {
            assert_eq!(deploys[count], number, "{count}: {}", self.said);
        }
        assert_eq!(deploys["agreement"], "agreed", "{}", self.said);
        assert!(self.said.contains(&format!("{number} runs, {number} deploys")), "{}", self.said);
    }

    /// How each tier of a version stands.
    pub(crate) fn tiers(&self, place: usize) -> Vec<&str> {
        let cells = self.answer["upgrades"][place]["tiers"].as_array().unwrap();
        cells.iter().map(|cell| cell["stands"].as_str().unwrap()).collect()
    }

    fn nothing_left(&self, product: &Product) {
        let runs = self.answer["upgrades"].as_array().unwrap().iter().filter_map(|row| row["run"].as_str());
        for run in runs {
            let left = of_run(run, &stack_of(&product.state().join("runs").join(run)));
            assert!(left.is_empty(), "{run}: {left:?}");
        }
    }
}

fn change(repo: &Repo, from: &str, to: &str) {
    let compose = std::fs::read_to_string(repo.dir().join("compose.yml")).unwrap();
    assert!(compose.contains(from), "the example has no {from:?}");
    repo.write("compose.yml", &compose.replace(from, to)).unwrap();
}
