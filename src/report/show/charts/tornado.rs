//! The tornado: what each parameter, or unknown of a source, alone moves in the joint saving.

use super::super::parameter_value;
use super::{ChartResult, ChartSource};
use crate::report::chart::{TornadoBar, TornadoChart};

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let (unit, metric) = source.amounts();
    let joint = metric.amount_in_saving(&comparison.joint);
    let swings = comparison.tornado.iter().map(|swing| {
        TornadoBar {
            // What a source leaves open belongs to no toggle.
            label: format!("{} {}", swing.toggle, swing.key).trim().to_owned(),
            ends: (
                parameter_value(swing.unit, swing.range.low),
                parameter_value(swing.unit, swing.range.high),
            ),
            saved: (metric.amount_in_saving(&swing.low), metric.amount_in_saving(&swing.high)),
        }
    });
    let swings: Vec<TornadoBar> = swings.filter(|swing| swing.saved != (joint, joint)).collect();
    if swings.is_empty() {
        return Err("no parameter has a range that moves the joint saving".to_owned());
    }
    Ok(Box::new(TornadoChart {
        title: "Which unknown moves the saving most".to_owned(),
        axis: format!("saved by all fixes together, {}", source.amount_words()),
        unit,
        joint,
        swings,
        footer: source.footer_lines(),
    }))
}
