//! Real repositories, made with the `git` program for each test.

mod hostile;

use super::*;
use cc_ci_recipe::source::NoText;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A repository in a folder of its own, driven like a maintainer would.
pub(super) struct Bench {
    pub(super) root: TempDir,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let bench = Self { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.repo()).unwrap();
        bench.git(&["init", "--quiet", "--initial-branch=main"]).await;
        bench
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.root.path().join("ghost")
    }

    async fn git_with(&self, args: &[&str], stdin: &[u8]) -> String {
        let command = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "commit.gpgsign=false"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(stdin)
            .cwd(self.repo());
        let output = process::run(&command, &CancellationToken::new()).await.unwrap();
        output.require_success(&command).unwrap().stdout_text().trim().to_owned()
    }

    pub(super) async fn git(&self, args: &[&str]) -> String {
        self.git_with(args, b"").await
    }

    pub(super) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(super) async fn commit(&self, message: &str) -> Commit {
        self.git(&["add", "--all", "--force"]).await;
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]).await;
        Commit::parse(&self.git(&["rev-parse", "HEAD"]).await).unwrap()
    }

    /// A commit whose tree is written entry by entry, as no `git add` would: `(mode, path, content)`.
    async fn commit_raw(&self, entries: &[(&str, &str, &str)]) -> Commit {
        let mut raw = Vec::new();
        for (mode, path, content) in entries {
            let object = self.git_with(&["hash-object", "-w", "--stdin"], content.as_bytes()).await;
            raw.extend_from_slice(format!("{mode} {path}\0").as_bytes());
            raw.extend((0..20).map(|i| u8::from_str_radix(&object[i * 2..i * 2 + 2], 16).unwrap()));
        }
        let tree = self.git_with(&["hash-object", "-w", "--literally", "-t", "tree", "--stdin"], &raw).await;
        Commit::parse(&self.git(&["commit-tree", "-m", "raw", &tree]).await).unwrap()
    }

    pub(super) async fn open(&self) -> Repository {
        self.open_as(self.repo().to_str().unwrap()).await.unwrap()
    }

    pub(super) async fn open_as(&self, source: &str) -> Result<Repository, GitError> {
        let cache = self.root.path().join("cache");
        Repository::open(&Source::parse(source)?, &cache, CancellationToken::new()).await
    }

    fn url(&self) -> String {
        format!("file://{}", self.repo().display())
    }

    pub(super) fn fresh(&self) -> PathBuf {
        self.root.path().join("checkout")
    }
}

#[tokio::test]
async fn tags_know_their_kind_and_their_commit() {
    let bench = Bench::new().await;
    let one = bench.commit("one").await;
    bench.git(&["tag", "-a", "1.0.0+2.2", "-m", "release"]).await;
    let two = bench.commit("two").await;
    bench.git(&["tag", "light"]).await;
    bench.write("f", "x");
    let blob = bench.git(&["hash-object", "-w", "f"]).await;
    bench.git(&["tag", "no-commit", &blob]).await;
    let tags = bench.open().await.tags().await.unwrap();
    assert_eq!(
        tags,
        [
            Tag { name: "1.0.0+2.2".into(), kind: TagKind::Annotated, commit: one.to_string() },
            Tag { name: "light".into(), kind: TagKind::Lightweight, commit: two.to_string() }
        ]
    );
}

#[tokio::test]
async fn branches_tags_ids_and_remote_branches_resolve() {
    let bench = Bench::new().await;
    let commit = bench.commit("one").await;
    bench.git(&["tag", "-a", "1.0.0+1", "-m", "release"]).await;
    bench.git(&["update-ref", "refs/remotes/origin/fix", commit.as_str()]).await;
    let repository = bench.open().await;
    for name in ["HEAD", "main", "1.0.0+1", "fix", commit.as_str(), &commit.as_str()[..10]] {
        assert_eq!(repository.resolve(name).await.unwrap(), commit, "{name}");
    }
    let error = repository.resolve("nope").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no branch, tag or commit `nope` in the repository: `git branch --all` and `git tag` there list what it has"
    );
}

#[tokio::test]
async fn a_revision_cannot_be_an_option() {
    let bench = Bench::new().await;
    bench.commit("one").await;
    let repository = bench.open().await;
    for hostile in ["--upload-pack=touch /tmp/x", "-n", "", "a b", "HEAD:compose.yml", ":/one", "a\0b"] {
        assert!(matches!(repository.resolve(hostile).await, Err(GitError::BadRef(_))), "{hostile}");
    }
}

