//! The sweep: every set of toggles, what it saves against its effort.

use super::{ChartResult, ChartSource};
use crate::plan::ToggleSubset;
use crate::report::chart::{ChartUnit, MarkedSet, SweepChart};
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::swept_subset::SweepMetric;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let sweep = source.comparison_report.sweep?;
    if sweep.toggles.is_empty() {
        return Err("no toggle changes anything".to_owned());
    }
    let what = sweep.metric.sentence_words();
    let unit = match sweep.metric {
        SweepMetric::Dollars => ChartUnit::Money,
        SweepMetric::Reads | SweepMetric::Tokens => ChartUnit::Tokens,
        SweepMetric::Calls => ChartUnit::Count,
    };
    let front = sweep.order.pareto.iter().map(|subset| marked_set(sweep, *subset)).collect();
    let built = sweep.order.steps.iter().map(|step| marked_set(sweep, step.subset)).collect();
    let sets = sweep.entries.iter().map(|entry| (entry.effort, entry.saved_amount(sweep.metric)));
    Ok(Box::new(SweepChart {
        title: "What every set saves for its effort".to_owned(),
        axis: format!("{what} saved{}", source.scope_words()),
        unit,
        cells: SweepChart::count_in_cells(sets),
        front,
        built,
        footer: source.footer_lines(),
    }))
}

fn marked_set(sweep: &SubsetSweep, subset: ToggleSubset) -> MarkedSet {
    let entry = sweep.entry_of_subset(subset);
    MarkedSet {
        label: sweep.toggle_ids(subset).join(" "),
        size: entry.toggle_count(),
        effort: entry.effort,
        saved: entry.saved_amount(sweep.metric),
    }
}
