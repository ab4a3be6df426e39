//! Every text that others wrote replaced by an attack: in records, names, comments and answers of a forge.

use crate::boards;
use crate::browser::{Browser, links};
use crate::planted::like;
use cc_ci_model::event::Stamped;
use cc_ci_web::board::request::RequestState;
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

const ATTACKS: [&str; 4] = [
    "\"><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>",
    "' onmouseover='alert(1)' style='position:fixed' </title></style></script></pre><!-- ]]> {{ 7*7 }}",
    "x\u{1b}[31m\u{202e}\u{0}\u{8}\u{9b}@everyone https://evil.example/ javascript:alert(1)",
    "\ndata: x\n\nevent: done\ndata: forged\r\r<b>",
];

/// Replaces every text of an event that the reader of records does not refuse.
fn attacked(line: &str, attack: &str) -> String {
    let mut event: Value = serde_json::from_str(line).unwrap();
    let mut places = Vec::new();
    collect(&event, String::new(), &mut places);
    for place in places {
        let was = std::mem::replace(event.pointer_mut(&place).unwrap(), attack.into());
        if serde_json::from_value::<Stamped>(event.clone()).is_err() {
            *event.pointer_mut(&place).unwrap() = was;
        }
    }
    event.to_string()
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(at),
        Value::Array(items) => {
            for (key, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{key}"), places);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                collect(item, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn an_attack_stays_text_on_every_page() {
    for attack in ATTACKS {
        let browser = Browser::new();
        let planted = like("restore-not-on-empty", "r1");
        let folder = planted.plant(browser.state().root());
        let record: Vec<String> = planted.record().iter().map(|line| attacked(line, attack)).collect();
        fs::write(folder.join("events.jsonl"), record.join("\n") + "\n").unwrap();
        fs::write(folder.join("logs/app.log"), attack.repeat(50)).unwrap();
        let mut board = boards::full(SystemTime::now(), "r1", "r1");
        board.not_ready = vec![attack.to_owned()];
        for row in &mut board.requests {
            (row.author, row.command, row.answer) = (attack.to_owned(), attack.to_owned(), Some(attack.to_owned()));
            row.state = RequestState::Refused { why: attack.to_owned() };
        }
        for row in &mut board.repositories {
            (row.owner, row.name) = (attack.to_owned(), attack.to_owned());
        }
        for row in &mut board.queued {
            row.job.pull.as_mut().into_iter().for_each(|pull| pull.repo = attack.to_owned());
        }
        board.alerts.iter_mut().for_each(|row| row.text = attack.to_owned());
        board.forges.iter_mut().for_each(|row| row.name = attack.to_owned());
        browser.publish.send(Arc::new(board)).unwrap();
        for path in ["/", "/recipe/miniflux", "/run/r1", "/queue", "/pr/coop-cloud/miniflux/12", "/badge/miniflux.svg"]
        {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            harmless(path, &page.text);
        }
        let live = browser.get("/run/r1/live").await.text;
        harmless("live", &live);
        let ends = live.split(['\n', '\r']).filter(|line| *line == "event: done").count();
        assert_eq!(ends, 1, "nobody but the server ends the stream: {live}");
        assert!(live.ends_with("event: done\ndata: over\nid: 124\n\n"), "{}", &live[live.len() - 200..]);
        let query = "/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&color=%22%3E%3Cscript%3E";
        harmless(query, &browser.get(query).await.text);
    }
}

fn harmless(path: &str, html: &str) {
    for markup in ["<script>", "<img src=x", "<svg onload", "' onmouseover='", "style='", "<!--", "\u{202e}", "\u{1b}"]
    {
        assert!(!html.contains(markup), "{path}: {markup:?}");
    }
    assert_eq!(html.matches("<script").count(), html.matches("<script src=\"/assets/").count(), "{path}");
    for link in links(html) {
        let known = ["/", "?", "#", "https://forge.example.org/"].iter().any(|begin| link.starts_with(begin));
        assert!(known && !link.starts_with("//"), "{path}: {link}");
    }
}
