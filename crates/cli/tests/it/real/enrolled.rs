//! A recipe whose green runs are kept, and what must hold of what is kept of it.

use super::ending::{reaper_of, run_id};
use super::engine::{docker, of_run};
use super::product::{Finished, Product, recorded, say, stack_of, text, until};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

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

    /// Adds a test to the operator's catalogue.
    pub(crate) fn test(&self, path: &str, content: &str) {
        let path = self.folder.path().join("catalogue").join(&self.name).join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
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

impl Enrolled {
    /// What `cc-ci canonical show` says in a row.
    pub(crate) fn shown(&self, row: &str) -> String {
        let shown = self.say(&["canonical", "show", &self.name]);
        let line = shown.lines().find_map(|line| line.strip_prefix(row).filter(|rest| rest.starts_with(' ')));
        line.unwrap_or_else(|| panic!("{shown}")).trim().to_owned()
    }

    /// The file that changes in the moment in which the canonical does.
    fn shelf(&self) -> Vec<u8> {
        let file = self.folder.path().join("canonicals/recipes").join(format!("{}.json", self.name));
        std::fs::read(file).unwrap_or_default()
    }

    /// The words that verify the canonical.
    pub(crate) fn verify_words(&self) -> [&str; 3] {
        ["canonical", "verify", self.recipe.to_str().unwrap()]
    }

    /// The canonical comes back with one deploy, and what is kept of it is what it was.
    pub(crate) fn verifies(&self) {
        let stack = self.shown("stack");
        let (kept, shelf) = (self.kept(&stack), self.shelf());
        let said = self.say(&self.verify_words());
        assert!(said.lines().any(|line| line == "deploy-count = 1 (expect 1, engine saw 1)"), "{said}");
        assert!(said.lines().any(|line| line.starts_with("install  pass")), "{said}");
        assert!(said.lines().last().unwrap().starts_with("GREEN"), "{said}");
        self.is_as_it_was(&stack, &kept, &shelf);
    }

    /// What is kept, all of it: the shelf, the secrets with their labels, and every byte of the repository.
    pub(crate) fn digest(&self) -> String {
        let kept = self.kept(&self.shown("stack"));
        let secrets = kept.iter().filter(|one| *one != "the repository");
        let told =
            |name: &String| docker(&["secret", "inspect", name, "--format", "{{.ID}} {{json .Spec}} {{.UpdatedAt}}"]);
        let secrets: Vec<String> = secrets.map(told).collect();
        let record = std::fs::read_to_string(self.folder.path().join("canonicals/repository.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        let mount = format!("cc-ci-canonicals-{}-repo:/kept:ro", record["id"].as_str().unwrap());
        let all = "cd /kept && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum";
        let words =
            ["run", "--rm", "--network", "none", "--volume", &mount, "--entrypoint", "sh", "cc-ci/tools:1", "-c", all];
        format!("{}\n{secrets:?}\n{}", text(&self.shelf()), docker(&words))
    }

    /// A quick run of head: green with one deploy, at level 2, and what is kept is what it was.
    pub(crate) fn quick(&self) -> Finished {
        let (stack, before) = (self.shown("stack"), self.digest());
        let run = self.product.run(&self.recipe, &["--quick"]);
        assert_eq!(run.code, 0, "{}", run.all());
        assert!(run.has_line("deploy-count = 1 (expect 1, engine saw 1)"), "{}", run.all());
        assert!(run.has_line("  why no more: quick, at most level 2"), "{}", run.all());
        assert_eq!(run.results["level"], 2, "{}", run.all());
        assert!(run.out.contains("promotion: none: "), "{}", run.all());
        self.product.judge_says_the_same(&run);
        self.is_untouched(&stack, &before);
        run
    }

    /// Kills a quick run when it has begun a step: nothing is left of it, and what is kept is what it was.
    pub(crate) fn killed_while_quick(&self, step: &str) {
        let (stack, before) = (self.shown("stack"), self.digest());
        let mut running = self.product.start(&self.recipe, &["--quick"]);
        let folder = running.reach(step);
        running.kill();
        self.is_reaped(&folder);
        self.is_untouched(&stack, &before);
    }

    fn is_untouched(&self, stack: &str, before: &str) {
        assert_eq!(self.digest(), before, "what is kept was changed");
        let secrets: BTreeSet<String> =
            self.kept(stack).iter().filter(|one| one.starts_with(stack)).map(secret).collect();
        assert_eq!(of_run("no run", stack), secrets, "something of a quick run is left");
    }

    fn is_as_it_was(&self, stack: &str, kept: &BTreeSet<String>, shelf: &[u8]) {
        assert_eq!((&self.kept(stack), self.shelf().as_slice()), (kept, shelf), "the canonical was changed");
        let secrets: BTreeSet<String> = kept.iter().filter(|one| one.starts_with(stack)).map(secret).collect();
        assert_eq!(of_run("no run", stack), secrets, "something of it is left");
    }

    /// Kills a run that verifies while its app comes up: nothing is left of it, and the canonical is as it was.
    pub(crate) fn killed_while_it_verifies(&self) {
        let stack = self.shown("stack");
        let (kept, shelf) = (self.kept(&stack), self.shelf());
        let mut running = self.product.start_any(&self.verify_words());
        let folder = running.reach("install/converged");
        running.kill();
        self.is_reaped(&folder);
        self.is_as_it_was(&stack, &kept, &shelf);
    }

    fn is_reaped(&self, folder: &Path) {
        until("the end of the reaper", REAPED, || reaper_of(folder).is_none());
        assert_eq!(self.say(&["clean"]), "no dead run to clean up after\n");
    }

    /// Kills a promotion: the canonical is the old one or the new one, comes back, and nothing else is left.
    pub(crate) fn killed_while_it_promotes(&self, point: Point) {
        let (old, before, benches) = (self.shown("run"), self.shelf(), Cell::new(0));
        let mut running = self.product.start(&self.recipe, &["--ref", &self.tag]);
        let folder =
            running.come_to(&format!("{point:?}"), |folder| self.has_come_to(point, folder, &before, &benches));
        running.kill();
        self.is_reaped(&folder);
        let (killed, stack, newest) = (run_id(&folder), stack_of(&folder), self.shown("run"));
        match point {
            Point::Stopping | Point::Saving => assert_eq!(newest, old),
            Point::WrittenDown | Point::Promoted => assert_eq!(newest, killed),
            // Its next moment is the one in which the canonical changes.
            Point::TornDown => assert!(newest == old || newest == killed, "{newest}"),
        }
        let stays = if newest == killed { self.kept(&stack) } else { BTreeSet::new() };
        let secrets: BTreeSet<String> = stays.iter().filter(|one| one.starts_with(&stack)).map(secret).collect();
        assert_eq!(of_run(killed, &stack), secrets, "left after {point:?}");
        self.verifies();
        let whose = if newest == killed { "the new" } else { "the old" };
        say(&format!("{}: promotion killed at {point:?}: {whose} canonical comes back, 0 left", self.name));
    }

    fn has_come_to(&self, point: Point, folder: &Path, before: &[u8], benches: &Cell<usize>) -> bool {
        match point {
            Point::Stopping => recorded(folder).contains(PROMOTING),
            Point::Saving => {
                // The one bench that is noted from then on is that of the promotion.
                let ledger = std::fs::read_to_string(folder.join("ledger.jsonl")).unwrap_or_default();
                let bench = format!("cc-ci-{}-bench-", run_id(folder));
                let noted = ledger.lines().filter(|line| line.contains(&bench)).count();
                if recorded(folder).contains(PROMOTING) {
                    return noted > benches.get();
                }
                benches.set(noted);
                false
            }
            Point::TornDown => recorded(folder).contains("\"when\":\"after\""),
            Point::WrittenDown => self.shelf() != before,
            Point::Promoted => recorded(folder).contains("\"type\":\"promoted\""),
        }
    }
}

/// What a record holds once its promotion has begun.
const PROMOTING: &str = "\"type\":\"promoting\"";

/// How long a reaper may take.
const REAPED: Duration = Duration::from_secs(120);

fn secret(name: &String) -> String {
    format!("secret {name}")
}

/// How far a promotion has come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Point {
    /// It stops the services.
    Stopping,
    /// Its bench is there: it opens the repository, looks at the volumes, saves.
    Saving,
    /// Everything of the run is gone but the secrets of the draft.
    TornDown,
    /// The canonical is another since a moment; its secrets may still have the label of the run.
    WrittenDown,
    /// It is said.
    Promoted,
}
