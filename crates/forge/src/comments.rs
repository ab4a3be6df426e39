//! Comments: one by its id, and our own on a pull request.

use crate::author::{Account, Author, RawUser, author};
use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::ForgeError;
use crate::forge::Forge;
use crate::json;
use crate::names::{CommentId, PullNumber, RepoName};
use crate::room;
use crate::time::ForgeTime;
use serde::{Deserialize, Deserializer};

/// A comment as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its identity.
    pub id: CommentId,
    /// Where it stands.
    pub thread: Thread,
    /// Who wrote it. Others may have changed it since.
    pub author: Author,
    /// Its text now.
    pub body: String,
    /// When it was written, by the forge's clock.
    pub written: ForgeTime,
    /// When it was last changed, by the forge's clock.
    pub updated: ForgeTime,
}

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// On a pull request.
    Pull(PullNumber),
    /// On an issue, or on something else that is tested by nobody.
    Elsewhere,
}

/// A comment as a forge writes one.
#[derive(Debug, Deserialize)]
pub(crate) struct RawComment {
    #[serde(deserialize_with = "id")]
    pub(crate) id: CommentId,
    user: Option<RawUser>,
    #[serde(default)]
    original_author: Option<String>,
    #[serde(default)]
    original_author_id: Option<i64>,
    #[serde(default)]
    pull_request_url: Option<String>,
    #[serde(default)]
    body: Option<String>,
    created_at: ForgeTime,
    updated_at: ForgeTime,
}

/// Reads an id, which these forges write as a number.
pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<CommentId, D::Error> {
    let number = i64::deserialize(from)?;
    let text = serde::de::value::StringDeserializer::new(number.to_string());
    json::parsed(text, "an id above zero")
}

impl RawComment {
    /// The comment, seen by the account `own`.
    pub(crate) fn comment(self, own: &Account) -> Comment {
        let named = self.original_author.is_some_and(|name| !name.is_empty());
        let migrated = named || self.original_author_id.is_some_and(|id| id != 0);
        Comment {
            id: self.id,
            thread: thread(self.pull_request_url.as_deref().unwrap_or_default()),
            author: author(self.user.as_ref(), migrated, own),
            body: self.body.unwrap_or_default(),
            written: self.created_at,
            updated: self.updated_at,
        }
    }
}

/// Reads `…/pulls/7`, which is empty for a comment on an issue.
fn thread(url: &str) -> Thread {
    let number = url.rsplit_once("/pulls/").and_then(|(_, number)| number.parse().ok());
    number.map_or(Thread::Elsewhere, |number| Thread::Pull(PullNumber(number)))
}

impl Forge {
    /// One comment. `None` when it is deleted, stands in another repository, or is no ordinary comment.
    pub async fn comment(&self, repo: &RepoName, id: &CommentId) -> Result<Option<Comment>, ForgeError> {
        let own = self.own().await?;
        let call = ForgeCall::Comment(repo.clone(), id.clone());
        let path = ["repos", repo.owner(), repo.name(), "issues", "comments", id.as_str()];
        let answer = self.ask(&call, Question::get(&path, room::ONE)).await?;
        match answer.status {
            200 => {
                let raw: RawComment = answer.json().map_err(|fault| ForgeError::new(call, fault))?;
                Ok(Some(raw.comment(own)))
            }
            204 | 404 => Ok(None),
            _ => Err(ForgeError::new(call, answer.fault())),
        }
    }

    /// Our own comments on a pull request, the oldest first: how a comment is found again whose id was lost.
    pub async fn own_comments(&self, repo: &RepoName, number: PullNumber) -> Result<Vec<Comment>, ForgeError> {
        let own = self.own().await?;
        let call = ForgeCall::OwnComments(repo.clone(), number);
        let text = number.to_string();
        let path = ["repos", repo.owner(), repo.name(), "issues", &text, "comments"];
        // No forge pages this list: a page of it would be the whole list again.
        let answer = self.ask(&call, Question::get(&path, room::LIST)).await?;
        if answer.status != 200 {
            return Err(ForgeError::new(call, answer.fault()));
        }
        let raw: Vec<RawComment> = answer.json().map_err(|fault| ForgeError::new(call, fault))?;
        let all = raw.into_iter().map(|raw| raw.comment(own));
        Ok(all.filter(|comment| comment.author == Author::Own).collect())
    }
}
