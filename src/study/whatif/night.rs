//! How long several orders take under one orchestrator, policy by policy.
//!
//! The pipeline's own stages take what the replay says; those of other orders, what the
//! orchestrator needs for a dispatch and whether it runs tests of its own are ranges, drawn by
//! (seed, draw, what is drawn). Beside them stands what the source tells.

use super::experiment::Experiment;
use crate::clock::pipeline::{DispatchPolicy, OrderStage, OrderWork, run_orders};
use crate::reconstruct::night::{ReportedNight, ToldPolicy};
use crate::reconstruct::{Figure, ReportedPipeline};
use crate::seed::Seed;
use crate::study::stats::quantile::CredibleBand;
use crate::study::stats::random_draws::draw_below;

/// Draws of the night, at most: P10 and P90 of two hundred are off by two percentile points.
const MOST_NIGHT_DRAWS: u32 = 200;

/// How long all orders take under one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NightElapsed {
    /// How stages are handed out.
    pub policy: DispatchPolicy,
    /// How likely it was so, ten-thousandths; `None` for what was not done.
    pub chance: Option<i64>,
    /// Whether the orchestrator runs tests of its own.
    pub has_suites: bool,
    /// Nothing toggled, milliseconds.
    pub before: CredibleBand<i64>,
    /// Everything toggled.
    pub after: CredibleBand<i64>,
    /// How long the stages of the pipeline itself wait for the orchestrator, the middle draw.
    pub waited_ms: i64,
    /// Whether what is told lies between the shortest and the longest draw.
    pub meets_told: bool,
}

/// All policies, without and with tests of the orchestrator's own; empty where nothing is told.
#[must_use]
pub fn study_night(
    reported: &ReportedPipeline,
    experiment: &Experiment<'_>,
    steps: &[&str],
    sides: &[OrderWork; 2],
) -> Vec<NightElapsed> {
    let Some(night) = reported.night.as_ref().filter(|_| experiment.draws > 0) else {
        return Vec::new();
    };
    let draws = experiment.draws.min(MOST_NIGHT_DRAWS);
    // What is open hangs on no policy, no side and no tests: drawn once for all of them.
    let of_draw = |draw| NightDraw { night, draw: Some((experiment.seed, draw)) };
    let told: Vec<(i64, Vec<i64>)> = (0..draws)
        .map(|draw| {
            let of_draw = of_draw(draw);
            (of_draw.pick(&night.dispatch_time, "dispatch", 0), of_draw.told_times())
        })
        .collect();
    let drawn = [false, true].map(|has_suites| -> Vec<(i64, [Vec<OrderWork>; 2])> {
        let drawn = told.iter().zip(0..).map(|((dispatch_ms, times), draw)| {
            let of_draw = of_draw(draw);
            let orders =
                sides.each_ref().map(|side| of_draw.orders(side, times, steps, has_suites));
            (*dispatch_ms, orders)
        });
        drawn.collect()
    });
    let mut rows = Vec::new();
    for policy in DispatchPolicy::ALL {
        for (has_suites, drawn) in [false, true].into_iter().zip(&drawn) {
            let mut elapsed = [Vec::new(), Vec::new()];
            let mut waited = Vec::new();
            for (dispatch_ms, sides) in drawn {
                for (orders, elapsed) in sides.iter().zip(&mut elapsed) {
                    let run = run_orders(orders, policy, *dispatch_ms);
                    elapsed.push(run.end_ms(None));
                    waited.push(run.waited_ms[0]);
                }
            }
            let told = night.elapsed.value();
            let (shortest, longest) = (elapsed[0].iter().min(), elapsed[0].iter().max());
            let meets_told = shortest <= Some(&told) && Some(&told) <= longest;
            let chance = night.policies.iter().find(|one| policy_of(one.policy) == policy);
            let [before, after] =
                elapsed.map(|values| CredibleBand::from_values(values.into_iter()));
            rows.push(NightElapsed {
                policy,
                chance: chance.map(|one| one.chance),
                has_suites,
                before,
                after,
                // The two sides of a draw stand side by side: the first is the one before.
                waited_ms: CredibleBand::from_values(waited.into_iter().step_by(2)).p50,
                meets_told,
            });
        }
    }
    rows
}

fn policy_of(told: ToldPolicy) -> DispatchPolicy {
    match told {
        ToldPolicy::Serial => DispatchPolicy::Serial,
        ToldPolicy::Lockstep => DispatchPolicy::Lockstep,
        ToldPolicy::Free => DispatchPolicy::Free,
    }
}

/// All orders with everything that is open at its middle, without tests of the orchestrator's own.
pub(super) fn orders_at_middle(
    night: &ReportedNight,
    own: &OrderWork,
    steps: &[&str],
) -> Vec<OrderWork> {
    let middle = NightDraw { night, draw: None };
    middle.orders(own, &middle.told_times(), steps, false)
}

/// One draw of everything that is open; the middle of each range where nothing is drawn.
#[derive(Clone, Copy)]
struct NightDraw<'a> {
    night: &'a ReportedNight,
    draw: Option<(Seed, u32)>,
}

impl NightDraw<'_> {
    /// A value of a range, all alike; keyed by what it is, so that nothing else moves it.
    fn pick(&self, range: &Figure, what: &str, ordinal: usize) -> i64 {
        let Some((seed, draw)) = self.draw else { return range.value() };
        let key = [u64::from(draw), ordinal as u64].map(u64::to_le_bytes).concat();
        let mut rng = seed.random_stream(what, &key);
        range.low + draw_below(range.high - range.low + 1, &mut rng)
    }

    /// How long each stage takes that stands beside the pipeline's own.
    fn told_times(&self) -> Vec<i64> {
        let stages = self.night.stages.iter().enumerate();
        let times = stages.map(|(ordinal, told)| {
            self.pick(&told.time, &format!("{} {}", told.order, told.step), ordinal)
        });
        times.collect()
    }

    /// The pipeline's own stages, then those that stand beside them, in their orders.
    fn orders(
        &self,
        own: &OrderWork,
        times: &[i64],
        steps: &[&str],
        has_suites: bool,
    ) -> Vec<OrderWork> {
        let mut orders = vec![own.clone()];
        for (at, (stage, step)) in orders[0].stages.iter_mut().zip(steps).enumerate() {
            // Two repairs of one step are two stages; each is tested before.
            stage.suite_ms = self.suite_ms(&own.name, step, at, has_suites);
        }
        for (ordinal, (told, time_ms)) in self.night.stages.iter().zip(times).enumerate() {
            let stage = OrderStage {
                sessions_ms: vec![*time_ms],
                suite_ms: self.suite_ms(&told.order, &told.step, steps.len() + ordinal, has_suites),
            };
            match orders.iter_mut().find(|order| order.name == told.order) {
                Some(order) => order.stages.push(stage),
                None => orders.push(OrderWork { name: told.order.clone(), stages: vec![stage] }),
            }
        }
        orders
    }

    fn suite_ms(&self, order: &str, step: &str, ordinal: usize, has_suites: bool) -> i64 {
        let is_tested = self.night.tested_steps.iter().any(|tested| tested == step);
        if !has_suites || !is_tested {
            return 0;
        }
        self.pick(&self.night.suite_time, &format!("suite {order} {step}"), ordinal)
    }
}
