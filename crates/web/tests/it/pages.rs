//! What each page says, and that its links lead somewhere.

use crate::boards;
use crate::browser::{Browser, links};
use crate::planted::{self, Planted, green, like};
use axum::http::StatusCode;
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::{RunDir, RunLock};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

const PAGES: [&str; 9] = [
    "/",
    "/?q=mini&color=green",
    "/recipe/miniflux",
    "/recipe/miniflux?page=2",
    "/run/over",
    "/run/going-on",
    "/queue",
    "/pr/coop-cloud/miniflux/12",
    "/help",
];

/// What the stored runs of crates/store do not have, and every run that ended has.
const MISSING: [&str; 2] = ["/junit.xml", "/timeline.json"];

/// A server with a run that is over, one that goes on, a folder that cannot be read, and a board with something of everything.
fn furnished() -> (Browser, RunLock) {
    let browser = Browser::new();
    let state = browser.state();
    planted::many(state.root(), 40, 5);
    green("over").plant(state.root());
    let (dir, lock) = RunDir::create(&state, &RunId::parse("going-on").unwrap()).unwrap();
    let record = like("pictured", "going-on").record();
    fs::write(dir.file("events.jsonl"), record[..40].join("\n") + "\n").unwrap();
    browser.publish.send(Arc::new(boards::full(SystemTime::now(), "going-on", "over"))).unwrap();
    (browser, lock)
}

