//! Real runs that a server started, with the server killed meanwhile, and a stand-in for the forge.

use super::product::Product;
use super::serving::{RUN, killed_at, one_green_run, world};
use cc_ci_server::Point;
use cc_ci_testkit::served::{LivePage, MEMBER, Offered, Served};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Comments, and gives the run that is said to go on, once it has a page.
async fn ask(served: &Served, offered: &Offered) -> (String, LivePage) {
    served.forge.comment(&offered.repo, offered.pull, MEMBER, "!testme");
    let said = served.until_said(offered, RUN, |_| {}, |said| said.contains("/run/")).await.unwrap();
    let run = said.split("/run/").nth(1).and_then(|rest| rest.split(')').next()).unwrap().to_owned();
    let began = Instant::now();
    loop {
        match served.live(&run, None).await {
            Ok(page) => return (run, page),
            Err(error) => assert!(began.elapsed() < RUN, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let below = |entry: fs::DirEntry| {
        let kind = entry.file_type().unwrap();
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => files(&entry.path()),
            (_, true) => vec![entry.path()],
            (false, false) => Vec::new(),
        }
    };
    entries.flat_map(below).collect()
}

/// The environments of all processes whose arguments name the run.
fn environments(run: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let ours = |process: &std::path::PathBuf| {
        fs::read(process.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(run))
    };
    entries.filter(ours).filter_map(|process| fs::read(process.join("environ")).ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "real engine: make test"]
async fn a_server_killed_and_exchanged_in_the_middle_of_a_run_answers_with_that_run() {
    let product = Product::with_engine();
    let (served, offered, folder) = world(&product).await;
    let mut server = served.start().await.unwrap();
    served.enrol(&offered.repo).await.unwrap();
    let (run, mut page) = ask(&served, &offered).await;
    let mut seen = None;
    while seen.is_none() {
        seen = page.next().await.expect("the run goes on").seen;
    }
    let secrets = served.secrets().unwrap();
    let holds = |bytes: &[u8]| secrets.iter().any(|one| bytes.windows(one.len()).any(|part| part == one.as_bytes()));
    let environments = environments(&run);
    assert!(!environments.is_empty(), "the run is a process");
    assert!(environments.iter().all(|one| !one.is_empty() && !holds(one)));

    server.kill().await.unwrap();
    while let Some(event) = page.next().await {
        seen = event.seen.or(seen);
    }
    let at = seen.unwrap();
    assert!(served.get("/healthz").await.is_err(), "the server is gone");
    let program = folder.path().join("cc-ci");
    fs::copy(&program, folder.path().join("cc-ci.new")).unwrap();
    fs::rename(folder.path().join("cc-ci.new"), &program).unwrap();
    let _server = served.start().await.unwrap();
    // A browser comes again by itself, and says what it saw.
    let mut page = served.live(&run, Some(at)).await.unwrap();
    let mut over = false;
    while let Some(event) = page.next().await {
        assert!(event.seen.is_none_or(|seen| seen >= at), "{event:?} after {at}");
        over |= event.kind == "done";
    }
    assert!(over, "the live page goes on to the end");
    one_green_run(&served, &offered).await;
    assert!(served.state().join("runs").join(&run).is_dir());
    let files = files(&served.state());
    assert!(files.len() > 30, "only {} files seen", files.len());
    for file in files {
        assert!(!holds(&fs::read(&file).unwrap()), "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "real engine: make test"]
async fn a_server_killed_before_it_has_a_run_answers_with_one_run() {
    killed_at(&Product::with_engine(), Point::RunChosen).await;
}
