//! Sessions of a queue of requests, and rules that drop some of them.
//!
//! A rule is a predicate on sessions, so that two rules that stop the same session drop it once and
//! each keeps what the other leaves. Where the recording does not tell what a rule asks about, the
//! share that its card asks for stands in, of every session alike.

use super::named_work;
use super::packets::drop_invocation;
use crate::intervene::ToggleParams;
use crate::plan::Patch;
use crate::recording::{QueueReason, Recording};
use std::ops::Range;

/// A session of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSession<'a> {
    /// Its calls.
    pub calls: Range<usize>,
    /// The request that it is about.
    pub request: &'a str,
    /// Why it was started.
    pub reasons: Vec<QueueReason>,
}

impl QueueSession<'_> {
    /// Whether it has a reason.
    pub fn is_for(&self, reason: QueueReason) -> bool {
        self.reasons.contains(&reason)
    }
}

/// The sessions of a queue, in the order of their calls.
pub fn queue_sessions(recording: &Recording) -> Vec<QueueSession<'_>> {
    let all = recording.invocations.iter().enumerate().filter_map(|(at, invocation)| {
        let reasons = invocation.packet.queue_reasons()?;
        let calls = recording.calls_of_invocation(at);
        Some(QueueSession { calls, request: &invocation.packet.root, reasons })
    });
    let mut all: Vec<QueueSession<'_>> = all.filter(|one| !one.calls.is_empty()).collect();
    // Rules that count cycles go by time, whatever the order of files.
    all.sort_by_key(|one| (recording.calls[one.calls.start].start_ms, one.calls.start));
    all
}

/// Whether there is a queue, and it tells what stands as `untold` otherwise.
pub fn queue_tells(recording: &Recording, untold: QueueReason) -> bool {
    let mut sessions = queue_sessions(recording).into_iter().peekable();
    sessions.peek().is_some() && sessions.all(|one| !one.is_for(untold))
}

/// Drops the sessions that a rule stops, or the asked share of all where that is not told.
pub fn stop_sessions(
    recording: &Recording,
    params: &ToggleParams,
    untold: QueueReason,
    mut stops: impl FnMut(&QueueSession<'_>) -> bool,
) -> Patch {
    if !queue_tells(recording, untold) {
        return named_work::take_maintenance_share(recording, params);
    }
    let mut patch = Patch::default();
    for one in queue_sessions(recording) {
        if stops(&one) {
            patch.found_places += 1;
            drop_invocation(recording, &mut patch, one.calls);
        }
    }
    patch
}
