//! Annotations of GitHub Actions: one workflow command a line.
//!
//! Escapes: `%`, carriage return and line feed everywhere; `:` and `,` in properties too. A step
//! shows ten annotations of one kind, so that the worst come first and the last one counts the
//! rest. Source: GitHub's "Workflow commands" and the escapes of its toolkit, read 2026-11-21.

use super::{Shown, place, words};
use crate::report::format::clean;
use crate::study::gate::{Judged, Row};
use std::fmt::Write as _;

/// Annotations of one kind that a step shows.
const MOST: usize = 10;

impl Shown<'_> {
    /// Rows beyond their limits as errors, those that may be chance as warnings, and one notice
    /// where there is neither.
    #[must_use]
    pub fn annotations(&self) -> Vec<u8> {
        let mut lines = String::new();
        for (judged, command) in [(Judged::Beyond, "error"), (Judged::Unsure, "warning")] {
            let rows: Vec<&Row> =
                self.gate.rows.iter().filter(|row| row.judged == judged).collect();
            let shown = if rows.len() > MOST { MOST - 1 } else { rows.len() };
            for row in &rows[..shown] {
                let title = format!("{} of {}", row.key.metric, place(&row.key));
                self.line(&mut lines, command, &title, &words::sentence(row));
            }
            if rows.len() > shown {
                let more = format!("{} more like these", rows.len() - shown);
                self.line(&mut lines, command, "and more", &more);
            }
        }
        if lines.is_empty() {
            self.line(&mut lines, "notice", "windtunnel gate", &words::verdict(self.gate));
        }
        lines.into_bytes()
    }

    fn line(&self, lines: &mut String, command: &str, title: &str, message: &str) {
        let file = self.file.map_or_else(String::new, |file| format!("file={},", property(file)));
        let (title, message) = (property(title), data(message));
        let _ = writeln!(lines, "::{command} {file}title={title}::{message}");
    }
}

fn data(text: &str) -> String {
    clean(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
