//! A stretch: rows that go on from each other in every lane of a block, added up.

use super::lane::Law;
use super::{Block, LANES};
use crate::cache::Policy;
use crate::ids::NONE;
use crate::plan::{Deltas, Row, Run};
use crate::recording::Tier;

/// A set of bits of a lane's number.
pub(super) type Mask = u8;

/// The subsets of a mask, in order.
pub(super) fn within(mask: Mask) -> impl Iterator<Item = Mask> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let subset: Mask = next?;
        let after = subset.wrapping_sub(mask) & mask;
        next = (after != 0).then_some(after);
        Some(subset)
    })
}

/// What rows add, or a bit adds to what they add.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Inputs and outputs.
    pub(super) prompt: i64,
    /// Each input times the number of calls before it, each output times one more.
    pub(super) behind: i64,
    /// Recorded output.
    pub(super) output: i64,
    /// Outputs of the last call.
    pub(super) last: i64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.prompt += other.prompt;
        self.behind += other.behind;
        self.output += other.output;
        self.last += other.last;
    }

    /// Adds a call that is not the last one any more when the next one comes.
    fn push(&mut self, calls: i64, inputs: i64, outputs: i64) {
        self.prompt += inputs + outputs;
        self.behind += inputs * calls + outputs * (calls + 1);
    }
}

/// What hangs on the same bits: it counts in lanes with a bit of `any` (or in all, if that is
/// empty) and none of `unless`.
#[derive(Clone, Copy, Debug)]
struct Group {
    any: Mask,
    unless: Mask,
    sums: Sums,
    /// Calls of the stretch when it was last added to.
    calls: i64,
}

impl Group {
    fn counts(&self, lane: Mask) -> bool {
        (self.any == 0 || self.any & lane != 0) && self.unless & lane == 0
    }
}

/// A difference that some lanes have.
#[derive(Clone, Copy, Debug)]
struct Choice {
    any: Mask,
    unless: Mask,
    inputs: i64,
    outputs: i64,
}

/// A row as the block sees it, or several that are one call.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
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
    varies: bool,
    /// Whether lanes differ in more than sizes.
    parts: bool,
}

/// The first call of a stretch behind its lead.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct First {
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
pub(super) struct End {
    pub(super) row: usize,
    /// When it starts, if no time was saved before the stretch.
    pub(super) start_ms: i64,
    pub(super) touched_after_ms: i64,
    pub(super) fresh: i64,
    least_outputs: i64,
}

/// A row that goes lane by lane, and the rows behind it that are added up.
#[derive(Debug)]
pub(super) struct Stretch {
    /// The row that goes lane by lane; `None` before there is any.
    pub(super) lead: Option<usize>,
    /// Calls behind it.
    pub(super) rows: i64,
    pub(super) first: First,
    pub(super) end: End,
    /// Tokens neither read nor written.
    pub(super) fresh: i64,
    pub(super) hidden: i64,
    pub(super) saved_ms: i64,
    /// Of all lanes.
    sums: Sums,
    groups: Vec<Group>,
    /// Calls not made, which would join the next one, and what they leave to it.
    pub(super) waiting: Vec<usize>,
    left: Seen,
    choices: Vec<Choice>,
}

