//! What the parameters, the unknown call counts and other unknowns leave open.
//!
//! Everything is replayed once for each draw: other parameters, other call counts or unknowns
//! where a source left them open, another luck of automatic caches, the same shocks. Draw k means
//! the same for every toggle and every subset, so that differences are differences. Bands are
//! quantiles of the draws (nearest rank); they hold the parameters, what is open, and the error of
//! a difference: each draw has a normal one, whose size has its 90th percentile at
//! [`DIFFERENCE_ERROR_BP`](super::verdict::DIFFERENCE_ERROR_BP), and everything that is saved in it
//! is off by that share.

use super::claim_probabilities::{ClaimProbability, claim_probabilities};
use super::draw_count::BandEnds;
use super::draw_lines::MadeDraws;
use super::draw_outcome::DrawOutcome;
use super::draw_setup::{DrawSetup, LatticeDraws};
use super::experiment::Experiment;
use super::first_question::{DrawnClaim, DrawnResults, FirstQuestion, find_first_question};
use super::load_bands::LoadBands;
use super::saving_bands::{DrawnSet, SavingBands, saving_bands};
use super::savings::Saving;
use crate::plan::Plan;
use crate::price::MissingPrice;
use crate::study::stats::quantile::CredibleBand;
use crate::units::ratio_bp;
use std::borrow::Cow;

/// One toggle in all draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToggleBands {
    /// Its share in the joint saving, over the first [`Uncertainty::shapley_draws`] draws; `None`
    /// where even a few lattices were too much work.
    pub shapley: Option<SavingBands>,
    /// On its own.
    pub alone: SavingBands,
    /// After all the others.
    pub last: SavingBands,
}

/// What all draws say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncertainty {
    /// How many draws were made.
    pub draws: u32,
    /// In how many of them, the first ones, every subset was replayed.
    pub shapley_draws: u32,
    /// Draws whose call counts met no calls and were taken at the likeliest counts instead.
    pub unmet_draws: u32,
    /// The toggles.
    pub toggles: Vec<ToggleBands>,
    /// All together.
    pub joint: SavingBands,
    /// All together, as a share of the baseline in ten-thousandths: the headline's figure,
    /// dollars.
    pub joint_bp: (CredibleBand<i64>, CredibleBand<i64>),
    /// Between which values the ends of that band lie; `None` where there are many draws.
    pub joint_ends_bp: Option<(BandEnds<i64>, BandEnds<i64>)>,
    /// The claims: each toggle's first, then those on several.
    pub claims: Vec<ClaimDraws>,
    /// What the toggles of each observation save, a share in ten-thousandths.
    pub observed_bp: Vec<CredibleBand<i64>>,
    /// How busy agents are that packets wake; `None` where no packet does, or times are a record.
    pub loads: Option<LoadBands>,
    /// The open fact that, known, would change most; `None` where none changes anything.
    pub first_question: Option<FirstQuestion>,
    /// The sets that the experiment asks for.
    pub sets: Vec<DrawnSet>,
}

/// A claim in all draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimDraws {
    /// The claim's id.
    pub claim: String,
    /// What is saved in its metric; by one toggle alone.
    pub saved: CredibleBand<i64>,
    /// The most in any draw, without the error of a difference.
    pub most: i64,
    /// How likely the claim is reached, in each way that it can be read.
    pub probabilities: Vec<ClaimProbability>,
}

/// Makes all draws of an experiment, or takes those that were made elsewhere.
///
/// # Errors
/// A model without a price.
pub fn study_uncertainty(
    experiment: &Experiment<'_>,
    plan: &Plan,
    made: Option<&MadeDraws>,
) -> Result<Uncertainty, MissingPrice> {
    let setup = DrawSetup::prepare(experiment, LatticeDraws::from_plan(experiment, plan))?;
    let drawn = match made {
        Some(made) => Cow::Borrowed(made.outcomes()),
        None => Cow::Owned(setup.replay_all()?),
    };
    let first_question = first_question_of(&setup, &drawn);
    Ok(Uncertainty { first_question, ..summarise_draws(experiment, &drawn, setup.lattices.count) })
}

/// What to find out first, from everything that was drawn.
fn first_question_of(setup: &DrawSetup<'_>, drawn: &[DrawOutcome]) -> Option<FirstQuestion> {
    let experiment = setup.experiment;
    let headline = experiment.headline_metric();
    let mut facts = setup.draws.open_facts(experiment.chosen);
    facts.extend(setup.openings.open_facts(experiment.source));
    let claims = experiment.claims.iter().enumerate().map(|(at, claim)| {
        // The bound is what no draw goes beyond.
        let bound = drawn.iter().map(|draw| draw.exact_claims[at]).max().unwrap_or_default();
        let saved = drawn.iter().map(|draw| draw.claims[at].0).collect();
        DrawnClaim { claim, bound, saved }
    });
    let results = DrawnResults {
        effort: setup.lattices.candidates.as_ref().map_or(0, |it| it.effort),
        sets: drawn
            .iter()
            .map(|draw| draw.sets.clone())
            // Sets are replayed in the first draws alone.
            .take_while(|sets| !sets.is_empty())
            .collect(),
        claims: claims.collect(),
        joint: drawn.iter().map(|draw| headline.amount_in_saving(&draw.joint)).collect(),
    };
    find_first_question(&facts, &results, experiment.seed)
}

