//! Sentences and cells that all outputs of the gate share.

use super::{bp, place};
use crate::report::Value;
use crate::report::format::{self, Figures};
use crate::study::gate::{
    Cause, Change, Changed, Design, Gate, Judged, Limit, Mean, Metric, Row, Unit, share_bp,
};
use crate::units::{BASIS_POINTS, PicoUsd};

/// A mean in its metric's unit: whole where counts are, else in thousandths.
pub fn value(unit: Unit, mean: Mean) -> Value {
    let small = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
    match unit {
        Unit::Count if mean.sum % i128::from(mean.of.max(1)) == 0 => {
            Value::Count(small(mean.rounded(1)))
        }
        Unit::Count => Value::Number(small(mean.rounded(1_000))),
        Unit::Tokens => Value::Tokens(small(mean.rounded(1))),
        Unit::Money => Value::Money(PicoUsd(mean.rounded(1))),
    }
}

/// A cause as a sentence: what changed from what to what, and which part of the growth that is.
pub fn cause(cause: &Cause) -> String {
    let place = if cause.name.is_empty() {
        "all".to_owned()
    } else {
        format!("{} {}", cause.scope, cause.name)
    };
    let told: Vec<String> = cause.changes.iter().map(change).collect();
    let (moved, other) = if cause.of < 0 { ("fall", "grew") } else { ("growth", "fell") };
    let of = metric(cause.metric);
    let part = match share_bp(cause.grew, cause.of) {
        _ if cause.grew == cause.of => String::new(),
        more if more > BASIS_POINTS => {
            format!("; more than the whole {moved} of {of}, the rest {other}")
        }
        part => format!("; {} of the {moved} of {of}", format::share(part, Figures::default())),
    };
    format!("{place}: {}{part}", told.join("; "))
}

fn change(change: &Change) -> String {
    let (what, unit, of) = match &change.what {
        Changed::Metric(one) => (metric(*one), one.unit(), ""),
        Changed::Context => ("context a call".to_owned(), Unit::Tokens, ""),
        Changed::Kind(kind, one) => {
            let tokens = if one.unit() == Unit::Tokens { " tokens" } else { "" };
            (kind.replace('_', " "), one.unit(), tokens)
        }
    };
    let told = |mean: Option<Mean>| {
        format::value(&value(unit, mean.unwrap_or_default()), Figures::default())
    };
    format!("{what} {} -> {}{of}", told(change.from), told(change.to))
}

/// A metric in a sentence.
fn metric(metric: Metric) -> String {
    match metric {
        Metric::Read => "reads".to_owned(),
        Metric::Added => "tokens".to_owned(),
        Metric::Carried => "tokens read again".to_owned(),
        other => other.to_string().replace('_', " "),
    }
}

/// Neither growth nor fall.
const STILL: Limit = Limit {
    grows_bp: Some(0),
    grows_by: None,
    falls_bp: Some(0),
    at_most: None,
    at_least: None,
    at_least_bp: None,
};

/// An amount of a limit.
fn amount(unit: Unit, amount: i128) -> String {
    format::short(&value(unit, Mean { sum: amount, of: 1 }))
}

/// A limit: what may be, part by part.
pub fn limit(unit: Unit, limit: &Limit) -> String {
    if *limit == STILL {
        return "no change".to_owned();
    }
    let share = |bp: i64| format::short(&Value::Share(bp));
    let mut parts = Vec::new();
    match (limit.grows_bp, limit.grows_by) {
        (Some(grows), Some(by)) => {
            parts.push(format!("+{} or +{}", share(grows), amount(unit, by)));
        }
        (Some(grows), None) => parts.push(format!("+{}", share(grows))),
        (None, Some(by)) => parts.push(format!("+{}", amount(unit, by))),
        (None, None) => {}
    }
    if let Some(falls) = limit.falls_bp {
        parts.push(format!("-{}", share(falls)));
    }
    if let Some(most) = limit.at_most {
        parts.push(format!("at most {}", amount(unit, most)));
    }
    if let Some(least) = limit.at_least {
        parts.push(format!("at least {}", amount(unit, least)));
    }
    if let Some(least) = limit.at_least_bp {
        parts.push(format!("at least {} of the whole", share(least)));
    }
    parts.join(", ")
}

/// The verdict on a row in a word or two.
pub fn judged(judged: Judged) -> &'static str {
    match judged {
        Judged::Beyond => "beyond",
        Judged::Unsure => "may be chance",
        Judged::Within => "within",
        Judged::Free => "",
    }
}

/// One line on everything: what the gate says, and the worst row.
pub fn verdict(gate: &Gate) -> String {
    let count = |judged: Judged| gate.rows.iter().filter(|row| row.judged == judged).count();
    let (beyond, unsure) = (count(Judged::Beyond), count(Judged::Unsure));
    let limited = gate.rows.len() - count(Judged::Free);
    let first = |judged| gate.rows.iter().find(|row| row.judged == judged).map(sentence);
    match (first(Judged::Beyond), first(Judged::Unsure)) {
        (Some(row), _) => {
            let more = beyond - 1;
            let more =
                if more > 0 { format!("; {more} more beyond limits") } else { String::new() };
            format!("the gate says no: {row}{more}")
        }
        (None, Some(row)) => {
            let more = unsure - 1;
            let more = if more > 0 { format!("; {more} more like it") } else { String::new() };
            format!("the gate passes, unsure: {row}, which chance may do{more}")
        }
        (None, None) => {
            let rows = if limited == 1 { "figure" } else { "figures" };
            format!("the gate passes: {limited} {rows} within limits")
        }
    }
}

/// A row as a sentence: what went from what to what, and what was allowed.
pub fn sentence(row: &Row) -> String {
    let unit = row.key.metric.unit();
    let said = |mean: Option<Mean>| {
        mean.map_or("nothing".to_owned(), |mean| {
            format::value(&value(unit, mean), Figures::default())
        })
    };
    let signed = Figures { signed: true, ..Figures::default() };
    let change = row.change.map_or_else(String::new, |change| {
        let ends = row.interval.map_or_else(String::new, |it| {
            let (low, high) =
                (format::share(bp(it.low), signed), format::share(bp(it.high), signed));
            format!(", {low} to {high}")
        });
        format!(" ({}{ends})", format::share(bp(change), signed))
    });
    let allowed = limit(unit, &row.limit);
    let allowed =
        if allowed.is_empty() { String::new() } else { format!("; allowed is {allowed}") };
    let (before, after) = (said(row.baseline), said(row.candidate));
    format!(
        "{} of {} went from {before} to {after}{change}{allowed}",
        row.key.metric,
        place(&row.key)
    )
}

/// How intervals came about.
pub fn chance(gate: &Gate) -> String {
    let how = match gate.design {
        Design::Single => "one sample a side",
        Design::Paired => "each sample against its counterpart",
        Design::Stratified => "samples of the same pipelines against each other",
        Design::Pooled => "all samples of a side against all of the other",
    };
    let percent = format::short(&Value::Share(bp(gate.confidence)));
    format!(
        "{} samples against {}, {how}; \"may be\" holds all limited rows of one scope with \
         {percent} confidence; only a row whose whole interval is beyond its limit fails",
        gate.baseline.samples, gate.candidate.samples
    )
}
