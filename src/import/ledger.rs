//! Ledgers: what an outer harness keeps in a folder about sessions whose transcripts lie elsewhere.
//!
//! A folder importer claims its files before files are read one by one; what it leaves is read as
//! ever. Its ledger names pipelines and steps of sessions that other files show, and stands in with
//! totals for those that no file shows: a session without calls, and a remainder.

use super::dispatches::{self, OrderDispatch};
use super::parsed_file::ReadFile;
use super::skip::{ImportNote, ImportSkip};
use crate::recording::{Basis, CrashCounts, HarnessTotals, RawSession, RecordingBuilder, Role};
use crate::units::Usage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What one folder says.
#[derive(Debug, Default)]
pub(super) struct HarnessLedger {
    /// The format of the folder.
    pub source: &'static str,
    /// Its sessions, by id.
    pub entries: BTreeMap<String, LedgerEntry>,
    /// Crash records.
    pub crashes: CrashCounts,
    /// What was passed over.
    pub skips: Vec<ImportSkip>,
    /// What a reader should know.
    pub notes: Vec<ImportNote>,
    /// Transcripts that it names, by session; they may be another machine's.
    pub transcripts: Vec<(String, PathBuf)>,
}

/// What a ledger says of one session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LedgerEntry {
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
pub(super) struct LedgerIndex {
    entries: BTreeMap<String, (&'static str, LedgerEntry)>,
    sessions_with_calls: BTreeSet<String>,
    /// What a reader should know.
    pub notes: Vec<ImportNote>,
    crashes: CrashCounts,
}

impl LedgerIndex {
    /// Of two ledgers that tell of one session, the first tells.
    pub(super) fn new(ledgers: Vec<HarnessLedger>) -> Self {
        let mut all = Self::default();
        for ledger in ledgers {
            for (id, entry) in ledger.entries {
                all.entries.entry(id).or_insert((ledger.source, entry));
            }
            all.notes.extend(ledger.notes);
            all.crashes += ledger.crashes;
        }
        all
    }

    /// Tells sessions that files show what the ledgers say of them and of their dispatches.
    pub(super) fn annotate_sessions(&mut self, read: &mut [ReadFile]) {
        if self.entries.is_empty() {
            return;
        }
        // The log does not list what an orchestrator dispatched: each session names its caller.
        let mut by_caller: BTreeMap<&str, Vec<&LedgerEntry>> = BTreeMap::new();
        for (_, entry) in self.entries.values().filter(|(_, entry)| !entry.caller.is_empty()) {
            by_caller.entry(&entry.caller).or_default().push(entry);
        }
        let mut shown: BTreeSet<String> = BTreeSet::new();
        for draft in read.iter_mut().flat_map(|(_, parsed)| &mut parsed.drafts) {
            let session = &mut draft.session;
            // Subagents are named under the session that holds them, and belong to its step.
            let main_id = session.id.split('/').next().unwrap_or_default().to_owned();
            let is_main = session.id == main_id;
            shown.insert(session.id.clone());
            if let Some((_, entry)) = self.entries.get(&main_id) {
                session.pipeline.clone_from(&entry.pipeline);
                session.step.clone_from(&entry.step);
                // The totals are those of the whole process: they are told once.
                if is_main {
                    session.harness_totals = entry.totals;
                }
                // Where a file shows calls, the log's totals are not counted beside them.
                if !session.calls.is_empty() {
                    self.sessions_with_calls.insert(main_id.clone());
                }
            }
            // A transcript that shows its own dispatches knows them better than the log.
            if let Some(dispatched) = by_caller.get(&*main_id)
                && is_main
                && session.invocations.is_empty()
            {
                let dispatches =
                    dispatched.iter().map(|entry| dispatch_by_start_time(session, entry)).collect();
                dispatches::make_orchestrator(session, dispatches);
            }
        }
        for (caller, dispatched) in by_caller {
            if !shown.contains(caller) {
                let (caller, dispatches) = (caller.to_owned(), dispatched.len());
                self.notes.push(ImportNote::UnseenOrchestrator { caller, dispatches });
            }
        }
    }

    /// Adds the sessions that no file shows, and the crash records.
    pub(super) fn add_sessions_without_calls(&mut self, builder: &mut RecordingBuilder) {
        let (mut with_totals, mut without_usage) = (0, 0);
        for (id, (source, entry)) in &self.entries {
            // A transcript shows its calls: its totals would count them twice.
            if self.sessions_with_calls.contains(id) {
                continue;
            }
            let Some((model, usage)) = &entry.usage else {
                without_usage += 1;
                continue;
            };
            with_totals += 1;
            let mut session = RawSession::new(id.clone(), &entry.file, Role::Main);
            session.pipeline.clone_from(&entry.pipeline);
            session.step.clone_from(&entry.step);
            session.version.clone_from(&entry.version);
            session.records = entry.records;
            session.harness_totals = entry.totals;
            // A start and a duration are all that is known of its times.
            session.times_basis = Basis::Estimated;
            (*source).clone_into(&mut session.source);
            // Added up over records: what was billed is less.
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
            let (all, with_calls) = (self.entries.len(), self.sessions_with_calls.len());
            let note = ImportNote::LoggedSessions { all, with_calls, with_totals, without_usage };
            self.notes.push(note);
        }
        if self.crashes.records > 0 {
            builder.set_crashes(self.crashes);
        }
    }

    /// The formats of sessions that only ledgers know.
    pub(super) fn source_names(&self) -> BTreeSet<&'static str> {
        self.entries.values().map(|(source, _)| *source).collect()
    }
}

/// A dispatch that only its time places: by the last call that had begun.
fn dispatch_by_start_time(session: &RawSession, entry: &LedgerEntry) -> OrderDispatch {
    let start_ms = entry.totals.start_ms.unwrap_or(i64::MIN);
    let call = session.calls.iter().rposition(|call| call.start_ms <= start_ms).unwrap_or(0) as u32;
    OrderDispatch { call, order: entry.pipeline.clone(), step: entry.step.clone() }
}
