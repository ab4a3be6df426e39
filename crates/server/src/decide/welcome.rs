//! Whether a comment is obeyed, before the forge is asked anything about its pull request.

use cc_ci_forge::MemberAnswer;

/// Older comments are not obeyed, in seconds of the forge's clock.
const TOO_OLD: i64 = 24 * 3600;

/// What is known of a comment when it is looked at for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FirstSight {
    /// When it was written, by the forge's clock.
    pub(crate) written: i64,
    /// When it was last changed, by the same clock.
    pub(crate) updated: i64,
    /// That clock now.
    pub(crate) now: i64,
    /// Whether the repository is looked after.
    pub(crate) enrolment: Enrolment,
}

/// Whether a repository is looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enrolment {
    /// It is.
    Enrolled,
    /// A webhook came, and nobody enrolled it.
    Stranger,
}

/// Why a request is not obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The repository is not looked after.
    Unenrolled,
    /// It waited too long for us.
    TooOld,
    /// Somebody changed it before it was seen; who, nobody can tell.
    Edited,
    /// Its author is no member.
    NoMember,
    /// We cannot see who is a member.
    Unseen,
}

/// What the comment alone decides.
pub(crate) const fn at_first_sight(seen: &FirstSight) -> Option<Refusal> {
    match seen.enrolment {
        Enrolment::Stranger => Some(Refusal::Unenrolled),
        Enrolment::Enrolled if seen.updated != seen.written => Some(Refusal::Edited),
        Enrolment::Enrolled if seen.now.saturating_sub(seen.written) > TOO_OLD => Some(Refusal::TooOld),
        Enrolment::Enrolled => None,
    }
}

/// What membership decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Obeyed.
    Member,
    /// Not obeyed, and that is said.
    Refused(Refusal),
    /// Nobody knows; asked again later.
    Unknown(cc_ci_forge::ForgeError),
}

/// Only the one answer that says so makes a member.
pub(crate) fn standing(answer: MemberAnswer) -> Standing {
    match answer {
        MemberAnswer::Yes => Standing::Member,
        MemberAnswer::No => Standing::Refused(Refusal::NoMember),
        MemberAnswer::Unseen => Standing::Refused(Refusal::Unseen),
        MemberAnswer::Unknown(error) => Standing::Unknown(error),
    }
}

impl Refusal {
    /// The answer, in one sentence of Markdown.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Unenrolled => "this repository is not enrolled here; its operator can change that",
            Self::TooOld => {
                "this comment waited for more than a day before it was seen; comment again to have it tested now"
            }
            Self::Edited => "this comment was edited before it was seen, so nobody knows who wrote it; comment again",
            Self::NoMember => "only members of the organisation can ask for that here",
            Self::Unseen => "cc-ci cannot see the members of the organisation; its operator has been told",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Enrolment, FirstSight, Refusal, at_first_sight};

    #[test]
    fn a_comment_is_taken_as_it_was_written_or_not_at_all() {
        let good = FirstSight { written: 100_000, updated: 100_000, now: 100_010, enrolment: Enrolment::Enrolled };
        let check = |seen, expected| assert_eq!(at_first_sight(&seen), expected);
        check(good, None);
        check(FirstSight { now: 186_400, ..good }, None);
        check(FirstSight { now: 186_401, ..good }, Some(Refusal::TooOld));
        // A clock that was put back.
        check(FirstSight { now: 50_000, ..good }, None);
        check(FirstSight { updated: 100_001, ..good }, Some(Refusal::Edited));
        check(FirstSight { enrolment: Enrolment::Stranger, ..good }, Some(Refusal::Unenrolled));
    }
}
