//! Whose the token is, which forge answers, and what its clock says.

use crate::author::{Account, RawUser};
use crate::call::ForgeCall;
use crate::door::Question;
use crate::error::{ForgeError, ForgeFault};
use crate::forge::Forge;
use crate::room;
use crate::time::ForgeTime;
use serde::Deserialize;

/// Longer versions are cut when shown.
const VERSION: usize = 80;

#[derive(Debug, Deserialize)]
struct RawVersion {
    version: String,
}

impl Forge {
    /// The account whose token this is.
    pub async fn identity(&self) -> Result<Account, ForgeError> {
        let call = ForgeCall::Identity;
        let answer = self.ask(&call, Question::get(&["user"], room::ONE)).await?;
        let fail = |fault| ForgeError::new(call.clone(), fault);
        if answer.status != 200 {
            return Err(fail(answer.fault()));
        }
        let user: RawUser = answer.json().map_err(fail)?;
        let no_account = || fail(ForgeFault::Senseless { at: ".".to_owned(), expected: "an account".to_owned() });
        user.account().ok_or_else(no_account)
    }

    /// The same, asked once: what an account is does not change while its token is valid.
    pub(crate) async fn own(&self) -> Result<&Account, ForgeError> {
        self.own.get_or_try_init(|| self.identity()).await
    }

    /// What the forge calls its version. Nothing hangs on it; it is there to be shown.
    pub async fn version(&self) -> Result<String, ForgeError> {
        let call = ForgeCall::Version;
        let answer = self.ask(&call, Question::get(&["version"], room::ONE)).await?;
        let fail = |fault| ForgeError::new(call.clone(), fault);
        if answer.status != 200 {
            return Err(fail(answer.fault()));
        }
        let raw: RawVersion = answer.json().map_err(fail)?;
        Ok(raw.version.chars().filter(|letter| !letter.is_control()).take(VERSION).collect())
    }

    /// What the forge's clock says: where the cursor of a new repository begins.
    pub async fn now(&self) -> Result<ForgeTime, ForgeError> {
        let call = ForgeCall::Version;
        let answer = self.ask(&call, Question::get(&["version"], room::ONE)).await?;
        if answer.status != 200 {
            return Err(ForgeError::new(call, answer.fault()));
        }
        let no_date = || ForgeFault::Senseless { at: "Date".to_owned(), expected: "a time in this header".to_owned() };
        answer.date().ok_or_else(|| ForgeError::new(call, no_date()))
    }
}
