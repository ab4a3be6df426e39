//! The pages that a page leads people to: a front page can be well while nothing behind it is.
//!
//! Only links are followed that show something and do nothing, and only a few of them. A page that head links to and that answered at
//! base is to answer at head. Where head links to other pages than base did, as after a new front end, one of them has to answer.

use super::{Page, Target, may_be_starting};
use std::fmt;

/// So many links of a page are followed.
const MOST: usize = 8;

/// Words in a path that say that something is done there, or made, and not shown.
const DOING: [&str; 32] = [
    "add",
    "cancel",
    "clean",
    "clear",
    "create",
    "cron",
    "delete",
    "destroy",
    "disable",
    "empty",
    "enable",
    "export",
    "import",
    "install",
    "kill",
    "logoff",
    "logout",
    "new",
    "purge",
    "random",
    "remove",
    "reset",
    "restart",
    "run",
    "setup",
    "shutdown",
    "signout",
    "start",
    "stop",
    "trash",
    "unsubscribe",
    "update",
];

/// A page that another one links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its path.
    pub path: String,
    /// What came back; redirects are not followed.
    pub answer: LinkAnswer,
}

/// What came back from a linked page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkAnswer {
    /// Its status.
    Status(u16),
    /// Nothing came back.
    Nothing {
        /// Why.
        why: String,
    },
    /// Nobody was asked: a browser does not get there.
    Nowhere {
        /// The whole address.
        address: String,
        /// Why.
        why: &'static str,
    },
}

impl Linked {
    /// The links of a page at `at` of `host` with which a browser gets nowhere, such as those to an address of the container.
    pub fn nowhere(page: &Page, host: &str, at: &str) -> impl Iterator<Item = Self> {
        let led = page.links.iter().filter_map(move |link| Some((link, page.target(link, host, at).slip()?)));
        let linked = led.map(|(link, why)| {
            let below =
                link.split_once("//").map_or(link.as_str(), |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
            let path = below.split(['?', '#']).next().unwrap_or(below);
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            Self { path, answer: LinkAnswer::Nowhere { address: link.clone(), why } }
        });
        linked.filter(|link| shows(&link.path)).take(MOST)
    }

    /// The paths behind the links of a page at `at` of `host`, those that are asked for.
    #[must_use]
    pub fn paths(page: &Page, host: &str, at: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for link in &page.links {
            let Target::Here(path) = page.target(link, host, at) else { continue };
            if path != at && shows(&path) && !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths.truncate(MOST);
        paths
    }

    fn is_well(&self) -> bool {
        match self.answer {
            LinkAnswer::Status(status) => status < 400,
            LinkAnswer::Nothing { .. } | LinkAnswer::Nowhere { .. } => false,
        }
    }

    /// Whether the app has failed, and not only refused.
    fn has_failed(&self) -> bool {
        match self.answer {
            LinkAnswer::Status(status) => status >= 500,
            LinkAnswer::Nothing { .. } | LinkAnswer::Nowhere { .. } => true,
        }
    }

    fn was_asked(&self) -> bool {
        match self.answer {
            LinkAnswer::Status(_) | LinkAnswer::Nothing { .. } => true,
            LinkAnswer::Nowhere { .. } => false,
        }
    }

    /// Whether it is not there, though it is linked to.
    fn is_gone(&self) -> bool {
        match self.answer {
            LinkAnswer::Status(status) => matches!(status, 404 | 410),
            LinkAnswer::Nothing { .. } | LinkAnswer::Nowhere { .. } => false,
        }
    }

    /// Whether a part of the app may be on its way.
    pub(super) fn may_come(&self) -> bool {
        match self.answer {
            LinkAnswer::Status(status) => status >= 500 && may_be_starting(status),
            LinkAnswer::Nothing { .. } => true,
            LinkAnswer::Nowhere { .. } => false,
        }
    }
}

/// `/about, which answers 500`
impl fmt::Display for Linked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.answer {
            LinkAnswer::Status(status) => write!(f, "{path}, which answers {status}"),
            LinkAnswer::Nothing { why } => write!(f, "{path}, which answers nothing that can be read: {why}"),
            LinkAnswer::Nowhere { address, why } => write!(f, "{address}, which is {why}"),
        }
    }
}

/// The link of head that is worse than those of base.
pub(super) fn worse<'a>(base: &[Linked], head: &'a [Linked]) -> Option<&'a Linked> {
    let was_well = |link: &Linked| base.iter().any(|old| old.path == link.path && old.is_well());
    let same = head.iter().find(|link| (link.has_failed() || link.is_gone()) && was_well(link));
    // What is named where no browser gets may be for example, where it is no page that base led to.
    let mut asked = head.iter().filter(|link| link.was_asked()).peekable();
    let first = asked.peek().copied();
    let none_is_well = base.iter().any(Linked::is_well) && asked.all(Linked::has_failed);
    same.or_else(|| first.filter(|_| none_is_well))
}

