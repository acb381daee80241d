//! What must hold for every recording, every patch and every subset.

use crate::generated::{Case, cases, compile, recordings};
use proptest::prelude::*;
use std::collections::BTreeMap;
use windtunnel::plan::{DroppedCall, Patch, Plan, ToggleSubset};
use windtunnel::recording::{ContextRestart, Recording, format};
use windtunnel::replay::{
    CallOutcome, ContextOnset, ReplayCost, ReplayOutcome, ReplayedCall, replay_calls,
    replay_island, replay_plan, tally_call, tally_outcome,
};
use windtunnel::study::whatif::savings::totals_by_step;
use windtunnel::study::whatif::tokens_held::tokens_held_and_carried;
use windtunnel::units::Usage;

/// Bounded, and without files of failures: a tape that fails is printed and becomes a hand case.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) }
}

/// The calls made: the recorded call that each is, follows or comes before, and its outcome.
fn calls(plan: &Plan, subset: ToggleSubset) -> Vec<(u32, CallOutcome)> {
    let rows = replay_calls(plan, subset);
    let call_of = |row: &ReplayedCall| plan.call_of[row.row as usize];
    let mut calls: Vec<_> = rows.iter().map(|row| (call_of(row), row.outcome)).collect();
    // Sessions that may go on from each other are neighbours in a plan.
    calls.sort_by_key(|(call, _)| *call);
    calls
}

/// Plans and subsets may number prices and rows differently; this is what a user sees.
type Seen = (Vec<(u32, CallOutcome)>, ReplayOutcome, BTreeMap<(String, usize), (Usage, i64)>);

fn seen(plan: &Plan, subset: ToggleSubset) -> Seen {
    let mut outcome = replay_plan(plan, subset);
    let by_price = std::mem::take(&mut outcome.by_price);
    let hidden = std::mem::take(&mut outcome.hidden_by_price);
    let key = |band: usize| (plan.prices[band / 2].model.clone(), band % 2);
    let paid = by_price.into_iter().zip(hidden).enumerate();
    let paid = paid.filter(|(_, (usage, hidden))| !usage.is_zero() || *hidden != 0);
    (calls(plan, subset), outcome, paid.map(|(band, sums)| (key(band), sums)).collect())
}

/// The recording, told as the outcome that an untouched replay must have.
fn as_recorded(recording: &Recording) -> Vec<(u32, CallOutcome)> {
    let calls = recording.calls.iter().enumerate();
    let told = calls.map(|(at, call)| {
        let hidden = call.output_hidden;
        (at as u32, CallOutcome { usage: call.usage, hidden, start_ms: call.start_ms })
    });
    told.collect()
}

/// The recording without automatic compactions: they happen by hand instead.
fn compacted_by_hand(recording: &Recording) -> Recording {
    let mut recording = recording.clone();
    for call in &mut recording.calls {
        if call.restart == ContextRestart::AutoCompacted {
            call.restart = ContextRestart::ManualCompacted;
        }
    }
    recording
}

