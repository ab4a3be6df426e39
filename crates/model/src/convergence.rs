//! When a stack has converged, and when it never will (SWARM-2, SWARM-4): a pure state machine over snapshots.
//!
//! Rules and their reasons: replica counts prove nothing, because before a stop-first update the old task still shows 1/1,
//! so only tasks that carry the intended spec count; `updating` blocks only while old tasks are wanted or run, because Swarm
//! keeps the word for the whole monitor window; `paused` outlives a single flicker, so it fails only together with a failed
//! task of the new spec; a one-shot service is judged by its task's exit, since Swarm never calls it converged.

mod engine;
mod placing;
mod view;
mod wanting;

use crate::outcome::{Cause, Finding};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use placing::unplaced;
pub use view::{ServiceView, StackView, TaskPhase, TaskView, Update};
pub use wanting::wants_another;

/// What a service is expected to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// All wanted replicas run the intended spec.
    Running,
    /// Its task completes with exit code 0.
    Completed,
    /// It runs, or has completed with exit code 0: Swarm does not start it again when it ends well, and nothing tells
    /// whether it is a server or a long one-shot.
    Either,
}

/// What a snapshot means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assessment {
    /// Every service reached its goal.
    Converged,
    /// Not yet; one line per service that is missing.
    Waiting(Vec<String>),
    /// Never: the reason, with the service named.
    Failed(Finding),
}

/// What has been seen of one wait so far. Swarm keeps only five tasks per slot, so failures are remembered here.
#[derive(Debug, Clone, Default)]
pub struct History {
    goals: BTreeMap<String, Goal>,
    failures: BTreeMap<String, Failure>,
    ready: BTreeSet<String>,
    ignored: BTreeSet<String>,
    forgotten: BTreeSet<String>,
    independent: BTreeSet<String>,
    silent: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Failure {
    service: String,
    how: How,
    others_ready: usize,
    excused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Exit(Option<i64>),
    Rejected(String),
    Unhealthy,
    /// The engine itself could not start it, with these words.
    Unstarted(String),
}

impl History {
    /// A history that knows what each service (name without the stack) should come to; others are expected to run.
    #[must_use]
    pub fn new(goals: BTreeMap<String, Goal>) -> Self {
        Self { goals, ..Self::default() }
    }

    /// Services (names without the stack) that need no other one: if such a one crashes twice in the same way, it is not for want
    /// of something that may still come.
    #[must_use]
    pub fn independent(mut self, services: impl IntoIterator<Item = String>) -> Self {
        self.independent.extend(services);
        self
    }

    /// Services (names without the stack) that say to nobody when they are ready: that they run means little to who needs them.
    #[must_use]
    pub fn silent(mut self, services: impl IntoIterator<Item = String>) -> Self {
        self.silent.extend(services);
        self
    }

    /// Whether a service that crashes may still want one that runs and is not ready.
    #[must_use]
    pub fn may_want_another(&self, service: &str) -> bool {
        !self.independent.contains(service) && self.silent.iter().any(|silent| silent != service)
    }

    /// Lets the crashes of a service so far not count: they were for want of another one.
    pub fn excuse(&mut self, service: &str) {
        self.failures
            .values_mut()
            .filter(|failure| failure.service == service)
            .for_each(|failure| failure.excused = true);
    }

    /// Leaves the tasks of `view` that are already dead out of account: they died before this wait began.
    #[must_use]
    pub fn ignoring_dead(mut self, view: &StackView) -> Self {
        self.ignored.extend(view.tasks.iter().filter(|task| !is_alive(task.phase)).map(|task| task.id.clone()));
        self
    }

    /// Leaves every task of `view` out of account, also one-shots that completed: the services begin afresh.
    #[must_use]
    pub fn afresh(mut self, view: &StackView) -> Self {
        self.forgotten.extend(view.tasks.iter().map(|task| task.id.clone()));
        self
    }

    fn goal(&self, service: &str) -> Goal {
        self.goals.get(service).copied().unwrap_or(Goal::Running)
    }

