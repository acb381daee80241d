//! The tornado: what each parameter, or unknown of a source, alone moves in the joint saving.

use super::super::parameter;
use super::{Made, Source, axis_words};
use crate::report::chart::{Swing, Tornado, Unit};

pub fn make(source: &Source<'_>) -> Made {
    let comparison = source.shown.comparison;
    let headline = comparison.headline;
    let joint = headline.of(&comparison.joint);
    let swings = comparison.tornado.iter().map(|swing| {
        let value = |n: i64| parameter(swing.unit, n);
        Swing {
            label: format!("{} {}", swing.toggle, swing.key).trim().to_owned(),
            ends: (value(swing.range.low), value(swing.range.high)),
            saved: (headline.of(&swing.low).into(), headline.of(&swing.high).into()),
        }
    });
    let moves = |swing: &Swing| swing.saved != (joint.into(), joint.into());
    let swings: Vec<Swing> = swings.filter(moves).collect();
    if swings.is_empty() {
        return Err("no parameter has a range that moves the joint saving".to_owned());
    }
    Ok(Box::new(Tornado {
        title: format!("{}: what moves the joint saving, {}", source.name(), headline.words()),
        axis: format!("joint saving, {}", axis_words(headline)),
        unit: Unit::Tokens,
        joint: joint.into(),
        swings,
        footer: source.footer(),
    }))
}
