//! Step tables as CSV: a row for each step of a pipeline, columns by their names in any order.
//!
//! An empty cell is unknown and never zero. A row that cannot be read is skipped, with its line and
//! the reason; a column of another name is passed over.

use super::skip::RowFault;
use super::timestamps::parse_ms;
use crate::study::backtest::pipeline_figures::{StepFigures, StepQuantity, StepTableRow};
use std::collections::BTreeMap;

/// The names that a column may have, the usual one first.
const COLUMNS: [(&str, &[&str]); 17] = [
    ("pipeline", &["pr", "order"]),
    ("start", &["started_utc", "start_utc"]),
    ("end", &["merged_utc", "end_utc"]),
    ("step", &[]),
    ("recipe", &[]),
    ("fresh", &[]),
    ("read", &[]),
    ("write", &[]),
    ("write_5m", &[]),
    ("write_1h", &[]),
    ("output", &[]),
    ("sessions", &[]),
    ("seconds", &[]),
    ("time", &[]),
    ("calls", &[]),
    ("additions", &[]),
    ("deletions", &[]),
];

/// Columns of the figures' own tables that nothing here asks for.
const UNUSED: [&str; 5] = ["model", "peak_context", "peak read", "records", "lines"];

/// A step table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StepTable {
    /// Its rows, those that could be read.
    pub rows: Vec<StepTableRow>,
    /// Columns that mean nothing here.
    pub ignored: Vec<String>,
    /// Columns that it does not have, by their usual names.
    pub absent: Vec<&'static str>,
    /// Rows that could not be read: the line, and why.
    pub skips: Vec<(u64, RowFault)>,
}

/// A table of sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PipelineSizes {
    /// Lines changed by pipeline.
    pub lines: BTreeMap<String, i64>,
    /// Rows that could not be read: the line, and why.
    pub skips: Vec<(u64, RowFault)>,
}

/// No step table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StepTableError {
    /// The first line cannot be read.
    #[error("no CSV: {0}")]
    Csv(String),
    /// Columns that it cannot do without.
    #[error("no column {0}: a step table names its columns in the first line")]
    Columns(String),
}

