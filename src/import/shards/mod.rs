//! An import in parts: what ties files together, what holds of all of them, and the parts as one.
//!
//! The importer looks across files: a call counts once whichever files hold it, bills and ledgers
//! speak of sessions that lie elsewhere. Files that nothing ties together can be imported in
//! different places, and put together they are, byte for byte, what one import gives. A unit is the
//! least that is read at once: a file, or everything that a harness keeps in one ledger.

mod connection_keys;
#[cfg(test)]
mod tests;

use super::kept_import;
use super::ledger::{HarnessLedger, LedgerIndex};
use super::merge::{WholeImport, common_source, source_names};
use super::parsed_file::ReadFile;
use super::prefix_facts::{ObservedPrefixes, PrefixFact, facts_of_file};
use super::skip::ImportNote;
use super::{FOLDERS, ImportError, ImportResult};
use crate::recording::Recording;
use crate::store::{FoundFile, SearchError, SearchResult};
use connection_keys::connection_keys;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub(crate) use connection_keys::ConnectionKey;

/// A file of a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitFile {
    /// The unit that it belongs to: the label of its first file.
    pub unit: String,
    /// The file.
    pub file: FoundFile,
}

/// What one unit tells before anything is imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitFacts {
    /// Its name.
    pub unit: String,
    /// Units that share one of these are imported together.
    pub keys: BTreeSet<ConnectionKey>,
    /// What it adds to the plan, as text.
    pub facts: Vec<String>,
}

/// A row of facts.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum ImportFact<'a> {
    Source(&'a str),
    #[serde(borrow)]
    Prefix(Box<PrefixFact<'a>>),
}

/// Something that is no fact, plan or part of an import of this version.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadShard {
    /// A row of facts.
    #[error("fact {row}: {reason}")]
    Fact {
        /// Which of them, from 1.
        row: usize,
        /// What is wrong.
        reason: String,
    },
    /// The plan.
    #[error("the plan: {0}")]
    Plan(String),
    /// A part of the import.
    #[error("shard {row} is damaged, or another version's")]
    Shard {
        /// Which of them, from 1.
        row: usize,
    },
    /// Two parts that hold the same.
    #[error("shards {first} and {second} both hold sessions of {file}; a group is mapped once")]
    Repeated {
        /// One of them, from 1.
        first: usize,
        /// The other one.
        second: usize,
        /// The file.
        file: String,
    },
    /// There is nothing in them.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// What holds of a whole fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportPlan(WholeImport);

/// The plan as a file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PlanOnDisk {
    schema: String,
    source: String,
    /// Harness version, model, whether of a subagent, tokens.
    prefixes: Vec<(String, String, bool, i64)>,
}

/// Name and version of the plan.
const PLAN_SCHEMA: &str = "windtunnel.fleet-plan/1";

/// The files under `paths` with their units, by label.
///
/// # Errors
/// An argument without transcripts, or a folder that cannot be read: nobody could tell what lies
/// in it.
pub(crate) fn find_unit_files(paths: &[PathBuf]) -> Result<Vec<UnitFile>, SearchError> {
    let SearchResult { files, unreadable } = super::find_import_files(paths)?;
    if let Some((path, reason)) = unreadable.into_iter().next() {
        return Err(SearchError::Unreadable { path, reason });
    }
    let mut units: Vec<String> = files.iter().map(|file| file.label.clone()).collect();
    // Files that are read together are one unit, named after the first of them.
    for positions in FOLDERS.iter().flat_map(|folder| folder.claim_files(&files)) {
        let Some(first) = positions.iter().copied().min() else { continue };
        for at in positions {
            units[at].clone_from(&files[first].label);
        }
    }
    let files = units.into_iter().zip(files);
    Ok(files.map(|(unit, file)| UnitFile { unit, file }).collect())
}

/// What whole units tell, in the order of their names.
pub(crate) fn facts_of_units(files: Vec<UnitFile>) -> Vec<UnitFacts> {
    let mut units: BTreeMap<String, Vec<FoundFile>> = BTreeMap::new();
    for UnitFile { unit, file } in files {
        units.entry(unit).or_default().push(file);
    }
    let units: Vec<(String, Vec<FoundFile>)> = units.into_iter().collect();
    units.into_par_iter().map(|(unit, files)| facts_of_unit(unit, files)).collect()
}

fn facts_of_unit(unit: String, files: Vec<FoundFile>) -> UnitFacts {
    let mut found = SearchResult { files, unreadable: Vec::new() };
    let (ledgers, _) = super::claim_folders(&mut found);
    let read: Vec<ReadFile> =
        found.files.iter().map(|file| super::read_file(file, &|_| {})).collect();
    let keys = connection_keys(&read, &ledgers);
    // Copies are still there: which of them counts is known only in the whole.
    let prefixes = found.files.iter().zip(&read);
    let prefixes = prefixes.flat_map(|(file, (_, parsed))| facts_of_file(&file.label, parsed));
    let mut facts: Vec<String> =
        prefixes.map(|fact| ImportFact::Prefix(Box::new(fact))).filter_map(to_text).collect();
    facts.extend(sources_of_unit(&read, ledgers).map(ImportFact::Source).filter_map(to_text));
    UnitFacts { unit, keys, facts }
}

