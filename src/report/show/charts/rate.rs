//! Calls a minute over time, before and after; under a limiter where packets wake agents.

use super::{ChartResult, ChartSource, call_times};
use crate::clock::turn_limiter::{PacketTurn, TurnLimits, counts_in_last_minute, run_turns};
use crate::report::chart::{CallRateChart, CallRateSeries, Timeline};
use crate::report::format;
use crate::study::whatif::agent_loads;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let (report, recording) = (source.comparison_report, source.recording);
    let limits = report.bounded_limiter().map(|loads| loads.limits);
    let (sides, sent) = match limits {
        None => (call_times::starts_of_sides(source)?, None),
        Some(limits) => {
            let turns = replayed_turns_of_sides(source);
            // Area and line are the same requests on one clock: without a limit, where a digest
            // comes when its work ends all the same, and under the limiter.
            let sent_under = |limits| turns.each_ref().map(|side| run_turns(side, limits).sent_ms);
            let sides = sent_under(TurnLimits::default());
            call_times::check_times(&sides[0])?;
            (sides, Some(sent_under(limits)))
        }
    };
    let times = sides.iter().chain(sent.iter().flatten()).flatten().copied().collect();
    let left_out = limits.map_or("", |_| "Calls outside packets are left out.");
    let note = [call_times::times_note(recording), left_out].join(" ").trim().to_owned();
    let timeline = Timeline::from_times(times, &note);
    let [mut before, mut after] = sides.map(|starts| {
        let mut calls = vec![0; timeline.slots.len()];
        for start in &starts {
            calls[timeline.slot_of(*start)] += 1;
        }
        CallRateSeries { calls, peaks: peaks_by_slot(&timeline, &starts), limited: Vec::new() }
    });
    if let Some(sent) = sent {
        [before.limited, after.limited] = sent.map(|times| peaks_by_slot(&timeline, &times));
    }
    Ok(Box::new(CallRateChart {
        title: "Calls a minute".to_owned(),
        subtitle: format!("most calls in any minute; {}", source.fixes_words()),
        before,
        after,
        timeline,
        limiter: limits.map(limiter_words).unwrap_or_default(),
        footer: source.footer_lines(),
    }))
}

/// The turns of agents without any fix and with those of the picture.
fn replayed_turns_of_sides(source: &ChartSource<'_>) -> [Vec<PacketTurn>; 2] {
    let comparison = source.comparison_report.comparison;
    [0, source.fixes()]
        .map(|subset| agent_loads::replayed_turns(source.recording, &comparison.plan, subset))
}

/// The most calls within any minute that ends in each slot; the times are in order.
fn peaks_by_slot(timeline: &Timeline, times: &[i64]) -> Vec<i64> {
    let mut peaks = vec![0; timeline.slots.len()];
    for (time, count) in times.iter().zip(counts_in_last_minute(times)) {
        let peak = &mut peaks[timeline.slot_of(*time)];
        *peak = count.max(*peak);
    }
    peaks
}

/// What a limiter does, in words.
fn limiter_words(limits: TurnLimits) -> String {
    let turns = limits.turns.map(|turns| format::format_integer(turns as i64, false));
    let turns = turns.unwrap_or_default();
    let requests = limits.requests_a_minute.map(|most| {
        format!(" and {} requests a minute", format::format_integer(i64::from(most), false))
    });
    format!("agents' requests with at most {turns} turns at once{}", requests.unwrap_or_default())
}
