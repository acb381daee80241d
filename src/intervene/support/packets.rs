//! What toggles of packet-driven agents look for: invocations, warmth, digests.
//!
//! A packet wakes an agent and its prompt enters the agent's session: skills, a snapshot of the
//! orchestrator's state, the packet itself. Everything here reads `Recording.invocations` and the
//! marks of blocks, so that imported and reconstructed recordings are alike to it.

use super::{SUMMARY_OUTPUT, blocks, goes_on, system_of};
use crate::intervene::{ParamSpec, Share, Unit};
use crate::plan::{Compaction, DroppedCall, Patch};
use crate::recording::{BlockKind, BlockMarks, Packet, Recording, Tier};
use std::collections::BTreeMap;
use std::ops::Range;

/// What a completed piece of work is called whose digest a controller has to read itself.
const REVIEWED: &str = "EXECUTE";

/// Where Codex compacts. Source: MODEL.md, "Toggle constants".
const CODEX_TRIGGER: i64 = 244_800;

/// What it leaves, the static prefix included. Source: MODEL.md, "Toggle constants".
const CODEX_LEFT: i64 = 24_000;

/// An invocation that made calls.
#[derive(Clone, Debug)]
pub struct Woken<'a> {
    /// Its calls.
    pub calls: Range<usize>,
    /// Index of its session.
    pub session: u32,
    /// What woke it.
    pub packet: &'a Packet,
}

impl Woken<'_> {
    /// Whether it tells a controller what happened.
    pub fn is_digest(&self) -> bool {
        self.packet.is_digest()
    }

    /// Whether its session starts with it.
    pub fn opens(&self, recording: &Recording) -> bool {
        recording.sessions[self.session as usize].first_call as usize == self.calls.start
    }

    /// The blocks of its prompt that have a mark, with their indexes and tokens.
    pub fn marked(
        &self,
        recording: &Recording,
        mark: BlockMarks,
    ) -> impl Iterator<Item = (u32, i64)> {
        let blocks = self.calls.clone().flat_map(|at| blocks(recording, at));
        let own = blocks.filter(move |(_, block)| block.marks.contains(mark));
        own.filter(|(_, block)| !block.kind.is_output()).map(|(index, block)| (index, block.tokens))
    }

    /// Its calls into which parts of a prompt enter that warmth makes smaller.
    pub fn prompted(&self, recording: &Recording) -> impl Iterator<Item = u32> {
        let smaller = BlockMarks::SKILLS | BlockMarks::SNAPSHOT;
        let is_prompted = move |&at: &usize| {
            blocks(recording, at).any(|(_, block)| block.marks.intersects(smaller))
        };
        self.calls.clone().filter(is_prompted).map(|at| at as u32)
    }

    /// Tokens of all its calls.
    pub fn tokens(&self, recording: &Recording) -> i64 {
        let usage = |at: usize| recording.calls[at].usage;
        self.calls.clone().map(|at| usage(at).context() + usage(at).output).sum()
    }
}

/// The invocations that made calls, in the order in which they started.
pub fn woken(recording: &Recording) -> Vec<Woken<'_>> {
    let all = recording.invocations.iter().enumerate().map(|(index, invocation)| {
        let calls = recording.calls_of(index);
        let session = recording.calls[invocation.call as usize].session;
        Woken { calls, session, packet: &invocation.packet }
    });
    let mut woken: Vec<Woken> = all.filter(|one| !one.calls.is_empty()).collect();
    woken.sort_by_key(|one| (recording.calls[one.calls.start].start_ms, one.calls.start));
    woken
}

/// The digests that woke agents, and the tokens of all of them.
pub fn digests(woken: &[Woken<'_>], recording: &Recording) -> (i64, i64) {
    let digests = woken.iter().filter(|one| one.is_digest());
    digests.fold((0, 0), |(count, tokens), one| (count + 1, tokens + one.tokens(recording)))
}

/// Whether each invocation found its session warm as recorded: the one before of the same agent
/// was in the same session. One that was in another session in between takes the warmth with it,
/// because an agent keeps one record of what it has told to whom.
pub fn warm_as_recorded<'a>(woken: &[Woken<'a>]) -> Vec<bool> {
    let mut last: BTreeMap<&'a str, u32> = BTreeMap::new();
    let is_warm = |one: &Woken<'a>| {
        let packet: &'a Packet = one.packet;
        last.insert(&packet.agent, one.session) == Some(one.session)
    };
    woken.iter().map(is_warm).collect()
}

