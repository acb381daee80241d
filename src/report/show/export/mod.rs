//! A recording as tables for other programs: sessions, calls, blocks, invocations, remainders.
//!
//! Everything is counted by the code that counts for `inspect`: sessions come from the summary,
//! and the tokens of all calls and remainders add up to the sessions'.

mod fields;

use super::Provenance;
use crate::price::{MissingPrice, Pricing};
use crate::recording::Recording;
use crate::report::columns::{Field, Values, batches};
use crate::report::{Cell, Column, Document, Section, View};
use crate::study::summary::{self, SessionTotals};
use serde::Serialize;

/// A recording with everything that its tables need.
pub struct Export {
    /// The recording.
    pub recording: Recording,
    sessions: Vec<SessionTotals>,
    carried: Vec<i64>,
    /// Models without a price, each once: their sessions have no cost.
    pub unpriced: Vec<MissingPrice>,
}

/// A session costs more pico-dollars than 64 bits hold: some nine million dollars.
#[derive(Debug, thiserror::Error)]
#[error("session '{0}' costs more than a column of pico-dollars holds (9.2 million dollars)")]
pub struct TooDear(String);

/// One table.
pub struct Table {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// What a row is.
    pub row: &'static str,
    fields: &'static [Field<Export>],
    rows: fn(&Recording) -> usize,
}

/// All tables. Rows are numbered from 0 in the order of the recording; where one table names the
/// rows of another, it does so by that number.
pub static TABLES: [Table; 5] = [
    Table {
        name: "sessions",
        row: "one context window's life; sums include what was billed beyond its calls",
        fields: &fields::SESSIONS,
        rows: |recording| recording.sessions.len(),
    },
    Table {
        name: "calls",
        row: "one model request and its response, counted once",
        fields: &fields::CALLS,
        rows: |recording| recording.calls.len(),
    },
    Table {
        name: "blocks",
        row: "a piece of context: an input that enters with its call, or an output of it",
        fields: &fields::BLOCKS,
        rows: |recording| recording.blocks.len(),
    },
    Table {
        name: "invocations",
        row: "an agent woken by a packet",
        fields: &fields::INVOCATIONS,
        rows: |recording| recording.invocations.len(),
    },
    Table {
        name: "remainders",
        row: "usage that a source billed beyond the calls it shows",
        fields: &fields::REMAINDERS,
        rows: |recording| recording.remainders.len(),
    },
];

impl Export {
    /// Counts and prices the sessions of a recording.
    ///
    /// # Errors
    /// A session that costs more than a column holds.
    pub fn of(recording: Recording, pricing: &Pricing) -> Result<Self, TooDear> {
        let (sessions, unpriced) = summary::sessions(&recording, pricing);
        for session in &sessions {
            if session.totals.cost.is_some_and(|cost| i64::try_from(cost.0).is_err()) {
                return Err(TooDear(recording.sessions[session.index].id.clone()));
            }
        }
        let carried = summary::carried(&recording);
        Ok(Self { recording, sessions, carried, unpriced })
    }

    /// What was written, for programs.
    #[must_use]
    pub fn body<'a>(
        &'a self,
        files: &'a [(&'static str, String)],
        provenance: &'a Provenance,
    ) -> impl Serialize + 'a {
        let file = |(name, file): &'a (&'static str, String)| {
            let table = TABLES.iter().find(|table| table.name == *name);
            let rows = table.map_or(0, |table| (table.rows)(&self.recording));
            FileJson { table: name, file, rows }
        };
        WrittenJson {
            recording: &self.recording.name,
            files: files.iter().map(file).collect(),
            unpriced: self.unpriced.iter().map(ToString::to_string).collect(),
            provenance,
        }
    }

    /// What was written, for people.
    #[must_use]
    pub fn document(&self, files: &[(&'static str, String)], provenance: &Provenance) -> Document {
        let columns = vec![Column::text("file"), Column::count("rows"), Column::text("a row is")];
        let mut view = View::new("Tables written", columns);
        for (name, file) in files {
            let table = TABLES.iter().find(|table| table.name == *name);
            let Some(table) = table else { continue };
            let rows = (table.rows)(&self.recording) as i64;
            view.row(vec![Cell::text(file), Cell::count(rows), Cell::text(table.row)]);
        }
        view.footnote("every column, with its type and unit: windtunnel explain tables");
        let mut document = Document::new(format!("Export: {}", self.recording.name));
        document.section(Section::new("").table(view));
        for line in provenance.lines() {
            document.source(line);
        }
        document
    }
}

impl Table {
    /// Its rows in batches of columns.
    pub fn batches<'a>(
        &'a self,
        export: &'a Export,
    ) -> impl Iterator<Item = Vec<(&'static str, Values)>> + 'a {
        batches(self.fields, export, (self.rows)(&export.recording))
    }
}

/// Every column of every table, for people.
#[must_use]
pub fn tables() -> Document {
    let mut document = Document::new("Exported tables");
    for table in &TABLES {
        let columns = ["column", "type", "unit", "holds"].map(Column::text);
        let mut view = View::new(format!("Columns of {}", table.name), columns.to_vec());
        for field in table.fields {
            let cells = [field.name, field.kind(), field.unit, field.about];
            view.row(cells.map(Cell::text).to_vec());
        }
        let about = format!("A row is {}.", table.row);
        document.section(Section::new(table.name).paragraph(about).table(view));
    }
    document
}

#[derive(Serialize)]
struct FileJson<'a> {
    table: &'static str,
    file: &'a str,
    rows: usize,
}

