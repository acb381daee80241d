//! Which lens the figures allow: what a call can be, given what was read and written.

use super::finding::{duration, label, stated, stated_count};
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity, count, decimal, tokens};
use crate::fixed_point;
use crate::reconstruct::call_tally::RECORDS_PER_CALL_HUNDREDTHS;
use crate::reconstruct::event::{ReportedEvent, TestRunResult};
use crate::reconstruct::{Lens, Reconstruction, ReportedPipeline, SessionFit, reconstruct};
use crate::units::scale_by_ratio;

/// The 1st and 99th percentile of real growth exponents. Source: MODEL.md, "Laws" L7, 499 sessions.
const REAL_EXPONENTS: (i64, i64) = (23, 182);

/// Checks both lenses; the message lens's calls serve later checks.
pub(super) fn check_lenses(
    reported: &ReportedPipeline,
    known: Option<(Lens, &Reconstruction)>,
    findings: &mut Vec<AuditFinding>,
) -> Option<Reconstruction> {
    let record = fit_lens(reported, Lens::Record, known, findings);
    let message = fit_lens(reported, Lens::Message, known, findings);
    // Without an inventory no call count is published that the record lens could contradict.
    if let Some(record) = record.filter(|_| reported.inventory.is_some()) {
        findings.extend(check_reads_below_start(reported, &record));
        findings.extend(check_growth_exponents(&record));
    }
    findings.extend(check_implement_context(reported));
    if let Some(message) = &message {
        findings.extend(check_mean_context(reported, message));
    }
    findings.extend(check_records_per_call(reported));
    findings.extend(check_known_records_per_call(reported));
    if let Some(message) = &message {
        findings.push(summarize_fitted_calls(reported, message));
        findings.extend(check_cache_tier(reported, message));
    }
    findings.extend(check_poll_cycles(reported));
    message
}

/// The calls under a lens; where none can meet the totals that is a finding.
fn fit_lens(
    reported: &ReportedPipeline,
    lens: Lens,
    known: Option<(Lens, &Reconstruction)>,
    findings: &mut Vec<AuditFinding>,
) -> Option<Reconstruction> {
    // The caller may have fitted this lens for its replay already.
    if let Some((_, fit)) = known.filter(|(same, _)| *same == lens) {
        return Some(fit.clone());
    }
    match reconstruct(reported, lens) {
        Ok(fit) => Some(fit),
        Err(error) => {
            let id = format!("{}-lens-impossible", lens.name());
            let figures = vec![label("lens", lens.name()), label("error", &error.to_string())];
            let (check, severity) = (AuditCheck::LensImpossible, FindingSeverity::Error);
            findings.push(AuditFinding::new(id, check, severity, figures));
            None
        }
    }
}

/// A growth exponent in thousandths.
fn exponent(name: &'static str, q32: i64) -> FindingFigure {
    decimal(name, fixed_point::to_thousandths(q32), 3)
}

/// A quotient in hundredths, rounded half up.
fn quotient(name: &'static str, dividend: i64, divisor: i64) -> FindingFigure {
    decimal(name, scale_by_ratio(dividend, 100, divisor), 2)
}

/// Sessions that read less per published call than every call must carry.
fn check_reads_below_start(
    reported: &ReportedPipeline,
    record: &Reconstruction,
) -> Option<AuditFinding> {
    let start = reported.stated_or_assumed("start-context")?;
    let rows: Vec<Vec<FindingFigure>> = record
        .sessions
        .iter()
        .filter(|fit| fit.mean_context < start.value())
        .map(|fit| {
            vec![
                label("step", &fit.step),
                tokens("read", fit.read),
                count("calls", fit.calls),
                tokens("mean", fit.mean_context),
            ]
        })
        .collect();
    // The headline names the steps; the rows have the arithmetic of each.
    let mut figures: Vec<FindingFigure> = rows.iter().map(|row| row[0].clone()).collect();
    figures.push(stated("start", &start));
    let (check, severity) = (AuditCheck::ReadsBelowStart, FindingSeverity::Error);
    (!rows.is_empty()).then(|| {
        AuditFinding::new("record-lens-below-start", check, severity, figures).with_rows(rows)
    })
}

