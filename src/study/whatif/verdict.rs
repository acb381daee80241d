//! Verdicts: is a published saving of the right size?
//!
//! Three things decide and nothing else: the claim, as printed and half its author's step on either
//! side; the band of what the toggle saves on its own; and the bound, the most that it could save
//! with every share and size at its friendliest. What the other toggles of a list leave of it is
//! another question ([`super::remaining_saving`]).

use super::published_claims::PublishedClaim;
use crate::units::{BASIS_POINTS, scale_by_ratio};
use std::ops::RangeInclusive;

/// The error of a difference of two replays, in ten-thousandths of it: in nine of ten cases it is
/// smaller. Source: MODEL.md, "The error of a difference", measured 2026-11-28.
pub const DIFFERENCE_ERROR_BP: i64 = 1_900;

/// What is said about the size of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// The claim and the band overlap, and the band is narrow enough to say so.
    Holds,
    /// The whole band is below the claim.
    TooHigh,
    /// The whole band is above the claim.
    TooLow,
    /// Not even the bound is as high.
    CannotBe,
    /// The band is wider than what is claimed, or holds no saving at all: any claim near it would
    /// hold.
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
            Self::TooHigh => "too high",
            Self::TooLow => "too low",
            Self::CannotBe => "cannot be",
            Self::Open => "open",
            Self::NotTestable => "not testable",
        }
    }
}

/// What a verdict rests on. All savings are in one unit and positive where something falls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimEvidence {
    /// What is claimed, with half the author's step on either side.
    pub claimed: RangeInclusive<i64>,
    /// Whether nothing is claimed but that it falls, by whatever.
    pub is_direction: bool,
    /// What the replay saves on its own, P10 to P90, never above the bound.
    pub band: RangeInclusive<i64>,
    /// The most that could be saved.
    pub bound: i64,
}

