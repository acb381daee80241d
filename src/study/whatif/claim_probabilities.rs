//! How likely claims are reached, over all draws.

use super::draw_outcome::DrawOutcome;
use super::headline::HeadlineMetric;
use super::published_claims::PublishedClaim;
use crate::units::ratio_bp;

/// How finely probabilities are told, in ten-thousandths.
const PROBABILITY_STEP_BP: i64 = 500;

/// How likely it is that a claim is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimProbability {
    /// The claim's id.
    pub claim: String,
    /// What is counted: `read`, `tokens`, `calls`, `records`, `read share`, `token share` or
    /// `dollar share` (of the baseline).
    pub metric: &'static str,
    /// The least that is claimed: tokens, calls, or ten-thousandths.
    pub at_least: i64,
    /// Share of the draws that reach it, in ten-thousandths.
    pub p_bp: i64,
}

/// How often a claim is reached.
pub(super) fn claim_probabilities(
    headline: HeadlineMetric,
    claim: &PublishedClaim,
    at: usize,
    drawn: &[DrawOutcome],
) -> Vec<ClaimProbability> {
    let mut counted = vec![(
        claim.counted_metric().unwrap_or(headline.metric_name()),
        *claim.rounded.start(),
        share_of_draws(drawn, *claim.rounded.start(), |draw| draw.claims[at].0),
    )];
    if let Some(share) = claim.share_bp.as_ref().filter(|_| claim.step.is_empty()) {
        // A share may be meant of tokens or of dollars: the source does not always say which.
        let at_least = *share.start();
        let of_tokens =
            share_of_draws(drawn, at_least, |draw| ratio_bp(draw.claims[at].0, draw.before.0));
        let of_dollars = share_of_draws(drawn, at_least, |draw| {
            draw.claims[at].1.total_money().share_bp(draw.before.1)
        });
        let metric = match headline {
            HeadlineMetric::Reads => "read share",
            HeadlineMetric::Tokens => "token share",
        };
        counted.extend([(metric, at_least, of_tokens), ("dollar share", at_least, of_dollars)]);
    }
    let probabilities = counted.into_iter().map(|(metric, at_least, p_bp)| ClaimProbability {
        claim: claim.id.clone(),
        metric,
        at_least,
        p_bp,
    });
    probabilities.collect()
}

/// The share of the draws in which an amount is reached, in ten-thousandths. Most of what is drawn
/// rests on judgement, so that it is told in steps of [`PROBABILITY_STEP_BP`].
fn share_of_draws(
    drawn: &[DrawOutcome],
    at_least: i64,
    amount: impl Fn(&DrawOutcome) -> i64,
) -> i64 {
    let reached = drawn.iter().filter(|draw| amount(draw) >= at_least).count();
    let exact = ratio_bp(reached as i64, drawn.len() as i64);
    // Rounded half up to a whole step.
    (exact + PROBABILITY_STEP_BP / 2) / PROBABILITY_STEP_BP * PROBABILITY_STEP_BP
}
