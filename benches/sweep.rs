//! How fast many subsets are: lanes against the plain pass, a lattice, and its Shapley values.
//!
//! Lanes and plain pass see the same 64 subsets of one block, on one thread, so that their ratio
//! is the speed-up. The recording is the bad case ([`dense`]): one session of 2,000 calls that 16
//! toggles touch, each at one call in so many.

mod dense;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use windtunnel::plan::{Patch, Plan};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens};
use windtunnel::replay::{IslandLanes, replay_island};
use windtunnel::scenario::Scenario;
use windtunnel::seed::Seed;
use windtunnel::study::whatif::lattice::SubsetLattice;
use windtunnel::study::whatif::shapley::Attribution;

const CALLS: usize = 2_000;
const TOGGLES: usize = 16;

/// One toggle touches one call in so many.
const DENSITIES: [u32; 4] = [256, 32, 8, 2];

fn dense_plan(one_in: u32) -> Plan {
    let recording = dense::recording(CALLS);
    let patches = dense::patches(&recording, TOGGLES, one_in);
    Plan::compile(&recording, &patches, &Pricing::embedded()).expect("every model has a price")
}

fn lanes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lanes");
    for one_in in DENSITIES {
        let plan = dense_plan(one_in);
        let island = &plan.islands[0];
        let lanes = IslandLanes::new(&plan, island);
        let count = 1 << lanes.lane_bits().len();
        group.throughput(Throughput::Elements((count * plan.rows.len()) as u64));
        // Every other shared bit is on.
        let fixed = lanes.shared_bits() & 0x5555_5555_5555_5555;
        group.bench_function(format!("plain, 1 in {one_in}"), |b| {
            b.iter(|| {
                let subsets = (0..count).map(|lane| lanes.subset_of_lane(black_box(fixed), lane));
                subsets.map(|subset| replay_island(&plan, island, subset).calls).sum::<i64>()
            });
        });
        group.bench_function(format!("lanes, 1 in {one_in}"), |b| {
            b.iter(|| {
                let mut calls = 0;
                lanes.replay_block(black_box(fixed), |_, outcome| calls += outcome.calls);
                calls
            });
        });
    }
    group.finish();
}

fn lattices(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lattice");
    group.sample_size(10);
    for one_in in [256, 8] {
        let plan = dense_plan(one_in);
        group.bench_function(format!("2^16, 2,000 calls, 1 in {one_in}"), |b| {
            b.iter(|| SubsetLattice::from_plan(black_box(&plan), TOGGLES));
        });
    }
    group.finish();
}

/// Order 774 with its first toggles: what a sweep and a study of uncertainty do.
fn order_774(criterion: &mut Criterion) {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    let fit = reconstruct::reconstruct(&reported, Lens::Record).expect("order-774 has a fit");
    let chosen = Scenario::all_toggles().toggles;
    let patches: Vec<Patch> =
        chosen.iter().map(|one| one.toggle.build_patch(&fit.recording, &one.params)).collect();
    let pricing = Pricing::embedded();
    let compile = |count: usize| {
        Plan::compile(&fit.recording, &patches[..count], &pricing).expect("every model has a price")
    };
    let mut group = criterion.benchmark_group("order-774");
    for count in [9, 13] {
        let plan = compile(count);
        group.bench_function(format!("lattice, {count} toggles, every subset"), |b| {
            b.iter(|| {
                let lattice =
                    SubsetLattice::from_plan(black_box(&plan), count).expect("few toggles");
                (0..1 << count)
                    .map(|subset| lattice.saving_of_subset(subset).usage.read)
                    .sum::<i64>()
            });
        });
        let lattice = SubsetLattice::from_plan(&plan, count).expect("few toggles");
        group.bench_function(format!("shapley, {count} toggles"), |b| {
            b.iter(|| Attribution::from(black_box(&lattice)));
        });
        group.bench_function(format!("compile and attribute, {count} toggles"), |b| {
            b.iter(|| Attribution::from_plan(&compile(count), count, Seed(774)));
        });
    }
    group.finish();
}

fn shapley(criterion: &mut Criterion) {
    let plan = dense_plan(256);
    let lattice = SubsetLattice::from_plan(&plan, TOGGLES).expect("few toggles");
    let mut group = criterion.benchmark_group("shapley");
    group.sample_size(10);
    group.bench_function("16 toggles", |b| b.iter(|| Attribution::from(black_box(&lattice))));
    group.finish();
}

criterion_group!(benches, lanes, lattices, order_774, shapley);
criterion_main!(benches);
