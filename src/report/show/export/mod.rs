//! A recording as tables for other programs: sessions, calls, blocks, invocations, remainders.
//!
//! Everything is counted by the code that counts for `inspect`: sessions come from the summary,
//! and the tokens of all calls and remainders add up to the sessions'.

mod fields;

use super::Provenance;
use crate::price::{MissingPrice, Pricing};
use crate::recording::Recording;
use crate::report::columns::{ColumnField, ColumnValues, column_batches};
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView};
use crate::study::inspect::summary::{self, SessionTotals};
use serde::Serialize;

/// A recording with everything that its tables need.
pub struct RecordingExport {
    /// The recording.
    pub recording: Recording,
    sessions: Vec<SessionTotals>,
    re_read_tokens: Vec<i64>,
    /// Models without a price, each once: their sessions have no cost.
    pub unpriced: Vec<MissingPrice>,
}

/// A session costs more pico-dollars than 64 bits hold: some nine million dollars.
#[derive(Debug, thiserror::Error)]
#[error("session '{0}' costs more than a column of pico-dollars holds (9.2 million dollars)")]
pub struct CostOverflow(String);

/// One table.
pub struct ExportTable {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// What a row is.
    pub row: &'static str,
    fields: &'static [ColumnField<RecordingExport>],
    rows: fn(&Recording) -> usize,
}

/// All tables. Rows are numbered from 0 in the order of the recording; where one table names the
/// rows of another, it does so by that number.
pub static TABLES: [ExportTable; 5] = [
    ExportTable {
        name: "sessions",
        row: "one context window's life; sums include what was billed beyond its calls",
        fields: &fields::SESSIONS,
        rows: |recording| recording.sessions.len(),
    },
    ExportTable {
        name: "calls",
        row: "one model request and its response, counted once",
        fields: &fields::CALLS,
        rows: |recording| recording.calls.len(),
    },
    ExportTable {
        name: "blocks",
        row: "a piece of context: an input that enters with its call, or an output of it",
        fields: &fields::BLOCKS,
        rows: |recording| recording.blocks.len(),
    },
    ExportTable {
        name: "invocations",
        row: "an agent woken by a packet",
        fields: &fields::INVOCATIONS,
        rows: |recording| recording.invocations.len(),
    },
    ExportTable {
        name: "remainders",
        row: "usage that a source billed beyond the calls it shows",
        fields: &fields::REMAINDERS,
        rows: |recording| recording.remainders.len(),
    },
];

impl RecordingExport {
    /// Counts and prices the sessions of a recording.
    ///
    /// # Errors
    /// A session that costs more than a column holds.
    pub fn from_recording(recording: Recording, pricing: &Pricing) -> Result<Self, CostOverflow> {
        let (sessions, unpriced) = summary::totals_by_session(&recording, pricing);
        for session in &sessions {
            if session.totals.cost.is_some_and(|cost| i64::try_from(cost.0).is_err()) {
                return Err(CostOverflow(recording.sessions[session.index].id.clone()));
            }
        }
        let carried = summary::re_reads_by_block(&recording);
        Ok(Self { recording, sessions, re_read_tokens: carried, unpriced })
    }

    /// What was written, for programs.
    #[must_use]
    pub fn written_files_json<'a>(
        &'a self,
        files: &'a [(&'static str, String)],
        provenance: &'a Provenance,
    ) -> impl Serialize + 'a {
        let file = |(name, file): &'a (&'static str, String)| {
            let table = TABLES.iter().find(|table| table.name == *name);
            let rows = table.map_or(0, |table| (table.rows)(&self.recording));
            ExportedFileJson { table: name, file, rows }
        };
        ExportResultJson {
            recording: &self.recording.name,
            files: files.iter().map(file).collect(),
            unpriced: self.unpriced.iter().map(ToString::to_string).collect(),
            provenance,
        }
    }

    /// What was written, for people.
    #[must_use]
    pub fn to_document(
        &self,
        files: &[(&'static str, String)],
        provenance: &Provenance,
    ) -> ReportDocument {
        let columns = vec![
            TableColumn::text("file"),
            TableColumn::count("rows"),
            TableColumn::text("a row is"),
        ];
        let mut view = TableView::new("Tables written", columns);
        for (name, file) in files {
            let table = TABLES.iter().find(|table| table.name == *name);
            let Some(table) = table else { continue };
            let rows = (table.rows)(&self.recording) as i64;
            view.add_row(vec![
                TableCell::text(file),
                TableCell::count(rows),
                TableCell::text(table.row),
            ]);
        }
        view.add_footnote("every column, with its type and unit: windtunnel explain tables");
        let mut document = ReportDocument::new(format!("Export: {}", self.recording.name));
        document.add_section(Section::new("").with_table(view));
        for line in provenance.footer_lines() {
            document.add_source(line);
        }
        document
    }
}

impl ExportTable {
    /// Its rows in batches of columns.
    pub fn row_batches<'a>(
        &'a self,
        export: &'a RecordingExport,
    ) -> impl Iterator<Item = Vec<(&'static str, ColumnValues)>> + 'a {
        column_batches(self.fields, export, (self.rows)(&export.recording))
    }
}

/// Every column of every table, for people.
#[must_use]
pub fn columns_document() -> ReportDocument {
    let mut document = ReportDocument::new("Exported tables");
    for table in &TABLES {
        let columns = ["column", "type", "unit", "holds"].map(TableColumn::text);
        let mut view = TableView::new(format!("Columns of {}", table.name), columns.to_vec());
        for field in table.fields {
            let cells = [field.name, field.data_type(), field.unit, field.about];
            view.add_row(cells.map(TableCell::text).to_vec());
        }
        let about = format!("A row is {}.", table.row);
        document.add_section(Section::new(table.name).with_paragraph(about).with_table(view));
    }
    document
}

#[derive(Serialize)]
struct ExportedFileJson<'a> {
    table: &'static str,
    file: &'a str,
    rows: usize,
}

