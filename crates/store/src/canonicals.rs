//! Keeps the known-good apps of recipes: which there are, and what opens the repository of their data (WARM-1).
//!
//! ```text
//! <state>/canonicals/recipes/<recipe>.json   the shelf of a recipe
//!                    repository.json         where the data is, and its key; for the owner only
//!                    lock                    held by whoever changes any of it
//!                    lent/<recipe>           held by the run that begins with what is kept of it
//! ```
//!
//! Reading needs no lock: every file is replaced whole. Writing needs [`CanonicalsLock`], by type.

use crate::state::StateFolder;
use crate::whole::{self, Held, StateFileError};
use cc_ci_model::canonical::Shelf;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::object::{Object, ObjectKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Where the data of all canonicals of a state folder is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryRecord {
    /// What makes the name of its volume unlike that of another state folder.
    pub id: String,
    /// What opens it; `None` until it is laid out whole.
    pub key: Option<String>,
}

impl std::fmt::Debug for RepositoryRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the key.
        f.debug_struct("RepositoryRecord").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The right to change what is kept.
#[derive(Debug)]
pub struct CanonicalsLock {
    _held: Held,
}

/// The right to begin with what is kept of one recipe.
#[derive(Debug)]
pub struct Loan {
    _held: Held,
}

/// What is kept in a state folder.
#[derive(Debug, Clone)]
pub struct Canonicals {
    folder: PathBuf,
}

impl Canonicals {
    /// Those of a state folder; nothing has to be there.
    #[must_use]
    pub fn of(state: &StateFolder) -> Self {
        Self { folder: state.canonicals() }
    }

    /// Takes the lock; `None` while somebody else has it.
    pub fn try_lock(&self) -> Result<Option<CanonicalsLock>, StateFileError> {
        whole::make_folder(&self.folder)?;
        Ok(whole::try_lock(&self.folder.join("lock"))?.map(|held| CanonicalsLock { _held: held }))
    }

    /// Lends what is kept of a recipe to one run, which takes over its stack and its domain; `None` while another has it.
    pub fn try_lend(&self, recipe: &RecipeName) -> Result<Option<Loan>, StateFileError> {
        let folder = self.folder.join("lent");
        whole::make_folder(&folder)?;
        Ok(whole::try_lock(&folder.join(recipe.as_str()))?.map(|held| Loan { _held: held }))
    }

    /// The shelf of a recipe; an empty one where there is none.
    pub fn shelf(&self, recipe: &RecipeName) -> Result<Shelf, StateFileError> {
        Ok(whole::read(&self.file_of(recipe))?.unwrap_or_default())
    }

    /// Every shelf, by recipe.
    pub fn shelves(&self) -> Result<BTreeMap<RecipeName, Shelf>, StateFileError> {
        let folder = self.recipes();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(source) => return Err(StateFileError::io("read", &folder)(source)),
        };
        let mut shelves = BTreeMap::new();
        for entry in entries {
            let name = entry.map_err(StateFileError::io("read", &folder))?.file_name();
            let recipe = name.to_str().and_then(|name| RecipeName::parse(name.strip_suffix(".json")?).ok());
            if let Some(recipe) = recipe {
                let shelf = self.shelf(&recipe)?;
                shelves.insert(recipe, shelf);
            }
        }
        Ok(shelves)
    }

    /// The secrets that some shelf keeps. Nothing else of what is on the engine belongs to a canonical.
    pub fn kept_secrets(&self) -> Result<BTreeSet<Object>, StateFileError> {
        let shelves = self.shelves()?;
        let names = shelves.values().flat_map(Shelf::secrets);
        Ok(names.map(|name| Object::new(ObjectKind::Secret, name)).collect())
    }

    /// Replaces the shelf of a recipe in one moment; an empty one goes.
    pub fn put(&self, _lock: &CanonicalsLock, recipe: &RecipeName, shelf: &Shelf) -> Result<(), StateFileError> {
        whole::make_folder(&self.recipes())?;
        let path = self.file_of(recipe);
        if !shelf.is_empty() {
            return whole::write(&path, shelf);
        }
        whole::remove(&path)
    }

    /// Where the data is, as far as that was decided.
    pub fn repository(&self) -> Result<Option<RepositoryRecord>, StateFileError> {
        whole::read(&self.repository_file())
    }

    /// Remembers where the data is.
    pub fn put_repository(&self, _lock: &CanonicalsLock, record: &RepositoryRecord) -> Result<(), StateFileError> {
        whole::write(&self.repository_file(), record)
    }

    /// Forgets where the data was, once the repository is gone.
    pub fn remove_repository(&self, _lock: &CanonicalsLock) -> Result<(), StateFileError> {
        whole::remove(&self.repository_file())
    }

    fn recipes(&self) -> PathBuf {
        self.folder.join("recipes")
    }

    fn file_of(&self, recipe: &RecipeName) -> PathBuf {
        self.recipes().join(format!("{recipe}.json"))
    }

    fn repository_file(&self) -> PathBuf {
        self.folder.join("repository.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::canonical::Canonical;
    use cc_ci_model::ids::{Commit, Domain, RunId, StackName};
    use std::os::unix::fs::PermissionsExt;

    fn canonical(run: &str, secrets: &[&str]) -> Canonical {
        let stack = StackName::observed(&format!("shop-{run}"));
        Canonical {
            version: "1.0.0+1".to_owned(),
            commit: Commit::parse(&"a".repeat(40)).unwrap(),
            run: RunId::parse(run).unwrap(),
            promoted: "2026-11-29T12:00:00Z".to_owned(),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
            data: None,
        }
    }

    fn kept() -> (tempfile::TempDir, Canonicals) {
        let folder = tempfile::tempdir().unwrap();
        let canonicals = Canonicals::of(&StateFolder::open(folder.path()).unwrap());
        (folder, canonicals)
    }

    fn recipe(name: &str) -> RecipeName {
        RecipeName::parse(name).unwrap()
    }

    #[test]
    fn what_is_put_is_read_back_and_only_its_secrets_are_kept() {
        let (_folder, canonicals) = kept();
        assert!(canonicals.shelves().unwrap().is_empty() && canonicals.kept_secrets().unwrap().is_empty());
        let lock = canonicals.try_lock().unwrap().unwrap();
        let shelf = Shelf { kept: vec![canonical("r2", &["new"])], leaving: vec![canonical("r1", &["old"])] };
        canonicals.put(&lock, &recipe("shop"), &shelf).unwrap();
        // A recipe of any name has a file of its own.
        canonicals.put(&lock, &recipe("repository"), &Shelf::default().with(canonical("r3", &["other"]))).unwrap();
        assert_eq!(canonicals.shelf(&recipe("shop")).unwrap(), shelf);
        let secrets: Vec<String> = canonicals.kept_secrets().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(secrets, ["secret new", "secret other"]);
        canonicals.put(&lock, &recipe("shop"), &Shelf::default()).unwrap();
        assert_eq!(canonicals.shelves().unwrap().into_keys().collect::<Vec<_>>(), [recipe("repository")]);
    }

    #[test]
    fn one_at_a_time_has_the_lock() {
        let (_folder, canonicals) = kept();
        let lock = canonicals.try_lock().unwrap();
        assert!(lock.is_some() && canonicals.try_lock().unwrap().is_none());
        drop(lock);
        assert!(canonicals.try_lock().unwrap().is_some());
    }

    #[test]
    fn one_run_at_a_time_begins_with_what_is_kept_of_a_recipe() {
        let (_folder, canonicals) = kept();
        let (shop, other) = (recipe("shop"), recipe("other"));
        let loan = canonicals.try_lend(&shop).unwrap();
        assert!(loan.is_some() && canonicals.try_lend(&shop).unwrap().is_none());
        // It keeps nobody from another recipe, nor from writing down what is kept.
        assert!(canonicals.try_lend(&other).unwrap().is_some() && canonicals.try_lock().unwrap().is_some());
        drop(loan);
        assert!(canonicals.try_lend(&shop).unwrap().is_some());
        assert!(canonicals.shelves().unwrap().is_empty());
    }

    #[test]
    fn a_torn_draft_is_no_shelf_and_a_shelf_that_cannot_be_read_is_an_error() {
        let (folder, canonicals) = kept();
        let lock = canonicals.try_lock().unwrap().unwrap();
        let shelf = Shelf::default().with(canonical("r1", &["pw"]));
        canonicals.put(&lock, &recipe("shop"), &shelf).unwrap();
        let recipes = folder.path().join("canonicals/recipes");
        fs::write(recipes.join(".draft-x"), "{\"kept\":[").unwrap();
        fs::write(recipes.join("not a recipe.json"), "{").unwrap();
        assert_eq!(canonicals.shelves().unwrap().len(), 1);
        fs::write(recipes.join("shop.json"), "{\"kept\":[").unwrap();
        assert!(matches!(canonicals.kept_secrets(), Err(StateFileError::Unreadable { .. })));
    }

    #[test]
    fn the_key_is_for_the_owner_only_and_is_never_shown() {
        let (folder, canonicals) = kept();
        let lock = canonicals.try_lock().unwrap().unwrap();
        let record = RepositoryRecord { id: "1a2b3c4d".to_owned(), key: Some("s3cr3t".to_owned()) };
        canonicals.put_repository(&lock, &record).unwrap();
        assert_eq!(canonicals.repository().unwrap(), Some(record.clone()));
        let mode = fs::metadata(folder.path().join("canonicals/repository.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{record:?}").contains("s3cr3t"));
    }
}
