//! A recording as tables for other programs: sessions, calls, blocks, invocations, remainders.
//!
//! Everything is counted by the code that counts for `inspect`: sessions come from the summary,
//! and the tokens of all calls and remainders add up to the sessions'.

mod fields;

use fields::{ExportField, ExportRow};

use super::Provenance;
use crate::price::Pricing;
use crate::recording::Recording;
use crate::report::columns::{ColumnField, ColumnValues, column_batches, object_json};
use crate::report::json::JsonValue;
use crate::report::{ReportDocument, Section, TableView};
use crate::study::inspect::summary::{self, SessionTotals};

/// A recording with everything that its tables need.
pub struct RecordingExport {
    /// The recording.
    pub recording: Recording,
    sessions: Vec<SessionTotals>,
    re_read_tokens: Vec<i64>,
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
    kind: TableKind,
    rows: fn(&Recording) -> usize,
}

/// Which things of a recording a table has in its rows.
enum TableKind {
    Sessions,
    Calls,
    Blocks,
    Invocations,
    Remainders,
}

/// All tables. Rows are numbered from 0 in the order of the recording; where one table names the
/// rows of another, it does so by that number.
pub static TABLES: [ExportTable; 5] = [
    ExportTable {
        name: "sessions",
        row: "one context window's life; sums include what was billed beyond its calls",
        kind: TableKind::Sessions,
        rows: |recording| recording.sessions.len(),
    },
    ExportTable {
        name: "calls",
        row: "one model request and its response, counted once",
        kind: TableKind::Calls,
        rows: |recording| recording.calls.len(),
    },
    ExportTable {
        name: "blocks",
        row: "a piece of context: an input that enters with its call, or an output of it",
        kind: TableKind::Blocks,
        rows: |recording| recording.blocks.len(),
    },
    ExportTable {
        name: "invocations",
        row: "an agent woken by a packet",
        kind: TableKind::Invocations,
        rows: |recording| recording.invocations.len(),
    },
    ExportTable {
        name: "remainders",
        row: "usage that a source billed beyond the calls it shows",
        kind: TableKind::Remainders,
        rows: |recording| recording.remainders.len(),
    },
];

impl RecordingExport {
    /// Counts and prices the sessions of a recording.
    ///
    /// # Errors
    /// A session that costs more than a column holds.
    pub fn from_recording(recording: Recording, pricing: &Pricing) -> Result<Self, CostOverflow> {
        let sessions = summary::totals_by_session(&recording, pricing);
        for session in &sessions {
            if session.totals.cost().is_some_and(|cost| i64::try_from(cost.0).is_err()) {
                return Err(CostOverflow(recording.sessions[session.index].id.clone()));
            }
        }
        let carried = summary::re_reads_by_block(&recording);
        Ok(Self { recording, sessions, re_read_tokens: carried })
    }

