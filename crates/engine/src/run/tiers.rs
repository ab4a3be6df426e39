//! The tiers in order, on the one deployment.

mod install;
mod upgrade;

use super::app::App;
use super::conductor::{Conductor, Done, Fault};
use super::deploying::{self, Images};
use super::guard::SpecGuard;
use super::{Leavings, World, triage};
use crate::converge::{Stability, Waited, converge};
use crate::pulse::Pulse;
use crate::route::{Answer, Route};
use crate::swarm::{Observe, SwarmError};
use cc_ci_model::convergence::{History, StackView};
use cc_ci_model::event::{Event, ServiceSeen};
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::permit::Permits;
use cc_ci_model::tier::Tier;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the app is asked again until it answers.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Everything the tiers share while the app is up.
struct Stage<'a> {
    plan: Arc<Plan>,
    world: &'a World,
    app: App,
    images: Images,
    conductor: Conductor,
    observe: Arc<dyn Observe>,
    pulse: Pulse,
    route: Option<Route>,
    guard: SpecGuard,
    leavings: &'a Arc<Mutex<Leavings>>,
    stability: Option<(Tier, Stability)>,
}

/// Runs every planned tier; returns the changes to the stack that the run did not make.
pub(super) async fn perform(
    plan: &Arc<Plan>,
    permits: Permits,
    app: App,
    world: &World,
    leavings: &Arc<Mutex<Leavings>>,
) -> Result<Vec<String>, SwarmError> {
    let conductor = Conductor::new(plan, &world.voice, world.cancel.token());
    let observe = world.observe();
    let trees: Vec<_> = app.base.iter().chain([&app.head]).collect();
    let images = Images::resolve(world, &trees).await;
    let pulse = Pulse::start(world.swarm.docker(), Arc::clone(&observe), &plan.stack, world.cancel.token());
    let mut stage = Stage {
        plan: Arc::clone(plan),
        world,
        app,
        images,
        conductor,
        observe,
        pulse,
        route: None,
        guard: SpecGuard::default(),
        leavings,
        stability: None,
    };
    let performed = stage.all_tiers(permits).await;
    stage.settle_stability().await;
    stage.compare_specs().await?;
    stage.keep_logs().await;
    stage.pulse.finish().await;
    performed?;
    Ok(stage.guard.unexplained().to_vec())
}

