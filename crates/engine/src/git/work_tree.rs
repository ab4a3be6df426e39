//! What lies in the folder of a repository, committed or not: read once, within the limits of a commit.
//!
//! Git only names the files: those it tracks, and those that are new and not ignored. Their content is read here, byte for
//! byte, so that no filter and no attribute has a say in it, and never through a link.

use super::content::{CommitFiles, Content, ENTRIES, Entry, Holder, LIST, Mode, TreePath, WHOLE, some};
use super::door::DEPTH;
use super::{GitError, Repository};
use cc_ci_model::ids::Commit;
use cc_ci_model::report::text::count;
use rustix::fs::{AtFlags, FileType, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;
use sha1::{Digest as _, Sha1};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

/// The files of a folder as they were at one moment; cheap to clone.
#[derive(Debug, Clone)]
pub struct WorkTree {
    content: Arc<Content>,
    changed: Vec<String>,
    nested: Vec<String>,
}

impl WorkTree {
    /// Its texts.
    pub fn files(&self) -> Result<CommitFiles, GitError> {
        self.content.files()
    }

    /// What every file holds, by the ids that git would give it.
    pub fn contents(&self) -> Result<BTreeMap<String, String>, GitError> {
        self.content.ids()
    }

    /// Writes it into `dir`, which must be missing or empty: as it was when it was read.
    pub fn checkout(&self, dir: &Path) -> Result<(), GitError> {
        self.content.write_out(dir)
    }

    /// What a reader should know about it.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![match self.changed.len() {
            0 => "the folder was tested: nothing in it differs from the commit".to_owned(),
            changed => format!(
                "the folder was tested, not the commit: {} of it differ ({})",
                count(changed, "file"),
                some(&self.changed)
            ),
        }];
        if !self.nested.is_empty() {
            notes.push(format!("left out, being repositories of their own: {}", some(&self.nested)));
        }
        notes
    }
}

/// The names of the files in a folder.
#[derive(Debug, Default)]
struct Names {
    plain: BTreeSet<String>,
    odd: BTreeSet<String>,
}

impl Repository {
    /// Reads what lies in the folder over a commit: tracked files as they are now, and new ones that are not ignored.
    pub async fn work_tree(&self, over: &Commit) -> Result<WorkTree, GitError> {
        let committed = self.entries(over).await?;
        let work_tree = self.work_tree.as_ref().ok_or(GitError::NoWorkTree)?;
        let names = self.names(work_tree).await?;
        let (content, nested) = read(work_tree, names)?;
        let changed = changed(&committed.entries, &content.entries);
        Ok(WorkTree { content: Arc::new(content), changed, nested })
    }

    /// The paths in the folder that count.
    async fn names(&self, work_tree: &Path) -> Result<Names, GitError> {
        let too_large = |what| GitError::TooLarge { holder: Holder::Folder, what };
        let command =
            self.in_work_tree(work_tree).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let output = self.read(&command.output_cap(LIST).stop_at_cap()).await?;
        let names: BTreeSet<&[u8]> = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
        if names.len() > ENTRIES {
            return Err(too_large(format!("{ENTRIES} files")));
        }
        if output.truncated {
            return Err(too_large(format!("{} MiB of names of files", LIST >> 20)));
        }
        let deepest = DEPTH.parse().unwrap_or(usize::MAX);
        let mut found = Names::default();
        for name in names {
            // Git ends the name of a repository inside this one with a slash.
            let name = name.strip_suffix(b"/").unwrap_or(name);
            if name.split(|byte| *byte == b'/').count() > deepest {
                return Err(too_large(format!("{DEPTH} folders in one another")));
            }
            match TreePath::of(name) {
                TreePath::Plain(path) => drop(found.plain.insert(path.to_owned())),
                TreePath::Odd(name) => drop(found.odd.insert(name)),
                TreePath::Unsafe(path) => return Err(GitError::UnsafePath { holder: Holder::Folder, path }),
            }
        }
        Ok(found)
    }
}

