//! A cycle: the calls from where a context starts over to where it does so again, and what of
//! their saving the compaction at its end takes back.
//!
//! Where a context ends at a threshold, its mean size stays what it was whatever a call brings:
//! smaller calls only make the cycle longer. So what sizes save in such a cycle is given back, but
//! for what a lower floor saves, and but for the share by which the work may end before the
//! compaction is due. What calls that are not made save stays, and so does all that is saved in a
//! cycle which the recording leaves open.

use super::call_tokens::CallTokens;
use super::cycle_end::CycleEnd;
use super::schedule::{CallSums, Schedule};

/// Parts of a whole in which the share of a compaction is counted.
const WHOLE: i64 = 1 << 16;

/// The calls of a cycle so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CycleTally {
    /// The first row that is not in `size` and `calls` yet.
    first_row: usize,
    /// Whether its floor is not known yet.
    is_new: bool,
    /// The prompt that it started with.
    floor: i64,
    /// From the first row on: what the calls read that the schedule makes too. A call that only
    /// the schedule makes counts with what it reads there, so that it makes no difference.
    pub(super) reads: i64,
    /// The same of their whole contexts.
    pub(super) contexts: i64,
    /// From the first row on: calls that only the schedule makes, in parts of [`WHOLE`].
    missing_calls: i64,
    /// Before the first row: by how much less the calls read that both make, by how much their
    /// contexts are smaller, and their number, in parts of [`WHOLE`].
    fewer_reads: i64,
    smaller_contexts: i64,
    calls: i64,
}

impl CycleTally {
    /// A cycle whose first call is that of a row.
    pub(super) const fn starting_at(first_row: usize) -> Self {
        Self {
            first_row,
            is_new: true,
            floor: 0,
            reads: 0,
            contexts: 0,
            missing_calls: 0,
            fewer_reads: 0,
            smaller_contexts: 0,
            calls: 0,
        }
    }

    /// The prompt that it started with; `top` where nothing entered it.
    pub(super) fn floor_below(&self, top: i64) -> i64 {
        if self.is_new { top } else { self.floor }
    }

    /// Whether its floor is not known yet.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Tells the prompt that a row leaves, which is the floor if it is the first one.
    pub(super) fn meet_prompt(&mut self, prompt: i64) {
        if self.is_new {
            (self.is_new, self.floor) = (false, prompt);
        }
    }

    /// Counts the call of a row, `None` if it is not made.
    pub(super) fn count_call(
        &mut self,
        schedule: Option<&Schedule>,
        row: usize,
        made: Option<&CallTokens>,
    ) {
        let Some(schedule) = schedule else { return };
        let CallSums { reads, contexts, calls } = schedule.sums_of_row(row);
        // A call that the schedule does not make is no size: it is paid as replayed.
        if calls > 0 {
            self.reads += made.map_or(reads, |made| made.read);
            self.contexts += made.map_or(contexts, |made| made.context);
            self.missing_calls += if made.is_none() { WHOLE } else { 0 };
        }
    }

    /// Counts calls that only the schedule makes.
    pub(super) fn count_missing(&mut self, sums: CallSums) {
        self.reads += sums.reads;
        self.contexts += sums.contexts;
        self.missing_calls += WHOLE * sums.calls;
    }

    /// Brings the rows before one into size and calls.
    pub(super) fn add_rows_before(&mut self, schedule: Option<&Schedule>, row: usize) {
        if let Some(schedule) = schedule {
            let sums = schedule.sums_of_rows(self.first_row, row);
            // The schedule has what these rows come to under the placing bits alone.
            self.fewer_reads += sums.reads - self.reads;
            self.smaller_contexts += sums.contexts - self.contexts;
            self.calls += WHOLE * sums.calls - self.missing_calls;
        }
        // From here on rows are counted anew; what was compared is kept.
        (self.first_row, self.reads, self.contexts, self.missing_calls) = (row, 0, 0, 0);
    }

    /// Goes on with the first row of another session.
    pub(super) fn continue_at(&mut self, row: usize) {
        self.first_row = row;
    }

    /// Its amounts, of which a mean can be made.
    pub(super) fn amounts(&mut self) -> [&mut i64; 7] {
        let Self {
            reads,
            contexts,
            missing_calls,
            fewer_reads,
            smaller_contexts,
            calls,
            floor,
            first_row: _,
            is_new: _,
        } = self;
        [reads, contexts, missing_calls, fewer_reads, smaller_contexts, calls, floor]
    }

    /// Forgets its calls, not its floor: another session goes on with them.
    pub(super) fn forget_calls(&mut self) {
        (self.fewer_reads, self.smaller_contexts, self.calls) = (0, 0, 0);
    }

    /// What smaller contexts save of its reads. What is read instead of written, or written instead
    /// of read, moves no threshold.
    fn size(&self) -> i64 {
        let Self { fewer_reads, smaller_contexts, .. } = *self;
        fewer_reads.clamp(smaller_contexts.min(0), smaller_contexts.max(0))
    }

