//! `/api/v1/…`: the same for programs, as JSON with tags, a part at a time.

use super::blocking::answer;
use super::tagged::tagged;
use crate::api::{
    EndedEntry, QueueAnswer, QueuedEntry, RecipeEntry, RecipesAnswer, RequestEntry, RequestsAnswer, RunEntry,
    RunningEntry, RunsAnswer, SCHEMA, schemas,
};
use crate::history::History;
use crate::rows::RunRow;
use crate::source::PageSource;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::report::results::Results;
use cc_ci_store::replay;
use serde::{Deserialize, Serialize};

/// The most runs of one answer.
const MOST: usize = 100;

/// How many there are when nobody says.
const USUAL: usize = 30;

fn json(asked: &HeaderMap, answer: &impl Serialize) -> Response {
    match serde_json::to_string(answer) {
        Ok(text) => tagged(asked, "application/json", text + "\n"),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// A refusal, as JSON, too.
fn refused(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(serde_json::json!({ "schema": SCHEMA, "error": why }))).into_response()
}

/// Says that there is no such address.
pub(super) async fn nowhere() -> Response {
    refused(StatusCode::NOT_FOUND, "there is no such address; /api/v1/schema describes those there are")
}

pub(super) async fn schema(asked: HeaderMap) -> Response {
    json(&asked, &schemas())
}

pub(super) async fn recipes(State(source): State<PageSource>, asked: HeaderMap) -> Response {
    answer(move || match source.runs() {
        Ok(runs) => {
            let recipes = History::of_all(&runs.known).iter().map(RecipeEntry::of).collect();
            json(&asked, &RecipesAnswer { schema: SCHEMA, recipes })
        }
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the stored runs cannot be read"),
    })
    .await
}

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Part {
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn runs(
    State(source): State<PageSource>,
    Path(name): Path<String>,
    Query(part): Query<Part>,
    asked: HeaderMap,
) -> Response {
    answer(move || {
        let Ok(recipe) = RecipeName::parse(&name) else {
            return refused(StatusCode::NOT_FOUND, "that is no recipe's name");
        };
        let Ok(all) = source.runs() else {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, "the stored runs cannot be read");
        };
        let history = History::of(&recipe, &all.known);
        let from = match &part.after {
            None => 0,
            Some(after) => match history.runs.iter().position(|run| run.run.as_str() == after) {
                Some(at) => at + 1,
                None => return refused(StatusCode::GONE, "the run to go on after is not stored any more: begin anew"),
            },
        };
        let limit = part.limit.unwrap_or(USUAL).clamp(1, MOST);
        let runs: Vec<RunEntry> = history.runs.iter().skip(from).take(limit).map(|run| RunEntry::of(run)).collect();
        let last = history.runs.get(from + runs.len().saturating_sub(1)).map(|run| run.run.to_string());
        let next = last.filter(|_| from + runs.len() < history.runs.len());
        json(&asked, &RunsAnswer { schema: SCHEMA, recipe: recipe.to_string(), runs, next })
    })
    .await
}

pub(super) async fn run(State(source): State<PageSource>, Path(id): Path<String>, asked: HeaderMap) -> Response {
    answer(move || {
        let found = RunId::parse(&id).ok().and_then(|run| source.run(&run));
        match found {
            None => refused(StatusCode::NOT_FOUND, "no run of that id is stored"),
            Some((_, RunRow::Unknown(unknown))) => {
                let why = unknown.why.as_deref().unwrap_or("the run prepares: it has no record yet");
                refused(StatusCode::NOT_FOUND, why)
            }
            Some((dir, RunRow::Known(_))) => match replay::judged(&dir) {
                Ok(judged) => json(&asked, &Results::new(&judged.view())),
                Err(_) => refused(StatusCode::NOT_FOUND, "its record cannot be read"),
            },
        }
    })
    .await
}

pub(super) async fn queue(State(source): State<PageSource>, asked: HeaderMap) -> Response {
    let board = source.board();
    let answer = QueueAnswer {
        schema: SCHEMA,
        intake: board.intake,
        slots: board.slots,
        running: board.running.iter().map(RunningEntry::of).collect(),
        queued: board.queued.iter().map(QueuedEntry::of).collect(),
        ended: board.ended.iter().map(EndedEntry::of).collect(),
    };
    json(&asked, &answer)
}

pub(super) async fn requests(
    State(source): State<PageSource>,
    Path(comment): Path<String>,
    asked: HeaderMap,
) -> Response {
    let board = source.board();
    let requests: Vec<RequestEntry> =
        board.requests.iter().filter(|row| row.comment == comment).map(RequestEntry::of).collect();
    if requests.is_empty() {
        return refused(StatusCode::NOT_FOUND, "no comment of that id was seen");
    }
    json(&asked, &RequestsAnswer { schema: SCHEMA, requests })
}
