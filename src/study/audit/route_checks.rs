//! The audit of reported routes: what the figures of one source say about each other, and what
//! they leave open.

use super::finding::{exact_tokens, label, stated, stated_count};
use super::sum_checks::PrintedSum;
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity};
use super::{count, decimal, share, tokens};
use crate::reconstruct::ReportedRoutes;
use crate::reconstruct::figure::Figure;
use crate::reconstruct::routes::{OverlapTable, RouteRow};
use crate::units::{ratio_bp, scale_by_ratio};

/// Tokens and invocations of a row, or of several together.
#[derive(Clone, Copy, Default)]
struct RouteCounts {
    tokens: i64,
    invocations: i64,
}

impl RouteCounts {
    /// `None` where the source does not say how many invocations there were.
    fn of_row(row: &RouteRow) -> Option<Self> {
        let invocations = row.invocations.as_ref()?.value();
        Some(Self { tokens: row.tokens.value(), invocations })
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens - other.tokens,
            invocations: self.invocations - other.invocations,
        }
    }
}

impl std::iter::Sum for RouteCounts {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            tokens: sum.tokens + part.tokens,
            invocations: sum.invocations + part.invocations,
        })
    }
}

/// Everything that can be said about the figures of reported routes.
#[must_use]
pub(crate) fn audit_routes(routes: &ReportedRoutes) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    check_route_means(routes, &mut findings);
    findings.extend(sum_route_rows(routes));
    list_agent_remainders(routes, &mut findings);
    findings.extend(check_buckets(routes));
    for view in &routes.views {
        check_overlap(routes, view, &mut findings);
    }
    list_counting_errors(routes, &mut findings);
    findings.extend(token_classes(routes));
    findings.extend(fewest_calls_per_invocation(routes));
    findings.extend(tokens_per_event(routes));
    findings.extend(posted_share(routes));
    check_printed_ratios(routes, &mut findings);
    list_claims_without_number(routes, &mut findings);
    findings.extend(list_unknowns(routes));
    findings
}

/// A finding that reports and contradicts nothing.
fn note(id: impl Into<String>, check: AuditCheck, figures: Vec<FindingFigure>) -> AuditFinding {
    AuditFinding::new(id, check, FindingSeverity::Info, figures)
}

/// Tokens of an invocation on average, and the averages that are printed.
fn check_route_means(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    let totals = routes.totals.iter().map(|total| {
        let counts = total
            .invocations
            .as_ref()
            .map(|all| RouteCounts { tokens: total.tokens.value(), invocations: all.value() });
        (total.agent.clone(), counts, total.mean.as_ref())
    });
    let rows = routes.rows.iter();
    let rows = rows.map(|row| (row.step_name(), RouteCounts::of_row(row), row.mean.as_ref()));
    let mut means: Vec<(i64, String)> = Vec::new();
    for (name, counts, printed) in totals.chain(rows) {
        let Some(RouteCounts { tokens, invocations }) = counts else { continue };
        let mean = scale_by_ratio(tokens, 1, invocations);
        // Totals of whole agents have no stroke in their name: they are no routes.
        if name.contains('/') {
            means.push((mean, name.clone()));
        }
        // A mean that nobody printed is listed and not checked.
        let Some(printed) = printed else { continue };
        let figures = vec![
            label("route", &name),
            stated("printed", printed),
            exact_tokens("tokens", tokens),
            count("invocations", invocations),
            exact_tokens("mean", mean),
        ];
        // Mean and parts come from one exact table: beyond rounding they cannot disagree.
        let severity = FindingSeverity::error_unless(printed.is_consistent_with(mean));
        let id = format!("mean-{}", kebab_id(&name));
        findings.push(AuditFinding::new(id, AuditCheck::PrintedMean, severity, figures));
    }
    means.sort_by_key(|(mean, _)| -mean);
    if !means.is_empty() {
        let rows = means
            .iter()
            .map(|(mean, name)| vec![label("route", name), exact_tokens("mean", *mean)]);
        let rows = rows.collect();
        findings.push(note("means", AuditCheck::RouteMeans, Vec::new()).with_rows(rows));
    }
}

