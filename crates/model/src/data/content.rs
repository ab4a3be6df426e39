//! What a file holds, as far as two looks at it can be compared without keeping it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A file lost its content if less than half is left and this many bytes are gone.
const CUT: u64 = 4 << 10;

/// The same with less than a quarter left.
const CUT_SHORT: u64 = 256;

/// Files up to this size are read whole, of larger ones pieces of [`PIECE`] bytes at even distances.
const WHOLE: usize = 16 << 20;
const PIECE: usize = 64 << 10;
const PIECES: usize = 16;

/// Two samples of fewer bytes say nothing about each other.
const SAMPLED: usize = 16;

/// The content of a file, or the target of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// SHA-256 in hexadecimal; `~` before it where a large file was read in pieces.
    pub digest: String,
    /// What kind of content it is.
    pub form: Form,
    /// Some bytes at even distances, which show how much of a content was exchanged.
    pub sample: Vec<u8>,
}

/// The kinds of contents that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Begins as UTF-8 text does.
    Text,
    /// A SQLite file: its tables are counted instead.
    Sqlite,
    /// Anything else.
    Binary,
    /// The target of a link.
    Target,
}

impl Content {
    /// Whether most of the content is another one, and not an edited version of it.
    #[must_use]
    pub fn is_unlike(&self, now: &Self) -> bool {
        if self.digest == now.digest {
            return false;
        }
        self.is_spoilt(now) || self.agreement(now).is_some_and(|(same, all)| same * 2 < all)
    }

    /// Whether it was text and is not any more.
    #[must_use]
    pub fn is_spoilt(&self, now: &Self) -> bool {
        matches!((self.form, now.form), (Form::Text, Form::Binary))
    }

    /// Whether it is nearly the other content.
    #[must_use]
    pub fn is_like(&self, now: &Self) -> bool {
        self.form == now.form && self.agreement(now).is_some_and(|(same, all)| same * 4 >= all * 3)
    }

    /// How many of the sampled bytes are the same; `None` where there are too few, or not equally many.
    fn agreement(&self, now: &Self) -> Option<(usize, usize)> {
        let all = self.sample.len();
        let comparable = all >= SAMPLED && now.sample.len() == all;
        comparable.then(|| (self.sample.iter().zip(&now.sample).filter(|(one, two)| one == two).count(), all))
    }
}

/// The digest of a content as the program on the workbench makes it: of a large one, only pieces are read.
#[must_use]
pub fn digest(content: &[u8]) -> String {
    let mut hasher = Sha256::new();
    let mut text = String::new();
    if content.len() <= WHOLE {
        hasher.update(content);
    } else {
        text.push('~');
        let starts = (0..PIECES).map(|piece| piece * (content.len() - PIECE) / (PIECES - 1));
        starts.for_each(|start| hasher.update(&content[start..start + PIECE]));
    }
    text + &hex::encode(hasher.finalize())
}

/// Whether a file that held `before` bytes and holds `after` was cut off.
#[must_use]
pub fn is_cut(before: u64, after: u64) -> bool {
    let gone = before.saturating_sub(after);
    (after == 0 && before > 0) || (after < before / 2 && gone > CUT) || (after < before / 4 && gone > CUT_SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(form: Form, text: &str) -> Content {
        Content { digest: text.to_owned(), form, sample: text.as_bytes().to_vec() }
    }

    #[track_caller]
    fn check(before: (Form, &str), after: (Form, &str), (unlike, like): (bool, bool)) {
        let (before, after) = (content(before.0, before.1), content(after.0, after.1));
        assert_eq!((before.is_unlike(&after), before.is_like(&after)), (unlike, like));
    }

    #[test]
    fn an_edit_is_not_another_content() {
        let text = |text| (Form::Text, text);
        check(text("version = 1, colour = blue"), text("version = 2, colour = blue"), (false, true));
        check(text("{\"last_run\": 1732833123}"), text("{\"last_run\": 1732999999}"), (false, true));
        check(text("version = 1, colour = blue"), text("qn$ L2x??/ 93 axX-,.pPq1!%"), (true, false));
        check(text("version = 1, colour = blue"), text("version = 1, colour = blue"), (false, true));
    }

    #[test]
    fn text_that_becomes_binary_is_another_content_whatever_its_size() {
        check((Form::Text, "a letter"), (Form::Binary, "\u{1}\u{2}"), (true, false));
        check((Form::Binary, "\u{1}\u{2}"), (Form::Text, "a letter"), (false, false));
    }

    #[test]
    fn a_digest_is_that_of_the_content_and_of_pieces_where_it_is_large() {
        assert!(digest(b"").starts_with("e3b0c44298fc1c14"));
        let mut large = vec![0; WHOLE + 1];
        let zeros = digest(&large);
        assert!(zeros.starts_with('~'), "{zeros}");
        *large.last_mut().unwrap() = 1;
        assert_ne!(digest(&large), zeros);
    }

    #[test]
    fn a_few_bytes_say_nothing() {
        check((Form::Text, "17"), (Form::Text, "18"), (false, false));
    }

    #[test]
    fn a_file_is_cut_when_little_of_much_is_left() {
        for (before, after) in [(9000, 1), (9000, 0), (1, 0), (500, 20), (100_000, 40_000)] {
            assert!(is_cut(before, after), "{before} to {after}");
        }
        for (before, after) in [(0, 0), (9000, 9000), (9000, 5000), (120, 2), (3000, 1400), (5, 9)] {
            assert!(!is_cut(before, after), "{before} to {after}");
        }
    }
}
