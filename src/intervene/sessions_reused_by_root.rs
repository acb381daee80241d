//! C2: Reuse the session per root task.
//!
//! What: an agent that is woken for a piece of work goes on in the session that it had for the
//! same root, instead of starting a new one. After `rotate` turns a session is put aside.
//!
//! Why it should pay: a resumed session saves its bootstrap (system prompt, project files), knows
//! what was done before, and is warm, so that skills and a full snapshot need not be told again.
//!
//! Formula: the history of h tokens is read again by every one of the n calls of the invocation.
//! With b the bootstrap, o what of the history was not cached yet and k the price of uncached
//! input in cached ones, a resumption saves k (b - o) - (h - o) - (n - 1)(h - b) cached reads
//! while the cache lives, and k (b - h) - (n - 1)(h - b) once it has expired. So it pays up to
//! 1 + (k (b - o) - (h - o)) / (h - b) calls, the break-even, which is printed as a median over
//! the resumptions, and never once the cache has expired and h > b.
//!
//! Which sessions: one that an invocation opens, whose root the same agent had in an earlier
//! session that has ended, on the same model and tier; on Codex compacted as Codex does. An
//! invocation inside a recorded session that has reached `rotate` turns starts over.
//!
//! Source: agentic-cockpit `9c06a3aa` (2026-02-08): workers only, the controller resumed one
//! session; `eca8e3c` (2026-03-31): all, rotated after 40 turns.
//!
//! Against that stand the calls that look up what the session had seen: a share `explored` of the
//! calls before the first edit of a resumed invocation is dropped with what they brought.
//!
//! Lies: which calls a cold session makes only to find its way nobody measured. Roots that share
//! one recorded session stay together. A break-even is of one resumption against a fresh session
//! at the prices of gpt-5 (MODEL.md, "Price"), the figures beside it are of the replay.

use super::support::packets::{
    ActiveInvocation, active_invocations, codex_compaction, restart_at_invocation,
};
use super::{
    BuildGrade, Confidence, EnvSetting, Intervention, NameListSpec, ParamSpec, ParamUnit,
    PlaceShare, ToggleCard, ToggleParams, support,
};
use crate::plan::{DroppedCall, Patch, PatchPlace, ResumedSession, SessionRules};
use crate::recording::{BlockMarks, Recording};
use std::collections::BTreeMap;

/// Sessions reused by root.
pub static C2: Intervention = Intervention::new(&CARD, build_patch).with_env_settings(&[
    EnvSetting {
        name: "AGENTIC_AUTOPILOT_SESSION_SCOPE",
        default: "root",
        recommended: "root",
        what: "what shares a session of the controller: root, or task for none",
    },
    EnvSetting {
        name: "AGENTIC_AUTOPILOT_SESSION_ROTATE_TURNS",
        default: "40",
        recommended: "40",
        what: "turns after which such a session is put aside",
    },
]);

/// Price of uncached input in cached ones, for the break-even that is told. Source: gpt-5 and
/// gpt-5-codex, 1.25 against 0.125 dollars a million, 2026-08-01. Confidence: M.
const FRESH_IN_READS: i64 = 10;

static CARD: ToggleCard = ToggleCard {
    id: "C2",
    title: "Reuse the session per root task",
    source: "exec budget, fix 2 (000_0d00219600a8c6bf.txt)",
    knob: "AGENTIC_AUTOPILOT_SESSION_SCOPE=root, .._ROTATE_TURNS=40",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[
        ParamSpec {
            key: "rotate",
            unit: ParamUnit::Count,
            low: 20,
            mode: 40,
            high: 80,
            asked: false,
            confidence: Confidence::Judgement,
            what: "turns after which a session is put aside; 0 for never",
            source: "mode: the cockpit's default, eca8e3c; low and high: half and twice, judgement",
        },
        ParamSpec {
            key: "explored",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 1_000,
            high: 3_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of a resumed invocation's calls before its first edit that look up what \
                   the session had seen",
            source: "nobody measured what a cold session looks up again; judgement, 2026-11",
        },
    ],
    name_lists: &[NameListSpec {
        key: "agents",
        most: 100,
        what: "agents whose sessions are reused; all if none is named",
    }],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let rotate = params.get("rotate");
    let mut explored = PlaceShare::new(params, "explored");
    let agents = params.names_of_list("agents");
    let woken = active_invocations(recording);
    let mut chains: BTreeMap<(&str, &str), SessionChain> = BTreeMap::new();
    // The chain that each agent was in last.
    let mut last: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    let mut resumptions = Vec::new();
    // In the order of time: a chain holds what was over when the next packet came.
    for (at, one) in woken.iter().enumerate() {
        let key = (one.packet.agent.as_str(), one.packet.root.as_str());
        let meant = agents.is_empty() || agents.iter().any(|agent| agent == key.0);
        // Work without a root cannot be told from other work.
        if !meant || key.1.is_empty() {
            // It takes the warmth with it all the same: the agent was elsewhere in between.
            last.insert(key.0, key);
            continue;
        }
        // An agent keeps one record of what it has told to whom: it is warm only if its last
        // invocation was of the same root.
        let was_last = last.insert(key.0, key) == Some(key);
        let chain = chains.get(&key);
        let rotates = rotate > 0 && chain.is_some_and(|chain| chain.turns >= rotate);
        // A chain that has reached its turns is put aside, whatever it could still serve.
        let goes_on = match chain.filter(|_| !rotates) {
            // It goes on in its recorded session as it did.
            Some(chain) if chain.session == one.session => true,
            Some(chain)
                if one.opens_session(recording) && can_follow_chain(recording, chain, one) =>
            {
                resumptions.push(Resumption::from_invocations(recording, &woken[chain.last], one));
                resume_session(recording, &mut patch, one.session, chain.session);
                drop_exploration(recording, &mut patch, one, &mut explored);
                true
            }
            // No session of its own and none to follow: a cold start, as recorded.
            _ => false,
        };
        // Here the cockpit would have opened a new session inside the recorded one.
        if rotates
            && chain.is_some_and(|chain| chain.session == one.session)
            && let Some(start) = restart_at_invocation(recording, one)
        {
            patch.found_places += 1;
            patch.restarted_calls.push(start);
        }
        if goes_on && was_last {
            // Warmth saves nothing by itself: it lets toggles of skills and snapshots shrink these.
            patch.warmed_calls.extend(one.calls_shrunk_by_warmth(recording));
        }
        // The turn that starts a chain over is its first.
        let turns = if goes_on { chain.map_or(0, |chain| chain.turns) } else { 0 };
        chains.insert(key, SessionChain { session: one.session, last: at, turns: turns + 1 });
    }
    patch.notes.extend(break_even_note(&resumptions));
    patch
}

