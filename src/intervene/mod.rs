//! Interventions: what would change if a fix were built. One file each.
//!
//! A file holds the documentation (its `//!` lines are what `windtunnel explain` prints), the
//! parameters with their ranges and sources, and one function that turns a recording into a
//! [`Patch`]. It looks at marks, kinds and sizes only, so that the same code serves imported
//! transcripts and reconstructed pipelines. To add one: write its file, add its line to [`ALL`],
//! name it in a scenario.

mod background_wait;
mod blocking_answers_final;
mod cache_kept_warm;
mod closed_scope_downgraded;
mod compact_digests;
mod compaction_threshold;
mod consult_gate;
mod dedupe_before_generation;
mod denied_actions_recorded;
mod digest_fast_path;
mod doctor_loop_weekly;
mod edits_batched;
mod effort_switches_avoided;
mod environment_validated;
mod escalation_on_signal;
mod exploration_in_subagent;
mod failing_tests_first;
mod hourly_doctor_off;
mod insufficient_context_retried;
mod leaner_start_prefix;
mod model_per_step;
mod narration_suppressed;
mod one_controller;
mod one_hour_cache;
mod orchestrator_in_summary;
mod orphans_cleaned_up;
mod parallel_tool_calls;
mod params;
mod persistent_app_server;
mod quota_probe_replaced;
mod recommended_environment;
mod reports_to_files;
mod repository_allowlist;
mod roster_validated;
mod routes_measured_again;
mod separate_home_folders;
mod sessions_merged_or_split;
mod sessions_reused_by_root;
mod stale_work_stop_loss;
mod status_fast_path;
mod steps_left_out;
mod support;
mod templated_owner_pings;
mod test_output_truncated;
mod thin_digest_context;
mod tool_results_capped;
mod tool_results_cleared;
mod unchanged_reads_stubbed;
mod warm_bootstrap;

pub use params::{
    BuildGrade, NameListSpec, ParamRange, ParamSpec, ParamUnit, RangeShape, ToggleParams,
};

use crate::plan::Patch;
use crate::recording::Recording;
use crate::units::{BASIS_POINTS, share_of};
use std::fmt::Write as _;

/// Every intervention, in the order of lists and bits.
pub static ALL: &[&dyn Intervention] = &[
    &narration_suppressed::R1,
    &edits_batched::R2,
    &reports_to_files::R3,
    &test_output_truncated::R4,
    &environment_validated::R5,
    &failing_tests_first::R6,
    &background_wait::R7,
    &orchestrator_in_summary::R8,
    &orphans_cleaned_up::R9,
    &one_hour_cache::G1,
    &compaction_threshold::G2,
    &tool_results_cleared::G3,
    &tool_results_capped::G4,
    &unchanged_reads_stubbed::G5,
    &parallel_tool_calls::G6,
    &leaner_start_prefix::G7,
    &model_per_step::G8,
    &sessions_merged_or_split::G9,
    &steps_left_out::G10,
    &effort_switches_avoided::G11,
    &exploration_in_subagent::G12,
    &cache_kept_warm::G13,
    &warm_bootstrap::C1,
    &sessions_reused_by_root::C2,
    &thin_digest_context::C3,
    &compact_digests::C4,
    &persistent_app_server::C5,
    &digest_fast_path::C6,
    &separate_home_folders::C7,
    &one_controller::N1,
    &status_fast_path::N2,
    &routes_measured_again::N3,
    &recommended_environment::N4,
    &roster_validated::D1,
    &consult_gate::D2,
    &blocking_answers_final::D3,
    &insufficient_context_retried::D4,
    &doctor_loop_weekly::E1,
    &hourly_doctor_off::E2,
    &quota_probe_replaced::E3,
    &templated_owner_pings::E4,
    &escalation_on_signal::E5,
    &stale_work_stop_loss::E6,
    &dedupe_before_generation::E7,
    &repository_allowlist::E8,
    &denied_actions_recorded::E9,
    &closed_scope_downgraded::E10,
];

/// One toggle.
pub trait Intervention: Sync {
    /// What it is.
    fn card(&self) -> &'static ToggleCard;
    /// What it would change in `recording`.
    fn build_patch(&self, recording: &Recording, params: &ToggleParams) -> Patch;
    /// The variables of the environment that switch it on, where there are any.
    fn env_settings(&self) -> &'static [EnvSetting] {
        &[]
    }
}

/// A variable of the environment that an orchestrator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvSetting {
    /// Its name.
    pub name: &'static str,
    /// Its value where it is not set; empty for none.
    pub default: &'static str,
    /// The value to set.
    pub recommended: &'static str,
    /// What it does.
    pub what: &'static str,
}

/// What an intervention says about itself.
#[derive(Debug)]
pub struct ToggleCard {
    /// Its id, e.g. `R4`.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Who proposed it, and where.
    pub source: &'static str,
    /// What switches it on in production.
    pub knob: &'static str,
    /// What it takes to build it, and what may go wrong.
    pub grade: BuildGrade,
    /// Its parameters.
    pub params: &'static [ParamSpec],
    /// The lists of names that it needs to be told.
    pub name_lists: &'static [NameListSpec],
    /// The text of its own file, for [`ToggleCard::file_docs`].
    pub file_text: &'static str,
}

