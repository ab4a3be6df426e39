//! `/run/<id>`: the run's own page, while it goes on and afterwards.

use super::blocking::answer;
use crate::board::Board;
use crate::frame::{Frame, Here, page};
use crate::rows::{RunRow, UnknownRun, without_place};
use crate::source::PageSource;
use crate::words;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::ReportView;
use cc_ci_pages::page::{self as run_page, Attachments, FilesAt, Log};
use cc_ci_store::kept::{self, Kept};
use cc_ci_store::replay::{self, Judged};
use cc_ci_store::run_dir::RunDir;
use cc_ci_store::serving::{self, ShownFile};

/// A reader without scripts sees a run that goes on anew after so many seconds.
const REFRESH: u32 = 5;

#[derive(Template)]
#[template(path = "run.html")]
struct RunDocument {
    frame: Frame,
    recipe: String,
    pull: Option<String>,
    state: String,
    /// Where the parts of a run that goes on come from.
    live: Option<String>,
    article: String,
}

#[derive(Template)]
#[template(path = "unknown.html")]
struct UnknownDocument {
    frame: Frame,
    run: String,
    why: Option<String>,
    files: Vec<&'static str>,
}

pub(super) async fn run(State(source): State<PageSource>, Path(id): Path<String>) -> Response {
    answer(move || {
        let board = source.board();
        let found = RunId::parse(&id).ok().and_then(|run| source.run(&run));
        let Some((dir, row)) = found else { return super::missing(&board) };
        match row {
            RunRow::Unknown(unknown) => page(StatusCode::OK, undrawn(&board, &unknown, &dir).render()),
            RunRow::Known(known) => match drawn(&board, &known.run, &dir) {
                Ok(document) => page(StatusCode::OK, document.render()),
                Err(why) => {
                    let unknown = UnknownRun { run: known.run.clone(), life: known.life, why: Some(why) };
                    page(StatusCode::OK, undrawn(&board, &unknown, &dir).render())
                }
            },
        }
    })
    .await
}

fn drawn(board: &Board, run: &RunId, dir: &RunDir) -> Result<RunDocument, String> {
    let judged = replay::judged(dir).map_err(|error| without_place(dir, &error))?;
    let kept = kept::read(dir).map_err(|error| without_place(dir, &error))?;
    let view = judged.view();
    let attachments = attachments(run, kept);
    let article = run_page::body(&view, &judged.plan, &attachments).map_err(|error| error.to_string())?;
    let row = board.running.iter().find(|row| row.run == *run);
    let frame = Frame::new(title(&view), Here::Elsewhere, board);
    Ok(RunDocument {
        frame: if view.goes_on() { frame.refreshed(REFRESH) } else { frame },
        recipe: view.recipe.to_string(),
        pull: row.and_then(|row| super::pull::address(row.job.pull.as_ref()?)),
        state: words::state(&view, row),
        live: view.goes_on().then(|| live_from(run, &judged)),
        article,
    })
}

/// What the folder holds, with links to where it is served.
fn attachments(run: &RunId, kept: Kept) -> Attachments {
    let log = |log: kept::KeptLog| Log { service: log.service, file: log.file, text: log.text, cut: log.cut };
    Attachments {
        logs: kept.logs.into_iter().map(log).collect(),
        effective_stack: kept.effective_stack,
        screenshot: kept.screenshot,
        files: FilesAt::Below(format!("/runs/{run}/")),
    }
}

/// The stream of what follows the page.
fn live_from(run: &RunId, judged: &Judged) -> String {
    let after = judged.evidence.last_seq().map(|seq| format!("?after={seq}")).unwrap_or_default();
    format!("/run/{run}/live{after}")
}

fn title(view: &ReportView) -> String {
    format!("{} {}", view.recipe, view.version.as_deref().unwrap_or(&view.shown_head))
}

fn undrawn(board: &Board, unknown: &UnknownRun, dir: &RunDir) -> UnknownDocument {
    let shown = ["events.jsonl", "results.json", "summary.txt", "lint.txt"];
    let there = |name: &&str| {
        ShownFile::parse(name).is_some_and(|file| serving::open(dir, &file).is_ok_and(|file| file.is_some()))
    };
    let frame = Frame::new(format!("run {}", unknown.run), Here::Elsewhere, board);
    UnknownDocument {
        frame: if unknown.why.is_none() { frame.refreshed(REFRESH) } else { frame },
        run: unknown.run.to_string(),
        why: unknown.why.clone(),
        files: shown.into_iter().filter(there).collect(),
    }
}
