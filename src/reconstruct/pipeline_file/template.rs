//! A new file of published totals: commented, with the steps of a pasted table or with examples.

use super::pipeline_keys::PIPELINE;
use super::step_table_text::{COLUMNS, NoStepTable, PastedRow, PastedTable, read_step_table};
use crate::reconstruct::reported::SCHEMA;
use std::fmt::Write as _;

/// A new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPipelineFile {
    /// Its text.
    pub toml: String,
    /// How many steps it has.
    pub steps: usize,
    /// What of the table could not be read, does not add up or was left out.
    pub notes: Vec<String>,
}

/// What can be said below the table of steps, as examples behind a comment sign.
const OPTIONAL: &str = r#"
# Sessions one by one, where somebody published them. `counts` above says what `calls` counts.
# [inventory]
# rows = [
#   { id = "14b6a3bc", step = "plan", calls = 19, read = "870.9k", output = "10.7k" },
# ]

# Single figures that a text states. start-context is what a session begins with.
# [[statements]]
# id = "start-context"
# value = "~12K"
# text = "system prompt and tools at the start of every session"

# What one toggle is said to save; `windtunnel list` names the toggles. Metrics: read (cache reads),
# tokens, calls, records. A share is one of the whole: saving = "30 %".
# [[claims]]
# toggle = "R1"
# metric = "read"
# saving = "2M"
# range = "1-3M"

# What several toggles are said to do together: from before to what is left.
# [[combined]]
# id = "plan-read"
# step = "plan"
# metric = "read"
# toggles = ["R1", "R2"]
# from = "870.9k"
# to = "~400k"

# What is known to have happened. `at` is the share of the session's calls made before it.
# [[events]]
# kind = "test_run"
# session = "14b6a3bc"
# result = "failed"
# chars = "10k"
# at = "80 %"

# Where the figures come from. Name a document here, and write source = "pr" in the table of the
# steps, the inventory, a statement or a claim. What has no source is said to be your own.
# [[documents]]
# id = "pr"
# title = "the pull request"
"#;

/// Writes a new file; `table` is what was pasted, if anything was.
///
/// # Errors
/// A text that is no step table.
pub fn write_new_pipeline(table: Option<&str>) -> Result<NewPipelineFile, NoStepTable> {
    let table = table.map_or_else(|| Ok(example_table()), read_step_table)?;
    let mut toml = String::from(
        "#:schema ./pipeline.schema.json\n\
         # Published totals of a pipeline. The line above lets an editor check this file, once\n\
         # the schema lies beside it: windtunnel schema new pipeline > pipeline.schema.json\n\
         # Figures may be typed as they were printed: 45276, \"45,276\", \"870.9k\", \"9.5 M\", \
         \"~5.1M\",\n# \"12-14M\"; times \"12m57s\", \"1h 24m\"; shares \"30 %\" or 0.3.\n\n",
    );
    let _ = writeln!(toml, "schema = {}", quote(SCHEMA));
    for (key, example) in [
        ("title", "\"what the work was\""),
        ("pull_request", "\"783\""),
        ("day", "2026-04-13"),
        ("counts", "\"records\""),
    ] {
        let meaning = PIPELINE.keys.iter().find(|it| it.name == key).map_or("", |it| it.meaning);
        toml.push('\n');
        write_comment(&mut toml, meaning);
        let _ = writeln!(toml, "# {key} = {example}");
    }
    toml.push_str("\n[steps]\n");
    write_steps(&mut toml, &table);
    toml.push_str(OPTIONAL);
    Ok(NewPipelineFile { toml, steps: table.rows.len(), notes: table.notes })
}

/// What a file holds before anything was pasted.
fn example_table() -> PastedTable {
    let text = "step,fresh,output,read,write,sessions,time\n\
                plan,5.5k,10.7k,870.9k,58.4k,1,6m 18s\n\
                implement,119,46.6k,9.5M,130.7k,1,22m 55s\n";
    let mut table = read_step_table(text).unwrap_or_default();
    table.notes.push("the steps in it are examples: put your own in their place".to_owned());
    table
}

