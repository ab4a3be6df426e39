//! What is tested: a commit, or what lies in the folder over it.

use crate::error::RunnerError;
use cc_ci_engine::git::{CommitFiles, GitError, Repository, WorkTree};
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_recipe::overlay::TreeLabel;
use std::collections::BTreeMap;
use std::path::Path;

/// The files of a recipe at one moment.
#[derive(Debug, Clone)]
pub(crate) enum Snapshot {
    /// As they were committed.
    Commit(Commit),
    /// As they lie in the folder of the repository.
    Folder {
        /// The commit that is checked out there.
        over: Commit,
        /// The files.
        tree: WorkTree,
    },
}

impl Snapshot {
    /// The commit at `revision`; with [`TreeState::Uncommitted`], the folder over `HEAD`.
    pub(crate) async fn find(repository: &Repository, revision: &str, state: TreeState) -> Result<Self, RunnerError> {
        let commit = repository.resolve(revision).await?;
        match state {
            TreeState::Committed => Ok(Self::Commit(commit)),
            TreeState::Uncommitted => {
                let tree = repository.work_tree(&commit).await?;
                Ok(Self::Folder { over: commit, tree })
            }
        }
    }

    /// The commit, or the one below the folder.
    pub(crate) fn commit(&self) -> &Commit {
        match self {
            Self::Commit(commit) | Self::Folder { over: commit, .. } => commit,
        }
    }

    /// Its own commit; a folder has none.
    pub(crate) fn committed(&self) -> Option<&Commit> {
        match self {
            Self::Commit(commit) => Some(commit),
            Self::Folder { .. } => None,
        }
    }

    /// Which of the two it is.
    pub(crate) fn state(&self) -> TreeState {
        match self {
            Self::Commit(_) => TreeState::Committed,
            Self::Folder { .. } => TreeState::Uncommitted,
        }
    }

    /// How messages name it.
    pub(crate) fn shown(&self) -> String {
        self.state().shown(self.commit().short())
    }

    /// How lint names it: in full.
    pub(crate) fn name(&self) -> String {
        self.state().shown(self.commit().as_str())
    }

    /// How abra would label it.
    pub(crate) fn label(&self) -> TreeLabel {
        TreeLabel::Chaos { short: self.shown() }
    }

    /// Its texts.
    pub(crate) async fn files(&self, repository: &Repository) -> Result<CommitFiles, GitError> {
        match self {
            Self::Commit(commit) => repository.files(commit).await,
            Self::Folder { tree, .. } => tree.files(),
        }
    }

    /// What every file of it holds, as an id by path.
    pub(crate) async fn contents(&self, repository: &Repository) -> Result<BTreeMap<String, String>, GitError> {
        match self {
            Self::Commit(commit) => repository.contents(commit).await,
            Self::Folder { tree, .. } => tree.contents(),
        }
    }

    /// Writes it out: exactly what was read.
    pub(crate) async fn check_out(&self, repository: &Repository, to: &Path) -> Result<(), GitError> {
        match self {
            Self::Commit(commit) => repository.checkout(commit, to).await,
            Self::Folder { tree, .. } => tree.checkout(to),
        }
    }

    /// What a reader should know about the folder of the repository.
    pub(crate) async fn notes(&self, repository: &Repository) -> Result<Vec<String>, GitError> {
        match self {
            Self::Commit(_) => repository.notes().await,
            Self::Folder { tree, .. } => Ok(tree.notes()),
        }
    }
}
