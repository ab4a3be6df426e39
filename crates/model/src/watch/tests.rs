//! What the watch finds of snapshots and deaths, with those that would fool a simpler rule.

use super::*;
use crate::convergence::{ServiceView, Update};

fn service(name: &str, replicas: u64) -> ServiceView {
    ServiceView {
        id: name.to_owned(),
        name: name.to_owned(),
        image: "image".to_owned(),
        spec: "new".to_owned(),
        replicas,
        starts_again: true,
        update: Update::Completed,
        labels: BTreeMap::new(),
        env: Vec::new(),
        previous: None,
    }
}

fn task(id: &str, service: &str, phase: TaskPhase) -> TaskView {
    TaskView {
        id: id.to_owned(),
        service: service.to_owned(),
        spec: "new".to_owned(),
        phase,
        wanted: !is_over(phase),
        container: None,
        exit_code: None,
        error: None,
    }
}

fn view(tasks: Vec<TaskView>) -> StackView {
    let services = ["app", "worker", "migrate"].map(|name| service(name, 1));
    StackView { services: services.into(), tasks }
}

fn death(task: &str, service: &str, code: i64, at: u64) -> HeardDeath {
    HeardDeath {
        service: service.to_owned(),
        task: task.to_owned(),
        exit_code: Some(code),
        at: Duration::from_secs(at).checked_sub(Duration::from_secs(10)).map(|_| Duration::from_secs(at)),
        log: vec!["starting".to_owned(), "license check failed".to_owned(), String::new()],
        ..HeardDeath::default()
    }
}

fn goals() -> BTreeMap<String, Goal> {
    let goals = [("app", Goal::Running), ("worker", Goal::Either), ("migrate", Goal::Completed)];
    goals.map(|(name, goal)| (name.to_owned(), goal)).into()
}

/// What is found of a stack whose app runs as `t1`, beside an old task, at the second 10.
fn found(now: Vec<TaskView>, heard: &[HeardDeath]) -> Option<String> {
    let old = TaskView { spec: "old".to_owned(), wanted: false, ..task("t0", "app", TaskPhase::Running) };
    let running = |id: &str, service: &str| task(id, service, TaskPhase::Running);
    let began = view(vec![old, running("t1", "app"), running("w1", "worker"), running("m1", "migrate")]);
    let watched = Watched::of(&began, goals(), Some(&began), Duration::from_secs(10));
    let endings = watched.endings(&view(now), heard, Duration::from_secs(30));
    watched.finding(&endings).map(|finding| finding.summary)
}

#[test]
fn a_death_is_told_with_its_time_and_last_line() {
    let now = vec![task("t1", "app", TaskPhase::Failed), task("t2", "app", TaskPhase::Running)];
    let said = found(now, &[death("t1", "app", 3, 18)]);
    let right = "`app` died by itself 8.0 s after it had converged (exit code 3); its last line: license check failed";
    assert_eq!(said.as_deref(), Some(right));
}

#[test]
fn what_swarm_stopped_or_was_there_before_does_not_count() {
    let unwanted = TaskView { wanted: false, ..task("t1", "app", TaskPhase::Running) };
    for (what, now, heard) in [
        ("an old task that dies late", vec![], vec![death("t0", "app", 137, 12)]),
        ("a task that was stopped", vec![task("t1", "app", TaskPhase::Shutdown)], vec![death("t1", "app", 143, 18)]),
        ("one that is being stopped", vec![unwanted], vec![death("t1", "app", 143, 18)]),
        ("a death before", vec![task("t1", "app", TaskPhase::Running)], vec![death("t9", "app", 3, 9)]),
        ("a one-shot that ends well", vec![task("m1", "migrate", TaskPhase::Complete)], vec![]),
        ("a one-shot, heard of", vec![], vec![death("m1", "migrate", 0, 18)]),
        ("nothing at all", vec![task("t1", "app", TaskPhase::Running)], vec![]),
    ] {
        assert_eq!(found(now, &heard), None, "{what}");
    }
}

#[test]
fn deaths_that_a_simpler_rule_would_miss_count() {
    let unhealthy = HeardDeath { unhealthy: true, ..death("t1", "app", 0, 18) };
    let failed = TaskView {
        exit_code: Some(3),
        error: Some("non-zero exit (3)".into()),
        ..task("t1", "app", TaskPhase::Failed)
    };
    for (what, now, heard, says) in [
        (
            "still shown as running",
            vec![task("t1", "app", TaskPhase::Running)],
            vec![death("t1", "app", 3, 18)],
            "exit code 3",
        ),
        ("forgotten by Swarm", vec![], vec![death("t7", "app", 3, 18)], "exit code 3"),
        ("ended well, as unhealthy", vec![], vec![unhealthy], "(unhealthy)"),
        ("no event came", vec![failed], vec![], "(non-zero exit (3))"),
        ("ends well for ever", vec![], vec![death("t1", "app", 0, 10)], "restart_policy condition any"),
        ("died just before, and still shown as running", vec![], vec![death("t1", "app", 3, 9)], "0.0 s after"),
        ("a one-shot that fails late", vec![], vec![death("m1", "migrate", 5, 19)], "exit code 5"),
        (
            "a worker that gives up",
            vec![],
            vec![death("w1", "worker", 0, 19)],
            "`worker` ran at base and has ended at head",
        ),
        ("twice", vec![], vec![death("t1", "app", 3, 18), death("t2", "app", 3, 26)], "and once more"),
    ] {
        let said = found(now, &heard).unwrap_or_default();
        assert!(said.contains(says), "{what}: {said}");
    }
}

