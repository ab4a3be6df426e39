//! Asks git for what the base is chosen from, and has it chosen.

use super::snapshot::Snapshot;
use super::tree::texts;
use crate::error::{ErrorKind, RunnerError};
use cc_ci_engine::git::{CommitFiles, OriginTags, Repository};
use cc_ci_model::canonical::Canonical;
use cc_ci_model::ids::Commit;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::choose::{self, Candidates, ChooseError, Tip, TipHistory, Wish};
use cc_ci_recipe::content;
use cc_ci_recipe::version::{Publications, Version};
use std::collections::BTreeSet;

/// What a base is chosen for.
pub(crate) struct Subject<'a> {
    pub(crate) head: &'a Snapshot,
    pub(crate) version: Option<&'a Version>,
    pub(crate) published: &'a Publications,
    pub(crate) files: &'a CommitFiles,
    /// The recipe's canonical, where it is to be looked at.
    pub(crate) canonical: Option<&'a Canonical>,
}

/// A base, and what was learnt on the way.
pub(crate) struct ChosenBase {
    pub(crate) base: Base,
    pub(crate) notes: Vec<String>,
}

/// Chooses the base. Contents and the default branch are looked at only as far as the choice needs them.
pub(crate) async fn choose_base(
    repository: &Repository,
    wish: &Wish,
    subject: &Subject<'_>,
) -> Result<ChosenBase, RunnerError> {
    let Subject { head, version, published, canonical, .. } = *subject;
    let notes = match wish {
        Wish::Automatic => complete(repository, published).await?.into_iter().collect(),
        Wish::Version(_) | Wish::Pinned { .. } | Wish::NoUpgrade { .. } => Vec::new(),
    };
    let (behind, ahead) =
        tokio::try_join!(repository.tags_behind(head.commit()), repository.tags_ahead(head.commit()))?;
    let (mut same, mut looked) = (BTreeSet::new(), BTreeSet::new());
    let mut tip = None;
    loop {
        let seen = tip.as_ref().map(|(branch, commit, history): &(String, Commit, TipHistory)| Tip {
            branch,
            commit,
            history: *history,
        });
        let candidates = Candidates {
            head: head.committed(),
            head_version: version,
            canonical,
            published,
            behind: &behind,
            ahead: &ahead,
            same: &same,
            tip: seen,
        };
        let base = match choose::choose(wish, &candidates) {
            Ok(base) => base,
            Err(error) => return Err(refused(repository, wish, published, error).await),
        };
        match (base.commit(), wish) {
            (Some(commit), _) if looked.insert(commit.clone()) => {
                if !deploys_the_same(repository, subject, commit).await? {
                    return Ok(ChosenBase { base, notes });
                }
                same.insert(commit.clone());
            }
            (None, Wish::Automatic) if tip.is_none() => match repository.default_branch_tip().await? {
                Some((branch, commit)) => {
                    let history = history(repository, head, &commit).await?;
                    tip = Some((branch, commit, history));
                }
                None => return Ok(ChosenBase { base, notes }),
            },
            (Some(_) | None, _) => return Ok(ChosenBase { base, notes }),
        }
    }
}

/// How head lies to the tip. A folder over the tip is newer than it.
async fn history(repository: &Repository, head: &Snapshot, tip: &Commit) -> Result<TipHistory, RunnerError> {
    let below = head.committed().is_none() && head.commit() == tip;
    let holds = !below && repository.descends(tip, head.commit()).await?;
    Ok(if holds { TipHistory::HoldsHead } else { TipHistory::WithoutHead })
}

pub(crate) async fn deploys_the_same(
    repository: &Repository,
    subject: &Subject<'_>,
    commit: &Commit,
) -> Result<bool, RunnerError> {
    let (head, other) = (subject.head.contents(repository).await?, repository.contents(commit).await?);
    Ok(content::is_same(&content::deployable(&texts(subject.files)), &head, &other))
}

/// Refuses a clone that lacks what the choice is made from: its history, or the tags that its origin has. What cannot be
/// found out is a note.
pub(crate) async fn complete(repository: &Repository, published: &Publications) -> Result<Option<String>, RunnerError> {
    if repository.is_shallow() {
        let tags = if published.versions.is_empty() { " and has no published version" } else { "" };
        let what = format!("this clone is shallow{tags}: it does not show which version operators run");
        return Err(RunnerError::new(ErrorKind::Usage, what).hint(
            "fetch the rest with `git fetch --unshallow --tags`; in a CI job check out the whole history (`fetch-depth: 0`), \
             or name the version with --base",
        ));
    }
    if !published.versions.is_empty() && !repository.leaves_tags_out().await? {
        return Ok(None);
    }
    match repository.tags_of_origin().await? {
        OriginTags::NoOrigin => Ok(None),
        OriginTags::Unknown(why) => Ok(Some(format!(
            "whether the origin of this clone has published versions that the clone lacks is not known: {why}"
        ))),
        OriginTags::Names(names) => {
            let names = names.into_iter().filter_map(|name| name.parse::<Version>().ok());
            let known = |version: &Version| published.versions.iter().any(|one| one.version == *version);
            let lacking: Vec<Version> = names.filter(|version| !known(version)).collect();
            let Some(newest) = lacking.iter().max() else { return Ok(None) };
            let has = match published.versions.len() {
                0 => "no published version".to_owned(),
                one => format!("{one} published versions"),
            };
            let what = format!(
                "this clone has {has}, its origin has {} more, up to {newest}: without them the upgrade cannot be tested",
                lacking.len()
            );
            Err(RunnerError::new(ErrorKind::Usage, what).hint(
                "fetch them with `git fetch --tags` (in a CI job: `fetch-depth: 0`), or name the version with --base",
            ))
        }
    }
}

/// Why there is no base. A version that only the origin has is missing for want of its tag.
async fn refused(repository: &Repository, wish: &Wish, published: &Publications, error: ChooseError) -> RunnerError {
    let lacking = match (&error, wish) {
        (ChooseError::NotPublished { .. }, Wish::Version(_) | Wish::Pinned { .. }) => {
            complete(repository, published).await.err().and_then(|error| error.hint)
        }
        (ChooseError::NotPublished { .. } | ChooseError::IsHead { .. } | ChooseError::Commit { .. }, _) => None,
    };
    let refused = match wish {
        Wish::Pinned { by, .. } => {
            RunnerError::new(ErrorKind::Settings, "cannot use the settings").at(format!("{by}: base.version: {error}"))
        }
        Wish::Automatic | Wish::Version(_) | Wish::NoUpgrade { .. } => {
            RunnerError::new(ErrorKind::Usage, error.to_string())
        }
    };
    match lacking {
        Some(hint) => refused.hint(hint),
        None => refused,
    }
}
