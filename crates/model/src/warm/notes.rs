//! Release notes of a recipe: which files are some, and of which version each speaks.

use cc_ci_recipe::version::Version;

/// The folders that have been seen to hold them, one file per version, named as its tag.
const FOLDERS: [&str; 2] = ["release", "releaseNotes"];

/// A release note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub path: String,
    /// The version that it speaks of.
    version: Version,
}

impl Note {
    /// A file of a recipe as a release note; `None` when it is none, or says nothing.
    #[must_use]
    pub fn read(path: &str, text: &str) -> Option<Self> {
        let (folder, name) = path.split_once('/')?;
        if !FOLDERS.contains(&folder) || text.trim().is_empty() {
            return None;
        }
        let plain = [".md", ".txt"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        Some(Self { path: path.to_owned(), version: plain.parse().ok().filter(|_| !name.contains('/'))? })
    }
}

/// Those that speak of what comes after `from`, `to` included.
pub(super) fn between<'a>(notes: &'a [Note], from: &Version, to: &Version) -> impl Iterator<Item = &'a Note> {
    notes.iter().filter(move |note| note.version > *from && note.version <= *to)
}
