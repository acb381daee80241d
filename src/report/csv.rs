//! Tables as CSV: raw values with their unit in the heading, nothing rounded.
//!
//! Tokens and milliseconds are integers, dollars and shares exact decimals, missing cells empty. A
//! column with room for ranges becomes two, `.._low_..` and `.._high_..`. One table is one file
//! with one header ([`table_to_csv`]): of a document its first table, which is the main one.
//! Headings, paragraphs, footnotes and pictures have no place in CSV and are left out.

use super::columns::ColumnValues;
use super::foreign_text::clean_foreign_text;
use super::format::format_for_machines;
use super::view::{CellContent, CellValue, TableCell, TableView};
use super::{OutputStyle, Renderer, ReportDocument};
use std::io;

/// The CSV format.
#[derive(Clone, Copy, Debug)]
pub struct CsvRenderer;

impl Renderer for CsvRenderer {
    fn id(&self) -> &'static str {
        "csv"
    }

    fn render(&self, document: &ReportDocument, _: OutputStyle) -> Vec<u8> {
        document.all_tables().next().map(|(_, view)| table_to_csv(view)).unwrap_or_default()
    }
}

/// One table as CSV: a header, then its rows.
#[must_use]
pub fn table_to_csv(view: &TableView) -> Vec<u8> {
    let header = table_headings(view);
    let rows = view.rows.iter().map(|row| row_fields(view, row));
    write_records(&header, rows)
}

/// Batches of columns as CSV, written as they come: a header, then the rows.
///
/// # Errors
/// What the sink says.
pub fn write_batches<W: io::Write>(
    sink: W,
    batches: impl Iterator<Item = Vec<(String, ColumnValues)>>,
) -> io::Result<W> {
    let mut writer = csv::Writer::from_writer(sink);
    for (at, batch) in batches.enumerate() {
        // Every batch brings the names along; the file has them once.
        if at == 0 {
            writer.write_record(batch.iter().map(|(name, _)| name))?;
        }
        let rows = batch.first().map_or(0, |(_, values)| values.len());
        for row in 0..rows {
            writer.write_record(batch.iter().map(|(_, values)| batch_field(values, row)))?;
        }
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn batch_field(values: &ColumnValues, row: usize) -> String {
    match values {
        ColumnValues::Flags(flags) => flags[row].to_string(),
        ColumnValues::Numbers(numbers) => numbers[row].to_string(),
        ColumnValues::OptionalNumbers(numbers) => {
            numbers[row].map(|known| known.to_string()).unwrap_or_default()
        }
        ColumnValues::Texts(texts) => text_field(&texts[row]),
    }
}

fn value_field(value: &CellValue) -> String {
    match value {
        CellValue::Text(words) => text_field(words),
        CellValue::Texts(list) => text_field(&list.join(", ")),
        number => format_for_machines(number),
    }
}

/// Foreign text as a field. A program for spreadsheets would compute what begins like a formula: an
/// apostrophe in front says that it is text.
fn text_field(text: &str) -> String {
    let text = clean_foreign_text(text);
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@']);
    if is_formula { format!("'{text}") } else { text.into_owned() }
}

/// The headings of a table; a heading that comes again gets a number.
fn table_headings(view: &TableView) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for column in &view.columns {
        for key in column.headings_for_programs() {
            // Headings that differ in signs alone are alike here: the later one gets a number.
            let numbered = (2..).map(|n| format!("{key}_{n}"));
            let mut names = std::iter::once(key.clone()).chain(numbered);
            let name = names.find(|name| !keys.contains(name)).expect("names never end");
            keys.push(name);
        }
    }
    keys
}

fn row_fields(view: &TableView, row: &[TableCell]) -> Vec<String> {
    let both = row.iter().zip(&view.columns);
    both.flat_map(|(cell, column)| {
        let (low, high) = match &cell.content {
            CellContent::Missing => (String::new(), String::new()),
            // One value in a column of ranges is both of its ends.
            CellContent::One(value) => (value_field(value), value_field(value)),
            CellContent::Range(low, high) => (value_field(low), value_field(high)),
        };
        if column.ranged { vec![low, high] } else { vec![low] }
    })
    .collect()
}

fn write_records(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = header.iter().map(|key| clean_foreign_text(key).into_owned()).collect();
    for line in std::iter::once(header).chain(rows) {
        writer.write_record(line).expect("a buffer takes every row of one length");
    }
    writer.into_inner().expect("a buffer can be flushed")
}

#[cfg(test)]
mod tests {
    use super::super::TableColumn;
    use super::super::tests::sample;
    use super::*;

    fn check(document: &ReportDocument, expect: &str) {
        let bytes = CsvRenderer.render(document, OutputStyle::default());
        assert_eq!(String::from_utf8(bytes).unwrap(), expect);
    }

    #[test]
    fn one_table_is_one_file() {
        check(
            &sample(),
            "step,read_tokens,claimed_low_tokens,claimed_high_tokens,share,cost_usd,time_ms\n\
             impl|ement `x`,9500000,5000000,6000000,0.4168,4.75,1375000\n\
             \"'=assess, \"\"two\"\" lines\",8000000,,,0.3509,,5040000\n\
             total,17500000,5000000,5000000,0.7677,,\n",
        );
    }

    #[test]
    fn of_several_tables_the_main_one_is_written() {
        let mut first =
            TableView::new("By step", vec![TableColumn::text("Step"), TableColumn::count("Calls")]);
        first.add_row(vec![TableCell::text("a"), TableCell::count(3)]);
        let mut second =
            TableView::new("By tool", vec![TableColumn::text("Tool"), TableColumn::count("Calls")]);
        second.add_row(vec![TableCell::text("Read"), TableCell::count(7)]);
        let mut document = ReportDocument::from(first);
        document.add_section(super::super::Section::new("").with_table(second));
        check(&document, "step,calls\na,3\n");
    }

    #[test]
    fn headings_end_with_their_unit() {
        for (column, expect) in [
            (TableColumn::text("Step"), "step"),
            (TableColumn::tokens("Read"), "read_tokens"),
            (TableColumn::tokens("Tokens saved"), "tokens_saved"),
            (TableColumn::money("Cost, alone"), "cost_alone_usd"),
            (TableColumn::duration("Time"), "time_ms"),
            (TableColumn::share("%"), "share"),
            (TableColumn::count("Calls"), "calls"),
        ] {
            assert_eq!(column.headings_for_programs(), [expect]);
        }
        let ranged = TableColumn { ranged: true, ..TableColumn::tokens("Claimed") };
        assert_eq!(ranged.headings_for_programs(), ["claimed_low_tokens", "claimed_high_tokens"]);
    }

    #[test]
    fn headings_that_come_again_are_numbered() {
        let columns =
            vec![TableColumn::count("n"), TableColumn::count("n"), TableColumn::count("n")];
        check(&TableView::new("t", columns).into(), "n,n_2,n_3\n");
    }
}
