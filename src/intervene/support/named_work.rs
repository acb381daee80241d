//! Work that is selected by name, and a share of it that is not done.
//!
//! A unit of work is an invocation, a session that no packet woke, or a bucket: a session of which
//! nothing is published but its tokens. Of invocations and sessions a share is dropped whole, of a
//! bucket the share comes off its tokens.
//!
//! Of a bucket the larger share of two toggles counts, so that together they save what the more
//! eager one saves: a floor, because how much of the same work two rules stop is published nowhere.
//! Sessions of a queue tell it (`queue_sessions`).

use super::packets::dropped_invocation;
use crate::intervene::PlaceShare;
use crate::intervene::{Confidence, NameListSpec, ParamSpec, ParamUnit as Counts, ToggleParams};
use crate::plan::Patch;
use crate::recording::{Basis, Packet, Recording, Session};
use crate::units::share_of;
use std::ops::Range;

/// A unit of work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkUnit {
    /// Its calls.
    pub calls: Range<usize>,
    /// Whether it is a bucket.
    pub is_bucket: bool,
}

/// The units of which a name is the step, the agent, the kind, `agent/kind` or the source, in any
/// case, or the first part of a step before a `/`.
pub fn named_work_units(recording: &Recording, names: &[String]) -> Vec<WorkUnit> {
    let mut units = Vec::new();
    // Invocations stand in the order of their calls, as sessions do: one cursor serves all.
    let mut woken = (0..recording.invocations.len()).peekable();
    for session in recording.sessions.iter().filter(|session| session.calls > 0) {
        let range = session.call_range();
        let mut own = 0;
        while let Some(at) =
            woken.next_if(|&at| (recording.invocations[at].call as usize) < range.end)
        {
            own += 1;
            let packet = &recording.invocations[at].packet;
            let calls = recording.calls_of_invocation(at);
            if !calls.is_empty() && names.iter().any(|name| is_named(session, Some(packet), name)) {
                units.push(WorkUnit { calls, is_bucket: false });
            }
        }
        // Where packets woke agents the work is theirs, and the session itself is no unit.
        if own == 0 && names.iter().any(|name| is_named(session, None, name)) {
            // A bucket is one published sum: a session of one call, of which nothing else is known.
            let is_bucket = session.calls == 1 && session.usage_basis == Basis::Published;
            units.push(WorkUnit { calls: range, is_bucket });
        }
    }
    units
}

fn is_named(session: &Session, packet: Option<&Packet>, name: &str) -> bool {
    let first_part = session.step.split_once('/').map_or("", |(first, _)| first);
    let by_packet = packet.is_some_and(|Packet { agent, kind, source, .. }| {
        // Agents and kinds may have strokes in their names: any may be the one between them.
        [agent, kind, source].into_iter().any(|known| known.eq_ignore_ascii_case(name))
            || name.match_indices('/').any(|(at, _)| {
                agent.eq_ignore_ascii_case(&name[..at])
                    && kind.eq_ignore_ascii_case(&name[at + 1..])
            })
    });
    let by_step = [&session.step, first_part].iter().any(|known| known.eq_ignore_ascii_case(name));
    // An empty name would name every session that has no step.
    !name.is_empty() && (by_step || by_packet)
}

/// A share of the work that no source tells: until the user does, nothing and all of it bound it.
pub const fn asked_share(what: &'static str) -> ParamSpec {
    ParamSpec {
        key: "share",
        unit: Counts::BasisPoints,
        low: 0,
        mode: 5_000,
        high: 10_000,
        asked: true,
        confidence: Confidence::Judgement,
        what,
        source: "no source says; bounds: nothing and all of it, mode: the middle",
    }
}

/// How many runs of a loop are made all the same, because something failed.
pub const FAILURES_SPEC: ParamSpec = ParamSpec {
    key: "failures",
    unit: Counts::BasisPoints,
    low: 0,
    mode: 1_000,
    high: 5_000,
    asked: false,
    confidence: Confidence::Judgement,
    what: "share of the loop's runs that a failure starts",
    source: "no measurement known; low: nothing fails; mode and high: judgement, 2026-11",
};

/// The bucket that rules about single pieces of work take from where nothing is named.
const MAINTENANCE_BUCKET: [&str; 1] = ["generation and maintenance"];

/// What such a rule stops.
pub const STOPPED_NAMES_SPEC: NameListSpec = NameListSpec {
    key: "names",
    most: 100,
    what: "steps, agents or kinds that it stops; generation and maintenance if none is named",
};

/// Takes the asked share of the work that a scenario names, or else the source.
pub fn take_asked_share(recording: &Recording, params: &ToggleParams, source: &[&str]) -> Patch {
    take_runs(recording, params, (source, "share"), params.get("share"))
}

