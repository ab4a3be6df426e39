//! Files that come and go by themselves: logs, caches, locks.

/// A pattern over paths relative to a volume's root.
///
/// `*` stands for any characters but `/`, `**` for any characters, `?` for one. A pattern without `/` matches any part of
/// the path, so `cache` covers everything below a folder of that name; a pattern with `/` matches from the root, and
/// everything below what it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Churn {
    patterns: Vec<String>,
}

/// What is ignored without any settings.
pub const USUAL: [&str; 27] = [
    "log",
    "logs",
    "*.log",
    "*.log.*",
    "cache",
    ".cache",
    "*cache",
    "tmp",
    "temp",
    ".tmp",
    "*.tmp",
    "*.temp",
    "sessions",
    "session",
    "*.lock",
    ".lock",
    "lock",
    "*.pid",
    "*.sock",
    "*.swp",
    "*-wal",
    "*-shm",
    "*-journal",
    "temp-*.rdb",
    "temp-*.aof",
    "lost+found",
    "backup.sql*",
];

impl Churn {
    /// The usual patterns and those the recipe declares.
    #[must_use]
    pub fn with(declared: &[String]) -> Self {
        Self { patterns: USUAL.iter().map(|pattern| (*pattern).to_owned()).chain(declared.iter().cloned()).collect() }
    }

    /// These patterns and no others.
    #[must_use]
    pub fn only(patterns: &[String]) -> Self {
        Self { patterns: patterns.to_vec() }
    }

    /// Whether a path comes and goes by itself.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        self.patterns.iter().any(|pattern| {
            let pattern = pattern.trim_end_matches('/');
            match pattern.trim_start_matches('/') {
                "" => false,
                rooted if pattern.contains('/') => prefixes(path).any(|prefix| is_match(rooted.as_bytes(), prefix)),
                name => path.split('/').any(|part| is_match(name.as_bytes(), part.as_bytes())),
            }
        })
    }
}

impl Default for Churn {
    fn default() -> Self {
        Self::with(&[])
    }
}

/// `a`, `a/b`, `a/b/c` of `a/b/c`.
fn prefixes(path: &str) -> impl Iterator<Item = &[u8]> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path.as_bytes()[..end])
}

/// Most texts are told apart by what stands before the first star and after the last one; volumes have many files.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let is_wild = |byte: &u8| matches!(byte, b'*' | b'?');
    match (pattern.iter().position(is_wild), pattern.iter().rposition(is_wild)) {
        (Some(first), Some(last)) => {
            text.starts_with(&pattern[..first]) && text.ends_with(&pattern[last + 1..]) && matches(pattern, text)
        }
        _ => pattern == text,
    }
}

/// Matches by remembering the last star of each kind, so that no pattern costs more than pattern × text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let deep = pattern[at..].starts_with(b"**");
        match pattern[at] {
            b'*' => {
                for end in 1..=text.len() {
                    reach[end] |= reach[end - 1] && (deep || text[end - 1] != b'/');
                }
                at += if deep { 2 } else { 1 };
                continue;
            }
            wanted => {
                for end in (1..=text.len()).rev() {
                    let seen = text[end - 1];
                    reach[end] = reach[end - 1] && (seen == wanted || (wanted == b'?' && seen != b'/'));
                }
                reach[0] = false;
            }
        }
        at += 1;
    }
    reach[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, covered: bool) {
        let churn = Churn { patterns: vec![pattern.to_owned()] };
        assert_eq!(churn.covers(path), covered, "{pattern} on {path}");
    }

    #[test]
    fn a_bare_name_matches_any_part() {
        check("cache", "cache/a", true);
        check("cache", "data/cache/a/b", true);
        check("cache", "data/cached", false);
        check("*.log", "var/app.log", true);
        check("*.log", "app.log.d/x", false);
        check("?.pid", "a.pid", true);
        check("?.pid", "ab.pid", false);
    }

    #[test]
    fn a_pattern_with_a_slash_starts_at_the_root() {
        check("/data/tmp", "data/tmp/x", true);
        check("data/tmp", "x/data/tmp", false);
        check("data/*/old", "data/a/old/file", true);
        check("data/*/old", "data/a/b/old", false);
        check("data/**/old", "data/a/b/old", true);
        check("/upload/", "upload/x", true);
        check("/upload/", "data/upload/x", false);
        check("", "anything", false);
    }

    #[test]
    fn user_files_are_not_churn() {
        let churn = Churn::default();
        for kept in ["index.html", "uploads/2026/cat.png", "base/16384/2619", "db.sqlite3", "catalogue/x"] {
            assert!(!churn.covers(kept), "{kept}");
        }
    }

    #[test]
    fn many_stars_cost_little() {
        check(&"*a".repeat(40), &"b".repeat(4000), false);
    }
}
