//! Reads a recipe's repository through the `git` program, and lets nothing in that repository run.
//!
//! A repository is somebody else's data: its hooks, its file-system monitor, its filters and its transports stay off, its
//! user's configuration is not read, and nothing ever asks for a password. Trees are read as raw objects, so that no
//! attribute can hide a file from the check or change one on its way.

mod content;
mod credentials;
mod door;
mod history;
mod source;
mod tree;
mod work_tree;
mod working_copy;

pub use content::{CommitFiles, Holder, LeftOut};
pub use history::{Ancestor, OriginTags};
pub use source::Source;
pub use work_tree::WorkTree;
pub use working_copy::WorkingCopy;

use crate::process::{self, Command, ProcessError};
use cc_ci_model::ids::{Commit, NameError};
use cc_ci_model::report::text::count;
use cc_ci_recipe::version::{Tag, TagKind};
use credentials::Address;
use door::{git, offline, set};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long one transfer over the network may take.
const TRANSFER: Duration = Duration::from_secs(300);

/// A repository on this machine that can be read.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Where git finds its objects.
    git_dir: PathBuf,
    /// The work tree, when the source is somebody's checkout.
    work_tree: Option<PathBuf>,
    /// Whether history, and with it tags, may be missing.
    shallow: bool,
    cancel: CancellationToken,
}

