//! Verdicts: what a published saving is worth beside the replay.
//!
//! A claim is a range; so is the replay (alone to last, widened by the model's own error); and
//! there is a most that the toggle could ever save: its best corner, every parameter at its
//! friendliest end. The verdict follows from these three and nothing else.

use super::published_claims::PublishedClaim;
use crate::units::{BASIS_POINTS, scale_by_ratio};
use std::ops::RangeInclusive;

/// The model's own error, in ten-thousandths of a saving: the 90th percentile of the content-only
/// error of summed reads over real sessions of 20 calls or more, as `inspect --fidelity` prints it.
/// Source: MODEL.md, "Content rates", measured 2026-11-20.
pub const MODEL_ERROR_BP: i64 = 875;

/// What is said about a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// The claim and the replay overlap.
    Holds,
    /// The replay saves less.
    Overstated,
    /// The replay saves more.
    Understated,
    /// Not even the friendliest parameters save that much.
    CannotBe,
    /// Of a claim that something falls: what is left open holds a fall and none.
    Open,
    /// There is nothing in the recording to test it on, or no number to test.
    NotTestable,
}

impl ClaimVerdict {
    /// The word for it.
    #[must_use]
    pub fn verdict_word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Overstated => "overstated",
            Self::Understated => "understated",
            Self::CannotBe => "cannot be",
            Self::Open => "open",
            Self::NotTestable => "not testable",
        }
    }
}

/// What a verdict rests on. All savings are in one unit and positive where something falls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimEvidence {
    /// What is claimed.
    pub claimed: RangeInclusive<i64>,
    /// Whether nothing is claimed but that it falls, by whatever.
    pub is_direction: bool,
    /// What the replay saves, lowest and highest.
    pub replayed: RangeInclusive<i64>,
    /// What the best corner saves.
    pub at_most: i64,
}

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimJudge {
    /// The claim's own factors.
    Arithmetic,
    /// The most that could be saved.
    Possibility,
    /// The replay, with what it leaves open.
    Model,
    /// What was seen after the change was made.
    Observation,
}

impl ClaimJudge {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::Possibility => "possibility",
            Self::Model => "model",
            Self::Observation => "observation",
        }
    }
}

/// What one authority says about a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimJudgement {
    /// Who says it.
    pub by: ClaimJudge,
    /// What it says.
    pub verdict: ClaimVerdict,
    /// The numbers behind it, in the claim's metric; `None` where there are none.
    pub evidence_range: Option<RangeInclusive<i64>>,
}

impl ClaimJudgement {
    /// By the product of the claim's own factors. Headlines are rounded to one digit: a tenth is
    /// forgiven.
    #[must_use]
    pub fn by_arithmetic(claim: &PublishedClaim, product: Option<i64>) -> Self {
        let (low, high) = (*claim.saving.start(), *claim.saving.end());
        let verdict = match product {
            None => ClaimVerdict::NotTestable,
            // Headlines are rounded: a tenth is forgiven on either side.
            Some(product) if product < low - low / 10 => ClaimVerdict::Overstated,
            Some(product) if product > high + high / 10 => ClaimVerdict::Understated,
            Some(_) => ClaimVerdict::Holds,
        };
        Self {
            by: ClaimJudge::Arithmetic,
            verdict,
            evidence_range: product.map(|product| product..=product),
        }
    }

    /// By the most that could be saved.
    #[must_use]
    pub fn by_possibility(evidence: &ClaimEvidence) -> Self {
        let verdict = match judge_claim(evidence) {
            ClaimVerdict::CannotBe => ClaimVerdict::CannotBe,
            _ => ClaimVerdict::Holds,
        };
        let most = evidence.at_most;
        Self { by: ClaimJudge::Possibility, verdict, evidence_range: Some(most..=most) }
    }

