//! Context growth: every call of the longest sessions, before and after.

use super::super::session_names::SessionNames;
use super::{ChartResult, ChartSource};
use crate::recording::Recording;
use crate::report::chart::{GrowthChart, SessionGrowth};
use crate::study::inspect::call_contexts::{contexts_by_session, sessions_by_reads};

/// Whether there is any growth to show: what one call holds, or a published total that stands as
/// one, is a point.
pub fn has_growth(recording: &Recording) -> bool {
    recording.sessions.iter().any(|session| session.call_range().len() > 1)
}

/// The longest sessions that the chart shows.
const PANELS: usize = 12;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let (recording, comparison) = (source.recording, source.comparison_report.comparison);
    if !has_growth(recording) {
        return Err("no session of it has more than one call".to_owned());
    }
    let [mut before, mut after] =
        [0, source.fixes()].map(|subset| contexts_by_session(recording, &comparison.plan, subset));
    let mut order = sessions_by_reads(recording);
    let left_out = order.len().saturating_sub(PANELS);
    order.truncate(PANELS);
    let names = SessionNames::of_recording(recording);
    let sessions = order.into_iter().map(|at| SessionGrowth {
        label: names.name(at).to_owned(),
        before: std::mem::take(&mut before[at]),
        after: std::mem::take(&mut after[at]),
    });
    Ok(Box::new(GrowthChart {
        title: "Context of each call".to_owned(),
        subtitle: format!("tokens, calls in time order; {}", source.fixes_words()),
        sessions: sessions.collect(),
        left_out,
        footer: source.footer_lines(),
    }))
}
