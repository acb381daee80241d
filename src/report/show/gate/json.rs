//! The gate's word as JSON: `windtunnel.gate/1`.

use super::{GateReport, sentences, to_basis_points};
use crate::report::json::{self, ShareJson};
use crate::study::gate::{
    ChangeSubject, ComparisonDesign, ExactMean, FigureChange, FigureLimit, GateRow, GrowthCause,
    MetricUnit, RowVerdict, SideSummary,
};
use serde::Serialize;

#[derive(Serialize)]
struct GateJson<'a> {
    passes: bool,
    verdict: String,
    baseline: GateSideJson<'a>,
    candidate: GateSideJson<'a>,
    design: &'static str,
    confidence: ShareJson,
    rows: Vec<GateRowJson<'a>>,
    causes: Vec<CauseJson<'a>>,
    remedies: Vec<RemedyJson<'a>>,
    notes: &'a [String],
    sources: &'a [String],
}

#[derive(Serialize)]
struct GateSideJson<'a> {
    name: &'a str,
    samples: u32,
    digests: &'a [String],
}

#[derive(Serialize)]
struct GateRowJson<'a> {
    scope: String,
    name: &'a str,
    metric: String,
    unit: &'static str,
    baseline: Option<SampleMeanJson>,
    candidate: Option<SampleMeanJson>,
    change: Option<ShareJson>,
    low: Option<ShareJson>,
    high: Option<ShareJson>,
    limit: LimitJson,
    judged: &'static str,
}

/// An exact mean: the sum over the samples, and how many they are.
#[derive(Serialize)]
struct SampleMeanJson {
    sum: i128,
    of: u32,
}

#[derive(Serialize)]
struct LimitJson {
    grows: Option<ShareJson>,
    grows_by: Option<i128>,
    falls: Option<ShareJson>,
    at_most: Option<i128>,
    at_least: Option<i128>,
    at_least_share: Option<ShareJson>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    scope: String,
    name: &'a str,
    metric: String,
    unit: &'static str,
    grew: i128,
    of: i128,
    changes: Vec<ChangeJson<'a>>,
    words: String,
}

#[derive(Serialize)]
struct ChangeJson<'a> {
    /// Of which kind of calls or blocks; nothing for all of the place.
    kind: Option<&'a str>,
    metric: String,
    unit: &'static str,
    baseline: Option<SampleMeanJson>,
    candidate: Option<SampleMeanJson>,
}

#[derive(Serialize)]
struct RemedyJson<'a> {
    toggle: &'a str,
    title: &'a str,
    undoes: i128,
    of: i128,
}

impl GateReport<'_> {
    /// For programs. Tokens and counts are integers, money pico-dollars, shares parts of one.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let gate = self.gate;
        let body = GateJson {
            passes: gate.may_pass(),
            verdict: sentences::verdict_sentence(gate),
            baseline: side_to_json(&gate.baseline),
            candidate: side_to_json(&gate.candidate),
            design: match gate.design {
                ComparisonDesign::Single => "single",
                ComparisonDesign::Paired => "paired",
                ComparisonDesign::Stratified => "stratified",
                ComparisonDesign::Pooled => "pooled",
            },
            confidence: ShareJson(to_basis_points(gate.confidence)),
            rows: gate.rows.iter().map(row_to_json).collect(),
            causes: gate.causes.iter().map(cause_to_json).collect(),
            remedies: gate
                .remedies
                .iter()
                .map(|one| RemedyJson {
                    toggle: &one.id,
                    title: &one.title,
                    undoes: one.saved_growth,
                    of: one.total_growth,
                })
                .collect(),
            notes: &gate.notes,
            sources: self.sources,
        };
        json::versioned_json("gate", 1, &body)
    }
}

fn side_to_json(named: &SideSummary) -> GateSideJson<'_> {
    GateSideJson { name: &named.name, samples: named.samples, digests: &named.digests }
}

fn cause_to_json(cause: &GrowthCause) -> CauseJson<'_> {
    CauseJson {
        scope: cause.scope.to_string(),
        name: &cause.name,
        metric: cause.metric.to_string(),
        unit: unit_name(cause.metric.unit()),
        grew: cause.growth,
        of: cause.total_growth,
        changes: cause.changes.iter().map(change_to_json).collect(),
        words: sentences::cause_sentence(cause),
    }
}

fn change_to_json(change: &FigureChange) -> ChangeJson<'_> {
    let (kind, metric, of) = match &change.subject {
        ChangeSubject::Metric(metric) => (None, metric.to_string(), metric.unit()),
        ChangeSubject::Context => (None, "context_a_call".to_owned(), MetricUnit::Tokens),
        ChangeSubject::Kind(kind, metric) => {
            (Some(kind.as_str()), metric.to_string(), metric.unit())
        }
    };
    let (baseline, candidate) = (mean_to_json(change.from), mean_to_json(change.to));
    ChangeJson { kind, metric, unit: unit_name(of), baseline, candidate }
}

fn mean_to_json(mean: Option<ExactMean>) -> Option<SampleMeanJson> {
    mean.map(|ExactMean { sum, count: of }| SampleMeanJson { sum, of })
}

fn unit_name(unit: MetricUnit) -> &'static str {
    match unit {
        MetricUnit::Count => "count",
        MetricUnit::Tokens => "tokens",
        MetricUnit::Money => "pico_usd",
    }
}

fn row_to_json(row: &GateRow) -> GateRowJson<'_> {
    let share = |part: f64| ShareJson(to_basis_points(part));
    let FigureLimit { grows_bp, grows_by, falls_bp, at_most, at_least, at_least_bp } = row.limit;
    GateRowJson {
        scope: row.key.scope.to_string(),
        name: &row.key.name,
        metric: row.key.metric.to_string(),
        unit: unit_name(row.key.metric.unit()),
        baseline: mean_to_json(row.baseline),
        candidate: mean_to_json(row.candidate),
        change: row.change.map(share),
        low: row.interval.map(|it| share(it.low)),
        high: row.interval.map(|it| share(it.high)),
        limit: LimitJson {
            grows: grows_bp.map(ShareJson),
            grows_by,
            falls: falls_bp.map(ShareJson),
            at_most,
            at_least,
            at_least_share: at_least_bp.map(ShareJson),
        },
        judged: match row.verdict {
            RowVerdict::Beyond => "beyond",
            RowVerdict::Unsure => "unsure",
            RowVerdict::Within => "within",
            RowVerdict::Unlimited => "free",
        },
    }
}
