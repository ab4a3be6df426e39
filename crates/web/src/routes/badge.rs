//! `/badge/<recipe>.svg`: how the recipe itself stands, for a README.

use super::blocking::answer;
use super::tagged::tagged;
use crate::history::History;
use crate::source::PageSource;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use cc_ci_model::ids::RecipeName;
use cc_ci_pages::badge as drawing;
use cc_ci_store::replay;

/// A README's picture is always there: of a recipe that nobody knows it says so, with status 200.
pub(super) async fn badge(State(source): State<PageSource>, Path(file): Path<String>, asked: HeaderMap) -> Response {
    answer(move || {
        let recipe = file.strip_suffix(".svg").and_then(|name| RecipeName::parse(name).ok());
        let Some(recipe) = recipe else { return super::nothing() };
        let drawn = draw(&source, &recipe).map_or_else(|| drawing::unknown(recipe.as_str()), Ok);
        match drawn {
            Ok(svg) => tagged(&asked, "image/svg+xml", svg),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    })
    .await
}

fn draw(source: &PageSource, recipe: &RecipeName) -> Option<String> {
    let runs = source.runs().ok()?;
    let history = History::of(recipe, &runs.known);
    let (dir, _) = source.run(&history.standing()?.run)?;
    drawing::render(&replay::judged(&dir).ok()?.view()).ok()
}
