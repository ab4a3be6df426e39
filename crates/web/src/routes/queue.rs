//! `/queue`: what goes on, what waits and why, what ended, and how the server itself stands.

use super::blocking::answer;
use super::pull;
use crate::board::job::{EndedRow, Job, Phase, QueuedRow, RunningRow};
use crate::board::{AlertRow, Board, Intake};
use crate::frame::{Frame, Here, page};
use crate::history::History;
use crate::rows::{KnownRun, RunRow};
use crate::source::PageSource;
use crate::words::{self, Moment};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A reader without scripts sees the queue anew after so many seconds.
const REFRESH: u32 = 10;

/// How many jobs that ended are shown.
const ENDED: usize = 20;

/// How many of a recipe's last runs tell how long the next one may take.
const ESTIMATED_BY: usize = 5;

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    frame: Frame,
    intake: &'static str,
    slots: usize,
    not_ready: Vec<String>,
    running: Vec<Running>,
    queued: Vec<Queued>,
    ended: Vec<Ended>,
    alerts: Vec<(String, Moment)>,
    forges: Vec<(String, Option<Moment>, Option<String>)>,
    repositories: Vec<Repository>,
}

/// What a job is about, in words and links.
struct About {
    recipe: String,
    commit: String,
    lane: &'static str,
    pull: Option<(String, String)>,
}

struct Running {
    about: About,
    run: String,
    since: Moment,
    place: String,
}

struct Queued {
    about: About,
    place: usize,
    since: Moment,
    why: String,
    takes: Option<String>,
}

struct Ended {
    about: About,
    run: Option<String>,
    at: Moment,
    class: &'static str,
    sign: &'static str,
    word: String,
    more: Option<String>,
}

struct Repository {
    name: String,
    at: Option<String>,
    recipe: String,
    polled: Option<Moment>,
    failing: Option<String>,
}

pub(super) async fn queue(State(source): State<PageSource>) -> Response {
    answer(move || {
        let board = source.board();
        let runs = match source.runs() {
            Ok(runs) => runs,
            Err(error) => return super::unreadable(&board, &error),
        };
        page(StatusCode::OK, draw(&source, &board, &runs.known).render())
    })
    .await
}

fn draw(source: &PageSource, board: &Board, known: &[Arc<KnownRun>]) -> Queue {
    let now = SystemTime::now();
    let takes = estimates(known);
    let repository = |row: &crate::board::forge::RepositoryRow| Repository {
        name: format!("{}/{}", row.owner, row.name),
        at: row.address.as_ref().map(|at| at.as_str().to_owned()),
        recipe: row.recipe.to_string(),
        polled: row.polled.map(|at| Moment::seen(at, now)),
        failing: row.failing.as_ref().map(|failing| failing.why.clone()),
    };
    Queue {
        frame: Frame::new("cc-ci: queue", Here::Queue, board).refreshed(REFRESH),
        intake: match board.intake {
            Intake::Open => "New runs are started.",
            Intake::Paused => "The queue is paused: nothing new starts.",
            Intake::Draining => "The server waits for its runs to end: nothing new starts.",
        },
        slots: board.slots,
        not_ready: board.not_ready.clone(),
        running: board.running.iter().map(|row| running(source, row, now)).collect(),
        queued: board.queued.iter().map(|row| queued(row, &takes, now)).collect(),
        ended: board.ended.iter().take(ENDED).map(|row| ended(row, now)).collect(),
        alerts: board
            .alerts
            .iter()
            .map(|AlertRow { text, since, .. }| (text.clone(), Moment::seen(*since, now)))
            .collect(),
        forges: board
            .forges
            .iter()
            .map(|row| {
                let answered = row.answered.map(|at| Moment::seen(at, now));
                (row.name.clone(), answered, row.failing.as_ref().map(|failing| failing.why.clone()))
            })
            .collect(),
        repositories: board.repositories.iter().map(repository).collect(),
    }
}

fn about(job: &Job) -> About {
    About {
        recipe: job.recipe.to_string(),
        commit: job.commit.short().to_owned(),
        lane: job.lane.word(),
        pull: job.pull.as_ref().and_then(|page| Some((pull::name(page), pull::address(page)?))),
    }
}

fn running(source: &PageSource, row: &RunningRow, now: SystemTime) -> Running {
    let place = match (row.phase, source.run(&row.run)) {
        (Phase::Starting, _) => "starting".to_owned(),
        (Phase::Cancelling, _) => "told to end".to_owned(),
        (Phase::Running, Some((_, RunRow::Known(known)))) => {
            known.whereabouts.clone().unwrap_or_else(|| "drawing its reports".to_owned())
        }
        (Phase::Running, Some((_, RunRow::Unknown(_))) | None) => "preparing".to_owned(),
    };
    let node = row.node.as_ref().map(|node| format!(", on {node}")).unwrap_or_default();
    Running {
        about: about(&row.job),
        run: row.run.to_string(),
        since: Moment::seen(row.since, now),
        place: place + &node,
    }
}

fn queued(row: &QueuedRow, takes: &HashMap<String, Duration>, now: SystemTime) -> Queued {
    let starts = row.estimate.map(|time| format!(", starts in about {}", words::long(time))).unwrap_or_default();
    Queued {
        place: row.before + 1,
        since: Moment::seen(row.since, now),
        why: format!("{}{starts}", words::waits(&row.waits)),
        takes: takes.get(row.job.recipe.as_str()).map(|time| words::long(*time)),
        about: about(&row.job),
    }
}

fn ended(row: &EndedRow, now: SystemTime) -> Ended {
    let (class, word, more) = words::ended(&row.end);
    Ended {
        about: about(&row.job),
        run: row.run.as_ref().map(ToString::to_string),
        at: Moment::seen(row.at, now),
        class,
        sign: words::sign(class),
        word,
        more,
    }
}

/// How long a run of each recipe takes: the median of its last runs that came to their end.
fn estimates(known: &[Arc<KnownRun>]) -> HashMap<String, Duration> {
    let of = |history: History| {
        let ended = history.runs.iter().filter_map(|run| run.end_ms);
        let mut times: Vec<u64> = ended.take(ESTIMATED_BY).collect();
        times.sort_unstable();
        Some((history.recipe.to_string(), Duration::from_millis(*times.get(times.len() / 2)?)))
    };
    History::of_all(known).into_iter().filter_map(of).collect()
}
