//! When each session of a pipeline runs, before and after.

use super::{ChartResult, ChartSource};
use crate::clock::pipeline::DispatchPolicy;
use crate::report::chart::LanesChart;

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let Some(study) = &source.comparison_report.comparison.minutes else {
        return Err("no source tells how the sessions of this recording follow each other".into());
    };
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
    Ok(Box::new(LanesChart {
        title: format!("{}: sessions in time, before and after", source.recording_name()),
        note: policy.to_owned(),
        lanes: study.lanes.lanes.clone(),
        footer: source.footer_lines(),
    }))
}