/// Why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// `git` itself could not be run, or failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Neither a path nor a URL of a kind we fetch.
    #[error("`{0}` is neither a directory nor a URL that git is allowed to fetch: use https, http, ssh, git or file")]
    Source(String),
    /// A directory without a repository.
    #[error("{} is not a git repository; make it one (`git init`, commit, tag) or give a URL", .0.display())]
    NotARepository(PathBuf),
    /// A folder below some other repository's top.
    #[error("{} is only a folder inside another git repository; a recipe needs a repository of its own", .0.display())]
    Inside(PathBuf),
    /// A repository could not be fetched.
    #[error("cannot fetch {url}: {said}")]
    Fetch {
        /// Without credentials.
        url: String,
        /// The last words of git.
        said: String,
    },
    /// A text that cannot be a revision.
    #[error("`{0}` is not a revision: give a branch, a tag or a commit id")]
    BadRef(String),
    /// No such branch, tag or commit.
    #[error(
        "no branch, tag or commit `{0}` in the repository: `git branch --all` and `git tag` there list what it has"
    )]
    UnknownRef(String),
    /// `HEAD` leads nowhere, as in a repository without a commit.
    #[error("HEAD leads to no commit: commit the recipe, or name a branch or tag with --ref")]
    NoCommits,
    /// A commit id of a kind we do not read.
    #[error(transparent)]
    Commit(#[from] NameError),
    /// A path in a tree that could end up outside of the checkout.
    #[error("{holder} holds an unsafe path `{path}`; nothing was checked out")]
    UnsafePath {
        /// What holds it.
        holder: Holder,
        /// The path.
        path: String,
    },
    /// A symbolic link that leads out of the tree.
    #[error(
        "{holder} holds a symbolic link that leaves the repository: `{path}` -> `{target}`; nothing was checked out"
    )]
    UnsafeLink {
        /// What holds it.
        holder: Holder,
        /// The link.
        path: String,
        /// Where it points.
        target: String,
    },
    /// More than a recipe can be.
    #[error("{holder} holds more than {what}, which no recipe does; nothing was checked out")]
    TooLarge {
        /// What holds it.
        holder: Holder,
        /// The bound.
        what: String,
    },
    /// There is no folder to test: a URL or a bare repository has commits only.
    #[error("there is no folder to test: a URL or a bare repository has commits only")]
    NoWorkTree,
    /// A file in the folder that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Objects that git itself cannot read.
    #[error("git cannot read the repository ({0}); `git fsck` there says more")]
    Unreadable(String),
    /// An answer of git that we cannot read.
    #[error("cannot read the answer of `git {0}`")]
    Answer(&'static str),
    /// The checkout or the cache could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Repository {
    /// Opens a directory in place, or brings a copy of a URL into `cache` (made new, or brought up to date).
    pub async fn open(source: &Source, cache: &Path, cancel: CancellationToken) -> Result<Self, GitError> {
        match source {
            Source::Directory(dir) => Self::open_directory(dir, cancel).await,
            Source::Url(url) => {
                let git_dir = mirror(url, cache, &cancel).await?;
                Ok(Self { git_dir, work_tree: None, shallow: false, cancel })
            }
        }
    }

    async fn open_directory(dir: &Path, cancel: CancellationToken) -> Result<Self, GitError> {
        let dir = dir.canonicalize().map_err(|_| GitError::NotARepository(dir.to_owned()))?;
        let command = offline(&dir).args([
            "rev-parse",
            "--is-bare-repository",
            "--is-shallow-repository",
            "--absolute-git-dir",
            "--show-prefix",
        ]);
        let output = process::run(&command, &cancel).await?;
        if !output.success() {
            return Err(GitError::NotARepository(dir));
        }
        let text = output.stdout_text();
        let mut lines = text.lines();
        let (bare, shallow) = (lines.next() == Some("true"), lines.next() == Some("true"));
        let git_dir = PathBuf::from(lines.next().ok_or(GitError::Answer("rev-parse"))?);
        if lines.next().is_some_and(|prefix| !prefix.is_empty()) {
            return Err(GitError::Inside(dir));
        }
        // Inside a bare repository, git finds it from any of its folders; only its top is meant.
        if bare && git_dir != dir {
            return Err(GitError::Inside(dir));
        }
        let work_tree = if bare { None } else { Some(dir) };
        Ok(Self { git_dir, work_tree, shallow, cancel })
    }

    /// The commit a branch, tag or id stands for; `HEAD` is what is checked out, or the default branch of a URL.
    pub async fn resolve(&self, revision: &str) -> Result<Commit, GitError> {
        let bad = revision.is_empty()
            || revision.starts_with('-')
            || revision.contains(|c: char| c.is_control() || c.is_whitespace() || ":?*[\\".contains(c));
        if bad {
            return Err(GitError::BadRef(revision.to_owned()));
        }
        // A branch that exists only at the remote of a checkout is still what its name says.
        for candidate in [revision.to_owned(), format!("refs/remotes/origin/{revision}")] {
            let wanted = format!("{candidate}^{{commit}}");
            let command = self.command().args(["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]);
            let output = process::run(&command, &self.cancel).await?;
            if output.success() {
                return Ok(Commit::parse(output.stdout_text().trim())?);
            }
        }
        // Without a commit HEAD names a branch that does not exist.
        Err(if revision == "HEAD" { GitError::NoCommits } else { GitError::UnknownRef(revision.to_owned()) })
    }

    /// Every tag that leads to a commit, in the order of their names.
    pub async fn tags(&self) -> Result<Vec<Tag>, GitError> {
        let format = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)";
        let command = self.command().args(["for-each-ref", "--format", format, "refs/tags"]);
        let output = self.read(&command).await?;
        let mut tags = Vec::new();
        for line in output.stdout_text().lines() {
            let [name, kind, object, peeled_kind, peeled] = fields(line).ok_or(GitError::Answer("for-each-ref"))?;
            let (kind, leads_to, object) = match kind {
                "tag" => (TagKind::Annotated, peeled_kind, peeled),
                _ => (TagKind::Lightweight, kind, object),
            };
            if leads_to == "commit" {
                tags.push(Tag { name: name.to_owned(), kind, commit: Commit::parse(object)?.to_string() });
            }
        }
        Ok(tags)
    }

    /// The tip of the default branch and its name. For a checkout that is what its remote calls the default, else `main`
    /// or `master`; for a bare repository, its `HEAD`.
    pub async fn default_branch_tip(&self) -> Result<Option<(String, Commit)>, GitError> {
        if self.work_tree.is_none() {
            return match self.resolve("HEAD").await {
                Ok(commit) => Ok(Some(("HEAD".to_owned(), commit))),
                Err(GitError::NoCommits) => Ok(None),
                Err(other) => Err(other),
            };
        }
        let order = [
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/main",
            "refs/remotes/origin/master",
            "refs/heads/main",
            "refs/heads/master",
        ];
        let command = self.command().args(["for-each-ref", "--format", "%(refname)%00%(objectname)"]).args(order);
        let output = self.read(&command).await?;
        let text = output.stdout_text();
        let found: Vec<[&str; 2]> = text.lines().filter_map(fields).collect();
        for wanted in order {
            if let Some([name, commit]) = found.iter().find(|[name, _]| *name == wanted) {
                let short = name.trim_start_matches("refs/remotes/").trim_start_matches("refs/heads/");
                return Ok(Some((short.to_owned(), Commit::parse(commit)?)));
            }
        }
        Ok(None)
    }

    /// Paths of the work tree that differ from what is committed, untracked ones included; empty without a work tree.
    pub async fn uncommitted(&self) -> Result<Vec<String>, GitError> {
        let Some(work_tree) = &self.work_tree else { return Ok(Vec::new()) };
        let mut command = self.in_work_tree(work_tree);
        // Comparing a changed file runs the filters that the repository configures: name each and switch it off.
        let list = self.command().args(["config", "--name-only", "-z", "--get-regexp", r"^filter\..*"]);
        let names = process::run(&list, &self.cancel).await?.stdout;
        for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let value = if name.ends_with(b".required") { "false" } else { "" };
            command = set(command, OsStr::from_bytes(name), value);
        }
        let command = command.args([
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--ignore-submodules=all",
            "--untracked-files=normal",
        ]);
        let text = self.read(&command).await?.stdout_text();
        Ok(text.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned).collect())
    }

    /// What a reader of a plan should know about this repository: changes that are not tested.
    pub async fn notes(&self) -> Result<Vec<String>, GitError> {
        let mut notes = Vec::new();
        let changed = self.uncommitted().await?;
        if !changed.is_empty() {
            let some: Vec<&str> = changed.iter().take(3).map(String::as_str).collect();
            let more = if changed.len() > 3 { ", …" } else { "" };
            notes.push(format!(
                "{} with uncommitted changes: not tested, --worktree would ({}{more})",
                count(changed.len(), "file"),
                some.join(", ")
            ));
        }
        Ok(notes)
    }

    fn command(&self) -> Command {
        offline(&self.git_dir)
    }

    /// Git in the work tree. Both folders are named: a repository may say that its files are elsewhere.
    fn in_work_tree(&self, work_tree: &Path) -> Command {
        offline(work_tree).env("GIT_DIR", &self.git_dir).env("GIT_WORK_TREE", work_tree)
    }

    /// What a command that only reads has to say. That git cannot read it is the repository's fault.
    async fn read(&self, command: &Command) -> Result<process::Output, GitError> {
        let output = process::run(command, &self.cancel).await?;
        match output.ended {
            process::Ended::Exited(0) => Ok(output.require_success(command)?),
            process::Ended::Exited(_) => Err(GitError::Unreadable(output.last_words())),
            process::Ended::TimedOut => {
                Err(GitError::Unreadable(format!("it did not end within {} s", command.deadline.as_secs())))
            }
            process::Ended::Signalled(_) => Ok(output.require_success(command)?),
        }
    }
}

fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.split('\0').collect::<Vec<_>>().try_into().ok()
}

/// Brings a bare copy of `url` into the cache and up to date; copies of the same URL take turns.
async fn mirror(url: &str, cache: &Path, cancel: &CancellationToken) -> Result<PathBuf, GitError> {
    let address = Address::of(url);
    let url = address.url.as_str();
    let written = |path: &Path| {
        let path = path.to_owned();
        move |source| GitError::Write { path, source }
    };
    std::fs::create_dir_all(cache).map_err(written(cache))?;
    let digest = Sha256::digest(url.as_bytes());
    let key = hex::encode(&digest[..8]);
    let git_dir = cache.join(format!("{key}.git"));
    let lock_path = cache.join(format!("{key}.lock"));
    let lock = open_lock(&lock_path).map_err(written(&lock_path))?;
    #[expect(clippy::disallowed_methods, reason = "a lock is waited for; nothing is started from that thread")]
    let _held = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await
        .map_err(io::Error::other)
        .and_then(|locked| locked)
        .map_err(written(&lock_path))?;

    if !git_dir.join("HEAD").is_file() {
        let fresh = tempfile::tempdir_in(cache).map_err(written(cache))?;
        let clone = git(cache).args(["clone", "--quiet", "--mirror", "--template=", "--", url]).arg(fresh.path());
        transfer(&address, clone, cancel).await?;
        std::fs::rename(fresh.path(), &git_dir).map_err(written(&git_dir))?;
        return Ok(git_dir);
    }
    let fetch = git(&git_dir).args(["fetch", "--quiet", "--prune", "--no-write-fetch-head", "origin"]);
    transfer(&address, fetch, cancel).await?;
    // The remote's default branch may have another name by now.
    let asked = git(&git_dir).args(["ls-remote", "--symref", "origin", "HEAD"]);
    let asked = transfer(&address, asked, cancel).await?;
    if let Some(branch) = asked.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD")) {
        let command = offline(&git_dir).args(["symbolic-ref", "HEAD", branch]);
        process::run(&command, cancel).await?.require_success(&command)?;
    }
    Ok(git_dir)
}

/// Opens a file to lock, and never one that a link leads to.
fn open_lock(path: &Path) -> io::Result<File> {
    let no_link = nix::fcntl::OFlag::O_NOFOLLOW.bits();
    OpenOptions::new().write(true).create(true).truncate(false).custom_flags(no_link).open(path)
}

async fn transfer(address: &Address, command: Command, cancel: &CancellationToken) -> Result<String, GitError> {
    let command = address.with_credentials(command).deadline(TRANSFER);
    let output = process::run(&command, cancel).await?;
    if output.ended == process::Ended::Exited(128) {
        return Err(GitError::Fetch { url: address.url.clone(), said: output.last_words() });
    }
    Ok(output.require_success(&command)?.stdout_text())
}

#[cfg(test)]
mod tests;
