//! Notices changes to the stack that no operation of the run made, such as a hook that redeploys it.

use cc_ci_model::convergence::{ServiceView, StackView, Update};
use std::collections::BTreeMap;

/// What the run left the services at, after its last operation.
#[derive(Debug, Default)]
pub(crate) struct SpecGuard {
    expected: BTreeMap<String, Mark>,
    unexplained: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    id: String,
    spec: String,
    replicas: u64,
    labels: BTreeMap<String, String>,
}

impl Mark {
    fn of(service: &ServiceView) -> Self {
        Self {
            id: service.id.clone(),
            spec: service.spec.clone(),
            replicas: service.replicas,
            labels: service.labels.clone(),
        }
    }
}

impl SpecGuard {
    /// Takes the stack as it is as the run's own doing.
    pub(crate) fn accept(&mut self, view: &StackView) {
        self.expected = view.services.iter().map(|service| (service.name.clone(), Mark::of(service))).collect();
    }

    /// Tells every service that changed since, and accepts the change so that it is named once. A rollback is Swarm's doing
    /// and is reported where it is found.
    pub(crate) fn compare(&mut self, view: &StackView) -> Vec<String> {
        let mut changes = Vec::new();
        let found: BTreeMap<String, Mark> =
            view.services.iter().map(|service| (service.name.clone(), Mark::of(service))).collect();
        for (name, mark) in &self.expected {
            match found.get(name) {
                Some(now) if now == mark => {}
                Some(_) if view.services.iter().any(|service| service.name == *name && rolled_back(service.update)) => {
                }
                Some(now) if now.id == mark.id => {
                    changes.push(format!("service `{name}` was changed in place"));
                }
                Some(_) => changes.push(format!("service `{name}` was removed and created again")),
                None => changes.push(format!("service `{name}` was removed")),
            }
        }
        for name in found.keys().filter(|name| !self.expected.contains_key(*name)) {
            changes.push(format!("service `{name}` was added"));
        }
        self.expected = found;
        changes
    }

    /// Notes changes that nobody is to be asked about.
    pub(crate) fn note(&mut self, changes: Vec<String>) {
        self.unexplained.extend(changes);
    }

    /// What was noted.
    pub(crate) fn unexplained(&self) -> &[String] {
        &self.unexplained
    }
}

fn rolled_back(update: Update) -> bool {
    match update {
        Update::RollbackStarted | Update::RollbackPaused | Update::RollbackCompleted => true,
        Update::None | Update::Updating | Update::Paused | Update::Completed => false,
    }
}
