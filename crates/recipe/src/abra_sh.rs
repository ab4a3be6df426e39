//! The exports of `abra.sh`: mostly the versions of the recipe's configs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::env_sample::{Quotes, expand_value, is_key, read_value};
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
        let mut inside_function = false;
        for (line, number) in text.lines().zip(1_u32..) {
            if inside_function {
                inside_function = !line.starts_with('}');
                continue;
            }
            if starts_function(line) {
                inside_function = !line.trim_end().ends_with('}');
                continue;
            }
            let Some(rest) = line.trim().strip_prefix("export ") else { continue };
            let Some((name, value)) = rest.trim_start().split_once('=').filter(|(name, _)| is_key(name)) else {
                continue;
            };
            let place = |what: &str| Problem::warning(file, what).line(number).key(name);
            let Some((value, quotes)) = read_value(value) else {
                problems.push(place("has a quote that is not closed").hint("close it on the same line"));
                continue;
            };
            if quotes != Quotes::Single && (value.contains("$(") || value.contains('`')) {
                let hint = "write the value itself: abra and cc-ci read exports without running the script";
                problems.push(place("is computed by a command").hint(hint));
            }
            // A shell ends an unquoted value at the first blank or semicolon.
            let value = match quotes {
                Quotes::None => value.split([' ', '\t', ';']).next().unwrap_or_default().to_owned(),
                Quotes::Single | Quotes::Double => value,
            };
            let value = if quotes == Quotes::Single { value } else { expand_value(&value, &env) };
            env.insert(name.to_owned(), value.clone());
            script.exports.push(Export { name: name.to_owned(), value, line: number });
        }
        (script, problems)
    }
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
