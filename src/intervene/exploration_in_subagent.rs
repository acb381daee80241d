//! G12: Explore in a subagent.
//!
//! What: a run of calls that only look around is handed to a subagent: the session makes one call
//! that starts it and gets one report back.
//!
//! Why it should pay: the calls of the run read the small context of the subagent instead of the
//! session's, and what they found does not stay in the session.
//!
//! Formula: a run of m calls with results of t tokens, in a session of context C with n calls left:
//! saved are about (m - 1) x C + n x (t - report) reads and t - report writes. The subagent costs
//! m + 1 calls on a context that starts with prefix + prompt and grows as the run did, and writes
//! its report. A share `needed` of the results is read again by the session, in a call each.
//!
//! Which runs: `least` calls or more of a main thread, each with tool uses that only look (`Read`,
//! `Grep`, `Glob`, `LS`, `NotebookRead`, `WebFetch`, `WebSearch`, or marked as reading or
//! searching a file), no person's prompt between them, and a call behind them that goes on.
//!
//! Source: prompt and report: 67 uses of `Task` (median 234 tokens) and 64 reports (median 490, 5
//! to 95 % 250 to 5,200) in 147 public transcripts, 2026-11-20. Prefix: anthropics/claude-code
//! issues 50213 (10,100 tokens for a small agent, 2026-04) and 77834 (47,700, 2026-07).
//!
//! Lies: a subagent does not know what the session knows and may look at more, or at other things;
//! what it reads is taken to be what the session read. It is taken to share the warm prefix and
//! the tier of its session; harnesses give it a prefix of its own and five minutes. Runs are known
//! to be long only after the fact: a rule in a prompt will also delegate short ones. Searches in a
//! shell are not seen.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{DroppedCall, InsertedCall, Patch, SpawnedCall, SpawnedSession};
use crate::recording::{Block, BlockKind, Recording, Role};
use std::ops::Range;

