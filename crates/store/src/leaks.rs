//! Looks for secrets in what a run is about to leave behind (SEC-1).

use crate::run_dir::{RunDir, RunDirError};
use cc_ci_model::evidence::Leak;
use cc_ci_model::redact::Redactor;
use std::fs;
use std::path::Path;

/// Every secret the redactor knows that stands in a file of the run's folder, in order of file and name.
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
        if kind.is_dir() {
            look(root, &path, redactor, leaks)?;
        } else if kind.is_file() {
            let content = fs::read(&path).map_err(|source| fail(&path, source))?;
            let artifact = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            leaks.extend(
                redactor
                    .find(&content)
                    .into_iter()
                    .map(|secret| Leak { artifact: artifact.clone(), secret: secret.to_owned() }),
            );
        }
    }
    Ok(())
}
