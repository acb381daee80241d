//! The inspection for programs.

use super::parts::Shared;
use super::{Part, Shown, Skipped};
use crate::recording::{Role, name_of};
use crate::report::json::{self, Cost as CostJson, Tokens, Usd};
use crate::report::show::Provenance;
use crate::study::fidelity::{Fidelity, Quantiles};
use crate::study::holdout::HeldOut;
use crate::study::summary::{Group, Totals};
use serde::Serialize;
use std::collections::BTreeMap;

impl Shown<'_> {
    /// For programs.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let sessions = self.summary.sessions.iter().map(|session| {
            let about = &self.recording.sessions[session.index];
            SessionJson {
                id: &about.id,
                file: &about.file,
                pipeline: &about.pipeline,
                step: &about.step,
                role: name_of(&Role::NAMED, about.role),
                model: session.models.first().map_or("", String::as_str),
                models: &session.models,
                totals: (&session.totals).into(),
            }
        });
        let toggles = self.summary.toggles.iter().map(|toggle| ToggleJson {
            id: toggle.id,
            title: toggle.title,
            found: toggle.found,
            tokens_touched: toggle.touched,
            saved_read: toggle.saved_read,
            saved: toggle.saved_cost.map(CostJson::from),
        });
        json::document(
            "inspect",
            1,
            &Body {
                recording: &self.recording.name,
                totals: SumJson {
                    sessions: self.summary.sessions.len(),
                    totals: (&self.summary.totals).into(),
                    billed_usd: self.billed_usd,
                },
                parts: self.parts.iter().map(PartJson::from).collect(),
                shared: (!self.parts.is_empty()).then(|| {
                    let Shared { sessions, calls } = Shared::of(self.parts, self.summary);
                    SharedJson { sessions, calls }
                }),
                sessions: sessions.collect(),
                kinds: self
                    .summary
                    .kinds
                    .iter()
                    .map(|(k, g)| GroupJson::new(k.name(), g))
                    .collect(),
                tools: self.summary.tools.iter().map(|(t, g)| GroupJson::new(t, g)).collect(),
                toggles: toggles.collect(),
                by: self
                    .pivot
                    .map(|p| p.rows.iter().map(|row| PivotJson::new(&p.keys, row)).collect()),
                fidelity: self.fidelity.and_then(|all| all.first()).map(FidelityJson::from),
                fidelity_by_group: self
                    .fidelity
                    .map(|all| all.iter().map(FidelityJson::from).collect()),
                held_out: self.held_out.map(|all| all.iter().map(HeldOutJson::from).collect()),
                skipped: self.skipped,
                skips: self.skips,
                copies: self.copies,
                unpriced: self.summary.unpriced.iter().map(ToString::to_string).collect(),
                provenance: self.provenance,
            },
        )
    }
}

#[derive(Serialize)]
struct Body<'a> {
    recording: &'a str,
    totals: SumJson,
    /// Each of several recordings on its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartJson<'a>>,
    /// What they have in common, counted beyond the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<SharedJson>,
    sessions: Vec<SessionJson<'a>>,
    kinds: Vec<GroupJson>,
    tools: Vec<GroupJson>,
    toggles: Vec<ToggleJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<Vec<PivotJson<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity: Option<FidelityJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fidelity_by_group: Option<Vec<FidelityJson>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out: Option<Vec<HeldOutJson>>,
    skipped: &'a [Skipped],
    skips: u64,
    copies: u64,
    unpriced: Vec<String>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct SumJson {
    sessions: usize,
    #[serde(flatten)]
    totals: TotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    billed_usd: Option<f64>,
}

#[derive(Serialize)]
struct SharedJson {
    sessions: i64,
    calls: i64,
}

#[derive(Serialize)]
struct PartJson<'a> {
    name: &'a str,
    source: &'a str,
    sessions: i64,
    #[serde(flatten)]
    totals: TotalsJson,
    /// Read from a cache, of all prompt tokens; null where there are none.
    cached_share: Option<f64>,
}

impl<'a> From<&'a Part> for PartJson<'a> {
    fn from(part: &'a Part) -> Self {
        let (read, context) = (part.totals.usage.read, part.totals.usage.context());
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
struct TotalsJson {
    calls: i64,
    records: i64,
    #[serde(flatten)]
    tokens: Tokens,
    output_hidden: i64,
    peak_context: i64,
    /// Null where a model has no price: unknown is not zero.
    cost_usd: Option<Usd>,
    cost_pico_usd: Option<i128>,
}

impl From<&Totals> for TotalsJson {
    fn from(totals: &Totals) -> Self {
        Self {
            calls: totals.calls,
            records: totals.records,
            tokens: totals.usage.into(),
            output_hidden: totals.hidden_output,
            peak_context: totals.peak_context,
            cost_usd: totals.cost.map(Usd),
            cost_pico_usd: totals.cost.map(|cost| cost.0),
        }
    }
}

#[derive(Serialize)]
struct SessionJson<'a> {
    id: &'a str,
    file: &'a str,
    pipeline: &'a str,
    step: &'a str,
    role: &'static str,
    model: &'a str,
    models: &'a [String],
    #[serde(flatten)]
    totals: TotalsJson,
}

#[derive(Serialize)]
struct GroupJson {
    name: String,
    blocks: i64,
    tokens: i64,
    re_read: i64,
}

impl GroupJson {
    fn new(name: &str, group: &Group) -> Self {
        Self {
            name: name.to_owned(),
            blocks: group.blocks,
            tokens: group.tokens,
            re_read: group.carried,
        }
    }
}

#[derive(Serialize)]
struct PivotJson<'a> {
    keys: BTreeMap<&'a str, &'a str>,
    blocks: i64,
    tokens: i64,
    re_read: i64,
}

impl<'a> PivotJson<'a> {
    fn new(keys: &[&'a str], (values, group): &'a (Vec<String>, Group)) -> Self {
        Self {
            keys: keys.iter().copied().zip(values.iter().map(String::as_str)).collect(),
            blocks: group.blocks,
            tokens: group.tokens,
            re_read: group.carried,
        }
    }
}

#[derive(Serialize)]
struct ToggleJson {
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

impl From<Quantiles> for QuantilesJson {
    fn from(q: Quantiles) -> Self {
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

impl From<&Fidelity> for FidelityJson {
    fn from(one: &Fidelity) -> Self {
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
struct HeldOutJson {
    group: String,
    sessions: usize,
    left_out: usize,
    /// Null, like the two below, where every session was left out: unknown is not zero.
    error: Option<QuantilesJson>,
    coverage: Option<f64>,
    width: Option<f64>,
}

impl From<&HeldOut> for HeldOutJson {
    fn from(one: &HeldOut) -> Self {
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
