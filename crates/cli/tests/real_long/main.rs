//! Tables of many runs on a real engine, hours of them: `make nightly` runs all, other targets of the Makefile one each.

#![expect(clippy::disallowed_methods, reason = "a test drives programs from outside, not through the product")]
#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

mod abra;
mod canonicals;
mod dependencies;
mod hooks;
mod killed;
mod matrix;
mod pictures;
mod quick;
mod reaped;
mod registry;
mod sandbox;
mod searched;
mod searching;
mod served;
mod settings;
mod swept;
mod upgraded;
mod versions;
mod warm;
mod zero_config;

// The worlds of the tests in `tests/it/real`, of which this program needs a part.
#[path = "../it/real/by_abra.rs"]
mod by_abra;
#[path = "../it/real/ending.rs"]
mod ending;
#[path = "../it/real/engine.rs"]
mod engine;
#[path = "../it/real/enrolled.rs"]
mod enrolled;
#[path = "../it/real/product.rs"]
mod product;
#[path = "../it/real/provider.rs"]
mod provider;
#[path = "../it/real/serving.rs"]
mod serving;
#[path = "../it/real/sweeping.rs"]
mod sweeping;
#[path = "../stand-in/wrapper.rs"]
#[expect(dead_code, reason = "faults of the stand-in are tested in `tests/it`")]
mod wrapper;
