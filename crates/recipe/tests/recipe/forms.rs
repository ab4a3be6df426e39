//! Every form that a compose file can take, next to what `docker stack config` makes of it.
//!
//! `forms/<case>/` holds compose files in the order of their names, whatever they name, and `printed.yml`: the output of the
//! real command, with `/recipe` for the folder. `CC_CI_WRITE=1 cargo test -p cc-ci-model --test recipe forms` writes those
//! anew. Where the command is installed, its answer of today is compared too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cc_ci_recipe::compose::Compose;
use cc_ci_recipe::crosscheck::{Rendering, differences, unfaithful};
use cc_ci_recipe::source::{Files, Ground};

use crate::cli::{none, read, run_cli};
use crate::loading::files_in;

const PRINTED: &str = "printed.yml";

struct Case {
    folder: PathBuf,
    names: Vec<String>,
    files: Files,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recipe/forms");
    let entries = std::fs::read_dir(root).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() > 10, "{folders:?}");
    let case = |folder: PathBuf| {
        let files = files_in(&folder);
        let names = files.texts.keys().filter(|name| name.ends_with(".yml") && *name != PRINTED).cloned().collect();
        Case { folder, names, files }
    };
    folders.into_iter().map(case).collect()
}

fn env() -> BTreeMap<String, String> {
    let pairs = [("SET", "value"), ("SET_TOO", "second"), ("EMPTY", ""), ("STACK_NAME", "st"), ("HOME", "/srv/user")];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

impl Case {
    fn compose(&self) -> Compose {
        read(&self.files, &self.names, &env()).unwrap_or_else(|errors| panic!("{:?}: {errors:#?}", self.folder))
    }

    /// What is stored, for a recipe in `/recipe`.
    fn stored(&self) -> String {
        self.files.text(PRINTED).unwrap_or_else(|| panic!("{:?}: {PRINTED} is not written yet", self.folder)).to_owned()
    }
}

const STORED: Ground<'static> = Ground { folder: "/above/recipe", home: Some("/srv/user") };

#[test]
fn every_form_is_read_as_it_was_rendered() {
    for case in cases() {
        if std::env::var_os("CC_CI_WRITE").is_some() {
            let printed = run_cli(&case.folder, &case.names, &env()).expect("`docker stack config` is there").unwrap();
            // Both the folder and the one above it are named.
            let folder = case.folder.to_str().unwrap();
            let above = case.folder.parent().unwrap().to_str().unwrap();
            let printed = printed.replace(folder, STORED.folder).replace(above, "/above");
            std::fs::write(case.folder.join(PRINTED), printed).unwrap();
            continue;
        }
        let stored = case.stored();
        none(&differences(&case.compose(), &Rendering::read(&stored).unwrap(), &STORED), &stored);
    }
}

#[test]
fn every_form_is_read_as_it_is_rendered_here() {
    for case in cases() {
        let Some(printed) = run_cli(&case.folder, &case.names, &env()) else { return };
        let printed = printed.unwrap_or_else(|error| panic!("{:?}: {error}", case.folder));
        let ground = Ground { folder: case.folder.to_str().unwrap(), home: Some("/srv/user") };
        none(&differences(&case.compose(), &Rendering::read(&printed).unwrap(), &ground), &printed);
    }
}

/// The fidelity of what is deployed: over every key, without any environment, and from another folder.
#[test]
fn what_is_handed_over_is_read_as_the_files_themselves() {
    for case in cases() {
        let Some(own) = run_cli(&case.folder, &case.names, &env()) else { return };
        let own = own.unwrap_or_else(|error| panic!("{:?}: {error}", case.folder));
        let ground = Ground { folder: case.folder.to_str().unwrap(), home: Some("/srv/user") };
        let compose = case.compose();
        let elsewhere = tempfile::tempdir().unwrap();
        let mut names = Vec::new();
        for (number, document) in compose.documents.iter().enumerate() {
            let text = document.text(&ground, &compose.folder, None);
            assert!(text.is_ascii(), "{text}");
            names.push(format!("{number}.json"));
            std::fs::write(elsewhere.path().join(&names[number]), text).unwrap();
        }
        let handed = run_cli(elsewhere.path(), &names, &BTreeMap::new()).unwrap();
        let handed = handed.unwrap_or_else(|error| panic!("{:?}: {error}", case.folder));
        let found = unfaithful(&Rendering::read(&own).unwrap(), &Rendering::read(&handed).unwrap());
        none(&found, &handed);
    }
}

#[test]
fn no_form_passes_for_another() {
    for case in cases() {
        for other in cases().iter().filter(|other| other.folder != case.folder) {
            let stored = Rendering::read(&other.stored()).unwrap();
            assert_ne!(differences(&case.compose(), &stored, &STORED), [], "{:?} {:?}", case.folder, other.folder);
        }
    }
}

#[test]
fn what_is_no_rendering_is_refused_and_long_values_are_cut() {
    insta::assert_snapshot!(Rendering::read("Usage: docker stack\n- x").unwrap_err(), @"output of `docker stack config`, line 2: not readable as YAML: while parsing a block mapping, did not find expected key");
    insta::assert_snapshot!(Rendering::read("a\n").unwrap_err(), @"output of `docker stack config`: is not a mapping");
    let files: Files = [("c.yml", "services: {app: {image: \"a:1\"}}")].into_iter().collect();
    let compose = read(&files, &["c.yml".to_owned()], &env()).unwrap();
    let printed = format!("services:\n  app:\n    image: {}\n", "é".repeat(400));
    let found = differences(&compose, &Rendering::read(&printed).unwrap(), &STORED);
    let told = found[0].to_string();
    assert!(
        told.starts_with("services.app.image: we read \"a:1\", `docker stack config` reads \"é") && told.ends_with('…')
    );
    assert!(told.chars().count() < 250, "{told}");
}
