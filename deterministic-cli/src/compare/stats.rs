//! Medians, and what lies around them.

use std::time::Duration;

use serde::Serialize;

/// Of fewer runs quartiles say nothing.
const QUARTILES_FROM: usize = 5;

/// Some durations of the same thing, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Stats {
    #[serde(rename = "median_ns")]
    pub(super) median: u64,
    #[serde(rename = "min_ns")]
    pub(super) min: u64,
    #[serde(rename = "max_ns")]
    pub(super) max: u64,
    /// How far the middle half of them lies apart; of few, how far all do.
    #[serde(rename = "spread_ns")]
    pub(super) spread: u64,
}

impl Stats {
    /// All zeros for none.
    pub(super) fn of(durations: impl IntoIterator<Item = u64>) -> Self {
        let mut sorted: Vec<u64> = durations.into_iter().collect();
        let median = median(&mut sorted);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        let skipped = if sorted.len() < QUARTILES_FROM { 0 } else { sorted.len() / 4 };
        Stats { median, min: at(0), max: at(last), spread: at(last - skipped) - at(skipped) }
    }
}

impl Stats {
    /// How much more the median is than that of `other`, in nanoseconds.
    pub(super) fn difference_to(&self, other: &Stats) -> i128 {
        i128::from(self.median) - i128::from(other.median)
    }

    /// Whether the medians lie nearer to each other than the runs of one of them do.
    pub(super) fn is_like(&self, other: &Stats) -> bool {
        self.difference_to(other).unsigned_abs() <= self.spread.max(other.spread).into()
    }
}

/// Sorts them. The lower of the two in the middle if they are even in number, so that it is one of them; 0 for none.
pub(super) fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// Saturates after 584 years.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many() {
        assert_eq!(Stats::of([]), Stats { median: 0, min: 0, max: 0, spread: 0 });
        assert_eq!(Stats::of([7]), Stats { median: 7, min: 7, max: 7, spread: 0 });
        assert_eq!(Stats::of([9, 1]), Stats { median: 1, min: 1, max: 9, spread: 8 });
        // The outliers on both sides are no spread.
        assert_eq!(Stats::of([1000, 11, 12, 0, 10, 13, 14, 15]), Stats { median: 12, min: 0, max: 1000, spread: 3 });
    }
}
