//! Which address is answered by what.

mod assets;
mod badge;
mod blocking;
mod files;
mod health;
mod help;
mod live;
mod overview;
mod programs;
mod pull;
mod queue;
mod recipe;
mod run;
mod tagged;

use crate::board::Board;
use crate::frame::{Frame, Here, page};
use crate::gate::ConnectionGate;
use crate::headers;
use crate::source::PageSource;
use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use cc_ci_store::run_dir::RunDirError;
use std::future::Future;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// Every address that is answered. Whoever serves it has to hand over the address of who asks, as [`serve`] does.
pub fn router(source: PageSource) -> Router {
    Router::new()
        .route("/", get(overview::overview))
        .route("/recipe/{name}", get(recipe::recipe))
        .route("/run/{id}", get(run::run))
        .route("/run/{id}/live", get(live::live))
        .route("/queue", get(queue::queue))
        .route("/pr/{owner}/{repo}/{number}", get(pull::pull))
        .route("/help", get(help::help))
        .route("/badge/{file}", get(badge::badge))
        .route("/runs/{id}/{*file}", get(files::file))
        .route("/assets/cc-ci.css", get(assets::style))
        .route("/assets/cc-ci.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
        .route("/robots.txt", get(assets::robots))
        .route("/api/v1/schema", get(programs::schema))
        .route("/api/v1/recipes", get(programs::recipes))
        .route("/api/v1/recipes/{name}/runs", get(programs::runs))
        .route("/api/v1/runs/{id}", get(programs::run))
        .route("/api/v1/queue", get(programs::queue))
        .route("/api/v1/requests/{comment}", get(programs::requests))
        .route("/api/{*rest}", get(programs::nowhere))
        .route("/metrics", get(health::measured))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(nowhere)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(map_response(headers::guard))
        .with_state(source)
}

/// Answers at `listener` until `end` comes; what has begun by then is answered to its end, and streams end.
pub async fn serve(
    listener: TcpListener,
    source: PageSource,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let closing = source.closing();
    let service = router(source).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(ConnectionGate::before(listener), service)
        .with_graceful_shutdown(async move {
            end.await;
            // A stream has no end of its own as long as its run goes on.
            closing.cancel();
        })
        .await
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
    heading: &'static str,
    words: String,
}

async fn nowhere(axum::extract::State(source): axum::extract::State<PageSource>) -> Response {
    missing(&source.board())
}

/// The answer to an address that leads to nothing.
fn missing(board: &Board) -> Response {
    let words = "There is no such page. Runs are removed when they are old, and their pages with them.".to_owned();
    let frame = Frame::new("cc-ci: nothing here", Here::Elsewhere, board);
    page(StatusCode::NOT_FOUND, Missing { frame, heading: "Nothing here", words }.render())
}

/// The answer when the folder of all runs cannot be read.
fn unreadable(board: &Board, error: &RunDirError) -> Response {
    let what = match error {
        RunDirError::Io { source, .. } => source.to_string(),
        RunDirError::NoSuchRun { .. } | RunDirError::Exists { .. } | RunDirError::BadName(_) => error.to_string(),
    };
    let frame = Frame::new("cc-ci: no runs", Here::Elsewhere, board);
    let words = format!("The stored runs cannot be read: {what}.");
    page(StatusCode::INTERNAL_SERVER_ERROR, Missing { frame, heading: "No runs", words }.render())
}

/// The same for who is no reader of pages.
fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}
