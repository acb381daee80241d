//! A stretch: rows that go on from each other in every lane of a block, added up.

use super::lane::CacheBehaviour;
use super::{LANES, LaneBlock};
use crate::cache::Policy;
use crate::ids::NO_INDEX;
use crate::plan::{PlanRow, PlanRun, RowDeltas};
use crate::recording::CacheTier;

/// A set of bits of a lane's number.
pub(super) type LaneMask = u8;

/// The subsets of a mask, in order.
pub(super) fn subsets_of_mask(mask: LaneMask) -> impl Iterator<Item = LaneMask> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let subset: LaneMask = next?;
        let after = subset.wrapping_sub(mask) & mask;
        next = (after != 0).then_some(after);
        Some(subset)
    })
}

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
#[derive(Clone, Copy, Debug)]
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
#[derive(Debug)]
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
    /// Of all lanes.
    sums: StretchTotals,
    groups: Vec<SumGroup>,
    /// Calls not made, which would join the next one, and what they leave to it.
    pub(super) waiting_rows: Vec<usize>,
    carried_amounts: RowAmounts,
    choices: Vec<LaneChoice>,
}

impl RowStretch {
    pub(super) fn new() -> Self {
        Self {
            lead: None,
            call_count: 0,
            first: FirstCall::default(),
            end: LastCall::default(),
            fresh: 0,
            hidden: 0,
            saved_ms: 0,
            sums: StretchTotals::default(),
            groups: Vec::new(),
            waiting_rows: Vec::new(),
            carried_amounts: RowAmounts::default(),
            choices: Vec::new(),
        }
    }

    pub(super) fn start_at(&mut self, lead: usize) {
        self.lead = Some(lead);
    }

    pub(super) fn reset_stretch(&mut self) {
        (self.call_count, self.fresh, self.hidden, self.saved_ms) = (0, 0, 0, 0);
        self.sums = StretchTotals::default();
        self.carried_amounts = RowAmounts::default();
        self.lead = None;
        self.groups.clear();
        self.waiting_rows.clear();
        self.choices.clear();
    }

    /// Whether differences change more than sizes.
    pub(super) fn parts_lanes(deltas: &RowDeltas) -> bool {
        deltas.dropped || deltas.saved_ms != 0 || deltas.later_ms != 0
    }

    /// Adds a row that goes on from the rows before in every lane, or that no lane has; `false` if
    /// it must lead a stretch of its own.
    pub(super) fn try_add_row<P: Policy>(
        &mut self,
        block: &LaneBlock<'_, P>,
        run: &PlanRun,
        index: usize,
    ) -> bool {
        let row = &block.plan.rows[index];
        let fixed = block.subsets[0];
        if row.event != NO_INDEX {
            let event = block.plan.event_of_row(row);
            let of_all = event.inserted_by & fixed != 0;
            if event.inserted_by != 0 && event.inserted_by & block.all_bits() == 0 {
                return true;
            }
            if !of_all || !event.is_only_inserted() {
                return false;
            }
        }
        // What an automatic cache keeps follows no sum over a stretch.
        if self.lead.is_none() || run.tier == CacheTier::Automatic {
            return false;
        }
        let met = self.choices.len();
        let seen = self.amounts_of_row(block, index);
        let taken =
            !seen.parts_lanes && self.try_join_row(block.cache_behaviour, run, (index, row), &seen);
        if !taken {
            self.choices.truncate(met);
        }
        taken
    }

    /// What a row is to the lanes; what differs between them goes to the choices.
    fn amounts_of_row<P: Policy>(&mut self, block: &LaneBlock<'_, P>, index: usize) -> RowAmounts {
        let row = &block.plan.rows[index];
        let fixed = block.subsets[0];
        let (inputs, outputs) = (row.inputs, row.outputs);
        let mut seen = RowAmounts { inputs, outputs, ..RowAmounts::default() };
        let (mut fewer_inputs, mut fewer_outputs) = (0, 0);
        if row.touched_by & block.all_bits() != 0 {
            for term in block.plan.terms_of_row(row) {
                let is_on = term.any & fixed != 0;
                let any = if is_on { 0 } else { block.mask_of_subset(term.any) };
                let unless = block.mask_of_subset(term.unless);
                if term.unless & fixed != 0 || !is_on && any == 0 {
                    continue;
                }
                let deltas = &term.deltas;
                if is_on && unless == 0 {
                    seen.inputs += deltas.inputs;
                    seen.outputs += deltas.outputs;
                    seen.saved_ms += deltas.saved_ms;
                    seen.later_ms += deltas.later_ms;
                    seen.dropped |= deltas.dropped;
                    continue;
                }
                seen.parts_lanes |= Self::parts_lanes(deltas);
                seen.outputs_differ |= deltas.outputs != 0;
                fewer_inputs += deltas.inputs.min(0);
                fewer_outputs += deltas.outputs.min(0);
                let (inputs, outputs) = (deltas.inputs, deltas.outputs);
                self.choices.push(LaneChoice { any, unless, inputs, outputs });
            }
        }
        seen.least_inputs = seen.inputs + fewer_inputs;
        seen.least_outputs = seen.outputs + fewer_outputs;
        seen
    }

