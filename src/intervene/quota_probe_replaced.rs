//! E3: Quota check without a session.
//!
//! What: whether quota is left is read from the local state instead of from the answer of a model
//! that is started to say one word.
//!
//! Why it should pay: the start context of a session is paid for one word.
//!
//! Formula: saved = probes x tokens of a probe. Invocations and sessions that are named as probes
//! are dropped; where a bucket holds the rest, they come off all buckets in proportion to their
//! tokens, because no source says which of them holds probes.
//!
//! Source: operational economics (2026-06-11): one quota probe that printed one word used 15,806
//! tokens. How many there were is not published: the number is asked for, and cannot be more than
//! the 92 marked events.
//!
//! Lies: a probe that comes off a bucket which another toggle makes smaller is counted there: of
//! two toggles on one bucket the one that takes more counts.

use super::support::named_work::{named_work_units, names_or_default};
use super::support::packets::drop_invocation;
use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams,
};
use crate::plan::Patch;
use crate::recording::{Basis, Recording};
use crate::units::apportion;
use std::collections::BTreeSet;

/// Quota probe replaced.
pub static E3: Intervention = Intervention::new(&CARD, build_patch).counting_all_places();

/// What it works on where nothing is named.
const NAMES: [&str; 1] = ["quota probe"];

static CARD: ToggleCard = ToggleCard {
    id: "E3",
    title: "Quota check without a session",
    source: "operational economics (004_c0fd294b799362fb.txt): quota probes",
    knob: "a check of the local state in place of a session",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[
        ParamSpec {
            key: "probes",
            unit: ParamUnit::Count,
            low: 0,
            mode: 10,
            high: 92,
            asked: true,
            confidence: Confidence::Judgement,
            what: "probes in the window of the recording",
            source: "no source says; high: the 92 marked events, mode: judgement",
        },
        ParamSpec {
            key: "tokens",
            unit: ParamUnit::Tokens,
            low: 15_806,
            mode: 15_806,
            high: 15_806,
            asked: false,
            confidence: Confidence::Official,
            what: "tokens of a probe that a bucket holds",
            source: "operational economics: one probe, 2026-06-11",
        },
    ],
    name_lists: &[NameListSpec {
        key: "names",
        most: 100,
        what: "steps, agents or kinds of probes; quota probe if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let probes = params.get("probes");
    let known =
        named_work_units(recording, &names_or_default(params.names_of_list("names"), &NAMES));
    // Where a scenario says fewer probes than are recorded, the first ones go.
    let most = usize::try_from(probes).unwrap_or(usize::MAX);
    for unit in known.iter().take(most) {
        drop_invocation(recording, &mut patch, unit.calls.clone());
    }
    let buckets = bucket_blocks(recording);
    patch.found_places = (known.len() + buckets.len()) as u32;
    // Probes that are recorded as such go first; only the rest is taken off the buckets.
    let hidden = (probes - known.len() as i64).max(0);
    let tokens: Vec<i64> =
        buckets.iter().map(|&block| recording.blocks[block as usize].tokens).collect();
    // Buckets cannot give more than they hold.
    let saved = (hidden * params.get("tokens")).min(tokens.iter().sum());
    // No source says which bucket holds the probes, so each gives in proportion.
    let parts = apportion(saved, &tokens).into_iter();
    let parts = buckets.iter().zip(&tokens).zip(parts).filter(|(_, part)| *part > 0);
    patch.replaced_blocks.extend(parts.map(|((&block, tokens), part)| (block, tokens - part)));
    patch
}

/// The blocks of all buckets.
fn bucket_blocks(recording: &Recording) -> Vec<u32> {
    let woken: BTreeSet<u32> = recording.invocations.iter().map(|one| one.call).collect();
    // One call with a published sum that no packet woke: many runs in one figure.
    let sessions = recording.sessions.iter().filter(|session| {
        session.calls == 1
            && session.usage_basis == Basis::Published
            && !woken.contains(&session.first_call)
    });
    let blocks =
        sessions.flat_map(|session| recording.calls[session.call_range().start].block_range());
    blocks.map(|block| block as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{builtin_routes, routes::reconstruct_routes};

    fn check(probes: i64, found: u32, saved: i64) {
        let routes = builtin_routes("economics-2026-06").expect("built in");
        let recording =
            reconstruct_routes(&routes, &routes.modes_of_unknowns()).expect("fits").recording;
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("probes", probes));
        let patch = E3.build_patch(&recording, &params);
        let off = |&(block, left): &(u32, i64)| recording.blocks[block as usize].tokens - left;
        assert_eq!(patch.found_places, found);
        assert_eq!(patch.replaced_blocks.iter().map(off).sum::<i64>(), saved, "{probes} probes");
    }

    #[test]
    fn probes_come_off_the_buckets() {
        check(0, 4, 0);
        check(1, 4, 15_806);
        check(92, 4, 1_454_152);
        check(1_000_000, 4, 16_310_000);
    }
}
