//! The generic checks, which look and never change anything: converged, stable, serving.

use super::{Fault, Stage};
use crate::converge::{Stability, Waited, converge};
use crate::pulse::Pulse;
use crate::route::OpenRoute;
use crate::run::conductor::{StepEnd, failed_if, passed};
use crate::run::{deploying, triage};
use crate::swarm::{HttpAnswer, Observe};
use crate::voice::Voice;
use cc_ci_model::convergence::{History, ServiceView, StackView, TaskPhase};
use cc_ci_model::event::{Event, ServiceSeen, Triage};
use cc_ci_model::ids::{Domain, RecipeName, StackName, StepId};
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::demands::Health;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::traefik::RouteTls;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the app is asked again until it answers.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A stack that converged.
pub(super) struct Converged {
    view: StackView,
    running_since: Instant,
}

impl Stage<'_> {
    /// Waits for convergence as one step; when it is reached, the stability window of its tier begins.
    pub(super) async fn converged(&mut self, tier: Tier, what: &str, history: History, since: Instant) -> StepEnd {
        let (conductor, step) = (self.conductor.clone(), StepId::new(tier, what));
        let mut found = None;
        let work = async {
            match self.wait(&step, history, since).await? {
                Ok(converged) => {
                    found = Some(converged);
                    Ok(Outcome::Passed { note: None })
                }
                Err(finding) => Ok(Outcome::Failed(finding)),
            }
        };
        let done = conductor.step(tier, what, work).await;
        match found {
            Some(converged) if tier == Tier::Restore => self.restored = Some(converged.view),
            Some(converged) => self.watch(tier, &converged),
            None => {}
        }
        done
    }

    /// Waits for convergence within a step; on failure the triage goes into the record.
    pub(super) async fn wait(
        &mut self,
        step: &StepId,
        history: History,
        since: Instant,
    ) -> Result<Result<Converged, Finding>, Fault> {
        let watch = Watch {
            observe: self.observe.as_ref(),
            pulse: &mut self.pulse,
            voice: &self.world.voice,
            cancel: self.conductor.cancel(),
            stack: &self.plan.stack,
            limit: Duration::from_secs(self.plan.limits.converge),
            dependency: None,
        };
        watch.wait(step, history, since).await
    }

    /// Starts the stability window of a tier that just converged.
    fn watch(&mut self, tier: Tier, converged: &Converged) {
        let Converged { view, running_since } = converged;
        let until = *running_since + Duration::from_secs(self.plan.limits.stable);
        let goals = deploying::goals(self.tree(tier));
        let stability = Stability::watch(self.observe.clone(), &self.plan.stack, view, &goals, until);
        self.stability = Some((tier, stability));
    }

    /// Waits for the end of the running stability window and reports it for its tier.
    pub(super) async fn settle_stability(&mut self) {
        let Some((tier, stability)) = self.stability.take() else { return };
        let ended = match self.conductor.cancel().is_cancelled() {
            true => stability.end_now().await,
            false => stability.end().await,
        };
        self.report_stability(tier, ended);
    }

    /// After everything else the app that was restored onto empty volumes has to be up. A service may have died of the restore
    /// itself, which takes its database away for a moment, and come back; one that keeps dying is found.
    pub(super) async fn still_up(&mut self) {
        let Some(restored) = self.restored.take() else { return };
        let (conductor, step) = (self.conductor.clone(), StepId::new(Tier::Restore, "stable"));
        let work = async {
            let history = deploying::history(&self.app.head).ignoring_dead(&restored);
            Ok(failed_if(self.wait(&step, history, Instant::now()).await?.err()))
        };
        conductor.step(Tier::Restore, "stable", work).await;
    }

    /// Ends the running window, because the run itself is about to replace what it watches.
    pub(super) async fn cut_stability(&mut self) {
        let Some((tier, stability)) = self.stability.take() else { return };
        self.report_stability(tier, stability.end_now().await);
    }

    fn report_stability(&self, tier: Tier, ended: Result<Option<Finding>, tokio::task::JoinError>) {
        let outcome = match ended {
            Ok(finding) => failed_if(finding),
            Err(error) => Outcome::Unverified(Finding::new(Cause::Harness, error.to_string())),
        };
        self.conductor.report(tier, "stable", outcome);
    }

    /// How the app is reached: by the scheme its routers ask for.
    pub(super) fn scheme(&self) -> &'static str {
        scheme(&self.plan, &self.app.head.recipe)
    }

    /// Asks the app where it has to answer, until it gives an accepted answer.
    pub(super) async fn serving(&mut self, tier: Tier, what: &str) -> StepEnd {
        let Health { path, statuses, .. } = self.plan.demands.health.clone();
        self.answers(tier, what, &path, &statuses).await
    }

    /// Asks the app over its route until it gives an accepted answer on `path`.
    pub(super) async fn answers(&mut self, tier: Tier, what: &str, path: &str, statuses: &[u16]) -> StepEnd {
        let step = StepId::new(tier, what);
        let work = async {
            let route = self.route.as_ref().ok_or_else(|| Fault::harness("the route was never opened"))?;
            let question =
                Question { who: "the app", domain: &self.plan.domain, scheme: self.scheme(), path, statuses };
            let limit = Duration::from_secs(self.plan.limits.serving);
            Ok(question.asked(route, &self.world.voice, &step, limit).await)
        };
        self.conductor.step(tier, what, work).await
    }
}

