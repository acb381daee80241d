//! What a pipeline has in a draw before anything is toggled.
//!
//! No parameter of a toggle moves it: of recorded calls it is the same in every draw, but for
//! sessions in which luck decides what a call reads.

use super::experiment::Experiment;
use super::headline::HeadlineMetric;
use super::parameter_draws;
use super::savings::totals_in_step;
use crate::plan::Plan;
use crate::price::MissingPrice;
use crate::recording::Recording;
use crate::units::PicoUsd;
use std::collections::BTreeMap;

/// The headline's figure, and money; of one step the figure alone.
pub(super) type UntoggledAmounts = (i64, PicoUsd);

/// The calls of an experiment, nothing toggled.
pub(super) struct UntoggledCalls<'a> {
    recording: &'a Recording,
    headline: HeadlineMetric,
    /// What sessions without luck have, by step; of all steps under an empty name.
    steady: BTreeMap<String, UntoggledAmounts>,
    /// The sessions with luck, none drawn yet.
    lucky: Plan,
}

impl<'a> UntoggledCalls<'a> {
    /// Replays what no draw moves; `steps` are those that are asked for beside the whole.
    pub(super) fn replay_steady(
        experiment: &Experiment<'a>,
        steps: impl Iterator<Item = String>,
    ) -> Result<Self, MissingPrice> {
        let (recording, headline) = (experiment.base_recording(), experiment.headline_metric());
        let all: Vec<u32> = (0..recording.sessions.len() as u32).collect();
        let plan = experiment.compile_sessions(recording, &all)?;
        // By session, as the plan without a patch has them.
        let (lucky, steady): (Vec<u32>, Vec<u32>) =
            all.into_iter().partition(|session| plan.has_luck(*session as usize));
        let plan = experiment.compile_sessions(recording, &steady)?;
        let steady = steps.chain([String::new()]).map(|step| {
            let amounts = amounts_in_step(headline, recording, &plan, &step);
            (step, amounts)
        });
        let steady = steady.collect();
        let lucky = experiment.compile_sessions(recording, &lucky)?;
        Ok(Self { recording, headline, steady, lucky })
    }

    /// The sessions with luck as draw `k` has it.
    pub(super) fn lucky_in_draw(&self, experiment: &Experiment<'_>, k: u32) -> Plan {
        let mut lucky = self.lucky.clone();
        parameter_draws::draw_cache_luck(experiment.seed, self.recording, &mut lucky, k);
        lucky
    }

    /// What a step has, or everything, in a draw with so much luck.
    pub(super) fn amounts(&self, lucky: &Plan, step: &str) -> UntoggledAmounts {
        let (amount, money) = self.steady.get(step).copied().unwrap_or_default();
        let drawn = amounts_in_step(self.headline, self.recording, lucky, step);
        (amount + drawn.0, money + drawn.1)
    }
}

/// What a step has with nothing toggled, or everything.
pub(super) fn amounts_in_step(
    headline: HeadlineMetric,
    recording: &Recording,
    plan: &Plan,
    step: &str,
) -> UntoggledAmounts {
    let before = totals_in_step(recording, plan, 0, step);
    (headline.amount_in_totals(&before), before.total_money())
}
