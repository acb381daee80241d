//! AutoSkillit's log root: `sessions.jsonl` and a folder for each session that a pipeline ran.
//!
//! The log tells which session was which step of which pipeline, and totals; what was sent and
//! answered stands in the transcripts of Claude Code, which lie elsewhere. Generations differ in
//! the names of fields: `pipeline_id` became `kitchen_id`, `step_name` became `session_label`, and
//! rows of crashed processes have next to nothing. Totals of a session without a `result` record
//! were added up over records and are about twice too high: they are flagged, and a transcript or
//! a kept stdout is taken before them.

mod crash_records;
mod log_row;

use super::importer::FolderImporter;
use super::ledger::{HarnessLedger, LedgerEntry};
use super::line_reader::LineReader;
use super::record_lines::for_each_line;
use super::skip::{ImportNote, ImportSkip, SkipReason};
use super::timestamps;
use crate::store::{self, FoundFile};
use log_row::{INDEX, JsonObject, LogRow};
use std::collections::BTreeMap;
use std::io::Read as _;

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct AutoSkillit;

const FENCE: &str = ".telemetry_cleared_at";
const SESSIONS: &str = "sessions/";

/// The stdout of a failed session: stream-json, and read as such.
const STDOUT: &str = "raw_stdout.jsonl";

/// No file of a session that is read here is longer, in bytes.
const LONGEST: u64 = 16 << 20;

impl FolderImporter for AutoSkillit {
    fn id(&self) -> &'static str {
        "autoskillit"
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["/summary.json", "/token_usage.json", "/step_timing.json", "/audit_log.json", FENCE]
    }

    fn claim_files(&self, files: &[FoundFile]) -> Vec<Vec<usize>> {
        let mut roots: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for file in files {
            // The name alone says little: a row of the index has to be in it.
            if let Some(root) = file.label.strip_suffix(INDEX)
                && (root.is_empty() || root.ends_with('/'))
                && read_head_bytes(file).is_some_and(|head| has_index_row(&head))
            {
                roots.insert(root, Vec::new());
            }
        }
        for (at, file) in files.iter().enumerate() {
            // The longest root that the file lies under.
            let under = roots.iter_mut().rev().find_map(|(root, claimed)| {
                let inside = file.label.strip_prefix(root)?;
                // What is kept of a session's stdout is no statement of the log: it is left to the
                // importer of its format.
                let own = inside == INDEX
                    || inside == FENCE
                    || inside.starts_with(SESSIONS) && !inside.ends_with(STDOUT);
                own.then_some(claimed)
            });
            if let Some(claimed) = under {
                claimed.push(at);
            }
        }
        roots.into_values().collect()
    }

    fn read_folder(&self, files: &[&FoundFile]) -> HarnessLedger {
        let mut reading = LogRootReader::default();
        reading.ledger.source = self.id();
        for file in files {
            reading.read_log_file(file);
        }
        reading.into_ledger()
    }
}

/// The first lines of a file, up to a limit.
fn read_head_bytes(file: &FoundFile) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    store::open_found_file(file).ok()?.take(64 << 10).read_to_end(&mut head).ok()?;
    Some(head)
}

/// Whether one of the lines is a row of the index.
fn has_index_row(head: &[u8]) -> bool {
    head.split(|&byte| byte == b'\n').any(|line| {
        serde_json::from_slice::<JsonObject>(line)
            .is_ok_and(|object| object.contains_key("dir_name"))
    })
}

/// One log root on its way.
#[derive(Default)]
struct LogRootReader {
    ledger: HarnessLedger,
    index: String,
    fence: Option<(String, i64)>,
    /// Rows of the index and their lines, by folder; of several the last counts.
    rows: BTreeMap<String, (u64, JsonObject)>,
    replaced: u64,
    /// What each folder holds: by name of the file.
    folders: BTreeMap<String, BTreeMap<String, JsonObject>>,
}

impl LogRootReader {
    fn read_log_file(&mut self, file: &FoundFile) {
        let name = file.label.rsplit('/').next().unwrap_or_default();
        match name {
            INDEX => self.read_index(file),
            FENCE => {
                let text = self.read_whole_file(file).unwrap_or_default();
                let text = String::from_utf8_lossy(&text).trim().to_owned();
                match timestamps::parse_ms(text.as_bytes()) {
                    Some(at_ms) => self.fence = Some((text, at_ms)),
                    None => self.add_skip(file, SkipReason::NoTime),
                }
            }
            "summary.json" | "token_usage.json" | "step_timing.json" | "audit_log.json" => {
                let Some(bytes) = self.read_whole_file(file) else { return };
                let folder = file.label.rsplit('/').nth(1).unwrap_or_default().to_owned();
                match serde_json::from_slice::<JsonObject>(&bytes) {
                    Ok(object) => {
                        let files = self.folders.entry(folder).or_default();
                        files.insert(name.to_owned(), object);
                    }
                    // A list of failures is no statement on tokens.
                    Err(_) if name == "audit_log.json" => {}
                    Err(error) => {
                        self.add_skip(file, SkipReason::FileIsNoObject(error.to_string()));
                    }
                }
            }
            // Snapshots of the process and such: nothing on tokens in them.
            _ => {}
        }
    }

