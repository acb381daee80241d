//! Ledgers: what an outer harness keeps in a folder about sessions whose transcripts lie elsewhere.
//!
//! A folder importer claims its files before files are read one by one; what it leaves is read as
//! ever. Its ledger names pipelines and steps of sessions that other files show, and stands in with
//! totals for those that no file shows: a session without calls, and a remainder.

use super::dispatches::{self, OrderDispatch};
use super::{FOLDERS, ImportSkip, ParsedFile};
use crate::recording::{Basis, CrashCounts, HarnessTotals, RawSession, RecordingBuilder, Role};
use crate::store::{self, FoundFile};
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A format of a whole folder.
pub trait FolderImporter: Sync {
    /// Its name in recordings.
    fn id(&self) -> &'static str;
    /// Endings of the names of its files, beyond those of transcripts.
    fn file_endings(&self) -> &'static [&'static str];
    /// The folders of this format among the files, each with the positions of the files that it
    /// claims. No file is claimed twice.
    fn claim_files(&self, files: &[FoundFile]) -> Vec<Vec<usize>>;
    /// Reads one folder.
    fn read_folder(&self, files: &[&FoundFile]) -> HarnessLedger;
}

/// Takes the files of folder importers out of what was found, and adds the transcripts that their
/// ledgers name and that are here.
#[must_use]
pub fn claim_folders(found: &mut store::SearchResult) -> Vec<HarnessLedger> {
    let mut ledgers = Vec::new();
    let mut claimed = vec![false; found.files.len()];
    for folder in FOLDERS {
        for positions in folder.claim_files(&found.files) {
            for &at in &positions {
                claimed[at] = true;
            }
            let files: Vec<&FoundFile> = positions.iter().map(|&at| &found.files[at]).collect();
            ledgers.push(folder.read_folder(&files));
        }
    }
    let mut claimed = claimed.into_iter();
    found.files.retain(|_| claimed.next() == Some(false));
    for ledger in &ledgers {
        for (session, path) in &ledger.transcripts {
            for linked in store::find_linked_files(path, session, ".jsonl") {
                if !found.files.iter().any(|known| known.path == linked.path) {
                    found.files.push(linked);
                }
            }
        }
    }
    found.files.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    ledgers
}

/// What one folder says.
#[derive(Debug, Default)]
pub struct HarnessLedger {
    /// The format of the folder.
    pub source: &'static str,
    /// Its sessions, by id.
    pub entries: BTreeMap<String, LedgerEntry>,
    /// Crash records.
    pub crashes: CrashCounts,
    /// What was passed over.
    pub skips: Vec<ImportSkip>,
    /// What a reader should know, a sentence each.
    pub notes: Vec<String>,
    /// Transcripts that it names, by session; they may be another machine's.
    pub transcripts: Vec<(String, PathBuf)>,
}

/// What a ledger says of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Label of the file that says so.
    pub file: String,
    /// Its pipeline; empty if unknown.
    pub pipeline: String,
    /// Its step; empty if unknown.
    pub step: String,
    /// Version of the harness.
    pub version: String,
    /// The session that dispatched it; empty if unknown.
    pub caller: String,
    /// Its model and tokens, where it tells any.
    pub usage: Option<(String, Usage)>,
    /// Transcript records that it counted.
    pub records: u32,
    /// What else it tells.
    pub totals: HarnessTotals,
}

