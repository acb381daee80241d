//! Importers: foreign bytes in, one recording and a list of skips out.
//!
//! Each format is one file or folder here and one line in [`ALL`]; files are sniffed by content.
//! Files are read in parallel and merged in the order of their labels, so that the same files give
//! the same bytes for any number of threads and any order of arguments.
//!
//! A call is counted once, whichever files hold a copy of it ([`merge`]). Text stops here: a
//! recording holds sizes, kinds and marks.

pub mod autoskillit;
pub mod billed_remainders;
pub mod claude_code;
pub mod codex;
pub mod dispatches;
pub mod fork_lineage;
pub mod json_escapes;
pub mod json_reader;
pub mod ledger;
pub mod line_reader;
pub mod measured_text;
pub mod merge;
pub mod rollout_metrics;
pub mod session_completion;
pub mod shell_commands;
pub mod step_table;
pub mod test_commands;
pub mod timestamps;
pub mod tool_marks;
pub mod tracelab;
pub mod zstd_source;

use crate::recording::{RawSession, Recording};
use crate::store::{self, FoundFile, SearchError};
use crate::units::Usage;
use ledger::FolderImporter;
use line_reader::LineReader;
use rayon::prelude::*;
use std::cell::Cell;
use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A format that can be imported.
pub trait Importer: Sync {
    /// Its name in recordings, e.g. `claude-code`.
    fn id(&self) -> &'static str;
    /// Endings of the names of its files inside a folder.
    fn file_endings(&self) -> &'static [&'static str];
    /// Endings that its files may have among many others: what is so named and of no known format
    /// is passed over in silence.
    fn loose_file_endings(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether whole lines from the start of a file are of this format.
    fn sniff(&self, head: &[&[u8]]) -> bool;
    /// Reads one file.
    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile);
}

/// Every importer; the first whose sniff agrees takes the file.
pub static ALL: [&dyn Importer; 4] = [
    &claude_code::ClaudeCode,
    &claude_code::stream_json::StreamJson,
    &codex::Codex,
    &tracelab::TraceLab,
];

/// Every folder importer: each takes the folders of its format before files are read.
pub static FOLDERS: [&dyn FolderImporter; 1] = [&autoskillit::AutoSkillit];

/// What is known of a file before it is read.
#[derive(Clone, Copy, Debug)]
pub struct FileInfo<'a> {
    /// Its label: relative to the argument it was found under.
    pub label: &'a str,
}

/// Identifies a response across files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallKey {
    /// Fingerprint of the response's id.
    pub id: u128,
    /// Fingerprint of the request's id; 0 where the source has none.
    pub request: u64,
}

impl CallKey {
    /// The key of a response and its request; either may be empty.
    #[must_use]
    pub fn new(id: &[u8], request: &[u8]) -> Self {
        let hash = |text| xxhash_rust::xxh3::xxh3_64(text).max(1);
        Self {
            id: xxhash_rust::xxh3::xxh3_128(id),
            request: if request.is_empty() { 0 } else { hash(request) },
        }
    }
}

/// A session as one file shows it, copies of other files' calls included.
#[derive(Debug)]
pub struct SessionDraft {
    /// The session.
    pub session: RawSession,
    /// The key of each of its calls.
    pub keys: Vec<CallKey>,
    /// A side thread: where it shares a response with a main thread, the main thread keeps it.
    pub sidechain: bool,
    /// Time of its last record; of two copies the session that ended first keeps the call.
    pub last_ms: i64,
    /// The thread it is and the threads it comes from, where the source tells.
    pub lineage: Option<fork_lineage::ForkLineage>,
}

/// What a source says it billed for a session, by model.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedBill {
    /// The source's id of the session.
    pub session: String,
    /// The file's drafts of this session and its subagents.
    pub drafts: Range<usize>,
    /// Total usage by model.
    pub models: Vec<(String, Usage)>,
    /// The line that says so, and the cost it names.
    pub costs: Vec<(u64, f64)>,
    /// Statements that a later one of the same process repeated or replaced.
    pub restated: u64,
}

