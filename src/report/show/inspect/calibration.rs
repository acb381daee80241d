//! The model's error in words and tables that can be published: no path, name or text.

use super::{InspectReport, error_fields};
use crate::report::format;
use crate::report::{ReportDocument, Section, TableView};
use crate::study::inspect::cache_misses::LawCoverage;
use crate::study::inspect::error_table::HarnessError;
use std::fmt::Write as _;

/// The most causes that one line names.
const MOST_CAUSES: usize = 4;

/// The calibration report.
pub(super) fn calibration_document(report: &InspectReport<'_>) -> Option<ReportDocument> {
    let by_harness = report.by_harness?;
    let mut document = ReportDocument::new("Calibration of windtunnel");
    document.add_section(
        Section::new("Error by harness")
            .with_paragraph(law_coverage_words(report))
            .with_table(harness_table(by_harness)),
    );
    let held_out: Vec<&HarnessError> = by_harness.iter().filter(|row| row.band.is_some()).collect();
    let fields = error_fields::harness_band_fields();
    let mut bands =
        TableView::from_fields("Sessions and their 80 % band, held out", &fields, held_out);
    bands.add_footnote("below, in 80 % band, above: shares of sessions, by their reads");
    document.add_section(Section::new("Held out").with_table(bands));
    // The recording's name may be a customer's: its digest stands for it.
    document.add_sources([format!(
        "windtunnel {}; recording sha256 {}; prices sha256 {}",
        env!("CARGO_PKG_VERSION"),
        report.provenance.recording_digest,
        report.provenance.prices_digest,
    )]);
    Some(document)
}

/// On how many calls the law repeats the billed reads, what the others cost, and why.
pub(super) fn law_coverage_words(report: &InspectReport<'_>) -> String {
    let law = LawCoverage::of_recording(report.recording, &report.summary.misses);
    let Some(coverage) = law else { return "No call was billed.".to_owned() };
    let mut words = format!(
        "The cache law repeats the billed reads of {} of {} calls.",
        coverage.repeated, coverage.calls
    );
    let missed: i64 = coverage.misses.iter().map(|sum| sum.calls).sum();
    if missed > 0 {
        let cost = coverage
            .missed_cost()
            .map_or_else(String::new, |cost| format!(", at {}", format::plain_money(cost)));
        let causes: Vec<String> = coverage
            .misses
            .iter()
            .take(MOST_CAUSES)
            .map(|sum| format!("{} {}", sum.cause.name(), sum.calls))
            .collect();
        let and = if coverage.misses.len() > MOST_CAUSES { " and others" } else { "" };
        let causes = causes.join(", ");
        let _ =
            write!(words, " {missed} of the others missed what it expects{cost}: {causes}{and}.");
    }
    words
}

/// The error by harness and versions.
pub(super) fn harness_table(by_harness: &[HarnessError]) -> TableView {
    let title = "Error of a session, by harness and its versions";
    let fields = error_fields::harness_error_fields();
    let mut view = TableView::from_fields(title, &fields, by_harness);
    view.add_footnote(
        "law: contexts and outputs as billed, and misses that the provider told; content: sizes of \
         blocks and the first context; held out: the first half and how many calls follow",
    );
    view.add_footnote("fresh: input that was not read, sent plainly or written");
    view
}
