//! From samples to medians, spreads and ratios.

use cc_ci_model::noise::Figure;
use cc_ci_model::tier::Tier;
use serde::Serialize;

/// One measurement of either kind. Milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What came before the first tier: of a run, reading and planning. The floor knows all that.
    pub before: u64,
    /// Each tier that ran.
    pub tiers: Vec<(Tier, u64)>,
    /// What came between the last tier and the verdict.
    pub after: u64,
    /// Parts of tiers.
    pub parts: Vec<TimedPart>,
}

/// An operation of the floor, or a step of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedPart {
    /// Its tier.
    pub tier: Tier,
    /// What it is.
    pub what: String,
    /// How long it took.
    pub ms: u64,
}

impl Sample {
    /// From the start to the verdict.
    pub fn total(&self) -> u64 {
        self.before + self.tiers.iter().map(|(_, ms)| ms).sum::<u64>() + self.after
    }

    fn tier(&self, tier: Tier) -> Option<u64> {
        self.tiers.iter().find(|(one, _)| *one == tier).map(|(_, ms)| *ms)
    }
}

/// Both sides of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// The floor.
    pub floor: Figure,
    /// The run.
    pub run: Figure,
    /// Median of the run over median of the floor; none when the floor takes no time.
    pub ratio: Option<f64>,
}

/// One tier, both sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TierPair {
    /// Which.
    pub tier: Tier,
    /// Its figures.
    #[serde(flatten)]
    pub pair: Pair,
}

/// One operation or step with its figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its tier.
    pub tier: Tier,
    /// What it is.
    pub what: String,
    /// How long it took.
    #[serde(flatten)]
    pub figure: Figure,
}

/// Everything measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How many of each kind.
    pub samples: usize,
    /// From the start to the verdict.
    pub verdict: Pair,
    /// What a run does before its first tier.
    pub before: Figure,
    /// Tier by tier.
    pub tiers: Vec<TierPair>,
    /// What a run does between its last tier and the verdict.
    pub after: Figure,
    /// What the floor does.
    pub operations: Vec<Row>,
    /// What a run does.
    pub steps: Vec<Row>,
}

/// Compares floors with runs; of both there is at least one.
pub fn compare(floors: &[Sample], runs: &[Sample]) -> Comparison {
    let tiers = Tier::ALL.into_iter().filter_map(|tier| {
        let floor = Figure::of(floors.iter().filter_map(|sample| sample.tier(tier)));
        let run = Figure::of(runs.iter().filter_map(|sample| sample.tier(tier)));
        (floor.most_ms > 0 || run.most_ms > 0).then(|| TierPair { tier, pair: pair(floor, run) })
    });
    Comparison {
        samples: runs.len(),
        verdict: pair(Figure::of(floors.iter().map(Sample::total)), Figure::of(runs.iter().map(Sample::total))),
        before: Figure::of(runs.iter().map(|run| run.before)),
        tiers: tiers.collect(),
        after: Figure::of(runs.iter().map(|run| run.after)),
        operations: rows(floors),
        steps: rows(runs),
    }
}

fn pair(floor: Figure, run: Figure) -> Pair {
    Pair { floor, run, ratio: ratio(floor.median_ms, run.median_ms) }
}

/// To three digits; more would be noise.
fn ratio(floor: u64, run: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run are far below 2^52")]
    let exact = (floor > 0).then(|| run as f64 / floor as f64)?;
    Some((exact * 1000.0).round() / 1000.0)
}

/// Each part in the order of the first sample, over all samples that have it.
fn rows(samples: &[Sample]) -> Vec<Row> {
    let Some(first) = samples.first() else { return Vec::new() };
    let of = |part: &TimedPart| {
        let all = samples.iter().flat_map(|sample| &sample.parts);
        let same = all.filter(|other| other.tier == part.tier && other.what == part.what);
        Figure::of(same.map(|part| part.ms))
    };
    first.parts.iter().map(|part| Row { tier: part.tier, what: part.what.clone(), figure: of(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(before: u64, install: u64, after: u64) -> Sample {
        let parts = vec![TimedPart { tier: Tier::Install, what: "deploy".into(), ms: install }];
        Sample { before, tiers: vec![(Tier::Install, install)], after, parts }
    }

    #[test]
    fn the_ratio_is_run_over_floor_and_needs_a_floor() {
        assert_eq!(ratio(10_000, 12_500), Some(1.25));
        assert_eq!(ratio(3, 1), Some(0.333));
        assert_eq!(ratio(0, 5), None);
    }

    #[test]
    fn all_of_a_run_is_compared_with_all_of_the_floor() {
        let floors = [sample(0, 1000, 0), sample(0, 3000, 0), sample(0, 2000, 0)];
        let runs = [sample(100, 2300, 100), sample(100, 2200, 100), sample(100, 9000, 100)];
        let found = compare(&floors, &runs);
        assert_eq!(found.samples, 3);
        assert_eq!((found.verdict.floor.median_ms, found.verdict.run.median_ms), (2000, 2500));
        assert_eq!(found.verdict.ratio, Some(1.25));
        assert_eq!((found.verdict.run.least_ms, found.verdict.run.most_ms), (2400, 9200));
        assert_eq!(found.tiers.len(), 1, "tiers that never ran are not compared");
        assert_eq!(found.tiers[0].pair.ratio, Some(1.15));
        assert_eq!(found.operations[0].figure.median_ms, 2000);
        assert_eq!((found.before.median_ms, found.after.median_ms), (100, 100));
    }
}
