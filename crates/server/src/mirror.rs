//! The server's own copy of a repository: what a run is started on, so that no run needs the forge, its network or its token.

mod git;
mod stale;

use cc_ci_forge::{CommitSha, ForgeUrl, PullNumber, RepoName, Token};
use git::Git;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
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

/// Fetches branches, tags and one pull request, and says which commit the pull request's ref names.
pub(crate) async fn fetch(mirror: &Path, origin: &Origin<'_>, pull: PullNumber) -> Result<CommitSha, MirrorError> {
    make(mirror).await?;
    stale::remove(mirror, SystemTime::now())?;
    let address = origin.address();
    let head = format!("refs/pull/{pull}/head");
    let own = format!("+{head}:{head}");
    let online = || Git::online(mirror, &address, origin.token);
    let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", &own];
    let mut words =
        vec!["fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--update-head-ok", "--", &address];
    words.extend(refs);
    online().run(&words).await?;
    // Which branch is the default one is no ref, so that no fetch brings it.
    let shown = online().run(&["ls-remote", "--quiet", "--symref", "--", &address, "HEAD"]).await?;
    let branch = shown.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
    if let Some(branch) = branch.filter(|branch| branch.starts_with("refs/heads/")) {
        Git::offline(mirror).run(&["symbolic-ref", "HEAD", branch]).await?;
    }
    let named = Git::offline(mirror).run(&["rev-parse", "--verify", "--quiet", &format!("{head}^{{commit}}")]).await?;
    named.trim().parse().map_err(|_bad| MirrorError::Git("it names no commit for the pull request".to_owned()))
}

/// Makes an empty copy: beside its place first, so that one which is there is whole, whoever was killed meanwhile.
async fn make(mirror: &Path) -> Result<(), MirrorError> {
    if mirror.is_dir() {
        return Ok(());
    }
    let mut draft = mirror.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    fs::create_dir_all(&draft)?;
    Git::offline(&draft).run(&["init", "--quiet", "--bare", "--template=", "."]).await?;
    Ok(fs::rename(&draft, mirror)?)
}

/// Whether a commit is in the copy.
pub(crate) async fn has(mirror: &Path, sha: &CommitSha) -> bool {
    Git::offline(mirror).run(&["cat-file", "-e", &format!("{sha}^{{commit}}")]).await.is_ok()
}

/// Whether the default branch holds a commit.
pub(crate) async fn is_merged(mirror: &Path, sha: &CommitSha) -> bool {
    Git::offline(mirror).run(&["merge-base", "--is-ancestor", sha.as_str(), "HEAD"]).await.is_ok()
}

/// Keeps a commit in the copy, whatever becomes of its branch.
pub(crate) async fn pin(mirror: &Path, request: i64, sha: &CommitSha) -> Result<(), MirrorError> {
    Git::offline(mirror).run(&["update-ref", &format!("{PINS}{request}"), sha.as_str()]).await.map(drop)
}

/// Gives commits back that were kept for other requests than these.
pub(crate) async fn unpin_others(mirror: &Path, requests: &BTreeSet<i64>) -> Result<(), MirrorError> {
    let kept = Git::offline(mirror).run(&["for-each-ref", "--format=%(refname)", PINS]).await?;
    for name in kept.lines() {
        let request = name.strip_prefix(PINS).and_then(|number| number.parse::<i64>().ok());
        if request.is_some_and(|request| !requests.contains(&request)) {
            Git::offline(mirror).run(&["update-ref", "-d", name]).await?;
        }
    }
    Ok(())
}

/// The folder that git is to believe is a person's home: an empty one.
fn nowhere() -> PathBuf {
    PathBuf::from("/nonexistent")
}

#[cfg(test)]
mod tests {
    use super::make;
    use std::fs;

    #[tokio::test]
    async fn what_a_killed_server_began_to_make_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (mirror, draft) = (folder.path().join("ghost.git"), folder.path().join("ghost.git.draft"));
        fs::create_dir(&draft).unwrap();
        fs::write(draft.join("config.lock"), "").unwrap();
        make(&mirror).await.unwrap();
        assert!(mirror.join("HEAD").is_file() && !draft.exists());
        make(&mirror).await.unwrap();
    }
}
