//! What containers use and how they came up, in the engine's own figures and by its own clock.

use super::{Swarm, containers};
use crate::labels;
use crate::swarm::{Since, Started, SwarmError, Used};
use cc_ci_model::ids::StackName;
use cc_ci_model::usage::nanos;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::BTreeMap;

/// How often a health check asks that does not say it, in milliseconds; the engine's own default.
const INTERVAL_MS: u64 = 30_000;

/// The running containers of a stack, and how each came up.
pub(super) async fn started(swarm: &Swarm, stack: &StackName, since: Since) -> Result<Vec<Started>, SwarmError> {
    let listed = async {
        let found = containers::by_service(&swarm.docker, stack).await;
        found.map_err(SwarmError::engine(format!("list the containers of {stack}")))
    };
    let tasks = swarm.raw.list("tasks", labels::STACK, stack.as_str());
    let (listed, tasks) = tokio::try_join!(listed, tasks)?;
    let inspect = async |(service, container): (String, String)| {
        // One that is gone by now did not come up in any way.
        let inspected = swarm.raw.get(&format!("containers/{container}/json")).await.ok()?;
        Some(one(service, container, &inspected, &tasks, since))
    };
    Ok(join_all(listed.into_iter().map(inspect)).await.into_iter().flatten().collect())
}

fn one(service: String, container: String, inspected: &Value, tasks: &[Value], since: Since) -> Started {
    let interval_ms = interval_ms(&inspected["Config"]["Healthcheck"]);
    let Some(task) = tasks.iter().find(|task| task["Status"]["ContainerStatus"]["ContainerID"] == container.as_str())
    else {
        return Started { service, container, took_ms: None, interval_ms, again: false };
    };
    let at = |value: &Value| value.as_str().and_then(nanos);
    let running = (task["Status"]["State"] == "running").then(|| at(&task["Status"]["Timestamp"])).flatten();
    // Swarm calls a task running when its health check has passed, or at once when it has none.
    let took_ms = interval_ms.and_then(|_| {
        let took = running?.checked_sub(at(&inspected["State"]["StartedAt"])?)?;
        u64::try_from(took / 1_000_000).ok()
    });
    let is_of_now = |task: &&Value| since.is_none_or(|since| at(&task["CreatedAt"]).is_some_and(|at| since.0 <= at));
    let beside = |other: &&Value| {
        let same = |key: &str| other[key] == task[key];
        // A global service has one task on each node, and no slots.
        let in_its_place = same("Slot") && (!task["Slot"].is_null() || same("NodeID"));
        same("ServiceID") && in_its_place && other["ID"] != task["ID"]
    };
    let again = tasks.iter().filter(beside).any(|other| is_of_now(&other));
    Started { service, container, took_ms, interval_ms, again }
}

/// `None` where there is no health check. An image may bring one, and a recipe may switch it off.
fn interval_ms(check: &Value) -> Option<u64> {
    let test = check["Test"].as_array()?;
    let first = test.first()?.as_str()?;
    let nanos = check["Interval"].as_u64().filter(|nanos| *nanos > 0);
    (first != "NONE").then(|| nanos.map_or(INTERVAL_MS, |nanos| nanos / 1_000_000))
}

/// What each of these containers uses, by id. Engines from before the end of 2023 (moby#46448) answer for the first at
/// once, and for the others up to a second later; whoever waits for it has something else to do meanwhile. One that ended has no answer.
pub(super) async fn used(swarm: &Swarm, containers: &[String]) -> BTreeMap<String, Used> {
    let ask = async |container: &String| {
        let path = format!("containers/{container}/stats?stream=false&one-shot=true");
        let stats = swarm.raw.get(&path).await.ok()?;
        Some((container.clone(), read(&stats)))
    };
    join_all(containers.iter().map(ask)).await.into_iter().flatten().collect()
}

/// An engine that knows nothing answers with zeros, or leaves it out.
fn read(stats: &Value) -> Used {
    let positive = |value: &Value| value.as_u64().filter(|value| *value > 0);
    let cpu_ms = positive(&stats["cpu_stats"]["cpu_usage"]["total_usage"]).map(|nanos| nanos / 1_000_000);
    let memory = &stats["memory_stats"];
    let figures = &memory["stats"];
    let in_use = match (figures["anon"].as_u64(), figures["total_active_anon"].as_u64()) {
        // Version 2 of control groups. What lies in shared memory is of nobody else, either.
        (Some(own), _) => Some(own + figures["shmem"].as_u64().unwrap_or_default()),
        // Version 1 counts both as pages without a file.
        (None, Some(active)) => Some(active + figures["total_inactive_anon"].as_u64().unwrap_or_default()),
        (None, None) => None,
    };
    let in_use = in_use.filter(|bytes| *bytes > 0);
    Used { memory: in_use, peak: in_use.and_then(|in_use| peak(in_use, memory)), cpu_ms }
}

