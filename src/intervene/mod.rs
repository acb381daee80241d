//! Interventions: what would change if a fix were built. One file each.
//!
//! A file holds the documentation (its `//!` lines are what `windtunnel explain` prints), the
//! parameters with their ranges and sources, and one function that turns a recording into a
//! [`Patch`]. It looks at marks, kinds and sizes only, so that the same code serves imported
//! transcripts and reconstructed pipelines. To add one: write its file, add its line to [`ALL`],
//! name it in a scenario.

mod r1;
mod r2;
mod r3;
mod r4;
mod r5;
mod r6;
mod r7;
mod r8;
mod r9;
mod support;

use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::{BASIS_POINTS, share_of};
use std::fmt::Write as _;

/// Every intervention, in the order of lists and bits.
pub static ALL: &[&dyn Intervention] =
    &[&r1::R1, &r2::R2, &r3::R3, &r4::R4, &r5::R5, &r6::R6, &r7::R7, &r8::R8, &r9::R9];

/// One toggle.
pub trait Intervention: Sync {
    /// What it is.
    fn card(&self) -> &'static Card;
    /// What it would change in `recording`.
    fn patch(&self, recording: &Recording, params: &Params) -> Patch;
}

/// What an intervention says about itself.
#[derive(Debug)]
pub struct Card {
    /// Its id, e.g. `R4`.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Who proposed it, and where.
    pub source: &'static str,
    /// What switches it on in production.
    pub knob: &'static str,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// The text of its own file, for [`Card::docs`].
    pub file: &'static str,
}

impl Card {
    /// The documentation at the head of its file.
    #[must_use]
    pub fn docs(&self) -> String {
        let lines = self.file.lines().take_while(|line| line.starts_with("//!"));
        lines.fold(String::new(), |mut text, line| {
            let line = line.trim_start_matches("//!");
            let _ = writeln!(text, "{}", line.strip_prefix(' ').unwrap_or(line));
            text
        })
    }
}

/// Keeps sums of parameters far from overflow.
const MAX_VALUE: i64 = 1_000_000_000;

/// What a parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Tokens.
    Tokens,
    /// Calls, runs, sites.
    Count,
    /// A share in ten-thousandths.
    BasisPoints,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Count => "count",
            Self::BasisPoints => "1/10,000",
            Self::Milliseconds => "ms",
        }
    }

    /// Whether a parameter of this unit may have this value.
    #[must_use]
    pub fn admits(self, value: i64) -> bool {
        match self {
            Self::BasisPoints => (0..=BASIS_POINTS).contains(&value),
            Self::Count | Self::Tokens | Self::Milliseconds => (0..=MAX_VALUE).contains(&value),
        }
    }

    /// What [`Unit::admits`] asks for, in words.
    #[must_use]
    pub fn wanted(self) -> &'static str {
        match self {
            Self::BasisPoints => "0 to 10,000 ten-thousandths",
            Self::Count => "a count of 0 to 1,000,000,000",
            Self::Tokens => "0 to 1,000,000,000 tokens",
            Self::Milliseconds => "0 to 1,000,000,000 ms",
        }
    }
}

/// One parameter of an intervention: what it is, its range, and who says so.
#[derive(Debug)]
pub struct ParamSpec {
    /// Its key in scenarios.
    pub key: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The lowest plausible value.
    pub low: i64,
    /// The value used unless a scenario says otherwise.
    pub mode: i64,
    /// The highest plausible value.
    pub high: i64,
    /// What it means.
    pub what: &'static str,
    /// Where the range comes from.
    pub source: &'static str,
}

/// The values of an intervention's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params(Vec<(&'static str, i64)>);

impl Params {
    /// The modes.
    #[must_use]
    pub fn modes(card: &Card) -> Self {
        Self(card.params.iter().map(|spec| (spec.key, spec.mode)).collect())
    }

