//! Warm providers that move to a newer version: whether one does, in which order, and what a process that was killed in the
//! middle of it leaves to do (WARM-5).

pub mod choice;
pub mod notes;
pub mod steps;
