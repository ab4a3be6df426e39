//! Removes the run's own namespaces from warm providers, on every path, once the app that used them is gone (DEP-2).

use super::app;
use super::world::World;
use crate::ledger::LedgerEntry;
use crate::provider::{self, DependencyScripts};
use cc_ci_model::event::Event;
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::dependency::Mode;
use std::time::Duration;

/// Whether everything is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// It is, as the providers say themselves.
    All,
    /// Something would not go; it was said.
    Not,
}

/// Removes what the ledger has of the warm dependencies of a plan.
pub(super) async fn remove(
    plan: &Plan,
    providers: &[app::DependencyApp],
    entries: &[LedgerEntry],
    world: &World,
) -> Gone {
    let mut gone = Gone::All;
    for (dependency, provider) in plan.dependencies.iter().zip(providers) {
        match dependency.mode {
            // It goes with its stack.
            Mode::Cold => continue,
            Mode::Warm => {}
        }
        let made = entries.iter().filter_map(|entry| match entry {
            LedgerEntry::Namespace { stack, capability, namespace, .. } if *stack == dependency.stack => {
                Some((provider.scripts.get(capability)?, namespace))
            }
            LedgerEntry::Namespace { .. }
            | LedgerEntry::Opened { .. }
            | LedgerEntry::Making { .. }
            | LedgerEntry::Found { .. }
            | LedgerEntry::Deploying { .. }
            | LedgerEntry::Closed => None,
        });
        for (scripts, namespace) in made {
            let running = DependencyScripts {
                containers: world.doors.containers(),
                stack: &dependency.stack,
                url: dependency.url(),
                scripts,
                limit: Duration::from_secs(plan.limits.command),
                secrets: world.secrets.clone(),
            };
            if let Err(error) = provider::remove(&running, namespace).await {
                gone = Gone::Not;
                world.voice.say(Event::NamespaceLeft {
                    provider: dependency.recipe.to_string(),
                    namespace: namespace.clone(),
                    why: error.to_string(),
                });
            }
        }
    }
    gone
}
