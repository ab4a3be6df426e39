//! Repositories whose own settings, objects or sizes are made against whoever reads them.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

/// A repository with one committed file that was changed since, and a program that leaves a proof when it runs.
struct Trap {
    bench: Bench,
    commit: Commit,
}

impl Trap {
    async fn new() -> Self {
        let bench = Bench::new().await;
        bench.write("compose.yml", "one\n");
        let commit = bench.commit("one").await;
        let trap = Self { bench, commit };
        let program = format!("#!/bin/sh\ntouch {}\ncat\n", trap.proof().display());
        std::fs::write(trap.program(), program).unwrap();
        std::fs::set_permissions(trap.program(), std::fs::Permissions::from_mode(0o755)).unwrap();
        trap.bench.write("compose.yml", "two\n");
        trap
    }

    fn proof(&self) -> PathBuf {
        self.bench.root.path().join("ran")
    }

    fn program(&self) -> PathBuf {
        self.bench.root.path().join("program")
    }

    fn add(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.bench.repo().join(".git").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut content = std::fs::read(&path).unwrap_or_default();
        content.extend_from_slice(text.as_ref());
        std::fs::write(path, content).unwrap();
    }

    /// A filter of this name that runs the program, for every file.
    fn filter(&self, name: &[u8]) {
        let program = self.program();
        let keys = format!("\"]\n\tclean = {0}\n\tsmudge = {0}\n\tprocess = {0}\n", program.display());
        self.add("config", [b"[filter \"", name, keys.as_bytes()].concat());
        self.add("info/attributes", [b"* filter=", name, b"\n"].concat());
    }

    /// Reads everything there is to read.
    async fn read(&self, dir: &Path) {
        let repository = self.bench.open_as(dir.to_str().unwrap()).await.unwrap();
        repository.resolve("HEAD").await.unwrap();
        repository.tags().await.unwrap();
        repository.default_branch_tip().await.unwrap();
        repository.notes().await.unwrap();
        assert_eq!(repository.files(&self.commit).await.unwrap().text["compose.yml"], "one\n");
        let copy = repository.working_copy(&self.bench.root.path().join("copy")).await.unwrap();
        copy.check_out(&self.commit).await.unwrap();
        assert_eq!(std::fs::read_to_string(copy.dir().join("compose.yml")).unwrap(), "one\n");
        assert!(copy.changes().await.unwrap().is_empty());
    }

    /// Whether an ordinary git falls into the trap.
    async fn works(&self, dir: &Path) -> bool {
        let plain = Command::new("git").args(["status"]).cwd(dir).env("GIT_CONFIG_GLOBAL", "/dev/null");
        process::run(&plain, &CancellationToken::new()).await.unwrap();
        self.proof().exists()
    }
}

#[tokio::test]
async fn a_filter_does_not_run_whatever_its_name_is() {
    for name in [b"plain".as_slice(), b"a=b", b"a.b", b"=", b"caf\xe9", b"core.fsmonitor=x", b"clean=;x"] {
        let trap = Trap::new().await;
        trap.filter(name);
        trap.read(&trap.bench.repo()).await;
        assert!(!trap.proof().exists(), "{} ran", name.escape_ascii());
        assert!(trap.works(&trap.bench.repo()).await, "the trap {} does not work", name.escape_ascii());
    }
}

#[tokio::test]
async fn a_filter_in_an_included_file_or_in_the_settings_of_a_worktree_does_not_run() {
    let trap = Trap::new().await;
    trap.filter(b"a=b");
    let config = trap.bench.repo().join(".git/config");
    let whole = std::fs::read_to_string(&config).unwrap();
    let (own, filter) = whole.split_once("[filter").unwrap();
    trap.add("elsewhere", format!("[filter{filter}"));
    std::fs::write(&config, format!("{own}[include]\n\tpath = elsewhere\n")).unwrap();
    trap.read(&trap.bench.repo()).await;
    assert!(!trap.proof().exists());
    assert!(trap.works(&trap.bench.repo()).await);

    let trap = Trap::new().await;
    let tree = trap.bench.root.path().join("tree");
    trap.bench.git(&["config", "extensions.worktreeConfig", "true"]).await;
    trap.bench.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]).await;
    trap.add("info/attributes", "* filter=a=b\n");
    let program = trap.program();
    trap.add("worktrees/tree/config.worktree", format!("[filter \"a=b\"]\n\tclean = {}\n", program.display()));
    std::fs::write(tree.join("compose.yml"), "two\n").unwrap();
    trap.read(&tree).await;
    assert!(!trap.proof().exists());
    assert!(trap.works(&tree).await);
}

