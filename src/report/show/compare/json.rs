//! The comparison for programs.

use super::ComparisonReport;
use super::bounds::BoundJson;
use super::distribution::DistributionJson;
use super::observed_savings::ObservedSavingJson;
use super::saving_bands::{SavingBandJson, SavingPointJson, ShareBandJson};
use super::turn_limiter::TurnLimiterJson;
use crate::reconstruct::Lens;
use crate::report::json::{self, ShareJson};
use crate::report::show::audit::{FindingJson, findings_json};
use crate::report::show::{Provenance, ReplayTotalsJson, UsageSumsJson};
use crate::study::whatif::compare::{CombinedClaimResult, Comparison, ToggleResult};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::tornado::SavingSwing;
use crate::study::whatif::uncertainty::ClaimProbability;
use crate::study::whatif::verdict::{ClaimJudgement, ClaimVerdict};
use serde::Serialize;
use serde_json::Value;

impl ComparisonReport<'_> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let headline = self.comparison.headline;
        json::versioned_json(
            "compare",
            1,
            &ComparisonJson {
                recording: &self.provenance.recording,
                lens: self.source.lens().map(Lens::name),
                headline: (headline == HeadlineMetric::Tokens)
                    .then(|| ComparisonHeadlineJson::from_comparison(self.comparison)),
                baseline: (&self.comparison.baseline).into(),
                variant: (&self.comparison.variant).into(),
                toggles: self
                    .comparison
                    .toggles
                    .iter()
                    .map(|t| ComparedToggleJson::from_toggle(headline, t))
                    .collect(),
                joint: JointSavingJson::from_comparison(self.comparison),
                interaction: self
                    .comparison
                    .interacting_pairs()
                    .iter()
                    .map(|pair| TogglePairJson::from_pair(headline, pair))
                    .collect(),
                bounds: self.bounds_json(),
                tornado: self
                    .comparison
                    .tornado
                    .iter()
                    .map(|swing| TornadoSwingJson::from_swing(headline, swing))
                    .collect(),
                combined: self.comparison.combined.iter().map(CombinedClaimJson::from).collect(),
                seen: self
                    .comparison
                    .observed_savings
                    .iter()
                    .map(ObservedSavingJson::from)
                    .collect(),
                limiter: self.loads.iter().map(TurnLimiterJson::from).collect(),
                distribution: self.distribution_json(),
                findings: findings_json(self.findings),
                provenance: self.provenance,
            },
        )
    }
}

#[derive(Serialize)]
struct ComparisonJson<'a> {
    recording: &'a str,
    lens: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<ComparisonHeadlineJson>,
    baseline: ReplayTotalsJson,
    variant: ReplayTotalsJson,
    toggles: Vec<ComparedToggleJson<'a>>,
    joint: JointSavingJson,
    /// Pairs of toggles whose savings depend on each other.
    interaction: Vec<TogglePairJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bounds: Vec<BoundJson<'a>>,
    tornado: Vec<TornadoSwingJson<'a>>,
    combined: Vec<CombinedClaimJson>,
    /// What was seen after rollouts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seen: Vec<ObservedSavingJson<'a>>,
    /// Turns at once and requests a minute of agents that packets wake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limiter: Vec<TurnLimiterJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<Vec<DistributionJson>>,
    findings: Vec<FindingJson<'a>>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct JointSavingJson {
    saving: UsageSumsJson,
    #[serde(flatten)]
    band: SavingBandJson,
    share_of_reads: Option<ShareBandJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_of_tokens: Option<ShareBandJson>,
    share_of_dollars: Option<ShareBandJson>,
    overlap: i64,
    draws: u32,
    /// Draws over which the bands of Shapley values go.
    shapley_draws: u32,
    /// Draws whose call counts no calls met.
    draws_unmet: u32,
    probability: Vec<ClaimProbabilityJson>,
}