/// Which column stands where.
struct StepTableColumns(BTreeMap<&'static str, usize>);

impl StepTableColumns {
    /// Finds columns by name; also those that mean nothing.
    fn from_headers(headers: &csv::StringRecord) -> (Self, Vec<String>) {
        let mut found = BTreeMap::new();
        let mut ignored = Vec::new();
        for (at, name) in headers.iter().map(str::trim).enumerate() {
            let known = COLUMNS.iter().find(|(usual, others)| {
                name.eq_ignore_ascii_case(usual)
                    || others.iter().any(|other| name.eq_ignore_ascii_case(other))
            });
            match known {
                // Of two columns that mean the same the first counts.
                Some((usual, _)) if !found.contains_key(usual) => {
                    found.insert(*usual, at);
                }
                // Known columns of other tables, and the blank ones of spreadsheets.
                _ if UNUSED.contains(&name) || name.is_empty() => {}
                _ => ignored.push(name.to_owned()),
            }
        }
        (Self(found), ignored)
    }

    fn has_column(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn cell_text<'a>(&self, record: &'a csv::StringRecord, name: &str) -> &'a str {
        let at = self.0.get(name);
        at.and_then(|at| record.get(*at)).map_or("", str::trim)
    }

    fn whole_number(
        &self,
        record: &csv::StringRecord,
        column: &'static str,
    ) -> Result<Option<i64>, RowFault> {
        let text = self.cell_text(record, column);
        let number = text.parse().ok().filter(|number: &i64| *number >= 0);
        // An empty cell is a figure that nobody wrote down, and no mistake.
        if number.is_none() && !text.is_empty() {
            return Err(RowFault::NoCount { column, text: shorten_text(text) });
        }
        Ok(number)
    }

    fn time_ms(
        &self,
        record: &csv::StringRecord,
        column: &'static str,
    ) -> Result<Option<i64>, RowFault> {
        let text = self.cell_text(record, column);
        let time_ms = parse_ms(text.as_bytes());
        if time_ms.is_none() && !text.is_empty() {
            return Err(RowFault::NoTime { column, text: shorten_text(text) });
        }
        Ok(time_ms)
    }

    /// The sum of two columns. One that the table does not have adds nothing; an empty cell makes
    /// the sum unknown, and so does a table with neither.
    fn sum_of_two(
        &self,
        record: &csv::StringRecord,
        columns: [&'static str; 2],
    ) -> Result<Option<i64>, RowFault> {
        let present = columns.into_iter().filter(|column| self.has_column(column));
        // All cells are read before any is added: a fault in the second is told as well.
        let cells: Vec<Option<i64>> =
            present.map(|column| self.whole_number(record, column)).collect::<Result<_, _>>()?;
        Ok(cells.into_iter().reduce(|a, b| a?.checked_add(b?)).flatten())
    }

    /// A figure: from its own column, or from those that some tables have in its place.
    fn figure(
        &self,
        record: &csv::StringRecord,
        quantity: StepQuantity,
        column: &'static str,
    ) -> Result<Option<i64>, RowFault> {
        match quantity {
            StepQuantity::Write if !self.has_column(column) => {
                self.sum_of_two(record, ["write_5m", "write_1h"])
            }
            // Such a column counts milliseconds.
            StepQuantity::Seconds if !self.has_column(column) => {
                Ok(self.whole_number(record, "time")?.map(|ms| ms / 1_000))
            }
            _ => self.whole_number(record, column),
        }
    }
}

/// The start of a foreign text.
fn shorten_text(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Reads a step table.
///
/// # Errors
/// What is no CSV, or lacks the pipeline or every figure.
pub(crate) fn read_step_table(bytes: &[u8]) -> Result<StepTable, StepTableError> {
    let StepTableParts { columns, ignored, rows, skips } =
        read_rows(bytes, |columns: &StepTableColumns| {
            let figures = StepQuantity::NAMED.map(|(_, name)| name);
            if !columns.has_column("pipeline") {
                return Err(StepTableError::Columns("'pipeline' (or 'pr')".to_owned()));
            }
            if !figures.iter().any(|name| columns.has_column(name)) {
                let names = figures.join("', '");
                return Err(StepTableError::Columns(format!("of figures ('{names}')")));
            }
            Ok(())
        })?;
    let mut absent: Vec<&str> = COLUMNS.iter().map(|(usual, _)| *usual).collect();
    absent.retain(|name| match *name {
        // Nobody misses what few tables have.
        "write_5m" | "write_1h" | "time" | "recipe" => false,
        "write" => !["write", "write_5m", "write_1h"].iter().any(|name| columns.has_column(name)),
        "seconds" => !columns.has_column("seconds") && !columns.has_column("time"),
        name => !columns.has_column(name),
    });
    Ok(StepTable { rows, ignored, absent, skips })
}

/// Reads a table of sizes: lines changed by pipeline.
///
/// # Errors
/// What is no CSV, or lacks one of the columns.
pub(crate) fn read_pipeline_sizes(bytes: &[u8]) -> Result<PipelineSizes, StepTableError> {
    let wanted = ["pipeline", "additions", "deletions"];
    let StepTableParts { rows, skips, .. } =
        read_rows(bytes, |columns| match wanted.iter().find(|name| !columns.has_column(name)) {
            Some(name) => Err(StepTableError::Columns(format!("'{name}'"))),
            None => Ok(()),
        })?;
    let lines = rows.into_iter().filter_map(|row| Some((row.pipeline, row.lines?))).collect();
    Ok(PipelineSizes { lines, skips })
}

/// What a table holds.
struct StepTableParts {
    columns: StepTableColumns,
    ignored: Vec<String>,
    rows: Vec<StepTableRow>,
    skips: Vec<(u64, RowFault)>,
}

/// Every row of a table that has the columns that are wanted, and what had to be skipped.
fn read_rows(
    bytes: &[u8],
    check_columns: impl Fn(&StepTableColumns) -> Result<(), StepTableError>,
) -> Result<StepTableParts, StepTableError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let headers = reader.headers().map_err(|error| StepTableError::Csv(error.to_string()))?.clone();
    let (columns, ignored) = StepTableColumns::from_headers(&headers);
    check_columns(&columns)?;
    let (mut rows, mut skips) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let position = match &record {
            Ok(record) => record.position(),
            Err(error) => error.position(),
        };
        let line = position.map_or(0, csv::Position::line);
        // With ragged rows allowed and no disk behind the bytes, an error is always about text.
        match record.map_err(|_| RowFault::NotUtf8).and_then(|record| {
            let (cells, wanted) = (record.len(), headers.len());
            if cells == wanted {
                parse_row(&columns, &record)
            } else {
                Err(RowFault::CellCount { cells, wanted })
            }
        }) {
            Ok(row) => rows.push(row),
            Err(fault) => skips.push((line, fault)),
        }
    }
    Ok(StepTableParts { columns, ignored, rows, skips })
}

