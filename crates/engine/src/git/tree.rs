//! The tree of one commit: as texts for reading, or written out for deploying.

use super::door::DEPTH;
use super::{GitError, Repository};
use crate::process;
use cc_ci_model::ids::Commit;
use cc_ci_recipe::source::{LONGEST_TEXT, NoText, UnreadFile, read_text};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// The most a commit may hold. Bytes.
const WHOLE: u64 = 64 * 1024 * 1024;
/// The most files a commit may hold.
const ENTRIES: usize = 20_000;
/// The most that the list of a commit's files may take. Bytes. A tree may name the same folder a thousand times.
const LIST: usize = 8 * 1024 * 1024;
/// How many links may follow one another.
const LINKS: usize = 8;

/// The texts of one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Content by path. A link to a file in the tree has that file's content.
    pub text: BTreeMap<String, String>,
    /// Paths that may be executed, whether or not their content is text.
    pub executable: BTreeSet<String>,
    /// What is in the commit but not in `text`.
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    File,
    Executable,
    Link,
    Submodule,
}

struct Entry {
    mode: Mode,
    object: String,
    size: u64,
}

impl Repository {
    /// The texts of a commit. Refuses a tree that a checkout would refuse.
    pub async fn files(&self, commit: &Commit) -> Result<Files, GitError> {
        let entries = self.entries(commit).await?;
        let wanted = |entry: &Entry| entry.mode != Mode::Submodule && entry.size <= LONGEST_TEXT;
        let blobs = self.blobs(entries.values().filter(|entry| wanted(entry))).await?;
        let links = links(&entries, &blobs)?;
        let mut files = Files::default();
        for path in entries.keys() {
            // A link is read as what it leads to.
            let Some(entry) = follow(path, &entries, &links).and_then(|path| entries.get(&path)) else {
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
                    let unread = UnreadFile { why, object: entry.object.clone() };
                    files.left_out.insert(path.clone(), LeftOut::NoText(unread));
                }
            }
        }
        Ok(files)
    }

    /// What every file of a commit holds, as an id by path: equal ids are equal contents. A link has the id of what it leads to.
    pub async fn contents(&self, commit: &Commit) -> Result<BTreeMap<String, String>, GitError> {
        let entries = self.entries(commit).await?;
        let blobs = self.blobs(entries.values().filter(|entry| entry.mode == Mode::Link)).await?;
        let links = links(&entries, &blobs)?;
        let found = |path: &String| entries.get(&follow(path, &entries, &links)?);
        Ok(entries.keys().filter_map(|path| Some((path.clone(), found(path)?.object.clone()))).collect())
    }

    /// Writes the tree of a commit into `dir`, which must be missing or empty: exactly what was committed, with its file
    /// modes, and nothing else. Nothing is written when any path or link is unsafe.
    pub async fn checkout(&self, commit: &Commit, dir: &Path) -> Result<(), GitError> {
        let entries = self.entries(commit).await?;
        let blobs = self.blobs(entries.values().filter(|entry| entry.mode != Mode::Submodule)).await?;
        let links = links(&entries, &blobs)?;
        let failed = |path: &Path, source| GitError::Write { path: path.to_owned(), source };
        fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
        if fs::read_dir(dir).map_err(|source| failed(dir, source))?.next().is_some() {
            return Err(failed(dir, io::Error::from(io::ErrorKind::DirectoryNotEmpty)));
        }
        // Links come last, so that no file can be written through one.
        for (path, entry) in &entries {
            let bits = match entry.mode {
                Mode::File => 0o644,
                Mode::Executable => 0o755,
                Mode::Link | Mode::Submodule => continue,
            };
            let content = blobs.get(&entry.object).ok_or(GitError::Answer("cat-file"))?;
            let target = dir.join(path);
            write_file(&target, content, bits).map_err(|source| failed(&target, source))?;
        }
        for (path, leads_to) in &links {
            let target = dir.join(path);
            write_link(&target, leads_to).map_err(|source| failed(&target, source))?;
        }
        Ok(())
    }

    /// Every entry of a commit's tree, checked for paths that could leave a checkout.
    async fn entries(&self, commit: &Commit) -> Result<BTreeMap<String, Entry>, GitError> {
        let command =
            self.command().args(["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", commit.as_str()]);
        let command = command.output_cap(LIST).stop_at_cap();
        let output = match process::run(&command, &self.cancel).await? {
            output if output.truncated || output.success() => output,
            output if output.last_words().contains("maximum allowed tree depth") => {
                return Err(GitError::TooLarge(format!("{DEPTH} folders in one another")));
            }
            output => return Err(GitError::Unreadable(output.last_words())),
        };
        let records = || output.stdout.split(|byte| *byte == 0).filter(|record| !record.is_empty());
        if records().nth(ENTRIES).is_some() {
            return Err(GitError::TooLarge(format!("{ENTRIES} files")));
        }
        if output.truncated {
            return Err(GitError::TooLarge(format!("{} MiB of names of files", LIST >> 20)));
        }
        let mut entries = BTreeMap::new();
        let mut whole = 0u64;
        for record in records() {
            let Ok(record) = std::str::from_utf8(record) else {
                return Err(GitError::UnsafePath(String::from_utf8_lossy(record).into_owned()));
            };
            let (path, entry) = read_entry(record).ok_or(GitError::Answer("ls-tree"))?;
            if !is_safe(path) {
                return Err(GitError::UnsafePath(path.to_owned()));
            }
            whole = whole.saturating_add(entry.size);
            entries.insert(path.to_owned(), entry);
        }
        if whole > WHOLE {
            return Err(GitError::TooLarge(format!("{} MiB", WHOLE >> 20)));
        }
        Ok(entries)
    }

    /// The content of objects, in one call.
    async fn blobs(&self, entries: impl Iterator<Item = &Entry>) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        let objects: BTreeSet<&str> = entries.map(|entry| entry.object.as_str()).collect();
        let asked: String = objects.iter().flat_map(|object| [*object, "\n"]).collect();
        let command = self
            .command()
            .args(["cat-file", "--batch"])
            .stdin(asked)
            .output_cap(usize::try_from(WHOLE).unwrap_or(usize::MAX) + objects.len() * 100);
        let output = self.read(&command).await?;
        let mut rest = output.stdout.as_slice();
        let mut blobs = BTreeMap::new();
        for object in objects {
            let (content, after) = read_blob(rest, object)
                .ok_or_else(|| GitError::Unreadable(format!("object {object} is missing or no file")))?;
            blobs.insert(object.to_owned(), content.to_vec());
            rest = after;
        }
        Ok(blobs)
    }
}