/// The text of a page, tags taken out.
fn text(html: &str) -> String {
    let words = html.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(_, text)| text);
    words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn every_page_is_whole_without_scripts_and_every_link_leads_somewhere() {
    let (browser, _lock) = furnished();
    let mut asked = BTreeSet::new();
    for path in PAGES.into_iter().chain(["/run/broken-02", "/nowhere"]) {
        let page = browser.get(path).await;
        let expected = if path == "/nowhere" { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(page.status, expected, "{path}");
        assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"), "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert!(page.text.contains("<h1>") && page.text.contains("<html lang=\"en\">"), "{path}");
        // The policy forbids what stands in the page.
        for inside in ["<style", " style=\"", "data:image", "javascript:", " onclick"] {
            assert!(!page.text.contains(inside), "{path}: {inside}");
        }
        assert_eq!(page.text.matches("<script").count(), page.text.matches("<script src=\"/assets/").count(), "{path}");
        for link in links(&page.text) {
            let outside = link.starts_with("https://forge.example.org/");
            let link = if link.starts_with('?') { format!("{}{link}", path.split('?').next().unwrap()) } else { link };
            assert!(outside || link.starts_with('/') || link.starts_with('#'), "{path}: {link}");
            if link.starts_with('/') {
                asked.insert(link.split('#').next().unwrap().to_owned());
            }
        }
    }
    for link in asked.iter().filter(|link| !link.contains("/live")) {
        let status = browser.get(link).await.status;
        assert!(status.as_u16() < 400 || MISSING.iter().any(|file| link.ends_with(file)), "{link}: {status}");
    }
    assert!(asked.len() > 50, "{asked:?}");
}

#[tokio::test]
async fn what_needs_somebody_comes_first_and_the_server_answers_the_search() {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    Planted { recipe: "aaa-fine", ..green("g1") }.plant(&root);
    Planted { recipe: "unsure", ..like("unverified", "u1") }.plant(&root);
    Planted { recipe: "newly-red", started: "2026-11-28T11:00:00Z".into(), ..like("rolls-back", "r2") }.plant(&root);
    Planted { recipe: "long-red", started: "2026-11-01T11:00:00Z".into(), ..like("rolls-back", "r1") }.plant(&root);
    Planted { recipe: "long-red", started: "2026-11-27T11:00:00Z".into(), ..like("rolls-back", "r3") }.plant(&root);
    let cards = |html: &str| {
        let of = html.split("<h2><a href=\"/recipe/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        of.collect::<Vec<_>>()
    };
    let page = browser.get("/").await;
    assert_eq!(cards(&page.text), ["long-red", "newly-red", "unsure", "aaa-fine"]);
    assert!(text(&page.text).contains("4 recipes: 2 red, 1 unverified, 1 green."), "{}", text(&page.text));
    assert_eq!(cards(&browser.get("/?color=red").await.text), ["long-red", "newly-red"]);
    assert_eq!(cards(&browser.get("/?q=RED&color=green").await.text), Vec::<String>::new());
    assert_eq!(cards(&browser.get("/?q=new").await.text), ["newly-red"]);
    assert_eq!(cards(&browser.get("/?color=blue").await.text).len(), 4, "an unknown colour is none");
}

#[tokio::test]
async fn a_pull_request_says_nothing_about_how_the_recipe_stands() {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    assert!(browser.get("/badge/miniflux.svg").await.text.contains("unknown"));
    Planted { pr: Some(7), started: "2026-11-28T12:00:00Z".into(), ..like("rolls-back", "pull") }.plant(&root);
    let only_pull = browser.get("/badge/miniflux.svg").await;
    assert!(only_pull.text.contains("unknown") && only_pull.status == StatusCode::OK, "{}", only_pull.text);
    green("main").plant(&root);
    let badge = browser.get("/badge/miniflux.svg").await;
    assert!(badge.text.contains("miniflux: level"), "{}", badge.text);
    assert_eq!(
        (&badge.headers["cache-control"], &badge.headers["content-type"]),
        (&"no-cache".parse().unwrap(), &"image/svg+xml".parse().unwrap())
    );
    let again = browser.ask("/badge/miniflux.svg", &[("if-none-match", badge.headers["etag"].to_str().unwrap())]).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    // A run of a part of it, later than both.
    Planted { started: "2026-11-28T13:00:00Z".into(), ..like("skips", "partial") }.plant(&root);
    let partial = fs::read_to_string(browser.run("partial").join("results.json")).unwrap().contains("\"level\": null");
    let later = browser.get("/badge/miniflux.svg").await;
    assert_eq!(later.text == badge.text, partial, "only a run without a level leaves the badge as it was");
    assert_eq!(browser.get("/badge/..%2Fx.svg").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn equal_commits_that_disagree_are_flaky_unless_the_machine_is_to_blame() {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    green("one").plant(&root);
    Planted { started: "2026-11-28T11:00:00Z".into(), ..like("unverified", "machine") }.plant(&root);
    assert!(!browser.get("/recipe/miniflux").await.text.contains("id=\"flaky\""));
    Planted { head: 'b', ..like("rolls-back", "other") }.plant(&root);
    assert!(!browser.get("/recipe/miniflux").await.text.contains("id=\"flaky\""), "another commit may differ");
    like("rolls-back", "two").plant(&root);
    let page = browser.get("/recipe/miniflux").await;
    assert!(page.text.contains("id=\"flaky\"") && page.text.contains("<code>aaaaaaaa</code>"), "{}", page.text);
    assert!(browser.get("/").await.text.contains("<b>flaky</b>"));
}

#[tokio::test]
async fn a_run_that_goes_on_is_never_shown_as_it_was() {
    let browser = Browser::new();
    let state = browser.state();
    let (dir, lock) = RunDir::create(&state, &RunId::parse("r1").unwrap()).unwrap();
    assert!(browser.get("/run/r1").await.text.contains("The run prepares"));
    let record = green("r1").record();
    fs::write(dir.file("events.jsonl"), record[..50].join("\n") + "\n").unwrap();
    let page = browser.get("/run/r1").await.text;
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
    assert!(page.contains("data-live=\"/run/r1/live?after=49\"") && page.contains("Running: in "), "{page}");
    assert!(browser.get("/").await.text.contains("running now: in "));
    // Its process dies: not one byte of its record changes.
    drop(lock);
    let page = browser.get("/run/r1").await.text;
    assert!(page.contains("Died") && !page.contains("http-equiv=\"refresh\""), "{page}");
    assert!(text(&browser.get("/").await.text).contains("died"));
    fs::write(dir.file("events.jsonl"), record.join("\n") + "\n").unwrap();
    let page = browser.get("/run/r1").await.text;
    assert!(page.contains("Green") && !page.contains("data-live"), "{page}");
    fs::remove_dir_all(dir.path()).unwrap();
    assert_eq!(browser.get("/run/r1").await.status, StatusCode::NOT_FOUND);
    assert!(browser.get("/").await.text.contains("No run has come to a verdict yet"));
}

#[tokio::test]
async fn the_queue_says_why_a_job_waits_and_a_pull_request_what_was_answered() {
    let (browser, _lock) = furnished();
    let queue = text(&browser.get("/queue").await.text);
    for words in [
        "1 running, 2 waiting.",
        "waits for 1.2 GiB of memory, starts in about 4 min",
        "waits for another run to end",
        "refused compose.yml: the policy forbids `privileged`",
        "503 from the forge, for 15 min",
    ] {
        assert!(queue.contains(words), "{words}: {queue}");
    }
    let pull = text(&browser.get("/pr/coop-cloud/miniflux/12").await.text);
    for words in ["3 requests", "!testme faster", "did you mean `status`?", "Answered: green, level 5", "Attempt 2"] {
        assert!(pull.contains(words), "{words}: {pull}");
    }
    for nowhere in ["/pr/coop-cloud/miniflux/13", "/pr/coop-cloud/other/12", "/pr/coop-cloud/miniflux/x"] {
        assert_eq!(browser.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

#[tokio::test]
async fn older_runs_are_on_further_pages() {
    let browser = Browser::new();
    for at in 0..35 {
        let id = format!("r{at:02}");
        Planted { started: format!("2026-11-28T10:{at:02}:00Z"), ..like("rolls-back", &id) }
            .plant(browser.state().root());
    }
    let rows = |html: &str| html.matches("<th scope=\"row\"><a href=\"/run/").count();
    let first = browser.get("/recipe/miniflux").await.text;
    assert_eq!((rows(&first), first.contains("?page=2"), first.contains("Newer")), (30, true, false));
    let second = browser.get("/recipe/miniflux?page=2").await.text;
    assert_eq!((rows(&second), second.contains("?page=1"), second.contains("Older runs")), (5, true, false));
    assert!(second.contains("/run/r04") && !second.contains("/run/r05"));
    let far = browser.get("/recipe/miniflux?page=18446744073709551615").await;
    assert!(far.status == StatusCode::OK && far.text.contains("There are no older runs"));
}
