//! What toggles of packet-driven agents look for: invocations, warmth, digests.
//!
//! A packet wakes an agent and its prompt enters the agent's session: skills, a snapshot of the
//! orchestrator's state, the packet itself. Everything here reads `Recording.invocations` and the
//! marks of blocks, so that imported and reconstructed recordings are alike to it.

use super::{
    SUMMARY_OUTPUT, blocks_of_call, context_goes_on, prompt_before_call, system_tokens_of_session,
};
use crate::intervene::{Confidence, ParamSpec, ParamUnit, PlaceShare};
use crate::plan::{
    Chance, CompactionRule, DroppedCall, Patch, PatchPlace, SpawnedCall, SpawnedSession,
};
use crate::recording::{BlockKind, BlockMarks, CacheTier, Packet, Recording};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a completed piece of work is called whose digest a controller has to read itself.
const REVIEWED: &str = "EXECUTE";

/// Prompt at which Codex compacts. Source: 90 % of a window of 272,000 tokens (L5), 2026-11.
/// Confidence: M.
const CODEX_TRIGGER: i64 = 244_800;

/// Tokens that it leaves, the static prefix included. Source: contexts of Codex behind a
/// compaction, 229 K -> 24 K (L5), 2026-11. Confidence: M.
const CODEX_LEFT: i64 = 24_000;

/// An invocation that made calls.
#[derive(Clone, Debug)]
pub struct ActiveInvocation<'a> {
    /// Its calls.
    pub calls: Range<usize>,
    /// Index of its session.
    pub session: u32,
    /// What woke it.
    pub packet: &'a Packet,
}

impl ActiveInvocation<'_> {
    /// Whether it tells a controller what happened.
    pub fn is_digest(&self) -> bool {
        self.packet.is_digest()
    }

    /// Whether it tells of work whose receipt the controller has to read itself.
    pub fn tells_of_reviewed_work(&self) -> bool {
        let told = self.packet.source.split_once(':').map(|(_, kind)| kind);
        self.is_digest() && told == Some(REVIEWED)
    }

    /// Whether it is such work.
    pub fn is_reviewed_work(&self) -> bool {
        !self.is_digest() && self.packet.kind == REVIEWED
    }

    /// Whether its session starts with it.
    pub fn opens_session(&self, recording: &Recording) -> bool {
        recording.sessions[self.session as usize].first_call as usize == self.calls.start
    }

    /// The blocks of its prompt that have a mark, with their indexes and tokens.
    pub fn marked_prompt_blocks(
        &self,
        recording: &Recording,
        mark: BlockMarks,
    ) -> impl Iterator<Item = (u32, i64)> {
        let blocks = self.calls.clone().flat_map(|at| blocks_of_call(recording, at));
        let own = blocks.filter(move |(_, block)| block.marks.contains(mark));
        // What the model says about a packet is no part of the prompt.
        own.filter(|(_, block)| !block.kind.is_output()).map(|(index, block)| (index, block.tokens))
    }

    /// Its calls into which parts of a prompt enter that warmth makes smaller.
    pub fn calls_shrunk_by_warmth(&self, recording: &Recording) -> impl Iterator<Item = u32> {
        let smaller = BlockMarks::SKILLS | BlockMarks::SNAPSHOT;
        let calls = self.calls.clone().filter(move |&at| {
            blocks_of_call(recording, at).any(|(_, block)| block.marks.intersects(smaller))
        });
        calls.map(|at| at as u32)
    }

    /// Tokens of all its calls.
    pub fn total_tokens(&self, recording: &Recording) -> i64 {
        let usages = recording.calls[self.calls.clone()].iter().map(|call| call.usage);
        usages.map(|usage| usage.context_tokens() + usage.output).sum()
    }
}

/// The invocations that made calls, in the order in which they started; sessions of a queue are
/// runs by themselves, of no agent with a history (`queue_sessions`).
pub fn active_invocations(recording: &Recording) -> Vec<ActiveInvocation<'_>> {
    // An invocation whose calls are not in the recording has nothing to change.
    let all = recording.invocations.iter().enumerate();
    let all = all.filter(|(_, invocation)| !invocation.packet.starts_queue_session());
    let all = all.map(|(index, invocation)| {
        let calls = recording.calls_of_invocation(index);
        let session = recording.calls[invocation.call as usize].session;
        ActiveInvocation { calls, session, packet: &invocation.packet }
    });
    let mut woken: Vec<ActiveInvocation> = all.filter(|one| !one.calls.is_empty()).collect();
    // By time and not by file: warmth and chains ask what an agent did last.
    woken.sort_by_key(|one| (recording.calls[one.calls.start].start_ms, one.calls.start));
    woken
}

