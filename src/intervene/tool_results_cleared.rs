//! G3: Clear old tool results.
//!
//! What: from a trigger on, all tool results but the newest ones give way to a stub.
//!
//! Why it should pay: results are the largest part of a context, and most are read once by the
//! model and then carried by every later call.
//!
//! Formula: from a prompt of P >= trigger on, all but the newest `keep` results, of t tokens
//! together, become stubs of s tokens each, if that frees `at_least` tokens: saved reads are about
//! (t - n s) x (calls left); once, everything behind the first cleared result is written again. A
//! share of the cleared file reads is fetched again, and from the first clearing on a share
//! `longer` of the calls is made once more.
//!
//! Source: trigger and keep: the provider's context-editing page, 2026-08-22. Look-ups: of 242
//! files cleared by these defaults in 147 public transcripts 43 were edited later and not read
//! again before (trigger 50,000: 112 of 525; 150,000: 13 of 135), 2026-11-20. Longer runs: arXiv
//! 2508.21433 saw none under masking; the high end is its finding about summaries.
//!
//! Lies: look-ups stand right behind the clearing and their results stay, although they come later
//! and would be cleared too. Shell output that is fetched again is not counted. Whether the work
//! gets worse is not modelled.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{ClearingRule, Patch, SessionRules};
use crate::recording::{Block, BlockKind, BlockMarks, ContextRestart, Recording, Session};
use std::collections::{BTreeSet, VecDeque};

/// Clearing of tool results.
pub static G3: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G3",
    title: "Clear old tool results",
    source: "provider's context-editing page, 2026-08-22",
    knob: "context_management edit clear_tool_uses_20250919 with clear_at_least",
    grade: BuildGrade { effort: 2, risk: 2 },
    params: &[
        ParamSpec {
            key: "trigger",
            unit: ParamUnit::Tokens,
            low: 50_000,
            mode: 100_000,
            high: 150_000,
            asked: false,
            confidence: Confidence::Official,
            what: "prompt from which on results are cleared",
            source: "mode: the provider's default; low and high: judgement",
        },
        ParamSpec {
            key: "keep",
            unit: ParamUnit::Count,
            low: 3,
            mode: 3,
            high: 10,
            asked: false,
            confidence: Confidence::Official,
            what: "newest results that stay, beside those of the call itself",
            source: "low and mode: the provider's default; high: judgement",
        },
        ParamSpec {
            key: "at_least",
            unit: ParamUnit::Tokens,
            low: 0,
            mode: 5_000,
            high: 20_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that a clearing must free",
            source: "low: the provider's default, none; else judgement: the new write must pay",
        },
        ParamSpec {
            key: "stub",
            unit: ParamUnit::Tokens,
            low: 10,
            mode: 40,
            high: 80,
            asked: false,
            confidence: Confidence::Judgement,
            what: "tokens that stand for a cleared result",
            source: "about 8 of '[Old tool result content cleared]' and 30 of framing (L4)",
        },
        ParamSpec {
            key: "look_up",
            unit: ParamUnit::BasisPoints,
            low: 1_000,
            mode: 1_800,
            high: 3_600,
            asked: false,
            confidence: Confidence::FewCases,
            what: "share of cleared files that are read again",
            source: "files edited later unread: mode 43 of 242, low 13 of 135; high: twice",
        },
        ParamSpec {
            key: "longer",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 430,
            high: 1_530,
            asked: false,
            confidence: Confidence::FewCases,
            what: "share of calls made once more behind the first clearing",
            source: "turns under masking in the data of arXiv 2508.21433: -0.5, +3.3, +4.3, +8.3, \
                     +15.3 % (five models, 500 tasks each), computed 2026-11-28; fewer count as \
                     none",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let clearing = ClearingRule {
        trigger: params.get("trigger"),
        keep: params.get("keep"),
        at_least: params.get("at_least"),
        stub: params.get("stub"),
    };
    let mut look_up = PlaceShare::new(params, "look_up");
    let mut longer = PlaceShare::new(params, "longer");
    for (index, session) in support::sessions_with_calls(recording) {
        let cleared = cleared_results(recording, session, &clearing);
        // The rule is given only to sessions where it would have cleared something.
        let Some(&(first, _)) = cleared.first() else { continue };
        patch.found_places += 1;
        patch
            .session_rules
            .push((index, SessionRules { clearing: Some(clearing), ..SessionRules::default() }));
        let mut files = BTreeSet::new();
        for (at, block) in cleared {
            let read = block.marks.contains(BlockMarks::READ);
            // A file that was read twice is looked up once; other results cannot be fetched again
            // by name.
            if read && files.insert(block.file) {
                let call = support::fetch_call(at, block.tokens);
                patch.insert_call(look_up.next_in_session(session), call);
            }
        }
        support::repeat_share_of_calls(
            recording,
            first..session.call_range().end,
            &mut longer,
            &mut patch,
        );
    }
    patch
}

/// The results that would be cleared, were nothing else changed, each with the call before which
/// that happens. What enters with a call stays together, and stays with it.
fn cleared_results<'a>(
    recording: &'a Recording,
    session: &Session,
    rule: &ClearingRule,
) -> Vec<(usize, &'a Block)> {
    let mut cleared = Vec::new();
    let mut standing = StandingResults::default();
    // What stands in the recorded prompt and would not in this one.
    let mut gone = 0;
    for at in session.call_range() {
        let call = &recording.calls[at];
        match call.restart {
            ContextRestart::No => {
                let freed = standing.age_results(rule);
                let stands = call.usage.context_tokens() - gone;
                // A clearing breaks the cache at the first stub: too small a one costs more than it
                // frees.
                if stands >= rule.trigger && freed > 0 && freed >= rule.at_least {
                    gone += freed;
                    standing.freed = 0;
                    let worth = standing.old.drain(..).filter(|block| block.tokens > rule.stub);
                    cleared.extend(worth.map(|block| (at, block)));
                }
            }
            ContextRestart::AutoCompacted if !support::still_compacts(recording, at, gone) => {
                // The smaller prompt does not reach the trigger: what the compaction threw away
                // stays, and its summary never comes, so that this prompt may be the larger one.
                let stands = support::prompt_before_call(recording, at) - gone;
                gone = support::restart_tokens(recording, at) - stands;
            }
            // The record starts over and has lost its results: both prompts are alike again.
            _ => {
                standing = StandingResults::default();
                gone = 0;
            }
        }
        // The results enter with the call, after the clearing before it.
        let blocks = recording.blocks_of_call(at).iter();
        let results =
            blocks.filter(|block| matches!(block.kind, BlockKind::ToolResult | BlockKind::Report));
        standing.push_group(results.collect());
    }
    cleared
}

