//! The contract of a run that another program starts: its id, its outcome, its claim, and how it is told to end. No Docker.

use cc_ci_testkit::repo::Repo;
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const COMPOSE: &str = "version: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:1\n";

struct World {
    folder: TempDir,
    repo: Repo,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::create(folder.path(), "shop").unwrap();
        repo.write(".env.sample", "DOMAIN=shop.example.com\n").unwrap();
        repo.write("compose.yml", COMPOSE).unwrap();
        repo.commit("first").unwrap();
        Self { folder, repo }
    }

    /// Adds a commit that changes one file.
    fn write(&self, file: &str, text: &str) {
        self.repo.write(file, text).unwrap();
        self.repo.commit(file).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cc-ci"));
        command.args(args).env_clear().current_dir(self.repo.dir()).env("CC_CI_STATE", self.path("state"));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command
    }

    fn run(&self, more: &[&str]) -> Command {
        let mut command = self.command(&["run", "--run-id", "r1", "--outcome"]);
        command.arg(self.path("outcome.json")).args(more);
        command
    }

    /// What the process answered, and what its outcome says: both must agree, and no run may be left.
    fn ended(&self, output: &Output) -> (i32, String) {
        let outcome: Value = serde_json::from_slice(&fs::read(self.path("outcome.json")).unwrap()).unwrap();
        let code = output.status.code().unwrap();
        assert_eq!(outcome["exit_code"], code, "{outcome}");
        assert_eq!(outcome["schema"], 1, "{outcome}");
        assert_eq!(outcome["run"], "r1", "{outcome}");
        assert!(crate::is_empty(&self.path("state/runs")), "a refused run has a folder");
        (code, outcome["kind"].as_str().unwrap().to_owned())
    }

    /// Waits until something stands in a file.
    fn waits_for(&self, name: &str) {
        let began = Instant::now();
        while !fs::metadata(self.path(name)).is_ok_and(|file| file.len() > 0) {
            assert!(began.elapsed() < Duration::from_secs(30), "{name} was never written");
            std::thread::yield_now();
        }
    }

    /// A `git` in front of the real one: it says what its standard input is, and waits for as long as a file `stop` lies there.
    fn slow_git(&self) -> std::ffi::OsString {
        let bin = self.path("bin");
        fs::create_dir(&bin).unwrap();
        let here = self.folder.path().display();
        let script = format!(
            "#!/bin/sh\nreadlink /proc/self/fd/0 >> {here}/stdins\nPATH=${{PATH#*:}}\nwhile [ -e {here}/stop ]; do sleep 0.02; done\nexec git \"$@\"\n"
        );
        fs::write(bin.join("git"), script).unwrap();
        fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
        let mut path = bin.into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        path
    }
}

#[test]
fn every_refusal_leaves_an_outcome_with_the_answer_of_the_process() {
    let world = World::new();
    let ended = |more: &[&str]| world.ended(&world.run(more).output().unwrap());
    assert_eq!(ended(&["--nonsense"]), (2, "usage".to_owned()));
    assert_eq!(ended(&["--stages", "instal"]), (2, "usage".to_owned()));
    assert_eq!(ended(&["--ref", "nowhere"]), (21, "recipe".to_owned()));
    assert_eq!(ended(&[]), (22, "no-swarm".to_owned()));
    assert_eq!(ended(&["--deployer", "abra", "--abra", "nowhere"]), (11, "infrastructure".to_owned()));
    world.write("compose.yml", &COMPOSE.replace("image", "privileged: true\n    image"));
    assert_eq!(ended(&[]), (23, "policy".to_owned()));
    world.write("compose.yml", "services: [\n");
    assert_eq!(ended(&[]), (21, "recipe".to_owned()));
    world.write("tests/ci.toml", "nonsense = 1\n");
    assert_eq!(ended(&[]), (20, "settings".to_owned()));
}

#[test]
fn a_run_that_is_told_to_end_while_it_prepares_leaves_no_folder_and_no_program_has_its_claim() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let world = World::new();
        let path = world.slow_git();
        fs::write(world.path("stop"), "").unwrap();
        let claim = File::create(world.path("claim")).unwrap();
        claim.try_lock().unwrap();
        let mut command = world.run(&[]);
        command.env("PATH", path).stdin(claim).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        drop(command);
        world.waits_for("stdins");
        let onlooker = File::open(world.path("claim")).unwrap();
        assert!(onlooker.try_lock_shared().is_err(), "the run holds its claim");
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(world.ended(&output), (code, "cancelled".to_owned()));
        onlooker.try_lock_shared().unwrap();
        let stdins = fs::read_to_string(world.path("stdins")).unwrap();
        assert!(!stdins.is_empty() && !stdins.contains("claim"), "{stdins}");
    }
}

/// Stands in for a server: it locks the claim, starts the run with it as standard input, lets go of its own handle and waits.
const SERVER: &str = "exec 9>>claim; flock --nonblock 9 || exit 1
setsid \"$@\" <&9 >out 2>err & exec 9>&-
exec sleep 60";

#[test]
fn a_server_that_is_killed_and_started_again_attaches_to_its_run() {
    let world = World::new();
    let path = world.slow_git();
    fs::write(world.path("stop"), "").unwrap();
    let run = world.run(&[]);
    let mut server = Command::new("sh");
    server.args(["-c", SERVER, "server"]).arg(run.get_program()).args(run.get_args()).arg(world.repo.dir());
    server.env_clear().envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path);
    let mut server = server.current_dir(world.folder.path()).spawn().unwrap();
    world.waits_for("stdins");
    server.kill().unwrap();
    server.wait().unwrap();

    // The next server knows nothing but the files of the job.
    let claim = File::open(world.path("claim")).unwrap();
    assert!(claim.try_lock_shared().is_err(), "the run outlives its server, and holds its claim");
    let folder = world.path("state/runs/r1");
    assert!(folder.is_dir() && !world.path("outcome.json").exists(), "it goes on");
    fs::remove_file(world.path("stop")).unwrap();
    claim.lock().unwrap();
    let outcome: Value = serde_json::from_slice(&fs::read(world.path("outcome.json")).unwrap()).unwrap();
    assert_eq!((&outcome["kind"], &outcome["run"]), (&"no-swarm".into(), &"r1".into()), "{outcome}");
    assert!(crate::is_empty(&world.path("state/runs")));
}

#[test]
fn a_plan_for_one_id_is_the_same_each_time() {
    let world = World::new();
    let plan = || world.command(&["plan", "--run-id", "r1", "--json"]).output().unwrap().stdout;
    let first = plan();
    assert!(!first.is_empty());
    assert_eq!(first, plan());
}
