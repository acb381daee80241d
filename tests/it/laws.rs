//! Laws on real transcripts and on probes whose truth is known.
//!
//! The transcripts are not part of the package: where their folder is absent these tests say so
//! and pass. The probes are fixtures and always bite.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use windtunnel::cache::Policy;
use windtunnel::cache::ttl::TtlPolicy;
use windtunnel::import::{ImportOptions, ImportResult, ImportSkip, SkipReason, import_transcripts};
use windtunnel::intervene::{self, ToggleParams};
use windtunnel::plan::{Patch, Plan};
use windtunnel::price::Pricing;
use windtunnel::recording::{
    Basis, BlockKind, BlockMarks, Call, CallMarks, Recording, Session, Shock,
};
use windtunnel::replay;
use windtunnel::units::Usage;

/// A part of the shared data. Tests that ask for it are ignored where its folder is absent
/// (`tests/at_hand/build.rs` looks for it in the same places).
pub fn data(part: &str) -> PathBuf {
    let root = std::env::var_os("WINDTUNNEL_DATA").map_or_else(
        || {
            let here = Path::new(env!("CARGO_MANIFEST_DIR"));
            let beside = here.join("../shared/data");
            if beside.is_dir() { beside } else { here.join("../../shared/data") }
        },
        PathBuf::from,
    );
    let path = root.join(part);
    assert!(path.exists(), "{} is absent: WINDTUNNEL_DATA names its folder", path.display());
    path
}

/// Imports one path.
pub fn imported(path: &Path) -> ImportResult {
    let options = ImportOptions { name: "test".to_owned(), ..ImportOptions::default() };
    match import_transcripts(&[path.to_path_buf()], &options, &|_, _| {}) {
        Ok(imported) => imported,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn files_below(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let Ok(entries) = std::fs::read_dir(path) else {
            return;
        };
        let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in &entries {
            files_below(entry, found);
        }
    } else if path.extension().is_some_and(|ending| ending == "jsonl") {
        found.push(path.to_path_buf());
    }
}

/// The naive truth: last usage by message id and request id, over whole documents.
fn truth(path: &Path) -> BTreeMap<String, Usage> {
    let mut files = Vec::new();
    files_below(path, &mut files);
    let mut all: BTreeMap<String, Usage> = BTreeMap::new();
    for file in files {
        let mut of_file: BTreeMap<String, Usage> = BTreeMap::new();
        let bytes = std::fs::read(file).unwrap_or_default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let Ok(record) = serde_json::from_str::<Value>(line) else {
                continue;
            };
            // Subagents whose file is missing stand in progress records of their session.
            let is_progress = record["data"]["type"] == "agent_progress";
            let record = if is_progress { &record["data"]["message"] } else { &record };
            let message = &record["message"];
            let usage = &message["usage"];
            let counts = record["type"] == "assistant" && usage.is_object();
            if !counts || message["model"] == "<synthetic>" || record["isApiErrorMessage"] == true {
                continue;
            }
            let number = |value: &Value| value.as_i64().unwrap_or(0);
            let split = &usage["cache_creation"];
            let write = number(&usage["cache_creation_input_tokens"]);
            let write_1h = number(&split["ephemeral_1h_input_tokens"]);
            let usage = Usage {
                fresh: number(&usage["input_tokens"]),
                read: number(&usage["cache_read_input_tokens"]),
                write_5m: write - write_1h,
                write_1h,
                output: number(&usage["output_tokens"]),
            };
            of_file.insert(format!("{} {}", message["id"], record["requestId"]), usage);
        }
        for (key, usage) in of_file {
            let known = all.entry(key).or_insert(usage);
            if usage.output > known.output {
                *known = usage;
            }
        }
    }
    all.retain(|_, usage| !usage.is_zero());
    all
}

fn sum(usages: impl IntoIterator<Item = Usage>) -> Usage {
    usages.into_iter().sum()
}

