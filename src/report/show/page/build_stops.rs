//! The stops of the slider of effort: the order of building, set by set.

use super::PageSource;
use crate::plan::ToggleSubset;
use crate::study::whatif::subset_lookup::SubsetLookup;
use crate::study::whatif::sweep::SubsetSweep;

/// What stands after a step of the order of building.
pub(super) struct BuildStop {
    /// All that is built then: bits of the comparison.
    pub subset: ToggleSubset,
    /// What this step builds: bits of the comparison, in the order of the step.
    pub built: Vec<usize>,
}

/// What is ticked when the page opens: the best set; everything where no sweep was made.
pub(super) fn opening_subset(lookup: &SubsetLookup, stops: &[BuildStop]) -> ToggleSubset {
    stops.last().map_or(lookup.bits, |stop| stop.subset)
}

impl PageSource<'_> {
    /// The set that saves most, as bits of the comparison; empty where no sweep was made.
    pub(super) fn best_subset(&self) -> ToggleSubset {
        let shown = &self.report.comparison_report;
        shown.sweep.map_or(0, |sweep| self.compared_subset(sweep, sweep.best_subset()))
    }

    /// A subset of a sweep, which leaves idle toggles out, as bits of the comparison.
    fn compared_subset(&self, sweep: &SubsetSweep, subset: ToggleSubset) -> ToggleSubset {
        let toggles = &self.report.comparison_report.comparison.toggles;
        sweep.subset_among(subset, toggles.iter().map(|toggle| toggle.id))
    }

    /// Nothing, then the sets of the order of building, the best of all at the end; none where no
    /// sweep was made. A set that the page has no tables for is left out.
    pub(super) fn build_stops(&self, lookup: &SubsetLookup) -> Vec<BuildStop> {
        let shown = &self.report.comparison_report;
        let Ok(sweep) = shown.sweep else { return Vec::new() };
        let bit_of = |at: &usize| {
            let id = sweep.toggles[*at].id;
            shown.comparison.toggles.iter().position(|toggle| toggle.id == id)
        };
        let steps = sweep.order.steps.iter().chain(&sweep.order.best_of_all);
        let stops = steps.map(|step| BuildStop {
            subset: self.compared_subset(sweep, step.subset),
            built: step.built.iter().filter_map(bit_of).collect(),
        });
        let nothing = BuildStop { subset: 0, built: Vec::new() };
        let all = std::iter::once(nothing).chain(stops);
        all.filter(|stop| stop.subset & !lookup.bits == 0).collect()
    }
}
