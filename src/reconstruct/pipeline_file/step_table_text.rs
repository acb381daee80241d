//! A step table as somebody pasted it: columns known by their headings in any order, cells that are
//! figures, a total row. What cannot be read is told with its line.
//!
//! It may be Markdown, CSV, or what a browser copies of a page, cells with blanks between them.

use super::super::figure::{Figure, FigureUnit};
use crate::quantity::QuantityKind;
use crate::toml_reader::nearest_name_hint;

/// A column that a step table may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PastedColumn {
    /// The key of a step that it fills.
    pub key: &'static str,
    /// What its cells hold; nothing for the names of steps.
    pub kind: Option<QuantityKind>,
    /// Headings that mean it, in small letters and digits alone.
    headings: &'static [&'static str],
}

const fn column(
    key: &'static str,
    kind: Option<QuantityKind>,
    headings: &'static [&'static str],
) -> PastedColumn {
    PastedColumn { key, kind, headings }
}

/// Every column, in the order in which a file has its keys.
pub(super) const COLUMNS: [PastedColumn; 9] = [
    column("step", None, &["step", "stage", "phase", "task", "skill", "agent", "name"]),
    column(
        "fresh",
        Some(QuantityKind::Tokens),
        &["fresh", "uncached", "input", "in", "uncachedinput", "freshinput"],
    ),
    column("output", Some(QuantityKind::Tokens), &["output", "out"]),
    column(
        "read",
        Some(QuantityKind::Tokens),
        &["read", "reads", "cacheread", "cachereads", "cachereadinput", "cached", "cachedinput"],
    ),
    column(
        "write",
        Some(QuantityKind::Tokens),
        &["write", "writes", "cachewrite", "cachewrites", "cachecreation", "cachecreationinput"],
    ),
    column("write_5m", Some(QuantityKind::Tokens), &["write5m", "cachewrite5m"]),
    column("write_1h", Some(QuantityKind::Tokens), &["write1h", "cachewrite1h"]),
    column(
        "sessions",
        Some(QuantityKind::Count),
        &["sessions", "session", "count", "runs", "invocations", "n"],
    ),
    column(
        "time",
        Some(QuantityKind::Duration),
        &["time", "duration", "elapsed", "wall", "walltime", "seconds", "timems"],
    ),
];

/// Headings of such tables that no file of published totals has a place for.
const UNUSED: [&str; 9] =
    ["peakctx", "peakread", "peakcontext", "turns", "calls", "records", "model", "cost", "usd"];

/// What stands in a cell without a figure.
const EMPTY: [&str; 6] = ["", "-", "\u{2013}", "\u{2014}", "n/a", "?"];

/// Names of the last row.
const TOTALS: [&str; 5] = ["total", "totals", "sum", "all", "overall"];

/// A row: the text of each figure by the key that it fills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PastedRow {
    pub step: String,
    pub figures: Vec<(&'static str, String)>,
}

/// A step table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PastedTable {
    pub rows: Vec<PastedRow>,
    pub total: Option<PastedRow>,
    /// What could not be read or does not add up, each with its line.
    pub notes: Vec<String>,
}

/// A text that is no step table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoStepTable {
    /// No line names the columns.
    #[error(
        "no step table: wanted a line of headings, e.g. | step | input | output | cache read | \
         cache write | count | time |, as Markdown or CSV"
    )]
    Headings,
    /// Headings and nothing below them that can be read.
    #[error("line {line}: no row below these headings can be read")]
    Rows {
        /// The line of the headings.
        line: usize,
    },
}

/// A line of cells.
struct CellLine {
    line: usize,
    cells: Vec<String>,
}