#[derive(Serialize)]
struct WrittenJson<'a> {
    recording: &'a str,
    files: Vec<FileJson<'a>>,
    unpriced: Vec<String>,
    provenance: &'a Provenance,
}

#[derive(Serialize)]
struct ColumnJson {
    name: &'static str,
    r#type: &'static str,
    unit: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct TableJson {
    name: &'static str,
    row: &'static str,
    columns: Vec<ColumnJson>,
}

/// Every column of every table, for programs.
#[must_use]
pub fn body() -> impl Serialize {
    #[derive(Serialize)]
    struct Body {
        tables: Vec<TableJson>,
    }
    let column = |field: &Field<Export>| {
        let Field { name, unit, about, .. } = *field;
        ColumnJson { name, r#type: field.kind(), unit, about }
    };
    let tables = TABLES.iter().map(|table| TableJson {
        name: table.name,
        row: table.row,
        columns: table.fields.iter().map(column).collect(),
    });
    Body { tables: tables.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::{Lens, builtin, reconstruct};
    use std::collections::BTreeMap;

    fn export() -> Export {
        let reported = builtin("order-774").expect("built in");
        let recording = reconstruct(&reported, Lens::Message).expect("fits").recording;
        Export::of(recording, &Pricing::embedded()).expect("priced")
    }

    /// The sums of all columns of numbers of a table, and its rows.
    fn sums(table: &str, export: &Export) -> (usize, BTreeMap<&'static str, i64>) {
        let table = TABLES.iter().find(|one| one.name == table).expect("a table");
        let (mut rows, mut sums) = (0, BTreeMap::new());
        for batch in table.batches(export) {
            rows += batch[0].1.len();
            for (name, values) in batch {
                let sum: i64 = match values {
                    Values::Numbers(numbers) => numbers.iter().sum(),
                    Values::Known(numbers) => numbers.iter().flatten().sum(),
                    Values::Flags(_) | Values::Texts(_) => continue,
                };
                *sums.entry(name).or_default() += sum;
            }
        }
        (rows, sums)
    }

    #[test]
    fn tables_add_up_to_the_summary_and_to_each_other() {
        let export = export();
        let totals = summary::Totals::of(&export.sessions);
        let (rows, sessions) = sums("sessions", &export);
        assert_eq!(rows, export.recording.sessions.len());
        let (calls, by_call) = sums("calls", &export);
        assert_eq!(calls as i64, totals.calls);
        for (class, tokens) in crate::units::CLASSES.iter().zip(totals.usage.by_class()) {
            assert_eq!(sessions[class], tokens, "{class}");
            assert_eq!(by_call[class], tokens, "{class}");
        }
        assert_eq!(i128::from(sessions["cost_pico_usd"]), totals.cost.expect("priced").0);
        let (blocks, by_block) = sums("blocks", &export);
        assert_eq!((blocks, by_call["blocks"]), (export.recording.blocks.len(), blocks as i64));
        assert_eq!(by_block["re_read"], export.carried.iter().sum::<i64>());
        assert_eq!(sums("remainders", &export).0, export.recording.remainders.len());
    }

    #[test]
    #[cfg(feature = "tables")]
    fn parquet_files_hold_the_same_rows() {
        use crate::report::parquet;
        let export = export();
        for table in TABLES.iter().filter(|table| (table.rows)(&export.recording) > 0) {
            let bytes = parquet::write(Vec::new(), table.batches(&export), "here").expect("a file");
            let (frame, source) = parquet::tests::read(&bytes);
            let (rows, sums) = sums(table.name, &export);
            assert_eq!((frame.height(), &*source), (rows, "here"), "{}", table.name);
            for field in table.fields {
                let column = frame.column(field.name).expect("the column");
                match field.of {
                    crate::report::columns::Of::Text(of) => {
                        let texts = column.str().expect("texts").iter().enumerate();
                        for (row, met) in texts {
                            assert_eq!(met, Some(&*of(&export, row)), "{}", field.name);
                        }
                    }
                    crate::report::columns::Of::Flag(of) => {
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
