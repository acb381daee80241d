//! The hours in which orders ran side by side: dispatches against sessions, and an order against
//! what another source tells of it.

use super::finding::{label, stated, stated_count};
use super::{AuditCheck, AuditFinding, FindingSeverity, count, tokens};
use crate::reconstruct::ReportedPipeline;

/// Dispatches of the orchestrator against the sessions that are told of all its orders.
pub(super) fn check_dispatches(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let night = reported.night.as_ref()?;
    let steps = &reported.steps;
    let own = steps.printed_or_summed(|total| total.sessions.as_ref(), |row| &row.sessions).value();
    // Stages of the pipeline itself are those that its table leaves out.
    let (beyond, others): (Vec<_>, Vec<_>) =
        night.stages.iter().partition(|stage| stage.order == reported.name);
    let told = own + (beyond.len() + others.len()) as i64;
    let dispatches = night.dispatches.value();
    let figures = vec![
        stated_count("dispatches", &night.dispatches),
        count("own", own),
        count("beyond", beyond.len()),
        count("others", others.len()),
        count("told", told),
        count("left", dispatches - told),
    ];
    let severity = FindingSeverity::warning_unless(dispatches == told);
    Some(AuditFinding::new("dispatches", AuditCheck::Dispatches, severity, figures))
}

/// What another source tells of this order, against its own finished table.
pub(super) fn check_order_as_told(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let beside = reported.pipeline_beside()?;
    let steps = reported.steps_as_told(&beside);
    let told: i64 = steps.iter().map(|step| step.sessions).sum();
    let finished: i64 = steps.iter().map(|step| step.finished).sum();
    let [low, high] = [0, 1].map(|end| steps.iter().map(|step| step.reads[end]).sum());
    let rows = steps.iter().filter(|step| step.sessions > 0).map(|step| {
        let mut row = vec![label("step", &step.step), count("told", step.sessions)];
        // Where all of them are told there is nothing to hold against each other.
        if step.sessions < step.finished {
            row.push(count("all", step.finished));
        }
        row
    });
    let figures = vec![
        label("beside", &beside.name),
        count("told", told),
        count("finished", finished),
        count("later", finished - told),
        tokens("low", low),
        tokens("high", high),
        stated("total", &reported.steps.total_reads()),
    ];
    let holds = steps.iter().all(|step| step.sessions <= step.finished);
    let severity = FindingSeverity::warning_unless(holds);
    let finding = AuditFinding::new("order-as-told", AuditCheck::OrderAsTold, severity, figures);
    (told > 0).then(|| finding.with_rows(rows.collect()))
}
