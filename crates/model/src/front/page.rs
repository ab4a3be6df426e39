//! What a browser would make of one answer.

use super::csp::{self, Loaded};
use super::html::{self, Html};
use super::{Target, trouble};

/// How far a text is looked through. Bytes.
pub const READ: usize = 64 << 10;

/// The longest title that is kept. Letters.
const LONGEST: usize = 120;

/// One answer as it came, with the headers that decide what a browser makes of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct FrontAnswer<'a> {
    /// The status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Disposition`.
    pub disposition: Option<&'a str>,
    /// `Content-Encoding`.
    pub encoding: Option<&'a str>,
    /// `Content-Security-Policy`.
    pub policy: Option<&'a str>,
    /// As much of the body as was read.
    pub body: &'a [u8],
}

/// A page at the end of all redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its status.
    pub status: u16,
    /// What a browser does with it.
    pub shape: Shape,
    /// The type it says it has.
    pub content_type: String,
    /// Whether there is nothing to see.
    pub empty: bool,
    /// Its title; empty for none.
    pub title: String,
    /// Its first heading, else its first words where it has no title either; empty for none.
    pub heading: String,
    /// Where it leads on by itself, as it says it.
    pub refresh: Option<String>,
    /// From where it names what it names (`base` of HTML), if not from where it is.
    pub base: Option<String>,
    /// The scripts and style sheets that it cannot do without, as it names them.
    pub needs: Vec<String>,
    /// The scripts among them.
    pub scripts: Vec<String>,
    /// The style sheets among them.
    pub styles: Vec<String>,
    /// The content security policies that it comes with.
    pub policies: Vec<String>,
    /// Those that it needs and names over plain HTTP, and that no browser asks for over TLS in its stead.
    pub plain: Vec<String>,
    /// Where it links to, as it names it.
    pub links: Vec<String>,
    /// The error of its program that it shows.
    pub trouble: Option<String>,
}

/// What a browser does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Shows a page.
    Html,
    /// Puts it into a file.
    Download,
    /// Shows something else, such as text.
    Other,
}

impl Page {
    /// Reads an answer; `Err` says why nobody could.
    ///
    /// # Errors
    /// The body is not in the encoding that it is said to have.
    pub fn read(answer: FrontAnswer<'_>) -> Result<Self, String> {
        let FrontAnswer { status, content_type, disposition, encoding, policy, body } = answer;
        let packed = match encoding.map(|encoding| encoding.trim().to_ascii_lowercase()) {
            None => false,
            Some(encoding) if encoding.is_empty() || encoding == "identity" || body.is_empty() => false,
            Some(encoding) if encoding == "gzip" && !body.starts_with(&[0x1f, 0x8b]) => {
                return Err("it says that it is packed with gzip and is not".to_owned());
            }
            Some(_) => true,
        };
        let text =
            if packed { String::new() } else { String::from_utf8_lossy(&body[..body.len().min(READ)]).into_owned() };
        let content_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
        let shape = shape(&content_type, disposition, &text);
        let html = if shape == Shape::Html && !packed { html::read(&text) } else { Html { text, ..Html::default() } };
        let seen = html.text.trim();
        let heading = if html.title.is_empty() && html.heading.is_empty() && shape == Shape::Html {
            cut(seen)
        } else {
            cut(&html.heading)
        };
        let empty = !packed && seen.is_empty() && !html.shows;
        let trouble = trouble::shown(seen);
        let mut policies = html.policies;
        policies.extend(policy.map(str::to_owned));
        let upgrades = policies.iter().any(|policy| csp::upgrades(policy));
        let is_plain = |needed: &&String| !upgrades && needed.to_ascii_lowercase().starts_with("http://");
        let plain = html.needs.iter().filter(is_plain).cloned().collect();
        let (refresh, base, needs, links) = (html.refresh, html.base, html.needs, html.links);
        Ok(Self {
            status,
            shape,
            content_type,
            empty,
            title: cut(&html.title),
            heading,
            refresh,
            base,
            needs,
            scripts: html.scripts,
            styles: html.styles,
            policies,
            plain,
            links,
            trouble,
        })
    }

    /// Where something leads that the page names, which came from path `at` of `host`.
    #[must_use]
    pub fn target(&self, named: &str, host: &str, at: &str) -> Target {
        match self.base.as_ref().filter(|_| !Target::names_host(named)).map(|base| Target::of(base, host, at)) {
            None => Target::of(named, host, at),
            Some(Target::Here(from)) => Target::of(named, host, &from),
            Some(other @ (Target::Elsewhere | Target::Nowhere(_))) => other,
        }
    }

    /// What it needs from `host`, whence it came from path `at`, and no browser loads because of its own policy, in words.
    #[must_use]
    pub fn forbidden(&self, host: &str, at: &str) -> Vec<&'static str> {
        let is_own = |named: &String| matches!(self.target(named, host, at), Target::Here(_));
        let is_forbidden = |loaded: Loaded| self.policies.iter().any(|policy| csp::forbids(loaded, policy, host));
        let needed = [(Loaded::Scripts, &self.scripts, "scripts"), (Loaded::Styles, &self.styles, "style sheets")];
        let lost = needed.into_iter().filter(|(loaded, named, _)| named.iter().any(is_own) && is_forbidden(*loaded));
        lost.map(|(_, _, words)| words).collect()
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let size = if self.empty { ", empty" } else { "" };
        let label = self.labels().next().map(|label| format!(", \"{label}\"")).unwrap_or_default();
        format!("status {}, {}{size}{label}", self.status, self.kind())
    }

    /// Its type, and whether it is for a file.
    pub(super) fn kind(&self) -> String {
        let kind = if self.content_type.is_empty() { "no type" } else { self.content_type.as_str() };
        match self.shape {
            Shape::Download => format!("{kind} (a download)"),
            Shape::Html | Shape::Other => kind.to_owned(),
        }
    }

    /// Title and heading, those that are there.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        [self.title.as_str(), self.heading.as_str()].into_iter().filter(|label| !label.is_empty())
    }
}

fn shape(content_type: &str, disposition: Option<&str>, text: &str) -> Shape {
    let start = text.trim_start().to_ascii_lowercase();
    let attached = disposition.is_some_and(|said| said.trim().to_ascii_lowercase().starts_with("attachment"));
    match content_type {
        _ if attached => Shape::Download,
        "text/html" | "application/xhtml+xml" => Shape::Html,
        "" if start.starts_with("<!doctype html") || start.starts_with("<html") => Shape::Html,
        "application/octet-stream" => Shape::Download,
        other if other.starts_with("application/x-") => Shape::Download,
        _ => Shape::Other,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