    /// Adds a row if it goes on from the rows before in every lane.
    fn try_join_row(
        &mut self,
        law: CacheBehaviour,
        run: &PlanRun,
        (index, row): (usize, &PlanRow),
        seen: &RowAmounts,
    ) -> bool {
        let left = &mut self.carried_amounts;
        let inputs = left.inputs + seen.inputs;
        let outputs = left.outputs + seen.outputs;
        let least_inputs = left.least_inputs + seen.least_inputs;
        let least_outputs = left.least_outputs + seen.least_outputs;
        let varies = left.outputs_differ || seen.outputs_differ;
        if seen.dropped {
            let saved_ms = left.saved_ms + seen.saved_ms;
            let sum = RowAmounts {
                inputs,
                outputs,
                saved_ms,
                least_inputs,
                least_outputs,
                outputs_differ: varies,
                ..*left
            };
            self.carried_amounts = sum;
            self.waiting_rows.push(index);
            return true;
        }
        let may_hide = row.visible_output_limit != i64::MAX;
        let impossible = least_inputs < 0 || least_outputs < 0 || row.fresh == i64::MAX;
        if impossible || may_hide && varies {
            return false;
        }
        let saved_ms = self.saved_ms + left.saved_ms;
        let start_ms = row.start_ms + seen.later_ms - saved_ms;
        let LastCall { least_outputs: before, fresh, touched_after_ms, .. } = self.end;
        if self.call_count == 0 {
            self.first = FirstCall { start_ms, inputs: least_inputs, fresh: row.fresh, may_hide };
        } else {
            let gap_ms = start_ms - self.end.start_ms - touched_after_ms;
            let expires = law.expires && gap_ms >= run.tier.ttl_ms();
            if expires || row.fresh > least_inputs + before + fresh {
                return false;
            }
        }
        let output = outputs.min(row.visible_output_limit);
        self.sums.push_call(self.call_count, inputs, outputs);
        (self.sums.output, self.sums.last) = (self.sums.output + output, outputs);
        self.hidden += outputs - output;
        self.fresh += row.fresh;
        self.saved_ms = saved_ms + seen.saved_ms;
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
                self.groups.iter_mut().find(|group| (group.any, group.unless) == (any, unless));
            let group = match known {
                Some(group) => group,
                None => {
                    self.groups.push(SumGroup {
                        any,
                        unless,
                        sums: StretchTotals::default(),
                        calls: 0,
                    });
                    self.groups.last_mut().expect("a group was pushed")
                }
            };
            group.sums.push_call(self.call_count - 1, inputs, outputs);
            group.sums.output += outputs;
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
        let of = |group: &SumGroup| {
            // What is not of the last call has no part in the last call.
            let last = if group.calls == self.call_count { group.sums.last } else { 0 };
            StretchTotals { last, ..group.sums }
        };
        let is_one = |group: &SumGroup| group.unless == 0 && group.any.is_power_of_two();
        sums[0] = self.sums;
        let mut filled = 1;
        let mut rest = mask;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            let group = self.groups.iter().find(|group| is_one(group) && group.any == bit);
            let own = group.map_or(StretchTotals::default(), of);
            for at in 0..filled {
                sums[at + filled] = sums[at];
                sums[at + filled].add_sums(&own);
            }
            filled *= 2;
        }
        for group in self.groups.iter().filter(|group| !is_one(group)) {
            let own = of(group);
            for (at, _) in
                subsets_of_mask(mask).enumerate().filter(|(_, lane)| group.applies_to_lane(*lane))
            {
                sums[at].add_sums(&own);
            }
        }
    }
}
