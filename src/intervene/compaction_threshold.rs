//! G2: Auto-compact earlier.
//!
//! What: the harness compacts at so many tokens instead of 33,000 below the window.
//!
//! Why it should pay: a context of 160,000 tokens costs as much a call to read as three of 53,000.
//!
//! Formula: at a prompt of P >= threshold one call more reads P and writes a summary of s tokens;
//! the context goes on at S + left, S the static prefix. With m calls until the next compaction
//! the saved reads are about m x (P - S - left) - P, against S + left - S tokens written anew.
//! Each compaction makes the model look up what it lost: `look_ups` calls of 3,900 tokens;
//! from the first one on, a share `longer` of the calls is made once more.
//!
//! Source: thresholds: the harness's settings page and environment variables, 2026-08-22 (its own
//! is 167,000 of a 200,000 window). Summary, rest and look-ups: 11 compactions in 147 public
//! transcripts, 2026-11-20. Longer trajectories: arXiv 2508.21433, whose summaries lengthened runs
//! of two models of five.
//!
//! Lies: what was left was measured behind contexts of 155,000 tokens and more; a smaller one may
//! leave less. Look-ups stand right behind the compaction, and where another toggle makes contexts
//! smaller they stay although the compaction may not happen. A recorded compaction that no longer
//! happens saves nothing: its call is in no total, and the look-ups behind it stay. Whether the
//! work gets worse with a summary is not modelled. A session whose fresh start would fill more than
//! three quarters of the threshold is left alone: it would compact without end, and the harness
//! stops such a loop by itself.

use super::{
    BuildGrade, Confidence, Intervention, ParamSpec, ParamUnit, PlaceShare, ToggleCard,
    ToggleParams, support,
};
use crate::plan::{CompactionRule, Patch, SessionRules};
use crate::recording::{ContextRestart, Recording, Session};

/// Compaction threshold.
pub static G2: Intervention = Intervention::new(&CARD, build_patch);

static CARD: ToggleCard = ToggleCard {
    id: "G2",
    title: "Auto-compact earlier",
    source: "harness's settings page, 2026-08-22; compactions in 147 public transcripts",
    knob: "CLAUDE_AUTOCOMPACT_PCT_OVERRIDE, CLAUDE_CODE_AUTO_COMPACT_WINDOW, compact_20260112",
    grade: BuildGrade { effort: 0, risk: 2 },
    params: &[
        ParamSpec {
            key: "threshold",
            unit: ParamUnit::Tokens,
            low: 80_000,
            mode: 100_000,
            high: 150_000,
            asked: false,
            confidence: Confidence::Judgement,
            what: "prompt from which on the context is compacted",
            source: "high: the provider's own compaction; mode: 56 % of 180,000; low: judgement",
        },
        ParamSpec {
            key: "summary",
            unit: ParamUnit::Tokens,
            low: 2_600,
            mode: support::SUMMARY_OUTPUT,
            high: 5_200,
            asked: false,
            confidence: Confidence::FewCases,
            what: "tokens that the compacting call writes",
            source: "median and range of 11 summaries, from characters, no thinking, 2026-11",
        },
        ParamSpec {
            key: "left",
            unit: ParamUnit::Tokens,
            low: 19_000,
            mode: support::LEFT_AFTER_COMPACTION,
            high: 48_000,
            asked: false,
            confidence: Confidence::FewCases,
            what: "tokens that the context starts over with beside the static prefix",
            source: "median and range of 11 compactions, summary and restored files, 2026-11",
        },
        ParamSpec {
            key: "look_ups",
            unit: ParamUnit::Count,
            low: 0,
            mode: 1,
            high: 3,
            asked: false,
            confidence: Confidence::FewCases,
            what: "calls that find again what one compaction lost",
            source: "calls that read a known file again behind 11 compactions: 0 to 5, median 1",
        },
        ParamSpec {
            key: "longer",
            unit: ParamUnit::BasisPoints,
            low: 0,
            mode: 250,
            high: 3_160,
            asked: false,
            confidence: Confidence::FewCases,
            what: "share of calls made once more behind the first compaction",
            source: "turns under summaries in the data of arXiv 2508.21433: -13, -5, +2.5, +19.7, \
                     +31.6 % (five models, 500 tasks each), computed 2026-11-28; fewer count as \
                     none",
        },
    ],
    name_lists: &[],
};

