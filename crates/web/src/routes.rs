//! Which address is answered by what.

mod health;

use crate::headers;
use crate::source::PageSource;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::map_response;
use axum::routing::get;
use std::future::Future;
use std::net::SocketAddr;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;

/// Every address that is answered. Whoever serves it has to hand over the address of who asks, as [`serve`] does.
pub fn router(source: PageSource) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(nowhere)
        .layer(CatchPanicLayer::new())
        .layer(map_response(headers::guard))
        .with_state(source)
}

/// Answers at `listener` until `end` comes; what has begun by then is answered to its end.
pub async fn serve(
    listener: TcpListener,
    source: PageSource,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(source).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(end).await
}

async fn nowhere() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is no such page\n")
}
