//! Pages that stand in place of the app: about maintenance or an error, for a first set-up, or a web server's own.

use super::{FrontPage, Page};

/// A kind of page that is not the app.
struct Standin {
    /// Words of its title or heading.
    words: &'static [&'static str],
    /// Names of its path, without an ending.
    paths: &'static [&'static str],
}

const STANDINS: [Standin; 3] = [
    Standin {
        words: &[
            "maintenance",
            "unavailable",
            "bad gateway",
            "gateway timeout",
            "gateway time-out",
            "not found",
            "forbidden",
            "error",
            "exception",
            "traceback",
            "right back",
            "back soon",
            "back shortly",
            "under construction",
            "update required",
            "upgrade required",
            "updating",
            "upgrading",
            "wartung",
            "wartungsarbeiten",
            "wartungsmodus",
            "mantenimiento",
            "manutenzione",
            "manutenção",
            "onderhoud",
            "konserwacja",
            "fehler",
            "erreur",
            "errore",
            "fout",
        ],
        paths: &["maintenance", "error", "errors", "unavailable", "upgrade", "update", "migrate"],
    },
    Standin {
        words: &[
            "set up",
            "set-up",
            "setup",
            "installation",
            "installer",
            "wizard",
            "onboarding",
            "first run",
            "create admin",
            "create an admin",
            "admin account",
            "administrator account",
            "einrichtung",
            "instalación",
            "instalação",
            "installatie",
        ],
        paths: &[
            "install",
            "installer",
            "installation",
            "setup",
            "set-up",
            "wizard",
            "onboarding",
            "first-run",
            "firstrun",
        ],
    },
    Standin {
        words: &[
            "welcome to nginx",
            "welcome to openresty",
            "caddy works",
            "it works",
            "default page",
            "index of",
            "directory listing",
            "test page",
            "phpinfo",
        ],
        paths: &[],
    },
];

/// The first label or path of head that says that another page stands there, if base had none of its kind.
pub(super) fn new_at(base: &FrontPage, head: &FrontPage) -> Option<String> {
    let kinds = STANDINS.iter().filter(|kind| kind.said_by(base).is_none());
    kinds.filter_map(|kind| kind.said_by(head)).next()
}

impl Standin {
    fn said_by(&self, front: &FrontPage) -> Option<String> {
        let mut labels = front.end.page().into_iter().flat_map(Page::labels);
        let label = labels.find(|label| self.words.iter().any(|word| holds(label, word)));
        let to = || front.redirects.iter().find(|to| self.names(to)).cloned();
        label.map(|label| format!("\"{label}\"")).or_else(to)
    }

    /// Whether a path has a part of such a name.
    fn names(&self, to: &str) -> bool {
        let path = to.split(['?', '#']).next().unwrap_or_default().to_lowercase();
        let path =
            path.split_once("://").map_or(path.as_str(), |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        path.split('/').any(|part| self.paths.contains(&part.split('.').next().unwrap_or_default()))
    }
}

/// Whether a text has these words, as words.
fn holds(text: &str, words: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(words).any(|(at, _)| {
        let ends = |side: Option<char>| !side.is_some_and(char::is_alphanumeric);
        ends(text[..at].chars().next_back()) && ends(text[at + words.len()..].chars().next())
    })
}
