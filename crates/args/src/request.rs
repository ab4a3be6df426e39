//! From parsed arguments to what the runner takes.

use crate::deployer::{DeployerArgs, DeployerName};
use crate::lint::LintArgs;
use crate::recipe::RecipeArgs;
use crate::run::{PlanArgs, RunArgs};
use cc_ci_engine::abra;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_model::tier::Tier;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::lint::LintRequest;
use cc_ci_runner::request::{BaseWish, Deployer, Hold, Request};
use cc_ci_runner::upgrades::UpgradesRequest;
use std::collections::BTreeSet;
use std::ffi::OsString;

impl RecipeArgs {
    /// The request for a run of the recipe.
    pub fn request(&self) -> Result<Request, RunnerError> {
        let base = match &self.base {
            _ if self.no_upgrade => BaseWish::NoUpgrade { why: "--no-upgrade was given".to_owned() },
            Some(version) => BaseWish::Version(version.clone()),
            None => BaseWish::Automatic,
        };
        Ok(Request {
            revision: Some(self.revision().to_owned()),
            state: state(self.worktree, self.revision())?,
            stages: stages(self.stages.as_deref().unwrap_or_default())?,
            base,
            tests: self.tests.clone(),
            catalogue: self.catalogue.clone(),
            policy: self.policy.clone(),
            pr: pull_request(self.pr.as_deref().unwrap_or_default())?,
            ..self.trust.given_to(Request::of(&self.recipe))
        })
    }
}

/// Variables that choose what is tested, each with its option.
const CHOOSING: [(&str, &str); 4] =
    [("RECIPE", "a recipe"), ("REF", "--ref"), ("VERSION", "--ref"), ("STAGES", "--stages")];

impl RecipeArgs {
    /// What the environment chose, for whoever set it without thinking of this. `words` are those of the command line.
    #[must_use]
    pub fn from_environment(&self, words: &[OsString]) -> Vec<String> {
        let has = |option: &str| {
            let with_value = format!("{option}=");
            words.iter().any(|word| word.to_str().is_some_and(|word| word == option || word.starts_with(&with_value)))
        };
        let is_word = |text: &str| words.iter().any(|word| word.to_str() == Some(text));
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let (revision, version) = (given(&self.revision), given(&self.target_version));
        let chosen = [
            Some(self.recipe.clone()).filter(|recipe| recipe != "." && !is_word(recipe)),
            revision.clone().filter(|_| !has("--ref")),
            version.filter(|_| revision.is_none() && !has("--target-version")),
            given(&self.stages).filter(|_| !has("--stages")),
        ];
        let told = CHOOSING.into_iter().zip(chosen).filter_map(|((name, option), value)| Some((name, option, value?)));
        told.map(|(name, option, value)| {
            format!("note: {name}={value} of the environment chooses what is tested; unset it, or give {option}")
        })
        .collect()
    }
}

impl RunArgs {
    /// The request for the run.
    pub fn request(&self) -> Result<Request, RunnerError> {
        let hold = match self.hold {
            _ if self.keep => Hold::UntilEnded,
            Some(time) => Hold::For(time),
            None => Hold::No,
        };
        let deployer = self.deployer.wanted()?;
        if let (Deployer::Abra(_), true) = (&deployer, self.recipe.worktree) {
            // It works in a clone of its own, which has commits only.
            return Err(RunnerError::new(ErrorKind::Usage, "abra deploys commits, and --worktree is none")
                .hint("leave --deployer out: the app is then deployed with Docker alone"));
        }
        self.speed.deployed_with(&deployer)?;
        Ok(Request { hold, deployer, ..self.speed.request(&self.recipe)? })
    }
}

impl RunArgs {
    /// The series, where one is asked for.
    pub fn upgrades(&self) -> Result<Option<UpgradesRequest>, RunnerError> {
        Ok(self.from.wanted(&self.recipe, self.request()?, self.run_id.as_ref()))
    }
}

impl PlanArgs {
    /// The same to be planned.
    pub fn upgrades(&self) -> Result<Option<UpgradesRequest>, RunnerError> {
        Ok(self.from.wanted(&self.recipe, self.speed.request(&self.recipe)?, self.run_id.as_ref()))
    }
}

