//! Brings up what the app needs beside it, and takes from it what the app is given (DEP-1 to DEP-3). Everything happens before
//! the app's one deploy.

use super::checks::{Question, Watch, service_of};
use super::{AppState, Fault, Stage, StepEnd, deploying};
use crate::ledger::Entry;
use crate::provider::{self, Client, DependencyScripts};
use crate::pulse::Pulse;
use crate::route::OpenRoute;
use crate::run::conductor::passed;
use crate::run::deploying::{FirstDeploy, Instance};
use crate::swarm::SwarmError;
use cc_ci_model::convergence::{Goal, History};
use cc_ci_model::ids::StepId;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::dependency::{Dependency, Mode, TakenCapability};
use cc_ci_model::plan::permit::{Permits, Purpose};
use cc_ci_model::tier::Tier;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// The certificate authorities of this machine.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A dependency while the run goes on.
pub(super) struct LiveDependency {
    /// Follows its stack.
    pub(super) pulse: Pulse,
    /// How it is reached, where that is not by the run's own route.
    pub(super) door: Option<OpenRoute>,
    /// How many of its containers had failed when it was ready.
    failures: usize,
}

impl LiveDependency {
    /// Starts following the stack of a dependency.
    pub(super) fn follow(pulse: Pulse, door: Option<OpenRoute>) -> Self {
        Self { pulse, door, failures: 0 }
    }

    fn failed(&self) -> usize {
        self.pulse.deaths().iter().filter(|death| death.is_failure()).count()
    }
}

