//! Context curves of chosen sessions under every subset of the toggles that touch them.
//!
//! A curve has one point a recorded call, so that two subsets compare call by call; a call that a
//! subset drops has no point, one that a toggle adds is counted and has none either. Long sessions
//! are thinned to calls at even distances, the same ones under every subset.

use super::cache_misses::MissGroup;
use super::call_contexts::{self, ContextLoss, sessions_by_reads};
use crate::plan::{Island, Plan, ToggleSubset};
use crate::recording::Recording;
use crate::replay::{self, ReplayedCall};
use crate::study::whatif::lattice::{mask_islands, spread_bits};
use rayon::prelude::*;

/// A call that is not made.
pub const NOT_MADE: i32 = -1;

/// Values of all curves together, at most.
const MOST_VALUES: usize = 6_000_000;

/// Rows to replay for the curves of one island, all subsets together, at most.
const MOST_WORK: u64 = 1 << 26;

/// One session under every subset of the toggles that make a difference to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextCurve {
    /// Index of the session in the recording.
    pub session: u32,
    /// The toggles that make a difference.
    pub bits: ToggleSubset,
    /// The calls that have a point: numbers within the session, from 1.
    pub calls: Vec<u32>,
    /// Point by point the context in tokens, or [`NOT_MADE`], of every subset: that of subset k at
    /// `point << bits.count_ones() | k`. The last point is how many calls the session makes.
    pub values: Vec<i32>,
    /// In the same order, without the last point: [`HIT`], or [`missed_code`] of a miss at the call
    /// or at one since the point before.
    pub misses: Vec<u8>,
}

/// A point at which no call missed the cache.
pub const HIT: u8 = 0;

/// How a curve tells a miss: the place of its group, from 1.
#[must_use]
pub fn missed_code(group: MissGroup) -> u8 {
    MissGroup::NAMED.iter().zip(1..).find(|((known, _), _)| *known == group).map_or(HIT, |it| it.1)
}

impl ContextCurve {
    /// How many subsets it knows.
    #[must_use]
    pub fn variant_count(&self) -> usize {
        1 << self.bits.count_ones()
    }

    /// Leaves out toggles that make no difference.
    fn drop_idle_toggles(mut self) -> Self {
        let mut bits: Vec<ToggleSubset> = (0..64).map(|at| 1 << at).collect();
        bits.retain(|bit| self.bits & bit != 0);
        for at in (0..bits.len()).rev() {
            let half = 1_usize << at;
            // Bit `at` of a subset is the half that it lies in: equal halves mean that it changes
            // nothing.
            if halves_are_equal(&self.values, half) && halves_are_equal(&self.misses, half) {
                self.values = first_halves(&self.values, half);
                self.misses = first_halves(&self.misses, half);
                self.bits &= !bits[at];
            }
        }
        self
    }
}

fn halves_are_equal<T: PartialEq>(values: &[T], half: usize) -> bool {
    values.chunks(2 * half).all(|pair| pair[..half] == pair[half..])
}

fn first_halves<T: Copy>(values: &[T], half: usize) -> Vec<T> {
    values.chunks(2 * half).flat_map(|pair| &pair[..half]).copied().collect()
}

/// The curves of the sessions that read most, at most `panels` of them with `points` points each,
/// under the subsets of some toggles, the others being off. Sessions whose curves would take too
/// much room or time are left out.
#[must_use]
pub fn trace_context_curves(
    recording: &Recording,
    plan: &Plan,
    bits: ToggleSubset,
    (panels, points): (usize, usize),
) -> Vec<ContextCurve> {
    let mut order = sessions_by_reads(recording);
    order.retain(|&at| recording.sessions[at].calls > 0);
    order.truncate(panels);
    let mut room = MOST_VALUES;
    let mut islands: Vec<(Island, Vec<ContextCurve>)> =
        mask_islands(plan, bits).map(|island| (island, Vec::new())).collect();
    let mut island_of_session = vec![None; recording.sessions.len()];
    for (number, (island, _)) in islands.iter().enumerate() {
        for planned in plan.sessions_of_island(island) {
            island_of_session[planned.session as usize].get_or_insert(number);
        }
    }
    for &session in &order {
        let Some(number) = island_of_session[session] else { continue };
        let (island, shown) = &mut islands[number];
        // A curve holds a value for every subset of what touches its island.
        let variants = 1_usize << island.touched_by.count_ones().min(32);
        let calls = evenly_spaced_calls(recording.sessions[session].calls, points);
        let size = variants.saturating_mul(calls.len() + 1);
        let work = plan.row_count_of_island(island) as u64 * variants as u64;
        // Sessions come by reads: a smaller one may still fit where a larger one does not.
        if size <= room && work <= MOST_WORK {
            room -= size;
            let bits = island.touched_by;
            shown.push(ContextCurve {
                session: session as u32,
                bits,
                calls,
                values: vec![0; size],
                misses: vec![HIT; size - variants],
            });
        }
    }
    let filled = islands.into_iter().flat_map(|(island, mut shown)| {
        fill_curves(recording, plan, &island, &mut shown);
        shown.into_iter().map(ContextCurve::drop_idle_toggles)
    });
    let mut all: Vec<ContextCurve> = filled.collect();
    let mut rank = vec![0; recording.sessions.len()];
    for (place, &session) in order.iter().enumerate() {
        rank[session] = place;
    }
    // Curves come island by island; they are shown by how much their sessions read.
    all.sort_by_key(|curve| rank[curve.session as usize]);
    all
}