impl DeployerArgs {
    /// The deployer that is wanted.
    pub fn wanted(&self) -> Result<Deployer, RunnerError> {
        match self.deployer {
            DeployerName::Swarm if self.abra.is_some() || self.abra_limit.is_some() => {
                Err(RunnerError::new(ErrorKind::Usage, "--abra and --abra-limit are for another deployer")
                    .hint("add --deployer abra"))
            }
            DeployerName::Swarm => Ok(Deployer::Swarm),
            DeployerName::Abra => self.program().map(Deployer::Abra),
        }
    }

    fn program(&self) -> Result<abra::Program, RunnerError> {
        let limit = self.abra_limit.unwrap_or(abra::LIMIT);
        let Some(file) = &self.abra else { return Ok(abra::Program { path: OsString::from("abra"), limit }) };
        // Its commands run in another folder.
        let path = std::path::absolute(file)
            .map_err(|error| RunnerError::new(ErrorKind::Usage, format!("cannot use {}: {error}", file.display())))?;
        Ok(abra::Program { path: path.into(), limit })
    }
}

/// Whether a commit is meant, or the folder over the one that is checked out.
fn state(worktree: bool, revision: &str) -> Result<TreeState, RunnerError> {
    match (worktree, revision) {
        (false, _) => Ok(TreeState::Committed),
        (true, "HEAD") => Ok(TreeState::Uncommitted),
        (true, revision) => {
            let what =
                format!("--worktree takes what lies in the folder over HEAD, and `{revision}` is asked for, too");
            Err(RunnerError::new(ErrorKind::Usage, what)
                .hint("leave one of the two out; REF and VERSION of the environment count as --ref"))
        }
    }
}

impl LintArgs {
    /// What is linted.
    pub fn wanted(&self) -> Result<LintRequest<'_>, RunnerError> {
        let revision = self.revision.as_deref().filter(|revision| !revision.is_empty()).unwrap_or("HEAD");
        let state = state(self.worktree, revision)?;
        Ok(LintRequest { recipe: &self.recipe, revision, state, against: self.against.as_deref() })
    }
}

/// The tiers in a list of words; no word means all.
fn stages(text: &str) -> Result<BTreeSet<Tier>, RunnerError> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let chosen: Result<BTreeSet<Tier>, _> = words.map(Tier::parse).collect();
    let chosen = chosen.map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))?;
    Ok(if chosen.is_empty() { BTreeSet::from(Tier::ALL) } else { chosen })
}

/// The pull request's number; an empty word, as scripts pass it on, is none.
fn pull_request(text: &str) -> Result<Option<u64>, RunnerError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            RunnerError::new(ErrorKind::Usage, format!("`{text}` is no number of a pull request"))
                .hint("--pr takes digits only")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cli, Verb};
    use clap::Parser;

    #[test]
    fn what_is_no_tier_or_no_number_is_a_wrong_usage() {
        assert_eq!(stages(" , ").unwrap(), BTreeSet::from(Tier::ALL));
        assert_eq!(stages("install, backup").unwrap(), BTreeSet::from([Tier::Install, Tier::Backup]));
        assert_eq!(stages("instal").unwrap_err().kind, ErrorKind::Usage);
        assert_eq!((pull_request(" 7 ").unwrap(), pull_request("").unwrap()), (Some(7), None));
        assert_eq!(
            (state(true, "HEAD").unwrap(), state(false, "v1").unwrap()),
            (TreeState::Uncommitted, TreeState::Committed)
        );
        assert_eq!(state(true, "v1").unwrap_err().kind, ErrorKind::Usage);
        assert_eq!(pull_request("seven").unwrap_err().kind, ErrorKind::Usage);
    }

    #[test]
    fn what_the_environment_chose_is_told_and_what_was_typed_is_not() {
        let typed = ["cc-ci", "plan", "shop", "--ref", "main", "--stages=install"];
        let cli = Cli::try_parse_from(typed).unwrap();
        let Verb::Plan(args) = cli.verb else { panic!("a plan was asked for") };
        let told = |words: &[&str]| {
            args.recipe.from_environment(&words.iter().map(|word| OsString::from(*word)).collect::<Vec<_>>())
        };
        assert_eq!(told(&typed), [""; 0]);
        let all = told(&["cc-ci", "plan"]).join("\n");
        insta::assert_snapshot!(all, @r"
        note: RECIPE=shop of the environment chooses what is tested; unset it, or give a recipe
        note: REF=main of the environment chooses what is tested; unset it, or give --ref
        note: STAGES=install of the environment chooses what is tested; unset it, or give --stages
        ");
    }
}
