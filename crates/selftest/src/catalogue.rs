//! Reads the cases of a folder: one `case.toml` each, and the rows of two tables.

use crate::absence;
use crate::case::{
    Case, CaseId, Described, LintExpected, LintRow, LintSeverity, LoaderRow, Question, Right, RightColor,
};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Everything a self-test needs of the project, made by `build.rs`: the folders `selftest` and `examples`.
static FILES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cases.tar"));

/// Folders that hold no cases.
const NOT_GROUPS: [&str; 2] = ["_examples", "images"];

/// Why the cases cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// A file or folder cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A `case.toml` is wrong.
    #[error("{}: {message}", path.display())]
    Case {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A row of a table is wrong.
    #[error("{}, line {line}: {message}", path.display())]
    Row {
        /// The table.
        path: PathBuf,
        /// Its line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// Where the files of the cases lie on disk.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The folder with `make.sh` and a folder for each group of cases.
    pub folder: PathBuf,
    /// The folder of the example recipes.
    pub examples: PathBuf,
}

impl Catalogue {
    /// Writes the built-in cases and example recipes below `folder`, which should be empty.
    pub fn unpack(folder: &Path) -> Result<Self, CatalogueError> {
        tar::Archive::new(FILES)
            .unpack(folder)
            .map_err(|source| CatalogueError::File { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.join("selftest"), examples: folder.join("examples") })
    }

    /// Every case, sorted by group and name.
    pub fn cases(&self) -> Result<Vec<Case>, CatalogueError> {
        let mut cases = Vec::new();
        for group in names(&self.folder)? {
            if NOT_GROUPS.contains(&group.as_str()) {
                continue;
            }
            let folder = self.folder.join(&group);
            match group.as_str() {
                "loader" => cases.extend(loader_rows(&folder.join("table.tsv"))?),
                "lint" => cases.extend(lint_rows(&folder.join("table.tsv"))?),
                _ => {
                    for name in names(&folder)? {
                        cases.push(described(&folder.join(&name), CaseId::new(&group, &name))?);
                    }
                }
            }
        }
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(cases)
    }
}

/// The names of the folders in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, CatalogueError> {
    let wrong = |source| CatalogueError::File { path: folder.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        if entry.file_type().map_err(wrong)?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn text(path: &Path) -> Result<String, CatalogueError> {
    fs::read_to_string(path).map_err(|source| CatalogueError::File { path: path.to_owned(), source })
}

fn described(folder: &Path, id: CaseId) -> Result<Case, CatalogueError> {
    let path = folder.join("case.toml");
    let described: Described = toml::from_str(&text(&path)?)
        .map_err(|error| CatalogueError::Case { path: path.clone(), message: error.to_string() })?;
    let refused = described.right.color == RightColor::Refused;
    if refused && described.right.exit.is_empty() {
        return Err(CatalogueError::Case { path, message: "a refused recipe needs `exit`".to_owned() });
    }
    if described.right.absent.is_some() != folder.join(absence::SCRIPT).exists() {
        let message =
            format!("`absent` says in words what {} looks for: one is there without the other", absence::SCRIPT);
        return Err(CatalogueError::Case { path, message });
    }
    let title = described.title.clone();
    let described = Box::new(described);
    let question = if is_about_files(&described.right) { Question::Files(described) } else { Question::Run(described) };
    Ok(Case { id, title, question })
}

/// Whether files alone decide: a refusal; or no colour is asked for, but what `plan` or `lint` says.
fn is_about_files(right: &Right) -> bool {
    match right.color {
        RightColor::Refused => true,
        RightColor::Any => !right.exit.is_empty() || right.lint.is_some(),
        RightColor::Green | RightColor::Red | RightColor::Unverified | RightColor::NotGreen => false,
    }
}

/// The lines of a table below its head, each with its number and its columns.
fn rows(path: &Path, columns: usize) -> Result<Vec<(usize, Vec<String>)>, CatalogueError> {
    let text = text(path)?;
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.is_empty()) {
        let row: Vec<String> = line.split('\t').map(str::to_owned).collect();
        if row.len() < columns {
            let message = format!("{} columns, expected at least {columns}", row.len());
            return Err(CatalogueError::Row { path: path.to_owned(), line: at + 1, message });
        }
        rows.push((at + 1, row));
    }
    Ok(rows)
}

fn loader_rows(path: &Path) -> Result<Vec<Case>, CatalogueError> {
    let row = |(line, row): (usize, Vec<String>)| {
        let exit: Result<Vec<i32>, _> = row[3].split(',').map(str::parse).collect();
        let exit = exit.map_err(|_| CatalogueError::Row {
            path: path.to_owned(),
            line,
            message: format!("`{}` is no list of exit codes", row[3]),
        })?;
        Ok(Case {
            id: CaseId::new("loader", &row[0]),
            title: format!("docker's loader: {} {}", row[1], row[2]).trim_end().to_owned(),
            question: Question::Loader(LoaderRow { exit }),
        })
    };
    rows(path, 4)?.into_iter().map(row).collect()
}

fn lint_rows(path: &Path) -> Result<Vec<Case>, CatalogueError> {
    let row = |(line, row): (usize, Vec<String>)| {
        let expected = match row[1].as_str() {
            "error" => LintExpected::Speaks(LintSeverity::Error),
            "warning" => LintExpected::Speaks(LintSeverity::Warning),
            "clean" => LintExpected::Silent(row[2].clone()),
            other => {
                let message = format!("`{other}` is none of error, warning, clean");
                return Err(CatalogueError::Row { path: path.to_owned(), line, message });
            }
        };
        Ok(Case {
            id: CaseId::new("lint", &row[0]),
            title: row[3].clone(),
            question: Question::Lint(LintRow { expected, twin: row[4].clone() }),
        })
    };
    rows(path, 5)?.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_case_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::unpack(folder.path()).unwrap();
        let cases = catalogue.cases().unwrap();
        let of = |group: &str| cases.iter().filter(|case| case.id.group == group).count();
        assert_eq!((of("loader"), of("lint")), (176, 26));
        assert!(cases.len() > 400, "{} cases", cases.len());
    }

    #[test]
    fn strangers_are_scripts_beside_a_run_and_hooks_with_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let cases = Catalogue::unpack(folder.path()).unwrap().cases().unwrap();
        let has = |name: &str| cases.iter().find(|case| case.id.name == name).unwrap().question.has_strangers();
        let names = ["plain-containers", "known-stack-and-host-hooks", "docker-run", "busy-folders", "compose-nul"];
        assert_eq!(names.map(has), [true, true, true, false, false]);
    }

    #[test]
    fn every_sabotaged_example_is_a_case() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::unpack(folder.path()).unwrap();
        let examples = names(&catalogue.examples.join("sabotage")).unwrap();
        assert!(!examples.is_empty());
        assert_eq!(names(&catalogue.folder.join("sabotage")).unwrap(), examples);
        for name in examples {
            let case = text(&catalogue.folder.join("sabotage").join(&name).join("case.toml")).unwrap();
            assert!(case.contains(&format!("patches = \"sabotage/{name}\"\n")), "{name}");
        }
    }

    #[test]
    fn a_wrong_case_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let check = |text: &str, expected: &str| {
            fs::write(folder.path().join("case.toml"), text).unwrap();
            let error = described(folder.path(), CaseId::new("g", "n")).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("title = \"t\"\nover = \"none\"\n[right]\ncolor = \"blue\"\n", "unknown variant `blue`");
        check("title = \"t\"\nover = \"none\"\n[right]\ncolor = \"refused\"\n", "needs `exit`");
        check("title = \"t\"\nover = \"none\"\n[right]\ncolor = \"any\"\nabsent = \"a file\"\n", "absent.sh looks for");
        check("title = \"t\"\nover = \"none\"\n[right]\ncolor = \"red\"\nfirst_line = \"(\"\n", "unclosed group");
    }
}
