//! What a command of `abra` said on its terminal, and whether that was an error.

/// Words by which an error is known to be the engine's or the host's, not the recipe's.
const HOST: [&str; 9] = [
    "Cannot connect to the Docker daemon",
    "context deadline exceeded",
    "connection refused",
    "no such host",
    "i/o timeout",
    "network is unreachable",
    "no space left on device",
    // A call without `-C -o` touched a private origin [S5].
    "authentication required",
    "unable to connect to",
];

/// Words by which an error is known to be about how the command was driven.
const DRIVEN: [&str; 9] = [
    // Several commands need a terminal even with `-n` [S4].
    "inappropriate ioctl for device",
    "unknown flag",
    "unknown shorthand flag",
    "unknown command",
    "accepts ",
    // The clean tree rule [S2].
    "unstaged changes",
    "already deployed",
    "is not deployed",
    "secret not generated",
];

/// Whom an error speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The recipe: its files do not load, a rule of lint stops the deploy, Docker refuses the stack.
    Recipe,
    /// The engine or the host.
    Host,
    /// The way the command was driven.
    Driving,
}

/// The text without colours, cursor movements and overwritten progress lines.
#[must_use]
pub fn clean(raw: &str) -> String {
    let mut plain = String::with_capacity(raw.len());
    let mut letters = raw.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\u{1b}', Some('[')) => {
                letters.next();
                // Ends with the first letter of this range.
                letters.by_ref().find(|letter| ('\u{40}'..='\u{7e}').contains(letter));
            }
            ('\u{1b}', Some(']')) => {
                letters.by_ref().find(|letter| matches!(letter, '\u{7}' | '\u{1b}'));
            }
            ('\u{1b}', _) => {
                letters.next();
            }
            (letter, _) if letter.is_control() && !matches!(letter, '\n' | '\r' | '\t') => {}
            (letter, _) => plain.push(letter),
        }
    }
    let last = |line: &str| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or_default().trim_end().to_owned()
    };
    plain.lines().map(last).collect::<Vec<_>>().join("\n")
}

/// The error in a cleaned text, without its mark. `abra` writes `FATA …` to standard output (S16), and some of its commands
/// answer with code 0 all the same (S4): the word counts, not the code.
#[must_use]
pub fn fatal(text: &str) -> Option<String> {
    let from = text.lines().skip_while(|line| !line.trim_start().starts_with("FATA"));
    let lines: Vec<&str> = from.map(str::trim).filter(|line| !line.is_empty()).take(6).collect();
    let first = lines.first()?.trim_start_matches("FATA");
    // With seconds since the start, as older versions write it: `FATA[0003] …`.
    let first = match first.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((seconds, rest)) if seconds.chars().all(|letter| letter.is_ascii_digit()) => rest,
        Some(_) | None => first,
    };
    let first = first.trim();
    let rest = lines[1..].iter().copied();
    let whole: Vec<&str> = std::iter::once(first).chain(rest).filter(|line| !line.is_empty()).collect();
    Some(if whole.is_empty() { "abra gives no reason".to_owned() } else { whole.join("\n") })
}

/// Whom an error of `app new` or `app deploy` is about. What is not known to be about anything else is about the recipe, as
/// with `docker stack deploy`.
#[must_use]
pub fn about(error: &str) -> About {
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if has(&HOST) {
        About::Host
    } else if has(&DRIVEN) {
        About::Driving
    } else {
        About::Recipe
    }
}

/// The last lines of a cleaned text, at most five.
#[must_use]
pub fn last_words(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(5)..];
    if last.is_empty() { "it said nothing".to_owned() } else { last.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_progress_are_taken_away() {
        let raw =
            "\u{1b}[?25lpulling 10%\rpulling 99%\r\n\u{1b}]0;title\u{7}\u{1b}[1;31mFATA\u{1b}[0m deploy failed\r\n";
        assert_eq!(clean(raw), "pulling 99%\nFATA deploy failed");
    }

    #[test]
    fn an_error_is_found_whatever_the_exit_code_says() {
        assert_eq!(fatal("INFO ok\nWARN FATA is only a word here"), None);
        assert_eq!(
            fatal("INFO x\nFATA unable to validate recipe\n\n  no .env.sample\n").unwrap(),
            "unable to validate recipe\nno .env.sample"
        );
        assert_eq!(fatal("FATA[0003] deploy failed").unwrap(), "deploy failed");
        assert_eq!(fatal("FATA").unwrap(), "abra gives no reason");
    }

    #[test]
    fn an_error_is_blamed_on_the_recipe_only_when_nothing_else_fits() {
        for (error, whom) in [
            ("services.app.healthcheck.start_period Does not match format 'duration'", About::Recipe),
            ("secret not inserted (#generate=false): smtp_password", About::Recipe),
            ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock", About::Host),
            ("unable to fetch tags: authentication required", About::Host),
            ("inappropriate ioctl for device", About::Driving),
            ("abra will not deploy unstaged changes in shop", About::Driving),
        ] {
            assert_eq!(about(error), whom, "{error}");
        }
    }
}