/// Reads a table from a text around it, if need be.
pub(super) fn read_step_table(text: &str) -> Result<PastedTable, NoStepTable> {
    let layouts: [fn(&str) -> Vec<CellLine>; 3] = [markdown_lines, csv_lines, lines_of_a_page];
    let found = layouts.iter().find_map(|lines_of| {
        let lines = lines_of(text);
        let head = lines.iter().position(is_heading)?;
        Some((lines, head))
    });
    let Some((lines, head)) = found else { return Err(NoStepTable::Headings) };
    let mut table = PastedTable::default();
    let columns = read_headings(&lines[head], &mut table.notes);
    let mut last = lines[head].line;
    for line in &lines[head + 1..] {
        // Where lines are missing the table is over: what follows is another one, or text. The rule
        // under the headings is one line that is not here.
        if line.line > last + 2 {
            break;
        }
        last = line.line;
        if line.cells.len() != lines[head].cells.len() {
            table.notes.push(format!(
                "line {}: {} cells, wanted {}: left out",
                line.line,
                line.cells.len(),
                lines[head].cells.len()
            ));
            continue;
        }
        read_row(line, &columns, &mut table);
    }
    if table.rows.is_empty() {
        return Err(NoStepTable::Rows { line: lines[head].line });
    }
    for key in ["fresh", "output", "read", "write"] {
        if !columns.iter().flatten().any(|(column, _)| column.key.starts_with(key)) {
            table.notes.push(format!("the table has no column for '{key}': fill it in"));
        }
    }
    check_total(&mut table);
    Ok(table)
}

/// Whether a line names steps and figures, and little else: the headings, whatever stands above.
fn is_heading(line: &CellLine) -> bool {
    let found = line.cells.iter().filter_map(|cell| find_column(cell));
    let keys: Vec<&str> = found.map(|column| column.key).collect();
    keys.contains(&"step") && keys.len() > 1 && 2 * keys.len() >= line.cells.len()
}

/// Lines of a Markdown table; others, and the rules under headings, are passed over.
fn markdown_lines(text: &str) -> Vec<CellLine> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let Some(inner) = line.strip_prefix('|') else { continue };
        let inner = inner.strip_suffix('|').unwrap_or(inner);
        // A stroke within a cell is written `\|`.
        let inner = inner.replace("\\|", "\u{0}");
        let cells: Vec<String> = inner.split('|').map(plain_cell).collect();
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c)));
        if !is_rule {
            lines.push(CellLine { line: index + 1, cells });
        }
    }
    lines
}

/// A cell without what only makes it bold or code.
fn plain_cell(cell: &str) -> String {
    cell.replace('\u{0}', "|").trim().trim_matches(['*', '`', '_']).trim().to_owned()
}

/// Records of a CSV text, of the delimiter that its first line has most of.
fn csv_lines(text: &str) -> Vec<CellLine> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |byte: &u8| first.bytes().filter(|b| b == byte).count();
    let delimiter = *b",;\t".iter().max_by_key(|byte| count(byte)).unwrap_or(&b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records().flatten() {
        let line = record.position().map_or(0, csv::Position::line);
        let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
        // Without a delimiter a line is one of text.
        if cells.len() > 1 {
            lines.push(CellLine { line: usize::try_from(line).unwrap_or(0), cells });
        }
    }
    lines
}

/// Lines of words, of which those with as many cells as the headings are rows: a browser copies a
/// table with blanks between its cells.
fn lines_of_a_page(text: &str) -> Vec<CellLine> {
    let lines = text.lines().enumerate().map(|(index, line)| {
        let mut cells: Vec<String> = Vec::new();
        for word in line.split_whitespace() {
            // `6m 18s` and `9.5 M` are one cell.
            let joined = cells.last().map(|last| format!("{last} {word}"));
            let is_one = joined.as_deref().is_some_and(|it| Figure::parse(it).is_ok());
            match (joined, cells.last_mut()) {
                (Some(joined), Some(last)) if is_one => *last = joined,
                _ => cells.push(word.to_owned()),
            }
        }
        CellLine { line: index + 1, cells }
    });
    let mut lines: Vec<CellLine> = lines.filter(|line| line.cells.len() > 1).collect();
    let Some(head) = lines.iter().position(is_heading) else { return Vec::new() };
    let wide = lines[head].cells.len();
    let end = lines[head..].iter().position(|line| line.cells.len() != wide);
    lines.truncate(end.map_or(lines.len(), |rows| head + rows));
    lines.split_off(head)
}

/// A heading in small letters and digits alone, without the word that all of them may have.
fn plain_heading(heading: &str) -> String {
    let plain: String = heading.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    match plain.strip_suffix("tokens") {
        Some(rest) if !rest.is_empty() => rest.to_owned(),
        _ => plain,
    }
}

fn find_column(heading: &str) -> Option<PastedColumn> {
    let heading = plain_heading(heading);
    COLUMNS.into_iter().find(|column| column.headings.contains(&heading.as_str()))
}

/// What each column fills, and its heading; nothing where it fills nothing.
type FoundColumns = Vec<Option<(PastedColumn, String)>>;

