//! Shows that cc-ci says the right thing: makes a repository of each known case, tests it with `cc-ci`, and compares.
//!
//! A *case* is a small recipe with one fault, or with none, and the answer that is right for it. Cases lie in `selftest/cases`
//! of the project and are part of this library, so that an installed binary can test itself on any host. Each case is tried by
//! the real program in a process of its own; nothing of the product is called from here.
//!
//! Modules in reading order: [`case`] what a case is · [`catalogue`] where cases come from · [`repository`] a case becomes a
//! repository · [`answer`] what the program said · [`compare`] is that right · [`absence`] is there what must not be ·
//! [`trial`] one case from start to end · [`score`] all of them.

pub mod absence;
pub mod answer;
pub mod case;
pub mod catalogue;
pub mod compare;
pub mod repository;
pub mod score;
pub mod trial;
