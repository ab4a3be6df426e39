//! `index.html`: one run on one page that needs nothing else, and the same as a part of another document.

pub mod live;
mod tier;

use crate::subject;
use crate::waterfall::{self, Waterfall};
use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cc_ci_model::event::Shot;
use cc_ci_model::object::ObjectKind;
use cc_ci_model::plan::Plan;
use cc_ci_model::report::life::{HowFar, Life};
use cc_ci_model::report::results::SCREENSHOT;
use cc_ci_model::report::text::seconds;
use cc_ci_model::report::{ReportView, TierRow};
use cc_ci_model::verdict::Status;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_recipe::source::Severity;
use sha2::{Digest, Sha256};
use tier::TierPart;

/// The style of the page; a document that embeds [`body`] has to carry it.
pub const STYLE: &str = include_str!("../templates/page.css");

/// The search in the logs; everything else works without it.
pub const SCRIPT: &str = include_str!("../templates/page.js");

/// What a page shows besides the view: what the run's folder holds.
#[derive(Debug, Clone, Default)]
pub struct Attachments {
    /// Logs by service, in order.
    pub logs: Vec<Log>,
    /// The generated override of the last deployment.
    pub effective_stack: Option<String>,
    /// The picture of the app, PNG.
    pub screenshot: Option<Vec<u8>>,
    /// Where the files of the run are.
    pub files: FilesAt,
}

/// Where the files of a run are, as its page links them.
#[derive(Debug, Clone, Default)]
pub enum FilesAt {
    /// Beside the page, which carries the picture in itself.
    #[default]
    Beside,
    /// Below this path, which ends with a slash; the picture, too.
    Below(String),
}

/// The log of one service.
#[derive(Debug, Clone)]
pub struct Log {
    /// The service.
    pub service: String,
    /// Its file, relative to the run's folder; letters, digits, `-_.` and `/` only.
    pub file: String,
    /// The text, or the end of it.
    pub text: String,
    /// Bytes in front of `text` that are in the file only.
    pub cut: u64,
}

#[derive(Template)]
#[template(path = "document.html")]
struct Document<'a> {
    title: String,
    policy: String,
    style: &'static str,
    script: &'static str,
    body: &'a str,
}

#[derive(Template)]
#[template(path = "run.html", blocks = ["head", "budget", "time"])]
struct Body<'a> {
    view: &'a ReportView,
    plan: &'a Plan,
    kept: &'a Attachments,
    class: &'static str,
    verdict: &'static str,
    head: String,
    base: Option<String>,
    waterfall: Waterfall,
    picture: Option<String>,
    below: &'a str,
}

/// The whole document.
pub fn document(view: &ReportView, plan: &Plan, kept: &Attachments) -> Result<String, askama::Error> {
    let (head, word) = (subject::head(view), subject::verdict(view).to_lowercase());
    let level = match view.life {
        Life::Over => format!(", {}", view.verdict.level_in_words()),
        Life::Preparing | Life::Running | Life::Died => String::new(),
    };
    let title = format!("{} {head}: {word}{level}", view.recipe);
    framed(title, &body(view, plan, kept)?)
}

/// A document around a body: self-contained, and by its policy unable to load anything or to run any other script.
pub(crate) fn framed(title: String, body: &str) -> Result<String, askama::Error> {
    let policy = format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    Document { title, policy, style: STYLE, script: SCRIPT, body }.render()
}

/// The page as one `article` element, for a document that carries [`STYLE`] and [`SCRIPT`].
pub fn body(view: &ReportView, plan: &Plan, kept: &Attachments) -> Result<String, askama::Error> {
    fill(view, plan, kept).render()
}

fn fill<'a>(view: &'a ReportView, plan: &'a Plan, kept: &'a Attachments) -> Body<'a> {
    let (below, picture) = match (&kept.files, &kept.screenshot) {
        (FilesAt::Beside, png) => {
            ("", png.as_ref().map(|png| format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))))
        }
        (FilesAt::Below(path), png) => (path.as_str(), png.as_ref().map(|_| format!("{path}{SCREENSHOT}"))),
    };
    Body {
        view,
        plan,
        kept,
        class: subject::class(view),
        verdict: subject::verdict(view),
        head: subject::head(view),
        base: subject::base(view),
        waterfall: waterfall::of(view),
        picture,
        below,
    }
}

