//! Reads a recipe's tests folder from the host: regular files only, no link is followed, and no more than is sensible.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The most bytes a tests folder may hold; it is kept in memory on its way into the sandbox.
const MOST_BYTES: u64 = 32 << 20;

/// The most files.
const MOST_FILES: usize = 2000;

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFile {
    /// Relative to the folder, with `/`.
    pub path: String,
    /// Whether it can be executed.
    pub mode: FileMode,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Whether a file can be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileMode {
    /// Some execute bit is set.
    Executable,
    /// None is.
    Plain,
}

/// Why a tests folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system refused.
    #[error("cannot read {path} of the tests folder: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is a link; a link may lead out of the recipe.
    #[error("the tests folder {0} is a link: it must be a folder of the recipe itself")]
    Link(PathBuf),
    /// It holds too much.
    #[error("the tests folder {path} holds more than {MOST_FILES} files or {} MiB", MOST_BYTES >> 20)]
    TooMuch {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads the folder. Links, sockets and devices in it are left out, and `.git`.
pub fn read(folder: &Path) -> Result<Vec<TestFile>, FolderError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| FolderError::Io { path, source }
    };
    if fs::symlink_metadata(folder).map_err(io(folder))?.is_symlink() {
        return Err(FolderError::Link(folder.to_owned()));
    }
    let mut files = Vec::new();
    let mut bytes = 0;
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(&here).map_err(io(&here))? {
            let entry = entry.map_err(io(&here))?;
            let path = entry.path();
            let meta = fs::symlink_metadata(&path).map_err(io(&path))?;
            if meta.is_dir() && entry.file_name() != ".git" {
                open.push(path);
            } else if meta.is_file() {
                bytes += meta.len();
                if bytes > MOST_BYTES || files.len() == MOST_FILES {
                    return Err(FolderError::TooMuch { path: folder.to_owned() });
                }
                let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
                let mode = if meta.permissions().mode() & 0o111 == 0 { FileMode::Plain } else { FileMode::Executable };
                files.push(TestFile { path: name.to_owned(), mode, bytes: fs::read(&path).map_err(io(&path))? });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_with_their_modes_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tests");
        fs::create_dir_all(root.join("custom")).unwrap();
        fs::write(root.join("custom/a.sh"), "#!/bin/sh").unwrap();
        fs::set_permissions(root.join("custom/a.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(root.join("b.hurl"), "GET x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.join("install.sh")).unwrap();
        std::os::unix::fs::symlink("/etc", root.join("more")).unwrap();
        let listed: Vec<(String, FileMode)> =
            read(&root).unwrap().into_iter().map(|file| (file.path, file.mode)).collect();
        assert_eq!(listed, [("b.hurl".into(), FileMode::Plain), ("custom/a.sh".into(), FileMode::Executable)]);
        std::os::unix::fs::symlink(&root, folder.path().join("link")).unwrap();
        assert!(matches!(read(&folder.path().join("link")), Err(FolderError::Link(_))));
        assert!(matches!(read(&folder.path().join("none")), Err(FolderError::Io { .. })));
    }
}
