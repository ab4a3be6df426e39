//! The result as people look at it: badge, card, run page, and the comment on a pull request.
//!
//! Everything is drawn from a [`cc_ci_model::report::ReportView`] and from what the run's folder holds; nothing here reads a file,
//! and nothing here can change a verdict. A server shows the same pages: [`page::body`] is a part of any document.

pub mod badge;
pub mod card;
pub mod comment;
pub mod escape;
pub mod page;
mod palette;
pub mod soak;
mod subject;
pub mod sweep;
pub mod upgrades;
pub mod upgrades_card;
mod waterfall;
mod width;
