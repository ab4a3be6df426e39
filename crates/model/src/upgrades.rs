//! The upgrade to head from each of several published versions: one run for each, planned together and judged together.
//!
//! A run stays a run, with one deploy and guards of its own. What they may do in sum stands in an [`plan::UpgradesPlan`], whose
//! permits are lent to one run each; what they come to is an [`report::UpgradesReport`].

pub mod choose;
pub mod count;
pub mod document;
pub mod plan;
pub mod report;
mod text;
pub mod tried;
