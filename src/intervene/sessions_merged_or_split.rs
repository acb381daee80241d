//! G9: Merge steps or split sessions.
//!
//! What: a step goes on in the session of the step before it instead of starting its own; or a
//! session of more than `split_calls` calls starts over, with a note on where the work stands.
//!
//! Why it should pay: a merged step saves its bootstrap (system prompt, tools, project files) and
//! may know files already; a split one stops carrying what it no longer needs.
//!
//! Formula: merging saves the write of the bootstrap of b tokens, once, and costs the context E of
//! the step before in every one of the n calls that follow: saved = b - n x (E - b) in reads, and
//! E is written again if the pause between the steps outlived the cache. Splitting at a context C
//! saves about (C - S - handoff) for each call left, S the system part, and writes S + handoff
//! anew; `look_ups` calls find again what was lost.
//!
//! Which sessions: merged are main threads of one pipeline and of the steps named in `steps`, of
//! the same model and tier, each with the latest one that ended before it started. A chain may be
//! long. Split are main threads, at the first prompt of a person from that many calls on, or right
//! there if none comes; a compaction or a cleared context counts as a start.
//!
//! Source: none for the pay; which steps could share a session is the user's to say. A merged
//! context is compacted at the trigger of its window (law L5) as the toggle of thresholds has it:
//! 200,000 tokens, or a million where a recorded context was larger than that.
//!
//! Lies: files that the merged step reads although they stand in its context are read all the
//! same. A split in the middle of a turn leaves results without the uses that asked for them.

