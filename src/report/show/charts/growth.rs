//! Context growth: every call of the longest sessions, before and after.

use super::super::session_label;
use super::{ChartResult, ChartSource};
use crate::recording::Recording;
use crate::report::chart::{GrowthChart, SessionGrowth};
use crate::study::inspect::call_contexts::{contexts_by_session, sessions_by_reads};
use crate::study::whatif::experiment::subset_of_first;

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
    let all = subset_of_first(comparison.toggles.len());
    let [mut before, mut after] =
        [0, all].map(|subset| contexts_by_session(recording, &comparison.plan, subset));
    let mut order = sessions_by_reads(recording);
    let left_out = order.len().saturating_sub(PANELS);
    order.truncate(PANELS);
    let sessions = order.into_iter().map(|at| {
        let session = &recording.sessions[at];
        SessionGrowth {
            label: session_label(session),
            before: std::mem::take(&mut before[at]),
            after: std::mem::take(&mut after[at]),
        }
    });
    Ok(Box::new(GrowthChart {
        title: format!("{}: context of each call, before and after", source.recording_name()),
        sessions: sessions.collect(),
        left_out,
        footer: source.footer_lines(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use crate::recording::Session;

    #[test]
    fn panels_of_one_step_are_told_apart() {
        let reported = builtin_pipeline("order-774").unwrap();
        let recording = reconstruct(&reported, Lens::Message).unwrap().recording;
        let label = |id: &str, step: &str| {
            let (id, step) = (id.to_owned(), step.to_owned());
            session_label(&Session { id, step, ..recording.sessions[0].clone() })
        };
        assert_eq!(label("qa/EXECUTE-thread-12", "qa/EXECUTE"), "thread-12 qa/EXECUTE");
        assert_eq!(label("qa/EXECUTE", "qa/EXECUTE"), "qa/EXECUTE");
        assert_eq!(label("096e0115-5d", "assess"), "assess 096e0115");
        assert_eq!(label("session-12", ""), "session-12");
    }
}
