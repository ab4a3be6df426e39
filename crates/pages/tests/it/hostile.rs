//! Every text of a record replaced by an attack: page, badge, card and comment stay what they are.

use crate::runs;
use cc_ci_model::event::Stamped;
use cc_ci_model::plan::Plan;
use cc_ci_pages::comment::{Address, PublishedAt};
use cc_ci_pages::page::{Attachments, Log, document};
use cc_ci_pages::{badge, card, comment};
use serde_json::Value;

const ATTACKS: [&str; 4] = [
    "\"><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>",
    "' onmouseover='alert(1)' style='position:fixed' </title></style></script></pre><!-- ]]> {{ 7*7 }}",
    "x\u{1b}[31m\u{202e}\u{0}\u{8}\u{9b}@everyone #1 !2 https://evil.example/ javascript:alert(1)",
    "|```\n\n</details>\n# heading\n[a](https://evil.example) ![b](https://evil.example/x.png) <b>",
];

/// Replaces every text that the reader of records does not refuse.
fn attacked(plan: &Plan, events: &[Stamped], attack: &str) -> (Plan, Vec<Stamped>) {
    let mut replaced = 0;
    let mut plan = serde_json::to_value(plan).unwrap();
    replaced += replace::<Plan>(&mut plan, attack);
    let events = events.iter().map(|event| {
        let mut event = serde_json::to_value(event).unwrap();
        replaced += replace::<Stamped>(&mut event, attack);
        serde_json::from_value(event).unwrap()
    });
    let events = events.collect();
    assert!(replaced > 40, "only {replaced} texts were attacked");
    (serde_json::from_value(plan).unwrap(), events)
}

fn replace<T: serde::de::DeserializeOwned>(root: &mut Value, attack: &str) -> usize {
    let mut places = Vec::new();
    collect(root, String::new(), &mut places);
    let mut replaced = 0;
    for place in places {
        let was = std::mem::replace(root.pointer_mut(&place).unwrap(), Value::String(attack.to_owned()));
        // The keys by which a record is told apart, and names that are checked, do not take it.
        if serde_json::from_value::<T>(root.clone()).is_ok() {
            replaced += 1;
        } else {
            *root.pointer_mut(&place).unwrap() = was;
        }
    }
    replaced
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::String(_) => places.push(at),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), places);
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

fn attacked_runs(attack: &str) -> Vec<(Plan, Vec<Stamped>)> {
    [runs::green(), runs::red(), runs::skips()]
        .into_iter()
        .map(|(mut plan, events)| {
            plan.customization.insert(attack.to_owned(), attack.to_owned());
            attacked(&plan, &events, attack)
        })
        .collect()
}

const TAGS: &str = "html head meta title style body main script article header p code time h1 h2 h3 span strong div b ul li ol section \
                    dl dt dd pre details summary table thead tbody tr th td svg line rect a figure figcaption img br label input \
                    output footer";
const ATTRIBUTES: &str = "lang charset http-equiv content name class datetime role aria-label aria-labelledby id tabindex open scope \
                          viewbox preserveaspectratio aria-hidden x x1 x2 y y1 y2 width height href src alt hidden for type \
                          autocomplete spellcheck";

/// Reads a page as a browser would, as far as tags go, and fails at any that no template of ours has written.
fn only_our_markup(html: &str) {
    let mut rest = html;
    let mut scripts = 0;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(declaration) = rest.strip_prefix('!') {
            assert!(declaration.starts_with("doctype html>"), "a comment: {}", &rest[..60.min(rest.len())]);
            continue;
        }
        let closing = rest.starts_with('/');
        rest = rest.trim_start_matches('/');
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        let name = rest[..end].to_ascii_lowercase();
        assert!(TAGS.split_whitespace().any(|tag| tag == name), "<{name}");
        rest = attributes(&rest[end..], &name);
        if !closing && (name == "script" || name == "style") {
            scripts += 1;
            let end = rest.find(&format!("</{name}>")).unwrap();
            rest = &rest[end..];
        }
    }
    assert_eq!(scripts, 2, "one style, one script");
}

