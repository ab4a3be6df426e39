//! What an HTML page shows to a person with a browser, and what it needs for that.

use super::script;
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

/// Elements that show something without text, or will.
const SHOWING: [&[u8]; 13] = [
    b"script", b"img", b"svg", b"iframe", b"frame", b"object", b"embed", b"canvas", b"video", b"form", b"input",
    b"button", b"picture",
];

/// Elements whose text nobody sees.
const HIDDEN: [&[u8]; 6] = [b"head", b"title", b"script", b"style", b"template", b"noscript"];

/// A page that leads on after more seconds than these lets itself be read.
const AT_ONCE: f64 = 5.0;

/// A page as a browser with scripts reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Html {
    /// Its title; empty for none.
    pub(super) title: String,
    /// Its first heading, a first one before a second one; empty for none.
    pub(super) heading: String,
    /// Its text.
    pub(super) text: String,
    /// Whether it has an element that shows something without text.
    pub(super) shows: bool,
    /// Where it leads on by itself: as it says it, or by a script, where it shows nothing else.
    pub(super) refresh: Option<String>,
    /// The scripts and style sheets without which it is not itself, as it names them.
    pub(super) needs: Vec<String>,
    /// The scripts among them.
    pub(super) scripts: Vec<String>,
    /// The style sheets among them.
    pub(super) styles: Vec<String>,
    /// Where it links to, as it names it.
    pub(super) links: Vec<String>,
    /// From where it names what it names, if not from where it is.
    pub(super) base: Option<String>,
    /// The content security policies that it states itself.
    pub(super) policies: Vec<String>,
}

/// Reads a page, however badly it is written.
pub(super) fn read(text: &str) -> Html {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut reading = Reading::default();
    for Ok(token) in Tokenizer::new_with_emitter(text, emitter) {
        match token {
            Token::StartTag(tag) => reading.opens(&tag),
            Token::EndTag(tag) => reading.closes(&tag.name),
            Token::String(text) => reading.says(&String::from_utf8_lossy(&text)),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
    }
    let [title, first, second] = reading.labels;
    let heading = if first.is_empty() { second } else { first };
    let text = single_blanks(&reading.text);
    let by_script = reading.leads_on.filter(|_| text.is_empty());
    let refresh = reading.html.refresh.or(by_script);
    Html { title, heading, text, refresh, ..reading.html }
}

/// A page that was read so far.
#[derive(Debug, Default)]
struct Reading {
    html: Html,
    text: String,
    /// The element whose text nobody sees, if it is inside one.
    hidden: Option<&'static [u8]>,
    /// Title, first and second heading.
    labels: [String; 3],
    /// Which of them it is inside of, and what that says so far.
    inside: Option<(usize, String)>,
    /// What a script in the page itself says so far.
    script: Option<String>,
    /// Where the first of these leads that leads anywhere.
    leads_on: Option<String>,
}

/// The elements of [`Reading::labels`].
const LABELS: [&[u8]; 3] = [b"title", b"h1", b"h2"];

impl Reading {
    fn opens(&mut self, tag: &StartTag<()>) {
        let name: &[u8] = &tag.name;
        if name == b"body" {
            self.hidden = None;
        }
        if let Some(b"template" | b"noscript") = self.hidden {
            return;
        }
        self.html.shows |= SHOWING.contains(&name);
        self.text.push(' ');
        if self.hidden.is_none() && !tag.self_closing {
            self.hidden = HIDDEN.into_iter().find(|hidden| *hidden == name);
        }
        if let Some(label) =
            LABELS.iter().position(|label| *label == name).filter(|label| self.labels[*label].is_empty())
        {
            self.inside = Some((label, String::new()));
        }
        match name {
            b"script" if is_program(tag) => {
                let named = attribute(tag, b"src");
                self.script = named.is_none().then(String::new);
                self.html.scripts.extend(named.clone());
                self.html.needs.extend(named);
            }
            b"script" => {}
            b"link" if is_needed(tag) => {
                let named = attribute(tag, b"href");
                if says(tag, "stylesheet") {
                    self.html.styles.extend(named.clone());
                }
                self.html.needs.extend(named);
            }
            b"a" | b"area" if is_page(tag) => self.html.links.extend(attribute(tag, b"href")),
            // The first one counts.
            b"base" => self.html.base = self.html.base.take().or_else(|| attribute(tag, b"href")),
            b"meta" => {
                self.html.refresh = self.html.refresh.take().or_else(|| leads_on(tag));
                self.html.policies.extend(policy(tag));
            }
            _ => {}
        }
    }

    fn closes(&mut self, name: &[u8]) {
        self.text.push(' ');
        if let Some(script) = self.script.take() {
            self.leads_on = self.leads_on.take().or_else(|| script::leads_on(&script));
        }
        if self.hidden == Some(name) {
            self.hidden = None;
        }
        if let Some((label, said)) = self.inside.take() {
            if LABELS[label] == name {
                self.labels[label] = single_blanks(&said);
            } else {
                self.inside = Some((label, said));
            }
        }
    }

    fn says(&mut self, text: &str) {
        if let Some((_, said)) = &mut self.inside {
            said.push_str(text);
        }
        if let Some(script) = &mut self.script {
            script.push_str(text);
        }
        if self.hidden.is_none() {
            self.text.push_str(text);
        }
    }
}

fn single_blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let value = tag.attributes.get(name)?;
    let value = String::from_utf8_lossy(value).trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Whether a script is one that is run, and not data or an import map.
fn is_program(tag: &StartTag<()>) -> bool {
    attribute(tag, b"type").is_none_or(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind == "module" || kind.ends_with("javascript") || kind.ends_with("ecmascript")
    })
}

