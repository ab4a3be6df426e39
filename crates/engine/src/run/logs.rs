//! Keeps what the services wrote, and shows their last lines where a step failed (SWARM-5: all logs are artifacts).

use super::checks::converged::service_of;
use super::tiers::Run;
use super::triage;
use crate::keep::Artifact;
use crate::pulse::Pulse;
use cc_ci_model::event::Event;
use cc_ci_model::ids::{RecipeName, StackName};
use std::collections::BTreeMap;

/// How many lines of a living container's log are kept.
const LINES: usize = 2000;

impl Run<'_> {
    /// Keeps the logs of what runs now, dependencies included; those of dead attempts were kept when they died.
    pub(in crate::run) async fn keep_logs(&self) {
        let mut logs = BTreeMap::<String, Vec<String>>::new();
        self.collect_logs(&mut logs, None, &self.known.plan.stack, &self.stack.pulse).await;
        for (dependency, live) in self.known.plan.dependencies.iter().zip(&self.dependencies) {
            self.collect_logs(&mut logs, Some(&dependency.recipe), &dependency.stack, &live.pulse).await;
        }
        for (service, texts) in logs {
            self.known.world.keep(Artifact::Log { service: &service, text: &texts.concat() });
        }
    }

    /// Puts beside each failed step what its service said last, as a wait for convergence does (SWARM-5).
    pub(in crate::run) async fn show_last_lines(&mut self) {
        let failed = self.known.conductor.take_failed();
        if failed.is_empty() {
            return;
        }
        let observe = self.known.world.doors.observe.as_ref();
        // An engine that does not answer is reported by whatever the run does next.
        let Ok(view) = observe.stack(&self.known.plan.stack).await else { return };
        let routes = &self.trees.app.head.recipe.routes;
        let main = routes.first().map_or("app", |route| route.service.as_str());
        let deaths = self.stack.pulse.deaths_told().await;
        for one in failed {
            let shown = triage::last_lines(observe, &view, &deaths, one, main).await;
            if let Ok(Some(triage)) = shown {
                self.known.world.voice.say(Event::Triage(triage));
            }
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
        let Ok(view) = self.known.world.doors.observe.stack(stack).await else { return };
        for service in &view.services {
            let tasks = view.tasks.iter().filter(|task| task.service == service.id && task.wanted);
            for container in tasks.filter_map(|task| task.container.as_ref()) {
                let lines = self.known.world.doors.observe.log_tail(container, LINES).await.unwrap_or_default();
                let text = logs.entry(service_of(dependency, &service.name)).or_default();
                text.push(format!("--- running at the end\n{}\n", lines.join("\n")));
            }
        }
    }
}
