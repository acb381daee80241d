//! The comparison for programs.

use super::Shown;
use crate::reconstruct::Lens;
use crate::report::json;
use crate::report::show::{Provenance, SideJson, SumsJson};
use crate::study::audit::Finding;
use crate::study::claims::Verdict;
use crate::study::compare::{CombinedResult, PublishedClaim, ToggleResult};
use serde::Serialize;

impl Shown<'_> {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        json::document(
            "compare",
            1,
            &Body {
                recording: &self.provenance.recording,
                lens: self.lens.map(Lens::name),
                baseline: (&self.comparison.baseline).into(),
                variant: (&self.comparison.variant).into(),
                toggles: self.comparison.toggles.iter().map(ToggleJson::from).collect(),
                joint: JointJson {
                    saving: (&self.comparison.joint).into(),
                    overlap: self.comparison.overlap_read,
                },
                combined: self.comparison.combined.iter().map(CombinedJson::from).collect(),
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
    baseline: SideJson,
    variant: SideJson,
    toggles: Vec<ToggleJson>,
    joint: JointJson,
    combined: Vec<CombinedJson>,
    findings: &'a [Finding],
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct JointJson {
    saving: SumsJson,
    overlap: i64,
}

#[derive(Serialize)]
struct ClaimJson {
    metric: String,
    low: i64,
    high: i64,
}

impl From<&PublishedClaim> for ClaimJson {
    fn from(claim: &PublishedClaim) -> Self {
        let (low, high) = (*claim.saving.start(), *claim.saving.end());
        Self { metric: claim.metric.clone(), low, high }
    }
}

#[derive(Serialize)]
struct ToggleJson {
    id: &'static str,
    title: &'static str,
    found: u32,
    tokens_touched: i64,
    claimed: Option<ClaimJson>,
    alone: SumsJson,
    last: SumsJson,
    at_most: Option<i64>,
    verdict: &'static str,
    verdict_usd: &'static str,
    notes: Vec<String>,
}

impl From<&ToggleResult> for ToggleJson {
    fn from(toggle: &ToggleResult) -> Self {
        Self {
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            claimed: toggle.claim.as_ref().map(ClaimJson::from),
            alone: (&toggle.alone).into(),
            last: (&toggle.last).into(),
            at_most: toggle.at_most,
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
            verdict: result.verdict.word(),
            verdict_usd: result.verdict_usd.map(Verdict::word),
        }
    }
}
