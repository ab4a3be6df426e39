//! What snapshots of a stack mean: each rule of waiting with the snapshots that would fool a simpler one.

use cc_ci_model::convergence::{
    Assessment, Goal, History, ServiceView, StackView, TaskPhase, TaskView, Update, unplaced,
};
use cc_ci_model::outcome::Cause;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NEW: &str = "new";
const OLD: &str = "old";

fn service(name: &str) -> ServiceView {
    ServiceView {
        id: name.to_owned(),
        name: name.to_owned(),
        image: "image:1".to_owned(),
        spec: NEW.to_owned(),
        replicas: 1,
        starts_again: true,
        update: Update::None,
        labels: BTreeMap::new(),
        env: Vec::new(),
        previous: None,
    }
}

/// A task of a service; wanted unless it ended.
fn task(id: &str, service: &str, spec: &str, phase: TaskPhase) -> TaskView {
    let ended = matches!(phase, TaskPhase::Complete | TaskPhase::Failed | TaskPhase::Rejected | TaskPhase::Shutdown);
    TaskView {
        id: id.to_owned(),
        service: service.to_owned(),
        spec: spec.to_owned(),
        phase,
        wanted: !ended,
        container: None,
        exit_code: matches!(phase, TaskPhase::Failed).then_some(1),
        error: None,
    }
}

fn of(services: &[ServiceView], tasks: &[TaskView]) -> StackView {
    StackView { services: services.to_vec(), tasks: tasks.to_vec() }
}

fn goals(goals: &[(&str, Goal)]) -> History {
    History::new(goals.iter().map(|(name, goal)| ((*name).to_owned(), *goal)).collect())
}

fn cause(assessment: &Assessment) -> Option<Cause> {
    match assessment {
        Assessment::Failed(finding) => Some(finding.cause),
        Assessment::Converged | Assessment::Waiting(_) => None,
    }
}

