//! What a toggle is said to have saved: the axioms of the Shapley value, on generated recordings.

use crate::generated::{Case, cases, compile};
use proptest::prelude::*;
use windtunnel::intervene::Intervention;
use windtunnel::plan::{Patch, Plan};
use windtunnel::price::Pricing;
use windtunnel::reconstruct::{self, Lens};
use windtunnel::scenario::Scenario;
use windtunnel::seed::Seed;
use windtunnel::study::whatif::lattice::SubsetLattice;
use windtunnel::study::whatif::savings::{PipelineTotals, Saving};
use windtunnel::study::whatif::shapley::Attribution;

const SEED: Seed = Seed(774);

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) }
}

fn between(plan: &Plan, before: u64, after: u64) -> Saving {
    Saving::between_totals(
        &PipelineTotals::replay_totals(plan, before),
        &PipelineTotals::replay_totals(plan, after),
    )
}

fn all_of(toggles: usize) -> u64 {
    (1 << toggles) - 1
}

fn shapley(case: &Case, patches: &[Patch]) -> Vec<Saving> {
    let plan = compile(&case.recording, patches);
    Attribution::from_plan(&plan, patches.len(), SEED).shapley
}

/// Order 774 with every toggle of its scenario.
fn order_774() -> (Plan, usize) {
    let reported = reconstruct::builtin_pipeline("order-774").expect("order-774 is built in");
    let fit = reconstruct::reconstruct(&reported, Lens::Record).expect("order-774 has a fit");
    let chosen = Scenario::all_toggles().toggles;
    let patch = |of: &Intervention, params| of.build_patch(&fit.recording, params);
    let patches: Vec<Patch> = chosen.iter().map(|one| patch(one.toggle, &one.params)).collect();
    let plan = Plan::compile(&fit.recording, &patches, &Pricing::embedded()).expect("priced");
    (plan, patches.len())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn shares_add_up_to_the_joint_saving(case in cases()) {
        let plan = case.plan();
        let toggles = case.patches.len();
        let all = all_of(toggles);
        let one = Attribution::from_plan(&plan, toggles, SEED);
        prop_assert_eq!(one.joint, between(&plan, 0, all));
        prop_assert_eq!(one.shapley.iter().copied().sum::<Saving>(), one.joint);
        for toggle in 0..toggles {
            prop_assert_eq!(one.alone[toggle], between(&plan, 0, 1 << toggle));
            prop_assert_eq!(one.last[toggle], between(&plan, all & !(1 << toggle), all));
        }
        let lattice = SubsetLattice::from_plan(&plan, toggles).expect("few toggles");
        prop_assert_eq!(Attribution::from(&lattice), one);
    }

    #[test]
    fn two_toggles_share_what_they_have_in_common(case in cases()) {
        prop_assume!(case.patches.len() >= 2);
        let plan = compile(&case.recording, &case.patches[..2]);
        let one = Attribution::from_plan(&plan, 2, SEED);
        for toggle in 0..2 {
            let read = |saving: &Saving| saving.usage.read;
            let twice = read(&one.alone[toggle]) + read(&one.last[toggle]);
            prop_assert!((2 * read(&one.shapley[toggle]) - twice).abs() <= 1);
            let both = read(&one.last[toggle]) - read(&one.alone[toggle]);
            prop_assert_eq!(read(&one.interaction[0][1]), both);
        }
    }

    #[test]
    fn nothing_is_given_to_a_toggle_that_does_nothing(case in cases()) {
        let with = [case.patches.clone(), vec![Patch::default()]].concat();
        let shares = shapley(&case, &with);
        prop_assert_eq!(shares.last(), Some(&Saving::default()));
        prop_assert_eq!(&shares[..case.patches.len()], shapley(&case, &case.patches));
    }

    #[test]
    fn toggles_that_do_the_same_are_given_the_same(mut case in cases()) {
        prop_assume!(!case.patches.is_empty());
        // Calls that two toggles insert are two calls: not the same, but as much.
        case.patches[0].inserted_calls.clear();
        let with = [case.patches.clone(), vec![case.patches[0].clone()]].concat();
        let shares = shapley(&case, &with);
        let (first, last) = (shares[0], shares[with.len() - 1]);
        // What cannot be halved goes to the lower bit.
        prop_assert!((0..=1).contains(&(first.usage.read - last.usage.read)));
        prop_assert!((0..=1).contains(&(first.cost.recorded.0 - last.cost.recorded.0)));
        prop_assert!((0..=1).contains(&(first.calls - last.calls)));
    }

    #[test]
    fn sessions_are_shared_out_one_by_one(case in cases()) {
        // The islands of a plan, each as a plan of its own.
        let plan = case.plan();
        let toggles = case.patches.len();
        let whole = Attribution::from_plan(&plan, toggles, SEED);
        let mut sums = vec![0; toggles];
        for island in &plan.islands {
            let only = Plan { islands: vec![island.clone()], ..plan.clone() };
            let part = Attribution::from_plan(&only, toggles, SEED);
            for (sum, share) in sums.iter_mut().zip(&part.shapley) {
                *sum += share.usage.read;
            }
        }
        for (sum, share) in sums.iter().zip(&whole.shapley) {
            // Each part is rounded by less than one token.
            prop_assert!((sum - share.usage.read).abs() <= plan.islands.len() as i64);
        }
    }
}

#[test]
fn samples_come_near_the_exact_values() {
    let (plan, toggles) = order_774();
    let exact = Attribution::from_plan(&plan, toggles, SEED);
    assert_eq!(exact.standard_error, None);
    let sampled = Attribution::with_samples_above(0, &plan, toggles, SEED);
    assert_eq!(sampled.joint, exact.joint);
    assert_eq!(sampled.shapley.iter().copied().sum::<Saving>(), exact.joint);
    assert_eq!((&sampled.alone, &sampled.last), (&exact.alone, &exact.last));
    let errors = sampled.standard_error.as_ref().expect("a sample has an error");
    let mut uncertain = 0;
    let both = sampled.shapley.iter().zip(&exact.shapley).zip(errors);
    for (toggle, ((one, other), error)) in both.enumerate() {
        let usd = |saving: &Saving| (saving.cost.recorded.0 + saving.cost.hidden.0) as f64;
        let far = |a: f64, b: f64, error: f64| (a - b).abs() > 4.0 * error + 1.5;
        let (a, b) = (one.usage.read as f64, other.usage.read as f64);
        assert!(!far(a, b, error.read), "{toggle}: {a} for {b} +- {}", error.read);
        assert!(!far(one.calls as f64, other.calls as f64, error.calls), "{toggle}");
        assert!(!far(usd(one), usd(other), error.cost_pico_usd), "{toggle}");
        uncertain += usize::from(error.read > 0.0);
    }
    assert!(uncertain > 0, "nothing to be wrong about");
}

#[test]
fn threads_change_nothing() {
    let (plan, toggles) = order_774();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            [MOST, 0].map(|bits| Attribution::with_samples_above(bits, &plan, toggles, SEED))
        })
    };
    const MOST: u32 = windtunnel::study::whatif::lattice::MOST_BITS;
    assert_eq!(with(1), with(2));
    assert_eq!(with(2), with(7));
}

#[test]
fn order_774_adds_up() {
    let (plan, toggles) = order_774();
    let one = Attribution::from_plan(&plan, toggles, SEED);
    assert_eq!(one.shapley.iter().copied().sum::<Saving>(), one.joint);
    assert_eq!(one.joint, between(&plan, 0, all_of(toggles)));
    assert!(one.joint.usage.read > 0);
}