fn parse_row(
    columns: &StepTableColumns,
    record: &csv::StringRecord,
) -> Result<StepTableRow, RowFault> {
    let pipeline = columns.cell_text(record, "pipeline").to_owned();
    if pipeline.is_empty() {
        return Err(RowFault::NoPipeline);
    }
    let (start_ms, end_ms) = (columns.time_ms(record, "start")?, columns.time_ms(record, "end")?);
    if start_ms.zip(end_ms).is_some_and(|(start, end)| end < start) {
        return Err(RowFault::EndBeforeStart);
    }
    let mut figures = StepFigures::default();
    for (cell, (quantity, column)) in figures.iter_mut().zip(StepQuantity::NAMED) {
        *cell = columns.figure(record, quantity, column)?;
    }
    Ok(StepTableRow {
        pipeline,
        step: columns.cell_text(record, "step").to_owned(),
        recipe: columns.cell_text(record, "recipe").to_owned(),
        start_ms,
        end_ms,
        lines: columns.sum_of_two(record, ["additions", "deletions"])?,
        figures,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_gaps_stay_gaps() {
        let csv = "Read,x,PR,step,deletions,additions,sessions,write_5m,merged_utc\n\
                   5,?,7,plan,1,2,,9,2026-04-14T05:20:00Z\n";
        let table = read_step_table(csv.as_bytes()).unwrap();
        let [row] = &table.rows[..] else { panic!("{table:?}") };
        assert_eq!((row.pipeline.as_str(), row.step.as_str(), row.lines), ("7", "plan", Some(3)));
        assert_eq!(row.end_ms, parse_ms(b"2026-04-14T05:20:00Z"));
        assert_eq!(row.figures, [None, Some(5), Some(9), None, None, None, None]);
        assert_eq!(table.ignored, ["x"]);
        assert_eq!(table.absent, ["start", "fresh", "output", "seconds", "calls"]);
    }

    #[test]
    fn bad_rows_are_skipped_with_their_lines() {
        let csv = "pr,read,started_utc,merged_utc\n\
                   ,5,,\n1,-5,,\n2,1.5,,\n3,5,yesterday,\n\
                   4,5,2026-04-14T06:00:00Z,2026-04-14T05:00:00Z\n5,6\n6,7,,\n";
        let table = read_step_table(csv.as_bytes()).unwrap();
        assert_eq!(table.rows.len(), 1);
        let told: Vec<String> =
            table.skips.iter().map(|(line, why)| format!("{line}: {why}")).collect();
        assert_eq!(
            told,
            [
                "2: pipeline is empty",
                "3: read is '-5', wanted a whole number from 0",
                "4: read is '1.5', wanted a whole number from 0",
                "5: start is 'yesterday', wanted a time like 2026-04-14T05:20:00Z",
                "6: end is before start",
                "7: 2 cells, wanted 4",
            ]
        );
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let refused = |csv: &str| read_step_table(csv.as_bytes()).unwrap_err().to_string();
        assert!(refused("").starts_with("no column 'pipeline' (or 'pr')"));
        assert!(refused("pr,step\n1,plan\n").starts_with("no column of figures ('fresh', 'read'"));
        let told = read_pipeline_sizes(b"pr,additions,deletions\n7,2,3\n8,,1\n9,x,1\n").unwrap();
        assert_eq!(told.lines, BTreeMap::from([("7".to_owned(), 5)]));
        assert_eq!(told.skips.len(), 1);
        assert!(read_pipeline_sizes(b"pr,additions\n").is_err());
    }
}
