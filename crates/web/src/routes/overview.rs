//! `/`: one card per recipe, what needs somebody first.

use super::blocking::answer;
use crate::board::Board;
use crate::chart::Bars;
use crate::frame::{Frame, Here, page};
use crate::history::History;
use crate::rows::{KnownRun, Runs, UnknownRun};
use crate::source::PageSource;
use crate::words::{self, Moment};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use std::time::SystemTime;

/// What the reader looks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    color: String,
}

/// The colours that can be asked for.
const COLORS: [&str; 4] = ["red", "unverified", "green", "cancelled"];

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    q: String,
    color: String,
    colors: [&'static str; 4],
    cards: Vec<Card>,
    all: usize,
    counts: String,
    unknown: Vec<Arc<UnknownRun>>,
}

struct Card {
    name: String,
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    level: Option<u8>,
    version: Option<String>,
    about: String,
    when: Option<Moment>,
    since: Option<Moment>,
    reason: Option<String>,
    run: String,
    bars: Bars,
    flaky: usize,
    /// What goes on now: the words, and where to look.
    now: Option<(String, String)>,
}

pub(super) async fn overview(State(source): State<PageSource>, Query(search): Query<Search>) -> Response {
    answer(move || {
        let board = source.board();
        let runs = match source.runs() {
            Ok(runs) => runs,
            Err(error) => return super::unreadable(&board, &error),
        };
        page(StatusCode::OK, draw(&board, &runs, search).render())
    })
    .await
}

fn draw(board: &Board, runs: &Runs, search: Search) -> Overview {
    let now = SystemTime::now();
    let mut cards: Vec<Card> =
        History::of_all(&runs.known).iter().filter_map(|history| card(history, board, now)).collect();
    let count = |class: &str| cards.iter().filter(|card| card.class == class).count();
    let parts = COLORS.into_iter().chain(["running"]).map(|class| (class, count(class))).filter(|(_, many)| *many > 0);
    let counts = parts.map(|(class, many)| format!("{many} {class}")).collect::<Vec<_>>().join(", ");
    let all = cards.len();
    let wanted = search.q.trim().to_lowercase();
    let color = COLORS.into_iter().find(|color| *color == search.color);
    cards.retain(|card| card.name.to_lowercase().contains(&wanted) && color.is_none_or(|color| card.class == color));
    // The longest red first; where nothing has to be done, by name.
    let rank = |card: &Card| match card.class {
        "red" => (0, card.since.as_ref().map(|since| since.exact.clone()).unwrap_or_default()),
        "unverified" => (1, card.since.as_ref().map(|since| since.exact.clone()).unwrap_or_default()),
        "cancelled" | "running" => (2, String::new()),
        _ => (3, String::new()),
    };
    cards.sort_by(|one, other| (rank(one), &one.name).cmp(&(rank(other), &other.name)));
    Overview {
        frame: Frame::new("cc-ci: recipes", Here::Recipes, board),
        q: search.q,
        color: color.unwrap_or_default().to_owned(),
        colors: COLORS,
        cards,
        all,
        counts,
        unknown: runs.unknown.iter().filter(|run| run.why.is_some()).cloned().collect(),
    }
}

fn card(history: &History, board: &Board, now: SystemTime) -> Option<Card> {
    let run = history.shown()?;
    let (class, word) = words::standing(run);
    Some(Card {
        name: history.recipe.to_string(),
        class,
        sign: words::sign(class),
        word,
        level: run.level,
        version: run.version.clone(),
        about: about(run),
        when: Moment::read(&run.started, now),
        since: history.since().and_then(|since| Moment::read(since, now)),
        reason: run.reason.clone(),
        run: run.run.to_string(),
        bars: Bars::of(&history.runs),
        flaky: history.flaky().len(),
        now: goes_on(history, board),
    })
}

/// The commit, and the pull request it belongs to.
fn about(run: &KnownRun) -> String {
    match run.pr {
        Some(pr) => format!("{}, pull request {pr}", run.shown_head),
        None => run.shown_head.clone(),
    }
}

/// What goes on for a recipe: a run, else the job that comes next.
fn goes_on(history: &History, board: &Board) -> Option<(String, String)> {
    if let Some(run) = history.runs.iter().find(|run| run.goes_on()) {
        let place = run.whereabouts.clone().unwrap_or_else(|| "getting ready".to_owned());
        return Some((format!("running now: {place}"), format!("/run/{}", run.run)));
    }
    let queued = board.queued.iter().find(|row| row.job.recipe == history.recipe)?;
    Some((words::place(queued.before), "/queue".to_owned()))
}
