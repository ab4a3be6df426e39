//! Real bare repositories, and git's own server for HTTP.

#![expect(clippy::disallowed_methods, reason = "a test world is driven from outside, not through the product")]

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// Runs git in a bare repository, with an input and nobody's settings.
fn git(dir: &Path, args: &[&str], input: &str) -> io::Result<String> {
    let mut child = Command::new("git")
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(io::Error::other(format!("git {args:?}: {}", String::from_utf8_lossy(&output.stderr))))
    }
}

/// The repository that every new one is a copy of: starting git once costs more than copying a few files.
static TEMPLATE: OnceLock<TempDir> = OnceLock::new();

fn template() -> io::Result<&'static Path> {
    if let Some(made) = TEMPLATE.get() {
        return Ok(made.path());
    }
    let folder = tempfile::tempdir()?;
    git(folder.path(), &["init", "--quiet", "--bare", "--template=", "--initial-branch=main"], "")?;
    git(folder.path(), &["config", "uploadpack.allowAnySHA1InWant", "true"], "")?;
    commit(folder.path(), "main", "README.md", "hello\n", Parent::None)?;
    Ok(TEMPLATE.get_or_init(|| folder).path())
}

/// Makes a bare repository with one commit on `main`.
pub(super) fn create(dir: &Path) -> io::Result<()> {
    copy(template()?, dir)
}

/// Copies a repository, as a fork is made.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Makes a bare repository of another one's tags and of what its newest commit stands on.
pub(super) fn import(dir: &Path, from: &Path) -> io::Result<()> {
    copy(template()?, dir)?;
    let from = from.display().to_string();
    let refs = ["+HEAD:refs/heads/main", "+refs/tags/*:refs/tags/*"];
    git(dir, &["fetch", "--quiet", "--update-head-ok", "--no-tags", &from, refs[0], refs[1]], "")?;
    git(dir, &["update-ref", "refs/heads/main", "refs/heads/main~1"], "")?;
    Ok(())
}

/// Puts the newest commit of a repository into a branch of another one.
pub(super) fn bring(dir: &Path, branch: &str, from: &Path) -> io::Result<String> {
    let refs = format!("+HEAD:refs/heads/{branch}");
    git(dir, &["fetch", "--quiet", "--no-tags", &from.display().to_string(), &refs], "")?;
    tip(dir, &format!("refs/heads/{branch}"))
}

/// Has a branch name a commit.
pub(super) fn set_branch(dir: &Path, branch: &str, sha: &str) -> io::Result<()> {
    git(dir, &["update-ref", &format!("refs/heads/{branch}"), sha], "").map(drop)
}

/// Removes what no ref names.
pub(super) fn forget(dir: &Path) -> io::Result<()> {
    git(dir, &["reflog", "expire", "--expire=now", "--all"], "")?;
    git(dir, &["repack", "-a", "-d", "--quiet"], "")?;
    git(dir, &["prune", "--expire=now"], "").map(drop)
}

/// What a commit stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// Nothing: it takes the place of what the branch had.
    None,
    /// The tip of its branch.
    Tip,
    /// The tip of `main`.
    Main,
}

/// Commits one file to a branch and gives the commit's id. The same commits have the same ids, always.
pub(super) fn commit(dir: &Path, branch: &str, path: &str, text: &str, parent: Parent) -> io::Result<String> {
    let from = match parent {
        Parent::None => "deleteall\n".to_owned(),
        Parent::Tip => format!("from refs/heads/{branch}^0\n"),
        Parent::Main => "from refs/heads/main^0\n".to_owned(),
    };
    let script = format!(
        "commit refs/heads/{branch}\ncommitter Maintainer <maintainer@example.test> 1790000000 +0000\ndata 4\nnext\n\
         {from}M 100644 inline {path}\ndata {}\n{text}\ndone\n",
        text.len()
    );
    git(dir, &["fast-import", "--quiet", "--force", "--done"], &script)?;
    tip(dir, &format!("refs/heads/{branch}"))
}

/// The commit that a ref names.
pub(super) fn tip(dir: &Path, name: &str) -> io::Result<String> {
    git(dir, &["rev-parse", "--verify", "--quiet", &format!("{name}^{{commit}}")], "")
}

/// Makes the ref of a pull request name the head of its branch, which may be in another repository.
pub(super) fn follow(base: &Path, number: u64, from: &Path, branch: &str) -> io::Result<String> {
    let refs = format!("+refs/heads/{branch}:refs/pull/{number}/head");
    git(base, &["fetch", "--quiet", "--no-tags", &from.display().to_string(), &refs], "")?;
    tip(base, &format!("refs/pull/{number}/head"))
}

/// A request to git's own server.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) root: PathBuf,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    /// Who may write; nobody may only read.
    pub(super) writer: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What git's own server answers: a status, headers, a body.
pub(super) type Wired = (u16, Vec<(String, String)>, Vec<u8>);

/// Hands a request to `git http-backend`.
pub(super) async fn serve(wire: Wire) -> io::Result<Wired> {
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &wire.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("PATH_INFO", &wire.path)
        .env("QUERY_STRING", &wire.query)
        .env("REQUEST_METHOD", &wire.method)
        .env("CONTENT_TYPE", &wire.content_type)
        .env("CONTENT_LENGTH", wire.body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if let Some(writer) = &wire.writer {
        command.env("REMOTE_USER", writer);
    }
    let mut child = command.spawn()?;
    if let Some(mut to) = child.stdin.take() {
        to.write_all(&wire.body).await?;
    }
    let output = child.wait_with_output().await?;
    let end = output.stdout.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(output.stdout.len());
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let body = output.stdout.get(end + 4..).unwrap_or_default().to_vec();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let (statuses, headers): (Vec<_>, Vec<_>) =
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).partition(|(name, _)| name == "Status");
    let status = statuses.first().and_then(|(_, value)| value.split(' ').next()?.parse().ok()).unwrap_or(200);
    Ok((status, headers, body))
}
