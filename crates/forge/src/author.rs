//! Who wrote a comment. Only a person can want something; who that person is, the forge has to vouch for.

use crate::names::{AccountId, Login};
use serde::Deserialize;

/// An account of a person or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, which stays.
    pub id: AccountId,
    /// Its name, which may change.
    pub login: Login,
}

/// The author of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// Somebody with an account, who wrote it here.
    Person(Account),
    /// The account whose token asks.
    Own,
    /// It was brought here from another forge. The account beside it may never have seen it.
    Migrated,
    /// The account is gone.
    Ghost,
    /// The forge's own automation.
    Actions,
    /// No account that could be addressed.
    Nobody,
}

/// A user as a forge writes one.
#[derive(Debug, Deserialize)]
pub(crate) struct RawUser {
    id: i64,
    #[serde(default)]
    login: Option<String>,
}

/// What these forges give the account of nobody any more.
const GHOST: i64 = -1;

/// What these forges give their automation.
const ACTIONS: i64 = -2;

impl RawUser {
    /// The account, if it is one.
    pub(crate) fn account(&self) -> Option<Account> {
        let login = self.login.as_deref()?.parse().ok()?;
        Some(Account { id: self.id.to_string().parse().ok()?, login })
    }
}

/// Tells who wrote a comment.
pub(crate) fn author(user: Option<&RawUser>, migrated: bool, own: &Account) -> Author {
    let Some(user) = user else { return if migrated { Author::Migrated } else { Author::Nobody } };
    match user.id {
        _ if migrated => Author::Migrated,
        GHOST => Author::Ghost,
        ACTIONS => Author::Actions,
        _ => match user.account() {
            Some(account) if account.id == own.id => Author::Own,
            Some(account) => Author::Person(account),
            None => Author::Nobody,
        },
    }
}
