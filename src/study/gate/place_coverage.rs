//! Pipelines, steps, tools and models that only one side knows, and those that have a new name.

use super::budget::{GateBudget, PLACE_SCOPES, UnmatchedAction};
use super::{FigureKey, FigureLimit, GateMetric, GateScope, GateSide};
use crate::scenario::key_path;
use crate::units::BASIS_POINTS;
use std::collections::{BTreeMap, BTreeSet};

/// A place that is gone and one that is new are taken for one with a new name if calls, tokens and
/// uses are the same within this share, ten-thousandths of the larger. Source: MODEL.md, "The
/// gate".
const ALIKE_BP: i128 = 1_000;
/// Names in a note; the others are counted. Source: MODEL.md, "The gate".
const MOST_NAMES: usize = 5;

/// The places of one side, by scope.
pub(super) type PlaceSet<'s> = BTreeSet<(GateScope, &'s str)>;

/// All places of a side.
pub(super) fn places_of_side(side: &GateSide) -> PlaceSet<'_> {
    let keys = side.samples.iter().flat_map(|sample| sample.figures.keys());
    keys.map(|key| (key.scope, key.name.as_str())).collect()
}

/// A side under the names that the candidate has. A name that means nothing is told.
pub(super) fn apply_renames(
    side: &GateSide,
    budget: &GateBudget,
    notes: &mut Vec<String>,
) -> GateSide {
    let known = places_of_side(side);
    for (scope, name) in budget.renamed.keys() {
        if !known.contains(&(*scope, name.as_str())) {
            notes.push(format!("renamed: the baseline has no {scope} {name}"));
        }
    }
    let new = |scope: GateScope, name: &str| -> String {
        let new = budget.renamed.get(&(scope, name.to_owned()));
        new.map_or(name, String::as_str).to_owned()
    };
    let mut side = side.clone();
    for sample in &mut side.samples {
        for name in &mut sample.pipelines {
            *name = new(GateScope::Pipeline, name);
        }
        sample.pipelines.sort();
        let mut figures: BTreeMap<FigureKey, i128> = BTreeMap::new();
        for (key, figure) in std::mem::take(&mut sample.figures) {
            let is_most =
                matches!(key.metric, GateMetric::PeakContext | GateMetric::RequestsAMinute);
            let name = new(key.scope, &key.name);
            let all = figures.entry(FigureKey { name, ..key }).or_default();
            *all = if is_most { figure.max(*all) } else { all.saturating_add(figure) };
        }
        sample.figures = figures;
    }
    side
}

/// Whether a place is on both sides, and what becomes of it otherwise.
pub(super) struct PlaceCoverage<'s> {
    baseline: PlaceSet<'s>,
    candidate: PlaceSet<'s>,
    budget: &'s GateBudget,
}

impl<'s> PlaceCoverage<'s> {
    pub fn new(baseline: &'s GateSide, candidate: &'s GateSide, budget: &'s GateBudget) -> Self {
        Self { baseline: places_of_side(baseline), candidate: places_of_side(candidate), budget }
    }

    /// Whether each side knows the place of a row.
    pub fn known_sides(&self, key: &FigureKey) -> [bool; 2] {
        let place = (key.scope, key.name.as_str());
        let whole = key.scope == GateScope::Total;
        [whole || self.baseline.contains(&place), whole || self.candidate.contains(&place)]
    }

    /// What the budget says of the place of a row that only one side knows; `None` where both do,
    /// and where it says nothing. Where nothing may move nothing may come or go.
    pub fn unmatched_action(
        &self,
        key: &FigureKey,
        limit: &FigureLimit,
    ) -> Option<UnmatchedAction> {
        let said = match self.known_sides(key) {
            [true, false] => &self.budget.gone,
            [false, true] => &self.budget.new,
            _ => return None,
        };
        let still = limit.grows_bp.is_some() && limit.falls_bp.is_some();
        match said.get(&key.scope) {
            None if still || !PLACE_SCOPES.contains(&key.scope) => None,
            said => Some(said.copied().unwrap_or(UnmatchedAction::Note)),
        }
    }

    /// Whether the budget says in so many words that a place may not come or go.
    pub fn is_refused(&self, key: &FigureKey) -> bool {
        let said = match self.known_sides(key) {
            [true, false] => self.budget.gone.get(&key.scope),
            [false, true] => self.budget.new.get(&key.scope),
            _ => None,
        };
        said == Some(&UnmatchedAction::Fail)
    }

    /// What came and went, and what may only have a new name.
    pub fn note_changes(&self, [old, new]: [&GateSide; 2], notes: &mut Vec<String>) {
        for scope in PLACE_SCOPES {
            let only = |here: &PlaceSet<'s>, there: &PlaceSet<'s>| -> Vec<&'s str> {
                let of = here.iter().filter(|place| place.0 == scope && !there.contains(*place));
                of.map(|place| place.1).collect()
            };
            let gone = only(&self.baseline, &self.candidate);
            let came = only(&self.candidate, &self.baseline);
            let said = [(&gone, "gone", &self.budget.gone), (&came, "new", &self.budget.new)];
            for (names, what, said) in said {
                let count = names.len();
                if count == 0 {
                    continue;
                }
                let plural = if count == 1 { "" } else { "s" };
                let fails = said.get(&scope) == Some(&UnmatchedAction::Fail);
                let fails = if fails { ", and the budget refuses that" } else { "" };
                let names = shorten_names(names);
                notes.push(format!("{count} {scope}{plural} {what}: {names}{fails}"));
            }
            // Of other pipelines nothing follows, and another model is another one.
            if matches!(scope, GateScope::Pipeline | GateScope::Model) {
                continue;
            }
            for old_name in &gone {
                let like = |name: &&&str| has_similar_figures(scope, (old, old_name), (new, name));
                if let Some(name) = came.iter().find(like) {
                    let table = match scope {
                        GateScope::Step => "[renamed]".to_owned(),
                        _ => format!("[renamed.{scope}]"),
                    };
                    let line = format!("{} = {name:?}", key_path("", old_name));
                    notes.push(format!(
                        "{scope} {old_name} may only have a new name, {name}: nearly the same \
                         figures; if so, put {line} under {table} of the budget"
                    ));
                }
            }
        }
    }
}

/// Whether two places have nearly the same calls, tokens and uses.
fn has_similar_figures(scope: GateScope, old: (&GateSide, &str), new: (&GateSide, &str)) -> bool {
    let mean = |(side, name): (&GateSide, &str), metric| -> (i128, i128) {
        let key = FigureKey { scope, name: name.to_owned(), metric };
        let figures = side.samples.iter().filter_map(|sample| sample.figures.get(&key));
        (figures.sum(), side.samples.len() as i128)
    };
    let mut any = false;
    for metric in [GateMetric::Calls, GateMetric::Tokens, GateMetric::Uses, GateMetric::Added] {
        let ((a, m), (b, n)) = (mean(old, metric), mean(new, metric));
        let (a, b) = (a.saturating_mul(n), b.saturating_mul(m));
        let bp = i128::from(BASIS_POINTS);
        if (a - b).abs().saturating_mul(bp) > a.max(b).saturating_mul(ALIKE_BP) {
            return false;
        }
        any |= a > 0;
    }
    any
}

/// Some names, and how many others there are.
pub(super) fn shorten_names(names: &[&str]) -> String {
    let named = |name: &&str| (if name.is_empty() { "without a name" } else { name }).to_owned();
    let shown: Vec<String> = names.iter().take(MOST_NAMES).map(named).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
