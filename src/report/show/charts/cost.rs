//! Cumulative cost over time, before and after; tokens where dollars mean nothing.

use super::{Made, Source, timeline};
use crate::replay::{self, CallRow};
use crate::report::chart::{Cost, Timeline, Unit};
use crate::study::sides::Saving;

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let [before, after] = timeline::sides(source)?;
    let times = [&before, &after].map(|rows| timeline::starts_ms(rows)).concat();
    let line = Timeline::over(times, timeline::note(source.recording));
    let headline = comparison.headline;
    let cost = |row: &CallRow| {
        if comparison.has_dollars {
            let cost = replay::tally_call(&comparison.plan, row);
            return (cost.recorded + cost.hidden).0;
        }
        let (usage, hidden_output) = (row.outcome.usage, row.outcome.hidden);
        i128::from(headline.of(&Saving { usage, hidden_output, ..Saving::default() }))
    };
    let so_far = |rows: &[CallRow]| {
        let mut slots = vec![0; line.slots.len()];
        for row in rows {
            slots[line.slot_of(row.outcome.start_ms)] += cost(row);
        }
        let add = |sum: &mut i128, slot: i128| {
            *sum += slot;
            Some(*sum)
        };
        slots.into_iter().scan(0, add).collect()
    };
    let (unit, what) = if comparison.has_dollars {
        (Unit::Money, "dollars")
    } else {
        (Unit::Tokens, headline.words())
    };
    Ok(Box::new(Cost {
        title: format!("{}: {what} over time, before and after", source.name()),
        what: what.to_owned(),
        unit,
        before: so_far(&before),
        after: so_far(&after),
        timeline: line,
        footer: source.footer(),
    }))
}