fn waits_for(assessment: Assessment) -> String {
    match assessment {
        Assessment::Waiting(missing) => missing.join("; "),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_old_task_that_runs_is_not_the_new_one() {
    let mut history = History::default();
    // Before a stop-first update the old task still shows 1/1.
    let before = of(&[service("app")], &[task("1", "app", OLD, TaskPhase::Running)]);
    assert_eq!(waits_for(history.assess(&before)), "app: 0/1 no task yet, old task still there");
    assert!(!history.intended_run(&before));
    // With start-first both run for a while, and the old one still answers although nobody wants it any more.
    let mut leaving = task("1", "app", OLD, TaskPhase::Running);
    leaving.wanted = false;
    let both = of(&[service("app")], &[task("2", "app", NEW, TaskPhase::Running), leaving]);
    assert_eq!(waits_for(history.assess(&both)), "app: 1/1 running, old task still there");
    assert!(history.intended_run(&both));
    let after =
        of(&[service("app")], &[task("2", "app", NEW, TaskPhase::Running), task("1", "app", OLD, TaskPhase::Shutdown)]);
    assert_eq!(history.assess(&after), Assessment::Converged);
}

#[test]
fn an_empty_stack_has_not_converged() {
    assert_eq!(waits_for(History::default().assess(&StackView::default())), "no service exists yet");
    assert!(!History::default().intended_run(&StackView::default()));
}

#[test]
fn every_replica_counts() {
    let two = ServiceView { replicas: 2, ..service("app") };
    let mut history = History::default();
    let one = of(std::slice::from_ref(&two), &[task("1", "app", NEW, TaskPhase::Running)]);
    assert_eq!(waits_for(history.assess(&one)), "app: 1/2 running");
    let both = of(&[two], &[task("1", "app", NEW, TaskPhase::Running), task("2", "app", NEW, TaskPhase::Running)]);
    assert_eq!(history.assess(&both), Assessment::Converged);
}

#[test]
fn a_one_shot_is_judged_by_its_exit() {
    let view = |phase| of(&[service("migrate")], &[task("1", "migrate", NEW, phase)]);
    let once = || goals(&[("migrate", Goal::Completed)]);
    assert_eq!(waits_for(once().assess(&view(TaskPhase::Running))), "migrate: one-shot, running");
    assert_eq!(once().assess(&view(TaskPhase::Complete)), Assessment::Converged);
    assert_eq!(cause(&once().assess(&view(TaskPhase::Failed))), Some(Cause::OneShotFailed));
    // Swarm tries again: not over yet, until it fails again.
    let mut history = once();
    let again = of(
        &[service("migrate")],
        &[task("2", "migrate", NEW, TaskPhase::Starting), task("1", "migrate", NEW, TaskPhase::Failed)],
    );
    assert_eq!(waits_for(history.assess(&again)), "migrate: one-shot, starting");
    let twice = of(
        &[service("migrate")],
        &[task("2", "migrate", NEW, TaskPhase::Failed), task("1", "migrate", NEW, TaskPhase::Failed)],
    );
    assert_eq!(cause(&history.assess(&twice)), Some(Cause::OneShotFailed));
    // One that may be a server is satisfied by either.
    let either = || goals(&[("migrate", Goal::Either)]);
    assert_eq!(either().assess(&view(TaskPhase::Running)), Assessment::Converged);
    assert_eq!(either().assess(&view(TaskPhase::Complete)), Assessment::Converged);
}

#[test]
fn a_server_that_keeps_ending_well_crashes_all_the_same() {
    let view = of(
        &[service("app")],
        &[task("2", "app", NEW, TaskPhase::Complete), task("1", "app", NEW, TaskPhase::Complete)],
    );
    assert_eq!(cause(&History::default().assess(&view)), Some(Cause::CrashLoop));
}

#[test]
fn a_crash_counts_only_when_nothing_else_was_missing() {
    let crash = |id: &str| task(id, "app", NEW, TaskPhase::Failed);
    let slow = task("d", "db", NEW, TaskPhase::Starting);
    let ready = task("d", "db", NEW, TaskPhase::Running);
    let stack = [service("app"), service("db")];
    let mut history = History::default();
    // The app dies for want of its database, twice, and may.
    let view = of(&stack, &[crash("2"), crash("1"), slow.clone()]);
    assert!(matches!(history.assess(&view), Assessment::Waiting(_)));
    // With the database there it may not.
    let view = of(&stack, &[crash("3"), crash("2"), crash("1"), ready.clone()]);
    assert!(matches!(history.assess(&view), Assessment::Waiting(_)));
    let view = of(&stack, &[crash("4"), crash("3"), ready]);
    assert_eq!(cause(&history.assess(&view)), Some(Cause::CrashLoop));
    // A database has nothing to wait for.
    let mut history = History::default().independent(["db".to_owned()]);
    let dying = [task("2", "db", NEW, TaskPhase::Failed), task("1", "db", NEW, TaskPhase::Failed)];
    let view = of(&stack, &[dying.as_slice(), &[task("a", "app", NEW, TaskPhase::Starting)]].concat());
    assert_eq!(cause(&history.assess(&view)), Some(Cause::CrashLoop));
}

#[test]
fn crashes_that_were_for_want_of_another_service_are_excused_once() {
    let crash = |id: &str| task(id, "app", NEW, TaskPhase::Failed);
    let ready = task("d", "db", NEW, TaskPhase::Running);
    let stack = [service("app"), service("db")];
    let mut history = History::default().silent(["db".to_owned(), "app".to_owned()]);
    let first = of(&stack, std::slice::from_ref(&ready));
    assert!(matches!(history.assess(&first), Assessment::Waiting(_)));
    let view = of(&stack, &[crash("2"), crash("1"), ready.clone()]);
    assert_eq!(cause(&history.assess(&view)), Some(Cause::CrashLoop));
    history.excuse("app");
    assert!(matches!(history.assess(&view), Assessment::Waiting(_)));
    let up = of(&stack, &[task("3", "app", NEW, TaskPhase::Running), crash("2"), crash("1"), ready.clone()]);
    assert_eq!(history.clone().assess(&up), Assessment::Converged);
    let view = of(&stack, &[crash("4"), crash("3"), crash("2"), ready]);
    assert_eq!(cause(&history.assess(&view)), Some(Cause::CrashLoop));
    // Only another service that does not say whether it is ready can be the one that is wanted.
    assert!(history.may_want_another("app") && !History::default().may_want_another("app"));
    assert!(!History::default().silent(["app".to_owned()]).may_want_another("app"));
    assert!(!history.independent(["app".to_owned()]).may_want_another("app"));
}

#[test]
fn a_task_without_a_node_that_could_take_it_is_named() {
    let pending = |error: &str| TaskView { error: Some(error.to_owned()), ..task("1", "app", NEW, TaskPhase::Pending) };
    let found = |task: TaskView| unplaced(&of(&[service("app")], &[task])).map(|finding| finding.summary);
    let never = "no suitable node (scheduling constraints not satisfied on 1 node)";
    assert_eq!(found(pending(never)), Some(format!("Swarm finds no node for `app`: {never}")));
    assert_eq!(found(pending("no suitable node (host-mode port already in use on 1 node)")), None);
    let away = "no suitable node (1 node not available for new tasks; scheduling constraints not satisfied on 2 nodes)";
    assert_eq!(found(pending(away)), None);
    assert_eq!(found(TaskView { spec: OLD.to_owned(), ..pending(never) }), None);
    assert_eq!(found(TaskView { wanted: false, ..pending(never) }), None);
    assert_eq!(found(task("1", "app", NEW, TaskPhase::Pending)), None);
}

#[test]
fn a_one_shot_of_which_none_is_to_run_is_waited_for_by_nobody() {
    let idle = ServiceView { replicas: 0, ..service("cron") };
    let mut history = goals(&[("cron", Goal::Completed)]);
    assert_eq!(history.assess(&of(&[idle], &[])), Assessment::Converged);
    assert_eq!(waits_for(history.assess(&of(&[service("cron")], &[]))), "cron: one-shot, no task yet");
}

#[test]
fn two_different_crashes_are_not_a_loop() {
    let mut other = task("2", "app", NEW, TaskPhase::Failed);
    other.exit_code = Some(2);
    let view = of(&[service("app")], &[other, task("1", "app", NEW, TaskPhase::Failed)]);
    assert!(matches!(History::default().assess(&view), Assessment::Waiting(_)));
}

#[test]
fn a_rollback_fails_although_the_old_version_serves() {
    for update in [Update::RollbackStarted, Update::RollbackPaused, Update::RollbackCompleted] {
        let rolled = ServiceView { update, ..service("app") };
        let view = of(&[rolled], &[task("1", "app", NEW, TaskPhase::Running)]);
        assert_eq!(cause(&History::default().assess(&view)), Some(Cause::RolledBack), "{update:?}");
    }
}

/// What engines of version 20.10 say now and then while they start two containers.
const BUSY: &str = "starting container failed: unable to remount dir as readonly: mount tmpfs:/x/mounts/secrets, flags: 0x21, data: uid=0,gid=0: \
                    device or resource busy";

#[test]
fn a_rollback_after_what_the_engine_failed_at_is_the_engines_and_no_other() {
    // The service has its old spec again by the time it is looked at.
    let rolled = ServiceView { update: Update::RollbackStarted, spec: OLD.to_owned(), ..service("app") };
    let failed = |id: &str, error: &str| {
        let error = Some(error.to_owned());
        TaskView { exit_code: None, error, ..task(id, "app", NEW, TaskPhase::Failed) }
    };
    let running = task("1", "app", OLD, TaskPhase::Running);
    let view =
        |tasks: &[TaskView]| of(std::slice::from_ref(&rolled), &[tasks, std::slice::from_ref(&running)].concat());
    let seen = |tasks: &[TaskView]| cause(&History::default().assess(&view(tasks)));
    assert_eq!(seen(&[failed("2", BUSY)]), Some(Cause::EngineLost));
    assert_eq!(seen(&[]), Some(Cause::RolledBack));
    for own in ["task: non-zero exit (1)", &format!("{BUSY}, says the recipe"), &format!("exec: {BUSY}"), ""] {
        assert_eq!(seen(&[failed("2", own)]), Some(Cause::RolledBack), "{own}");
        assert_eq!(seen(&[failed("3", BUSY), failed("2", own)]), Some(Cause::RolledBack), "{own}");
    }
    // One that died before this wait began explains nothing.
    let before = view(&[failed("2", BUSY)]);
    assert_eq!(cause(&History::default().ignoring_dead(&before).assess(&before)), Some(Cause::RolledBack));
}

#[test]
fn what_the_engine_failed_to_start_is_no_fault_of_the_app() {
    let unstarted = |id: &str, service: &str| {
        let error = Some(BUSY.to_owned());
        TaskView { exit_code: None, error, ..task(id, service, NEW, TaskPhase::Failed) }
    };
    let seen = |of_whom: ServiceView, tasks: &[TaskView]| {
        goals(&[("migrate", Goal::Completed)]).assess(&of(&[of_whom], tasks))
    };
    let paused = ServiceView { update: Update::Paused, ..service("app") };
    assert_eq!(cause(&seen(paused.clone(), &[unstarted("2", "app")])), Some(Cause::EngineLost));
    let own = task("3", "app", NEW, TaskPhase::Failed);
    assert_eq!(cause(&seen(paused, &[unstarted("2", "app"), own.clone()])), Some(Cause::UpdatePaused));
    // Swarm tries again, and neither the engine's failures nor one of the app's own are a crash loop.
    let twice = [unstarted("2", "app"), unstarted("1", "app")];
    assert_eq!(cause(&seen(service("app"), &twice)), None);
    assert_eq!(cause(&seen(service("app"), &[twice.as_slice(), std::slice::from_ref(&own)].concat())), None);
    let crashes = [own, task("4", "app", NEW, TaskPhase::Failed), unstarted("1", "app")];
    assert_eq!(cause(&seen(service("app"), &crashes)), Some(Cause::CrashLoop));
    // A one-shot that is not tried again never ran.
    assert_eq!(cause(&seen(service("migrate"), &[unstarted("1", "migrate")])), Some(Cause::EngineLost));
    let failed = task("2", "migrate", NEW, TaskPhase::Failed);
    assert_eq!(cause(&seen(service("migrate"), &[failed, unstarted("1", "migrate")])), Some(Cause::OneShotFailed));
    let running = task("2", "migrate", NEW, TaskPhase::Running);
    assert_eq!(cause(&seen(service("migrate"), &[running, unstarted("1", "migrate")])), None);
}

#[test]
fn paused_fails_only_with_a_failed_task_of_the_new_spec() {
    let paused = ServiceView { update: Update::Paused, ..service("app") };
    let old_died = of(
        std::slice::from_ref(&paused),
        &[task("2", "app", NEW, TaskPhase::Running), task("1", "app", OLD, TaskPhase::Failed)],
    );
    assert_eq!(History::default().assess(&old_died), Assessment::Converged);
    let new_died =
        of(&[paused], &[task("2", "app", NEW, TaskPhase::Failed), task("1", "app", OLD, TaskPhase::Running)]);
    assert_eq!(cause(&History::default().assess(&new_died)), Some(Cause::UpdatePaused));
}

#[test]
fn a_rejected_task_ends_the_wait_with_its_cause() {
    let rejected = |error: &str| {
        let mut task = task("1", "app", NEW, TaskPhase::Rejected);
        task.error = Some(error.to_owned());
        cause(&History::default().assess(&of(&[service("app")], &[task])))
    };
    assert_eq!(rejected("No such image: a:1"), Some(Cause::ImageMissing));
    assert_eq!(rejected("no space left on device"), Some(Cause::DiskFull));
    assert_eq!(rejected("invalid mount config for type \"bind\""), Some(Cause::TaskRejected));
}

#[test]
fn the_dead_of_before_do_not_count_and_a_fresh_start_forgets_the_done() {
    let dead =
        of(&[service("app")], &[task("2", "app", NEW, TaskPhase::Failed), task("1", "app", NEW, TaskPhase::Failed)]);
    let mut history = History::default().ignoring_dead(&dead);
    assert!(matches!(history.assess(&dead), Assessment::Waiting(_)));
    let done = of(&[service("migrate")], &[task("1", "migrate", NEW, TaskPhase::Complete)]);
    let once = || goals(&[("migrate", Goal::Completed)]);
    // A redeploy that leaves a one-shot as it is does not run it again.
    assert_eq!(once().ignoring_dead(&done).assess(&done), Assessment::Converged);
    // Started again on empty volumes it has to run again.
    assert_eq!(waits_for(once().afresh(&done).assess(&done)), "migrate: one-shot, no task yet");
}

fn phases() -> impl Strategy<Value = TaskPhase> {
    prop::sample::select(vec![
        TaskPhase::Pending,
        TaskPhase::Preparing,
        TaskPhase::Starting,
        TaskPhase::Running,
        TaskPhase::Complete,
        TaskPhase::Failed,
        TaskPhase::Rejected,
        TaskPhase::Shutdown,
    ])
}

proptest! {
    /// Whatever a sequence of snapshots shows, a stack is never called converged while a service lacks a running task of its
    /// intended spec.
    #[test]
    fn converged_means_that_the_intended_tasks_run(
        snapshots in prop::collection::vec(
            prop::collection::vec((0_u8..2, any::<bool>(), phases(), any::<bool>()), 0..6),
            1..5,
        ),
    ) {
        let mut history = History::default();
        for (at, snapshot) in snapshots.iter().enumerate() {
            let tasks: Vec<TaskView> = snapshot
                .iter()
                .enumerate()
                .map(|(number, (service, new, phase, wanted))| {
                    let name = if *service == 0 { "app" } else { "db" };
                    let mut task = task(&format!("{at}-{number}"), name, if *new { NEW } else { OLD }, *phase);
                    task.wanted = *wanted;
                    task
                })
                .collect();
            let view = of(&[service("app"), service("db")], &tasks);
            if history.assess(&view) == Assessment::Converged {
                for name in ["app", "db"] {
                    let good = |task: &&TaskView| {
                        task.service == name && task.spec == NEW && task.phase == TaskPhase::Running && task.wanted
                    };
                    prop_assert!(tasks.iter().any(|task| good(&task)));
                }
                prop_assert!(history.intended_run(&view));
            }
        }
    }
}
