//! `/help`: the one explanation of commands, colours, levels and blame.

use crate::frame::{Frame, Here, page};
use crate::source::PageSource;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use cc_ci_model::verdict::blame::Blame;

#[derive(Template)]
#[template(path = "help.html")]
struct Help {
    frame: Frame,
    blames: Vec<(Blame, &'static str)>,
}

pub(super) async fn help(State(source): State<PageSource>) -> Response {
    let blames = Blame::ALL.into_iter().map(|blame| (blame, meaning(blame))).collect();
    page(StatusCode::OK, Help { frame: Frame::new("cc-ci: help", Here::Help, &source.board()), blames }.render())
}

fn meaning(blame: Blame) -> &'static str {
    match blame {
        Blame::Recipe => "The commit under test. Its author can mend it.",
        Blame::Base => "The published version that operators run today, at which the app was first deployed.",
        Blame::Dependency => "Another recipe that this one needs.",
        Blame::Test => "A test or hook of the recipe, rather than the recipe.",
        Blame::Infrastructure => "Disk, memory, network or engine of the test machine. Comment again later.",
        Blame::Harness => "cc-ci itself. Its operators can mend it.",
        Blame::Cancelled => "Nobody: a person or a time limit ended the run.",
    }
}
