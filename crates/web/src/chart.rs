//! Small pictures of many runs: bars and lines as SVG without colour alone, and the same in words.

use crate::rows::KnownRun;
use crate::words;
use cc_ci_model::report::text::seconds;
use std::sync::Arc;

/// How many runs a row of bars shows.
pub(crate) const BARS: usize = 12;

/// The tallest bar, in units of the picture.
const TALLEST: u64 = 30;

/// The last runs as bars, the latest last: height is the time to the verdict, class the colour, and a sign stands below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bars {
    pub(crate) bars: Vec<Bar>,
    /// The same for whoever sees no picture.
    pub(crate) said: String,
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) class: &'static str,
    pub(crate) sign: &'static str,
    pub(crate) x: usize,
    pub(crate) y: u64,
    pub(crate) height: u64,
    /// The middle of the bar, for its sign.
    pub(crate) middle: usize,
}

impl Bars {
    /// Draws runs that come the latest first.
    pub(crate) fn of(runs: &[Arc<KnownRun>]) -> Self {
        let mut shown: Vec<&Arc<KnownRun>> = runs.iter().take(BARS).collect();
        shown.reverse();
        let time = |run: &KnownRun| run.due_ms.or(run.end_ms).unwrap_or(0);
        let most = shown.iter().map(|run| time(run)).max().unwrap_or(0).max(1);
        let empty = BARS - shown.len();
        let bar = |(at, run): (usize, &&Arc<KnownRun>)| {
            let (class, _) = words::standing(run);
            // What took no time at all is still there.
            let height = (time(run).saturating_mul(TALLEST) / most).max(3);
            let x = (empty + at) * 10 + 1;
            Bar { class, sign: words::sign(class), x, y: TALLEST + 2 - height, height, middle: x + 4 }
        };
        let said: Vec<&str> = shown.iter().rev().map(|run| words::standing(run).1).collect();
        Self {
            bars: shown.iter().enumerate().map(bar).collect(),
            said: format!("The last {}, the latest first: {}.", words::count(said.len(), "run"), said.join(", ")),
        }
    }
}

/// A line over many runs, the latest last, with its figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trend {
    pub(crate) name: &'static str,
    pub(crate) points: String,
    pub(crate) last: String,
    pub(crate) middle: String,
    pub(crate) range: String,
}

impl Trend {
    /// Draws times in milliseconds, the latest first; `None` when there are fewer than two.
    pub(crate) fn of_times(name: &'static str, values: &[u64]) -> Option<Self> {
        Self::of(name, values, seconds)
    }

    /// Draws levels, likewise.
    pub(crate) fn of_levels(name: &'static str, values: &[u64]) -> Option<Self> {
        Self::of(name, values, |level| level.to_string())
    }

    fn of(name: &'static str, values: &[u64], say: impl Fn(u64) -> String) -> Option<Self> {
        let (last, _) = values.split_first().filter(|(_, rest)| !rest.is_empty())?;
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = *sorted.get(sorted.len() / 2)?;
        let steps = u64::try_from(values.len() - 1).ok()?;
        let place = |(at, value): (u64, &u64)| {
            let up = (value - least).saturating_mul(20) / (most - least).max(1);
            format!("{},{}", at * 200 / steps, 22 - up)
        };
        let points: Vec<String> = (0..).zip(values.iter().rev()).map(place).collect();
        let range =
            if least == most { "always the same".to_owned() } else { format!("{} to {}", say(least), say(most)) };
        Some(Self { name, points: points.join(" "), last: say(*last), middle: say(middle), range })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_the_oldest_to_the_latest_and_says_its_figures() {
        let trend = Trend::of_times("install", &[3_000, 1_000, 2_000]).unwrap();
        assert_eq!(trend.points, "0,12 100,22 200,2");
        let figures = (trend.last.as_str(), trend.middle.as_str(), trend.range.as_str());
        assert_eq!(figures, ("3.0 s", "2.0 s", "1.0 s to 3.0 s"));
        assert_eq!(Trend::of_levels("level", &[5, 5]).unwrap().range, "always the same");
        assert_eq!(Trend::of_times("install", &[3_000]), None, "one point is no line");
    }
}
