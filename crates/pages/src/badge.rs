//! `badge.svg`: the recipe's name beside its level or verdict, for a README.

use crate::escape::plain;
use crate::palette;
use crate::width::{self, Weight};
use askama::Template;
use cc_ci_model::report::ReportView;
use cc_ci_model::report::life::Life;
use cc_ci_model::verdict::Color;

/// Height of the letters. The reader's own sans serif is used, so the text is told how wide it has to be.
const SIZE: f64 = 11.0;

/// Other fonts run wider than the one that is measured.
const WIDER: f64 = 1.06;

/// Room beside a text.
const MARGIN: f64 = 7.0;

/// The most room for a name.
const NAME_ROOM: f64 = 220.0;

#[derive(Template)]
#[template(path = "badge.svg")]
struct Badge<'a> {
    name: &'a str,
    says: &'a str,
    fill: &'static str,
    left: String,
    whole: String,
    right: String,
    name_x: String,
    name_width: String,
    says_x: String,
    says_width: String,
}

/// Draws the badge of a run.
pub fn render(view: &ReportView) -> Result<String, askama::Error> {
    draw(view.recipe.as_str(), &says(view), palette::solid(view))
}

/// The badge of a recipe about which no run says anything yet.
pub fn unknown(recipe: &str) -> Result<String, askama::Error> {
    draw(recipe, "unknown", palette::NOTHING)
}

/// What the right half says: a level only where it can be trusted.
fn says(view: &ReportView) -> String {
    let verdict = &view.verdict;
    match (view.life, verdict.color) {
        (Life::Preparing | Life::Running, _) => "running".to_owned(),
        (Life::Died, _) => "died".to_owned(),
        (Life::Over, Color::Green) => verdict.level_in_words(),
        (Life::Over, Color::Red) => format!("red, {}", verdict.level_in_words()),
        (Life::Over, Color::Unverified) => "unverified".to_owned(),
        (Life::Over, Color::Cancelled) => "cancelled".to_owned(),
    }
}

fn draw(name: &str, says: &str, fill: &'static str) -> Result<String, askama::Error> {
    let name = width::fit(&plain(name), SIZE, Weight::Regular, NAME_ROOM);
    let wide = |text: &str| (width::of(text, SIZE, Weight::Regular) * WIDER).round();
    let (name_width, says_width) = (wide(&name), wide(says));
    let left = name_width + 2.0 * MARGIN;
    let right = says_width + 2.0 * MARGIN;
    let number = |value: f64| format!("{value:.1}");
    Badge {
        name: &name,
        says,
        fill,
        left: number(left),
        whole: number(left + right),
        right: number(right),
        name_x: number(MARGIN),
        name_width: number(name_width),
        says_x: number(left + MARGIN),
        says_width: number(says_width),
    }
    .render()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_small_and_says_its_text_to_those_who_cannot_see_it() {
        let badge = draw("miniflux", "level 4", "#3f7d1e").unwrap();
        assert!(badge.len() < 1200, "{} bytes", badge.len());
        assert!(badge.contains(r#"role="img" aria-label="miniflux: level 4""#), "{badge}");
        assert!(badge.contains("<title>miniflux: level 4</title>"), "{badge}");
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let badge = draw("</text><script>alert(1)</script>\"", "red", "#c0272d").unwrap();
        assert!(!badge.contains("<script") && badge.contains("&lt;script&gt;"), "{badge}");
        roxmltree::Document::parse(&badge).unwrap();
    }
}
