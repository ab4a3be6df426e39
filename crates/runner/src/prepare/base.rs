//! The version that the app is deployed at first: what is wished for, and how the chosen one is read.

use super::allowed::Allowance;
use super::customize::Customized;
use super::find::Found;
use super::snapshot::Snapshot;
use super::tree::{Rules, Tree, TreeAt, chaos, label};
use crate::error::{ErrorKind, RunnerError};
use crate::request::{BaseWish, Request};
use cc_ci_engine::git::CommitFiles;
use cc_ci_model::canonical::Canonical;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::choose::Wish;
use cc_ci_model::settings::{self, Settings};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::overlays::Variables;
use cc_ci_store::canonicals::Canonicals;
use cc_ci_store::state::StateFolder;

/// What request and settings together wish for. A base that the request names wins, or is an error.
pub(super) fn wish(request: &Request, settings: &Settings) -> Result<Wish, RunnerError> {
    let none = |reason: String, why| match &request.base {
        BaseWish::Version(base) => {
            Err(RunnerError::new(ErrorKind::Usage, format!("cannot start at `{base}`: {reason}"))
                .hint("leave --base out, or let the upgrade tier run"))
        }
        BaseWish::Automatic | BaseWish::NoUpgrade { .. } => Ok(Wish::NoUpgrade { reason, why }),
    };
    if let BaseWish::NoUpgrade { why } = &request.base {
        return none(why.clone(), NoBase::NotAsked);
    }
    if !request.stages.contains(&Tier::Upgrade) {
        return none("the upgrade tier is not among the stages".to_owned(), NoBase::NotAsked);
    }
    if settings.skips.contains_key(&Tier::Upgrade) {
        let place = settings.place("skip.upgrade");
        return none(format!("the settings skip the upgrade ({place})"), NoBase::Skipped);
    }
    Ok(match (&request.base, &settings.base) {
        (BaseWish::Version(version), _) => Wish::Version(version.clone()),
        (_, Some(pin)) => Wish::Pinned { version: pin.version.clone(), by: pin.by.clone() },
        (BaseWish::Automatic | BaseWish::NoUpgrade { .. }, None) => Wish::Automatic,
    })
}

/// The recipe's canonical, unless the settings leave it out.
pub(super) fn canonical(
    state: &StateFolder,
    recipe: &RecipeName,
    settings: &Settings,
) -> Result<Option<Canonical>, RunnerError> {
    match settings.canonicals {
        settings::CanonicalUse::Used => Ok(Canonicals::of(state).shelf(recipe)?.newest().cloned()),
        settings::CanonicalUse::Ignored => Ok(None),
    }
}

/// The files of the chosen base; `None` where the app starts at head.
pub(super) async fn files(found: &Found, base: &Base) -> Result<Option<CommitFiles>, RunnerError> {
    match base.commit() {
        Some(commit) => Ok(Some(found.repository.files(commit).await?)),
        None => Ok(None),
    }
}

/// Reads the chosen base under the repairs for it and the variables of head; `None` where the app starts at head.
pub(super) fn read(
    found: &Found,
    (base, files): (&Base, Option<CommitFiles>),
    customized: &Customized,
    allowance: &Allowance,
    variables: &Variables,
    environment: AppEnvironment,
) -> Result<Option<Tree>, RunnerError> {
    let Some(files) = files else { return Ok(None) };
    let (commit, label) = match base {
        Base::Published { version, commit, .. } => (commit, label(Some(version), commit)),
        Base::Commit { commit, .. } => (commit, chaos(commit)),
        Base::Head { .. } => return Ok(None),
    };
    let repairs = customized.repairs(base);
    let snapshot = Snapshot::Commit(commit.clone());
    let at = TreeAt { repository: &found.repository, name: &found.name, snapshot, label, environment, repairs };
    let set = |_: &cc_ci_recipe::Recipe| Ok(variables.clone());
    let rules = Rules { allowance, shown: &shown(base), variables: &set };
    Tree::of_files(at, files, &rules).map(Some).map_err(|error| unusable(customized, base, error))
}

/// The base as messages name it.
fn shown(base: &Base) -> String {
    match base {
        Base::Published { version, .. } => format!("its base {version}"),
        Base::Commit { commit, .. } => format!("its base {}", commit.short()),
        Base::Head { .. } => "head".to_owned(),
    }
}

/// Says that the base is meant, and names the files as their authors know them.
fn unusable(customized: &Customized, base: &Base, mut error: RunnerError) -> RunnerError {
    for problem in &mut error.problems {
        problem.file = problem.file.take().map(|file| customized.shown(base, &file).to_owned());
    }
    let message = format!("the base is not usable: {}", error.message);
    let hint = Some("choose another with --base, or go without with --no-upgrade".to_owned());
    RunnerError { message, hint, ..error }
}
