//! Files and functions that can be read at once.

use super::exceptions;
use std::collections::BTreeSet;

/// No source file may have more lines.
const LONGEST: usize = 499;

/// Nine files of ten stay below this many lines.
const USUAL: usize = 350;

/// A function of the product has at most this many lines.
const FUNCTION: usize = 60;

/// Longer functions that taking apart would make harder to read: two flat matches, and one loop over five sources.
const KEPT: [&str; 3] = [
    "crates/terminal/src/progress.rs: lines",
    "crates/engine/src/process/drive.rs: perform",
    "crates/model/src/evidence.rs: take",
];

/// The functions of a text with their lengths. What closes one stands alone in the column where it began.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let is_function = code.starts_with("fn ") || code.starts_with("pub") || code.starts_with("async fn ");
        let Some((_, named)) = code.split_once("fn ").filter(|_| is_function) else { continue };
        let name = named.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        let end = lines[at..].iter().position(|line| line.strip_prefix(indent).is_some_and(|rest| rest == "}"));
        let declared = lines[at..].iter().take_while(|line| !line.contains('{')).any(|line| line.ends_with(';'));
        if let Some(end) = end.filter(|_| !declared) {
            found.push((name, end + 1));
        }
    }
    found
}

#[test]
fn no_source_file_is_too_long() {
    let lengths: Vec<(String, usize)> =
        super::sources().into_iter().map(|(name, text)| (name, text.lines().count())).collect();
    let long = lengths.iter().filter(|(_, length)| *length > LONGEST);
    super::none("files to split", &long.map(|(name, length)| format!("{name}: {length}")).collect::<Vec<_>>());
    let above = lengths.iter().filter(|(_, length)| *length > USUAL).count();
    assert!(above * 10 <= lengths.len(), "{above} of {} files have more than {USUAL} lines", lengths.len());
}

#[test]
fn no_function_is_too_long() {
    let mut found = BTreeSet::new();
    for (name, text) in super::sources().into_iter().filter(|(name, _)| name.contains("/src/")) {
        let long = functions(&text).into_iter().filter(|(_, length)| *length > FUNCTION);
        found.extend(long.map(|(function, _)| format!("{name}: {function}")));
    }
    for kept in KEPT {
        assert!(found.remove(kept), "{kept} is not long any more: take it out of the list");
    }
    super::only("functions to take apart", &found, exceptions::FUNCTIONS);
}

#[test]
fn functions_are_measured_to_their_closing_brace() {
    let text = "impl A {\n    pub(crate) async fn one(\n        b: B,\n    ) -> C {\n        d\n    }\n}\ntrait E {\n    fn f(&self);\n}\nconst fn g() {}\n";
    assert_eq!(functions(text), [("one", 5)]);
}
