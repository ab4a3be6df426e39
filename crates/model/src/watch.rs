//! What ended although the run did not end it (WATCH-1): a pure fold over one snapshot and the deaths that were heard of.
//!
//! Rules and their reasons: a task that Swarm itself stopped is shown as `shutdown` or as no longer wanted, and does not count;
//! a task that ran before the redeploy may die long after it, and does not count either, nor does one of a service that head
//! dropped; Swarm keeps five tasks of a slot, so a death that was heard of counts even when its task is not shown any more; a task
//! shows its end only seconds later, so a death counts even while its task is still shown as running, and one that came just before
//! convergence, too; of a death that nobody heard of the task tells.

use crate::convergence::{Goal, StackView, TaskPhase, TaskView};
use crate::outcome::{Cause, Finding};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many lines of a dead attempt stand in a finding.
const LINES: usize = 20;

/// A container's death, as an event told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeardDeath {
    /// The service, without the stack.
    pub service: String,
    /// Its task.
    pub task: String,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom: bool,
    /// Whether it was stopped as unhealthy.
    pub unhealthy: bool,
    /// When, on the clock of [`Watched`]; `None` before the watch began.
    pub at: Option<Duration>,
    /// How long it had run, if that is known.
    pub lived: Option<Duration>,
    /// Its last lines.
    pub log: Vec<String>,
}

/// An end that nobody ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnorderedEnd {
    /// The service, without the stack.
    pub service: String,
    /// When; `None` when it had ended before the stack converged.
    pub at: Option<Duration>,
    /// How long it had run, if that is known.
    pub lived: Option<Duration>,
    how: How,
    log: Vec<String>,
}

impl UnorderedEnd {
    /// In a few words, for an end that is told and is no finding.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { service, how, log, .. } = self;
        let how = match how {
            How::Died(why) => format!("died ({why})"),
            How::Restarted | How::RanBefore => "ended (exit code 0)".to_owned(),
        };
        format!("`{service}` {how}{}", last_line(log))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum How {
    Died(String),
    /// It ended well, and Swarm starts it again.
    Restarted,
    /// It ended well, and ran for as long as it was looked at before the redeploy.
    RanBefore,
}

/// What is watched of a stack since it converged.
#[derive(Debug, Clone)]
pub struct Watched {
    since: Duration,
    /// The services there were when it began: one that the redeploy dropped may die long after it was removed.
    services: BTreeSet<String>,
    goals: BTreeMap<String, Goal>,
    ran_before: BTreeSet<String>,
    /// Tasks that have nothing to do with the version that is watched, or had ended by then.
    past: BTreeSet<String>,
    /// Those of them that are of another version.
    old: BTreeSet<String>,
    /// Tasks that were shown as alive when it began; their containers may have been dead by then.
    living: BTreeSet<String>,
    /// Tasks that Swarm was stopping when it began: that they end is its doing, also when it has forgotten them by the time of a look.
    stopping: BTreeSet<String>,
    completed: BTreeSet<String>,
}

impl Watched {
    /// Watches what `view` shows at `since`; `goals` says which services may end. `before` is the stack before the redeploy: what
    /// ran there is expected to go on, unless it is a one-shot.
    #[must_use]
    pub fn of(view: &StackView, goals: BTreeMap<String, Goal>, before: Option<&StackView>, since: Duration) -> Self {
        let current = |task: &TaskView| {
            let service = view.services.iter().find(|service| service.id == task.service);
            service.is_some_and(|service| service.spec == task.spec)
        };
        let lives = |task: &TaskView| current(task) && !is_over(task.phase);
        let (living, past): (Vec<&TaskView>, Vec<&TaskView>) = view.tasks.iter().partition(|task| lives(task));
        let ids = |tasks: Vec<&TaskView>| tasks.into_iter().map(|task| task.id.clone()).collect();
        let old = ids(view.tasks.iter().filter(|task| !current(task)).collect());
        let stopping = ids(living.iter().copied().filter(|task| !task.wanted).collect());
        let (living, past) = (ids(living), ids(past));
        let goal = |name: &String| goals.get(name).copied().unwrap_or(Goal::Running);
        let ran = before.into_iter().flat_map(running).filter(|name| goal(name) == Goal::Either);
        let ran_before = ran.collect();
        let now = running(view);
        let names = view.services.iter().filter(|service| service.replicas > 0).map(|service| service.name.clone());
        let completed = names.filter(|name| !now.contains(name)).collect();
        let services = view.services.iter().map(|service| service.name.clone()).collect();
        Self { since, services, goals, ran_before, past, old, living, stopping, completed }
    }

