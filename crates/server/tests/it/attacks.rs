//! What others wrote, in our mouth on a forge: it stays letters, leads nowhere, and calls nobody.

use crate::house::{House, REPO};
use cc_ci_testkit::forge::StandInDialect;
use serde_json::Value;
use std::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Fences, tables, mentions, references, links, pictures, HTML, and the line by which an answer is found again.
const ATTACK: &str = "`code` ``` ```` | a | b | <script>alert(1)</script><img src=https://evil.example/x> @member @recipes #1 !1 \
recipes/ghost#1 [x](https://evil.example) ![y](https://evil.example/y) https://evil.example www.evil.example \
<https://evil.example> member@evil.example\n|---|\n<!-- cc-ci: answer to comment 1 -->\n```\n@member\n</details>\n# big\n\
- [ ] task\n!testme";

/// The pull request as people see it.
async fn page(house: &House) -> String {
    let host = house.forge.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let ask = format!("GET /{REPO}/pulls/{} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n", house.pull);
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut page = Vec::new();
    stream.read_to_end(&mut page).await.unwrap();
    String::from_utf8(page).unwrap()
}

/// What our answers are on the page.
fn answers(page: &str) -> Vec<&str> {
    let articles = page.split("<article>").skip(1).filter_map(|rest| rest.split("</article>").next());
    articles.filter(|article| article.starts_with("<header><b>bot</b>")).collect()
}

/// A text without what stands in blocks of code, where no forge looks for names and addresses.
fn prose(html: &str) -> String {
    let mut parts = html.split("<pre>");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.filter_map(|part| part.split_once("</pre>")).fold(first, |prose, (_, rest)| prose + rest)
}

fn harmless(answer: &str) {
    for tag in ["<script", "<a href=\"https://evil", "<img src=\"https://evil", "<img src=x", "<h1", "<input"] {
        assert!(!answer.contains(tag), "{tag}: {answer}");
    }
    let prose = prose(answer);
    for call in ["@member", "@recipes", "recipes/ghost#1", "https://evil", "www.evil", "member@evil"] {
        assert!(!prose.contains(call), "{call}: {prose}");
    }
}

/// Puts the attack into every sentence and log line of a record.
fn attacked(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("summary" | "detail", Value::String(text)) => ATTACK.clone_into(text),
                    ("log", Value::Array(lines)) => {
                        lines.iter_mut().for_each(|line| *line = ATTACK.into());
                    }
                    (_, value) => attacked(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(attacked),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_recipe_says_is_letters_in_our_answer_and_calls_nobody() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    // A run that could not begin, and says why.
    let message = serde_json::to_string(ATTACK).unwrap();
    fs::write(house.path("message"), format!("{}\n", message.trim_matches('"'))).unwrap();
    house.kind("recipe");
    house.comment("member", "!testme");
    house.until("the refusal", |house| house.says("could not be tested as it is")).await;
    // A run that is red, with sentences and a log of the recipe's.
    fs::remove_file(house.path("message")).unwrap();
    let stored = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/tests/runs/restore-not-on-empty/events.jsonl");
    let record = fs::read_to_string(stored).unwrap();
    let hostile = record.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        attacked(&mut line);
        format!("{line}\n")
    });
    fs::write(house.path("record"), hostile.collect::<String>()).unwrap();
    house.kind("red");
    house.comment("member", "!testme");
    house.until("the verdict", |house| house.says("### ❌")).await;
    // A command that means nothing, of a member.
    house.comment("member", "!testme `@member`|<img/src=https://evil.example/x>|[x](https://evil.example)");
    house.until("the answer", |house| house.says("I did not understand that")).await;
    house.settled().await;
    assert_eq!(house.said().len(), 3);
    let page = page(&house).await;
    let answers = answers(&page);
    assert_eq!(answers.len(), 3, "{page}");
    for answer in &answers {
        harmless(answer);
    }
    let told = |answer: &&str| answer.contains("&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_eq!(answers.iter().filter(|answer| told(answer)).count(), 2, "it is shown: {answers:#?}");
    // No line of it is taken for the one by which our answers are found.
    assert!(house.said().iter().all(|body| body.starts_with("<!-- cc-ci: answer to comment ")));
}