/// The digests that woke each agent, and the tokens of all of them, in the order of the agents.
pub fn digests_by_agent<'a>(
    woken: &[ActiveInvocation<'a>],
    recording: &Recording,
) -> BTreeMap<&'a str, (i64, i64)> {
    let mut agents: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for one in woken.iter().filter(|one| one.is_digest()) {
        let (count, tokens) = agents.entry(&one.packet.agent).or_default();
        (*count, *tokens) = (*count + 1, *tokens + one.total_tokens(recording));
    }
    agents
}

/// Whether each invocation found its session warm as recorded: the one before of the same agent
/// was in the same session. One that was in another session in between takes the warmth with it,
/// because an agent keeps one record of what it has told to whom.
pub fn recorded_warmth<'a>(woken: &[ActiveInvocation<'a>]) -> Vec<bool> {
    let mut last: BTreeMap<&'a str, u32> = BTreeMap::new();
    let mut warmth = Vec::with_capacity(woken.len());
    for ActiveInvocation { packet, session, .. } in woken {
        warmth.push(last.insert(&packet.agent, *session) == Some(*session));
    }
    warmth
}

/// An invocation that would not be made: its calls and all that it brought and said. What its
/// session starts with stays for the invocation behind it, which would have to be told.
pub fn dropped_invocation(recording: &Recording, calls: Range<usize>) -> PatchPlace {
    let mut place = PatchPlace::default();
    for at in calls {
        // Nobody waits for an agent that is not woken.
        place.dropped_calls.push(DroppedCall { call: at as u32, frees_time: true });
        let own =
            blocks_of_call(recording, at).filter(|(_, block)| block.kind != BlockKind::System);
        place.dropped_blocks.extend(own.map(|(index, _)| index));
    }
    place
}

/// An invocation made once more beside the recorded one, with the same contexts and answers. Where
/// a context starts over, so does a session of its own.
pub fn repeated_invocation(recording: &Recording, one: &ActiveInvocation<'_>) -> PatchPlace {
    let mut place = PatchPlace::default();
    for at in one.calls.clone() {
        let call = &recording.calls[at];
        let context = call.usage.context_tokens();
        let goes_on = at > one.calls.start && context_goes_on(recording, at);
        let standing = if goes_on { prompt_before_call(recording, at) } else { 0 };
        let made = SpawnedCall {
            input: (context - standing).max(0),
            output: call.produced_tokens(),
            duration_ms: call.end_ms - call.start_ms,
        };
        match place.spawned_sessions.last_mut().filter(|_| goes_on) {
            Some(session) => session.calls.push(made),
            // It is made once the recorded turn is over.
            None => place
                .spawned_sessions
                .push(SpawnedSession { by: one.calls.end as u32 - 1, calls: vec![made] }),
        }
    }
    place
}

/// Drops an invocation.
pub fn drop_invocation(recording: &Recording, patch: &mut Patch, calls: Range<usize>) {
    patch.add_place(Chance::SURE, dropped_invocation(recording, calls));
}

/// How many of the listed digests need nothing more.
pub const DONE_SHARE_SPEC: ParamSpec = ParamSpec {
    key: "done",
    unit: ParamUnit::BasisPoints,
    low: 5_000,
    mode: 10_000,
    high: 10_000,
    asked: false,
    confidence: Confidence::Judgement,
    what: "share of the listed digests whose work is done",
    source: "no measurement known; judgement, 2026-11",
};

/// Acknowledges listed digests without waking the controller, a share of them. A list holds
/// `source:kind` or `source:*`. Digests of reviewed work are not acknowledged, listed or not.
pub fn acknowledge_digests(
    recording: &Recording,
    listed: &[String],
    share: &mut PlaceShare,
) -> Patch {
    let mut patch = Patch::default();
    let digests: Vec<ActiveInvocation> =
        active_invocations(recording).into_iter().filter(ActiveInvocation::is_digest).collect();
    let (mut met, mut reviewed, mut own) = (vec![false; listed.len()], 0, 0);
    for one in &digests {
        let source = &one.packet.source;
        let Some(at) = listed.iter().position(|entry| entry_covers_source(entry, source)) else {
            continue;
        };
        // A listed source is met even if its digest stays.
        met[at] = true;
        // Whether such work was accepted is in no recording, so that its digests always reach the
        // controller.
        if one.tells_of_reviewed_work() {
            reviewed += 1;
        } else {
            let chance = share.next_at_call(recording, one.calls.start);
            if chance != Chance::NEVER {
                patch.found_places += 1;
                own += one.total_tokens(recording);
            }
            patch.add_place(chance, dropped_invocation(recording, one.calls.clone()));
        }
    }
    if patch.found_places > 0 {
        patch.notes.push(format!(
            "these invocations themselves hold {own} tokens; what is saved beyond is history that \
             later calls of their sessions no longer carry"
        ));
    }
    if reviewed > 0 {
        patch.notes.push(format!(
            "{reviewed} listed digests of {REVIEWED} stay: their work is review-gated"
        ));
    }
    // In a recording without digests every entry would be absent, which says nothing.
    if !digests.is_empty() {
        let absent = listed.iter().zip(&met).filter(|(_, met)| !**met);
        let absent: Vec<&str> = absent.map(|(entry, _)| entry.as_str()).collect();
        if !absent.is_empty() {
            patch.notes.push(format!("no digest of {}", absent.join(", ")));
        }
    }
    patch
}

