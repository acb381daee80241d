//! What an audit found.

use crate::report::json;
use crate::report::{Cell, Column, Document, Section, Tone, View};
use crate::study::audit::{Finding, Severity};
use serde::Serialize;

/// For people.
#[must_use]
pub fn document(name: &str, findings: &[Finding], is_reported: bool) -> Document {
    let mut document = Document::new(format!("Audit: {name}"));
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let summary = if is_reported {
        format!(
            "{} cannot be, {} contradict other figures, {} hold or are worth knowing.",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info)
        )
    } else {
        "What a reader of these transcripts could get wrong.".to_owned()
    };
    let mut section = Section::new("Findings").paragraph(summary);
    if !findings.is_empty() {
        section = section.table(view(findings, is_reported));
    }
    document.section(section);
    document
}

/// The table of findings.
#[must_use]
pub fn view(findings: &[Finding], is_reported: bool) -> View {
    let columns = vec![Column::text(""), Column::text("finding"), Column::text("arithmetic")];
    let mut view = View::new("Findings", columns);
    for finding in findings {
        view.row(vec![
            Cell::text(word(finding.severity, is_reported)).tone(tone(finding.severity)),
            Cell::text(&finding.text),
            Cell::text(&finding.arithmetic),
        ]);
    }
    view
}

/// The word for a severity: transcripts contradict nobody, they mislead.
fn word(severity: Severity, is_reported: bool) -> &'static str {
    match severity {
        Severity::Error => "cannot be",
        Severity::Warning if is_reported => "contradicts",
        Severity::Warning => "misleads",
        Severity::Info => "note",
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Strong,
        Severity::Info => Tone::Muted,
    }
}

/// For programs.
#[must_use]
pub fn json(name: &str, findings: &[Finding]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        recording: &'a str,
        findings: &'a [Finding],
    }
    json::document("audit", 1, &Body { recording: name, findings })
}
