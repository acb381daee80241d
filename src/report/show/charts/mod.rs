//! The pictures of a comparison: from the results of a study to plain numbers, one file a kind; the
//! chart module lays them out.

mod call_times;
mod cost;
mod forest;
mod growth;
mod interaction;
mod lanes;
mod rate;
mod steps;
mod sweep;
mod tornado;
mod waterfall;

pub use growth::has_growth;

use super::compare::ComparisonReport;
use crate::plan::ToggleSubset;
use crate::recording::Recording;
use crate::report::chart::{Chart, ChartUnit};
use crate::study::whatif::experiment::subset_of_first;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::measured_steps::comparison_subset;
use crate::study::whatif::swept_subset::SweepMetric;

/// What charts are made from.
pub struct ChartSource<'a> {
    /// The comparison, and what it is shown with.
    pub comparison_report: &'a ComparisonReport<'a>,
    /// What was replayed.
    pub recording: &'a Recording,
}

impl ChartSource<'_> {
    /// The line at the bottom. Digests and parameters stand in the report and in every JSON.
    fn footer_lines(&self) -> Vec<String> {
        let provenance = self.comparison_report.provenance;
        let mut parts =
            vec![format!("windtunnel {}", env!("CARGO_PKG_VERSION")), provenance.recording.clone()];
        if self.comparison_report.comparison.has_dollars {
            if !provenance.prices_day.is_empty() {
                parts.push(format!("prices {}", provenance.prices_day));
            }
            parts.extend(provenance.assumed_model.as_ref().map(|_| "model assumed".to_owned()));
        }
        vec![parts.join(" - ")]
    }

    /// The fixes that a picture shows beside today: the set that saves most, as the page opens
    /// with; all of them where no sweep was made.
    fn fixes(&self) -> ToggleSubset {
        let comparison = self.comparison_report.comparison;
        match self.comparison_report.sweep {
            Ok(sweep) => comparison_subset(comparison, sweep, sweep.best_subset()),
            Err(_) => subset_of_first(comparison.toggles.len()),
        }
    }

    /// What these are, in words.
    fn fixes_words(&self) -> String {
        let comparison = self.comparison_report.comparison;
        if self.comparison_report.sweep.is_err() {
            return format!("with fixes: all {}", comparison.toggles.len());
        }
        let fixes = self.fixes();
        let on = comparison.toggles.iter().enumerate().filter(|(bit, _)| fixes >> bit & 1 == 1);
        let ids: Vec<&str> = on.map(|(_, toggle)| toggle.id).collect();
        if ids.is_empty() {
            "no fix saves".into()
        } else {
            format!("with fixes: {}", ids.join(", "))
        }
    }

    /// What bars count: dollars, or the tokens that the source is told in.
    fn amounts(&self) -> (ChartUnit, SweepMetric) {
        let comparison = self.comparison_report.comparison;
        match (comparison.has_dollars, comparison.headline) {
            (true, _) => (ChartUnit::Money, SweepMetric::Dollars),
            (false, HeadlineMetric::Reads) => (ChartUnit::Tokens, SweepMetric::Reads),
            (false, HeadlineMetric::Tokens) => (ChartUnit::Tokens, SweepMetric::Tokens),
        }
    }

    /// The same in words: `dollars a run`.
    fn amount_words(&self) -> String {
        let comparison = self.comparison_report.comparison;
        let noun = if comparison.has_dollars { "dollars" } else { axis_words(comparison.headline) };
        format!("{noun}{}", self.scope_words())
    }

    /// What amounts of a pipeline are of.
    fn scope_words(&self) -> &'static str {
        if self.comparison_report.source.pipeline().is_some() { " a run" } else { "" }
    }
}

/// What an axis of a comparison's figure counts.
fn axis_words(headline: HeadlineMetric) -> &'static str {
    match headline {
        HeadlineMetric::Reads => "cache reads, tokens",
        HeadlineMetric::Tokens => "tokens",
    }
}

/// A picture, or why there is none of this recording.
pub type ChartResult = Result<Box<dyn Chart>, String>;

/// One kind of picture.
pub struct ChartKind {
    /// Its name on the command line, and of its files.
    pub id: &'static str,
    /// What it shows, in words.
    pub shows: &'static str,
    /// Whether it needs draws: the bands of parameters and unknowns.
    pub needs_draws: bool,
    /// Whether it needs every subset.
    pub needs_sweep: bool,
    /// The picture of a comparison.
    pub make: fn(&ChartSource<'_>) -> ChartResult,
}

/// All kinds, in the order of a report.
pub const ALL: [ChartKind; 10] = [
    ChartKind {
        id: "waterfall",
        shows: "from today through each fix to the result, in the order of building",
        needs_draws: false,
        needs_sweep: true,
        make: waterfall::make_chart,
    },
    ChartKind {
        id: "forest",
        shows: "what the list claims, and what the replay saves",
        needs_draws: true,
        needs_sweep: false,
        make: forest::make_chart,
    },
    ChartKind {
        id: "growth",
        shows: "context of each call of the longest sessions, today and with fixes",
        needs_draws: false,
        needs_sweep: true,
        make: growth::make_chart,
    },
    ChartKind {
        id: "steps",
        shows: "dollars by step, today and with fixes",
        needs_draws: false,
        needs_sweep: true,
        make: steps::make_chart,
    },
    ChartKind {
        id: "tornado",
        shows: "which unknown moves the saving most",
        needs_draws: false,
        needs_sweep: false,
        make: tornado::make_chart,
    },
    ChartKind {
        id: "sweep",
        shows: "what every set of fixes saves for its effort",
        needs_draws: false,
        needs_sweep: true,
        make: sweep::make_chart,
    },
    ChartKind {
        id: "interaction",
        shows: "fixes that save the same tokens, and fixes that help each other",
        needs_draws: false,
        needs_sweep: false,
        make: interaction::make_chart,
    },
    ChartKind {
        id: "lanes",
        shows: "when each session or agent runs, what waits, and runs of tests",
        needs_draws: false,
        needs_sweep: false,
        make: lanes::make_chart,
    },
    ChartKind {
        id: "rate",
        shows: "calls a minute, today and with fixes",
        needs_draws: false,
        needs_sweep: true,
        make: rate::make_chart,
    },
    ChartKind {
        id: "cost",
        shows: "dollars spent so far, today and with fixes",
        needs_draws: false,
        needs_sweep: true,
        make: cost::make_chart,
    },
];
