//! What a token may do in a repository.

use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::ForgeError;
use crate::forge::Forge;
use crate::names::RepoName;
use crate::room;
use serde::Deserialize;

/// Whether the forge shows a repository to this token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightsAnswer {
    /// It does.
    Seen(Rights),
    /// There is none of this name, or it is private.
    NotSeen,
}

/// What may be done in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The most that the token's account may do.
    pub access: RepoAccess,
    /// Whether it takes anything at all.
    pub storage: RepoStorage,
    /// Whether it has pull requests.
    pub pulls: RepoPulls,
}

/// How far the rights of an account go. Who writes code may set statuses; everybody who reads may comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RepoAccess {
    /// Nothing.
    None,
    /// Reading.
    Read,
    /// Writing code.
    Write,
    /// Everything.
    Admin,
}

/// Whether a repository can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoStorage {
    /// It can.
    Live,
    /// It is kept as it is, and takes no comment either.
    Archived,
}

/// Whether a repository has pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoPulls {
    /// It has.
    On,
    /// They are switched off.
    Off,
}

#[derive(Debug, Deserialize)]
struct RawRepo {
    #[serde(default)]
    archived: Option<bool>,
    #[serde(default)]
    has_pull_requests: Option<bool>,
    #[serde(default)]
    permissions: Option<RawPermissions>,
}

#[derive(Debug, Deserialize)]
struct RawPermissions {
    admin: bool,
    push: bool,
    pull: bool,
}

impl RawRepo {
    fn rights(&self) -> Rights {
        let access = match &self.permissions {
            Some(RawPermissions { admin: true, .. }) => RepoAccess::Admin,
            Some(RawPermissions { push: true, .. }) => RepoAccess::Write,
            Some(RawPermissions { pull: true, .. }) => RepoAccess::Read,
            Some(_) | None => RepoAccess::None,
        };
        let storage = if self.archived == Some(true) { RepoStorage::Archived } else { RepoStorage::Live };
        let pulls = if self.has_pull_requests == Some(false) { RepoPulls::Off } else { RepoPulls::On };
        Rights { access, storage, pulls }
    }
}

impl Forge {
    /// What this token may do in a repository.
    pub async fn rights(&self, repo: &RepoName) -> Result<RightsAnswer, ForgeError> {
        let call = ForgeCall::Rights(repo.clone());
        let answer = self.ask(&call, Question::get(&["repos", repo.owner(), repo.name()], room::ONE)).await?;
        match answer.status {
            200 => {
                let raw: RawRepo = answer.json().map_err(|fault| ForgeError::new(call, fault))?;
                Ok(RightsAnswer::Seen(raw.rights()))
            }
            404 => Ok(RightsAnswer::NotSeen),
            _ => Err(ForgeError::new(call, answer.fault())),
        }
    }
}