/// What a patch leaves out and shrinks, and nothing else; of sizes alone where calls stay.
fn shrinking(patch: Patch, calls_stay: bool) -> Patch {
    let mut patch = Patch {
        restarted_calls: Vec::new(),
        resumed_sessions: Vec::new(),
        remodelled_sessions: Vec::new(),
        leaner_sessions: Vec::new(),
        session_rules: Vec::new(),
        ..patch
    };
    if calls_stay {
        let (dropped_blocks, replaced_blocks) = (patch.dropped_blocks, patch.replaced_blocks);
        patch = Patch { dropped_blocks, replaced_blocks, ..Patch::default() };
        // From 30 tokens on a block may be larger than recorded.
        patch.replaced_blocks.retain(|(_, tokens)| *tokens == 0);
    }
    patch
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_empty_subset_is_the_recording(case in cases()) {
        let plan = case.plan();
        prop_assert_eq!(calls(&plan, 0), as_recorded(&case.recording));
        let outcome = replay_plan(&plan, 0);
        let recorded = &case.recording.calls;
        prop_assert_eq!(outcome.calls, recorded.len() as i64);
        prop_assert_eq!(outcome.total_usage(), case.recording.total_usage());
        let hidden: i64 = recorded.iter().map(|call| call.output_hidden).sum();
        prop_assert_eq!(outcome.hidden_output(), hidden);
        let peak = recorded.iter().map(|call| call.usage.context_tokens()).max();
        prop_assert_eq!(outcome.peak_context, peak.unwrap_or(0));
    }

    #[test]
    fn without_patches_every_subset_is_the_empty_one(case in cases()) {
        let plan = compile(&case.recording, &[]);
        prop_assert_eq!(seen(&plan, case.subset), seen(&plan, 0));
    }

    #[test]
    fn the_order_of_toggles_never_matters(case in cases(), shift in 0_usize..4) {
        let count = case.patches.len();
        let place = |bit: usize| (count - 1 - bit + shift) % count;
        let mut patches = vec![Patch::default(); count];
        let mut subset = 0;
        for (bit, patch) in case.patches.iter().enumerate() {
            patches[place(bit)] = patch.clone();
            subset |= (case.subset >> bit & 1) << place(bit);
        }
        let permuted = compile(&case.recording, &patches);
        prop_assert_eq!(seen(&permuted, subset), seen(&case.plan(), case.subset));
    }

    #[test]
    fn a_toggle_off_is_a_toggle_absent(case in cases()) {
        let plan = case.plan();
        for without in 0..case.patches.len() {
            let subset = case.subset & !(1 << without);
            let mut patches = case.patches.clone();
            patches.remove(without);
            let below = (1 << without) - 1;
            let closed_up = (subset & below) | (subset >> 1 & !below);
            let absent = compile(&case.recording, &patches);
            prop_assert_eq!(seen(&absent, closed_up), seen(&plan, subset));
        }
    }

    #[test]
    fn a_toggle_given_twice_acts_once(mut case in cases()) {
        // Calls that two toggles insert are two calls; everything else happens once.
        for patch in &mut case.patches {
            patch.inserted_calls.clear();
            patch.spawned_sessions.clear();
        }
        let count = case.patches.len();
        let subset = case.subset & ((1 << count) - 1);
        let twice = [case.patches.clone(), case.patches.clone()].concat();
        let doubled = compile(&case.recording, &twice);
        prop_assert_eq!(seen(&doubled, subset | subset << count), seen(&case.plan(), subset));
    }

    #[test]
    fn a_subset_is_a_sum_over_islands_of_the_bits_that_touch_them(case in cases()) {
        let plan = case.plan();
        let whole = replay_plan(&plan, case.subset);
        let mut sum = ReplayOutcome {
            by_price: vec![Usage::default(); whole.by_price.len()],
            hidden_by_price: vec![0; whole.by_price.len()],
            ..ReplayOutcome::default()
        };
        for island in &plan.islands {
            let one = replay_island(&plan, island, case.subset & island.touched_by);
            sum.calls += one.calls;
            sum.session_ms += one.session_ms;
            sum.taken_back += one.taken_back;
            sum.peak_context = sum.peak_context.max(one.peak_context);
            for (band, usage) in one.by_price.iter().enumerate() {
                sum.by_price[band] += *usage;
                sum.hidden_by_price[band] += one.hidden_by_price[band];
            }
        }
        prop_assert_eq!(sum, whole);
    }

    #[test]
    fn steps_add_up_to_the_outcome(case in cases()) {
        let plan = case.plan();
        let steps = totals_by_step(&case.recording, &plan, case.subset);
        let outcome = replay_plan(&plan, case.subset);
        prop_assert_eq!(steps.iter().map(|step| step.calls).sum::<i64>(), outcome.calls);
        prop_assert_eq!(steps.iter().map(|step| step.usage).sum::<Usage>(), outcome.total_usage());
        prop_assert_eq!(steps.iter().map(|step| step.session_ms).sum::<i64>(), outcome.session_ms);
    }

    #[test]
    fn dropping_a_block_raises_no_context(case in cases(), block in any::<prop::sample::Index>()) {
        prop_assume!(!case.recording.blocks.is_empty());
        // A rule acts or not by the size of a prompt, and another tokenizer rounds.
        let mut case = case;
        for patch in &mut case.patches {
            patch.session_rules.clear();
            patch.remodelled_sessions.clear();
        }
        let recording = compacted_by_hand(&case.recording);
        let block = block.index(recording.blocks.len());
        let patches =
            [case.patches, vec![Patch { dropped_blocks: vec![block as u32], ..Patch::default() }]];
        let patches = patches.concat();
        let plan = compile(&recording, &patches);
        let dropped = 1 << (patches.len() - 1);
        let rest = case.subset & (dropped - 1);
        let with = calls(&plan, rest | dropped);
        let without = calls(&plan, rest);
        prop_assert_eq!(with.len(), without.len());
        for ((_, with), (_, without)) in with.iter().zip(&without) {
            prop_assert!(with.usage.context_tokens() <= without.usage.context_tokens());
        }
    }

    #[test]
    fn nothing_saves_more_than_what_it_touches_holds_and_carries(case in cases()) {
        for patch in case.patches.into_iter().map(|patch| shrinking(patch, false)) {
            let plan = compile(&case.recording, std::slice::from_ref(&patch));
            let context = |subset| -> i64 {
                let rows = replay_calls(&plan, subset);
                rows.iter().map(|row| row.outcome.usage.context_tokens()).sum()
            };
            let held = tokens_held_and_carried(&case.recording, [&patch]).expect("it only shrinks");
            let direct = context(0) - context(1);
            prop_assert!(direct <= held, "{} of {}: {:?}", direct, held, patch);
        }
    }

    #[test]
    fn what_only_shrinks_saves_and_later_compactions_take_no_more_back(case in cases()) {
        for patch in case.patches.into_iter().map(|patch| shrinking(patch, true)) {
            let plan = compile(&case.recording, std::slice::from_ref(&patch));
            let (before, after) = (replay_plan(&plan, 0), replay_plan(&plan, 1));
            // Of whole contexts: where a compaction finds less than it would leave, it does not
            // take place, and what was written anew there is read.
            let [before_all, after_all] =
                [&before, &after].map(|side| side.total_usage().context_tokens());
            let saved = before_all - after_all;
            let direct = saved + after.taken_back;
            prop_assert!(0 <= saved && saved <= direct, "{} of {}: {:?}", saved, direct, patch);
        }
    }

    #[test]
    fn what_changes_no_context_moves_no_compaction(case in cases()) {
        for patch in case.patches {
            let Patch { warmed_calls, healed_calls, .. } = patch;
            let patch = Patch { warmed_calls, healed_calls, ..Patch::default() };
            let plan = compile(&case.recording, std::slice::from_ref(&patch));
            let (before, after) = (replay_plan(&plan, 0), replay_plan(&plan, 1));
            let contexts = [&before, &after].map(|side| side.total_usage().context_tokens());
            prop_assert_eq!(after.taken_back, 0, "{:?}", patch);
            prop_assert_eq!(contexts[0], contexts[1]);
        }
    }

    #[test]
    fn untouched_contexts_start_over_where_they_did(case in cases()) {
        let plan = case.plan();
        for row in replay_calls(&plan, 0) {
            let call = &case.recording.calls[plan.call_of[row.row as usize] as usize];
            let expect = match call.restart {
                ContextRestart::No => ContextOnset::GoesOn,
                ContextRestart::Fresh => ContextOnset::StartsOver,
                ContextRestart::AutoCompacted | ContextRestart::ManualCompacted => {
                    ContextOnset::Compacted
                }
            };
            prop_assert_eq!(row.onset, expect);
        }
    }

    #[test]
    fn tokens_are_conserved(case in cases()) {
        let plan = case.plan();
        let outcome = replay_plan(&plan, case.subset);
        let (mut made, mut cost) = (ReplayOutcome::default(), ReplayCost::default());
        for row in replay_calls(&plan, case.subset) {
            let CallOutcome { usage, hidden, .. } = row.outcome;
            prop_assert!(usage.by_class().into_iter().all(|tokens| tokens >= 0), "{:?}", usage);
            prop_assert!(hidden >= 0);
            let parts = usage.fresh + usage.read + usage.write_tokens();
            prop_assert_eq!(usage.context_tokens(), parts);
            made.calls += 1;
            made.peak_context = made.peak_context.max(usage.context_tokens());
            made.by_price.push(usage + row.taken_back);
            made.taken_back += row.taken_back.read;
            made.hidden_by_price.push(hidden);
            let of_call = tally_call(&plan, &row);
            cost.recorded += of_call.recorded;
            cost.hidden += of_call.hidden;
        }
        // Money too, to the pico-dollar: each call knows its price and its band.
        prop_assert_eq!(cost, tally_outcome(&plan, &outcome));
        prop_assert_eq!(made.total_usage(), outcome.total_usage());
        prop_assert_eq!(made.hidden_output(), outcome.hidden_output());
        prop_assert_eq!((made.calls, made.peak_context), (outcome.calls, outcome.peak_context));
    }

    #[test]
    fn output_is_neither_lost_nor_found_while_calls_follow(case in cases()) {
        // The outputs of a dropped call are produced by the next one that stays, if there is one.
        let mut case = case;
        for patch in &mut case.patches {
            patch.inserted_calls.clear();
            patch.spawned_sessions.clear();
            patch.remodelled_sessions.clear();
            patch.session_rules.iter_mut().for_each(|(_, rules)| rules.compaction = None);
        }
        let plan = case.plan();
        let whole = replay_plan(&plan, 0);
        let last_stays = |dropped: &DroppedCall| {
            let session = case.recording.calls[dropped.call as usize].session as usize;
            dropped.call as usize + 1 < case.recording.sessions[session].call_range().end
        };
        for patch in &mut case.patches {
            patch.dropped_calls.retain(last_stays);
            patch.dropped_blocks.clear();
            patch.replaced_blocks.clear();
            patch.replaced_if_warm.clear();
        }
        let outcome = replay_plan(&case.plan(), case.subset);
        let produced = |outcome: &ReplayOutcome| {
            outcome.total_usage().output + outcome.hidden_output()
        };
        prop_assert_eq!(produced(&outcome), produced(&whole));
    }

    #[test]
    fn what_is_written_is_read_back(recording in recordings()) {
        let bytes = format::to_json(&recording);
        let read = format::from_json(&bytes);
        prop_assert_eq!(read.as_ref().ok(), Some(&recording), "{:?}", read.as_ref().err());
        prop_assert_eq!(read.map(|read| format::to_json(&read)).ok(), Some(bytes.clone()));
        // In binary columns it is the same, to the last byte of either form.
        let columns = format::to_columns(&recording);
        let read = format::from_bytes(&columns);
        prop_assert_eq!(read.as_ref().ok(), Some(&recording), "{:?}", read.as_ref().err());
        prop_assert_eq!(read.as_ref().map(format::to_columns).ok(), Some(columns));
        prop_assert_eq!(read.map(|read| format::to_json(&read)).ok(), Some(bytes));
    }

    #[test]
    fn damaged_columns_are_refused_or_whole(
        recording in recordings(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4), 1..4),
    ) {
        let whole = format::to_columns(&recording);
        let mut bytes = whole.clone();
        for (place, byte, how) in damage {
            let at = COLUMNS_HEAD + place.index(bytes.len() - COLUMNS_HEAD);
            match how {
                0 => bytes[at] = byte,
                1 if bytes.len() > COLUMNS_HEAD + 1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => drop(bytes.splice(at..at, [0xFF; 9])),
            }
        }
        // What is damaged is told by its checksum; what was made wrong, by what is in it.
        if bytes != whole {
            let told = format::from_bytes(&bytes).map_err(|error| error.to_string());
            prop_assert!(told.is_err_and(|told| told.contains("checksum")));
        }
        let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[COLUMNS_HEAD..]).to_le_bytes();
        bytes[COLUMNS_HEAD - 8..COLUMNS_HEAD].copy_from_slice(&checksum);
        holds_if_read(&bytes)?;
        prop_assert!(format::from_bytes(&bytes[..bytes.len() / 2]).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_or_whole(
        recording in recordings(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..5), 1..4),
    ) {
        let mut bytes = format::to_json(&recording);
        for (place, byte, how) in damage {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                // Digits: the damage that still parses.
                3 => bytes[at] = b'0' + byte % 10,
                _ => drop(bytes.splice(at..at, *b"922337203685477580")),
            }
        }
        holds_if_read(&bytes)?;
    }

    #[test]
    fn a_number_changed_is_refused_or_whole(
        recording in recordings(),
        which in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1), Just(-1), Just(1 << 40),
            Just(1 << 53), Just(u32::MAX.into()), 0_i64..100,
        ],
    ) {
        let text = String::from_utf8(format::to_json(&recording)).expect("JSON is text");
        let numbers: Vec<(usize, usize)> = numbers(&text);
        let (from, to) = numbers[which.index(numbers.len())];
        let text = format!("{}{value}{}", &text[..from], &text[to..]);
        holds_if_read(text.as_bytes())?;
    }
}

/// The first line of binary columns, the digest and the checksum.
const COLUMNS_HEAD: usize = "windtunnel.columns/1\n".len() + 32 + 8;

/// Reading never panics, and what it accepts can be replayed and is a fixed point of writing.
fn holds_if_read(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(read) = format::from_bytes(bytes) else { return Ok(()) };
    prop_assert_eq!(read.check_balance(), Ok(()));
    let written = format::to_json(&read);
    let again = format::from_json(&written).map(|again| format::to_json(&again));
    prop_assert_eq!(again.ok(), Some(written));
    let known = |name: &String| crate::generated::MODELS.iter().any(|model| model.0 == name);
    if read.models.iter().all(known) {
        let patches = [Patch::default()];
        let case = Case { recording: read, patches: patches.to_vec(), subset: 1 };
        prop_assert_eq!(calls(&case.plan(), 1), as_recorded(&case.recording));
        let _ = replay_plan(&case.plan(), 1);
    }
    Ok(())
}

/// Where the numbers of a file stand, those inside of strings included.
fn numbers(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = None;
    for (at, byte) in text.bytes().enumerate() {
        match (byte.is_ascii_digit(), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                found.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    found
}
