//! What `abra` may read otherwise than we do: it reads compose files and `abra.sh` by itself, so nothing may depend on who reads.
//!
//! Docker alone is handed our own reading, written out; see `docs/design/compose.md`.

use crate::env_sample::is_key;
use crate::recipe::Recipe;
use crate::source::{Files, Problem};
use crate::yaml;

const ABRA_SH: &str = "abra.sh";
const SAMPLE: &str = ".env.sample";

/// Everything about a recipe that `abra` may read otherwise, each with its line.
#[must_use]
pub fn differences(files: &Files, recipe: &Recipe) -> Vec<Problem> {
    let compose = recipe.compose_files.iter().filter_map(|name| Some((name, files.text(name)?)));
    let mut found: Vec<Problem> = compose.flat_map(|(name, text)| yaml::differences(name, text)).collect();
    found.extend(of_exports(files.text(ABRA_SH).unwrap_or_default(), recipe));
    found.extend(of_the_list(recipe));
    found.extend(of_values(recipe));
    found
}

/// `abra` takes a line that begins with `export NAME=value` as it stands, quotes and remarks with it, wherever it stands, and no other
/// line (K).
fn of_exports(text: &str, recipe: &Recipe) -> Vec<Problem> {
    let exports = &recipe.abra_sh.exports;
    let mut found = Vec::new();
    for (line, number) in text.lines().zip(1_u32..) {
        let problem = |what: &str, hint: &str| Problem::error(ABRA_SH, what).line(number).hint(hint);
        let here: Vec<_> = exports.iter().filter(|export| export.line == number).collect();
        match (taken_by_abra(line), here.as_slice()) {
            (Taken::Nothing, []) => {}
            (Taken::Plainly { name, value }, [one]) if one.name == name && one.value == value => {}
            (Taken::Nothing | Taken::Otherwise | Taken::Plainly { .. }, [_one, ..]) => {
                let hint = "write `export NAME=value` on a line of its own, without quotes, blanks and remarks";
                found.push(problem("an export that abra does not read as a shell does", hint));
            }
            (Taken::Otherwise | Taken::Plainly { .. }, []) => {
                let hint = "indent it, or use `local`";
                found.push(problem("abra takes this line for an export of the whole script, which it is not", hint));
            }
        }
    }
    found
}

/// What `abra` makes of a line.
enum Taken<'l> {
    /// Nothing: it is no export to it.
    Nothing,
    /// An export of another value, or one that it cannot read.
    Otherwise,
    /// This value, as a shell would.
    Plainly { name: &'l str, value: &'l str },
}

fn taken_by_abra(line: &str) -> Taken<'_> {
    let Some(rest) = line.strip_prefix("export").filter(|rest| rest.starts_with(char::is_whitespace)) else {
        return Taken::Nothing;
    };
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let Some((name, value)) = rest
        .trim_start()
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && name.chars().all(is_word) && value.starts_with(is_word))
    else {
        return Taken::Nothing;
    };
    let plain = |letter: char| is_word(letter) || "._:/@+,%-".contains(letter);
    let is_plain = rest.starts_with(' ') && !rest.starts_with("  ") && value.chars().all(plain) && is_key(name);
    if is_plain { Taken::Plainly { name, value } } else { Taken::Otherwise }
}

/// `abra` cuts the list at each colon and takes what lies between as it stands (K).
fn of_the_list(recipe: &Recipe) -> Option<Problem> {
    let list = recipe.environment.get("COMPOSE_FILE").filter(|list| !list.is_empty())?;
    let odd = list.split(':').find(|name| name.is_empty() || name.trim() != *name)?;
    let what = format!("the list of compose files has a part `{odd}`, which abra takes as it stands");
    let problem =
        Problem::error(SAMPLE, what).key("COMPOSE_FILE").hint("write names of files, one colon between two of them");
    Some(placed(recipe, "COMPOSE_FILE", problem))
}

