//! The middle of some measurements, and how far they lie apart.

use serde::Serialize;

/// The middle of some measurements, and how far they lie apart. Milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Half are above, half below.
    pub median_ms: u64,
    /// The least.
    pub least_ms: u64,
    /// The most.
    pub most_ms: u64,
}

impl Figure {
    /// That of some values; of none it is nothing.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = u64>) -> Self {
        let mut values: Vec<u64> = values.into_iter().collect();
        values.sort_unstable();
        Self {
            median_ms: median(&values),
            least_ms: values.first().copied().unwrap_or_default(),
            most_ms: values.last().copied().unwrap_or_default(),
        }
    }
}

/// Of sorted values; of an even number the mean of the middle two.
fn median(sorted: &[u64]) -> u64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => 0,
        values if values.len() % 2 == 1 => values[middle],
        values => u64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_few_and_of_many() {
        let of = |values: &[u64]| Figure::of(values.iter().copied());
        assert_eq!(of(&[]), Figure { median_ms: 0, least_ms: 0, most_ms: 0 });
        assert_eq!(of(&[7]), Figure { median_ms: 7, least_ms: 7, most_ms: 7 });
        assert_eq!(of(&[9, 1, 5]), Figure { median_ms: 5, least_ms: 1, most_ms: 9 });
        assert_eq!(of(&[100, 2, 4, 1]), Figure { median_ms: 3, least_ms: 1, most_ms: 100 });
    }
}
