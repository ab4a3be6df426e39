//! The `cc-ci` program.
fn main() {}
