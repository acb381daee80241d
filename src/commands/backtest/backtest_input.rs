//! One input: a step table, or anything that is a recording.

use super::super::session_selection::select_sessions;
use super::super::{AtPlace, Audience, CommandError, LoadOptions, Messages, load};
use crate::import::step_table;
use crate::recording::{Recording, hex_prefix};
use crate::report::show::backtest::BacktestSource;
use crate::scenario::{Scenario, SessionSelection};
use crate::store;
use crate::study::backtest::pipeline_figures::{self, PipelineFigures, StepTableRow};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// An input, read.
pub struct BacktestInput {
    name: String,
    digest: [u8; 32],
    rows: Vec<StepTableRow>,
    recording: Option<Recording>,
    skips: Vec<String>,
    skip_count: u64,
    notes: Vec<String>,
    messages: Messages,
}

/// Reads an argument.
pub fn read_input(
    input: &str,
    selection: &SessionSelection,
    strict: bool,
) -> Result<BacktestInput, CommandError> {
    let path = Path::new(input);
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        if !selection.selects_everything() {
            let problem = "sessions are selected, and a step table names none";
            return Err(CommandError::argument(input, problem)
                .with_hint("leave the selection out, or narrow the look with --window"));
        }
        return read_step_table(input, strict);
    }
    // Nothing is toggled: a look back reads what happened.
    let lens = Scenario::with_toggles(&[]).lens;
    let options = LoadOptions { lens, strict, audience: Audience::Anybody };
    let loaded = select_sessions(load::load_recording(input, options)?, selection)?;
    let messages = loaded.stderr_messages();
    // In the shape of a step table, so that one look back serves both.
    Ok(BacktestInput {
        name: loaded.recording().name.clone(),
        digest: loaded.recording().recording_digest(),
        rows: pipeline_figures::step_table_from_recording(loaded.recording()),
        skips: loaded.import.skips.iter().map(ToString::to_string).collect(),
        skip_count: loaded.import.skip_counts.total(),
        notes: loaded.import.notes.clone(),
        recording: Some(loaded.source.into_recording()),
        messages,
    })
}

fn read_step_table(input: &str, strict: bool) -> Result<BacktestInput, CommandError> {
    let path = Path::new(input);
    let bytes = store::read_file(path)?;
    let table = step_table::read_step_table(&bytes).at(input)?;
    // Strict is to stop at the first row that cannot be read; else rows are skipped and counted.
    if let (true, Some((line, why))) = (strict, table.skips.first()) {
        return Err(CommandError::content(input, format!("line {line}: {why}")));
    }
    let skips: Vec<String> =
        table.skips.iter().map(|(line, why)| format!("line {line}: {why}")).collect();
    // Columns are optional; what is absent narrows the metrics, and what is unknown may be a
    // misspelling, so both are told.
    let mut notes = Vec::new();
    if !table.absent.is_empty() {
        notes.push(format!("columns that are not there: {}", table.absent.join(", ")));
    }
    if !table.ignored.is_empty() {
        notes.push(format!("columns that mean nothing here: {}", table.ignored.join(", ")));
    }
    let name = store::base_name(path);
    let messages = match skips.first() {
        None => Messages::default(),
        Some(first) => Messages::of_line(format!(
            "{name}: {} rows skipped, first: {first} (all of them: --format json)",
            skips.len()
        )),
    };
    Ok(BacktestInput {
        name,
        digest: Sha256::digest(&bytes).into(),
        rows: table.rows,
        recording: None,
        skip_count: skips.len() as u64,
        skips,
        notes,
        messages,
    })
}

/// Lines changed by pipeline.
pub fn read_sizes(path: &Path) -> Result<BTreeMap<String, i64>, CommandError> {
    let sizes = step_table::read_pipeline_sizes(&store::read_file(path)?).at(path.display())?;
    // A size that was meant and cannot be read would bend every adjusted figure.
    match sizes.skips.first() {
        Some((line, why)) => {
            Err(CommandError::content(path.display(), format!("line {line}: {why}")))
        }
        None => Ok(sizes.lines),
    }
}

impl BacktestInput {
    /// Gives its pipelines the lines of a table of sizes.
    pub fn apply_sizes(&mut self, sizes: &BTreeMap<String, i64>) {
        for row in &mut self.rows {
            // A table of sizes goes before what the step table says itself.
            row.lines = sizes.get(&row.pipeline).copied().or(row.lines);
        }
    }

    /// Its pipelines.
    pub fn pipelines(&self) -> Vec<PipelineFigures> {
        pipeline_figures::sum_pipelines(&self.rows)
    }

    /// Whether nothing in it says when any pipeline ended.
    pub fn lacks_end_times(&self) -> bool {
        self.rows.iter().all(|row| row.end_ms.is_none())
    }

    /// Its recording.
    pub fn require_recording(&self) -> Result<&Recording, CommandError> {
        self.recording.as_ref().ok_or_else(|| {
            CommandError::content(&self.name, "a step table has no invocations")
                .with_hint("success criteria need rollouts, or a recording of them")
        })
    }

    /// Where it comes from, and what was passed over.
    pub fn describe_input(&self) -> BacktestSource {
        BacktestSource {
            name: self.name.clone(),
            sha256: hex_prefix(&self.digest, 32),
            skip_count: self.skip_count,
            skips: self.skips.clone(),
            notes: self.notes.clone(),
        }
    }

    /// What to tell on standard error.
    pub fn stderr_messages(&self) -> &Messages {
        &self.messages
    }
}

/// The names of all inputs.
pub fn joined_names(sources: &[BacktestInput]) -> String {
    sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(" and ")
}

/// The digest of an input, or of the digests of two.
pub fn combined_digest(sources: &[BacktestInput]) -> String {
    match sources {
        [only] => hex_prefix(&only.digest, 32),
        several => {
            // Of several the digest of their digests: before and after exchanged is another look.
            let all: Vec<u8> = several.iter().flat_map(|source| source.digest).collect();
            hex_prefix(&Sha256::digest(all), 32)
        }
    }
}