/// `<mode> <type> <object> <size>\t<path>`; the size is padded, and `-` for what is not a file.
fn read_entry(record: &str) -> Option<(&str, Entry)> {
    let (meta, path) = record.split_once('\t')?;
    let mut words = meta.split_ascii_whitespace();
    let mode = match words.next()? {
        "100755" => Mode::Executable,
        "120000" => Mode::Link,
        "160000" => Mode::Submodule,
        file if file.starts_with("100") => Mode::File,
        _ => return None,
    };
    let object = words.nth(1)?.to_owned();
    let size = words.next()?.parse().unwrap_or(0);
    Some((path, Entry { mode, object, size }))
}

/// `<object> blob <size>\n<content>\n`, and what follows it.
fn read_blob<'a>(bytes: &'a [u8], object: &str) -> Option<(&'a [u8], &'a [u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let header = std::str::from_utf8(&bytes[..line]).ok()?;
    let size: usize = header.strip_prefix(object)?.strip_prefix(" blob ")?.parse().ok()?;
    let content = bytes.get(line + 1..line + 1 + size)?;
    Some((content, bytes.get(line + 2 + size..)?))
}

fn is_safe(path: &str) -> bool {
    !path.chars().any(char::is_control)
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != ".." && !part.eq_ignore_ascii_case(".git"))
}

/// Where each link leads, as written. Fails on the first that leads out of the tree.
fn links(
    entries: &BTreeMap<String, Entry>,
    blobs: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, String>, GitError> {
    let mut links = BTreeMap::new();
    for (path, entry) in entries.iter().filter(|(_, entry)| entry.mode == Mode::Link) {
        let bytes = blobs.get(&entry.object).map(Vec::as_slice).unwrap_or_default();
        let target = String::from_utf8_lossy(bytes).into_owned();
        if leads_to(path, &target).is_none() || target.contains('\0') {
            return Err(GitError::UnsafeLink { path: path.clone(), target });
        }
        links.insert(path.clone(), target);
    }
    Ok(links)
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