#[tokio::test]
async fn a_working_copy_holds_what_was_committed_whatever_the_recipes_attributes_say() {
    let bench = Bench::new().await;
    bench.commit("a branch").await;
    let attributes = "* text eol=crlf\nid.conf ident working-tree-encoding=UTF-16\n";
    let entries = [
        ("100644", ".gitattributes", attributes),
        ("100644", "compose.yml", "services: {}\n"),
        ("100644", "id.conf", "$Id$ one\r\n"),
    ];
    let commit = bench.commit_raw(&entries).await;
    let repository = bench.open().await;
    let copy = repository.working_copy(&bench.root.path().join("copy")).await.unwrap();
    copy.check_out(&commit).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(copy.dir().join(name)).unwrap();
    assert_eq!((read("compose.yml").as_str(), read("id.conf").as_str()), ("services: {}\n", "$Id$ one\r\n"));
    assert!(copy.changes().await.unwrap().is_empty());
}

#[tokio::test]
async fn files_are_read_raw_with_modes_and_links() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "services: {}\n");
    bench.write("tests/custom/run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(bench.repo().join("tests/custom/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    bench.write("logo.png", b"\x89PNG\0\0");
    bench.write("big", vec![b'x'; 1024 * 1024 + 1]);
    bench.write("weird name\u{fc}.txt", "a\nb");
    // Attributes that an archive would obey: hide a file, rewrite another.
    bench.write(".gitattributes", "hidden.txt export-ignore\ncompose.yml eol=crlf\nid.txt export-subst\n");
    bench.write("hidden.txt", "seen");
    bench.write("id.txt", "$Format:%H$");
    std::os::unix::fs::symlink("../compose.yml", bench.repo().join("tests/link.yml")).unwrap();
    std::os::unix::fs::symlink("tests", bench.repo().join("folder")).unwrap();
    let commit = bench.commit("all").await;
    let repository = bench.open().await;
    let files = repository.files(&commit).await.unwrap();
    assert_eq!(files.text["compose.yml"], "services: {}\n");
    assert_eq!(files.text["tests/link.yml"], "services: {}\n");
    assert_eq!(files.text["weird name\u{fc}.txt"], "a\nb");
    assert_eq!((files.text["hidden.txt"].as_str(), files.text["id.txt"].as_str()), ("seen", "$Format:%H$"));
    assert_eq!(files.executable, BTreeSet::from(["tests/custom/run.sh".to_owned()]));
    let why = |path: &str| match &files.left_out[path] {
        LeftOut::NoText(unread) => Some(unread.why),
        LeftOut::Link | LeftOut::Submodule | LeftOut::OddName => None,
    };
    assert_eq!(files.left_out.keys().collect::<Vec<_>>(), ["big", "folder", "logo.png"]);
    assert_eq!((why("big"), why("folder")), (Some(NoText::TooLong), None));
    assert_eq!(why("logo.png"), Some(NoText::NotUtf8 { line: 1, byte: 0x89 }));

    let dir = bench.fresh();
    repository.checkout(&commit, &dir).await.unwrap();
    let mode = |path: &str| std::fs::metadata(dir.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("tests/custom/run.sh"), mode("compose.yml")), (0o755, 0o644));
    assert_eq!(std::fs::read_to_string(dir.join("tests/link.yml")).unwrap(), "services: {}\n");
    assert_eq!(std::fs::read(dir.join("compose.yml")).unwrap(), b"services: {}\n");
    assert_eq!(std::fs::metadata(dir.join("big")).unwrap().len(), 1024 * 1024 + 1);
    assert!(!dir.join(".git").exists());
    let again = repository.checkout(&commit, &dir).await.unwrap_err();
    assert!(matches!(again, GitError::Write { .. }), "a checkout never mixes with what is there");
}

