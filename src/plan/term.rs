//! What a subset changes: flat differences, so that the pass adds and never chooses.
//!
//! Patches say things like "R3 makes this block 60 tokens, R4 makes it 400, R6 drops it". One of
//! them counts: a drop before any size, the smallest size, the longest time. Compiled, each
//! choice is a [`Term`] that counts if one of its bits is on and no bit of a better choice is, and
//! the terms of a row are simply added up. Terms of a row with the same condition are one term.

use super::Subset;

/// An amount of a row that a term changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Amount {
    /// Tokens of its inputs.
    Inputs,
    /// Tokens of inputs that exist only because of an automatic compaction.
    RestartInputs,
    /// Tokens of its outputs.
    Outputs,
    /// Milliseconds that do not pass after the call.
    SavedMs,
    /// Of an inserted call: milliseconds saved only after it, from the idle time that follows.
    LaterMs,
    /// More than 0 if the call is not made.
    Dropped,
}

impl Amount {
    /// How many amounts there are.
    pub const COUNT: usize = 6;
}

/// A difference that counts if a bit of `any` is on and none of `unless`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Bits that cause it.
    pub any: Subset,
    /// Bits of what takes precedence.
    pub unless: Subset,
    /// The difference.
    pub delta: i64,
    /// What it changes.
    pub amount: Amount,
    /// Whether it is the last one of its row.
    pub last: bool,
}

impl Term {
    /// What it adds under a subset.
    #[inline]
    #[must_use]
    pub fn under(&self, subset: Subset) -> i64 {
        let counts = (self.any & subset != 0) & (self.unless & subset == 0);
        if counts { self.delta } else { 0 }
    }
}

/// The terms of one row while it is compiled.
#[derive(Debug, Default)]
pub(super) struct Terms(Vec<Term>);

impl Terms {
    /// Adds what differs from `base`: of several choices the first one with a bit on counts.
    pub(super) fn choose(
        &mut self,
        amount: Amount,
        base: i64,
        choices: impl Iterator<Item = (Subset, i64)>,
    ) {
        let mut unless = 0;
        for (any, value) in choices {
            self.add(Term { any: any & !unless, unless, delta: value - base, amount, last: false });
            unless |= any;
        }
    }

    fn add(&mut self, new: Term) {
        if new.any == 0 || new.delta == 0 {
            return;
        }
        let alike = |old: &&mut Term| {
            (old.any, old.unless, old.amount) == (new.any, new.unless, new.amount)
        };
        match self.0.iter_mut().find(alike) {
            Some(old) => old.delta += new.delta,
            None => self.0.push(new),
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

    fn check(choices: &[(Subset, i64)], want: &[(Subset, i64)]) {
        let mut row = Terms::default();
        row.choose(Amount::Inputs, 100, choices.iter().copied());
        let mut terms = Vec::new();
        row.finish(&mut terms);
        for &(subset, want) in want {
            let met: i64 = 100 + terms.iter().map(|term| term.under(subset)).sum::<i64>();
            assert_eq!(met, want, "{choices:?} under {subset:b}");
        }
    }

    #[test]
    fn the_first_choice_that_is_on_counts() {
        check(&[], &[(0, 100), (1, 100)]);
        check(&[(1, 40)], &[(0, 100), (1, 40), (2, 100), (3, 40)]);
        check(&[(4, 0), (1, 40), (2, 60)], &[(1, 40), (2, 60), (3, 40), (6, 0), (7, 0)]);
        check(&[(1, 40), (1, 60)], &[(1, 40)]);
        check(&[(1, 100), (2, 120)], &[(1, 100), (2, 120), (3, 100)]);
    }

    #[test]
    fn blocks_under_the_same_bits_are_one_term() {
        let mut row = Terms::default();
        for _ in 0..3 {
            row.choose(Amount::Outputs, 10, [(1, 0)].into_iter());
        }
        let mut terms = Vec::new();
        assert_eq!(row.finish(&mut terms), 1);
        let amount = Amount::Outputs;
        assert_eq!(terms, [Term { any: 1, unless: 0, delta: -30, amount, last: true }]);
    }
}
