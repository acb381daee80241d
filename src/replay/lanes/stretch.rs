//! A stretch: rows that go on from each other in every lane of a block, added up.

use super::block_subsets::{BlockSubsets, LANES, LaneMask, subsets_of_mask};
use super::cache_behaviour::CacheBehaviour;
use crate::ids::NO_INDEX;
use crate::plan::{DeltaTerm, Plan, PlanRow, PlanRun, RowDeltas};
use crate::recording::CacheTier;
use crate::replay::schedule::{CallSums, Schedule};

/// What rows add, or a bit adds to what they add.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StretchTotals {
    /// Inputs and outputs.
    pub(super) prompt: i64,
    /// Each input times the number of calls before it, each output times one more.
    pub(super) behind: i64,
    /// Recorded output.
    pub(super) output: i64,
    /// Outputs of the last call.
    pub(super) last: i64,
}

impl StretchTotals {
    fn add_sums(&mut self, other: &Self) {
        self.prompt += other.prompt;
        self.behind += other.behind;
        self.output += other.output;
        self.last += other.last;
    }

    /// Adds a call that is not the last one any more when the next one comes.
    fn push_call(&mut self, calls: i64, inputs: i64, outputs: i64) {
        self.prompt += inputs + outputs;
        self.behind += inputs * calls + outputs * (calls + 1);
    }
}

/// What hangs on the same bits: it counts in lanes with a bit of `any` (or in all, if that is
/// empty) and none of `unless`.
#[derive(Clone, Copy, Debug, Default)]
struct SumGroup {
    any: LaneMask,
    unless: LaneMask,
    sums: StretchTotals,
    /// Calls of the stretch when it was last added to.
    calls: i64,
}

impl SumGroup {
    fn applies_to_lane(&self, lane: LaneMask) -> bool {
        (self.any == 0 || self.any & lane != 0) && self.unless & lane == 0
    }

    fn is_of_one_bit(&self) -> bool {
        self.unless == 0 && self.any.is_power_of_two()
    }
}

/// A difference that some lanes have.
#[derive(Clone, Copy, Debug)]
struct LaneChoice {
    any: LaneMask,
    unless: LaneMask,
    inputs: i64,
    outputs: i64,
}

/// A row as the block sees it, or several that are one call.
#[derive(Clone, Copy, Debug, Default)]
struct RowAmounts {
    /// Of all lanes.
    inputs: i64,
    outputs: i64,
    saved_ms: i64,
    later_ms: i64,
    dropped: bool,
    /// Calls not made that the schedule makes.
    missing: CallSums,
    /// The least that any lane may have.
    least_inputs: i64,
    least_outputs: i64,
    /// Whether lanes differ in outputs.
    outputs_differ: bool,
    /// Whether lanes differ in more than sizes.
    parts_lanes: bool,
}

/// The first call of a stretch behind its lead.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FirstCall {
    /// When it starts, if no time was saved before the stretch.
    pub(super) start_ms: i64,
    /// The least inputs of any lane.
    pub(super) inputs: i64,
    pub(super) fresh: i64,
    /// Whether it may hide output.
    pub(super) may_hide: bool,
}

/// The last one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastCall {
    pub(super) row: usize,
    /// When it starts, if no time was saved before the stretch.
    pub(super) start_ms: i64,
    pub(super) touched_after_ms: i64,
    pub(super) fresh: i64,
    least_outputs: i64,
}

/// A row that goes lane by lane, and the rows behind it that are added up.
#[derive(Debug, Default)]
pub(super) struct RowStretch {
    /// The row that goes lane by lane; `None` before there is any.
    pub(super) lead: Option<usize>,
    /// Calls behind it.
    pub(super) call_count: i64,
    pub(super) first: FirstCall,
    pub(super) end: LastCall,
    /// Tokens neither read nor written.
    pub(super) fresh: i64,
    pub(super) hidden: i64,
    pub(super) saved_ms: i64,
    /// Calls that no lane makes and the schedule does.
    pub(super) missing: CallSums,
    /// Of all lanes.
    sums: StretchTotals,
    groups: Vec<SumGroup>,
    /// Calls not made, which would join the next one, and what they leave to it.
    pub(super) waiting_rows: Vec<usize>,
    carried_amounts: RowAmounts,
    choices: Vec<LaneChoice>,
}

impl RowStretch {
    pub(super) fn start_at(&mut self, lead: usize) {
        self.lead = Some(lead);
    }

