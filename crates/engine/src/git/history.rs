//! What a repository knows about its own past: which tags lie behind a commit, and what its origin has beyond it.

use super::door::git;
use super::{GitError, Repository, Source, fields, source};
use crate::process;
use cc_ci_model::ids::Commit;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// How long an origin may take to list its tags.
const ASKING: Duration = Duration::from_secs(10);

/// A commit of a line of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// The commit.
    pub commit: Commit,
    /// The first line of its message.
    pub subject: String,
    /// Its parents, the first one first.
    pub parents: Vec<Commit>,
}

/// The tags that the repository which a clone was made from has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginTags {
    /// The repository is no clone.
    NoOrigin,
    /// Their names.
    Names(Vec<String>),
    /// It could not be asked, for this reason.
    Unknown(String),
}

impl Repository {
    /// Whether history, and with it tags, was cut off when the repository was cloned.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// The names of the tags whose commits `head` descends from; tags of `head` itself are among them.
    pub async fn tags_behind(&self, head: &Commit) -> Result<BTreeSet<String>, GitError> {
        self.tags_that(&format!("--merged={head}")).await
    }

    /// The names of the tags whose commits descend from `head`; tags of `head` itself are among them.
    pub async fn tags_ahead(&self, head: &Commit) -> Result<BTreeSet<String>, GitError> {
        self.tags_that(&format!("--contains={head}")).await
    }

    async fn tags_that(&self, relation: &str) -> Result<BTreeSet<String>, GitError> {
        let command = self.command().args(["for-each-ref", relation, "--format", "%(refname:strip=2)", "refs/tags"]);
        let output = self.read(&command).await?;
        Ok(output.stdout_text().lines().map(str::to_owned).collect())
    }

    /// Whether `newer` descends from `older`, or is it.
    pub async fn descends(&self, newer: &Commit, older: &Commit) -> Result<bool, GitError> {
        let command = self.command().args(["merge-base", "--is-ancestor", older.as_str(), newer.as_str()]);
        let output = process::run(&command, &self.cancel).await?;
        match output.code() {
            Some(1) => Ok(false),
            Some(_) | None => Ok(output.require_success(&command).is_ok()),
        }
    }

    /// The commits that lead to `newer` by first parents, up to those that `older` descends from or is; the oldest first, `newer`
    /// last. With `--ancestry-path` nothing would be left where `older` came in by a merge.
    pub async fn first_parents(&self, older: &Commit, newer: &Commit) -> Result<Vec<Ancestor>, GitError> {
        let command =
            self.command().args(["log", "--first-parent", "--reverse", "--no-color", "--no-decorate", "--no-mailmap"]);
        let command = command.args(["--encoding=UTF-8", "--format=%H%x00%P%x00%s"]).args([format!("{older}..{newer}")]);
        let output = self.read(&command.args(["--"])).await?;
        let ancestor = |line: &str| {
            let [commit, parents, subject] = fields(line).ok_or(GitError::Answer("log"))?;
            let parents: Result<Vec<Commit>, _> = parents.split_whitespace().map(Commit::parse).collect();
            Ok(Ancestor { commit: Commit::parse(commit)?, subject: subject.to_owned(), parents: parents? })
        };
        output.stdout_text().lines().map(ancestor).collect()
    }

    /// Whether this clone was told to leave out the tags of its origin.
    pub async fn leaves_tags_out(&self) -> Result<bool, GitError> {
        Ok(self.setting("remote.origin.tagOpt").await?.as_deref() == Some("--no-tags"))
    }

    /// Asks the clone's origin for its tags, for a bounded time. The address alone is taken from the repository's settings:
    /// what else stands there could run programs.
    pub async fn tags_of_origin(&self) -> Result<OriginTags, GitError> {
        let Some(written) = self.setting("remote.origin.url").await? else { return Ok(OriginTags::NoOrigin) };
        if source::without_credentials(&written) != written {
            return Ok(OriginTags::Unknown("its address holds a password, so it was not asked".to_owned()));
        }
        let from = self.work_tree.as_ref().unwrap_or(&self.git_dir);
        let written = match from.join(&written) {
            beside if !written.contains(':') => beside.to_string_lossy().into_owned(),
            _ => written,
        };
        let address = match Source::parse(&written) {
            Ok(Source::Url(url)) => url,
            Ok(Source::Directory(dir)) => dir.to_string_lossy().into_owned(),
            Err(error) => return Ok(OriginTags::Unknown(error.to_string())),
        };
        // Away from any repository, so that none has a say in how the address is asked.
        let command =
            git(Path::new("/")).args(["ls-remote", "--quiet", "--refs", "--tags", "--", &address]).deadline(ASKING);
        let output = match process::run(&command, &self.cancel).await {
            Ok(output) if output.success() => output,
            Ok(output) => {
                let why =
                    if output.code().is_none() { "it did not answer in time".to_owned() } else { output.last_words() };
                return Ok(OriginTags::Unknown(why));
            }
            Err(error) if self.cancel.is_cancelled() => return Err(error.into()),
            Err(error) => return Ok(OriginTags::Unknown(error.to_string())),
        };
        let text = output.stdout_text();
        let names = text.lines().filter_map(|line| line.split_once("\trefs/tags/")).map(|(_, name)| name.to_owned());
        Ok(OriginTags::Names(names.collect()))
    }

    /// Where the clone comes from, as its own settings say it.
    pub async fn origin(&self) -> Result<Option<String>, GitError> {
        self.setting("remote.origin.url").await
    }

