//! R2: One edit per file, not many.
//!
//! What: instead of read, edit, check, read again, edit again for one file, the session reads
//! once and writes once. A site is a run of consecutive calls that touch one file only and edit it
//! at least twice, with no person's prompt between them.
//!
//! Why it should pay: every call of the run re-reads the whole context.
//!
//! Formula: a site of m calls keeps k of them; saved reads are about the sum of the contexts of
//! the m - k calls that disappear, plus the results that no longer enter. The text of every edit
//! is still written: it moves into the last edit, so output falls only by repeated reads and
//! searches. Beside the k all calls stay without which nobody would know what to write: reads of
//! lines that were not read before in the session, and calls that failed.
//!
//! Source: order 774, recommendation R2 (issue 792): 8 sites of about 9 calls, 72
//! calls to about 16.
//!
//! Lies: a model that writes a whole file at once may err more often and come back; a site may
//! need its second look. Both would show as fewer saved calls (`calls_per_site`). An edit that
//! failed and was made again counts as two edits of its site.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{Chance, DroppedCall, Patch, PatchPlace};
use crate::recording::{BlockKind, BlockMarks, CallMarks, Recording};
use std::ops::Range;

/// Edits batched.
pub static R2: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "R2",
    title: "One edit per file, not many",
    source: "order 774, R2 (issue 792, 001_c56936729c28e10c.txt)",
    knob: "implement skill: one Write or grouped edits per file",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[
        ParamSpec {
            key: "calls_per_site",
            // 2 as the source reckons; 3 and 4: grouped edits with a look between or behind them.
            unit: ParamUnit::WeightedCount(&[6_000, 2_500, 1_500]),
            low: 2,
            mode: 2,
            high: 4,
            asked: false,
            confidence: Confidence::Judgement,
            what: "calls that a batched site still needs",
            source: "low and mode, 60 %: the source's 72 calls to about 16 over 8 sites; 3, 25 %, \
                     and 4, 15 %: its \"grouped edits\" with looks between; judgement, 2026-11",
        },
        ParamSpec {
            key: "compliance",
            unit: ParamUnit::BasisPoints,
            low: 5_000,
            mode: 8_600,
            high: 10_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of sites at which the instruction is followed",
            source: "mode: the one intention with a number, 62 of 72 (R1); low and high: \
                     judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // Whatever a scenario says, the call that writes has to stay.
    let needed = |n: usize| params.chance_of_more_than("calls_per_site", n as i64);
    let mut compliance = PlaceShare::new(params, "compliance");
    for site in edit_sites(recording) {
        let edits: Vec<usize> =
            site.clone().filter(|&at| touch_of_call(recording, at) == FileTouch::Edits).collect();
        // One edit leaves nothing to batch, and a short site loses no call.
        if edits.len() < 2 || needed(site.len() - 1) == Chance::SURE {
            continue;
        }
        patch.found_places += 1;
        // A site is batched or not, all of it.
        let batched = compliance.next_at_call(recording, site.start);
        let last_edit = edits[edits.len() - 1];
        let mut place = PatchPlace::default();
        // Kept: the calls at the head of the site, and the edit that now carries them all.
        for (n, at) in site.filter(|&at| at != last_edit).enumerate() {
            if tells_something_new(recording, at) {
                continue;
            }
            let dropped = needed(n + 1).inverse();
            if dropped == Chance::SURE {
                drop_from_site(recording, &mut place, at, at > last_edit);
            } else {
                // The mean number of calls may lie between two whole ones.
                let mut perhaps = PatchPlace::default();
                drop_from_site(recording, &mut perhaps, at, at > last_edit);
                patch.add_place(batched.and(dropped), perhaps);
            }
        }
        patch.add_place(batched, place);
    }
    patch
}

/// Whether a call brought what the edits of its site rest on: lines that were not read before, or
/// an error that the next edit answers.
fn tells_something_new(recording: &Recording, at: usize) -> bool {
    support::results_of_call(recording, at).any(|(_, block)| {
        let is_new_read = block.marks.contains(BlockMarks::READ)
            && !block.marks.contains(BlockMarks::SEEN_BEFORE);
        is_new_read || block.marks.contains(BlockMarks::ERROR)
    })
}

/// Drops a call of a site. The edits themselves survive and move; after the last edit there is
/// nothing left that could carry them, so a trailing look at the file disappears whole.
fn drop_from_site(recording: &Recording, place: &mut PatchPlace, at: usize, trailing: bool) {
    place.dropped_calls.push(DroppedCall { call: at as u32, frees_time: true });
    for (index, block) in support::blocks_of_call(recording, at) {
        let survives = match block.kind {
            // The text of an edit is written in any case, now by the last one; looks are not made.
            BlockKind::ToolInput => block.marks.contains(BlockMarks::EDIT),
            // What was thought is needed all the same, as long as a later edit can take it in.
            BlockKind::Thinking => !trailing,
            BlockKind::Text => false,
            // Its inputs answer an earlier call, which decides about them.
            _ => true,
        };
        if !survives {
            place.dropped_blocks.push(index);
        }
    }
    // What the tools of a dropped call printed enters later, and belongs to that call.
    place.dropped_blocks.extend(support::results_of_call(recording, at).map(|(index, _)| index));
}

/// What a call does to files.
#[derive(PartialEq)]
enum FileTouch {
    Edits,
    Looks,
    /// No tool use: a narration between two touches.
    Nothing,
    /// Something else, or several files.
    Other,
}

fn file_touch_of_call(recording: &Recording, at: usize) -> (FileTouch, Option<u32>) {
    let about = BlockMarks::EDIT | BlockMarks::READ | BlockMarks::SEARCH;
    let (mut touch, mut file) = (FileTouch::Nothing, None);
    for (_, block) in support::blocks_of_call(recording, at) {
        if block.kind != BlockKind::ToolInput {
            continue;
        }
        let same = file.is_none() || file == block.file_number();
        // A tool use about no file, about a second file, or neither look nor edit ends the site.
        if block.file_number().is_none() || !same || !block.marks.intersects(about) {
            return (FileTouch::Other, None);
        }
        file = block.file_number();
        if block.marks.contains(BlockMarks::EDIT) {
            touch = FileTouch::Edits;
        } else if touch == FileTouch::Nothing {
            touch = FileTouch::Looks;
        }
    }
    (touch, file)
}

fn touch_of_call(recording: &Recording, at: usize) -> FileTouch {
    file_touch_of_call(recording, at).0
}

/// Runs of calls of one session that touch one file only.
fn edit_sites(recording: &Recording) -> Vec<Range<usize>> {
    let mut sites: Vec<Range<usize>> = Vec::new();
    for run in
        support::find_call_runs(recording, |at| touch_of_call(recording, at) != FileTouch::Other)
    {
        let mut open: Option<(Range<usize>, u32)> = None;
        for at in run {
            let silent = recording.calls[at]
                .marks
                .intersects(CallMarks::NARRATION | CallMarks::THINKING_ONLY);
            match (file_touch_of_call(recording, at).1, open.take()) {
                (Some(file), Some((site, same))) if file == same => {
                    open = Some((site.start..at + 1, file));
                }
                (Some(file), before) => {
                    sites.extend(before.map(|(site, _)| site));
                    open = Some((at..at + 1, file));
                }
                // A narration belongs to the site if the site goes on after it.
                (None, before) if silent => open = before,
                // Neither tool use nor narration: the answer that ends the turn, and with it the
                // site.
                (None, before) => sites.extend(before.map(|(site, _)| site)),
            }
        }
        // A run that ends in the middle of a site ends the site.
        sites.extend(open.map(|(site, _)| site));
    }
    sites
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn dropped(recording: &Recording) -> Vec<u32> {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("compliance", 10_000));
        let patch = R2.build_patch(recording, &params);
        patch.dropped_calls.iter().map(|dropped| dropped.call).collect()
    }

    #[test]
    fn what_the_edits_rest_on_stays() {
        // A look at known lines goes, one at lines that were not read before stays.
        assert_eq!(dropped(&recording_from_lines(&["R1 E1 R1' E1 -"])), [1, 2]);
        assert_eq!(dropped(&recording_from_lines(&["R1 E1 R1 E1 -"])), [1]);
        // A failed edit is what the next one answers.
        let mut failed = recording_from_lines(&["R1 E1 R1' E1 -"]);
        let result = support::results_of_call(&failed, 1).map(|(index, _)| index).next();
        failed.blocks[result.expect("a result") as usize].marks |= BlockMarks::ERROR;
        assert_eq!(dropped(&failed), [2]);
    }
}
