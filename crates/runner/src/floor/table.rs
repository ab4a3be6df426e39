//! The comparison for a reader.

use super::figures::{Comparison, Pair, Row};
use cc_ci_model::noise::Figure;
use std::fmt::Write;

/// Milliseconds as seconds with two digits.
pub fn seconds(ms: u64) -> String {
    format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
}

/// The comparison as text.
pub fn text(recipe: &str, comparison: &Comparison) -> String {
    let Comparison { samples, verdict, before, tiers, after, operations, steps } = comparison;
    let mut text = format!("{recipe}: medians of {samples} floors and {samples} runs, in turn\n\n");
    let mut line = |cells: [&str; 4]| {
        let [name, floor, run, ratio] = cells;
        // Writing to a text does not fail.
        let _written = writeln!(text, "{}", format!("{name:<22} {floor:>10} {run:>10} {ratio:>7}").trim_end());
    };
    line(["", "floor", "run", "ratio"]);
    line(["before the first tier", "-", &seconds(before.median_ms), ""]);
    for row in tiers {
        let (floor, run) = (seconds(row.pair.floor.median_ms), seconds(row.pair.run.median_ms));
        line([row.tier.word(), &floor, &run, &ratio(&row.pair)]);
    }
    line(["after the last tier", "-", &seconds(after.median_ms), ""]);
    let (floor, run) = (seconds(verdict.floor.median_ms), seconds(verdict.run.median_ms));
    line(["to the verdict", &floor, &run, &ratio(verdict)]);
    line(["  least", &seconds(verdict.floor.least_ms), &seconds(verdict.run.least_ms), ""]);
    line(["  most", &seconds(verdict.floor.most_ms), &seconds(verdict.run.most_ms), ""]);
    text.push_str("\nwhat the floor does\n");
    text.push_str(&rows(operations));
    text.push_str("\nthe steps of a run (they may overlap)\n");
    text.push_str(&rows(steps));
    text
}

fn ratio(pair: &Pair) -> String {
    pair.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

fn rows(rows: &[Row]) -> String {
    let one = |Row { tier, what, figure: Figure { median_ms, .. } }: &Row| {
        format!("  {:<8} {:>9}  {what}\n", tier.word(), seconds(*median_ms))
    };
    rows.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Sample, TimedPart, compare};
    use super::*;
    use cc_ci_model::tier::Tier;

    #[test]
    fn a_reader_sees_both_sides_and_what_they_consist_of() {
        let sample = |before, ms, after, what: &str| Sample {
            before,
            tiers: vec![(Tier::Install, ms)],
            after,
            parts: vec![TimedPart { tier: Tier::Install, what: what.into(), ms }],
        };
        let comparison = compare(&[sample(0, 2000, 0, "deploy base")], &[sample(60, 2300, 40, "deploy")]);
        insta::assert_snapshot!(text("shop", &comparison), @r"
        shop: medians of 1 floors and 1 runs, in turn

                                    floor        run   ratio
        before the first tier           -     0.06 s
        install                    2.00 s     2.30 s    1.15
        after the last tier             -     0.04 s
        to the verdict             2.00 s     2.40 s    1.20
          least                    2.00 s     2.40 s
          most                     2.00 s     2.40 s

        what the floor does
          install     2.00 s  deploy base

        the steps of a run (they may overlap)
          install     2.30 s  deploy
        ");
    }
}
