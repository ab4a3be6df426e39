//! `/recipe/<name>`: the runs of one recipe, what they took, and where they disagree.

use super::blocking::answer;
use crate::board::Board;
use crate::chart::Trend;
use crate::frame::{Frame, Here, page};
use crate::history::History;
use crate::rows::{KnownRun, Scope};
use crate::source::PageSource;
use crate::words::{self, Moment};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use cc_ci_model::ids::RecipeName;
use cc_ci_model::report::life::Life;
use cc_ci_model::report::text::seconds;
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status};
use serde::Deserialize;
use std::sync::Arc;
use std::time::SystemTime;

/// How many runs a page shows.
pub(super) const PER_PAGE: usize = 30;

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Place {
    /// Counted from 1.
    page: Option<usize>,
}

#[derive(Template)]
#[template(path = "recipe.html")]
struct Recipe {
    frame: Frame,
    name: String,
    standing: Option<Row>,
    last_green: Option<Row>,
    /// The repository on its forge, and the changes since the last green.
    repository: Option<String>,
    changes: Option<String>,
    flaky: Vec<String>,
    trends: Vec<Trend>,
    rows: Vec<Row>,
    all: usize,
    older: Option<usize>,
    newer: Option<usize>,
}

/// A line of the list of runs.
struct Row {
    run: String,
    class: &'static str,
    sign: &'static str,
    word: &'static str,
    level: Option<u8>,
    version: Option<String>,
    commit: String,
    pr: Option<u64>,
    when: Option<Moment>,
    took: Option<String>,
    blame: Option<String>,
    tiers: Vec<(Tier, &'static str, &'static str)>,
    partial: bool,
    flaky: bool,
}

pub(super) async fn recipe(
    State(source): State<PageSource>,
    Path(name): Path<String>,
    Query(place): Query<Place>,
) -> Response {
    answer(move || {
        let board = source.board();
        let Ok(name) = RecipeName::parse(&name) else { return super::missing(&board) };
        let runs = match source.runs() {
            Ok(runs) => runs,
            Err(error) => return super::unreadable(&board, &error),
        };
        let history = History::of(&name, &runs.known);
        let known = board.repositories.iter().any(|row| row.recipe == name);
        if history.runs.is_empty() && !known {
            return super::missing(&board);
        }
        page(StatusCode::OK, draw(&board, &history, place.page.unwrap_or(1).max(1)).render())
    })
    .await
}

fn draw(board: &Board, history: &History, place: usize) -> Recipe {
    let now = SystemTime::now();
    let flaky = history.flaky();
    let row = |run: &Arc<KnownRun>| row(run, flaky.contains(&run.head), now);
    let from = (place - 1).saturating_mul(PER_PAGE);
    let shown: Vec<Row> = history.runs.iter().skip(from).take(PER_PAGE).map(row).collect();
    let last_green = history.last_green();
    let repository = board.repositories.iter().find(|row| row.recipe == history.recipe);
    let repository = repository.and_then(|row| row.address.as_ref()).map(|address| address.as_str().to_owned());
    let latest = history.standing().filter(|run| run.color != Color::Green);
    let changes = match (&repository, last_green, latest) {
        (Some(at), Some(green), Some(latest)) if green.head != latest.head => {
            Some(format!("{at}/compare/{}...{}", green.head, latest.head))
        }
        _ => None,
    };
    Recipe {
        frame: Frame::new(format!("{}: runs", history.recipe), Here::Elsewhere, board),
        name: history.recipe.to_string(),
        standing: history.standing().map(row),
        last_green: last_green.map(row),
        repository,
        changes,
        flaky: flaky.iter().map(|commit| commit.short().to_owned()).collect(),
        trends: trends(history),
        all: history.runs.len(),
        older: (from.saturating_add(PER_PAGE) < history.runs.len()).then(|| place + 1),
        newer: (place > 1).then_some(place - 1),
        rows: shown,
    }
}

fn row(run: &KnownRun, flaky: bool, now: SystemTime) -> Row {
    let (class, word) = words::standing(run);
    let tier = |(tier, status, _): &(Tier, Status, Option<u64>)| {
        let sign = match status {
            Status::Pass => "✓",
            Status::Fail => "✕",
            Status::Skip => "–",
            Status::Unver => "?",
        };
        (*tier, status.word(), sign)
    };
    Row {
        run: run.run.to_string(),
        class,
        sign: words::sign(class),
        word,
        level: run.level,
        version: run.version.clone(),
        commit: run.shown_head.clone(),
        pr: run.pr,
        when: Moment::read(&run.started, now),
        took: run.due_ms.map(seconds),
        blame: run.blame.filter(|_| run.color != Color::Cancelled).map(|blame| blame.to_string()),
        tiers: if run.goes_on() { Vec::new() } else { run.tiers.iter().map(tier).collect() },
        partial: run.scope == Scope::Partial,
        flaky,
    }
}

/// What the last complete runs took, tier by tier, and how far they came.
fn trends(history: &History) -> Vec<Trend> {
    let complete = |run: &&Arc<KnownRun>| run.scope == Scope::Complete && run.life == Life::Over;
    let runs: Vec<&Arc<KnownRun>> = history.runs.iter().filter(complete).take(PER_PAGE).collect();
    let verdicts: Vec<u64> = runs.iter().filter_map(|run| run.due_ms).collect();
    let levels: Vec<u64> = runs.iter().filter_map(|run| run.level.map(u64::from)).collect();
    let of_tier = |tier: Tier| {
        // Only a tier that passed took what it takes.
        let passed =
            |run: &&&Arc<KnownRun>| run.tiers.iter().any(|(one, status, _)| *one == tier && *status == Status::Pass);
        let time = |run: &&Arc<KnownRun>| run.tiers.iter().find(|(one, ..)| *one == tier).and_then(|(.., ms)| *ms);
        let times: Vec<u64> = runs.iter().filter(passed).filter_map(time).collect();
        Trend::of_times(tier.word(), &times)
    };
    let level = Trend::of_levels("level", &levels);
    let verdict = Trend::of_times("verdict", &verdicts);
    level.into_iter().chain(verdict).chain(Tier::ALL.into_iter().filter_map(of_tier)).collect()
}
