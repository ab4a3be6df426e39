//! A pull request as people see it on a forge: the conversation with its Markdown drawn, and the statuses of the newest commit.

use super::world::{GHOST, Pulled, World, text};
use pulldown_cmark::{Event, Options, Parser, html};
use std::fmt::Write;

/// How a forge looks, roughly: what matters is how much room a comment has, and that it follows the reader's dark or light.
const STYLE: &str = "
:root { color-scheme: light dark; --line: light-dark(#d0d7de, #3d444d); --soft: light-dark(#f6f8fa, #161b22); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 980px; padding: 16px; }
article { border: 1px solid var(--line); border-radius: 6px; margin: 16px 0; }
article > header { background: var(--soft); border-bottom: 1px solid var(--line); border-radius: 6px 6px 0 0; padding: 8px 12px; }
article > div { overflow-wrap: break-word; overflow-x: auto; padding: 4px 12px; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: 4px 10px; }
pre { background: var(--soft); overflow-x: auto; padding: 10px; } img { max-width: 100%; }
ul.statuses { list-style: none; padding: 0; }
";

/// The page at this path, if it is one of a pull request.
pub(super) fn of_pull(world: &World, path: &str) -> Option<String> {
    let [owner, name, "pulls", number] = path.trim_matches('/').split('/').collect::<Vec<_>>()[..] else { return None };
    let full = format!("{owner}/{name}");
    let number: u64 = number.parse().ok()?;
    let pull = world.repos.get(&full)?.pulls.get(&number)?;
    let mut page = format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <meta http-equiv=refresh content=5><title>{full} #{number}</title><style>{STYLE}</style></head><body><main>\
         <h1>{full} #{number}</h1><p>{} wants to bring <code>{}</code> of {} into <code>main</code>. Its head is \
         <code>{}</code>. It is {}.</p>",
        shown(&login(world, pull.author)),
        shown(&pull.branch),
        shown(pull.from.as_deref().unwrap_or("a fork that is gone")),
        shown(&pull.sha),
        state(pull),
    );
    for remark in world.remarks.values().filter(|one| one.repo == full && one.number == number && one.ordinary) {
        let (author, time) = (shown(&login(world, remark.author)), text(remark.made));
        let edited = if remark.changed > remark.made { ", edited" } else { "" };
        let body = drawn(&remark.body);
        add(
            &mut page,
            format_args!("<article><header><b>{author}</b> at {time}{edited}</header><div>{body}</div></article>"),
        );
    }
    page.push_str("<h2>Statuses</h2><ul class=statuses>");
    let mut last = std::collections::BTreeMap::new();
    for mark in world.marks.iter().filter(|mark| mark.repo == full && mark.sha == pull.sha) {
        last.insert(&mark.context, mark);
    }
    for (context, mark) in last {
        let (context, words, to) = (shown(context), shown(&mark.description), shown(&mark.target_url));
        add(&mut page, format_args!("<li>{}: <a href=\"{to}\">{context}</a>, {words}</li>", shown(&mark.state)));
    }
    page.push_str("</ul></main></body></html>");
    Some(page)
}

const fn state(pull: &Pulled) -> &'static str {
    match (pull.merged, pull.open) {
        (true, _) => "merged",
        (false, true) => "open",
        (false, false) => "closed",
    }
}

fn login(world: &World, id: i64) -> String {
    let name = if id == GHOST { None } else { world.users.get(&id) };
    name.cloned().unwrap_or_else(|| "Ghost".to_owned())
}

/// Markdown as forges draw it: of HTML only what folds is left, comments are not shown, the rest is letters.
fn drawn(markdown: &str) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => {
            let kept = ["<details>", "<details><summary>", "</details>", "<summary>", "</summary>"];
            match &*html {
                text if text.starts_with("<!--") => None,
                text if kept.iter().any(|tag| text.starts_with(tag)) => Some(Event::Html(html)),
                text => Some(Event::Text(text.to_owned().into())),
            }
        }
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

fn shown(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn add(page: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _written = page.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn what_folds_is_drawn_and_other_html_is_letters() {
        let text = drawn(
            "<!-- hidden -->\n### a\n\n<details><summary>log</summary>\n\n```text\n<b>\n```\n\n</details>\n\n<img src=x>\n",
        );
        assert!(text.contains("<h3>a</h3>") && text.contains("<details><summary>log</summary>"), "{text}");
        assert!(!text.contains("hidden") && !text.contains("<img") && text.contains("&lt;b&gt;"), "{text}");
    }
}