/// The session of an agent and a root.
struct SessionChain {
    session: u32,
    /// Its last invocation.
    last: usize,
    /// Invocations since it started over.
    turns: i64,
}

/// Whether an invocation could go on from the end of a chain.
fn can_follow_chain(
    recording: &Recording,
    chain: &SessionChain,
    one: &ActiveInvocation<'_>,
) -> bool {
    let first = &recording.calls[one.calls.start];
    let range = recording.sessions[chain.session as usize].call_range();
    // Caches belong to a model and a tier, and what still runs has no end to go on from.
    recording.calls[range].last().is_some_and(|last| {
        (last.model, last.tier) == (first.model, first.tier) && last.end_ms <= first.start_ms
    })
}

/// Lets a session go on from another one, without its bootstrap.
fn resume_session(recording: &Recording, patch: &mut Patch, session: u32, from: u32) {
    patch.found_places += 1;
    patch.resumed_sessions.push(ResumedSession { session, from });
    // With the history its context may grow into the compaction that Codex has in any case.
    let compaction = codex_compaction(recording, session);
    if compaction.is_some() {
        patch.session_rules.push((session, SessionRules { compaction, ..SessionRules::default() }));
    }
    // The history holds the system prompt and the project files.
    let first = recording.sessions[session as usize].call_range().start;
    let bootstrap = support::system_blocks_of_call(recording, first);
    patch.dropped_blocks.extend(bootstrap.map(|(block, _)| block));
}

/// Drops calls that only look up what the resumed session knows, with what they said and brought.
/// The call that reads the packet and the one that answers stay.
fn drop_exploration(
    recording: &Recording,
    patch: &mut Patch,
    one: &ActiveInvocation<'_>,
    explored: &mut PlaceShare,
) {
    for at in one.calls.start + 1..one.calls.end - 1 {
        // From the first edit on it works on what it found.
        let mut uses = support::tool_uses_of_call(recording, at);
        if uses.any(|(_, block)| block.marks.contains(BlockMarks::EDIT)) {
            break;
        }
        let said = support::blocks_of_call(recording, at);
        let said = said.filter(|(_, block)| block.kind.is_output());
        let brought = support::results_of_call(recording, at);
        let place = PatchPlace {
            dropped_calls: vec![DroppedCall { call: at as u32, frees_time: true }],
            dropped_blocks: said.chain(brought).map(|(index, _)| index).collect(),
            ..PatchPlace::default()
        };
        patch.add_place(explored.next_at_call(recording, at), place);
    }
}

/// What one resumption brings.
struct Resumption {
    /// Calls up to which it pays; none where it never does.
    break_even: i64,
    /// Calls of the invocation.
    calls: i64,
    /// Whether the cache of the history has expired by its recorded end.
    expired: bool,
}

impl Resumption {
    fn from_invocations(
        recording: &Recording,
        before: &ActiveInvocation<'_>,
        one: &ActiveInvocation<'_>,
    ) -> Self {
        let [last, first] = [before.calls.end - 1, one.calls.start].map(|at| &recording.calls[at]);
        let session = &recording.sessions[one.session as usize];
        let bootstrap = support::system_tokens_of_session(recording, session);
        let history = last.usage.context_tokens() + last.produced_tokens();
        let expired = first.start_ms - last.touched_ms >= last.tier.ttl_ms();
        // After expiry the whole history is paid as uncached input; else only what was said last
        // and what no cache took.
        let uncached = if expired { history } else { last.produced_tokens() + last.usage.fresh };
        // What a resumed session reads more in every call, and what its first call saves: both in
        // cached reads. See the formula at the head of the file.
        let longer = history - bootstrap;
        let gain = FRESH_IN_READS * (bootstrap - uncached) - (history - uncached);
        // With a history larger than the bootstrap each further call eats into the gain; with a
        // smaller one every call adds to it.
        let break_even = match (longer > 0, gain >= 0) {
            (true, true) => 1 + gain / longer,
            (true, false) => 0,
            (false, _) => i64::MAX,
        };
        let calls = one.calls.len() as i64;
        Self { break_even, calls, expired }
    }
}

