//! Every service runs as intended, or why it does not.

use super::Look;
use crate::converge::{Waited, converge};
use crate::pressure::TimeLimit;
use crate::pulse::Pulse;
use crate::run::after::After;
use crate::run::conductor::{Answer, Fault};
use crate::run::parts::Coming;
use crate::run::triage;
use crate::swarm::Observe;
use crate::voice::Voice;
use cc_ci_model::convergence::{History, ServiceView, StackView, TaskPhase};
use cc_ci_model::event::{Event, ServiceSeen, Triage};
use cc_ci_model::ids::{RecipeName, StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding};
use cc_ci_model::watch;

use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A stack that converged.
pub(in crate::run) struct Converged {
    pub(in crate::run) view: StackView,
    pub(in crate::run) running_since: Instant,
}

/// Waits until the app is what it is coming to, and says what that is.
pub(in crate::run) async fn wait(look: &mut Look<'_>, coming: Coming) -> Result<Result<Converged, Finding>, Fault> {
    watch(look).wait(coming.history, coming.since).await
}

/// Waits until the app is what it is coming to, or never will be; nothing is said of it yet.
pub(in crate::run) async fn until(look: &mut Look<'_>, coming: Coming) -> Result<Waited, Fault> {
    watch(look).until(coming.history).await
}

/// What a wait since then came to, `after` what was done to the app. What had replicas `before` a redeploy must have some after it.
pub(in crate::run) async fn judged(
    look: &mut Look<'_>,
    waited: Waited,
    since: Instant,
    before: Option<&StackView>,
    after: After,
) -> Result<Answer<Converged>, Fault> {
    Ok(match watch(look).told(waited, since).await? {
        Ok(converged) => match before.and_then(|before| watch::scaled_away(before, &converged.view)) {
            Some(finding) => Answer::failed(finding),
            None => Answer::passed(converged),
        },
        Err(finding) => Answer::failed(after.told(finding)),
    })
}

fn watch<'l>(look: &'l mut Look<'_>) -> Watch<'l> {
    Watch {
        observe: look.observe,
        pulse: look.pulse,
        voice: look.voice,
        cancel: look.cancel,
        stack: &look.plan.stack,
        step: look.step,
        limit: look.clock.limit(Duration::from_secs(look.plan.limits.converge)),
        dependency: None,
    }
}

/// What a wait for convergence needs: of the app's stack, or of a dependency's.
pub(in crate::run) struct Watch<'a> {
    pub(in crate::run) observe: &'a dyn Observe,
    pub(in crate::run) pulse: &'a mut Pulse,
    pub(in crate::run) voice: &'a Voice,
    pub(in crate::run) cancel: &'a CancellationToken,
    pub(in crate::run) stack: &'a StackName,
    /// Who waits.
    pub(in crate::run) step: &'a StepId,
    pub(in crate::run) limit: TimeLimit<'a>,
    /// Whose services these are, if not the app's.
    pub(in crate::run) dependency: Option<&'a RecipeName>,
}

impl Watch<'_> {
    /// Waits for convergence within a step; on failure the triage goes into the record.
    pub(in crate::run) async fn wait(
        mut self,
        history: History,
        since: Instant,
    ) -> Result<Result<Converged, Finding>, Fault> {
        let waited = self.until(history).await?;
        self.told(waited, since).await
    }

    async fn until(&mut self, history: History) -> Result<Waited, Fault> {
        let Self { observe, pulse, voice, cancel, stack, step, limit, dependency: _ } = self;
        let progress = |missing: &[String]| {
            let on = missing.join("; ");
            voice.say(Event::Waiting { step: step.clone(), on, limit: limit.as_secs() });
        };
        Ok(converge(*observe, pulse, stack, history, *limit, cancel, progress).await?)
    }

    async fn told(self, waited: Waited, since: Instant) -> Result<Result<Converged, Finding>, Fault> {
        let Self { observe, pulse, voice, cancel: _, stack, step, limit: _, dependency } = self;
        match waited {
            Waited::Converged { view, since: running_since } => {
                voice.say(Event::ServicesSeen { step: step.clone(), services: seen(&view, since) });
                Ok(Ok(Converged { view, running_since }))
            }
            Waited::Failed(finding) => {
                let view = observe.stack(stack).await?;
                let deaths = pulse.deaths();
                let triage = triage::triage(observe, &view, &deaths, step.clone(), &finding).await?;
                let finding = of_dependency(with_health(finding, triage.as_ref()), dependency);
                if let Some(triage) = triage {
                    let name = |service: String| service_of(dependency, &service);
                    let then = triage.then.into_iter().map(name).collect();
                    let service = service_of(dependency, &triage.service);
                    voice.say(Event::Triage(Triage { finding: finding.clone(), service, then, ..triage }));
                }
                Ok(Err(finding))
            }
            Waited::Cancelled => Err(Fault::unanswered(Finding::new(Cause::Cancelled, "the run was ended"))),
        }
    }
}

fn of_dependency(finding: Finding, dependency: Option<&RecipeName>) -> Finding {
    let service = finding.service.as_deref().map(|service| service_of(dependency, service));
    Finding { service, ..finding }
}

/// How a report names a service: `canaille.app` for one of a dependency.
pub(in crate::run) fn service_of(dependency: Option<&RecipeName>, service: &str) -> String {
    match dependency {
        Some(recipe) => format!("{recipe}.{service}"),
        None => service.to_owned(),
    }
}

/// The engine calls a task that it stopped as unhealthy complete, without a reason; the last probe tells it.
fn with_health(finding: Finding, triage: Option<&Triage>) -> Finding {
    let health = triage.and_then(|triage| triage.health.as_deref()).map(str::trim).filter(|text| !text.is_empty());
    let about_health =
        [Cause::NeverHealthy, Cause::CrashLoop, Cause::UpdatePaused, Cause::RolledBack].contains(&finding.cause);
    match health.and_then(|text| text.lines().next_back()) {
        Some(said) if about_health => {
            Finding { summary: format!("{}; its last health check failed: {said}", finding.summary), ..finding }
        }
        Some(_) | None => finding,
    }
}

fn seen(view: &StackView, since: Instant) -> Vec<ServiceSeen> {
    let ready_ms = u64::try_from(since.elapsed().as_millis()).ok();
    let state = |service: &ServiceView| {
        let running = view
            .tasks
            .iter()
            .filter(|task| task.service == service.id && task.wanted && task.phase == TaskPhase::Running);
        match running.count() {
            0 => "completed".to_owned(),
            count => format!("{count}/{}", service.replicas),
        }
    };
    let services = view.services.iter();
    services
        .map(|service| ServiceSeen {
            service: service.name.clone(),
            image: service.image.clone(),
            state: state(service),
            ready_ms,
        })
        .collect()
}