/// Whether a link names what a page cannot do without.
fn is_needed(tag: &StartTag<()>) -> bool {
    (says(tag, "stylesheet") && !says(tag, "alternate")) || says(tag, "modulepreload")
}

/// Whether a link is of a kind, among others.
fn says(tag: &StartTag<()>, kind: &str) -> bool {
    attribute(tag, b"rel").unwrap_or_default().split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(kind))
}

/// Whether a link leads to a page, and not to a file or to what robots are told to leave alone.
fn is_page(tag: &StartTag<()>) -> bool {
    let said = attribute(tag, b"rel").unwrap_or_default().to_ascii_lowercase();
    !tag.attributes.contains_key(&b"download"[..]) && said.split_ascii_whitespace().all(|one| one != "nofollow")
}

/// Where a page leads on by itself, and at once.
fn leads_on(tag: &StartTag<()>) -> Option<String> {
    if !attribute(tag, b"http-equiv")?.eq_ignore_ascii_case("refresh") {
        return None;
    }
    let said = attribute(tag, b"content")?;
    let (seconds, rest) = said.split_once([';', ','])?;
    if seconds.trim().parse().is_ok_and(|seconds: f64| seconds > AT_ONCE) {
        return None;
    }
    let (key, to) = rest.split_once('=')?;
    let to = to.trim().trim_matches(['"', '\'']);
    (key.trim().eq_ignore_ascii_case("url") && !to.is_empty()).then(|| to.to_owned())
}

/// The content security policy that an element states.
fn policy(tag: &StartTag<()>) -> Option<String> {
    let is_policy = attribute(tag, b"http-equiv")?.eq_ignore_ascii_case("content-security-policy");
    if is_policy { attribute(tag, b"content") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_shows_is_read_however_it_is_written() {
        let html = read(
            "<!doctype html><HEAD><title>My\n shop &amp; more</title><style>h1 {}</style><body class=a><header>Top</header>\
             <!-- <h1>not this</h1> --><h1></h1><h1>Hello <b>you</b></h1><noscript>no scripts</noscript>",
        );
        assert_eq!((html.title.as_str(), html.heading.as_str()), ("My shop & more", "Hello you"));
        assert_eq!(html.text, "Top Hello you");
        assert!(!html.shows && html.needs.is_empty() && html.refresh.is_none());
        assert_eq!(read("<h2>Second</h2><p>x").heading, "Second");
        assert_eq!(read("<template><h1>x</h1><img src=a></template>"), Html::default());
        assert!(read("<div id=app></div><script>1</script>").shows);
    }

    #[test]
    fn what_it_needs_is_what_is_run_or_gives_it_its_looks() {
        let html = read(
            "<script src=/a.js?v=1&amp;w=2></script><script type=module src='b.js'></script><script type=application/json src=c></script>\
             <link rel=StyleSheet href=d.css><link rel='alternate stylesheet' href=e.css><link rel=icon href=f.ico>\
             <link rel=modulepreload href=g.js><noscript><link rel=stylesheet href=h.css></noscript><script>'<script src=i.js>'</script>",
        );
        assert_eq!(html.needs, ["/a.js?v=1&w=2", "b.js", "d.css", "g.js"]);
        assert_eq!((html.scripts.len(), html.styles), (2, vec!["d.css".to_owned()]));
    }

    #[test]
    fn it_may_state_a_policy() {
        let html = read(
            "<meta http-equiv=Content-Security-Policy content=\"default-src 'self'\"><meta content=x><script src=a.js></script>",
        );
        assert_eq!((html.policies, html.scripts), (vec!["default-src 'self'".to_owned()], vec!["a.js".to_owned()]));
        let others =
            "<script>1</script><script type=application/json src=a.json></script><link rel=stylesheet href=a.css>";
        assert!(read(others).scripts.is_empty());
    }

    #[test]
    fn the_first_base_counts() {
        assert_eq!(read("<base target=a><base href=/app/><base href=/b/>").base.as_deref(), Some("/app/"));
        assert_eq!(read("<a href=/app/>").base, None);
    }

    #[test]
    fn it_links_to_pages() {
        let html = read(
            "<a href=/a>a</a><A HREF='b?c=1&amp;d=2'>b</A><a href=c.zip download>c</a><a rel='x nofollow' href=/d>d</a><a name=e>e</a>\
             <map><area href=f></map><noscript><a href=/g>g</a></noscript><link rel=next href=h>",
        );
        assert_eq!(html.links, ["/a", "b?c=1&d=2", "f"]);
    }

    #[test]
    fn a_page_leads_on_by_itself_when_it_does_so_at_once() {
        let to = |content: &str| read(&format!("<meta http-equiv=Refresh content=\"{content}\">")).refresh;
        assert_eq!(to("0; url=/setup").as_deref(), Some("/setup"));
        assert_eq!(to("0;URL='/setup'").as_deref(), Some("/setup"));
        assert_eq!(to("30; url=/news"), None);
        assert_eq!(to("5"), None);
        assert_eq!(read("<noscript><meta http-equiv=refresh content='0; url=/plain'></noscript>").refresh, None);
        let by_script = |before: &str, after: &str| {
            read(&format!("<title>x</title>{before}<script>\n location.href = '/setup';\n</script>{after}")).refresh
        };
        assert_eq!(
            by_script("<script src=a.js></script>", "<noscript>no scripts</noscript>").as_deref(),
            Some("/setup")
        );
        assert_eq!(by_script("", "<p>A page of its own"), None);
        assert_eq!(read("<script type=application/json>location = '/setup'</script>").refresh, None);
    }
}
