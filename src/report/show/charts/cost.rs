//! Cumulative cost over time, before and after; tokens where dollars mean nothing.

use super::{ChartResult, ChartSource, call_times};
use crate::report::chart::{ChartUnit, CostChart, Timeline};

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let [before, after] = call_times::moments_of_sides(source)?;
    let times = [&before, &after].map(|side| call_times::start_times_ms(side)).concat();
    let timeline = Timeline::from_times(times, call_times::times_note(source.recording));
    let headline = comparison.headline;
    let [cost_before, cost_after] = [&before, &after].map(|moments| {
        let mut sums = vec![0; timeline.slots.len()];
        for moment in moments {
            // Without prices a call counts with its tokens instead.
            sums[timeline.slot_of(moment.start_ms)] += if comparison.has_dollars {
                moment.cost.total_money().0
            } else {
                i128::from(headline.amount_in_saving(&moment.cost))
            };
        }
        // From what each slot costs to what all until its end have cost.
        for slot in 1..sums.len() {
            sums[slot] += sums[slot - 1];
        }
        sums
    });
    let (unit, what) = if comparison.has_dollars {
        (ChartUnit::Money, "dollars")
    } else {
        (ChartUnit::Tokens, headline.sentence_words())
    };
    Ok(Box::new(CostChart {
        title: if comparison.has_dollars { "Dollars spent so far" } else { "Tokens spent so far" }
            .to_owned(),
        subtitle: format!("{what} of all calls until then; {}", source.fixes_words()),
        unit,
        before: cost_before,
        after: cost_after,
        timeline,
        footer: source.footer_lines(),
    }))
}