fn kebab_id(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect()
}

/// The rows with invocations together: tokens and invocations.
fn sum_route_rows(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let rows: Vec<RouteCounts> = routes.rows.iter().filter_map(RouteCounts::of_row).collect();
    let sum: RouteCounts = rows.iter().copied().sum();
    let figures = vec![
        count("routes", rows.len()),
        exact_tokens("tokens", sum.tokens),
        count("invocations", sum.invocations),
    ];
    (!rows.is_empty()).then(|| note("routes", AuditCheck::RouteTotal, figures))
}

/// What totals of agents leave beside their rows.
fn list_agent_remainders(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for total in &routes.totals {
        let rows: Vec<&RouteRow> = routes.matching_rows(&total.agent, "").collect();
        let named: i64 = rows.iter().map(|row| row.tokens.value()).sum();
        let left = total.tokens.value() - named;
        let mut figures = vec![
            label("agent", &total.agent),
            label("rest", &total.rest),
            stated("total", &total.tokens),
        ];
        figures.extend(rows.iter().map(|row| stated("parts", &row.tokens)));
        // A rounded total leaves a rounded rest: all its digits would say too much.
        let is_exact = total.tokens.half_unit == 0;
        figures.push(if is_exact { exact_tokens("left", left) } else { tokens("left", left) });
        if let Some(all) = &total.invocations {
            let counts = rows.iter().filter_map(|row| RouteCounts::of_row(row));
            let woken = counts.sum::<RouteCounts>().invocations;
            figures.push(stated_count("all", all));
            figures.push(count("woken", woken));
            figures.push(count("left_count", all.value() - woken));
        }
        let id = format!("rest-{}", kebab_id(&total.agent));
        findings.push(note(id, AuditCheck::AgentRemainder, figures));
    }
}

/// Buckets against the stated sum of all tokens.
fn check_buckets(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let whole = routes.stated_or_assumed("tokens")?;
    let mut agents: Vec<&str> = Vec::new();
    for row in &routes.rows {
        if !agents.contains(&row.agent.as_str()) {
            agents.push(&row.agent);
        }
    }
    // An agent with a total of its own is one bucket; of any other each row is one.
    let mut buckets: Vec<&Figure> = Vec::new();
    for agent in agents {
        match routes.totals.iter().find(|total| total.agent == agent) {
            Some(total) => buckets.push(&total.tokens),
            None => buckets.extend(routes.matching_rows(agent, "").map(|row| &row.tokens)),
        }
    }
    let sum = PrintedSum::new(&buckets, &whole);
    let mut figures = vec![count("buckets", buckets.len()), stated("stated", &whole)];
    figures.extend(sum.figures(&buckets, &whole));
    let severity = FindingSeverity::warning_unless(sum.holds());
    Some(AuditFinding::new("buckets", AuditCheck::BucketTotal, severity, figures))
}

