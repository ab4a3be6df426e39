//! Where the sources are that images are built from. Never the current folder: that may be a stranger's recipe, and building
//! runs what stands there.

use crate::error::{ErrorKind, RunnerError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The sources that this program was built from.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Files without which a folder does not hold them.
const NEEDED: [&str; 3] = ["setup/images.sh", "images/tools/Dockerfile", "crates/edge/src/main.rs"];

/// The folder with the sources: the one that was named, else the one that this program was built from.
pub(super) fn sources(named: Option<&Path>) -> Result<PathBuf, RunnerError> {
    let folder = named.unwrap_or(Path::new(BUILT_FROM));
    let refused = |why: String| {
        RunnerError::new(
            ErrorKind::Infrastructure,
            "cannot build images: the sources of cc-ci are not where they were looked for",
        )
        .at(why)
        .hint("clone the repository of cc-ci and name the folder: `cc-ci doctor --fix --sources FOLDER`")
    };
    let missing = NEEDED.iter().find(|file| !folder.join(file).is_file());
    if let Some(file) = missing {
        return Err(refused(format!("{} has no {file}", folder.display())));
    }
    let unreadable = |error| refused(format!("cannot look at {}: {error}", folder.display()));
    let folder = folder.canonicalize().map_err(unreadable)?;
    let owner = folder.metadata().map_err(unreadable)?.uid();
    let own = Path::new("/proc/self").metadata().map_err(unreadable)?.uid();
    if owner != 0 && owner != own {
        return Err(refused(format!("{} belongs to another user, whose code would run", folder.display())));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_its_own_checkout_knows_its_sources_and_a_folder_without_them_is_named() {
        assert!(sources(None).unwrap().join("setup/images.sh").is_file());
        let empty = tempfile::tempdir().unwrap();
        // The place and what to do now stand beside the message.
        let error = format!("{:?}", sources(Some(empty.path())).unwrap_err());
        assert!(error.contains("has no setup/images.sh") && error.contains("--sources FOLDER"), "{error}");
    }
}
