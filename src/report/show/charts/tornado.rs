//! The tornado: what each parameter, or unknown of a source, alone moves in the joint saving.

use super::super::parameter_value;
use super::{ChartResult, ChartSource, axis_words};
use crate::report::chart::{ChartUnit, TornadoBar, TornadoChart};

pub fn make_chart(source: &ChartSource<'_>) -> ChartResult {
    let comparison = source.comparison_report.comparison;
    let headline = comparison.headline;
    let joint = headline.amount_in_saving(&comparison.joint);
    let swings = comparison.tornado.iter().map(|swing| {
        TornadoBar {
            // What a source leaves open belongs to no toggle.
            label: format!("{} {}", swing.toggle, swing.key).trim().to_owned(),
            ends: (
                parameter_value(swing.unit, swing.range.low),
                parameter_value(swing.unit, swing.range.high),
            ),
            saved: (
                headline.amount_in_saving(&swing.low).into(),
                headline.amount_in_saving(&swing.high).into(),
            ),
        }
    });
    let swings: Vec<TornadoBar> =
        swings.filter(|swing| swing.saved != (joint.into(), joint.into())).collect();
    if swings.is_empty() {
        return Err("no parameter has a range that moves the joint saving".to_owned());
    }
    Ok(Box::new(TornadoChart {
        title: "Which unknown moves the saving most".to_owned(),
        axis: format!("saved by all fixes together, {}", axis_words(headline)),
        unit: ChartUnit::Tokens,
        joint: joint.into(),
        swings,
        footer: source.footer_lines(),
    }))
}