impl JointSavingJson {
    fn from_comparison(comparison: &Comparison) -> Self {
        let uncertainty = comparison.uncertainty.as_ref();
        let claims = uncertainty.into_iter().flat_map(|it| &it.claims);
        let probability = claims.flat_map(|claim| &claim.probabilities);
        // The share stands under the name of what the headline counts, never under both.
        let share = uncertainty.map(|it| ShareBandJson::from(it.joint_bp.0));
        let (share_of_reads, share_of_tokens) = match comparison.headline {
            HeadlineMetric::Reads => (share, None),
            HeadlineMetric::Tokens => (None, share),
        };
        Self {
            saving: (&comparison.joint).into(),
            band: SavingBandJson::from_bands(comparison.headline, uncertainty.map(|it| it.joint)),
            share_of_reads,
            share_of_tokens,
            share_of_dollars: uncertainty.map(|it| it.joint_bp.1.into()),
            overlap: comparison.overlap,
            draws: uncertainty.map_or(0, |it| it.draws),
            shapley_draws: uncertainty.map_or(0, |it| it.shapley_draws),
            draws_unmet: uncertainty.map_or(0, |it| it.unmet_draws),
            probability: probability.map(ClaimProbabilityJson::from).collect(),
        }
    }
}

/// What the comparison is told in, where that is not cache reads.
#[derive(Serialize)]
struct ComparisonHeadlineJson {
    metric: &'static str,
    /// Whether the dollars mean anything: the source may not say what its tokens were.
    has_dollars: bool,
    saved: i64,
    of: i64,
}

impl ComparisonHeadlineJson {
    fn from_comparison(comparison: &Comparison) -> Self {
        let headline = comparison.headline;
        Self {
            metric: headline.metric_name(),
            has_dollars: comparison.has_dollars,
            saved: headline.amount_in_saving(&comparison.joint),
            of: headline.amount_in_totals(&comparison.baseline),
        }
    }
}

#[derive(Serialize)]
struct ClaimProbabilityJson {
    claim: String,
    metric: &'static str,
    /// Tokens or calls, or a share where the metric is one.
    at_least: Value,
    p: ShareJson,
}

impl From<&ClaimProbability> for ClaimProbabilityJson {
    fn from(one: &ClaimProbability) -> Self {
        // Shares of reads, tokens or dollars are held in basis points, and amounts as they are.
        let is_share = !matches!(one.metric, "read" | "tokens" | "calls");
        let at_least = if is_share {
            serde_json::to_value(ShareJson(one.at_least)).unwrap_or_default()
        } else {
            one.at_least.into()
        };
        Self { claim: one.claim.clone(), metric: one.metric, at_least, p: ShareJson(one.p_bp) }
    }
}

/// What two toggles save together beyond the sum of both.
#[derive(Serialize)]
struct TogglePairJson {
    toggles: [&'static str; 2],
    calls: i64,
    #[serde(flatten)]
    saving: SavingPointJson,
}

impl TogglePairJson {
    fn from_pair(
        headline: HeadlineMetric,
        (a, b, saving): &(&'static str, &'static str, Saving),
    ) -> Self {
        let point = SavingPointJson::from_saving(headline, saving);
        Self { toggles: [a, b], calls: saving.calls, saving: point }
    }
}

/// What one parameter moves.
#[derive(Serialize)]
struct TornadoSwingJson<'a> {
    toggle: &'static str,
    parameter: &'a str,
    unit: &'static str,
    low: i64,
    mode: i64,
    high: i64,
    saving_at_low: SavingPointJson,
    saving_at_high: SavingPointJson,
}

impl<'a> TornadoSwingJson<'a> {
    fn from_swing(headline: HeadlineMetric, swing: &'a SavingSwing) -> Self {
        Self {
            toggle: swing.toggle,
            parameter: &swing.key,
            unit: swing.unit.name(),
            low: swing.range.low,
            mode: swing.range.mode,
            high: swing.range.high,
            saving_at_low: SavingPointJson::from_saving(headline, &swing.low),
            saving_at_high: SavingPointJson::from_saving(headline, &swing.high),
        }
    }
}

/// What one authority says about a claim.
#[derive(Serialize)]
struct JudgementJson {
    by: &'static str,
    verdict: &'static str,
    against: Option<JudgedRangeJson>,
}

/// The numbers behind a word.
#[derive(Serialize)]
struct JudgedRangeJson {
    low: i64,
    high: i64,
}

