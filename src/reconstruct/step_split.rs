//! A step's published totals, split among its sessions.
//!
//! Every column is split so that its sum stays exact. Where the inventory prints a session's part
//! the step's total is shared in that proportion, for the table is the firmer of the two; writes
//! are printed for steps only and split so that the sessions share one growth exponent.

use super::call_count::{self, CallCount, CallEvidence, Lens, UncountedSession, saturate_u32};
use super::call_tally::RECORDS_PER_CALL_HUNDREDTHS;
use super::context_growth::GrowthProblem;
use super::figure::Figure;
use super::reported::{InventoryRow, ReportedPipeline, ReportedStepRow};
use super::session_calls::PublishedTotals;
use super::solved_before::SolvedBefore;
use crate::units::{apportion, scale_by_ratio};

/// Steps whose calls were counted before: by their sessions, writes and start context.
pub(super) type CountedSteps = SolvedBefore<(Vec<UncountedSession>, i64, i64), Vec<CallCount>>;

/// A session before its growth is solved.
pub(super) struct SessionPlan {
    /// What it must add up to.
    pub(super) totals: PublishedTotals,
    /// Calls as published, where they were.
    pub(super) calls_published: Option<u32>,
    /// Calls under the lens.
    pub(super) count: CallCount,
    /// Its reads.
    pub(super) read: i64,
    /// Its writes.
    pub(super) write: i64,
}

impl SessionPlan {
    /// What its growth must meet, with known events.
    pub(super) fn growth_problem<'a>(&self, entering: &'a [i64]) -> GrowthProblem<'a> {
        GrowthProblem { start: self.totals.start, read: self.read, write: self.write, entering }
    }
}

/// Splits a step's totals among its sessions and counts their calls.
pub(super) fn split_step(
    reported: &ReportedPipeline,
    row: &ReportedStepRow,
    lens: Lens,
    start: i64,
    given: &[(String, u32)],
    (counted, notes): (&mut CountedSteps, &mut Vec<String>),
) -> Vec<SessionPlan> {
    let listed: Vec<&InventoryRow> = reported.sessions_of_step(&row.step).collect();
    let number = if listed.is_empty() {
        usize::try_from(row.sessions.value()).unwrap_or(1)
    } else {
        listed.len()
    };
    let ids: Vec<String> = (0..number).map(|i| session_name(row, &listed, i, number)).collect();
    let reads = share_like_inventory(&row.read, &listed, number, |session| session.read.value());
    let unfit: Vec<UncountedSession> = (0..number)
        .map(|i| UncountedSession {
            known: call_evidence(reported, listed.get(i).copied(), lens, &ids[i], given),
            read: reads[i],
        })
        .collect();
    let counts = count_step_calls(&unfit, row, start, listed.is_empty(), (counted, notes));
    let likeliest: Vec<u32> = counts.iter().map(|count| count.calls).collect();
    let shares = call_count::write_weights(&unfit, &likeliest, row.write.value(), start);
    let writes = apportion(row.write.value(), &shares);
    // Every call has a few fresh tokens, so that they follow the number of calls.
    let calls: Vec<i64> = likeliest.iter().map(|&n| i64::from(n)).collect();
    let fresh = apportion(row.fresh.value(), &calls);
    let outputs =
        share_like_inventory(&row.output, &listed, number, |session| session.output.value());
    // What nobody published takes no time: sessions then follow each other at once.
    let whole_time = row.time.clone().unwrap_or_else(|| Figure::of_count(0));
    let times = share_like_inventory(&whole_time, &listed, number, |session| {
        session.time.as_ref().map_or(0, Figure::value)
    });
    let prose_chars = reported.stated_or_assumed("prose-chars").map_or(0, |figure| figure.value());
    let mut plans = Vec::with_capacity(number);
    for (i, count) in counts.into_iter().enumerate() {
        let calls_published = listed.get(i).map(|session| saturate_u32(session.calls.value()));
        // Where no records were counted, the median of law L1 stands in.
        let guess =
            saturate_u32(scale_by_ratio(i64::from(count.calls), RECORDS_PER_CALL_HUNDREDTHS, 100));
        plans.push(SessionPlan {
            totals: PublishedTotals {
                id: ids[i].clone(),
                pipeline: reported.name.clone(),
                step: row.step.clone(),
                start,
                fresh: fresh[i],
                output: outputs[i],
                records: calls_published.unwrap_or(guess),
                // Set when the steps are put one behind the other.
                begin_ms: 0,
                time_ms: times[i],
                prose_chars,
            },
            calls_published,
            read: reads[i],
            write: writes[i],
            count,
        });
    }
    plans
}

