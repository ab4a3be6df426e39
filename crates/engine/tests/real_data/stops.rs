//! Whether a container takes notice of the signal that asks it to end, asked of real ones.

use crate::world::{TOOLS, World};
use std::time::{Duration, Instant};

/// What runs as the first process, and whether it takes notice.
const FIRST: [(&str, bool); 2] =
    [("sleep 600; true", false), ("trap 'exit 0' TERM; while true; do sleep 600 & wait; done", true)];

#[tokio::test]
#[ignore = "real engine: make test"]
async fn a_first_process_takes_notice_of_its_stop_signal_only_where_it_handles_it() {
    in_world!(world, {
        let node = world.doors.node.clone();
        for (script, heeds) in FIRST {
            let container = world.task("app", TOOLS, &[], &[], &["bash", "-c", script]).await;
            // A shell sets its handler some time after it was started.
            let began = Instant::now();
            while node.heeds_its_stop(&container).await != heeds && began.elapsed() < Duration::from_secs(10) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(node.heeds_its_stop(&container).await, heeds, "{script}");
            world.kill(&container).await;
        }
        assert!(node.heeds_its_stop("cc-ci-no-such-container").await, "what cannot be told is waited for");
    });
}
