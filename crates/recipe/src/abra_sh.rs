//! The exports of `abra.sh`: mostly the versions of the recipe's configs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::env_sample::{MAX_ENVIRONMENT, MAX_VARIABLES, Quotes, expand_value, is_key, read_value};
use crate::source::Problem;

/// The exported variables of an `abra.sh`, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AbraSh {
    /// Exports outside functions.
    pub exports: Vec<Export>,
}

/// One `export NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The variable.
    pub name: String,
    /// Its value, with earlier exports filled in.
    pub value: String,
    /// The line, counted from 1.
    pub line: u32,
}

impl AbraSh {
    /// Reads the exports of an `abra.sh`. The script is not run, so a value that only a shell can work out is reported.
    #[must_use]
    pub fn read(file: &str, text: &str) -> (Self, Vec<Problem>) {
        let mut script = Self::default();
        let mut problems = Vec::new();
        let mut env = BTreeMap::new();
        let mut held = 0;
        let mut inside_function = false;
        for (line, number) in text.lines().zip(1_u32..) {
            if script.exports.len() + problems.len() >= MAX_VARIABLES || held > MAX_ENVIRONMENT {
                let what = format!("sets more than {MAX_VARIABLES} variables, or 1 MiB of them, which no recipe does");
                problems.push(Problem::error(file, what));
                break;
            }
            if inside_function {
                inside_function = !line.starts_with('}');
                continue;
            }
            if starts_function(line) {
                inside_function = !line.trim_end().ends_with('}');
                continue;
            }
            for statement in statements(line) {
                let words = exported(&statement);
                // A variable may be set first and exported later.
                let exports = words.is_some();
                for word in words.unwrap_or(&statement) {
                    let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
                    if !is_key(name) {
                        continue;
                    }
                    let place = |what: &str| Problem::warning(file, what).line(number).key(name);
                    let value = match value.map(|value| assigned(value, &env)) {
                        Some(Ok((value, computed))) => {
                            if computed && exports {
                                let hint =
                                    "write the value itself: abra and cc-ci read exports without running the script";
                                problems.push(place("is computed by a command").hint(hint));
                            }
                            Some(value)
                        }
                        Some(Err(Unclosed)) if exports => {
                            problems.push(place("has a quote that is not closed").hint("close it on the same line"));
                            None
                        }
                        Some(Err(Unclosed)) => None,
                        None => env.get(name).cloned().filter(|_| exports),
                    };
                    let Some(value) = value else { continue };
                    held += value.len();
                    env.insert(name.to_owned(), value.clone());
                    if exports {
                        script.exports.push(Export { name: name.to_owned(), value, line: number });
                    }
                }
            }
        }
        (script, problems)
    }
}

/// A quote that the line does not close.
struct Unclosed;

/// The value behind an `=`, and whether only a shell could work it out.
fn assigned(value: &str, env: &BTreeMap<String, String>) -> Result<(String, bool), Unclosed> {
    let (value, quotes) = read_value(value).ok_or(Unclosed)?;
    match quotes {
        Quotes::Single => Ok((value, false)),
        Quotes::None | Quotes::Double => {
            let computed = value.contains("$(") || value.contains('`');
            Ok((expand_value(&value, env), computed))
        }
    }
}

/// What a statement exports: the words behind `export`, or behind `declare` with the option to export.
fn exported<'w, 'l>(words: &'w [&'l str]) -> Option<&'w [&'l str]> {
    let (command, rest) = words.split_first()?;
    match *command {
        "export" => Some(rest),
        "declare" | "typeset" => {
            let (options, rest) = rest.split_first()?;
            (options.starts_with('-') && options.contains('x')).then_some(rest)
        }
        _ => None,
    }
}

/// The statements of a line and their words: a semicolon ends the one and a blank the other, but not between quotes, and a
/// `#` at the start of a word makes the rest a comment.
fn statements(line: &str) -> Vec<Vec<&str>> {
    let mut statements = vec![Vec::new()];
    let (mut start, mut quote) = (None, None);
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '#') if start.is_none() => return statements,
            (None, ' ' | '\t' | '\r' | ';') => {
                if let (Some(start), Some(words)) = (start.take(), statements.last_mut()) {
                    words.push(&line[start..at]);
                }
                if letter == ';' {
                    statements.push(Vec::new());
                }
            }
            (None, _) => {
                start.get_or_insert(at);
                quote = matches!(letter, '"' | '\'').then_some(letter);
            }
        }
    }
    if let (Some(start), Some(words)) = (start, statements.last_mut()) {
        words.push(&line[start..]);
    }
    statements
}

/// `name() {`, `function name {`.
fn starts_function(line: &str) -> bool {
    let line = line.trim_start();
    let named = line.split_once("()").is_some_and(|(name, _)| {
        let name = name.trim().trim_start_matches("function ");
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-:.".contains(c))
    });
    named || (line.starts_with("function ") && line.contains('{'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_export_is_one() {
        let text = "declare -x A=v1\ntypeset -rx B=\"v2\" # x\nC=v3; export C\nexport D=v4 E='v 5'; F=v6\nexport G\ndeclare H=1\n";
        let (script, problems) = AbraSh::read("abra.sh", text);
        let shown: Vec<String> = script.exports.iter().map(|one| format!("{}={}", one.name, one.value)).collect();
        assert_eq!(shown, ["A=v1", "B=v2", "C=v3", "D=v4", "E=v 5"]);
        assert_eq!(problems, []);
    }

    #[test]
    fn exports_are_read_and_functions_are_not() {
        let (script, problems) = AbraSh::read(
            "abra.sh",
            concat!(
                "#!/bin/bash\nset -e\nexport APP_CONF_VERSION=v4\nexport B=\"v$APP_CONF_VERSION\" # note\nexport C='$B';\n",
                "one() { export X=1; }\nbackup() {\n  export Y=2\n  if true; then\n    echo\n  fi\n}\nfunction z {\nexport Z=1\n}\n",
                "export D=$(date)\nNOT_EXPORTED=1\n  export E=v1; echo\nexport F=\"open\n",
            ),
        );
        let shown = script.exports.iter().map(|export| format!("{} {}={}", export.line, export.name, export.value));
        let shown = shown.chain(problems.iter().map(ToString::to_string)).collect::<Vec<_>>();
        insta::assert_snapshot!(shown.join("\n"), @r"
        3 APP_CONF_VERSION=v4
        4 B=vv4
        5 C=$B
        16 D=$(date)
        18 E=v1
        abra.sh, line 16: D: is computed by a command
        hint: write the value itself: abra and cc-ci read exports without running the script
        abra.sh, line 19: F: has a quote that is not closed
        hint: close it on the same line
        ");
    }
}
