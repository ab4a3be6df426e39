//! Whether a service is meant to end, and how many tasks it wants.

use serde::Serialize;

use crate::compose::{DeployMode, Service};

/// Whether the tasks of a service are meant to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// It runs until it is removed; a task that ends is started again.
    Serving,
    /// A task that ends well is not started again (`restart_policy.condition` is `none` or `on-failure`): the service
    /// is in order while its tasks run and also after they ended with 0. Recipes use it for migrations and for servers.
    MayComplete,
    /// A Swarm job: its tasks have to end with 0.
    Job,
}

/// How many tasks a service wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// So many, on any node.
    Replicas(u64),
    /// One on every node.
    EveryNode,
}

impl Service {
    /// Whether its tasks are meant to end.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        let condition = self.deploy.restart.as_ref().and_then(|restart| restart.condition.as_deref());
        match self.deploy.mode {
            Some(DeployMode::ReplicatedJob | DeployMode::GlobalJob) => Lifecycle::Job,
            Some(DeployMode::Replicated | DeployMode::Global) | None => match condition {
                Some("none" | "on-failure") => Lifecycle::MayComplete,
                _ => Lifecycle::Serving,
            },
        }
    }

    /// How many tasks it wants.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        match self.deploy.mode {
            Some(DeployMode::Global | DeployMode::GlobalJob) => Wanted::EveryNode,
            Some(DeployMode::Replicated | DeployMode::ReplicatedJob) | None => {
                Wanted::Replicas(self.deploy.replicas.unwrap_or(1))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::{Deploy, RestartPolicy};

    fn service(mode: Option<DeployMode>, condition: Option<&str>, replicas: Option<u64>) -> Service {
        let restart =
            condition.map(|text| RestartPolicy { condition: Some(text.to_owned()), ..RestartPolicy::default() });
        Service { deploy: Deploy { mode, replicas, restart, ..Deploy::default() }, ..Service::default() }
    }

    #[test]
    fn mode_and_restart_condition_decide() {
        assert_eq!(service(None, None, None).lifecycle(), Lifecycle::Serving);
        assert_eq!(service(None, Some("any"), None).lifecycle(), Lifecycle::Serving);
        assert_eq!(service(None, Some("none"), None).lifecycle(), Lifecycle::MayComplete);
        assert_eq!(service(Some(DeployMode::Global), Some("on-failure"), None).lifecycle(), Lifecycle::MayComplete);
        assert_eq!(service(Some(DeployMode::ReplicatedJob), None, None).lifecycle(), Lifecycle::Job);
        assert_eq!(service(None, None, None).wanted(), Wanted::Replicas(1));
        assert_eq!(service(None, None, Some(0)).wanted(), Wanted::Replicas(0));
        assert_eq!(service(Some(DeployMode::Global), None, Some(3)).wanted(), Wanted::EveryNode);
    }
}
