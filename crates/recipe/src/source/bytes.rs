//! Turns the bytes of a file into text, or says where they are none.

use super::{Problem, Topic};

/// The longest file that is read as text. Bytes.
pub const LONGEST_TEXT: u64 = 1024 * 1024;

/// A file of the recipe that is there and whose text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadFile {
    /// Why not.
    pub why: NoText,
    /// The id of its content: equal ids are equal contents.
    pub object: String,
    /// How many bytes it holds.
    pub size: u64,
}

/// Why the bytes of a file are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoText {
    /// It is longer than [`LONGEST_TEXT`].
    TooLong,
    /// A byte that no UTF-8 text has in this place.
    NotUtf8 {
        /// Its line, counted from 1.
        line: u32,
        /// The byte.
        byte: u8,
    },
    /// A byte of value zero.
    Zero {
        /// Its line, counted from 1.
        line: u32,
    },
    /// It begins with the mark of UTF-16.
    Utf16,
}

/// The text that `bytes` are.
///
/// # Errors
/// Fails with the first reason why they are none.
pub fn read_text(bytes: &[u8]) -> Result<String, NoText> {
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(NoText::TooLong);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(NoText::Utf16);
    }
    let line = |at: usize| {
        let breaks = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    };
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        NoText::NotUtf8 { line: line(at), byte: bytes.get(at).copied().unwrap_or_default() }
    })?;
    match text.find('\0') {
        Some(at) => Err(NoText::Zero { line: line(at) }),
        None => Ok(text.to_owned()),
    }
}

impl NoText {
    /// The same as a problem of the file at `path`.
    #[must_use]
    pub fn problem(self, path: &str) -> Problem {
        let problem = |what: String| Problem::error(path, what).topic(Topic::Unreadable);
        match self {
            Self::TooLong => problem(format!("is longer than {} MiB", LONGEST_TEXT >> 20)),
            Self::NotUtf8 { line, byte } => {
                problem(format!("is not UTF-8: byte 0x{byte:02X}")).line(line).hint("save the file as UTF-8")
            }
            Self::Zero { line } => problem("holds a NUL byte".to_owned()).line(line).hint("save the file as text"),
            Self::Utf16 => problem("is UTF-16, not UTF-8".to_owned()).hint("save the file as UTF-8"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        read_text(bytes).map_or_else(|why| why.problem("compose.yml").to_string(), |text| format!("text: {text}"))
    }

    #[test]
    fn what_is_no_text_is_said_with_its_line() {
        assert_eq!(shown("a: ä\n".as_bytes()), "text: a: ä\n");
        assert!(shown(b"a: 1\n# caf\xe9\n").starts_with("compose.yml, line 2: is not UTF-8: byte 0xE9"));
        assert!(shown(b"a\r\nb\n\0").starts_with("compose.yml, line 3: holds a NUL byte"));
        assert!(shown(b"\xff\xfea\0").starts_with("compose.yml: is UTF-16, not UTF-8"));
        assert!(shown(&vec![b'x'; 1024 * 1024 + 1]).starts_with("compose.yml: is longer than 1 MiB"));
        // Cut in the middle of a letter.
        assert!(shown(b"ok\n\xe2\x82").starts_with("compose.yml, line 2: is not UTF-8: byte 0xE2"));
    }
}
