//! Which versions, and a run planned for each.

use super::{Looks, UpgradesRequest};
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::choosing::{self, Subject};
use crate::prepare::find::Found;
use crate::prepare::tree::texts;
use crate::prepare::{self, Looking, linted};
use crate::request::{BaseWish, KindWish, Request};
use cc_ci_model::ids::{Commit, RunId};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::scrutiny::TreeState;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::choose::{self, ChosenVersion, ChosenVersions, FromCandidates, FromError, FromWish};
use cc_ci_model::upgrades::plan::{ApprovedUpgrades, SeriesFacts, UpgradeFacts, upgrades};
use std::collections::BTreeSet;

/// A series that can begin.
pub(super) struct PlannedSeries {
    pub(super) approved: ApprovedUpgrades,
    /// The request for each permit, in the same order.
    pub(super) requests: Vec<Request>,
}

/// Plans the series: at this very commit, whatever is pushed or published meanwhile.
pub(super) async fn planned(
    asked: &UpgradesRequest,
    series: RunId,
    looking: &Looking<'_>,
) -> Result<PlannedSeries, RunnerError> {
    makes_sense(asked)?;
    let found = Found::find(&asked.run, &series, looking).await?;
    let head = found.head.commit().clone();
    let chosen = chosen(asked, &found).await?;
    let mut facts = Vec::new();
    let (mut requests, mut first_error, mut head_version) = (Vec::new(), None, None);
    let digits = chosen.versions.len().to_string().len();
    for (version, number) in chosen.versions.into_iter().zip(1_usize..) {
        let run = RunId::parse(&format!("{series}-{number:0digits$}"))
            .map_err(|error| RunnerError::new(ErrorKind::Usage, error.to_string()))?;
        // The newest one that a run can begin at is tried whole.
        let request = request(asked, &head, &version.version, requests.is_empty());
        let planned = match Box::pin(prepare::prepare(&request, &run, looking)).await {
            Ok(prepared) => {
                let plan = prepared.approved.plan;
                can_be_seen(&plan)?;
                head_version = plan.head_version.clone();
                requests.push(request);
                Ok(Box::new(plan))
            }
            Err(error) if looking.cancel.is_cancelled() => return Err(error),
            Err(error) => {
                let refused = (error.in_one_line(), error.kind.exit_code());
                first_error.get_or_insert(error);
                Err(refused)
            }
        };
        let ChosenVersion { version, commit, remark } = version;
        facts.push(UpgradeFacts { version, commit, remark, run, planned });
    }
    if let (true, Some(error)) = (requests.is_empty(), first_error) {
        // What stands in the way of all is no version's fault.
        return Err(error);
    }
    let (left_out, not_asked) = (chosen.left_out, chosen.not_asked);
    let of_series = SeriesFacts { series, recipe: found.name, head, head_version, left_out, not_asked };
    Ok(PlannedSeries { approved: upgrades(of_series, facts), requests })
}

fn makes_sense(asked: &UpgradesRequest) -> Result<(), RunnerError> {
    let usage = |what: &str, hint: &str| Err(RunnerError::new(ErrorKind::Usage, what).hint(hint));
    if asked.run.state == TreeState::Uncommitted {
        let what = "a folder may change between two runs: --from is about one commit";
        return usage(what, "commit what lies there, and leave --worktree out");
    }
    match (&asked.run.base, asked.run.kind) {
        (BaseWish::Automatic, KindWish::Cold) => {}
        (BaseWish::Version(_) | BaseWish::NoUpgrade { .. } | BaseWish::Automatic, _) => {
            let what = "--from chooses the base of every run, and every run begins with an empty app";
            return usage(what, "leave --base, --no-upgrade and --quick out");
        }
    }
    match &asked.looks {
        Looks::Each(tiers) if !tiers.contains(&Tier::Upgrade) => {
            let what = "--from is about upgrades, and the upgrade is not among the stages";
            usage(what, "name it in --stages, too; STAGES of the environment counts as --stages")
        }
        Looks::Usual | Looks::Each(_) => Ok(()),
    }
}

fn request(asked: &UpgradesRequest, head: &Commit, version: &str, is_newest: bool) -> Request {
    Request {
        revision: Some(head.to_string()),
        stages: asked.looks.tiers(is_newest),
        base: BaseWish::Version(version.to_owned()),
        ..asked.run.clone()
    }
}

/// A recipe whose settings skip the upgrade has no answer to what is asked.
fn can_be_seen(plan: &Plan) -> Result<(), RunnerError> {
    match plan.runs(Tier::Upgrade) {
        true => Ok(()),
        false => {
            Err(RunnerError::new(ErrorKind::Usage, "nothing to try: the upgrade is skipped, by the plan of its run")
                .hint("`cc-ci plan --base VERSION` says why"))
        }
    }
}

async fn chosen(asked: &UpgradesRequest, found: &Found) -> Result<ChosenVersions, RunnerError> {
    let head = found.head.commit();
    choosing::complete(&found.repository, &found.published).await?;
    let behind = found.repository.tags_behind(head).await?;
    let same = same(found, &behind, asked).await?;
    let candidates = FromCandidates { head, published: &found.published, behind: &behind, same: &same };
    choose::choose(&asked.from, &candidates).map_err(|error| refused(&error))
}

fn refused(error: &FromError) -> RunnerError {
    let refused = RunnerError::new(ErrorKind::Usage, error.to_string());
    match error.hint() {
        Some(hint) => refused.hint(hint),
        None => refused,
    }
}

/// The commits behind head that deploy exactly what it does, as far as they may be chosen.
async fn same(
    found: &Found,
    behind: &BTreeSet<String>,
    asked: &UpgradesRequest,
) -> Result<BTreeSet<Commit>, RunnerError> {
    let texts = texts(&found.files);
    let version = linted::version_of(found.name.as_str(), &texts);
    let (head, published) = (&found.head, &found.published);
    let subject = Subject { head, version: version.as_ref(), published, files: &found.files, canonical: None };
    let is_wanted = |tag: &String| match &asked.from {
        FromWish::All | FromWish::Last(_) => behind.contains(tag),
        FromWish::Listed(names) => names.contains(tag),
    };
    let mut same = BTreeSet::new();
    for one in published.versions.iter().filter(|one| is_wanted(&one.tag)) {
        let Ok(commit) = Commit::parse(&one.commit) else { continue };
        if commit != *head.commit() && choosing::deploys_the_same(&found.repository, &subject, &commit).await? {
            same.insert(commit);
        }
    }
    Ok(same)
}