fn read_headings(line: &CellLine, notes: &mut Vec<String>) -> FoundColumns {
    let mut found: FoundColumns = Vec::with_capacity(line.cells.len());
    for heading in &line.cells {
        let column = find_column(heading);
        // Of two columns that mean the same the first counts.
        let column = column
            .filter(|column| !found.iter().flatten().any(|(known, _)| known.key == column.key));
        let plain = plain_heading(heading);
        if column.is_none() && !plain.is_empty() {
            let near = if UNUSED.contains(&plain.as_str()) {
                String::new()
            } else {
                nearest_name_hint(&plain, COLUMNS.iter().flat_map(|it| it.headings).copied())
            };
            notes.push(format!("line {}: column '{heading}' is not used{near}", line.line));
        }
        found.push(column.map(|column| (column, plain)));
    }
    found
}

fn read_row(line: &CellLine, columns: &FoundColumns, table: &mut PastedTable) {
    let mut row = PastedRow::default();
    for (cell, column) in line.cells.iter().zip(columns) {
        let Some((column, heading)) = column else { continue };
        let Some(kind) = column.kind else {
            row.step.clone_from(cell);
            continue;
        };
        if EMPTY.contains(&cell.to_lowercase().as_str()) {
            continue;
        }
        let bare = cell.bytes().all(|b| b.is_ascii_digit());
        let text = match (kind, heading.as_str()) {
            (QuantityKind::Duration, "seconds") if bare => format!("{cell}s"),
            (QuantityKind::Duration, "timems") if bare => format!("{cell}ms"),
            _ => cell.clone(),
        };
        if fits(&text, kind) {
            row.figures.push((column.key, text));
        } else {
            table.notes.push(format!(
                "line {}: {} is '{cell}', wanted {}{}: left out",
                line.line,
                column.key,
                kind.wanted_text(),
                kind.way_out(cell)
            ));
        }
    }
    add_up_writes(&mut row);
    if row.step.is_empty() || row.figures.is_empty() {
        table.notes.push(format!("line {}: no step and figures: left out", line.line));
    } else if TOTALS.contains(&plain_heading(&row.step).as_str()) {
        table.total = Some(row);
    } else {
        name_once(&mut row, line.line, table);
        table.rows.push(row);
    }
}

fn fits(text: &str, kind: QuantityKind) -> bool {
    Figure::parse(text).is_ok_and(|figure| match kind {
        QuantityKind::Duration => figure.unit == FigureUnit::Time,
        _ => figure.unit == FigureUnit::Count,
    })
}

/// Writes by lifetime as one figure: published totals know no lifetimes.
fn add_up_writes(row: &mut PastedRow) {
    let is_part = |key: &str| key == "write_5m" || key == "write_1h";
    let parts = row.figures.iter().filter(|(key, _)| is_part(key));
    let values: Vec<i64> =
        parts.filter_map(|(_, text)| Figure::parse(text).ok()).map(|it| it.value()).collect();
    row.figures.retain(|(key, _)| !is_part(key));
    if !values.is_empty() && row.figures.iter().all(|(key, _)| *key != "write") {
        row.figures.push(("write", values.iter().sum::<i64>().to_string()));
    }
}

/// Steps are told apart by their names.
fn name_once(row: &mut PastedRow, line: usize, table: &mut PastedTable) {
    let name = row.step.clone();
    let mut number = 2;
    while table.rows.iter().any(|known| known.step == row.step) {
        row.step = format!("{name}-{number}");
        number += 1;
    }
    if row.step != name {
        let renamed = &row.step;
        table.notes.push(format!("line {line}: step '{name}' again: it is called '{renamed}'"));
    }
}