/// Values that its environment file can hold only with signs that readers of such files differ about.
fn of_values(recipe: &Recipe) -> Vec<Problem> {
    let exported = |key: &str| recipe.abra_sh.exports.iter().any(|export| export.name == key);
    let doubtful = |value: &str| {
        let quotes = value.contains('\'') && value.contains(['"', '$']);
        quotes || value.contains(['\\', '\n', '\r'])
    };
    let values = recipe.environment.iter().filter(|(key, value)| !exported(key) && doubtful(value));
    let problem = |(key, _): (&String, &String)| {
        let what = "a line break, a backslash, or `'` beside other signs: readers of environment files differ about such a value";
        placed(recipe, key, Problem::error(SAMPLE, what).key(key.clone()).hint("write it without them"))
    };
    values.map(problem).collect()
}

fn placed(recipe: &Recipe, key: &str, problem: Problem) -> Problem {
    Problem { line: recipe.sample.entry(key).map(|entry| entry.line), ..problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AppEnvironment;
    use std::collections::BTreeMap;

    const COMPOSE: &str = "version: '3.8'\nservices:\n  app:\n    image: nginx:1\n    init: true\n";

    fn found(sample: &str, abra_sh: &str, compose: &str) -> Vec<String> {
        let files: Files = [("compose.yml", compose), (SAMPLE, sample), (ABRA_SH, abra_sh)].into_iter().collect();
        let (recipe, _) = Recipe::read_for("shop", &files, &AppEnvironment::New(BTreeMap::new()), &[]).unwrap();
        differences(&files, &recipe).iter().map(|one| one.to_string().replace("\nhint", " | hint")).collect()
    }

    #[test]
    fn what_abra_may_read_otherwise_is_found_with_its_line() {
        let sample =
            "DOMAIN=shop.example.com\nCOMPOSE_FILE=\"compose.yml: \"\nTEXT=\"two\\nlines\"\nSAID=\"it's \\\"x\\\"\"\n";
        let abra_sh = "export A=v1 # the first\nexport B=\"v2\"\nC=v3; export C\nexport D=$A\nexport  E=v5\nexport F=v6=7\n\
                       backup() {\nexport G=v8\n}\n";
        let compose = COMPOSE.replace("init: true", "labels: {a: no}");
        insta::assert_snapshot!(found(sample, abra_sh, &compose).join("\n"), @r#"
        compose.yml, line 5: `no` without quotes is a text to some readers and a boolean to others | hint: put it in quotes: "no"
        abra.sh, line 1: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 2: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 3: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 4: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 5: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 6: an export that abra does not read as a shell does | hint: write `export NAME=value` on a line of its own, without quotes, blanks and remarks
        abra.sh, line 8: abra takes this line for an export of the whole script, which it is not | hint: indent it, or use `local`
        .env.sample, line 2: COMPOSE_FILE: the list of compose files has a part ` `, which abra takes as it stands | hint: write names of files, one colon between two of them
        .env.sample, line 4: SAID: a line break, a backslash, or `'` beside other signs: readers of environment files differ about such a value | hint: write it without them
        .env.sample, line 3: TEXT: a line break, a backslash, or `'` beside other signs: readers of environment files differ about such a value | hint: write it without them
        "#);
    }

    #[test]
    fn what_abra_reads_as_we_do_is_passed_over() {
        let sample = "DOMAIN=shop.example.com\nCOMPOSE_FILE=\"compose.yml\"\nTITLE=\"Bob's shop\"\nEXTRA=', `w.example.com`'\nPRICE='5 $'\n";
        let abra_sh = "# export OLD=v1 here\nexport A=v1\nexport B=2.1-alpine\nset -e\n\nbackup() {\n  export G=v8\n  export PGPASSWORD=$(cat /run/x)\n}\n";
        assert_eq!(found(sample, abra_sh, COMPOSE), Vec::<String>::new());
    }
}
