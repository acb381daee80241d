//! Interventions: what would change if a fix were built. One file each.
//!
//! A file holds the documentation (its `//!` lines are what `windtunnel explain` prints), the
//! parameters with their ranges and sources, and one function that turns a recording into a
//! [`Patch`]. It looks at marks, kinds and sizes only, so that the same code serves imported
//! transcripts and reconstructed pipelines. To add one: write its file, and its line in the
//! registry below; CONTRIBUTING.md names the command that writes everything else.

mod param_spec;
mod params;
mod support;
#[cfg(test)]
pub(crate) use support::test_recordings;

pub use param_spec::{Confidence, ParamRange, ParamSpec, ParamUnit, RangeShape};
pub use params::{BuildGrade, NameListSpec, ToggleParams};
pub(crate) use support::TOKEN_MS;

use crate::plan::{Chance, Patch};
use crate::recording::{QueueReason, Recording, Session};
use crate::seed;
use std::collections::BTreeMap;
use support::queue_sessions::{queue_sessions, queue_tells};
use xxhash_rust::xxh3::xxh3_64;

/// Declares the file of every toggle and lists the toggles: each is one line of [`registry!`].
macro_rules! registry {
    ($($id:ident: mod $file:ident;)*) => {
        $(mod $file;)*

        /// Every intervention, in the order of lists and bits.
        pub static ALL: &[&Intervention] = &[$(&$file::$id),*];

        /// The text of the file of each toggle, by its id.
        static FILE_TEXTS: &[(&str, &str)] =
            &[$((stringify!($id), include_str!(concat!(stringify!($file), ".rs")))),*];
    };
}

registry! {
    R1: mod narration_suppressed;
    R2: mod edits_batched;
    R3: mod reports_to_files;
    R4: mod test_output_truncated;
    R5: mod environment_validated;
    R6: mod failing_tests_first;
    R7: mod background_wait;
    R8: mod orchestrator_in_summary;
    R9: mod orphans_cleaned_up;
    T1: mod orchestrator_per_order;
    T2: mod orchestrator_started_fresh;
    T3: mod dispatch_results_to_files;
    T4: mod shared_turns_dropped;
    G1: mod one_hour_cache;
    G2: mod compaction_threshold;
    G3: mod tool_results_cleared;
    G4: mod tool_results_capped;
    G5: mod unchanged_reads_stubbed;
    G6: mod parallel_tool_calls;
    G7: mod leaner_start_prefix;
    G8: mod model_per_step;
    G9: mod sessions_merged_or_split;
    G10: mod steps_left_out;
    G11: mod effort_switches_avoided;
    G12: mod exploration_in_subagent;
    G13: mod cache_kept_warm;
    C1: mod warm_bootstrap;
    C2: mod sessions_reused_by_root;
    C3: mod thin_digest_context;
    C4: mod compact_digests;
    C5: mod persistent_app_server;
    C6: mod digest_fast_path;
    C7: mod separate_home_folders;
    N1: mod one_controller;
    N2: mod status_fast_path;
    N3: mod routes_measured_again;
    N4: mod recommended_environment;
    N5: mod receipt_fast_path;
    D1: mod roster_validated;
    D2: mod consult_gate;
    D3: mod blocking_answers_final;
    D4: mod insufficient_context_retried;
    E1: mod doctor_loop_weekly;
    E2: mod hourly_doctor_off;
    E3: mod quota_probe_replaced;
    E4: mod templated_owner_pings;
    E5: mod escalation_on_signal;
    E6: mod stale_work_stop_loss;
    E7: mod dedupe_before_generation;
    E8: mod repository_allowlist;
    E9: mod denied_actions_recorded;
    E10: mod closed_scope_downgraded;
}

/// Turns a recording and parameters into what a toggle would change there.
type PatchBuilder = fn(&Recording, &ToggleParams) -> Patch;

/// One toggle.
#[derive(Debug)]
pub struct Intervention {
    card: &'static ToggleCard,
    patch_builder: PatchBuilder,
    env_settings: &'static [EnvSetting],
    /// What a recording leaves open that the card asks for.
    asks_unless_told: Option<QueueReason>,
    /// Whether what it changes in a session depends on how many places others have.
    counts_all_places: bool,
}

