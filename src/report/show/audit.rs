//! What an audit found.

use super::audit_sentences::{FindingWords, word_finding};
use crate::report::json;
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::audit::{AuditCheck, AuditFinding, FigureAmount, FindingFigure, FindingSeverity};
use crate::units::BASIS_POINTS;
use serde::Serialize;
use serde_json::Value;

/// For people.
#[must_use]
pub fn audit_document(name: &str, findings: &[AuditFinding], is_reported: bool) -> ReportDocument {
    let mut document = ReportDocument::new(format!("Audit: {name}"));
    let summary = if is_reported {
        format!(
            "{} cannot be, {} contradict other figures, {} hold or are worth knowing.",
            count_findings(findings, FindingSeverity::Error),
            count_findings(findings, FindingSeverity::Warning),
            count_findings(findings, FindingSeverity::Info)
        )
    } else {
        "What a reader of these transcripts could get wrong.".to_owned()
    };
    let mut section = Section::new("Findings").with_paragraph(summary);
    if !findings.is_empty() {
        section = section.with_table(findings_table(findings, is_reported));
    }
    document.add_section(section);
    document
}

fn count_findings(findings: &[AuditFinding], severity: FindingSeverity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

/// The table of findings.
#[must_use]
pub fn findings_table(findings: &[AuditFinding], is_reported: bool) -> TableView {
    let columns =
        vec![TableColumn::text(""), TableColumn::text("finding"), TableColumn::text("arithmetic")];
    let mut view = TableView::new("Findings", columns);
    for finding in findings {
        let words = word_finding(finding);
        view.add_row(vec![
            TableCell::text(severity_word(finding.severity, is_reported))
                .with_tone(severity_tone(finding.severity)),
            TableCell::text(words.text),
            TableCell::text(words.arithmetic),
        ]);
    }
    view
}

/// The word for a severity: transcripts contradict nobody, they mislead.
fn severity_word(severity: FindingSeverity, is_reported: bool) -> &'static str {
    match severity {
        FindingSeverity::Error => "cannot be",
        FindingSeverity::Warning if is_reported => "contradicts",
        FindingSeverity::Warning => "misleads",
        FindingSeverity::Info => "note",
    }
}

fn severity_tone(severity: FindingSeverity) -> Tone {
    match severity {
        FindingSeverity::Error => Tone::Bad,
        FindingSeverity::Warning => Tone::Strong,
        FindingSeverity::Info => Tone::Muted,
    }
}

/// A finding for programs: in words, and as the figures that it was computed from.
#[derive(Serialize)]
pub(in crate::report::show) struct FindingJson<'a> {
    id: &'a str,
    check: AuditCheck,
    severity: FindingSeverity,
    text: String,
    arithmetic: String,
    formula: &'static str,
    figures: Vec<FigureJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<Vec<FigureJson<'a>>>,
}

#[derive(Serialize)]
struct FigureJson<'a> {
    name: &'static str,
    unit: &'static str,
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    printed: Option<&'a str>,
}

/// Findings for programs.
pub(in crate::report::show) fn findings_json(findings: &[AuditFinding]) -> Vec<FindingJson<'_>> {
    findings.iter().map(finding_json).collect()
}

fn finding_json(finding: &AuditFinding) -> FindingJson<'_> {
    let FindingWords { text, arithmetic } = word_finding(finding);
    FindingJson {
        id: &finding.id,
        check: finding.check,
        severity: finding.severity,
        text,
        arithmetic,
        formula: finding.check.formula(),
        figures: finding.figures.iter().map(figure_json).collect(),
        rows: finding.rows.iter().map(|row| row.iter().map(figure_json).collect()).collect(),
    }
}

fn figure_json(figure: &FindingFigure) -> FigureJson<'_> {
    let (unit, value) = match &figure.amount {
        FigureAmount::Tokens(n) | FigureAmount::ExactTokens(n) => ("tokens", Value::from(*n)),
        FigureAmount::Characters(n) => ("characters", Value::from(*n)),
        FigureAmount::Count(n) => ("count", Value::from(*n)),
        FigureAmount::Share(bp) => ("share", Value::from(*bp as f64 / BASIS_POINTS as f64)),
        FigureAmount::Duration(ms) => ("milliseconds", Value::from(*ms)),
        FigureAmount::Decimal { scaled, places } => {
            ("number", Value::from(*scaled as f64 / f64::from(10_u32.pow(*places))))
        }
        FigureAmount::Name(words) => ("name", Value::from(words.as_str())),
    };
    FigureJson { name: figure.name, unit, value, printed: figure.printed.as_deref() }
}

/// For programs.
#[must_use]
pub(crate) fn audit_json(name: &str, findings: &[AuditFinding]) -> Vec<u8> {
    #[derive(Serialize)]
    struct AuditJson<'a> {
        recording: &'a str,
        findings: Vec<FindingJson<'a>>,
    }
    let findings = findings_json(findings);
    json::versioned_json("audit", 1, &AuditJson { recording: name, findings })
}
