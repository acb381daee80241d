//! Tables against their own totals, and counts against their parts.

use super::crash_checks::{check_crash_clusters, check_crash_fingerprints, check_crash_records};
use super::finding::{in_unit_of, label, stated, stated_count};
use super::night_checks::{check_dispatches, check_order_as_told};
use super::{AuditCheck, AuditFinding, FindingFigure, FindingSeverity};
use super::{count, decimal, share, tokens};
use crate::reconstruct::call_tally::RECORDS_PER_CALL_HUNDREDTHS;
use crate::reconstruct::event::ReportedEvent;
use crate::reconstruct::figure::Figure;
use crate::reconstruct::reported::{InventoryRow, ReportedStepRow, ReportedTotalRow};
use crate::reconstruct::{Lens, ReportedPipeline};
use crate::units::scale_by_ratio;

/// Checks every sum that the figures allow.
pub(super) fn check_sums(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    check_total_row(reported, findings);
    check_inventory(reported, findings);
    findings.extend(excluded_session(reported));
    findings.extend(check_orchestrator_share(reported));
    findings.extend(check_orchestrator_unit(reported));
    findings.extend(check_crash_records(reported));
    findings.extend(check_crash_clusters(reported));
    findings.extend(check_crash_fingerprints(reported));
    findings.extend(check_dispatches(reported));
    findings.extend(check_order_as_told(reported));
    findings.extend(check_call_kinds(reported));
}

/// Printed parts against their printed whole.
pub(super) struct PrintedSum {
    pub sum: i64,
    /// How far the sum lies above the whole.
    pub off: i64,
    /// How far rounding alone can move the sum and the whole apart.
    pub slack: i64,
}

impl PrintedSum {
    pub(super) fn new(parts: &[&Figure], whole: &Figure) -> Self {
        let sum: i64 = parts.iter().map(|figure| figure.value()).sum();
        // Every printed figure may be off by half a unit of its last digit, all in one direction.
        let slack = parts.iter().map(|figure| figure.half_unit).sum::<i64>() + whole.half_unit;
        Self { sum, off: sum - whole.value(), slack }
    }

    pub(super) fn holds(&self) -> bool {
        self.off.abs() <= self.slack
    }

    /// The parts, the sum and its distance, in the unit of the whole.
    pub(super) fn figures(&self, parts: &[&Figure], whole: &Figure) -> Vec<FindingFigure> {
        let mut figures: Vec<FindingFigure> =
            parts.iter().map(|part| stated("cells", part)).collect();
        figures.push(in_unit_of("sum", whole, self.sum));
        figures.push(in_unit_of("off", whole, self.off.abs()));
        figures.push(in_unit_of("slack", whole, self.slack));
        figures
    }
}

type TotalColumn = (
    &'static str,
    fn(&ReportedStepRow) -> Option<&Figure>,
    fn(&ReportedTotalRow) -> Option<&Figure>,
);

const TOTAL_COLUMNS: [TotalColumn; 6] = [
    ("fresh", |row| Some(&row.fresh), |total| total.fresh.as_ref()),
    ("output", |row| Some(&row.output), |total| total.output.as_ref()),
    ("read", |row| Some(&row.read), |total| total.read.as_ref()),
    ("write", |row| Some(&row.write), |total| total.write.as_ref()),
    ("sessions", |row| Some(&row.sessions), |total| total.sessions.as_ref()),
    ("time", |row| row.time.as_ref(), |total| total.time.as_ref()),
];

/// Every column of the table against the total row.
fn check_total_row(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    for (name, cell, total) in TOTAL_COLUMNS {
        // A column can be checked where every row and the total print it.
        let cells: Option<Vec<&Figure>> = reported.steps.rows.iter().map(cell).collect();
        let Some((cells, total)) = cells.zip(total(&reported.steps.total)) else { continue };
        let sum = PrintedSum::new(&cells, total);
        let mut figures = vec![label("column", name), stated("total", total)];
        figures.extend(sum.figures(&cells, total));
        let severity = FindingSeverity::error_unless(sum.holds());
        let id = format!("total-{name}");
        findings.push(AuditFinding::new(id, AuditCheck::ColumnTotal, severity, figures));
    }
}

