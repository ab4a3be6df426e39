//! How a request stands, by the address of its comment: it is read, and starts nothing.

use super::act::{RequestStands, Told};
use crate::core::Core;
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::requests::{self, Request, RequestPhase};
use crate::db::{DbError, repos};
use crate::words;
use cc_ci_forge::RepoName;
use cc_ci_model::exit;
use cc_ci_web::board::job::{JobEnd, JobId};
use rusqlite::Connection;

impl Told {
    fn about(stands: RequestStands, text: impl Into<String>) -> Self {
        Self { request: Some(stands), ..Self::done(text) }
    }
}

/// Where a comment is: the forge by its name in the settings, the repository, and the comment's id.
#[derive(Debug, PartialEq, Eq)]
struct CommentPlace {
    forge: String,
    repo: RepoName,
    comment: String,
}

impl CommentPlace {
    /// Reads the address that a browser shows for a comment on one of these forges (names and addresses).
    fn read<'a>(address: &str, mut forges: impl Iterator<Item = (&'a str, String)>) -> Option<Self> {
        let (page, comment) = address.trim().split_once("#issuecomment-")?;
        let below = |(name, url): (&'a str, String)| Some((name, page.strip_prefix(&url)?.strip_prefix('/')?));
        let (forge, path) = forges.find_map(below)?;
        let mut parts = path.split('/');
        let repo = format!("{}/{}", parts.next()?, parts.next()?).parse().ok()?;
        let conversation = ["pulls", "issues"].contains(&parts.next()?);
        let number = parts.next()?.parse::<u64>().is_ok() && comment.parse::<u64>().is_ok();
        (conversation && number).then(|| Self { forge: forge.to_owned(), repo, comment: comment.to_owned() })
    }
}

impl Core {
    /// How the request stands that a comment made.
    pub(super) async fn request(&self, address: &str) -> Result<Told, DbError> {
        let forges = self.forges.values().map(|desk| (desk.known.name.as_str(), desk.known.url.to_string()));
        let Some(place) = CommentPlace::read(address, forges) else {
            return Ok(Told::refused(
                "that is no comment on a forge of this server; an address is `URL/OWNER/NAME/pulls/NUMBER#issuecomment-NUMBER`",
            ));
        };
        let act = self.db.act(move |db| {
            let repo = repos::find(db, &place.forge, &place.repo)?;
            let request = repo.map(|repo| requests::of_comment(db, repo.id, &place.comment)).transpose()?.flatten();
            match request {
                Some(request) => stands(db, &request),
                None => Ok(Told::about(RequestStands::Unseen, "no such comment was read, or it asks for nothing")),
            }
        });
        act.await
    }
}

fn stands(db: &Connection, request: &Request) -> Result<Told, DbError> {
    let over = |code, text: &str| Ok(Told::about(RequestStands::Over { code }, text));
    let answer = request.answer.as_deref().unwrap_or("it was said before");
    match (request.phase, request.job) {
        (RequestPhase::Ignored | RequestPhase::Delivered, _) | (RequestPhase::Accepted, None) => {
            Ok(Told::about(RequestStands::Open, "read; nothing is decided yet"))
        }
        (RequestPhase::Refused, _) => over(exit::RED, &format!("refused: {answer}")),
        (RequestPhase::Withdrawn, _) => over(exit::CANCELLED, "withdrawn: its comment was deleted"),
        (RequestPhase::Answered, _) => over(exit::GREEN, "answered; it asked for no run"),
        (RequestPhase::Accepted, Some(job)) => of_job(db, &jobs::get(db, JobId(job))?),
    }
}

fn of_job(db: &Connection, job: &JobRow) -> Result<Told, DbError> {
    let run = jobs::attempts(db, job.id)?.pop().map(|attempt| attempt.run);
    let run = run.map(|run| format!("; run {run}")).unwrap_or_default();
    let open = |words: &str| Told::about(RequestStands::Open, format!("job {} {words}", job.id));
    Ok(match (job.phase, &job.end) {
        (JobPhase::Queued, _) => open(&format!("waits; {}", words::reason(&job.waits))),
        (JobPhase::Starting | JobPhase::Running, _) => open(&format!("runs{run}")),
        (JobPhase::Cancelling, _) => open(&format!("is being ended{run}")),
        (JobPhase::Ended, None) => {
            Told::about(RequestStands::Over { code: exit::INFRASTRUCTURE }, "no verdict was kept")
        }
        (JobPhase::Ended, Some(end)) => {
            let (code, words) = of_end(end);
            Told::about(RequestStands::Over { code }, words + &run)
        }
    })
}

