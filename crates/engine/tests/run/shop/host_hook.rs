//! A hook of the shop that runs on the host: a real process beside the swarm in memory.

use cc_ci_testkit::swarm::FakeSwarm;
use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Where it lies below the tests folder.
pub(super) const PATH: &str = "hooks/host/pre_upgrade";

/// A hook before the upgrade: words of its text, and what happens on the swarm while it runs.
pub(super) struct Acted {
    pub(super) words: &'static str,
    pub(super) meanwhile: Box<dyn Fn(&FakeSwarm)>,
}

impl Acted {
    /// Writes it into a tests folder. It says when it runs, and ends when it is told to.
    pub(super) fn write(&self, tests: &Path) {
        let path = tests.join(PATH);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let waits = "cd \"$CC_CI_STATE_DIR\"; : >began; until [ -e done ]; do sleep 0.01; done";
        std::fs::write(&path, format!("#!/bin/sh\n# {}\n{waits}\n", self.words)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Does what happens while the hook runs, once it runs; `state` is the folder that it writes to.
pub(super) async fn act(hook: Option<&Acted>, swarm: &FakeSwarm, state: &Path) -> Infallible {
    if let Some(hook) = hook {
        while !state.join("began").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (hook.meanwhile)(swarm);
        std::fs::write(state.join("done"), "").unwrap();
    }
    std::future::pending().await
}
