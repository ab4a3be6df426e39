//! Requests that need no run: how things stand, and an end of what goes on.

use super::say;
use crate::core::{Core, now};
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::requests::{Request, RequestPhase};
use crate::tell;
use crate::trouble::Trouble;
use crate::words;
use cc_ci_web::board::job::JobEnd;

/// So many runs are listed.
const LISTED: u32 = 5;

impl Core {
    /// Says how the runs of a pull request stand.
    pub(super) async fn tell_status(&self, request: Request) -> Result<(), Trouble> {
        let now = now();
        let act = self.db.act(move |db| {
            let found = jobs::of_pull(db, request.repo, request.pr, LISTED)?;
            let lines: Vec<String> = found.iter().map(line).collect();
            let text = match lines.as_slice() {
                [] => "Nothing was tested on this pull request yet.".to_owned(),
                lines => format!("The last runs of this pull request:\n\n{}", lines.join("\n")),
            };
            say(db, &request, RequestPhase::Answered, &text, now)
        });
        Ok(act.await?)
    }

    /// Ends every run of a pull request.
    pub(super) async fn cancel_all(&self, request: Request) -> Result<(), Trouble> {
        let (now, teller) = (now(), self.teller());
        let act = self.db.act(move |db| {
            let open = jobs::open_of_pull(db, request.repo, request.pr)?;
            let why = format!("{} asked for that in a comment", words_of(&request.author));
            for job in &open {
                tell::cancel(db, &teller, job, &why)?;
            }
            let text = match open.len() {
                0 => "There is nothing to end: no run of this pull request waits or goes on.".to_owned(),
                1 => "One run of this pull request is ended.".to_owned(),
                many => format!("{many} runs of this pull request are ended."),
            };
            say(db, &request, RequestPhase::Answered, &text, now)
        });
        Ok(act.await?)
    }
}

/// A name that mentions nobody.
fn words_of(author: &str) -> String {
    crate::command::quoted(author)
}

/// One job in one line.
fn line(job: &JobRow) -> String {
    let short = job.sha.as_str().get(..8).unwrap_or_default();
    let what: String = job.wish.arguments().iter().map(|word| format!(" {}", crate::command::quoted(word))).collect();
    let how = match (job.phase, &job.end) {
        (JobPhase::Queued, _) => format!("waits; {}", words::reason(&job.waits)),
        (JobPhase::Starting | JobPhase::Running, _) => "running".to_owned(),
        (JobPhase::Cancelling, _) => "ending".to_owned(),
        (JobPhase::Ended, Some(JobEnd::Judged { color, level, .. })) => {
            format!("{}{}", color.word(), level.map(|level| format!(", level {level} of 5")).unwrap_or_default())
        }
        (JobPhase::Ended, Some(JobEnd::Refused { .. })) => "could not be tested as it is".to_owned(),
        (JobPhase::Ended, Some(JobEnd::Withdrawn { why })) => format!("not tested, because {why}"),
        (JobPhase::Ended, Some(JobEnd::Lost { .. }) | None) => "no verdict".to_owned(),
    };
    format!("- {short}{what}: {how}")
}
