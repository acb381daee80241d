//! Tables against their own totals, and counts against their parts.

use super::{AuditFinding, FindingSeverity, number_words};
use crate::reconstruct::ReportedPipeline;
use crate::reconstruct::event::ReportedEvent;
use crate::reconstruct::figure::{Figure, FigureUnit};
use crate::reconstruct::reported::{InventoryRow, ReportedStepRow, ReportedTotalRow};

/// Checks every sum that the figures allow.
pub fn check_sums(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    check_total_row(reported, findings);
    check_inventory(reported, findings);
    findings.extend(excluded_session(reported));
    findings.extend(check_orchestrator_share(reported));
    findings.extend(check_crash_records(reported));
    findings.extend(check_call_kinds(reported));
}

fn format_amount(figure: &Figure, value: i64) -> String {
    match figure.unit {
        FigureUnit::Time => number_words::format_duration(value),
        FigureUnit::Share => number_words::format_percent(value),
        FigureUnit::Count => number_words::format_tokens(value),
    }
}

/// How far rounding alone can move a sum of figures.
fn rounding_slack(figures: &[&Figure]) -> i64 {
    figures.iter().map(|figure| figure.half_unit).sum()
}

type TotalColumn =
    (&'static str, fn(&ReportedStepRow) -> &Figure, fn(&ReportedTotalRow) -> &Figure);

const TOTAL_COLUMNS: [TotalColumn; 6] = [
    ("fresh", |row| &row.fresh, |total| &total.fresh),
    ("output", |row| &row.output, |total| &total.output),
    ("read", |row| &row.read, |total| &total.read),
    ("write", |row| &row.write, |total| &total.write),
    ("sessions", |row| &row.sessions, |total| &total.sessions),
    ("time", |row| &row.time, |total| &total.time),
];

/// Every column of the table against the total row.
fn check_total_row(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    for (name, cell, total) in TOTAL_COLUMNS {
        let cells: Vec<&Figure> = reported.steps.rows.iter().map(cell).collect();
        let total = total(&reported.steps.total);
        let sum: i64 = cells.iter().map(|figure| figure.value()).sum();
        let slack = rounding_slack(&cells) + total.half_unit;
        let off = (sum - total.value()).abs();
        let (severity, verdict) = if off <= slack {
            (FindingSeverity::Info, "within rounding of")
        } else {
            (FindingSeverity::Error, "not")
        };
        let printed: Vec<&str> = cells.iter().map(|figure| figure.text.as_str()).collect();
        let text = format!(
            "{name}: the steps add up to {}, {verdict} the printed total of {}",
            format_amount(total, sum),
            total.text
        );
        let sum = format!(
            "{} = {}; off by {}, rounding allows {}",
            printed.join(" + "),
            format_amount(total, sum),
            format_amount(total, off),
            format_amount(total, slack)
        );
        findings.push(AuditFinding::new(&format!("total-{name}"), severity, text, sum));
    }
}

type InventoryColumn =
    (&'static str, fn(&ReportedStepRow) -> &Figure, fn(&InventoryRow) -> Option<&Figure>);

const INVENTORY_COLUMNS: [InventoryColumn; 3] = [
    ("read", |row| &row.read, |session| Some(&session.read)),
    ("output", |row| &row.output, |session| Some(&session.output)),
    ("time", |row| &row.time, |session| session.time.as_ref()),
];

/// The inventory's sessions against the table's steps: one finding for each step that differs,
/// and one for all that agree.
fn check_inventory(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    if reported.inventory.is_none() {
        return;
    }
    let mut agreed = Vec::new();
    for (name, cell, of_session) in INVENTORY_COLUMNS {
        for row in &reported.steps.rows {
            let cells: Option<Vec<&Figure>> =
                reported.sessions_of_step(&row.step).map(of_session).collect();
            let Some(cells) = cells else { continue };
            let step = cell(row);
            let sum: i64 = cells.iter().map(|figure| figure.value()).sum();
            let slack = rounding_slack(&cells) + step.half_unit;
            let off = sum - step.value();
            let printed: Vec<&str> = cells.iter().map(|figure| figure.text.as_str()).collect();
            let total = format_amount(step, sum);
            if off.abs() <= slack {
                if cells.len() > 1 {
                    agreed.push(format!("{} {name} {total} against {}", row.step, step.text));
                }
                continue;
            }
            let text = format!(
                "{}: its sessions add up to {total} ({name}), the table has {}",
                row.step, step.text
            );
            let sum = format!(
                "{} = {total}; {} {} than the table, rounding allows {}",
                printed.join(" + "),
                format_amount(step, off.abs()),
                if off > 0 { "more" } else { "less" },
                format_amount(step, slack)
            );
            let id = format!("inventory-{}-{name}", row.step.replace('_', "-"));
            findings.push(AuditFinding::new(&id, FindingSeverity::Warning, text, sum));
        }
    }
    if !agreed.is_empty() {
        let text = "other steps of several sessions agree with the table".to_owned();
        let id = "inventory-agrees";
        findings.push(AuditFinding::new(id, FindingSeverity::Info, text, agreed.join("; ")));
    }
}

/// Sessions of the inventory that no step counts.
fn excluded_session(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let row = reported.sessions_of_step("").next()?;
    let total = &reported.steps.total.read;
    let text = format!("{} {} is in the inventory but in no total", row.label, row.id);
    let sum = format!(
        "{} beside {}: with it the sessions read {}",
        row.read.text,
        total.text,
        number_words::format_tokens(total.value() + row.read.value())
    );
    Some(AuditFinding::new("excluded-session", FindingSeverity::Info, text, sum))
}

/// The orchestrator's share and what it adds.
fn check_orchestrator_share(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let orchestrator = reported.orchestrator.as_ref()?;
    let (whole, understated) =
        (reported.stated_figure("true-read")?, reported.stated_figure("understated")?);
    let total = &reported.steps.total.read;
    let share = &orchestrator.attributed_read;
    let sum = total.value() + orchestrator.attributed_reads();
    let missing = orchestrator.attributed_reads() * 10_000 / sum.max(1);
    let holds = share.is_consistent_with(orchestrator.attributed_reads())
        && whole.is_consistent_with(sum)
        && understated.is_consistent_with(missing);
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let text = format!(
        "the orchestrator's share makes {} of {}: the summary understates by {}",
        whole.text,
        total.text,
        number_words::format_percent(missing)
    );
    let sum = format!(
        "{} of {} = {}; {} + {} = {}; {} / {} = {}",
        orchestrator.attributed_share.text,
        orchestrator.read.text,
        number_words::format_tokens(orchestrator.attributed_reads()),
        total.text,
        share.text,
        number_words::format_tokens(sum),
        number_words::format_tokens(orchestrator.attributed_reads()),
        number_words::format_tokens(sum),
        number_words::format_percent(missing)
    );
    Some(AuditFinding::new("orchestrator-share", severity, text, sum))
}

fn check_crash_records(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let crashes = reported.crashes.as_ref()?;
    let (reuse, orphans) = (crashes.pid_reuse.value(), crashes.orphans.value());
    let triplets = crashes.triplets.value();
    let holds = reuse + orphans == crashes.records.value() && 3 * triplets == orphans;
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let text = format!(
        "crash records: cleaning the orphans leaves {reuse} of {} (and saves no tokens)",
        crashes.records.text
    );
    let sum =
        format!("{reuse} + {orphans} = {}; {triplets} x 3 = {}", reuse + orphans, 3 * triplets);
    Some(AuditFinding::new("crash-records", severity, text, sum))
}

/// The kinds of the implement session's calls.
fn check_call_kinds(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let (session, text_only, thinking, before) =
        reported.events.iter().find_map(|event| match event {
            ReportedEvent::Narration { session, text_only, thinking_only, before_tool, .. } => {
                Some((session, text_only.value(), thinking_only.value(), before_tool.value()))
            }
            _ => None,
        })?;
    let row = reported.session_row(session)?;
    let (tools, all) = (row.tool_calls.as_ref()?.value(), row.calls.value());
    let after_tool = reported.stated_figure("tool-after-tool")?.value();
    let silent = text_only + thinking;
    // The first call follows nothing.
    let holds = tools + silent == all && before + after_tool + 1 == tools;
    let severity = if holds { FindingSeverity::Info } else { FindingSeverity::Warning };
    let text = format!("{}: the kinds of its {all} published calls add up", row.label);
    let sum = format!(
        "{tools} + {text_only} + {thinking} = {}; {before} + {after_tool} + 1 first = {} tools",
        tools + silent,
        before + after_tool + 1
    );
    Some(AuditFinding::new("call-kinds", severity, text, sum))
}
