//! `/pr/<owner>/<repo>/<n>`: everything that was asked for on one pull request, and what was answered.

use crate::board::Board;
use crate::board::job::PullPage;
use crate::board::request::{JobState, RequestRow, RequestState};
use crate::frame::{Frame, Here, page};
use crate::source::PageSource;
use crate::words::{self, Moment};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::time::SystemTime;

#[derive(Template)]
#[template(path = "pull.html")]
struct Pull {
    frame: Frame,
    name: String,
    rows: Vec<Row>,
}

struct Row {
    command: String,
    author: String,
    at: Option<String>,
    written: Moment,
    class: &'static str,
    sign: &'static str,
    word: String,
    more: Option<String>,
    commit: Option<String>,
    answer: Option<String>,
    runs: Vec<String>,
}

/// `owner/repo#7`.
pub(super) fn name(page: &PullPage) -> String {
    format!("{}/{}#{}", page.owner, page.repo, page.number)
}

/// The address of its page; `None` when its names could lead elsewhere.
pub(super) fn address(page: &PullPage) -> Option<String> {
    let plain = |text: &str| {
        let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        letters && text.bytes().any(|byte| byte != b'.')
    };
    let usable = plain(&page.owner) && plain(&page.repo);
    usable.then(|| format!("/pr/{}/{}/{}", page.owner, page.repo, page.number))
}

pub(super) async fn pull(
    State(source): State<PageSource>,
    Path((owner, repo, number)): Path<(String, String, String)>,
) -> Response {
    let board = source.board();
    let Ok(number) = number.parse() else { return super::missing(&board) };
    draw(&board, &PullPage { owner, repo, number })
}

fn draw(board: &Board, wanted: &PullPage) -> Response {
    let now = SystemTime::now();
    let rows: Vec<Row> =
        board.requests.iter().filter(|row| row.pull == *wanted).map(|request| row(request, now)).collect();
    if rows.is_empty() && !has_job(board, wanted) {
        return super::missing(board);
    }
    let name = name(wanted);
    let frame = Frame::new(format!("{name}: requests"), Here::Elsewhere, board);
    page(StatusCode::OK, Pull { frame, name, rows }.render())
}

/// Whether a job that is shown leads here; its request may be older than those the server still tells of.
fn has_job(board: &Board, wanted: &PullPage) -> bool {
    let queued = board.queued.iter().map(|row| &row.job);
    let running = board.running.iter().map(|row| &row.job);
    let ended = board.ended.iter().map(|row| &row.job);
    queued.chain(running).chain(ended).any(|job| job.pull.as_ref() == Some(wanted))
}

fn row(request: &RequestRow, now: SystemTime) -> Row {
    let (class, word, more) = state(&request.state);
    Row {
        command: request.command.clone(),
        author: request.author.clone(),
        at: request.address.as_ref().map(|at| at.as_str().to_owned()),
        written: Moment::seen(request.written, now),
        class,
        sign: words::sign(class),
        word,
        more,
        commit: request.commit.as_ref().map(|commit| commit.short().to_owned()),
        answer: request.answer.clone(),
        runs: request.runs.iter().map(ToString::to_string).collect(),
    }
}

fn state(state: &RequestState) -> (&'static str, String, Option<String>) {
    let plain = |class: &'static str, word: &str| (class, word.to_owned(), None);
    match state {
        RequestState::Delivered => plain("running", "seen, not decided yet"),
        RequestState::Refused { why } => ("cancelled", "refused".to_owned(), Some(why.clone())),
        RequestState::Withdrawn => plain("cancelled", "withdrawn"),
        RequestState::Answered => plain("cancelled", "answered"),
        RequestState::Accepted { state: JobState::Queued { before }, .. } => ("running", words::place(*before), None),
        RequestState::Accepted { state: JobState::Running, .. } => plain("running", "running"),
        RequestState::Accepted { state: JobState::Cancelling, .. } => plain("running", "told to end"),
        RequestState::Accepted { state: JobState::Ended(end), .. } => words::ended(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_have_no_address() {
        let page = |owner: &str, repo: &str| address(&PullPage { owner: owner.into(), repo: repo.into(), number: 7 });
        assert_eq!(page("coop", "mini.flux").as_deref(), Some("/pr/coop/mini.flux/7"));
        for (owner, repo) in [("..", "x"), ("x", "."), ("", "x"), ("a/b", "x"), ("a", "\"><script>"), ("a?", "x")] {
            assert_eq!(page(owner, repo), None, "{owner} {repo}");
        }
    }
}
