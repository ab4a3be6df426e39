//! Whether this host can carry a run, and what the run adapts to.

use crate::error::{ErrorKind, RunnerError};
use cc_ci_engine::host::findings::{self, HostFinding, Level};
use cc_ci_engine::host::{Engine, HostFacts, Ipvs};
use cc_ci_engine::swarm::{Doors, Node, SwarmError};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::own_tests::Runner;
use cc_ci_recipe::overlay::{AppBounds, Endpoint};

/// What a run does because of its host, and what it tells about it.
#[derive(Debug)]
pub(crate) struct Adaptations {
    /// How service names resolve.
    pub(crate) endpoint: Endpoint,
    /// What every container of an app may use up at most.
    pub(crate) bounds: AppBounds,
    /// Name and value of each fact for the record.
    pub(crate) facts: Vec<(String, String)>,
}

/// What the host is asked through: the engine whose doors were opened, or why there are none.
pub fn node(doors: &Result<Doors, SwarmError>) -> Result<&dyn Node, &SwarmError> {
    doors.as_ref().map(|doors| doors.node.as_ref())
}

/// Refuses a host on which no run can succeed, by the first thing in the way.
pub(crate) fn ready(facts: &HostFacts) -> Result<Adaptations, RunnerError> {
    let found = findings::findings(facts);
    if let Some(bad) = found.iter().find(|finding| finding.level == Level::Fail) {
        return Err(refusal(bad));
    }
    let endpoint = match &facts.engine {
        Engine::Silent { .. } => Endpoint::AsWritten,
        Engine::Answers(engine) => match engine.ipvs {
            Ipvs::Loaded | Ipvs::Unknown { .. } => Endpoint::AsWritten,
            Ipvs::Missing => Endpoint::Tasks,
        },
    };
    let bounds = match &facts.engine {
        Engine::Silent { .. } => AppBounds::NONE,
        Engine::Answers(engine) => engine.about.bounds,
    };
    let mut told: Vec<(String, String)> = found
        .iter()
        .filter(|finding| finding.probe == "engine" || finding.level == Level::Warn)
        .map(|finding| (finding.probe.to_owned(), finding.seen.clone()))
        .collect();
    match endpoint {
        Endpoint::AsWritten => {}
        Endpoint::Tasks => told.push((
            "endpoint mode".to_owned(),
            "services get `endpoint_mode: dnsrr` and published ports the mode `host`".to_owned(),
        )),
    }
    told.push(("bounds of a container".to_owned(), findings::bounded(&bounds)));
    Ok(Adaptations { endpoint, bounds, facts: told })
}

/// Refuses a plan whose tests need an image that this engine lacks.
pub(crate) fn can_test(facts: &HostFacts, plan: &Plan) -> Result<(), RunnerError> {
    let steps = plan.tiers.iter().flat_map(|tier| &tier.steps);
    let browser = steps.filter_map(|step| step.action.as_test()).find(|path| Runner::of(path) == Runner::Browser);
    match (browser, &facts.engine) {
        (Some(path), Engine::Answers(engine)) if !engine.about.images.contains(findings::BROWSER_IMAGE) => {
            let what = format!("no run can start: the image {} is missing", findings::BROWSER_IMAGE);
            Err(RunnerError::new(ErrorKind::Infrastructure, what)
                .at(format!("tests/{path} drives a browser"))
                .hint("`make browser-image` builds it"))
        }
        (Some(_) | None, Engine::Answers(_) | Engine::Silent { .. }) => Ok(()),
    }
}

fn refusal(finding: &HostFinding) -> RunnerError {
    let kind = match finding.probe {
        "engine" | "swarm" => ErrorKind::NoSwarm,
        _ => ErrorKind::Infrastructure,
    };
    let hint = match finding.remedy {
        Some(_) => format!("{}; `cc-ci doctor --fix` does it", finding.advice),
        None => finding.advice.clone(),
    };
    RunnerError::new(kind, format!("no run can start: {}: {}", finding.probe, finding.seen))
        .at(finding.matters)
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_engine::docker::EngineAddress;
    use cc_ci_engine::host::Disk;

    fn host(engine: Engine, free: u64) -> HostFacts {
        HostFacts {
            address: EngineAddress::socket("/run/one.sock"),
            engine,
            docker_command: Some("20.10".into()),
            git_command: Some("2.39".into()),
            state_disk: Some(Disk { path: "/state".into(), free, free_inodes: None }),
            memory: None,
            now: 1_800_000_000,
        }
    }

    #[test]
    fn no_engine_is_no_swarm() {
        let error = ready(&host(Engine::Silent { why: "connection refused".into() }, 50 << 30)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NoSwarm);
        assert_eq!(error.message, "no run can start: engine: connection refused");
        assert!(error.hint.is_some_and(|hint| hint.ends_with("`cc-ci doctor --fix` does it")));
    }
}
