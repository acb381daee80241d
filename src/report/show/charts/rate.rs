//! Calls a minute over time, before and after; under a limiter where packets wake agents.

use super::{ChartResult, ChartSource, timeline};
use crate::report::chart::{CallRateChart, CallRateSeries, Timeline};
use crate::report::format;
use crate::study::inspect::turn_limiter::{self, TurnLimits};
use crate::study::whatif::compare::subset_of_first;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let (shown, recording) = (source.comparison_report, source.recording);
    let [before, after] =
        timeline::moments_of_sides(source)?.map(|side| timeline::start_times_ms(&side));
    // The first limiter that bounds anything: the default one.
    let limits = shown.loads.iter().map(|loads| loads.limits).find(|limits| limits.turns.is_some());
    let plan = &shown.comparison.plan;
    let sent = |subset| {
        let limited = |limits| {
            turn_limiter::request_times_ms(
                &turn_limiter::replayed_turns(recording, plan, subset),
                limits,
            )
        };
        limits.map(limited).unwrap_or_default()
    };
    let all = subset_of_first(shown.comparison.toggles.len());
    let (sent_before, sent_after) = (sent(0), sent(all));
    let times = [&before[..], &after, &sent_before, &sent_after].concat();
    let line = Timeline::from_times(times, timeline::times_note(recording));
    let peaks = |times: &[i64]| {
        let mut peaks = vec![0; line.slots.len()];
        for (time, count) in times.iter().zip(turn_limiter::counts_in_last_minute(times)) {
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
        CallRateSeries { calls, peaks: peaks(starts), limited }
    };
    let (before, after) = (flow(&before, &sent_before), flow(&after, &sent_after));
    Ok(Box::new(CallRateChart {
        title: format!("{}: calls a minute, before and after", source.recording_name()),
        before,
        after,
        timeline: line,
        limiter: limits.map(limiter_words).unwrap_or_default(),
        footer: source.footer_lines(),
    }))
}

/// What a limiter does, in words.
fn limiter_words(limits: TurnLimits) -> String {
    let integer = |n| format::format_integer(n, false);
    let turns = limits.turns.map_or(String::new(), |turns| integer(turns as i64));
    let requests = limits
        .requests_a_minute
        .map(|most| format!(" and {} requests a minute", integer(i64::from(most))));
    format!("agents' requests with at most {turns} turns at once{}", requests.unwrap_or_default())
}
