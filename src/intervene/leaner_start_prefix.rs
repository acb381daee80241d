//! G7: Smaller start prompt and tools.
//!
//! What: system prompt, tools and project files are so many tokens smaller: tools that nobody uses
//! are not loaded, memory files are cut.
//!
//! Why it should pay: the start is in every call. In 147 public transcripts it is nearly half of
//! all that is read.
//!
//! Formula: a session of n calls that starts with a system part of s > `tokens` reads about
//! `tokens` x (n - 1) less, and writes `tokens` less each time that its cache is lost. A share
//! `needed` of the sessions loads what was left out after all, in one call.
//!
//! Source: parts of a start, 2026-02 (31,000 tokens: tools 20,300, system prompt 4,300, skills
//! 2,300, agents 1,600, memory 1,600, MCP 900) and 2026-08 (52,000 to 57,000), issues 24243 and
//! 84490 of anthropics/claude-code.
//!
//! Lies: a model without a tool may do worse, or do the same with a longer shell command; only the
//! loading is modelled. The part that other sessions keep warm shrinks in proportion.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::Patch;
use crate::recording::Recording;

/// Leaner start.
pub static G7: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G7",
    title: "Smaller start prompt and tools",
    source: "anthropics/claude-code issues 24243, 84490; harness's settings page, 2026-08-22",
    knob: "deny unused tools, deferred MCP tools, shorter CLAUDE.md, fewer skills and agents",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[
        ParamSpec {
            key: "tokens",
            unit: ParamUnit::Tokens,
            low: 1_500,
            mode: 5_500,
            high: 15_000,
            asked: false,
            confidence: Confidence::FewCases,
            what: "tokens that are left out",
            source: "low: memory; mode: memory, agents and skills; high: most tools; issue 24243",
        },
        ParamSpec {
            key: "needed",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 1_000,
            high: 5_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "share of sessions that load it after all",
            source: "no measurement known; judgement, 2026-11",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let tokens = params.get("tokens");
    let mut needed = PlaceShare::new(params, "needed");
    for (index, session) in support::sessions_with_calls(recording) {
        // A start that is no larger than what would be cut has nothing of it.
        if tokens == 0 || support::system_tokens_of_session(recording, session) <= tokens {
            continue;
        }
        patch.found_places += 1;
        patch.leaner_sessions.push((index, tokens));
        // What was left out is loaded right after the first call, where its need is seen.
        let call = support::fetch_call(session.first_call as usize, tokens);
        patch.insert_call(needed.next_in_session(session), call);
    }
    patch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::SYSTEM;

    fn check(tokens: i64, needed: i64, found: u32, loaded: &[u32]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("tokens", tokens) && params.set_value("needed", needed));
        let patch = G7.build_patch(
            &support::test_recordings::recording_from_lines(&["R1 -", "", "-"]),
            &params,
        );
        let inserted = support::test_recordings::inserted_calls(&patch);
        let met: Vec<u32> = inserted.iter().map(|new| new.after).collect();
        assert_eq!((patch.found_places, &met[..]), (found, loaded));
        let sessions: Vec<(u32, i64)> = [(0, tokens), (2, tokens)][..found as usize].to_vec();
        assert_eq!(patch.leaner_sessions, sessions);
    }

    #[test]
    fn a_start_must_be_larger_than_what_is_left_out() {
        check(5_000, 0, 2, &[]);
        check(SYSTEM - 1, 0, 2, &[]);
        check(SYSTEM, 0, 0, &[]);
        check(0, 0, 0, &[]);
    }

    #[test]
    fn what_is_needed_is_loaded_by_a_call() {
        check(5_000, 10_000, 2, &[0, 2]);
        check(5_000, 5_000, 2, &[0, 2]);
    }
}
