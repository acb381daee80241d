//! What a subset changes: flat differences, so that the pass adds and never chooses.
//!
//! Patches say things like "R3 makes this block 60 tokens, R4 makes it 400, R6 drops it". One of
//! them counts: a drop before any size, the smallest size, the longest time. Compiled, each
//! choice is a [`DeltaTerm`] that counts if one of its bits is on and no bit of a better choice is,
//! and the terms of a row are simply added up. All that hangs on the same bits is one term.

use super::ToggleSubset;
use std::ops::{AddAssign, Sub};

/// What a bit gives if it is on and one of some others is too; these are `None` where it gives it
/// by itself.
pub(super) type ConditionalChoice<T> = (ToggleSubset, Option<ToggleSubset>, T);

/// What changes about a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowDeltas {
    /// Tokens of its inputs.
    pub inputs: i64,
    /// Of these, tokens of the system part and of a summary.
    pub restart_inputs: i64,
    /// Of these, tokens of tool results, where a rule clears some.
    pub results: i64,
    /// How many tool results they are: of at least one token.
    pub result_count: i64,
    /// Tokens of its outputs.
    pub outputs: i64,
    /// Tokens that the context starts over with beside its inputs.
    pub start: i64,
    /// Milliseconds that do not pass after the call.
    pub saved_ms: i64,
    /// Of an inserted call: milliseconds saved only after it, from the idle time that follows.
    pub later_ms: i64,
    /// Whether the call is not made.
    pub dropped: bool,
}

impl AddAssign for RowDeltas {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.inputs += other.inputs;
        self.restart_inputs += other.restart_inputs;
        self.results += other.results;
        self.result_count += other.result_count;
        self.outputs += other.outputs;
        self.start += other.start;
        self.saved_ms += other.saved_ms;
        self.later_ms += other.later_ms;
        self.dropped |= other.dropped;
    }
}

impl Sub for RowDeltas {
    type Output = Self;
    /// The difference of amounts; whether a call is made is none.
    fn sub(self, other: Self) -> Self {
        Self {
            inputs: self.inputs - other.inputs,
            restart_inputs: self.restart_inputs - other.restart_inputs,
            results: self.results - other.results,
            result_count: self.result_count - other.result_count,
            outputs: self.outputs - other.outputs,
            start: self.start - other.start,
            saved_ms: self.saved_ms - other.saved_ms,
            later_ms: self.later_ms - other.later_ms,
            dropped: self.dropped,
        }
    }
}

/// Differences that count if a bit of `any` is on and none of `unless`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaTerm {
    /// Bits that cause them.
    pub any: ToggleSubset,
    /// Bits of what takes precedence.
    pub unless: ToggleSubset,
    /// The differences.
    pub deltas: RowDeltas,
    /// Whether it is the last term of its row.
    pub last: bool,
}

impl DeltaTerm {
    /// Whether it counts under a subset.
    #[inline]
    #[must_use]
    pub(crate) fn applies_to(&self, subset: ToggleSubset) -> bool {
        self.any & subset != 0 && self.unless & subset == 0
    }
}

/// The terms of one row while it is compiled.
#[derive(Debug, Default)]
pub(super) struct RowTerms(Vec<DeltaTerm>);

impl RowTerms {
    /// Adds a choice: the first entry with a bit on counts.
    pub(super) fn add_choice(&mut self, choices: impl Iterator<Item = (ToggleSubset, RowDeltas)>) {
        // Bits of the better entries so far: with one of them on, no later entry counts.
        let mut unless = 0;
        for (any, deltas) in choices {
            self.add_term(any & !unless, unless, deltas);
            unless |= any;
        }
    }

    /// Adds a choice of which some entries need one of several other bits too.
    ///
    /// A term cannot ask for two bits at once, but differences can: what counts with `a` and `b` on
    /// is what counts with `a`, less what counts with `a` and without `b`. So the conditions are
    /// products of "none of these is on", each with a sign, as in inclusion and exclusion.
    pub(super) fn add_conditional_choice(
        &mut self,
        choices: impl Iterator<Item = ConditionalChoice<RowDeltas>>,
    ) {
        // That no better entry counts: the sum, each with its sign and number, of the conditions
        // that none of these bits is on. At the start there is no better entry, so it always holds.
        let mut none: Vec<(i64, ToggleSubset)> = vec![(1, 0)];
        for (any, with, deltas) in choices {
            let negative = RowDeltas::default() - deltas;
            for &(times, unless) in &none {
                let (plus, minus) = if times > 0 { (deltas, negative) } else { (negative, deltas) };
                for _ in 0..times.abs() {
                    self.add_term(any & !unless, unless, plus);
                    // With its own bit alone the entry does not count: that part is taken off
                    // again.
                    if let Some(with) = with {
                        let unless = unless | with;
                        self.add_term(any & !unless, unless, minus);
                    }
                }
            }
            none = but_not(&none, any, with);
        }
    }

    fn add_term(&mut self, any: ToggleSubset, unless: ToggleSubset, deltas: RowDeltas) {
        // An entry that changes nothing needs no term of its own: the entries behind it carry its
        // bits, as what takes precedence over them.
        if any == 0 || deltas == RowDeltas::default() {
            return;
        }
        match self.0.iter_mut().find(|term| (term.any, term.unless) == (any, unless)) {
            Some(term) => term.deltas += deltas,
            None => self.0.push(DeltaTerm { any, unless, deltas, last: false }),
        }
    }

