//! Whole runs against a swarm in memory: tiers, blame and teardown, without Docker and without waiting.
//!
//! The clock of these tests is paused: it jumps to the next moment at which something happens.

#![expect(clippy::unwrap_used, reason = "a world that cannot be made fails its test")]

/// A run for each line, with the step that says it, its cause, and the verdict.
macro_rules! blamed {
    ($($name:ident: $shop:expr => $step:literal, $cause:ident, $color:ident, $blame:ident;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            use cc_ci_model::outcome::Cause;
            use cc_ci_model::verdict::{Color, blame::Blame};
            $shop.run().await.comes_to($step, Cause::$cause, Color::$color, Blame::$blame);
        }
    )*};
}

mod blame;
mod bringing;
mod budget;
mod causes;
mod contract;
mod data;
mod dependencies;
mod hooks;
mod measured;
mod own;
mod promoting;
mod quick;
mod shop;
mod teardown;
mod tiers;
mod told;
