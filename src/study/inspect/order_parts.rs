//! What of a session belongs to which order.

use crate::recording::{Recording, Role, Session};
use crate::units::{Usage, apportion};
use std::collections::BTreeMap;
use std::ops::Range;

/// The session that an id belongs to: itself, or the parent of a subagent.
pub(crate) fn owner_session_id(session: &Session) -> &str {
    session.id.split('/').next().unwrap_or_default()
}

/// By orchestrator: the orders that it dispatched for, and how often.
pub(super) fn dispatches_by_orchestrator(
    recording: &Recording,
) -> BTreeMap<&str, BTreeMap<&str, i64>> {
    let mut shares: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for invocation in &recording.invocations {
        let session =
            &recording.sessions[recording.calls[invocation.call as usize].session as usize];
        // A packet's root is the order that it was sent for.
        if session.role == Role::Orchestrator && !invocation.packet.root.is_empty() {
            let orders = shares.entry(session.id.as_str()).or_default();
            *orders.entry(&invocation.packet.root).or_default() += 1;
        }
    }
    shares
}

/// What of a session belongs to one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OrderPart {
    pub order: String,
    pub usage: Usage,
    pub records: i64,
    pub calls: i64,
    pub time_ms: i64,
}

/// The sums of a stretch of calls, in the order of [`OrderPart::from_sums`].
type StretchSums = [i64; 8];

impl OrderPart {
    fn from_sums(order: &str, sums: StretchSums) -> Self {
        let [fresh, read, write_5m, write_1h, output, records, calls, time_ms] = sums;
        let usage = Usage { fresh, read, write_5m, write_1h, output };
        Self { order: order.to_owned(), usage, records, calls, time_ms }
    }
}

/// A session by order: one part, or several where it is an orchestrator's.
pub(super) fn split_session_by_order(
    recording: &Recording,
    (index, rests): (usize, &[(&str, Usage)]),
    shares: &BTreeMap<&str, BTreeMap<&str, i64>>,
) -> Vec<OrderPart> {
    let session = &recording.sessions[index];
    let billed: Usage = rests.iter().map(|(_, usage)| *usage).sum();
    let mut found: BTreeMap<&str, StretchSums> = BTreeMap::new();
    match shares.get(owner_session_id(session)) {
        None => {
            let mut sums = sum_stretch(recording, session.call_range());
            // Of a session without calls only its totals are known, from the harness.
            if session.calls == 0 {
                sums[5] = i64::from(session.records);
                sums[6] = i64::from(session.harness_totals.calls.unwrap_or(0));
            }
            sums[7] = session
                .harness_totals
                .duration_ms
                .unwrap_or_else(|| elapsed_ms(recording, session.call_range()));
            add_sums(found.entry(&session.pipeline).or_default(), with_usage(sums, billed));
        }
        Some(orders) if session.role != Role::Orchestrator => {
            let mut sums = sum_stretch(recording, session.call_range());
            sums[7] = elapsed_ms(recording, session.call_range());
            share_by_weight(&mut found, orders, with_usage(sums, billed));
        }
        Some(orders) => {
            // An orchestrator serves several orders in one session: what it uses from one dispatch
            // to the next is laid to the orders that were dispatched at its start.
            let mut since = recording.calls[session.first_call as usize].start_ms;
            for (range, weights) in orchestrator_stretches(recording, session) {
                let mut sums = sum_stretch(recording, range.clone());
                // Time between two stretches belongs to the later one.
                let end = recording.calls[range.end - 1].end_ms;
                sums[7] = end - since;
                since = end;
                share_by_weight(&mut found, &weights, sums);
            }
            // What was billed beyond the calls has no place in time: all orders share it.
            share_by_weight(&mut found, orders, with_usage(StretchSums::default(), billed));
        }
    }
    found.into_iter().map(|(order, sums)| OrderPart::from_sums(order, sums)).collect()
}

/// The stretches of an orchestrator's calls, each with the orders that share it.
fn orchestrator_stretches<'a>(
    recording: &'a Recording,
    session: &Session,
) -> Vec<(Range<usize>, BTreeMap<&'a str, i64>)> {
    let range = session.call_range();
    // Invocations stand in the order of their calls, so that those of a session are neighbours.
    let first = recording.invocations.partition_point(|one| (one.call as usize) < range.start);
    let own = recording.invocations[first..]
        .iter()
        .take_while(|one| range.contains(&(one.call as usize)));
    let mut stretches: Vec<(Range<usize>, BTreeMap<&str, i64>)> = Vec::new();
    for invocation in own {
        let at = invocation.call as usize;
        if stretches.last().is_none_or(|(last, _)| last.start != at) {
            // A stretch lasts until the next call that dispatches something.
            if let Some((last, _)) = stretches.last_mut() {
                last.end = at;
            }
            stretches.push((at..range.end, BTreeMap::new()));
        }
        if let Some((_, weights)) = stretches.last_mut() {
            // Several dispatches of one call share its stretch.
            *weights.entry(&invocation.packet.root).or_default() += 1;
        }
    }
    stretches
}

fn sum_stretch(recording: &Recording, calls: Range<usize>) -> StretchSums {
    let mut sums = StretchSums::default();
    for call in &recording.calls[calls] {
        let records = i64::from(call.records);
        add_sums(&mut sums, with_usage([0, 0, 0, 0, 0, records, 1, 0], call.usage));
    }
    sums
}

/// From the start of the first call to the end of the last one.
fn elapsed_ms(recording: &Recording, calls: Range<usize>) -> i64 {
    let calls = &recording.calls[calls];
    calls.first().zip(calls.last()).map_or(0, |(first, last)| last.end_ms - first.start_ms)
}

fn with_usage(mut sums: StretchSums, usage: Usage) -> StretchSums {
    sums.iter_mut().zip(usage.by_class()).for_each(|(sum, more)| *sum += more);
    sums
}

fn add_sums(to: &mut StretchSums, more: StretchSums) {
    to.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
}

/// Shares sums out by weight, each to the last token.
fn share_by_weight<'a>(
    found: &mut BTreeMap<&'a str, StretchSums>,
    weights: &BTreeMap<&'a str, i64>,
    sums: StretchSums,
) {
    let each: Vec<i64> = weights.values().copied().collect();
    // Whole tokens by largest remainder, so that the parts of all orders add up to the session.
    let shared: Vec<Vec<i64>> = sums.iter().map(|&sum| apportion(sum, &each)).collect();
    for (at, order) in weights.keys().enumerate() {
        let mut mine = StretchSums::default();
        mine.iter_mut().zip(&shared).for_each(|(sum, shared)| *sum = shared[at]);
        add_sums(found.entry(order).or_default(), mine);
    }
}
