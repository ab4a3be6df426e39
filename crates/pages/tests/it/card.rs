//! The card, pixel by pixel.

use crate::runs;
use cc_ci_pages::card;
use resvg::tiny_skia::Pixmap;
use std::path::Path;

/// A channel may differ by so much, where another processor rounds another way.
const ROUNDING: u8 = 3;

/// `CC_CI_WRITE=1 cargo test -p cc-ci-pages` draws the pictures anew; look at them before they are committed.
fn same(name: &str, view: &cc_ci_model::report::ReportView) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let drawn = card::png(view).unwrap();
    assert_eq!(drawn, card::png(view).unwrap(), "twice the same");
    if std::env::var_os("CC_CI_WRITE").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let golden = std::fs::read(&path).unwrap_or_default();
    let [drawn, golden] = [drawn, golden].map(|png| Pixmap::decode_png(&png).unwrap());
    assert_eq!((drawn.width(), drawn.height()), (card::WIDTH, card::HEIGHT));
    assert_eq!((golden.width(), golden.height()), (card::WIDTH, card::HEIGHT));
    let pairs = drawn.data().iter().zip(golden.data());
    let other = pairs.filter(|(one, two)| one.abs_diff(**two) > ROUNDING).count();
    assert_eq!(other, 0, "{other} values of tests/golden/{name} differ; CC_CI_WRITE=1 draws it anew");
}

#[test]
fn a_green_run() {
    let (plan, events) = runs::green();
    same("green.png", &runs::view(&plan, &events));
}

#[test]
fn a_red_run() {
    let (plan, events) = runs::red();
    same("red.png", &runs::view(&plan, &events));
}

#[test]
fn a_run_with_skips() {
    let (plan, events) = runs::skips();
    same("skips.png", &runs::view(&plan, &events));
}

#[test]
fn every_letter_is_drawn_with_the_embedded_font() {
    let (plan, events) = runs::green();
    let mut view = runs::view(&plan, &events);
    let width = |version: &str, view: &mut cc_ci_model::report::ReportView| {
        view.version = Some(version.to_owned());
        Pixmap::decode_png(&card::png(view).unwrap()).unwrap().data().to_vec()
    };
    // A font without the letter would draw nothing at all.
    let [none, latin, other] = ["", "ż", "漢"].map(|version| width(version, &mut view));
    assert_ne!(none, latin);
    assert_ne!(none, other, "what the font lacks is drawn as a question mark");
}