    /// Everything that ended by itself, the first first; `at` is when `view` was taken.
    #[must_use]
    pub fn endings(&self, view: &StackView, heard: &[HeardDeath], at: Duration) -> Vec<UnorderedEnd> {
        let mut endings: Vec<UnorderedEnd> =
            heard.iter().filter_map(|death| self.of_death(view, heard, death)).collect();
        let told = |task: &TaskView| heard.iter().any(|death| death.task == task.id);
        endings.extend(view.tasks.iter().filter(|task| !told(task)).filter_map(|task| self.of_task(view, task, at)));
        endings.extend(self.ran_before.iter().filter_map(|name| self.already_over(view, heard, name)));
        endings.sort_by_key(|ending| ending.at);
        endings
    }

    /// How long each service was seen, and what had completed: for the reader of a watch that found nothing.
    #[must_use]
    pub fn note(&self, view: &StackView, until: Duration) -> String {
        let seconds = until.saturating_sub(self.since).as_secs_f64();
        let names: Vec<String> = running(view).into_iter().collect();
        let alive = match names.as_slice() {
            [] => "nothing runs".to_owned(),
            names => format!("{} seen alive for {seconds:.1} s", names.join(", ")),
        };
        let ended = |name: &&String| !names.contains(*name) && self.goal(name) != Goal::Running;
        let completed: BTreeSet<&String> = self.completed.iter().chain(self.services.iter().filter(ended)).collect();
        match completed.is_empty() {
            true => alive,
            false => {
                let names: Vec<&str> = completed.into_iter().map(String::as_str).collect();
                format!("{alive}; completed: {}", names.join(", "))
            }
        }
    }

    /// What was found of `endings`, the first one leading; `None` when there are none.
    #[must_use]
    pub fn finding(&self, endings: &[UnorderedEnd]) -> Option<Finding> {
        let first = endings.first()?;
        let UnorderedEnd { service, how, log, at, lived: _ } = first;
        let when = match at {
            Some(at) => format!(" {:.1} s after it had converged", at.saturating_sub(self.since).as_secs_f64()),
            None => String::new(),
        };
        let more = endings.iter().filter(|ending| ending.service == *service).count() - 1;
        let again = match more {
            0 => String::new(),
            1 => ", and once more".to_owned(),
            more => format!(", and {more} more times"),
        };
        let said = last_line(log);
        let summary = match how {
            How::Died(why) => format!("`{service}` died by itself{when} ({why}){again}{said}"),
            How::Restarted => format!(
                "`{service}` ends by itself with exit code 0 and is restarted for ever (restart_policy condition any): a one-shot \
                 needs condition none or on-failure{said}"
            ),
            How::RanBefore => format!("`{service}` ran at base and has ended at head (exit code 0){said}"),
        };
        let details = log.iter().skip(log.len().saturating_sub(LINES)).cloned().collect();
        Some(Finding::new(Cause::Unstable, summary).of_service(service).with_details(details))
    }

    fn goal(&self, service: &str) -> Goal {
        self.goals.get(service).copied().unwrap_or(Goal::Running)
    }

    /// Whether the end of a task is nothing that is watched for.
    fn is_foreign(&self, task: &String) -> bool {
        self.past.contains(task) || self.stopping.contains(task)
    }

    fn of_death(&self, view: &StackView, heard: &[HeardDeath], death: &HeardDeath) -> Option<UnorderedEnd> {
        let at = match death.at {
            _ if self.is_foreign(&death.task) || !self.services.contains(&death.service) => return None,
            Some(at) => at,
            None if self.living.contains(&death.task) => self.since,
            None => return None,
        };
        let task = view.tasks.iter().find(|task| task.id == death.task);
        let stopped = task.is_some_and(|task| match task.phase {
            TaskPhase::Shutdown => true,
            TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Complete => false,
            TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting | TaskPhase::Running => !task.wanted,
        });
        if stopped {
            return None;
        }
        let how = match (death.exit_code, death.unhealthy) {
            (_, true) => How::Died("unhealthy".to_owned()),
            (Some(0), false) => self.ended_well(&death.service, heard, death.lived)?,
            (Some(code), false) if death.oom => How::Died(format!("exit code {code}, killed for memory")),
            (Some(code), false) => How::Died(format!("exit code {code}")),
            (None, false) => How::Died("without an exit code".to_owned()),
        };
        let HeardDeath { service, lived, log, .. } = death.clone();
        Some(UnorderedEnd { service, at: Some(at), lived, how, log })
    }