/// Numbers of at most `most` calls of a session at even distances, the first and the last included.
fn evenly_spaced_calls(calls: u32, most: usize) -> Vec<u32> {
    let (calls, most) = (u64::from(calls), most.max(2) as u64);
    if calls <= most {
        return (1..=calls as u32).collect();
    }
    (0..most).map(|at| (at * (calls - 1) / (most - 1)) as u32 + 1).collect()
}

/// Replays an island under every subset and writes down what its shown sessions do.
fn fill_curves(recording: &Recording, plan: &Plan, island: &Island, shown: &mut [ContextCurve]) {
    if shown.is_empty() {
        return;
    }
    let variants = 1_usize << island.touched_by.count_ones();
    // Each subset is replayed once for all sessions of the island that are shown.
    let points_by_subset: Vec<Vec<CurvePoints>> = (0..variants)
        .into_par_iter()
        .map(|index| {
            let subset = spread_bits(index as u64, island.touched_by);
            let rows = replay::replay_island_calls(plan, island, subset);
            let rows = replay::expected_rows(plan, &rows);
            shown.iter().map(|curve| curve_points(recording, plan, curve, &rows)).collect()
        })
        .collect();
    // A curve keeps the subsets of one point beside each other, the replays come the other way.
    for (index, sessions) in points_by_subset.into_iter().enumerate() {
        for (curve, points) in shown.iter_mut().zip(sessions) {
            for (at, value) in points.contexts.into_iter().enumerate() {
                curve.values[at * variants + index] = value;
            }
            for (at, missed) in points.misses.into_iter().enumerate() {
                curve.misses[at * variants + index] = missed;
            }
        }
    }
}

/// What a session does under one subset.
struct CurvePoints {
    /// The contexts, and how many calls it makes.
    contexts: Vec<i32>,
    misses: Vec<u8>,
}

/// The points of one session in a replay of its island.
fn curve_points(
    recording: &Recording,
    plan: &Plan,
    curve: &ContextCurve,
    rows: &[&ReplayedCall],
) -> CurvePoints {
    let session = &recording.sessions[curve.session as usize];
    let mut contexts = vec![NOT_MADE; curve.calls.len() + 1];
    let mut misses = vec![HIT; curve.calls.len()];
    let (mut made, mut before, mut missed) = (0, None, HIT);
    for &row in rows {
        let planned = &plan.rows[row.row as usize];
        let call = plan.call_of[row.row as usize];
        // The island may hold other sessions, and sessions that a toggle starts.
        if !session.call_range().contains(&(call as usize)) {
            continue;
        }
        made += 1;
        // Most calls of a long session have no point: the next one shows what they missed.
        if let ContextLoss::Missed(cause) =
            call_contexts::explained_loss(recording, plan, before, row)
        {
            missed = missed_code(cause.group());
        }
        before = Some(row);
        let number = call - session.first_call + 1;
        if let (0, Ok(at)) =
            (plan.event_of_row(planned).inserted_by, curve.calls.binary_search(&number))
        {
            // Of several calls of one row the last is the call itself.
            contexts[at] = i32::try_from(row.as_made.context_tokens()).unwrap_or(i32::MAX);
            if missed != HIT {
                misses[at] = std::mem::replace(&mut missed, HIT);
            }
        }
    }
    contexts[curve.calls.len()] = made;
    CurvePoints { contexts, misses }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sessions_are_thinned_evenly() {
        assert_eq!(evenly_spaced_calls(4, 5), [1, 2, 3, 4]);
        assert_eq!(evenly_spaced_calls(9, 5), [1, 3, 5, 7, 9]);
        assert_eq!(evenly_spaced_calls(1_000, 4), [1, 334, 667, 1_000]);
        assert_eq!(evenly_spaced_calls(1, 160), [1]);
    }

    #[test]
    fn toggles_without_a_difference_are_left_out() {
        // Bits 1, 4 and 6; bit 4 changes nothing.
        let values = vec![10, 9, 10, 9, 7, NOT_MADE, 7, NOT_MADE, 2, 2, 2, 2, 2, 1, 2, 1];
        let misses = vec![HIT; 8];
        let curve = ContextCurve { session: 0, bits: 0b101_0010, calls: vec![1], values, misses };
        let mut missed = curve.clone();
        missed.misses[2] = missed_code(MissGroup::Expired);
        assert_eq!(missed.drop_idle_toggles().bits, 0b101_0010, "a miss is a difference");
        let reduced = curve.drop_idle_toggles();
        assert_eq!(reduced.misses, [HIT; 4]);
        assert_eq!(reduced.bits, 0b100_0010);
        assert_eq!(reduced.values, [10, 9, 7, NOT_MADE, 2, 2, 2, 1]);
        assert_eq!(reduced.variant_count(), 4);
    }
}
