//! One commit of a recipe as it is deployed: head, the base, and each dependency alike.

use super::allowed::Allowance;
use super::customize::{self, Overlays};
use super::snapshot::Snapshot;
use crate::error::{ErrorKind, RunnerError};
use cc_ci_engine::git::{CommitFiles, LeftOut, Repository};
use cc_ci_engine::run::app::{Deployable, TreeSource};
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_model::policy::Policy;
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::overlay::TreeLabel;
use cc_ci_recipe::overlays::{self, Variables};
use cc_ci_recipe::source::{self, Problem};
use std::path::Path;

/// A commit that was read, with everything laid over it.
#[derive(Debug)]
pub struct Tree {
    /// Where it can be checked out from.
    pub repository: Repository,
    snapshot: Snapshot,
    /// How abra would label it.
    pub label: TreeLabel,
    /// Its files.
    pub files: CommitFiles,
    /// The environment it was read in.
    pub environment: AppEnvironment,
    /// Compose files laid over its own.
    pub overlays: Overlays,
    /// The recipe, overlays included.
    pub recipe: Recipe,
    /// The variables that CI sets in it.
    pub variables: Variables,
    /// What it asks for that is not its own and that the operator allows.
    pub allowed: Vec<String>,
    /// What is odd about it.
    pub warnings: Vec<Problem>,
    policy: Policy,
}

/// Which commit is read, and in which environment.
pub(crate) struct TreeAt<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) name: &'a RecipeName,
    pub(crate) snapshot: Snapshot,
    pub(crate) label: TreeLabel,
    pub(crate) environment: AppEnvironment,
    /// Overlays that are part of the recipe as it is: repairs of an older version.
    pub(crate) repairs: Overlays,
}

/// What a tree has to keep to.
pub(crate) struct Rules<'a> {
    /// What the operator allows.
    pub(crate) allowance: &'a Allowance,
    /// What refusals call the tree.
    pub(crate) shown: &'a str,
    /// The variables that CI sets in the recipe.
    pub(crate) variables: &'a (dyn Fn(&Recipe) -> Result<Variables, RunnerError> + Sync),
}

impl Tree {
    /// Lays the overlays over the files of a commit, and refuses what the rules do not let through.
    pub(crate) fn of_files(of: TreeAt<'_>, files: CommitFiles, rules: &Rules<'_>) -> Result<Self, RunnerError> {
        let mut overlays = of.repairs.clone();
        let (mut recipe, mut warnings) = of.recipe(&files, &overlays)?;
        let variables = (rules.variables)(&recipe)?;
        if let Some(text) = variables.text(&recipe) {
            // The generated one is laid over everything else.
            overlays.push((format!("{}/compose.ci.json", customize::OURS), text));
            let (overlaid, more) = of.recipe(&files, &overlays)?;
            keeps_ports(&recipe, &overlaid)?;
            (recipe, warnings) = (overlaid, more);
        }
        let allowed = rules.allowance.review(&recipe, rules.shown)?;
        let TreeAt { repository, snapshot, label, environment, .. } = of;
        Ok(Self {
            repository: repository.clone(),
            snapshot,
            label,
            files,
            environment,
            overlays,
            recipe,
            variables,
            allowed,
            warnings,
            policy: rules.allowance.policy.clone(),
        })
    }

    /// The commit, as messages name it.
    #[must_use]
    pub fn shown(&self) -> String {
        self.snapshot.shown()
    }

    /// How it is read again once dependencies have given their outputs.
    #[must_use]
    pub fn source(&self) -> TreeSource {
        let mut files = texts(&self.files);
        files.texts.extend(self.overlays.iter().cloned());
        let overlays = self.overlays.iter().map(|(name, _)| name.clone()).collect();
        TreeSource { files, environment: self.environment.clone(), overlays, policy: self.policy.clone() }
    }

    /// Checks it out, pristine but for the overlays, which lie in a folder that no recipe has.
    pub async fn check_out(&self, to: &Path) -> Result<Deployable, RunnerError> {
        self.snapshot.check_out(&self.repository, to).await?;
        for (name, text) in &self.overlays {
            let path = to.join(name);
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
            made.map_err(|source| {
                RunnerError::new(ErrorKind::Infrastructure, format!("cannot write {}: {source}", path.display()))
            })?;
        }
        Ok(Deployable { folder: to.to_owned(), recipe: self.recipe.clone(), tree: self.label.clone(), source: None })
    }
}

impl TreeAt<'_> {
    fn recipe(&self, files: &CommitFiles, overlays: &Overlays) -> Result<(Recipe, Vec<Problem>), RunnerError> {
        let mut files = texts(files);
        files.texts.extend(overlays.iter().cloned());
        let names: Vec<String> = overlays.iter().map(|(name, _)| name.clone()).collect();
        let read = |environment: &AppEnvironment| Recipe::read_for(self.name.as_str(), &files, environment, &names);
        read(&self.environment).map_err(|problems| {
            let at = format!("cannot read the recipe `{}` at {}", self.name, self.snapshot.shown());
            // Where a new app could be made, what is lacking is for operators to add.
            if self.environment.of_a_new_app().is_some_and(|fresh| read(&fresh).is_ok()) {
                let message = format!("{at} for an app that was made at its base");
                let hint = "what operators have to set for it stands in `[env.upgrade]` of tests/ci.toml";
                return RunnerError::of_problems(ErrorKind::Recipe, message, &problems).hint(hint);
            }
            RunnerError::of_problems(ErrorKind::Recipe, at, &problems)
        })
    }
}

/// A commit that is no published version.
pub(crate) fn chaos(commit: &Commit) -> TreeLabel {
    TreeLabel::Chaos { short: commit.short().to_owned() }
}

/// A commit that is a published version, if it is one.
pub(crate) fn label(version: Option<&String>, commit: &Commit) -> TreeLabel {
    version.map_or_else(|| chaos(commit), |version| TreeLabel::Published { version: version.clone() })
}

/// CI must never test something other than the recipe, and the loader drops ports where an overlay names their service.
fn keeps_ports(plain: &Recipe, overlaid: &Recipe) -> Result<(), RunnerError> {
    let lost = overlays::lost_ports(&plain.compose, &overlaid.compose);
    if lost.is_empty() {
        return Ok(());
    }
    Err(RunnerError::new(ErrorKind::Settings, "cannot lay `compose.ci.yml` over the recipe")
        .at(format!("{}: `docker stack deploy` keeps one of two ports with one number", lost.join("; ")))
        .hint("set the variables in ci.toml, under `[env.install]`, and let the recipe's `environment` take them"))
}

/// Every file of the tree, with its text or with why it has none.
pub(crate) fn texts(files: &CommitFiles) -> source::Files {
    let mut read: source::Files = files.text.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    for (path, why) in &files.left_out {
        match why {
            LeftOut::NoText(unread) => {
                read.texts.insert(path.clone(), String::new());
                read.unread.insert(path.clone(), unread.clone());
            }
            LeftOut::Link | LeftOut::Submodule | LeftOut::OddName => {}
        }
    }
    read
}