fn check_books(recording: &Recording) {
    if let Err(unbalanced) = recording.check_balance() {
        panic!("{unbalanced}");
    }
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn totals_equal_the_naive_truth_on_every_transcript() {
    let root = data("claude");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    for file in &files {
        let truth = truth(file);
        if truth.is_empty() {
            continue;
        }
        let imported = imported(file);
        check_books(&imported.recording);
        assert_eq!(
            imported.recording.total_usage(),
            sum(truth.values().copied()),
            "{}",
            file.display()
        );
        assert_eq!(imported.recording.calls.len(), truth.len(), "{}", file.display());
        let mut billed: Vec<Usage> = imported.recording.calls.iter().map(|c| c.usage).collect();
        let mut told: Vec<Usage> = truth.into_values().collect();
        billed.sort_by_key(Usage::by_class);
        told.sort_by_key(Usage::by_class);
        assert_eq!(billed, told, "call by call: {}", file.display());
    }
    eprintln!("{} files", files.len());
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn an_untouched_replay_repeats_every_transcript_call_by_call() {
    let root = data("claude");
    let recording = imported(&root).recording;
    let patches: Vec<Patch> = intervene::ALL
        .iter()
        .map(|toggle| toggle.build_patch(&recording, &ToggleParams::modes_of_card(toggle.card())))
        .collect();
    let plan = Plan::compile(&recording, &patches, &Pricing::embedded()).unwrap();
    let rows = replay::replay_calls(&plan, 0);
    assert_eq!(rows.len(), recording.calls.len());
    for (row, call) in rows.iter().zip(&recording.calls) {
        assert_eq!((row.outcome.usage, row.outcome.start_ms), (call.usage, call.start_ms));
        assert_eq!(row.outcome.hidden, call.output_hidden);
    }
    for (found, toggle) in patches.iter().zip(intervene::ALL) {
        let found = found.found_places > 0;
        let id = toggle.card().id;
        let before = replay::replay_plan(&plan, 0);
        let bit = 1 << intervene::ALL.iter().position(|one| one.card().id == id).unwrap();
        assert!(found || replay::replay_plan(&plan, bit) == before, "{id} saves without a target");
    }
}

/// The sessions that a patch speaks of.
fn sessions_of(recording: &Recording, patch: &Patch) -> BTreeSet<u32> {
    let of_call = |call: u32| recording.calls[call as usize].session;
    let of_block = |block: u32| of_call(recording.blocks[block as usize].call);
    let mut met: BTreeSet<u32> = patch.session_rules.iter().map(|(session, _)| *session).collect();
    met.extend(patch.leaner_sessions.iter().map(|(session, _)| *session));
    met.extend(patch.dropped_calls.iter().map(|dropped| of_call(dropped.call)));
    met.extend(patch.replaced_blocks.iter().map(|(block, _)| of_block(*block)));
    met.extend(patch.dropped_blocks.iter().map(|block| of_block(*block)));
    let places = || patch.uncertain_places.iter().map(|(_, place)| place);
    met.extend(places().flat_map(|it| &it.dropped_calls).map(|dropped| of_call(dropped.call)));
    met.extend(places().flat_map(|it| &it.dropped_blocks).map(|block| of_block(*block)));
    met.extend(patch.healed_calls.iter().map(|call| of_call(*call)));
    met
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn general_toggles_find_their_targets_on_real_transcripts() {
    let root = data("claude");
    let recording = imported(&root).recording;
    let pricing = Pricing::embedded();
    let before = replay::replay_plan(&Plan::compile(&recording, &[], &pricing).unwrap(), 0);
    let mut common = Vec::new();
    for toggle in intervene::ALL {
        let id = toggle.card().id;
        let patch = toggle.build_patch(&recording, &ToggleParams::modes_of_card(toggle.card()));
        let sessions = sessions_of(&recording, &patch).len();
        eprintln!(
            "{id}: {} found in {sessions} of {} sessions",
            patch.found_places,
            recording.sessions.len()
        );
        let plan = Plan::compile(&recording, std::slice::from_ref(&patch), &pricing).unwrap();
        if patch.found_places == 0 {
            assert!(patch.is_empty(), "{id} would change something that it did not find");
            assert_eq!(replay::replay_plan(&plan, 1), before, "{id} saves without a target");
        } else if !patch.is_empty() {
            assert_ne!(replay::replay_plan(&plan, 1), before, "{id} finds what changes nothing");
        }
        if sessions >= 10 {
            common.push(id);
        }
    }
    // What one cannot do in ten sessions of a hundred and more is not worth a setting.
    let expect = ["R1", "R2", "R4", "G1", "G2", "G3", "G4", "G6", "G7", "G12", "G13"];
    let absent: Vec<&&str> = expect.iter().filter(|id| !common.contains(id)).collect();
    assert!(absent.is_empty(), "{absent:?} of {common:?}");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn a_toggle_of_models_and_one_of_sessions_do_as_they_are_told() {
    let root = data("claude");
    let recording = imported(&root).recording;
    let pricing = Pricing::embedded();
    let told = |id: &str, numbers: &[(&str, i64)], names: &[(&str, &str)]| {
        let toggle = intervene::find_by_id(id).unwrap();
        let mut params = ToggleParams::modes_of_card(toggle.card());
        for (key, value) in numbers {
            assert!(params.set_value(key, *value), "{id} {key}");
        }
        for (key, name) in names {
            assert!(params.set_names(key, vec![(*name).to_owned()]), "{id} {key}");
        }
        let patch = toggle.build_patch(&recording, &params);
        let plan = Plan::compile(&recording, std::slice::from_ref(&patch), &pricing).unwrap();
        let cost = |subset| {
            let cost = replay::tally_outcome(&plan, &replay::replay_plan(&plan, subset));
            cost.recorded.0 + cost.hidden.0
        };
        eprintln!(
            "{id} {numbers:?} {names:?}: {} found, {} to {}",
            patch.found_places,
            cost(0),
            cost(1)
        );
        (cost(1), cost(0))
    };
    let none = [("more_calls", 0)];
    let (cheap, before) = told("G8", &none, &[("model", "claude-haiku-4-5")]);
    assert!(cheap * 2 < before, "a model at a fifth of the price");
    let (more, _) = told("G8", &[("more_calls", 5_000)], &[("model", "claude-haiku-4-5")]);
    assert!(cheap < more && more < before, "half as many calls again");
    let (split, before) = told("G9", &[("split_calls", 40)], &[]);
    assert!(split < before, "long sessions carry less");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn a_whole_tree_counts_every_call_once() {
    let root = data("claude");
    let truth = truth(&root);
    let imported = imported(&root);
    check_books(&imported.recording);
    assert_eq!(imported.recording.calls.len(), truth.len());
    assert_eq!(imported.recording.total_usage(), sum(truth.into_values()));
    // One line of the data is cut, and one harness told no usage; nothing else is passed over.
    let other = |skip: &&ImportSkip| skip.reason != SkipReason::ZeroUsage;
    assert!(imported.skips.iter().filter(other).count() <= 1, "{:?}", imported.skips);
}

#[test]
fn a_recording_says_what_is_billed_and_what_is_estimated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probes/00_plain");
    for session in &imported(&root).recording.sessions {
        let bases = (session.usage_basis, session.blocks_basis, session.times_basis);
        assert_eq!(bases, (Basis::Billed, Basis::Estimated, Basis::Billed));
    }
}

#[test]
fn probes_meet_their_known_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probes");
    let text = std::fs::read_to_string(root.join("truth.json")).unwrap_or_default();
    let truth: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut seen = 0;
    for (probe, expect) in truth.as_object().into_iter().flatten() {
        let path = root.join(probe);
        // Those of Codex have a test of their own (`import_codex`).
        if !path.exists() {
            continue;
        }
        seen += 1;
        let imported = imported(&path);
        check_books(&imported.recording);
        let usage = imported.recording.total_usage();
        let expect_of = |class: &str| expect["final_dedupe"][class].as_i64();
        assert_eq!(Some(usage.fresh), expect_of("input_tokens"), "{probe}");
        assert_eq!(Some(usage.output), expect_of("output_tokens"), "{probe}");
        assert_eq!(Some(usage.read), expect_of("cache_read_input_tokens"), "{probe}");
        assert_eq!(Some(usage.write_tokens()), expect_of("cache_creation_input_tokens"), "{probe}");
        assert_eq!(Some(imported.recording.calls.len() as i64), expect["api_calls"].as_i64());
    }
    assert_eq!(seen, 6, "probes are fixtures of this repository");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn costs_of_result_events_stand_beside_their_usage() {
    let file = data("result-events.jsonl");
    let imported = imported(&file);
    check_books(&imported.recording);
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    // Events of one session that repeat each other are one statement.
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        events.insert(event["session_id"].to_string(), event);
    }
    let mut told = Usage::default();
    for event in events.values() {
        let models = event["modelUsage"].as_object().into_iter().flat_map(|models| models.values());
        for model in models {
            let number = |class: &str| model[class].as_i64().unwrap_or(0);
            told.fresh += number("inputTokens");
            told.read += number("cacheReadInputTokens");
            told.write_5m += number("cacheCreationInputTokens");
            told.output += number("outputTokens");
        }
    }
    let recording = &imported.recording;
    assert_eq!(sum(recording.remainders.iter().map(|rest| rest.usage)), told);
    assert_eq!(imported.billed_cost.len(), events.len());
    assert_eq!(recording.sessions.len(), events.len());
    for cost in &imported.billed_cost {
        let of_session = recording.remainders.iter().filter(|rest| rest.session == cost.session);
        let usd: f64 =
            of_session.map(|rest| usd(recording.model_name(rest.model), rest.usage)).sum();
        assert!((usd - cost.usd).abs() < 1e-9, "line {}: {usd} {}", cost.line, cost.usd);
    }
}

/// Dollars by the two prices that the events need (shared/facts/prices.csv, 2026-08-01).
fn usd(model: &str, usage: Usage) -> f64 {
    let input = if model.contains("opus-4-5") { 5.0 } else { 3.0 };
    let weighed = usage.fresh as f64
        + usage.read as f64 * 0.1
        + usage.write_5m as f64 * 1.25
        + usage.write_1h as f64 * 2.0
        + usage.output as f64 * 5.0;
    weighed * input / 1e6
}

/// Share of `at` percent of sorted values.
fn quantile(sorted: &[f64], percent: usize) -> f64 {
    sorted.get((sorted.len().max(1) - 1) * percent / 100).copied().unwrap_or(0.0)
}

/// Summed reads of a session by the law alone, shocks set aside.
fn reads_by_law(recording: &Recording, session: &Session) -> i64 {
    let mut before: Option<&Call> = None;
    let mut sum = 0;
    for call in &recording.calls[session.call_range()] {
        // The first read depends on other sessions: it is given.
        sum += before.map_or(call.usage.read, |before| {
            TtlPolicy.read_tokens(&session.lookup_of_call(Some(before), call))
        });
        before = Some(call);
    }
    sum
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn the_cache_law_holds_on_imported_marks() {
    let root = data("claude");
    let recording = imported(&root).recording;
    let mut errors = Vec::new();
    let (mut shocks, mut followers) = (0, 0);
    for session in recording.sessions.iter().filter(|session| session.calls >= 2) {
        let calls = &recording.calls[session.call_range()];
        let billed: i64 = calls.iter().map(|call| call.usage.read).sum();
        followers += calls.len() - 1;
        shocks += calls[1..].iter().filter(|call| call.shock != Shock::None).count();
        if billed > 0 {
            let law = reads_by_law(&recording, session);
            errors.push((law - billed).abs() as f64 * 100.0 / billed as f64);
        }
    }
    errors.sort_by(f64::total_cmp);
    let told = [50, 90, 95, 99].map(|percent| quantile(&errors, percent));
    eprintln!("{} sessions, law error p50 p90 p95 p99: {told:.3?}", errors.len());
    eprintln!("{shocks} shocks in {followers} calls");
    assert!(told[0] < 0.1 && told[1] < 3.0 && told[3] < 12.0, "{told:?}");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn marks_of_real_transcripts_are_told() {
    let root = data("claude");
    let recording = imported(&root).recording;
    for (name, mark) in CallMarks::all().iter_names() {
        let marked = recording.calls.iter().filter(|call| call.marks.contains(mark)).count();
        eprintln!("call {name}: {marked}");
    }
    for (name, mark) in BlockMarks::all().iter_names() {
        let marked = recording.blocks.iter().filter(|block| block.marks.contains(mark)).count();
        eprintln!("block {name}: {marked}");
    }
    let narrations = recording
        .calls
        .iter()
        .filter(|call| call.marks.intersects(CallMarks::NARRATION | CallMarks::THINKING_ONLY));
    // L2: a response without a tool use ends the loop.
    assert!(narrations.count() * 200 < recording.calls.len());
    let of = |kind: BlockKind| recording.blocks.iter().filter(move |block| block.kind == kind);
    let total: i64 =
        recording.blocks.iter().filter(|b| !b.kind.is_output()).map(|b| b.tokens).sum();
    let unexplained: i64 = of(BlockKind::Unattributed).map(|block| block.tokens).sum();
    eprintln!("{unexplained} of {total} input tokens are unattributed");
    for (_, name) in BlockKind::NAMED {
        let tokens: i64 =
            recording.blocks.iter().filter(|b| b.kind.name() == name).map(|b| b.tokens).sum();
        eprintln!("kind {name}: {tokens}");
    }
    let paired = of(BlockKind::ToolResult).filter(|block| block.peer_block().is_some()).count();
    assert!(paired * 100 > of(BlockKind::ToolResult).count() * 98, "results know their use");
}
