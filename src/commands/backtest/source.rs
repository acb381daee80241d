//! One input: a step table, or anything that is a recording.

use super::super::{Failure, load};
use crate::import::step_table;
use crate::recording::{Recording, hex};
use crate::report::show::backtest::SourceTold;
use crate::scenario::Scenario;
use crate::store;
use crate::study::backtest::table::{self, Pipeline, Row};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// An input, read.
pub struct Source {
    name: String,
    digest: [u8; 32],
    rows: Vec<Row>,
    recording: Option<Recording>,
    skips: Vec<String>,
    skipped: u64,
    notes: Vec<String>,
    talk: String,
}

/// Reads an argument.
pub fn read(input: &str, strict: bool) -> Result<Source, Failure> {
    let path = Path::new(input);
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return step_table(input, strict);
    }
    let scenario = Scenario::with(&[]);
    let loaded = load::one(input, scenario.lens, strict)?;
    let talk = loaded.talk();
    Ok(Source {
        name: loaded.recording.name.clone(),
        digest: loaded.recording.digest(),
        rows: table::of_recording(&loaded.recording),
        skips: loaded.skips.iter().map(ToString::to_string).collect(),
        skipped: loaded.skipped,
        notes: loaded.notes.clone(),
        recording: Some(loaded.recording),
        talk,
    })
}

fn step_table(input: &str, strict: bool) -> Result<Source, Failure> {
    let path = Path::new(input);
    let bytes = store::read(path)?;
    let table =
        step_table::read(&bytes).map_err(|error| Failure::new(format!("{input}: {error}")))?;
    if let (true, Some((line, why))) = (strict, table.skips.first()) {
        return Err(Failure::new(format!("{input}: line {line}: {why}")));
    }
    let skips: Vec<String> =
        table.skips.iter().map(|(line, why)| format!("line {line}: {why}")).collect();
    let mut notes = Vec::new();
    if !table.absent.is_empty() {
        notes.push(format!("columns that are not there: {}", table.absent.join(", ")));
    }
    if !table.ignored.is_empty() {
        notes.push(format!("columns that mean nothing here: {}", table.ignored.join(", ")));
    }
    let name = store::base_name(path);
    let talk = match skips.first() {
        None => String::new(),
        Some(first) => format!(
            "windtunnel: {name}: {} rows skipped, first: {first} (all of them: --format json)\n",
            skips.len()
        ),
    };
    Ok(Source {
        name,
        digest: Sha256::digest(&bytes).into(),
        rows: table.rows,
        recording: None,
        skipped: skips.len() as u64,
        skips,
        notes,
        talk,
    })
}

/// Lines changed by pipeline.
pub fn sizes(path: &Path) -> Result<BTreeMap<String, i64>, Failure> {
    let told = |what: String| Failure::new(format!("{}: {what}", path.display()));
    let sizes = step_table::sizes(&store::read(path)?).map_err(|error| told(error.to_string()))?;
    // A size that was meant and cannot be read would bend every adjusted figure.
    match sizes.skips.first() {
        Some((line, why)) => Err(told(format!("line {line}: {why}"))),
        None => Ok(sizes.lines),
    }
}

impl Source {
    /// Gives its pipelines the lines of a table of sizes.
    pub fn resize(&mut self, sizes: &BTreeMap<String, i64>) {
        for row in &mut self.rows {
            row.lines = sizes.get(&row.pipeline).copied().or(row.lines);
        }
    }

    /// Its pipelines.
    pub fn pipelines(&self) -> Vec<Pipeline> {
        table::pipelines(&self.rows)
    }

    /// Whether nothing in it says when any pipeline ended.
    pub fn has_no_ends(&self) -> bool {
        self.rows.iter().all(|row| row.end_ms.is_none())
    }

    /// Its recording.
    pub fn recording(&self) -> Result<&Recording, Failure> {
        self.recording.as_ref().ok_or_else(|| {
            Failure::new(format!(
                "{}: a step table has no invocations: success criteria need rollouts, or a \
                 recording of them",
                self.name
            ))
        })
    }

    /// Where it comes from, and what was passed over.
    pub fn told(&self) -> SourceTold {
        SourceTold {
            name: self.name.clone(),
            sha256: hex(&self.digest, 32),
            skipped: self.skipped,
            skips: self.skips.clone(),
            notes: self.notes.clone(),
        }
    }

    /// What to tell on standard error.
    pub fn talk(&self) -> &str {
        &self.talk
    }
}

/// The names of all inputs.
pub fn names(sources: &[Source]) -> String {
    sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(" and ")
}

/// The digest of an input, or of the digests of two.
pub fn digest(sources: &[Source]) -> String {
    match sources {
        [only] => hex(&only.digest, 32),
        several => {
            let all: Vec<u8> = several.iter().flat_map(|source| source.digest).collect();
            hex(&Sha256::digest(all), 32)
        }
    }
}