    /// Moves the terms to the end of `terms`; returns the bits that touch them.
    pub(super) fn move_terms_to(&mut self, terms: &mut Vec<DeltaTerm>) -> ToggleSubset {
        if let Some(last) = self.0.last_mut() {
            last.last = true;
        }
        // A bit that only takes precedence changes what the others do.
        let touched_by = self.0.iter().fold(0, |bits, term| bits | term.any | term.unless);
        terms.append(&mut self.0);
        touched_by
    }
}

/// The sum of conditions `none`, each times that an entry does not count which needs a bit of `any`
/// and, if there is one, of `with`. It does not count if `any` is off or `with` is off; where both
/// are off it would be counted twice, and is taken off once.
fn but_not(
    none: &[(i64, ToggleSubset)],
    any: ToggleSubset,
    with: Option<ToggleSubset>,
) -> Vec<(i64, ToggleSubset)> {
    let mut next: Vec<(i64, ToggleSubset)> = Vec::new();
    for &(times, unless) in none {
        let mut parts = vec![(times, unless | any)];
        if let Some(with) = with {
            parts.extend([(times, unless | with), (-times, unless | any | with)]);
        }
        for (times, unless) in parts {
            // Equal conditions are one, with the sum of their counts; what cancels out is left away
            // below.
            match next.iter_mut().find(|(_, known)| *known == unless) {
                Some((sum, _)) => *sum += times,
                None => next.push((times, unless)),
            }
        }
    }
    next.retain(|(times, _)| *times != 0);
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(inputs: i64) -> RowDeltas {
        RowDeltas { inputs, ..RowDeltas::default() }
    }

    fn check(choices: &[(ToggleSubset, i64)], want: &[(ToggleSubset, i64)]) {
        let mut row = RowTerms::default();
        row.add_choice(choices.iter().map(|&(bits, delta)| (bits, inputs(delta))));
        let mut terms = Vec::new();
        row.move_terms_to(&mut terms);
        for &(subset, want) in want {
            let count = terms.iter().filter(|term| term.applies_to(subset));
            let met: i64 = count.map(|term| term.deltas.inputs).sum();
            assert_eq!(met, want, "{choices:?} under {subset:b}");
        }
    }

    #[test]
    fn the_first_choice_that_is_on_counts() {
        check(&[], &[(0, 0), (1, 0)]);
        check(&[(1, -60)], &[(0, 0), (1, -60), (2, 0), (3, -60)]);
        check(&[(4, -9), (1, -6), (2, -4)], &[(1, -6), (2, -4), (3, -6), (6, -9), (7, -9)]);
        check(&[(1, -60), (1, -40)], &[(1, -60)]);
        check(&[(1, 0), (2, 20)], &[(1, 0), (2, 20), (3, 0)]);
    }

    /// Entries: bit, bits of which one must be on too (0 for none), difference.
    fn check_given(choices: &[(ToggleSubset, ToggleSubset, i64)]) {
        let mut row = RowTerms::default();
        let given = choices
            .iter()
            .map(|&(bit, with, delta)| (bit, (with != 0).then_some(with), inputs(delta)));
        row.add_conditional_choice(given);
        let mut terms = Vec::new();
        let touched_by = row.move_terms_to(&mut terms);
        for subset in 0..1_u64 << 6 {
            let is_on = |&&(bit, with, _): &&(ToggleSubset, ToggleSubset, i64)| {
                bit & subset != 0 && (with == 0 || with & subset != 0)
            };
            let want = choices.iter().find(is_on).map_or(0, |choice| choice.2);
            let sum = |subset| -> i64 {
                let count = terms.iter().filter(|term| term.applies_to(subset));
                count.map(|term| term.deltas.inputs).sum()
            };
            assert_eq!(sum(subset), want, "{choices:?} under {subset:b}");
            assert_eq!(sum(subset & touched_by), want, "{choices:?} touched by {touched_by:b}");
        }
    }

    #[test]
    fn an_entry_may_need_another_bit() {
        check_given(&[(1, 2, -60)]);
        check_given(&[(1, 6, -60)]);
        check_given(&[(1, 2, -60), (4, 0, -40)]);
        check_given(&[(1, 0, -60), (2, 4, -50), (8, 0, -40)]);
        check_given(&[(1, 2, -60), (2, 1, -50), (8, 4, -40), (4, 0, -30)]);
        check_given(&[(1, 6, -60), (8, 6, -50), (16, 32, -40), (5, 0, -30), (32, 0, 20)]);
    }

    #[test]
    fn an_entry_without_a_difference_takes_precedence_all_the_same() {
        let mut row = RowTerms::default();
        row.add_choice([(1, inputs(0)), (2, inputs(20))].into_iter());
        assert_eq!(row.move_terms_to(&mut Vec::new()), 3);
    }

    #[test]
    fn all_that_hangs_on_the_same_bits_is_one_term() {
        let mut row = RowTerms::default();
        let dropped = RowDeltas { outputs: -10, dropped: true, ..RowDeltas::default() };
        for deltas in [inputs(-10), inputs(-20), dropped] {
            row.add_choice(std::iter::once((1, deltas)));
        }
        let mut terms = Vec::new();
        assert_eq!(row.move_terms_to(&mut terms), 1);
        let deltas = RowDeltas { inputs: -30, ..dropped };
        assert_eq!(terms, [DeltaTerm { any: 1, unless: 0, deltas, last: true }]);
    }
}
