//! What an audit found, in sentences.
//!
//! Each check has a template for the finding and one for its arithmetic. In braces stands the name
//! of a figure: `{total}` as its source prints it, or else as numbers are written here; `{total!}`
//! its value in any case; `{cells: + }` all figures of that name with ` + ` between them;
//! `{rows:; }` the rows, each by the template for rows; `{?holds|fails}` one of two words by the
//! verdict. Where a figure may be missing there are several templates: the first one of which all
//! figures are there is taken.

mod check_sentences;

use crate::report::format::{
    format_decimal, format_integer, format_printed_figure, format_short, format_tokens, plain_share,
};
use crate::report::view::CellValue;
use crate::study::audit::{AuditCheck, AuditFinding, FigureAmount, FindingFigure, FindingSeverity};
use check_sentences::sentences_of_check;

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindingWords {
    /// What it is, in one sentence.
    pub text: String,
    /// The sum behind it.
    pub arithmetic: String,
}

/// Words a finding.
#[must_use]
pub fn word_finding(finding: &AuditFinding) -> FindingWords {
    let sentences = sentences_of_check(finding.check);
    let arithmetic = word_first(sentences.arithmetic, finding, &[], sentences.row);
    let text = word_first(&[sentences.text], finding, &[], sentences.row);
    FindingWords { text, arithmetic }
}

/// The source's own arithmetic behind a claim, in one line.
#[must_use]
pub fn word_claim_arithmetic(finding: &AuditFinding) -> String {
    let claimed: &[&str] = match finding.check {
        AuditCheck::ClaimProduct => &[
            "{rows: x } = {product}; claimed {claimed} ({range})",
            "{rows: x } = {product}; claimed {claimed}",
        ],
        AuditCheck::ClaimedEach => &[
            "claimed {claimed} ({range}) / {count} {what} = {each} each",
            "claimed {claimed} / {count} {what} = {each} each",
        ],
        AuditCheck::ClaimedCharacters => &[
            "{chars} characters of old output stay; claimed {claimed} ({range})",
            "{chars} characters of old output stay; claimed {claimed}",
        ],
        AuditCheck::ClaimedAlone => &[
            "claimed {claimed} ({range}), without arithmetic",
            "claimed {claimed}, without arithmetic",
        ],
        AuditCheck::ClaimedAttribution => &["{share} of {read} = {attributed}: shown, not saved"],
        AuditCheck::ClaimedRecords => {
            &["{records} - {orphans} = {left} crash records left: no tokens"]
        }
        _ => &["no tokens claimed"],
    };
    word_first(claimed, finding, &[], sentences_of_check(finding.check).row)
}

/// Fills the first template of which all figures are there; the last one with gaps, if need be.
fn word_first(
    templates: &[&str],
    finding: &AuditFinding,
    row: &[FindingFigure],
    row_templates: &[&str],
) -> String {
    let mut words = String::new();
    for template in templates {
        let is_complete;
        (words, is_complete) = fill_template(template, finding, row, row_templates);
        if is_complete {
            break;
        }
    }
    words
}

/// A template with its figures, and whether all of them were there.
fn fill_template(
    template: &str,
    finding: &AuditFinding,
    row: &[FindingFigure],
    row_templates: &[&str],
) -> (String, bool) {
    let (mut words, mut is_complete) = (String::new(), true);
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (placeholder, after) = behind.split_once('}').unwrap_or((behind, ""));
        words.push_str(before);
        match fill_placeholder(placeholder, finding, row, row_templates) {
            Some(filled) => words.push_str(&filled),
            None => {
                words.push_str(crate::report::format::MISSING);
                is_complete = false;
            }
        }
        rest = after;
    }
    words.push_str(rest);
    (words, is_complete)
}

fn fill_placeholder(
    placeholder: &str,
    finding: &AuditFinding,
    row: &[FindingFigure],
    row_templates: &[&str],
) -> Option<String> {
    if let Some(choice) = placeholder.strip_prefix('?') {
        let (holds, fails) = choice.split_once('|')?;
        let holds_up = finding.severity == FindingSeverity::Info;
        return Some(if holds_up { holds } else { fails }.to_owned());
    }
    let (name, separator) = placeholder.split_once(':').unwrap_or((placeholder, ""));
    if name == "rows" && !finding.rows.is_empty() {
        let rows = finding.rows.iter().map(|row| word_first(row_templates, finding, row, &[]));
        return Some(rows.collect::<Vec<String>>().join(separator));
    }
    let (name, by_value) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    // A row goes before its finding: both may have a figure of that name.
    let in_row: Vec<&FindingFigure> = row.iter().filter(|figure| figure.name == name).collect();
    let figures = if in_row.is_empty() {
        finding.figures.iter().filter(|figure| figure.name == name).collect()
    } else {
        in_row
    };
    let words = figures.iter().map(|figure| word_figure(figure, by_value));
    (!figures.is_empty()).then(|| words.collect::<Vec<String>>().join(separator))
}

fn word_figure(figure: &FindingFigure, by_value: bool) -> String {
    if let Some(printed) = figure.printed.as_ref().filter(|_| !by_value) {
        return format_printed_figure(printed);
    }
    match &figure.amount {
        FigureAmount::Tokens(n) | FigureAmount::Characters(n) => format_tokens(*n, false),
        FigureAmount::ExactTokens(n) | FigureAmount::Count(n) => format_integer(*n, false),
        FigureAmount::Share(bp) => plain_share(*bp),
        FigureAmount::Duration(ms) => format_short(&CellValue::Duration(*ms)),
        FigureAmount::Decimal { scaled, places } => format_decimal(i128::from(*scaled), *places),
        FigureAmount::Name(words) => words.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{builtin_pipeline, builtin_routes};
    use crate::study::audit;

    #[test]
    fn every_finding_has_its_figures() {
        for name in ["order-774", "order-775"] {
            let reported = builtin_pipeline(name).unwrap();
            audit::audit_reported(&reported).iter().for_each(check_is_complete);
        }
        for name in ["cockpit-2026-02", "economics-2026-06"] {
            let routes = builtin_routes(name).unwrap();
            audit::audit_routes(&routes).iter().for_each(check_is_complete);
        }
    }

    fn check_is_complete(finding: &AuditFinding) {
        let sentences = sentences_of_check(finding.check);
        for template in [sentences.text].iter().chain(sentences.arithmetic.last()) {
            let (words, is_complete) = fill_template(template, finding, &[], sentences.row);
            assert!(is_complete && !words.is_empty(), "{finding:?}: {words}");
        }
    }
}