    /// What the compaction at its end takes back, where the cycle ends at `top`.
    pub(super) fn settle(&self, end: &CycleEnd, top: i64) -> Settlement {
        let own_floor = self.floor_below(top);
        // The trigger stays where it is: a lower floor leaves more room below it.
        let (growth, room) = ((top - own_floor).max(0), end.top - own_floor);
        let lower = i128::from(self.calls) * i128::from(end.floor - own_floor);
        let lower = (lower / i128::from(2 * WHOLE)) as i64;
        // A lower floor lowers the mean of a saw-tooth by half of it.
        let size = self.size();
        let kept = lower.clamp(size.min(0), size.max(0));
        let size = size - kept;
        // A cycle that the schedule begins above its trigger has no growth to compare.
        if end.top <= end.floor {
            return Settlement { reads: size, not_needed: 0 };
        }
        if room <= 0 {
            return Settlement { reads: size, not_needed: -WHOLE };
        }
        // x = 1 - growth / room is the share of the compaction that is not needed any more.
        // Up to half of it the next one only comes later. Beyond that the work may end before it
        // does, so that a part k = 2 - 1 / x of what is saved stays.
        let stays = 2 * growth < room;
        let reads = if stays { scale(size, growth, room - growth) } else { size };
        let not_needed = WHOLE - scale(WHOLE, growth, room);
        Settlement { reads, not_needed: not_needed.max(-WHOLE) }
    }
}

/// `amount * part / whole`, rounded towards zero.
fn scale(amount: i64, part: i64, whole: i64) -> i64 {
    (i128::from(amount) * i128::from(part) / i128::from(whole)) as i64
}

/// What compactions take back, to be told with the first call behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settlement {
    /// Reads.
    reads: i64,
    /// The share of the last compaction that is not needed any more, in parts of [`WHOLE`]; below
    /// zero where it is needed sooner.
    not_needed: i64,
}

impl Settlement {
    pub(super) const NOTHING: Self = Self { reads: 0, not_needed: 0 };

    /// Its amounts, of which a mean can be made.
    pub(super) fn amounts(&mut self) -> [&mut i64; 2] {
        [&mut self.reads, &mut self.not_needed]
    }

    /// Both, one after the other.
    pub(super) fn followed_by(self, next: Self) -> Self {
        Self { reads: self.reads + next.reads, ..next }
    }

    /// What it adds to the tokens of a session whose context starts over with a call: the reads
    /// that are given back, less the writes of a restart that is not needed.
    pub(super) fn tokens_with_call(self, made: &CallTokens) -> CallTokens {
        let written = made.context - made.fresh - made.read - made.off_tier;
        let spared = scale(written, self.not_needed, WHOLE);
        CallTokens { context: self.reads - spared, read: self.reads, ..CallTokens::NOTHING }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::cycle_end::CycleEndKind;

    /// Ten calls that read `size` less between a floor and a top, recorded from 50 K to 150 K.
    fn taken_back(size: i64, floor: i64, top: i64) -> i64 {
        taken_back_of([size, size], floor, top)
    }

    /// The same with contexts that are by another number smaller.
    fn taken_back_of([fewer_reads, smaller_contexts]: [i64; 2], floor: i64, top: i64) -> i64 {
        let tally = CycleTally {
            is_new: false,
            floor,
            fewer_reads,
            smaller_contexts,
            calls: 10 * WHOLE,
            ..CycleTally::starting_at(0)
        };
        let kind = CycleEndKind::Recorded;
        let end = CycleEnd { row: 1, kind, floor: 50_000, top: 150_000, has_shrunk: true };
        tally.settle(&end, top).reads
    }

    #[test]
    fn a_compaction_takes_back_what_sizes_save() {
        assert_eq!(taken_back(0, 50_000, 150_000), 0);
        // A tenth of the growth is gone, then half of it: all is given back.
        assert_eq!(taken_back(7_000, 50_000, 140_000), 7_000);
        assert_eq!(taken_back(7_000, 50_000, 100_000), 7_000);
        // Three quarters: k = 2 - 4 / 3, so that a third of it is given back; then all is gone.
        assert_eq!(taken_back(9_000, 50_000, 75_000), 3_000);
        assert_eq!(taken_back(9_000, 50_000, 50_000), 0);
        assert_eq!(taken_back(9_000, 50_000, 40_000), 0);
        // Larger calls bring it sooner: what they cost is given back as well.
        assert_eq!(taken_back(-7_000, 50_000, 160_000), -7_000);
    }

    #[test]
    fn what_is_written_instead_of_read_moves_no_compaction() {
        let taken_back = |amounts| taken_back_of(amounts, 50_000, 140_000);
        // Contexts that are 26 smaller, of which 410 more are written.
        assert_eq!(taken_back([436, 26]), 26);
        // A miss after them: what is written anew is no reads that could be given back.
        assert_eq!(taken_back([26, 436]), 26);
        // A longer lifetime reads what was written; the contexts are what they were.
        assert_eq!(taken_back([-7_000, 0]), 0);
        assert_eq!(taken_back([-7_000, 500]), 0);
    }

    #[test]
    fn a_lower_floor_keeps_half_of_what_it_saves() {
        // Ten calls, each 1,000 smaller by the floor alone.
        assert_eq!(taken_back(10_000, 49_000, 149_000), 5_000);
        // No more than is saved, and nothing where the floor is higher.
        assert_eq!(taken_back(3_000, 49_000, 149_000), 0);
        assert_eq!(taken_back(3_000, 51_000, 149_000), 3_000);
    }
}
