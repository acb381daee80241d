//! The waterfall: from the baseline through each toggle to the result, in the headline's tokens.

use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{ChartUnit, WaterfallChart, WaterfallStep};

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let (name, comparison) = (source.recording_name(), source.comparison_report.comparison);
    let headline = comparison.headline;
    // A toggle that is claimed to save stands here even where it saves nothing.
    let steps = comparison.toggles.iter().zip(&comparison.stepwise).filter(|(toggle, _)| {
        toggle.claim.is_some() || headline.amount_in_saving(&toggle.alone) != 0
    });
    let steps: Vec<_> = steps.collect();
    if steps.is_empty() {
        return Err("no toggle changes anything, and none is claimed to".to_owned());
    }
    let claimed_end = comparison.whole_pipeline_claims().next().map(|whole| {
        // The largest saving leaves the least.
        let (least, most) = (whole.claim.saving.start(), whole.claim.saving.end());
        (i128::from(whole.baseline - most), i128::from(whole.baseline - least))
    });
    Ok(Box::new(WaterfallChart {
        title: format!("{name}: {}, toggle by toggle", headline.sentence_words()),
        axis: axis_words(headline).to_owned(),
        unit: ChartUnit::Tokens,
        baseline: (
            "baseline".to_owned(),
            i128::from(headline.amount_in_totals(&comparison.baseline)),
        ),
        steps: steps
            .into_iter()
            .map(|(toggle, saving)| WaterfallStep {
                label: format!("{} {}", toggle.id, toggle.title),
                saving: i128::from(headline.amount_in_saving(saving)),
                claimed: toggle
                    .claimed_range(headline)
                    .map(|saving| (i128::from(*saving.start()), i128::from(*saving.end()))),
            })
            .collect(),
        result: "all together".to_owned(),
        claimed_end,
        footer: source.footer_lines(),
    }))
}