impl ClaimEvidence {
    /// A claim beside its band and its bound.
    #[must_use]
    pub fn for_claim(claim: &PublishedClaim, band: &RangeInclusive<i64>, bound: i64) -> Self {
        Self {
            claimed: claim.rounded.clone(),
            is_direction: claim.is_direction,
            // No error makes possible what is not.
            band: (*band.start()).min(bound)..=(*band.end()).min(bound),
            bound,
        }
    }
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
    /// By the product of the claim's own factors. Its factors are rounded too: a tenth is forgiven.
    #[must_use]
    pub fn by_arithmetic(claim: &PublishedClaim, product: Option<i64>) -> Self {
        let (low, high) = (*claim.saving.start(), *claim.saving.end());
        let verdict = match product {
            None => ClaimVerdict::NotTestable,
            Some(product) if product < low - low / 10 => ClaimVerdict::TooHigh,
            Some(product) if product > high + high / 10 => ClaimVerdict::TooLow,
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
        let bound = evidence.bound;
        Self { by: ClaimJudge::Possibility, verdict, evidence_range: Some(bound..=bound) }
    }

    /// By the replay alone.
    #[must_use]
    pub fn by_model(evidence: &ClaimEvidence) -> Self {
        let verdict = match judge_claim(evidence) {
            // The replay alone cannot tell what is impossible, only that it saves less.
            ClaimVerdict::CannotBe => ClaimVerdict::TooHigh,
            other => other,
        };
        Self { by: ClaimJudge::Model, verdict, evidence_range: Some(evidence.band.clone()) }
    }
}

/// What a replay saves with the error of a difference at either end.
#[must_use]
pub fn widen_by_difference_error(band: &RangeInclusive<i64>) -> RangeInclusive<i64> {
    let (low, high) = (*band.start(), *band.end());
    let [less, more] =
        [low, high].map(|saving| scale_by_ratio(saving.abs(), DIFFERENCE_ERROR_BP, BASIS_POINTS));
    low - less..=high + more
}

/// Judges a claim: the first word that applies.
#[must_use]
pub fn judge_claim(evidence: &ClaimEvidence) -> ClaimVerdict {
    let (low, high) = (*evidence.band.start(), *evidence.band.end());
    let claimed = &evidence.claimed;
    // What is claimed is as large as the middle of its range.
    let amount = claimed.start().midpoint(*claimed.end());
    let is_wide = !evidence.is_direction && high - low > amount;
    if *claimed.start() > evidence.bound {
        ClaimVerdict::CannotBe
    } else if *claimed.start() > high {
        ClaimVerdict::TooHigh
    } else if *claimed.end() < low {
        ClaimVerdict::TooLow
    } else if is_wide || low <= 0 {
        ClaimVerdict::Open
    } else {
        ClaimVerdict::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claimed: (i64, i64), band: (i64, i64), bound: i64, verdict: ClaimVerdict) {
        let (claimed, band) = (claimed.0..=claimed.1, band.0..=band.1);
        let evidence = ClaimEvidence { claimed, is_direction: false, band, bound };
        assert_eq!(judge_claim(&evidence), verdict, "{evidence:?}");
    }

    #[test]
    fn each_word_begins_and_ends_where_it_should() {
        // Claimed 950 to 1,050; the words at their edges, the hardest first.
        check((950, 1_050), (100, 940), 949, ClaimVerdict::CannotBe);
        check((950, 1_050), (100, 940), 950, ClaimVerdict::TooHigh);
        check((950, 1_050), (100, 949), 1_200, ClaimVerdict::TooHigh);
        check((950, 1_050), (100, 950), 1_200, ClaimVerdict::Holds);
        check((950, 1_050), (1_050, 1_100), 1_200, ClaimVerdict::Holds);
        check((950, 1_050), (1_051, 1_100), 1_200, ClaimVerdict::TooLow);
        // As wide as the claim is large still says something; wider does not.
        check((950, 1_050), (200, 1_200), 1_200, ClaimVerdict::Holds);
        check((950, 1_050), (200, 1_201), 1_300, ClaimVerdict::Open);
        // A band that holds nothing holds any claim near it.
        check((10, 1_050), (1, 400), 1_200, ClaimVerdict::Holds);
        check((10, 1_050), (0, 400), 1_200, ClaimVerdict::Open);
        check((10, 1_050), (-5, 400), 1_200, ClaimVerdict::Open);
        check((100, 200), (-50, -10), 0, ClaimVerdict::CannotBe);
        check((100, 200), (-50, -10), 100, ClaimVerdict::TooHigh);
    }

    #[test]
    fn a_direction_is_open_where_the_replay_may_not_fall() {
        for (band, bound, verdict) in [
            (5..=9_000, 9_000, ClaimVerdict::Holds),
            (0..=90, 100, ClaimVerdict::Open),
            (-40..=90, 100, ClaimVerdict::Open),
            (-40..=0, 100, ClaimVerdict::TooHigh),
            (-40..=-9, 0, ClaimVerdict::CannotBe),
            (0..=0, 0, ClaimVerdict::CannotBe),
        ] {
            let evidence = ClaimEvidence { claimed: 1..=9_000, is_direction: true, band, bound };
            assert_eq!(judge_claim(&evidence), verdict, "{evidence:?}");
        }
    }

    #[test]
    fn no_band_is_above_its_bound() {
        let claim = PublishedClaim {
            id: "x".to_owned(),
            toggles: vec!["x".to_owned()],
            step: String::new(),
            metric: "read".to_owned(),
            saving: 90..=110,
            rounded: 80..=120,
            share_bp: None,
            is_direction: false,
        };
        let evidence = ClaimEvidence::for_claim(&claim, &(60..=130), 100);
        assert_eq!((evidence.claimed, evidence.band), (80..=120, 60..=100));
    }

    #[test]
    fn a_difference_is_uncertain_by_a_share_of_itself() {
        assert_eq!(widen_by_difference_error(&(1_000..=2_000)), 810..=2_380);
        assert_eq!(widen_by_difference_error(&(-1_000..=0)), -1_190..=0);
    }
}