    /// What was written, for programs.
    #[must_use]
    pub fn written_files_json(
        &self,
        files: &[(&'static str, String)],
        provenance: &Provenance,
    ) -> JsonValue {
        let written = WrittenFiles { export: self, files: self.written_tables(files), provenance };
        object_json(&written_fields(), &&written)
    }

    /// What was written, for people.
    #[must_use]
    pub fn to_document(
        &self,
        files: &[(&'static str, String)],
        provenance: &Provenance,
    ) -> ReportDocument {
        let files = self.written_tables(files);
        let mut view = TableView::from_fields("Tables written", &written_table_fields(), files);
        view.add_footnote("every column, with its type and unit: windtunnel explain tables");
        let mut document = ReportDocument::new(format!("Export: {}", self.recording.name));
        document.add_section(Section::new("").with_table(view));
        document.add_sources(provenance.footer_lines());
        document
    }

    /// The tables that files were named for, each with its file.
    fn written_tables<'a>(&self, files: &'a [(&'static str, String)]) -> Vec<WrittenTable<'a>> {
        let written = files.iter().filter_map(|(name, file)| {
            let table = TABLES.iter().find(|table| table.name == *name)?;
            Some(WrittenTable { table, file, rows: (table.rows)(&self.recording) })
        });
        written.collect()
    }
}

/// A table in its file.
#[derive(Clone, Copy)]
struct WrittenTable<'a> {
    table: &'static ExportTable,
    file: &'a str,
    rows: usize,
}

/// Everything that was written.
pub(super) struct WrittenFiles<'a> {
    export: &'a RecordingExport,
    files: Vec<WrittenTable<'a>>,
    provenance: &'a Provenance,
}

type WrittenTableField<'a> = ColumnField<'a, WrittenTable<'a>>;

fn written_table_fields<'a>() -> Vec<WrittenTableField<'a>> {
    vec![
        WrittenTableField::text("table", "", "the table", |row| row.table.name),
        WrittenTableField::text("file", "file", "its file", |row| row.file),
        WrittenTableField::count("rows", "rows", "its rows", |row| row.rows),
        WrittenTableField::text("", "a row is", "what a row is", |row| row.table.row),
    ]
}

pub(super) type WrittenField<'a> = ColumnField<'a, &'a WrittenFiles<'a>>;

/// What `export` says in JSON.
pub(super) fn written_fields<'a>() -> Vec<WrittenField<'a>> {
    vec![
        WrittenField::text("recording", "", "its name", |all| all.export.recording.name.as_str()),
        WrittenField::rows("files", "the files", written_table_fields(), |all| all.files.clone()),
        WrittenField::texts("unpriced", "", "models without a price", |all| {
            all.provenance.unpriced_models()
        }),
        Provenance::field(|all: &&'a WrittenFiles<'a>| all.provenance),
    ]
}

impl ExportTable {
    /// Its columns.
    fn fields<'a>(&self) -> Vec<ExportField<'a>> {
        match self.kind {
            TableKind::Sessions => fields::session_fields(),
            TableKind::Calls => fields::call_fields(),
            TableKind::Blocks => fields::block_fields(),
            TableKind::Invocations => fields::invocation_fields(),
            TableKind::Remainders => fields::remainder_fields(),
        }
    }

    /// Its rows in batches of columns.
    pub fn row_batches<'a>(
        &'a self,
        export: &'a RecordingExport,
    ) -> impl Iterator<Item = Vec<(String, ColumnValues)>> + 'a {
        let rows = (self.rows)(&export.recording);
        // In batches, because all rows of a table at once may be larger than memory.
        column_batches(self.fields(), rows, move |row| ExportRow { export, row })
    }
}

/// What is told of a column of an exported table.
type ColumnNote<'a> = ColumnField<'a, ExportField<'a>>;

fn column_notes<'a>() -> Vec<ColumnNote<'a>> {
    vec![
        ColumnNote::text("name", "column", "its name", |field| {
            field.shape.name.clone().into_owned()
        }),
        ColumnNote::text("type", "type", "the type of its values", |field| field.shape.data_type()),
        ColumnNote::text("unit", "unit", "their unit", |field| field.shape.unit),
        ColumnNote::text("about", "holds", "what it holds", |field| field.shape.about),
    ]
}

/// Every column of every table, for people.
#[must_use]
pub fn columns_document() -> ReportDocument {
    let mut document = ReportDocument::new("Exported tables");
    for table in &TABLES {
        let title = format!("Columns of {}", table.name);
        let view = TableView::from_fields(title, &column_notes(), table.fields());
        let about = format!("A row is {}.", table.row);
        document.add_section(Section::new(table.name).with_paragraph(about).with_table(view));
    }
    document
}

/// Every column of every table, for programs.
#[must_use]
pub fn columns_json() -> JsonValue {
    object_json(&tables_fields(), &())
}

/// What `explain tables --format json` has.
pub(super) fn tables_fields<'a>() -> Vec<ColumnField<'a, ()>> {
    type TableNote<'a> = ColumnField<'a, &'static ExportTable>;
    let table_notes = vec![
        TableNote::text("name", "", "its name", |table| table.name),
        TableNote::text("row", "", "what a row is", |table| table.row),
        TableNote::rows("columns", "its columns", column_notes(), |table| table.fields()),
    ];
    vec![ColumnField::rows("tables", "all tables", table_notes, |()| TABLES.iter().collect())]
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
    fn sums(table: &str, export: &RecordingExport) -> (usize, BTreeMap<String, i64>) {
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
            assert_eq!(sessions[*class], tokens, "{class}");
            assert_eq!(by_call[*class], tokens, "{class}");
        }
        assert_eq!(i128::from(sessions["cost_pico_usd"]), totals.cost().expect("priced").0);
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
            for (name, values) in table.row_batches(&export).next().expect("a batch") {
                let column = frame.column(&name).expect("the column");
                match values {
                    ColumnValues::Texts(texts) => {
                        let met: Vec<_> = column.str().expect("texts").iter().flatten().collect();
                        assert_eq!(met, texts, "{name}");
                    }
                    ColumnValues::Flags(flags) => {
                        let met = column.bool().expect("flags").iter().flatten();
                        assert_eq!(met.collect::<Vec<_>>(), flags, "{name}");
                    }
                    _ => {
                        let met: i64 = column.i64().expect("numbers").iter().flatten().sum();
                        assert_eq!(met, sums[&name], "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn columns_have_names_of_their_own() {
        for table in &TABLES {
            let mut names: Vec<_> =
                table.fields().into_iter().map(|field| field.shape.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.fields().len(), "{}", table.name);
        }
    }
}
