//! What secrets and configs are made from: files that exist, in a size that the engine takes.

use super::Compose;
use crate::source::{Files, Problem, nearest};

/// After so many problems the rest is not looked for.
pub(super) const MOST_PROBLEMS: usize = 100;

/// A config has to be smaller, in bytes. Read off the engine, 20.10.
const MAX_CONFIG: u64 = 1_024_000;

/// A secret has to be smaller, in bytes. Read off the engine, 20.10; what Docker's manual promises for configs, too.
pub(crate) const MAX_SECRET: u64 = 512_000;

pub(super) fn check(compose: &Compose, files: &Files, problems: &mut Vec<Problem>) {
    let secrets = compose.secrets.iter().map(|(id, entry)| ("secrets", id, entry));
    let configs = compose.configs.iter().map(|(id, entry)| ("configs", id, entry));
    for (section, id, entry) in secrets.chain(configs) {
        if problems.len() > MOST_PROBLEMS {
            break;
        }
        // The loader makes every entry, used or not.
        if entry.external {
            continue;
        }
        match &entry.file {
            None if entry.driver.is_some() => {}
            None => {
                let hint = "add `external: true`, or a `file`";
                let problem = Problem::error("", "is neither external nor has a file").hint(hint);
                problems.push(compose.at(&format!("{section}.{id}"), problem));
            }
            // What no service uses and lies outside is left to whoever asks what the recipe wants of the machine.
            Some(file) if (file.starts_with('/') || file.starts_with("../")) && !used_by_any(compose, section, id) => {}
            Some(file) if file.starts_with('/') => {
                let what = format!("file `{file}` is one of the machine, not of the recipe");
                let hint = "commit the file, and name it relative to the recipe's root";
                problems.push(compose.at(&format!("{section}.{id}.file"), Problem::error("", what).hint(hint)));
            }
            Some(file) if !files.has(file) => {
                let problem = Problem::error("", format!("file `{file}` does not exist in the recipe"));
                let known = files.texts.keys().map(String::as_str);
                let hint = match nearest(file, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "commit the file, or correct the path (it is relative to the recipe's root)".to_owned(),
                };
                problems.push(compose.at(&format!("{section}.{id}.file"), problem.hint(hint)));
            }
            Some(file) => {
                let key = format!("{section}.{id}.file");
                problems.extend(size(section, file, files).map(|problem| compose.at(&key, problem)));
            }
        }
    }
}

/// The engine takes a secret or config of one byte up to a limit.
fn size(section: &str, file: &str, files: &Files) -> Option<Problem> {
    let limit = if section == "secrets" { MAX_SECRET } else { MAX_CONFIG };
    let size = files.size(file)?;
    if size == 0 {
        let hint = "write something into it, such as a comment, or leave the entry out";
        return Some(
            Problem::error("", format!("`{file}` is empty, and the engine takes no empty content")).hint(hint),
        );
    }
    let what = format!("`{file}` holds {size} bytes, and the engine takes fewer than {limit}");
    (size >= limit).then(|| Problem::error("", what).hint("put it into the image, or split it"))
}

/// Whether a service mounts the secret or config.
pub(super) fn used_by_any(compose: &Compose, section: &str, id: &str) -> bool {
    compose.services.values().any(|service| {
        let uses = if section == "secrets" { &service.secrets } else { &service.configs };
        uses.iter().any(|used| used.source == id)
    })
}
