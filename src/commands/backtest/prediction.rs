//! What was predicted: a number, or a replay with the toggles on.

use super::super::load_scenario::load_scenario;
use super::super::{Audience, CommandError, LoadOptions, experiment_inputs, load};
use crate::cli::PremiseArgs;
use crate::scenario;
use crate::study::backtest::{
    BacktestData, BacktestMetric, BacktestSettings, PredictedRatio, RolloutBatch, RolloutPrediction,
};
use crate::study::stats::bootstrap::ConfidenceInterval;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::savings::totals_by_step;
use crate::study::whatif::uncertainty;
use crate::units::Usage;

/// Metrics that a replay predicts, with the names of them in claims.
const REPLAYED_METRICS: [(BacktestMetric, &str); 2] =
    [(BacktestMetric::Read, "read"), (BacktestMetric::Tokens, "tokens")];

/// The least ratio that a draw may predict: a saving of everything divides nothing by nothing.
const LEAST_RATIO: f64 = 1e-4;

/// What the command line and the file say.
pub struct PredictionRequest<'a> {
    /// A ratio, or a recording.
    pub ratio_or_recording: Option<&'a str>,
    /// The toggles; empty for those of the rollouts.
    pub with: &'a [String],
    /// What is looked at.
    pub settings: &'a BacktestSettings,
}

