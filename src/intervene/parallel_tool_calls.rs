//! G6: Parallel tool calls.
//!
//! What: neighbouring calls that each look at one thing (a file, a search, a page) are made as one
//! call with several tool uses.
//!
//! Why it should pay: every call that disappears is a whole context that is not read again.
//!
//! Formula: of the neighbours in a run of such calls a share `independent` did not need each
//! other's results; at most `most` calls become one. Each one that is merged saves the read of its
//! context. Its tool use and result stay.
//!
//! Which neighbours can be independent: both calls hold one use of a tool that only looks (`Read`,
//! `Grep`, `Glob`, `LS`, `NotebookRead`, `WebFetch`, `WebSearch`), no person spoke in between, the
//! second one does not open what the first one searched for (a search and then a read or fetch),
//! and they do not read the same file. Edits, shell commands, polls and tasks never count.
//!
//! Source: the provider's tool-use page (parallel tool use), 2026-08-22. In 147 public transcripts
//! 217 of 1,291 calls that only look held 2 to 10 uses, three in four of them 2, 2026-11-20. How
//! many of the other neighbours were independent was not measured.
//!
//! Lies: the later call is dropped and what it says moves to the call behind it, so that one tool
//! use (about 75 tokens) joins the context one call too late, and results wait for each other. A
//! model that asks for everything at once may ask for things that it turns out not to need.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Chance, DroppedCall, Patch, PatchPlace};
use crate::recording::{BlockMarks, CacheBreak, Recording};