/// Sessions that would need a growth exponent that no real session shows.
fn check_growth_exponents(record: &Reconstruction) -> Option<AuditFinding> {
    // Only the upper end: contexts that hardly grow are no contradiction.
    let limit = fixed_point::ratio_q32(REAL_EXPONENTS.1, 100);
    let rows: Vec<Vec<FindingFigure>> = record
        .sessions
        .iter()
        .filter_map(|fit| Some((fit, fit.exponent.filter(|exponent| *exponent > limit)?)))
        .map(|(fit, needed)| {
            vec![
                label("step", &fit.step),
                label("session", &fit.id),
                count("calls", fit.calls),
                exponent("exponent", needed),
            ]
        })
        .collect();
    let figures = vec![
        count("strange", rows.len()),
        count("sessions", record.sessions.len()),
        exponent("limit", limit),
    ];
    let (check, severity) = (AuditCheck::GrowthExponents, FindingSeverity::Error);
    (!rows.is_empty()).then(|| {
        AuditFinding::new("record-lens-exponents", check, severity, figures).with_rows(rows)
    })
}

/// The one session whose mean context is published: which count gives it?
fn check_implement_context(reported: &ReportedPipeline) -> Vec<AuditFinding> {
    let mean_context = reported.stated_figure("implement-mean-context");
    let mut rows = reported.sessions_of_step("implement");
    let (Some(mean_context), Some(row)) = (mean_context, rows.next()) else {
        return Vec::new();
    };
    // One printed mean, and two counts that it may have been divided by.
    let published = Some(("record-lens-implement-context", "published calls", &row.calls.figure));
    let tools = row.tool_calls.as_ref();
    let tools = tools.map(|tools| ("message-lens-implement-context", "tool calls", tools));
    published
        .into_iter()
        .chain(tools)
        .map(|(id, what, calls)| {
            let mean = scale_by_ratio(row.read.value(), 1, calls.value());
            // A mean that is said to be approximate is met within a twentieth.
            let holds = (mean - mean_context.value()).abs() <= mean_context.value() / 20;
            let figures = vec![
                count("calls", calls.value()),
                label("what", what),
                stated("read", &row.read),
                tokens("mean", mean),
                stated("stated", mean_context),
            ];
            let severity = FindingSeverity::error_unless(holds);
            AuditFinding::new(id, AuditCheck::ImplementContext, severity, figures)
        })
        .collect()
}

/// The mean context of the whole pipeline, as stated and under either lens.
fn check_mean_context(
    reported: &ReportedPipeline,
    message: &Reconstruction,
) -> Option<AuditFinding> {
    // The stated mean is of calls that the text counts loosely; what it implies is set beside what
    // either count of calls gives.
    let mean_context = reported.stated_figure("mean-context")?;
    let calls = reported.stated_figure("calls")?;
    let read: i64 = message.sessions.iter().map(|fit| fit.read).sum();
    let fitted: i64 = message.sessions.iter().map(|fit| i64::from(fit.calls)).sum();
    let published: i64 =
        message.sessions.iter().filter_map(|fit| fit.calls_published).map(i64::from).sum();
    let figures = vec![
        stated_count("calls", calls),
        stated("stated", mean_context),
        tokens("low", calls.value() * mean_context.low),
        tokens("high", calls.value() * mean_context.high),
        tokens("read", read),
        count("published", published),
        tokens("mean_published", scale_by_ratio(read, 1, published)),
        count("fitted", fitted),
        tokens("mean_fitted", scale_by_ratio(read, 1, fitted)),
    ];
    let (check, severity) = (AuditCheck::MeanContext, FindingSeverity::Warning);
    Some(AuditFinding::new("mean-context", check, severity, figures))
}

/// The raw sum over records against the total: how many records a call has.
fn check_records_per_call(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let raw = reported.stated_figure("raw-read-sum")?;
    let total = &reported.steps.total_reads();
    let figures = vec![
        stated("raw", raw),
        stated("total", total),
        quotient("factor", raw.value(), total.value()),
        decimal("median", RECORDS_PER_CALL_HUNDREDTHS, 2),
    ];
    let (check, severity) = (AuditCheck::RecordsPerCall, FindingSeverity::Info);
    Some(AuditFinding::new("records-per-call", check, severity, figures))
}

/// Sessions that publish both counts.
fn check_known_records_per_call(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let inventory = reported.inventory.iter().flat_map(|inventory| &inventory.rows);
    let rows: Vec<Vec<FindingFigure>> = inventory
        .filter_map(|row| {
            // Records without repetitions are calls; uses of tools are the next best thing.
            let (what, calls) = match (&row.deduplicated, &row.tool_calls) {
                (Some(calls), _) => ("deduplicated", calls),
                (None, Some(calls)) => ("tool calls", calls),
                (None, None) => return None,
            };
            Some(vec![
                label("session", &row.id),
                stated_count("records", &row.calls),
                stated_count("calls", calls),
                label("what", what),
                quotient("factor", row.calls.value(), calls.value()),
            ])
        })
        .collect();
    let (check, severity) = (AuditCheck::KnownRecordsPerCall, FindingSeverity::Info);
    (!rows.is_empty()).then(|| {
        AuditFinding::new("records-per-call-known", check, severity, Vec::new()).with_rows(rows)
    })
}

