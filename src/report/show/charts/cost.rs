//! Cumulative cost over time, before and after; tokens where dollars mean nothing.

use super::{Made, Source, timeline};
use crate::report::chart::{Cost, Timeline, Unit};
use crate::study::over_time::Moment;

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let [before, after] = timeline::sides(source)?;
    let times = [&before, &after].map(|side| timeline::starts_ms(side)).concat();
    let line = Timeline::over(times, timeline::note(source.recording));
    let headline = comparison.headline;
    let cost = |moment: &Moment| {
        if comparison.has_dollars {
            moment.cost.money().0
        } else {
            i128::from(headline.of(&moment.cost))
        }
    };
    let so_far = |moments: &[Moment]| {
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