fn summarise_draws(
    experiment: &Experiment<'_>,
    drawn: &[DrawOutcome],
    lattices: u32,
) -> Uncertainty {
    let headline = experiment.headline_metric();
    let observations = drawn.first().map_or(0, |draw| draw.observed_bp.len());
    let claims = experiment.claims.iter().enumerate().map(|(at, claim)| ClaimDraws {
        claim: claim.id.clone(),
        saved: CredibleBand::from_values(drawn.iter().map(|draw| draw.claims[at].0)),
        most: drawn.iter().map(|draw| draw.exact_claims[at]).max().unwrap_or_default(),
        probabilities: claim_probabilities(headline, claim, at, drawn),
    });
    let joint_bp =
        || drawn.iter().map(|draw| ratio_bp(headline.amount_in_saving(&draw.joint), draw.before.0));
    let joint_money_bp =
        || drawn.iter().map(|draw| draw.joint.total_money().share_bp(draw.before.1));
    Uncertainty {
        draws: drawn.len() as u32,
        shapley_draws: lattices,
        unmet_draws: drawn.iter().filter(|draw| !draw.met).count() as u32,
        // Attribution takes many replays: it is made in the first draws alone.
        toggles: (0..experiment.chosen.len())
            .map(|at| toggle_bands(drawn, &drawn[..lattices as usize], at))
            .collect(),
        joint: saving_bands(drawn, |draw| &draw.joint),
        joint_bp: (
            CredibleBand::from_values(joint_bp()),
            CredibleBand::from_values(joint_money_bp()),
        ),
        joint_ends_bp: BandEnds::of_few(joint_bp()).zip(BandEnds::of_few(joint_money_bp())),
        claims: claims.collect(),
        observed_bp: (0..observations)
            .map(|at| CredibleBand::from_values(drawn.iter().map(|draw| draw.observed_bp[at])))
            .collect(),
        sets: drawn_sets(experiment, drawn),
        loads: LoadBands::from_draws(drawn.iter().filter_map(|draw| draw.loads.as_ref())),
        first_question: None,
    }
}

/// The sets that the experiment asks for, in all draws.
fn drawn_sets(experiment: &Experiment<'_>, drawn: &[DrawOutcome]) -> Vec<DrawnSet> {
    let sets = experiment.sets.iter().enumerate();
    sets.map(|(at, subset)| DrawnSet::from_draws(*subset, drawn, |draw| &draw.asked[at])).collect()
}

/// One toggle in all draws, and its share in those in which every subset was replayed.
fn toggle_bands(drawn: &[DrawOutcome], with_lattice: &[DrawOutcome], at: usize) -> ToggleBands {
    ToggleBands {
        // One draw without shares would leave a band of the others that means something else.
        shapley: with_lattice
            .iter()
            .map(|draw| draw.toggles[at].shapley.as_ref())
            .collect::<Option<Vec<&Saving>>>()
            .filter(|shares| !shares.is_empty())
            .map(|shares| saving_bands(&shares, |share| *share)),
        alone: saving_bands(drawn, |draw| &draw.toggles[at].alone),
        last: saving_bands(drawn, |draw| &draw.toggles[at].last),
    }
}

#[cfg(test)]
mod tests {
    use super::super::marginal_savings::MarginalSavings;
    use super::*;
    use crate::price::Pricing;
    use crate::reconstruct::{Lens, RecordingSource, builtin_pipeline, reconstruct};
    use crate::scenario::{Scenario, toggles_by_id};

    #[test]
    fn what_is_quoted_is_the_mean_of_the_draws() {
        let reported = builtin_pipeline("order-774").expect("built in");
        let fit = reconstruct(&reported, Lens::Message).expect("fits");
        let source = RecordingSource::Pipeline { reported, lens: Lens::Message, fit };
        let toggles = toggles_by_id(["R1", "R2", "R3", "R4", "R5", "R6", "R7"]).expect("toggles");
        let scenario = Scenario { draws: Some(300), ..Scenario::with_toggles(&toggles) };
        let (toggles, pricing) = (scenario.split_awaiting_toggles(), Pricing::embedded());
        let experiment = Experiment::for_scenario(&source, &scenario, &toggles, &pricing);
        let recording = experiment.base_recording();
        let plan = experiment.compile_plan(recording, &experiment.patches_at_means(recording));
        let plan = plan.expect("prices");
        let quoted = MarginalSavings::with_sets(&plan, experiment.chosen.len(), &[]);
        let lattices = LatticeDraws::from_plan(&experiment, &plan);
        let setup = DrawSetup::prepare(&experiment, lattices).expect("prices");
        let drawn = setup.replay_all().expect("prices");
        for (at, quoted) in quoted.alone.iter().enumerate() {
            let values = drawn.iter().map(|draw| draw.toggles[at].alone.usage.read as f64);
            let values: Vec<f64> = values.collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let spread = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            let error = (spread / values.len() as f64 / values.len() as f64).sqrt();
            let slack = 3.0 * error + 0.02 * mean.abs();
            let off = quoted.usage.read as f64 - mean;
            let id = experiment.chosen[at].id();
            assert!(off.abs() <= slack, "{id}: {} quoted, {mean:.0} drawn", quoted.usage.read);
        }
    }

    #[test]
    fn bands_are_nearest_ranks() {
        let check = |values: &[i64], want: (i64, i64, i64)| {
            let CredibleBand { p10, p50, p90 } = CredibleBand::from_values(values.iter().copied());
            assert_eq!((p10, p50, p90), want, "{values:?}");
        };
        check(&[], (0, 0, 0));
        check(&[7], (7, 7, 7));
        check(&[3, 1, 2], (1, 2, 3));
        check(&(1..=1_000).rev().collect::<Vec<_>>(), (100, 500, 900));
    }
}
