//! The gate's word as JSON: `windtunnel.gate/1`.

use super::{Shown, bp, words};
use crate::report::json::{self, Share};
use crate::study::gate::{Design, Judged, Limit, Mean, Named, Row, Unit};
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
    causes: Vec<CauseJson>,
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
struct CauseJson {
    words: String,
    grew: i128,
    of: i128,
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
            causes: gate
                .causes
                .iter()
                .map(|one| CauseJson { words: words::cause(one), grew: one.grew, of: one.of })
                .collect(),
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

fn row(row: &Row) -> RowJson<'_> {
    let mean = |mean: Option<Mean>| mean.map(|Mean { sum, of }| MeanJson { sum, of });
    let share = |part: f64| Share(bp(part));
    let Limit { grows_bp, grows_by, falls_bp, at_most, at_least, at_least_bp } = row.limit;
    RowJson {
        scope: row.key.scope.to_string(),
        name: &row.key.name,
        metric: row.key.metric.to_string(),
        unit: match row.key.metric.unit() {
            Unit::Count => "count",
            Unit::Tokens => "tokens",
            Unit::Money => "pico_usd",
        },
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
