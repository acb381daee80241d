//! Usage by step of a pipeline, with the orchestrator as a row of its own.
//!
//! Sessions of one step are one row, subagents with their session's. An orchestrator serves the
//! orders that it dispatches for: its calls are shared out by stretches (MODEL.md,
//! "Orchestrators"), so that the rows of all orders add up to what was used.

use crate::ids::NO_INDEX;
use crate::recording::{Recording, Role, Session};
use crate::toml_reader::nearest_name_hint;
use crate::units::{Usage, apportion};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The name of the orchestrator's row.
pub const ORCHESTRATOR: &str = "orchestrator";

/// One row: the sessions of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUsageRow {
    /// The step; empty for sessions of no step.
    pub step: String,
    /// Whether it is the orchestrator's.
    pub orchestrator: bool,
    /// The models that it used, by name.
    pub models: BTreeSet<String>,
    /// Sessions, subagents not counted.
    pub sessions: i64,
    /// Tokens by class.
    pub usage: Usage,
    /// The largest cache read of a call, tokens.
    pub peak_read: i64,
    /// Transcript records.
    pub records: i64,
    /// Calls that are known.
    pub calls: i64,
    /// Sessions of which nothing says how many calls they made.
    pub uncounted: i64,
    /// The time of all sessions, one after the other, milliseconds; parallel ones add up.
    pub time_ms: i64,
    /// Sessions whose totals are too high, because they were killed and no file shows their calls.
    pub inflated: i64,
    /// Sessions of which only totals are known.
    pub totals_only: i64,
}

/// The steps of a pipeline, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUsage {
    /// The rows in the order in which the steps began; the orchestrator last.
    pub rows: Vec<StepUsageRow>,
    /// Their sum.
    pub total: StepUsageRow,
    /// Orchestrators that serve other pipelines too.
    pub shared: i64,
}

/// No session belongs to the pipeline that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no session of order '{order}'{near}; there are {known}")]
pub struct NoSuchOrder {
    /// What was asked for.
    pub order: String,
    /// The nearest one, as a hint that starts with a space, or empty.
    pub near: String,
    /// What there is, up to a limit.
    pub known: String,
}

/// Most orders that a message lists.
const LISTED: usize = 20;

/// Sums up the sessions of `order`, or of the whole recording.
///
/// # Errors
/// An order that nothing in the recording belongs to.
pub fn usage_by_step(recording: &Recording, order: Option<&str>) -> Result<StepUsage, NoSuchOrder> {
    let orders = known_orders(recording);
    if let Some(order) = order
        && !orders.contains(order)
    {
        let mut known: Vec<&str> = orders.iter().copied().filter(|o| !o.is_empty()).collect();
        let near = nearest_name_hint(order, known.iter().copied());
        let more = known.len().saturating_sub(LISTED);
        known.truncate(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(NoSuchOrder { order: order.to_owned(), near, known: known + &more });
    }
    let mut steps = StepUsage::default();
    let mut begun: BTreeMap<(bool, String), i64> = BTreeMap::new();
    let mut rows: BTreeMap<(bool, String), StepUsageRow> = BTreeMap::new();
    let shares = dispatches_by_orchestrator(recording);
    let rests = remainders_by_session(recording);
    for (index, session) in recording.sessions.iter().enumerate() {
        let parts = split_session_by_order(recording, (index, &rests[index]), &shares);
        let mine: Vec<&OrderPart> =
            parts.iter().filter(|part| order.is_none_or(|order| part.order == order)).collect();
        if mine.is_empty() {
            continue;
        }
        let orchestrator = shares.contains_key(owner_session_id(session));
        steps.shared += i64::from(session.role == Role::Orchestrator && mine.len() < parts.len());
        let step = row_name_of_session(session, &shares).to_owned();
        let key = (orchestrator, step.clone());
        let first = recording.calls[session.call_range()].first().map(|call| call.start_ms);
        // A session whose start nobody knows goes behind all others.
        let start = session.harness_totals.start_ms.or(first).unwrap_or(i64::MAX);
        let first = begun.entry(key.clone()).or_insert(start);
        *first = start.min(*first);
        let row = rows.entry(key).or_default();
        (row.step, row.orchestrator) = (step, orchestrator);
        row.add_session(recording, session, &rests[index]);
        for part in mine {
            row.add_part(part);
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by(|(a, _), (b, _)| (a.0, begun[a], &a.1).cmp(&(b.0, begun[b], &b.1)));
    steps.rows = rows.into_iter().map(|(_, row)| row).collect();
    // A published total may hold an orchestrator that no session shows; of several orders nobody
    // knows whose it is.
    if order.is_none() || orders.len() == 1 {
        steps.rows.extend(published_orchestrator(recording));
    }
    for row in &steps.rows {
        steps.total.add_row(row);
    }
    Ok(steps)
}

/// The row of an orchestrator of which a source tells a total alone.
fn published_orchestrator(recording: &Recording) -> Option<StepUsageRow> {
    let mut row = StepUsageRow {
        step: ORCHESTRATOR.to_owned(),
        orchestrator: true,
        ..StepUsageRow::default()
    };
    for rest in &recording.remainders {
        if rest.session == NO_INDEX && rest.why == ORCHESTRATOR {
            row.usage += rest.usage;
            row.sessions += 1;
            row.uncounted += 1;
            row.totals_only += 1;
            row.models.insert(recording.model_name(rest.model).to_owned());
        }
    }
    (row.sessions > 0).then_some(row)
}

/// The session that an id belongs to: itself, or the parent of a subagent.
pub(crate) fn owner_session_id(session: &Session) -> &str {
    session.id.split('/').next().unwrap_or_default()
}

/// The row of each session; empty for one of no step.
#[must_use]
pub fn row_names_by_session(recording: &Recording) -> Vec<&str> {
    let shares = dispatches_by_orchestrator(recording);
    recording.sessions.iter().map(|session| row_name_of_session(session, &shares)).collect()
}

/// The row of a session: its step, or the orchestrator's where it or its parent dispatches.
fn row_name_of_session<'a>(
    session: &'a Session,
    shares: &BTreeMap<&str, BTreeMap<&str, i64>>,
) -> &'a str {
    if shares.contains_key(owner_session_id(session)) { ORCHESTRATOR } else { &session.step }
}

/// All orders: of sessions, and of dispatches.
fn known_orders(recording: &Recording) -> BTreeSet<&str> {
    let shares = dispatches_by_orchestrator(recording);
    let plain = recording.sessions.iter().filter(|one| !shares.contains_key(owner_session_id(one)));
    let dispatched = shares.values().flatten().map(|(order, _)| *order);
    plain.map(|one| one.pipeline.as_str()).chain(dispatched).collect()
}

/// By orchestrator: the orders that it dispatched for, and how often.
fn dispatches_by_orchestrator(recording: &Recording) -> BTreeMap<&str, BTreeMap<&str, i64>> {
    let mut shares: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for invocation in &recording.invocations {
        let session =
            &recording.sessions[recording.calls[invocation.call as usize].session as usize];
        if session.role == Role::Orchestrator && !invocation.packet.root.is_empty() {
            let orders = shares.entry(session.id.as_str()).or_default();
            *orders.entry(&invocation.packet.root).or_default() += 1;
        }
    }
    shares
}

/// What was billed with each session beyond its calls.
fn remainders_by_session(recording: &Recording) -> Vec<Vec<(&str, Usage)>> {
    let mut rests = vec![Vec::new(); recording.sessions.len()];
    for rest in &recording.remainders {
        if let Some(own) = rests.get_mut(rest.session as usize) {
            own.push((recording.model_name(rest.model), rest.usage));
        }
    }
    rests
}

/// What of a session belongs to one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OrderPart {
    order: String,
    usage: Usage,
    records: i64,
    calls: i64,
    time_ms: i64,
}

