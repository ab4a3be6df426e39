//! The server's own copy of a repository: what a run is started on, so that no run needs the forge, its network or its token.

mod git;
mod stale;

use cc_ci_forge::{CommitSha, ForgeUrl, PullNumber, RepoName, Token};
use git::Git;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Below it is the commit of each request.
const PINS: &str = "refs/cc-ci/requests/";

/// Why a commit is not there to be tested.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MirrorError {
    /// The copy cannot be made or changed.
    #[error("cannot keep a copy of the repository: {0}")]
    Io(#[from] std::io::Error),
    /// Git refused. Its words hold neither a token nor an address with one.
    #[error("cannot fetch the repository: {0}")]
    Git(String),
    /// It takes too long.
    #[error("cannot fetch the repository within {0} seconds")]
    Late(u64),
}

/// Where a copy comes from.
pub(crate) struct Origin<'a> {
    pub(crate) forge: &'a ForgeUrl,
    pub(crate) repo: &'a RepoName,
    pub(crate) token: &'a Token,
}

impl Origin<'_> {
    fn address(&self) -> String {
        format!("{}/{}.git", self.forge, self.repo)
    }
}

/// Who may change which copy: one at a time, since two programs that fetch the same refs take each other's locks.
#[derive(Debug)]
pub(crate) struct Mirrors {
    folder: PathBuf,
    turns: Mutex<BTreeMap<PathBuf, Turn>>,
}

/// Whoever holds it may change the copy.
type Turn = Arc<tokio::sync::Mutex<()>>;

impl Mirrors {
    /// Copies below a folder.
    pub(crate) const fn below(folder: PathBuf) -> Self {
        Self { folder, turns: Mutex::new(BTreeMap::new()) }
    }

    /// The copy of a repository, whether it is there yet or not.
    pub(crate) fn of(&self, forge: &str, repo: &RepoName) -> Mirror {
        let path = self.folder.join(forge).join(repo.owner()).join(format!("{}.git", repo.name()));
        // Nothing can go wrong while it is held, so that whoever panicked elsewhere spoils nothing.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = Arc::clone(turns.entry(path.clone()).or_default());
        Mirror { path, turn }
    }
}

/// The copy of one repository.
#[derive(Debug)]
pub(crate) struct Mirror {
    path: PathBuf,
    turn: Turn,
}

impl Mirror {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fetches branches, tags and one pull request, and says which commit the pull request's ref names.
    pub(crate) async fn fetch(&self, origin: &Origin<'_>, pull: PullNumber) -> Result<CommitSha, MirrorError> {
        let _turn = self.turn.lock().await;
        self.make().await?;
        stale::remove(&self.path, SystemTime::now())?;
        let address = origin.address();
        let head = format!("refs/pull/{pull}/head");
        let own = format!("+{head}:{head}");
        let online = || Git::online(&self.path, &address, origin.token);
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", &own];
        let mut words = vec![
            "fetch",
            "--quiet",
            "--prune",
            "--no-tags",
            "--no-write-fetch-head",
            "--update-head-ok",
            "--",
            &address,
        ];
        words.extend(refs);
        online().run(&words).await?;
        // Which branch is the default one is no ref, so that no fetch brings it.
        let shown = online().run(&["ls-remote", "--quiet", "--symref", "--", &address, "HEAD"]).await?;
        let branch = shown.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
        if let Some(branch) = branch.filter(|branch| branch.starts_with("refs/heads/")) {
            self.git().run(&["symbolic-ref", "HEAD", branch]).await?;
        }
        let named = self.git().run(&["rev-parse", "--verify", "--quiet", &format!("{head}^{{commit}}")]).await?;
        named.trim().parse().map_err(|_bad| MirrorError::Git("it names no commit for the pull request".to_owned()))
    }

    /// Whether a commit is in it.
    pub(crate) async fn has(&self, sha: &CommitSha) -> bool {
        self.git().run(&["cat-file", "-e", &format!("{sha}^{{commit}}")]).await.is_ok()
    }

    /// Whether the default branch holds a commit.
    pub(crate) async fn is_merged(&self, sha: &CommitSha) -> bool {
        self.git().run(&["merge-base", "--is-ancestor", sha.as_str(), "HEAD"]).await.is_ok()
    }

