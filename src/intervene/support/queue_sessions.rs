//! Sessions of a queue of requests, and rules that drop some of them.
//!
//! A rule is a predicate on sessions, so that two rules that stop the same session drop it once and
//! each keeps what the other leaves. Where the recording does not tell what a rule asks about, the
//! share that its card asks for stands in, of every session alike.

use super::named_work;
use super::packets::drop_invocation;
use crate::intervene::ToggleParams;
use crate::plan::Patch;
use crate::recording::{QueueReason, QueueReasons, Recording};
use std::ops::Range;

/// A session of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSession<'a> {
    /// Its calls.
    pub calls: Range<usize>,
    /// The request that it is about.
    pub request: &'a str,
    /// Why it was started.
    pub reasons: QueueReasons,
}

impl QueueSession<'_> {
    /// Whether it has a reason.
    pub fn is_for(&self, reason: QueueReason) -> bool {
        self.reasons.contains(reason)
    }
}

/// The sessions of a queue, in the order of their calls.
pub fn queue_sessions(recording: &Recording) -> Vec<QueueSession<'_>> {
    let mut all = Vec::new();
    // Neighbours are mostly alike, so that a source is taken apart once for all of them.
    let mut last: Option<(&str, QueueReasons)> = None;
    for (at, invocation) in recording.invocations.iter().enumerate() {
        let packet = &invocation.packet;
        let known =
            last.filter(|(source, _)| packet.starts_queue_session() && *source == packet.source);
        let Some(reasons) = known.map(|(_, reasons)| reasons).or_else(|| packet.queue_reasons())
        else {
            continue;
        };
        last = Some((&packet.source, reasons));
        let calls = recording.calls_of_invocation(at);
        if !calls.is_empty() {
            all.push(QueueSession { calls, request: &packet.root, reasons });
        }
    }
    // Rules that count cycles go by time, whatever the order of files.
    all.sort_by_key(|one| (recording.calls[one.calls.start].start_ms, one.calls.start));
    all
}

/// Whether there is a queue, and it tells what stands as `untold` otherwise.
pub fn queue_tells(sessions: &[QueueSession<'_>], untold: QueueReason) -> bool {
    !sessions.is_empty() && sessions.iter().all(|one| !one.is_for(untold))
}

/// Drops the sessions that a rule stops, or the asked share of all where that is not told.
pub fn stop_sessions<'a>(
    recording: &'a Recording,
    params: &ToggleParams,
    untold: QueueReason,
    mut stops: impl FnMut(&QueueSession<'a>) -> bool,
) -> Patch {
    let sessions = queue_sessions(recording);
    // Without the reason on any packet no rule can choose: the share that was asked for is taken.
    if !queue_tells(&sessions, untold) {
        return named_work::take_maintenance_share(recording, params);
    }
    let mut patch = Patch::default();
    for one in sessions {
        if stops(&one) {
            patch.found_places += 1;
            drop_invocation(recording, &mut patch, one.calls);
        }
    }
    patch
}