impl PredictionRequest<'_> {
    /// The predictions for every rollout.
    pub fn predict_rollouts(
        &self,
        data: &BacktestData,
    ) -> Result<Vec<RolloutPrediction>, CommandError> {
        let (eras, mut all) = (data.rollout_batches(), Vec::new());
        let knows_toggles =
            !self.with.is_empty() || eras.iter().any(|era| !era.toggle_ids().is_empty());
        for (at, era) in eras.iter().enumerate() {
            // The same flag takes a ratio or a recording: what reads as a number is a ratio.
            match self.ratio_or_recording.map(|said| (said, said.parse::<f64>())) {
                Some((_, Ok(ratio))) if ratio > 0.0 && ratio.is_finite() => {
                    all.extend(self.predict_from_ratio(at, ratio, "--predict"));
                }
                Some((said, Ok(_))) => {
                    return Err(CommandError::argument(
                        format!("--predict {said}"),
                        "wanted after divided by before, e.g. 0.97, or a recording",
                    ));
                }
                Some((recording, Err(_))) if !knows_toggles => {
                    return Err(CommandError::argument(
                        format!("--predict {recording}"),
                        "which toggles were rolled out? name them",
                    )
                    .with_hint("--with R1,R4"));
                }
                Some((recording, Err(_))) => {
                    all.extend(self.predict_from_replay(recording, at, era)?);
                }
                None => {}
            }
            // What a file says of a rollout itself comes before what is said of all.
            if let Some(ratio) = era.predicted_ratio() {
                let own = self.predict_from_ratio(at, ratio, "the file of rollouts");
                all.retain(|one| {
                    !own.iter().any(|new| prediction_subject(new) == prediction_subject(one))
                });
                all.extend(own);
            }
        }
        Ok(all)
    }

    /// The steps asked for, or whole pipelines where none is.
    fn step_groups(&self) -> Vec<Option<String>> {
        let steps: Vec<_> = self.settings.steps.iter().cloned().map(Some).collect();
        if steps.is_empty() { vec![None] } else { steps }
    }

    /// A number speaks of the first metric: of the steps asked for, or of whole pipelines.
    fn predict_from_ratio(&self, era: usize, ratio: f64, from: &str) -> Vec<RolloutPrediction> {
        let metric = self.settings.metrics.first().copied().unwrap_or(BacktestMetric::Read);
        // A number has no band, so that both ends are itself.
        let range = ConfidenceInterval { low: ratio, high: ratio };
        let predicted = PredictedRatio { ratio, range, from: from.to_owned() };
        let one =
            |step| RolloutPrediction { batch: era, step, metric, predicted: predicted.clone() };
        self.step_groups().into_iter().map(one).collect()
    }

    /// Replays a recording with the toggles of a rollout on: the middle draw, P10 to P90.
    fn predict_from_replay(
        &self,
        name: &str,
        at: usize,
        era: &RolloutBatch,
    ) -> Result<Vec<RolloutPrediction>, CommandError> {
        // Toggles of the command line are meant of every rollout.
        let ids = if self.with.is_empty() { era.toggle_ids() } else { self.with.to_vec() };
        if ids.is_empty() {
            // Of a rollout that is no toggle nothing is predicted.
            return Ok(Vec::new());
        }
        let mut scenario = load_scenario(name, None, &[])?;
        scenario.replace_toggles(&scenario::toggles_by_id(ids.iter().map(String::as_str))?);
        let premises = PremiseArgs::default();
        let lens = load::choose_lens(&premises, &scenario);
        let pricing =
            crate::commands::pricing::load_pricing(&premises, &scenario, &[name.to_owned()])?;
        let loaded = load::load_recording(
            name,
            LoadOptions { lens, strict: false, audience: Audience::Anybody },
        )?
        .for_audience();
        // A toggle that waits for a number predicts nothing, so that a rollout of such toggles
        // alone has no prediction rather than one of zero.
        let toggles = scenario.split_awaiting_toggles();
        let ids: Vec<String> = toggles.0.iter().map(|one| one.id().to_owned()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let questions = self.replay_questions();
        // The study draws what each claim saves: a question is asked as a claim of no amount.
        let claims: Vec<PublishedClaim> = questions
            .iter()
            .enumerate()
            .map(|(number, (step, _, metric))| PublishedClaim {
                id: number.to_string(),
                toggles: ids.clone(),
                step: step.clone().unwrap_or_default(),
                metric: (*metric).to_owned(),
                saving: 0..=0,
                rounded: 0..=0,
                share_bp: None,
                is_direction: true,
            })
            .collect();
        let experiment =
            experiment_inputs::build_experiment(&loaded, (&scenario, &toggles), &pricing, &claims);
        let recording = experiment.base_recording();
        let plan = experiment.compile_plan(recording, &experiment.patches_at_means(recording))?;
        let drawn = uncertainty::study_uncertainty(&experiment, &plan, None)?;
        // Subset 0, with nothing on: what was recorded.
        let steps = totals_by_step(recording, &plan, 0);
        let from = format!("{name} with {}", ids.join(", "));
        let mut all = Vec::new();
        for ((step, metric, _), drawn) in questions.into_iter().zip(&drawn.claims) {
            let own = steps.iter().filter(|one| step.as_ref().is_none_or(|step| one.name == *step));
            // A question about a step is measured against what that step used, one about no step
            // against the whole.
            let usage: Usage = own.map(|one| one.usage).sum();
            let before = match metric {
                BacktestMetric::Read => usage.read,
                _ => usage.context_tokens() + usage.output,
            };
            // Where nothing was used nothing can be divided.
            if before <= 0 {
                continue;
            }
            // What saves most leaves least: the band turns round.
            let [low, ratio, high] = [drawn.saved.p90, drawn.saved.p50, drawn.saved.p10]
                .map(|saved| (1.0 - saved as f64 / before as f64).max(LEAST_RATIO));
            let range = ConfidenceInterval { low, high };
            let predicted = PredictedRatio { ratio, range, from: from.clone() };
            all.push(RolloutPrediction { batch: at, step, metric, predicted });
        }
        Ok(all)
    }

    /// Whole pipelines and the steps asked for, each in every metric that a replay knows.
    fn replay_questions(&self) -> Vec<(Option<String>, BacktestMetric, &'static str)> {
        let groups = std::iter::once(None).chain(self.settings.steps.iter().cloned().map(Some));
        groups
            .flat_map(|step| REPLAYED_METRICS.map(|(metric, name)| (step.clone(), metric, name)))
            .collect()
    }
}

/// What a prediction is about.
fn prediction_subject(one: &RolloutPrediction) -> (usize, &Option<String>, BacktestMetric) {
    (one.batch, &one.step, one.metric)
}
