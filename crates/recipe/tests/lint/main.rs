//! Every lint rule in both directions: a recipe without a finding, and that recipe broken in one way at a time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod answers;
mod deployed;
mod families;
mod machine;
mod shop;
mod variables;
mod written;