    /// Takes a snapshot in and says what it means.
    pub fn assess(&mut self, view: &StackView) -> Assessment {
        if view.services.is_empty() {
            return Assessment::Waiting(vec!["no service exists yet".to_owned()]);
        }
        let standings: Vec<(&ServiceView, Standing)> =
            view.services.iter().map(|service| (service, self.standing(view, service))).collect();
        for (service, standing) in &standings {
            if *standing == Standing::Reached {
                self.ready.insert(service.name.clone());
            }
        }
        self.remember_failures(view);
        for service in &view.services {
            if let Some(finding) = self.hopeless(view, service) {
                return Assessment::Failed(finding.of_service(&service.name));
            }
        }
        let missing: Vec<String> = standings
            .into_iter()
            .filter_map(|(service, standing)| match standing {
                Standing::Reached => None,
                Standing::Missing(what) | Standing::OldStillThere(what) => Some(format!("{}: {what}", service.name)),
            })
            .collect();
        if missing.is_empty() { Assessment::Converged } else { Assessment::Waiting(missing) }
    }

    /// Whether every service has all its tasks of the intended spec, even if old ones are still on their way out.
    #[must_use]
    pub fn intended_run(&self, view: &StackView) -> bool {
        !view.services.is_empty()
            && view.services.iter().all(|service| match self.standing(view, service) {
                Standing::Reached | Standing::OldStillThere(_) => true,
                Standing::Missing(_) => false,
            })
    }

    fn standing(&self, view: &StackView, service: &ServiceView) -> Standing {
        let tasks =
            || view.tasks.iter().filter(|task| task.service == service.id && !self.forgotten.contains(&task.id));
        let current = || tasks().filter(|task| task.spec == service.spec);
        match self.goal(&service.name) {
            // It is not to run now: something else starts it, such as a timer.
            Goal::Completed if service.replicas == 0 => Standing::Reached,
            Goal::Completed => {
                if current().any(|task| task.phase == TaskPhase::Complete) {
                    return Standing::Reached;
                }
                Standing::Missing(format!("one-shot, {}", latest_phase(current())))
            }
            Goal::Either if current().any(|task| task.phase == TaskPhase::Complete) => Standing::Reached,
            Goal::Running | Goal::Either => {
                let running = current().filter(|task| task.wanted && task.phase == TaskPhase::Running).count() as u64;
                // With start-first an old task still answers for a while after it is not wanted any more.
                let answers = |task: &&TaskView| task.wanted || task.phase == TaskPhase::Running;
                let old = tasks().filter(|task| task.spec != service.spec).filter(answers).count();
                let phase = latest_phase(current());
                // Swarm calls a task so whose container runs and whose health check has not passed yet.
                let health = if phase == TaskPhase::Starting.word() { " (not healthy yet)" } else { "" };
                let what = format!("{running}/{} {phase}{health}", service.replicas);
                match (running >= service.replicas, old > 0) {
                    (true, false) => Standing::Reached,
                    (true, true) => Standing::OldStillThere(format!("{what}, old task still there")),
                    (false, true) => Standing::Missing(format!("{what}, old task still there")),
                    (false, false) => Standing::Missing(what),
                }
            }
        }
    }

    fn remember_failures(&mut self, view: &StackView) {
        for task in &view.tasks {
            let Some(service) = view.services.iter().find(|service| service.id == task.service) else { continue };
            let known = [&self.ignored, &self.forgotten].iter().any(|ids| ids.contains(&task.id));
            if known || task.spec != service.spec || self.failures.contains_key(&task.id) {
                continue;
            }
            let text = task.error.clone().unwrap_or_default();
            let how = match task.phase {
                TaskPhase::Failed | TaskPhase::Rejected if engine::is_at_fault(&text) => How::Unstarted(text),
                TaskPhase::Rejected => How::Rejected(text),
                TaskPhase::Failed if text.contains("unhealthy") => How::Unhealthy,
                TaskPhase::Failed => How::Exit(task.exit_code),
                // A program that ends well after it was stopped as unhealthy completes, and so does a server that gives up.
                TaskPhase::Complete if text.contains("unhealthy") => How::Unhealthy,
                TaskPhase::Complete if self.goal(&service.name) == Goal::Running => How::Exit(task.exit_code),
                TaskPhase::Pending
                | TaskPhase::Preparing
                | TaskPhase::Starting
                | TaskPhase::Running
                | TaskPhase::Complete
                | TaskPhase::Shutdown => {
                    continue;
                }
            };
            let others_ready = self.ready.iter().filter(|name| **name != service.name).count();
            let failure = Failure { service: service.name.clone(), how, others_ready, excused: false };
            self.failures.insert(task.id.clone(), failure);
        }
    }

