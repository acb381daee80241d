//! Calls a minute over time, before and after; under a limiter where packets wake agents.

use super::{Made, Source, timeline};
use crate::report::chart::{Flow, Rate, Timeline};
use crate::report::format;
use crate::study::compare::subset_of_first;
use crate::study::limiter::{self, Limits};

pub fn make(source: &Source<'_>) -> Made {
    let (shown, recording) = (source.shown, source.recording);
    let [before, after] = timeline::sides(source)?.map(|side| timeline::starts_ms(&side));
    // The first limiter that bounds anything: the default one.
    let limits = shown.loads.iter().map(|loads| loads.limits).find(|limits| limits.turns.is_some());
    let plan = &shown.comparison.plan;
    let sent = |subset| {
        let limited = |limits| limiter::sent_ms(&limiter::turns(recording, plan, subset), limits);
        limits.map(limited).unwrap_or_default()
    };
    let all = subset_of_first(shown.comparison.toggles.len());
    let (sent_before, sent_after) = (sent(0), sent(all));
    let times = [&before[..], &after, &sent_before, &sent_after].concat();
    let line = Timeline::over(times, timeline::note(recording));
    let peaks = |times: &[i64]| {
        let mut peaks = vec![0; line.slots.len()];
        for (time, count) in times.iter().zip(limiter::in_the_last_minute(times)) {
            let slot = &mut peaks[line.slot_of(*time)];
            *slot = count.max(*slot);
        }
        peaks
    };
    let flow = |starts: &[i64], sent: &[i64]| {
        let mut calls = vec![0; line.slots.len()];
        for start in starts {
            calls[line.slot_of(*start)] += 1;
        }
        let limited = if limits.is_some() { peaks(sent) } else { Vec::new() };
        Flow { calls, peaks: peaks(starts), limited }
    };
    let (before, after) = (flow(&before, &sent_before), flow(&after, &sent_after));
    Ok(Box::new(Rate {
        title: format!("{}: calls a minute, before and after", source.name()),
        before,
        after,
        timeline: line,
        limiter: limits.map(words).unwrap_or_default(),
        footer: source.footer(),
    }))
}

/// What a limiter does, in words.
fn words(limits: Limits) -> String {
    let integer = |n| format::integer(n, false);
    let turns = limits.turns.map_or(String::new(), |turns| integer(turns as i64));
    let requests = limits
        .requests_a_minute
        .map(|most| format!(" and {} requests a minute", integer(i64::from(most))));
    format!("agents' requests with at most {turns} turns at once{}", requests.unwrap_or_default())
}
