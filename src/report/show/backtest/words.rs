//! The look back in words.

use super::{Shown, minute, percent, two};
use crate::recording::name_of;
use crate::report::Value;
use crate::report::format::{integer, short};
use crate::study::backtest::{Against, Era, FEWEST, Look, Rollout, Settings, Starts, Study};
use std::fmt::Write as _;

impl Shown<'_> {
    /// The first metric of every group around every rollout, in words.
    pub(super) fn sentences(&self) -> Vec<String> {
        let first = self.result.studies.first().map(|study| study.metric);
        let studies = || self.result.studies.iter().filter(|one| Some(one.metric) == first);
        let mut lines = Vec::new();
        for (at, era) in self.result.eras.iter().enumerate() {
            for study in studies() {
                lines.push(self.sentence(era, study, &study.looks[at]));
            }
        }
        lines
    }

    fn sentence(&self, era: &Era, study: &Study, look: &Look) -> String {
        let place = format!("After {}: {} of {}", self.name(era), study.metric, study.group());
        let Some(ends) = look.interval else {
            return format!(
                "{place}: {} ({} before, {} after, {FEWEST} are needed).",
                look.verdict, look.before, look.after
            );
        };
        let mut line = format!("{place}: {}", look.verdict);
        if let (Some(raw), Some(adjusted)) = (look.raw, look.adjusted) {
            let _ = write!(
                line,
                "; the median is {} times what it was, {} for pipelines of one size",
                two(raw),
                two(adjusted)
            );
        } else if let Some(raw) = look.raw {
            let _ = write!(line, "; the median is {} times what it was", two(raw));
        }
        let confidence = percent(self.settings.confidence);
        let _ = write!(line, " ({confidence}: {} to {})", two(ends.low), two(ends.high));
        if let Some(part) = look.placebo {
            let dates = study.placebos.len();
            let as_much = (part * dates as f64).round() as i64;
            let _ = write!(line, "; {as_much} of {dates} dates without a rollout show as much");
        }
        if let (Some(predicted), Some(difference)) = (&look.predicted, &look.difference) {
            let word = against(look, difference.against);
            let _ = write!(line, "; {} was predicted: {word}", two(predicted.ratio));
        }
        line + "."
    }

    /// What the rollouts are, and why some are one.
    pub(super) fn eras(&self) -> Vec<String> {
        if self.result.has_windows {
            return Vec::new();
        }
        let one = |era: &Era| {
            let rollout = |one: &Rollout| {
                let toggles = match &one.toggles[..] {
                    [] => String::new(),
                    toggles => format!(" ({})", toggles.join(", ")),
                };
                let name = if one.name.is_empty() { "rollout" } else { &one.name };
                format!("{name}{toggles} {}", minute(one.at_ms))
            };
            let all: Vec<String> = era.rollouts.iter().map(rollout).collect();
            if era.between.is_empty() {
                return format!("{}.", all.join(", "));
            }
            let between: Vec<String> = era.between.iter().map(ToString::to_string).collect();
            format!(
                "{} cannot be told apart: {} pipelines lie between them, {FEWEST} are needed; they \
                 are one here, and what lies between takes no part.",
                all.join(", "),
                between.join(" and ")
            )
        };
        self.result.eras.iter().map(one).collect()
    }

    pub(super) fn method(&self) -> Vec<String> {
        let Settings { adjust, draws, .. } = self.settings;
        let sizes: Vec<String> = adjust.iter().map(ToString::to_string).collect();
        let sizes = if sizes.is_empty() { "nothing".to_owned() } else { sizes.join(", ") };
        let window = match self.result.window_ms {
            0 => String::new(),
            ms => format!(
                " Pipelines that ended up to {} before a rollout, and those that started after it \
                 and ended up to as much later.",
                short(&Value::Duration(ms))
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
                integer(i64::from(*draws), false),
                self.settings.seed
            ),
        ]
    }

    /// What is not known of when pipelines started, and what is made of it.
    pub(super) fn starts(&self) -> Vec<String> {
        let Starts { unknown, longest_ms } = self.result.starts;
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
                integer(i64::from(count), false),
                short(&Value::Duration(longest))
            )],
        }
    }
}

/// How a figure grows with its sizes, and what could not be adjusted for.
pub(super) fn slopes(study: &Study) -> Vec<String> {
    let of = format!("{} of {}", study.metric, study.group());
    let mut lines = Vec::new();
    let known: Vec<String> = study
        .slopes
        .iter()
        .filter_map(|(size, slope)| {
            let slope = (*slope)?;
            // A kind of pipeline has a level, a number a slope.
            Some(match size.strip_prefix("recipe ") {
                Some(kind) => format!("{} for {kind}", two(slope.exp())),
                None => format!("{size}^{}", two(slope)),
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
pub(super) fn against(look: &Look, against: Against) -> String {
    let word = name_of(&Against::NAMED, against);
    if look.verdict.as_placebo { format!("{word}, unless it is drift") } else { word.to_owned() }
}
