//! The product on a real engine, as a user sees it: the built program on one side, `docker` on the other.
//!
//! These tests are ignored unless they are asked for; `make test` does, and then they fail when there is no engine. The
//! recipes are those that `make recipes` assembles in the state folder. Tables of many runs are in `tests/real_long`.

mod engine;
mod product;

mod by_abra;
mod ending;
#[expect(dead_code, reason = "`tests/real_long` kills at all points")]
mod enrolled;
#[expect(dead_code, reason = "`tests/real_long` uses all of it")]
mod provider;
mod serving;
#[expect(dead_code, reason = "`tests/real_long` plants a hook, too")]
mod sweeping;

mod abra;
mod budget;
mod canary;
mod context;
mod dependencies;
mod green;
mod guide;
mod host;
mod killed;
mod mutant;
mod promoted;
mod quick;
mod reaped;
mod served;
mod swept;
