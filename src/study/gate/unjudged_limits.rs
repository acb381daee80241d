//! Which limits a defect leaves unjudged, and what the budget allows.

use super::budget::GateBudget;
use super::judgement::GateJudgement;
use super::{
    DefectKind, DefectPlace, FigureKey, GateDefect, GateScope, GateSide, LimitPlace, RowVerdict,
    SideDefects,
};
use crate::toml_reader::nearest_name;
use std::collections::BTreeSet;

/// The first defect of a side that leaves nothing to be judged, and that the budget does not allow:
/// what is measured of it is no baseline and says nothing of noise.
#[must_use]
pub(crate) fn find_fatal_defect(side: &SideDefects, budget: &GateBudget) -> Option<GateDefect> {
    let defects = side.iter().map(|(&kind, &count)| GateDefect {
        kind,
        place: DefectPlace::Candidate,
        count,
        allowed: budget.allowed_defects(kind),
    });
    defects.into_iter().find(|defect| defect.kind.is_fatal() && !defect.is_allowed())
}

/// Leaves the limits that a defect touches unjudged, and says what stands against a judgement:
/// where the defect touches no limit, nothing does.
pub(crate) fn apply_defects(
    judged: &mut GateJudgement,
    [baseline, candidate]: [&GateSide; 2],
    budget: &GateBudget,
) -> Vec<GateDefect> {
    let mut defects = Vec::new();
    for (place, side) in [(DefectPlace::Baseline, baseline), (DefectPlace::Candidate, candidate)] {
        for (&kind, &count) in &side.summary.defects {
            let allowed = budget.allowed_defects(kind);
            let defect = GateDefect { kind, place: place.clone(), count, allowed };
            let limited = judged
                .rows
                .iter_mut()
                .filter(|row| row.verdict != RowVerdict::Unlimited && kind.touches(row.key.metric));
            // What the budget allows is judged as if it was whole, where that can be.
            let is_judged = defect.is_allowed() && kind.is_judged_where_allowed();
            // A fatal defect stands against the judgement even where it touches no limit.
            let mut is_touched = kind.is_fatal();
            for row in limited {
                is_touched = true;
                if !is_judged {
                    row.verdict = RowVerdict::Unjudged;
                }
            }
            if is_touched {
                defects.push(defect);
            }
        }
    }
    let unmeasured = unmeasured_limits(judged, [baseline, candidate], budget);
    for row in &mut judged.rows {
        // Asked for and measured nowhere.
        if row.baseline.is_none() && row.candidate.is_none() {
            row.verdict = RowVerdict::Unjudged;
        }
    }
    if !unmeasured.is_empty() {
        let (kind, count) = (DefectKind::Unmeasured, unmeasured.len() as u64);
        let (place, allowed) = (DefectPlace::Limits(unmeasured), budget.allowed_defects(kind));
        defects.push(GateDefect { kind, place, count, allowed });
    }
    defects
}

/// Limits of figures that neither side has.
fn unmeasured_limits(
    judged: &GateJudgement,
    sides: [&GateSide; 2],
    budget: &GateBudget,
) -> Vec<LimitPlace> {
    let places = budget.limited_keys().filter(|key| {
        let row = judged.rows.iter().find(|row| row.key == *key);
        row.is_none_or(|row| row.baseline.is_none() && row.candidate.is_none())
    });
    let places = places.map(|FigureKey { scope, name, metric }| (scope, Some(name), metric));
    // A limit of a whole scope is met by any row of it.
    let scopes = budget
        .limited_scopes()
        .filter(|(scope, _)| judged.rows.iter().all(|row| row.key.scope != *scope));
    let limits = places.chain(scopes.map(|(scope, metric)| (scope, None, metric)));
    limits
        .map(|(scope, name, metric)| {
            let known = places_in_scope(sides, scope);
            // A name that is known there is named as what may have been meant.
            let near = name.as_ref().and_then(|name| nearest_name(name, known.iter()));
            LimitPlace { near: near.cloned(), scope, name, metric, known }
        })
        .collect()
}

/// The names of what the sides have in a scope, each once, in order.
fn places_in_scope(sides: [&GateSide; 2], scope: GateScope) -> Vec<String> {
    let samples = sides.into_iter().flat_map(|side| &side.samples);
    let keys = samples.flat_map(|sample| sample.figures.keys());
    let names: BTreeSet<&String> =
        keys.filter(|key| key.scope == scope).map(|key| &key.name).collect();
    names.into_iter().filter(|name| !name.is_empty()).cloned().collect()
}