impl Stretch {
    pub(super) fn new() -> Self {
        Self {
            lead: None,
            rows: 0,
            first: First::default(),
            end: End::default(),
            fresh: 0,
            hidden: 0,
            saved_ms: 0,
            sums: Sums::default(),
            groups: Vec::new(),
            waiting: Vec::new(),
            left: Seen::default(),
            choices: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, lead: usize) {
        self.lead = Some(lead);
    }

    pub(super) fn clear(&mut self) {
        (self.rows, self.fresh, self.hidden, self.saved_ms) = (0, 0, 0, 0);
        self.sums = Sums::default();
        self.left = Seen::default();
        self.lead = None;
        self.groups.clear();
        self.waiting.clear();
        self.choices.clear();
    }

    /// Whether differences change more than sizes.
    pub(super) fn parts(deltas: &Deltas) -> bool {
        deltas.dropped || deltas.saved_ms != 0 || deltas.later_ms != 0
    }

    /// Adds a row that goes on from the rows before in every lane, or that no lane has; `false` if
    /// it must lead a stretch of its own.
    pub(super) fn takes<P: Policy>(
        &mut self,
        block: &Block<'_, P>,
        run: &Run,
        index: usize,
    ) -> bool {
        let row = &block.plan.rows[index];
        let fixed = block.subsets[0];
        if row.event != NONE {
            let event = block.plan.event(row);
            let of_all = event.insert & fixed != 0;
            if event.insert != 0 && event.insert & block.all() == 0 {
                return true;
            }
            if !of_all || !event.is_only_inserted() {
                return false;
            }
        }
        // What an automatic cache keeps follows no sum over a stretch.
        if self.lead.is_none() || run.tier == Tier::Automatic {
            return false;
        }
        let met = self.choices.len();
        let seen = self.see(block, index);
        let taken = !seen.parts && self.join(block.law, run, (index, row), &seen);
        if !taken {
            self.choices.truncate(met);
        }
        taken
    }

    /// What a row is to the lanes; what differs between them goes to the choices.
    fn see<P: Policy>(&mut self, block: &Block<'_, P>, index: usize) -> Seen {
        let row = &block.plan.rows[index];
        let fixed = block.subsets[0];
        let (inputs, outputs) = (row.inputs, row.outputs);
        let mut seen = Seen { inputs, outputs, ..Seen::default() };
        let (mut fewer_inputs, mut fewer_outputs) = (0, 0);
        if row.touched_by & block.all() != 0 {
            for term in block.plan.terms_of(row) {
                let is_on = term.any & fixed != 0;
                let any = if is_on { 0 } else { block.mask(term.any) };
                let unless = block.mask(term.unless);
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
                seen.parts |= Self::parts(deltas);
                seen.varies |= deltas.outputs != 0;
                fewer_inputs += deltas.inputs.min(0);
                fewer_outputs += deltas.outputs.min(0);
                let (inputs, outputs) = (deltas.inputs, deltas.outputs);
                self.choices.push(Choice { any, unless, inputs, outputs });
            }
        }
        seen.least_inputs = seen.inputs + fewer_inputs;
        seen.least_outputs = seen.outputs + fewer_outputs;
        seen
    }

    /// Adds a row if it goes on from the rows before in every lane.
    fn join(&mut self, law: Law, run: &Run, (index, row): (usize, &Row), seen: &Seen) -> bool {
        let left = &mut self.left;
        let inputs = left.inputs + seen.inputs;
        let outputs = left.outputs + seen.outputs;
        let least_inputs = left.least_inputs + seen.least_inputs;
        let least_outputs = left.least_outputs + seen.least_outputs;
        let varies = left.varies || seen.varies;
        if seen.dropped {
            let saved_ms = left.saved_ms + seen.saved_ms;
            let sum =
                Seen { inputs, outputs, saved_ms, least_inputs, least_outputs, varies, ..*left };
            self.left = sum;
            self.waiting.push(index);
            return true;
        }
        let may_hide = row.shown != i64::MAX;
        let impossible = least_inputs < 0 || least_outputs < 0 || row.fresh == i64::MAX;
        if impossible || may_hide && varies {
            return false;
        }
        let saved_ms = self.saved_ms + left.saved_ms;
        let start_ms = row.start_ms + seen.later_ms - saved_ms;
        let End { least_outputs: before, fresh, touched_after_ms, .. } = self.end;
        if self.rows == 0 {
            self.first = First { start_ms, inputs: least_inputs, fresh: row.fresh, may_hide };
        } else {
            let gap_ms = start_ms - self.end.start_ms - touched_after_ms;
            let expires = law.expires && gap_ms >= run.tier.ttl_ms();
            if expires || row.fresh > least_inputs + before + fresh {
                return false;
            }
        }
        let output = outputs.min(row.shown);
        self.sums.push(self.rows, inputs, outputs);
        (self.sums.output, self.sums.last) = (self.sums.output + output, outputs);
        self.hidden += outputs - output;
        self.fresh += row.fresh;
        self.saved_ms = saved_ms + seen.saved_ms;
        self.rows += 1;
        let (fresh, touched_after_ms) = (row.fresh, row.touched_after_ms);
        self.end = End { row: index, start_ms, touched_after_ms, fresh, least_outputs };
        self.left = Seen::default();
        self.waiting.clear();
        self.choose();
        true
    }

    /// Adds the choices of the last call to their groups.
    fn choose(&mut self) {
        for Choice { any, unless, inputs, outputs } in self.choices.drain(..) {
            let known =
                self.groups.iter_mut().find(|group| (group.any, group.unless) == (any, unless));
            let group = match known {
                Some(group) => group,
                None => {
                    self.groups.push(Group { any, unless, sums: Sums::default(), calls: 0 });
                    self.groups.last_mut().expect("a group was pushed")
                }
            };
            group.sums.push(self.rows - 1, inputs, outputs);
            group.sums.output += outputs;
            let before = if group.calls == self.rows { group.sums.last } else { 0 };
            (group.sums.last, group.calls) = (before + outputs, self.rows);
        }
    }

    /// The bits on which its sums hang.
    pub(super) fn mask(&self) -> Mask {
        self.groups.iter().fold(0, |mask, group| mask | group.any | group.unless)
    }

    /// Its sums under every subset of a mask.
    pub(super) fn by_subset(&self, mask: Mask, sums: &mut [Sums; LANES]) {
        let of = |group: &Group| {
            // What is not of the last call has no part in the last call.
            let last = if group.calls == self.rows { group.sums.last } else { 0 };
            Sums { last, ..group.sums }
        };
        let is_one = |group: &Group| group.unless == 0 && group.any.is_power_of_two();
        sums[0] = self.sums;
        let mut filled = 1;
        let mut rest = mask;
        while rest != 0 {
            let bit = rest & rest.wrapping_neg();
            rest ^= bit;
            let group = self.groups.iter().find(|group| is_one(group) && group.any == bit);
            let own = group.map_or(Sums::default(), of);
            for at in 0..filled {
                sums[at + filled] = sums[at];
                sums[at + filled].add(&own);
            }
            filled *= 2;
        }
        for group in self.groups.iter().filter(|group| !is_one(group)) {
            let own = of(group);
            for (at, _) in within(mask).enumerate().filter(|(_, lane)| group.counts(*lane)) {
                sums[at].add(&own);
            }
        }
    }
}