#[derive(Serialize)]
struct ExportResultJson<'a> {
    recording: &'a str,
    files: Vec<ExportedFileJson<'a>>,
    unpriced: Vec<String>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct ExportColumnJson {
    name: &'static str,
    r#type: &'static str,
    unit: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct ExportTableJson {
    name: &'static str,
    row: &'static str,
    columns: Vec<ExportColumnJson>,
}

/// Every column of every table, for programs.
#[must_use]
pub fn columns_json() -> impl Serialize {
    #[derive(Serialize)]
    struct ExportColumnsJson {
        tables: Vec<ExportTableJson>,
    }
    let column = |field: &ColumnField<RecordingExport>| {
        let ColumnField { name, unit, about, .. } = *field;
        ExportColumnJson { name, r#type: field.data_type(), unit, about }
    };
    let tables = TABLES.iter().map(|table| ExportTableJson {
        name: table.name,
        row: table.row,
        columns: table.fields.iter().map(column).collect(),
    });
    ExportColumnsJson { tables: tables.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin_pipeline, reconstruct};
    use std::collections::BTreeMap;

    fn export() -> RecordingExport {
        let reported = builtin_pipeline("order-774").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        RecordingExport::from_recording(recording, &Pricing::embedded()).expect("priced")
    }

    /// The sums of all columns of numbers of a table, and its rows.
    fn sums(table: &str, export: &RecordingExport) -> (usize, BTreeMap<&'static str, i64>) {
        let table = TABLES.iter().find(|one| one.name == table).expect("a table");
        let (mut rows, mut sums) = (0, BTreeMap::new());
        for batch in table.row_batches(export) {
            rows += batch[0].1.len();
            for (name, values) in batch {
                let sum: i64 = match values {
                    ColumnValues::Numbers(numbers) => numbers.iter().sum(),
                    ColumnValues::OptionalNumbers(numbers) => numbers.iter().flatten().sum(),
                    ColumnValues::Flags(_) | ColumnValues::Texts(_) => continue,
                };
                *sums.entry(name).or_default() += sum;
            }
        }
        (rows, sums)
    }

    #[test]
    fn tables_add_up_to_the_summary_and_to_each_other() {
        let export = export();
        let totals = summary::RecordingTotals::sum_sessions(&export.sessions);
        let (rows, sessions) = sums("sessions", &export);
        assert_eq!(rows, export.recording.sessions.len());
        let (calls, by_call) = sums("calls", &export);
        assert_eq!(calls as i64, totals.calls);
        for (class, tokens) in crate::units::TOKEN_CLASSES.iter().zip(totals.usage.by_class()) {
            assert_eq!(sessions[class], tokens, "{class}");
            assert_eq!(by_call[class], tokens, "{class}");
        }
        assert_eq!(i128::from(sessions["cost_pico_usd"]), totals.cost.expect("priced").0);
        let (blocks, by_block) = sums("blocks", &export);
        assert_eq!((blocks, by_call["blocks"]), (export.recording.blocks.len(), blocks as i64));
        assert_eq!(by_block["re_read"], export.re_read_tokens.iter().sum::<i64>());
        assert_eq!(sums("remainders", &export).0, export.recording.remainders.len());
    }

    #[test]
    #[cfg(feature = "tables")]
    fn parquet_files_hold_the_same_rows() {
        use crate::report::parquet;
        let export = export();
        for table in TABLES.iter().filter(|table| (table.rows)(&export.recording) > 0) {
            let bytes = parquet::write_batches(Vec::new(), table.row_batches(&export), "here")
                .expect("a file");
            let (frame, source) = parquet::tests::read(&bytes);
            let (rows, sums) = sums(table.name, &export);
            assert_eq!((frame.height(), &*source), (rows, "here"), "{}", table.name);
            for field in table.fields {
                let column = frame.column(field.name).expect("the column");
                match field.getter {
                    crate::report::columns::ColumnGetter::Text(of) => {
                        let texts = column.str().expect("texts").iter().enumerate();
                        for (row, met) in texts {
                            assert_eq!(met, Some(&*of(&export, row)), "{}", field.name);
                        }
                    }
                    crate::report::columns::ColumnGetter::Flag(of) => {
                        let flags = column.bool().expect("flags").iter().enumerate();
                        for (row, met) in flags {
                            assert_eq!(met, Some(of(&export, row)), "{}", field.name);
                        }
                    }
                    _ => {
                        let met: i64 = column.i64().expect("numbers").iter().flatten().sum();
                        assert_eq!(met, sums[field.name], "{}", field.name);
                    }
                }
            }
        }
    }

    #[test]
    fn columns_have_names_of_their_own() {
        for table in &TABLES {
            let mut names: Vec<_> = table.fields.iter().map(|field| field.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.fields.len(), "{}", table.name);
        }
    }
}