/// What a wait for convergence needs: of the app's stack, or of a dependency's.
pub(super) struct Watch<'a> {
    pub(super) observe: &'a dyn Observe,
    pub(super) pulse: &'a mut Pulse,
    pub(super) voice: &'a Voice,
    pub(super) cancel: &'a CancellationToken,
    pub(super) stack: &'a StackName,
    pub(super) limit: Duration,
    /// Whose services these are, if not the app's.
    pub(super) dependency: Option<&'a RecipeName>,
}

impl Watch<'_> {
    /// Waits for convergence within a step; on failure the triage goes into the record.
    pub(super) async fn wait(
        self,
        step: &StepId,
        history: History,
        since: Instant,
    ) -> Result<Result<Converged, Finding>, Fault> {
        let Self { observe, pulse, voice, cancel, stack, limit, dependency } = self;
        let progress = |missing: &[String]| {
            let on = missing.join("; ");
            voice.say(Event::Waiting { step: step.clone(), on, limit: limit.as_secs() });
        };
        match converge(observe, pulse, stack, history, limit, cancel, progress).await? {
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
pub(super) fn service_of(dependency: Option<&RecipeName>, service: &str) -> String {
    match dependency {
        Some(recipe) => format!("{recipe}.{service}"),
        None => service.to_owned(),
    }
}

/// A question over HTTP, and what counts as an answer.
pub(super) struct Question<'a> {
    /// Who is asked, for the reader.
    pub(super) who: &'a str,
    pub(super) domain: &'a Domain,
    pub(super) scheme: &'a str,
    pub(super) path: &'a str,
    pub(super) statuses: &'a [u16],
}

impl Question<'_> {
    /// Asks until there is an accepted answer, at most `limit`.
    pub(super) async fn asked(&self, route: &OpenRoute, voice: &Voice, step: &StepId, limit: Duration) -> Outcome {
        let started = Instant::now();
        let mut last = String::new();
        loop {
            let said = match self.once(route).await {
                Ok(status) => return passed(format!("{status} on {}", self.path)),
                Err(said) => said,
            };
            if started.elapsed() >= limit {
                let summary = format!("not serving within {} s: {said}", limit.as_secs());
                return Outcome::Failed(Finding::new(Cause::NotServing, summary));
            }
            if said != last {
                let (on, limit) = (said.clone(), limit.as_secs());
                voice.say(Event::Waiting { step: step.clone(), on, limit });
                last = said;
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Asks once: the accepted status, or what is wrong.
    pub(super) async fn once(&self, route: &OpenRoute) -> Result<u16, String> {
        let Self { who, domain, scheme, path, statuses } = self;
        match route.ask(domain, scheme, path).await {
            HttpAnswer::App { status, .. } if statuses.contains(&status) => Ok(status),
            HttpAnswer::App { status, .. } => {
                Err(format!("status {status} on {path}, accepted are {}", accepted(statuses)))
            }
            HttpAnswer::Edge { reason, .. } => Err(format!("{who} did not answer: {reason}")),
            HttpAnswer::None { why } => Err(format!("no answer: {why}")),
        }
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

/// `200, 301 and 302`.
fn accepted(statuses: &[u16]) -> String {
    let words: Vec<String> = statuses.iter().map(u16::to_string).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_owned(),
    }
}

/// The scheme that the plan demands, else the one a recipe's routers ask for.
pub(in crate::run) fn scheme(plan: &Plan, recipe: &Recipe) -> &'static str {
    if let Some(scheme) = plan.demands.health.scheme {
        return scheme.word();
    }
    if recipe.routes.iter().any(|route| route.tls != RouteTls::Off) { "https" } else { "http" }
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
