//! Servers whose images only `make nightly` and `make databases` build, against a real engine.

/// Ends the world also when the test fails.
macro_rules! in_world {
    ($world:ident, $body:block) => {
        let $world = World::new().await;
        let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(async $body)).await;
        $world.end().await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    };
}

mod servers;

// What the tests in `tests/real_data` are done with, of which this program needs a part.
#[path = "../real_data/databases.rs"]
mod databases;

#[path = "../real_data/emptied.rs"]
mod emptied;

#[path = "../real_data/world.rs"]
#[expect(dead_code, reason = "`tests/real_data` uses all of it")]
mod world;

use world::World;

#[tokio::test]
#[ignore = "real engine: make nightly"]
async fn an_emptied_column_is_found_in_every_kind_of_database() {
    in_world!(world, {
        emptied::empties_columns(&world, Some("cc-ci/mariadb:10.11")).await;
    });
}
