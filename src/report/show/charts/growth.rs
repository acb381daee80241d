//! Context growth: every call of the longest sessions, before and after.

use super::super::session_label;
use super::{Made, Source};
use crate::recording::Recording;
use crate::report::chart::{Growth, Line};
use crate::study::compare::subset_of_first;
use crate::study::contexts::{by_reads, contexts};

/// Whether there is any growth to show: what one call holds, or a published total that stands as
/// one, is a point.
pub fn grows(recording: &Recording) -> bool {
    recording.sessions.iter().any(|session| session.range().len() > 1)
}

/// The longest sessions that the chart shows.
const PANELS: usize = 12;

pub fn make(source: &Source<'_>) -> Made {
    let (recording, comparison) = (source.recording, source.shown.comparison);
    if !grows(recording) {
        return Err("no session of it has more than one call".to_owned());
    }
    let all = subset_of_first(comparison.toggles.len());
    let of = |subset| contexts(recording, &comparison.plan, subset);
    let (mut before, mut after) = (of(0), of(all));
    let mut order = by_reads(recording);
    let left_out = order.len().saturating_sub(PANELS);
    order.truncate(PANELS);
    let sessions = order.into_iter().map(|at| {
        let session = &recording.sessions[at];
        Line {
            label: session_label(session),
            before: std::mem::take(&mut before[at]),
            after: std::mem::take(&mut after[at]),
        }
    });
    Ok(Box::new(Growth {
        title: format!("{}: context of each call, before and after", source.name()),
        sessions: sessions.collect(),
        left_out,
        footer: source.footer(),
    }))
}
