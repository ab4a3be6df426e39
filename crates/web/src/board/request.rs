//! What was asked for in a comment on a pull request, and what came of it.

use super::job::{JobEnd, JobId, PullPage};
use cc_ci_model::ids::{Commit, RunId};
use cc_ci_pages::comment::Address;
use std::time::SystemTime;

/// A comment that asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// The comment's id on its forge.
    pub comment: String,
    /// The pull request it stands on.
    pub pull: PullPage,
    /// Where the comment can be read.
    pub address: Option<Address>,
    /// Who wrote it.
    pub author: String,
    /// What was written, in its first line.
    pub command: String,
    /// When it was written, by the forge's clock.
    pub written: SystemTime,
    /// What came of it.
    pub state: RequestState,
    /// The commit that was the head of the pull request when the request was accepted.
    pub commit: Option<Commit>,
    /// What was answered, in one line; `None` while nothing was.
    pub answer: Option<String>,
    /// The runs made for it, the first attempt first.
    pub runs: Vec<RunId>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestState {
    /// It was seen; whether it is obeyed is not decided.
    Delivered,
    /// It is not obeyed, and that was said once.
    Refused {
        /// Why.
        why: String,
    },
    /// Its comment was deleted, or its pull request closed, before it came to a run.
    Withdrawn,
    /// It was answered, without a job: `help`, `status`, `cancel`.
    Answered,
    /// It is obeyed.
    Accepted {
        /// By this job.
        job: JobId,
        /// How the job stands.
        state: JobState,
    },
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It waits.
    Queued {
        /// How many jobs go before it.
        before: usize,
    },
    /// It goes on.
    Running,
    /// It was told to end.
    Cancelling,
    /// It ended.
    Ended(JobEnd),
}
