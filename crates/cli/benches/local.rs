//! How long planning, linting and masking take, each beside a floor: the least that anybody would have to do for it (PERF-3).
//!
//! `make bench`. Prints medians and ratios, and fails for no time: a machine that is busy is no defect.

#![expect(clippy::disallowed_methods, reason = "a measurement drives programs from outside, not through the product")]
#![expect(clippy::unwrap_used, reason = "a world that cannot be made ends the measurement")]
#![expect(clippy::print_stdout, reason = "it prints for a person, past the program's own printer")]

use cc_ci_model::redact::Redactor;
use cc_ci_testkit::repo::Repo;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each is timed. Both take turns, so that what disturbs one disturbs the other.
const ROUNDS: usize = 15;

/// A text as a talkative app leaves it. Bytes.
const LOG: usize = 10_000_000;

fn main() {
    println!("{:<34} {:>10} {:>10} {:>7}", "", "floor", "ours", "ratio");
    for name in ["miniflux", "static-site"] {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let repo = Repo::of_example(&example, folder.path()).unwrap();
        let base = repo.git(&["describe", "--tags", "--abbrev=0"]).unwrap();
        let floor = || cat_file(&repo);
        show(&format!("plan {name} / git cat-file"), floor, || cc_ci(&repo, &["plan"]));
        show(&format!("lint {name} / git cat-file"), floor, || cc_ci(&repo, &["lint"]));
        show(&format!("lint {name} --against / same"), floor, || cc_ci(&repo, &["lint", "--against", &base]));
    }
    masking();
}

/// Reads every object of the repository, in one process of git.
fn cat_file(repo: &Repo) {
    let all = ["cat-file", "--batch-all-objects", "--batch"];
    let status = Command::new("git").args(all).current_dir(repo.dir()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
}

fn cc_ci(repo: &Repo, args: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_cc-ci"))
        .args(args)
        .current_dir(repo.dir())
        .env("CC_CI_STATE", repo.dir().with_extension("state"))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{args:?}");
}

/// A log with a secret here and there, against the same bytes through `cat`.
fn masking() {
    let secrets: Vec<(String, String)> = (0..12)
        .map(|at| (format!("secret {at}"), format!("s3cr3t/{at}+{}", "value-of-it".repeat(at % 4 + 1))))
        .collect();
    let redactor = Redactor::new(&secrets);
    let mut log = String::with_capacity(LOG);
    let mut number = 0usize;
    while log.len() < LOG {
        number += 1;
        let word =
            if number.is_multiple_of(1000) { &secrets[number / 1000 % secrets.len()].1 } else { "GET /entry HTTP/1.1" };
        writeln!(log, "2026-11-24T02:00:00Z app[{number}]: {word} status=200 bytes={}", number * 7 % 9999).unwrap();
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(log.as_bytes()).unwrap();
    let cat = || assert!(Command::new("cat").arg(file.path()).stdout(Stdio::null()).status().unwrap().success());
    show("mask 10 MB of log / cat", cat, || drop(black_box(redactor.mask(&log))));
    show("find in 10 MB of log / cat", cat, || drop(black_box(redactor.find(&log))));
    let hostile = [
        ("letters", "a"),
        ("escapes", "%2561"),
        ("hexadecimal pairs", "0x61, "),
        ("entities", "&#97;"),
        ("colours", "a\x1b[1m"),
    ];
    for (what, unit) in hostile {
        let text = unit.repeat(LOG / unit.len());
        show(&format!("mask 10 MB of {what} / cat"), cat, || drop(black_box(redactor.mask(&text))));
    }
    let alike: Vec<_> = (6..60).map(|letters| (format!("alike {letters}"), "a".repeat(letters))).collect();
    let (redactor, text) = (Redactor::new(&alike), "a".repeat(LOG));
    show("mask 10 MB of nothing but secrets / cat", cat, || drop(black_box(redactor.mask(&text))));
}

fn show(what: &str, floor: impl Fn(), ours: impl Fn()) {
    let timed = |work: &dyn Fn()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    let (mut floors, mut times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(timed(&floor));
        times.push(timed(&ours));
    }
    let (floor, ours) = (median(floors), median(times));
    let ratio = ours.as_secs_f64() / floor.as_secs_f64();
    println!("{what:<34} {:>7.1} ms {:>7.1} ms {ratio:>7.1}", ms(floor), ms(ours));
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
