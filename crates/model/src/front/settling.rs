//! How long an answer that is not as it should be is waited out, before it counts.
//!
//! An app that is on its way says so by silence, or by a status that means "not yet", and gets the whole time that it has to serve.
//! Any other answer that stays the same is the app's last word long before that.

use super::{FrontEnd, FrontPage, Worse, WorseKind};
use std::time::Duration;

/// How long an answer has to stay the same that is not accepted, and that no app gives which is on its way.
pub const LAST_WORD: Duration = Duration::from_secs(20);

/// The same for a page in place of the app: one that says that it starts is a page like any other.
const STANDS_IN: Duration = Duration::from_secs(30);

/// Whether an app that is on its way may answer with this status. 404 is that of servers which load their apps one by one.
#[must_use]
pub fn may_be_starting(status: u16) -> bool {
    matches!(status, 404 | 425 | 429 | 502 | 503 | 504)
}

impl FrontPage {
    /// How long this page has to stay as it is to count as `worse`; `None` for as long as the app has to serve.
    #[must_use]
    pub fn settles(&self, worse: &Worse) -> Option<Duration> {
        match &self.end {
            FrontEnd::Nothing { .. } => None,
            // The proxy follows the labels that are deployed before anybody asks: waiting makes no router.
            FrontEnd::Unrouted { .. } => Some(Duration::ZERO),
            FrontEnd::Page(page) if may_be_starting(page.status) => None,
            FrontEnd::Circle | FrontEnd::Elsewhere | FrontEnd::Nowhere { .. } | FrontEnd::Page(_) => match worse.kind {
                WorseKind::Broken => Some(LAST_WORD),
                WorseKind::Changed => Some(STANDS_IN),
                WorseKind::OnItsWay => None,
            },
        }
    }
}
