//! The texts that are changed: those of the examples, of the self-test's cases, which are patches and rows, and of stored runs.

use std::path::Path;

/// A text and the name of its file.
pub(crate) struct Seed {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The longest text that is taken: larger ones are made to be large.
const LONGEST: u64 = 64 << 10;

/// All texts of these folders; of a patch, each file that it makes.
pub(crate) fn all() -> Vec<Seed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seeds = Vec::new();
    for folder in ["examples", "selftest", "catalogue", "crates/store/tests/runs"] {
        below(&root.join(folder), &mut seeds);
    }
    seeds
}

fn below(folder: &Path, seeds: &mut Vec<Seed>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            below(&path, seeds);
        } else if path.metadata().is_ok_and(|meta| meta.len() <= LONGEST)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let path = path.display().to_string();
            if path.ends_with(".patch") { seeds.extend(of_patch(&text)) } else { seeds.push(Seed { path, text }) }
        }
    }
}

/// The files of a patch, as far as it adds to them.
fn of_patch(text: &str) -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            seeds.push(Seed { path: path.to_owned(), text: String::new() });
        } else if let (Some(seed), Some(added)) = (seeds.last_mut(), line.strip_prefix(['+', ' '])) {
            seed.text.push_str(added);
            seed.text.push('\n');
        }
    }
    seeds
}
