//! Usage by step of a pipeline, with the orchestrator as a row of its own.
//!
//! Sessions of one step are one row, subagents with their session's. An orchestrator serves the
//! orders that it dispatches for: its calls are shared out by stretches (MODEL.md,
//! "Orchestrators"), so that the rows of all orders add up to what was used.

use super::order_parts::{
    OrderPart, dispatches_by_orchestrator, owner_session_id, split_session_by_order,
};
use crate::ids::NO_INDEX;
use crate::recording::{Recording, Role, Session};
use crate::toml_reader::nearest_name_hint;
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};

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
    let mut sums = StepSums::default();
    for_each_session(recording, |session, parts| {
        let mine = parts.iter().filter(|part| order.is_none_or(|order| part.order == order));
        sums.add_session(session, mine, parts.len());
    });
    // A published total may hold an orchestrator that no session shows; of several orders nobody
    // knows whose it is.
    let published = order.is_none() || orders.len() == 1;
    Ok(sums.into_usage(published.then(|| published_orchestrator(recording)).flatten()))
}

/// [`usage_by_step`] of every order, in one pass.
#[must_use]
pub fn usage_by_order(recording: &Recording) -> BTreeMap<String, StepUsage> {
    let orders = known_orders(recording);
    let mut sums: BTreeMap<&str, StepSums> =
        orders.iter().map(|order| (*order, StepSums::default())).collect();
    for_each_session(recording, |session, parts| {
        for part in parts {
            if let Some(sums) = sums.get_mut(part.order.as_str()) {
                sums.add_session(session, std::iter::once(part), parts.len());
            }
        }
    });
    // A published orchestrator belongs to the one order that there is.
    let rows = sums.into_iter().map(|(order, sums)| {
        let published = (orders.len() == 1).then(|| published_orchestrator(recording)).flatten();
        (order.to_owned(), sums.into_usage(published))
    });
    rows.collect()
}

/// A session on its way into rows.
struct OwnedSession<'a> {
    recording: &'a Recording,
    session: &'a Session,
    rests: &'a [(&'a str, Usage)],
    step: &'a str,
    has_orchestrator: bool,
}

/// Every session, with its parts by order.
fn for_each_session(recording: &Recording, mut add: impl FnMut(&OwnedSession<'_>, &[OrderPart])) {
    let shares = dispatches_by_orchestrator(recording);
    let rests = remainders_by_session(recording);
    for (index, (session, rests)) in recording.sessions.iter().zip(&rests).enumerate() {
        let step = row_name_of_session(session, &shares);
        let has_orchestrator = shares.contains_key(owner_session_id(session));
        let parts = split_session_by_order(recording, (index, rests), &shares);
        add(&OwnedSession { recording, session, rests, step, has_orchestrator }, &parts);
    }
}

/// Rows that are being summed up, with the start of each.
#[derive(Default)]
struct StepSums {
    shared: i64,
    rows: BTreeMap<(bool, String), (i64, StepUsageRow)>,
}

impl StepSums {
    /// Adds those parts of a session, of `all` that it has, that belong here.
    fn add_session<'a>(
        &mut self,
        owned: &OwnedSession<'_>,
        mine: impl Iterator<Item = &'a OrderPart>,
        all: usize,
    ) {
        let mine: Vec<&OrderPart> = mine.collect();
        if mine.is_empty() {
            return;
        }
        let OwnedSession { recording, session, rests, step, has_orchestrator } = *owned;
        // An orchestrator that has parts in other orders as well.
        self.shared += i64::from(session.role == Role::Orchestrator && mine.len() < all);
        let first = recording.calls[session.call_range()].first().map(|call| call.start_ms);
        // A session whose start nobody knows goes behind all others.
        let start = session.harness_totals.start_ms.or(first).unwrap_or(i64::MAX);
        let key = (has_orchestrator, step.to_owned());
        let (begun, row) = self.rows.entry(key).or_insert_with(|| (start, StepUsageRow::default()));
        *begun = start.min(*begun);
        (row.step, row.orchestrator) = (step.to_owned(), has_orchestrator);
        row.add_session(recording, session, rests);
        for part in mine {
            row.add_part(part);
        }
    }

    fn into_usage(self, published: Option<StepUsageRow>) -> StepUsage {
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_by(|(a, (a_begun, _)), (b, (b_begun, _))| {
            (a.0, a_begun, &a.1).cmp(&(b.0, b_begun, &b.1))
        });
        let rows = rows.into_iter().map(|(_, (_, row))| row).chain(published).collect();
        let mut steps = StepUsage { shared: self.shared, rows, ..StepUsage::default() };
        for row in &steps.rows {
            steps.total.add_row(row);
        }
        steps
    }
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
        self.usage += part.usage;
        self.records += part.records;
        self.calls += part.calls;
        self.time_ms += part.time_ms;
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