/// The fitted counts and what they rest on.
fn summarize_fitted_calls(reported: &ReportedPipeline, message: &Reconstruction) -> AuditFinding {
    let lowest = fixed_point::ratio_q32(REAL_EXPONENTS.0, 100);
    let highest = fixed_point::ratio_q32(REAL_EXPONENTS.1, 100);
    let ordinary = message
        .sessions
        .iter()
        .filter(|fit| fit.exponent.is_some_and(|exponent| (lowest..=highest).contains(&exponent)))
        .count();
    let all = message.sessions.len();
    let basis = match &reported.inventory {
        Some(_) if reported.counts_calls_only() => "taken for calls as published",
        Some(_) => "counted as messages",
        None => "counted by the likeliest growth alone, for no call count is published",
    };
    let figures = vec![label("basis", basis), count("ordinary", ordinary), count("sessions", all)];
    let severity = FindingSeverity::warning_unless(ordinary == all);
    AuditFinding::new("message-lens-exponents", AuditCheck::FittedCalls, severity, figures)
        .with_rows(message.sessions.iter().map(fitted_session).collect())
}

fn fitted_session(fit: &SessionFit) -> Vec<FindingFigure> {
    let mut row = vec![label("session", &fit.id), count("calls", fit.calls)];
    // Sessions without an inventory are named after their step.
    if !fit.id.starts_with(&fit.step) {
        row.push(label("step", &fit.step));
    }
    let (low, high) = fit.calls_range;
    if low != high {
        row.extend([count("low", low), count("high", high)]);
    }
    row.extend(fit.exponent.map(|fitted| exponent("exponent", fitted)));
    row
}

/// Waits of test runs against the lifetime of the short cache.
fn check_cache_tier(reported: &ReportedPipeline, message: &Reconstruction) -> Option<AuditFinding> {
    let wait = reported.stated_figure("test-run-time")?;
    // A polled run keeps its cache warm; an aborted one is over at once. Any other run lets a
    // five-minute cache go cold, so that the next call writes its whole context again.
    let (mut step, mut runs, mut rewritten) = ("", 0, 0);
    for event in &reported.events {
        if let ReportedEvent::TestRun { session, result, polls: None, .. } = event
            && *result != TestRunResult::Aborted
            && let Some(fit) = message.sessions.iter().find(|fit| fit.id == *session)
        {
            step = &fit.step;
            runs += 1;
            rewritten += fit.mean_context;
        }
    }
    let written = reported.step_row(step)?.write.value();
    let figures = vec![
        stated("wait", wait),
        label("step", step),
        count("runs", runs),
        tokens("mean", scale_by_ratio(rewritten, 1, runs)),
        tokens("rewritten", rewritten),
        tokens("written", written),
    ];
    let (check, severity) = (AuditCheck::CacheTier, FindingSeverity::Info);
    // More than the step wrote at all: its cache cannot have gone cold that often.
    (rewritten > written).then(|| AuditFinding::new("cache-tier", check, severity, figures))
}

/// Polls of a minute each against the length of the run that they watched.
fn check_poll_cycles(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let sleep = reported.stated_figure("poll-sleep")?;
    let wait = reported.stated_figure("test-run-time")?;
    let polls = reported.events.iter().find_map(|event| match event {
        ReportedEvent::TestRun { polls, .. } => polls.as_ref(),
        _ => None,
    })?;
    // In a cycle of three calls (sleep, tail, ps) only the first one sleeps.
    let calls_a_cycle = 3;
    let each = polls.value() * sleep.value();
    let figures = vec![
        stated_count("polls", polls),
        stated("sleep", sleep),
        stated("wait", wait),
        duration("each", each),
        count("calls_a_cycle", calls_a_cycle),
        duration("cycles", polls.value() / calls_a_cycle * sleep.value()),
    ];
    let (check, severity) = (AuditCheck::PollCycles, FindingSeverity::Info);
    // If each poll had slept, they would have outlasted the run that they watched.
    (each > wait.high).then(|| AuditFinding::new("poll-cycles", check, severity, figures))
}
