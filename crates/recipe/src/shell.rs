//! Words of a command that people copy into their shell.

/// The text as one word of a POSIX shell, whatever it holds: names of tags and files come from strangers.
#[must_use]
pub fn word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_word_ends_it() {
        assert_eq!(word("1.0.0+2.3^{}"), "'1.0.0+2.3^{}'");
        assert_eq!(word("1.9.9+x';id>x;'"), r"'1.9.9+x'\'';id>x;'\'''");
        assert_eq!(word("$(touch x) `x` \"\\"), "'$(touch x) `x` \"\\'");
    }
}
