//! When calls were made, where the clocks of a source cannot all be right.
//!
//! A stamp that lies years from the others of its session, or hours from both the one before it and
//! the one behind it, is none: a call is then timed by its neighbours, and marked. One bad year
//! must not drag all calls behind it along, because time alone empties a cache.

use crate::price::DAY_MS;
use crate::recording::{CallMarks, RawCall};

/// Stamps farther than this from the middle one of their session are none: two years. Source:
/// MODEL.md, "Other constants".
const MOST_SPAN_MS: i64 = 730 * DAY_MS;

/// Stamps may be so much out of order: writers race, and zones change by an hour. Source: as above.
const MOST_DISORDER_MS: i64 = 3_600_000;

/// When a call began and when it was complete, as far as its records say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ToldTimes {
    /// When the last of its inputs was there, or its first record.
    pub start_ms: Option<i64>,
    /// When its last record was written.
    pub end_ms: Option<i64>,
}

/// Times the calls anew whose stamps are missing or cannot be right: when the call before them
/// ended. Calls of sound sessions are left as they are. Whether any call was timed so.
pub(super) fn fill_call_times(calls: &mut [RawCall], told: &[ToldTimes]) -> bool {
    let mut stamps: Vec<Option<i64>> =
        told.iter().flat_map(|told| [told.start_ms, told.end_ms]).collect();
    drop_distant_stamps(&mut stamps);
    drop_disordered_stamps(&mut stamps);
    let sound: Vec<ToldTimes> = stamps
        .chunks_exact(2)
        .map(|pair| ToldTimes { start_ms: pair[0], end_ms: pair[1] })
        .collect();
    let is_filled = |at: usize| sound[at] != told[at] || told[at].end_ms.is_none();
    let Some(first) = stamps.iter().flatten().next() else { return false };
    if !(0..sound.len()).any(is_filled) {
        return false;
    }
    let (mut began_ms, mut ended_ms) = (*first, *first);
    for (at, (call, times)) in calls.iter_mut().zip(&sound).enumerate() {
        // A call leaves when it did, never before the one before it, and nobody knows when it left
        // where nothing is told: when the one before it was complete.
        call.start_ms = times.start_ms.or(times.end_ms).unwrap_or(ended_ms).max(began_ms);
        call.end_ms = times.end_ms.unwrap_or(call.start_ms).max(call.start_ms);
        call.marks.set(CallMarks::TIME_FILLED, is_filled(at));
        (began_ms, ended_ms) = (call.start_ms, call.end_ms);
    }
    true
}

/// Drops what lies years from the middle stamp.
fn drop_distant_stamps(stamps: &mut [Option<i64>]) {
    let mut sorted: Vec<i64> = stamps.iter().flatten().copied().collect();
    sorted.sort_unstable();
    let Some(&middle) = sorted.get(sorted.len().saturating_sub(1) / 2) else { return };
    for stamp in stamps {
        *stamp = stamp.filter(|ms| ms.abs_diff(middle) <= MOST_SPAN_MS.unsigned_abs());
    }
}

