//! What becomes of the tasks of a service, as a pure function of the time since they were asked for.

use cc_ci_model::convergence::{TaskPhase, Update};
use std::time::Duration;

/// How long a task takes to come up when nothing else is said.
const START: Duration = Duration::from_millis(200);

/// How long a task lives that is going to crash.
const LIFE: Duration = Duration::from_millis(100);

/// From one attempt to the next.
const AGAIN: Duration = Duration::from_secs(1);

/// What engines of version 20.10 say now and then while they start two containers.
const BUSY: &str = "starting container failed: unable to remount dir as readonly: mount tmpfs:/x/mounts/secrets, flags: 0x21, data: \
                    uid=0,gid=0: device or resource busy";

/// What the tasks of a deployment come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They run.
    Runs,
    /// They run after this time.
    Slow(Duration),
    /// Their containers run and are never healthy.
    NeverHealthy,
    /// They die with this exit code, one after the other.
    Crashes(i64),
    /// They die with exit code 1, one after the other, and one that starts after this time runs.
    CrashesUntil(Duration),
    /// No node fits, the swarm says.
    Unplaced(&'static str),
    /// The kernel kills them for memory, one after the other.
    OutOfMemory,
    /// The node refuses them, with these words.
    Rejected(&'static str),
    /// The first dies, and the swarm goes back to what ran before.
    RollsBack,
    /// The first dies, and the swarm stops there.
    Pauses,
    /// The engine cannot start the first, which is no fault of it, and the swarm goes back to what ran before.
    UnstartedAndBack,
    /// The same, and the swarm stops there.
    UnstartedAndPaused,
    /// They run, and the first one dies after this time.
    DiesAfter(Duration),
    /// They end by themselves with this exit code.
    Completes(i64),
    /// The engine takes the order and does nothing.
    Unheeded,
}

/// One task of a service, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) phase: TaskPhase,
    pub(super) exit_code: Option<i64>,
    pub(super) error: Option<String>,
}

impl Attempt {
    fn alive(phase: TaskPhase) -> Self {
        Self { phase, exit_code: None, error: None }
    }

    fn ended(code: i64, error: &str) -> Self {
        let phase = if code == 0 { TaskPhase::Complete } else { TaskPhase::Failed };
        Self { phase, exit_code: Some(code), error: Some(error.to_owned()) }
    }

    fn crashed(code: i64) -> Self {
        Self::ended(code, &format!("task: non-zero exit ({code})"))
    }

    /// Whether it had a container that has died.
    pub(super) fn is_dead(&self) -> bool {
        self.exit_code.is_some()
    }

    /// Whether it has come to an end, with or without a container.
    pub(super) fn is_over(&self) -> bool {
        self.is_dead() || matches!(self.phase, TaskPhase::Rejected | TaskPhase::Failed)
    }
}

impl Fate {
    /// The attempts so far, the oldest first, after `age`.
    pub(super) fn attempts(&self, age: Duration) -> Vec<Attempt> {
        match self {
            Self::Runs | Self::Unheeded => vec![coming_up(age, START)],
            Self::Slow(after) => vec![coming_up(age, *after)],
            Self::NeverHealthy => vec![Attempt::alive(TaskPhase::Starting)],
            Self::Crashes(code) => one_after_the_other(age, &Attempt::crashed(*code)),
            Self::CrashesUntil(time) if age < *time => one_after_the_other(age, &Attempt::crashed(1)),
            Self::CrashesUntil(time) => {
                let mut attempts = one_after_the_other(time.saturating_sub(LIFE), &Attempt::crashed(1));
                attempts.push(coming_up(age.saturating_sub(*time), START));
                attempts
            }
            Self::Unplaced(why) => {
                vec![Attempt { error: Some((*why).to_owned()), ..Attempt::alive(TaskPhase::Pending) }]
            }
            Self::OutOfMemory => {
                one_after_the_other(age, &Attempt::ended(137, "task: non-zero exit (137): OOM killed"))
            }
            Self::Rejected(why) => {
                let refused = Attempt { phase: TaskPhase::Rejected, exit_code: None, error: Some((*why).to_owned()) };
                one_after_the_other(age, &refused)
            }
            Self::RollsBack | Self::Pauses | Self::UnstartedAndBack | Self::UnstartedAndPaused if age < START => {
                vec![Attempt::alive(TaskPhase::Starting)]
            }
            Self::RollsBack | Self::Pauses => vec![Attempt::crashed(1)],
            Self::UnstartedAndBack | Self::UnstartedAndPaused => {
                vec![Attempt { error: Some(BUSY.to_owned()), ..Attempt::alive(TaskPhase::Failed) }]
            }
            Self::DiesAfter(life) if age < *life => vec![coming_up(age, START)],
            Self::DiesAfter(life) => vec![Attempt::crashed(1), coming_up(age.saturating_sub(*life), START)],
            Self::Completes(_) if age < START => vec![Attempt::alive(TaskPhase::Starting)],
            Self::Completes(0) => vec![Attempt { error: None, ..Attempt::ended(0, "") }],
            Self::Completes(code) => vec![Attempt::crashed(*code)],
        }
    }

    /// How the update to a deployment of this fate stands after `age`.
    pub(super) fn update(&self, age: Duration) -> Update {
        match self {
            _ if age < START => Update::Updating,
            Self::RollsBack | Self::UnstartedAndBack => Update::RollbackCompleted,
            Self::Pauses | Self::UnstartedAndPaused => Update::Paused,
            Self::Runs
            | Self::Slow(_)
            | Self::NeverHealthy
            | Self::Crashes(_)
            | Self::CrashesUntil(_)
            | Self::Unplaced(_)
            | Self::OutOfMemory
            | Self::Rejected(_)
            | Self::DiesAfter(_)
            | Self::Completes(_)
            | Self::Unheeded => Update::Completed,
        }
    }
}

fn coming_up(age: Duration, after: Duration) -> Attempt {
    Attempt::alive(if age < after { TaskPhase::Starting } else { TaskPhase::Running })
}

fn one_after_the_other(age: Duration, end: &Attempt) -> Vec<Attempt> {
    let begun = 1 + age.as_millis() / AGAIN.as_millis();
    // Swarm keeps five tasks of a slot.
    let first = begun.saturating_sub(5);
    let at = |number: u128| {
        let dies = AGAIN * u32::try_from(number).unwrap_or(u32::MAX) + LIFE;
        if age < dies { Attempt::alive(TaskPhase::Starting) } else { end.clone() }
    };
    (first..begun).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(fate: &Fate, ms: u64) -> Vec<TaskPhase> {
        fate.attempts(Duration::from_millis(ms)).into_iter().map(|attempt| attempt.phase).collect()
    }

    #[test]
    fn a_crash_is_followed_by_the_next_attempt() {
        let fate = Fate::Crashes(3);
        assert_eq!(phases(&fate, 50), [TaskPhase::Starting]);
        assert_eq!(phases(&fate, 500), [TaskPhase::Failed]);
        assert_eq!(phases(&fate, 1050), [TaskPhase::Failed, TaskPhase::Starting]);
        assert_eq!(phases(&fate, 60_500).len(), 5);
    }

    #[test]
    fn who_dies_later_ran_before_and_comes_back() {
        let fate = Fate::DiesAfter(Duration::from_secs(2));
        assert_eq!(phases(&fate, 1000), [TaskPhase::Running]);
        assert_eq!(phases(&fate, 2100), [TaskPhase::Failed, TaskPhase::Starting]);
        assert_eq!(phases(&fate, 2300), [TaskPhase::Failed, TaskPhase::Running]);
    }
}
