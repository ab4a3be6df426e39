//! The tree of one commit, read from git's objects: as texts for reading, or written out for deploying.

use super::content::{CommitFiles, Content, ENTRIES, Entry, Holder, LIST, Mode, TreePath, WHOLE};
use super::door::DEPTH;
use super::{GitError, Repository};
use crate::process;
use cc_ci_model::ids::Commit;
use cc_ci_recipe::source::LONGEST_TEXT;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a tree lists.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: BTreeMap<String, Entry>,
    /// Names of files that are left out for their names.
    pub(super) odd: BTreeSet<String>,
}

impl Repository {
    /// The texts of a commit. Refuses a tree that a checkout would refuse.
    pub async fn files(&self, commit: &Commit) -> Result<CommitFiles, GitError> {
        self.content(commit, |entry| entry.mode != Mode::Submodule && entry.size <= LONGEST_TEXT).await?.files()
    }

    /// What every file of a commit holds, as an id by path: equal ids are equal contents. A link has the id of what it leads to.
    pub async fn contents(&self, commit: &Commit) -> Result<BTreeMap<String, String>, GitError> {
        self.content(commit, |entry| entry.mode == Mode::Link).await?.ids()
    }

    /// Writes the tree of a commit into `dir`, which must be missing or empty: exactly what was committed, with its file
    /// modes, and nothing else; files with odd names are left out. Nothing is written when any path or link is unsafe.
    pub async fn checkout(&self, commit: &Commit, dir: &Path) -> Result<(), GitError> {
        self.content(commit, |entry| entry.mode != Mode::Submodule).await?.write_out(dir)
    }

    /// Every entry of a commit, and the content of those that are wanted.
    async fn content(&self, commit: &Commit, wanted: impl Fn(&Entry) -> bool) -> Result<Content, GitError> {
        let Listed { entries, odd } = self.entries(commit).await?;
        let blobs = self.blobs(entries.values().filter(|entry| wanted(entry))).await?;
        Ok(Content { holder: Holder::Commit, entries, odd, blobs })
    }

    /// Every entry of a commit's tree, checked for paths that could leave a checkout.
    pub(super) async fn entries(&self, commit: &Commit) -> Result<Listed, GitError> {
        let too_large = |what| GitError::TooLarge { holder: Holder::Commit, what };
        let command =
            self.command().args(["ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", commit.as_str()]);
        let command = command.output_cap(LIST).stop_at_cap();
        let output = match process::run(&command, &self.cancel).await? {
            output if output.truncated || output.success() => output,
            output if output.last_words().contains("maximum allowed tree depth") => {
                return Err(too_large(format!("{DEPTH} folders in one another")));
            }
            output => return Err(GitError::Unreadable(output.last_words())),
        };
        let records = || output.stdout.split(|byte| *byte == 0).filter(|record| !record.is_empty());
        if records().nth(ENTRIES).is_some() {
            return Err(too_large(format!("{ENTRIES} files")));
        }
        if output.truncated {
            return Err(too_large(format!("{} MiB of names of files", LIST >> 20)));
        }
        let mut listed = Listed::default();
        let mut whole = 0u64;
        for record in records() {
            let (path, entry) = read_entry(record).ok_or(GitError::Answer("ls-tree"))?;
            whole = whole.saturating_add(entry.size);
            match TreePath::of(path) {
                TreePath::Plain(path) => drop(listed.entries.insert(path.to_owned(), entry)),
                TreePath::Odd(name) => drop(listed.odd.insert(name)),
                TreePath::Unsafe(path) => return Err(GitError::UnsafePath { holder: Holder::Commit, path }),
            }
        }
        if whole > WHOLE {
            return Err(too_large(format!("{} MiB", WHOLE >> 20)));
        }
        Ok(listed)
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
fn read_entry(record: &[u8]) -> Option<(&[u8], Entry)> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let (meta, path) = (str::from_utf8(record.get(..tab)?).ok()?, record.get(tab + 1..)?);
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
