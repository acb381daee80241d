//! Bounds, where a number is missing that no source gives: the least and the most that a toggle
//! saves at the ends of the ranges on its card, and no figure between them.

use super::experiment::{Experiment, subset_of_first};
use super::headline::HeadlineMetric;
use super::other_orchestrator::bound_of_orchestrator;
use super::published_claims::PublishedClaim;
use super::savings::Saving;
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
    /// What to tell the reader.
    pub notes: Vec<String>,
    /// The least that it saves.
    pub low: Saving,
    /// The most that it saves.
    pub high: Saving,
    /// Whether these are reads of an orchestrator, which stands beside the sessions.
    pub is_beside: bool,
    /// What is claimed for it.
    pub claim: Option<PublishedClaim>,
    /// What the bounds say about the claim.
    pub verdict: ClaimVerdict,
}

impl SavingBound {
    /// The most that it saves, in a headline.
    pub fn most(&self, headline: HeadlineMetric) -> i64 {
        headline.amount_in_saving(&self.high)
    }
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
    // Each at its own ends: what saves least or most beside the others is taken to do so alone.
    let mut ends = Vec::with_capacity(chosen.len());
    for one in chosen {
        ends.push(extreme_corners(experiment, one)?);
    }
    let together = |pick: fn(&[ToggleParams; 2]) -> &ToggleParams| {
        let params: Vec<&ToggleParams> = ends.iter().map(pick).collect();
        saving_of_corner(experiment, chosen, &params)
    };
    let ((mut low, _), (mut high, patches)) =
        (together(|[least, _]| least)?, together(|[_, most]| most)?);
    // What moves no session may move the orchestrator, whose reads are laid out beside them.
    let orchestrator = match chosen {
        [only] => bound_of_orchestrator(experiment, only),
        _ => None,
    };
    if let Some([least, most]) = orchestrator {
        low.usage.read += least;
        high.usage.read += most;
    }
    // A claim about several toggles is met only by exactly these, in the same order.
    let ids: Vec<&str> = chosen.iter().map(|one| one.id()).collect();
    let specs =
        chosen.iter().flat_map(|one| one.toggle.card().params.iter().map(move |s| (one, s)));
    let asked = specs.filter(|(one, spec)| one.unset.contains(&spec.key)).map(|(_, spec)| spec);
    let claim = experiment.claims.iter().find(|claim| claim.toggles == ids).cloned();
    let verdict = claim.as_ref().map_or(ClaimVerdict::NotTestable, |claim| {
        let (low, high) = (claim.amount_saved(&low), claim.amount_saved(&high));
        // What saves most of one kind of tokens may save least of another.
        let band = low.min(high)..=low.max(high);
        judge_claim(&ClaimEvidence::for_claim(claim, &band, *band.end()))
    });
    Ok(SavingBound {
        id: ids.join("+"),
        title: if let [only] = chosen { only.toggle.card().title } else { "together" },
        asked: asked.collect(),
        found: patches.iter().map(|patch| patch.found_places).sum(),
        // Notes of one toggle: several have theirs where they stand alone.
        notes: if let [only] = &patches[..] { only.notes.clone() } else { Vec::new() },
        low,
        high,
        is_beside: orchestrator.is_some(),
        claim,
        verdict,
    })
}

/// What toggles with some parameters save together, and what they change.
fn saving_of_corner(
    experiment: &Experiment<'_>,
    chosen: &[&ChosenToggle],
    params: &[&ToggleParams],
) -> Result<(Saving, Vec<Patch>), MissingPrice> {
    let recording = experiment.base_recording();
    let patches: Vec<Patch> = chosen
        .iter()
        .zip(params)
        .map(|(one, params)| one.toggle.build_patch(recording, params))
        .collect();
    let plan = experiment.compile_touched(recording, &patches)?;
    Ok((Saving::of_subset(&plan, subset_of_first(patches.len())), patches))
}

/// The parameters at which a toggle saves least and most by itself: of several that do, the first.
fn extreme_corners(
    experiment: &Experiment<'_>,
    chosen: &ChosenToggle,
) -> Result<[ToggleParams; 2], MissingPrice> {
    let headline = experiment.headline_metric();
    let mut ends: Option<[(i64, ToggleParams); 2]> = None;
    for corner in open_corners(chosen) {
        let saved = saving_of_corner(experiment, &[chosen], &[&corner])?.0;
        let saved = headline.amount_in_saving(&saved);
        match &mut ends {
            // The first corner is both, until another one saves less or more.
            None => ends = Some([(saved, corner.clone()), (saved, corner)]),
            Some([least, _]) if saved < least.0 => *least = (saved, corner),
            Some([_, most]) if saved > most.0 => *most = (saved, corner),
            Some(_) => {}
        }
    }
    Ok(ends.map_or_else(
        || [chosen.params.clone(), chosen.params.clone()],
        |ends| ends.map(|(_, params)| params),
    ))
}

/// The corners of what is open: of the parameters that nobody has given, or of all where none is
/// asked for.
fn open_corners(chosen: &ChosenToggle) -> Vec<ToggleParams> {
    let specs = chosen.toggle.card().params.iter().zip(&chosen.ranges).enumerate();
    let mut corners = vec![chosen.params.clone()];
    for (at, (spec, range)) in specs {
        // What the user has set is known; the bound is about what nobody has said.
        if chosen.awaits_parameter() && !chosen.unset.contains(&spec.key) {
            continue;
        }
        let mut ends = vec![range.low, range.high];
        ends.dedup();
        corners = ends
            .iter()
            .flat_map(|&end| corners.iter().map(move |corner| corner.with_value(at, end)))
            .collect();
    }
    corners
}
