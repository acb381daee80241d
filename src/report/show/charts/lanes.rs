//! When each session of a pipeline runs, or each agent of a cockpit, before and after.

use super::{ChartResult, ChartSource, call_times};
use crate::clock::pipeline::DispatchPolicy;
use crate::report::chart::{LaneKind, LanesChart};
use crate::report::format;
use crate::study::whatif::agent_lanes::agent_lanes;
use crate::study::whatif::experiment::subset_of_first;
use crate::study::whatif::minutes::MinutesStudy;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    match &source.comparison_report.comparison.minutes {
        Some(study) => Ok(Box::new(session_lanes(source, study))),
        None => Ok(Box::new(turn_lanes(source)?)),
    }
}

fn session_lanes(source: &ChartSource<'_>, study: &MinutesStudy) -> LanesChart {
    let policy = match study.lanes.policy {
        DispatchPolicy::Serial => {
            "A dispatch blocks the orchestrator until its stage is over, the likeliest way; what \
             is open stands at its middle."
        }
        DispatchPolicy::Lockstep => {
            "One turn dispatches for all orders and waits for all of them, the likeliest way; what \
             is open stands at its middle."
        }
        DispatchPolicy::Free => {
            "Dispatches run in the background, the likeliest way; what is open stands at its \
             middle."
        }
        DispatchPolicy::OnePerOrder => {
            "Sessions follow each other without pauses, of which nothing is told."
        }
    };
    LanesChart {
        title: "When each session runs, and what waits".to_owned(),
        note: policy.to_owned(),
        kind: LaneKind::Sessions,
        lanes: study.lanes.lanes.clone(),
        footer: source.footer_lines(),
    }
}

fn turn_lanes(source: &ChartSource<'_>) -> Result<LanesChart, String> {
    let report = source.comparison_report;
    let limits = report.bounded_limiter().map(|loads| loads.limits);
    let Some((limits, turns)) = limits.and_then(|limits| limits.turns.map(|most| (limits, most)))
    else {
        return Err(
            "nothing tells how the sessions of this recording follow each other: no order \
                    of sessions, and no packets that wake agents"
                .to_owned(),
        );
    };
    let all = subset_of_first(report.comparison.toggles.len());
    let mut note =
        format!("At most {} turns at once.", format::format_integer(turns as i64, false));
    if limits.requests_a_minute.is_some() {
        note += " The provider refuses nothing here: its limit is in the table of the limiter.";
    }
    let times = call_times::times_note(source.recording);
    Ok(LanesChart {
        title: "When each agent is at work, and what waits".to_owned(),
        note: format!("{note} {times}").trim_end().to_owned(),
        kind: LaneKind::Agents,
        lanes: agent_lanes(source.recording, &report.comparison.plan, all, turns),
        footer: source.footer_lines(),
    })
}