    fn read_whole_file(&mut self, file: &FoundFile) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = store::open_found_file(file)
            // One byte more than is allowed tells that there is more.
            .and_then(|source| source.take(LONGEST + 1).read_to_end(&mut bytes));
        match read {
            Ok(length) if length as u64 <= LONGEST => return Some(bytes),
            Ok(_) => self.add_skip(file, SkipReason::FileTooLong),
            Err(error) => self.add_skip(file, SkipReason::Unreadable(error.to_string())),
        }
        None
    }

    fn read_index(&mut self, file: &FoundFile) {
        self.index.clone_from(&file.label);
        let mut source = match store::open_found_file(file) {
            Ok(source) => source,
            Err(error) => return self.add_skip(file, SkipReason::Unreadable(error.to_string())),
        };
        let Self { rows, replaced, ledger, .. } = self;
        for_each_line(
            &mut LineReader::new(&mut source, &|_| false),
            &mut |number, line| {
                let object = match serde_json::from_slice::<JsonObject>(line) {
                    Ok(object) => object,
                    Err(error) => return Some(SkipReason::LineIsNoObject(error.to_string())),
                };
                let folder = log_row::text_field(&object, "dir_name").to_owned();
                if folder.is_empty() {
                    return Some(SkipReason::RowWithoutFolder);
                }
                // Rows are appended: the last one of a folder is the newest.
                *replaced += u64::from(rows.insert(folder, (number, object)).is_some());
                None
            },
            &mut |line, reason| {
                ledger.skips.push(ImportSkip { file: file.label.clone(), line, reason });
            },
        );
    }

    /// Notes that a whole file was passed over.
    fn add_skip(&mut self, file: &FoundFile, reason: SkipReason) {
        self.ledger.skips.push(ImportSkip { file: file.label.clone(), line: 0, reason });
    }

    fn into_ledger(mut self) -> HarnessLedger {
        let nothing = BTreeMap::new();
        let (mut fenced, mut usable) = (0, Vec::new());
        let mut records = Vec::new();
        for (folder, (line, object)) in &self.rows {
            let files = self.folders.get(folder).unwrap_or(&nothing);
            let row = LogRow { folder, line: *line, object, files };
            // Every row tells of a process; whether a crash is one needs all of them.
            records.push(row.process_record());
            if row.is_crash() {
                continue;
            }
            // A session without a time was not left out by whoever cleared the log.
            let start_ms = row.start_ms().unwrap_or(i64::MAX);
            if self.fence.as_ref().is_some_and(|(_, fence_ms)| start_ms < *fence_ms) {
                fenced += 1;
                continue;
            }
            usable.push(row);
        }
        let HarnessLedger { notes, entries, skips, transcripts, crashes, .. } = &mut self.ledger;
        let sorted = crash_records::sort_crash_records(&records);
        *crashes = sorted.counts;
        notes.extend(sorted.into_note());
        if let (Some((fence, _)), 1..) = (&self.fence, fenced) {
            notes.push(ImportNote::BeforeClearing { cleared_at: fence.clone(), sessions: fenced });
        }
        if self.replaced > 0 {
            notes.push(ImportNote::ReplacedRows(self.replaced));
        }
        let mut killed = 0;
        for row in usable {
            let id = row.session_id();
            match row.ledger_entry(&self.index) {
                Ok(entry) => {
                    killed += u32::from(entry.totals.unfinished);
                    transcripts.extend(row.transcript_path(&id).map(|path| (id.clone(), path)));
                    insert_fullest_entry(entries, id, entry);
                }
                Err(reason) => {
                    skips.push(ImportSkip { file: self.index.clone(), line: row.line, reason });
                }
            }
        }
        if killed > 0 {
            notes.push(ImportNote::KilledSessions(killed));
        }
        self.ledger
    }
}

/// A session that was resumed has several folders: the one that says most of its tokens stays.
fn insert_fullest_entry(
    entries: &mut BTreeMap<String, LedgerEntry>,
    id: String,
    entry: LedgerEntry,
) {
    let known = entries.entry(id).or_insert_with(|| entry.clone());
    if context_tokens(&entry) > context_tokens(known) {
        *known = entry;
    }
}

/// Below every number where an entry tells no tokens.
fn context_tokens(entry: &LedgerEntry) -> i64 {
    entry.usage.as_ref().map_or(-1, |(_, usage)| usage.context_tokens())
}
