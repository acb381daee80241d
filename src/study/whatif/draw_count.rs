//! How many draws a study makes where nobody says so, and what fewer of them leave open.

use crate::recording::Recording;
use crate::study::stats::quantile::range_of_quantile;

/// Draws of a recording of ordinary size: P10 and P90 are off by about one percentile point.
pub(crate) const MOST_DRAWS: u32 = 1_000;

/// Draws of the largest recordings: P10 and P90 are off by about two percentile points.
const FEWEST_DRAWS: u32 = 200;

/// Calls times draws that are made before draws become fewer.
const MOST_REPLAYED_CALLS: usize = 20_000_000;

/// How many draws a study of a recording makes: the more calls, the fewer, so that a fleet is
/// studied in reasonable time. The number follows from the recording alone, whether its draws are
/// made in one run or in parts.
#[must_use]
pub(crate) fn draws_for_recording(recording: &Recording) -> u32 {
    draws_for_calls(recording.calls.len())
}

fn draws_for_calls(calls: usize) -> u32 {
    let affordable = MOST_REPLAYED_CALLS / calls.max(1);
    u32::try_from(affordable).map_or(MOST_DRAWS, |count| count.clamp(FEWEST_DRAWS, MOST_DRAWS))
}

/// Between which values the ends of a band lie, nine times in ten: what a number of draws leaves
/// open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BandEnds<T> {
    /// P10.
    pub p10: (T, T),
    /// P90.
    pub p90: (T, T),
}

impl<T: Ord + Copy> BandEnds<T> {
    /// The ends of some values in any order; `None` of so many that nothing worth telling is open,
    /// and of none.
    pub(super) fn of_few(values: impl Iterator<Item = T>) -> Option<Self> {
        let mut sorted: Vec<T> = values.collect();
        if sorted.len() >= MOST_DRAWS as usize {
            return None;
        }
        sorted.sort_unstable();
        let [p10, p90] = [0.1, 0.9].map(|share| range_of_quantile(&sorted, share));
        Some(Self { p10: p10?, p90: p90? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_calls_the_fewer_draws() {
        for (calls, draws) in [
            (0, 1_000),
            (1, 1_000),
            (20_000, 1_000),
            (20_021, 998),
            (40_000, 500),
            (100_000, 200),
            (usize::MAX, 200),
        ] {
            assert_eq!(draws_for_calls(calls), draws, "{calls} calls");
        }
    }

    #[test]
    fn ends_are_told_of_few_draws_alone() {
        assert_eq!(BandEnds::of_few(0..1_000), None);
        assert_eq!(BandEnds::<i64>::of_few([].into_iter()), None);
        // Of 200 values P10 is the 20th, and 1.645 deviations of their number below it are 6.98.
        let ends = BandEnds { p10: (13, 27), p90: (173, 187) };
        assert_eq!(BandEnds::of_few((1..=200).rev()), Some(ends));
    }
}
