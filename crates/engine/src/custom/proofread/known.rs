//! Remembers which tests and hooks were read and can be run, so that the same files are not read before every deploy (RUN-6).
//!
//! What a reader finds hangs on the files, on its own text and on the image it runs in: an answer holds as long as none of them
//! changes. Only "all of them can be run" is kept; what is broken is read each time, so that its words are always said by the reader.

use crate::custom::folder::{FileMode, TestFile};
use sha2::{Digest, Sha256};
use std::fs::{self, DirEntry, File};
use std::path::PathBuf;
use std::time::SystemTime;

/// At most so many answers are kept; those that were needed longest ago go first.
const MOST: usize = 500;

/// The answers that are kept: in a folder, one empty file for each, or nowhere.
#[derive(Debug, Clone, Default)]
pub struct KnownReadable {
    folder: Option<PathBuf>,
}

/// What one reading was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading(String);

impl Reading {
    /// By all that its answer hangs on: the reader and its image, what it is asked, and every file it can see.
    pub(crate) fn of(reader: &str, image_id: &str, asked: &str, files: &[TestFile]) -> Self {
        let mut digest = Sha256::new();
        // Each part with its length before it, so that no two lists of parts are the same bytes.
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        };
        [reader, image_id, asked].into_iter().for_each(|text| part(text.as_bytes()));
        for TestFile { path, mode, bytes } in files {
            let mode: &[u8] = match mode {
                FileMode::Executable => b"x",
                FileMode::Plain => b"-",
            };
            [path.as_bytes(), mode, bytes].into_iter().for_each(&mut part);
        }
        Self(hex::encode(digest.finalize()))
    }
}

impl KnownReadable {
    /// Answers in a folder, which need not be there yet.
    #[must_use]
    pub const fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    /// Whether everything in this reading could be run.
    pub(crate) fn holds(&self, reading: &Reading) -> bool {
        let Some(folder) = &self.folder else { return false };
        let Ok(kept) = File::open(folder.join(&reading.0)) else { return false };
        // It only decides which answer goes first.
        let _needed_now = kept.set_modified(SystemTime::now());
        true
    }

    /// Keeps that it could. Where that fails it is read again, which is all that is lost.
    pub(crate) fn keep(&self, reading: &Reading) {
        let Some(folder) = &self.folder else { return };
        let kept = fs::create_dir_all(folder).and_then(|()| File::create(folder.join(&reading.0)));
        if kept.is_ok() {
            self.let_go();
        }
    }

    /// Removes those that are too many.
    fn let_go(&self) {
        let Some(entries) = self.folder.as_ref().and_then(|folder| fs::read_dir(folder).ok()) else { return };
        let needed = |entry: DirEntry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()));
        let mut all: Vec<_> = entries.filter_map(|entry| needed(entry.ok()?)).collect();
        all.sort_unstable();
        let most = all.len().saturating_sub(MOST);
        for (_, path) in all.into_iter().take(most) {
            // Another run may have removed it.
            let _gone = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn file(path: &str, text: &str) -> TestFile {
        TestFile { path: path.to_owned(), mode: FileMode::Plain, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn an_answer_holds_for_what_it_was_given_about_and_for_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownReadable::in_folder(folder.path().join("readable"));
        let files = [file("a.sh", "true\n"), file("b.sh", "false\n")];
        let first = Reading::of("reader", "sha256:1", "[]", &files);
        assert!(!known.holds(&first));
        known.keep(&first);
        assert!(known.holds(&first) && known.clone().holds(&first));
        let executable = TestFile { mode: FileMode::Executable, ..files[0].clone() };
        let others = [
            Reading::of("another", "sha256:1", "[]", &files),
            Reading::of("reader", "sha256:2", "[]", &files),
            Reading::of("reader", "sha256:1", "[1]", &files),
            Reading::of("reader", "sha256:1", "[]", &files[..1]),
            Reading::of("reader", "sha256:1", "[]", &[file("a.sh", "true\n"), file("b.sh", "true\n")]),
            Reading::of("reader", "sha256:1", "[]", &[executable, files[1].clone()]),
            // The same bytes in a row, cut elsewhere.
            Reading::of("reader", "sha256:1", "[]", &[file("a.sht", "rue\n"), file("b.sh", "false\n")]),
            Reading::of("readersha", "256:1", "[]", &files),
        ];
        for (number, other) in others.iter().enumerate() {
            assert!(!known.holds(other), "{number}");
        }
    }

    #[test]
    fn nowhere_nothing_is_kept() {
        let reading = Reading::of("reader", "sha256:1", "[]", &[]);
        KnownReadable::default().keep(&reading);
        assert!(!KnownReadable::default().holds(&reading));
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("taken"), "").unwrap();
        let known = KnownReadable::in_folder(folder.path().join("taken"));
        known.keep(&reading);
        assert!(!known.holds(&reading));
    }

    #[test]
    fn those_that_were_needed_longest_ago_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownReadable::in_folder(folder.path().to_owned());
        let reading = |number: usize| Reading::of("reader", "sha256:1", &number.to_string(), &[]);
        let old = SystemTime::now() - Duration::from_secs(3600);
        for number in 0..=MOST {
            known.keep(&reading(number));
            if number < 2 {
                File::open(folder.path().join(&reading(number).0)).unwrap().set_modified(old).unwrap();
            }
            if number == 1 {
                assert!(known.holds(&reading(0)), "needed again");
            }
        }
        assert!(known.holds(&reading(0)) && !known.holds(&reading(1)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), MOST);
    }
}
