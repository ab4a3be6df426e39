//! A green run of a published version becomes its recipe's canonical, from the one deployment that there was.

use super::engine::{docker, of_run};
use super::product::{Finished, Product, text};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A recipe that is enrolled, in a state folder of its own: no other run starts from what is kept there.
pub(crate) struct Enrolled {
    pub(crate) product: Product,
    pub(crate) recipe: PathBuf,
    name: String,
    /// Its newest published version.
    pub(crate) tag: String,
    folder: tempfile::TempDir,
}

impl Enrolled {
    pub(crate) fn new(name: &str) -> Self {
        let product = Product::with_engine();
        let (recipe, folder) = (product.recipe(name), tempfile::tempdir().unwrap());
        let product = product.with_state(folder.path());
        let catalogue = folder.path().join("catalogue").join(name);
        std::fs::create_dir_all(&catalogue).unwrap();
        std::fs::write(catalogue.join("ci.toml"), "canonical.enrol = true\n").unwrap();
        let git = |words: &[&str]| {
            let output = std::process::Command::new("git").arg("-C").arg(&recipe).args(words).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let tag = git(&["tag", "--sort=v:refname"]).lines().last().unwrap().to_owned();
        Self { product, recipe, name: name.to_owned(), tag, folder }
    }

    /// Runs the newest published version.
    pub(crate) fn run(&self) -> Finished {
        self.product.run(&self.recipe, &["--ref", &self.tag])
    }

    /// What the program prints; it must succeed.
    pub(crate) fn say(&self, words: &[&str]) -> String {
        let output = self.product.cc_ci(words);
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// The volumes and secrets of canonicals that are on the engine for this state folder.
    pub(crate) fn kept(&self, stack: &str) -> BTreeSet<String> {
        let record = std::fs::read_to_string(self.folder.path().join("canonicals/repository.json")).unwrap_or_default();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap_or_default();
        let volumes = docker(&["volume", "ls", "--format", "{{.Name}}"]);
        let repository = format!("cc-ci-canonicals-{}-repo", record["id"].as_str().unwrap_or("none"));
        let volumes = volumes.lines().filter(|name| *name == repository).map(|_| "the repository".to_owned());
        let secrets = docker(&["secret", "ls", "--format", "{{.Name}}"]);
        let secrets = secrets.lines().filter(|name| name.starts_with(&format!("{stack}_")));
        volumes.chain(secrets.map(str::to_owned)).collect()
    }

    /// Takes it all away, and nothing of it is left on the engine.
    pub(crate) fn drop(&self, stack: &str) {
        self.say(&["canonical", "drop", &self.name]);
        assert_eq!(self.kept(stack), BTreeSet::new());
        assert_eq!(self.say(&["canonical", "list"]), "no recipe has a canonical\n");
    }
}

/// What holds of every run that was promoted. Returns the secrets that are kept.
pub(crate) fn promoted(enrolled: &Enrolled, run: &Finished) -> BTreeSet<String> {
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.out);
    let line = run.out.lines().find(|line| line.starts_with("promotion: ")).unwrap_or_default();
    assert!(
        line.starts_with(&format!("promotion: {}: ", enrolled.tag)) && line.ends_with("(0 deploys)"),
        "{}",
        run.out
    );
    assert_eq!(run.results["flags"]["clean_teardown"], true, "{}", run.out);
    let left = of_run(run.id(), &run.stack());
    let secret = |object: &String| object.starts_with(&format!("secret {}_", run.stack()));
    assert!(left.iter().all(secret), "more than secrets is kept: {left:?}");
    for object in &left {
        let name = object.strip_prefix("secret ").unwrap();
        let labels = docker(&["secret", "inspect", name, "--format", "{{json .Spec.Labels}}"]);
        let recipe = enrolled.recipe.file_name().unwrap().to_str().unwrap();
        assert_eq!(labels, format!("{{\"cc-ci.canonical\":\"{recipe}\"}}"));
    }
    enrolled.product.judge_says_the_same(run);
    left
}

fn plan_of(enrolled: &Enrolled, recipe: &Path) -> String {
    enrolled.say(&["plan", recipe.to_str().unwrap()])
}

#[test]
#[ignore = "real engine: make test"]
fn a_green_run_of_a_published_version_is_kept_and_is_the_base_of_the_next() {
    let enrolled = Enrolled::new("miniflux");
    let run = enrolled.run();
    let left = promoted(&enrolled, &run);
    assert!(!left.is_empty(), "miniflux has secrets: {}", run.all());
    let kept = enrolled.kept(&run.stack());
    assert!(kept.contains("the repository") && kept.len() == left.len() + 1, "{kept:?}");
    // Nothing of it is taken for a leak, by nobody.
    let cleaned = enrolled.say(&["clean"]);
    assert_eq!((cleaned.as_str(), &enrolled.kept(&run.stack())), ("no dead run to clean up after\n", &kept));
    let shown = enrolled.say(&["canonical", "show", "miniflux"]);
    assert!(shown.contains(&enrolled.tag) && shown.contains(run.id()) && shown.contains(&run.stack()), "{shown}");
    let plan = plan_of(&enrolled, &enrolled.recipe);
    let base = format!("base     {} at ", enrolled.tag);
    let line = plan.lines().find(|line| line.starts_with("base")).unwrap_or_default();
    assert!(line.starts_with(&base) && line.contains("the recipe's canonical"), "{plan}");
    enrolled.drop(&run.stack());
    assert!(of_run(run.id(), &run.stack()).is_empty());
    let plan = plan_of(&enrolled, &enrolled.recipe);
    assert!(!plan.contains("canonical, the last version"), "{plan}");
}