/// All ledgers of an import on their way into one recording.
#[derive(Debug, Default)]
pub struct LedgerIndex {
    entries: BTreeMap<String, (&'static str, LedgerEntry)>,
    sessions_with_calls: BTreeSet<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
    crashes: CrashCounts,
}

impl LedgerIndex {
    /// Of two ledgers that tell of one session, the first tells.
    #[must_use]
    pub fn new(ledgers: Vec<HarnessLedger>) -> Self {
        let mut all = Self::default();
        for ledger in ledgers {
            for (id, entry) in ledger.entries {
                all.entries.entry(id).or_insert((ledger.source, entry));
            }
            all.notes.extend(ledger.notes);
            let CrashCounts { records, pid_reuse, orphans } = ledger.crashes;
            all.crashes.records += records;
            all.crashes.pid_reuse += pid_reuse;
            all.crashes.orphans += orphans;
        }
        all
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells sessions that files show what the ledgers say of them and of their dispatches.
    pub fn annotate_sessions(&mut self, read: &mut [(Option<&'static str>, ParsedFile)]) {
        let mut by_caller: BTreeMap<&str, Vec<&LedgerEntry>> = BTreeMap::new();
        for (_, entry) in self.entries.values().filter(|(_, entry)| !entry.caller.is_empty()) {
            by_caller.entry(&entry.caller).or_default().push(entry);
        }
        for draft in read.iter_mut().flat_map(|(_, parsed)| &mut parsed.drafts) {
            let session = &mut draft.session;
            let of = session.id.split('/').next().unwrap_or_default().to_owned();
            let main = session.id == of;
            if let Some((_, entry)) = self.entries.get(&of) {
                session.pipeline.clone_from(&entry.pipeline);
                session.step.clone_from(&entry.step);
                if main {
                    session.harness_totals = entry.totals;
                }
                if !session.calls.is_empty() {
                    self.sessions_with_calls.insert(of.clone());
                }
            }
            let dispatched = by_caller.get(&*of).filter(|_| main && session.invocations.is_empty());
            if let Some(dispatched) = dispatched {
                let dispatches =
                    dispatched.iter().map(|entry| dispatch_by_start_time(session, entry));
                let dispatches = dispatches.collect();
                dispatches::make_orchestrator(session, dispatches);
            }
        }
        let there = |caller: &str| {
            let drafts = read.iter().flat_map(|(_, parsed)| &parsed.drafts);
            drafts.into_iter().any(|draft| draft.session.id == caller)
        };
        for (caller, dispatched) in by_caller {
            if !there(caller) {
                let many = dispatched.len();
                self.notes.push(format!(
                    "orchestrator {caller} (dispatches: {many}): no file shows it, so its tokens \
                     are unknown"
                ));
            }
        }
    }

    /// Adds the sessions that no file shows, and the crash records.
    pub fn add_sessions_without_calls(&mut self, builder: &mut RecordingBuilder) {
        let (mut totals, mut without) = (0, 0);
        for (id, (source, entry)) in &self.entries {
            if self.sessions_with_calls.contains(id) {
                continue;
            }
            let Some((model, usage)) = &entry.usage else {
                without += 1;
                continue;
            };
            totals += 1;
            let mut session = RawSession::new(id.clone(), &entry.file, Role::Main);
            session.pipeline.clone_from(&entry.pipeline);
            session.step.clone_from(&entry.step);
            session.version.clone_from(&entry.version);
            session.records = entry.records;
            session.harness_totals = entry.totals;
            session.times_basis = Basis::Estimated;
            (*source).clone_into(&mut session.source);
            if entry.totals.unfinished {
                session.usage_basis = Basis::Estimated;
            }
            let at = builder.session_count();
            builder.push_session(session);
            let why = if entry.totals.unfinished {
                "totals of a session that was killed: added up over records, about twice too high"
            } else {
                "totals of a session without a transcript"
            };
            builder.push_remainder(at, model, *usage, why);
        }
        if !self.entries.is_empty() {
            let all = self.entries.len();
            let seen = self.sessions_with_calls.len();
            self.notes.push(format!(
                "sessions in the log: {all}; with calls {seen}, with totals only {totals}, \
                 without any usage {without}"
            ));
        }
        if self.crashes.records > 0 {
            builder.set_crashes(self.crashes);
        }
    }

    /// The formats of sessions that only ledgers know.
    #[must_use]
    pub fn source_names(&self) -> BTreeSet<&'static str> {
        self.entries.values().map(|(source, _)| *source).collect()
    }
}

/// A dispatch that only its time places: by the last call that had begun.
fn dispatch_by_start_time(session: &RawSession, entry: &LedgerEntry) -> OrderDispatch {
    let begun = |at_ms: i64| session.calls.iter().rposition(|call| call.start_ms <= at_ms);
    let call = entry.totals.start_ms.and_then(begun).unwrap_or(0) as u32;
    OrderDispatch { call, order: entry.pipeline.clone(), step: entry.step.clone() }
}
