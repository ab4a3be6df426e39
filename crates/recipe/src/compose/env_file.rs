//! Reads the variables that a service takes from files of the recipe.

use std::collections::BTreeMap;

use super::reader::{Reader, text, texts};
use crate::letters::{self, Returns};
use crate::source::{Problem, tidy_path};
use crate::yaml::{MAX_FROM_FILES, Node, Value};

/// `env_file`: one file or a list of them, of which a later one wins.
pub(super) fn read(reader: &mut Reader<'_>, path: &str, node: &Node) -> BTreeMap<String, Option<String>> {
    let names = match &node.value {
        Value::List(_) => texts(node),
        Value::Null | Value::Scalar(_) | Value::Map(_) => text(node).into_iter().collect(),
    };
    let mut variables = BTreeMap::new();
    for name in names {
        let (files, folder) = (reader.files, reader.folder);
        // An absolute path is a file of the machine, which no reading of the recipe can know.
        let file = format!("{folder}/{name}");
        let text = match if name.starts_with('/') { Ok(None) } else { files.readable(&file) } {
            Ok(text) => text,
            Err(problem) => {
                reader.found(problem.key(path));
                continue;
            }
        };
        let Some(text) = text else {
            let hint = "commit the file, or write its variables under `environment`";
            reader.report(path, node.line, format!("file `{name}` does not exist in the recipe"), Some(hint));
            continue;
        };
        if let Err(problem) = letters::check(&tidy_path(&format!("{folder}/{name}")), text, Returns::Doubtful) {
            reader.found(problem);
            continue;
        }
        reader.env_files.insert(tidy_path(&file));
        match parse(text) {
            Ok(pairs) => {
                for (key, value) in pairs {
                    if !reader.allowance.takes_variable() {
                        let what = format!("files give more than {MAX_FROM_FILES} variables, which no recipe does");
                        reader.report(
                            path,
                            node.line,
                            what,
                            Some("write the variables that are needed under `environment`"),
                        );
                        return variables;
                    }
                    // A name alone is a variable only where the app's environment has it.
                    if value.is_some() || reader.env.contains_key(&key) {
                        let (key, value) = reader.looked_up(key, value);
                        variables.insert(key, value);
                    }
                }
            }
            Err((line, what)) => {
                let hint = "write `NAME=value`, one a line; `#` starts a comment";
                reader.found(
                    Problem::error(tidy_path(&format!("{folder}/{name}")), what).line(line).key(path).hint(hint),
                );
            }
        }
    }
    variables
}

/// A name and its value; a name alone has none.
type Pair = (String, Option<String>);

/// The lines of a file: the value is everything behind the first `=`, blanks at its end and quotes included.
fn parse(text: &str) -> Result<Vec<Pair>, (u32, String)> {
    let mut pairs = Vec::new();
    for (line, number) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().zip(1_u32..) {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').map_or((line, None), |(key, value)| (key, Some(value.to_owned())));
        if key.is_empty() {
            return Err((number, "a value without a name".to_owned()));
        }
        if key.contains(char::is_whitespace) {
            return Err((number, format!("the name `{key}` has blanks in it")));
        }
        pairs.push((key.to_owned(), value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_loader_reads_them() {
        let pairs = parse("\u{feff}# note\n\n  A=1 \nB\r\nC=\nD='q' # kept\nE==\n").unwrap();
        let shown: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}:{value:?}")).collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        A:Some("1 ")
        B:None
        C:Some("")
        D:Some("'q' # kept")
        E:Some("=")
        "#);
        assert_eq!(parse("A=1\n=2").unwrap_err(), (2, "a value without a name".to_owned()));
        assert_eq!(parse("export A=1").unwrap_err(), (1, "the name `export A` has blanks in it".to_owned()));
    }
}
