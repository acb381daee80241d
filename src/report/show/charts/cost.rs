//! Cumulative cost over time, before and after; tokens where dollars mean nothing.

use super::{ChartResult, ChartSource, timeline};
use crate::report::chart::{ChartUnit, CostChart, Timeline};
use crate::study::inspect::call_costs::TimedCallCost;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let [before, after] = timeline::moments_of_sides(source)?;
    let times = [&before, &after].map(|side| timeline::start_times_ms(side)).concat();
    let line = Timeline::from_times(times, timeline::times_note(source.recording));
    let headline = comparison.headline;
    let cost = |moment: &TimedCallCost| {
        if comparison.has_dollars {
            moment.cost.total_money().0
        } else {
            i128::from(headline.amount_in_saving(&moment.cost))
        }
    };
    let so_far = |moments: &[TimedCallCost]| {
        let mut slots = vec![0; line.slots.len()];
        for moment in moments {
            slots[line.slot_of(moment.start_ms)] += cost(moment);
        }
        let add = |sum: &mut i128, slot: i128| {
            *sum += slot;
            Some(*sum)
        };
        slots.into_iter().scan(0, add).collect()
    };
    let (unit, what) = if comparison.has_dollars {
        (ChartUnit::Money, "dollars")
    } else {
        (ChartUnit::Tokens, headline.sentence_words())
    };
    Ok(Box::new(CostChart {
        title: format!("{}: {what} over time, before and after", source.recording_name()),
        what: what.to_owned(),
        unit,
        before: so_far(&before),
        after: so_far(&after),
        timeline: line,
        footer: source.footer_lines(),
    }))
}
