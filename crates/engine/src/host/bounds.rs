//! What cc-ci can bound of an app on this engine, and what it cannot, in words.

use super::findings::{HostFinding, Level, size};
use cc_ci_recipe::overlay::Bounds;
use cc_ci_recipe::overlay::bounds::LOG;

/// What nothing bounds, whatever the engine.
const UNBOUND: &str = "not bounded: what an app writes to its disk, what all services of an app take together, and what it sends; \
     it reaches the ports that this machine opens to `docker_gwbridge`";

/// What every container of an app is held to, unless its recipe says less.
#[must_use]
pub fn words(bounds: &Bounds) -> String {
    let memory = bounds.memory.map(|memory| format!("{} of memory", size(memory)));
    let processes = bounds.processes.map(|processes| format!("{processes} processes"));
    let logs = Some(format!("{} of logs", size(LOG)));
    [memory, processes, logs].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What is bounded here; an engine that cannot is worth a warning.
pub(super) fn finding(bounds: &Bounds) -> HostFinding {
    let lacks = [("memory", bounds.memory.is_none()), ("processes", bounds.processes.is_none())];
    let lacks: Vec<&str> = lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(what, _)| what).collect();
    let (level, seen, advice) = if lacks.is_empty() {
        (Level::Ok, format!("each container of an app: {}; {UNBOUND}", words(bounds)), String::new())
    } else {
        let seen = format!("the engine bounds no {} of containers; {UNBOUND}", lacks.join(" and no "));
        let advice = "use Docker 20.10 or newer with the kernel's cgroup controllers `memory` and `pids`, and no recipes of strangers \
             until then";
        (Level::Warn, seen, advice.to_owned())
    };
    let matters = "a recipe of a stranger must not take this machine down";
    HostFinding { probe: "bounds", level, seen, matters, advice, remedy: None }
}
