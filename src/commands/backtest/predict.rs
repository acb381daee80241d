//! What was predicted: a number, or a replay with the toggles on.

use super::super::{Failure, load};
use crate::cli::Premises;
use crate::scenario::{self, Chosen};
use crate::study::backtest::{Data, Era, Metric, Predicted, Prediction, Settings};
use crate::study::published::PublishedClaim;
use crate::study::resample::Interval;
use crate::study::sides::by_step;
use crate::study::uncertainty;
use crate::units::Usage;

/// Metrics that a replay predicts, with the names of them in claims.
const REPLAYED: [(Metric, &str); 2] = [(Metric::Read, "read"), (Metric::Tokens, "tokens")];

/// The least ratio that a draw may predict: a saving of everything divides nothing by nothing.
const LEAST: f64 = 1e-4;

/// What the command line and the file say.
pub struct Asked<'a> {
    /// A ratio, or a recording.
    pub said: Option<&'a str>,
    /// The toggles; empty for those of the rollouts.
    pub with: &'a [String],
    /// What is looked at.
    pub settings: &'a Settings,
}

impl Asked<'_> {
    /// The predictions for every rollout.
    pub fn of(&self, data: &Data) -> Result<Vec<Prediction>, Failure> {
        let (eras, mut all) = (data.eras(), Vec::new());
        let knows_toggles =
            !self.with.is_empty() || eras.iter().any(|era| !era.toggles().is_empty());
        for (at, era) in eras.iter().enumerate() {
            match self.said.map(|said| (said, said.parse::<f64>())) {
                Some((_, Ok(ratio))) if ratio > 0.0 && ratio.is_finite() => {
                    all.extend(self.number(at, ratio, "--predict"));
                }
                Some((said, Ok(_))) => {
                    return Err(Failure::new(format!(
                        "--predict {said}: wanted after divided by before, e.g. 0.97, or a \
                         recording"
                    )));
                }
                Some((recording, Err(_))) if !knows_toggles => {
                    return Err(Failure::new(format!(
                        "--predict {recording}: which toggles were rolled out? name them: --with \
                         R1,R4"
                    )));
                }
                Some((recording, Err(_))) => all.extend(self.replayed(recording, at, era)?),
                None => {}
            }
            // What a file says of a rollout itself comes before what is said of all.
            if let Some(ratio) = era.predicted() {
                let own = self.number(at, ratio, "the file of rollouts");
                all.retain(|one| !own.iter().any(|new| about(new) == about(one)));
                all.extend(own);
            }
        }
        Ok(all)
    }

    /// The steps asked for, or whole pipelines where none is.
    fn groups(&self) -> Vec<Option<String>> {
        let steps: Vec<_> = self.settings.steps.iter().cloned().map(Some).collect();
        if steps.is_empty() { vec![None] } else { steps }
    }

    /// A number speaks of the first metric: of the steps asked for, or of whole pipelines.
    fn number(&self, era: usize, ratio: f64, from: &str) -> Vec<Prediction> {
        let metric = self.settings.metrics.first().copied().unwrap_or(Metric::Read);
        let range = Interval { low: ratio, high: ratio };
        let predicted = Predicted { ratio, range, from: from.to_owned() };
        let one = |step| Prediction { era, step, metric, predicted: predicted.clone() };
        self.groups().into_iter().map(one).collect()
    }

    /// Replays a recording with the toggles of a rollout on: the middle draw, P10 to P90.
    fn replayed(&self, name: &str, at: usize, era: &Era) -> Result<Vec<Prediction>, Failure> {
        let ids = if self.with.is_empty() { era.toggles() } else { self.with.to_vec() };
        if ids.is_empty() {
            // Of a rollout that is no toggle nothing is predicted.
            return Ok(Vec::new());
        }
        let mut scenario = load::scenario(name, None, &[])?;
        let wanted = scenario::toggles_of(ids.iter().map(String::as_str))?;
        let own = |id: &str| scenario.toggles.iter().find(|one| one.id() == id).cloned();
        scenario.toggles =
            wanted.iter().map(|one| own(one.card().id).unwrap_or(Chosen::of(*one))).collect();
        let premises = Premises::default();
        let lens = load::lens(&premises, &scenario);
        let pricing = load::pricing(&premises, &scenario)?;
        let loaded = load::one(name, lens, false)?;
        let toggles = scenario.parts();
        let ids: Vec<String> = toggles.0.iter().map(|one| one.id().to_owned()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let questions = self.questions();
        let claim = |(number, (step, _, metric)): (usize, &(Option<String>, Metric, &str))| {
            PublishedClaim {
                id: number.to_string(),
                toggles: ids.clone(),
                step: step.clone().unwrap_or_default(),
                metric: (*metric).to_owned(),
                saving: 0..=0,
                rounded: 0..=0,
                share_bp: None,
                is_direction: true,
            }
        };
        let claims: Vec<PublishedClaim> = questions.iter().enumerate().map(claim).collect();
        let experiment = load::experiment(&loaded, lens, (&scenario, &toggles), &pricing, &claims);
        let recording = experiment.recording();
        let plan = experiment.plan(recording, &experiment.patches(recording))?;
        let drawn = uncertainty::study(&experiment, &plan)?;
        let steps = by_step(recording, &plan, 0);
        let from = format!("{name} with {}", ids.join(", "));
        let mut all = Vec::new();
        for ((step, metric, _), drawn) in questions.into_iter().zip(&drawn.claims) {
            let own = steps.iter().filter(|one| step.as_ref().is_none_or(|step| one.name == *step));
            let usage: Usage = own.map(|one| one.usage).sum();
            let before = match metric {
                Metric::Read => usage.read,
                _ => usage.context() + usage.output,
            };
            if before <= 0 {
                continue;
            }
            let left = |saved: i64| (1.0 - saved as f64 / before as f64).max(LEAST);
            let band = drawn.saved;
            let range = Interval { low: left(band.p90), high: left(band.p10) };
            let predicted = Predicted { ratio: left(band.p50), range, from: from.clone() };
            all.push(Prediction { era: at, step, metric, predicted });
        }
        Ok(all)
    }

    /// Whole pipelines and the steps asked for, each in every metric that a replay knows.
    fn questions(&self) -> Vec<(Option<String>, Metric, &'static str)> {
        let groups = std::iter::once(None).chain(self.settings.steps.iter().cloned().map(Some));
        let each =
            |step: Option<String>| REPLAYED.map(|(metric, name)| (step.clone(), metric, name));
        groups.flat_map(each).collect()
    }
}

/// What a prediction is about.
fn about(one: &Prediction) -> (usize, &Option<String>, Metric) {
    (one.era, &one.step, one.metric)
}