/// Parallel tool calls.
pub static G6: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G6",
    title: "Parallel tool calls",
    source: "provider's tool-use page, 2026-08-22",
    knob: "system prompt: independent look-ups in one response; disable_parallel_tool_use off",
    grade: BuildGrade { effort: 1, risk: 1 },
    params: &[
        ParamSpec {
            key: "independent",
            unit: ParamUnit::BasisPoints,
            low: 2_500,
            mode: 5_000,
            high: 8_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of the possible neighbours that did not need each other",
            source: "no measurement known; judgement, 2026-11",
        },
        ParamSpec {
            key: "most",
            unit: ParamUnit::Count,
            low: 2,
            mode: 3,
            high: 10,
            asked: false,
            confidence: Confidence::Measured,
            what: "calls that become one, at most",
            source: "91 % of 217 parallel looks hold 2 or 3 uses, 2026-11; high: harness's limit",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let most = params.get("most");
    let mut independent = PlaceShare::new(params, "independent");
    let runs = support::find_call_runs(recording, |at| {
        // Calls of several uses did in parallel what this toggle asks for.
        support::is_read_only_call(recording, at)
            && support::tool_uses_of_call(recording, at).count() == 1
    });
    for run in runs {
        // How likely so many calls are together by now; any call that stays begins a new group.
        let mut together = vec![Chance::SURE];
        // The first call of a run has none before it that it could join.
        for at in run.skip(1) {
            let could = !depends_on_previous(recording, at) && can_move_output(recording, at);
            patch.found_places += u32::from(could);
            // The share is taken of the neighbours that could be merged, before the limit on how
            // many go together: so the limit alone never makes more of them independent.
            let joins = if could { independent.next_at_call(recording, at) } else { Chance::NEVER };
            // A group of `most` takes no more: behind it the next one begins.
            let mut after: Vec<Chance> = together.iter().map(|one| one.and(joins)).collect();
            after.truncate(usize::try_from(most - 1).unwrap_or(usize::MAX));
            let dropped = after.iter().fold(Chance::NEVER, |all, one| all.or(*one));
            let call = DroppedCall { call: at as u32, frees_time: true };
            let place = PatchPlace { dropped_calls: vec![call], ..PatchPlace::default() };
            patch.add_place(dropped, place);
            together = std::iter::once(dropped.inverse()).chain(after).collect();
        }
    }
    patch
}

/// Whether a call opens what the one before it searched for, or goes on in the same file.
fn depends_on_previous(recording: &Recording, at: usize) -> bool {
    let (Some((opened, before)), Some((opens, file))) =
        (first_look(recording, at - 1), first_look(recording, at))
    else {
        // Where it is not known what is looked at, the calls are taken to depend on each other.
        return true;
    };
    (opens && !opened) || (file.is_some() && file == before)
}

/// Whether the first tool use of a call opens something rather than searching for it, and its file.
fn first_look(recording: &Recording, at: usize) -> Option<(bool, Option<u32>)> {
    let (_, block) = support::tool_uses_of_call(recording, at).next()?;
    // Codex reads files by shell commands, where only the importer's mark tells.
    let opens = matches!(recording.tool_name(block.tool), "Read" | "NotebookRead" | "WebFetch");
    Some((opens || block.marks.contains(BlockMarks::READ), block.file_number()))
}

/// Whether what a call says can move to the call behind it.
fn can_move_output(recording: &Recording, at: usize) -> bool {
    let call = &recording.calls[at];
    let end = recording.sessions[call.session as usize].call_range().end;
    // The last call of a session has no call behind it that could take what it said.
    at + 1 < end
        && support::context_goes_on(recording, at)
        && support::context_goes_on(recording, at + 1)
        && call.cache_break == CacheBreak::No
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, (independent, most): (i64, i64), found: u32, dropped: &[u32]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("independent", independent) && params.set_value("most", most));
        let patch =
            G6.build_patch(&support::test_recordings::recording_from_lines(&[line]), &params);
        let met: Vec<u32> = patch.dropped_calls.iter().map(|dropped| dropped.call).collect();
        assert_eq!((patch.found_places, &met[..]), (found, dropped), "{line}");
        assert!(patch.dropped_calls.iter().all(|dropped| dropped.frees_time));
        assert!(patch.dropped_blocks.is_empty(), "nothing that was said or seen is lost");
    }

    const ALL: (i64, i64) = (10_000, 10);

    #[test]
    fn the_later_of_two_neighbours_is_merged() {
        check("R1 R2 -", ALL, 1, &[1]);
        check("R1 R2 R3 G G -", ALL, 4, &[1, 2, 3, 4]);
        check("R1 R2 R3 R4 R5 -", (10_000, 2), 4, &[1, 3]);
        check("R1 R2 R3 R4 R5 -", (0, 10), 4, &[]);
    }

    #[test]
    fn a_share_of_neighbours_joins_with_a_chance() {
        let chances = |most: i64| {
            let mut params = ToggleParams::modes_of_card(&CARD);
            assert!(params.set_value("independent", 5_000) && params.set_value("most", most));
            let recording = support::test_recordings::recording_from_lines(&["R1 R2 R3 R4 -"]);
            support::test_recordings::perhaps_dropped_calls(&G6.build_patch(&recording, &params))
        };
        assert_eq!(chances(10), [(1, 50), (2, 50), (3, 50)]);
        // After two together a new group begins: 1/2, then 1/2 of what is alone, 1/4, then 3/8.
        assert_eq!(chances(2), [(1, 50), (2, 25), (3, 37)]);
    }

    #[test]
    fn what_depends_or_acts_stays() {
        check("G R1 -", ALL, 0, &[]);
        check("L W -", ALL, 0, &[]);
        check("R1 R1 -", ALL, 0, &[]);
        check("R1 G -", ALL, 1, &[1]);
        check("R1 B R2 -", ALL, 0, &[]);
        check("R1 E2 R2 -", ALL, 0, &[]);
        check("R1 R2+R3 R4 -", ALL, 0, &[]);
        check("R1 hR2 -", ALL, 0, &[]);
        check("T T -", ALL, 0, &[]);
    }

    #[test]
    fn a_call_whose_words_would_be_lost_stays() {
        check("R1 R2", ALL, 0, &[]);
        check("R1 R2 !-", ALL, 0, &[]);
        check("R1 ~R2 -", ALL, 0, &[]);
    }
}