impl Stage<'_> {
    /// Brings up every dependency in the order of the plan, and reads the app's trees again with what they provide.
    pub(super) async fn dependencies(&mut self, permits: &mut Permits) -> Result<AppState, SwarmError> {
        let plan = self.plan.clone();
        if plan.dependencies.is_empty() {
            return Ok(AppState::Up);
        }
        self.route = self.open_route().await?;
        if self.join_warm_ones().await == AppState::Down {
            return Ok(AppState::Down);
        }
        self.authorities = Some(self.write_authorities()?);
        for (at, dependency) in plan.dependencies.iter().enumerate() {
            if self.bring_up(at, dependency, permits).await == AppState::Down {
                return Ok(AppState::Down);
            }
        }
        Ok(self.hand_over())
    }

    /// Finds the way to each warm provider.
    async fn join_warm_ones(&mut self) -> AppState {
        let plan = self.plan.clone();
        for (at, dependency) in plan.dependencies.iter().enumerate() {
            let warm = self.app.providers.get(at).and_then(|provider| provider.warm.clone());
            let (Some(warm), Some(_)) = (warm, &dependency.route) else { continue };
            let node = self.world.doors.node.clone();
            match OpenRoute::join(node, &warm.run, &dependency.domain, &warm.authority).await {
                Ok(route) => {
                    if let Some(supplier) = self.suppliers.get_mut(at) {
                        supplier.door = Some(route);
                    }
                }
                Err(error) => {
                    let summary = format!("the warm {} cannot be reached: {error}", dependency.recipe);
                    let outcome = Outcome::Failed(Finding::new(Cause::DependencyUnhealthy, summary));
                    self.conductor.report(Tier::Install, &what(dependency, "converged"), outcome);
                    return AppState::Down;
                }
            }
        }
        AppState::Up
    }

    /// Writes the bundle that the app's services are to trust: the system's authorities and those of the run.
    fn write_authorities(&self) -> Result<PathBuf, SwarmError> {
        let path = self.app.head.folder.with_file_name("authorities.pem");
        // A machine without a bundle of its own has none to add.
        let system = std::fs::read_to_string(SYSTEM_AUTHORITIES).unwrap_or_default();
        let text = [system].into_iter().chain(self.own_authorities()).collect::<Vec<_>>().join("\n");
        std::fs::write(&path, text).map_err(|error| SwarmError::Command {
            verb: format!("write {}", path.display()),
            text: error.to_string(),
        })?;
        Ok(path)
    }

    async fn bring_up(&mut self, at: usize, dependency: &Dependency, permits: &mut Permits) -> AppState {
        let since = Instant::now();
        let deployed = match dependency.mode {
            Mode::Cold => self.deploy_dependency(at, dependency, permits).await,
            Mode::Warm => StepEnd::NotPlanned,
        };
        if !deployed.may_go_on()
            || !self.dependency_converged(at, dependency, since).await.may_go_on()
            || !self.dependency_serving(at, dependency).await.may_go_on()
        {
            return AppState::Down;
        }
        if let Some(supplier) = self.suppliers.get_mut(at) {
            supplier.failures = supplier.failed();
        }
        for taken in &dependency.provides {
            if !self.provision(at, dependency, taken).await.may_go_on() {
                return AppState::Down;
            }
        }
        AppState::Up
    }

    async fn deploy_dependency(&mut self, at: usize, dependency: &Dependency, permits: &mut Permits) -> StepEnd {
        let conductor = self.conductor.clone();
        let recipe = &dependency.recipe;
        let work = async {
            let provider = self.app.providers.get(at).ok_or_else(|| Fault::harness("a dependency has no tree"))?;
            let what = FirstDeploy {
                instance: Instance::dependency(&self.plan.run, dependency),
                purpose: Purpose::Dependency { recipe: recipe.to_string() },
                tree: &provider.tree,
                images: &self.images,
                given: &BTreeMap::new(),
                file: &format!("override-{recipe}.json"),
            };
            let ready = std::future::ready(());
            let deploying = Box::pin(deploying::deploy(self.world, permits, what, ready));
            Ok(match deploying.await? {
                Ok(((), _proof)) => Outcome::Passed { note: Some(dependency.shown().to_owned()) },
                Err(finding) => {
                    let service = finding.service.as_deref().map(|service| service_of(Some(recipe), service));
                    Outcome::Failed(Finding { service, ..finding })
                }
            })
        };
        conductor.step(Tier::Install, &what(dependency, "deploy"), work).await
    }

    async fn dependency_converged(&mut self, at: usize, dependency: &Dependency, since: Instant) -> StepEnd {
        let conductor = self.conductor.clone();
        let what = what(dependency, "converged");
        let step = StepId::new(Tier::Install, &what);
        let work = async {
            let observe = self.observe.clone();
            let history = match (dependency.mode, self.app.providers.get(at)) {
                (Mode::Cold, Some(provider)) => deploying::history(&provider.tree),
                // The warm one may run another version than the newest: whatever it consists of has to be up.
                (Mode::Warm, _) | (Mode::Cold, None) => {
                    let view = observe.stack(&dependency.stack).await?;
                    if view.services.is_empty() {
                        let summary =
                            format!("the stack {} of the warm {} is gone", dependency.stack, dependency.recipe);
                        return Ok(Outcome::Failed(Finding::new(Cause::DependencyUnhealthy, summary)));
                    }
                    History::new(view.services.iter().map(|one| (one.name.clone(), Goal::Either)).collect())
                }
            };
            let supplier = self.suppliers.get_mut(at).ok_or_else(|| Fault::harness("a dependency is not followed"))?;
            let watch = Watch {
                observe: observe.as_ref(),
                pulse: &mut supplier.pulse,
                voice: &self.world.voice,
                cancel: self.conductor.cancel(),
                stack: &dependency.stack,
                limit: Duration::from_secs(dependency.limits.converge),
                dependency: Some(&dependency.recipe),
            };
            Ok(match watch.wait(&step, history, since).await? {
                Ok(_) => Outcome::Passed { note: None },
                Err(finding) => Outcome::Failed(finding),
            })
        };
        conductor.step(Tier::Install, &what, work).await
    }

    async fn dependency_serving(&mut self, at: usize, dependency: &Dependency) -> StepEnd {
        let conductor = self.conductor.clone();
        let what = what(dependency, "serving");
        let step = StepId::new(Tier::Install, &what);
        let work = async {
            let limit = Duration::from_secs(dependency.limits.serving);
            let route = self.door(at).ok_or_else(|| Fault::harness("the route was never opened"))?;
            let mut notes = Vec::new();
            for question in questions(dependency) {
                match question.asked(route, &self.world.voice, &step, limit).await {
                    Outcome::Passed { note } => notes.extend(note),
                    other @ (Outcome::Failed(_) | Outcome::Skipped { .. } | Outcome::Unverified(_)) => {
                        return Ok(other);
                    }
                }
            }
            Ok(passed(notes.join(", ")))
        };
        conductor.step(Tier::Install, &what, work).await
    }

    /// How a dependency is reached.
    fn door(&self, at: usize) -> Option<&OpenRoute> {
        self.suppliers.get(at).and_then(|supplier| supplier.door.as_ref()).or(self.route.as_ref())
    }

    /// Makes the run's namespace for one capability and takes its outputs.
    async fn provision(&mut self, at: usize, dependency: &Dependency, taken: &TakenCapability) -> StepEnd {
        let conductor = self.conductor.clone();
        let what = what(dependency, &taken.capability);
        let step = StepId::new(Tier::Install, &what);
        let work = async {
            let (world, plan) = (self.world, self.plan.clone());
            let namespace = provider::namespace(&plan.run);
            let scripts = self.app.providers.get(at).and_then(|one| one.scripts.get(&taken.capability));
            let scripts = scripts.ok_or_else(|| Fault::harness("a capability has no scripts"))?;
            let provider = DependencyScripts {
                containers: world.doors.containers(),
                stack: &dependency.stack,
                url: dependency.url(),
                scripts,
                limit: Duration::from_secs(plan.limits.command),
                secrets: world.secrets.clone(),
            };
            if dependency.mode == Mode::Warm {
                for left in provider::reap(&provider, &plan.run, &world.alive).await {
                    match left {
                        Ok(name) => {
                            let text = format!("{name}, of a run that is dead, was removed from {}", dependency.recipe);
                            world.voice.note(Some(&step), text);
                        }
                        Err(error) => return Ok(ended(error.finding(dependency.recipe.as_str()))),
                    }
                }
            }
            let entry = Entry::Namespace {
                provider: dependency.recipe.to_string(),
                stack: dependency.stack.clone(),
                capability: taken.capability.clone(),
                namespace: namespace.clone(),
            };
            world.ledger.write(&entry).map_err(SwarmError::from)?;
            let client = Client { url: format!("{}://{}", self.scheme(), plan.domain), domain: &plan.domain };
            let created = match provider.create(&namespace, &client, taken).await {
                Ok(created) => created,
                Err(error) => return Ok(ended(error.finding(dependency.recipe.as_str()))),
            };
            world.voice.note_lines(&step, dependency.recipe.as_str(), created.said);
            let found = match created.outputs {
                Ok(found) => found,
                Err(what) => {
                    let summary = format!("{}: the script `create` {what}", dependency.recipe);
                    return Ok(Outcome::Failed(Finding::new(Cause::ProvisioningFailed, summary)));
                }
            };
            let names: Vec<&str> = found.keys().map(String::as_str).collect();
            let note = format!("{namespace} in {}: {}", dependency.recipe, names.join(", "));
            let values = found.into_iter().map(|(name, value)| ((taken.capability.clone(), name), value));
            self.outputs.values.extend(values);
            Ok(passed(note))
        };
        conductor.step(Tier::Install, &what, work).await
    }

    /// Reads the app's trees again with what was provided. Where that cannot be done the deploy has an answer already.
    fn hand_over(&mut self) -> AppState {
        let dependencies = &self.plan.dependencies;
        let environment = self.outputs.environment(dependencies);
        self.app.given_secrets.extend(self.outputs.secrets(dependencies));
        let base = self.app.base.take().map(|base| base.with(&environment)).transpose();
        let head = self.app.head.clone().with(&environment);
        match (base, head) {
            (Ok(base), Ok(head)) => {
                self.app.base = base;
                self.app.head = head;
                AppState::Up
            }
            (Err(why), _) | (_, Err(why)) => {
                let summary = format!("the recipe cannot be used with what its dependencies provide: {why}");
                let outcome = Outcome::Failed(Finding::new(Cause::ProvisioningFailed, summary));
                self.conductor.report(Tier::Install, "deploy", outcome);
                AppState::Down
            }
        }
    }

    /// After a failing test that needs a dependency: whether that dependency is still what it was. If not, whatever the test
    /// found is not the recipe's fault.
    pub(super) async fn mind_dependency(&self, path: &str, outcome: Outcome) -> Outcome {
        let Outcome::Failed(finding) = &outcome else { return outcome };
        for (at, dependency) in self.plan.dependencies.iter().enumerate().filter(|(_, one)| one.is_needed_by(path)) {
            if let Some(why) = self.what_is_wrong(at, dependency).await {
                let summary = format!("{}, and {} {why}", finding.summary, dependency.recipe);
                let details = finding.details.clone();
                return Outcome::Failed(Finding::new(Cause::DependencyUnhealthy, summary).with_details(details));
            }
        }
        outcome
    }

    /// What is wrong with a dependency now, in words; `None` when it is well.
    async fn what_is_wrong(&self, at: usize, dependency: &Dependency) -> Option<String> {
        let supplier = self.suppliers.get(at)?;
        if supplier.failed() > supplier.failures {
            let deaths = supplier.pulse.deaths();
            let last = deaths.iter().rfind(|death| death.is_failure())?;
            return Some(format!("died meanwhile (service {})", last.service));
        }
        if let Some(route) = self.door(at) {
            for question in questions(dependency) {
                if let Err(said) = question.once(route).await {
                    return Some(format!("does not answer any more: {said}"));
                }
            }
        }
        None
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "to be asked of the blame table")]
fn ended(finding: Finding) -> Outcome {
    match finding.cause {
        Cause::EngineLost => Outcome::Unverified(finding),
        _ => Outcome::Failed(finding),
    }
}

/// The step's name below its tier.
fn what(dependency: &Dependency, part: &str) -> String {
    format!("dependency/{}/{part}", dependency.recipe)
}

/// What a dependency has to answer.
fn questions(dependency: &Dependency) -> impl Iterator<Item = Question<'_>> {
    dependency.route.iter().flat_map(|route| {
        route.asks.iter().map(|ask| Question {
            who: dependency.recipe.as_str(),
            domain: &dependency.domain,
            scheme: route.scheme.word(),
            path: &ask.path,
            statuses: &ask.statuses,
        })
    })
}