/// A table over the rows of several agents: how much of it the largest cannot hold, and what its
/// rows are worth.
fn check_overlap(routes: &ReportedRoutes, view: &OverlapTable, findings: &mut Vec<AuditFinding>) {
    let mut rows: Vec<(&RouteRow, RouteCounts)> = routes
        .matching_rows("", &view.kind)
        .filter_map(|row| Some((row, RouteCounts::of_row(row)?)))
        .collect();
    // If the table is of one agent, it is of the largest.
    rows.sort_by_key(|(_, counts)| -counts.tokens);
    let Some(((first, own), others)) = rows.split_first() else { return };
    let listed: RouteCounts = view
        .rows
        .iter()
        .map(|row| RouteCounts { tokens: row.tokens.value(), invocations: row.invocations.value() })
        .sum();
    let all: RouteCounts = rows.iter().map(|(_, counts)| *counts).sum();
    // The table names no agent. If it lists more than the largest agent of the kind has, it is
    // over several of them.
    let beyond = listed.minus(*own);
    let listed_figures =
        || vec![exact_tokens("listed", listed.tokens), count("listed_count", listed.invocations)];
    if beyond.tokens > 0 || beyond.invocations > 0 {
        let mut figures = listed_figures();
        figures.extend([
            label("agent", &first.agent),
            exact_tokens("own", own.tokens),
            count("own_count", own.invocations),
            exact_tokens("beyond", beyond.tokens),
            count("beyond_count", beyond.invocations),
            exact_tokens("at_least", beyond.tokens.max(0)),
            count("at_least_count", beyond.invocations.max(0)),
        ]);
        let (check, severity) = (AuditCheck::SourcesOfOthers, FindingSeverity::Warning);
        findings.push(AuditFinding::new(
            format!("{}-over-agents", view.id),
            check,
            severity,
            figures,
        ));
    }
    let rest = all.minus(listed);
    let mut figures = listed_figures();
    figures.extend([
        label("kind", &view.kind),
        exact_tokens("all", all.tokens),
        count("all_count", all.invocations),
        exact_tokens("left", rest.tokens),
        count("left_count", rest.invocations),
    ]);
    // More than all agents of the kind have together cannot be.
    let severity = FindingSeverity::error_unless(rest.tokens >= 0 && rest.invocations >= 0);
    let id = format!("{}-rest", view.id);
    findings.push(AuditFinding::new(id, AuditCheck::UnlistedSources, severity, figures));
    for row in &view.rows {
        // All that ends at this source is the most that acknowledging it can save.
        let most = row.tokens.value();
        let figures = vec![
            label("source", &row.name),
            exact_tokens("most", most),
            exact_tokens("all", all.tokens),
            share("part", ratio_bp(most, all.tokens)),
        ];
        let id = format!("{}-most-{}", view.id, kebab_id(&row.name));
        findings.push(note(id, AuditCheck::SourceCeiling, figures));
    }
    bound_duplicate_agents(routes, (first, *own, others), listed.invocations, findings);
}

/// What agents beside the first one of a kind can cost: between nothing and what they used.
fn bound_duplicate_agents(
    routes: &ReportedRoutes,
    (first, own, others): (&RouteRow, RouteCounts, &[(&RouteRow, RouteCounts)]),
    listed: i64,
    findings: &mut Vec<AuditFinding>,
) {
    let whole: RouteCounts = routes.rows.iter().filter_map(RouteCounts::of_row).sum();
    for (row, most) in others {
        let figures = vec![
            count("listed", listed),
            label("kind", &first.kind),
            label("agent", &row.agent),
            count("own", own.invocations),
            count("others", most.invocations),
            count("invocations", own.invocations + most.invocations),
            exact_tokens("most", most.tokens),
            exact_tokens("whole", whole.tokens),
            share("part", ratio_bp(most.tokens, whole.tokens)),
        ];
        let id = format!("duplicate-{}", kebab_id(&row.agent));
        let (check, severity) = (AuditCheck::DuplicateAgent, FindingSeverity::Warning);
        findings.push(AuditFinding::new(id, check, severity, figures));
    }
}

/// With the largest prompt that the window allows, an invocation still takes so many calls.
fn fewest_calls_per_invocation(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let window = routes.stated_or_assumed("window")?;
    let mut counted: Vec<(i64, Vec<FindingFigure>)> = routes
        .rows
        .iter()
        .filter_map(|row| {
            let counts = RouteCounts::of_row(row)?;
            let most = window.value() * counts.invocations;
            let tenths = decimal("calls", scale_by_ratio(counts.tokens, 10, most), 1);
            // Sorted by hundredths and shown in tenths, so that what looks alike is in order too.
            let order = scale_by_ratio(counts.tokens, 100, most);
            Some((-order, vec![label("route", &row.step_name()), tenths]))
        })
        .collect();
    counted.sort_by_key(|(order, _)| *order);
    let rows: Vec<Vec<FindingFigure>> = counted.into_iter().map(|(_, row)| row).collect();
    let figures = vec![stated("window", &window)];
    (!rows.is_empty())
        .then(|| note("fewest-calls", AuditCheck::FewestCalls, figures).with_rows(rows))
}

