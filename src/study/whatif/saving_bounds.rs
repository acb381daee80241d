//! Bounds, where a number is missing that no source gives: what a toggle saves at either end of
//! the range on its card, and no figure between them.

use super::experiment::{Experiment, subset_of_first};
use super::published_claims::PublishedClaim;
use super::savings::{PipelineTotals, Saving};
use super::verdict::{ClaimEvidence, ClaimVerdict, judge_claim};
use crate::intervene::{ParamSpec, ToggleParams};
use crate::plan::Patch;
use crate::price::MissingPrice;
use crate::scenario::ChosenToggle;

/// What a toggle saves at most and at least, on its own.
#[derive(Clone, Debug)]
pub struct SavingBound {
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
    pub verdict: ClaimVerdict,
}

/// The bounds of toggles that wait for a number. Where the source has no classes of tokens, those
/// of the others stand beside them, and of all these together.
///
/// # Errors
/// A model without a price.
pub fn bound_waiting_toggles(
    experiment: &Experiment<'_>,
) -> Result<Vec<SavingBound>, MissingPrice> {
    let mut all = Vec::new();
    if experiment.waiting.is_empty() {
        return Ok(all);
    }
    if !experiment.has_dollars() {
        for chosen in experiment.chosen {
            all.push(bound_toggles(experiment, &[chosen])?);
        }
        // A toggle that finds nothing takes no part in what all do together.
        let found: Vec<&ChosenToggle> = experiment
            .chosen
            .iter()
            .zip(&all)
            .filter(|(_, b)| b.found > 0)
            .map(|(c, _)| c)
            .collect();
        if found.len() > 1 {
            all.push(bound_toggles(experiment, &found)?);
        }
    }
    for chosen in experiment.waiting {
        all.push(bound_toggles(experiment, &[chosen])?);
    }
    // A bound of a toggle that applies nowhere would be nothing to nothing.
    all.retain(|bound| bound.found > 0);
    Ok(all)
}

fn bound_toggles(
    experiment: &Experiment<'_>,
    chosen: &[&ChosenToggle],
) -> Result<SavingBound, MissingPrice> {
    let ((low, _), (high, found)) = (
        saving_at_end(experiment, chosen, |range| range.low)?,
        saving_at_end(experiment, chosen, |range| range.high)?,
    );
    // A claim about several toggles is met only by exactly these, in the same order.
    let ids: Vec<&str> = chosen.iter().map(|one| one.id()).collect();
    let specs =
        chosen.iter().flat_map(|one| one.toggle.card().params.iter().map(move |s| (one, s)));
    let asked = specs.filter(|(one, spec)| one.unset.contains(&spec.key)).map(|(_, spec)| spec);
    let claim = experiment.claims.iter().find(|claim| claim.toggles == ids).cloned();
    let verdict = claim.as_ref().map_or(ClaimVerdict::NotTestable, |claim| {
        let (low, high) = (claim.amount_saved(&low), claim.amount_saved(&high));
        // A larger value of a parameter may save less: the ends are put in order.
        let band = low.min(high)..=low.max(high);
        judge_claim(&ClaimEvidence::for_claim(claim, &band, *band.end()))
    });
    Ok(SavingBound {
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

/// What toggles save together at one end of their ranges, and in how many places they apply.
fn saving_at_end(
    experiment: &Experiment<'_>,
    chosen: &[&ChosenToggle],
    pick: fn(&crate::intervene::ParamRange) -> i64,
) -> Result<(Saving, u32), MissingPrice> {
    let recording = experiment.base_recording();
    let patches: Vec<Patch> = chosen
        .iter()
        .map(|one| one.toggle.build_patch(recording, &params_at_end(one, pick)))
        .collect();
    let plan = experiment.compile_plan(recording, &patches)?;
    let saving = Saving::between_totals(
        &PipelineTotals::replay_totals(&plan, 0),
        &PipelineTotals::replay_totals(&plan, subset_of_first(patches.len())),
    );
    Ok((saving, patches.iter().map(|patch| patch.found_places).sum()))
}

/// The parameters of a toggle at one end: those that nobody has given, or all where none is asked
/// for.
fn params_at_end(
    chosen: &ChosenToggle,
    pick: fn(&crate::intervene::ParamRange) -> i64,
) -> ToggleParams {
    let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
    specs.fold(chosen.params.clone(), |params, (at, (spec, range))| {
        // What the user has set is known; the bound is about what nobody has said.
        if chosen.awaits_parameter() && !chosen.unset.contains(&spec.key) {
            return params;
        }
        params.with_value(at, pick(range))
    })
}
