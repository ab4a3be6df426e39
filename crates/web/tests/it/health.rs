//! Alive, ready, and what every answer carries.

use crate::browser::Browser;
use axum::http::StatusCode;
use cc_ci_web::board::Board;
use std::sync::Arc;
use std::time::SystemTime;

#[tokio::test]
async fn a_server_that_answers_is_alive_and_says_what_it_is_not_ready_for() {
    let browser = Browser::new();
    let alive = browser.get("/healthz").await;
    assert_eq!((alive.status, alive.text.as_str()), (StatusCode::OK, "ok\n"));
    let starting = browser.get("/readyz").await;
    assert_eq!(starting.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(starting.text, "the server is still starting\n");
    let ready = Board { not_ready: Vec::new(), ..Board::starting(SystemTime::now()) };
    browser.publish.send(Arc::new(ready)).unwrap();
    let ready = browser.get("/readyz").await;
    assert_eq!((ready.status, ready.text.as_str()), (StatusCode::OK, "ready\n"));
}

#[tokio::test]
async fn every_answer_carries_the_policy_also_when_there_is_nothing() {
    let browser = Browser::new();
    for path in ["/healthz", "/readyz", "/no/such/page", "/%00"] {
        let page = browser.get(path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(page.headers["referrer-policy"], "same-origin", "{path}");
        assert_eq!(page.headers["cross-origin-opener-policy"], "same-origin", "{path}");
    }
    assert_eq!(browser.get("/no/such/page").await.status, StatusCode::NOT_FOUND);
}