impl ToggleCard {
    /// The documentation at the head of its file.
    #[must_use]
    pub fn file_docs(&self) -> String {
        let lines = self.file_text.lines().take_while(|line| line.starts_with("//!"));
        lines.fold(String::new(), |mut text, line| {
            let line = line.trim_start_matches("//!");
            let _ = writeln!(text, "{}", line.strip_prefix(' ').unwrap_or(line));
            text
        })
    }
}

/// The intervention of an id, in any case.
#[must_use]
pub fn find_by_id(id: &str) -> Option<&'static dyn Intervention> {
    ALL.iter().copied().find(|one| one.card().id.eq_ignore_ascii_case(id))
}

/// Tokens that a patch lays its hands on: the contexts of calls that it drops, heals or lets start
/// over, those of sessions that it resumes, runs by other rules or on another model, the blocks
/// that it drops or replaces, and what it takes off system prompts. Each call and block counts
/// once; what the patch adds is not in the recording and not counted.
#[must_use]
pub fn tokens_touched(recording: &Recording, patch: &Patch) -> i64 {
    let sessions = patch.resumed_sessions.iter().map(|resumed| resumed.session);
    let sessions = sessions.chain(patch.remodelled_sessions.iter().map(|(session, _)| *session));
    let sessions = sessions.chain(patch.session_rules.iter().map(|(session, _)| *session));
    let whole = sessions.flat_map(|session| recording.sessions[session as usize].call_range());
    let mut calls: Vec<u32> = whole.map(|at| at as u32).collect();
    calls.extend(patch.dropped_calls.iter().map(|dropped| dropped.call));
    calls.extend(
        patch.healed_calls.iter().chain(patch.restarted_calls.iter().map(|(call, _)| call)),
    );
    calls.sort_unstable();
    calls.dedup();
    let contexts: i64 =
        calls.iter().map(|&call| recording.calls[call as usize].usage.context_tokens()).sum();
    let leaner: i64 = patch.leaner_sessions.iter().map(|(_, tokens)| tokens).sum();
    let mut blocks: Vec<u32> = patch.replaced_blocks.iter().map(|(block, _)| *block).collect();
    blocks.extend(&patch.dropped_blocks);
    blocks.extend(patch.replaced_if_warm.iter().map(|(block, _)| block));
    blocks.sort_unstable();
    blocks.dedup();
    contexts
        + leaner
        + blocks.iter().map(|&block| recording.blocks[block as usize].tokens).sum::<i64>()
}

/// A share of a sequence, spread evenly and without chance: of the first n items it takes
/// `n * share`, rounded half up.
#[derive(Debug)]
struct ShareSampler {
    share_bp: i64,
    items_so_far: i64,
}

impl ShareSampler {
    fn new(share_bp: i64) -> Self {
        Self { share_bp: share_bp.clamp(0, BASIS_POINTS), items_so_far: 0 }
    }

    /// Whether the next item is taken.
    fn takes_next(&mut self) -> bool {
        let before = share_of(self.items_so_far, self.share_bp);
        self.items_so_far += 1;
        share_of(self.items_so_far, self.share_bp) > before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_take_what_they_say() {
        for (share_bp, of, want) in
            [(0, 9, 0), (10_000, 9, 9), (8_611, 72, 62), (2_500, 1, 0), (2_500, 3, 1)]
        {
            let mut share = ShareSampler::new(share_bp);
            let taken = (0..of).filter(|_| share.takes_next()).count();
            assert_eq!(taken, want, "{share_bp} of {of}");
        }
    }

    #[test]
    fn every_card_is_complete_and_its_ranges_are_in_order() {
        for one in ALL {
            let card = one.card();
            assert!(card.file_docs().lines().count() >= 8, "{} needs docs", card.id);
            for word in ["Source", "Lies"] {
                assert!(card.file_docs().contains(word), "{} does not say '{word}'", card.id);
            }
            assert!((1..=3).contains(&card.grade.risk), "{}", card.id);
            assert!(!card.title.is_empty() && !card.knob.is_empty() && !card.source.is_empty());
            for spec in card.params {
                assert!(spec.low <= spec.mode && spec.mode <= spec.high, "{}", spec.key);
                assert!(!spec.source.is_empty() && !spec.what.is_empty(), "{}", spec.key);
            }
            let ranges: Vec<ParamRange> = card.params.iter().map(ParamRange::from_spec).collect();
            let corners = ToggleParams::modes_of_card(card).range_corners(&ranges);
            assert!(corners.contains(&ToggleParams::modes_of_card(card)), "{}", card.id);
            let ends = ranges.iter().map(|range| range.distinct_ends().len());
            assert_eq!(corners.len(), ends.product::<usize>(), "{}", card.id);
        }
    }

    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        let empty = Recording::default();
        for one in ALL {
            let patch = one.build_patch(&empty, &ToggleParams::modes_of_card(one.card()));
            assert!(patch.is_empty() && patch.found_places == 0, "{}", one.card().id);
        }
    }
}
