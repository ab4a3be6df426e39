//! `cc-ci judge` and `cc-ci report` through their doors: a stored record in, the verdict or the error out. No Docker.

use cc_ci_testkit::repo::Repo;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

struct World {
    folder: TempDir,
}

impl World {
    /// A state folder with one run in it, `r1`, that somebody cancelled before it deployed anything.
    fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        let repo = Repo::create(world.folder.path(), "shop").unwrap();
        repo.write(".env.sample", "DOMAIN=shop.example.com\n").unwrap();
        repo.write("compose.yml", "version: \"3.8\"\nservices:\n  app:\n    image: cc-ci/nginx:1\n").unwrap();
        let head = repo.commit("first").unwrap();
        let planned = world.run(&["plan", repo.dir().to_str().unwrap(), "--json"]);
        let mut plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
        plan["run"] = json!("r1");
        world.record(&[
            json!({
                "type": "run-started", "format": 1, "run": "r1", "recipe": "shop", "head": head,
                "started": "2026-11-23T20:00:00Z", "program": "0.1.0"
            }),
            json!({ "type": "planned", "plan": plan }),
            json!({ "type": "inventory", "when": "before", "counts": [1, 2, 3, 4, 5, 6] }),
            json!({ "type": "budget", "ledger": [], "witness": [], "unexplained": [], "unbroken": true }),
            json!({ "type": "verdict-due" }),
            json!({ "type": "inventory", "when": "after", "counts": [1, 2, 3, 4, 5, 6] }),
            json!({ "type": "run-ended", "end": { "kind": "cancelled", "by": "SIGINT" } }),
        ]);
        world
    }

    fn events(&self) -> PathBuf {
        self.folder.path().join("state/runs/r1/events.jsonl")
    }

    fn record(&self, events: &[Value]) {
        let stamped =
            events.iter().enumerate().map(|(seq, event)| json!({ "seq": seq, "ms": seq * 10, "event": event }));
        let text: String = stamped.map(|event| format!("{event}\n")).collect();
        std::fs::create_dir_all(self.events().parent().unwrap()).unwrap();
        std::fs::write(self.events(), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cc-ci"))
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("CC_CI_STATE", self.folder.path().join("state"))
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock")
            .output()
            .unwrap()
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let text = format!("[{}] {out}{err}", output.status.code().unwrap());
        text.replace(&self.folder.path().display().to_string(), "[folder]")
    }
}

#[test]
fn a_cancelled_run_is_judged_as_such_every_time() {
    let world = World::new();
    let first = world.text(&["judge", "r1"]);
    assert!(first.starts_with("[12] "), "{first}");
    assert!(first.contains("CANCELLED"), "{first}");
    assert_eq!(world.text(&["judge", "latest"]), first);
    let folder = world.events().parent().unwrap().display().to_string();
    assert_eq!(world.text(&["judge", &folder]), first);
    let verdict: Value = serde_json::from_slice(&world.run(&["judge", "r1", "--json"]).stdout).unwrap();
    assert_eq!((&verdict["color"], &verdict["exit_code"]), (&json!("cancelled"), &json!(12)));
}

#[test]
fn runs_that_earlier_versions_stored_are_judged_as_they_were() {
    let world = World::new();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/runs");
    let folders: Vec<PathBuf> = std::fs::read_dir(kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(folders.len() >= 9, "{folders:?}");
    for folder in folders {
        let then: Value = serde_json::from_slice(&std::fs::read(folder.join("results.json")).unwrap()).unwrap();
        let output = world.run(&["judge", folder.to_str().unwrap(), "--json"]);
        let now: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(now["color"], then["verdict"], "{}", folder.display());
        for key in ["blame", "reasons", "exit_code"] {
            assert_eq!(now[key], then[key], "{key} of {}", folder.display());
        }
        assert_eq!(output.status.code().map(Value::from).as_ref(), Some(&then["exit_code"]), "{}", folder.display());
    }
}

#[test]
fn every_report_is_drawn_again() {
    let world = World::new();
    assert!(world.text(&["report", "r1"]).starts_with("[0] RUN SUMMARY  shop"));
    let results: Value = serde_json::from_slice(&world.run(&["report", "r1", "--format", "json"]).stdout).unwrap();
    assert_eq!((&results["recipe"], &results["run_id"]), (&json!("shop"), &json!("r1")));
    assert!(world.text(&["report", "r1", "--format", "junit"]).contains("<testsuites"));
    serde_json::from_slice::<Value>(&world.run(&["report", "r1", "--format", "timeline"]).stdout).unwrap();
}

#[test]
fn a_line_that_was_not_finished_is_left_out_and_named() {
    let world = World::new();
    let mut text = std::fs::read_to_string(world.events()).unwrap();
    text.push_str("{\"seq\":7,\"ms\":70,\"ev");
    std::fs::write(world.events(), text).unwrap();
    let said = world.text(&["judge", "r1"]);
    assert!(said.contains("note: line 8 of the record was not written to its end; it was left out"), "{said}");
}

#[test]
fn a_canonical_that_is_not_kept_is_neither_shown_nor_brought_back() {
    let world = World::new();
    for verb in ["show", "verify"] {
        let said = world.text(&["canonical", verb, "shop"]);
        assert!(
            said.starts_with("[2] error: `shop` has no canonical\nhint: a green, complete run of its newest"),
            "{said}"
        );
    }
    assert_eq!(world.text(&["canonical", "list"]), "[0] no recipe has a canonical\n");
}

#[test]
fn what_is_no_record_names_the_place() {
    let world = World::new();
    insta::assert_snapshot!(world.text(&["judge", "nope"]), @"
    [2] error: no run `nope` in [folder]/state/runs
    hint: `ls [folder]/state/runs` shows the stored runs; `latest` is the last one
    ");
    insta::assert_snapshot!(world.text(&["judge", "../etc"]), @"
    [2] error: `../etc` is neither a run's id nor its folder
    hint: `ls [folder]/state/runs` shows the stored runs; `latest` is the last one
    ");
    let text = std::fs::read_to_string(world.events()).unwrap();
    std::fs::write(world.events(), text.replace("verdict-due", "verdict-do")).unwrap();
    let said = world.text(&["judge", "r1"]);
    assert!(said.starts_with("[2] error: [folder]/state/runs/r1/events.jsonl, line 5: not an event:"), "{said}");
    std::fs::write(world.events(), text.replace("\"format\":1", "\"format\":2")).unwrap();
    insta::assert_snapshot!(world.text(&["report", "r1"]), @"[2] error: [folder]/state/runs/r1/events.jsonl, line 1: the record has format 2.0, this cc-ci reads 1.5: use the cc-ci that wrote it (0.1.0)");
    std::fs::write(world.events(), "").unwrap();
    insta::assert_snapshot!(world.text(&["report", "latest"]), @"[2] error: [folder]/state/runs/r1/events.jsonl: the record is empty");
}
