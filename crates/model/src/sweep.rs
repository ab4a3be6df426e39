//! A sweep: many recipes, each at its newest published version, and what several of them need brought up once (DEP-5, WARM-4).
//!
//! R recipes that need D others take `R + D` deploys. What a run would say that was made already, about the very same things, is not
//! asked again: that is *unchanged*, and never said without evidence.

pub mod document;
pub mod facts;
pub mod guards;
pub mod permits;
pub mod plan;
pub mod report;
pub mod rows;
mod text;

#[cfg(test)]
mod tests;
