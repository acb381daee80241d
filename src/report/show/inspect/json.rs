//! The inspection for programs.

use super::source_recordings::SharedCounts;
use super::{InspectReport, SkippedLine, SourceRecording};
use crate::recording::{Role, name_of_value};
use crate::report::json::{self, MoneyJson as CostJson, TokensJson, UsdJson};
use crate::report::show::Provenance;
use crate::study::inspect::fidelity::{ErrorQuantiles, GroupFidelity};
use crate::study::inspect::holdout::GroupHoldout;
use crate::study::inspect::summary::{BlockGroup, RecordingTotals};
use serde::Serialize;
use std::collections::BTreeMap;

impl InspectReport<'_> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let sessions = self.summary.sessions.iter().map(|session| {
            let about = &self.recording.sessions[session.index];
            InspectSessionJson {
                id: &about.id,
                file: &about.file,
                pipeline: &about.pipeline,
                step: &about.step,
                role: name_of_value(&Role::NAMED, about.role),
                model: session.models.first().map_or("", String::as_str),
                models: &session.models,
                totals: (&session.totals).into(),
            }
        });
        let toggles = self.summary.toggles.iter().map(|toggle| InspectToggleJson {
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            saved_read: toggle.saved_read,
            saved: toggle.saved_cost.map(CostJson::from),
        });
        json::versioned_json(
            "inspect",
            1,
            &InspectJson {
                recording: &self.recording.name,
                totals: InspectSumJson {
                    sessions: self.summary.sessions.len(),
                    totals: (&self.summary.totals).into(),
                    billed_usd: self.billed_usd,
                },
                parts: self.parts.iter().map(SourceRecordingJson::from).collect(),
                shared: (!self.parts.is_empty()).then(|| {
                    let SharedCounts { sessions, calls } =
                        SharedCounts::from_parts(self.parts, self.summary);
                    SharedCountsJson { sessions, calls }
                }),
                sessions: sessions.collect(),
                kinds: self
                    .summary
                    .kinds
                    .iter()
                    .map(|(k, g)| BlockGroupJson::new(k.name(), g))
                    .collect(),
                tools: self.summary.tools.iter().map(|(t, g)| BlockGroupJson::new(t, g)).collect(),
                toggles: toggles.collect(),
                by: self
                    .pivot
                    .map(|p| p.rows.iter().map(|row| PivotRowJson::new(&p.keys, row)).collect()),
                fidelity: self.fidelity.and_then(|all| all.first()).map(FidelityJson::from),
                fidelity_by_group: self
                    .fidelity
                    .map(|all| all.iter().map(FidelityJson::from).collect()),
                held_out: self.held_out.map(|all| all.iter().map(HoldoutJson::from).collect()),
                skipped: self.skipped_lines,
                skips: self.skip_count,
                copies: self.copies,
                unpriced: self.summary.unpriced.iter().map(ToString::to_string).collect(),
                provenance: self.provenance,
            },
        )
    }
}

#[derive(Serialize)]
struct InspectJson<'a> {
    recording: &'a str,
    totals: InspectSumJson,
    /// Each of several recordings on its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<SourceRecordingJson<'a>>,
    /// What they have in common, counted beyond the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<SharedCountsJson>,
    sessions: Vec<InspectSessionJson<'a>>,
    kinds: Vec<BlockGroupJson>,
    tools: Vec<BlockGroupJson>,
    toggles: Vec<InspectToggleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Vec<PivotRowJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity: Option<FidelityJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity_by_group: Option<Vec<FidelityJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<Vec<HoldoutJson>>,
    skipped: &'a [SkippedLine],
    skips: u64,
    copies: u64,
    unpriced: Vec<String>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct InspectSumJson {
    sessions: usize,
    #[serde(flatten)]
    totals: InspectTotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed_usd: Option<f64>,
}

#[derive(Serialize)]
struct SharedCountsJson {
    sessions: i64,
    calls: i64,
}

#[derive(Serialize)]
struct SourceRecordingJson<'a> {
    name: &'a str,
    source: &'a str,
    sessions: i64,
    #[serde(flatten)]
    totals: InspectTotalsJson,
    /// Read from a cache, of all prompt tokens; null where there are none.
    cached_share: Option<f64>,
}

