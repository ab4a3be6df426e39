//! A table of small recipes with what the loader of `docker stack deploy` says to each, and what we say.
//!
//! `loader/*.txt` holds the rows. Each starts with `== NAME: loader takes, we read`; its lines change the recipe in
//! `loader/base.yml`: `-3..5` takes those lines of it away, `+9|TEXT` puts a line behind the ninth, and `FILE:` with lines
//! that start with `|` writes a whole file. `\r`, `\\` and `\u{85}` stand for what cannot be seen.

use std::collections::{BTreeMap, BTreeSet};

use cc_ci_recipe::Recipe;
use cc_ci_recipe::compose::Service;
use cc_ci_recipe::requests::requests;
use cc_ci_recipe::source::{Files, Ground, Problem, Severity};

use crate::cli::run_cli;
use crate::loading::app_env;

const TABLES: [&str; 3] =
    [include_str!("loader/keys.txt"), include_str!("loader/files.txt"), include_str!("loader/more.txt")];
const BASE: &str = include_str!("loader/base.yml");
const SAMPLE: &str = "TYPE=tiny\nDOMAIN=tiny.example.com\nLETS_ENCRYPT_ENV=production\n";

/// What `docker stack config` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loader {
    Takes,
    Refuses,
}

/// What we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    /// It can be planned.
    Reads,
    /// It can be read, and asks for what is not its own.
    Asks,
    /// It cannot be planned.
    Refuses,
}

struct Row {
    name: String,
    loader: Loader,
    ours: Ours,
    files: Files,
}

fn rows() -> Vec<Row> {
    let rows = TABLES.iter().flat_map(|table| table.split("\n== ").map(|row| row.trim_start_matches("== ")));
    rows.map(row).collect()
}

fn row(text: &str) -> Row {
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (name, verdict) = head.split_once(": ").unwrap_or_else(|| panic!("{head}"));
    let (loader, ours) = match verdict {
        "loader takes, we read" => (Loader::Takes, Ours::Reads),
        "loader takes, we read, and it asks" => (Loader::Takes, Ours::Asks),
        "loader takes, we refuse" => (Loader::Takes, Ours::Refuses),
        "loader refuses, we refuse" => (Loader::Refuses, Ours::Refuses),
        other => panic!("{name}: `{other}`"),
    };
    Row { name: name.to_owned(), loader, ours, files: files(body) }
}

/// The recipe of a row.
fn files(body: &str) -> Files {
    let (mut gone, mut more) = (BTreeSet::new(), BTreeMap::<usize, Vec<String>>::new());
    let mut texts = BTreeMap::from([(".env.sample".to_owned(), SAMPLE.to_owned())]);
    let mut file: Option<(String, Vec<String>)> = None;
    for line in body.lines() {
        if let (Some(text), Some((_, lines))) = (line.strip_prefix('|'), &mut file) {
            lines.push(unescaped(text));
            continue;
        }
        texts.extend(file.take().map(|(name, lines)| (name, lines.join("\n"))));
        if let Some(range) = line.strip_prefix('-') {
            let (first, last) = range.split_once("..").unwrap();
            gone.extend(first.parse::<usize>().unwrap()..=last.parse().unwrap());
        } else if let Some(line) = line.strip_prefix('+') {
            let (at, text) = line.split_once('|').unwrap();
            more.entry(at.parse().unwrap()).or_default().push(unescaped(text));
        } else {
            file = Some((line.strip_suffix(':').unwrap_or_else(|| panic!("`{line}`")).to_owned(), Vec::new()));
        }
    }
    texts.extend(file.map(|(name, lines)| (name, lines.join("\n"))));
    texts.entry("compose.yml".to_owned()).or_insert_with(|| {
        let mut lines = more.remove(&0).unwrap_or_default();
        for (number, line) in (1..).zip(BASE.lines()) {
            lines.extend((!gone.contains(&number)).then(|| line.to_owned()));
            lines.extend(more.remove(&number).unwrap_or_default());
        }
        lines.join("\n") + "\n"
    });
    Files { texts, ..Files::default() }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        rest = if let Some(after) = after.strip_prefix("u{") {
            let (code, after) = after.split_once('}').unwrap();
            out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
            after
        } else {
            out.push(if after.starts_with('r') { '\r' } else { '\\' });
            &after[1..]
        };
    }
    out + rest
}