/// The results in a prompt. What entered with one call is cleared together, or not at all.
#[derive(Default)]
struct StandingResults<'a> {
    /// The newest groups, and how many results they hold.
    newest: VecDeque<Vec<&'a Block>>,
    kept: i64,
    /// Everything older, and what clearing it frees.
    old: Vec<&'a Block>,
    freed: i64,
}

impl<'a> StandingResults<'a> {
    fn push_group(&mut self, group: Vec<&'a Block>) {
        self.kept += group.len() as i64;
        self.newest.push_back(group);
    }

    /// Tells old groups from the newest `keep` results; the answer is what the old ones free.
    fn age_results(&mut self, rule: &ClearingRule) -> i64 {
        // The group that reaches the count stays whole: `keep` results stay at least.
        while let Some(group) =
            self.newest.pop_front_if(|group| self.kept - group.len() as i64 >= rule.keep)
        {
            self.kept -= group.len() as i64;
            // A result smaller than its stub frees nothing, and is no loss.
            self.freed += group.iter().map(|block| (block.tokens - rule.stub).max(0)).sum::<i64>();
            self.old.extend(group);
        }
        self.freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::{inserted_calls, recording_from_lines};

    fn check(line: &str, set: &[(&str, i64)], fetched: &[(u32, i64)]) -> u32 {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("look_up", 10_000) && params.set_value("longer", 0));
        for (key, value) in set {
            assert!(params.set_value(key, *value), "{key}");
        }
        let patch = G3.build_patch(&recording_from_lines(&[line]), &params);
        let met: Vec<(u32, i64)> =
            inserted_calls(&patch).iter().map(|new| (new.after, new.input)).collect();
        assert_eq!(met, fetched, "{line}");
        assert_eq!(patch.session_rules.len() as u32, patch.found_places);
        patch.found_places
    }

    #[test]
    fn all_but_the_newest_are_cleared_at_the_trigger() {
        let line = "R1:40000 R2:30000 B:200 B:200 B:200 R3:50000 -";
        assert_eq!(check(line, &[], &[(6, 40_000), (6, 30_000)]), 1);
        assert_eq!(check(line, &[("keep", 4)], &[(6, 40_000)]), 1);
        assert_eq!(check(line, &[("keep", 5)], &[]), 0);
        assert_eq!(check(line, &[("trigger", 200_000)], &[]), 0);
        assert_eq!(check(line, &[("at_least", 90_000)], &[]), 0);
        assert_eq!(check(line, &[("look_up", 5_000)], &[(6, 40_000), (6, 30_000)]), 1);
    }

    #[test]
    fn shell_output_is_cleared_and_not_fetched_again() {
        assert_eq!(check("B:90000 B:10 B:10 B:10 B:10 -", &[], &[]), 1);
    }

    #[test]
    fn a_file_is_fetched_once() {
        let line = "R1:40000 R1:40000 B:1 B:1 B:1 B:1 -";
        assert_eq!(check(line, &[], &[(5, 40_000)]), 1);
    }

    #[test]
    fn a_compaction_leaves_nothing_to_clear() {
        assert_eq!(check("R1:70000 - !B:10 B:10 B:10 B:90000 -", &[], &[]), 0);
    }

    #[test]
    fn longer_runs_repeat_what_stands_behind_the_first_clearing() {
        let set = [("look_up", 0), ("longer", 10_000)];
        assert_eq!(check("R1:90000 B:1 B:1 B:1 B:7 -", &set, &[(5, 7)]), 1);
    }
}
