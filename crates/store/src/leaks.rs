//! Looks for secrets in what a run is about to leave behind (SEC-1).

use crate::run_dir::{RunDir, RunDirError};
use cc_ci_model::evidence::Leak;
use cc_ci_model::redact::Redactor;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// How much of a compressed file is looked through. Bytes.
const UNPACKED: u64 = 256 << 20;

/// How much is looked at at once, and how much of it again with what follows. Bytes.
const PART: usize = 4 << 20;
const AGAIN: usize = 256 << 10;

/// Every secret the redactor knows that stands in a file of the run's folder, in order of file and name. The names of files
/// and folders count, and so does what a gzip file holds.
pub fn scan(dir: &RunDir, redactor: &Redactor) -> Result<Vec<Leak>, RunDirError> {
    let mut leaks = Vec::new();
    look(dir.path(), dir.path(), redactor, &mut leaks)?;
    leaks.sort_by(|one, other| (&one.artifact, &one.secret).cmp(&(&other.artifact, &other.secret)));
    Ok(leaks)
}

fn look(root: &Path, folder: &Path, redactor: &Redactor, leaks: &mut Vec<Leak>) -> Result<(), RunDirError> {
    let fail = |path: &Path, source| RunDirError::Io { verb: "read", path: path.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(|source| fail(folder, source))? {
        let entry = entry.map_err(|source| fail(folder, source))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|source| fail(&path, source))?;
        let artifact = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let mut secrets = names(redactor, entry.file_name().as_encoded_bytes());
        if kind.is_dir() {
            look(root, &path, redactor, leaks)?;
        } else if kind.is_file() {
            secrets.extend(in_file(redactor, &path).map_err(|source| fail(&path, source))?);
        } else if kind.is_symlink() {
            // What a link leads to is not of the folder; what it says is.
            let target = fs::read_link(&path).map_err(|source| fail(&path, source))?;
            secrets.extend(names(redactor, target.as_os_str().as_encoded_bytes()));
        }
        leaks.extend(secrets.into_iter().map(|secret| Leak { artifact: artifact.clone(), secret }));
    }
    Ok(())
}

fn names(redactor: &Redactor, content: &[u8]) -> BTreeSet<String> {
    redactor.find(content).into_iter().map(str::to_owned).collect()
}

fn in_file(redactor: &Redactor, path: &Path) -> Result<BTreeSet<String>, io::Error> {
    let mut found = BTreeSet::new();
    in_stream(redactor, File::open(path)?, &mut found)?;
    let mut magic = Vec::new();
    File::open(path)?.take(2).read_to_end(&mut magic)?;
    if magic == [0x1f, 0x8b] {
        // A file that is torn, or only begins like one, holds what comes out of it.
        let _torn = in_stream(redactor, MultiGzDecoder::new(File::open(path)?).take(UNPACKED), &mut found);
    }
    Ok(found)
}

/// Looks through a stream part by part, because a file may be larger than the memory.
fn in_stream(redactor: &Redactor, mut stream: impl Read, found: &mut BTreeSet<String>) -> Result<(), io::Error> {
    let mut part = Vec::new();
    loop {
        let before = part.len();
        let read = stream.by_ref().take(PART as u64).read_to_end(&mut part);
        found.extend(names(redactor, &part));
        read?;
        if part.len() == before {
            return Ok(());
        }
        part.drain(..part.len().saturating_sub(AGAIN));
    }
}
