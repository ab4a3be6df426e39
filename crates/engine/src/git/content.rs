//! What a tree holds, wherever it was read: its texts, ids of its contents, and how it is written out.

use super::GitError;
use cc_ci_recipe::source::{NoText, UnreadFile, read_text};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The most a tree may hold. Bytes.
pub(super) const WHOLE: u64 = 64 * 1024 * 1024;
/// The most files a tree may hold.
pub(super) const ENTRIES: usize = 20_000;
/// The most that the list of a tree's files may take. Bytes. A tree may name the same folder a thousand times.
pub(super) const LIST: usize = 8 * 1024 * 1024;
/// How many links may follow one another.
const LINKS: usize = 8;

/// What holds a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A commit.
    Commit,
    /// A folder on the disk.
    Folder,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "the commit",
            Self::Folder => "the folder",
        })
    }
}

/// The texts of one tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitFiles {
    /// Content by path. A link to a file in the tree has that file's content.
    pub text: BTreeMap<String, String>,
    /// Paths that may be executed, whether or not their content is text.
    pub executable: BTreeSet<String>,
    /// What is in the tree but not in `text`.
    pub left_out: BTreeMap<String, LeftOut>,
}

/// Why a file's content was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// It is no text, or longer than a text of a recipe can be.
    NoText(UnreadFile),
    /// A link to a folder, or to nothing.
    Link,
    /// Another repository.
    Submodule,
    /// Its name is no text, or holds control characters; it stands here with those spelt out.
    OddName,
}

impl CommitFiles {
    /// What a reader should know about them.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let odd = self.left_out.iter().filter(|(_, why)| **why == LeftOut::OddName);
        let odd: Vec<&String> = odd.map(|(name, _)| name).collect();
        let note = || format!("left out, because their names hold control characters or are no UTF-8: {}", some(&odd));
        if odd.is_empty() { Vec::new() } else { vec![note()] }
    }
}

/// The first three names, and that there are more.
pub(super) fn some<N: AsRef<str>>(names: &[N]) -> String {
    let first: Vec<&str> = names.iter().take(3).map(AsRef::as_ref).collect();
    format!("{}{}", first.join(", "), if names.len() > first.len() { ", …" } else { "" })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    File,
    Executable,
    Link,
    Submodule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mode: Mode,
    /// Git's id of the content.
    pub(super) object: String,
    pub(super) size: u64,
}

/// The entries of a tree by path, and the contents that were read of it by their ids.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) holder: Holder,
    pub(super) entries: BTreeMap<String, Entry>,
    /// Names of files that are in the tree and not among the entries.
    pub(super) odd: BTreeSet<String>,
    pub(super) blobs: BTreeMap<String, Vec<u8>>,
}

impl Content {
    /// Its texts. What is longer than a text of a recipe need not have been read.
    pub(super) fn files(&self) -> Result<CommitFiles, GitError> {
        let Self { entries, odd, blobs, .. } = self;
        let links = self.links()?;
        let mut files = CommitFiles::default();
        files.left_out.extend(odd.iter().map(|name| (name.clone(), LeftOut::OddName)));
        for path in entries.keys() {
            // A link is read as what it leads to.
            let Some(entry) = follow(path, entries, &links).and_then(|path| entries.get(&path)) else {
                files.left_out.insert(path.clone(), LeftOut::Link);
                continue;
            };
            match entry.mode {
                Mode::Submodule => {
                    files.left_out.insert(path.clone(), LeftOut::Submodule);
                    continue;
                }
                Mode::Executable => {
                    files.executable.insert(path.clone());
                }
                Mode::File | Mode::Link => {}
            }
            match blobs.get(&entry.object).map_or(Err(NoText::TooLong), |bytes| read_text(bytes)) {
                Ok(text) => drop(files.text.insert(path.clone(), text)),
                Err(why) => {
                    let unread = UnreadFile { why, object: entry.object.clone(), size: entry.size };
                    files.left_out.insert(path.clone(), LeftOut::NoText(unread));
                }
            }
        }
        Ok(files)
    }

    /// What every file holds, as an id by path; the links must have been read.
    pub(super) fn ids(&self) -> Result<BTreeMap<String, String>, GitError> {
        let links = self.links()?;
        let found = |path: &String| self.entries.get(&follow(path, &self.entries, &links)?);
        Ok(self.entries.keys().filter_map(|path| Some((path.clone(), found(path)?.object.clone()))).collect())
    }

