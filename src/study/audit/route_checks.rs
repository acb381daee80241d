//! The audit of reported routes: what the figures of one source say about each other, and what
//! they leave open.

use super::number_words::{format_percent, format_quotient, format_tokens};
use super::{AuditFinding, FindingSeverity};
use crate::reconstruct::ReportedRoutes;
use crate::reconstruct::figure::Figure;
use crate::reconstruct::routes::{OverlapTable, RouteRow};
use crate::units::{ratio_bp, scale_by_ratio};
use std::fmt::Write as _;

/// Tokens and invocations of a row.
type TokensAndInvocations = (i64, i64);

/// Everything that can be said about the figures of reported routes.
#[must_use]
pub fn audit_routes(routes: &ReportedRoutes) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    check_route_means(routes, &mut findings);
    findings.extend(sum_route_rows(routes));
    list_agent_remainders(routes, &mut findings);
    findings.extend(check_buckets(routes));
    for view in &routes.views {
        check_overlap(routes, view, &mut findings);
    }
    findings.extend(fewest_calls_per_invocation(routes));
    findings.extend(tokens_per_event(routes));
    findings.extend(posted_share(routes));
    check_printed_ratios(routes, &mut findings);
    list_claims_without_number(routes, &mut findings);
    findings.extend(list_unknowns(routes));
    findings
}

fn group_digits(number: i64) -> String {
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

fn tokens_and_invocations(row: &RouteRow) -> Option<(i64, i64)> {
    Some((row.tokens.value(), row.invocations.as_ref()?.value()))
}

/// Tokens of an invocation on average, and the averages that are printed.
fn check_route_means(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    let totals = routes.totals.iter().map(|total| {
        let counts = total.invocations.as_ref().map(|all| (total.tokens.value(), all.value()));
        (total.agent.clone(), counts, total.mean.as_ref())
    });
    let rows = routes.rows.iter();
    let rows = rows.map(|row| (row.step_name(), tokens_and_invocations(row), row.mean.as_ref()));
    let mut all: Vec<(i64, String)> = Vec::new();
    for (name, counts, printed) in totals.chain(rows) {
        let Some((sum, count)) = counts else { continue };
        let mean = scale_by_ratio(sum, 1, count);
        if name.contains('/') {
            all.push((mean, name.clone()));
        }
        let Some(printed) = printed else { continue };
        let (severity, word) = if printed.is_consistent_with(mean) {
            (FindingSeverity::Info, "is")
        } else {
            (FindingSeverity::Error, "is not")
        };
        findings.push(AuditFinding::new(
            &format!("mean-{}", kebab_id(&name)),
            severity,
            format!("{name}: the printed average of {} {word} the quotient", printed.text),
            format!("{} / {count} = {}", group_digits(sum), group_digits(mean)),
        ));
    }
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(mean, _)| -mean);
    let words: Vec<String> =
        all.iter().map(|(mean, name)| format!("{name} {}", group_digits(*mean))).collect();
    let text = "tokens of an invocation, dearest route first".to_owned();
    findings.push(AuditFinding::new("means", FindingSeverity::Info, text, words.join("; ")));
}

fn kebab_id(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(letter).collect()
}

/// The rows with invocations together: tokens and invocations.
fn sum_route_rows(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let rows: Vec<(i64, i64)> = routes.rows.iter().filter_map(tokens_and_invocations).collect();
    let (sum, count) = rows.iter().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    (!rows.is_empty()).then(|| {
        AuditFinding::new(
            "routes",
            FindingSeverity::Info,
            format!("the {} routes hold {} tokens", rows.len(), group_digits(sum)),
            format!("{} tokens in {count} invocations", group_digits(sum)),
        )
    })
}

/// What totals of agents leave beside their rows.
fn list_agent_remainders(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for total in &routes.totals {
        let rows: Vec<&RouteRow> = routes.matching_rows(&total.agent, "").collect();
        let named: i64 = rows.iter().map(|row| row.tokens.value()).sum();
        let left = total.tokens.value() - named;
        let printed: Vec<&str> = rows.iter().map(|row| row.tokens.text.as_str()).collect();
        let mut sum = format!("{} - {} = ", total.tokens.text, printed.join(" - "));
        let is_exact = total.tokens.half_unit == 0;
        sum += &if is_exact { group_digits(left) } else { format_tokens(left) };
        if let Some(all) = &total.invocations {
            let woken: i64 =
                rows.iter().filter_map(|row| tokens_and_invocations(row)).map(|(_, n)| n).sum();
            let _ = write!(sum, "; {} - {woken} = {} invocations", all.text, all.value() - woken);
        }
        let amount = if is_exact { group_digits(left) } else { format_tokens(left) };
        let text =
            format!("{}: {} is what the total leaves, {amount} tokens", total.agent, total.rest);
        findings.push(AuditFinding::new(
            &format!("rest-{}", kebab_id(&total.agent)),
            FindingSeverity::Info,
            text,
            sum,
        ));
    }
}