/// Drops an invocation: its calls and all that it brought and said. What its session starts with
/// stays for the invocation behind it, which would have to be told.
pub fn drop_invocation(recording: &Recording, patch: &mut Patch, calls: Range<usize>) {
    for at in calls {
        patch.dropped_calls.push(DroppedCall { call: at as u32, frees_time: true });
        let own = blocks(recording, at).filter(|(_, block)| block.kind != BlockKind::System);
        patch.dropped_blocks.extend(own.map(|(index, _)| index));
    }
}

/// How many of the listed digests need nothing more.
pub const DONE: ParamSpec = ParamSpec {
    key: "done",
    unit: Unit::BasisPoints,
    low: 5_000,
    mode: 10_000,
    high: 10_000,
    asked: false,
    what: "share of the listed digests whose work is done",
    source: "no measurement known; judgement, 2026-11",
};

/// Acknowledges listed digests without waking the controller, a share of them. A list holds
/// `source:kind` or `source:*`. Digests of reviewed work are not acknowledged, listed or not.
pub fn acknowledge(recording: &Recording, listed: &[String], share: &mut Share) -> Patch {
    let mut patch = Patch::default();
    let digests: Vec<Woken> = woken(recording).into_iter().filter(Woken::is_digest).collect();
    let (mut met, mut reviewed, mut own) = (vec![false; listed.len()], 0, 0);
    for one in &digests {
        let source = &one.packet.source;
        let Some(at) = listed.iter().position(|entry| covers(entry, source)) else { continue };
        met[at] = true;
        if source.split_once(':').is_some_and(|(_, kind)| kind == REVIEWED) {
            reviewed += 1;
        } else if share.takes() {
            patch.found += 1;
            own += one.tokens(recording);
            drop_invocation(recording, &mut patch, one.calls.clone());
        }
    }
    if patch.found > 0 {
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
fn covers(entry: &str, source: &str) -> bool {
    match entry.strip_suffix(":*") {
        Some(of) => !of.is_empty() && source.split(':').next() == Some(of),
        None => entry == source && !source.is_empty(),
    }
}

/// The agents that are told what happened.
pub fn controllers<'a>(woken: &[Woken<'a>]) -> Vec<&'a str> {
    let told = woken.iter().filter(|one| one.is_digest());
    let mut agents: Vec<&str> = told.map(|one| one.packet.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    agents
}

/// The compaction that a session on an automatic cache (Codex) would meet if it grew; `None` for
/// another one, or one whose contexts were larger without it.
pub fn codex_compaction(recording: &Recording, session: u32) -> Option<Compaction> {
    let session = &recording.sessions[session as usize];
    let calls = &recording.calls[session.range()];
    let fits = |tokens: i64| tokens <= CODEX_TRIGGER;
    let is_codex = calls.iter().all(|call| call.tier == Tier::Automatic);
    let own = is_codex && calls.iter().all(|call| fits(call.usage.context()));
    let left = (CODEX_LEFT - session.static_prefix).max(0);
    own.then_some(Compaction { threshold: CODEX_TRIGGER, output: SUMMARY_OUTPUT, left })
}

/// What a session would start over with at an invocation inside it: the system prompt.
pub fn started_over(recording: &Recording, one: &Woken<'_>) -> Option<(u32, i64)> {
    let session = &recording.sessions[one.session as usize];
    let at = one.calls.start;
    goes_on(recording, at).then(|| (at as u32, system_of(recording, session)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::made::recording;

    fn check(lines: &[&str], expect: &[bool]) {
        let recording = recording(lines);
        assert_eq!(warm_as_recorded(&woken(&recording)), expect, "{lines:?}");
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
        assert!(covers("T:STATUS", "T:STATUS") && covers("T:*", "T:STATUS"));
        assert!(!covers("T:*", "TX:STATUS") && !covers("T", "T:STATUS") && !covers(":*", ":x"));
        assert!(!covers("", ""));
    }

    #[test]
    fn controllers_are_those_who_are_told() {
        let recording = recording(&["#a/U/r1 - #b/D/r1/T:STATUS -", "#c/D/r1/T:STATUS -"]);
        assert_eq!(controllers(&woken(&recording)), ["b", "c"]);
    }
}