/// Reads the attributes of a tag, up to and with its end.
fn attributes<'t>(mut rest: &'t str, tag: &str) -> &'t str {
    loop {
        rest = rest.trim_start_matches([' ', '\n', '/']);
        if let Some(after) = rest.strip_prefix('>') {
            return after;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap();
        let name = rest[..end].to_ascii_lowercase();
        assert!(
            ATTRIBUTES.split_whitespace().any(|known| known == name),
            "<{tag} {name}: {}",
            &rest[..60.min(rest.len())]
        );
        rest = &rest[end..];
        if let Some(value) = rest.strip_prefix("=\"") {
            let end = value.find('"').unwrap();
            if name == "href" || name == "src" {
                let ours =
                    ["data:image/png;base64,", "events.jsonl", "results.json", "junit.xml", "timeline.json", "logs/"];
                assert!(ours.iter().any(|start| value[..end].starts_with(start)), "{name}={}", &value[..end]);
            }
            rest = &value[end + 1..];
        } else {
            assert!(!rest.starts_with('='), "<{tag} {name}= without quotes");
        }
    }
}

#[test]
fn a_page_has_no_markup_but_its_own() {
    for attack in ATTACKS {
        for (plan, events) in attacked_runs(attack) {
            let log =
                Log { service: attack.to_owned(), file: "logs/app.log".to_owned(), text: attack.to_owned(), cut: 9 };
            let kept = Attachments { logs: vec![log], effective_stack: Some(attack.to_owned()), ..runs::kept() };
            let html = document(&runs::view(&plan, &events), &plan, &kept).unwrap();
            only_our_markup(&html);
            let unfit = ['\u{1b}', '\u{202e}', '\0', '\u{8}', '\u{9b}'];
            assert!(!html.contains(unfit), "what steers or hides text is gone");
        }
    }
}

#[test]
fn the_markup_test_finds_foreign_markup() {
    for bad in [
        "<script></script>",
        "<b onclick=\"x\">",
        "<b style=\"x\">",
        "<a href=\"https://evil.example\">",
        "<b class=x>",
        "<!-- x -->",
        "<iframe>",
    ] {
        let html = format!("<style></style><p>{bad}</p><script></script>");
        assert!(std::panic::catch_unwind(|| only_our_markup(&html)).is_err(), "{bad}");
    }
}

#[test]
fn pictures_are_drawn_whatever_the_text() {
    for attack in ATTACKS {
        for (plan, events) in attacked_runs(attack) {
            let view = runs::view(&plan, &events);
            for svg in [badge::render(&view).unwrap(), card::svg(&view).unwrap()] {
                let document = roxmltree::Document::parse(&svg).unwrap();
                let foreign = document
                    .descendants()
                    .find(|node| ["script", "img", "image", "a"].contains(&node.tag_name().name()));
                assert_eq!(foreign, None);
            }
            card::png(&view).unwrap();
        }
    }
}

#[test]
fn a_comment_keeps_its_form() {
    for attack in ATTACKS {
        for (plan, events) in attacked_runs(attack) {
            let at = PublishedAt::At(Address::parse("https://ci.example/r").unwrap());
            let text = comment::render(&runs::view(&plan, &events), &at);
            let outside = outside_of_fences(&text);
            assert_eq!(outside.lines().filter(|line| line.starts_with('#')).count(), 1, "{text}");
            assert!(outside.lines().filter(|line| line.starts_with('|')).all(|line| pipes(line) == 5), "{text}");
            for bad in ["<script", "<img", "<b>", "@everyone", "https://evil", " #1", " !2", "](https://evil"] {
                assert!(!outside.contains(bad), "{bad}: {text}");
            }
            assert_eq!(
                outside.matches("](").count() - outside.matches("\\](").count(),
                if text.contains("badge.svg") { 3 } else { 2 }
            );
        }
    }
}

/// Cells are divided by pipes that are not escaped.
fn pipes(line: &str) -> usize {
    line.replace("\\\\", "").replace("\\|", "").matches('|').count()
}

fn outside_of_fences(text: &str) -> String {
    let mut fence: Option<String> = None;
    let mut outside = String::new();
    for line in text.lines() {
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.chars().take_while(|c| *c == '`').collect()),
            None => outside.extend([line, "\n"]),
        }
    }
    assert_eq!(fence, None, "a fence is open: {text}");
    outside
}
