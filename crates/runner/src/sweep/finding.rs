//! Which recipes a sweep is about.

use super::{SweepRequest, WantedRecipes};
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::customize::CATALOGUE;
use crate::prepare::find;
use crate::series::Series;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::promotion::Enrolment;
use cc_ci_model::settings::{self, Settings};
use std::io::ErrorKind as Io;
use std::path::Path;

/// A recipe that somebody wants to be swept.
pub(super) struct Wish {
    /// As it is called in the report.
    pub(super) name: String,
    /// How it is found; `Err` is why it cannot be.
    pub(super) found: Result<(RecipeName, String), RunnerError>,
}

/// Everything that is wanted, in order, each recipe once.
pub(super) fn wishes(asked: &SweepRequest, series: &Series) -> Result<Vec<Wish>, RunnerError> {
    match &asked.wanted {
        WantedRecipes::Named(texts) => named(texts, series),
        WantedRecipes::Enrolled => {
            let folder = asked.operator.catalogue.clone().unwrap_or_else(|| series.state.catalogue());
            enrolled(&folder)
        }
    }
}

fn named(texts: &[String], series: &Series) -> Result<Vec<Wish>, RunnerError> {
    let mut wishes: Vec<(Wish, &String)> = Vec::new();
    for text in texts {
        let found = find::name_of(&series.state, &series.places, text);
        let name = found.as_ref().map_or_else(|_| text.clone(), ToString::to_string);
        match wishes.iter().find(|(wish, _)| wish.name == name) {
            Some((_, same)) if *same == text => continue,
            Some((_, other)) => {
                return Err(RunnerError::new(ErrorKind::Usage, format!("two recipes are called `{name}`"))
                    .at(format!("`{other}` and `{text}`"))
                    .hint("sweep them one after the other: what is kept about a recipe goes by its name"));
            }
            None => {}
        }
        wishes.push((Wish { name, found: found.map(|name| (name, text.clone())) }, text));
    }
    Ok(wishes.into_iter().map(|(wish, _)| wish).collect())
}

/// The recipes that the catalogue enrols. It is the operator's word: what a machine renews is not up to a commit.
fn enrolled(folder: &Path) -> Result<Vec<Wish>, RunnerError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == Io::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let what = format!("cannot read {}: {error}", folder.display());
            return Err(RunnerError::new(ErrorKind::Settings, what));
        }
    };
    let mut names: Vec<RecipeName> = entries
        .filter_map(|entry| RecipeName::parse(entry.ok()?.file_name().to_str()?).ok())
        .filter(|name| folder.join(name.as_str()).is_dir())
        .collect();
    names.sort();
    Ok(names.iter().filter_map(|name| wish(folder, name)).collect())
}

/// A recipe of the catalogue; `None` where it is not enrolled. Settings that cannot be read may enrol it, so it is not left out.
fn wish(folder: &Path, name: &RecipeName) -> Option<Wish> {
    let text = match std::fs::read_to_string(folder.join(name.as_str()).join(settings::FILE)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == Io::NotFound => return None,
        Err(error) => Err(RunnerError::new(ErrorKind::Settings, format!("cannot read its settings: {error}"))),
    };
    let shown = format!("{CATALOGUE}/{name}/{}", settings::FILE);
    let read = text.and_then(|text| {
        Settings::read([(shown.as_str(), text.as_str())]).map_err(|problems| {
            RunnerError::of_problems(ErrorKind::Settings, format!("cannot use the settings of `{name}`"), &problems)
        })
    });
    let found = match read {
        Ok(settings) => match settings.enrolment {
            Enrolment::No => return None,
            Enrolment::Yes => Ok((name.clone(), name.to_string())),
        },
        Err(error) => Err(error),
    };
    Some(Wish { name: name.to_string(), found })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let shown = |wish: &Wish| format!("{}{}", wish.name, if wish.found.is_ok() { "" } else { "?" });
        enrolled(folder.path()).unwrap().iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_catalogue_enrols_by_its_settings_and_one_that_cannot_be_read_is_not_left_out() {
        let yes = "canonical.enrol = true\n";
        assert_eq!(check(&[]), "");
        assert_eq!(check(&[("b/ci.toml", yes), ("a/ci.toml", yes), (".git/ci.toml", yes), ("ci.toml", yes)]), "a b");
        assert_eq!(check(&[("a/ci.toml", "canonical.enrol = false\n"), ("b/compose.ci.yml", "")]), "");
        assert_eq!(check(&[("a/ci.toml", "canonical.enroll = true\n"), ("b/ci.toml", yes)]), "a? b");
        assert!(enrolled(Path::new("/nowhere/at/all")).unwrap().is_empty());
    }
}