impl From<&ClaimJudgement> for JudgementJson {
    fn from(one: &ClaimJudgement) -> Self {
        Self {
            by: one.by.name(),
            verdict: one.verdict.verdict_word(),
            against: one
                .evidence_range
                .as_ref()
                .map(|range| JudgedRangeJson { low: *range.start(), high: *range.end() }),
        }
    }
}

#[derive(Serialize)]
struct ComparedClaimJson {
    metric: String,
    /// That nothing is claimed but a direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
    low: i64,
    high: i64,
}

impl From<&PublishedClaim> for ComparedClaimJson {
    fn from(claim: &PublishedClaim) -> Self {
        let (low, high) = (*claim.saving.start(), *claim.saving.end());
        let says = claim.is_direction.then_some("falls");
        Self { metric: claim.metric.clone(), says, low, high }
    }
}

#[derive(Serialize)]
struct ComparedToggleJson<'a> {
    id: &'static str,
    title: &'static str,
    found: u32,
    tokens_touched: i64,
    claimed: Option<ComparedClaimJson>,
    alone: UsageSumsJson,
    last: UsageSumsJson,
    shapley: SavingPointJson,
    /// Of the Shapley value.
    #[serde(flatten)]
    band: SavingBandJson,
    alone_band: SavingBandJson,
    last_band: SavingBandJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    wide_because: Option<WidthReasonJson<'a>>,
    effort: u32,
    risk: u32,
    at_most: Option<i64>,
    judged: Vec<JudgementJson>,
    verdict: &'static str,
    verdict_usd: &'static str,
    notes: Vec<String>,
}

/// What makes a band wide, and what the toggle saves at the ends of it.
#[derive(Serialize)]
struct WidthReasonJson<'a> {
    parameter: &'a str,
    saving_at_low: i64,
    saving_at_high: i64,
}

impl<'a> ComparedToggleJson<'a> {
    fn from_toggle(headline: HeadlineMetric, toggle: &'a ToggleResult) -> Self {
        let reason = toggle.reason.as_ref();
        Self {
            wide_because: reason.map(|reason| WidthReasonJson {
                parameter: &reason.what,
                saving_at_low: reason.low,
                saving_at_high: reason.high,
            }),
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            claimed: toggle.claim.as_ref().map(ComparedClaimJson::from),
            alone: (&toggle.alone).into(),
            last: (&toggle.last).into(),
            shapley: SavingPointJson::from_saving(headline, &toggle.share),
            band: SavingBandJson::from_bands(
                headline,
                toggle.bands.and_then(|bands| bands.shapley),
            ),
            alone_band: SavingBandJson::from_bands(headline, toggle.bands.map(|bands| bands.alone)),
            last_band: SavingBandJson::from_bands(headline, toggle.bands.map(|bands| bands.last)),
            effort: toggle.grade.effort,
            risk: toggle.grade.risk,
            at_most: toggle.at_most,
            judged: toggle.judgements.iter().map(JudgementJson::from).collect(),
            verdict: toggle.verdict.verdict_word(),
            verdict_usd: toggle.verdict_usd.verdict_word(),
            notes: toggle.notes.clone(),
        }
    }
}

#[derive(Serialize)]
struct CombinedClaimJson {
    id: String,
    toggles: Vec<String>,
    step: String,
    claimed: ComparedClaimJson,
    baseline: i64,
    replayed: i64,
    at_most: i64,
    judged: Vec<JudgementJson>,
    verdict: &'static str,
    verdict_usd: Option<&'static str>,
}

impl From<&CombinedClaimResult> for CombinedClaimJson {
    fn from(result: &CombinedClaimResult) -> Self {
        Self {
            id: result.claim.id.clone(),
            toggles: result.claim.toggles.clone(),
            step: result.claim.step.clone(),
            claimed: (&result.claim).into(),
            baseline: result.baseline,
            replayed: result.replayed,
            at_most: result.at_most,
            judged: result.judgements.iter().map(JudgementJson::from).collect(),
            verdict: result.verdict.verdict_word(),
            verdict_usd: result.verdict_usd.map(ClaimVerdict::verdict_word),
        }
    }
}