/// Everything that one file gave.
#[derive(Debug, Default)]
pub struct ParsedFile {
    /// Its sessions, main thread first.
    pub drafts: Vec<SessionDraft>,
    /// Its statements of what was billed.
    pub bills: Vec<StatedBill>,
    /// What was passed over, line by line, up to a limit.
    skips: Vec<(u64, String)>,
    /// How many more were passed over.
    further_skips: u64,
}

/// So many skips of one file are told one by one.
const SKIPS_PER_FILE: usize = 100;

impl ParsedFile {
    /// Notes that line `line` was passed over; 0 stands for the whole file.
    pub fn add_skip(&mut self, line: u64, reason: impl Into<String>) {
        if self.skips.len() < SKIPS_PER_FILE {
            self.skips.push((line, reason.into()));
        } else {
            self.further_skips += 1;
        }
    }
}

/// How to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The recording's name.
    pub name: String,
    /// Whether the first skip is an error.
    pub strict: bool,
}

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSkip {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1; 0 stands for the whole file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl fmt::Display for ImportSkip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.reason),
            line => write!(f, "{}, line {line}: {}", self.file, self.reason),
        }
    }
}

/// A cost that a source names, for comparison with the price table.
#[derive(Clone, Debug, PartialEq)]
pub struct BilledCost {
    /// Label of the file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// Index of the session in the recording.
    pub session: u32,
    /// The amount in dollars, as the source rounded it.
    pub usd: f64,
}

/// What an import brought.
#[derive(Debug)]
pub struct ImportResult {
    /// The recording.
    pub recording: Recording,
    /// What was passed over, by file and line; at most a hundred for each file.
    pub skips: Vec<ImportSkip>,
    /// How many were passed over altogether.
    pub skip_count: u64,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Calls that were copies of a counted one, and bills that a later one restates.
    pub copies: u64,
    /// Costs that the source names.
    pub billed_cost: Vec<BilledCost>,
    /// What a reader should know of the sources, a sentence each.
    pub notes: Vec<String>,
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An argument names nothing usable.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// There are files, but no call in them.
    #[error(
        "no calls found; files of a known format: {files}, lines or files skipped: \
         {skipped}{first}; name Claude Code transcripts, stream-json output or \
         Codex rollouts"
    )]
    NoCalls {
        /// How many files were read.
        files: usize,
        /// How much was passed over.
        skipped: u64,
        /// The first of it.
        first: String,
    },
    /// Something was passed over, and that is not wanted.
    #[error("{0} (strict: the first skip is an error)")]
    Strict(ImportSkip),
}

