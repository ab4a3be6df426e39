//! The recipe's own tests and hooks, and those of the catalogue: which there are, and whether they may run.

use super::customize::Customized;
use super::{TestFolders, unusable};
use crate::error::{ErrorKind, RunnerError};
use crate::request::{HostHooks, Request};
use cc_ci_engine::git::CommitFiles;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::hook::Approval;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::origin::{CATALOGUE, Origin};
use cc_ci_model::plan::own_tests::{FOLDER, OwnTests};
use cc_ci_model::policy::Policy;
use cc_ci_model::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Tests and hooks of one run.
pub(super) struct Own {
    pub(super) tests: OwnTests,
    pub(super) folders: TestFolders,
    pub(super) approval: Approval,
    /// The given secrets that the recipe's own do not get, by name.
    pub(super) withheld: BTreeSet<String>,
    /// How many tests there are, those that the run leaves out with them.
    pub(super) written: usize,
    /// Tiers all of whose tests the run leaves out.
    pub(super) untested: BTreeSet<Tier>,
    /// What a reader should know about them.
    pub(super) notes: Vec<String>,
}

impl Own {
    /// Keeps the secrets that were given for the run from tests that nobody whom the operator trusts has looked at (SAND-1):
    /// those of the commit under test, unless its hooks may do all that the operator may.
    pub(super) fn without(mut self, request: &Request, given: &BTreeMap<String, String>) -> Self {
        let trusted = match &self.approval {
            Approval::By(_) => true,
            Approval::No => request.tests.is_some(),
        };
        let tests = self.tests.tests.values().flatten().chain(self.tests.hooks.values());
        let has_tests = tests.into_iter().any(|path| Origin::of(path) == Origin::Recipe);
        if !trusted {
            self.withheld = given.keys().cloned().collect();
            if has_tests && !given.is_empty() {
                self.notes.push(note(&self.withheld));
            }
        }
        self
    }

    /// Names tests that the tree before has and head has not, where head has fewer, and hooks.
    pub(super) fn after(mut self, request: &Request, before: Option<(&str, &OwnTests)>) -> Self {
        // The folder of `--tests` is the caller's, and has no older one.
        let Some((name, before)) = before.filter(|_| request.tests.is_none()) else { return self };
        let gone = self.tests.gone_since(before).into_values().flatten();
        self.notes.extend(gone.map(|path| format!("{name} has the test {FOLDER}/{path}, and head does not")));
        let hooks = self.tests.hooks_gone_since(before);
        self.notes
            .extend(hooks.map(|path| format!("{name} has the hook {FOLDER}/{path}, and head has none for its moment")));
        self
    }

    /// Leaves out what a run of this kind does not perform.
    pub(super) fn of_kind(mut self, kind: &Kind) -> Self {
        let (untested, note) = self.tests.for_kind(kind);
        self.notes.extend(note);
        Self { untested, ..self }
    }
}

fn note(withheld: &BTreeSet<String>) -> String {
    let names: Vec<String> = withheld.iter().map(|name| format!("`{name}`")).collect();
    let what = if names.len() == 1 { "the secret" } else { "the secrets" };
    format!(
        "the recipe's own tests do not get {what} {}, given with --secret: tests of the catalogue, of --tests and of recipes whose \
         hooks are trusted do",
        names.join(", ")
    )
}

/// Finds them, and refuses hooks that cannot run.
pub(super) fn own(
    request: &Request,
    name: &RecipeName,
    files: &CommitFiles,
    customized: &Customized,
    policy: &Policy,
) -> Result<Own, RunnerError> {
    let mut tests = match &request.tests {
        Some(dir) => in_folder(dir)?,
        None => in_tree(files),
    };
    if let Some(folder) = &customized.catalogue {
        tests = tests.and(CATALOGUE, in_folder(folder)?);
    }
    if !tests.refused.is_empty() {
        let message = format!("cannot use the tests of `{name}`");
        return Err(RunnerError::of_problems(ErrorKind::Settings, message, &tests.refused));
    }
    let approval = match (&request.host_hooks, policy.host_hooks()) {
        (HostHooks::Trusted { by }, _) => Approval::By(by.clone()),
        (HostHooks::AsThePolicySays, Some(place)) => Approval::By(place.to_owned()),
        (HostHooks::AsThePolicySays, None) => Approval::No,
    };
    let notes = tests.apply(&approval);
    let written = tests.tests.values().flatten().count();
    let absolute = |dir: &PathBuf| std::path::absolute(dir).map_err(|source| unusable(dir, &source));
    let given = request.tests.as_ref().map(absolute).transpose()?;
    let folders = TestFolders { given, catalogue: customized.catalogue.clone() };
    Ok(Own { tests, folders, approval, withheld: BTreeSet::new(), written, untested: BTreeSet::new(), notes })
}

/// The tests and hooks of a commit.
pub(super) fn in_tree(files: &CommitFiles) -> OwnTests {
    let folder = format!("{FOLDER}/");
    let paths = files.text.keys().chain(files.left_out.keys());
    let found = paths.filter_map(|path| Some((path.strip_prefix(&folder)?, files.executable.contains(path))));
    let texts = files.text.iter().filter_map(|(path, text)| Some((path.strip_prefix(&folder)?, text.as_str())));
    OwnTests::find(found).with_texts(&texts.collect())
}

fn in_folder(dir: &Path) -> Result<OwnTests, RunnerError> {
    let mut found = Vec::new();
    below(dir, dir, &mut found)?;
    let texts = found.iter().filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)));
    let files = found.iter().map(|file| (file.path.as_str(), file.executable));
    Ok(OwnTests::find(files).with_texts(&texts.collect()))
}

/// A file of a folder of tests.
struct TestFile {
    /// Below that folder.
    path: String,
    executable: bool,
    /// `None` for one that is no text.
    text: Option<String>,
}

/// The files below `at`, wherever they lie. A link to a file counts as the file; one to a folder is not followed.
fn below(dir: &Path, at: &Path, found: &mut Vec<TestFile>) -> Result<(), RunnerError> {
    for entry in std::fs::read_dir(at).map_err(|source| unusable(at, &source))? {
        let entry = entry.map_err(|source| unusable(at, &source))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(|source| unusable(at, &source))?);
        if kind.is_dir() {
            below(dir, &path, found)?;
            continue;
        }
        let meta = std::fs::metadata(&path).map_err(|source| unusable(&path, &source))?;
        if let Some(name) = path.strip_prefix(dir).ok().and_then(Path::to_str).filter(|_| meta.is_file()) {
            let executable = meta.permissions().mode() & 0o111 != 0;
            found.push(TestFile { path: name.to_owned(), executable, text: std::fs::read_to_string(&path).ok() });
        }
    }
    Ok(())
}
