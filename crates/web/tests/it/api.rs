//! What programs are told: JSON that keeps to its published schema, and metrics.

use crate::boards;
use crate::browser::Browser;
use crate::planted::{Planted, green, like};
use axum::http::StatusCode;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

fn furnished() -> Browser {
    let browser = Browser::new();
    let root = browser.state().root().to_owned();
    green("over").plant(&root);
    Planted { pr: Some(7), started: "2026-11-28T12:00:00Z".into(), ..like("rolls-back", "pull") }.plant(&root);
    Planted { recipe: "unsure", ..like("unverified", "u1") }.plant(&root);
    browser.publish.send(Arc::new(boards::full(SystemTime::now(), "going-on", "over"))).unwrap();
    browser
}

#[tokio::test]
async fn every_answer_keeps_to_its_schema() {
    let browser = furnished();
    let published: Value = serde_json::from_str(&browser.get("/api/v1/schema").await.text).unwrap();
    for (address, name) in [
        ("recipes", "recipes"),
        ("recipes/miniflux/runs", "recipes/<name>/runs"),
        ("runs/over", "runs/<id>"),
        ("queue", "queue"),
        ("requests/4711", "requests/<comment>"),
        ("requests/4690", "requests/<comment>"),
    ] {
        let answer = browser.get(&format!("/api/v1/{address}")).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].to_str().unwrap()),
            (StatusCode::OK, "application/json"),
            "{address}"
        );
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.add_resource("api.json", published[name].clone()).unwrap();
        let schema = compiler.compile("api.json", &mut schemas).unwrap();
        let json: Value = serde_json::from_str(&answer.text).unwrap();
        schemas.validate(&json, schema).unwrap_or_else(|error| panic!("{address}: {error}"));
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let again = browser.ask(&format!("/api/v1/{address}"), &[("if-none-match", &tag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{address}");
    }
}

#[tokio::test]
async fn the_published_schema_is_the_reference_page() {
    let text = serde_json::to_string_pretty(&cc_ci_web::api::schemas()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/api.schema.json");
    if std::env::var_os("CC_CI_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == text,
        "write docs/reference/api.schema.json anew: CC_CI_WRITE=1 cargo test -p cc-ci-web --test it reference"
    );
}

#[tokio::test]
async fn runs_are_listed_a_part_at_a_time_and_none_is_listed_twice() {
    let browser = Browser::new();
    for at in 0..7 {
        let id = format!("r{at}");
        Planted { started: format!("2026-11-28T10:0{at}:00Z"), ..like("rolls-back", &id) }
            .plant(browser.state().root());
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let answer = browser.get(&format!("/api/v1/recipes/miniflux/runs?limit=3{after}")).await;
        let answer: Value = serde_json::from_str(&answer.text).unwrap();
        seen.extend(answer["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap().to_owned()));
        let Some(next) = answer["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]);
    assert_eq!(browser.get("/api/v1/recipes/miniflux/runs?after=gone").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_refusal_is_json_too() {
    let browser = furnished();
    for address in ["runs/nobody", "runs/%2e%2e", "requests/1", "recipes/..%2f/runs", "nothing", "runs/over/more"] {
        let answer = browser.get(&format!("/api/v1/{address}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
        let json: Value = serde_json::from_str(&answer.text).unwrap();
        assert!(json["error"].as_str().unwrap().len() > 10, "{address}");
    }
}

#[tokio::test]
async fn metrics_are_lines_that_prometheus_reads() {
    let browser = furnished();
    let answer = browser.get("/metrics").await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "cc_ci_queue_jobs{lane=\"pull\",state=\"queued\"} 1",
        "cc_ci_queue_jobs{lane=\"sweep\",state=\"queued\"} 1",
        "cc_ci_queue_jobs{lane=\"pull\",state=\"running\"} 1",
        "cc_ci_runs_total{color=\"green\",blame=\"none\"} 41",
        "cc_ci_runs_total{color=\"red\",blame=\"recipe\"} 3",
        "cc_ci_poll_age_seconds{repo=\"coop-cloud/miniflux\"} 14",
        "cc_ci_forge_requests_total{code=\"503\"} 4",
        "cc_ci_reports_pending 1",
        "cc_ci_alerts_open 1",
        "cc_ci_free_bytes 22548578304",
        "cc_ci_ready 1",
    ] {
        assert!(answer.text.lines().any(|one| one == line), "{line}: {}", answer.text);
    }
    assert!(answer.text.contains("cc_ci_run_seconds{recipe=\"miniflux\",tier=\"install\"} "));
    for line in answer.text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("cc_ci_") && value.parse::<f64>().is_ok(), "{line}");
    }
}
