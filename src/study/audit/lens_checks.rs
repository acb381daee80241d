//! Which lens the figures allow: what a call can be, given what was read and written.

use super::{AuditFinding, FindingSeverity, number_words};
use crate::fixed_point::{self, ONE};
use crate::reconstruct::event::{ReportedEvent, TestRunResult};
use crate::reconstruct::{Lens, Reconstruction, ReportedPipeline, SessionFit, reconstruct};
use crate::units::scale_by_ratio;

/// The 1st and 99th percentile of real growth exponents. Source: MODEL.md, "Laws" L7, 499 sessions.
const REAL_EXPONENTS: (i64, i64) = (23, 182);

/// The median of records per call in thousandths. Source: MODEL.md, "Laws" L1.
const RECORDS_PER_CALL: &str = "1.99";

/// Checks both lenses; the message lens's calls serve later checks.
pub fn check_lenses(
    reported: &ReportedPipeline,
    known: Option<(Lens, &Reconstruction)>,
    findings: &mut Vec<AuditFinding>,
) -> Option<Reconstruction> {
    let fit = |lens| match known {
        Some((same, fit)) if same == lens => Ok(fit.clone()),
        _ => reconstruct(reported, lens),
    };
    let mut fits = |lens| match fit(lens) {
        Ok(done) => Some(done),
        Err(error) => {
            let text = format!("no calls can meet the totals under the {} lens", lens.name());
            let id = format!("{}-lens-impossible", lens.name());
            findings.push(AuditFinding::new(&id, FindingSeverity::Error, text, error.to_string()));
            None
        }
    };
    let (record, message) = (fits(Lens::Record), fits(Lens::Message));
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

/// Sessions that read less per published call than every call must carry.
fn check_reads_below_start(
    reported: &ReportedPipeline,
    record: &Reconstruction,
) -> Option<AuditFinding> {
    let start = reported.stated_or_assumed("start-context")?;
    let low: Vec<&SessionFit> =
        record.sessions.iter().filter(|fit| fit.mean_context < start.value()).collect();
    low.first()?;
    let names: Vec<&str> = low.iter().map(|fit| fit.step.as_str()).collect();
    let sums: Vec<String> = low
        .iter()
        .map(|fit| {
            let (read, mean) = (
                number_words::format_tokens(fit.read),
                number_words::format_tokens(fit.mean_context),
            );
            format!("{}: {read} / {} = {mean} < {}", fit.step, fit.calls, start.text)
        })
        .collect();
    let text = format!(
        "published calls cannot be calls: {} would read less per call than the {} that every \
         call of the session carries",
        names.join(" and "),
        start.text
    );
    Some(AuditFinding::new(
        "record-lens-below-start",
        FindingSeverity::Error,
        text,
        sums.join("; "),
    ))
}

/// Sessions that would need a growth exponent that no real session shows.
fn check_growth_exponents(record: &Reconstruction) -> Option<AuditFinding> {
    let limit = fixed_point::ratio_q32(REAL_EXPONENTS.1, 100);
    let strange = |fit: &&SessionFit| fit.exponent.is_some_and(|exponent| exponent > limit);
    let strange: Vec<&SessionFit> = record.sessions.iter().filter(strange).collect();
    if strange.is_empty() {
        return None;
    }
    let sums: Vec<String> = strange
        .iter()
        .map(|fit| {
            let exponent = fixed_point::to_decimal(fit.exponent.unwrap_or(ONE));
            format!("{} {} ({} calls): {exponent}", fit.step, fit.id, fit.calls)
        })
        .collect();
    let text = format!(
        "published calls cannot be calls: {} of {} sessions would have to grow with an exponent \
         above {}, the 99th percentile of real sessions",
        strange.len(),
        record.sessions.len(),
        fixed_point::to_decimal(limit),
    );
    Some(AuditFinding::new("record-lens-exponents", FindingSeverity::Error, text, sums.join("; ")))
}

/// The one session whose mean context is published: which count gives it?
fn check_implement_context(reported: &ReportedPipeline) -> Vec<AuditFinding> {
    let stated = reported.stated_figure("implement-mean-context");
    let mut rows = reported.sessions_of_step("implement");
    let (Some(stated), Some(row)) = (stated, rows.next()) else {
        return Vec::new();
    };
    let read = row.read.value();
    // A mean that is said to be approximate is met within a twentieth.
    let meets = |mean: i64| (mean - stated.value()).abs() <= stated.value() / 20;
    let finding = |id: &str, count: i64, what: &str| {
        let mean = scale_by_ratio(read, 1, count);
        let severity = if meets(mean) { FindingSeverity::Info } else { FindingSeverity::Error };
        let verdict = if meets(mean) { "gives" } else { "cannot give" };
        let text = format!(
            "implement: {count} {what} {verdict} the published average context of {}",
            stated.text
        );
        let sum = format!("{} / {count} = {}", row.read.text, number_words::format_tokens(mean));
        AuditFinding::new(id, severity, text, sum)
    };
    let mut findings = vec![finding(
        "record-lens-implement-context",
        row.calls.value(),
        "published calls, each one a call,",
    )];
    if let Some(tools) = &row.tool_calls {
        let id = "message-lens-implement-context";
        findings.push(finding(id, tools.value(), "tool calls, each one a call,"));
    }
    findings
}

/// The mean context of the whole pipeline, as stated and under either lens.
fn check_mean_context(
    reported: &ReportedPipeline,
    message: &Reconstruction,
) -> Option<AuditFinding> {
    let (stated, calls) =
        (reported.stated_figure("mean-context")?, reported.stated_figure("calls")?);
    let read: i64 = message.sessions.iter().map(|fit| fit.read).sum();
    let fitted: i64 = message.sessions.iter().map(|fit| i64::from(fit.calls)).sum();
    let published = |fit: &SessionFit| fit.calls_published.map(i64::from);
    let published: i64 = message.sessions.iter().filter_map(published).sum();
    let mean = |calls: i64| number_words::format_tokens(scale_by_ratio(read, 1, calls));
    let text = format!(
        "{} calls with {} of context each do not make {}; the fitted calls do come to such a \
         context",
        calls.text,
        stated.text,
        number_words::format_tokens(read)
    );
    let sum = format!(
        "{} x {} = {}-{}; {} / {published} published = {}; {} / {fitted} fitted = {}",
        calls.value(),
        stated.text,
        number_words::format_tokens(calls.value() * stated.low),
        number_words::format_tokens(calls.value() * stated.high),
        number_words::format_tokens(read),
        mean(published),
        number_words::format_tokens(read),
        mean(fitted),
    );
    Some(AuditFinding::new("mean-context", FindingSeverity::Warning, text, sum))
}

/// The raw sum over records against the total: how many records a call has.
fn check_records_per_call(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let raw = reported.stated_figure("raw-read-sum")?;
    let total = &reported.steps.total.read;
    let factor = number_words::format_quotient(raw.value(), total.value());
    let text = format!(
        "the raw sum is {factor} times the total because a call has about two records: the \
         median over real transcripts is {RECORDS_PER_CALL}"
    );
    let sum = format!("{} / {} = {factor}", raw.text, total.text);
    Some(AuditFinding::new("records-per-call", FindingSeverity::Info, text, sum))
}

/// Sessions that publish both counts.
fn check_known_records_per_call(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let rows = reported.inventory.iter().flat_map(|inventory| &inventory.rows);
    let sums: Vec<String> = rows
        .filter_map(|row| {
            let (what, calls) = match (&row.deduplicated, &row.tool_calls) {
                (Some(calls), _) => ("deduplicated", calls),
                (None, Some(calls)) => ("tool calls", calls),
                (None, None) => return None,
            };
            let factor = number_words::format_quotient(row.calls.value(), calls.value());
            let (id, all) = (&row.id, &row.calls.text);
            Some(format!("{id}: {all} / {} {what} = {factor}", calls.text))
        })
        .collect();
    let text = "where both counts are published, published calls are records".to_owned();
    (!sums.is_empty()).then(|| {
        AuditFinding::new("records-per-call-known", FindingSeverity::Info, text, sums.join("; "))
    })
}

/// The fitted counts and what they rest on.
fn summarize_fitted_calls(reported: &ReportedPipeline, message: &Reconstruction) -> AuditFinding {
    let one = |fit: &SessionFit| {
        let exponent = fit.exponent.map_or("none".to_owned(), fixed_point::to_decimal);
        let (low, high) = fit.calls_range;
        let range = if low == high { String::new() } else { format!(" ({low}-{high})") };
        // Sessions without an inventory are named after their step.
        let step =
            if fit.id.starts_with(&fit.step) { String::new() } else { format!("{} ", fit.step) };
        format!("{step}{}: {}{range}, exponent {exponent}", fit.id, fit.calls)
    };
    let sums: Vec<String> = message.sessions.iter().map(one).collect();
    let limits = (
        fixed_point::ratio_q32(REAL_EXPONENTS.0, 100),
        fixed_point::ratio_q32(REAL_EXPONENTS.1, 100),
    );
    let ordinary = |fit: &&SessionFit| {
        fit.exponent.is_some_and(|exponent| limits.0 <= exponent && exponent <= limits.1)
    };
    let all = message.sessions.len();
    let good = message.sessions.iter().filter(ordinary).count();
    let why = if reported.inventory.is_some() {
        "counted as messages"
    } else {
        "counted by the likeliest growth alone, for no call count is published"
    };
    let text = format!("{why}, {good} of {all} sessions grow like real ones (calls, 5-95 % range)");
    let severity = if good == all { FindingSeverity::Info } else { FindingSeverity::Warning };
    AuditFinding::new("message-lens-exponents", severity, text, sums.join("; "))
}

/// Waits of test runs against the lifetime of the short cache.
fn check_cache_tier(reported: &ReportedPipeline, message: &Reconstruction) -> Option<AuditFinding> {
    let wait = reported.stated_figure("test-run-time")?;
    let session_mean = |id: &str| {
        let fit = message.sessions.iter().find(|fit| fit.id == id)?;
        Some((fit.step.clone(), fit.mean_context))
    };
    // A polled run keeps its cache warm; an aborted one is over at once.
    let (mut step, mut runs, mut rewritten) = (String::new(), 0, 0);
    for event in &reported.events {
        if let ReportedEvent::TestRun { session, result, polls: None, .. } = event
            && *result != TestRunResult::Aborted
            && let Some((of, mean)) = session_mean(session)
        {
            step = of;
            runs += 1;
            rewritten += mean;
        }
    }
    let written = reported.step_row(&step)?.write.value();
    let text = format!(
        "the cache must have outlived the test runs of {} each: a five-minute cache would have \
         written more than {step} published, so one hour is assumed",
        wait.text
    );
    let sum = format!(
        "{runs} unpolled full runs x {} mean context = {} > {} written, growth included",
        number_words::format_tokens(scale_by_ratio(rewritten, 1, runs)),
        number_words::format_tokens(rewritten),
        number_words::format_tokens(written),
    );
    let holds = rewritten > written;
    holds.then(|| AuditFinding::new("cache-tier", FindingSeverity::Info, text, sum))
}

/// Polls of a minute each against the length of the run that they watched.
fn check_poll_cycles(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let (sleep, wait) =
        (reported.stated_figure("poll-sleep")?, reported.stated_figure("test-run-time")?);
    let polls = reported.events.iter().find_map(|event| match event {
        ReportedEvent::TestRun { polls, .. } => polls.as_ref(),
        _ => None,
    })?;
    let (each, cycle) = (polls.value() * sleep.value(), 3);
    let thirds = polls.value() / cycle * sleep.value();
    let text = format!(
        "{} polls that each sleep {} outlast the run of {} that they watched; in cycles of three \
         calls (sleep, tail, ps) they fit",
        polls.text, sleep.text, wait.text
    );
    let sum = format!(
        "{} x {} = {}; {} / {cycle} cycles x {} = {}",
        polls.text,
        sleep.text,
        number_words::format_duration(each),
        polls.text,
        sleep.text,
        number_words::format_duration(thirds)
    );
    (each > wait.high).then(|| AuditFinding::new("poll-cycles", FindingSeverity::Info, text, sum))
}