#[tokio::test]
async fn links_out_of_the_tree_are_refused_before_anything_is_written() {
    for target in ["/etc/passwd", "../outside", "a/../../outside", "..", ".git/config"] {
        let bench = Bench::new().await;
        bench.write("compose.yml", "services: {}\n");
        std::os::unix::fs::symlink(target, bench.repo().join("link")).unwrap();
        let commit = bench.commit("link").await;
        let repository = bench.open().await;
        assert!(matches!(repository.files(&commit).await, Err(GitError::UnsafeLink { .. })), "{target}");
        let error = repository.checkout(&commit, &bench.fresh()).await.unwrap_err();
        assert!(matches!(error, GitError::UnsafeLink { .. }), "{target}: {error}");
        assert!(!bench.fresh().exists(), "{target}");
    }
}

#[tokio::test]
async fn links_that_climb_through_links_are_refused() {
    let bench = Bench::new().await;
    bench.write("p/q/f", "x");
    std::os::unix::fs::symlink("../..", bench.repo().join("p/q/up")).unwrap();
    std::os::unix::fs::symlink("up/../secret", bench.repo().join("p/q/out")).unwrap();
    let commit = bench.commit("climb").await;
    let error = bench.open().await.files(&commit).await.unwrap_err();
    assert!(matches!(error, GitError::UnsafeLink { ref path, .. } if path == "p/q/out"), "{error}");
}

#[tokio::test]
async fn circles_of_links_end() {
    let bench = Bench::new().await;
    std::os::unix::fs::symlink("b", bench.repo().join("a")).unwrap();
    std::os::unix::fs::symlink("a", bench.repo().join("b")).unwrap();
    let commit = bench.commit("circle").await;
    let files = bench.open().await.files(&commit).await.unwrap();
    assert_eq!(files.left_out.len(), 2);
}

#[tokio::test]
async fn paths_no_honest_git_would_write_are_refused() {
    for path in ["..", ".", ".GIT", "../x", "a\n/../x"] {
        let bench = Bench::new().await;
        let commit = bench.commit_raw(&[("100644", path, "x")]).await;
        let repository = bench.open().await;
        assert!(repository.files(&commit).await.is_err(), "{path:?}");
        assert!(repository.checkout(&commit, &bench.fresh()).await.is_err(), "{path:?}");
        assert!(!bench.root.path().join("x").exists() && !bench.fresh().exists(), "{path:?}");
    }
}

#[tokio::test]
async fn a_file_is_never_written_through_a_link() {
    let bench = Bench::new().await;
    // `dir` once as a link and once as a folder: only a crafted tree holds both.
    let inner = bench.git_with(&["hash-object", "-w", "--stdin"], b"payload").await;
    let sub = bench.git_with(&["mktree"], format!("100644 blob {inner}\tfile\n").as_bytes()).await;
    let link = bench.git_with(&["hash-object", "-w", "--stdin"], b"elsewhere").await;
    let mut raw = Vec::new();
    for (mode, object) in [("120000", &link), ("40000", &sub)] {
        raw.extend_from_slice(format!("{mode} dir\0").as_bytes());
        raw.extend((0..20).map(|i| u8::from_str_radix(&object[i * 2..i * 2 + 2], 16).unwrap()));
    }
    let tree = bench.git_with(&["hash-object", "-w", "--literally", "-t", "tree", "--stdin"], &raw).await;
    let commit = Commit::parse(&bench.git(&["commit-tree", "-m", "raw", &tree]).await).unwrap();
    std::fs::create_dir_all(bench.fresh()).unwrap();
    let error = bench.open().await.checkout(&commit, &bench.fresh()).await.unwrap_err();
    assert!(matches!(error, GitError::Write { .. }), "{error}");
    assert!(!bench.fresh().join("elsewhere").exists());
}

#[tokio::test]
async fn nothing_of_the_repository_runs() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "one\n");
    bench.write(".gitattributes", "*.yml filter=evil\n");
    let commit = bench.commit("one").await;
    let proof = bench.root.path().join("ran");
    let touch = format!("touch {}", proof.display());
    for key in [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "core.pager",
        "core.sshCommand",
    ] {
        bench.git(&["config", key, &touch]).await;
    }
    bench.git(&["config", "filter.evil.required", "true"]).await;
    for hook in ["post-checkout", "post-index-change", "reference-transaction"] {
        let path = bench.repo().join(".git/hooks").join(hook);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    bench.write("compose.yml", "two\n");
    let repository = bench.open().await;
    assert_eq!(repository.uncommitted().await.unwrap(), ["compose.yml"]);
    repository.resolve("HEAD").await.unwrap();
    repository.tags().await.unwrap();
    repository.default_branch_tip().await.unwrap();
    assert_eq!(repository.files(&commit).await.unwrap().text["compose.yml"], "one\n");
    repository.checkout(&commit, &bench.fresh()).await.unwrap();
    assert!(!proof.exists(), "code of the repository was run");
    // The trap itself works: an ordinary git falls into it.
    let plain = Command::new("git").args(["status"]).cwd(bench.repo());
    process::run(&plain, &CancellationToken::new()).await.unwrap();
    assert!(proof.exists(), "the trap of this test does not work");
}