/// Takes a share of the work that a scenario names, or else the source; draws are keyed by the
/// parameter that it rests on.
pub fn take_runs(
    recording: &Recording,
    params: &ToggleParams,
    (source, key): (&[&str], &str),
    share_bp: i64,
) -> Patch {
    take_share_of_work(
        recording,
        &names_or_default(params.names_of_list("names"), source),
        share_bp,
        &mut PlaceShare::of_share(params, key, share_bp),
    )
}

/// Takes the asked share of generation and maintenance, or of the work that a scenario names.
pub fn take_maintenance_share(recording: &Recording, params: &ToggleParams) -> Patch {
    take_asked_share(recording, params, &MAINTENANCE_BUCKET)
}

/// The names that a scenario gives, or those of the source.
pub fn names_or_default(given: &[String], source: &[&str]) -> Vec<String> {
    if given.is_empty() {
        source.iter().map(|&name| name.to_owned()).collect()
    } else {
        given.to_vec()
    }
}

/// Takes a share of the named work away.
pub fn take_share_of_work(
    recording: &Recording,
    names: &[String],
    share_bp: i64,
    share: &mut PlaceShare,
) -> Patch {
    let mut patch = Patch::default();
    let units = named_work_units(recording, names);
    patch.found_places = units.len() as u32;
    let (buckets, whole): (Vec<&WorkUnit>, Vec<&WorkUnit>) =
        units.iter().partition(|unit| unit.is_bucket);
    for bucket in buckets {
        let call = &recording.calls[bucket.calls.start];
        for block in call.block_range() {
            let tokens = recording.blocks[block].tokens;
            // A bucket has no invocations to drop, so that the share comes off each of its blocks.
            let left = tokens - share_of(tokens, share_bp);
            if left < tokens {
                patch.replaced_blocks.push((block as u32, left));
            }
        }
    }
    for unit in whole {
        // A unit goes as a whole or not at all, each by its own place among those drawn.
        let chance = share.next_at_call(recording, unit.calls.start);
        patch.add_place(chance, dropped_invocation(recording, unit.calls.clone()));
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::super::test_recordings;
    use super::*;
    use crate::plan::Chance;
    use crate::recording::BlockKind;

    fn dropped(lines: &[&str], names: &[&str], share_bp: i64) -> (u32, Vec<u32>) {
        let recording = test_recordings::recording_from_lines(lines);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut share = PlaceShare::expecting(share_bp);
        let patch = take_share_of_work(&recording, &names, share_bp, &mut share);
        let mut calls: Vec<u32> = patch.dropped_calls.iter().map(|dropped| dropped.call).collect();
        calls.sort_unstable();
        (patch.found_places, calls)
    }

    #[test]
    fn steps_are_found_by_their_name_and_by_its_first_part() {
        let lines = ["step=a/x R1 -", "step=b -", "step=A/y -"];
        assert_eq!(dropped(&lines, &["a"], 10_000), (2, vec![0, 1, 3]));
        assert_eq!(dropped(&lines, &["A/X"], 10_000), (1, vec![0, 1]));
        assert_eq!(dropped(&lines, &["a/x", "b"], 10_000), (2, vec![0, 1, 2]));
        assert_eq!(dropped(&lines, &["x"], 10_000), (0, vec![]));
        assert_eq!(dropped(&lines, &[], 10_000), (0, vec![]));
    }

    #[test]
    fn what_a_session_starts_with_stays_for_the_work_behind() {
        let recording = test_recordings::recording_from_lines(&["#a/U/r1 - #b/E/r1 -"]);
        let mut all = PlaceShare::expecting(10_000);
        let patch = take_share_of_work(&recording, &["a".to_owned()], 10_000, &mut all);
        assert_eq!(patch.found_places, 1);
        let system: Vec<u32> = (0..recording.blocks.len())
            .filter(|&at| recording.blocks[at].kind == BlockKind::System)
            .map(|at| at as u32)
            .collect();
        assert!(!system.is_empty() && system.iter().all(|at| !patch.dropped_blocks.contains(at)));
        assert!(!patch.dropped_blocks.is_empty());
    }

    #[test]
    fn a_share_is_expected_of_every_piece_of_work() {
        let recording = test_recordings::recording_from_lines(&["step=a -"; 8]);
        let mut share = PlaceShare::expecting(2_500);
        let patch = take_share_of_work(&recording, &["a".to_owned()], 2_500, &mut share);
        let quarter = Chance::from_basis_points(2_500);
        assert_eq!((patch.found_places, patch.dropped_calls.len()), (8, 0));
        let chances: Vec<Chance> = patch.uncertain_places.iter().map(|(it, _)| *it).collect();
        assert_eq!(chances, [quarter; 8]);
    }
}