impl Intervention {
    const fn new(card: &'static ToggleCard, patch_builder: PatchBuilder) -> Self {
        Self {
            card,
            patch_builder,
            env_settings: &[],
            asks_unless_told: None,
            counts_all_places: false,
        }
    }

    /// What it finds anywhere has a say in what it changes elsewhere, whatever ties the sessions.
    const fn counting_all_places(self) -> Self {
        Self { counts_all_places: true, ..self }
    }

    /// A queue that tells this of its sessions answers what the card asks for.
    const fn answered_by_queue(self, untold: QueueReason) -> Self {
        Self { asks_unless_told: Some(untold), ..self }
    }

    const fn with_env_settings(self, env_settings: &'static [EnvSetting]) -> Self {
        Self { env_settings, ..self }
    }

    /// What it is.
    #[must_use]
    pub fn card(&self) -> &'static ToggleCard {
        self.card
    }

    /// What it would change in `recording`.
    #[must_use]
    pub fn build_patch(&self, recording: &Recording, params: &ToggleParams) -> Patch {
        (self.patch_builder)(recording, params)
    }

    /// Whether a recording tells by itself what the card asks for.
    #[must_use]
    pub fn is_answered_by(&self, recording: &Recording) -> bool {
        let untold = self.asks_unless_told;
        untold.is_some_and(|untold| queue_tells(&queue_sessions(recording), untold))
    }

    /// Whether no part of a recording in which it finds anything may be looked at alone.
    #[must_use]
    pub fn counts_all_places(&self) -> bool {
        self.counts_all_places
    }

    /// The variables of the environment that switch it on, where there are any.
    #[must_use]
    pub fn env_settings(&self) -> &'static [EnvSetting] {
        self.env_settings
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
}

impl ToggleCard {
    /// The documentation at the head of its file.
    #[must_use]
    pub(crate) fn file_docs(&self) -> String {
        let known = FILE_TEXTS.iter().find(|(id, _)| *id == self.id);
        let lines = known.into_iter().flat_map(|(_, text)| text.lines());
        // What `explain` prints ends with the first line that is no `//!`.
        let docs = lines.map_while(|line| line.strip_prefix("//!"));
        docs.fold(String::new(), |text, line| text + line.strip_prefix(' ').unwrap_or(line) + "\n")
    }
}

/// The intervention of an id, in any case.
#[must_use]
pub fn find_by_id(id: &str) -> Option<&'static Intervention> {
    ALL.iter().copied().find(|one| one.card().id.eq_ignore_ascii_case(id))
}

/// Tokens that a patch lays its hands on: the contexts of calls that it drops, heals or lets start
/// over, those of sessions that it resumes, runs by other rules or on another model, the blocks
/// that it drops or replaces, and what it takes off system prompts. Each call and block counts
/// once; what the patch adds is not in the recording and not counted.
#[must_use]
pub fn tokens_touched(recording: &Recording, patch: &Patch) -> i64 {
    // A rule, another model or a start from elsewhere reaches every call of a session.
    let sessions = patch.resumed_sessions.iter().map(|resumed| resumed.session);
    let sessions = sessions.chain(patch.remodelled_sessions.iter().map(|(session, _)| *session));
    let sessions = sessions.chain(patch.session_rules.iter().map(|(session, _)| *session));
    let whole = sessions.flat_map(|session| recording.sessions[session as usize].call_range());
    let mut calls: Vec<u32> = whole.map(|at| at as u32).collect();
    calls.extend(patch.all_dropped_calls().map(|dropped| dropped.call));
    calls.extend(
        patch.healed_calls.iter().chain(patch.restarted_calls.iter().map(|(call, _)| call)),
    );
    // A call may be named by several parts of the patch.
    calls.sort_unstable();
    calls.dedup();
    let contexts: i64 =
        calls.iter().map(|&call| recording.calls[call as usize].usage.context_tokens()).sum();
    let leaner: i64 = patch.leaner_sessions.iter().map(|(_, tokens)| tokens).sum();
    let mut blocks: Vec<u32> = patch.replaced_blocks.iter().map(|(block, _)| *block).collect();
    blocks.extend(patch.all_dropped_blocks());
    blocks.extend(patch.replaced_if_warm.iter().map(|(block, _)| block));
    blocks.sort_unstable();
    blocks.dedup();
    // A dropped call and a block inside its context both count: the sum tells how far a patch
    // reaches, and is no saving.
    contexts
        + leaner
        + blocks.iter().map(|&block| recording.blocks[block as usize].tokens).sum::<i64>()
}

