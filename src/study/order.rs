//! In which order to build: each time the toggle that adds most to what is built already.

use super::compare::Comparison;
use super::headline::Headline;
use super::sides::{Side, Step, by_step};
use super::sweep::{Metric, Sweep};
use crate::plan::Subset;
use crate::recording::Recording;

/// A toggle that adds less than this part of what the best set saves is not worth a place.
const WORTH: i128 = 100;
/// Places in the order.
const MOST: usize = 5;

/// One toggle in its place.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its id.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Points of work, this toggle alone.
    pub effort: u32,
    /// The pipeline with this toggle and all before it.
    pub after: Side,
    /// The step in which it saves most, as it was and as it is then.
    pub shows: Option<(Step, Step)>,
}

/// The order.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// What it goes by.
    pub metric: Metric,
    /// What to build, one after the other.
    pub built: Vec<Built>,
    /// What all of them save together, by the sweep's metric a share of the best set in
    /// ten-thousandths.
    pub reached_bp: i64,
    /// Toggles that add little or nothing after these: ids.
    pub little: Vec<&'static str>,
    /// Toggles that cost after these: ids.
    pub costs: Vec<&'static str>,
}

/// The order of a sweep of the same toggles that were compared.
#[must_use]
pub fn order(recording: &Recording, comparison: &Comparison, sweep: &Sweep) -> Order {
    let saved = |subset: Subset| sweep.entry(subset).saved(sweep.metric);
    let best = sweep.entries.iter().map(|entry| entry.saved(sweep.metric)).max().unwrap_or(0);
    let mut order = Order { metric: sweep.metric, ..Order::default() };
    let mut set: Subset = 0;
    let mut steps = by_step(recording, &comparison.plan, 0);
    for &at in &sweep.next {
        let (toggle, with) = (&sweep.toggles[at], set | 1 << at);
        let adds = saved(with) - saved(set);
        if adds < 0 {
            order.costs.push(toggle.id);
        } else if adds * WORTH < best || adds == 0 || order.built.len() == MOST {
            order.little.push(toggle.id);
        } else {
            let compared = in_comparison(comparison, sweep, with);
            let then = by_step(recording, &comparison.plan, compared);
            order.built.push(Built {
                id: toggle.id,
                title: toggle.title,
                effort: toggle.grade.effort,
                after: Side::replay(&comparison.plan, compared),
                shows: largest_fall(comparison.headline, &steps, &then),
            });
            (set, steps) = (with, then);
        }
    }
    if best > 0 {
        let share = saved(set) * i128::from(crate::units::BASIS_POINTS) / best;
        order.reached_bp = i64::try_from(share).unwrap_or(i64::MAX);
    }
    order
}

/// A subset of the sweep's toggles as one of the comparison's, which also holds idle ones.
fn in_comparison(comparison: &Comparison, sweep: &Sweep, subset: Subset) -> Subset {
    let ids = sweep.ids(subset);
    let bits = comparison.toggles.iter().enumerate().filter(|(_, toggle)| ids.contains(&toggle.id));
    bits.fold(0, |set, (bit, _)| set | 1 << bit)
}

fn largest_fall(headline: Headline, was: &[Step], is: &[Step]) -> Option<(Step, Step)> {
    let fall =
        |(was, is): &(&Step, &Step)| headline.of_usage(&was.usage) - headline.of_usage(&is.usage);
    let pairs = was.iter().zip(is).filter(|pair| fall(pair) > 0);
    let most = pairs.max_by_key(|pair| (fall(pair), std::cmp::Reverse(&pair.0.name)));
    most.map(|(was, is)| (was.clone(), is.clone()))
}
