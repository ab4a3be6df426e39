//! Webhooks: signed hints, taken in a moment and believed in nothing.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use cc_ci_forge::{BODY_LIMIT, Delivery, ForgeDialect, HookSecrets, Poke, verify};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// One forge that may send hints.
pub(crate) struct Listener {
    pub(crate) dialect: ForgeDialect,
    pub(crate) secrets: HookSecrets,
    /// Whoever reads its comments.
    pub(crate) to: mpsc::Sender<Poke>,
}

/// All of them, by name.
type Listeners = Arc<BTreeMap<String, Listener>>;

/// The address that forges send their hints to.
pub(crate) fn router(listeners: BTreeMap<String, Listener>) -> Router {
    Router::new()
        .route("/hook/{forge}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(listeners))
}

async fn receive(
    State(listeners): State<Listeners>,
    Path(forge): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let Some(listener) = listeners.get(&forge) else { return StatusCode::NOT_FOUND };
    match verify(listener.dialect, &headers, &body, &listener.secrets) {
        Delivery::Poke(poke) => {
            // When more wait than are kept, the next look at the repository finds them all.
            drop(listener.to.try_send(poke));
            StatusCode::ACCEPTED
        }
        Delivery::Other => StatusCode::ACCEPTED,
        Delivery::Unsigned | Delivery::Forged => StatusCode::UNAUTHORIZED,
        Delivery::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Delivery::Senseless { .. } => StatusCode::BAD_REQUEST,
    }
}
