//! Interventions: what would change if a fix were built. One file each.
//!
//! A file holds the documentation (its `//!` lines are what `windtunnel explain` prints), the
//! parameters with their ranges and sources, and one function that turns a recording into a
//! [`Patch`]. It looks at marks, kinds and sizes only, so that the same code serves imported
//! transcripts and reconstructed pipelines. To add one: write its file, add its line to [`ALL`],
//! name it in a scenario.

mod c1;
mod c2;
mod c3;
mod c4;
mod c5;
mod c6;
mod c7;
mod d1;
mod d2;
mod d3;
mod d4;
mod e1;
mod e10;
mod e2;
mod e3;
mod e4;
mod e5;
mod e6;
mod e7;
mod e8;
mod e9;
mod g1;
mod g10;
mod g11;
mod g12;
mod g13;
mod g2;
mod g3;
mod g4;
mod g5;
mod g6;
mod g7;
mod g8;
mod g9;
mod n1;
mod n2;
mod n3;
mod n4;
mod params;
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

pub use params::{Grade, ParamSpec, Params, Range, Shape, TextSpec, Unit};

use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::{BASIS_POINTS, share_of};
use std::fmt::Write as _;

/// Every intervention, in the order of lists and bits.
pub static ALL: &[&dyn Intervention] = &[
    &r1::R1,
    &r2::R2,
    &r3::R3,
    &r4::R4,
    &r5::R5,
    &r6::R6,
    &r7::R7,
    &r8::R8,
    &r9::R9,
    &g1::G1,
    &g2::G2,
    &g3::G3,
    &g4::G4,
    &g5::G5,
    &g6::G6,
    &g7::G7,
    &g8::G8,
    &g9::G9,
    &g10::G10,
    &g11::G11,
    &g12::G12,
    &g13::G13,
    &c1::C1,
    &c2::C2,
    &c3::C3,
    &c4::C4,
    &c5::C5,
    &c6::C6,
    &c7::C7,
    &n1::N1,
    &n2::N2,
    &n3::N3,
    &n4::N4,
    &d1::D1,
    &d2::D2,
    &d3::D3,
    &d4::D4,
    &e1::E1,
    &e2::E2,
    &e3::E3,
    &e4::E4,
    &e5::E5,
    &e6::E6,
    &e7::E7,
    &e8::E8,
    &e9::E9,
    &e10::E10,
];

/// One toggle.
pub trait Intervention: Sync {
    /// What it is.
    fn card(&self) -> &'static Card;
    /// What it would change in `recording`.
    fn patch(&self, recording: &Recording, params: &Params) -> Patch;
    /// The variables of the environment that switch it on, where there are any.
    fn settings(&self) -> &'static [Setting] {
        &[]
    }
}

/// A variable of the environment that an orchestrator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value where it is not set; empty for none.
    pub default: &'static str,
    /// The value to set.
    pub recommended: &'static str,
    /// What it does.
    pub what: &'static str,
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
    /// What it takes to build it, and what may go wrong.
    pub grade: Grade,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// The lists of names that it needs to be told.
    pub texts: &'static [TextSpec],
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

/// The intervention of an id, in any case.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Intervention> {
    ALL.iter().copied().find(|one| one.card().id.eq_ignore_ascii_case(id))
}

/// Tokens that a patch lays its hands on: the contexts of calls that it drops, heals or lets start
/// over, those of sessions that it resumes, runs by other rules or on another model, the blocks
/// that it drops or replaces, and what it takes off system prompts. Each call and block counts
/// once; what the patch adds is not in the recording and not counted.
#[must_use]
pub fn tokens_touched(recording: &Recording, patch: &Patch) -> i64 {
    let sessions = patch.resumed.iter().map(|resumed| resumed.session);
    let sessions = sessions.chain(patch.remodelled.iter().map(|(session, _)| *session));
    let sessions = sessions.chain(patch.rules.iter().map(|(session, _)| *session));
    let whole = sessions.flat_map(|session| recording.sessions[session as usize].range());
    let mut calls: Vec<u32> = whole.map(|at| at as u32).collect();
    calls.extend(patch.dropped_calls.iter().map(|dropped| dropped.call));
    calls.extend(patch.healed.iter().chain(patch.restarted.iter().map(|(call, _)| call)));
    calls.sort_unstable();
    calls.dedup();
    let contexts: i64 =
        calls.iter().map(|&call| recording.calls[call as usize].usage.context()).sum();
    let leaner: i64 = patch.leaner.iter().map(|(_, tokens)| tokens).sum();
    let mut blocks: Vec<u32> = patch.replaced_blocks.iter().map(|(block, _)| *block).collect();
    blocks.extend(&patch.dropped_blocks);
    blocks.extend(patch.if_warm.iter().map(|(block, _)| block));
    blocks.sort_unstable();
    blocks.dedup();
    contexts
        + leaner
        + blocks.iter().map(|&block| recording.blocks[block as usize].tokens).sum::<i64>()
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
            assert!((1..=3).contains(&card.grade.risk), "{}", card.id);
            assert!(!card.title.is_empty() && !card.knob.is_empty() && !card.source.is_empty());
            for spec in card.params {
                assert!(spec.low <= spec.mode && spec.mode <= spec.high, "{}", spec.key);
                assert!(!spec.source.is_empty() && !spec.what.is_empty(), "{}", spec.key);
            }
            let ranges: Vec<Range> = card.params.iter().map(Range::of).collect();
            let corners = Params::modes(card).corners(&ranges);
            assert!(corners.contains(&Params::modes(card)), "{}", card.id);
            let ends = ranges.iter().map(|range| range.ends().len());
            assert_eq!(corners.len(), ends.product::<usize>(), "{}", card.id);
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
