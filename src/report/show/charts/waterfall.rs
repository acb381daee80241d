//! The waterfall: from today through each fix to the result, in dollars where there are any.

use super::{ChartResult, ChartSource};
use crate::report::chart::{Chart, ChartUnit, WaterfallChart, WaterfallStep};
use crate::study::whatif::compare::{Comparison, ToggleResult};
use crate::study::whatif::savings::Saving;
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::swept_subset::SweepMetric;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let (unit, metric) = source.amounts();
    let added = match source.comparison_report.sweep {
        Ok(sweep) => added_in_build_order(comparison, sweep, metric),
        Err(_) => added_in_list_order(comparison, metric),
    };
    if added.is_empty() {
        return Err("no fix saves anything here".to_owned());
    }
    let headline = comparison.headline;
    let baseline = metric.amount_in_saving(&Saving::from(&comparison.baseline));
    let saved: i128 = added.iter().map(|(_, saving)| saving).sum();
    // Claims are made in tokens: they have no place on an axis of dollars.
    let in_tokens = unit == ChartUnit::Tokens;
    let claimed_end = comparison.whole_pipeline_claims().next().filter(|_| in_tokens);
    let steps = added.into_iter().map(|(toggle, saving)| WaterfallStep {
        label: format!("{} {}", toggle.id, toggle.title),
        saving,
        claimed: toggle
            .claimed_range(headline)
            .filter(|_| in_tokens)
            .map(|saving| (i128::from(*saving.start()), i128::from(*saving.end()))),
    });
    let [before, after] =
        [baseline, baseline - saved].map(|amount| unit.format_amount(amount, false));
    let scope = source.scope_words();
    let what = if in_tokens { format!(" {}", headline.sentence_words()) } else { String::new() };
    let chart = WaterfallChart {
        title: format!("From {before} to {after}{what}{scope}"),
        subtitle: "each bar: what the fix adds after those above it".to_owned(),
        axis: source.amount_words(),
        unit,
        baseline: ("today".to_owned(), baseline),
        steps: steps.collect(),
        result: "with fixes".to_owned(),
        claimed_end: claimed_end.map(|whole| {
            // The largest saving leaves the least.
            let (least, most) = (whole.claim.saving.start(), whole.claim.saving.end());
            (i128::from(whole.baseline - most), i128::from(whole.baseline - least))
        }),
        footer: source.footer_lines(),
    };
    Ok(Box::new(chart) as Box<dyn Chart>)
}

/// The fixes of the best set, and what each adds to those before it in the order of building.
fn added_in_build_order<'a>(
    comparison: &'a Comparison,
    sweep: &SubsetSweep,
    metric: SweepMetric,
) -> Vec<(&'a ToggleResult, i128)> {
    let mut here = 0;
    let added = sweep.best_set_in_build_order().into_iter().filter_map(|at| {
        let before = here;
        here |= 1 << at;
        let [with, without] =
            [here, before].map(|subset| sweep.entry_of_subset(subset).saved_amount(metric));
        let amount = with - without;
        let id = sweep.toggles[at].id;
        Some((comparison.toggles.iter().find(|toggle| toggle.id == id)?, amount))
    });
    added.collect()
}

/// Where no sweep was made: every fix that changes anything, in the order of the list.
fn added_in_list_order(comparison: &Comparison, metric: SweepMetric) -> Vec<(&ToggleResult, i128)> {
    let all = comparison.toggles.iter().zip(&comparison.stepwise);
    let added = all.map(|(toggle, saving)| (toggle, metric.amount_in_saving(saving)));
    added.filter(|(_, amount)| *amount != 0).collect()
}
