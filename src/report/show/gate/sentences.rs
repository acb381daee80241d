//! Sentences and cells that all outputs of the gate share.

use super::defects::defect_sentence;
use super::{key_place, to_basis_points};
use crate::report::CellValue;
use crate::report::format::{self, NumberStyle};
use crate::scenario::key_path;
use crate::study::gate::{
    ChangeSubject, ComparisonDesign, ExactMean, FigureChange, FigureKey, FigureLimit, GateMetric,
    GateNote, GateResult, GateRow, GateScope, GrowthCause, MetricUnit, PlaceChange, RowVerdict,
    SampleMatchKey, share_bp,
};
use crate::units::{BASIS_POINTS, PicoUsd, saturate_to_i64};

/// A mean in its metric's unit: whole where counts are, else in thousandths.
pub fn mean_value(unit: MetricUnit, mean: ExactMean) -> CellValue {
    match unit {
        MetricUnit::Count if mean.sum % i128::from(mean.count.max(1)) == 0 => {
            CellValue::Count(saturate_to_i64(mean.rounded_multiple(1)))
        }
        MetricUnit::Count => CellValue::Number(saturate_to_i64(mean.rounded_multiple(1_000))),
        MetricUnit::Tokens => CellValue::Tokens(saturate_to_i64(mean.rounded_multiple(1))),
        MetricUnit::Money => CellValue::Money(PicoUsd(mean.rounded_multiple(1))),
    }
}

/// An amount in its metric's unit.
pub fn amount_value(unit: MetricUnit, amount: i128) -> CellValue {
    mean_value(unit, ExactMean { sum: amount, count: 1 })
}

/// Names in a note; the others are counted. Source: MODEL.md, "The gate".
const MOST_NAMES: usize = 5;

/// All notes of a gate in sentences, those of its sides last.
pub fn note_sentences(gate: &GateResult) -> Vec<String> {
    gate.notes.iter().map(note_sentence).chain(gate.input_notes.iter().cloned()).collect()
}

fn note_sentence(note: &GateNote) -> String {
    match note {
        GateNote::UnknownChance => {
            "one sample a side, and not of the same pipelines: how far chance goes is not known; \
             several recordings a side, or --each pipeline, would tell"
                .to_owned()
        }
        GateNote::MatchedByName => "samples are matched by their names".to_owned(),
        GateNote::Unmatched { side, matched_by, samples } => {
            let of = match matched_by {
                SampleMatchKey::Pipelines => "these pipelines",
                SampleMatchKey::Name => "that name",
            };
            let names = shorten_names(samples);
            format!("left out of {side}, because the other side has nothing of {of}: {names}")
        }
        GateNote::UnknownRename { scope, name } => {
            format!("renamed: the baseline has no {scope} {name}")
        }
        GateNote::PlacesChanged { scope, names, change, is_refused } => {
            let change = match change {
                PlaceChange::Gone => "gone",
                PlaceChange::New => "new",
            };
            let refused = if *is_refused { ", and the budget refuses that" } else { "" };
            let scope = format::noun_for_count(names.len(), &scope.to_string());
            format!("{} {scope} {change}: {}{refused}", names.len(), shorten_names(names))
        }
        GateNote::PossibleRename { scope, old, new } => {
            let table = match scope {
                GateScope::Step => "[renamed]".to_owned(),
                _ => format!("[renamed.{scope}]"),
            };
            format!(
                "{scope} {old} may only have a new name, {new}: nearly the same figures; if so, \
                 put {} = {new:?} under {table} of the budget",
                key_path("", old)
            )
        }
        GateNote::MoreSamplesNeeded { key: FigureKey { scope, name, metric }, samples } => {
            let place = if name.is_empty() { scope.to_string() } else { format!("{scope} {name}") };
            let many = samples.map_or_else(
                || "more than a million samples".to_owned(),
                |samples| format!("about {samples} samples"),
            );
            format!(
                "{place}, {metric}: beyond its limit, but chance alone may do as much; {many} a \
                 side of this noise would tell"
            )
        }
    }
}

