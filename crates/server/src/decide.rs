//! Decisions without effects: what may be asked for, what goes first, what starts, what an end means, when to try again.

pub(crate) mod admission;
pub(crate) mod estimate;
pub(crate) mod fairness;
pub(crate) mod limits;
pub(crate) mod patience;
pub(crate) mod welcome;
