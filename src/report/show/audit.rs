//! What an audit found.

use super::audit_sentences::word_finding;
use crate::report::columns::{ColumnField, list_schema, object_json, object_schema, rows_json};
use crate::report::document::LabelledRemark;
use crate::report::json::{self, JsonValue};
use crate::report::view::{ColumnKind, KEPT};
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::audit::{AuditFinding, FigureAmount, FindingFigure, FindingSeverity};

/// For people.
#[must_use]
pub fn audit_document(name: &str, findings: &[AuditFinding], is_reported: bool) -> ReportDocument {
    let mut document = ReportDocument::new(format!("Audit: {name}"));
    let summary = if is_reported {
        let [wrong, doubtful, sound] = counts_by_severity(findings);
        format!(
            "{wrong} cannot be, {doubtful} contradict other figures, {sound} hold or are worth \
             knowing."
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

/// Findings on the first screen.
const MOST_ROWS: usize = 6;

/// The first screen: how much of what is said can be, and what cannot. `typed` is the name of a
/// recording that comes with the program.
#[must_use]
pub fn audit_first_screen(
    typed: Option<&str>,
    findings: &[AuditFinding],
    is_reported: bool,
) -> Section {
    let [wrong, doubtful, _] = counts_by_severity(findings);
    let mut section = Section::new("").with_decision([decision_line(findings, is_reported)]);
    // The worst first; what holds is a number.
    let mut shown: Vec<&AuditFinding> =
        findings.iter().filter(|finding| finding.severity != FindingSeverity::Info).collect();
    shown.sort_by_key(|finding| finding.severity != FindingSeverity::Error);
    shown.truncate(MOST_ROWS);
    if !shown.is_empty() {
        let columns = vec![
            TableColumn::text("").with_rank(KEPT),
            TableColumn::text("statement").with_rank(KEPT),
            TableColumn::text("arithmetic").from_width(120),
        ];
        let mut view = TableView::new("", columns).for_first_screen();
        for finding in &shown {
            let words = word_finding(finding);
            view.add_row(vec![
                TableCell::text(severity_word(finding.severity, is_reported))
                    .with_tone(severity_tone(finding.severity)),
                TableCell::text(words.text),
                TableCell::text(words.arithmetic),
            ]);
        }
        section = section.with_table(view);
    }
    let mut remarks = Vec::new();
    let left = (wrong + doubtful).saturating_sub(MOST_ROWS);
    if left > 0 {
        let words = format!("{left} more of these, each with its arithmetic: --details");
        remarks.push(LabelledRemark::new("and", words));
    }
    let next = if is_reported { "compare" } else { "inspect" };
    let typed = typed.map_or_else(String::new, |name| format!(" {name}"));
    remarks.push(LabelledRemark::new("more", format!("--details, windtunnel {next}{typed}")));
    section.with_remarks(remarks)
}

/// How many statements can be, cannot be and contradict others.
fn decision_line(findings: &[AuditFinding], is_reported: bool) -> String {
    let [wrong, doubtful, sound] = counts_by_severity(findings);
    if !is_reported {
        return match wrong + doubtful {
            0 => "Nothing in these transcripts misleads whoever counts them.".to_owned(),
            count => format!(
                "{} whoever counts these transcripts.",
                of_many(count, "thing misleads", "things mislead")
            ),
        };
    }
    let holds = of_many(sound, "holds", "hold");
    match wrong {
        0 if doubtful == 0 => "Nothing that is said contradicts itself.".to_owned(),
        0 => {
            let words = "statement contradicts";
            format!("{} others, {holds}.", of_many(doubtful, words, "statements contradict"))
        }
        _ => format!(
            "{} be true, {} others, {holds}.",
            of_many(wrong, "statement cannot", "statements cannot"),
            of_many(doubtful, "contradicts", "contradict")
        ),
    }
}

/// How many findings are errors, warnings and notes.
fn counts_by_severity(findings: &[AuditFinding]) -> [usize; 3] {
    [FindingSeverity::Error, FindingSeverity::Warning, FindingSeverity::Info]
        .map(|severity| findings.iter().filter(|finding| finding.severity == severity).count())
}

/// So many, with a word for one and one for several.
fn of_many(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The table of findings.
#[must_use]
pub fn findings_table(findings: &[AuditFinding], is_reported: bool) -> TableView {
    TableView::from_fields("Findings", &finding_fields(is_reported), findings)
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

/// Findings in tables and for programs: in words, and as the figures that they were computed from.
pub(in crate::report::show) fn finding_fields<'a>(
    is_reported: bool,
) -> Vec<ColumnField<'a, &'a AuditFinding>> {
    type Field<'a> = ColumnField<'a, &'a AuditFinding>;
    let figures = list_schema(object_schema(&figure_fields()));
    let rows = list_schema(figures.clone());
    vec![
        Field::text("id", "", "a stable id", |it| it.id.as_str()),
        Field::text("check", "", "which check it comes from", |it| it.check.name()),
        Field::text("severity", "", "error, warning or info", |it| it.severity.name()),
        Field::from_cells(ColumnKind::Text, "", "", "the same in a word", move |it| {
            TableCell::text(severity_word(it.severity, is_reported))
                .with_tone(severity_tone(it.severity))
        })
        .for_people(),
        Field::text("text", "finding", "what it is, in words", |it| word_finding(it).text),
        Field::text("arithmetic", "arithmetic", "the sum behind it", |it| {
            word_finding(it).arithmetic
        }),
        Field::text("formula", "", "what is computed, in the names of the figures", |it| {
            it.check.formula()
        }),
        Field::nested("figures", "what it was computed from, and results", figures, |it| {
            Some(rows_json(&figure_fields(), &it.figures))
        }),
        Field::nested("rows", "figures of each session or step", rows, |it| {
            let rows = it.rows.iter().map(|row| rows_json(&figure_fields(), row));
            (!it.rows.is_empty()).then(|| JsonValue::List(rows.collect()))
        })
        .left_out_if_missing(),
    ]
}

fn figure_fields<'a>() -> Vec<ColumnField<'a, &'a FindingFigure>> {
    type Field<'a> = ColumnField<'a, &'a FindingFigure>;
    let types = JsonValue::List(vec!["number".into(), "string".into()]);
    let schema = JsonValue::object([("type", types)]);
    vec![
        Field::text("name", "", "what it is", |it| it.name),
        Field::text("unit", "", "the unit of the value", |it| unit_and_value(it).0),
        Field::nested("value", "how much it is", schema, |it| Some(unit_and_value(it).1)),
        Field::text("printed", "", "as its source prints it", |it| it.printed.clone())
            .left_out_if_missing(),
    ]
}

fn unit_and_value(figure: &FindingFigure) -> (&'static str, JsonValue) {
    let whole = |n: i64| JsonValue::Integer(n.into());
    match &figure.amount {
        FigureAmount::Tokens(n) | FigureAmount::ExactTokens(n) => ("tokens", whole(*n)),
        FigureAmount::Characters(n) => ("characters", whole(*n)),
        FigureAmount::Count(n) => ("count", whole(*n)),
        FigureAmount::Share(bp) => ("share", JsonValue::Decimal((*bp).into(), 4)),
        FigureAmount::Duration(ms) => ("milliseconds", whole(*ms)),
        FigureAmount::Decimal { scaled, places } => {
            ("number", JsonValue::Decimal((*scaled).into(), *places))
        }
        FigureAmount::Name(words) => ("name", words.as_str().into()),
    }
}

/// The findings about a recording.
type NamedFindings<'a> = (&'a str, &'a [AuditFinding]);

/// What `audit --format json` has.
pub(super) fn report_fields<'a>() -> Vec<ColumnField<'a, NamedFindings<'a>>> {
    type Field<'a> = ColumnField<'a, NamedFindings<'a>>;
    vec![
        Field::text("recording", "", "its name", |it| it.0),
        Field::rows("findings", "what was found", finding_fields(true), |it| it.1.iter().collect()),
    ]
}

/// For programs.
#[must_use]
pub(crate) fn audit_json(name: &str, findings: &[AuditFinding]) -> Vec<u8> {
    json::versioned_json("audit", 1, &object_json(&report_fields(), &(name, findings)))
}