impl Stage<'_> {
    async fn all_tiers(&mut self, permits: Permits) -> Result<(), SwarmError> {
        if !self.tier(Tier::Install).await || !self.install(permits).await? {
            return Ok(());
        }
        self.world.voice.say(Event::TierEnded { tier: Tier::Install });
        if self.tier(Tier::Upgrade).await {
            if !self.upgrade().await? {
                return Ok(());
            }
            self.world.voice.say(Event::TierEnded { tier: Tier::Upgrade });
        }
        Ok(())
    }

    /// Announces a tier if it is planned and the run goes on.
    async fn tier(&mut self, tier: Tier) -> bool {
        let runs = self.plan.runs(tier) && !self.world.cancel.token().is_cancelled();
        if runs {
            self.world.voice.say(Event::TierStarted { tier });
        }
        runs
    }

    /// Waits for convergence as one step; on failure the triage goes into the record.
    async fn converged(&mut self, tier: Tier, what: &str, history: History, since: Instant) -> Done {
        let (conductor, step) = (self.conductor.clone(), StepId::new(tier, what));
        let limit = Duration::from_secs(self.plan.limits.converge);
        let mut converged_view = None;
        let done = conductor
            .step(tier, what, async {
                let voice = conductor.voice();
                let progress = |missing: &[String]| {
                    let on = missing.join("; ");
                    voice.say(Event::Waiting { step: step.clone(), on, limit: limit.as_secs() });
                };
                let stack = &self.plan.stack;
                let observe = self.observe.as_ref();
                let waited =
                    converge(observe, &mut self.pulse, stack, history, limit, conductor.cancel(), progress).await?;
                match waited {
                    Waited::Converged(view) => {
                        let services = seen(&view, since);
                        voice.say(Event::ServicesSeen { step: step.clone(), services });
                        converged_view = Some(view);
                        Ok(Outcome::Passed { note: None })
                    }
                    Waited::Failed(finding) => {
                        let view = observe.stack(stack).await?;
                        let deaths = self.pulse.deaths();
                        if let Some(triage) = triage::triage(observe, &view, &deaths, step.clone(), &finding).await? {
                            voice.say(Event::Triage(triage));
                        }
                        Ok(Outcome::Failed(finding))
                    }
                    Waited::Cancelled => Ok(Outcome::Unverified(Finding::new(Cause::Cancelled, "the run was ended"))),
                }
            })
            .await;
        if let Some(view) = converged_view {
            self.watch(tier, &view);
        }
        done
    }

    /// Starts the stability window of a tier that just converged.
    fn watch(&mut self, tier: Tier, view: &StackView) {
        let window = Duration::from_secs(self.plan.limits.stable);
        let stability = Stability::watch(Arc::clone(&self.observe), &self.plan.stack, view, window);
        self.stability = Some((tier, stability));
    }

    /// Waits for the end of the running stability window and reports it for its tier.
    async fn settle_stability(&mut self) {
        let Some((tier, stability)) = self.stability.take() else { return };
        let outcome = match stability.end().await {
            Ok(None) => Outcome::Passed { note: None },
            Ok(Some(finding)) => Outcome::Failed(finding),
            Err(error) => Outcome::Unverified(Finding::new(Cause::Harness, error.to_string())),
        };
        self.conductor.report(tier, "stable", outcome);
    }

    /// Asks the app over its route until it gives an accepted answer.
    async fn serving(&mut self, tier: Tier, what: &str) -> Done {
        let limit = Duration::from_secs(self.plan.limits.serving);
        let step = StepId::new(tier, what);
        let scheme =
            if self.app.head.recipe.routes.iter().any(|route| route.tls != cc_ci_model::recipe::traefik::RouteTls::Off)
            {
                "https"
            } else {
                "http"
            };
        let work = async {
            let Some(route) = &self.route else {
                return Ok(Outcome::Unverified(Finding::new(Cause::Harness, "the route was never opened")));
            };
            let started = Instant::now();
            let mut last = String::new();
            loop {
                let said = match route.ask(scheme, "/").await {
                    Answer::App(status @ (200 | 301 | 302)) => {
                        return Ok(super::conductor::passed(format!("{status} on /")));
                    }
                    Answer::App(status) => format!("status {status} on /, accepted are 200, 301 and 302"),
                    Answer::Edge(reason) => format!("the app did not answer: {reason}"),
                    Answer::None(reason) => format!("no answer: {reason}"),
                };
                if started.elapsed() >= limit {
                    let summary = format!("not serving within {} s: {said}", limit.as_secs());
                    return Ok(Outcome::Failed(Finding::new(Cause::NotServing, summary)));
                }
                if said != last {
                    let (on, limit) = (said.clone(), limit.as_secs());
                    self.world.voice.say(Event::Waiting { step: step.clone(), on, limit });
                    last = said;
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        };
        self.conductor.step(tier, what, work).await
    }

    /// Takes the stack as it is now as the run's own doing.
    async fn accept_specs(&mut self) -> Result<StackView, SwarmError> {
        let view = self.observe.stack(&self.plan.stack).await?;
        self.guard.accept(&view);
        Ok(view)
    }

    /// Notes what somebody else changed since the last operation.
    async fn compare_specs(&mut self) -> Result<(), SwarmError> {
        let view = self.observe.stack(&self.plan.stack).await?;
        self.guard.compare(&view);
        Ok(())
    }

    /// Keeps the logs of what runs now; those of dead attempts were kept when they died.
    async fn keep_logs(&self) {
        const LINES: usize = 2000;
        let mut logs = std::collections::BTreeMap::<String, String>::new();
        for death in self.pulse.deaths() {
            let code = death.exit_code.map_or_else(|| "?".to_owned(), |code| code.to_string());
            let text = logs.entry(death.service).or_default();
            text.push_str(&format!("--- attempt that ended with {code}\n{}\n", death.log.join("\n")));
        }
        if let Ok(view) = self.observe.stack(&self.plan.stack).await {
            for service in &view.services {
                let tasks = view.tasks.iter().filter(|task| task.service == service.id && task.wanted);
                for container in tasks.filter_map(|task| task.container.as_ref()) {
                    let lines = self.observe.log_tail(container, LINES).await.unwrap_or_default();
                    let text = logs.entry(service.name.clone()).or_default();
                    text.push_str(&format!("--- running at the end\n{}\n", lines.join("\n")));
                }
            }
        }
        super::leave(self.leavings, |leavings| leavings.logs = logs);
    }
}

fn seen(view: &StackView, since: Instant) -> Vec<ServiceSeen> {
    let ready_ms = u64::try_from(since.elapsed().as_millis()).ok();
    let state = |service: &cc_ci_model::convergence::ServiceView| {
        let running = view.tasks.iter().filter(|task| {
            task.service == service.id && task.wanted && task.phase == cc_ci_model::convergence::Phase::Running
        });
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

/// A fault of cc-ci itself.
fn harness(text: impl Into<String>) -> Fault {
    Fault(Finding::new(Cause::Harness, text))
}

/// Makes the secrets of a tree, as one fault-mapped call.
async fn make_secrets(stage: &Stage<'_>, head: bool) -> Result<(), Fault> {
    let tree = if head { &stage.app.head } else { stage.app.first() };
    let given = &stage.app.given_secrets;
    Ok(deploying::make_secrets(&stage.plan, stage.world, tree, given, stage.leavings).await?)
}
