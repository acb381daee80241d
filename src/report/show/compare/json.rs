//! The comparison for programs.

use super::Shown;
use super::bounds::BoundJson;
use super::limiter::LoadsJson;
use super::points::{BandJson, PointJson, SharesJson};
use super::seen::SeenJson;
use super::spread::SpreadJson;
use crate::reconstruct::Lens;
use crate::report::json::{self, Share};
use crate::report::show::{Provenance, SideJson, SumsJson};
use crate::study::audit::Finding;
use crate::study::claims::{Judgement, Verdict};
use crate::study::compare::{CombinedResult, Comparison, ToggleResult};
use crate::study::headline::Headline;
use crate::study::published::PublishedClaim;
use crate::study::sides::Saving;
use crate::study::tornado::Swing;
use crate::study::uncertainty::Probability;
use serde::Serialize;
use serde_json::Value;

impl Shown<'_> {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let headline = self.comparison.headline;
        json::document(
            "compare",
            1,
            &Body {
                recording: &self.provenance.recording,
                lens: self.lens.map(Lens::name),
                headline: (headline == Headline::Tokens).then(|| HeadlineJson::of(self.comparison)),
                baseline: (&self.comparison.baseline).into(),
                variant: (&self.comparison.variant).into(),
                toggles: self
                    .comparison
                    .toggles
                    .iter()
                    .map(|t| ToggleJson::of(headline, t))
                    .collect(),
                joint: JointJson::of(self.comparison),
                interaction: self
                    .comparison
                    .pairs()
                    .iter()
                    .map(|pair| PairJson::of(headline, pair))
                    .collect(),
                bounds: self.bounds_json(),
                tornado: self
                    .comparison
                    .tornado
                    .iter()
                    .map(|swing| SwingJson::of(headline, swing))
                    .collect(),
                combined: self.comparison.combined.iter().map(CombinedJson::from).collect(),
                seen: self.comparison.seen.iter().map(SeenJson::from).collect(),
                limiter: self.loads.iter().map(LoadsJson::from).collect(),
                distribution: self.spread_json(),
                findings: self.findings,
                provenance: self.provenance,
            },
        )
    }
}

#[derive(Serialize)]
struct Body<'a> {
    recording: &'a str,
    lens: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<HeadlineJson>,
    baseline: SideJson,
    variant: SideJson,
    toggles: Vec<ToggleJson<'a>>,
    joint: JointJson,
    /// Pairs of toggles whose savings depend on each other.
    interaction: Vec<PairJson>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bounds: Vec<BoundJson<'a>>,
    tornado: Vec<SwingJson<'a>>,
    combined: Vec<CombinedJson>,
    /// What was seen after rollouts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seen: Vec<SeenJson<'a>>,
    /// Turns at once and requests a minute of agents that packets wake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    limiter: Vec<LoadsJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<Vec<SpreadJson>>,
    findings: &'a [Finding],
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct JointJson {
    saving: SumsJson,
    #[serde(flatten)]
    band: BandJson,
    share_of_reads: Option<SharesJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    share_of_tokens: Option<SharesJson>,
    share_of_dollars: Option<SharesJson>,
    overlap: i64,
    draws: u32,
    /// Draws over which the bands of Shapley values go.
    shapley_draws: u32,
    /// Draws whose call counts no calls met.
    draws_unmet: u32,
    probability: Vec<ProbabilityJson>,
}

impl JointJson {
    fn of(comparison: &Comparison) -> Self {
        let uncertainty = comparison.uncertainty.as_ref();
        let claims = uncertainty.into_iter().flat_map(|it| &it.claims);
        let probability = claims.flat_map(|claim| &claim.probabilities);
        let share = |of: Headline| {
            let it = uncertainty.filter(|_| comparison.headline == of)?;
            Some(it.joint_bp.0.into())
        };
        Self {
            saving: (&comparison.joint).into(),
            band: BandJson::of(comparison.headline, uncertainty.map(|it| it.joint)),
            share_of_reads: share(Headline::Reads),
            share_of_tokens: share(Headline::Tokens),
            share_of_dollars: uncertainty.map(|it| it.joint_bp.1.into()),
            overlap: comparison.overlap,
            draws: uncertainty.map_or(0, |it| it.draws),
            shapley_draws: uncertainty.map_or(0, |it| it.shapley_draws),
            draws_unmet: uncertainty.map_or(0, |it| it.unmet),
            probability: probability.map(ProbabilityJson::from).collect(),
        }
    }
}

/// What the comparison is told in, where that is not cache reads.
#[derive(Serialize)]
struct HeadlineJson {
    metric: &'static str,
    /// Whether the dollars mean anything: the source may not say what its tokens were.
    has_dollars: bool,
    saved: i64,
    of: i64,
}

impl HeadlineJson {
    fn of(comparison: &Comparison) -> Self {
        let headline = comparison.headline;
        Self {
            metric: headline.metric(),
            has_dollars: comparison.has_dollars,
            saved: headline.of(&comparison.joint),
            of: headline.of_side(&comparison.baseline),
        }
    }
}

#[derive(Serialize)]
struct ProbabilityJson {
    claim: String,
    metric: &'static str,
    /// Tokens or calls, or a share where the metric is one.
    at_least: Value,
    p: Share,
}

