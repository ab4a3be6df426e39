//! A pull request: what is to be tested, and where to fetch it.

use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::{ForgeError, ForgeFault};
use crate::forge::Forge;
use crate::names::{CommitSha, PullNumber, RepoName};
use crate::room;
use crate::time::ForgeTime;
use serde::Deserialize;
use std::fmt;

/// What a forge knows of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullAnswer {
    /// All of it.
    Found(Pull),
    /// That it is there: old forges say nothing more once its fork is gone. Git still has its head.
    OnlyInGit(PullRef),
    /// Nothing.
    NotFound,
}

/// A pull request as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: PullNumber,
    /// What it wants to bring in.
    pub head: PullHead,
    /// The ref of the base repository that has its head.
    pub fetch: PullRef,
    /// Where it wants to go.
    pub base: PullBase,
    /// Whether it still wants to.
    pub state: PullState,
    /// Where its commits come from.
    pub source: PullSource,
    /// When it was last changed, by the forge's clock.
    pub updated: ForgeTime,
}

/// The commit to be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullHead {
    /// This one.
    At(CommitSha),
    /// The forge does not say; git does, at [`Pull::fetch`].
    OnlyInGit,
}

/// A ref of the base repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRef(String);

impl PullRef {
    /// As git takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PullRef {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// The branch that a pull request wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullBase {
    /// Its name. To be shown; git is never told it.
    pub branch: String,
    /// Its tip, when the forge says it.
    pub sha: Option<CommitSha>,
}

/// What has become of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullState {
    /// It waits.
    Open,
    /// It was refused or withdrawn.
    Closed,
    /// It was taken.
    Merged,
}

/// Where the commits of a pull request come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullSource {
    /// A branch of the repository itself.
    Here,
    /// Another repository.
    Fork,
    /// Another repository, which is gone.
    Gone,
}

#[derive(Debug, Deserialize)]
struct RawPull {
    number: u64,
    state: RawState,
    #[serde(default)]
    merged: Option<bool>,
    head: Option<RawBranch>,
    base: RawBranch,
    updated_at: ForgeTime,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawState {
    Open,
    Closed,
}

#[derive(Debug, Deserialize)]
struct RawBranch {
    #[serde(rename = "ref", default)]
    branch: Option<String>,
    #[serde(default)]
    sha: Option<String>,
    #[serde(default)]
    repo: Option<RawBranchRepo>,
}

#[derive(Debug, Deserialize)]
struct RawBranchRepo {
    id: i64,
}

impl RawBranch {
    /// The commit. Forges write an empty text for one that they do not know.
    fn sha(&self, at: &str) -> Result<Option<CommitSha>, ForgeFault> {
        let text = self.sha.as_deref().filter(|text| !text.is_empty());
        let senseless = |_| ForgeFault::Senseless { at: at.to_owned(), expected: "a full commit id".to_owned() };
        text.map(|text| text.parse().map_err(senseless)).transpose()
    }
}

impl RawPull {
    fn pull(self, asked: PullNumber, fetch: PullRef) -> Result<Pull, ForgeFault> {
        if self.number != asked.0 {
            return Err(ForgeFault::Senseless { at: "number".to_owned(), expected: asked.to_string() });
        }
        let head = self.head.as_ref().map(|head| head.sha("head.sha")).transpose()?.flatten();
        let from = self.head.as_ref().and_then(|head| head.repo.as_ref());
        let source = match (from, self.base.repo.as_ref()) {
            (None, _) => PullSource::Gone,
            (Some(from), Some(to)) if from.id == to.id => PullSource::Here,
            (Some(_), _) => PullSource::Fork,
        };
        let state = match (self.state, self.merged) {
            (_, Some(true)) => PullState::Merged,
            (RawState::Open, _) => PullState::Open,
            (RawState::Closed, _) => PullState::Closed,
        };
        let base = PullBase { sha: self.base.sha("base.sha")?, branch: self.base.branch.unwrap_or_default() };
        let head = head.map_or(PullHead::OnlyInGit, PullHead::At);
        Ok(Pull { number: asked, head, fetch, base, state, source, updated: self.updated_at })
    }
}

impl Forge {
    /// A pull request by its number.
    pub async fn pull(&self, repo: &RepoName, number: PullNumber) -> Result<PullAnswer, ForgeError> {
        let call = ForgeCall::Pull(repo.clone(), number);
        let text = number.to_string();
        let path = ["repos", repo.owner(), repo.name(), "pulls", &text];
        let answer = self.ask(&call, Question::get(&path, room::ONE)).await?;
        let fail = |fault| ForgeError::new(call.clone(), fault);
        let fetch = PullRef(self.dialect().head_ref(number.0));
        match answer.status {
            200 => match answer.json::<Option<RawPull>>().map_err(fail)? {
                Some(raw) => raw.pull(number, fetch).map(PullAnswer::Found).map_err(fail),
                None => Ok(PullAnswer::OnlyInGit(fetch)),
            },
            404 => Ok(PullAnswer::NotFound),
            _ => Err(fail(answer.fault())),
        }
    }
}