fn sources_of_unit(
    read: &[ReadFile],
    ledgers: Vec<HarnessLedger>,
) -> impl Iterator<Item = &'static str> {
    source_names(read, &LedgerIndex::new(ledgers)).into_iter()
}

/// Nothing of this kind fails to be written.
fn to_text(fact: ImportFact<'_>) -> Option<String> {
    serde_json::to_string(&fact).ok()
}

impl ImportPlan {
    /// The plan from the facts of all units, in any order; one that is repeated does no harm.
    ///
    /// # Errors
    /// A row that is no fact.
    pub(crate) fn from_facts<'a>(
        rows: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadShard> {
        let (mut sources, mut prefixes) = (BTreeSet::new(), Vec::new());
        for (at, row) in rows.into_iter().enumerate() {
            match serde_json::from_str(row) {
                Ok(ImportFact::Source(source)) => drop(sources.insert(source)),
                Ok(ImportFact::Prefix(fact)) => prefixes.push(*fact),
                Err(error) => {
                    return Err(BadShard::Fact { row: at + 1, reason: error.to_string() });
                }
            }
        }
        let source = common_source(sources).to_owned();
        Ok(Self(WholeImport { source, prefixes: ObservedPrefixes::from_facts(prefixes) }))
    }

    /// The plan as a file.
    pub(crate) fn to_json(&self) -> String {
        let rows = self.0.prefixes.rows();
        let plan = PlanOnDisk {
            schema: PLAN_SCHEMA.to_owned(),
            source: self.0.source.clone(),
            prefixes: rows.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c, d)).collect(),
        };
        serde_json::to_string(&plan).unwrap_or_default()
    }

    /// The plan that a file holds.
    ///
    /// # Errors
    /// It holds something else.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, BadShard> {
        let PlanOnDisk { schema, source, prefixes } =
            serde_json::from_slice(bytes).map_err(|error| BadShard::Plan(error.to_string()))?;
        if schema != PLAN_SCHEMA {
            let said = format!("schema is '{schema}', this version reads '{PLAN_SCHEMA}'");
            return Err(BadShard::Plan(said));
        }
        Ok(Self(WholeImport { source, prefixes: ObservedPrefixes::from_rows(prefixes) }))
    }
}

/// Imports the files of whole groups of units, as bytes for [`merge_shards`]; nothing where there
/// are none.
pub(crate) fn import_shard(mut files: Vec<FoundFile>, plan: &ImportPlan) -> Option<Vec<u8>> {
    if files.is_empty() {
        return None;
    }
    // In the order in which a whole import reads them.
    files.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    let mut found = SearchResult { files, unreadable: Vec::new() };
    let (ledgers, _) = super::claim_folders(&mut found);
    let whole = ("", Some(&plan.0));
    kept_import::to_bytes(&super::import_found_files(&found, ledgers, whole, &|_, _| {}))
}

/// The import whose parts these are, in any order, under a name.
///
/// # Errors
/// A part that is none of this version's, or no call in any of them.
pub(crate) fn merge_shards(name: &str, shards: &[&[u8]]) -> Result<ImportResult, BadShard> {
    let mut parts: Vec<ImportResult> = Vec::with_capacity(shards.len());
    for (at, bytes) in shards.iter().enumerate() {
        let part = kept_import::from_bytes(bytes, name);
        parts.push(part.ok_or(BadShard::Shard { row: at + 1 })?);
    }
    // Each was imported under the plan's source.
    let source = parts.first().map_or(String::new(), |part| part.recording.source.clone());
    let mut recordings = Vec::with_capacity(parts.len());
    let mut whole = ImportResult::default();
    for part in &mut parts {
        recordings.push(std::mem::take(&mut part.recording));
    }
    refuse_repeated_files(&recordings)?;
    let (recording, places) = Recording::from_import_parts(name, &source, &recordings);
    for (part, places) in parts.into_iter().zip(places) {
        whole.skips.extend(part.skips);
        whole.skip_counts += part.skip_counts;
        whole.files += part.files;
        whole.bytes += part.bytes;
        whole.copies += part.copies;
        whole.notes.extend(part.notes);
        whole.billed_cost.extend(part.billed_cost.into_iter().map(|mut cost| {
            cost.session = places[cost.session as usize];
            cost
        }));
    }
    whole.skips.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    whole.billed_cost.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    whole.notes = ImportNote::unite_notes(whole.notes);
    whole.recording = Recording { skips: Some(whole.skip_counts), ..recording };
    Ok(super::check_import_result(whole, false)?)
}

/// A part that comes twice would count twice.
fn refuse_repeated_files(parts: &[Recording]) -> Result<(), BadShard> {
    let mut part_of_file: BTreeMap<&str, usize> = BTreeMap::new();
    for (second, part) in parts.iter().enumerate() {
        for session in &part.sessions {
            let first = *part_of_file.entry(&session.file).or_insert(second);
            if first != second {
                let file = session.file.clone();
                return Err(BadShard::Repeated { first: first + 1, second: second + 1, file });
            }
        }
    }
    Ok(())
}
