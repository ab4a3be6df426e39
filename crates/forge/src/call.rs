//! What a forge can be asked, in the words of an error message.

use crate::names::{CommentId, CommitSha, Login, PullNumber, RepoName};
use std::fmt;

/// One call, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgeCall {
    /// Whose the token is.
    Identity,
    /// Which version the forge has, and what its clock says.
    Version,
    /// What the token may do in a repository.
    Rights(RepoName),
    /// What was commented in a repository since a time.
    CommentsSince(RepoName),
    /// One comment.
    Comment(RepoName, CommentId),
    /// Our own comments on a pull request.
    OwnComments(RepoName, PullNumber),
    /// A pull request.
    Pull(RepoName, PullNumber),
    /// Whether somebody is a member of an organisation.
    Membership(Login, Login),
    /// A new comment.
    Say(RepoName, PullNumber),
    /// Another text for a comment of ours.
    Edit(RepoName, CommentId),
    /// A status on a commit.
    Status(RepoName, CommitSha),
}

/// Whether a call leaves the forge as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It only looks.
    None,
    /// Done twice, it is there twice.
    Adds,
    /// Done twice, it is as if done once.
    Sets,
}

impl ForgeCall {
    /// What it changes.
    pub(crate) const fn effect(&self) -> Effect {
        match self {
            Self::Identity
            | Self::Version
            | Self::Rights(_)
            | Self::CommentsSince(_)
            | Self::Comment(..)
            | Self::OwnComments(..)
            | Self::Pull(..)
            | Self::Membership(..) => Effect::None,
            Self::Say(..) => Effect::Adds,
            // The newest status of a context counts.
            Self::Edit(..) | Self::Status(..) => Effect::Sets,
        }
    }
}

impl fmt::Display for ForgeCall {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => to.write_str("ask the forge whose token this is"),
            Self::Version => to.write_str("ask the forge for its version"),
            Self::Rights(repo) => write!(to, "ask for the rights in `{repo}`"),
            Self::CommentsSince(repo) => write!(to, "list the comments in `{repo}`"),
            Self::Comment(repo, id) => write!(to, "read comment {id} in `{repo}`"),
            Self::OwnComments(repo, number) => write!(to, "list the comments on `{repo}` #{number}"),
            Self::Pull(repo, number) => write!(to, "read the pull request `{repo}` #{number}"),
            Self::Membership(organisation, login) => {
                write!(to, "ask whether `{login}` is a member of `{organisation}`")
            }
            Self::Say(repo, number) => write!(to, "comment on `{repo}` #{number}"),
            Self::Edit(repo, id) => write!(to, "edit comment {id} in `{repo}`"),
            Self::Status(repo, sha) => write!(to, "set the status of {sha} in `{repo}`"),
        }
    }
}
