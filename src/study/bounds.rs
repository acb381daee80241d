//! Bounds, where a number is missing that no source gives: what a toggle saves at either end of
//! the range on its card, and no figure between them.

use super::claims::{Evidence, Verdict, judge};
use super::experiment::Experiment;
use super::published::PublishedClaim;
use super::sides::{Saving, Side};
use crate::intervene::{ParamSpec, Params};
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::scenario::Chosen;

/// What a toggle saves at most and at least, on its own.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Its id; several where toggles stand together.
    pub id: String,
    /// Its title.
    pub title: &'static str,
    /// What the user has to give; nothing where a toggle has all of its numbers.
    pub asked: Vec<&'static ParamSpec>,
    /// Places where it applies.
    pub found: u32,
    /// What it saves at the low end.
    pub low: Saving,
    /// What it saves at the high end.
    pub high: Saving,
    /// What is claimed for it.
    pub claim: Option<PublishedClaim>,
    /// What the bounds say about the claim.
    pub verdict: Verdict,
}

/// The bounds of toggles that wait for a number. Where the source has no classes of tokens, those
/// of the others stand beside them, and of all these together.
///
/// # Errors
/// A model without a price.
pub fn bounds(experiment: &Experiment<'_>) -> Result<Vec<Bound>, MissingPrice> {
    let mut all = Vec::new();
    if experiment.waiting.is_empty() {
        return Ok(all);
    }
    if !experiment.has_dollars() {
        for chosen in experiment.chosen {
            all.push(bound(experiment, &[chosen])?);
        }
        let found: Vec<&Chosen> = experiment
            .chosen
            .iter()
            .zip(&all)
            .filter(|(_, b)| b.found > 0)
            .map(|(c, _)| c)
            .collect();
        if found.len() > 1 {
            all.push(bound(experiment, &found)?);
        }
    }
    for chosen in experiment.waiting {
        all.push(bound(experiment, &[chosen])?);
    }
    all.retain(|bound| bound.found > 0);
    Ok(all)
}

fn bound(experiment: &Experiment<'_>, chosen: &[&Chosen]) -> Result<Bound, MissingPrice> {
    let end = |pick: fn(&crate::intervene::Range) -> i64| {
        let patches: Vec<Patch> = chosen
            .iter()
            .map(|one| one.toggle.patch(experiment.recording(), &at_end(one, pick)))
            .collect();
        let plan = experiment.plan(experiment.recording(), &patches)?;
        let all = super::compare::subset_of_first(patches.len());
        let found = patches.iter().map(|patch| patch.found).sum();
        Ok((Saving::between(&Side::totals(&plan, 0), &Side::totals(&plan, all)), found))
    };
    let ((low, _), (high, found)) = (end(|range| range.low)?, end(|range| range.high)?);
    let ids: Vec<&str> = chosen.iter().map(|one| one.id()).collect();
    let specs =
        chosen.iter().flat_map(|one| one.toggle.card().params.iter().map(move |s| (one, s)));
    let asked = specs.filter(|(one, spec)| one.unset.contains(&spec.key)).map(|(_, spec)| spec);
    let claim = experiment.claims.iter().find(|claim| claim.toggles == ids).cloned();
    let verdict = claim.as_ref().map_or(Verdict::NotTestable, |claim| {
        let (low, high) = (claim.of(&low), claim.of(&high));
        let replayed = low.min(high)..=low.max(high);
        judge(&Evidence { claimed: claim.rounded.clone(), at_most: *replayed.end(), replayed })
    });
    Ok(Bound {
        id: ids.join("+"),
        title: if let [only] = chosen { only.toggle.card().title } else { "together" },
        asked: asked.collect(),
        found,
        low,
        high,
        claim,
        verdict,
    })
}

/// The parameters of a toggle at one end: those that nobody has given, or all where none is asked
/// for.
fn at_end(chosen: &Chosen, pick: fn(&crate::intervene::Range) -> i64) -> Params {
    let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
    specs.fold(chosen.params.clone(), |params, (at, (spec, range))| {
        if chosen.is_waiting() && !chosen.unset.contains(&spec.key) {
            return params;
        }
        params.with(at, pick(range))
    })
}
