//! What the settings ask to be ready besides the app's route: ports, from inside the app's network, and paths.

use super::{Fault, Stage};
use crate::exec::{ExecError, ExecStatus};
use crate::run::conductor::{StepEnd, passed};
use cc_ci_model::event::Event;
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::demands::Probe;
use cc_ci_model::plan::step::Action;
use cc_ci_model::tier::Tier;
use std::time::Duration;

impl Stage<'_> {
    /// Waits for every probe of a tier whose steps begin with `prefix`, each whatever became of the one before.
    pub(super) async fn ready(&mut self, tier: Tier, prefix: &str) {
        let plan = self.plan.clone();
        let steps = plan.tier(tier).map(|planned| planned.steps.as_slice()).unwrap_or_default();
        for step in steps {
            let Action::Probe { probe } = &step.action else { continue };
            let what = format!("{prefix}ready/{}", probe.name());
            if step.id == StepId::new(tier, &what) {
                self.probe(tier, &what, probe).await;
            }
        }
    }

    async fn probe(&mut self, tier: Tier, what: &str, probe: &Probe) -> StepEnd {
        match probe {
            Probe::Http { path, statuses } => self.answers(tier, what, path, statuses).await,
            Probe::Tcp { service, port, stable } => {
                let conductor = self.conductor.clone();
                let work = self.connects(StepId::new(tier, what), service, *port, *stable);
                conductor.step(tier, what, work).await
            }
        }
    }

    async fn connects(&mut self, step: StepId, service: &str, port: u16, stable: u32) -> Result<Outcome, Fault> {
        let limit = Duration::from_secs(self.plan.limits.serving);
        let on = format!("{service}:{port}, {stable} connections in a row");
        self.world.voice.say(Event::Waiting { step, on: on.clone(), limit: limit.as_secs() });
        let host = format!("tasks.{}_{service}", self.plan.stack);
        let sandbox = self.sandbox.get().await?;
        match sandbox.connects(&host, port, stable, limit).await {
            Ok(output) if output.succeeded() => Ok(passed(format!("{on}: {}", output.text().trim()))),
            Ok(output) => {
                let said = match output.status {
                    ExecStatus::Exited(_) | ExecStatus::TimedOut => output.tail(1).concat(),
                    ExecStatus::TooMuchOutput => output.ending(),
                };
                let summary = format!("not ready within {} s: {on}: {said}", limit.as_secs());
                Ok(Outcome::Failed(Finding::new(Cause::NotServing, summary).of_service(service)))
            }
            Err(error) => {
                let cause = match &error {
                    ExecError::Gone { .. } | ExecError::CannotStart { .. } => Cause::Harness,
                    ExecError::Engine { .. } | ExecError::NoExitCode { .. } => Cause::EngineLost,
                };
                Err(Fault::unanswered(Finding::new(cause, error.to_string())))
            }
        }
    }
}