/// Whether an entry of an allowlist covers a source.
fn entry_covers_source(entry: &str, source: &str) -> bool {
    // `:*` without a source covers nothing, where it could be read as everything.
    match entry.strip_suffix(":*") {
        Some(of) => !of.is_empty() && source.split(':').next() == Some(of),
        None => entry == source && !source.is_empty(),
    }
}

/// The agents that are told what happened.
pub fn controller_agents<'a>(woken: &[ActiveInvocation<'a>]) -> Vec<&'a str> {
    // Roles of agents are not recorded: a controller is who is told digests.
    let told = woken.iter().filter(|one| one.is_digest());
    let mut agents: Vec<&str> = told.map(|one| one.packet.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    agents
}

/// What a thread of some agents starts with on average: the context of its first call. `None` where
/// none of them starts one.
pub fn cold_start_tokens(
    recording: &Recording,
    woken: &[ActiveInvocation<'_>],
    agents: &[&str],
) -> Option<i64> {
    // A thread that goes on has a history already, and says nothing of a start.
    let starts = woken
        .iter()
        .filter(|one| one.opens_session(recording) && agents.contains(&one.packet.agent.as_str()));
    let starts: Vec<i64> =
        starts.map(|one| recording.calls[one.calls.start].usage.context_tokens()).collect();
    starts.iter().sum::<i64>().checked_div(starts.len() as i64)
}

/// The compaction that a session on an automatic cache (Codex) would meet if it grew; `None` for
/// another one, or one whose contexts were larger without it.
pub fn codex_compaction(recording: &Recording, session: u32) -> Option<CompactionRule> {
    let session = &recording.sessions[session as usize];
    let calls = &recording.calls[session.call_range()];
    let is_codex = calls.iter().all(|call| call.tier == CacheTier::Automatic);
    // A session with larger contexts was compacted by other rules, or not at all.
    let own = is_codex && calls.iter().all(|call| call.usage.context_tokens() <= CODEX_TRIGGER);
    // The static prefix is counted by the pass, so that it comes off here.
    let left = (CODEX_LEFT - session.static_prefix).max(0);
    own.then_some(CompactionRule { threshold: CODEX_TRIGGER, output: SUMMARY_OUTPUT, left })
}

/// What a session would start over with at an invocation inside it: the system prompt.
pub fn restart_at_invocation(
    recording: &Recording,
    one: &ActiveInvocation<'_>,
) -> Option<(u32, i64)> {
    let session = &recording.sessions[one.session as usize];
    let at = one.calls.start;
    // Where the context starts over as recorded there is nothing to change.
    context_goes_on(recording, at)
        .then(|| (at as u32, system_tokens_of_session(recording, session)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(lines: &[&str], expect: &[bool]) {
        let recording = recording_from_lines(lines);
        assert_eq!(recorded_warmth(&active_invocations(&recording)), expect, "{lines:?}");
    }

    #[test]
    fn warmth_follows_the_agent() {
        check(&["#a/U/r1 R1 - #a/U/r1 -"], &[false, true]);
        check(&["#a/U/r1 - #b/U/r1 - #a/U/r1 -"], &[false, false, true]);
        check(&["#a/U/r1 -", "#a/U/r2 -"], &[false, false]);
        // The second thread runs between two invocations of the first one.
        check(&["#a/U/r1 - @100/#a/U/r1 -", "at=50 #a/U/r2 -"], &[false, false, false]);
        check(&["R1 -"], &[]);
    }

    #[test]
    fn a_list_covers_by_source_or_kind() {
        assert!(
            entry_covers_source("T:STATUS", "T:STATUS") && entry_covers_source("T:*", "T:STATUS")
        );
        assert!(
            !entry_covers_source("T:*", "TX:STATUS")
                && !entry_covers_source("T", "T:STATUS")
                && !entry_covers_source(":*", ":x")
        );
        assert!(!entry_covers_source("", ""));
    }

    #[test]
    fn controllers_are_those_who_are_told() {
        let recording =
            recording_from_lines(&["#a/U/r1 - #b/D/r1/T:STATUS -", "#c/D/r1/T:STATUS -"]);
        assert_eq!(controller_agents(&active_invocations(&recording)), ["b", "c"]);
    }
}