impl<'a> From<&'a SourceRecording> for SourceRecordingJson<'a> {
    fn from(part: &'a SourceRecording) -> Self {
        let (read, context) = (part.totals.usage.read, part.totals.usage.context_tokens());
        Self {
            name: &part.name,
            source: &part.source,
            sessions: part.sessions,
            totals: (&part.totals).into(),
            cached_share: (context != 0).then(|| read as f64 / context as f64),
        }
    }
}

#[derive(Serialize)]
struct InspectTotalsJson {
    calls: i64,
    records: i64,
    #[serde(flatten)]
    tokens: TokensJson,
    output_hidden: i64,
    peak_context: i64,
    /// Null where a model has no price: unknown is not zero.
    cost_usd: Option<UsdJson>,
    cost_pico_usd: Option<i128>,
}

impl From<&RecordingTotals> for InspectTotalsJson {
    fn from(totals: &RecordingTotals) -> Self {
        Self {
            calls: totals.calls,
            records: totals.records,
            tokens: totals.usage.into(),
            output_hidden: totals.hidden_output,
            peak_context: totals.peak_context,
            cost_usd: totals.cost.map(UsdJson),
            cost_pico_usd: totals.cost.map(|cost| cost.0),
        }
    }
}

#[derive(Serialize)]
struct InspectSessionJson<'a> {
    id: &'a str,
    file: &'a str,
    pipeline: &'a str,
    step: &'a str,
    role: &'static str,
    model: &'a str,
    models: &'a [String],
    #[serde(flatten)]
    totals: InspectTotalsJson,
}

#[derive(Serialize)]
struct BlockGroupJson {
    name: String,
    blocks: i64,
    tokens: i64,
    re_read: i64,
}

impl BlockGroupJson {
    fn new(name: &str, group: &BlockGroup) -> Self {
        Self {
            name: name.to_owned(),
            blocks: group.blocks,
            tokens: group.tokens,
            re_read: group.re_read_tokens,
        }
    }
}

#[derive(Serialize)]
struct PivotRowJson<'a> {
    keys: BTreeMap<&'a str, &'a str>,
    blocks: i64,
    tokens: i64,
    re_read: i64,
}

impl<'a> PivotRowJson<'a> {
    fn new(keys: &[&'a str], (values, group): &'a (Vec<String>, BlockGroup)) -> Self {
        Self {
            keys: keys.iter().copied().zip(values.iter().map(String::as_str)).collect(),
            blocks: group.blocks,
            tokens: group.tokens,
            re_read: group.re_read_tokens,
        }
    }
}

#[derive(Serialize)]
struct InspectToggleJson {
    id: &'static str,
    title: &'static str,
    found: u32,
    tokens_touched: i64,
    saved_read: Option<i64>,
    /// Money saved alone, hidden output included.
    saved: Option<CostJson>,
}

#[derive(Serialize)]
struct QuantilesJson {
    median: f64,
    p90: f64,
    p99: f64,
}

impl From<ErrorQuantiles> for QuantilesJson {
    fn from(q: ErrorQuantiles) -> Self {
        Self { median: q.median, p90: q.p90, p99: q.p99 }
    }
}

#[derive(Serialize)]
struct FidelityJson {
    group: String,
    sessions: usize,
    law: QuantilesJson,
    content: QuantilesJson,
    law_bias: f64,
    content_bias: f64,
}

impl From<&GroupFidelity> for FidelityJson {
    fn from(one: &GroupFidelity) -> Self {
        Self {
            group: one.group.clone(),
            sessions: one.sessions,
            law: one.law.into(),
            content: one.content.into(),
            law_bias: one.law_bias,
            content_bias: one.content_bias,
        }
    }
}

#[derive(Serialize)]
struct HoldoutJson {
    group: String,
    sessions: usize,
    left_out: usize,
    /// Null, like the two below, where every session was left out: unknown is not zero.
    error: Option<QuantilesJson>,
    coverage: Option<f64>,
    width: Option<f64>,
}

impl From<&GroupHoldout> for HoldoutJson {
    fn from(one: &GroupHoldout) -> Self {
        Self {
            group: one.group.clone(),
            sessions: one.sessions,
            left_out: one.left_out,
            error: one.figures.map(|figures| figures.error.into()),
            coverage: one.figures.map(|figures| figures.coverage),
            width: one.figures.map(|figures| figures.width),
        }
    }
}