type InventoryColumn =
    (&'static str, fn(&ReportedStepRow) -> Option<&Figure>, fn(&InventoryRow) -> Option<&Figure>);

const INVENTORY_COLUMNS: [InventoryColumn; 3] = [
    ("read", |row| Some(&row.read), |session| Some(&session.read)),
    ("output", |row| Some(&row.output), |session| Some(&session.output)),
    ("time", |row| row.time.as_ref(), |session| session.time.as_ref()),
];

/// The inventory's sessions against the table's steps: one finding for each step that differs,
/// and one for all that agree.
fn check_inventory(reported: &ReportedPipeline, findings: &mut Vec<AuditFinding>) {
    if reported.inventory.is_none() {
        return;
    }
    let mut agreed = Vec::new();
    for (name, step_cell, session_cell) in INVENTORY_COLUMNS {
        for row in &reported.steps.rows {
            // A step can be checked where every one of its sessions has the figure.
            let cells: Option<Vec<&Figure>> =
                reported.sessions_of_step(&row.step).map(session_cell).collect();
            let Some((cells, step)) = cells.zip(step_cell(row)) else { continue };
            let sum = PrintedSum::new(&cells, step);
            let mut figures =
                vec![label("step", &row.step), label("column", name), stated("total", step)];
            if sum.holds() {
                // One session that has its step's figure is the same figure twice.
                if cells.len() > 1 {
                    figures.push(in_unit_of("sum", step, sum.sum));
                    agreed.push(figures);
                }
                continue;
            }
            figures.extend(sum.figures(&cells, step));
            figures.push(label("direction", if sum.off > 0 { "more" } else { "less" }));
            let id = format!("inventory-{}-{name}", row.step.replace('_', "-"));
            let severity = FindingSeverity::Warning;
            findings.push(AuditFinding::new(id, AuditCheck::InventorySum, severity, figures));
        }
    }
    if !agreed.is_empty() {
        let (check, severity) = (AuditCheck::InventoryAgrees, FindingSeverity::Info);
        let finding = AuditFinding::new("inventory-agrees", check, severity, Vec::new());
        findings.push(finding.with_rows(agreed));
    }
}

/// Sessions of the inventory that no step counts.
fn excluded_session(reported: &ReportedPipeline) -> Option<AuditFinding> {
    // A session of no step is in the inventory alone.
    let row = reported.sessions_of_step("").next()?;
    let total = &reported.steps.total_reads();
    let figures = vec![
        label("label", &row.label),
        label("session", &row.id),
        stated("read", &row.read),
        stated("total", total),
        tokens("with", total.value() + row.read.value()),
    ];
    let (check, severity) = (AuditCheck::ExcludedSession, FindingSeverity::Info);
    Some(AuditFinding::new("excluded-session", check, severity, figures))
}

/// The orchestrator's share and what it adds.
fn check_orchestrator_share(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let orchestrator = reported.orchestrator.as_ref()?;
    let whole = reported.stated_figure("true-read")?;
    let understated = reported.stated_figure("understated")?;
    let total = &reported.steps.total_reads();
    // The source's own arithmetic, which takes what it counted for calls.
    let attributed = orchestrator.attributed_reads(Lens::Record);
    let sum = total.value() + attributed;
    // Ten-thousandths of the true total, as shares are printed.
    let missing = attributed * 10_000 / sum.max(1);
    // Three printed figures must agree with one product: the share, the true sum, the gap.
    let holds = orchestrator.attributed_read.is_consistent_with(attributed)
        && whole.is_consistent_with(sum)
        && understated.is_consistent_with(missing);
    let figures = vec![
        stated("whole", whole),
        stated("total", total),
        share("missing", missing),
        stated("share", &orchestrator.attributed_share),
        stated("read", &orchestrator.read),
        tokens("attributed", attributed),
        stated("printed", &orchestrator.attributed_read),
        tokens("sum", sum),
    ];
    let severity = FindingSeverity::warning_unless(holds);
    Some(AuditFinding::new("orchestrator-share", AuditCheck::OrchestratorShare, severity, figures))
}

/// Can the orchestrator's reads be those of its calls? A call without a tool use ends a turn (law
/// L2), and none reads more than the context at the end.
fn check_orchestrator_unit(reported: &ReportedPipeline) -> Option<AuditFinding> {
    let orchestrator = reported.orchestrator.as_ref()?;
    let (calls, tools) = (orchestrator.calls.value(), orchestrator.tool_calls.value());
    let counted = orchestrator.calls_made(Lens::Message);
    let most = counted * orchestrator.context_last.value();
    let read = orchestrator.read.value();
    let attributed = orchestrator.attributed_reads(Lens::Message);
    let mut figures = vec![
        stated_count("calls", &orchestrator.calls),
        stated_count("tools", &orchestrator.tool_calls),
        count("without", calls - tools),
        stated_count("shared", &orchestrator.shared_calls),
        stated("read", &orchestrator.read),
        tokens("mean", scale_by_ratio(read, 1, calls.max(1))),
        decimal("median", RECORDS_PER_CALL_HUNDREDTHS, 2),
        count("counted", counted),
        stated("first", &orchestrator.context_first),
        stated("last", &orchestrator.context_last),
        tokens("most", most),
        tokens("reads", orchestrator.reads_of_calls(Lens::Message)),
        stated("share", &orchestrator.attributed_share),
        tokens("attributed", attributed),
    ];
    // The band of everything that is told, where the hours are.
    let band = reported.whole_reads();
    let ends = band.into_iter().flat_map(|[low, _, high]| [("low", low), ("high", high)]);
    figures.extend(ends.map(|(name, reads)| tokens(name, reads)));
    // Both must speak against calls: more turns than prompts could end, and more reads than the
    // context holds for so many records.
    let (check, severity) = (AuditCheck::OrchestratorUnit, FindingSeverity::Warning);
    (calls > tools && read > most)
        .then(|| AuditFinding::new("orchestrator-unit", check, severity, figures))
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
    let calls = tools + text_only + thinking;
    // A tool call follows narration, another tool call, or nothing: the first call of all.
    let tools_by_predecessor = before + after_tool + 1;
    let figures = vec![
        label("label", &row.label),
        count("all", all),
        count("tools", tools),
        count("text_only", text_only),
        count("thinking", thinking),
        count("calls", calls),
        count("before", before),
        count("after_tool", after_tool),
        count("tools_by_predecessor", tools_by_predecessor),
    ];
    let severity = FindingSeverity::warning_unless(calls == all && tools_by_predecessor == tools);
    Some(AuditFinding::new("call-kinds", AuditCheck::CallKinds, severity, figures))
}