    pub(super) fn reset_stretch(&mut self) {
        // Not by a new value: the lists keep their memory for the next stretch.
        (self.call_count, self.fresh, self.hidden, self.saved_ms) = (0, 0, 0, 0);
        self.sums = StretchTotals::default();
        self.missing = CallSums::default();
        self.carried_amounts = RowAmounts::default();
        self.lead = None;
        self.groups.clear();
        self.waiting_rows.clear();
        self.choices.clear();
    }

    /// Adds a row that goes on from the rows before in every lane, or that no lane has; `false` if
    /// it must lead a stretch of its own.
    pub(super) fn try_add_row(
        &mut self,
        (plan, run, schedule): (&Plan, &PlanRun, Option<&Schedule>),
        subsets: &BlockSubsets<'_>,
        behaviour: CacheBehaviour,
        index: usize,
    ) -> bool {
        let row = &plan.rows[index];
        if row.event != NO_INDEX {
            let event = plan.event_of_row(row);
            if event.inserted_by != 0 && event.inserted_by & subsets.all_bits() == 0 {
                return true;
            }
            // A call that only some lanes make, or at which something happens, is no sum.
            let is_in_all_lanes = event.inserted_by & subsets.fixed != 0;
            // Nor one that is no part of the schedule, where that is compared.
            if !is_in_all_lanes || !event.is_only_inserted() || schedule.is_some() {
                return false;
            }
        }
        // What an automatic cache keeps follows no sum over a stretch.
        if self.lead.is_none() || run.tier == CacheTier::Automatic {
            return false;
        }
        let choices_before = self.choices.len();
        let mut amounts = self.amounts_of_row(plan, row, subsets);
        if let Some(schedule) = schedule.filter(|_| amounts.dropped) {
            amounts.missing = schedule.sums_of_row(index);
        }
        let is_added =
            !amounts.parts_lanes && self.try_join_row(behaviour, run, (index, row), &amounts);
        if !is_added {
            self.choices.truncate(choices_before);
        }
        is_added
    }

    /// What a row is to the lanes; what differs between them goes to the choices.
    fn amounts_of_row(
        &mut self,
        plan: &Plan,
        row: &PlanRow,
        subsets: &BlockSubsets<'_>,
    ) -> RowAmounts {
        let (inputs, outputs) = (row.inputs, row.outputs);
        let mut amounts = RowAmounts { inputs, outputs, ..RowAmounts::default() };
        let (mut fewer_inputs, mut fewer_outputs) = (0, 0);
        if row.touched_by & subsets.all_bits() != 0 {
            for DeltaTerm { any, unless, deltas, .. } in plan.terms_of_row(row) {
                // The bits that all lanes have decide a term for the whole block, or leave it to
                // the bits in which lanes differ.
                let is_on = any & subsets.fixed != 0;
                let lane_any = if is_on { 0 } else { subsets.mask_of_subset(*any) };
                let lane_unless = subsets.mask_of_subset(*unless);
                if unless & subsets.fixed != 0 || !is_on && lane_any == 0 {
                    continue;
                }
                if is_on && lane_unless == 0 {
                    amounts.inputs += deltas.inputs;
                    amounts.outputs += deltas.outputs;
                    amounts.saved_ms += deltas.saved_ms;
                    amounts.later_ms += deltas.later_ms;
                    amounts.dropped |= deltas.dropped;
                    continue;
                }
                amounts.parts_lanes |= parts_lanes(deltas);
                amounts.outputs_differ |= deltas.outputs != 0;
                fewer_inputs += deltas.inputs.min(0);
                fewer_outputs += deltas.outputs.min(0);
                self.choices.push(LaneChoice {
                    any: lane_any,
                    unless: lane_unless,
                    inputs: deltas.inputs,
                    outputs: deltas.outputs,
                });
            }
        }
        amounts.least_inputs = amounts.inputs + fewer_inputs;
        amounts.least_outputs = amounts.outputs + fewer_outputs;
        amounts
    }