fn build_patch(recording: &Recording, params: &ToggleParams) -> Patch {
    let mut patch = Patch::default();
    let compaction = CompactionRule {
        threshold: params.get("threshold"),
        output: params.get("summary"),
        left: params.get("left"),
    };
    let mut longer = PlaceShare::new(params, "longer");
    let mut alone = 0;
    for (index, session) in support::sessions_with_calls(recording) {
        let places = compaction_places(recording, session, &compaction);
        let Some(&first) = places.first() else { continue };
        // Such a session would reach the threshold again a few calls after each compaction.
        if 4 * (session.static_prefix + compaction.left) > 3 * compaction.threshold {
            alone += 1;
            continue;
        }
        patch.found_places += 1;
        let rules = SessionRules { compaction: Some(compaction), ..SessionRules::default() };
        patch.session_rules.push((index, rules));
        // The model looks up what it lost, right behind each place.
        for at in places {
            patch.inserted_calls.extend(support::repeated_look_ups(at, params.get("look_ups")));
        }
        // What a summary loses lengthens the run behind it, not the part before.
        support::repeat_share_of_calls(
            recording,
            first..session.call_range().end,
            &mut longer,
            &mut patch,
        );
    }
    if alone > 0 {
        patch.notes.push(format!(
            "{alone} sessions left alone: a fresh start fills most of the threshold"
        ));
    }
    patch
}

/// The calls before which the context would be compacted, were nothing else changed.
fn compaction_places(
    recording: &Recording,
    session: &Session,
    rule: &CompactionRule,
) -> Vec<usize> {
    let mut places = Vec::new();
    // What stands in the recorded prompt and would not in this one.
    let mut gone = 0;
    // Before its first call a session has nothing to compact.
    for at in session.call_range().skip(1) {
        // The recorded prompt less what compactions of this rule would have taken from it.
        let stands = support::prompt_before_call(recording, at) - gone;
        match recording.calls[at].restart {
            ContextRestart::No if stands >= rule.threshold => {
                places.push(at);
                // The context goes on with the static prefix and what is left of the messages.
                gone += stands - session.static_prefix - rule.left;
            }
            ContextRestart::AutoCompacted if stands < rule.threshold => {
                // The smaller context does not reach the trigger: what the record lost here stays,
                // and what it started over with never enters. The difference may be negative.
                gone = support::restart_tokens(recording, at) - stands;
            }
            // The record starts over here with or without the rule: both contexts are alike again.
            ContextRestart::AutoCompacted
            | ContextRestart::ManualCompacted
            | ContextRestart::Fresh => gone = 0,
            ContextRestart::No => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::support::test_recordings::recording_from_lines;

    fn check(line: &str, set: &[(&str, i64)], places: &[u32]) {
        let mut params = ToggleParams::modes_of_card(&CARD);
        for (key, value) in set {
            assert!(params.set_value(key, *value), "{key}");
        }
        let patch = G2.build_patch(&recording_from_lines(&[line]), &params);
        let met: Vec<u32> = patch.inserted_calls.iter().map(|new| new.after).collect();
        assert_eq!(met, places, "{line}");
        assert_eq!(patch.found_places, u32::from(!patch.session_rules.is_empty()), "{line}");
        assert_eq!(patch.found_places, u32::from(!places.is_empty()), "{line}");
    }

    #[test]
    fn the_prompt_must_reach_the_threshold_before_a_call() {
        check("R1:50000 R2:50000 - -", &[], &[3]);
        check("R1:50000 R2:50000 -", &[], &[]);
        check("R1:50000 R2:50000 - -", &[("threshold", 150_000)], &[]);
        check("R1:50000 R2:50000 - -", &[("look_ups", 2)], &[3, 3]);
    }

    #[test]
    fn a_compacted_context_grows_again() {
        // 15,000 + 29,000 stand behind the first one; 60,000 more reach the threshold again.
        check("R1:90000 - - R2:60000 - -", &[], &[2, 5]);
        check("R1:90000 - - R2:30000 - -", &[], &[2]);
    }

    #[test]
    fn a_recorded_compaction_may_not_be_reached() {
        check("R1:90000 - R2:40000 - !- R3:60000 - -", &[], &[2, 7]);
        check("R1:90000 - R2:40000 - !- -", &[("threshold", 200_000)], &[]);
    }

    #[test]
    fn a_start_that_fills_most_of_the_threshold_is_no_target() {
        // 15,000 + 29,000 are three quarters of 58,667.
        check("R1:90000 - -", &[("threshold", 58_666)], &[]);
        check("R1:90000 - -", &[("threshold", 58_667)], &[2]);
    }

    #[test]
    fn longer_runs_repeat_what_stands_behind_the_first_compaction() {
        let mut params = ToggleParams::modes_of_card(&CARD);
        assert!(params.set_value("longer", 10_000) && params.set_value("look_ups", 0));
        let patch = G2.build_patch(&recording_from_lines(&["R1:90000 - R2:700 -"]), &params);
        let met: Vec<(u32, i64)> =
            patch.inserted_calls.iter().map(|new| (new.after, new.input)).collect();
        assert_eq!(met, [(2, 0), (3, 700)]);
    }
}
