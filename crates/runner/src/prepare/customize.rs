//! What changes a run besides its arguments: settings, overlays and tests, of the recipe and of the CI's catalogue.

use super::unusable;
use crate::error::{ErrorKind, RunnerError};
use crate::request::Request;
use cc_ci_engine::git::{CommitFiles, LeftOut};
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::own_tests::FOLDER;
use cc_ci_model::settings::{self, Settings, manifest};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::interpolate::interpolate;
use cc_ci_recipe::overlays::{self, Variables};
use cc_ci_store::state::StateFolder;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// The folder below a tree's root that overlays are put into; no recipe may have one of that name.
pub const OURS: &str = ".cc-ci";

/// The name of the catalogue in the state folder, and of its tests in steps.
pub const CATALOGUE: &str = "catalogue";

/// A folder that may hold `ci.toml`, overlays and tests.
enum Place<'a> {
    /// The tests folder of the commit under test.
    Tree(&'a CommitFiles),
    /// One of this machine.
    Disk(PathBuf),
}

/// A place with the name that messages use.
struct Source<'a> {
    place: Place<'a>,
    shown: String,
}

impl Source<'_> {
    /// The text of a file in it.
    fn text(&self, name: &str) -> Result<Option<String>, RunnerError> {
        match &self.place {
            Place::Tree(files) => {
                let path = format!("{FOLDER}/{name}");
                match (files.text.get(&path), files.left_out.get(&path)) {
                    (Some(text), _) => Ok(Some(text.clone())),
                    (None, None) => Ok(None),
                    (None, Some(why)) => Err(RunnerError::new(ErrorKind::Settings, unreadable(&path, why))
                        .hint("commit it as an ordinary text file")),
                }
            }
            Place::Disk(folder) => match std::fs::read_to_string(folder.join(name)) {
                Ok(text) => Ok(Some(text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(unusable(&folder.join(name), &error)),
            },
        }
    }

    fn named(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }
}

/// What is wrong with a file that is there and cannot be read.
fn unreadable(path: &str, why: &LeftOut) -> String {
    match why {
        LeftOut::NoText(unread) => unread.why.problem(path).to_string(),
        LeftOut::Link => format!("{path} is a link to a folder or to nothing"),
        LeftOut::Submodule => format!("{path} is another repository"),
        LeftOut::OddName => format!("{path} has a name with control characters"),
    }
}

/// A compose file that repairs the base.
struct Previous {
    shown: String,
    text: String,
    version: String,
}

/// Everything that changes a run besides its arguments.
pub(crate) struct Customized {
    /// What the `ci.toml` files say, the catalogue's last.
    pub(crate) settings: Settings,
    /// The catalogue's folder for the recipe, absolute, if it has one.
    pub(crate) catalogue: Option<PathBuf>,
    variables: Vec<(String, String)>,
    previous: Vec<Previous>,
}

/// Compose files that are laid over those of a tree: name below the tree's root, and text.
pub type Overlays = Vec<(String, String)>;

impl Customized {
    /// Reads what the commit under test (or the folder in its tests' place) and the catalogue bring.
    pub(crate) fn read(
        state: &StateFolder,
        request: &Request,
        name: &RecipeName,
        files: &CommitFiles,
    ) -> Result<Self, RunnerError> {
        let own = match &request.tests {
            Some(dir) => Source { place: Place::Disk(dir.clone()), shown: dir.display().to_string() },
            None => Source { place: Place::Tree(files), shown: FOLDER.to_owned() },
        };
        let catalogue = catalogue(state, request, name)?;
        let theirs =
            catalogue.clone().map(|folder| Source { place: Place::Disk(folder), shown: format!("{CATALOGUE}/{name}") });
        let sources: Vec<Source<'_>> = [own].into_iter().chain(theirs).collect();
        let found = |file: &str| -> Result<Vec<(String, String)>, RunnerError> {
            let texts = sources.iter().map(|source| Ok((source.named(file), source.text(file)?)));
            let texts: Result<Vec<_>, RunnerError> = texts.collect();
            Ok(texts?.into_iter().filter_map(|(name, text)| Some((name, text?))).collect())
        };
        let settings = found(settings::FILE)?;
        let texts = settings.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let settings = Settings::read(texts).map_err(|problems| {
            RunnerError::of_problems(ErrorKind::Settings, format!("cannot use the settings of `{name}`"), &problems)
        })?;
        let previous: Result<Vec<Previous>, RunnerError> = found(overlays::PREVIOUS)?
            .into_iter()
            .map(|(shown, text)| {
                let version = overlays::for_version(&shown, &text);
                let version = version.map_err(|problem| {
                    RunnerError::of_problems(
                        ErrorKind::Settings,
                        "cannot use the repair of an older version".to_owned(),
                        &[problem],
                    )
                })?;
                Ok(Previous { shown, text, version })
            })
            .collect();
        let customized = Self { settings, catalogue, variables: found(overlays::CI)?, previous: previous? };
        let taken = |path: &String| path == OURS || path.starts_with(&format!("{OURS}/"));
        if files.text.keys().chain(files.left_out.keys()).any(taken) {
            return Err(RunnerError::new(ErrorKind::Recipe, format!("the recipe has a folder `{OURS}`"))
                .hint("rename it: cc-ci keeps its own overlays there"));
        }
        Ok(customized)
    }

    /// The app's environment for trees of the commit under test.
    pub(crate) fn head_environment(
        &self,
        app: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, RunnerError> {
        let base = self.base_environment(app)?;
        self.with(base, app, "env.upgrade", &self.settings.upgrade_environment)
    }

    /// What is written into the environment of an app that is there, for the commit under test.
    pub(super) fn upgrade_environment(
        &self,
        app: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, RunnerError> {
        self.with(BTreeMap::new(), app, "env.upgrade", &self.settings.upgrade_environment)
    }

    /// The app's environment for older trees.
    pub(crate) fn base_environment(
        &self,
        app: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, RunnerError> {
        self.with(app.clone(), app, "env.install", &self.settings.environment)
    }

    fn with(
        &self,
        mut environment: BTreeMap<String, String>,
        app: &BTreeMap<String, String>,
        table: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, RunnerError> {
        for (name, text) in given {
            let key = format!("{table}.{name}");
            let value = interpolate(text, app).map_err(|error| {
                RunnerError::new(ErrorKind::Settings, "cannot use the settings")
                    .at(format!("{}: {key}: {error}", self.settings.place(&key)))
                    .hint("write `$$` for a dollar sign")
            })?;
            environment.insert(name.clone(), value);
        }
        Ok(environment)
    }

    /// The variables that CI sets, read against the recipe under test.
    pub(crate) fn variables(&self, recipe: &Recipe) -> Result<Variables, RunnerError> {
        let mut all = Variables::default();
        for (shown, text) in &self.variables {
            let read = Variables::read(shown, text, recipe).map_err(|problems| {
                let what = format!("an overlay of CI may only set variables of `{}`", recipe.name);
                RunnerError::of_problems(ErrorKind::Settings, what, &problems)
            })?;
            all = all.under(read);
        }
        Ok(all)
    }

    /// The repairs for this base.
    pub(crate) fn repairs(&self, base: &Base) -> Overlays {
        let fitting = self.previous.iter().filter(|previous| is_for(previous, base));
        fitting.enumerate().map(|(at, one)| (format!("{OURS}/previous-{}.yml", at + 1), one.text.clone())).collect()
    }

    /// A note for each repair that is for another version.
    pub(crate) fn stale(&self, base: &Base) -> Vec<String> {
        let stale = self.previous.iter().filter(|previous| !is_for(previous, base));
        stale
            .map(|previous| {
                let Previous { shown, version, .. } = previous;
                let base = match base {
                    Base::Published { version, .. } => version.as_str(),
                    Base::Commit { commit, .. } => commit.short(),
                    Base::Head { .. } => "head itself",
                };
                format!("{shown} is stale: it is for {version}, the base is {base}; it was left out")
            })
            .collect()
    }

    /// What the run is changed by (CUST-5).
    pub(crate) fn manifest(&self, base: &Base, variables: &Variables) -> BTreeMap<String, String> {
        let mut lines = self.settings.manifest();
        let files: Vec<&str> = self.variables.iter().map(|(shown, _)| shown.as_str()).collect();
        for (service, set) in &variables.services {
            for (name, value) in set {
                let shown = format!("{:?} ({})", manifest::shown(name, value), files.join(", "));
                lines.insert(format!("compose.ci.{service}.{name}"), shown);
            }
        }
        for previous in self.previous.iter().filter(|previous| is_for(previous, base)) {
            lines.insert(previous.shown.clone(), format!("laid over the base {}", previous.version));
        }
        lines
    }

    /// The name that messages use for a file below [`OURS`].
    pub(crate) fn shown<'a>(&'a self, base: &Base, file: &'a str) -> &'a str {
        let number = file.strip_prefix(OURS).and_then(|rest| rest.strip_prefix("/previous-")?.strip_suffix(".yml"));
        let at = number.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1));
        let fitting = at.and_then(|at| self.previous.iter().filter(|previous| is_for(previous, base)).nth(at));
        fitting.map_or(file, |previous| &previous.shown)
    }
}

fn is_for(previous: &Previous, base: &Base) -> bool {
    match base {
        Base::Published { version, .. } => *version == previous.version,
        Base::Commit { .. } | Base::Head { .. } => false,
    }
}

/// The catalogue's folder for a recipe.
pub(crate) fn catalogue(
    state: &StateFolder,
    request: &Request,
    name: &RecipeName,
) -> Result<Option<PathBuf>, RunnerError> {
    let folder = match &request.catalogue {
        Some(dir) if !dir.is_dir() => {
            return Err(RunnerError::new(ErrorKind::Usage, format!("there is no folder {}", dir.display()))
                .hint("--catalogue takes a folder with one folder per recipe"));
        }
        Some(dir) => dir.clone(),
        None => state.catalogue(),
    };
    let folder = folder.join(name.as_str());
    if !folder.is_dir() {
        return Ok(None);
    }
    std::path::absolute(&folder).map(Some).map_err(|source| unusable(&folder, &source))
}
