//! Hosts on which no run can succeed, made for real: each is refused with place and remedy, or ends without leaving anything.

use super::engine::of_run;
use super::product::{Product, say, stack_of, text, until};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A file system of its own in memory, unmounted at the end.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// `None` when this user may not mount, which is said.
    fn of(mib: usize) -> Option<Self> {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        if disk.mount(&format!("size={mib}m")) {
            return Some(disk);
        }
        say("a full disk: not tried, this user may not mount one");
        None
    }

    fn mount(&self, options: &str) -> bool {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.folder.path());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// Takes away everything that is still free.
    fn fill(&self) {
        let used =
            Command::new("df").args(["--output=used", "--block-size=1"]).arg(self.folder.path()).output().unwrap();
        let used = text(&used.stdout).lines().nth(1).unwrap().trim().to_owned();
        assert!(self.mount(&format!("remount,size={used}")), "cannot make the disk {used} bytes large");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder goes with the test in any case; what is still mounted would show there.
        let _unmounted = Command::new("umount").arg(self.folder.path()).status();
    }
}

/// The refusal of a run, with folders that differ from test to test left out.
fn refusal(product: &Product, recipe: &Path, host: Option<&str>, hide: &Path) -> String {
    let mut command = product.command(&["run"]);
    if let Some(host) = host {
        command.env("DOCKER_HOST", host);
    }
    let output = command.arg(recipe).output().unwrap();
    assert_eq!(text(&output.stdout), "");
    let said = text(&output.stderr).replace(&hide.display().to_string(), "[folder]");
    format!("[{}] {said}", output.status.code().unwrap())
}

#[test]
#[ignore = "real engine: make test"]
fn a_nearly_full_disk_is_refused() {
    let product = Product::with_engine();
    let Some(disk) = Disk::of(64) else { return };
    let recipe = product.recipe("static-site");
    let product = product.with_state(disk.folder.path());
    let said = refusal(&product, &recipe, None, disk.folder.path());
    insta::assert_snapshot!(said, @r"
    [11] error: no run can start: state disk: 64 MiB free at [folder]
      a full disk ends a run as an infrastructure failure
    hint: free some: `cc-ci clean` removes what dead runs left, `docker image ls` shows what is large
    ");
    assert!(crate::is_empty(&disk.folder.path().join("runs")), "a refused run has a folder");
}

#[test]
#[ignore = "real engine: make test"]
fn a_disk_that_fills_up_during_a_run_ends_it_and_leaves_nothing() {
    let product = Product::with_engine();
    let Some(disk) = Disk::of(1200) else { return };
    let recipe = product.recipe("static-site");
    let product = product.with_state(disk.folder.path());
    let mut running = product.start(&recipe, &["--stages", "install,upgrade"]);
    let folder = running.reach("install/converged");
    let stack = stack_of(&folder);
    disk.fill();
    let (code, said) = running.ended();
    say(&format!("a disk that fills up: exit code {code}: {}", said.lines().last().unwrap_or_default()));
    assert_eq!(code, 11, "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    // What was written beforehand needs no room; but nothing goes on once the record does not. The step at which that was noticed may
    // have been said.
    let record = std::fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let passed = said.lines().filter_map(|line| Some(line.split_once("] ")?.1.split_once(": passed in ")?.0));
    let unrecorded: Vec<&str> =
        passed.filter(|step| !record.contains(&format!(r#""step-ended","step":"{step}""#))).collect();
    assert!(unrecorded.len() <= 1, "the run goes on without a record of {unrecorded:?}: {said}");
    let left = of_run(folder.file_name().unwrap().to_str().unwrap(), &stack);
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[ignore = "real engine: make test"]
fn a_state_folder_that_is_a_file_is_refused() {
    let product = Product::with_engine();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    std::fs::write(&file, "no folder").unwrap();
    let recipe = product.recipe("static-site");
    let product = product.with_state(&file);
    let said = refusal(&product, &recipe, None, folder.path());
    insta::assert_snapshot!(said, @"[11] error: cannot create [folder]/state/runs: Not a directory (os error 20)");
}

/// A second engine in a network of its own: part of no swarm. It ends with the test.
struct Engine {
    process: Child,
    folder: tempfile::TempDir,
}

impl Engine {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let below = |name: &str| folder.path().join(name);
        let mut command = Command::new("unshare");
        command.args(["--net", "dockerd", "--bridge", "none", "--iptables=false", "--ip-forward=false"]);
        command.arg("--data-root").arg(below("data")).arg("--exec-root").arg(below("exec"));
        command.arg("--pidfile").arg(below("pid")).arg("--host").arg(format!("unix://{}", below("sock").display()));
        let log = std::fs::File::create(below("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn();
        let mut engine = Self { process: process.ok()?, folder };
        until("an answer of the second engine", Duration::from_secs(60), || {
            engine.answers() || engine.process.try_wait().unwrap().is_some()
        });
        if engine.answers() {
            return Some(engine);
        }
        let log = std::fs::read_to_string(engine.folder.path().join("log")).unwrap_or_default();
        say(&format!(
            "an engine outside of a swarm: not tried, none starts: {}",
            log.lines().last().unwrap_or_default()
        ));
        None
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("sock").display())
    }

    fn answers(&self) -> bool {
        let answer = Command::new("docker").args(["--host", &self.host(), "version"]).output();
        answer.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The daemon ends its own children, and only when it is asked to.
        let _asked = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ended = self.process.wait();
    }
}

#[test]
#[ignore = "real engine: make test"]
fn an_engine_that_is_no_manager_is_refused() {
    let product = Product::with_engine();
    let Some(engine) = Engine::start() else { return };
    let recipe = product.recipe("static-site");
    let folder = tempfile::tempdir().unwrap();
    let product = product.with_state(folder.path());
    let said = refusal(&product, &recipe, Some(&engine.host()), folder.path());
    insta::assert_snapshot!(said, @r"
    [22] error: no run can start: swarm: the engine is not part of a swarm
      recipes are Swarm stacks, and only a manager can deploy one
    hint: run `docker swarm init`; `cc-ci doctor --fix` does it
    ");
    assert!(crate::is_empty(&folder.path().join("runs")), "a refused run has a folder");
}