/// What is known to be wrong with how the figures were counted.
fn list_counting_errors(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for error in &routes.counting_errors {
        let figures = vec![label("words", &error.text)];
        let (check, severity) = (AuditCheck::CountingError, FindingSeverity::Warning);
        let id = format!("counted-{}", kebab_id(&error.id));
        findings.push(AuditFinding::new(id, check, severity, figures));
    }
}

/// Which classes of tokens the figures hold.
fn token_classes(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let classes = routes.token_classes()?;
    let figures = vec![label("classes", &classes.value), label("why", &classes.why)];
    Some(note("token-classes", AuditCheck::TokenClasses, figures))
}

/// What an event is worth on average.
fn tokens_per_event(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let (all, events) = (routes.stated_or_assumed("tokens")?, routes.stated_or_assumed("events")?);
    let figures = vec![
        stated("tokens", &all),
        stated_count("events", &events),
        tokens("each", scale_by_ratio(all.value(), 1, events.value())),
    ];
    Some(note("tokens-an-event", AuditCheck::TokensPerEvent, figures))
}

/// How few of the candidates were posted.
fn posted_share(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let posted = routes.stated_or_assumed("posted")?;
    let candidates = routes.stated_or_assumed("candidates")?;
    // So few that per cent need three places.
    let percent = scale_by_ratio(posted.value(), 100_000, candidates.value());
    let figures = vec![
        stated_count("posted", &posted),
        stated_count("candidates", &candidates),
        decimal("percent", percent, 3),
    ];
    Some(note("posted", AuditCheck::PostedShare, figures))
}

/// Printed quotients of stated figures.
fn check_printed_ratios(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for ratio in &routes.ratios {
        let (Some(dividend), Some(divisor)) =
            (routes.stated_or_assumed(&ratio.of), routes.stated_or_assumed(&ratio.by))
        else {
            continue;
        };
        let hundredths = scale_by_ratio(dividend.value(), 100, divisor.value());
        let figures = vec![
            label("printed", &ratio.printed),
            label("of", &ratio.of),
            label("by", &ratio.by),
            stated("dividend", &dividend),
            stated("divisor", &divisor),
            decimal("quotient", hundredths, 2),
        ];
        // A source may print 2.0 or 2.00.
        let exact = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let holds = ratio.printed == exact || exact.strip_suffix('0') == Some(&ratio.printed);
        let severity = FindingSeverity::error_unless(holds);
        let id = format!("ratio-{}", ratio.of);
        findings.push(AuditFinding::new(id, AuditCheck::PrintedRatio, severity, figures));
    }
}

/// What the text says of changes without a number.
fn list_claims_without_number(routes: &ReportedRoutes, findings: &mut Vec<AuditFinding>) {
    for claim in routes.claims.iter().filter(|claim| claim.saving.is_none()) {
        let figures = vec![label("claim", &claim.id), label("words", &claim.text)];
        let check = if claim.falls {
            AuditCheck::ClaimedDirection
        } else {
            AuditCheck::ClaimedWithoutNumber
        };
        let id = format!("claim-{}", kebab_id(&claim.id));
        findings.push(note(id, check, figures));
    }
}

/// What the source leaves open.
fn list_unknowns(routes: &ReportedRoutes) -> Option<AuditFinding> {
    let mut figures = vec![count("count", routes.unknowns.len())];
    figures.extend(routes.unknowns.iter().map(|unknown| label("unknowns", &unknown.id)));
    // The first figure only counts the others.
    (figures.len() > 1).then(|| note("not-knowable", AuditCheck::Unknowns, figures))
}