/// The sums of a stretch of calls, in the order of [`OrderPart::from_sums`].
type StretchSums = [i64; 8];

impl OrderPart {
    fn from_sums(order: &str, sums: StretchSums) -> Self {
        let [fresh, read, write_5m, write_1h, output, records, calls, time_ms] = sums;
        let usage = Usage { fresh, read, write_5m, write_1h, output };
        Self { order: order.to_owned(), usage, records, calls, time_ms }
    }

    fn to_sums(&self) -> StretchSums {
        let [fresh, read, write_5m, write_1h, output] = self.usage.by_class();
        [fresh, read, write_5m, write_1h, output, self.records, self.calls, self.time_ms]
    }
}

/// A session by order: one part, or several where it is an orchestrator's.
fn split_session_by_order(
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
            if let Some((last, _)) = stretches.last_mut() {
                last.end = at;
            }
            stretches.push((at..range.end, BTreeMap::new()));
        }
        if let Some((_, weights)) = stretches.last_mut() {
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

impl StepUsageRow {
    /// What belongs to a session as a whole, however it is shared.
    fn add_session(&mut self, recording: &Recording, session: &Session, rests: &[(&str, Usage)]) {
        let calls = &recording.calls[session.call_range()];
        self.models.extend(calls.iter().map(|call| recording.model_name(call.model).to_owned()));
        self.models.extend(rests.iter().map(|(model, _)| (*model).to_owned()));
        let main = session.role != Role::Subagent;
        self.sessions += i64::from(main);
        // The peak of a session without calls is what the harness told.
        let peak = calls.iter().map(|call| call.usage.read).max();
        self.peak_read =
            self.peak_read.max(peak.or(session.harness_totals.peak_context).unwrap_or(0));
        if session.calls == 0 {
            self.totals_only += 1;
            self.uncounted += i64::from(session.harness_totals.calls.is_none());
            self.inflated += i64::from(session.harness_totals.unfinished);
        }
    }

    fn add_part(&mut self, part: &OrderPart) {
        let sums = part.to_sums();
        self.usage += part.usage;
        self.records += sums[5];
        self.calls += sums[6];
        self.time_ms += sums[7];
    }

    fn add_row(&mut self, row: &Self) {
        self.models.extend(row.models.iter().cloned());
        self.sessions += row.sessions;
        self.usage += row.usage;
        self.peak_read = self.peak_read.max(row.peak_read);
        self.records += row.records;
        self.calls += row.calls;
        self.uncounted += row.uncounted;
        self.time_ms += row.time_ms;
        self.inflated += row.inflated;
        self.totals_only += row.totals_only;
    }
}
