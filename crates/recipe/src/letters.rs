//! Letters that two readers of one file can take differently: refused wherever a file decides what is deployed.
//!
//! A line separator ends a line for the loader of `docker stack deploy` and is a letter of a comment for others, so that
//! what looks like a comment adds a key. Marks for the direction of writing show a person another text than a program reads.

use crate::source::{Problem, Topic};

/// Whether a carriage return alone ends a line for everybody who reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// YAML: it does.
    EndLines,
    /// Shell and environment files: it depends on the reader.
    Doubtful,
}

/// The first letter in `text` that must not stand in a recipe, as a problem at its line.
pub(crate) fn check(file: &str, text: &str, returns: Returns) -> Result<(), Problem> {
    let (mut line, mut letters) = (1_u32, text.chars().peekable());
    let mut first = true;
    while let Some(letter) = letters.next() {
        let alone = letter == '\r' && letters.peek() != Some(&'\n');
        let what = match letter {
            '\r' if alone && returns == Returns::Doubtful => Some("a carriage return without a line feed"),
            // At the very start it is the byte order mark.
            '\u{feff}' if first => None,
            _ => doubtful(letter),
        };
        if let Some(what) = what {
            let what = format!("U+{:04X} ({what}), which not every reader takes alike", u32::from(letter));
            let hint = format!("remove it; in a text between double quotes it can be written {}", escaped(letter));
            return Err(Problem::error(file, what).line(line).hint(hint).topic(Topic::Unreadable));
        }
        line += u32::from(letter == '\n' || alone);
        first = false;
    }
    Ok(())
}

/// What a letter is called that must not stand in a recipe.
fn doubtful(letter: char) -> Option<&'static str> {
    match letter {
        '\t' | '\n' | '\r' => None,
        '\u{85}' => Some("next line, a line break for some"),
        '\u{2028}' => Some("line separator, a line break for some"),
        '\u{2029}' => Some("paragraph separator, a line break for some"),
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some("a mark for the direction of writing")
        }
        '\u{feff}' => Some("a byte order mark in the middle of the text"),
        '\u{fffe}' | '\u{ffff}' => Some("no character"),
        letter if letter.is_control() => Some("a control character"),
        _ => None,
    }
}

fn escaped(letter: char) -> String {
    match u32::from(letter) {
        code @ 0..=0xff => format!("`\\x{code:02x}`"),
        code => format!("`\\u{code:04x}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_a_line_is_named_with_its_place() {
        let check = |text: &str| check("compose.yml", text, Returns::EndLines).unwrap_err();
        insta::assert_snapshot!(check("a: 1\n# x\u{2028}b: 2\n"), @r"
        compose.yml, line 2: U+2028 (line separator, a line break for some), which not every reader takes alike
        hint: remove it; in a text between double quotes it can be written `\u2028`
        ");
        insta::assert_snapshot!(check("# a\rb: \u{85}\n"), @r"
        compose.yml, line 2: U+0085 (next line, a line break for some), which not every reader takes alike
        hint: remove it; in a text between double quotes it can be written `\x85`
        ");
        for letter in ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{200f}'] {
            assert_eq!(check(&format!("a: {letter}")).line, Some(1), "{letter:?}");
        }
        assert_eq!(check("a: \u{feff}").line, Some(1));
    }

    #[test]
    fn letters_of_every_language_pass() {
        for text in ["\u{feff}a: ä 漢 🙂 \u{a0}\u{200d}\n", "a:\tb\r\nc: d\r", "# مرحبا, שלום\n"] {
            assert_eq!(check("compose.yml", text, Returns::EndLines), Ok(()), "{text:?}");
        }
        assert!(check(".env.sample", "A=1\rB=2\n", Returns::Doubtful).is_err());
        assert_eq!(check(".env.sample", "A=1\r\nB=2\r\n", Returns::Doubtful), Ok(()));
    }
}
