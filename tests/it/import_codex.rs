//! Codex rollouts whose totals are known: cases, probes, real ones.

use crate::laws::{data, imported};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use windtunnel::cache::entry_lifetime::HitGrid;
use windtunnel::import::{ImportOptions, import_transcripts};
use windtunnel::plan::Plan;
use windtunnel::price::Pricing;
use windtunnel::recording::{CacheTier, Recording};
use windtunnel::replay;
use windtunnel::units::Usage;

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder)
}

fn json(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn total(usage: Usage) -> i64 {
    usage.context_tokens() + usage.output
}

/// Tokens of the calls that ended in a window of whole days, its last day included; where prompts
/// are chosen, of the invocations whose packet names the choice.
fn in_window(recording: &Recording, args: &[&str]) -> i64 {
    let value = |name: &str| {
        let at = args.iter().position(|arg| *arg == name)?;
        args.get(at + 1).copied()
    };
    let midnight = |name: &str| -> i64 {
        let date: jiff::civil::Date = value(name).expect(name).parse().expect(name);
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).expect(name);
        zoned.timestamp().as_millisecond()
    };
    let window = midnight("--since")..midnight("--until") + 86_400_000;
    let chosen: Vec<usize> = match value("--prompt-filter") {
        None => (0..recording.calls.len()).collect(),
        Some(filter) => {
            let named = |(index, one): (usize, &windtunnel::recording::Invocation)| {
                one.packet.root.contains(filter).then(|| recording.calls_of_invocation(index))
            };
            recording.invocations.iter().enumerate().filter_map(named).flatten().collect()
        }
    };
    let calls = chosen.into_iter().map(|at| &recording.calls[at]);
    calls.filter(|call| window.contains(&call.end_ms)).map(|call| total(call.usage)).sum()
}

#[test]
fn every_case_of_the_metrics_script_has_its_true_total() {
    let cases = folders(&fixtures("rollout-metrics"));
    assert_eq!(cases.len(), 18);
    for folder in cases {
        let case = json(&folder.join("case.json"));
        let args = case["args"].as_array().expect("arguments");
        let args: Vec<&str> = args.iter().filter_map(Value::as_str).collect();
        let imported = imported(&folder.join("sessions"));
        assert_eq!(imported.skips, [], "{}", folder.display());
        imported.recording.check_balance().expect("books that balance");
        let met = in_window(&imported.recording, &args);
        assert_eq!(Some(met), case["truth"].as_i64(), "{}", folder.display());
    }
}

#[test]
fn probes_have_their_true_totals() {
    let truth = json(&fixtures("probes/truth.json"));
    for name in ["10_codex_plain", "11_codex_reemits", "12_codex_fork"] {
        let imported = imported(&fixtures("codex-probes").join(name));
        let told = |field: &str| truth[name]["delta"][field].as_i64().unwrap_or_default();
        let cached = told("cached_input_tokens");
        let usage = Usage {
            fresh: told("input_tokens") - cached,
            read: cached,
            output: told("output_tokens"),
            ..Usage::default()
        };
        assert_eq!(imported.recording.total_usage(), usage, "{name}");
        assert_eq!(
            imported.recording.calls.len() as i64,
            truth[name]["calls"].as_i64().unwrap_or(0)
        );
        assert!(imported.recording.calls.iter().all(|call| call.tier == CacheTier::Automatic));
        assert_eq!(
            (imported.skip_counts.total(), imported.recording.sessions.len()),
            (0, 1),
            "{name}"
        );
    }
}

/// The last running total of a rollout, and how far it fell on its way.
fn final_total(path: &Path) -> (i64, i64) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let (mut total, mut fell) = (0, 0);
    for line in text.lines().filter(|line| line.contains("\"token_count\"")) {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let info = &value["payload"]["info"];
        if let Some(next) = info["total_token_usage"]["total_tokens"].as_i64() {
            let last = info["last_token_usage"]["total_tokens"].as_i64().unwrap_or(0);
            if next < total {
                // Where the thread was taken up again.
                fell += total - (next - last);
            }
            total = next;
        }
    }
    (total, fell)
}

/// An untouched replay repeats a recording call by call; false where its model has no price.
fn repeats(recording: &Recording) -> bool {
    let plan = match Plan::compile(recording, &[], &Pricing::embedded()) {
        Ok(plan) => plan,
        Err(error) => {
            assert!(error.to_string().starts_with("no price for model"), "{error}");
            return false;
        }
    };
    let rows = replay::replay_calls(&plan, 0);
    let met: Vec<Usage> = rows.iter().map(|row| row.outcome.usage).collect();
    let told: Vec<Usage> = recording.calls.iter().map(|call| call.usage).collect();
    assert_eq!(met, told);
    true
}

#[test]
fn the_order_of_files_and_arguments_changes_nothing() {
    let folder = fixtures("rollout-metrics");
    let parts: Vec<PathBuf> =
        folders(&folder).iter().take(4).map(|case| case.join("sessions")).collect();
    let backwards: Vec<PathBuf> = parts.iter().rev().cloned().collect();
    let options = ImportOptions::default();
    let recording = |paths: &[PathBuf]| {
        import_transcripts(paths, &options, &|_, _| {}).map(|imported| imported.recording).ok()
    };
    let met = recording(&parts);
    assert!(met.as_ref().is_some_and(|recording| recording.calls.len() > 4));
    assert_eq!(met, recording(&backwards));
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn sums_equal_the_final_total_on_real_rollouts() {
    let root = data("codex");
    let (mut files, mut replayed, mut rewound) = (0, 0, Vec::new());
    for repository in folders(&root) {
        let entries = fs::read_dir(repository).expect("a folder").flatten();
        for path in entries.map(|entry| entry.path()) {
            let imported = imported(&path);
            imported.recording.check_balance().expect("books that balance");
            assert_eq!(imported.skips, [], "{}", path.display());
            let (told, fell) = final_total(&path);
            let met = total(imported.recording.total_usage());
            assert_eq!(met, told + fell, "{}", path.display());
            if fell > 0 {
                rewound.push((told, met));
            }
            replayed += usize::from(repeats(&imported.recording));
            files += 1;
        }
    }
    // One thread was resumed from a point long before its end: its counter went on from the
    // 209,487 tokens told there and forgot the 2,472,257 billed since.
    assert_eq!((files, rewound), (10, vec![(6_435_728, 8_907_985)]));
    assert!(replayed >= 9, "{replayed} of the models have prices");
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn hits_of_real_rollouts_end_at_the_steps_of_their_session() {
    // Where steps begin is not known of a session whose first call read nothing: the first folder
    // has a long one.
    for (folder, percent) in [("codex", 75), ("newer/codex", 90)] {
        let recording = imported(&data(folder)).recording;
        let (mut hits, mut exact) = (0, 0);
        for session in &recording.sessions {
            let first_read = recording.calls[session.first_call as usize].usage.read;
            for at in session.call_range().skip(1) {
                let (before, call) = (&recording.calls[at - 1], &recording.calls[at]);
                let model = recording.model_name(before.model);
                let grid = HitGrid::of_call(session.cache_rules(), model, first_read);
                let sent = before.usage.context_tokens();
                let found = grid.found_tokens(sent, before.produced_tokens());
                hits += usize::from(call.usage.read * 100 >= sent * 95);
                exact += usize::from(call.usage.read == found);
            }
        }
        assert!(hits > 500, "{folder}: {hits}");
        assert!(exact * 100 >= hits * percent, "{folder}: {exact} of {hits}");
    }
}
