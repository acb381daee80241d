//! The audit of reported routes: what the figures of one source say about each other, and what
//! they leave open.

use super::say::{percent, quotient, tokens};
use super::{Finding, Severity};
use crate::reconstruct::Routes;
use crate::reconstruct::published::Figure;
use crate::reconstruct::routes::{Overlap, Row};
use crate::units::{part_bp, scaled};
use std::fmt::Write as _;

/// Tokens and invocations of a row.
type Counted = (i64, i64);

/// Everything that can be said about the figures of reported routes.
#[must_use]
pub fn audit_routes(routes: &Routes) -> Vec<Finding> {
    let mut findings = Vec::new();
    means(routes, &mut findings);
    findings.extend(sum_of_rows(routes));
    rests(routes, &mut findings);
    findings.extend(buckets(routes));
    for view in &routes.views {
        overlap(routes, view, &mut findings);
    }
    findings.extend(fewest_calls(routes));
    findings.extend(per_event(routes));
    findings.extend(posted(routes));
    ratios(routes, &mut findings);
    claims(routes, &mut findings);
    findings.extend(not_knowable(routes));
    findings
}

fn grouped(number: i64) -> String {
    let digits = number.abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn counted(row: &Row) -> Option<(i64, i64)> {
    Some((row.tokens.value(), row.invocations.as_ref()?.value()))
}

/// Tokens of an invocation on average, and the averages that are printed.
fn means(routes: &Routes, findings: &mut Vec<Finding>) {
    let totals = routes.totals.iter().map(|total| {
        let counts = total.invocations.as_ref().map(|all| (total.tokens.value(), all.value()));
        (total.agent.clone(), counts, total.mean.as_ref())
    });
    let rows = routes.rows.iter();
    let rows = rows.map(|row| (row.step(), counted(row), row.mean.as_ref()));
    let mut all: Vec<(i64, String)> = Vec::new();
    for (name, counts, printed) in totals.chain(rows) {
        let Some((sum, count)) = counts else { continue };
        let mean = scaled(sum, 1, count);
        if name.contains('/') {
            all.push((mean, name.clone()));
        }
        let Some(printed) = printed else { continue };
        let (severity, word) =
            if printed.admits(mean) { (Severity::Info, "is") } else { (Severity::Error, "is not") };
        findings.push(Finding::new(
            &format!("mean-{}", id(&name)),
            severity,
            format!("{name}: the printed average of {} {word} the quotient", printed.text),
            format!("{} / {count} = {}", grouped(sum), grouped(mean)),
        ));
    }
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(mean, _)| -mean);
    let words: Vec<String> =
        all.iter().map(|(mean, name)| format!("{name} {}", grouped(*mean))).collect();
    let text = "tokens of an invocation, dearest route first".to_owned();
    findings.push(Finding::new("means", Severity::Info, text, words.join("; ")));
}

fn id(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}

/// The rows with invocations together: tokens and invocations.
fn sum_of_rows(routes: &Routes) -> Option<Finding> {
    let rows: Vec<(i64, i64)> = routes.rows.iter().filter_map(counted).collect();
    let (sum, count) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    (!rows.is_empty()).then(|| {
        Finding::new(
            "routes",
            Severity::Info,
            format!("the {} routes hold {} tokens", rows.len(), grouped(sum)),
            format!("{} tokens in {count} invocations", grouped(sum)),
        )
    })
}

/// What totals of agents leave beside their rows.
fn rests(routes: &Routes, findings: &mut Vec<Finding>) {
    for total in &routes.totals {
        let rows: Vec<&Row> = routes.rows_of(&total.agent, "").collect();
        let named: i64 = rows.iter().map(|row| row.tokens.value()).sum();
        let left = total.tokens.value() - named;
        let printed: Vec<&str> = rows.iter().map(|row| row.tokens.text.as_str()).collect();
        let mut sum = format!("{} - {} = ", total.tokens.text, printed.join(" - "));
        let is_exact = total.tokens.half_unit == 0;
        sum += &if is_exact { grouped(left) } else { tokens(left) };
        if let Some(all) = &total.invocations {
            let woken: i64 = rows.iter().filter_map(|row| counted(row)).map(|(_, n)| n).sum();
            let _ = write!(sum, "; {} - {woken} = {} invocations", all.text, all.value() - woken);
        }
        let amount = if is_exact { grouped(left) } else { tokens(left) };
        let text =
            format!("{}: {} is what the total leaves, {amount} tokens", total.agent, total.rest);
        findings.push(Finding::new(
            &format!("rest-{}", id(&total.agent)),
            Severity::Info,
            text,
            sum,
        ));
    }
}

