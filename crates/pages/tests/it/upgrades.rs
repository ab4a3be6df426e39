//! The page and the card of a series of upgrades: what they say, and what hostile text cannot do to them.

use crate::series_story::{Tale, from};
use crate::story::*;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::step::Check;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_pages::{card, upgrades, upgrades_card};
use resvg::tiny_skia::Pixmap;

const HOSTILE: &str = "</td><script>alert(1)</script> \"><img src=x onerror=alert(1)>";

/// From these versions; the last one loses data, and is told so in these words.
fn report(versions: &[&str], why: Option<&str>) -> UpgradesReport {
    let tale = from(versions);
    let last = versions.len() - 1;
    let tried = |place: usize| match why.filter(|_| place == last) {
        None => tale.green(place),
        Some(why) => loses(&tale, place, why),
    };
    tale.report(&(0..versions.len()).map(tried).collect::<Vec<_>>(), &tale.seen())
}

fn loses(tale: &Tale, place: usize, why: &str) -> cc_ci_model::upgrades::tried::TriedUpgrade {
    tale.tried(place, |plan, story| {
        let markers = check(plan, Tier::Upgrade, Check::Markers);
        story.but(&markers, Outcome::Failed(Finding::new(Cause::DataLost, why)))
    })
}

const THREE: [&str; 3] = ["1.2.0+2.2.7", "1.1.0+2.2.6", "1.0.0+2.2.5"];

#[test]
fn a_page_has_a_row_for_each_version_and_hostile_text_stays_text() {
    let page = upgrades::document(&report(&THREE, Some(HOSTILE))).unwrap();
    assert!(page.contains("<title>miniflux bbbbbbbb from 3 versions: red</title>"), "{page}");
    assert!(page.contains("<a href=\"../../runs/s1-3/index.html\">1.0.0+2.2.5</a>"), "{page}");
    assert_eq!((page.matches("status pass\">works").count(), page.matches("status fail\">fails").count()), (2, 1));
    assert_eq!(page.matches(">not asked<").count(), 4, "{page}");
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    assert!(!page.contains("<img"), "{page}");
    let green = upgrades::document(&report(&THREE, None)).unwrap();
    assert!(green.contains("from 3 versions: green</title>") && !green.contains("What is not proven"), "{green}");
}

#[test]
fn a_card_is_the_same_wherever_it_is_drawn_and_shows_what_fails_before_what_does_not() {
    let many = ["1.5.0+1", "1.4.0+1", "1.3.0+1", "1.2.0+1", "1.1.0+1", "1.0.0+1"];
    let svg = upgrades_card::svg(&report(&many, Some(HOSTILE))).unwrap();
    let shown = |version: &str| svg.contains(&format!(">{version}</text>"));
    assert_eq!(many.map(shown), [true, true, true, false, false, true], "{svg}");
    assert!(svg.contains("and 2 more") && !svg.contains("<script"), "{svg}");
    let report = report(&THREE, None);
    let png = upgrades_card::png(&report).unwrap();
    assert_eq!(png, upgrades_card::png(&report).unwrap());
    let drawn = Pixmap::decode_png(&png).unwrap();
    assert_eq!((drawn.width(), drawn.height()), (card::WIDTH, card::HEIGHT));
}