/// Some names, and how many others there are.
fn shorten_names(names: &[String]) -> String {
    let shown: Vec<&str> = names
        .iter()
        .take(MOST_NAMES)
        .map(|name| if name.is_empty() { "without a name" } else { name })
        .collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A cause as a sentence: what changed from what to what, and which part of the growth that is.
pub fn cause_sentence(cause: &GrowthCause) -> String {
    let place = if cause.name.is_empty() {
        "all".to_owned()
    } else {
        format!("{} {}", cause.scope, cause.name)
    };
    let told: Vec<String> = cause.changes.iter().map(change_phrase).collect();
    // Where everything fell, a cause is what fell most, and the rest may have grown.
    let (moved, other) = if cause.total_growth < 0 { ("fall", "grew") } else { ("growth", "fell") };
    let of = metric_phrase(cause.metric);
    let part = match share_bp(cause.growth, cause.total_growth) {
        _ if cause.growth == cause.total_growth => String::new(),
        // Where other parts fell, one part can be more than the sum of all.
        more if more > BASIS_POINTS => {
            format!("; more than the whole {moved} of {of}, the rest {other}")
        }
        part => format!("; {} of the {moved} of {of}", format::plain_share(part)),
    };
    format!("{place}: {}{part}", told.join("; "))
}

fn change_phrase(change: &FigureChange) -> String {
    let (what, unit, of) = match &change.subject {
        ChangeSubject::Metric(one) => (metric_phrase(*one), one.unit(), ""),
        ChangeSubject::Context => ("context a call".to_owned(), MetricUnit::Tokens, ""),
        ChangeSubject::Kind(kind, one) => {
            let tokens = if one.unit() == MetricUnit::Tokens { " tokens" } else { "" };
            (kind.replace('_', " "), one.unit(), tokens)
        }
    };
    // What is not on one side is nothing there: zero, in the unit of the figure.
    let [from, to] =
        [change.from, change.to].map(|mean| format_mean(unit, mean.unwrap_or_default()));
    format!("{what} {from} -> {to}{of}")
}

/// A mean in words.
pub fn format_mean(unit: MetricUnit, mean: ExactMean) -> String {
    format::format_value(&mean_value(unit, mean), NumberStyle::default())
}

/// A share in words without places that say nothing.
fn format_short_share(bp: i64) -> String {
    format::format_short(&CellValue::Share(bp))
}

/// A metric in a sentence.
fn metric_phrase(metric: GateMetric) -> String {
    match metric {
        GateMetric::Read => "reads".to_owned(),
        GateMetric::Added => "tokens".to_owned(),
        GateMetric::Carried => "tokens read again".to_owned(),
        other => other.to_string().replace('_', " "),
    }
}

/// Neither growth nor fall.
const NO_CHANGE: FigureLimit = FigureLimit {
    grows_bp: Some(0),
    grows_by: None,
    falls_bp: Some(0),
    at_most: None,
    at_least: None,
    at_least_bp: None,
};

/// An amount of a limit.
fn format_amount(unit: MetricUnit, amount: i128) -> String {
    format::format_short(&amount_value(unit, amount))
}

/// A limit: what may be, part by part.
pub fn limit_phrase(unit: MetricUnit, limit: &FigureLimit) -> String {
    if *limit == NO_CHANGE {
        return "no change".to_owned();
    }
    let mut parts = Vec::new();
    // Of a share and an amount the larger is allowed, hence the "or".
    match (limit.grows_bp, limit.grows_by) {
        (Some(grows), Some(by)) => {
            parts.push(format!("+{} or +{}", format_short_share(grows), format_amount(unit, by)));
        }
        (Some(grows), None) => parts.push(format!("+{}", format_short_share(grows))),
        (None, Some(by)) => parts.push(format!("+{}", format_amount(unit, by))),
        (None, None) => {}
    }
    if let Some(falls) = limit.falls_bp {
        parts.push(format!("-{}", format_short_share(falls)));
    }
    if let Some(most) = limit.at_most {
        parts.push(format!("at most {}", format_amount(unit, most)));
    }
    if let Some(least) = limit.at_least {
        parts.push(format!("at least {}", format_amount(unit, least)));
    }
    if let Some(least) = limit.at_least_bp {
        parts.push(format!("at least {} of the whole", format_short_share(least)));
    }
    parts.join(", ")
}

/// The verdict on a row in a word or two.
pub fn judgement_word(judged: RowVerdict) -> &'static str {
    match judged {
        RowVerdict::Beyond => "beyond",
        RowVerdict::Unsure => "may be chance",
        RowVerdict::Within => "within",
        RowVerdict::Unlimited => "",
        RowVerdict::Unjudged => "not judged",
    }
}

