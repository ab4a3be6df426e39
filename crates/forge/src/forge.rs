//! One forge and one account on it.

use crate::author::Account;
use crate::call::ForgeCall;
use crate::dialect::ForgeDialect;
use crate::door::{Answer, Door, ForgeLimits, ForgeUrl, OpenError, Question};
use crate::error::ForgeError;
use crate::secret::Token;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A forge, as the account sees it whose token this is. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Forge {
    door: Door,
    dialect: ForgeDialect,
    token: Token,
    /// Whose token it is, once that was asked.
    pub(crate) own: Arc<OnceCell<Account>>,
}

impl Forge {
    /// Opens the door to a forge. Nothing is asked yet.
    pub fn open(url: ForgeUrl, dialect: ForgeDialect, token: Token) -> Result<Self, OpenError> {
        Self::open_within(url, dialect, token, ForgeLimits::default())
    }

    /// The same, with limits of one's own.
    pub fn open_within(
        url: ForgeUrl,
        dialect: ForgeDialect,
        token: Token,
        limits: ForgeLimits,
    ) -> Result<Self, OpenError> {
        Ok(Self { door: Door::open(url, limits)?, dialect, token, own: Arc::default() })
    }

    /// The same forge with another token: statuses need the right to write code, and nothing else should have it.
    #[must_use]
    pub fn with_token(&self, token: Token) -> Self {
        Self { door: self.door.clone(), dialect: self.dialect, token, own: Arc::default() }
    }

    /// Whose words it speaks.
    #[must_use]
    pub const fn dialect(&self) -> ForgeDialect {
        self.dialect
    }

    /// Asks once, for a call.
    pub(crate) async fn ask(&self, call: &ForgeCall, question: Question<'_>) -> Result<Answer, ForgeError> {
        let asked = self.door.ask(&self.token, question).await;
        asked.map_err(|fault| ForgeError::new(call.clone(), fault))
    }
}