/// A step's total in the proportion of what the inventory prints of its sessions; in equal parts
/// where it lists none.
fn share_like_inventory(
    total: &Figure,
    listed: &[&InventoryRow],
    number: usize,
    printed: fn(&InventoryRow) -> i64,
) -> Vec<i64> {
    let mut weights: Vec<i64> = listed.iter().map(|session| printed(session)).collect();
    weights.resize(number, 1);
    apportion(total.value(), &weights)
}

/// The id of a session; sessions that no inventory lists are named after their step.
fn session_name(
    row: &ReportedStepRow,
    listed: &[&InventoryRow],
    index: usize,
    number: usize,
) -> String {
    match (listed.get(index), number) {
        (Some(session), _) => session.id.clone(),
        (None, 1) => row.step.clone(),
        (None, _) => format!("{}-{}", row.step, index + 1),
    }
}

/// What is known of a session's calls under a lens.
fn call_evidence(
    reported: &ReportedPipeline,
    row: Option<&InventoryRow>,
    lens: Lens,
    id: &str,
    given: &[(String, u32)],
) -> CallEvidence {
    if let Some((_, calls)) = given.iter().find(|(session, _)| session == id) {
        return CallEvidence::Calls((*calls).max(1));
    }
    let Some(row) = row else {
        return CallEvidence::Nothing;
    };
    // A count of tool calls is as good as one of calls: a call uses one tool, or nearly so.
    let records = saturate_u32(row.calls.value());
    let counted = row.deduplicated.as_ref().or(row.tool_calls.as_ref());
    match (lens, counted) {
        (Lens::Record, _) => CallEvidence::Calls(records),
        (Lens::Message, None) if reported.counts_calls(&row.calls) => CallEvidence::Calls(records),
        (Lens::Message, Some(figure)) => CallEvidence::Calls(saturate_u32(figure.value())),
        (Lens::Message, None) => CallEvidence::Records(records),
    }
}

/// The calls of sessions, as [`call_count::count_calls`] counts them.
fn count_calls_once(
    sessions: &[UncountedSession],
    write: i64,
    start: i64,
    counted: &mut CountedSteps,
) -> Option<Vec<CallCount>> {
    let count_calls = || call_count::count_calls(sessions, write, start);
    // Where every count is given there is nothing to find, and a key would cost more.
    if sessions.iter().all(|session| matches!(session.known, CallEvidence::Calls(_))) {
        return count_calls();
    }
    counted.solve_once((sessions.to_vec(), write, start), || count_calls().ok_or(())).ok()
}

/// Counts the calls of a step; totals that fit no count fall back to what was published.
fn count_step_calls(
    unfit: &[UncountedSession],
    row: &ReportedStepRow,
    start: i64,
    equal: bool,
    (counted, notes): (&mut CountedSteps, &mut Vec<String>),
) -> Vec<CallCount> {
    let write = row.write.value();
    if equal && unfit.iter().all(|session| session.known == CallEvidence::Nothing) {
        // Equal sessions need one count only.
        let sessions = unfit.len() as i64;
        if let Some(mut counts) = count_calls_once(&unfit[..1], write / sessions, start, counted) {
            notes.push(format!(
                "{}: no call count is published, so the lens changes nothing; the likeliest growth \
                 exponent decides",
                row.step
            ));
            return vec![counts.swap_remove(0); unfit.len()];
        }
    } else if let Some(counts) = count_calls_once(unfit, write, start, counted) {
        return counts;
    }
    // No exponent serves: the plain quotients are taken, and the start context will give way.
    unfit
        .iter()
        .map(|session| match session.known {
            CallEvidence::Calls(calls) => calls,
            CallEvidence::Records(records) => {
                saturate_u32(scale_by_ratio(i64::from(records), 100, RECORDS_PER_CALL_HUNDREDTHS))
                    .max(2)
            }
            CallEvidence::Nothing => {
                // A mean context is about the start and half of what was written.
                let calls = session.read / (start + write / 2).max(1);
                saturate_u32(calls.clamp(2, call_count::MAX_CALLS_TRIED))
            }
        })
        .map(CallCount::without_doubt)
        .collect()
}
