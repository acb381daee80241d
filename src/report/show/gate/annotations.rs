//! Annotations of GitHub Actions: one workflow command a line.
//!
//! Escapes: `%`, carriage return and line feed everywhere; `:` and `,` in properties too. A step
//! shows ten annotations of one kind, so that the worst come first and the last one counts the
//! rest. Source: GitHub's "Workflow commands" and the escapes of its toolkit, read 2026-11-21.

use super::{GateReport, defects, key_place, sentences};
use crate::report::foreign_text::clean_foreign_text;
use crate::study::gate::{GateRow, RowVerdict};
use std::fmt::Write as _;

/// Annotations of one kind that a step shows.
const MOST_ANNOTATIONS: usize = 10;

impl GateReport<'_> {
    /// What stands against a judgement, then rows beyond their limits, as errors; what the budget
    /// allows and rows that may be chance as warnings; one notice where there is none of these.
    #[must_use]
    pub fn to_annotations(&self) -> Vec<u8> {
        let mut lines = String::new();
        for defect in defects::sorted_defects(self.gate) {
            let command = if defect.is_allowed() { "warning" } else { "error" };
            let title = format!("windtunnel gate: {}", defect.kind.name());
            self.push_command(&mut lines, command, &title, &defects::defect_sentence(defect));
        }
        for (judged, command) in [(RowVerdict::Beyond, "error"), (RowVerdict::Unsure, "warning")] {
            let rows: Vec<&GateRow> =
                self.gate.rows.iter().filter(|row| row.verdict == judged).collect();
            // The last one counts the rest, so that a list that is cut off says so.
            let shown =
                if rows.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { rows.len() };
            for row in &rows[..shown] {
                let title = format!("{} of {}", row.key.metric, key_place(&row.key));
                self.push_command(&mut lines, command, &title, &sentences::row_sentence(row));
            }
            if rows.len() > shown {
                let more = format!("{} more like these", rows.len() - shown);
                self.push_command(&mut lines, command, "and more", &more);
            }
        }
        // With nothing to complain of, a notice shows that the gate ran at all.
        if lines.is_empty() {
            self.push_command(
                &mut lines,
                "notice",
                "windtunnel gate",
                &sentences::verdict_sentence(self.gate),
            );
        }
        lines.into_bytes()
    }

    fn push_command(&self, lines: &mut String, command: &str, title: &str, message: &str) {
        let file =
            self.file.map_or_else(String::new, |file| format!("file={},", escape_property(file)));
        let (title, message) = (escape_property(title), escape_message(message));
        let _ = writeln!(lines, "::{command} {file}title={title}::{message}");
    }
}

fn escape_message(text: &str) -> String {
    // The percent sign first, because it begins the escapes that follow.
    clean_foreign_text(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}
