//! What a subset changes: flat differences, so that the pass adds and never chooses.
//!
//! Patches say things like "R3 makes this block 60 tokens, R4 makes it 400, R6 drops it". One of
//! them counts: a drop before any size, the smallest size, the longest time. Compiled, each
//! choice is a [`Term`] that counts if one of its bits is on and no bit of a better choice is, and
//! the terms of a row are simply added up. All that hangs on the same bits is one term.

use super::Subset;
use std::ops::{AddAssign, Sub};

/// What changes about a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas {
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

impl AddAssign for Deltas {
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

impl Sub for Deltas {
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
pub struct Term {
    /// Bits that cause them.
    pub any: Subset,
    /// Bits of what takes precedence.
    pub unless: Subset,
    /// The differences.
    pub deltas: Deltas,
    /// Whether it is the last term of its row.
    pub last: bool,
}

impl Term {
    /// Whether it counts under a subset.
    #[inline]
    #[must_use]
    pub fn counts(&self, subset: Subset) -> bool {
        self.any & subset != 0 && self.unless & subset == 0
    }
}

/// The terms of one row while it is compiled.
#[derive(Debug, Default)]
pub(super) struct Terms(Vec<Term>);

impl Terms {
    /// Adds a choice: the first entry with a bit on counts.
    pub(super) fn choose(&mut self, choices: impl Iterator<Item = (Subset, Deltas)>) {
        let mut unless = 0;
        for (any, deltas) in choices {
            self.add(any & !unless, unless, deltas);
            unless |= any;
        }
    }

    fn add(&mut self, any: Subset, unless: Subset, deltas: Deltas) {
        if any == 0 || deltas == Deltas::default() {
            return;
        }
        match self.0.iter_mut().find(|term| (term.any, term.unless) == (any, unless)) {
            Some(term) => term.deltas += deltas,
            None => self.0.push(Term { any, unless, deltas, last: false }),
        }
    }

    /// Moves the terms to the end of `terms`; returns the bits that touch them.
    pub(super) fn finish(&mut self, terms: &mut Vec<Term>) -> Subset {
        if let Some(last) = self.0.last_mut() {
            last.last = true;
        }
        let touched_by = self.0.iter().fold(0, |bits, term| bits | term.any);
        terms.append(&mut self.0);
        touched_by
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(inputs: i64) -> Deltas {
        Deltas { inputs, ..Deltas::default() }
    }

    fn check(choices: &[(Subset, i64)], want: &[(Subset, i64)]) {
        let mut row = Terms::default();
        row.choose(choices.iter().map(|&(bits, delta)| (bits, inputs(delta))));
        let mut terms = Vec::new();
        row.finish(&mut terms);
        for &(subset, want) in want {
            let count = terms.iter().filter(|term| term.counts(subset));
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

    #[test]
    fn all_that_hangs_on_the_same_bits_is_one_term() {
        let mut row = Terms::default();
        let dropped = Deltas { outputs: -10, dropped: true, ..Deltas::default() };
        for deltas in [inputs(-10), inputs(-20), dropped] {
            row.choose(std::iter::once((1, deltas)));
        }
        let mut terms = Vec::new();
        assert_eq!(row.finish(&mut terms), 1);
        let deltas = Deltas { inputs: -30, ..dropped };
        assert_eq!(terms, [Term { any: 1, unless: 0, deltas, last: true }]);
    }
}