/// Exploration in a subagent.
pub static G12: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G12",
    title: "Explore in a subagent",
    source: "147 public transcripts; anthropics/claude-code issues 50213, 77834",
    knob: "system prompt: explore with the Explore agent",
    grade: BuildGrade { effort: 1, risk: 2 },
    params: &[
        ParamSpec {
            key: "least",
            unit: ParamUnit::Count,
            low: 3,
            mode: 5,
            high: 8,
            asked: false,
            confidence: Confidence::Judgement,
            what: "calls of a run that is worth a subagent",
            source: "8 % of the runs of looks in 147 transcripts; judgement, 2026-11",
        },
        ParamSpec {
            key: "prefix",
            unit: ParamUnit::Tokens,
            low: 10_000,
            mode: 20_000,
            high: 47_000,
            asked: false,
            confidence: Confidence::FewCases,
            what: "tokens that a subagent starts with beside its prompt",
            source: "low: issue 50213; high: issue 77834; mode: judgement, 2026-11",
        },
        ParamSpec {
            key: "prompt",
            unit: ParamUnit::Tokens,
            low: 140,
            mode: 230,
            high: 430,
            asked: false,
            confidence: Confidence::Measured,
            what: "tokens of the task that it is given",
            source: "median and 5-95 % of 67 uses of Task, 2026-11",
        },
        ParamSpec {
            key: "report",
            unit: ParamUnit::Tokens,
            low: 490,
            mode: 1_700,
            high: 5_200,
            asked: false,
            confidence: Confidence::Measured,
            what: "tokens that it reports",
            source: "median, upper quartile and 95 % of 64 reports, 2026-11",
        },
        ParamSpec {
            key: "needed",
            unit: ParamUnit::BasisPoints,
            low: 500,
            mode: 2_000,
            high: 6_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of the results that the session reads again",
            source: "mode: 43 of 242 cleared files were edited later; else judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    // A run of one call would drop none and still pay for the subagent.
    let least = usize::try_from(params.get("least")).unwrap_or(usize::MAX).max(2);
    let mut needed = PlaceShare::new(params, "needed");
    for run in support::find_call_runs(recording, |at| support::is_read_only_call(recording, at)) {
        let session = &recording.sessions[recording.calls[run.start].session as usize];
        // `..=`: the report enters with the call behind the run, which has to go on from it.
        let goes_on = run.end < session.call_range().end
            && (run.start + 1..=run.end).all(|at| support::context_goes_on(recording, at));
        // A subagent does not delegate, and a run at the end of a session has no call to report to.
        if session.role != Role::Main || run.len() < least || !goes_on {
            continue;
        }
        patch.found_places +=
            u32::from(delegate_run(recording, &mut patch, run, params, &mut needed));
    }
    patch
}

/// Hands a run to a subagent; false if its first use has no result that could become the report.
fn delegate_run(
    recording: &Recording,
    patch: &mut Patch,
    run: Range<usize>,
    params: &ToggleParams,
    needed: &mut PlaceShare,
) -> bool {
    let [prompt, report] = ["prompt", "report"].map(|key| params.get(key));
    let mut starts = support::tool_uses_of_call(recording, run.start)
        .filter_map(|(used, block)| block.peer_block().map(|result| (used, result as u32)));
    // The first tool use becomes the task, and its result the report: so both stand where a use of
    // the subagent tool would stand.
    let Some((task, answer)) = starts.next() else { return false };
    patch.replaced_blocks.extend([(task, prompt), (answer, report)]);
    // The other tool uses of that call are made by the subagent.
    let others = support::tool_uses_of_call(recording, run.start).map(|(used, _)| used);
    patch.dropped_blocks.extend(others.filter(|&used| used != task));
    for at in run.start + 1..run.end {
        // The session still waits for the subagent, which takes as long as the run did.
        patch.dropped_calls.push(DroppedCall { call: at as u32, frees_time: false });
        let own = support::blocks_of_call(recording, at)
            .filter(|(_, block)| belongs_to_run(block, &run, recording));
        patch.dropped_blocks.extend(own.map(|(index, _)| index).filter(|&index| index != answer));
    }
    // What the last call of the run saw enters behind it.
    let seen = support::blocks_of_call(recording, run.end).filter(|(_, block)| {
        block.kind == BlockKind::ToolResult && belongs_to_run(block, &run, recording)
    });
    patch.dropped_blocks.extend(seen.map(|(index, _)| index).filter(|&index| index != answer));
    // The first result counts too: the report stands in for all of them.
    for (_, result) in run.clone().flat_map(|at| support::results_of_call(recording, at)) {
        // Behind the last call of the run, when the report is there and its gaps show.
        let call = InsertedCall { after: run.end as u32 - 1, ..support::fetch_whole_block(result) };
        patch.insert_call(needed.next_at_call(recording, run.start), call);
    }
    // By the call that stays: the subagent takes over its model, tier and prefixes.
    let calls = subagent_calls(recording, &run, params.get("prefix") + prompt, report);
    patch.spawned_sessions.push(SpawnedSession { by: run.start as u32, calls });
    true
}

/// Whether a block of a call behind the first one of a run belongs to the run: what its calls said,
/// what they saw, and what came with that.
fn belongs_to_run(block: &Block, run: &Range<usize>, recording: &Recording) -> bool {
    match block.kind {
        BlockKind::ToolResult => block
            .peer_block()
            .is_some_and(|used| run.contains(&(recording.blocks[used].call as usize))),
        kind => kind.is_output() || kind == BlockKind::Unattributed,
    }
}

/// The calls of the subagent: those of the run, then its report.
fn subagent_calls(
    recording: &Recording,
    run: &Range<usize>,
    start: i64,
    report: i64,
) -> Vec<SpawnedCall> {
    let mut calls = Vec::with_capacity(run.len() + 1);
    for at in run.clone() {
        // The first call of the run said in the session why it looks; the subagent starts with its
        // prompt instead, and makes the same tool uses.
        let (input, output) = if at == run.start {
            let uses = support::tool_uses_of_call(recording, at);
            (start, uses.map(|(_, block)| block.tokens).sum())
        } else {
            // The others say what they said in the session, only on a smaller context.
            (input_of_run(recording, run, at), recording.calls[at].produced_tokens())
        };
        // With the time of its tools, so that the session waits as long as it looked around.
        let duration_ms = support::ms_until_next_call(recording, at);
        calls.push(SpawnedCall { input, output, duration_ms });
    }
    calls.push(SpawnedCall {
        input: input_of_run(recording, run, run.end),
        output: report,
        duration_ms: support::writing_ms(report),
    });
    calls
}

/// Tokens that enter a call because of the run: what the call before it found.
fn input_of_run(recording: &Recording, run: &Range<usize>, at: usize) -> i64 {
    let inputs =
        support::blocks_of_call(recording, at).filter(|(_, block)| !block.kind.is_output());
    let own = inputs.filter(|(_, block)| belongs_to_run(block, run, recording));
    own.map(|(_, block)| block.tokens).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{
        PROMPT, USE, inserted_calls, recording_from_lines,
    };

    fn patch(line: &str, set: &[(&str, i64)]) -> (Recording, Patch) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("least", 3) && params.set_value("needed", 0));
        for (key, value) in set {
            assert!(params.set_value(key, *value), "{key}");
        }
        let recording = recording_from_lines(&[line]);
        let patch = G12.build_patch(&recording, &params);
        (recording, patch)
    }

    fn check(line: &str, by: &[u32]) {
        let (_, patch) = patch(line, &[]);
        let met: Vec<u32> = patch.spawned_sessions.iter().map(|it| it.by).collect();
        assert_eq!((patch.found_places as usize, &met[..]), (by.len(), by), "{line}");
    }

    #[test]
    fn runs_of_looks_are_found() {
        check("E1 R1 R2 G -", &[1]);
        check("E1 R1+G R2 L E1 R1 R2 R3 W -", &[1, 5]);
        check("R1 R2 E1 R3 -", &[]);
        check("R1 R2 hR3 -", &[]);
        check("R1 R2 R3", &[]);
        check("R1 R2 R3 !-", &[]);
        check("R1 R2 !R3 -", &[]);
        check("role=sub R1 R2 R3 -", &[]);
        check("B B B -", &[]);
    }

    #[test]
    fn the_session_keeps_a_task_and_a_report() {
        let (made, patch) = patch("E1:10 R1:900+G:700 R2:800 R3:600 -", &[]);
        let calls: Vec<(u32, bool)> =
            patch.dropped_calls.iter().map(|it| (it.call, it.frees_time)).collect();
        assert_eq!(calls, [(2, false), (3, false)]);
        let left = |call: usize| -> Vec<(BlockKind, i64)> {
            support::blocks_of_call(&made, call)
                .filter(|(index, _)| !patch.dropped_blocks.contains(index))
                .map(|(index, block)| {
                    let to = patch.replaced_blocks.iter().find(|(block, _)| *block == index);
                    (block.kind, to.map_or(block.tokens, |(_, tokens)| *tokens))
                })
                .collect()
        };
        use BlockKind::{Text, ToolInput, ToolResult};
        assert_eq!(left(1), [(ToolResult, 10), (Text, 30), (ToolInput, 230)]);
        assert_eq!(left(2), [(ToolResult, 1_700)]);
        assert_eq!(left(3), []);
        assert_eq!(left(4), [(Text, 30)]);
    }

    #[test]
    fn the_subagent_makes_the_calls_and_reports() {
        let (_, patch) = patch("E1:10 R1:900+G:700 @30/R2:800 R3:600 -", &[("prefix", 9_000)]);
        let met: Vec<(i64, i64, i64)> = patch.spawned_sessions[0]
            .calls
            .iter()
            .map(|it| (it.input, it.output, it.duration_ms))
            .collect();
        let looks = 30 + USE;
        let report = (600, 1_700, 2_500 + 15 * 1_700);
        let first = (9_000 + 230, 2 * USE, 30_000);
        assert_eq!(met, [first, (1_600, looks, 10_000), (800, looks, 10_000), report]);
        assert_eq!(PROMPT, 100, "what a person said belongs to the session");
    }

    #[test]
    fn what_is_needed_is_read_again_behind_the_run() {
        let (_, patch) = patch("R1:900 R2:800 R3:600 -", &[("needed", 5_000)]);
        let met: Vec<(u32, i64)> =
            inserted_calls(&patch).iter().map(|it| (it.after, it.input)).collect();
        assert_eq!(met, [(2, 900), (2, 800), (2, 600)]);
    }
}