    /// What a task tells of an end that no event told of.
    fn of_task(&self, view: &StackView, task: &TaskView, at: Duration) -> Option<UnorderedEnd> {
        let service = view.services.iter().find(|service| service.id == task.service)?;
        if self.is_foreign(&task.id) || service.spec != task.spec {
            return None;
        }
        let said = task.error.clone().unwrap_or_default();
        let how = match task.phase {
            TaskPhase::Failed | TaskPhase::Rejected => How::Died(match task.exit_code {
                Some(code) if !said.contains("exit") => format!("exit code {code}: {said}"),
                Some(_) | None => said,
            }),
            TaskPhase::Complete if said.contains("unhealthy") => How::Died(said),
            TaskPhase::Complete => self.ended_well(&service.name, &[], None)?,
            TaskPhase::Pending
            | TaskPhase::Preparing
            | TaskPhase::Starting
            | TaskPhase::Running
            | TaskPhase::Shutdown => return None,
        };
        Some(UnorderedEnd { service: service.name.clone(), at: Some(at), lived: None, how, log: Vec::new() })
    }

    fn ended_well(&self, service: &str, heard: &[HeardDeath], lived: Option<Duration>) -> Option<How> {
        match self.goal(service) {
            Goal::Running => Some(How::Restarted),
            Goal::Either if self.ran_before.contains(service) && self.ended_early(service, heard, lived) => {
                Some(How::RanBefore)
            }
            Goal::Either | Goal::Completed => None,
        }
    }

    /// Whether a service ended that had run for longer before the redeploy. One that takes as long for its work as it ran there
    /// may be a one-shot that the redeploy interrupted.
    fn ended_early(&self, service: &str, heard: &[HeardDeath], lived: Option<Duration>) -> bool {
        let at_base = heard.iter().filter(|death| death.service == service && self.old.contains(&death.task));
        match (at_base.filter_map(|death| death.lived).max(), lived) {
            (Some(before), Some(lived)) => lived < before,
            (None, _) | (_, None) => true,
        }
    }

    /// A service that ran before the redeploy, and whose task of the new spec had ended well when the stack converged.
    fn already_over(&self, view: &StackView, heard: &[HeardDeath], name: &str) -> Option<UnorderedEnd> {
        let service = view.services.iter().find(|service| service.name == name)?;
        let mut tasks = view.tasks.iter().filter(|task| task.service == service.id && task.spec == service.spec);
        let task = tasks.find(|task| task.phase == TaskPhase::Complete && self.past.contains(&task.id))?;
        let death = heard.iter().find(|death| death.task == task.id);
        let lived = death.and_then(|death| death.lived);
        let log = death.map(|death| death.log.clone()).unwrap_or_default();
        let early = self.ended_early(name, heard, lived);
        early.then(|| UnorderedEnd { service: name.to_owned(), at: None, lived, how: How::RanBefore, log })
    }
}

/// `; its last line: …`, if there is any.
fn last_line(log: &[String]) -> String {
    let last = log.iter().rev().find(|line| !line.trim().is_empty());
    last.map(|line| format!("; its last line: {}", line.trim())).unwrap_or_default()
}

/// A service that has replicas before the redeploy and none after it.
#[must_use]
pub fn scaled_away(before: &StackView, after: &StackView) -> Option<Finding> {
    let had = |name: &str| before.services.iter().find(|old| old.name == name).map_or(0, |old| old.replicas);
    let service = after.services.iter().find(|service| service.replicas == 0 && had(&service.name) > 0)?;
    let name = &service.name;
    let summary = format!("`{name}` has 0 replicas at head, and had {} at base", had(name));
    Some(Finding::new(Cause::Unstable, summary).of_service(name))
}

/// The services of which at least one task runs.
fn running(view: &StackView) -> BTreeSet<String> {
    let runs =
        |id: &str| view.tasks.iter().any(|task| task.service == id && task.wanted && task.phase == TaskPhase::Running);
    view.services.iter().filter(|service| runs(&service.id)).map(|service| service.name.clone()).collect()
}

fn is_over(phase: TaskPhase) -> bool {
    match phase {
        TaskPhase::Pending | TaskPhase::Preparing | TaskPhase::Starting | TaskPhase::Running => false,
        TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown => true,
    }
}

#[cfg(test)]
mod tests;
