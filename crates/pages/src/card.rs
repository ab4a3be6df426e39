//! `card.png`: the run on one picture, drawn in this process from an SVG with embedded fonts, so it is the same everywhere.

use crate::escape::plain;
use crate::palette;
use crate::subject;
use crate::width::{self, Weight};
use askama::Template;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::text::{first_line, seconds};
use cc_ci_model::verdict::Status;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use std::sync::{Arc, LazyLock};

/// Width of the picture in pixels; the size that sites expect of a preview.
pub const WIDTH: u32 = 1200;
/// Height of the picture in pixels.
pub const HEIGHT: u32 = 630;

/// Only these; what the machine has would make another picture on another machine.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../fonts/Inter-Regular.otf").to_vec());
    fonts.load_font_data(include_bytes!("../fonts/Inter-SemiBold.otf").to_vec());
    Arc::new(fonts)
});

/// Room for text left of the level.
const BESIDE: f64 = 800.0;

/// Why a card could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// The template could not be filled.
    #[error("cannot draw the card: {0}")]
    Template(#[from] askama::Error),
    /// The drawing is not one: a defect of cc-ci.
    #[error("cannot draw the card: {0}")]
    Svg(#[from] usvg::Error),
    /// There is no memory for the picture, or it could not be packed.
    #[error("cannot draw the card: {0}")]
    Picture(String),
}

#[derive(Template)]
#[template(path = "card.svg")]
struct Card {
    recipe: String,
    size: f64,
    base: Option<String>,
    head: String,
    head_x: f64,
    arrow: Option<f64>,
    verdict: String,
    pill: f64,
    fill: &'static str,
    bright: &'static str,
    blame: Option<String>,
    blame_x: f64,
    lines: Vec<(u32, String)>,
    level: String,
    scale: &'static str,
    arcs: Vec<Arc5>,
    rungs: Vec<Rung>,
    deploys: String,
    time: String,
    commit: String,
    day: String,
}

/// One fifth of the ring.
struct Arc5 {
    d: String,
    paint: &'static str,
}

/// One rung of the ladder.
struct Rung {
    x: u32,
    name: &'static str,
    word: &'static str,
    paint: &'static str,
    status: Status,
}

/// Draws the picture as PNG.
pub fn png(view: &ReportView) -> Result<Vec<u8>, CardError> {
    rendered(&svg(view)?)
}

/// A drawing as PNG.
pub(crate) fn rendered(svg: &str) -> Result<Vec<u8>, CardError> {
    let options =
        usvg::Options { fontdb: Arc::clone(&FONTS), font_family: "Inter".to_owned(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let mut picture = Pixmap::new(WIDTH, HEIGHT).ok_or_else(|| CardError::Picture("no memory".to_owned()))?;
    resvg::render(&tree, Transform::identity(), &mut picture.as_mut());
    picture.encode_png().map_err(|error| CardError::Picture(error.to_string()))
}

/// The drawing the picture is made from.
pub fn svg(view: &ReportView) -> Result<String, CardError> {
    let verdict = &view.verdict;
    let recipe = clean(view.recipe.as_str());
    // A long name gets smaller letters before it is cut.
    let size = [76.0, 60.0, 46.0].into_iter().find(|size| width::of(&recipe, *size, Weight::SemiBold) <= BESIDE);
    let size = size.unwrap_or(46.0);
    let base = subject::base(view).map(|base| width::fit(&clean(&base), 34.0, Weight::Regular, 340.0));
    let base_width = base.as_ref().map_or(0.0, |base| width::of(base, 34.0, Weight::Regular) + 72.0);
    let word = subject::verdict(view).to_uppercase();
    let pill = width::of(&word, 26.0, Weight::SemiBold) + 48.0;
    let reason = if subject::is_green(view) {
        subject::proven(view)
    } else {
        subject::reasons(view).first().map(|reason| first_line(reason).to_owned()).unwrap_or_default()
    };
    let lines = width::wrap(&clean(&reason), 26.0, Weight::Regular, BESIDE, 2);
    let card = Card {
        recipe: width::fit(&recipe, size, Weight::SemiBold, BESIDE),
        size,
        head: width::fit(&clean(&subject::head(view)), 34.0, Weight::SemiBold, BESIDE - base_width),
        head_x: 64.0 + base_width,
        arrow: base.is_some().then_some(64.0 + base_width - 56.0),
        base,
        pill,
        verdict: word,
        fill: palette::solid(view),
        bright: palette::bright(verdict.color),
        blame: subject::blame(view).map(|blame| format!("blame: {blame}")),
        blame_x: 64.0 + pill + 20.0,
        lines: lines.into_iter().zip(0..).map(|(line, at): (_, u32)| (338 + at * 36, line)).collect(),
        level: subject::level(view).map_or_else(|| "–".to_owned(), |level| level.to_string()),
        scale: subject::scale(view),
        arcs: arcs(view),
        rungs: rungs(view),
        deploys: subject::deploys(view),
        time: view.due_ms.map_or_else(|| view.no_verdict().to_owned(), |ms| format!("verdict after {}", seconds(ms))),
        commit: format!("commit {}", view.shown_head),
        day: subject::day(view).map(clean).unwrap_or_default(),
    };
    Ok(card.render()?)
}

/// What the embedded font has letters for; the rest would draw nothing at all.
pub(crate) fn clean(text: &str) -> String {
    let known = |c: char| matches!(c, ' '..='~' | '\u{a0}'..='\u{17f}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201e}' | '…' | '\u{2190}'..='\u{2193}');
    plain(text)
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .map(|c| if known(c) { c } else { '?' })
        .collect()
}

fn arcs(view: &ReportView) -> Vec<Arc5> {
    let place = |degrees: f64| {
        let angle = degrees.to_radians();
        (1020.0 + 104.0 * angle.sin(), 190.0 - 104.0 * angle.cos())
    };
    let arc = |from: f64, to: f64| {
        let ((x1, y1), (x2, y2)) = (place(from), place(to));
        format!("M{x1:.2} {y1:.2}A104 104 0 0 1 {x2:.2} {y2:.2}")
    };
    let rungs = view.verdict.rungs.named().into_iter().zip(0u8..);
    rungs
        .map(|((_, status), at)| {
            let from = f64::from(at) * 72.0;
            Arc5 { d: arc(from + 5.0, from + 67.0), paint: palette::of_status(status) }
        })
        .collect()
}

fn rungs(view: &ReportView) -> Vec<Rung> {
    let names = ["Install", "Upgrade", "Backup, restore", "Own tests", "Lint"];
    let rungs = view.verdict.rungs.named().into_iter().zip(names).zip(0u32..);
    rungs
        .map(|(((_, status), name), at)| Rung {
            x: 64 + at * 218,
            name,
            word: subject::rung(view, status),
            paint: palette::of_status(status),
            status,
        })
        .collect()
}