/// An inline element's place in a content security policy.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// What the template asks for in words.
impl<'a> Body<'a> {
    fn tier(&self, row: &'a TierRow) -> TierPart<'a> {
        TierPart { view: self.view, row }
    }

    /// Whether its reports are written.
    fn is_over(&self) -> bool {
        self.view.life == Life::Over
    }

    fn is_green(&self) -> bool {
        subject::is_green(self.view)
    }

    fn level(&self) -> Option<u8> {
        subject::level(self.view)
    }

    fn blame(&self) -> Option<Blame> {
        subject::blame(self.view)
    }

    fn reasons(&self) -> Vec<String> {
        subject::reasons(self.view)
    }

    /// Whether everything that is counted at the end has been counted.
    fn is_counted(&self) -> bool {
        !self.view.goes_on() || self.view.due_ms.is_some()
    }

    /// Why nobody knows what the run left; `None` for one that is over.
    fn uncounted(&self) -> Option<&'static str> {
        match self.view.life {
            Life::Over => None,
            Life::Preparing | Life::Running => Some("It is counted after teardown."),
            Life::Died => {
                Some("Nobody knows: the process of the run is gone. `cc-ci clean` removes what it left on the engine.")
            }
        }
    }

    fn proven(&self) -> String {
        subject::proven(self.view)
    }

    fn seconds(ms: &u64) -> String {
        seconds(*ms)
    }

    /// The class and the word of a rung.
    fn rung(&self, status: &Status) -> (&'static str, &'static str) {
        let word = subject::rung(self.view, *status);
        let pending = word == HowFar::Pending.word();
        (if pending { word } else { status.word() }, word)
    }

    fn rungs(&self) -> Vec<(&'static str, Status)> {
        let names = ["Install", "Upgrade", "Backup and restore", "Own tests", "Lint"];
        names.into_iter().zip(self.view.verdict.rungs.named().map(|(_, status)| status)).collect()
    }

    /// When the run started, as people write it.
    fn moment(&self) -> Option<String> {
        let started = self.view.started.as_deref()?;
        Some(format!("{} {} UTC", started.get(..10)?, started.get(11..16)?))
    }

    fn agreement(&self) -> (&'static str, &'static str) {
        match self.view.verdict.budget.agreement {
            Agreement::Agreed => ("pass", "The three counts agree."),
            Agreement::Disagreed => ("fail", "The three counts do not agree."),
            Agreement::Unknown => ("unver", "The counts give no answer."),
        }
    }

    fn count(count: &Option<usize>) -> String {
        count.map_or_else(|| "?".to_owned(), |count| count.to_string())
    }

    fn no_picture(&self) -> Option<&str> {
        match &self.view.screenshot.as_ref()?.shot {
            Shot::Taken => None,
            Shot::Refused { why } | Shot::Missed { why } => Some(why),
        }
    }

    fn page(&self) -> &str {
        self.view.screenshot.as_ref().map_or("/", |screenshot| screenshot.path.as_str())
    }

    /// Kind, before, after.
    fn objects(&self) -> Vec<(&'static str, usize, usize)> {
        match (self.view.before, self.view.after) {
            (Some(before), Some(after)) => ObjectKind::ALL
                .iter()
                .zip(before.into_iter().zip(after))
                .map(|(kind, (b, a))| (kind.word(), b, a))
                .collect(),
            (None, _) | (_, None) => Vec::new(),
        }
    }

    fn severity(severity: &Severity) -> &'static str {
        match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    fn lines(text: &str) -> usize {
        text.lines().count()
    }

    fn size(bytes: usize) -> String {
        match bytes {
            0..1024 => format!("{bytes} bytes"),
            1024..1_048_576 => format!("{} KiB", bytes / 1024),
            _ => format!("{} MiB", bytes / 1_048_576),
        }
    }

    fn kib(bytes: &u64) -> u64 {
        bytes / 1024
    }
}
