//! Whether somebody is a member of an organisation, where only the one answer that says so counts.

use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::ForgeError;
use crate::forge::Forge;
use crate::names::Login;
use crate::room;

/// What is known of a membership. Only [`MemberAnswer::Yes`] gives anybody a right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberAnswer {
    /// The forge says yes.
    Yes,
    /// No member; or there is no such account or no such organisation, which looks the same.
    No,
    /// The token's own account is no member, so that the forge shows it public members only.
    Unseen,
    /// Nobody knows.
    Unknown(ForgeError),
}

impl Forge {
    /// Asks whether `login` is a member of `organisation`.
    pub async fn membership(&self, organisation: &Login, login: &Login) -> MemberAnswer {
        let call = ForgeCall::Membership(organisation.clone(), login.clone());
        let path = ["orgs", organisation.as_str(), "members", login.as_str()];
        let answer = match self.ask(&call, Question::get(&path, room::WORD)).await {
            Ok(answer) => answer,
            Err(error) => return MemberAnswer::Unknown(error),
        };
        match answer.status {
            204 => MemberAnswer::Yes,
            404 => MemberAnswer::No,
            // To the public members. Anything else, such as a page to sign in, comes from somebody in between.
            302 | 303 if answer.location().is_some_and(|to| to.contains("/public_members/")) => MemberAnswer::Unseen,
            _ => MemberAnswer::Unknown(ForgeError::new(call, answer.fault())),
        }
    }
}
