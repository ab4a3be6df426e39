//! What the settings ask to be ready besides the app's route: ports, from inside the app's network, and paths.

use super::{Look, serving};
use crate::exec::{ExecError, ExecStatus};
use crate::run::conductor::{Answer, Fault, passed};
use cc_ci_model::event::Event;
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::plan::demands::Probe;
use cc_ci_model::plan::origin::Origin;
use cc_ci_model::tier::Tier;
use std::time::Duration;

/// Waits for a probe.
pub(in crate::run) async fn check(look: &mut Look<'_>, tier: Tier, probe: &Probe) -> Result<Answer<()>, Fault> {
    match probe {
        Probe::Http { path, statuses } => serving::check(look, tier, path, statuses, serving::Patience::Whole).await,
        Probe::Tcp { service, port, stable } => connects(look, service, *port, *stable).await,
    }
}

async fn connects(look: &mut Look<'_>, service: &str, port: u16, stable: u32) -> Result<Answer<()>, Fault> {
    let limit = Duration::from_secs(look.plan.limits.serving);
    let on = format!("{service}:{port}, {stable} connections in a row");
    look.voice.say(Event::Waiting { step: look.step.clone(), on: on.clone(), limit: limit.as_secs() });
    let host = format!("tasks.{}_{service}", look.plan.stack);
    let sandbox = look.tools.sandboxes.of_mut(Origin::Recipe).get().await?;
    match sandbox.connects(&host, port, stable, limit).await {
        Ok(output) if output.succeeded() => Ok(passed(format!("{on}: {}", output.text().trim())).into()),
        Ok(output) => {
            let said = match output.status {
                ExecStatus::Exited(_) | ExecStatus::TimedOut => output.tail(1).concat(),
                ExecStatus::TooMuchOutput => output.ending(),
            };
            let summary = format!("not ready within {} s: {on}: {said}", limit.as_secs());
            Ok(Answer::failed(Finding::new(Cause::NotServing, summary).of_service(service)))
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
