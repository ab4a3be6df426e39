//! Puts stored runs into a state folder: those of crates/store, under other names, times and commits.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A run to be put there.
#[derive(Clone)]
pub(crate) struct Planted<'a> {
    /// The stored run it is a copy of.
    pub(crate) like: &'a str,
    pub(crate) id: String,
    pub(crate) recipe: &'a str,
    /// The first letter of its commit, 40 times.
    pub(crate) head: char,
    pub(crate) started: String,
    pub(crate) pr: Option<u64>,
    /// By how much it took longer than its original.
    pub(crate) stretch: u64,
}

/// A green run of that id.
pub(crate) fn green(id: &str) -> Planted<'_> {
    like("pictured", id)
}

/// A run like a stored one.
pub(crate) fn like<'a>(like: &'a str, id: &'a str) -> Planted<'a> {
    let started = "2026-11-28T10:00:00Z".to_owned();
    Planted { like, id: id.to_owned(), recipe: "miniflux", head: 'a', started, pr: None, stretch: 1 }
}

impl Planted<'_> {
    /// Its record, one event a line.
    pub(crate) fn record(&self) -> Vec<String> {
        let text = fs::read_to_string(originals().join(self.like).join("events.jsonl")).unwrap();
        text.lines().map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &str) -> String {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["ms"] = (line["ms"].as_u64().unwrap() * self.stretch).into();
        let kind = line["event"]["type"].as_str().unwrap().to_owned();
        let about = if kind == "planned" { &mut line["event"]["plan"] } else { &mut line["event"] };
        if kind == "planned" || kind == "run-started" {
            about["run"] = self.id.as_str().into();
            about["recipe"] = self.recipe.into();
            about["head"] = self.head.to_string().repeat(40).into();
        }
        if kind == "run-started" {
            about["started"] = self.started.as_str().into();
            about["pr"] = self.pr.into();
        }
        line.to_string()
    }

    /// Puts it there, whole, with what else its original left.
    pub(crate) fn plant(&self, state: &Path) -> PathBuf {
        let folder = state.join("runs").join(&self.id);
        copy(&originals().join(self.like), &folder);
        fs::write(folder.join("events.jsonl"), self.record().join("\n") + "\n").unwrap();
        folder
    }
}

fn originals() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/runs")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Many runs of ten recipes, and among them so many folders that cannot be read.
pub(crate) fn many(state: &Path, runs: usize, broken: usize) {
    let names = [
        "miniflux",
        "nextcloud",
        "wordpress",
        "keycloak",
        "gitea",
        "matrix-synapse",
        "lasuite-docs",
        "traefik",
        "mumble",
        "ghost",
    ];
    let kinds =
        ["pictured", "green", "green", "rolls-back", "green", "skips", "unverified", "green", "cancelled", "green"];
    for at in 0..runs {
        let (recipe, day) = (at % names.len(), 27 - (at / 20) % 27);
        let turn = at / names.len();
        let like = if recipe < 3 && turn < 2 { "restore-not-on-empty" } else { kinds[(turn + recipe) % kinds.len()] };
        let planted = Planted {
            like,
            id: format!("2026-11-{day:02}-{at:04}"),
            recipe: names[recipe],
            head: char::from(b"0123456789abcdef"[(at / 30) % 16]),
            started: format!("2026-11-{:02}T{:02}:{:02}:00Z", day + 1, 23 - at % 20, at % 60),
            pr: (at % 7 == 3).then_some(at as u64),
            stretch: 1 + (at as u64 * 7) % 5,
        };
        planted.plant(state);
    }
    for at in 0..broken {
        let folder = state.join("runs").join(format!("broken-{at:02}"));
        fs::create_dir_all(&folder).unwrap();
        match at % 5 {
            0 => {}
            1 => fs::write(folder.join("events.jsonl"), "").unwrap(),
            2 => fs::write(folder.join("events.jsonl"), "not json\n".repeat(2_000)).unwrap(),
            3 => fs::write(folder.join("events.jsonl"), [0xff; 9_000]).unwrap(),
            _ => fs::create_dir(folder.join("events.jsonl")).unwrap(),
        }
    }
}
