//! A clone of a recipe as a maintainer has it, with history and tags, for tools that ask git which commit they are at.

use super::door::{git, offline};
use super::{GitError, Repository};
use crate::process::{self, Command};
use cc_ci_model::ids::Commit;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long copying a repository of this machine may take.
const COPYING: Duration = Duration::from_secs(120);

/// A clone with a work tree of its own. Its origin is the repository it was made from.
#[derive(Debug)]
pub struct WorkingCopy {
    dir: PathBuf,
}

impl Repository {
    /// Clones this repository into `dir`, which must be missing, with all of its objects; nothing is checked out yet.
    pub async fn working_copy(&self, dir: &Path) -> Result<WorkingCopy, GitError> {
        let failed = |source: io::Error| GitError::Write { path: dir.to_owned(), source };
        let parent = dir.parent().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        std::fs::create_dir_all(parent).map_err(failed)?;
        let from = self.work_tree.as_ref().unwrap_or(&self.git_dir);
        // By path and with every object: head may be on no branch.
        let command = git(parent)
            .args(["clone", "--quiet", "--local", "--no-checkout", "--template=", "--"])
            .arg(from)
            .arg(dir)
            .deadline(COPYING);
        process::run(&command, &self.cancel).await?.require_success(&command)?;
        as_committed(dir).map_err(failed)?;
        Ok(WorkingCopy { dir: dir.to_owned() })
    }
}

/// No attribute of the recipe changes a file on its way out of git, whose word counts over the recipe's own.
fn as_committed(dir: &Path) -> io::Result<()> {
    let info = dir.join(".git").join("info");
    std::fs::create_dir_all(&info)?;
    std::fs::write(info.join("attributes"), "* -text !eol -ident !filter !working-tree-encoding\n")
}

impl WorkingCopy {
    /// Where its files are.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts the tree of a commit into the folder and nothing else. The commit must have been read by
    /// [`Repository::files`] before, which refuses what could leave the folder.
    pub async fn check_out(&self, commit: &Commit) -> Result<(), GitError> {
        self.git(&["checkout", "--quiet", "--force", "--detach", commit.as_str()]).await?;
        self.git(&["clean", "--quiet", "-ffdx"]).await?;
        Ok(())
    }

    /// The commit that is checked out.
    pub async fn head(&self) -> Result<Commit, GitError> {
        Ok(Commit::parse(self.git(&["rev-parse", "--verify", "HEAD^{commit}"]).await?.trim())?)
    }

    /// Paths that differ from the commit, untracked and ignored ones included.
    pub async fn changes(&self) -> Result<Vec<String>, GitError> {
        let words = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignored=matching"];
        let text = self.git(&words).await?;
        Ok(text.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect())
    }

    async fn git(&self, words: &[&str]) -> Result<String, GitError> {
        let command: Command = offline(&self.dir).args(words.iter().copied());
        // Short and on this machine: whoever wants it ended drops the future.
        let output = process::run(&command, &CancellationToken::new()).await?.require_success(&command)?;
        Ok(output.stdout_text())
    }
}
