//! Many sessions of one call each: what is quadratic in sessions shows here.
//!
//! `WINDTUNNEL_BENCH_SESSIONS` says how many (2,000). The trees stay in the folder for temporary
//! files, `windtunnel-bench-calls-{files,file}-COUNT`, so that the program itself can be run on
//! them.

#![expect(clippy::disallowed_methods, reason = "a bench makes its own tree")]

#[path = "gen/mod.rs"]
#[expect(dead_code, reason = "the other trees of the generator are for the import bench")]
mod trees;

use criterion::{Criterion, Throughput};
use std::hint::black_box;
use windtunnel::import::{ImportOptions, import_transcripts};
use windtunnel::plan::Plan;
use windtunnel::price::Pricing;
use windtunnel::scenario::Scenario;
use windtunnel::study::inspect::summary::summarise_recording;
use windtunnel::study::whatif::savings::totals_by_step;

fn main() {
    let sessions = std::env::var("WINDTUNNEL_BENCH_SESSIONS").ok().and_then(|n| n.parse().ok());
    let sessions = sessions.unwrap_or(2_000_u64);
    let pricing = Pricing::embedded();
    let toggles = Scenario::all_toggles().toggles;
    let mut criterion = Criterion::default().configure_from_args();
    for (name, one_file) in [("files", false), ("file", true)] {
        let root = std::env::temp_dir().join(format!("windtunnel-bench-calls-{name}-{sessions}"));
        if !root.is_dir() {
            trees::one_call_sessions(&root, sessions, one_file, 7).expect("room for the tree");
        }
        let options = ImportOptions::default();
        let imported = import_transcripts(&[root], &options, &|_, _| {}).expect("a tree to import");
        let recording = imported.recording;
        let patches: Vec<_> =
            toggles.iter().map(|one| one.toggle.build_patch(&recording, &one.params)).collect();
        let plan = Plan::compile(&recording, &patches, &pricing).expect("every model has a price");

        let mut group = criterion.benchmark_group(format!("one-call sessions, {name}"));
        group.throughput(Throughput::Elements(recording.sessions.len() as u64)).sample_size(10);
        group.bench_function("summarise", |b| {
            b.iter(|| summarise_recording(black_box(&recording), &toggles, &pricing));
        });
        group.bench_function("compile", |b| {
            b.iter(|| Plan::compile(black_box(&recording), &patches, &pricing));
        });
        group.bench_function("by step", |b| {
            b.iter(|| totals_by_step(black_box(&recording), &plan, 0));
        });
        group.finish();
    }
    criterion.final_summary();
}
