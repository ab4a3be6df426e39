//! The built program, and what it leaves in its state folder.

use serde_json::Value;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One run at a time: there is one engine, and each run counts what happens on it. Two at a time take a third less, but engines of
/// version 20.10 now and then cannot start a container while another one starts, and a test of a green run fails for it.
static TURN: Mutex<()> = Mutex::new(());

/// The program, with the engine to itself.
pub(crate) struct Product {
    state: PathBuf,
    _turn: MutexGuard<'static, ()>,
    _lock: File,
}

impl Product {
    /// Waits for its turn: one run at a time, of all test programs of this machine.
    pub(crate) fn with_engine() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state();
        std::fs::create_dir_all(&state).unwrap();
        let lock = File::create(state.join("real-tests.lock")).unwrap();
        lock.lock().unwrap();
        Self { state, _turn: turn, _lock: lock }
    }

    /// The same program with another state folder, for what the folder itself is tested with.
    pub(crate) fn with_state(self, state: &Path) -> Self {
        Self { state: state.to_owned(), ..self }
    }

    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// An example recipe, as `make recipes` assembles it.
    pub(crate) fn recipe(&self, name: &str) -> PathBuf {
        recipe_in(&self.state, name)
    }

    /// Runs one command of the program to its end.
    pub(crate) fn cc_ci(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.args(args).env("CC_CI_STATE", &self.state);
        command
    }

    /// Performs a run to its end.
    pub(crate) fn run(&self, recipe: &Path, args: &[&str]) -> Finished {
        self.start(recipe, args).finish()
    }

    /// Starts a run.
    pub(crate) fn start(&self, recipe: &Path, args: &[&str]) -> Running<'_> {
        self.start_any(&[&["run", recipe.to_str().unwrap()], args].concat())
    }

    /// Starts a command that performs a run.
    pub(crate) fn start_any(&self, words: &[&str]) -> Running<'_> {
        let (out, err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let mut command = self.command(words);
        command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
        Running { product: self, child: command.spawn().unwrap(), out, err, began: Instant::now() }
    }

    /// Judges a stored run twice and draws its reports again: everything must be what the run itself said.
    pub(crate) fn judge_says_the_same(&self, run: &Finished) {
        let folder = run.folder.to_str().unwrap();
        let judge = || self.cc_ci(&["judge", folder, "--json"]);
        let (first, second) = (judge(), judge());
        assert_eq!((&first.stdout, first.status), (&second.stdout, second.status));
        let verdict: Value = serde_json::from_slice(&first.stdout).unwrap();
        assert_eq!(first.status.code().map(i64::from), run.results["exit_code"].as_i64());
        for (ours, theirs) in [("color", "verdict"), ("blame", "blame"), ("reasons", "reasons")] {
            assert_eq!(verdict[ours], run.results[theirs], "{ours} of {folder}");
        }
        // A run that was asked for some tiers only has rungs, but no level.
        let level = &run.results["level"];
        assert!(level.is_null() || *level == verdict["level"], "level of {folder}");
        let drawn = |format: &str| text(&self.cc_ci(&["report", folder, "--format", format]).stdout);
        assert_eq!(drawn("text"), run.out, "the summary of {folder} differs");
        let stored = |file: &str| std::fs::read_to_string(run.folder.join(file)).unwrap();
        assert!(drawn("junit").trim_end() == stored("junit.xml").trim_end(), "junit.xml of {folder} differs");
        // Without a level there is nothing for a badge to say, and a quick run has none.
        let quick = run.results["level_capped_by"].as_str().is_some_and(|by| by.starts_with("quick, "));
        let badge = !level.is_null() && !quick;
        assert_eq!(run.folder.join("badge.svg").is_file(), badge, "badge.svg of {folder}");
        let pages = [("html", "index.html"), ("badge", "badge.svg")];
        for (format, file) in pages.into_iter().filter(|(format, _)| *format != "badge" || badge) {
            assert!(drawn(format).trim_end() == stored(file).trim_end(), "{file} of {folder} differs");
        }
        let card = self.cc_ci(&["report", folder, "--format", "card"]).stdout;
        assert!(card == std::fs::read(run.folder.join("card.png")).unwrap(), "card.png of {folder} differs");
        // The order of keys is no part of what a JSON file says.
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (format, file) in [("json", "results.json"), ("timeline", "timeline.json")] {
            assert!(parsed(&drawn(format)) == parsed(&stored(file)), "{file} of {folder} differs");
        }
    }
}

/// An example recipe of the state folder that `make recipes` fills, whatever state folder a test works with.
pub(crate) fn example(name: &str) -> PathBuf {
    recipe_in(&state(), name)
}