/// What is said about the resumptions of a recording.
fn break_even_note(resumptions: &[Resumption]) -> Option<String> {
    let all = resumptions.len();
    if all == 0 {
        return None;
    }
    let expired = resumptions.iter().filter(|one| one.expired).count();
    let pay = resumptions.iter().filter(|one| one.calls <= one.break_even).count();
    // Both ends are no counts: 0 pays for not even one call, the maximum for any number.
    let up_to = match lower_median(resumptions.iter().map(|one| one.break_even)) {
        0 => "at no number of calls".to_owned(),
        i64::MAX => "at any number of calls".to_owned(),
        calls => format!("up to {calls} calls"),
    };
    let calls = lower_median(resumptions.iter().map(|one| one.calls));
    Some(format!(
        "break-even: a resumed session pays {up_to} (median of {all}), the resumed invocations \
         make {calls}; {pay} of {all} pay, {expired} find the cache expired"
    ))
}

/// The median of some values, of an even number the lower one. There must be one.
fn lower_median(values: impl Iterator<Item = i64>) -> i64 {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values[(values.len() - 1) / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn patch(lines: &[&str], rotate: i64) -> Patch {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("rotate", rotate));
        C2.build_patch(&recording_from_lines(lines), &params)
    }

    fn check(lines: &[&str], rotate: i64, expect: &[(u32, u32)], warmed: &[u32]) {
        let patch = patch(lines, rotate);
        let met: Vec<(u32, u32)> =
            patch.resumed_sessions.iter().map(|it| (it.session, it.from)).collect();
        assert_eq!((&met[..], &patch.warmed_calls[..]), (expect, warmed), "{lines:?}");
        assert_eq!(patch.dropped_blocks.len(), expect.len(), "one bootstrap each");
    }

    const A1: &str = "#a/E/r1 R1 -";
    const A2: &str = "#a/E/r2 -";

    #[test]
    fn a_session_goes_on_by_agent_and_root() {
        check(&[A1, A1, A1], 40, &[(1, 0), (2, 1)], &[2, 4]);
        check(&[A1, "#b/E/r1 -", A1], 40, &[(2, 0)], &[3]);
        check(&["R1 -", A1], 40, &[], &[]);
        check(&["#a/E/ -", "#a/E/ -"], 40, &[], &[]);
    }

    #[test]
    fn another_root_in_between_breaks_the_warmth_only() {
        check(&[A1, A2, A1], 40, &[(2, 0)], &[]);
    }

    #[test]
    fn sessions_that_differ_or_run_at_once_stay_apart() {
        check(&[A1, "model=claude-haiku-4-5 #a/E/r1 -"], 40, &[], &[]);
        check(&[A1, "tier=1h #a/E/r1 -"], 40, &[], &[]);
        check(&[A1, "at=5 #a/E/r1 -"], 40, &[], &[]);
    }

    #[test]
    fn a_session_is_put_aside_after_its_turns() {
        check(&[A1, A1, A1], 2, &[(1, 0)], &[2]);
        check(&[A1, A1, A1], 0, &[(1, 0), (2, 1)], &[2, 4]);
        let inside = patch(&["#a/E/r1 - #a/E/r1 - #a/E/r1 -"], 2);
        assert_eq!((inside.found_places, &inside.restarted_calls[..]), (1, &[(2, 20_000)][..]));
        assert_eq!(inside.warmed_calls, [1]);
    }

    #[test]
    fn the_break_even_is_by_hand() {
        // History: system 20,000, prompt 11,600, read 100, said 80 and 30: 31,810; of it 30 are
        // not cached. 1 + (10 (20,000 - 30) - (31,810 - 30)) / 11,810 = 1 + 167,920 / 11,810.
        let met = &patch(&[A1, A1], 40).notes[0];
        assert!(met.contains("pays up to 15 calls (median of 1)"), "{met}");
        assert!(met.ends_with("invocations make 2; 1 of 1 pay, 0 find the cache expired"), "{met}");
        let late = &patch(&[A1, "at=900 #a/E/r1 R1 -"], 40).notes[0];
        assert!(late.contains("pays at no number of calls"), "{late}");
    }

    #[test]
    fn a_codex_session_is_compacted_as_codex_does() {
        let patch = patch(&["tier=auto #a/E/r1 -", "tier=auto #a/E/r1 -"], 40);
        let compaction = patch.session_rules[0].1.compaction.expect("a rule");
        assert_eq!(
            (patch.session_rules[0].0, compaction.threshold, compaction.left),
            (1, 244_800, 9_000)
        );
    }
}