/// Rows with their columns below each other, and the total row.
fn write_steps(toml: &mut String, table: &PastedTable) {
    write_comment(
        toml,
        "One row a step, in the order in which they ran. fresh: input beside the cache; read and \
         write: input read from the cache and put into it; sessions: 1 unless given.",
    );
    let rows: Vec<Vec<String>> = table.rows.iter().map(row_cells).collect();
    let mut wide = vec![0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in wide.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    toml.push_str("rows = [\n");
    for row in &rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&wide).filter(|(_, width)| **width > 0) {
            let gap = width - cell.chars().count();
            let _ = write!(line, "{cell}{}", " ".repeat(gap + 1));
        }
        // The last cell of a row has no comma.
        let line = line.trim_end();
        let _ = writeln!(toml, "  {{ {} }},", line.strip_suffix(',').unwrap_or(line));
    }
    toml.push_str("]\n");
    if let Some(total) = &table.total {
        write_comment(toml, "The last row as printed: `audit` holds it against the sums.");
        let cells: Vec<String> = figure_cells(total).into_iter().flatten().collect();
        let cells = cells.join(" ");
        let _ = writeln!(toml, "total = {{ {} }}", cells.strip_suffix(',').unwrap_or(&cells));
    }
}

/// `key = "figure",` for each column of a row; empty where it has no figure.
fn row_cells(row: &PastedRow) -> Vec<String> {
    let step = format!("step = {},", quote(&row.step));
    let figures = figure_cells(row).into_iter().map(Option::unwrap_or_default);
    std::iter::once(step).chain(figures).collect()
}

fn figure_cells(row: &PastedRow) -> Vec<Option<String>> {
    let figure = |key: &str| row.figures.iter().find(|(known, _)| *known == key);
    let cells = COLUMNS
        .iter()
        .skip(1)
        .map(|column| figure(column.key).map(|(key, text)| format!("{key} = {},", quote(text))));
    cells.collect()
}

/// A string in quotes, on one line. What JSON escapes TOML reads; DEL it wants escaped, too.
fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

/// Columns of a comment with its sign.
const COMMENT_WIDTH: usize = 99;

fn write_comment(toml: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > COMMENT_WIDTH {
            let _ = writeln!(toml, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(toml, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconstruct::ReportedPipeline;

    /// Every comment that stands for a key, live.
    fn with_everything(toml: &str) -> String {
        let live = |line: &str| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with(['[', ']']) || rest.starts_with("  {") => {
                rest.to_owned()
            }
            Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
                rest.to_owned()
            }
            _ => line.to_owned(),
        };
        toml.lines().map(|line| live(line) + "\n").collect()
    }

    #[test]
    fn a_new_file_is_read_and_so_is_all_that_it_offers() {
        let new = write_new_pipeline(None).unwrap();
        let read = ReportedPipeline::parse_toml("new.toml", &new.toml).expect(&new.toml);
        assert_eq!((read.name.as_str(), read.steps.rows.len(), new.steps), ("new", 2, 2));
        let all = with_everything(&new.toml);
        let read = ReportedPipeline::parse_toml("new.toml", &all).unwrap_or_else(|e| panic!("{e}"));
        let counts = [read.claims.len(), read.combined.len(), read.events.len()];
        assert_eq!(counts, [1, 1, 1], "{all}");
        assert_eq!(read.inventory.unwrap().rows.len(), 1);
        let mut comments = new.toml.lines().filter(|line| line.starts_with('#'));
        assert!(comments.all(|line| line.chars().count() <= 100), "{}", new.toml);
    }

    #[test]
    fn a_pasted_table_is_the_file() {
        let table = "| Step | cache read | uncached | output | cache write | time |\n\
                     |-|-|-|-|-|-|\n| a \"b\" | 870.9k | 1 | 2 | 3 | 1h 2m |\n\
                     | c | 1M | 12 | 2 | 3 | - |\n\
                     | Total | 1.9M | 13 | 4 | 6 | 1h 2m |\n";
        let new = write_new_pipeline(Some(table)).unwrap();
        assert!(new.notes.is_empty(), "{:?}", new.notes);
        let read = ReportedPipeline::parse_toml("new.toml", &new.toml).expect(&new.toml);
        assert_eq!(read.steps.rows[0].step, "a \"b\"");
        assert_eq!(read.steps.rows[1].read.value(), 1_000_000);
        assert_eq!(read.steps.rows[1].time, None);
        assert_eq!(read.steps.total.read.map(|it| it.value()), Some(1_900_000));
    }
}
