//! The stream of a run that goes on: nothing lost, nothing twice, an end, and a limit to who may look on.

use crate::browser::Browser;
use crate::planted::{green, like};
use axum::body::BodyDataStream;
use axum::http::StatusCode;
use cc_ci_model::ids::RunId;
use cc_ci_store::run_dir::RunDir;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

/// What a reader has: each part by the id of its element.
#[derive(Default)]
struct Reader {
    parts: BTreeMap<String, String>,
    last: Option<u64>,
    told: Vec<String>,
    over: bool,
}

impl Reader {
    /// Reads on until the event of that number came, or the stream ends.
    async fn read(&mut self, stream: &mut BodyDataStream, until: u64) {
        let mut text = String::new();
        while self.last.is_none_or(|last| last < until) && !self.over {
            let chunk = tokio::time::timeout(Duration::from_secs(20), stream.next()).await.expect("an event");
            let Some(chunk) = chunk else { return };
            text += std::str::from_utf8(&chunk.unwrap()).unwrap();
            while let Some((event, rest)) = text.split_once("\n\n") {
                self.take(event);
                text = rest.to_owned();
            }
        }
    }

    fn take(&mut self, event: &str) {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        let Some(kind) = field("event: ") else { return };
        let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        let data = data.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n");
        match kind {
            "note" => self.told.push(data),
            "done" => self.over = true,
            _ => {
                let id = data.split(" id=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
                let before = self.parts.insert(id.clone(), data.clone());
                assert_ne!(before, Some(data), "{id} came twice");
            }
        }
        if let Some(id) = field("id: ") {
            let id = id.parse().unwrap();
            assert!(self.last.is_none_or(|last| last <= id), "{id} after {:?}", self.last);
            self.last = Some(id);
        }
    }
}

#[tokio::test]
async fn a_reader_that_was_away_has_in_the_end_what_the_page_shows() {
    let browser = Browser::new();
    let (dir, lock) = RunDir::create(&browser.state(), &RunId::parse("r1").unwrap()).unwrap();
    let record = green("r1").record();
    let add = |from: usize, to: usize| {
        let mut file = OpenOptions::new().create(true).append(true).open(dir.file("events.jsonl")).unwrap();
        file.write_all((record[from..to].join("\n") + "\n").as_bytes()).unwrap();
    };
    add(0, 30);
    let mut reader = Reader::default();
    let (status, mut stream) = browser.stream("/run/r1/live", &[]).await;
    assert_eq!(status, StatusCode::OK);
    reader.read(&mut stream, 29).await;
    assert_eq!((reader.last, reader.parts.len()), (Some(29), 8));
    add(30, 50);
    reader.read(&mut stream, 49).await;
    // Away, while the run goes on.
    drop(stream);
    add(50, 90);
    let last = reader.last.unwrap().to_string();
    let (_, mut stream) = browser.stream("/run/r1/live?after=3", &[("last-event-id", &last)]).await;
    reader.read(&mut stream, 89).await;
    assert!(reader.told.iter().any(|note| note.starts_with("Running: in ")), "{:?}", reader.told);
    add(90, record.len());
    drop(lock);
    reader.read(&mut stream, u64::MAX).await;
    assert!(reader.over && stream.next().await.is_none(), "it ends by itself");
    assert_eq!(reader.told.last().unwrap(), "This run is over.");
    let page = browser.get("/run/r1").await.text;
    for (id, part) in &reader.parts {
        assert!(page.contains(part.trim()), "{id} is not what the page shows: {part}");
    }
}

#[tokio::test]
async fn a_reader_of_a_page_is_sent_only_what_the_page_does_not_show() {
    let browser = Browser::new();
    green("r1").plant(browser.state().root());
    let last = green("r1").record().len() - 1;
    let all = browser.get(&format!("/run/r1/live?after={last}")).await.text;
    // The page was drawn while the run went on; that it is over changes the head and the note.
    assert!(!all.contains("event: tier") && all.contains("event: done"), "{all}");
    let whole = browser.get("/run/r1/live").await.text;
    assert_eq!(whole.matches("event: tier").count(), 5);
    assert_eq!(browser.get("/run/nobody/live").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_run_whose_process_dies_ends_the_stream() {
    let browser = Browser::new();
    let (dir, lock) = RunDir::create(&browser.state(), &RunId::parse("r1").unwrap()).unwrap();
    let (_, mut stream) = browser.stream("/run/r1/live", &[]).await;
    let mut reader = Reader::default();
    let record = like("green", "r1").record();
    std::fs::write(dir.file("events.jsonl"), record[..20].join("\n") + "\n").unwrap();
    reader.read(&mut stream, 19).await;
    assert!(!reader.over);
    drop(lock);
    reader.read(&mut stream, u64::MAX).await;
    assert!(reader.over && reader.parts["cc-ci-head"].contains("Died"));
}

#[tokio::test]
async fn one_address_has_ten_places_and_gives_them_back() {
    let browser = Browser::new();
    let (_dir, _lock) = RunDir::create(&browser.state(), &RunId::parse("r1").unwrap()).unwrap();
    let mut streams = Vec::new();
    for _ in 0..10 {
        let (status, stream) = browser.stream("/run/r1/live", &[]).await;
        assert_eq!(status, StatusCode::OK);
        streams.push(stream);
    }
    let refused = browser.get("/run/r1/live").await;
    assert_eq!(
        (refused.status, refused.headers["retry-after"].to_str().unwrap()),
        (StatusCode::SERVICE_UNAVAILABLE, "10")
    );
    assert_eq!(browser.get("/run/r1").await.status, StatusCode::OK, "the page itself is for everybody");
    streams.pop();
    let (status, _stream) = browser.stream("/run/r1/live", &[]).await;
    assert_eq!(status, StatusCode::OK);
}