impl From<&Probability> for ProbabilityJson {
    fn from(one: &Probability) -> Self {
        let is_share = !matches!(one.metric, "read" | "tokens" | "calls");
        let at_least = if is_share {
            serde_json::to_value(Share(one.at_least)).unwrap_or_default()
        } else {
            one.at_least.into()
        };
        Self { claim: one.claim.clone(), metric: one.metric, at_least, p: Share(one.p_bp) }
    }
}

/// What two toggles save together beyond the sum of both.
#[derive(Serialize)]
struct PairJson {
    toggles: [&'static str; 2],
    calls: i64,
    #[serde(flatten)]
    saving: PointJson,
}

impl PairJson {
    fn of(headline: Headline, (a, b, saving): &(&'static str, &'static str, Saving)) -> Self {
        let point = PointJson::of(headline, saving);
        Self { toggles: [a, b], calls: saving.calls, saving: point }
    }
}

/// What one parameter moves.
#[derive(Serialize)]
struct SwingJson<'a> {
    toggle: &'static str,
    parameter: &'a str,
    unit: &'static str,
    low: i64,
    mode: i64,
    high: i64,
    saving_at_low: PointJson,
    saving_at_high: PointJson,
}

impl<'a> SwingJson<'a> {
    fn of(headline: Headline, swing: &'a Swing) -> Self {
        let point = |saving: &Saving| PointJson::of(headline, saving);
        Self {
            toggle: swing.toggle,
            parameter: &swing.key,
            unit: swing.unit.name(),
            low: swing.range.low,
            mode: swing.range.mode,
            high: swing.range.high,
            saving_at_low: point(&swing.low),
            saving_at_high: point(&swing.high),
        }
    }
}

/// What one authority says about a claim.
#[derive(Serialize)]
struct JudgementJson {
    by: &'static str,
    verdict: &'static str,
    against: Option<RangeJson>,
}

/// The numbers behind a word.
#[derive(Serialize)]
struct RangeJson {
    low: i64,
    high: i64,
}

impl From<&Judgement> for JudgementJson {
    fn from(one: &Judgement) -> Self {
        Self {
            by: one.by.name(),
            verdict: one.verdict.word(),
            against: one
                .against
                .as_ref()
                .map(|range| RangeJson { low: *range.start(), high: *range.end() }),
        }
    }
}

#[derive(Serialize)]
struct ClaimJson {
    metric: String,
    /// That nothing is claimed but a direction.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
    low: i64,
    high: i64,
}

impl From<&PublishedClaim> for ClaimJson {
    fn from(claim: &PublishedClaim) -> Self {
        let (low, high) = (*claim.saving.start(), *claim.saving.end());
        let says = claim.is_direction.then_some("falls");
        Self { metric: claim.metric.clone(), says, low, high }
    }
}

#[derive(Serialize)]
struct ToggleJson<'a> {
    id: &'static str,
    title: &'static str,
    found: u32,
    tokens_touched: i64,
    claimed: Option<ClaimJson>,
    alone: SumsJson,
    last: SumsJson,
    shapley: PointJson,
    /// Of the Shapley value.
    #[serde(flatten)]
    band: BandJson,
    alone_band: BandJson,
    last_band: BandJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    wide_because: Option<ReasonJson<'a>>,
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
struct ReasonJson<'a> {
    parameter: &'a str,
    saving_at_low: i64,
    saving_at_high: i64,
}

impl<'a> ToggleJson<'a> {
    fn of(headline: Headline, toggle: &'a ToggleResult) -> Self {
        let reason = toggle.reason.as_ref();
        Self {
            wide_because: reason.map(|reason| ReasonJson {
                parameter: &reason.what,
                saving_at_low: reason.low,
                saving_at_high: reason.high,
            }),
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            claimed: toggle.claim.as_ref().map(ClaimJson::from),
            alone: (&toggle.alone).into(),
            last: (&toggle.last).into(),
            shapley: PointJson::of(headline, &toggle.share),
            band: BandJson::of(headline, toggle.bands.and_then(|bands| bands.shapley)),
            alone_band: BandJson::of(headline, toggle.bands.map(|bands| bands.alone)),
            last_band: BandJson::of(headline, toggle.bands.map(|bands| bands.last)),
            effort: toggle.grade.effort,
            risk: toggle.grade.risk,
            at_most: toggle.at_most,
            judged: toggle.judged.iter().map(JudgementJson::from).collect(),
            verdict: toggle.verdict.word(),
            verdict_usd: toggle.verdict_usd.word(),
            notes: toggle.notes.clone(),
        }
    }
}

#[derive(Serialize)]
struct CombinedJson {
    id: String,
    toggles: Vec<String>,
    step: String,
    claimed: ClaimJson,
    baseline: i64,
    replayed: i64,
    at_most: i64,
    judged: Vec<JudgementJson>,
    verdict: &'static str,
    verdict_usd: Option<&'static str>,
}

impl From<&CombinedResult> for CombinedJson {
    fn from(result: &CombinedResult) -> Self {
        Self {
            id: result.claim.id.clone(),
            toggles: result.claim.toggles.clone(),
            step: result.claim.step.clone(),
            claimed: (&result.claim).into(),
            baseline: result.baseline,
            replayed: result.replayed,
            at_most: result.at_most,
            judged: result.judged.iter().map(JudgementJson::from).collect(),
            verdict: result.verdict.word(),
            verdict_usd: result.verdict_usd.map(Verdict::word),
        }
    }
}
