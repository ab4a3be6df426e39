//! Keeps what the services wrote (SWARM-5: all logs are artifacts).

use super::Stage;
use super::checks::service_of;
use crate::pulse::Pulse;
use crate::run::Artifact;
use cc_ci_model::ids::{RecipeName, StackName};
use std::collections::BTreeMap;

/// How many lines of a living container's log are kept.
const LINES: usize = 2000;

impl Stage<'_> {
    /// Keeps the logs of what runs now, dependencies included; those of dead attempts were kept when they died.
    pub(super) async fn keep_logs(&self) {
        let mut logs = BTreeMap::<String, Vec<String>>::new();
        self.collect_logs(&mut logs, None, &self.plan.stack, &self.pulse).await;
        for (dependency, supplier) in self.plan.dependencies.iter().zip(&self.suppliers) {
            self.collect_logs(&mut logs, Some(&dependency.recipe), &dependency.stack, &supplier.pulse).await;
        }
        for (service, texts) in logs {
            self.world.keep(Artifact::Log { service: &service, text: &texts.concat() });
        }
    }

    async fn collect_logs(
        &self,
        logs: &mut BTreeMap<String, Vec<String>>,
        dependency: Option<&RecipeName>,
        stack: &StackName,
        pulse: &Pulse,
    ) {
        for death in pulse.deaths() {
            let code = death.exit_code.map_or_else(|| "?".to_owned(), |code| code.to_string());
            let text = logs.entry(service_of(dependency, &death.service)).or_default();
            text.push(format!("--- attempt that ended with {code}\n{}\n", death.log.join("\n")));
        }
        let Ok(view) = self.observe.stack(stack).await else { return };
        for service in &view.services {
            let tasks = view.tasks.iter().filter(|task| task.service == service.id && task.wanted);
            for container in tasks.filter_map(|task| task.container.as_ref()) {
                let lines = self.observe.log_tail(container, LINES).await.unwrap_or_default();
                let text = logs.entry(service_of(dependency, &service.name)).or_default();
                text.push(format!("--- running at the end\n{}\n", lines.join("\n")));
            }
        }
    }
}
