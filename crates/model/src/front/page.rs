//! What a browser would make of one answer.

/// How far a text is looked through. Bytes.
pub const READ: usize = 64 << 10;

/// The longest title that is kept. Letters.
const LONGEST: usize = 120;

/// Elements that show something without text, or will.
const SHOWING: [&str; 13] = [
    "<script", "<img", "<svg", "<iframe", "<frame", "<object", "<embed", "<canvas", "<video", "<form", "<input",
    "<button", "<picture",
];

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
        let FrontAnswer { status, content_type, disposition, encoding, body } = answer;
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
        let html = shape == Shape::Html && !packed;
        let named = |tags: &[&str]| {
            if html { tags.iter().find_map(|tag| element(&text, tag)).unwrap_or_default() } else { String::new() }
        };
        let (title, mut heading) = (named(&["title"]), named(&["h1", "h2"]));
        let seen = if html { visible(&text) } else { text.trim().to_owned() };
        if html && title.is_empty() && heading.is_empty() {
            heading = cut(&seen);
        }
        let shows = html && SHOWING.iter().any(|tag| text.to_ascii_lowercase().contains(tag));
        Ok(Self { status, shape, content_type, empty: !packed && seen.is_empty() && !shows, title, heading })
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

/// The text of the first element of this name that has any.
fn element(text: &str, tag: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let start = from + lower[from..].find(&format!("<{tag}"))? + tag.len() + 1;
        from = start;
        // `<header>` is no `<h1>`, and `<titles>` no `<title>`.
        if !lower[start..].starts_with(|next: char| next == '>' || next.is_ascii_whitespace()) {
            continue;
        }
        let inside = start + lower[start..].find('>')? + 1;
        let end = inside + lower[inside..].find(&format!("</{tag}"))?;
        let title = cut(&without_tags(&text[inside..end]));
        if !title.is_empty() {
            return Some(title);
        }
    }
}

/// What a reader sees of a page.
fn visible(text: &str) -> String {
    let mut left = text.to_owned();
    for hidden in ["<!--", "<head", "<script", "<style", "<template"] {
        let close = if hidden == "<!--" { "-->".to_owned() } else { format!("</{}", &hidden[1..]) };
        let mut kept = String::new();
        let mut rest = left.as_str();
        while let Some(start) = find(rest, hidden) {
            kept.push_str(&rest[..start]);
            let inside = &rest[start..];
            rest = find(inside, &close).map_or("", |end| &inside[end..]);
        }
        kept.push_str(rest);
        left = kept;
    }
    without_tags(&left)
}

/// Where a tag or mark begins; `<head` does not begin `<header`.
fn find(text: &str, wanted: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = from + lower[from..].find(wanted)?;
        let next = lower[at + wanted.len()..].chars().next();
        if !next.is_some_and(|next| next.is_ascii_alphanumeric()) || wanted.ends_with('-') || wanted.ends_with('>') {
            return Some(at);
        }
        from = at + wanted.len();
    }
}

/// A text without its tags, its blanks single.
fn without_tags(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        kept.push_str(before);
        kept.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let kept = kept.replace("&nbsp;", " ");
    // The end of a comment or of a hidden element that was cut out may lead.
    kept.split_whitespace().skip_while(|word| word.ends_with("->")).collect::<Vec<_>>().join(" ")
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