/// Paths that are in one of two trees only, or not alike in both.
fn changed(committed: &BTreeMap<String, Entry>, now: &BTreeMap<String, Entry>) -> Vec<String> {
    let paths: BTreeSet<&String> = committed.keys().chain(now.keys()).collect();
    // A submodule is never read, neither here nor there.
    let is_file = |entry: &&Entry| entry.mode != Mode::Submodule;
    let differs = |path: &&String| committed.get(*path).filter(is_file) != now.get(*path).filter(is_file);
    paths.into_iter().filter(differs).cloned().collect()
}

/// Reads the files of those names, and names those that are repositories of their own.
fn read(work_tree: &Path, names: Names) -> Result<(Content, Vec<String>), GitError> {
    let Names { plain, odd } = names;
    let mut content = Content { holder: Holder::Folder, entries: BTreeMap::new(), odd, blobs: BTreeMap::new() };
    let mut nested = Vec::new();
    let mut room = WHOLE;
    for name in &plain {
        let failed = |source| GitError::Read { path: work_tree.join(name), source };
        let (mode, bytes) = match read_one(work_tree, name, room).map_err(failed)? {
            Found::Nothing => continue,
            Found::Folder => {
                nested.push(name.clone());
                continue;
            }
            Found::TooMuch => {
                return Err(GitError::TooLarge { holder: Holder::Folder, what: format!("{} MiB", WHOLE >> 20) });
            }
            Found::File(mode, bytes) => (mode, bytes),
        };
        let size = bytes.len() as u64;
        room -= size;
        let object = blob_id(&bytes);
        content.entries.insert(name.clone(), Entry { mode, object: object.clone(), size });
        content.blobs.insert(object, bytes);
    }
    Ok((content, nested))
}

/// What a name leads to.
enum Found {
    /// Nothing, or nothing that git could hold. So is what is reached only through a link, as git sees it.
    Nothing,
    /// A folder where git names a file: another repository.
    Folder,
    /// More than there is room for.
    TooMuch,
    /// A file, or a link with where it leads.
    File(Mode, Vec<u8>),
}

/// Reads one file of at most `room` bytes.
fn read_one(work_tree: &Path, name: &str, room: u64) -> io::Result<Found> {
    let mut parts: Vec<&str> = name.split('/').collect();
    let Some(last) = parts.pop() else { return Ok(Found::Nothing) };
    let Some(folder) = folder(work_tree, &parts)? else { return Ok(Found::Nothing) };
    let stat = match statat(&folder, last, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => stat,
        Err(Errno::NOENT) => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Ok(Found::Folder),
        FileType::Symlink => {
            let target = readlinkat(&folder, last, Vec::new())?.into_bytes();
            Ok(if target.len() as u64 > room { Found::TooMuch } else { Found::File(Mode::Link, target) })
        }
        FileType::RegularFile if u64::try_from(stat.st_size).is_ok_and(|size| size > room) => Ok(Found::TooMuch),
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = File::from(openat(&folder, last, flags, rustix::fs::Mode::empty())?);
            let mut bytes = Vec::new();
            file.take(room.saturating_add(1)).read_to_end(&mut bytes)?;
            let mode = if stat.st_mode & 0o100 == 0 { Mode::File } else { Mode::Executable };
            Ok(if bytes.len() as u64 > room { Found::TooMuch } else { Found::File(mode, bytes) })
        }
        _ => Ok(Found::Nothing),
    }
}

/// Opens a folder below another, through no link; `None` when there is none.
fn folder(top: &Path, parts: &[&str]) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = OwnedFd::from(File::open(top)?);
    for part in parts {
        at = match openat(&at, *part, flags, rustix::fs::Mode::empty()) {
            Ok(next) => next,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
    }
    Ok(Some(at))
}

/// The id that git gives a file of this content.
fn blob_id(bytes: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    hex::encode(hasher.finalize())
}

#[cfg(test)]
mod tests;
