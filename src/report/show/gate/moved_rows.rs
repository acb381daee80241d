//! What moved where a baseline is written again.

use super::GateReport;
use super::sentences::note_sentences;
use crate::report::format::noun_for_count;
use crate::report::{ReportDocument, Section};
use crate::study::gate::GateRow;

impl GateReport<'_> {
    /// The rows that are not what they were; of a file that is new, what stands in it.
    #[must_use]
    pub fn moved_rows_document(&self, known: bool) -> ReportDocument {
        let gate = self.gate;
        let (file, samples) = (self.file.unwrap_or_default(), gate.candidate.samples);
        let of = format!("{samples} {}", noun_for_count(samples as usize, "sample"));
        // Means are exact sums and counts: what differs at all has moved.
        let rows: Vec<&GateRow> =
            gate.rows.iter().filter(|row| row.baseline != row.candidate).collect();
        let words = match (known, rows.len()) {
            (false, _) => format!("{file}: written, {of}"),
            (true, 0) => format!("{file}: written, {of}; no figure moved"),
            (true, 1) => format!("{file}: written, {of}; one figure moved"),
            (true, moved) => format!("{file}: written, {of}; {moved} figures moved"),
        };
        let mut section = Section::new("").with_paragraph(words);
        if known && !rows.is_empty() {
            section = section.with_table(self.rows_table(rows.into_iter(), "Moved"));
        }
        // What is written with a defect carries it: every later judgement knows of it.
        if !gate.defects.is_empty() {
            section = section.with_table(self.defects_table());
        }
        let mut document = ReportDocument::new("");
        document.add_section(section.with_bullets(note_sentences(gate)));
        document.add_sources(self.sources);
        document
    }
}