    fn hopeless(&self, view: &StackView, service: &ServiceView) -> Option<Finding> {
        match service.update {
            Update::RollbackStarted | Update::RollbackPaused | Update::RollbackCompleted => {
                return Some(self.engine_fault(view, service).unwrap_or_else(|| {
                    Finding::new(
                        Cause::RolledBack,
                        format!(
                            "Swarm rolled `{}` back to its old version{}",
                            service.name,
                            self.last_words(view, service)
                        ),
                    )
                }));
            }
            Update::Paused if self.failed_with_current_spec(service) => {
                return Some(self.engine_fault(view, service).unwrap_or_else(|| {
                    Finding::new(
                        Cause::UpdatePaused,
                        format!("Swarm paused the update of `{}`{}", service.name, self.last_words(view, service)),
                    )
                }));
            }
            Update::Paused | Update::None | Update::Updating | Update::Completed => {}
        }
        if let Some(text) = self.rejections(service).next() {
            return Some(rejected(&service.name, text));
        }
        match self.goal(&service.name) {
            Goal::Completed => self.one_shot_failure(view, service),
            Goal::Running | Goal::Either => self.crash_loop(view, service),
        }
    }

    /// What the engine failed at, where every task that the update lost was lost by it: Swarm takes that for a fault of the new version.
    /// By the time it is seen the service may have its old spec again, so tasks of either spec are looked at.
    fn engine_fault(&self, view: &StackView, service: &ServiceView) -> Option<Finding> {
        let lost = view.tasks.iter().filter(|task| {
            let known = self.ignored.contains(&task.id) || self.forgotten.contains(&task.id);
            let failed = matches!(task.phase, TaskPhase::Failed | TaskPhase::Rejected);
            task.service == service.id && !known && failed
        });
        let errors: Vec<&str> = lost.map(|task| task.error.as_deref().unwrap_or_default()).collect();
        let first = errors.first().filter(|_| errors.iter().all(|error| engine::is_at_fault(error)))?;
        let did = if service.update == Update::Paused { "paused the update" } else { "took the update back" };
        let what = format!("the engine could not start a container of `{}`, and Swarm {did}: {first}", service.name);
        Some(Finding::new(Cause::EngineLost, what))
    }

    fn failures_of<'a>(&'a self, service: &'a ServiceView) -> impl Iterator<Item = &'a Failure> {
        self.failures.values().filter(|failure| failure.service == service.name)
    }

    fn failed_with_current_spec(&self, service: &ServiceView) -> bool {
        self.failures_of(service).next().is_some()
    }

    fn rejections<'a>(&'a self, service: &'a ServiceView) -> impl Iterator<Item = &'a str> {
        self.failures_of(service).filter_map(|failure| match &failure.how {
            How::Rejected(text) => Some(text.as_str()),
            How::Exit(_) | How::Unhealthy | How::Unstarted(_) => None,
        })
    }

