//! How long each page takes over 500 stored runs, 30 of them broken folders. It prints figures and expects none.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench stops at the first surprise and prints figures")]

#[path = "../tests/it/boards.rs"]
mod boards;
#[expect(dead_code, reason = "tests ask for more")]
#[path = "../tests/it/browser.rs"]
mod browser;
#[expect(dead_code, reason = "tests plant more")]
#[path = "../tests/it/planted.rs"]
mod planted;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often each page is asked for.
const TIMES: usize = 200;

#[tokio::main]
async fn main() {
    let browser = browser::Browser::new();
    planted::many(browser.state().root(), 500, 30);
    let board = boards::full(SystemTime::now(), "2026-11-27-0001", "2026-11-27-0000");
    browser.publish.send(Arc::new(board)).unwrap();
    let begun = Instant::now();
    browser.get("/").await;
    println!("the first page, which reads every record: {:?}", begun.elapsed());
    let pages = [
        "/",
        "/recipe/miniflux",
        "/run/2026-11-27-0000",
        "/run/broken-02",
        "/queue",
        "/help",
        "/pr/coop-cloud/miniflux/12",
    ];
    let programs = ["/badge/miniflux.svg", "/api/v1/recipes", "/api/v1/runs/2026-11-27-0000", "/metrics"];
    for path in pages.into_iter().chain(programs) {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..TIMES {
            let begun = Instant::now();
            assert_eq!(browser.get(path).await.status, 200, "{path}");
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        println!("{path}: median {:?}, p95 {:?}", times[TIMES / 2], times[TIMES * 95 / 100]);
    }
}
