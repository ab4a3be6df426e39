//! The card of a series of upgrades: its verdict and its grid on one picture.

use crate::card::{CardError, HEIGHT, WIDTH, clean, rendered};
use crate::palette;
use crate::upgrades::cell;
use crate::width::{self, Weight};
use askama::Template;
use cc_ci_model::report::text::{count, seconds};
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::upgrades::tried::{TriedUpgrade, UpgradeAnswer};
use cc_ci_model::verdict::{Color, Status};

/// Rows that there is room for.
const ROWS: usize = 4;

/// Room between the borders.
const ACROSS: f64 = 1072.0;

#[derive(Template)]
#[template(path = "upgrades.svg")]
struct Card {
    width: u32,
    height: u32,
    recipe: String,
    from: String,
    head: String,
    head_x: f64,
    arrow: f64,
    verdict: String,
    pill: f64,
    fill: &'static str,
    bright: &'static str,
    blame: Option<String>,
    blame_x: f64,
    lines: Vec<(u32, String)>,
    columns: Vec<(u32, &'static str)>,
    rows: Vec<Row>,
    more: Option<String>,
    deploys: String,
    commit: String,
    day: String,
}

struct Row {
    y: u32,
    version: String,
    cells: Vec<(u32, &'static str, &'static str)>,
    time: String,
    paint: &'static str,
}

/// Draws the picture as PNG.
pub fn png(report: &UpgradesReport) -> Result<Vec<u8>, CardError> {
    rendered(&svg(report)?)
}

/// The drawing the picture is made from.
pub fn svg(report: &UpgradesReport) -> Result<String, CardError> {
    let plan = &report.plan;
    let from = count(report.tried.len(), "published version");
    let from_width = width::of(&from, 34.0, Weight::Regular) + 72.0;
    let word = report.color.word().to_uppercase();
    let pill = width::of(&word, 26.0, Weight::SemiBold) + 48.0;
    // The pill says the first word already.
    let said = report.headline();
    let said = said.strip_prefix(&word).unwrap_or(&said).trim();
    let lines = width::wrap(&clean(said), 26.0, Weight::Regular, ACROSS, 2);
    let shown = shown(report);
    let more = report.tried.len() - shown.len();
    let version = plan.head_version.as_deref().unwrap_or("head");
    let card = Card {
        width: WIDTH,
        height: HEIGHT,
        recipe: width::fit(&clean(plan.recipe.as_str()), 60.0, Weight::SemiBold, ACROSS),
        head: width::fit(&clean(version), 34.0, Weight::SemiBold, ACROSS - from_width),
        head_x: 64.0 + from_width,
        arrow: 64.0 + from_width - 56.0,
        from,
        pill,
        verdict: word,
        fill: fill(report.color),
        bright: palette::bright(report.color),
        blame: report.blame.map(|blame| format!("blame: {blame}")),
        blame_x: 64.0 + pill + 20.0,
        lines: lines.into_iter().zip(0..).map(|(line, at): (_, u32)| (330 + at * 36, line)).collect(),
        columns: Tier::ALL.into_iter().zip(0..).map(|(tier, at)| (column(at), tier.word())).collect(),
        rows: shown.into_iter().zip(0..).map(|(tried, at)| row(tried, at)).collect(),
        more: (more > 0).then(|| format!("and {more} more")),
        deploys: clean(&report.counts.line()),
        commit: format!("commit {}", plan.head.short()),
        day: clean(report.started.split('T').next().unwrap_or_default()),
    };
    Ok(card.render()?)
}

/// The rows that are drawn, the newest version first: what is not proven before what is.
fn shown(report: &UpgradesReport) -> Vec<&TriedUpgrade> {
    let rank = |tried: &TriedUpgrade| match tried.answer {
        UpgradeAnswer::Fails { .. } => 0,
        UpgradeAnswer::None { .. } => 1,
        UpgradeAnswer::Passes => 2,
    };
    let mut places: Vec<(u8, usize)> = report.tried.iter().map(rank).zip(0..).collect();
    places.sort_unstable();
    let mut kept: Vec<usize> = places.into_iter().take(ROWS).map(|(_, at)| at).collect();
    kept.sort_unstable();
    kept.into_iter().filter_map(|at| report.tried.get(at)).collect()
}

fn row(tried: &TriedUpgrade, at: u32) -> Row {
    let cells = Tier::ALL.into_iter().zip(0..).map(|(tier, at)| {
        let (class, word, _) = cell(tried, tier);
        let word = if class == "none" { "–" } else { word };
        (column(at), word, paint(class))
    });
    let status = match tried.answer {
        UpgradeAnswer::Passes => Status::Pass,
        UpgradeAnswer::Fails { .. } => Status::Fail,
        UpgradeAnswer::None { .. } => Status::Unver,
    };
    Row {
        y: 452 + at * 34,
        version: width::fit(&clean(&tried.version), 24.0, Weight::SemiBold, 330.0),
        cells: cells.collect(),
        time: tried.ms.map_or_else(|| "–".to_owned(), seconds),
        paint: palette::of_status(status),
    }
}

fn column(at: u32) -> u32 {
    430 + at * 122
}

fn paint(class: &str) -> &'static str {
    let status = match class {
        "pass" => Status::Pass,
        "fail" => Status::Fail,
        "unver" => Status::Unver,
        _ => Status::Skip,
    };
    palette::of_status(status)
}

/// The verdict's colour behind white text.
fn fill(color: Color) -> &'static str {
    match color {
        Color::Green => "#1a7f37",
        Color::Red => "#c0272d",
        Color::Unverified => "#96600a",
        Color::Cancelled => palette::NOTHING,
    }
}
