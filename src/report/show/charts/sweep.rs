//! The sweep: every set of toggles, what it saves against its effort.

use super::{Made, Source};
use crate::plan::Subset;
use crate::report::chart::{Choice, Cloud, Unit};
use crate::report::format;
use crate::study::sweep::{Metric, Sweep};

pub fn make(source: &Source<'_>) -> Made {
    let sweep = source.sweep?;
    if sweep.toggles.is_empty() {
        return Err("no toggle changes anything".to_owned());
    }
    let (unit, what) = match sweep.metric {
        Metric::Dollars => (Unit::Money, "dollars"),
        Metric::Reads => (Unit::Tokens, "cache reads"),
        Metric::Tokens => (Unit::Tokens, "tokens"),
        Metric::Calls => (Unit::Count, "calls"),
    };
    let toggles = format::integer(sweep.toggles.len() as i64, false);
    let chosen = |subsets: &[Subset]| subsets.iter().map(|subset| choice(sweep, *subset)).collect();
    let sets = sweep.entries.iter().map(|entry| (entry.effort, entry.saved(sweep.metric)));
    Ok(Box::new(Cloud {
        title: format!("{}: {what} saved by every set of {toggles} toggles", source.name()),
        axis: format!("{what} saved"),
        unit,
        cells: Cloud::cells(sets),
        front: chosen(&sweep.pareto),
        best: chosen(&sweep.best),
        footer: source.footer(),
    }))
}

fn choice(sweep: &Sweep, subset: Subset) -> Choice {
    let entry = sweep.entry(subset);
    Choice {
        label: sweep.ids(subset).join(" "),
        size: entry.size(),
        effort: entry.effort,
        saved: entry.saved(sweep.metric),
    }
}