    fn one_shot_failure(&self, view: &StackView, service: &ServiceView) -> Option<Finding> {
        let retrying = view.tasks.iter().any(|task| task.service == service.id && task.wanted && is_alive(task.phase));
        let own = self.failures_of(service).filter(|failure| !matches!(failure.how, How::Unstarted(_))).count();
        if own >= 2 || (own == 1 && !retrying) {
            let what = format!("one-shot service `{}` failed{}", service.name, self.last_words(view, service));
            return Some(Finding::new(Cause::OneShotFailed, what));
        }
        let unstarted = self.failures_of(service).find_map(|failure| match &failure.how {
            How::Unstarted(text) if !retrying => Some(text),
            How::Unstarted(_) | How::Exit(_) | How::Rejected(_) | How::Unhealthy => None,
        })?;
        let what = format!("the engine could not start the one-shot service `{}`: {unstarted}", service.name);
        Some(Finding::new(Cause::EngineLost, what))
    }

    /// Two identical failures count only after every other service was ready: an app that crashes until its database
    /// is healthy is ordinary Swarm behaviour and keeps its whole time limit. The database itself has nothing to wait for. What the
    /// engine could not start says nothing of the app, and Swarm tries again.
    fn crash_loop(&self, view: &StackView, service: &ServiceView) -> Option<Finding> {
        let others = if self.independent.contains(&service.name) { 0 } else { view.services.len() - 1 };
        let counts = |failure: &&Failure| {
            failure.others_ready >= others && !failure.excused && !matches!(failure.how, How::Unstarted(_))
        };
        let late: Vec<&Failure> = self.failures_of(service).filter(counts).collect();
        let again = late.iter().enumerate().find(|(at, one)| late[..*at].iter().any(|two| two.how == one.how))?;
        let (cause, what) = match &again.1.how {
            How::Exit(Some(137)) if self.says(view, service, "oom") => {
                (Cause::OutOfMemory, "was killed for memory twice")
            }
            How::Exit(Some(0)) => {
                let what = "ends at once and is restarted for ever (restart_policy condition any): a one-shot needs condition none \
                            or on-failure";
                (Cause::CrashLoop, what)
            }
            How::Exit(_) => (Cause::CrashLoop, "crashed twice in the same way"),
            How::Unhealthy => (Cause::NeverHealthy, "was killed twice as unhealthy"),
            How::Rejected(_) | How::Unstarted(_) => (Cause::TaskRejected, "was rejected twice"),
        };
        Some(Finding::new(cause, format!("`{}` {what}{}", service.name, self.last_words(view, service))))
    }

    fn says(&self, view: &StackView, service: &ServiceView, word: &str) -> bool {
        view.tasks
            .iter()
            .filter(|task| task.service == service.id)
            .any(|task| task.error.as_ref().is_some_and(|error| error.to_ascii_lowercase().contains(word)))
    }

    fn last_words(&self, view: &StackView, service: &ServiceView) -> String {
        view.tasks
            .iter()
            .filter(|task| task.service == service.id && self.failures.contains_key(&task.id))
            .map(|task| match (task.exit_code, task.error.as_deref()) {
                (Some(code), Some(error)) if code != 0 && !error.contains("exit") => {
                    format!(" (exit code {code}: {error})")
                }
                (Some(_) | None, Some(error)) => format!(" ({error})"),
                (Some(code), None) => format!(" (its task ended with exit code {code})"),
                (None, None) => String::new(),
            })
            .next()
            .unwrap_or_default()
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Reached,
    OldStillThere(String),
    Missing(String),
}

fn is_alive(phase: TaskPhase) -> bool {
    match phase {
        TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting | TaskPhase::Running => true,
        TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => false,
    }
}

fn latest_phase<'a>(tasks: impl Iterator<Item = &'a TaskView>) -> &'static str {
    let mut latest = "no task yet";
    for task in tasks {
        latest = task.phase.word();
        if task.wanted && is_alive(task.phase) {
            break;
        }
    }
    latest
}

fn rejected(service: &str, text: &str) -> Finding {
    let lower = text.to_ascii_lowercase();
    let cause = if lower.contains("no such image") || lower.contains("not found") && lower.contains("image") {
        Cause::ImageMissing
    } else if lower.contains("no space left") {
        Cause::DiskFull
    } else {
        Cause::TaskRejected
    };
    Finding::new(cause, format!("a task of `{service}` was rejected: {text}"))
}
