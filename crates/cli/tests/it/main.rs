//! The program `cc-ci` from outside: what it answers, what it leaves, and the rules of its house.

#![expect(clippy::disallowed_methods, reason = "a test drives programs from outside, not through the product")]
#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod abra;
mod child;
mod doctor;
mod hostile;
mod lint;
mod malformed;
mod manual;
mod plan;
mod real;
mod reference;
mod serve;
mod stored;
mod terminal;
mod tidy;

#[path = "../stand-in/wrapper.rs"]
mod wrapper;

/// Whether nothing is in a folder, which need not be there.
fn is_empty(folder: &std::path::Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none()) || !folder.exists()
}