/// Imports the transcripts under `paths`; `progress` hears of bytes done and bytes in all.
///
/// # Errors
/// An argument without transcripts, no call in any file, or, where strict, anything skipped.
pub fn import_transcripts(
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<ImportResult, ImportError> {
    let mut endings: Vec<&str> = ALL.iter().flat_map(|one| one.file_endings()).copied().collect();
    endings.extend(ALL.iter().flat_map(|one| one.loose_file_endings()));
    endings.extend(FOLDERS.iter().flat_map(|one| one.file_endings()));
    endings.sort_unstable();
    endings.dedup();
    let mut found = store::find_files(paths, &endings)?;
    let ledgers = ledger::claim_folders(&mut found);
    let total: u64 = found.files.iter().map(|file| file.bytes).sum();
    let done = AtomicU64::new(0);
    let read: Vec<(Option<&'static str>, ParsedFile)> = found
        .files
        .par_iter()
        .with_max_len(1)
        .map(|file| {
            let unheard = Cell::new(0_u64);
            let report = |bytes: u64| {
                unheard.set(unheard.get() + bytes);
                if bytes == 0 || unheard.get() >= 4 << 20 {
                    let new = unheard.take();
                    progress(done.fetch_add(new, Ordering::Relaxed) + new, total);
                }
            };
            let read = read_file(file, &report);
            report(0);
            read
        })
        .collect();
    let mut imported = merge::merge_files(&found.files, read, ledgers, options);
    imported.skip_count += found.unreadable.len() as u64;
    let whole = found.unreadable.into_iter();
    imported.skips.extend(whole.map(|(file, reason)| ImportSkip { file, line: 0, reason }));
    imported.skips.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    imported.bytes = done.into_inner();
    let loose = found.files.iter().all(has_loose_name);
    if loose && (imported.files, imported.skip_count) == (0, 0) {
        // Files of names that many others have too, and none of a known format.
        return Err(store::no_transcripts_error(paths, &endings).into());
    }
    check_import_result(imported, options)
}

fn check_import_result(
    imported: ImportResult,
    options: &ImportOptions,
) -> Result<ImportResult, ImportError> {
    if let (true, Some(skip)) = (options.strict, imported.skips.first()) {
        return Err(ImportError::Strict(skip.clone()));
    }
    if imported.recording.calls.is_empty() && imported.recording.remainders.is_empty() {
        let first =
            imported.skips.first().map_or(String::new(), |skip| format!(", the first: {skip}"));
        let (files, skipped) = (imported.files as usize, imported.skip_count);
        return Err(ImportError::NoCalls { files, skipped, first });
    }
    Ok(imported)
}

/// How much of a file is read before its format is decided, unless its first line is longer.
const HEAD: usize = 64 << 10;

/// How much is read of a file whose name says little, before its first line is given up.
const LOOSE_HEAD: usize = 1 << 20;

fn read_file(file: &FoundFile, on_bytes: &dyn Fn(u64)) -> (Option<&'static str>, ParsedFile) {
    let mut parsed = ParsedFile::default();
    let opened = store::open_file(&file.path)
        .and_then(|source| zstd_source::decompress_if_zstd(source, on_bytes));
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => {
            parsed.add_skip(0, format!("cannot be read: {error}"));
            return (None, parsed);
        }
    };
    let most = if has_loose_name(file) { LOOSE_HEAD } else { line_reader::MAX_LINE };
    let (head, cut) = read_head(&mut source, most);
    let complete: Vec<&[u8]> = head
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii())
        .filter(|line| !line.is_empty())
        .take(64)
        .collect();
    let importer = ALL.iter().find(|one| one.sniff(&complete));
    let Some(importer) = importer else {
        if let Some(error) = cut {
            parsed.add_skip(0, format!("cannot be read: {error}"));
        } else if !complete.is_empty() && !has_loose_name(file) {
            parsed.add_skip(0, "not a transcript of a known format");
        }
        return (None, parsed);
    };
    let mut whole = head.as_slice().chain(zstd_source::DeferredError(cut)).chain(source);
    let mut lines = LineReader::new(&mut whole, on_bytes);
    importer.parse(&FileInfo { label: &file.label }, &mut lines, &mut parsed);
    (Some(importer.id()), parsed)
}

/// Whether a file was found by a name that many other files have too.
fn has_loose_name(file: &FoundFile) -> bool {
    let of = |endings: &[&str]| endings.iter().any(|ending| file.label.ends_with(ending));
    let loose = ALL.iter().any(|one| of(one.loose_file_endings()));
    !file.is_argument
        && (loose || FOLDERS.iter().any(|one| of(one.file_endings())))
        && !ALL.iter().any(|one| of(one.file_endings()))
}

/// The start of a file, at least one line of it; and what went wrong behind it, if anything did.
fn read_head(source: &mut impl Read, most: usize) -> (Vec<u8>, Option<std::io::Error>) {
    let mut head = Vec::new();
    let mut wanted = HEAD;
    loop {
        let room = (wanted - head.len()) as u64;
        let before = head.len();
        if let Err(error) = source.by_ref().take(room).read_to_end(&mut head) {
            return (head, Some(error));
        }
        let ended = head.len() - before < room as usize;
        if ended || memchr::memchr(b'\n', &head).is_some() || head.len() > most {
            return (head, None);
        }
        wanted = (wanted * 4).min(most + 1);
    }
}

/// The index of a name in a session's own table of names.
pub(crate) fn intern_name(names: &mut Vec<String>, name: &str) -> u16 {
    // A table of names is small; one that is not shares its last slot.
    const MOST: usize = 4_096;
    let known = names.iter().position(|known| known == name);
    let at = known.unwrap_or_else(|| {
        if names.len() < MOST {
            names.push(name.to_owned());
        }
        names.len() - 1
    });
    at as u16
}