/// One line on everything: what the gate says, and the worst row.
pub fn verdict_sentence(gate: &GateResult) -> String {
    // The worst decides: a row beyond its limit, a defect, a row that chance may explain, none.
    let beyond = rows_with(gate, RowVerdict::Beyond).count();
    let unsure = rows_with(gate, RowVerdict::Unsure).count();
    let limited = gate.rows.len() - rows_with(gate, RowVerdict::Unlimited).count();
    let failing = rows_with(gate, RowVerdict::Beyond).next().map(row_sentence);
    let doubtful = rows_with(gate, RowVerdict::Unsure).next().map(row_sentence);
    // One row that fails decides; a defect that is not allowed does where none fails.
    let stopping = gate.defects.iter().filter(|defect| !defect.is_allowed());
    if let (None, Some(first)) = (&failing, stopping.clone().next()) {
        let more = stopping.count() - 1;
        let more = if more > 0 { format!("; {more} more like it") } else { String::new() };
        return format!("the gate does not judge: {}{more}", defect_sentence(first));
    }
    match (failing, doubtful) {
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
            let unjudged = rows_with(gate, RowVerdict::Unjudged).count();
            let limited = limited - unjudged;
            let rows = format::noun_for_count(limited, "figure");
            let allowed =
                if gate.defects.is_empty() { "" } else { ", with what the budget allows" };
            let unjudged =
                if unjudged > 0 { format!(", {unjudged} not judged") } else { String::new() };
            format!("the gate passes{allowed}: {limited} {rows} within limits{unjudged}")
        }
    }
}

/// The rows of a verdict, in their own order.
fn rows_with(gate: &GateResult, verdict: RowVerdict) -> impl Iterator<Item = &GateRow> {
    gate.rows.iter().filter(move |row| row.verdict == verdict)
}

/// A row as a sentence: what went from what to what, and what was allowed.
pub fn row_sentence(row: &GateRow) -> String {
    let unit = row.key.metric.unit();
    let signed = NumberStyle { signed: true, ..NumberStyle::default() };
    let change = row.change.map_or_else(String::new, |change| {
        let ends = row.interval.map_or_else(String::new, |it| {
            let (low, high) = (
                format::format_share(to_basis_points(it.low), signed),
                format::format_share(to_basis_points(it.high), signed),
            );
            format!(", {low} to {high}")
        });
        format!(" ({}{ends})", format::format_share(to_basis_points(change), signed))
    });
    let allowed = limit_phrase(unit, &row.limit);
    let allowed =
        if allowed.is_empty() { String::new() } else { format!("; allowed is {allowed}") };
    let [before, after] = [row.baseline, row.candidate]
        .map(|mean| mean.map_or_else(|| "nothing".to_owned(), |mean| format_mean(unit, mean)));
    format!(
        "{} of {} went from {before} to {after}{change}{allowed}",
        row.key.metric,
        key_place(&row.key)
    )
}

/// How intervals came about.
pub fn chance_note(gate: &GateResult) -> String {
    let how = match gate.design {
        ComparisonDesign::Single => "one sample a side",
        ComparisonDesign::Paired => "each sample against its counterpart",
        ComparisonDesign::Stratified => "samples of the same pipelines against each other",
        ComparisonDesign::Pooled => "all samples of a side against all of the other",
    };
    let percent = format::format_short(&CellValue::Share(to_basis_points(gate.confidence)));
    format!(
        "{} samples against {}, {how}; \"may be\" holds all limited rows of one scope with \
         {percent} confidence; only a row whose whole interval is beyond its limit fails",
        gate.baseline.samples, gate.candidate.samples
    )
}