/// Says where the total row is not the sum of the others, beyond the rounding of its figures.
fn check_total(table: &mut PastedTable) {
    let Some(total) = &table.total else { return };
    let mut off = Vec::new();
    for (key, printed) in &total.figures {
        let Ok(printed) = Figure::parse(printed) else { continue };
        let cells = table.rows.iter().map(|row| {
            let cell = row.figures.iter().find(|(known, _)| known == key)?;
            Figure::parse(&cell.1).ok()
        });
        // A column with a gap has no sum.
        let Some(cells) = cells.collect::<Option<Vec<Figure>>>() else { continue };
        let sum: i64 = cells.iter().map(Figure::value).sum();
        let slack: i64 = cells.iter().map(|cell| cell.half_unit).sum::<i64>() + printed.half_unit;
        if (sum - printed.value()).abs() > slack {
            let (unit, text) =
                (if printed.unit == FigureUnit::Time { " ms" } else { "" }, &printed.text);
            off.push(format!("the total of '{key}' is {text}, its rows add up to {sum}{unit}"));
        }
    }
    table.notes.extend(off);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PULL_REQUEST: &str = "## Token usage\n\n\
        | Step | Count | uncached | output | cache_read | peak_ctx | turns | cache_write | time |\n\
        |------|------:|---|---|---|---|---|---|---|\n\
        | **plan** | 1 | 5.5k | 10.7k | 870.9k | 90k | 38 | 58.4k | 6m 18s |\n\
        | implement | 2 | 119 | 46.6k | 9.5 M | 1 | 2 | 130.7k | 22m55s |\n\
        | review | 1 | \u{2014} | 1m | 12 | 1 | 2 | 3 | 777 |\n\
        | **Total** | 4 | 5.6k | 57.3k | 20M | 1 | 2 | 189.1k | 29m 13s |\n\ntext\n";

    #[test]
    fn columns_are_known_by_their_headings() {
        let table = read_step_table(PULL_REQUEST).unwrap();
        let steps: Vec<&str> = table.rows.iter().map(|row| row.step.as_str()).collect();
        assert_eq!(steps, ["plan", "implement", "review"]);
        assert_eq!(table.rows[1].figures[3], ("read", "9.5 M".to_owned()));
        assert_eq!(table.total.as_ref().unwrap().figures[0], ("sessions", "4".to_owned()));
        let notes = table.notes.join("\n");
        for words in [
            "line 3: column 'peak_ctx' is not used",
            "line 7: output is '1m', wanted tokens",
            "a million is \"1M\"",
            "line 7: time is '777', wanted a time",
            "the total of 'read' is 20M, its rows add up to 10370912",
        ] {
            assert!(notes.contains(words), "{words}: {notes}");
        }
        // A column with a gap is not added up.
        assert!(!notes.contains("'fresh'"), "{notes}");
    }

    #[test]
    fn the_same_table_as_csv() {
        let csv = "time;Cache Read;Stage;input tokens;cacheread;output\n\
                   6m 18s;\"870,9\";plan;5.5k;1;10\n12s;1,000;plan;1;1;x\n";
        let table = read_step_table(csv).unwrap();
        assert_eq!(table.rows[1].step, "plan-2");
        assert_eq!(table.rows[1].figures[1], ("read", "1,000".to_owned()));
        let notes = table.notes.join("\n");
        assert!(notes.contains("line 2: read is '870,9'"), "{notes}");
        assert!(notes.contains("column 'cacheread' is not used"), "{notes}");
        assert!(notes.contains("no column for 'write'"), "{notes}");
        let own = "step,write_5m_tokens,write_1h_tokens,read_tokens,fresh,output,time_ms\n\
                   a,1,2,3,4,5,1500\n";
        let row = read_step_table(own).unwrap().rows.remove(0);
        assert!(row.figures.contains(&("write", "3".to_owned())), "{row:?}");
        assert!(row.figures.contains(&("time", "1500ms".to_owned())), "{row:?}");
    }

    #[test]
    fn the_same_table_as_a_browser_copies_it() {
        let page = "Per-Step Breakdown (of a page)\n\nStep uncached output cache_read cache_write \
                    count time\nplan 5.5k 10.7k 870.9k 58.4k 1 6m 18s\n\
                    build 119 46.6k 9.5 M 130.7k 1 1h 24m\n\
                    Total 5.6k 57.3k 10.4M 189.1k 2 1h 30m\n\nFull Session Inventory\n\n\
                    Session ID Step API Calls\n";
        let table = read_step_table(page).unwrap();
        assert_eq!((table.rows.len(), table.notes.len()), (2, 0), "{:?}", table.notes);
        assert_eq!(table.rows[1].figures[2], ("read", "9.5 M".to_owned()));
        assert_eq!(table.rows[1].figures[5], ("time", "1h 24m".to_owned()));
        assert!(table.total.is_some());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for text in ["", "hello\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "a,b\n1,2\n"] {
            assert_eq!(read_step_table(text), Err(NoStepTable::Headings), "{text}");
        }
        let bare = "| step | read |\n|---|---|\n";
        assert_eq!(read_step_table(bare), Err(NoStepTable::Rows { line: 1 }));
    }
}
