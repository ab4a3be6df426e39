//! Files of a run: what is on the list, and nothing by any trick.

use crate::browser::Browser;
use crate::planted::green;
use axum::http::StatusCode;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

#[tokio::test]
async fn a_file_is_served_as_what_it_is_and_can_run_nothing() {
    let browser = Browser::new();
    let folder = green("r1").plant(browser.state().root());
    fs::write(folder.join("index.html"), "<script>alert(1)</script>").unwrap();
    fs::write(folder.join("lint.txt"), "<script>alert(1)</script>").unwrap();
    for (file, kind) in [
        ("index.html", "text/html; charset=utf-8"),
        ("lint.txt", "text/plain; charset=utf-8"),
        ("events.jsonl", "text/plain; charset=utf-8"),
        ("logs/app.log", "text/plain; charset=utf-8"),
        ("effective-stack.yml", "text/plain; charset=utf-8"),
        ("results.json", "application/json"),
        ("screenshot.png", "image/png"),
    ] {
        let answer = browser.get(&format!("/runs/r1/{file}")).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (StatusCode::OK, kind), "{file}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("sandbox; default-src 'none'"), "{file}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{file}");
        assert!(answer.headers["cache-control"].to_str().unwrap().contains("max-age"), "{file}");
    }
    assert_eq!(browser.get("/runs/r1/lint.txt").await.text, "<script>alert(1)</script>", "whole, as plain text");
}

#[tokio::test]
async fn nothing_else_is_served() {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    let folder = green("r1").plant(&root);
    fs::write(root.join("secret"), "s").unwrap();
    for hidden in ["ledger.jsonl", "lock", "keep", "reaper.log"] {
        fs::write(folder.join(hidden), "hidden").unwrap();
    }
    fs::create_dir_all(folder.join("trees/head")).unwrap();
    fs::write(folder.join("trees/head/compose.yml"), "hidden").unwrap();
    fs::create_dir_all(root.join("jobs/1")).unwrap();
    for path in [
        "ledger.jsonl",
        "lock",
        "keep",
        "reaper.log",
        "trees/head/compose.yml",
        "..%2f..%2fsecret",
        "../../secret",
        "%2e%2e/%2e%2e/secret",
        "logs/..%2flock",
        "logs/%2e%2e/lock.log",
        "logs/..%2f..%2f..%2fsecret.log",
        "lint.txt%00",
        "logs",
        "logs/",
        "",
        ".",
        "events.jsonl/",
        "%252e%252e/secret",
    ] {
        let status = browser.get(&format!("/runs/r1/{path}")).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    for run in ["..", "%2e%2e", "r1%2f..", "r2", "r1%00", "-", "%ff"] {
        let status = browser.get(&format!("/runs/{run}/events.jsonl")).await.status;
        assert!(status.is_client_error(), "{run}: {status}");
    }
}

#[tokio::test]
async fn links_pipes_and_endless_files_in_a_run_folder_hang_and_reveal_nothing() {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    fs::write(root.join("secret.log"), "the secret").unwrap();
    let folder = green("r1").plant(&root);
    let pipe = |at: &std::path::Path| {
        drop(fs::remove_file(at));
        nix::unistd::mkfifo(at, nix::sys::stat::Mode::S_IRUSR).unwrap();
    };
    symlink("../../../secret.log", folder.join("logs/linked.log")).unwrap();
    symlink("../../secret.log", folder.join("lint.txt")).unwrap();
    pipe(&folder.join("logs/pipe.log"));
    pipe(&folder.join("summary.txt"));
    pipe(&folder.join("lock"));
    let piped = green("r2").plant(&root);
    pipe(&piped.join("events.jsonl"));
    let linked = green("r3").plant(&root);
    fs::remove_file(linked.join("events.jsonl")).unwrap();
    symlink("../../secret.log", linked.join("events.jsonl")).unwrap();
    let long = green("r4").plant(&root);
    fs::OpenOptions::new().write(true).open(long.join("events.jsonl")).unwrap().set_len(1 << 40).unwrap();
    symlink("r1", root.join("runs/r5")).unwrap();
    let mut seen = String::new();
    let paths = [
        "/",
        "/run/r1",
        "/run/r2",
        "/run/r3",
        "/run/r4",
        "/run/r5",
        "/run/r2/live",
        "/run/r4/live",
        "/recipe/miniflux",
    ];
    let files = [
        "r1/lint.txt",
        "r1/summary.txt",
        "r1/logs/linked.log",
        "r1/logs/pipe.log",
        "r2/events.jsonl",
        "r3/events.jsonl",
        "r5/events.jsonl",
    ];
    for path in paths.map(str::to_owned).into_iter().chain(files.map(|file| format!("/runs/{file}"))) {
        let answer = tokio::time::timeout(Duration::from_secs(10), browser.get(&path)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{path} hangs"));
        if path.starts_with("/runs/") || path == "/run/r5" {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
        seen += &answer.text;
    }
    assert!(!seen.contains("the secret"));
    assert!(
        seen.contains("its record is not a file") && seen.contains("longer than a page can be made from"),
        "{seen}"
    );
    assert!(!seen.contains(root.to_str().unwrap()), "no page says where the folder is");
}