/// The exit code and the words of an end. A run that could not begin is answered like a red one.
fn of_end(end: &JobEnd) -> (u8, String) {
    match end {
        JobEnd::Judged { color, level, blame } => {
            let level = level.map(|level| format!(", level {level} of 5")).unwrap_or_default();
            let fault = blame.map(|blame| format!(", blame: {blame}")).unwrap_or_default();
            (exit::of_color(*color, *blame), format!("{}{level}{fault}", color.word()))
        }
        JobEnd::Refused { why } => (exit::RED, format!("it could not be tested as it is: {why}")),
        JobEnd::Withdrawn { why } => (exit::CANCELLED, format!("not tested, because {why}")),
        JobEnd::Lost { why } => (exit::INFRASTRUCTURE, format!("no verdict: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{CommentPlace, of_end};
    use cc_ci_model::verdict::Color;
    use cc_ci_model::verdict::blame::Blame;
    use cc_ci_web::board::job::JobEnd;

    fn check(address: &str, expected: Option<(&str, &str, &str)>) {
        let forges =
            [("old", "https://git.example.org/gitea".to_owned()), ("main", "https://git.example.org".to_owned())];
        let place = CommentPlace::read(address, forges.into_iter());
        let seen = place.map(|place| (place.forge, place.repo.to_string(), place.comment));
        let expected = expected.map(|(forge, repo, id)| (forge.to_owned(), repo.to_owned(), id.to_owned()));
        assert_eq!(seen, expected, "{address}");
    }

    #[test]
    fn a_comment_is_found_by_the_address_that_a_browser_shows() {
        check("https://git.example.org/recipes/ghost/pulls/7#issuecomment-23", Some(("main", "recipes/ghost", "23")));
        check("https://git.example.org/recipes/ghost/issues/7#issuecomment-23", Some(("main", "recipes/ghost", "23")));
        check(
            "https://git.example.org/gitea/recipes/ghost/pulls/7#issuecomment-1",
            Some(("old", "recipes/ghost", "1")),
        );
        check(" https://git.example.org/a/b/pulls/7/files#issuecomment-1\n", Some(("main", "a/b", "1")));
    }

    #[test]
    fn what_is_no_comment_of_ours_is_none() {
        for address in [
            "",
            "23",
            "https://git.example.org/recipes/ghost/pulls/7",
            "https://git.example.org/recipes/ghost/pulls/7#issuecomment-",
            "https://git.example.org/recipes/ghost/pulls/7#issuecomment-2x",
            "https://git.example.org/recipes/ghost/pulls/x#issuecomment-2",
            "https://git.example.org/recipes/ghost/commit/7#issuecomment-2",
            "https://git.example.org.evil.example/recipes/ghost/pulls/7#issuecomment-2",
            "https://other.example.org/recipes/ghost/pulls/7#issuecomment-2",
            "https://git.example.org/../ghost/pulls/7#issuecomment-2",
        ] {
            check(address, None);
        }
    }

    #[test]
    fn only_a_green_verdict_ends_with_nought() {
        let judged = |color, blame| JobEnd::Judged { color, level: None, blame };
        let why = || "so".to_owned();
        for (end, code) in [
            (judged(Color::Green, None), 0),
            (judged(Color::Red, Some(Blame::Recipe)), 10),
            (judged(Color::Unverified, Some(Blame::Infrastructure)), 11),
            (judged(Color::Red, None), 1),
            (judged(Color::Cancelled, None), 12),
            (JobEnd::Refused { why: why() }, 10),
            (JobEnd::Withdrawn { why: why() }, 12),
            (JobEnd::Lost { why: why() }, 11),
        ] {
            assert_eq!(of_end(&end).0, code, "{end:?}");
        }
    }
}
