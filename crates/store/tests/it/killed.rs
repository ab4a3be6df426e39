//! Reservations of runs in processes of their own, one of which is killed.

use cc_ci_model::admission::{Admission, Machine, Need, Room, decide};
use cc_ci_model::ids::RunId;
use cc_ci_store::reservations::{self, Reservation};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::state::StateFolder;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A process that holds the lock of a run's folder, as the one that performs the run does.
#[expect(clippy::disallowed_methods, reason = "a process that dies is what the test is about")]
fn process(state: &StateFolder, run: &RunId) -> Child {
    let (dir, lock) = RunDir::create(state, run).unwrap();
    drop(lock);
    let holder = Command::new("flock").arg("--no-fork").arg(dir.file("lock")).args(["sleep", "300"]).spawn().unwrap();
    until(|| dir.is_running().unwrap());
    holder
}

fn until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::yield_now();
    }
}

fn decided(state: &StateFolder, run: &RunId) -> Admission {
    let book = reservations::open(state).unwrap().unwrap();
    decide(run, book.written(), &Machine { cores: 1, free: Room::default() })
}

#[test]
fn the_place_of_a_process_that_is_killed_is_the_next_ones() {
    let root = tempfile::tempdir().unwrap();
    let state = StateFolder::open(root.path()).unwrap();
    let runs = ["r1", "r2", "r3"].map(|id| RunId::parse(id).unwrap());
    let mut holders = runs.clone().map(|run| process(&state, &run));
    let line_up = |run| reservations::open(&state).unwrap().unwrap().line_up(run, Need::UNKNOWN).unwrap();
    let mut written: [Reservation; 3] = [line_up(&runs[0]), line_up(&runs[1]), line_up(&runs[2])];
    reservations::open(&state).unwrap().unwrap().admit(&mut written[0]).unwrap();
    assert!(matches!(decided(&state, &runs[1]), Admission::Waits(_)));
    holders[0].kill().unwrap();
    // The kernel gives the lock back; nobody else has to do anything, and the file is still there.
    assert!(state.reservations().join("r1.json").exists());
    until(|| decided(&state, &runs[1]) == Admission::Begins { lacks: None });
    assert!(!state.reservations().join("r1.json").exists());
    assert!(matches!(decided(&state, &runs[2]), Admission::Waits(_)), "the second has its place, and there is one");
    // Whoever waits and is killed is not waited for.
    holders[1].kill().unwrap();
    until(|| decided(&state, &runs[2]) == Admission::Begins { lacks: None });
    holders[2].kill().unwrap();
    for mut holder in holders {
        holder.wait().unwrap();
    }
}
