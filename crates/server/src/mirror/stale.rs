//! Locks of a git that was killed: nobody else takes them away, and no fetch succeeds beside them.

use super::git::LIMIT;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A lock is a dead program's when it is older than any call of ours may take, and then some.
const OLD: Duration = Duration::from_secs(LIMIT.as_secs() + 60);

/// Folders of a bare repository in which git locks files, those below them with them.
const LOCKED: [&str; 2] = ["refs", "objects/info"];

/// Removes the locks of dead programs from a bare repository.
pub(super) fn remove(repository: &Path, now: SystemTime) -> io::Result<()> {
    remove_in(repository, now, Depth::Here)?;
    LOCKED.iter().try_for_each(|folder| remove_in(&repository.join(folder), now, Depth::Below))
}

/// How far a folder is looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Here,
    Below,
}

fn remove_in(folder: &Path, now: SystemTime, depth: Depth) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let about = match entry.metadata() {
            // Its program was alive, and is done.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            about => about?,
        };
        let path = entry.path();
        if about.is_dir() && depth == Depth::Below {
            remove_in(&path, now, depth)?;
        } else if about.is_file() && path.extension().is_some_and(|end| end == "lock") {
            let age = now.duration_since(about.modified()?).unwrap_or_default();
            if age > OLD {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{OLD, remove};
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn only_old_locks_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("refs/heads/deep")).unwrap();
        let locks = ["packed-refs.lock", "HEAD.lock", "refs/heads/deep/main.lock"];
        for name in locks.iter().chain(&["HEAD", "refs/heads/main"]) {
            fs::write(path(name), "").unwrap();
        }
        remove(folder.path(), SystemTime::now()).unwrap();
        assert!(locks.iter().all(|name| path(name).exists()), "a program may still hold them");
        remove(folder.path(), SystemTime::now() + OLD + Duration::from_secs(1)).unwrap();
        assert!(!locks.iter().any(|name| path(name).exists()));
        assert!(path("HEAD").exists() && path("refs/heads/main").exists());
    }
}
