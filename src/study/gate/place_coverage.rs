//! Pipelines, steps, tools and models that only one side knows, and those that have a new name.

use super::budget::{GateBudget, PLACE_SCOPES, UnmatchedAction};
use super::{FigureKey, FigureLimit, GateMetric, GateNote, GateScope, GateSide, PlaceChange};
use crate::units::BASIS_POINTS;
use std::collections::{BTreeMap, BTreeSet};

/// A place that is gone and one that is new are taken for one with a new name if calls, tokens and
/// uses are the same within this share, ten-thousandths of the larger. Source: MODEL.md, "The
/// gate".
const ALIKE_BP: i128 = 1_000;
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
    notes: &mut Vec<GateNote>,
) -> GateSide {
    let known = places_of_side(side);
    for (scope, name) in budget.renamed.keys() {
        if !known.contains(&(*scope, name.as_str())) {
            notes.push(GateNote::UnknownRename { scope: *scope, name: name.clone() });
        }
    }
    let mut side = side.clone();
    for sample in &mut side.samples {
        for name in &mut sample.pipelines {
            *name = budget.new_name(GateScope::Pipeline, name);
        }
        sample.pipelines.sort();
        let mut figures: BTreeMap<FigureKey, i128> = BTreeMap::new();
        for (key, figure) in std::mem::take(&mut sample.figures) {
            let is_most =
                matches!(key.metric, GateMetric::PeakContext | GateMetric::RequestsAMinute);
            let name = budget.new_name(key.scope, &key.name);
            // Two places may become one: their figures add up, but for those that are a largest
            // one.
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

    /// Whether each side knows the place of a row, and such places have its metric.
    pub(crate) fn known_sides(&self, key: &FigureKey) -> [bool; 2] {
        let place = (key.scope, key.name.as_str());
        let whole = key.scope == GateScope::Total;
        [&self.baseline, &self.candidate]
            .map(|side| key.scope.has_metric(key.metric) && (whole || side.contains(&place)))
    }

    /// What the budget says of the place of a row that only one side knows; `None` where both do,
    /// and where it says nothing. Where nothing may move nothing may come or go.
    pub(crate) fn unmatched_action(
        &self,
        key: &FigureKey,
        limit: &FigureLimit,
    ) -> Option<UnmatchedAction> {
        let said = match self.known_sides(key) {
            [true, false] => &self.budget.gone,
            [false, true] => &self.budget.new,
            _ => return None,
        };
        // A limit on growth and fall is "nothing moves": a place that comes or goes moves too.
        let still = limit.grows_bp.is_some() && limit.falls_bp.is_some();
        match said.get(&key.scope) {
            None if still || !PLACE_SCOPES.contains(&key.scope) => None,
            said => Some(said.copied().unwrap_or(UnmatchedAction::Note)),
        }
    }

    /// Whether the budget says in so many words that a place may not come or go.
    pub(crate) fn is_refused(&self, key: &FigureKey) -> bool {
        let said = match self.known_sides(key) {
            [true, false] => self.budget.gone.get(&key.scope),
            [false, true] => self.budget.new.get(&key.scope),
            _ => None,
        };
        said == Some(&UnmatchedAction::Fail)
    }

    /// What came and went, and what may only have a new name.
    pub(crate) fn note_changes(&self, [old, new]: [&GateSide; 2], notes: &mut Vec<GateNote>) {
        for scope in PLACE_SCOPES {
            let gone = names_missing_from(&self.candidate, &self.baseline, scope);
            let came = names_missing_from(&self.baseline, &self.candidate, scope);
            for (names, change, actions) in [
                (&gone, PlaceChange::Gone, &self.budget.gone),
                (&came, PlaceChange::New, &self.budget.new),
            ] {
                if !names.is_empty() {
                    let names = names.iter().map(|name| (*name).to_owned()).collect();
                    let is_refused = actions.get(&scope) == Some(&UnmatchedAction::Fail);
                    notes.push(GateNote::PlacesChanged { scope, names, change, is_refused });
                }
            }
            // Of other pipelines nothing follows, and another model is another one.
            if matches!(scope, GateScope::Pipeline | GateScope::Model) {
                continue;
            }
            for old_name in &gone {
                // One that came with the figures of one that went.
                let similar = came
                    .iter()
                    .find(|name| has_similar_figures(scope, (old, old_name), (new, name)));
                notes.extend(similar.map(|new_name| GateNote::PossibleRename {
                    scope,
                    old: (*old_name).to_owned(),
                    new: (*new_name).to_owned(),
                }));
            }
        }
    }
}

/// Names of places of one scope that one side has and the other one has not.
fn names_missing_from<'s>(
    absent: &PlaceSet<'s>,
    present: &PlaceSet<'s>,
    scope: GateScope,
) -> Vec<&'s str> {
    let missing = present.iter().filter(|place| place.0 == scope && !absent.contains(*place));
    missing.map(|place| place.1).collect()
}

/// Whether two places have nearly the same calls, tokens and uses.
fn has_similar_figures(scope: GateScope, old: (&GateSide, &str), new: (&GateSide, &str)) -> bool {
    let mut any = false;
    for metric in [GateMetric::Calls, GateMetric::Tokens, GateMetric::Uses, GateMetric::Added] {
        let [(a, m), (b, n)] = [old, new].map(|(side, name)| {
            let key = FigureKey { scope, name: name.to_owned(), metric };
            let figures = side.samples.iter().filter_map(|sample| sample.figures.get(&key));
            (figures.sum::<i128>(), side.samples.len() as i128)
        });
        // Means a / m and b / n, over one denominator.
        let (a, b) = (a.saturating_mul(n), b.saturating_mul(m));
        let bp = i128::from(BASIS_POINTS);
        // One metric that differs is enough to tell two places apart.
        if (a - b).abs().saturating_mul(bp) > a.max(b).saturating_mul(ALIKE_BP) {
            return false;
        }
        // Two places that have nothing of all four are not alike, they are empty.
        any |= a > 0;
    }
    any
}