/// Drops what is far out of order. The longest run of stamps that only grow is right; of the others
/// those stay that lie close to it. In time n log n.
fn drop_disordered_stamps(stamps: &mut [Option<i64>]) {
    let told: Vec<(usize, i64)> =
        stamps.iter().enumerate().filter_map(|(at, stamp)| Some((at, (*stamp)?))).collect();
    // By length of a run: the place of the smallest stamp that ends one (patience sorting). A stamp
    // that is told twice, for the start and the end of a call, is one.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(told.len());
    for (place, &(_, ms)) in told.iter().enumerate() {
        let length = ends.partition_point(|&end| told[end].1 < ms);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        ends.truncate(ends.len().max(length));
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    let mut grows = vec![false; told.len()];
    let mut last = ends.last().copied();
    while let Some(place) = last {
        grows[place] = true;
        last = before[place];
    }
    // The stamp of the run that stands behind each place, from the back.
    let mut later = i64::MAX;
    let mut behind = vec![i64::MAX; told.len()];
    for place in (0..told.len()).rev() {
        behind[place] = later;
        if grows[place] {
            later = told[place].1;
        }
    }
    let mut earlier = i64::MIN;
    for (place, &(at, ms)) in told.iter().enumerate() {
        if grows[place] {
            earlier = ms;
        } else if ms < earlier.saturating_sub(MOST_DISORDER_MS)
            || ms > behind[place].saturating_add(MOST_DISORDER_MS)
        {
            stamps[at] = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::transcript::plain_call;
    use crate::units::Usage;

    /// 2026-01-01, milliseconds.
    const DAY: i64 = 1_767_225_600_000;
    const MINUTE: i64 = 60_000;

    /// Minutes of the day, by call: told, and what becomes of them; `None` where nothing is told.
    fn check(told: &[(Option<i64>, Option<i64>)], expect: &[(i64, i64, bool)]) {
        let at = |minute: Option<i64>| minute.map(|minute| DAY + minute * MINUTE);
        let told: Vec<ToldTimes> = told
            .iter()
            .map(|&(start, end)| ToldTimes { start_ms: at(start), end_ms: at(end) })
            .collect();
        let mut calls: Vec<RawCall> =
            told.iter().map(|_| plain_call(0, DAY, DAY, Usage::default())).collect();
        let any = fill_call_times(&mut calls, &told);
        assert_eq!(any, expect.iter().any(|(.., filled)| *filled), "{told:?}");
        let met: Vec<(i64, i64, bool)> = calls
            .iter()
            .map(|call| {
                let minute = |ms: i64| (ms - DAY) / MINUTE;
                let filled = call.marks.contains(CallMarks::TIME_FILLED);
                (minute(call.start_ms), minute(call.end_ms), filled)
            })
            .collect();
        // Where nothing is filled the calls are left as they were.
        if any {
            assert_eq!(met, expect, "{told:?}");
        }
    }

    fn told(start: i64, end: i64) -> (Option<i64>, Option<i64>) {
        (Some(start), Some(end))
    }

    #[test]
    fn one_bad_stamp_moves_its_own_call_alone() {
        const YEAR: i64 = 366 * 24 * 60;
        let sound = [told(0, 1), told(2, 3), told(4, 5), told(6, 7)];
        check(&sound, &[(0, 1, false); 4]);
        for bad in [5 * YEAR, -30 * YEAR, 100, -100] {
            let mut odd = sound;
            odd[1] = told(bad, bad);
            check(&odd, &[(0, 1, false), (1, 1, true), (4, 5, false), (6, 7, false)]);
        }
        // The first and the last of all.
        let mut odd = sound;
        (odd[0], odd[3]) = (told(-9 * YEAR, -9 * YEAR), told(9 * YEAR, 9 * YEAR));
        check(&odd, &[(2, 2, true), (2, 3, false), (4, 5, false), (5, 5, true)]);
        // One end of a call: the other one stands.
        let mut odd = sound;
        odd[2] = told(4, -500);
        check(&odd, &[(0, 1, false), (2, 3, false), (4, 4, true), (6, 7, false)]);
    }

    #[test]
    fn missing_times_are_those_of_the_call_before() {
        let none = (None, None);
        check(
            &[told(0, 1), none, none, told(6, 7)],
            &[(0, 1, false), (1, 1, true), (1, 1, true), (6, 7, false)],
        );
        check(&[none, told(6, 7)], &[(6, 6, true), (6, 7, false)]);
        check(&[none, none], &[(0, 0, false); 2]);
        check(&[], &[]);
    }

    #[test]
    fn pauses_and_small_disorder_are_normal() {
        const MONTH: i64 = 31 * 24 * 60;
        check(&[told(0, 1), told(MONTH, MONTH + 1)], &[(0, 1, false); 2]);
        // Records of two calls that raced, and an hour back.
        check(&[told(60, 63), told(62, 64), told(4, 5), told(66, 67)], &[(0, 0, false); 4]);
        // For good: what follows is the larger part.
        check(
            &[told(900, 901), told(0, 1), told(2, 3), told(4, 5)],
            &[(0, 0, true), (0, 1, false), (2, 3, false), (4, 5, false)],
        );
    }
}
