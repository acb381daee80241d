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
use crate::recording::Recording;
use crate::report::chart::Chart;
use crate::study::whatif::headline::HeadlineMetric;

/// What charts are made from.
pub struct ChartSource<'a> {
    /// The comparison, and what it is shown with.
    pub comparison_report: &'a ComparisonReport<'a>,
    /// What was replayed.
    pub recording: &'a Recording,
}

impl ChartSource<'_> {
    /// The name of the recording.
    fn recording_name(&self) -> &str {
        &self.comparison_report.provenance.recording
    }

    /// Lines at the bottom: digests, prices, toggles, seed.
    fn footer_lines(&self) -> Vec<String> {
        self.comparison_report.provenance.footer_lines()
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
        shows: "from the baseline through each toggle to the result, with what is claimed",
        needs_draws: false,
        needs_sweep: false,
        make: waterfall::make_chart,
    },
    ChartKind {
        id: "forest",
        shows: "what is claimed against what the replay saves, each toggle and several together",
        needs_draws: true,
        needs_sweep: false,
        make: forest::make_chart,
    },
    ChartKind {
        id: "growth",
        shows: "context of each call of the longest sessions, with cache misses and compactions",
        needs_draws: false,
        needs_sweep: false,
        make: growth::make_chart,
    },
    ChartKind {
        id: "steps",
        shows: "tokens by step and class, before and after all toggles",
        needs_draws: false,
        needs_sweep: false,
        make: steps::make_chart,
    },
    ChartKind {
        id: "tornado",
        shows: "what each parameter alone moves in the joint saving",
        needs_draws: false,
        needs_sweep: false,
        make: tornado::make_chart,
    },
    ChartKind {
        id: "sweep",
        shows: "what every set of toggles saves against its effort, and which sets no other beats",
        needs_draws: false,
        needs_sweep: true,
        make: sweep::make_chart,
    },
    ChartKind {
        id: "interaction",
        shows: "which toggles save the same tokens, and which help each other",
        needs_draws: false,
        needs_sweep: false,
        make: interaction::make_chart,
    },
    ChartKind {
        id: "lanes",
        shows: "when each session runs or each agent is at work, what waits, and runs of tests, \
                before and after all toggles",
        needs_draws: false,
        needs_sweep: false,
        make: lanes::make_chart,
    },
    ChartKind {
        id: "rate",
        shows: "calls a minute over time, before and after all toggles",
        needs_draws: false,
        needs_sweep: false,
        make: rate::make_chart,
    },
    ChartKind {
        id: "cost",
        shows: "what calls have cost so far, over time, before and after all toggles",
        needs_draws: false,
        needs_sweep: false,
        make: cost::make_chart,
    },
];