    /// A setting of the repository; `None` where it has none.
    async fn setting(&self, key: &str) -> Result<Option<String>, GitError> {
        let command = self.command().args(["config", "--local", "--no-includes", "--get", key]);
        let output = process::run(&command, &self.cancel).await?;
        Ok(output.success().then(|| output.stdout_text().trim_end_matches('\n').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Bench;
    use super::*;

    #[tokio::test]
    async fn tags_behind_a_commit_are_those_of_its_history() {
        let bench = Bench::new().await;
        let one = bench.commit("one").await;
        bench.git(&["tag", "-a", "1.0.0+1", "-m", "release"]).await;
        bench.git(&["checkout", "--quiet", "-b", "side"]).await;
        let side = bench.commit("side").await;
        bench.git(&["tag", "side-tag"]).await;
        bench.git(&["checkout", "--quiet", "main"]).await;
        let two = bench.commit("two").await;
        let repository = bench.open().await;
        let behind = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(repository.tags_behind(&two).await.unwrap(), behind(&["1.0.0+1"]));
        assert_eq!(repository.tags_behind(&side).await.unwrap(), behind(&["1.0.0+1", "side-tag"]));
        assert_eq!(repository.tags_ahead(&one).await.unwrap(), behind(&["1.0.0+1", "side-tag"]));
        assert_eq!(repository.tags_ahead(&two).await.unwrap(), behind(&[]));
        assert!(repository.descends(&two, &one).await.unwrap());
        assert!(!repository.descends(&two, &side).await.unwrap());
        assert!(!repository.descends(&one, &two).await.unwrap());
    }

    #[tokio::test]
    async fn the_line_by_first_parents_holds_merges_and_not_what_they_merged() {
        let bench = Bench::new().await;
        let root = bench.commit("root").await;
        bench.git(&["checkout", "--quiet", "-b", "side"]).await;
        let side = bench.commit("side").await;
        let tip = bench.commit("side too").await;
        bench.git(&["checkout", "--quiet", "main"]).await;
        let own = bench.commit("own\n\nwith more").await;
        bench.git(&["merge", "--quiet", "--no-ff", "-m", "merge: side", "side"]).await;
        let merge = bench.commit("after").await;
        bench.git(&["config", "log.showSignature", "true"]).await;
        bench.git(&["config", "log.decorate", "full"]).await;
        bench.git(&["config", "color.ui", "always"]).await;
        let repository = bench.open().await;
        let line = async |older: &Commit, newer: &Commit| {
            let line = repository.first_parents(older, newer).await.unwrap();
            line.iter().map(|one| (one.subject.clone(), one.parents.len())).collect::<Vec<_>>()
        };
        let subjects = |line: &[(&str, usize)]| -> Vec<(String, usize)> {
            line.iter().map(|(subject, parents)| ((*subject).to_owned(), *parents)).collect()
        };
        let all = subjects(&[("own", 1), ("merge: side", 2), ("after", 1)]);
        assert_eq!(line(&root, &merge).await, all);
        // GOOD came in by the merge: the main line is searched all the same.
        assert_eq!(line(&side, &merge).await, all);
        assert_eq!(line(&own, &merge).await, all[1..]);
        assert_eq!(line(&root, &tip).await, subjects(&[("side", 1), ("side too", 1)]));
        assert_eq!(line(&tip, &tip).await, []);
        let first = &repository.first_parents(&root, &merge).await.unwrap()[0];
        assert_eq!((&first.commit, first.parents.as_slice()), (&own, &[root][..]));
    }

    #[tokio::test]
    async fn a_clone_without_tags_learns_what_its_origin_has() {
        let bench = Bench::new().await;
        bench.commit("one").await;
        bench.git(&["tag", "-a", "1.0.0+1", "-m", "release"]).await;
        assert_eq!(bench.open().await.tags_of_origin().await.unwrap(), OriginTags::NoOrigin);
        bench.git(&["clone", "--quiet", "--no-tags", ".", "../clone"]).await;
        let clone = bench.root.path().join("clone");
        let repository = bench.open_as(clone.to_str().unwrap()).await.unwrap();
        assert!(repository.leaves_tags_out().await.unwrap());
        assert_eq!(repository.tags_of_origin().await.unwrap(), OriginTags::Names(vec!["1.0.0+1".to_owned()]));
        // An address relative to the clone, as `git remote add` leaves it.
        bench.git(&["-C", "../clone", "remote", "set-url", "origin", "../ghost"]).await;
        assert_eq!(repository.tags_of_origin().await.unwrap(), OriginTags::Names(vec!["1.0.0+1".to_owned()]));
    }

    #[tokio::test]
    async fn an_origin_that_cannot_be_asked_is_unknown_and_runs_nothing() {
        let bench = Bench::new().await;
        bench.commit("one").await;
        let trap = bench.root.path().join("trap");
        let spring = format!("touch {}", trap.display());
        bench.git(&["remote", "add", "origin", "/nowhere/at/all"]).await;
        bench.git(&["config", "remote.origin.uploadpack", &spring]).await;
        bench.git(&["config", "core.sshCommand", &spring]).await;
        bench.git(&["config", "core.gitProxy", &spring]).await;
        for address in [
            "/nowhere/at/all",
            &format!("ext::sh -c {}", spring.replace(' ', "% ")),
            "git://127.0.0.1:1/ghost",
            "https://me:word@127.0.0.1:1/ghost",
            "--upload-pack=sh",
        ] {
            bench.git(&["config", "remote.origin.url", address]).await;
            let answer = bench.open().await.tags_of_origin().await.unwrap();
            assert!(
                matches!(&answer, OriginTags::Unknown(why) if !why.is_empty() && !why.contains("word@")),
                "{answer:?}"
            );
        }
        assert!(!trap.exists());
    }
}