/// Buckets against the stated sum of all tokens.
fn check_buckets(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let stated = routes.stated_or_assumed("tokens")?;
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
            None => figures.extend(routes.matching_rows(agent, "").map(|row| &row.tokens)),
        }
    }
    let sum: i64 = figures.iter().map(|figure| figure.value()).sum();
    let slack = figures.iter().map(|figure| figure.half_unit).sum::<i64>() + stated.half_unit;
    let off = (sum - stated.value()).abs();
    let (severity, word) = if off <= slack {
        (FindingSeverity::Info, "exhaust")
    } else {
        (FindingSeverity::Warning, "do not add up to")
    };
    let printed: Vec<&str> = figures.iter().map(|figure| figure.text.as_str()).collect();
    Some(AuditFinding::new(
        "buckets",
        severity,
        format!("the {} buckets {word} the stated {}", figures.len(), stated.text),
        format!(
            "{} = {}; off by {}, rounding allows {}",
            printed.join(" + "),
            format_tokens(sum),
            format_tokens(off),
            format_tokens(slack)
        ),
    ))
}

/// A table over the rows of several agents: how much of it the largest cannot hold, and what its
/// rows are worth.
fn check_overlap(routes: &ReportedRoutes, view: &OverlapTable, findings: &mut Vec<AuditFinding>) {
    let mut rows: Vec<(&RouteRow, (i64, i64))> = routes
        .matching_rows("", &view.kind)
        .filter_map(|row| Some((row, tokens_and_invocations(row)?)))
        .collect();
    rows.sort_by_key(|(_, (tokens, _))| -tokens);
    let sum = |pairs: &[(i64, i64)]| pairs.iter().fold((0, 0), |s, p| (s.0 + p.0, s.1 + p.1));
    let listed: Vec<(i64, i64)> =
        view.rows.iter().map(|row| (row.tokens.value(), row.invocations.value())).collect();
    let (listed, all) =
        (sum(&listed), sum(&rows.iter().map(|(_, counts)| *counts).collect::<Vec<_>>()));
    let Some(&(first, own)) = rows.first() else { return };
    let beyond = (listed.0 - own.0, listed.1 - own.1);
    if beyond.0 > 0 || beyond.1 > 0 {
        findings.push(AuditFinding::new(
            &format!("{}-over-agents", view.id),
            FindingSeverity::Warning,
            format!(
                "the table of sources sums over all agents, not over {} alone: at least {} tokens \
                 and {} invocations of it belong to others",
                first.agent,
                group_digits(beyond.0.max(0)),
                beyond.1.max(0)
            ),
            format!(
                "{} in {} listed against {} in {} of {}; {} - {} = {}; {} - {} = {}",
                group_digits(listed.0),
                listed.1,
                group_digits(own.0),
                own.1,
                first.agent,
                group_digits(listed.0),
                group_digits(own.0),
                group_digits(beyond.0),
                listed.1,
                own.1,
                beyond.1
            ),
        ));
    }
    let rest = (all.0 - listed.0, all.1 - listed.1);
    let severity =
        if rest.0 < 0 || rest.1 < 0 { FindingSeverity::Error } else { FindingSeverity::Info };
    findings.push(AuditFinding::new(
        &format!("{}-rest", view.id),
        severity,
        format!(
            "{} tokens of {} come from sources that are not listed",
            group_digits(rest.0),
            view.kind
        ),
        format!(
            "{} in {} of all agents - {} in {} listed = {} in {}",
            group_digits(all.0),
            all.1,
            group_digits(listed.0),
            listed.1,
            group_digits(rest.0),
            rest.1
        ),
    ));
    for row in &view.rows {
        let most = row.tokens.value();
        findings.push(AuditFinding::new(
            &format!("{}-most-{}", view.id, kebab_id(&row.name)),
            FindingSeverity::Info,
            format!(
                "without a model for {}, at most {} tokens are saved of its own invocations",
                row.name,
                group_digits(most)
            ),
            format!(
                "{} / {} = {}",
                group_digits(most),
                group_digits(all.0),
                format_percent(ratio_bp(most, all.0))
            ),
        ));
    }
    bound_duplicate_agents(routes, (first, own, &rows[1..]), listed.1, findings);
}

