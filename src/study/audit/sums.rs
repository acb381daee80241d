//! Tables against their own totals, and counts against their parts.

use super::{Finding, Severity, say};
use crate::reconstruct::Reported;
use crate::reconstruct::event::Event;
use crate::reconstruct::published::{Figure, Unit};
use crate::reconstruct::reported::{SessionRow, StepRow, TotalRow};

/// Checks every sum that the figures allow.
pub fn check(reported: &Reported, findings: &mut Vec<Finding>) {
    total_row(reported, findings);
    inventory(reported, findings);
    findings.extend(excluded(reported));
    findings.extend(orchestrator(reported));
    findings.extend(crashes(reported));
    findings.extend(call_kinds(reported));
}

fn amount(figure: &Figure, value: i64) -> String {
    match figure.unit {
        Unit::Time => say::time(value),
        Unit::Share => say::percent(value),
        Unit::Count => say::tokens(value),
    }
}

/// How far rounding alone can move a sum of figures.
fn slack(figures: &[&Figure]) -> i64 {
    figures.iter().map(|figure| figure.half_unit).sum()
}

type Column = (&'static str, fn(&StepRow) -> &Figure, fn(&TotalRow) -> &Figure);

const COLUMNS: [Column; 6] = [
    ("fresh", |row| &row.fresh, |total| &total.fresh),
    ("output", |row| &row.output, |total| &total.output),
    ("read", |row| &row.read, |total| &total.read),
    ("write", |row| &row.write, |total| &total.write),
    ("sessions", |row| &row.sessions, |total| &total.sessions),
    ("time", |row| &row.time, |total| &total.time),
];

/// Every column of the table against the total row.
fn total_row(reported: &Reported, findings: &mut Vec<Finding>) {
    for (name, cell, total) in COLUMNS {
        let cells: Vec<&Figure> = reported.steps.rows.iter().map(cell).collect();
        let total = total(&reported.steps.total);
        let sum: i64 = cells.iter().map(|figure| figure.value()).sum();
        let slack = slack(&cells) + total.half_unit;
        let off = (sum - total.value()).abs();
        let (severity, verdict) = if off <= slack {
            (Severity::Info, "within rounding of")
        } else {
            (Severity::Error, "not")
        };
        let printed: Vec<&str> = cells.iter().map(|figure| figure.text.as_str()).collect();
        let text = format!(
            "{name}: the steps add up to {}, {verdict} the printed total of {}",
            amount(total, sum),
            total.text
        );
        let sum = format!(
            "{} = {}; off by {}, rounding allows {}",
            printed.join(" + "),
            amount(total, sum),
            amount(total, off),
            amount(total, slack)
        );
        findings.push(Finding::new(&format!("total-{name}"), severity, text, sum));
    }
}

type Cell = (&'static str, fn(&StepRow) -> &Figure, fn(&SessionRow) -> Option<&Figure>);

const CELLS: [Cell; 3] = [
    ("read", |row| &row.read, |session| Some(&session.read)),
    ("output", |row| &row.output, |session| Some(&session.output)),
    ("time", |row| &row.time, |session| session.time.as_ref()),
];

/// The inventory's sessions against the table's steps: one finding for each step that differs,
/// and one for all that agree.
fn inventory(reported: &Reported, findings: &mut Vec<Finding>) {
    if reported.inventory.is_none() {
        return;
    }
    let mut agreed = Vec::new();
    for (name, cell, of_session) in CELLS {
        for row in &reported.steps.rows {
            let cells: Option<Vec<&Figure>> =
                reported.sessions_of(&row.step).map(of_session).collect();
            let Some(cells) = cells else { continue };
            let step = cell(row);
            let sum: i64 = cells.iter().map(|figure| figure.value()).sum();
            let slack = slack(&cells) + step.half_unit;
            let off = sum - step.value();
            let printed: Vec<&str> = cells.iter().map(|figure| figure.text.as_str()).collect();
            let total = amount(step, sum);
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
                amount(step, off.abs()),
                if off > 0 { "more" } else { "less" },
                amount(step, slack)
            );
            let id = format!("inventory-{}-{name}", row.step.replace('_', "-"));
            findings.push(Finding::new(&id, Severity::Warning, text, sum));
        }
    }
    if !agreed.is_empty() {
        let text = "other steps of several sessions agree with the table".to_owned();
        let id = "inventory-agrees";
        findings.push(Finding::new(id, Severity::Info, text, agreed.join("; ")));
    }
}

/// Sessions of the inventory that no step counts.
fn excluded(reported: &Reported) -> Option<Finding> {
    let row = reported.sessions_of("").next()?;
    let total = &reported.steps.total.read;
    let text = format!("{} {} is in the inventory but in no total", row.label, row.id);
    let sum = format!(
        "{} beside {}: with it the sessions read {}",
        row.read.text,
        total.text,
        say::tokens(total.value() + row.read.value())
    );
    Some(Finding::new("excluded-session", Severity::Info, text, sum))
}

/// The orchestrator's share and what it adds.
fn orchestrator(reported: &Reported) -> Option<Finding> {
    let orchestrator = reported.orchestrator.as_ref()?;
    let (whole, understated) = (reported.stated("true-read")?, reported.stated("understated")?);
    let total = &reported.steps.total.read;
    let share = &orchestrator.attributed_read;
    let sum = total.value() + orchestrator.attributed();
    let missing = orchestrator.attributed() * 10_000 / sum.max(1);
    let holds =
        share.admits(orchestrator.attributed()) && whole.admits(sum) && understated.admits(missing);
    let severity = if holds { Severity::Info } else { Severity::Warning };
    let text = format!(
        "the orchestrator's share makes {} of {}: the summary understates by {}",
        whole.text,
        total.text,
        say::percent(missing)
    );
    let sum = format!(
        "{} of {} = {}; {} + {} = {}; {} / {} = {}",
        orchestrator.attributed_share.text,
        orchestrator.read.text,
        say::tokens(orchestrator.attributed()),
        total.text,
        share.text,
        say::tokens(sum),
        say::tokens(orchestrator.attributed()),
        say::tokens(sum),
        say::percent(missing)
    );
    Some(Finding::new("orchestrator-share", severity, text, sum))
}

fn crashes(reported: &Reported) -> Option<Finding> {
    let crashes = reported.crashes.as_ref()?;
    let (reuse, orphans) = (crashes.pid_reuse.value(), crashes.orphans.value());
    let triplets = crashes.triplets.value();
    let holds = reuse + orphans == crashes.records.value() && 3 * triplets == orphans;
    let severity = if holds { Severity::Info } else { Severity::Warning };
    let text = format!(
        "crash records: cleaning the orphans leaves {reuse} of {} (and saves no tokens)",
        crashes.records.text
    );
    let sum =
        format!("{reuse} + {orphans} = {}; {triplets} x 3 = {}", reuse + orphans, 3 * triplets);
    Some(Finding::new("crash-records", severity, text, sum))
}

/// The kinds of the implement session's calls.
fn call_kinds(reported: &Reported) -> Option<Finding> {
    let (session, text_only, thinking, before) =
        reported.events.iter().find_map(|event| match event {
            Event::Narration { session, text_only, thinking_only, before_tool, .. } => {
                Some((session, text_only.value(), thinking_only.value(), before_tool.value()))
            }
            _ => None,
        })?;
    let row = reported.session(session)?;
    let (tools, all) = (row.tool_calls.as_ref()?.value(), row.calls.value());
    let after_tool = reported.stated("tool-after-tool")?.value();
    let silent = text_only + thinking;
    // The first call follows nothing.
    let holds = tools + silent == all && before + after_tool + 1 == tools;
    let severity = if holds { Severity::Info } else { Severity::Warning };
    let text = format!("{}: the kinds of its {all} published calls add up", row.label);
    let sum = format!(
        "{tools} + {text_only} + {thinking} = {}; {before} + {after_tool} + 1 first = {} tools",
        tools + silent,
        before + after_tool + 1
    );
    Some(Finding::new("call-kinds", severity, text, sum))
}