/// Buckets against the stated sum of all tokens.
fn buckets(routes: &Routes) -> Option<Finding> {
    let stated = routes.figure("tokens")?;
    let mut agents: Vec<&str> = Vec::new();
    for row in &routes.rows {
        if !agents.contains(&row.agent.as_str()) {
            agents.push(&row.agent);
        }
    }
    let mut figures: Vec<&Figure> = Vec::new();
    for agent in agents {
        match routes.totals.iter().find(|total| total.agent == agent) {
            Some(total) => figures.push(&total.tokens),
            None => figures.extend(routes.rows_of(agent, "").map(|row| &row.tokens)),
        }
    }
    let sum: i64 = figures.iter().map(|figure| figure.value()).sum();
    let slack = figures.iter().map(|figure| figure.half_unit).sum::<i64>() + stated.half_unit;
    let off = (sum - stated.value()).abs();
    let (severity, word) = if off <= slack {
        (Severity::Info, "exhaust")
    } else {
        (Severity::Warning, "do not add up to")
    };
    let printed: Vec<&str> = figures.iter().map(|figure| figure.text.as_str()).collect();
    Some(Finding::new(
        "buckets",
        severity,
        format!("the {} buckets {word} the stated {}", figures.len(), stated.text),
        format!(
            "{} = {}; off by {}, rounding allows {}",
            printed.join(" + "),
            tokens(sum),
            tokens(off),
            tokens(slack)
        ),
    ))
}

/// A table over the rows of several agents: how much of it the largest cannot hold, and what its
/// rows are worth.
fn overlap(routes: &Routes, view: &Overlap, findings: &mut Vec<Finding>) {
    let mut rows: Vec<(&Row, (i64, i64))> =
        routes.rows_of("", &view.kind).filter_map(|row| Some((row, counted(row)?))).collect();
    rows.sort_by_key(|(_, (tokens, _))| -tokens);
    let sum = |pairs: &[(i64, i64)]| pairs.iter().fold((0, 0), |s, p| (s.0 + p.0, s.1 + p.1));
    let listed: Vec<(i64, i64)> =
        view.rows.iter().map(|row| (row.tokens.value(), row.invocations.value())).collect();
    let (listed, all) =
        (sum(&listed), sum(&rows.iter().map(|(_, counts)| *counts).collect::<Vec<_>>()));
    let Some(&(first, own)) = rows.first() else { return };
    let beyond = (listed.0 - own.0, listed.1 - own.1);
    if beyond.0 > 0 || beyond.1 > 0 {
        findings.push(Finding::new(
            &format!("{}-over-agents", view.id),
            Severity::Warning,
            format!(
                "the table of sources sums over all agents, not over {} alone: at least {} tokens \
                 and {} invocations of it belong to others",
                first.agent,
                grouped(beyond.0.max(0)),
                beyond.1.max(0)
            ),
            format!(
                "{} in {} listed against {} in {} of {}; {} - {} = {}; {} - {} = {}",
                grouped(listed.0),
                listed.1,
                grouped(own.0),
                own.1,
                first.agent,
                grouped(listed.0),
                grouped(own.0),
                grouped(beyond.0),
                listed.1,
                own.1,
                beyond.1
            ),
        ));
    }
    let rest = (all.0 - listed.0, all.1 - listed.1);
    let severity = if rest.0 < 0 || rest.1 < 0 { Severity::Error } else { Severity::Info };
    findings.push(Finding::new(
        &format!("{}-rest", view.id),
        severity,
        format!(
            "{} tokens of {} come from sources that are not listed",
            grouped(rest.0),
            view.kind
        ),
        format!(
            "{} in {} of all agents - {} in {} listed = {} in {}",
            grouped(all.0),
            all.1,
            grouped(listed.0),
            listed.1,
            grouped(rest.0),
            rest.1
        ),
    ));
    for row in &view.rows {
        let most = row.tokens.value();
        findings.push(Finding::new(
            &format!("{}-most-{}", view.id, id(&row.name)),
            Severity::Info,
            format!(
                "without a model for {}, at most {} tokens are saved of its own invocations",
                row.name,
                grouped(most)
            ),
            format!("{} / {} = {}", grouped(most), grouped(all.0), percent(part_bp(most, all.0))),
        ));
    }
    duplicates(routes, (first, own, &rows[1..]), listed.1, findings);
}