    /// By the replay alone.
    #[must_use]
    pub fn by_model(evidence: &ClaimEvidence) -> Self {
        let verdict = match judge_claim(evidence) {
            // The replay alone cannot tell what is impossible, only that it saves less.
            ClaimVerdict::CannotBe => ClaimVerdict::Overstated,
            other => other,
        };
        Self { by: ClaimJudge::Model, verdict, evidence_range: Some(evidence.replayed.clone()) }
    }
}

/// The model's own error in a saving.
fn model_error_margin(saving: i64) -> i64 {
    scale_by_ratio(saving.abs(), MODEL_ERROR_BP, BASIS_POINTS)
}

/// What a replay saves with the model's own error at either end: what a claim has to meet.
#[must_use]
pub fn widen_by_model_error(replayed: &RangeInclusive<i64>) -> RangeInclusive<i64> {
    let (low, high) = (*replayed.start(), *replayed.end());
    low - model_error_margin(low)..=high + model_error_margin(high)
}

/// Judges a claim.
#[must_use]
pub fn judge_claim(evidence: &ClaimEvidence) -> ClaimVerdict {
    let (low, high) = widen_by_model_error(&evidence.replayed).into_inner();
    // A corner search can miss what a draw met: the replay itself is possible by all means.
    let at_most = evidence.at_most.max(high) + model_error_margin(evidence.at_most);
    // The hardest word first: what no parameter reaches is not merely overstated.
    if *evidence.claimed.start() > at_most {
        ClaimVerdict::CannotBe
    } else if evidence.is_direction && *evidence.claimed.start() <= high && low <= 0 {
        ClaimVerdict::Open
    } else if *evidence.claimed.start() > high {
        ClaimVerdict::Overstated
    } else if *evidence.claimed.end() < low {
        ClaimVerdict::Understated
    } else {
        ClaimVerdict::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claimed: (i64, i64), replayed: (i64, i64), at_most: i64, verdict: ClaimVerdict) {
        let (claimed, replayed) = (claimed.0..=claimed.1, replayed.0..=replayed.1);
        let evidence = ClaimEvidence { claimed, is_direction: false, replayed, at_most };
        assert_eq!(judge_claim(&evidence), verdict, "{evidence:?}");
    }

    #[test]
    fn a_direction_is_open_where_the_replay_may_not_fall() {
        for (replayed, at_most, verdict) in [
            (5..=90, 100, ClaimVerdict::Holds),
            (0..=90, 100, ClaimVerdict::Open),
            (-40..=90, 100, ClaimVerdict::Open),
            (-40..=0, 100, ClaimVerdict::Overstated),
            (-40..=-9, 0, ClaimVerdict::CannotBe),
            (0..=0, 0, ClaimVerdict::CannotBe),
        ] {
            let evidence =
                ClaimEvidence { claimed: 1..=9_000, is_direction: true, replayed, at_most };
            assert_eq!(judge_claim(&evidence), verdict, "{evidence:?}");
        }
    }

    #[test]
    fn verdicts_follow_from_three_numbers() {
        check((900, 1_100), (1_000, 1_000), 1_200, ClaimVerdict::Holds);
        check((1_080, 1_100), (1_000, 1_000), 1_200, ClaimVerdict::Holds);
        check((1_090, 1_100), (1_000, 1_000), 1_200, ClaimVerdict::Overstated);
        check((1_310, 1_400), (1_000, 1_000), 1_200, ClaimVerdict::CannotBe);
        check((1_310, 1_400), (1_000, 1_000), 1_300, ClaimVerdict::Overstated);
        check((800, 900), (1_000, 1_000), 1_200, ClaimVerdict::Understated);
        check((800, 913), (1_000, 1_000), 1_200, ClaimVerdict::Holds);
        check((450, 550), (300, 600), 600, ClaimVerdict::Holds);
        check((100, 200), (-50, -10), 0, ClaimVerdict::CannotBe);
        check((0, 0), (0, 0), 0, ClaimVerdict::Holds);
    }
}
