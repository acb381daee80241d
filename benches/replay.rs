//! How fast the core is: calls per second of a pass, and how long the steps around it take.
//!
//! The recording is order 774 under the record lens, its sessions repeated up to 2,000 calls, so
//! that every toggle finds what it finds in the real one.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use windtunnel::ids::NO_INDEX;
use windtunnel::plan::{Patch, Plan, ToggleSubset};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens, RecordingSource};
use windtunnel::recording::Recording;
use windtunnel::replay::{replay_calls, replay_plan, tally_outcome};
use windtunnel::scenario::Scenario;
use windtunnel::study::whatif::compare::compare_toggles;
use windtunnel::study::whatif::experiment::Experiment;
use windtunnel::study::whatif::published_claims::claims_of_pipeline;

/// Calls of the recording, at least.
const CALLS: usize = 2_000;

/// Subsets of R1 to R9 by name; bit k is toggle k.
const SUBSETS: [(&str, ToggleSubset); 5] =
    [("none", 0), ("R1", 0b1), ("R4", 0b1000), ("R1-R4", 0b1111), ("R1-R9", 0b1_1111_1111)];

/// The sessions of `recording` over and over, until there are enough calls.
fn repeated(recording: &Recording) -> Recording {
    let mut long = recording.clone();
    while long.calls.len() < CALLS {
        let (sessions, calls, blocks) = (long.sessions.len(), long.calls.len(), long.blocks.len());
        long.sessions.extend(recording.sessions.iter().cloned());
        long.calls.extend(recording.calls.iter().cloned());
        long.blocks.extend(recording.blocks.iter().cloned());
        for session in &mut long.sessions[sessions..] {
            session.first_call += calls as u32;
        }
        for call in &mut long.calls[calls..] {
            call.session += sessions as u32;
            call.first_block += blocks as u32;
        }
        for block in &mut long.blocks[blocks..] {
            block.call += calls as u32;
            if block.peer != NO_INDEX {
                block.peer += blocks as u32;
            }
        }
    }
    long.check_balance().expect("the books of the repeated recording balance");
    long
}

fn patches(recording: &Recording) -> Vec<Patch> {
    let toggles = Scenario::all_toggles().toggles;
    toggles.iter().map(|chosen| chosen.toggle.build_patch(recording, &chosen.params)).collect()
}

fn passes(criterion: &mut Criterion) {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    let fit = reconstruct::reconstruct(&reported, Lens::Record).expect("order-774 has a fit");
    let recording = repeated(&fit.recording);
    let patches = patches(&recording);
    let pricing = Pricing::embedded();
    let compile = |patches: &[Patch]| {
        Plan::compile(&recording, patches, &pricing).expect("every model has a price")
    };
    let unpatched = compile(&[]);
    let patched = compile(&patches);

    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(recording.calls.len() as u64));
    group.bench_function("unpatched", |b| b.iter(|| replay_plan(black_box(&unpatched), 0)));
    for (name, subset) in SUBSETS {
        group.bench_function(format!("patched, {name}"), |b| {
            b.iter(|| replay_plan(black_box(&patched), black_box(subset)));
        });
    }
    group.bench_function("patched, R1-R9, tally", |b| {
        b.iter(|| {
            tally_outcome(&patched, &replay_plan(black_box(&patched), black_box(0b1_1111_1111)))
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("replay_rows");
    group.throughput(Throughput::Elements(recording.calls.len() as u64));
    group.bench_function("unpatched", |b| b.iter(|| replay_calls(black_box(&unpatched), 0)));
    group.finish();

    let mut group = criterion.benchmark_group("compile");
    group.throughput(Throughput::Elements(recording.calls.len() as u64));
    group.bench_function("unpatched", |b| b.iter(|| compile(black_box(&[]))));
    group.bench_function("patched", |b| b.iter(|| compile(black_box(&patches))));
    group.finish();
}

fn comparison(criterion: &mut Criterion) {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    let pricing = Pricing::embedded();
    let scenario = Scenario::all_toggles();
    let toggles = (scenario.toggles.clone(), Vec::new());
    let claims = claims_of_pipeline(&reported);
    let mut group = criterion.benchmark_group("order-774");
    for lens in [Lens::Message, Lens::Record] {
        let fit = reconstruct::reconstruct(&reported, lens).expect("order-774 has a fit");
        group.bench_function(format!("reconstruct, {}", lens.name()), |b| {
            b.iter(|| reconstruct::reconstruct(black_box(&reported), lens));
        });
        let source = RecordingSource::Pipeline { reported: reported.clone(), lens, fit };
        for (name, draws) in [("compare", 0), ("compare with 100 draws", 100)] {
            let experiment = Experiment {
                claims: &claims,
                draws,
                ..Experiment::for_scenario(&source, &scenario, &toggles, &pricing)
            };
            group.bench_function(format!("{name}, {}", lens.name()), |b| {
                b.iter(|| compare_toggles(black_box(&experiment)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, passes, comparison);
criterion_main!(benches);
