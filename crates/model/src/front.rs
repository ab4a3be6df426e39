//! The front page at base and at head (APP-1): what a person would see there, and what has become of it.
//!
//! Only what was well at base can have become worse, so a page that was an error or empty there is no finding. Another title or
//! another way is none by itself: versions do that. What stands in place of the app, such as a page about maintenance or a
//! set-up, is known by its title, heading or path, and only if base had nothing of that kind.

mod csp;
mod html;
mod links;
mod page;
mod script;
mod settling;
mod standin;
mod target;
mod trouble;

pub use links::{LinkAnswer, Linked};
pub use page::{FrontAnswer, Page, READ, Shape};
pub use settling::{LAST_WORD, may_be_starting};
pub use target::Target;

use std::fmt;
use std::time::Duration;

/// Where people come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// The front page, or the page on which the app has to answer: a path on the app's own domain.
    Front(String),
    /// Where another router answers. What stands there may be for programs.
    Side {
        /// The host, where it is not the app's own domain.
        host: Option<String>,
        /// The path.
        path: String,
    },
}

impl Door {
    /// The path that is asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        let (Self::Front(path) | Self::Side { path, .. }) = self;
        path
    }

    /// The host, where it is not the app's own domain.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Front(_) => None,
            Self::Side { host, .. } => host.as_deref(),
        }
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host().unwrap_or_default(), self.path())
    }
}

/// What came back at one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontPage {
    /// Where it was asked for.
    pub door: Door,
    /// Where its redirects led, each as the app wrote it.
    pub redirects: Vec<String>,
    /// What stood at the end.
    pub end: FrontEnd,
    /// How long it took, redirects included.
    pub took: Duration,
    /// The scripts and style sheets that the page needs and that do not come, with what came in their place.
    pub missing: Vec<String>,
    /// The pages that it links to.
    pub links: Vec<Linked>,
}

/// A page is slow from here on: people begin to wonder.
const SLOW: Duration = Duration::from_secs(2);

/// So many times as long as at base is no chance.
const SLOWER: u32 = 5;

/// What stood at the end of the redirects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrontEnd {
    /// They lead in a circle.
    Circle,
    /// They lead to another site, which is not asked.
    Elsewhere,
    /// They lead to where no browser gets.
    Nowhere {
        /// Why.
        why: &'static str,
    },
    /// No router takes it, which the proxy knows at once.
    Unrouted {
        /// What the proxy says.
        why: String,
    },
    /// Nothing came back, or what came could not be read.
    Nothing {
        /// Why.
        why: String,
    },
    /// A page.
    Page(Box<Page>),
}

impl FrontEnd {
    /// The page, if there is one.
    #[must_use]
    pub fn page(&self) -> Option<&Page> {
        match self {
            Self::Page(page) => Some(page),
            Self::Circle | Self::Elsewhere | Self::Nowhere { .. } | Self::Unrouted { .. } | Self::Nothing { .. } => {
                None
            }
        }
    }
}

/// What is worse at head than at base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worse {
    /// In one sentence.
    pub summary: String,
    /// Whether it could be meant.
    pub kind: WorseKind,
}

/// Whether a change could be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorseKind {
    /// Nobody can want this.
    Broken,
    /// Nobody can want this, and a part of the app that is on its way looks the same for a while.
    OnItsWay,
    /// A recipe may declare it.
    Changed,
}

impl FrontPage {
    /// In words, for a person who compares two of them.
    #[must_use]
    pub fn words(&self) -> String {
        let way = self.redirects.iter().fold(self.door.to_string(), |way, to| format!("{way} -> {to}"));
        match &self.end {
            FrontEnd::Circle => format!("{way}: leads in a circle"),
            FrontEnd::Elsewhere => format!("{way}: another site"),
            FrontEnd::Nowhere { why } => format!("{way}: {why}"),
            FrontEnd::Unrouted { why } | FrontEnd::Nothing { why } => format!("{way}: {why}"),
            FrontEnd::Page(page) => format!("{way}: {}", page.words()),
        }
    }

    /// Whether it is as it should be; `accepted` are the statuses that count beside those below 400.
    #[must_use]
    pub fn is_well(&self, accepted: &[u16]) -> bool {
        match &self.end {
            FrontEnd::Circle | FrontEnd::Nowhere { .. } | FrontEnd::Unrouted { .. } | FrontEnd::Nothing { .. } => false,
            FrontEnd::Elsewhere => true,
            FrontEnd::Page(page) => page.status < 400 || accepted.contains(&page.status) || self.is_for_programs(),
        }
    }