    /// Keeps a commit, whatever becomes of its branch.
    pub(crate) async fn pin(&self, request: i64, sha: &CommitSha) -> Result<(), MirrorError> {
        let _turn = self.turn.lock().await;
        self.git().run(&["update-ref", &format!("{PINS}{request}"), sha.as_str()]).await.map(drop)
    }

    /// The requests whose commits are kept; none without a copy.
    pub(crate) async fn pinned(&self) -> Result<BTreeSet<i64>, MirrorError> {
        if !self.path.is_dir() {
            return Ok(BTreeSet::new());
        }
        let kept = self.git().run(&["for-each-ref", "--format=%(refname)", PINS]).await?;
        Ok(kept.lines().filter_map(|name| name.strip_prefix(PINS)?.parse().ok()).collect())
    }

    /// Gives the commits of requests back.
    pub(crate) async fn unpin(&self, requests: impl Iterator<Item = &i64>) -> Result<(), MirrorError> {
        let _turn = self.turn.lock().await;
        for request in requests {
            self.git().run(&["update-ref", "-d", &format!("{PINS}{request}")]).await?;
        }
        Ok(())
    }

    /// A call of git in the copy that needs no network.
    fn git(&self) -> Git {
        Git::offline(&self.path)
    }

    /// Makes an empty copy: beside its place first, so that one which is there is whole, whoever was killed meanwhile. One
    /// without a `HEAD`, as a machine that lost its power may leave behind, is made anew: git calls it no repository for ever.
    async fn make(&self) -> Result<(), MirrorError> {
        if fs::metadata(self.path.join("HEAD")).is_ok_and(|head| head.len() > 0) {
            return Ok(());
        }
        let mut draft = self.path.as_os_str().to_owned();
        draft.push(".draft");
        let draft = PathBuf::from(draft);
        gone(&draft)?;
        fs::create_dir_all(&draft)?;
        Git::offline(&draft).run(&["init", "--quiet", "--bare", "--template=", "."]).await?;
        gone(&self.path)?;
        Ok(fs::rename(&draft, &self.path)?)
    }
}

/// Removes a folder, if it is there.
fn gone(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The folder that git is to believe is a person's home: an empty one.
fn nowhere() -> PathBuf {
    PathBuf::from("/nonexistent")
}

#[cfg(test)]
mod tests {
    use super::{Mirror, Mirrors};
    use std::fs;

    fn ghost(folder: &tempfile::TempDir) -> Mirror {
        Mirrors::below(folder.path().to_owned()).of("main", &"recipes/ghost".parse().unwrap())
    }

    #[tokio::test]
    async fn what_a_killed_server_began_to_make_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = ghost(&folder);
        let draft = mirror.path().with_extension("git.draft");
        fs::create_dir_all(&draft).unwrap();
        fs::write(draft.join("config.lock"), "").unwrap();
        mirror.make().await.unwrap();
        assert!(mirror.path().join("HEAD").is_file() && !draft.exists());
        mirror.make().await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_that_git_calls_none_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = ghost(&folder);
        for broken in ["nothing in it", "an empty HEAD"] {
            fs::create_dir_all(mirror.path().join("refs")).unwrap();
            if broken == "an empty HEAD" {
                fs::write(mirror.path().join("HEAD"), "").unwrap();
            }
            mirror.pinned().await.unwrap_err();
            mirror.make().await.unwrap();
            assert!(mirror.pinned().await.unwrap().is_empty(), "{broken}");
            fs::remove_dir_all(mirror.path()).unwrap();
        }
    }

    #[tokio::test]
    async fn a_turn_is_of_the_repository_and_not_of_whoever_asks() {
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::below(folder.path().to_owned());
        let repo = |name: &str| name.parse().unwrap();
        let mine = mirrors.of("main", &repo("recipes/ghost"));
        let _held = mine.turn.lock().await;
        assert!(mirrors.of("main", &repo("recipes/ghost")).turn.try_lock().is_err());
        assert!(mirrors.of("main", &repo("recipes/other")).turn.try_lock().is_ok());
        assert!(mirrors.of("other", &repo("recipes/ghost")).turn.try_lock().is_ok());
    }
}