fn recipe_in(state: &Path, name: &str) -> PathBuf {
    let folder = state.join("recipes").join(name);
    assert!(folder.join(".git").is_dir(), "{} is missing: `make recipes` assembles it", folder.display());
    folder
}

/// Where all runs of this machine are to be known to each other.
fn state() -> PathBuf {
    let chosen = std::env::var_os("CC_CI_STATE").filter(|value| !value.is_empty()).map(PathBuf::from);
    chosen.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join(".state"))
}

/// A run that goes on. Dropped, it is told to end and waited for, so that a failed test leaves nothing.
pub(crate) struct Running<'a> {
    product: &'a Product,
    child: Child,
    out: File,
    err: File,
    began: Instant,
}

impl Running<'_> {
    /// Waits until the run has begun a step whose id starts with `step`; answers with the run's folder.
    pub(crate) fn reach(&mut self, step: &str) -> PathBuf {
        let begun = format!("\"type\":\"step-started\",\"step\":\"{step}");
        self.come_to(&format!("the step {step}"), |folder| recorded(folder).contains(&begun))
    }

    /// Waits until it is so in the run's folder; answers with that.
    pub(crate) fn come_to(&mut self, what: &str, so: impl Fn(&Path) -> bool) -> PathBuf {
        let mut folder = None;
        let pid = self.child.id();
        until(what, Duration::from_secs(180), || {
            if folder.is_none() {
                folder = self.product.folder_of(pid);
            }
            let reached = folder.as_deref().is_some_and(&so);
            if !reached && self.child.try_wait().unwrap().is_some() {
                panic!("the run ended before {what}: {}", read(&mut self.err));
            }
            reached
        });
        folder.unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as the kernel would, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end of a run that may leave no record: its exit code, and what it said to standard error.
    pub(crate) fn ended(&mut self) -> (i32, String) {
        let status = self.child.wait().unwrap();
        let err = read(&mut self.err);
        assert!(!err.contains("panicked"), "{err}");
        (status.code().unwrap_or_else(|| panic!("{status}: {err}")), err)
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Finished {
        let (code, err) = self.ended();
        let out = read(&mut self.out);
        let folder = err.lines().find_map(|line| line.strip_prefix("run folder: ")).map(PathBuf::from);
        let Some(folder) = folder else { panic!("[{code}] no run folder is named: {err}") };
        let results = std::fs::read(folder.join("results.json")).unwrap();
        let results = serde_json::from_slice(&results).unwrap();
        Finished { code, out, err, folder, results, took: self.began.elapsed() }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            // Nobody is left to tell if this fails.
            let _ended = self.child.wait();
        }
    }
}

impl Product {
    /// The folder of the run that the process performs, by the first line of its ledger.
    fn folder_of(&self, pid: u32) -> Option<PathBuf> {
        let mine = format!("\"pid\":{pid}}}");
        let folders = std::fs::read_dir(self.state.join("runs")).ok()?;
        folders.map(|entry| entry.unwrap().path()).find(|folder| {
            let ledger = std::fs::read_to_string(folder.join("ledger.jsonl")).unwrap_or_default();
            let opened = ledger.lines().next().is_some_and(|line| line.ends_with(&mine));
            // The same process id may have performed another run, long ago.
            opened && !ledger.contains("\"closed\"")
        })
    }
}

/// A run that is over.
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) folder: PathBuf,
    pub(crate) results: Value,
    pub(crate) took: Duration,
}

impl Finished {
    pub(crate) fn id(&self) -> &str {
        self.results["run_id"].as_str().unwrap()
    }

    /// The plan's stack, from the record.
    pub(crate) fn stack(&self) -> String {
        stack_of(&self.folder)
    }

    /// Whether the summary has the line, exactly.
    pub(crate) fn has_line(&self, line: &str) -> bool {
        self.out.lines().any(|one| one == line)
    }

    /// The text a person needs when a test fails.
    pub(crate) fn all(&self) -> String {
        format!("[{}]\n{}\n{}", self.code, self.out, self.err)
    }
}

/// The record of a run as far as it goes.
pub(crate) fn recorded(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("events.jsonl")).unwrap_or_default()
}

/// The stack in the plan of a stored run.
pub(crate) fn stack_of(folder: &Path) -> String {
    let record = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let planned = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let plan = planned.map(|event| event["event"]["plan"]["stack"].clone()).find(|stack| stack.is_string());
    plan.unwrap().as_str().unwrap().to_owned()
}

/// Asks again and again until it is so; fails when the limit passes.
pub(crate) fn until(what: &str, limit: Duration, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < limit, "{what} did not happen within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Writes a line for the reader of the test run; the test's own capture does not keep it.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr();
    // Whoever closed the stream does not want the line.
    let _written = writeln!(stderr, "real: {line}");
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    text(&bytes)
}