    /// Every corner of the ranges: each parameter at its low, mode or high end.
    #[must_use]
    pub fn corners(&self, card: &Card) -> Vec<Self> {
        let mut corners = vec![self.clone()];
        for (index, spec) in card.params.iter().enumerate() {
            let at = |corner: &Self, value| {
                let mut corner = corner.clone();
                corner.0[index].1 = value;
                corner
            };
            corners = corners
                .iter()
                .flat_map(|corner| {
                    let mut values = vec![spec.low, spec.mode, spec.high];
                    values.dedup();
                    values.into_iter().map(|value| at(corner, value)).collect::<Vec<_>>()
                })
                .collect();
        }
        corners
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// If the intervention asks for a parameter that its card does not list.
    #[must_use]
    pub fn get(&self, key: &str) -> i64 {
        let found = self.0.iter().find(|(known, _)| *known == key);
        found.unwrap_or_else(|| panic!("no parameter '{key}' on the card")).1
    }

    /// Sets a parameter; false if there is none of that name.
    pub fn set(&mut self, key: &str, value: i64) -> bool {
        let found = self.0.iter_mut().find(|(known, _)| *known == key);
        found.map(|slot| slot.1 = value).is_some()
    }

    /// The parameters in the order of the card.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, i64)> + '_ {
        self.0.iter().copied()
    }
}

/// The intervention of an id, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Intervention> {
    ALL.iter().copied().find(|one| one.card().id.eq_ignore_ascii_case(id))
}

/// Tokens that a patch lays its hands on: the blocks that it drops or replaces, and the contexts
/// that its dropped calls read again.
#[must_use]
pub fn tokens_touched(recording: &Recording, patch: &Patch) -> i64 {
    let contexts: i64 = patch
        .dropped_calls
        .iter()
        .map(|dropped| recording.calls[dropped.call as usize].usage.context())
        .sum();
    let mut blocks: Vec<u32> = patch.replaced_blocks.iter().map(|(block, _)| *block).collect();
    blocks.extend(&patch.dropped_blocks);
    blocks.sort_unstable();
    blocks.dedup();
    contexts + blocks.iter().map(|&block| recording.blocks[block as usize].tokens).sum::<i64>()
}

/// A share of a sequence, spread evenly and without chance: of the first n items it takes
/// `n * share`, rounded half up.
#[derive(Debug)]
struct Share {
    share_bp: i64,
    seen: i64,
}

impl Share {
    fn new(share_bp: i64) -> Self {
        Self { share_bp: share_bp.clamp(0, BASIS_POINTS), seen: 0 }
    }

    /// Whether the next item is taken.
    fn takes(&mut self) -> bool {
        let before = share_of(self.seen, self.share_bp);
        self.seen += 1;
        share_of(self.seen, self.share_bp) > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_take_what_they_say() {
        for (share_bp, of, want) in
            [(0, 9, 0), (10_000, 9, 9), (8_611, 72, 62), (2_500, 1, 0), (2_500, 3, 1)]
        {
            let mut share = Share::new(share_bp);
            let taken = (0..of).filter(|_| share.takes()).count();
            assert_eq!(taken, want, "{share_bp} of {of}");
        }
    }

    #[test]
    fn every_card_is_complete_and_its_ranges_are_in_order() {
        for one in ALL {
            let card = one.card();
            assert!(card.docs().lines().count() >= 8, "{} needs docs", card.id);
            for word in ["Source", "Lies"] {
                assert!(card.docs().contains(word), "{} does not say '{word}'", card.id);
            }
            assert!(!card.title.is_empty() && !card.knob.is_empty() && !card.source.is_empty());
            for spec in card.params {
                assert!(spec.low <= spec.mode && spec.mode <= spec.high, "{}", spec.key);
                assert!(!spec.source.is_empty() && !spec.what.is_empty(), "{}", spec.key);
            }
            let corners = Params::modes(card).corners(card);
            assert!(corners.contains(&Params::modes(card)), "{}", card.id);
            assert!(corners.len() >= 1 << card.params.len(), "{}", card.id);
        }
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        let empty = Recording::default();
        for one in ALL {
            let patch = one.patch(&empty, &Params::modes(one.card()));
            assert!(patch.is_empty() && patch.found == 0, "{}", one.card().id);
        }
    }
}