use super::{
    BuildGrade, Confidence, Intervention, NameListSpec, ParamSpec, ParamUnit, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{CompactionRule, Patch, ResumedSession, SessionRules, TRIGGERS};
use crate::recording::{Call, Recording, Role, Session};

/// Merged or split sessions.
pub static G9: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G9",
    title: "Merge steps or split sessions",
    source: "the user's choice",
    knob: "--resume for the next step; /clear and a handoff note inside a long one",
    grade: BuildGrade { effort: 3, risk: 2 },
    params: &[
        ParamSpec {
            key: "split_calls",
            unit: ParamUnit::Count,
            low: 0,
            mode: 0,
            high: 0,
            asked: false,
            confidence: Confidence::Judgement,
            what: "calls from which on a session is split; 0 for never",
            source: "the user's choice",
        },
        ParamSpec {
            key: "handoff",
            unit: ParamUnit::Tokens,
            low: 500,
            mode: 2_000,
            high: 8_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens of the note that a split session starts with",
            source: "a report of a subagent: median 490, 90 % below 3,000, n = 64; high: judgement",
        },
        ParamSpec {
            key: "look_ups",
            unit: ParamUnit::Count,
            low: 0,
            mode: 1,
            high: 3,
            asked: false,
            confidence: Confidence::FewCases,
            what: "calls that find again what one split lost",
            source: "taken from 11 compactions: 0 to 5, median 1, 2026-11",
        },
    ],
    name_lists: &[NameListSpec { key: "steps", most: 100, what: "the steps that share a session" }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let (steps, split) = (params.names_of_list("steps"), params.get("split_calls"));
    // Which steps could share a session no source says, so that nothing is a default.
    if steps.is_empty() && split == 0 {
        patch.notes.push("names no step: set `steps` or `split_calls` in a scenario".to_owned());
    }
    patch.notes.extend(support::note_unknown_steps(recording, steps));
    for (session, from) in chained_sessions(recording, steps) {
        patch.found_places += 1;
        merge_sessions(recording, &mut patch, session, from);
    }
    let main =
        support::sessions_with_calls(recording).filter(|(_, s)| s.role == Role::Main && split > 0);
    for (_, session) in main {
        let system = support::system_tokens_of_session(recording, session);
        for at in split_places(recording, session, usize::try_from(split).unwrap_or(usize::MAX)) {
            patch.found_places += 1;
            // A fresh context needs the system part again; of the work it has the note alone.
            patch.restarted_calls.push((at as u32, system + params.get("handoff")));
            patch.inserted_calls.extend(support::repeated_look_ups(at, params.get("look_ups")));
        }
    }
    patch
}

/// Sessions that could go on from another one: (session, the one before it).
fn chained_sessions(recording: &Recording, steps: &[String]) -> Vec<(u32, u32)> {
    let mut order: Vec<u32> = support::sessions_with_calls(recording)
        .filter(|(_, s)| s.role == Role::Main && !s.pipeline.is_empty() && steps.contains(&s.step))
        .map(|(index, _)| index)
        .collect();
    // By their starts, because a session can only go on from one that is over.
    order.sort_by_key(|&index| (calls_of_session(recording, index)[0].start_ms, index));
    // The last session of every chain so far.
    let mut tails: Vec<u32> = Vec::new();
    let mut chained = Vec::new();
    for index in order {
        let fitting = (0..tails.len()).filter(|&at| can_follow(recording, index, tails[at]));
        // Of several chains the session joins the one that ended last.
        match fitting.max_by_key(|&at| (end_ms_of_session(recording, tails[at]), tails[at])) {
            Some(at) => {
                chained.push((index, tails[at]));
                tails[at] = index;
            }
            None => tails.push(index),
        }
    }
    chained
}

/// Whether a session could go on from another one: of the same pipeline, on the same model and
/// tier, and over before it started.
fn can_follow(recording: &Recording, index: u32, tail: u32) -> bool {
    let [session, before] = [index, tail].map(|index| &recording.sessions[index as usize]);
    let first = &calls_of_session(recording, index)[0];
    // On another model the history would be written anew; another pipeline is other work.
    session.pipeline == before.pipeline
        && calls_of_session(recording, tail)
            .last()
            .is_some_and(|last| (last.model, last.tier) == (first.model, first.tier))
        && end_ms_of_session(recording, tail) <= Some(first.start_ms)
}

fn calls_of_session(recording: &Recording, index: u32) -> &[Call] {
    &recording.calls[recording.sessions[index as usize].call_range()]
}

fn end_ms_of_session(recording: &Recording, index: u32) -> Option<i64> {
    calls_of_session(recording, index).iter().map(|call| call.end_ms).max()
}

/// Lets a session go on from another one, without its bootstrap.
fn merge_sessions(recording: &Recording, patch: &mut Patch, session: u32, from: u32) {
    let [range, before] =
        [session, from].map(|index| recording.sessions[index as usize].call_range());
    let largest = recording.calls[range.clone()]
        .iter()
        .chain(&recording.calls[before])
        .map(|call| call.usage.context_tokens())
        .max();
    // The window is not recorded: the smallest known one that held every context of both sessions.
    let window = TRIGGERS.iter().find(|(_, window)| largest <= Some(*window));
    // Contexts beyond every known window get the largest trigger that is known.
    let (threshold, _) = window.copied().unwrap_or(TRIGGERS[1]);
    // With a history in front a session may reach the trigger that it never met alone.
    let compaction = CompactionRule {
        threshold,
        output: support::SUMMARY_OUTPUT,
        left: support::LEFT_AFTER_COMPACTION,
    };
    patch.resumed_sessions.push(ResumedSession { session, from });
    patch
        .session_rules
        .push((session, SessionRules { compaction: Some(compaction), ..SessionRules::default() }));
    // The session before has the system prompt in its context: it is not said twice.
    let bootstrap = support::system_blocks_of_call(recording, range.start);
    patch.dropped_blocks.extend(bootstrap.map(|(block, _)| block));
}

/// The calls at which a session would start over after `most` calls.
fn split_places(recording: &Recording, session: &Session, most: usize) -> Vec<usize> {
    let end = session.call_range().end;
    let mut cuts = Vec::new();
    let mut since = session.call_range().start;
    while let due = since.saturating_add(most)
        && due < end
    {
        // A start that was recorded inside the span begins a new count.
        let recorded_start =
            (since + 1..due).rev().find(|&at| !support::context_goes_on(recording, at));
        since = if let Some(start) = recorded_start {
            start
        } else {
            // The next person's prompt is the natural place; a turn without one is cut at once.
            let next = (due..end).find(|&at| {
                !support::context_goes_on(recording, at)
                    || support::is_asked_by_person(recording, at)
            });
            let place = next.unwrap_or(due);
            // Where the record starts over first, nothing is cut, and the count begins there.
            if next.is_none() || support::context_goes_on(recording, place) {
                cuts.push(place);
            }
            place
        };
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn patch(lines: &[&str], steps: &[&str], split: i64) -> Patch {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("split_calls", split));
        let names = steps.iter().map(|&name| name.to_owned()).collect();
        assert!(params.set_names("steps", names));
        G9.build_patch(&recording_from_lines(lines), &params)
    }

    fn merged(lines: &[&str], steps: &[&str], expect: &[(u32, u32)]) {
        let patch = patch(lines, steps, 0);
        let met: Vec<(u32, u32)> =
            patch.resumed_sessions.iter().map(|it| (it.session, it.from)).collect();
        assert_eq!(met, expect, "{lines:?}");
        assert_eq!(patch.found_places as usize, expect.len());
        assert_eq!(patch.dropped_blocks.len(), expect.len(), "one bootstrap each");
        assert_eq!(patch.session_rules.len(), expect.len());
    }

    const PLAN: &str = "pipe=p step=plan R1 -";
    const BUILD: &str = "pipe=p step=build R1 -";

    #[test]
    fn a_step_goes_on_from_the_one_before() {
        merged(&[PLAN, BUILD, PLAN], &["plan", "build"], &[(1, 0), (2, 1)]);
        merged(&[PLAN, BUILD, PLAN], &["plan"], &[(2, 0)]);
        merged(&[PLAN, BUILD], &[], &[]);
        merged(&[PLAN, BUILD], &["plan"], &[]);
    }

    #[test]
    fn only_alike_sessions_of_one_pipeline_are_merged() {
        merged(&[PLAN, "pipe=q step=plan -"], &["plan"], &[]);
        merged(&["step=plan -", "step=plan -"], &["plan"], &[]);
        merged(&[PLAN, "tier=1h pipe=p step=plan -"], &["plan"], &[]);
        merged(&[PLAN, "model=claude-haiku-4-5 pipe=p step=plan -"], &["plan"], &[]);
        merged(&[PLAN, "pipe=p step=plan role=sub -", PLAN], &["plan"], &[(2, 0)]);
    }

    fn cut(line: &str, split: i64, expect: &[u32]) {
        let patch = patch(&[line], &[], split);
        let met: Vec<u32> = patch.restarted_calls.iter().map(|(call, _)| *call).collect();
        assert_eq!((patch.found_places as usize, &met[..]), (expect.len(), expect), "{line}");
        assert!(patch.restarted_calls.iter().all(|&(_, tokens)| tokens == 22_000));
        assert_eq!(patch.inserted_calls.len(), expect.len());
    }

    #[test]
    fn a_long_session_is_split_at_a_prompt() {
        cut("R1 R2 R3 -", 0, &[]);
        cut("R1 R2 R3 -", 4, &[]);
        cut("R1 R2 R3 R4 R5", 2, &[2, 4]);
        cut("R1 R2 R3 R4 hR5 -", 2, &[4]);
        cut("R1 hR2 R3 R4 hR5 R6 hR7 -", 2, &[4, 6]);
    }

    #[test]
    fn a_recorded_start_counts_as_one() {
        cut("R1 R2 !R3 R4 -", 2, &[4]);
        cut("R1 !R2 R3 -", 2, &[3]);
    }
}
