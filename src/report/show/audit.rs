//! What an audit found.

use crate::report::json;
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::audit::{AuditFinding, FindingSeverity};
use serde::Serialize;

/// For people.
#[must_use]
pub fn audit_document(name: &str, findings: &[AuditFinding], is_reported: bool) -> ReportDocument {
    let mut document = ReportDocument::new(format!("Audit: {name}"));
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let summary = if is_reported {
        format!(
            "{} cannot be, {} contradict other figures, {} hold or are worth knowing.",
            count(FindingSeverity::Error),
            count(FindingSeverity::Warning),
            count(FindingSeverity::Info)
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

/// The table of findings.
#[must_use]
pub fn findings_table(findings: &[AuditFinding], is_reported: bool) -> TableView {
    let columns =
        vec![TableColumn::text(""), TableColumn::text("finding"), TableColumn::text("arithmetic")];
    let mut view = TableView::new("Findings", columns);
    for finding in findings {
        view.add_row(vec![
            TableCell::text(severity_word(finding.severity, is_reported))
                .with_tone(severity_tone(finding.severity)),
            TableCell::text(&finding.text),
            TableCell::text(&finding.arithmetic),
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

/// For programs.
#[must_use]
pub fn audit_json(name: &str, findings: &[AuditFinding]) -> Vec<u8> {
    #[derive(Serialize)]
    struct AuditJson<'a> {
        recording: &'a str,
        findings: &'a [AuditFinding],
    }
    json::versioned_json("audit", 1, &AuditJson { recording: name, findings })
}
