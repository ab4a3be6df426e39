//! Statuses of commits. They need the right to write code, so that a token of their own sets them.

use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::ForgeError;
use crate::forge::Forge;
use crate::names::{CommitSha, RepoName};
use http::Method;
use serde::Serialize;

/// A status. The newest one of a context counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommitStatus {
    /// What it says.
    pub state: StatusState,
    /// Where to read more.
    pub target_url: String,
    /// One line.
    pub description: String,
    /// Whose status it is, such as `cc-ci/testme`.
    pub context: String,
}

/// What a status says, in the forges' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// It is not known yet.
    Pending,
    /// Good.
    Success,
    /// It could not be found out.
    Error,
    /// Bad.
    Failure,
    /// Good with a remark.
    Warning,
}

/// What became of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusAnswer {
    /// It stands there.
    Sent,
    /// The token's account may not write code here.
    NotAllowed,
    /// The forge has no such commit, as far as can be told: these forges answer 500, and a fault of theirs looks the same.
    /// A few more tries are right, many are not.
    NoSuchCommit,
    /// The repository is archived.
    Archived,
}

impl Forge {
    /// Sets a status on a commit.
    pub async fn status(
        &self,
        repo: &RepoName,
        sha: &CommitSha,
        status: &CommitStatus,
    ) -> Result<StatusAnswer, ForgeError> {
        let call = ForgeCall::Status(repo.clone(), sha.clone());
        let path = ["repos", repo.owner(), repo.name(), "statuses", sha.as_str()];
        let body = serde_json::json!(status).to_string();
        let answer = self.ask(&call, Question::send(Method::POST, &path, body)).await?;
        match answer.status {
            201 => Ok(StatusAnswer::Sent),
            403 if !answer.lacks_scope() => Ok(StatusAnswer::NotAllowed),
            404 | 422 | 500 => Ok(StatusAnswer::NoSuchCommit),
            423 => Ok(StatusAnswer::Archived),
            _ => Err(ForgeError::new(call, answer.fault())),
        }
    }
}