/// Whether a path is one that shows something to whoever asks, as far as its words say.
fn shows(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    !path.contains('?') && words.all(|word| !DOING.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::FrontAnswer;

    fn linked(links: &[(&str, u16)]) -> Vec<Linked> {
        let linked =
            |(path, status): &(&str, u16)| Linked { path: (*path).to_owned(), answer: LinkAnswer::Status(*status) };
        links.iter().map(linked).collect()
    }

    #[test]
    fn links_that_do_something_or_lead_away_are_not_followed() {
        let links = [
            "/about",
            "about",
            "#top",
            "/",
            "https://other.example.net/x",
            "mailto:a@b.net",
            "javascript:go()",
            "/log-out",
            "/logout",
            "/notes/new",
            "/entry/3/delete",
            "/list?page=2",
            "https://a.test/help#part",
            "/newsletter",
        ];
        let links = links.map(str::to_owned);
        // `log-out` is two words, neither of which says that something is done: it ends the session of nobody.
        let page = |links: &[String]| {
            let html = links.iter().map(|link| format!("<a href=\"{link}\">x</a>")).collect::<String>();
            Page::read(FrontAnswer { content_type: Some("text/html"), body: html.as_bytes(), ..FrontAnswer::default() })
                .unwrap()
        };
        let links = page(&links);
        assert_eq!(Linked::paths(&links, "a.test", "/"), ["/about", "/log-out", "/help", "/newsletter"]);
        let many: Vec<String> = (0..20).map(|number| format!("/{number}")).collect();
        assert_eq!(Linked::paths(&page(&many), "a.test", "/").len(), MOST);
    }

    #[test]
    fn a_page_that_answered_at_base_and_fails_at_head_is_worse() {
        let base = linked(&[("/login", 200), ("/admin", 302), ("/api", 401), ("/office", 502), ("/old", 404)]);
        let said = |head: &[(&str, u16)]| worse(&base, &linked(head)).map(Linked::to_string);
        assert_eq!(said(&[("/login", 500), ("/admin", 302)]).as_deref(), Some("/login, which answers 500"));
        assert_eq!(said(&[("/about", 200), ("/admin", 404)]).as_deref(), Some("/admin, which answers 404"));
        // A refusal may be meant, and what was not well before is no worse now.
        assert_eq!(said(&[("/login", 403), ("/api", 404), ("/office", 502), ("/old", 410)]), None);
        // A page that is new may need what this run has not; all of them cannot.
        assert_eq!(said(&[("/login", 200), ("/metrics", 500)]), None);
        assert_eq!(said(&[("/signin", 500), ("/metrics", 500)]).as_deref(), Some("/signin, which answers 500"));
        assert_eq!(said(&[]), None);
        assert_eq!(worse(&linked(&[("/office", 502)]), &linked(&[("/files", 502)])), None);
    }

    #[test]
    fn a_link_to_where_no_browser_gets_is_worse_than_one_that_answered() {
        let html = "<base href=/app/><a href=login>x</a><a href='http://localhost:3000/login?next=/'>x</a><a href=http://db/new>x</a>\
                    <a href=https://a.example.net/x>x</a>";
        let answer = FrontAnswer { content_type: Some("text/html"), body: html.as_bytes(), ..FrontAnswer::default() };
        let page = Page::read(answer).unwrap();
        assert_eq!(Linked::paths(&page, "a.test", "/"), ["/app/login"]);
        let nowhere: Vec<Linked> = Linked::nowhere(&page, "a.test", "/").collect();
        let said = nowhere.iter().map(Linked::to_string).collect::<Vec<_>>();
        assert_eq!(said, ["http://localhost:3000/login?next=/, which is the machine of whoever looks"]);
        assert!(worse(&linked(&[("/login", 200)]), &nowhere).is_some_and(|link| !link.may_come()));
        // Base led there as well, or the page leads to other pages that are well.
        assert_eq!(worse(&nowhere, &nowhere), None);
        let also = [linked(&[("/about", 200)]), nowhere.clone()].concat();
        assert_eq!(worse(&linked(&[("/about", 200)]), &also), None);
        assert_eq!(worse(&linked(&[("/about", 200)]), &nowhere), None);
        // Without a host of its own everything is below the base.
        let html = html.replace("/app/", "http://app:3000/");
        let page = Page::read(FrontAnswer { body: html.as_bytes(), ..answer }).unwrap();
        assert_eq!(
            page.target("app.css", "a.test", "/"),
            Target::Nowhere("a name that is known inside the stack alone")
        );
        assert_eq!(page.target("https://a.test/app.css", "a.test", "/"), Target::Here("/app.css".to_owned()));
        assert_eq!(Linked::nowhere(&page, "a.test", "/").next().unwrap().path, "/login");
    }

    #[test]
    fn a_part_that_may_be_on_its_way_is_waited_for() {
        let may_come = |status| linked(&[("/a", status)]).iter().any(Linked::may_come);
        assert_eq!([503, 502, 504].map(may_come), [true; 3]);
        assert_eq!([500, 501, 404, 429, 200].map(may_come), [false; 5]);
        let nothing = LinkAnswer::Nothing { why: "connection refused".to_owned() };
        let silent = Linked { path: "/a".to_owned(), answer: nothing };
        assert!(silent.may_come() && silent.has_failed());
        assert_eq!(silent.to_string(), "/a, which answers nothing that can be read: connection refused");
    }
}