#[tokio::test]
async fn a_git_folder_that_is_a_file_gives_nothing_away_to_its_settings() {
    let trap = Trap::new().await;
    trap.filter(b"a=b");
    trap.bench.git(&["config", "core.fsmonitor", trap.program().to_str().unwrap()]).await;
    let folder = trap.bench.root.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(".git"), format!("gitdir: {}\n", trap.bench.repo().join(".git").display())).unwrap();
    std::fs::write(folder.join("compose.yml"), "two\n").unwrap();
    trap.read(&folder).await;
    assert!(!trap.proof().exists());
}

#[tokio::test]
async fn settings_that_name_programs_do_not_run_them() {
    let trap = Trap::new().await;
    let program = trap.program();
    for key in [
        "core.alternateRefsCommand",
        "core.askPass",
        "core.editor",
        "core.fsmonitor",
        "core.gitProxy",
        "core.pager",
        "core.sshCommand",
        "credential.helper",
        "diff.external",
        "diff.x.command",
        "diff.x.textconv",
        "gpg.program",
        "merge.x.driver",
        "pager.status",
        "remote.origin.uploadpack",
        "sequence.editor",
        "trailer.x.command",
        "uploadpack.packObjectsHook",
        "alias.status",
    ] {
        trap.bench.git(&["config", key, program.to_str().unwrap()]).await;
    }
    trap.bench.git(&["config", "status.submoduleSummary", "true"]).await;
    trap.bench.git(&["config", "protocol.ext.allow", "always"]).await;
    trap.bench.git(&["config", "remote.origin.url", &format!("ext::{}", program.display())]).await;
    trap.bench.git(&["config", "remote.origin.promisor", "true"]).await;
    trap.add("info/attributes", "* diff=x merge=x\n");
    trap.read(&trap.bench.repo()).await;
    assert!(!trap.proof().exists());
}

#[tokio::test]
async fn a_submodule_with_settings_of_its_own_is_not_looked_into() {
    let trap = Trap::new().await;
    let inner = trap.bench.repo().join("inner");
    std::fs::create_dir(&inner).unwrap();
    for words in [
        vec!["init", "--quiet"],
        vec!["-c", "user.name=t", "-c", "user.email=t@example.test", "commit", "--quiet", "--allow-empty", "-m", "x"],
        vec!["config", "core.fsmonitor", trap.program().to_str().unwrap()],
    ] {
        let command = Command::new("git").args(words).cwd(&inner);
        process::run(&command, &CancellationToken::new()).await.unwrap().require_success(&command).unwrap();
    }
    trap.bench.git(&["-c", "core.fsmonitor=false", "add", "inner"]).await;
    let repository = trap.bench.open().await;
    repository.notes().await.unwrap();
    assert!(!trap.proof().exists());
}

#[tokio::test]
async fn a_commit_is_what_its_id_says() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "honest\n");
    let one = bench.commit("one").await;
    bench.write("compose.yml", "other\n");
    let two = bench.commit("two").await;
    bench.git(&["replace", one.as_str(), two.as_str()]).await;
    let info = bench.repo().join(".git/info");
    std::fs::create_dir_all(&info).unwrap();
    std::fs::write(info.join("grafts"), format!("{two}\n")).unwrap();
    let repository = bench.open().await;
    assert_eq!(repository.files(&one).await.unwrap().text["compose.yml"], "honest\n");
    let count = repository.command().args(["rev-list", "--count", two.as_str()]);
    assert_eq!(repository.read(&count).await.unwrap().stdout_text().trim(), "2");
}

