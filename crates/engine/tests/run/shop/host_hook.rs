//! A hook of the shop that runs on the host: a real process beside the swarm in memory, whose clock stands still meanwhile.

use cc_ci_model::event::{Event, Listener, Stamped};
use cc_ci_model::plan::hook::HookPlace;
use cc_ci_model::plan::step::{Action, Step};
use cc_ci_testkit::swarm::FakeSwarm;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where it lies below the tests folder.
pub(super) const PATH: &str = "hooks/host/pre_upgrade";

/// A hook before the upgrade: words of its text, and what happens on the swarm while it runs.
#[derive(Clone)]
pub(super) struct Acted {
    pub(super) words: &'static str,
    pub(super) meanwhile: Arc<dyn Fn(&FakeSwarm) + Send + Sync>,
}

impl Acted {
    /// Writes it into a tests folder. It says when it runs, and ends when it is told to.
    pub(super) fn write(&self, tests: &Path) {
        let path = tests.join(PATH);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let waits =
            "cd \"$CC_CI_STATE_DIR\"; echo $$ >.began && mv .began began; until [ -e done ]; do sleep 0.01; done";
        std::fs::write(&path, format!("#!/bin/sh\n# {}\n{waits}\n", self.words)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Does what happens while the hook runs. Until the process has ended it holds a thread, for which a paused clock waits.
pub(super) struct Meanwhile {
    pub(super) acted: Acted,
    pub(super) swarm: FakeSwarm,
    /// The folder that the hook writes to.
    pub(super) state: PathBuf,
    pub(super) step: Step,
}

impl Meanwhile {
    /// The step of a plan that is such a hook.
    pub(super) fn is_of(step: &Step) -> bool {
        matches!(step.action, Action::Hook { place: HookPlace::Host, .. })
    }
}

impl Listener for Meanwhile {
    #[expect(clippy::disallowed_methods, reason = "a paused clock waits for such a thread, and it starts no program")]
    fn on_event(&mut self, event: &Stamped) {
        if matches!(&event.event, Event::StepStarted { step } if *step == self.step.id) {
            let (acted, swarm, state) = (self.acted.clone(), self.swarm.clone(), self.state.clone());
            tokio::task::spawn_blocking(move || {
                let began = until(|| std::fs::read_to_string(state.join("began")).ok());
                (acted.meanwhile)(&swarm);
                std::fs::write(state.join("done"), "").unwrap();
                until(|| has_ended(began.trim()).then_some(()));
            });
        }
    }
}

/// Whether a process is gone, or dead and waits for its parent to notice.
fn has_ended(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when a process of somebody else writes a file or ends")]
fn until<T>(mut there: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = there() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
