//! The workbench of the double: what commands of ours come to, told apart by the name that each gives itself.
//!
//! What they are asked, and how their answers are read, is the engine's; that real shells, restic and Python answer so is shown by
//! the tests of the engine on a real one.

use super::script::ended;
use super::volumes::{Volumes, all_folders};
use cc_ci_engine::exec::ExecOutput;
use serde_json::json;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How `pg_dump` begins and ends what it writes.
const DUMP: [&str; 2] = ["-- PostgreSQL database dump", "-- PostgreSQL database dump complete"];

/// What a command comes to; one that is not known ends well and says nothing.
pub(super) fn answer(volumes: &mut Volumes, words: &[String]) -> ExecOutput {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = match words.as_slice() {
        ["bash", "-c", _, "seed-files", name, value, places @ ..] => seed(volumes, name, value, places),
        ["bash", "-c", _, "change-files", name, value, places @ ..] => change(volumes, name, value, places),
        ["bash", "-c", _, "read-files", name, places @ ..] => read(volumes, name, places),
        ["bash", "-c", _, "empty", roots @ ..] => {
            roots.iter().filter_map(|root| root.rsplit('/').next()).for_each(|volume| volumes.empty(volume));
            String::new()
        }
        ["bash", "-c", _, "restore", snapshot, ..] => {
            volumes.restore(snapshot);
            String::new()
        }
        ["python3", _, _, _, _, "dumps", snapshot, value, paths @ ..] => dumps(volumes, snapshot, value, paths),
        ["python3", _, _, _, _, "index", _, roots @ ..] => index(volumes, roots),
        ["restic", _, _, "backup", words @ ..] => save(volumes, words),
        ["restic", _, _, "ls", _, _, snapshot] => list(volumes, snapshot),
        ["restic", _, _, "snapshots", "--json"] => {
            json!(volumes.snapshots().map(|number| json!({ "id": number })).collect::<Vec<_>>()).to_string()
        }
        ["restic", _, _, "forget", "--prune", numbers @ ..] => {
            volumes.forget(numbers);
            String::new()
        }
        _ => String::new(),
    };
    ended(0, said)
}

/// Root and folder of each place, one after the other.
fn folders_of<'a>(places: &'a [&str]) -> impl Iterator<Item = &'a str> {
    places.chunks(2).filter_map(|place| place.last().copied())
}

fn seed(volumes: &mut Volumes, name: &str, value: &str, places: &[&str]) -> String {
    let mut taken = String::new();
    for folder in folders_of(places) {
        let there = volumes.is_folder(folder);
        for part in ["one", "two"].iter().filter(|_| there) {
            volumes.write(&format!("{folder}/{name}.{part}"), value.as_bytes());
        }
        taken.push_str(if there { "yes\n" } else { "no\n" });
    }
    taken
}

fn change(volumes: &mut Volumes, name: &str, value: &str, places: &[&str]) -> String {
    for folder in folders_of(places) {
        volumes.write(&format!("{folder}/{name}.one"), value.as_bytes());
        volumes.delete(&format!("{folder}/{name}.two"));
    }
    String::new()
}

fn read(volumes: &Volumes, name: &str, places: &[&str]) -> String {
    let files = folders_of(places).flat_map(|folder| ["one", "two"].map(|part| format!("{folder}/{name}.{part}")));
    let field = |file: String| match volumes.read(&file) {
        Some(content) => format!("={}\0", String::from_utf8_lossy(content)),
        None => "-\0".to_owned(),
    };
    files.map(field).collect()
}

fn index(volumes: &Volumes, roots: &[&str]) -> String {
    let mut listing = String::new();
    for root in roots {
        let content = volumes.content(root.trim_start_matches("./"));
        let folders = std::iter::once("").chain(all_folders(&content));
        listing.extend(folders.map(|folder| format!("d 4096 755 0 0 - - -\0{root}/{folder}\0")));
        listing.extend(content.iter().map(|(path, bytes)| {
            let mut digest = DefaultHasher::new();
            bytes.hash(&mut digest);
            let sample = hex::encode(&bytes[..bytes.len().min(32)]);
            let sample = if sample.is_empty() { "-" } else { &sample };
            format!("f {} 644 0 0 t {:016x} {sample}\0{root}/{path}\0", bytes.len(), digest.finish())
        }));
    }
    listing
}

/// Options, two dashes, and the paths.
fn save(volumes: &mut Volumes, words: &[&str]) -> String {
    let paths: Vec<&str> = words.iter().copied().skip_while(|word| *word != "--").skip(1).collect();
    let number = volumes.save(&paths);
    let saved = volumes.snapshot(&number.to_string());
    let sizes: Vec<usize> = saved.values().flatten().map(Vec::len).collect();
    json!({
        "snapshot_id": number.to_string(),
        "total_files_processed": sizes.len(),
        "total_bytes_processed": sizes.iter().sum::<usize>(),
    })
    .to_string()
}

/// The first line describes the snapshot itself.
fn list(volumes: &Volumes, snapshot: &str) -> String {
    let saved = volumes.snapshot(snapshot);
    let nodes = saved.iter().map(|(path, bytes)| match bytes {
        Some(bytes) => json!({ "path": path, "type": "file", "size": bytes.len() }),
        None => json!({ "path": path, "type": "dir" }),
    });
    std::iter::once(json!({})).chain(nodes).map(|line| format!("{line}\n")).collect()
}

fn dumps(volumes: &Volumes, snapshot: &str, value: &str, paths: &[&str]) -> String {
    let saved = volumes.snapshot(snapshot);
    let judged = paths.iter().map(|path| {
        let text = saved.get(*path).and_then(Option::as_deref).map(String::from_utf8_lossy);
        let state = match text.as_deref() {
            None => "unreadable",
            Some("") => "empty",
            Some(text) if text.starts_with(DUMP[0]) && !text.trim_end().ends_with(DUMP[1]) => "cut",
            Some(text) if text.starts_with(DUMP[0]) => "complete",
            Some(_) => "plain",
        };
        let marked = text.is_some_and(|text| text.contains(value));
        format!("{}\n", json!({ "state": state, "marked": marked }))
    });
    judged.collect()
}