    /// Writes everything into `dir`, which must be missing or empty; all of it must have been read.
    pub(super) fn write_out(&self, dir: &Path) -> Result<(), GitError> {
        let links = self.links()?;
        let failed = |path: &Path, source| GitError::Write { path: path.to_owned(), source };
        fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
        if fs::read_dir(dir).map_err(|source| failed(dir, source))?.next().is_some() {
            return Err(failed(dir, io::Error::from(io::ErrorKind::DirectoryNotEmpty)));
        }
        // Links come last, so that no file can be written through one.
        for (path, entry) in &self.entries {
            let bits = match entry.mode {
                Mode::File => 0o644,
                Mode::Executable => 0o755,
                Mode::Link | Mode::Submodule => continue,
            };
            let content = self.blobs.get(&entry.object).ok_or(GitError::Answer("cat-file"))?;
            let target = dir.join(path);
            write_file(&target, content, bits).map_err(|source| failed(&target, source))?;
        }
        for (path, leads_to) in &links {
            let target = dir.join(path);
            write_link(&target, leads_to).map_err(|source| failed(&target, source))?;
        }
        Ok(())
    }

    /// Where each link leads, as written. Fails on the first that leads out of the tree.
    fn links(&self) -> Result<BTreeMap<String, String>, GitError> {
        let mut links = BTreeMap::new();
        for (path, entry) in self.entries.iter().filter(|(_, entry)| entry.mode == Mode::Link) {
            let bytes = self.blobs.get(&entry.object).map(Vec::as_slice).unwrap_or_default();
            let target = String::from_utf8_lossy(bytes).into_owned();
            if leads_to(path, &target).is_none() || target.contains('\0') {
                return Err(GitError::UnsafeLink { holder: self.holder, path: path.clone(), target });
            }
            links.insert(path.clone(), target);
        }
        Ok(links)
    }
}

/// What the path of a file in a tree is.
pub(super) enum TreePath<'a> {
    /// One that can only lead to a place below the folder it is joined to, and to none of git's own.
    Plain(&'a str),
    /// As harmless, but no text, or with control characters in it. A compose file cannot name it as every program
    /// takes it, so the file is left out. Spelt out.
    Odd(String),
    /// One that could lead elsewhere. Spelt out.
    Unsafe(String),
}

impl<'a> TreePath<'a> {
    pub(super) fn of(path: &'a [u8]) -> Self {
        let leads_away = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.eq_ignore_ascii_case(b".git");
        if path.split(|byte| *byte == b'/').any(leads_away) {
            return Self::Unsafe(path.escape_ascii().to_string());
        }
        match str::from_utf8(path) {
            Ok(text) if !text.chars().any(char::is_control) => Self::Plain(text),
            Ok(_) | Err(_) => Self::Odd(path.escape_ascii().to_string()),
        }
    }
}

/// The path in the tree a link names, or `None` when it leaves the tree. `..` is accepted only at the front, where it
/// climbs real folders: after a name it could climb from wherever another link has led.
fn leads_to(link: &str, target: &str) -> Option<String> {
    if target.is_empty() || target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = link.split('/').collect();
    parts.pop();
    let mut named = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if named => return None,
            ".." => {
                parts.pop()?;
            }
            name if name.eq_ignore_ascii_case(".git") => return None,
            name => {
                named = true;
                parts.push(name);
            }
        }
    }
    Some(parts.join("/"))
}

/// The path a file is found at after following links; `None` when that is no file.
fn follow(path: &str, entries: &BTreeMap<String, Entry>, links: &BTreeMap<String, String>) -> Option<String> {
    let mut at = path.to_owned();
    for _ in 0..LINKS {
        match links.get(&at) {
            Some(target) => at = leads_to(&at, target)?,
            None => return entries.contains_key(&at).then_some(at),
        }
    }
    None
}

fn write_file(target: &Path, content: &[u8], bits: u32) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(target)?;
    file.write_all(content)?;
    file.set_permissions(Permissions::from_mode(bits))
}

fn write_link(target: &Path, leads_to: &str) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    symlink(leads_to, target)
}
