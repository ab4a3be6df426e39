//! The line of commits that is searched.

use super::BisectRequest;
use crate::error::{ErrorKind, RunnerError};
use cc_ci_engine::git::{Ancestor, Repository};
use cc_ci_model::bisect::report::LineCommit;
use cc_ci_model::ids::Commit;

/// GOOD, then every commit up to BAD by first parents. GOOD has to be an ancestor of BAD.
pub(super) async fn line(
    repository: &Repository,
    asked: &BisectRequest,
    good: &Commit,
    bad: &Commit,
) -> Result<Vec<LineCommit>, RunnerError> {
    let named = |text: &str, commit: &Commit| match commit.as_str().starts_with(text) {
        true => format!("`{text}`"),
        false => format!("`{text}` ({})", commit.short()),
    };
    let (shown_good, shown_bad) = (named(&asked.good, good), named(&asked.bad, bad));
    if good == bad {
        let what = format!("GOOD {shown_good} and BAD {shown_bad} are the same commit: there is nothing between them");
        return Err(RunnerError::new(ErrorKind::Usage, what));
    }
    if !repository.descends(bad, good).await? {
        let what = format!(
            "GOOD {shown_good} is not an ancestor of BAD {shown_bad}: no line of commits leads from one to the other"
        );
        let error = RunnerError::new(ErrorKind::Usage, what);
        return Err(match (repository.is_shallow(), repository.descends(good, bad).await?) {
            (true, _) => error.hint("this clone is shallow: fetch the rest with `git fetch --unshallow --tags`"),
            (false, true) => error.hint("they stand the other way round: the older commit comes first"),
            (false, false) => error.hint("`git merge-base GOOD BAD` names a commit that both have"),
        });
    }
    let first = LineCommit { commit: good.clone(), subject: String::new(), parents: Vec::new() };
    let rest = repository.first_parents(good, bad).await?.into_iter().map(commit_of_line);
    Ok([first].into_iter().chain(rest).collect())
}

fn commit_of_line(ancestor: Ancestor) -> LineCommit {
    let Ancestor { commit, subject, parents } = ancestor;
    LineCommit { commit, subject, parents }
}