    /// Adds a row if it goes on from the rows before in every lane.
    fn try_join_row(
        &mut self,
        behaviour: CacheBehaviour,
        run: &PlanRun,
        (index, row): (usize, &PlanRow),
        amounts: &RowAmounts,
    ) -> bool {
        // Calls that no lane makes leave what they brought and said to the next one that is made.
        let carried = &self.carried_amounts;
        let inputs = carried.inputs + amounts.inputs;
        let outputs = carried.outputs + amounts.outputs;
        let least_inputs = carried.least_inputs + amounts.least_inputs;
        let least_outputs = carried.least_outputs + amounts.least_outputs;
        let outputs_differ = carried.outputs_differ || amounts.outputs_differ;
        if amounts.dropped {
            let saved_ms = carried.saved_ms + amounts.saved_ms;
            self.carried_amounts = RowAmounts {
                inputs,
                outputs,
                saved_ms,
                missing: carried.missing.plus(amounts.missing),
                least_inputs,
                least_outputs,
                outputs_differ,
                ..*carried
            };
            self.waiting_rows.push(index);
            return true;
        }
        // A context that could shrink in some lane might fall below what is cached there, and how
        // much of an output is hidden is no sum where lanes produce different amounts.
        let may_hide = row.visible_output_limit != i64::MAX;
        let may_shrink = least_inputs < 0 || least_outputs < 0 || row.fresh == i64::MAX;
        if may_shrink || may_hide && outputs_differ {
            return false;
        }
        let saved_ms = self.saved_ms + carried.saved_ms;
        let start_ms = row.start_ms + amounts.later_ms - saved_ms;
        let before = self.end;
        if self.call_count == 0 {
            // How the first call finds the cache depends on the lane, which checks that for itself.
            self.first = FirstCall { start_ms, inputs: least_inputs, fresh: row.fresh, may_hide };
        } else {
            let gap_ms = start_ms - before.start_ms - before.touched_after_ms;
            let expires = behaviour.expires && gap_ms >= run.tier.ttl_ms();
            // What is not read must hold all that is fresh, in the lane where it is the smallest.
            if expires || row.fresh > least_inputs + before.least_outputs + before.fresh {
                return false;
            }
        }
        let output = outputs.min(row.visible_output_limit);
        self.sums.push_call(self.call_count, inputs, outputs);
        (self.sums.output, self.sums.last) = (self.sums.output + output, outputs);
        self.hidden += outputs - output;
        self.fresh += row.fresh;
        self.saved_ms = saved_ms + amounts.saved_ms;
        self.missing = self.missing.plus(carried.missing);
        self.call_count += 1;
        let (fresh, touched_after_ms) = (row.fresh, row.touched_after_ms);
        self.end = LastCall { row: index, start_ms, touched_after_ms, fresh, least_outputs };
        self.carried_amounts = RowAmounts::default();
        self.waiting_rows.clear();
        self.add_choices_to_groups();
        true
    }

    /// Adds the choices of the last call to their groups.
    fn add_choices_to_groups(&mut self) {
        for LaneChoice { any, unless, inputs, outputs } in self.choices.drain(..) {
            let known =
                self.groups.iter().position(|group| (group.any, group.unless) == (any, unless));
            let at = known.unwrap_or_else(|| {
                self.groups.push(SumGroup { any, unless, ..SumGroup::default() });
                self.groups.len() - 1
            });
            let group = &mut self.groups[at];
            group.sums.push_call(self.call_count - 1, inputs, outputs);
            group.sums.output += outputs;
            // Several terms of one row may hang on the same bits: only what other calls have left
            // in `last` is not of the last call any more.
            let before = if group.calls == self.call_count { group.sums.last } else { 0 };
            (group.sums.last, group.calls) = (before + outputs, self.call_count);
        }
    }

    /// The bits on which its sums hang.
    pub(super) fn lane_mask(&self) -> LaneMask {
        self.groups.iter().fold(0, |mask, group| mask | group.any | group.unless)
    }

    /// Its sums under every subset of a mask.
    pub(super) fn sums_by_subset(&self, mask: LaneMask, sums: &mut [StretchTotals; LANES]) {
        sums[0] = self.sums;
        let mut filled = 1;
        let mut rest = mask;
        // Groups that hang on one bit alone, which are most of them: each bit doubles the list, and
        // the new half is the old one with what the bit adds.
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            let group = self.groups.iter().find(|group| group.is_of_one_bit() && group.any == bit);
            let own = group.map_or(StretchTotals::default(), |group| self.totals_of_group(group));
            for at in 0..filled {
                sums[at + filled] = sums[at];
                sums[at + filled].add_sums(&own);
            }
            filled *= 2;
        }
        for group in self.groups.iter().filter(|group| !group.is_of_one_bit()) {
            let own = self.totals_of_group(group);
            for (at, lane) in subsets_of_mask(mask).enumerate() {
                if group.applies_to_lane(lane) {
                    sums[at].add_sums(&own);
                }
            }
        }
    }

    /// What a group adds by now: what is not of the last call has no part in the last call.
    fn totals_of_group(&self, group: &SumGroup) -> StretchTotals {
        let last = if group.calls == self.call_count { group.sums.last } else { 0 };
        StretchTotals { last, ..group.sums }
    }
}

/// Whether differences change more than sizes.
pub(super) fn parts_lanes(deltas: &RowDeltas) -> bool {
    deltas.dropped || deltas.saved_ms != 0 || deltas.later_ms != 0
}
