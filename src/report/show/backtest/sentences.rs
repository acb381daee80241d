//! The look back in words.

use super::{BacktestReport, format_minute, format_percent, format_two_places};
use crate::recording::name_of_value;
use crate::report::CellValue;
use crate::report::format::{format_integer, format_short};
use crate::study::backtest::{
    BacktestSettings, FEWEST_PIPELINES, MetricEffects, PredictionVerdict, Rollout, RolloutBatch,
    RolloutEffect, StartCoverage,
};
use std::fmt::Write as _;

impl BacktestReport<'_> {
    /// The first metric of every group around every rollout, in words.
    pub(super) fn headline_sentences(&self) -> Vec<String> {
        let first = self.result.metric_effects.first().map(|study| study.metric);
        let studies = self.result.metric_effects.iter().filter(|one| Some(one.metric) == first);
        let mut lines = Vec::new();
        for (at, era) in self.result.batches.iter().enumerate() {
            for study in studies.clone() {
                lines.push(self.rollout_sentence(era, study, &study.effects[at]));
            }
        }
        lines
    }

    fn rollout_sentence(
        &self,
        era: &RolloutBatch,
        study: &MetricEffects,
        look: &RolloutEffect,
    ) -> String {
        let place = format!(
            "After {}: {} of {}",
            self.rollout_name(era),
            study.metric,
            study.group_label()
        );
        let Some(ends) = look.interval else {
            return format!(
                "{place}: {} ({} before, {} after, {FEWEST_PIPELINES} are needed).",
                look.verdict, look.before, look.after
            );
        };
        let mut line = format!("{place}: {}", look.verdict);
        if let (Some(raw), Some(adjusted)) = (look.raw, look.adjusted) {
            let _ = write!(
                line,
                "; the median is {} times what it was, {} for pipelines of one size",
                format_two_places(raw),
                format_two_places(adjusted)
            );
        } else if let Some(raw) = look.raw {
            let _ = write!(line, "; the median is {} times what it was", format_two_places(raw));
        }
        let confidence = format_percent(self.settings.confidence);
        let _ = write!(
            line,
            " ({confidence}: {} to {})",
            format_two_places(ends.low),
            format_two_places(ends.high)
        );
        if let Some(part) = look.placebo {
            let dates = study.placebos.len();
            // From the share back to the dates that it was made of.
            let as_much = (part * dates as f64).round() as i64;
            let _ = write!(line, "; {as_much} of {dates} dates without a rollout show as much");
        }
        if let (Some(predicted), Some(difference)) = (&look.predicted, &look.difference) {
            let word = prediction_verdict(look, difference.verdict);
            let _ = write!(line, "; {} was predicted: {word}", format_two_places(predicted.ratio));
        }
        line + "."
    }

    /// What the rollouts are, and why some are one.
    pub(super) fn rollout_lines(&self) -> Vec<String> {
        if self.result.has_windows {
            return Vec::new();
        }
        let lines = self.result.batches.iter().map(|era| {
            let all: Vec<String> = era.rollouts.iter().map(rollout_words).collect();
            if era.between.is_empty() {
                return format!("{}.", all.join(", "));
            }
            let between: Vec<String> = era.between.iter().map(ToString::to_string).collect();
            format!(
                "{} cannot be told apart: {} pipelines lie between them, {FEWEST_PIPELINES} are \
                 needed; they are one here, and what lies between takes no part.",
                all.join(", "),
                between.join(" and ")
            )
        });
        lines.collect()
    }

    pub(super) fn method_lines(&self) -> Vec<String> {
        let BacktestSettings { adjust, draws, .. } = self.settings;
        let sizes: Vec<String> = adjust.iter().map(ToString::to_string).collect();
        let sizes = if sizes.is_empty() { "nothing".to_owned() } else { sizes.join(", ") };
        let window = match self.result.window_ms {
            0 => String::new(),
            ms => format!(
                " Pipelines that ended up to {} before a rollout, and those that started after it \
                 and ended up to as much later.",
                format_short(&CellValue::Duration(ms))
            ),
        };
        vec![
            format!(
                "Adjusted: least squares of the logarithm, with a level for each stretch between \
                 rollouts and what {sizes} tell, numbers as logarithms, kinds as levels; per-size \
                 metrics are not adjusted again.{window}"
            ),
            format!(
                "Intervals: {} draws of whole pipelines, stretch by stretch, seed {}. They hold \
                 what pipelines differ by; what the weeks differ by stands under the dates without \
                 a rollout.",
                format_integer(i64::from(*draws), false),
                self.settings.seed
            ),
        ]
    }

    /// What is not known of when pipelines started, and what is made of it.
    pub(super) fn unknown_start_lines(&self) -> Vec<String> {
        let StartCoverage { unknown, longest_ms } = self.result.starts;
        match (unknown, longest_ms) {
            (0, _) => Vec::new(),
            (_, None) => vec![
                "Nobody wrote down when pipelines started: one that straddles a rollout counts as \
                 after it."
                    .to_owned(),
            ],
            (count, Some(longest)) => vec![format!(
                "Of {} pipelines nobody wrote down when they started: each is taken to have taken \
                 as long as the longest one that is known, {}.",
                format_integer(i64::from(count), false),
                format_short(&CellValue::Duration(longest))
            )],
        }
    }
}

/// The name of a rollout, its toggles and its minute.
fn rollout_words(rollout: &Rollout) -> String {
    let toggles = match &rollout.toggles[..] {
        [] => String::new(),
        toggles => format!(" ({})", toggles.join(", ")),
    };
    let name = if rollout.name.is_empty() { "rollout" } else { &rollout.name };
    format!("{name}{toggles} {}", format_minute(rollout.at_ms))
}

/// How a figure grows with its sizes, and what could not be adjusted for.
pub(super) fn slope_lines(study: &MetricEffects) -> Vec<String> {
    let of = format!("{} of {}", study.metric, study.group_label());
    let mut lines = Vec::new();
    let known: Vec<String> = study
        .slopes
        .iter()
        .filter_map(|(size, slope)| {
            let slope = (*slope)?;
            // A kind of pipeline has a level, a number a slope.
            Some(match size.strip_prefix("recipe ") {
                Some(kind) => format!("{} for {kind}", format_two_places(slope.exp())),
                None => format!("{size}^{}", format_two_places(slope)),
            })
        })
        .collect();
    if !known.is_empty() {
        lines.push(format!("{of} grows as {}", known.join(" x ")));
    }
    let nothing = study.slopes.iter().filter(|(_, slope)| slope.is_none());
    let mut left: Vec<String> = nothing.map(|(size, _)| size.clone()).collect();
    left.extend(study.unknown.iter().map(ToString::to_string));
    if !left.is_empty() {
        let left = left.join(", ");
        lines.push(format!("{of} is not adjusted for {left}: unknown, or the same everywhere"));
    }
    lines
}

/// What is said beside a prediction. What drift may have done is no proof for or against it.
pub(super) fn prediction_verdict(look: &RolloutEffect, against: PredictionVerdict) -> String {
    let word = name_of_value(&PredictionVerdict::NAMED, against);
    if look.verdict.as_placebo { format!("{word}, unless it is drift") } else { word.to_owned() }
}