/// Which places of a toggle take part, where a share of them does. What is expected counts every
/// place by the share; a draw takes or leaves each by itself, keyed by toggle, session and place,
/// so that no other session and no other place has a say, and a larger share takes the same and
/// more.
#[derive(Debug)]
struct PlaceShare {
    chance: Chance,
    /// Of a draw.
    key: Option<u64>,
    /// Places so far, by session.
    places: BTreeMap<String, u64>,
}

impl PlaceShare {
    fn new(params: &ToggleParams, name: &str) -> Self {
        Self::of_share(params, name, params.get(name))
    }

    /// A share that follows from a parameter.
    fn of_share(params: &ToggleParams, name: &str, share_bp: i64) -> Self {
        let key = params.draw_key().map(|key| key ^ xxh3_64(name.as_bytes()));
        Self { key, ..Self::expecting(share_bp) }
    }

    /// What is expected of a share that is no parameter.
    fn expecting(share_bp: i64) -> Self {
        let chance = Chance::from_basis_points(share_bp);
        Self { chance, key: None, places: BTreeMap::new() }
    }

    /// How likely the next place of a session takes part.
    fn next_in_session(&mut self, session: &Session) -> Chance {
        // Without a draw all places act by the same chance, and the pass carries the mean.
        let Some(key) = self.key else { return self.chance };
        let place = match self.places.get_mut(&session.id) {
            Some(place) => place,
            None => self.places.entry(session.id.clone()).or_default(),
        };
        *place += 1;
        // Keyed by session and place, so that no other session moves what is drawn here.
        let takes_part = seed::place_number(key, &session.id, *place) < self.chance.parts();
        if takes_part { Chance::SURE } else { Chance::NEVER }
    }

    /// The same for the session of a call.
    fn next_at_call(&mut self, recording: &Recording, call: usize) -> Chance {
        self.next_in_session(&recording.sessions[recording.calls[call].session as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn a_draw_takes_a_share_of_the_places_and_more_of_them_where_it_is_larger() {
        let lines: Vec<&str> = vec!["R1 R1 R1 R1 R1 R1 R1 R1"; 50];
        let recording = support::test_recordings::recording_from_lines(&lines);
        let taken = |draw: Option<u32>, share: i64| -> Vec<i64> {
            let mut params = ToggleParams::modes_of_card(ALL[0].card());
            assert!(params.set_value("compliance", share));
            let params =
                draw.map_or(params.clone(), |k| params.in_draw(Seed(774).draw_key("R1", k)));
            let mut places = PlaceShare::new(&params, "compliance");
            let calls = 0..recording.calls.len();
            calls.map(|at| places.next_at_call(&recording, at).parts()).collect()
        };
        let expected = Chance::from_basis_points(2_500).parts();
        assert!(taken(None, 2_500).iter().all(|parts| *parts == expected));
        for draw in 0..5 {
            let [few, more] = [2_500, 4_000].map(|share| taken(Some(draw), share));
            assert!(few.iter().zip(&more).all(|(few, more)| few <= more));
            let count = few.iter().filter(|parts| **parts > 0).count() as i64;
            // Four standard deviations of so many places.
            let calls = recording.calls.len() as i64;
            assert!((4 * count - calls).pow(2) < 48 * calls, "{count} of {calls}");
            assert_ne!(few, taken(Some(draw + 5), 2_500));
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
            // Longer ones would be cut, or push figures off a screen of 80 columns.
            assert!(card.title.len() <= 32, "{}: {}", card.id, card.title);
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
