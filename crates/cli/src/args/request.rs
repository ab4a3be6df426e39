//! From parsed arguments to what the runner takes.

use super::{DeployerArgs, DeployerName, LintArgs, RecipeArgs, RunArgs, WarmUpArgs};
use cc_ci_engine::abra;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_model::tier::Tier;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::lint::LintRequest;
use cc_ci_runner::request::{BaseWish, Deployer, Hold, HostHooks, Request};
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
        let trusted = || HostHooks::Trusted { by: "--trust-hooks".to_owned() };
        Ok(Request {
            revision: Some(self.revision().to_owned()),
            state: state(self.worktree, self.revision())?,
            stages: stages(self.stages.as_deref().unwrap_or_default())?,
            base,
            tests: self.tests.clone(),
            catalogue: self.catalogue.clone(),
            policy: self.policy.clone(),
            host_hooks: if self.trust_hooks { trusted() } else { HostHooks::AsThePolicySays },
            secrets: self.secrets.clone(),
            pr: pull_request(self.pr.as_deref().unwrap_or_default())?,
            ..Request::of(&self.recipe)
        })
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
        Ok(Request { hold, deployer, ..self.recipe.request()? })
    }
}

impl WarmUpArgs {
    /// What the provider is read with.
    #[must_use]
    pub fn request(&self) -> Request {
        Request { catalogue: self.catalogue.clone(), policy: self.policy.clone(), ..Request::of(&self.recipe) }
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
}