#[tokio::test]
async fn a_repository_cannot_say_that_its_files_are_elsewhere() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "one\n");
    bench.commit("one").await;
    let private = bench.root.path().join("private");
    std::fs::create_dir(&private).unwrap();
    std::fs::write(private.join("payroll.ods"), "x").unwrap();
    bench.git(&["config", "core.worktree", private.to_str().unwrap()]).await;
    let notes = match bench.open_as(bench.repo().to_str().unwrap()).await {
        Ok(repository) => repository.notes().await.unwrap(),
        Err(error) => vec![error.to_string()],
    };
    assert!(!notes.join("\n").contains("payroll"), "{notes:?}");
}

/// A tree of trees, `levels` deep, each with `width` names for the same one.
async fn bomb(bench: &Bench, levels: usize, width: usize) -> Commit {
    let blob = bench.git_with(&["hash-object", "-w", "--stdin"], b"x").await;
    let mut entry = format!("100644 blob {blob}");
    for _ in 0..levels {
        let list: String = (0..width).map(|at| format!("{entry}\tn{at}\n")).collect();
        entry = format!("040000 tree {}", bench.git_with(&["mktree"], list.as_bytes()).await);
    }
    let tree = entry.rsplit(' ').next().unwrap().to_owned();
    Commit::parse(&bench.git(&["commit-tree", "-m", "bomb", &tree]).await).unwrap()
}

#[tokio::test]
async fn a_tree_of_ten_thousand_million_paths_is_refused_by_their_number() {
    let bench = Bench::new().await;
    let commit = bomb(&bench, 10, 10).await;
    let error = bench.open().await.files(&commit).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the commit holds more than 20000 files, which no recipe does; nothing was checked out"
    );
    let error = bench.open().await.checkout(&commit, &bench.fresh()).await.unwrap_err();
    assert!(matches!(error, GitError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_tree_that_is_too_deep_or_too_heavy_is_refused() {
    let bench = Bench::new().await;
    let deep = bomb(&bench, 200, 1).await;
    let error = bench.open().await.files(&deep).await.unwrap_err();
    assert!(error.to_string().contains("more than 64 folders in one another"), "{error}");
    for at in 0..70 {
        bench.write(&format!("big/{at}"), vec![b'a' + at % 26; 1_000_000 + usize::from(at)]);
    }
    let heavy = bench.commit("heavy").await;
    let error = bench.open().await.files(&heavy).await.unwrap_err();
    assert!(error.to_string().contains("more than 64 MiB"), "{error}");
}

#[tokio::test]
async fn objects_that_git_cannot_read_are_the_repositorys_fault() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "one\n");
    let commit = bench.commit("one").await;
    let blob = bench.git(&["rev-parse", "HEAD:compose.yml"]).await;
    let object = bench.repo().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    std::fs::remove_file(&object).unwrap();
    let error = bench.open().await.files(&commit).await.unwrap_err();
    assert!(matches!(error, GitError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn a_token_in_a_url_is_in_no_error_and_in_no_file() {
    let bench = Bench::new().await;
    let error = bench.open_as("http://me:tok3n-value@127.0.0.1:9/r/ghost.git").await.unwrap_err();
    assert!(matches!(error, GitError::Fetch { .. }) && !error.to_string().contains("tok3n"), "{error}");
    let cache = bench.root.path().join("cache");
    let found = Command::new("grep").args(["-r", "tok3n"]).arg(&cache);
    assert_eq!(process::run(&found, &CancellationToken::new()).await.unwrap().code(), Some(1));
}

#[tokio::test]
async fn the_lock_of_a_mirror_follows_no_link() {
    let bench = Bench::new().await;
    bench.commit("one").await;
    bench.open_as(&bench.url()).await.unwrap();
    let cache = bench.root.path().join("cache");
    let lock = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
    let lock = lock.into_iter().find(|path| path.extension().is_some_and(|end| end == "lock")).unwrap();
    let precious = bench.root.path().join("precious");
    std::fs::write(&precious, "kept").unwrap();
    std::fs::remove_file(&lock).unwrap();
    symlink(&precious, &lock).unwrap();
    let error = bench.open_as(&bench.url()).await.unwrap_err();
    assert!(matches!(error, GitError::Write { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "kept");
}
