//! What stands around every page: title, navigation, what the server has to say, and the files that pages load.

use crate::board::{Board, Intake};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// The style of all pages: that of the run page, and what only the server's pages have.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(&[cc_ci_pages::page::STYLE, include_str!("../templates/site.css")]));

/// The script of all pages; each works without it.
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(&[cc_ci_pages::page::SCRIPT, include_str!("../templates/live.js")]));

/// A file that pages load. Its address changes with its content, so that a browser may keep it for ever.
pub(crate) struct Asset {
    pub(crate) text: String,
    pub(crate) tag: String,
}

impl Asset {
    fn new(parts: &[&str]) -> Self {
        let text = parts.concat();
        let digest = Sha256::digest(text.as_bytes());
        Self { tag: hex::encode(&digest[..8]), text }
    }
}

/// The frame of one page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) title: String,
    /// Which entry of the navigation is the page itself.
    pub(crate) here: Here,
    /// After how many seconds a reader without scripts is shown the page anew.
    pub(crate) refresh: Option<u32>,
    /// What the server has to say on every page.
    pub(crate) banner: Vec<String>,
}

/// An entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    Recipes,
    Queue,
    Help,
    Elsewhere,
}

impl Frame {
    pub(crate) fn new(title: impl Into<String>, here: Here, board: &Board) -> Self {
        let intake = match board.intake {
            Intake::Open => None,
            Intake::Paused => Some("The queue is paused by an operator: nothing new starts.".to_owned()),
            Intake::Draining => {
                Some("The server is to be stopped: it waits for its runs, and nothing new starts.".to_owned())
            }
        };
        let alerts = match board.alerts.len() {
            0 => None,
            1 => board.alerts.first().map(|alert| alert.text.clone()),
            more => Some(format!("{more} things have to be seen to.")),
        };
        Self { title: title.into(), here, refresh: None, banner: intake.into_iter().chain(alerts).collect() }
    }

    pub(crate) fn refreshed(self, seconds: u32) -> Self {
        Self { refresh: Some(seconds), ..self }
    }

    pub(crate) fn style(&self) -> String {
        format!("/assets/cc-ci.css?v={}", STYLE.tag)
    }

    pub(crate) fn script(&self) -> String {
        format!("/assets/cc-ci.js?v={}", SCRIPT.tag)
    }

    /// The attribute by which the navigation says that this is the page itself.
    pub(crate) fn current(&self, entry: Here) -> &'static str {
        if self.here == entry { r#" aria-current="page""# } else { "" }
    }
}

/// A page as an answer. It changes with the next run, so nobody keeps it.
pub(crate) fn page(status: StatusCode, drawn: Result<String, askama::Error>) -> Response {
    match drawn {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot draw the page: {error}\n")).into_response(),
    }
}
