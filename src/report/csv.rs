//! Tables as CSV: raw values with their unit in the heading, nothing rounded.
//!
//! Tokens and milliseconds are integers, dollars and shares exact decimals, missing cells empty. A
//! column with room for ranges becomes two, `.._low_..` and `.._high_..`. One table is one file
//! with one header ([`view`]). A document of several tables is still one rectangle: the columns of
//! all tables in order of appearance, and a first column `view` that names the table of a row.
//! Headings, paragraphs, footnotes and pictures have no place in CSV and are left out.

use super::columns::Values;
use super::format::{clean, raw};
use super::view::{Cell, Column, Content, Kind, View};
use super::{Document, Render, Style};
use std::io;

/// The CSV format.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

impl Render for Csv {
    fn id(&self) -> &'static str {
        "csv"
    }

    fn render(&self, document: &Document, _: Style) -> Vec<u8> {
        let views: Vec<&View> = document.views().map(|(_, view)| view).collect();
        match views[..] {
            [] => Vec::new(),
            [one] => view(one),
            _ => merged(&views),
        }
    }
}

/// One table as CSV: a header, then its rows.
#[must_use]
pub fn view(view: &View) -> Vec<u8> {
    let header = keys(view);
    let rows = view.rows.iter().map(|row| fields(view, row));
    write(&header, rows)
}

/// Several tables as one rectangle.
fn merged(views: &[&View]) -> Vec<u8> {
    let mut header = vec!["view".to_owned()];
    for key in views.iter().flat_map(|view| keys(view)) {
        if !header.contains(&key) {
            header.push(key);
        }
    }
    let rows = views.iter().flat_map(|view| {
        let at: Vec<usize> = keys(view)
            .iter()
            .map(|key| header.iter().position(|other| other == key).expect("key in the header"))
            .collect();
        let width = header.len();
        view.rows.iter().map(move |row| {
            let mut line = vec![String::new(); width];
            line[0] = slug(&view.title);
            for (at, field) in at.iter().zip(fields(view, row)) {
                line[*at] = field;
            }
            line
        })
    });
    write(&header, rows)
}

/// Batches of columns as CSV, written as they come: a header, then the rows.
///
/// # Errors
/// What the sink says.
pub fn stream<W: io::Write>(
    sink: W,
    batches: impl Iterator<Item = Vec<(&'static str, Values)>>,
) -> io::Result<W> {
    let mut writer = csv::Writer::from_writer(sink);
    for (at, batch) in batches.enumerate() {
        if at == 0 {
            writer.write_record(batch.iter().map(|(name, _)| name))?;
        }
        let rows = batch.first().map_or(0, |(_, values)| values.len());
        for row in 0..rows {
            writer.write_record(batch.iter().map(|(_, values)| field(values, row)))?;
        }
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn field(values: &Values, row: usize) -> String {
    match values {
        Values::Flags(flags) => flags[row].to_string(),
        Values::Numbers(numbers) => numbers[row].to_string(),
        Values::Known(numbers) => numbers[row].map(|known| known.to_string()).unwrap_or_default(),
        Values::Texts(texts) => clean(&texts[row]).into_owned(),
    }
}

/// The headings of a table; a heading that comes again gets a number.
fn keys(view: &View) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for column in &view.columns {
        for key in keys_of(column) {
            let again = |name: &String| keys.contains(name);
            let numbered = (2..).map(|n| format!("{key}_{n}"));
            let mut names = std::iter::once(key.clone()).chain(numbered);
            let name = names.find(|name| !again(name)).expect("names never end");
            keys.push(name);
        }
    }
    keys
}

fn keys_of(column: &Column) -> Vec<String> {
    let ends: &[&str] = if column.ranged { &["low", "high"] } else { &[""] };
    ends.iter().map(|end| key(column, end)).collect()
}

/// The heading of a column, or of one end of its ranges: lower case, words joined by `_`, the unit
/// last unless the words already name it.
fn key(column: &Column, end: &str) -> String {
    let unit = match column.kind {
        Kind::Tokens => "tokens",
        Kind::Money => "usd",
        Kind::Duration => "ms",
        Kind::Share => "share",
        Kind::Text | Kind::Count | Kind::Number | Kind::Mixed => "",
    };
    let mut words = vec![slug(&column.heading), end.to_owned()];
    if !words[0].split('_').any(|word| word == unit) {
        words.push(unit.to_owned());
    }
    words.retain(|word| !word.is_empty());
    words.join("_")
}

/// Lower case words of letters and digits, joined by `_`.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

fn fields(view: &View, row: &[Cell]) -> Vec<String> {
    let both = row.iter().zip(&view.columns);
    both.flat_map(|(cell, column)| {
        let (low, high) = match &cell.content {
            Content::Missing => (String::new(), String::new()),
            Content::One(value) => (raw(value), raw(value)),
            Content::Range(low, high) => (raw(low), raw(high)),
        };
        if column.ranged { vec![low, high] } else { vec![low] }
    })
    .collect()
}

fn write(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = header.iter().map(|key| clean(key).into_owned()).collect();
    for line in std::iter::once(header).chain(rows) {
        writer.write_record(line).expect("a buffer takes every row of one length");
    }
    writer.into_inner().expect("a buffer can be flushed")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn check(document: &Document, expect: &str) {
        let bytes = Csv.render(document, Style::default());
        assert_eq!(String::from_utf8(bytes).unwrap(), expect);
    }

    #[test]
    fn one_table_is_one_file() {
        check(
            &sample(),
            "step,read_tokens,claimed_low_tokens,claimed_high_tokens,share,cost_usd,time_ms\n\
             impl|ement `x`,9500000,5000000,6000000,0.4168,4.75,1375000\n\
             \"=assess, \"\"two\"\" lines\",8000000,,,0.3509,,5040000\n\
             total,17500000,5000000,5000000,0.7677,,\n",
        );
    }

    #[test]
    fn several_tables_are_one_rectangle() {
        let mut first = View::new("By step", vec![Column::text("Step"), Column::count("Calls")]);
        first.row(vec![Cell::text("a"), Cell::count(3)]);
        let mut second = View::new("By tool", vec![Column::text("Tool"), Column::count("Calls")]);
        second.row(vec![Cell::text("Read"), Cell::count(7)]);
        let mut document = Document::from(first);
        document.section(super::super::Section::new("").table(second));
        check(&document, "view,step,calls,tool\nby_step,a,3,\nby_tool,,7,Read\n");
    }

    #[test]
    fn headings_end_with_their_unit() {
        for (column, expect) in [
            (Column::text("Step"), "step"),
            (Column::tokens("Read"), "read_tokens"),
            (Column::tokens("Tokens saved"), "tokens_saved"),
            (Column::money("Cost, alone"), "cost_alone_usd"),
            (Column::duration("Time"), "time_ms"),
            (Column::share("%"), "share"),
            (Column::count("Calls"), "calls"),
        ] {
            assert_eq!(key(&column, ""), expect);
        }
        assert_eq!(key(&Column::tokens("Claimed"), "low"), "claimed_low_tokens");
    }

    #[test]
    fn headings_that_come_again_are_numbered() {
        let columns = vec![Column::count("n"), Column::count("n"), Column::count("n")];
        check(&View::new("t", columns).into(), "n,n_2,n_3\n");
    }
}
