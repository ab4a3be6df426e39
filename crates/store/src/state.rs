//! The state folder: the one place that says where cc-ci keeps what.
//!
//! ```text
//! <state>/runs/<id>/          one folder per run
//!         series/<id>/        one folder per series of upgrades: its plan and what it came to
//!         recipes/<name>/     repositories that the set-up assembled
//!         repositories/       copies of repositories that were fetched
//!         catalogue/<name>/   settings and tests of CI's own
//!         warm/<name>/        what is kept about providers that stay up
//!         borrowed/<name>/    locks of those who use such a provider
//!         reservations/       what runs that wait or go on take of the machine
//!         readable/           which tests were read already and can be run, an empty file for each reading
//!         canonicals/         known-good apps of recipes
//!         sweeps/             what sweeps came to, and the last answer about each recipe
//!         policy.toml         what the operator allows
//! ```

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why a folder cannot hold our state.
#[derive(Debug, thiserror::Error)]
pub enum StateFolderError {
    /// It is another user's, who could exchange files under our hands.
    #[error("the state folder {path} belongs to another user (number {owner}; this is number {user})")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// The file system refused.
    #[error("cannot use the state folder {path}: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The folder below which cc-ci keeps everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// The state folder at `root`, which need not be there yet. A relative path is taken from where we are now. One that
    /// belongs to another user is refused.
    pub fn open(root: &Path) -> Result<Self, StateFolderError> {
        Self::open_as(root, rustix::process::geteuid().as_raw())
    }

    fn open_as(root: &Path, user: u32) -> Result<Self, StateFolderError> {
        let refused = |source| StateFolderError::Io { path: root.to_owned(), source };
        let root = std::path::absolute(root).map_err(refused)?;
        // One that is not there yet is made by us; a file in its place is refused where it is to be written to.
        match fs::metadata(&root) {
            Ok(about) if about.is_dir() && about.uid() != user => {
                Err(StateFolderError::Foreign { path: root, owner: about.uid(), user })
            }
            Ok(_) | Err(_) => Ok(Self { root }),
        }
    }

    /// The folder itself, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One folder per run.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// One folder per series of upgrades.
    #[must_use]
    pub fn series(&self) -> PathBuf {
        self.root.join("series")
    }

    /// Repositories that the set-up assembled, one folder per recipe.
    #[must_use]
    pub fn recipes(&self) -> PathBuf {
        self.root.join("recipes")
    }

    /// Copies of repositories that were fetched.
    #[must_use]
    pub fn repositories(&self) -> PathBuf {
        self.root.join("repositories")
    }

    /// The operator's settings and tests, one folder per recipe.
    #[must_use]
    pub fn catalogue(&self) -> PathBuf {
        self.root.join("catalogue")
    }

    /// Which tests were read already and can be run.
    #[must_use]
    pub fn readable(&self) -> PathBuf {
        self.root.join("readable")
    }

    /// What is kept about providers that stay up, one folder per recipe.
    #[must_use]
    pub fn warm(&self) -> PathBuf {
        self.root.join("warm")
    }

    /// Locks of those who use a provider that stays up, one folder per recipe.
    #[must_use]
    pub fn borrowed(&self) -> PathBuf {
        self.root.join("borrowed")
    }

    /// What runs that wait or go on take of the machine.
    #[must_use]
    pub fn reservations(&self) -> PathBuf {
        self.root.join("reservations")
    }

    /// What is kept about known-good apps of recipes.
    #[must_use]
    pub fn canonicals(&self) -> PathBuf {
        self.root.join("canonicals")
    }

    /// What sweeps came to.
    #[must_use]
    pub fn sweeps(&self) -> PathBuf {
        self.root.join("sweeps")
    }

    /// Repositories of the self-test's cases, one folder for each self-test that goes on.
    #[must_use]
    pub fn selftest(&self) -> PathBuf {
        self.root.join("selftest")
    }

    /// What the operator allows.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.root.join("policy.toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_user_is_refused_and_one_that_is_not_there_yet_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let owner = fs::metadata(folder.path()).unwrap().uid();
        assert!(StateFolder::open(folder.path()).is_ok());
        let refused = StateFolder::open_as(folder.path(), owner + 1).unwrap_err();
        assert!(matches!(refused, StateFolderError::Foreign { owner: theirs, .. } if theirs == owner), "{refused}");
        assert!(StateFolder::open_as(&folder.path().join("new"), owner + 1).is_ok());
    }

    #[test]
    fn it_is_absolute_wherever_we_go_later() {
        assert!(StateFolder::open(Path::new("here")).unwrap().runs().is_absolute());
    }
}