/// What agents beside the first one of a kind can cost: between nothing and what they used.
fn duplicates(
    routes: &Routes,
    (first, own, others): (&Row, Counted, &[(&Row, Counted)]),
    listed: i64,
    findings: &mut Vec<Finding>,
) {
    let whole: i64 = routes.rows.iter().filter_map(counted).map(|(tokens, _)| tokens).sum();
    for (row, (most, count)) in others {
        findings.push(Finding::new(
            &format!("duplicate-{}", id(&row.agent)),
            Severity::Warning,
            format!(
                "a second controller does not double anything: {listed} listed packets woke \
                 {} about once each; without {} between 0 and {} tokens are saved",
                first.kind,
                row.agent,
                grouped(*most)
            ),
            format!(
                "{listed} packets against {} + {count} = {} invocations; {} / {} of all routes = \
                 {}",
                own.1,
                own.1 + count,
                grouped(*most),
                grouped(whole),
                percent(part_bp(*most, whole))
            ),
        ));
    }
}

/// With the largest prompt that the window allows, an invocation still takes so many calls.
fn fewest_calls(routes: &Routes) -> Option<Finding> {
    let window = routes.figure("window")?;
    let mut rows: Vec<(i64, String)> = Vec::new();
    for row in &routes.rows {
        let Some((sum, count)) = counted(row) else { continue };
        let most = window.value() * count;
        rows.push((scaled(sum, 100, most), format!("{} {}", row.step(), one_place(sum, most))));
    }
    rows.sort_by_key(|(calls, _)| -calls);
    let words: Vec<String> = rows.into_iter().map(|(_, words)| words).collect();
    (!words.is_empty()).then(|| {
        let text = format!(
            "no call carries more than {} tokens, so that an invocation takes at least so many \
             calls",
            window.text
        );
        let sum = format!("tokens / invocations / {}: {}", window.text, words.join("; "));
        Finding::new("fewest-calls", Severity::Info, text, sum)
    })
}

/// `a / b` with one place, rounded half up.
fn one_place(a: i64, b: i64) -> String {
    let tenths = scaled(a, 10, b);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn per_event(routes: &Routes) -> Option<Finding> {
    let (all, events) = (routes.figure("tokens")?, routes.figure("events")?);
    let each = scaled(all.value(), 1, events.value());
    let text = format!("an event is worth {} on average: no event says more", tokens(each));
    let sum = format!("{} / {} = {}", all.text, events.text, tokens(each));
    Some(Finding::new("tokens-an-event", Severity::Info, text, sum))
}

fn posted(routes: &Routes) -> Option<Finding> {
    let (posted, all) = (routes.figure("posted")?, routes.figure("candidates")?);
    let hundred_thousandths = scaled(posted.value(), 100_000, all.value());
    let share = format!("{}.{:03} %", hundred_thousandths / 1_000, hundred_thousandths % 1_000);
    let text = format!("{share} of the candidates were posted; what one costs is not published");
    let sum = format!("{} / {} = {share}", posted.text, all.text);
    Some(Finding::new("posted", Severity::Info, text, sum))
}

/// Printed quotients of stated figures.
fn ratios(routes: &Routes, findings: &mut Vec<Finding>) {
    for ratio in &routes.ratios {
        let (Some(of), Some(by)) = (routes.figure(&ratio.of), routes.figure(&ratio.by)) else {
            continue;
        };
        let met = quotient(of.value(), by.value());
        let (severity, word) =
            if met == ratio.printed { (Severity::Info, "is") } else { (Severity::Error, "is not") };
        let text = format!("the printed {} {word} {} by {}", ratio.printed, ratio.of, ratio.by);
        let sum = format!("{} / {} = {met}", of.text, by.text);
        findings.push(Finding::new(&format!("ratio-{}", ratio.of), severity, text, sum));
    }
}

/// What the text says of changes without a number.
fn claims(routes: &Routes, findings: &mut Vec<Finding>) {
    for claim in routes.claims.iter().filter(|claim| claim.saving.is_none()) {
        let (says, sum) = if claim.falls {
            ("says that tokens fall, and not by how much", "direction only")
        } else {
            ("names no number", "no number")
        };
        let text = format!("{} ({}): the source {says}", claim.id, claim.text);
        findings.push(Finding::new(
            &format!("claim-{}", id(&claim.id)),
            Severity::Info,
            text,
            sum.to_owned(),
        ));
    }
}

fn not_knowable(routes: &Routes) -> Option<Finding> {
    let unknowns: Vec<&str> = routes.unknowns.iter().map(|one| one.id.as_str()).collect();
    (!unknowns.is_empty()).then(|| {
        let text = format!("{} things are not knowable from the source: ranges", unknowns.len());
        Finding::new("not-knowable", Severity::Info, text, unknowns.join(", "))
    })
}
