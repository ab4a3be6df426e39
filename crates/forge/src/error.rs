//! When a forge gives no answer that means something: what was asked, what came instead, and whether to ask again.

use crate::call::{Effect, ForgeCall};
use crate::json::Misfit;
use std::time::Duration;

/// A call that came to nothing. No message holds a token, an address with one, or words of the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {call}: {fault}")]
pub struct ForgeError {
    /// What was asked.
    pub call: ForgeCall,
    /// What came instead.
    pub fault: ForgeFault,
}

/// What came instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeFault {
    /// No connection; nothing was asked.
    #[error("the forge cannot be reached: {0}")]
    Unreachable(String),
    /// The limit passed.
    #[error("no whole answer within {0:?}")]
    Late(Duration),
    /// The connection ended before the answer did.
    #[error("the answer broke off")]
    Cut,
    /// The answer is longer than is taken into memory.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// So many pages are no answer to this question.
    #[error("the list has more than {0} pages")]
    Endless(u32),
    /// The answer is not JSON of the form it should have.
    #[error("the answer does not make sense at `{at}`: expected {expected}")]
    Senseless {
        /// Where in the JSON.
        at: String,
        /// What should be there.
        expected: String,
    },
    /// The forge does not know the token (401).
    #[error("the forge refuses the token (401)")]
    TokenRefused,
    /// The token lacks a scope (403).
    #[error("the token lacks a scope that this needs (403)")]
    ScopeMissing,
    /// Forbidden for another reason (403).
    #[error("the forge forbids it (403)")]
    Forbidden,
    /// The forge shows no such thing to this token (404).
    #[error("the forge shows no such thing (404)")]
    NotFound,
    /// The thing is elsewhere now, as after a rename. Where that is, nobody follows.
    #[error("the forge says that it is elsewhere now ({0}); a renamed repository has to be enrolled by its new name")]
    Moved(u16),
    /// Too much was asked (429), or the forge rests (503), with the time after which it may be asked again.
    #[error("the forge wants to be asked less ({status})")]
    Busy {
        /// 429 or 503.
        status: u16,
        /// What it said in `Retry-After`.
        after: Option<Duration>,
    },
    /// The forge has a fault of its own.
    #[error("the forge has a fault ({0})")]
    Broken(u16),
    /// An answer that this call never has.
    #[error("the forge gave an answer that does not belong to the question ({0})")]
    Strange(u16),
}

/// Whether and when the same call makes sense again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Not before somebody changed something: the token, the enrolment, the forge.
    NotByItself,
    /// Later, with growing pauses.
    Later,
    /// Not before this time has passed.
    After(Duration),
    /// It may have been done. Look first, and repeat it only if it was not.
    LookFirst,
}

impl ForgeError {
    pub(crate) const fn new(call: ForgeCall, fault: ForgeFault) -> Self {
        Self { call, fault }
    }

    /// Whether and when to try again.
    #[must_use]
    pub fn again(&self) -> Again {
        let adds = self.call.effect() == Effect::Adds;
        match &self.fault {
            ForgeFault::Busy { after: Some(after), .. } => Again::After(*after),
            ForgeFault::Busy { after: None, .. } | ForgeFault::Unreachable(_) => Again::Later,
            // The forge may have done it, and the answer, or whoever stands in front of it, failed afterwards.
            ForgeFault::Late(_)
            | ForgeFault::Cut
            | ForgeFault::Broken(_)
            | ForgeFault::TooLong(_)
            | ForgeFault::Senseless { .. }
            | ForgeFault::Strange(_)
                if adds =>
            {
                Again::LookFirst
            }
            ForgeFault::Late(_) | ForgeFault::Cut | ForgeFault::Broken(_) => Again::Later,
            // What stands in front of a forge while it starts answers pages of its own.
            ForgeFault::Senseless { .. } | ForgeFault::Strange(_) => Again::Later,
            ForgeFault::TooLong(_) | ForgeFault::Endless(_) => Again::NotByItself,
            ForgeFault::TokenRefused | ForgeFault::ScopeMissing | ForgeFault::Forbidden => Again::NotByItself,
            ForgeFault::NotFound | ForgeFault::Moved(_) => Again::NotByItself,
        }
    }
}

impl From<Misfit> for ForgeFault {
    fn from(Misfit { at, expected }: Misfit) -> Self {
        Self::Senseless { at, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, ForgeError, ForgeFault};
    use crate::call::ForgeCall;
    use crate::names::PullNumber;
    use std::time::Duration;

    fn check(fault: &ForgeFault, looking: Again, adding: Again) {
        let repo = || "recipes/ghost".parse().unwrap();
        let look = ForgeError::new(ForgeCall::Rights(repo()), fault.clone());
        let add = ForgeError::new(ForgeCall::Say(repo(), PullNumber(7)), fault.clone());
        assert_eq!((look.again(), add.again()), (looking, adding), "{fault}");
    }

    #[test]
    fn what_may_have_been_done_is_looked_for_first() {
        let late = ForgeFault::Late(Duration::from_secs(20));
        let senseless = ForgeFault::Senseless { at: "id".to_owned(), expected: "i64".to_owned() };
        for fault in [late, ForgeFault::Cut, ForgeFault::Broken(502), ForgeFault::Strange(200), senseless] {
            check(&fault, Again::Later, Again::LookFirst);
        }
        check(&ForgeFault::TooLong(1), Again::NotByItself, Again::LookFirst);
    }

    #[test]
    fn what_was_not_asked_or_was_refused_needs_no_look() {
        let after = Duration::from_secs(30);
        let busy = |after| ForgeFault::Busy { status: 429, after };
        check(&busy(Some(after)), Again::After(after), Again::After(after));
        check(&busy(None), Again::Later, Again::Later);
        check(&ForgeFault::Unreachable("refused".to_owned()), Again::Later, Again::Later);
        for fault in [ForgeFault::TokenRefused, ForgeFault::ScopeMissing, ForgeFault::NotFound, ForgeFault::Moved(301)]
        {
            check(&fault, Again::NotByItself, Again::NotByItself);
        }
    }

    #[test]
    fn an_error_says_what_was_asked_and_what_came() {
        let say = ForgeCall::Say("recipes/ghost".parse().unwrap(), PullNumber(7));
        let text = ForgeError::new(say, ForgeFault::Late(Duration::from_secs(20))).to_string();
        assert_eq!(text, "cannot comment on `recipes/ghost` #7: no whole answer within 20s");
    }
}