#[tokio::test]
async fn uncommitted_changes_are_named() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "one\n");
    bench.commit("one").await;
    let repository = bench.open().await;
    assert!(repository.notes().await.unwrap().is_empty());
    bench.write("compose.yml", "two\n");
    bench.write("new file", "x");
    assert_eq!(repository.uncommitted().await.unwrap(), ["compose.yml", "new file"]);
    assert_eq!(
        repository.notes().await.unwrap(),
        ["2 files with uncommitted changes: not tested, --worktree would (compose.yml, new file)"]
    );
}

#[tokio::test]
async fn a_url_is_mirrored_once_and_then_brought_up_to_date() {
    let bench = Bench::new().await;
    let one = bench.commit("one").await;
    let first = bench.open_as(&bench.url()).await.unwrap();
    assert_eq!(first.resolve("HEAD").await.unwrap(), one);
    let two = bench.commit("two").await;
    bench.git(&["tag", "-a", "1.0.0+1", "-m", "release"]).await;
    bench.git(&["update-ref", "refs/pull/7/head", one.as_str()]).await;
    let second = bench.open_as(&bench.url()).await.unwrap();
    assert_eq!(second.git_dir, first.git_dir);
    assert_eq!(second.resolve("HEAD").await.unwrap(), two);
    assert_eq!(second.resolve("refs/pull/7/head").await.unwrap(), one);
    assert_eq!(second.tags().await.unwrap().len(), 1);
    // The default branch gets another name; the old one is gone.
    bench.git(&["branch", "-m", "main", "trunk"]).await;
    let three = bench.commit("three").await;
    let third = bench.open_as(&bench.url()).await.unwrap();
    assert_eq!(third.default_branch_tip().await.unwrap(), Some(("HEAD".to_owned(), three)));
    assert!(matches!(third.resolve("main").await, Err(GitError::UnknownRef(_))));
    assert!(third.uncommitted().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_runs_may_mirror_the_same_url_at_once() {
    let bench = Bench::new().await;
    let one = bench.commit("one").await;
    let url = bench.url();
    let (left, right) = tokio::join!(bench.open_as(&url), bench.open_as(&url));
    assert_eq!(left.unwrap().resolve("HEAD").await.unwrap(), one);
    assert_eq!(right.unwrap().resolve("HEAD").await.unwrap(), one);
}

#[tokio::test]
async fn the_default_branch_of_a_checkout_is_what_its_remote_says() {
    let bench = Bench::new().await;
    let one = bench.commit("one").await;
    let repository = bench.open().await;
    assert_eq!(repository.default_branch_tip().await.unwrap(), Some(("main".to_owned(), one.clone())));
    bench.commit("two").await;
    bench.git(&["update-ref", "refs/remotes/origin/dev", one.as_str()]).await;
    bench.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/dev"]).await;
    assert_eq!(repository.default_branch_tip().await.unwrap(), Some(("origin/HEAD".to_owned(), one)));
}

#[tokio::test]
async fn what_is_no_repository_of_its_own_is_named() {
    let bench = Bench::new().await;
    bench.write("examples/app/compose.yml", "x");
    bench.commit("one").await;
    let inside = bench.repo().join("examples/app");
    assert!(matches!(bench.open_as(inside.to_str().unwrap()).await, Err(GitError::Inside(_))));
    let plain = tempfile::tempdir().unwrap();
    assert!(matches!(bench.open_as(plain.path().to_str().unwrap()).await, Err(GitError::NotARepository(_))));
    let missing = format!("file://{}/missing", bench.root.path().display());
    let error = bench.open_as(&missing).await.unwrap_err();
    assert!(matches!(&error, GitError::Fetch { url, .. } if *url == missing), "{error}");
    let empty = Bench::new().await;
    assert!(matches!(empty.open().await.resolve("HEAD").await, Err(GitError::NoCommits)));
}
