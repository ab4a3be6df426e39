//! Real folders over real commits.

use super::super::tests::Bench;
use super::*;
use std::os::unix::fs::{PermissionsExt as _, symlink};

async fn read_over(bench: &Bench, commit: &Commit) -> Result<WorkTree, GitError> {
    bench.open().await.work_tree(commit).await
}

#[tokio::test]
async fn what_lies_in_the_folder_is_read_and_what_git_ignores_is_not() {
    let bench = Bench::new().await;
    for (path, text) in
        [("kept", "1"), ("changed", "1"), ("gone", "1"), ("run.sh", "#!/bin/sh"), (".gitignore", "*.log\n")]
    {
        bench.write(path, text);
    }
    let commit = bench.commit("one").await;
    bench.write("changed", "2");
    bench.write("staged", "x");
    bench.git(&["add", "staged"]).await;
    bench.write("new/file", "3");
    bench.write("debug.log", "secret");
    std::fs::remove_file(bench.repo().join("gone")).unwrap();
    std::fs::set_permissions(bench.repo().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("changed", bench.repo().join("link")).unwrap();

    let tree = read_over(&bench, &commit).await.unwrap();
    let files = tree.files().unwrap();
    let texts: Vec<(&str, &str)> = files.text.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (".gitignore", "*.log\n"),
            ("changed", "2"),
            ("kept", "1"),
            ("link", "2"),
            ("new/file", "3"),
            ("run.sh", "#!/bin/sh"),
            ("staged", "x")
        ]
    );
    assert_eq!(files.executable, BTreeSet::from(["run.sh".to_owned()]));
    assert_eq!(tree.changed, ["changed", "gone", "link", "new/file", "run.sh", "staged"]);
    assert_eq!(tree.notes(), ["the folder was tested, not the commit: 6 files of it differ (changed, gone, link, …)"]);

    // What was read is what is deployed, whatever becomes of the folder meanwhile.
    bench.write("changed", "4");
    tree.checkout(&bench.fresh()).unwrap();
    let of = |path: &str| std::fs::read_to_string(bench.fresh().join(path)).unwrap();
    assert_eq!((of("changed"), of("link"), of("new/file")), ("2".to_owned(), "2".to_owned(), "3".to_owned()));
    assert!(!bench.fresh().join(".git").exists() && !bench.fresh().join("debug.log").exists());
    assert!(bench.fresh().join("link").is_symlink());
}

#[tokio::test]
async fn ids_are_those_of_git() {
    let bench = Bench::new().await;
    bench.write("a", "text\n");
    bench.write("b", [0u8, 255]);
    bench.write("empty", "");
    bench.write(".gitattributes", "* text eol=crlf ident\n");
    symlink("a", bench.repo().join("link")).unwrap();
    let commit = bench.commit("one").await;
    let tree = read_over(&bench, &commit).await.unwrap();
    assert_eq!(tree.contents().unwrap(), bench.open().await.contents(&commit).await.unwrap());
    assert_eq!(tree.notes(), ["the folder was tested: nothing in it differs from the commit"]);
    assert_eq!(tree.files().unwrap(), bench.open().await.files(&commit).await.unwrap());
}

#[tokio::test]
async fn a_folder_that_became_a_link_gives_nothing_of_elsewhere_away() {
    let bench = Bench::new().await;
    bench.write("sub/file", "inside");
    let commit = bench.commit("one").await;
    let private = bench.root.path().join("private");
    std::fs::create_dir(&private).unwrap();
    std::fs::write(private.join("file"), "outside").unwrap();
    std::fs::remove_dir_all(bench.repo().join("sub")).unwrap();
    symlink(&private, bench.repo().join("sub")).unwrap();
    // Git names the link itself, which leads out.
    let tree = read_over(&bench, &commit).await.unwrap();
    assert!(!tree.content.blobs.values().any(|bytes| bytes == b"outside"));
    let error = tree.files().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the folder holds a symbolic link that leaves the repository: `sub` -> `{}`; nothing was checked out",
            private.display()
        )
    );
    assert!(matches!(tree.checkout(&bench.fresh()), Err(GitError::UnsafeLink { .. })));
    assert!(!bench.fresh().exists());
}

#[tokio::test]
async fn a_file_that_became_a_pipe_is_not_waited_for() {
    let bench = Bench::new().await;
    bench.write("file", "x");
    let commit = bench.commit("one").await;
    std::fs::remove_file(bench.repo().join("file")).unwrap();
    nix::unistd::mkfifo(&bench.repo().join("file"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(read_over(&bench, &commit).await.unwrap().changed, ["file"]);
}

#[tokio::test]
async fn a_repository_in_the_folder_is_left_out_and_named() {
    let bench = Bench::new().await;
    bench.write("compose.yml", "x");
    let commit = bench.commit("one").await;
    bench.git(&["init", "--quiet", "vendor/other"]).await;
    bench.write("vendor/other/file", "x");
    let tree = read_over(&bench, &commit).await.unwrap();
    assert_eq!(tree.notes()[1..], ["left out, being repositories of their own: vendor/other"]);
    assert_eq!(tree.files().unwrap().text.keys().collect::<Vec<_>>(), ["compose.yml"]);
    // One that is tracked is none of the folder's files either.
    bench.git(&["-C", "vendor/other", "add", "file"]).await;
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.test"];
    bench.git(&[&["-C", "vendor/other"], &identity[..], &["commit", "--quiet", "-m", "one"]].concat()).await;
    let commit = bench.commit("two").await;
    let tree = read_over(&bench, &commit).await.unwrap();
    assert_eq!(tree.changed, Vec::<String>::new());
    assert_eq!(tree.nested, ["vendor/other"]);
}

#[tokio::test]
async fn a_folder_has_the_limits_of_a_commit() {
    let bench = Bench::new().await;
    let commit = bench.commit("one").await;
    let holds = "the folder holds more than";
    std::fs::File::create(bench.repo().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let error = read_over(&bench, &commit).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{holds} 64 MiB")), "{error}");
    std::fs::remove_file(bench.repo().join("huge")).unwrap();

    bench.write(&format!("{}file", "d/".repeat(70)), "x");
    let error = read_over(&bench, &commit).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{holds} 64 folders in one another")), "{error}");
    std::fs::remove_dir_all(bench.repo().join("d")).unwrap();

    for at in 0..=ENTRIES {
        bench.write(&format!("many/{at}"), "");
    }
    let error = read_over(&bench, &commit).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{holds} 20000 files")), "{error}");
    // What is ignored does not count.
    bench.write(".gitignore", "many\n");
    read_over(&bench, &commit).await.unwrap();
}

#[tokio::test]
async fn names_that_no_compose_file_can_say_are_left_out_and_told() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::new().await;
    let commit = bench.commit("one").await;
    for name in [b"line\nbreak".as_slice(), b"esc\x1b[2J", b"caf\xe9", "caf\u{e9}".as_bytes()] {
        std::fs::write(bench.repo().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let files = read_over(&bench, &commit).await.unwrap().files().unwrap();
    assert_eq!(files.text["caf\u{e9}"], "x");
    let note =
        r"left out, because their names hold control characters or are no UTF-8: caf\xe9, esc\x1b[2J, line\nbreak";
    assert_eq!(files.notes(), [note]);
}

#[tokio::test]
async fn a_url_has_no_folder() {
    let bench = Bench::new().await;
    let commit = bench.commit("one").await;
    let repository = bench.open_as(&format!("file://{}", bench.repo().display())).await.unwrap();
    assert!(matches!(repository.work_tree(&commit).await, Err(GitError::NoWorkTree)));
}
