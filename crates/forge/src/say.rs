//! Comments of ours: a new one, and another text for one that is there.

use crate::call::ForgeCall;
use crate::comments::id;
use crate::door::{Answer, Question};
use crate::error::ForgeError;
use crate::forge::Forge;
use crate::names::{CommentId, PullNumber, RepoName};
use http::Method;
use serde::Deserialize;

/// What became of a new comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SayAnswer {
    /// It stands there.
    Said(CommentId),
    /// The thread is locked, or we are blocked there.
    Locked,
    /// The repository is archived.
    Archived,
    /// There is no such pull request, or no such repository for us.
    Gone,
    /// The text is empty or too long.
    BadText,
}

/// What became of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditAnswer {
    /// The comment has the new text.
    Edited,
    /// The comment is not ours, or we are blocked there.
    NotOurs,
    /// The repository is archived.
    Archived,
    /// The comment was deleted.
    Gone,
    /// The text is empty or too long.
    BadText,
}

#[derive(Debug, Deserialize)]
struct RawId {
    #[serde(deserialize_with = "id")]
    id: CommentId,
}

/// The body of both calls.
fn text(body: &str) -> String {
    serde_json::json!({ "body": body }).to_string()
}

impl Forge {
    /// Comments on a pull request. An error does not mean that nothing was said: see [`crate::Again::LookFirst`].
    pub async fn say(&self, repo: &RepoName, number: PullNumber, body: &str) -> Result<SayAnswer, ForgeError> {
        let call = ForgeCall::Say(repo.clone(), number);
        let number = number.to_string();
        let path = ["repos", repo.owner(), repo.name(), "issues", &number, "comments"];
        let answer = self.ask(&call, Question::send(Method::POST, &path, text(body))).await?;
        match answer.status {
            201 => {
                let raw: RawId = answer.json().map_err(|fault| ForgeError::new(call, fault))?;
                Ok(SayAnswer::Said(raw.id))
            }
            403 if !answer.lacks_scope() => Ok(SayAnswer::Locked),
            404 => Ok(SayAnswer::Gone),
            413 | 422 => Ok(SayAnswer::BadText),
            423 => Ok(SayAnswer::Archived),
            _ => Err(ForgeError::new(call, answer.fault())),
        }
    }

    /// Gives a comment of ours another text. Each edit is kept and told to everybody who listens: send changes only.
    pub async fn edit(&self, repo: &RepoName, id: &CommentId, body: &str) -> Result<EditAnswer, ForgeError> {
        let call = ForgeCall::Edit(repo.clone(), id.clone());
        let path = ["repos", repo.owner(), repo.name(), "issues", "comments", id.as_str()];
        let answer: Answer = self.ask(&call, Question::send(Method::PATCH, &path, text(body))).await?;
        match answer.status {
            200 => Ok(EditAnswer::Edited),
            // No ordinary comment, and so none that we made.
            204 => Ok(EditAnswer::NotOurs),
            403 if !answer.lacks_scope() => Ok(EditAnswer::NotOurs),
            404 => Ok(EditAnswer::Gone),
            413 | 422 => Ok(EditAnswer::BadText),
            423 => Ok(EditAnswer::Archived),
            _ => Err(ForgeError::new(call, answer.fault())),
        }
    }
}