/// The kernel's mark of the most counts the cache of files, which whoever reads a file first pays for. What is in the cache now is
/// taken to have been there then, so that only what went since is added to what is in use. At the limit the kernel drops the cache by
/// itself, and the mark says nothing.
fn peak(in_use: u64, memory: &Value) -> Option<u64> {
    let (usage, most) = (memory["usage"].as_u64()?, memory["max_usage"].as_u64().filter(|most| *most > 0)?);
    let limit = memory["limit"].as_u64().unwrap_or(u64::MAX);
    let below = most < limit - limit / 50;
    below.then(|| in_use + most.saturating_sub(usage))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::EngineTime;
    use serde_json::json;

    const MIB: u64 = 1 << 20;

    #[test]
    fn memory_is_what_the_service_holds_itself_with_either_version_of_control_groups() {
        let v1 = json!({
            "cpu_stats": { "cpu_usage": { "total_usage": 1_500_000_000_u64 } },
            "memory_stats": {
                "usage": 90 * MIB, "max_usage": 100 * MIB, "limit": 8000 * MIB,
                "stats": { "cache": 50 * MIB, "total_active_anon": 10 * MIB, "total_inactive_anon": 20 * MIB }
            }
        });
        assert_eq!(read(&v1), Used { memory: Some(30 * MIB), peak: Some(40 * MIB), cpu_ms: Some(1500) });
        let v2 = json!({
            "memory_stats": { "usage": 90 * MIB, "limit": 8000 * MIB, "stats": { "anon": 25 * MIB, "shmem": 5 * MIB, "file": 60 * MIB } }
        });
        assert_eq!(read(&v2), Used { memory: Some(30 * MIB), peak: None, cpu_ms: None });
    }

    #[test]
    fn zeros_and_nothing_are_no_answer_and_at_its_limit_a_service_has_no_peak() {
        let stopped = json!({ "cpu_stats": { "cpu_usage": { "total_usage": 0 } }, "memory_stats": {} });
        let zeros = json!({ "memory_stats": { "usage": 0, "max_usage": 0, "stats": { "total_active_anon": 0 } } });
        assert_eq!([read(&stopped), read(&zeros), read(&json!({}))], [Used::default(); 3]);
        let full = json!({
            "memory_stats": { "usage": 60 * MIB, "max_usage": 100 * MIB, "limit": 100 * MIB, "stats": { "total_active_anon": 9 * MIB } }
        });
        assert_eq!(read(&full), Used { memory: Some(9 * MIB), ..Used::default() });
    }

    fn task(id: &str, container: &str, made: &str, running: &str) -> Value {
        json!({
            "ID": id, "ServiceID": "s", "Slot": 1, "NodeID": "n", "CreatedAt": made,
            "Status": { "State": "running", "Timestamp": running, "ContainerStatus": { "ContainerID": container } }
        })
    }

    fn came_up(health: &Value, tasks: &[Value], since: Since) -> Started {
        let inspected =
            json!({ "State": { "StartedAt": "2026-11-30T10:00:01.5Z" }, "Config": { "Healthcheck": health } });
        one("app".to_owned(), "c1".to_owned(), &inspected, tasks, since)
    }

    #[test]
    fn a_start_is_from_the_containers_start_until_its_health_check_passed() {
        let tasks = [task("t1", "c1", "2026-11-30T10:00:00Z", "2026-11-30T10:00:04Z")];
        let came = |health: Value| {
            let started = came_up(&health, &tasks, None);
            (started.took_ms, started.interval_ms)
        };
        assert_eq!(came(json!({ "Test": ["CMD", "x"], "Interval": 1_000_000_000 })), (Some(2500), Some(1000)));
        assert_eq!(came(json!({ "Test": ["CMD", "x"] })), (Some(2500), Some(INTERVAL_MS)));
        assert_eq!(came(json!({ "Test": ["NONE"] })), (None, None));
        assert_eq!(came(Value::Null), (None, None));
    }

    #[test]
    fn a_task_before_it_makes_it_another_attempt_unless_that_was_of_an_earlier_deployment() {
        let health = json!({ "Test": ["CMD", "x"] });
        let tasks = [
            task("t1", "c1", "2026-11-30T10:00:00Z", "2026-11-30T10:00:04Z"),
            task("t0", "c0", "2026-11-30T09:59:50Z", "2026-11-30T09:59:51Z"),
        ];
        let at = |text: &str| nanos(text).map(EngineTime);
        assert!(came_up(&health, &tasks, None).again);
        assert!(came_up(&health, &tasks, at("2026-11-30T09:59:00Z")).again);
        assert!(!came_up(&health, &tasks, at("2026-11-30T09:59:55Z")).again);
        assert!(!came_up(&health, &tasks[..1], None).again);
    }
}
