//! The gate's word as JSON: `windtunnel.gate/1`.

use super::{Shown, bp, words};
use crate::report::json::{self, Share};
use crate::study::gate::{Cause, Change, Changed, Design, Judged, Limit, Mean, Named, Row, Unit};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    passes: bool,
    verdict: String,
    baseline: Side<'a>,
    candidate: Side<'a>,
    design: &'static str,
    confidence: Share,
    rows: Vec<RowJson<'a>>,
    causes: Vec<CauseJson<'a>>,
    remedies: Vec<RemedyJson<'a>>,
    notes: &'a [String],
    sources: &'a [String],
}

#[derive(Serialize)]
struct Side<'a> {
    name: &'a str,
    samples: u32,
    digests: &'a [String],
}

#[derive(Serialize)]
struct RowJson<'a> {
    scope: String,
    name: &'a str,
    metric: String,
    unit: &'static str,
    baseline: Option<MeanJson>,
    candidate: Option<MeanJson>,
    change: Option<Share>,
    low: Option<Share>,
    high: Option<Share>,
    limit: LimitJson,
    judged: &'static str,
}

/// An exact mean: the sum over the samples, and how many they are.
#[derive(Serialize)]
struct MeanJson {
    sum: i128,
    of: u32,
}

#[derive(Serialize)]
struct LimitJson {
    grows: Option<Share>,
    grows_by: Option<i128>,
    falls: Option<Share>,
    at_most: Option<i128>,
    at_least: Option<i128>,
    at_least_share: Option<Share>,
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
    baseline: Option<MeanJson>,
    candidate: Option<MeanJson>,
}

#[derive(Serialize)]
struct RemedyJson<'a> {
    toggle: &'a str,
    title: &'a str,
    undoes: i128,
    of: i128,
}

impl Shown<'_> {
    /// For programs. Tokens and counts are integers, money pico-dollars, shares parts of one.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        let gate = self.gate;
        let body = Body {
            passes: gate.passes(),
            verdict: words::verdict(gate),
            baseline: side(&gate.baseline),
            candidate: side(&gate.candidate),
            design: match gate.design {
                Design::Single => "single",
                Design::Paired => "paired",
                Design::Stratified => "stratified",
                Design::Pooled => "pooled",
            },
            confidence: Share(bp(gate.confidence)),
            rows: gate.rows.iter().map(row).collect(),
            causes: gate.causes.iter().map(cause).collect(),
            remedies: gate
                .remedies
                .iter()
                .map(|one| RemedyJson {
                    toggle: &one.id,
                    title: &one.title,
                    undoes: one.undoes,
                    of: one.of,
                })
                .collect(),
            notes: &gate.notes,
            sources: self.sources,
        };
        json::document("gate", 1, &body)
    }
}

fn side(named: &Named) -> Side<'_> {
    Side { name: &named.name, samples: named.samples, digests: &named.digests }
}

fn cause(cause: &Cause) -> CauseJson<'_> {
    CauseJson {
        scope: cause.scope.to_string(),
        name: &cause.name,
        metric: cause.metric.to_string(),
        unit: unit(cause.metric.unit()),
        grew: cause.grew,
        of: cause.of,
        changes: cause.changes.iter().map(change).collect(),
        words: words::cause(cause),
    }
}

fn change(change: &Change) -> ChangeJson<'_> {
    let (kind, metric, of) = match &change.what {
        Changed::Metric(metric) => (None, metric.to_string(), metric.unit()),
        Changed::Context => (None, "context_a_call".to_owned(), Unit::Tokens),
        Changed::Kind(kind, metric) => (Some(kind.as_str()), metric.to_string(), metric.unit()),
    };
    let (baseline, candidate) = (mean(change.from), mean(change.to));
    ChangeJson { kind, metric, unit: unit(of), baseline, candidate }
}

fn mean(mean: Option<Mean>) -> Option<MeanJson> {
    mean.map(|Mean { sum, of }| MeanJson { sum, of })
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Tokens => "tokens",
        Unit::Money => "pico_usd",
    }
}

fn row(row: &Row) -> RowJson<'_> {
    let share = |part: f64| Share(bp(part));
    let Limit { grows_bp, grows_by, falls_bp, at_most, at_least, at_least_bp } = row.limit;
    RowJson {
        scope: row.key.scope.to_string(),
        name: &row.key.name,
        metric: row.key.metric.to_string(),
        unit: unit(row.key.metric.unit()),
        baseline: mean(row.baseline),
        candidate: mean(row.candidate),
        change: row.change.map(share),
        low: row.interval.map(|it| share(it.low)),
        high: row.interval.map(|it| share(it.high)),
        limit: LimitJson {
            grows: grows_bp.map(Share),
            grows_by,
            falls: falls_bp.map(Share),
            at_most,
            at_least,
            at_least_share: at_least_bp.map(Share),
        },
        judged: match row.judged {
            Judged::Beyond => "beyond",
            Judged::Unsure => "unsure",
            Judged::Within => "within",
            Judged::Free => "free",
        },
    }
}