/// What we say to a row, and the problems that keep it from being read.
fn judged(row: &Row) -> (Ours, Vec<Problem>) {
    match Recipe::read("tiny", &row.files, &app_env("tiny"), &[]) {
        Ok((recipe, _)) if requests(&recipe).is_empty() => (Ours::Reads, Vec::new()),
        Ok(_) => (Ours::Asks, Vec::new()),
        Err(problems) => {
            let errors = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
            (Ours::Refuses, errors.collect())
        }
    }
}

#[test]
fn what_the_loader_refuses_is_refused_and_what_it_takes_is_taken() {
    let rows = rows();
    assert!(rows.len() > 170, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let (ours, problems) = judged(row);
        if ours != row.ours {
            let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: {ours:?} instead of {:?}\n  {}", row.name, row.ours, said.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A reader has to find the place. Only what a file lacks as a whole has no line.
#[test]
fn every_refusal_names_its_line() {
    for row in rows() {
        let (_, problems) = judged(&row);
        for problem in problems {
            let whole = problem.what.contains("is missing") || problem.what.contains("is not the version");
            assert!(problem.line.is_some() || whole, "{}: {problem}", row.name);
        }
    }
}

/// The table is about the loader, so the loader is asked.
#[test]
fn the_table_says_what_the_loader_says() {
    let mut wrong = Vec::new();
    for row in rows() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &row.files.texts {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (names, env) = deployed(&row.files);
        let Some(said) = run_cli(folder.path(), &names, &env) else { return };
        let loader = if said.is_ok() { Loader::Takes } else { Loader::Refuses };
        if loader != row.loader {
            wrong.push(format!("{}: {said:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What would be deployed of a recipe that need not be readable: the files and the variables.
fn deployed(files: &Files) -> (Vec<String>, BTreeMap<String, String>) {
    use cc_ci_recipe::abra_sh::AbraSh;
    use cc_ci_recipe::env_sample::EnvSample;
    let sample = EnvSample::read("", files.text(".env.sample").unwrap_or_default()).0;
    let mut env = sample.resolve(&app_env("tiny"));
    let script = AbraSh::read("", files.text("abra.sh").unwrap_or_default()).0;
    env.extend(script.exports.into_iter().map(|export| (export.name, export.value)));
    let list = env.get("COMPOSE_FILE").cloned().unwrap_or_else(|| "compose.yml".to_owned());
    (list.split(':').filter(|name| !name.is_empty()).map(str::to_owned).collect(), env)
}

/// What is judged is what is deployed: read once more, what is handed over asks for the same and says the same.
#[test]
fn what_is_handed_over_asks_for_the_same() {
    let ground = Ground { folder: "/recipe", home: None };
    let mut read = 0;
    for row in rows() {
        let Ok((recipe, _)) = Recipe::read("tiny", &row.files, &app_env("tiny"), &[]) else { continue };
        let mut files = row.files.clone();
        for document in &recipe.compose.documents {
            let text = document.text(&ground, &recipe.compose.folder, None);
            // Our own reader wants files of the recipe, not of the machine.
            files.texts.insert(document.file.clone(), text.replace("\"file\": \"/recipe/", "\"file\": \""));
        }
        let (again, _) = Recipe::read("tiny", &files, &app_env("tiny"), &[])
            .unwrap_or_else(|problems| panic!("{}: {problems:#?}", row.name));
        let asked = |recipe: &Recipe| requests(recipe).iter().map(|one| one.item).collect::<Vec<_>>();
        assert_eq!(asked(&again), asked(&recipe), "{}", row.name);
        for (name, service) in &recipe.compose.services {
            let other = &again.compose.services[name];
            let said =
                |one: &Service| (one.environment.clone(), one.deploy.clone(), one.ports.clone(), one.command.clone());
            assert_eq!(said(other), said(service), "{}", row.name);
        }
        read += 1;
    }
    assert!(read > 100, "{read}");
}

#[test]
fn letters_are_unescaped() {
    assert_eq!(unescaped(r"a\u{85}b\\c\r"), "a\u{85}b\\c\r");
}