/// What agents beside the first one of a kind can cost: between nothing and what they used.
fn bound_duplicate_agents(
    routes: &ReportedRoutes,
    (first, own, others): (&RouteRow, TokensAndInvocations, &[(&RouteRow, TokensAndInvocations)]),
    listed: i64,
    findings: &mut Vec<AuditFinding>,
) {
    let whole: i64 =
        routes.rows.iter().filter_map(tokens_and_invocations).map(|(tokens, _)| tokens).sum();
    for (row, (most, count)) in others {
        findings.push(AuditFinding::new(
            &format!("duplicate-{}", kebab_id(&row.agent)),
            FindingSeverity::Warning,
            format!(
                "a second controller does not double anything: {listed} listed packets woke \
                 {} about once each; without {} between 0 and {} tokens are saved",
                first.kind,
                row.agent,
                group_digits(*most)
            ),
            format!(
                "{listed} packets against {} + {count} = {} invocations; {} / {} of all routes = \
                 {}",
                own.1,
                own.1 + count,
                group_digits(*most),
                group_digits(whole),
                format_percent(ratio_bp(*most, whole))
            ),
        ));
    }
}

/// With the largest prompt that the window allows, an invocation still takes so many calls.
fn fewest_calls_per_invocation(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let window = routes.stated_or_assumed("window")?;
    let mut rows: Vec<(i64, String)> = Vec::new();
    for row in &routes.rows {
        let Some((sum, count)) = tokens_and_invocations(row) else { continue };
        let most = window.value() * count;
        rows.push((
            scale_by_ratio(sum, 100, most),
            format!("{} {}", row.step_name(), quotient_one_decimal(sum, most)),
        ));
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
        AuditFinding::new("fewest-calls", FindingSeverity::Info, text, sum)
    })
}

/// `a / b` with one place, rounded half up.
fn quotient_one_decimal(a: i64, b: i64) -> String {
    let tenths = scale_by_ratio(a, 10, b);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn tokens_per_event(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let (all, events) = (routes.stated_or_assumed("tokens")?, routes.stated_or_assumed("events")?);
    let each = scale_by_ratio(all.value(), 1, events.value());
    let text = format!("an event is worth {} on average: no event says more", format_tokens(each));
    let sum = format!("{} / {} = {}", all.text, events.text, format_tokens(each));
    Some(AuditFinding::new("tokens-an-event", FindingSeverity::Info, text, sum))
}

fn posted_share(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let (posted, all) =
        (routes.stated_or_assumed("posted")?, routes.stated_or_assumed("candidates")?);
    let hundred_thousandths = scale_by_ratio(posted.value(), 100_000, all.value());
    let share = format!("{}.{:03} %", hundred_thousandths / 1_000, hundred_thousandths % 1_000);
    let text = format!("{share} of the candidates were posted; what one costs is not published");
    let sum = format!("{} / {} = {share}", posted.text, all.text);
    Some(AuditFinding::new("posted", FindingSeverity::Info, text, sum))
}

/// Printed quotients of stated figures.
fn check_printed_ratios(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for ratio in &routes.ratios {
        let (Some(of), Some(by)) =
            (routes.stated_or_assumed(&ratio.of), routes.stated_or_assumed(&ratio.by))
        else {
            continue;
        };
        let met = format_quotient(of.value(), by.value());
        let (severity, word) = if met == ratio.printed {
            (FindingSeverity::Info, "is")
        } else {
            (FindingSeverity::Error, "is not")
        };
        let text = format!("the printed {} {word} {} by {}", ratio.printed, ratio.of, ratio.by);
        let sum = format!("{} / {} = {met}", of.text, by.text);
        findings.push(AuditFinding::new(&format!("ratio-{}", ratio.of), severity, text, sum));
    }
}

/// What the text says of changes without a number.
fn list_claims_without_number(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for claim in routes.claims.iter().filter(|claim| claim.saving.is_none()) {
        let (says, sum) = if claim.falls {
            ("says that tokens fall, and not by how much", "direction only")
        } else {
            ("names no number", "no number")
        };
        let text = format!("{} ({}): the source {says}", claim.id, claim.text);
        findings.push(AuditFinding::new(
            &format!("claim-{}", kebab_id(&claim.id)),
            FindingSeverity::Info,
            text,
            sum.to_owned(),
        ));
    }
}

fn list_unknowns(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let unknowns: Vec<&str> = routes.unknowns.iter().map(|one| one.id.as_str()).collect();
    (!unknowns.is_empty()).then(|| {
        let text = format!("{} things are not knowable from the source: ranges", unknowns.len());
        AuditFinding::new("not-knowable", FindingSeverity::Info, text, unknowns.join(", "))
    })
}
