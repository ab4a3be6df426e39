//! What a program in trouble prints into its page: many answer with status 200 all the same.

/// What nothing but a program in trouble prints, in lower case.
const PRINTED: [&str; 10] = [
    "traceback (most recent call last)",
    "sqlstate[",
    "uncaught exception",
    "uncaught error",
    "uncaught typeerror",
    "uncaught pdoexception",
    "unhandled exception",
    "internal server error",
    "error establishing a database connection",
    "there has been a critical error on this website",
];

/// What PHP prints, which then says where.
const OF_PHP: [&str; 2] = ["fatal error: ", "parse error: "];

/// Letters of it that are told.
const TOLD: usize = 120;

/// The error that a text shows, with single blanks between its words. An element that ends in front of a colon left a blank there.
pub(super) fn shown(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" : ", ": ");
    // Of the same length in bytes, so that a place in one is the same place in the other.
    let lower = text.to_ascii_lowercase();
    let printed = PRINTED.iter().filter_map(|words| lower.find(words));
    let of_php = OF_PHP.iter().filter_map(|words| lower.find(words).filter(|at| lower[*at..].contains(" on line ")));
    let at = printed.chain(of_php).min()?;
    Some(text[at..].chars().take(TOLD).collect())
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_error_in_the_text_is_told_from_its_first_word() {
        let php = "Shop Fatal error : Uncaught PDOException: gone in /var/www/index.php:12 thrown on line 12";
        assert!(shown(php).unwrap().starts_with("Fatal error: Uncaught PDOException: gone in"));
        assert_eq!(
            shown("Ä Traceback (most\n recent call last): File").as_deref(),
            Some("Traceback (most recent call last): File")
        );
        assert_eq!(shown(&format!("SQLSTATE[42S22] {}", "x".repeat(500))).unwrap().chars().count(), 120);
    }

    #[test]
    fn a_page_about_errors_is_none() {
        for text in
            ["", "How to avoid a fatal error: read on", "Errors: 0", "Our parse error: a story. Read on, line by line"]
        {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