#[test]
fn a_worker_that_had_ended_by_convergence_is_found_only_if_it_ran_before() {
    let run = view(vec![task("w0", "worker", TaskPhase::Running)]);
    let over = view(vec![task("t1", "app", TaskPhase::Running), task("w1", "worker", TaskPhase::Complete)]);
    let said = |before: Option<&StackView>| {
        let watched = Watched::of(&over, goals(), before, Duration::ZERO);
        let endings = watched.endings(&over, &[death("w1", "worker", 0, 1)], Duration::from_secs(5));
        (watched.finding(&endings).map(|finding| finding.summary), watched.note(&over, Duration::from_secs(5)))
    };
    let right = "`worker` ran at base and has ended at head (exit code 0); its last line: license check failed";
    assert_eq!(said(Some(&run)).0.as_deref(), Some(right));
    assert_eq!(said(None), (None, "app seen alive for 5.0 s; completed: migrate, worker".to_owned()));
    assert_eq!(said(Some(&over)).0, None, "it had ended at base, too");
}

#[test]
fn replicas_that_head_takes_away_are_found() {
    let stack = |app: u64, helper: Option<u64>| StackView {
        services: [service("app", app)].into_iter().chain(helper.map(|count| service("helper", count))).collect(),
        tasks: Vec::new(),
    };
    let found = |before, after| scaled_away(&before, &after).map(|finding| finding.summary);
    let right = "`app` has 0 replicas at head, and had 2 at base";
    assert_eq!(found(stack(2, None), stack(0, None)).as_deref(), Some(right));
    assert_eq!(found(stack(1, None), stack(1, Some(0))), None, "a service that head adds");
    assert_eq!(found(stack(1, Some(0)), stack(1, Some(0))), None, "it had none at base");
    assert_eq!(found(stack(2, None), stack(1, None)), None, "one of two is enough");
}

/// Swarm stops the container of a removed service seconds later, by SIGKILL where it does not listen.
#[test]
fn a_service_that_head_dropped_may_die_long_after_it_was_removed() {
    let now = || vec![task("t1", "app", TaskPhase::Running)];
    assert_eq!(found(now(), &[death("h1", "helper", 137, 18)]), None);
    let same_death_of_one_that_stays = found(now(), &[death("w1", "worker", 137, 18)]);
    assert!(same_death_of_one_that_stays.is_some(), "the watch is deaf");
}

/// What is found of a worker that may end, and that ran for `before` at base and for `lived` at head.
fn worker(before: Option<u64>, lived: Option<u64>) -> Option<String> {
    let old = TaskView { spec: "old".to_owned(), ..task("w0", "worker", TaskPhase::Shutdown) };
    let began = view(vec![task("t1", "app", TaskPhase::Running), task("w1", "worker", TaskPhase::Running), old]);
    let watched = Watched::of(&began, goals(), Some(&began), Duration::from_secs(10));
    let life = |seconds: Option<u64>| seconds.map(Duration::from_secs);
    let heard = [
        HeardDeath { lived: life(before), ..death("w0", "worker", 137, 11) },
        HeardDeath { lived: life(lived), ..death("w1", "worker", 0, 19) },
    ];
    let now = view(vec![task("t1", "app", TaskPhase::Running), task("w1", "worker", TaskPhase::Complete)]);
    let endings = watched.endings(&now, &heard, Duration::from_secs(30));
    assert!(watched.note(&now, Duration::from_secs(30)).ends_with("completed: migrate, worker"));
    watched.finding(&endings).map(|finding| finding.summary)
}

#[test]
fn a_one_shot_that_the_redeploy_interrupted_may_end_when_its_work_is_done() {
    assert_eq!(worker(Some(4), Some(30)), None, "it worked for 30 s, and had 4 s at base");
    for (before, lived) in [(Some(4), Some(1)), (Some(4), None), (None, Some(30))] {
        let said = worker(before, lived).unwrap_or_default();
        assert!(said.starts_with("`worker` ran at base and has ended at head"), "{before:?} {lived:?}: {said}");
    }
}

#[test]
fn an_end_that_is_no_finding_is_told_in_a_few_words() {
    let began = view(vec![task("t1", "app", TaskPhase::Running)]);
    let watched = Watched::of(&began, goals(), None, Duration::from_secs(10));
    let endings = watched.endings(&began, &[death("t1", "app", 3, 18)], Duration::from_secs(30));
    let words: Vec<String> = endings.iter().map(UnorderedEnd::words).collect();
    assert_eq!(words, ["`app` died (exit code 3); its last line: license check failed"]);
}

#[test]
fn what_swarm_was_stopping_when_it_began_and_has_forgotten_since_does_not_count() {
    let began = |wanted| {
        let before = TaskView { wanted, ..task("t0", "app", TaskPhase::Running) };
        let began = view(vec![task("t1", "app", TaskPhase::Running), before]);
        let watched = Watched::of(&began, goals(), None, Duration::from_secs(10));
        let now = view(vec![task("t1", "app", TaskPhase::Running)]);
        watched.endings(&now, &[death("t0", "app", 137, 9)], Duration::from_secs(30)).len()
    };
    assert_eq!([began(false), began(true)], [0, 1]);
}