    /// Whether it is a refusal at a side door, as a program's interface gives it to somebody with a browser.
    fn is_for_programs(&self) -> bool {
        let refused = self.end.page().is_some_and(|page| (400..500).contains(&page.status));
        match &self.door {
            Door::Side { .. } => refused,
            Door::Front(_) => false,
        }
    }

    /// That head is not compared with it, because it was not well itself; in words.
    #[must_use]
    pub fn incomparable(&self, accepted: &[u16]) -> Option<String> {
        (!self.is_well(accepted)).then(|| format!("not compared with base, where it was not well: {}", self.words()))
    }

    /// What is worse at `head` than it was here.
    #[must_use]
    pub fn worse_at(&self, head: &Self, accepted: &[u16]) -> Option<Worse> {
        if !self.is_well(accepted) {
            return None;
        }
        let path = &head.door;
        let broken = |summary| Some(Worse { summary, kind: WorseKind::Broken });
        let changed = |summary| Some(Worse { summary, kind: WorseKind::Changed });
        let page = match &head.end {
            FrontEnd::Circle => return broken(format!("the redirects of {path} lead in a circle")),
            FrontEnd::Nowhere { why } => return broken(format!("{}: {why}", head.to("leads to"))),
            FrontEnd::Unrouted { why } => return broken(format!("{} no page: {why}", head.to("answers with"))),
            FrontEnd::Nothing { why } => {
                return broken(format!("{} nothing that can be read: {why}", head.to("answers")));
            }
            FrontEnd::Elsewhere => return None,
            FrontEnd::Page(page) => page,
        };
        if !head.is_well(accepted) || (head.is_for_programs() && !self.is_for_programs()) {
            return broken(format!("{} {}", head.to("answers"), page.status));
        }
        if let Some(old) = self.end.page() {
            if page.empty && !old.empty {
                return broken(format!("{} with an empty body, which was none at base", head.to("answers")));
            }
            if old.shape == Shape::Html && page.shape != Shape::Html {
                return changed(format!("{} with {} in place of a page", head.to("answers"), page.kind()));
            }
        }
        if let (true, [first, ..]) = (self.missing.is_empty(), head.missing.as_slice()) {
            return broken(format!("{path} shows a page that is not itself without {first}"));
        }
        if let Some(link) = links::worse(&self.links, &head.links) {
            let kind = if link.may_come() { WorseKind::OnItsWay } else { WorseKind::Broken };
            return Some(Worse { summary: format!("{path} links to {link}"), kind });
        }
        if let Some(standin) = standin::new_at(self, head) {
            return changed(format!("{} with another page than at base: {standin}", head.to("answers")));
        }
        let trouble = page.trouble.as_ref().filter(|_| self.trouble().is_none())?;
        broken(format!("{} with a page that shows an error: \"{trouble}\"", head.to("answers")))
    }

    fn trouble(&self) -> Option<&str> {
        self.end.page()?.trouble.as_deref()
    }

    /// That it takes much longer at `head`, in words: no fault, and nobody wants it.
    #[must_use]
    pub fn slower_at(&self, head: &Self) -> Option<String> {
        let slower = head.took >= SLOW && head.took >= self.took * SLOWER;
        let [was, is] = [self, head].map(|page| page.took.as_secs_f64());
        slower.then(|| format!("{} took {is:.1} s, and {was:.1} s at base", head.door))
    }

    /// Whether it shows a text: in its title or heading, in the way to it, or as its type.
    #[must_use]
    pub fn shows(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let page = self.end.page().into_iter().flat_map(|page| page.labels().chain([page.content_type.as_str()]));
        let mut texts = page.chain(self.redirects.iter().map(String::as_str));
        texts.any(|one| one.to_lowercase().contains(&text))
    }

    /// `/ answers`, or `/ leads to /login, which answers`.
    fn to(&self, verb: &str) -> String {
        let path = &self.door;
        match (self.redirects.last(), verb) {
            (Some(to), "leads to") => format!("{path} leads to {to}"),
            (Some(to), _) => format!("{path} leads to {to}, which {verb}"),
            (None, _) => format!("{path} {verb}"),
        }
    }
}

#[cfg(test)]
mod tests;
