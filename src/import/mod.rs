//! Importers: foreign bytes in, one recording and a list of skips out.
//!
//! Each format is one file or folder here and one line in [`ALL`]; files are sniffed by content.
//! Files are read in parallel and merged in the order of their labels, so that the same files give
//! the same bytes for any number of threads and any order of arguments.
//!
//! A call is counted once, whichever files hold a copy of it ([`merge`]). Text stops here: a
//! recording holds sizes, kinds and marks.

pub mod autoskillit;
pub mod bills;
pub mod claude_code;
pub mod codex;
pub mod dispatch;
pub mod escapes;
pub mod finish;
pub mod forks;
pub mod json;
pub mod ledger;
pub mod lines;
pub mod marks;
pub mod merge;
pub mod packed;
pub mod rollout_metrics;
pub mod shell;
pub mod step_table;
pub mod suites;
pub mod text;
pub mod time;
pub mod tracelab;

use crate::recording::{RawSession, Recording};
use crate::store::{self, Found, SearchError};
use crate::units::Usage;
use ledger::FolderImporter;
use lines::Lines;
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
    fn endings(&self) -> &'static [&'static str];
    /// Endings that its files may have among many others: what is so named and of no known format
    /// is passed over in silence.
    fn loose_endings(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether whole lines from the start of a file are of this format.
    fn sniff(&self, head: &[&[u8]]) -> bool;
    /// Reads one file.
    fn parse(&self, file: &FileInfo<'_>, lines: &mut Lines<'_>, parsed: &mut Parsed);
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
pub struct Draft {
    /// The session.
    pub session: RawSession,
    /// The key of each of its calls.
    pub keys: Vec<CallKey>,
    /// A side thread: where it shares a response with a main thread, the main thread keeps it.
    pub sidechain: bool,
    /// Time of its last record; of two copies the session that ended first keeps the call.
    pub last_ms: i64,
    /// The thread it is and the threads it comes from, where the source tells.
    pub lineage: Option<forks::Lineage>,
}

/// What a source says it billed for a session, by model.
#[derive(Clone, Debug, PartialEq)]
pub struct Bill {
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
pub struct Parsed {
    /// Its sessions, main thread first.
    pub drafts: Vec<Draft>,
    /// Its statements of what was billed.
    pub bills: Vec<Bill>,
    /// What was passed over, line by line, up to a limit.
    skips: Vec<(u64, String)>,
    /// How many more were passed over.
    more: u64,
}

/// So many skips of one file are told one by one.
const SKIPS_PER_FILE: usize = 100;

impl Parsed {
    /// Notes that line `line` was passed over; 0 stands for the whole file.
    pub fn skip(&mut self, line: u64, reason: impl Into<String>) {
        if self.skips.len() < SKIPS_PER_FILE {
            self.skips.push((line, reason.into()));
        } else {
            self.more += 1;
        }
    }
}

/// How to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The recording's name.
    pub name: String,
    /// Whether the first skip is an error.
    pub strict: bool,
}

/// Something that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Label of the file.
    pub file: String,
    /// Line, counted from 1; 0 stands for the whole file.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Skip {
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
pub struct Imported {
    /// The recording.
    pub recording: Recording,
    /// What was passed over, by file and line; at most a hundred for each file.
    pub skips: Vec<Skip>,
    /// How many were passed over altogether.
    pub skipped: u64,
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
    Strict(Skip),
}

/// Imports the transcripts under `paths`; `progress` hears of bytes done and bytes in all.
///
/// # Errors
/// An argument without transcripts, no call in any file, or, where strict, anything skipped.
pub fn import(
    paths: &[PathBuf],
    options: &Options,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Imported, ImportError> {
    let mut endings: Vec<&str> = ALL.iter().flat_map(|one| one.endings()).copied().collect();
    endings.extend(ALL.iter().flat_map(|one| one.loose_endings()));
    endings.extend(FOLDERS.iter().flat_map(|one| one.endings()));
    endings.sort_unstable();
    endings.dedup();
    let mut found = store::search(paths, &endings)?;
    let ledgers = ledger::claim(&mut found);
    let total: u64 = found.files.iter().map(|file| file.bytes).sum();
    let done = AtomicU64::new(0);
    let read: Vec<(Option<&'static str>, Parsed)> = found
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
    let mut imported = merge::merge(&found.files, read, ledgers, options);
    imported.skipped += found.unreadable.len() as u64;
    let whole = found.unreadable.into_iter();
    imported.skips.extend(whole.map(|(file, reason)| Skip { file, line: 0, reason }));
    imported.skips.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    imported.bytes = done.into_inner();
    let loose = found.files.iter().all(is_loose);
    if loose && (imported.files, imported.skipped) == (0, 0) {
        // Files of names that many others have too, and none of a known format.
        return Err(store::no_transcripts(paths, &endings).into());
    }
    judge(imported, options)
}

fn judge(imported: Imported, options: &Options) -> Result<Imported, ImportError> {
    if let (true, Some(skip)) = (options.strict, imported.skips.first()) {
        return Err(ImportError::Strict(skip.clone()));
    }
    if imported.recording.calls.is_empty() && imported.recording.remainders.is_empty() {
        let first =
            imported.skips.first().map_or(String::new(), |skip| format!(", the first: {skip}"));
        let (files, skipped) = (imported.files as usize, imported.skipped);
        return Err(ImportError::NoCalls { files, skipped, first });
    }
    Ok(imported)
}

/// How much of a file is read before its format is decided, unless its first line is longer.
const HEAD: usize = 64 << 10;

/// How much is read of a file whose name says little, before its first line is given up.
const LOOSE_HEAD: usize = 1 << 20;

fn read_file(file: &Found, on_bytes: &dyn Fn(u64)) -> (Option<&'static str>, Parsed) {
    let mut parsed = Parsed::default();
    let opened = store::open(&file.path).and_then(|source| packed::unpacked(source, on_bytes));
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => {
            parsed.skip(0, format!("cannot be read: {error}"));
            return (None, parsed);
        }
    };
    let most = if is_loose(file) { LOOSE_HEAD } else { lines::MAX_LINE };
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
            parsed.skip(0, format!("cannot be read: {error}"));
        } else if !complete.is_empty() && !is_loose(file) {
            parsed.skip(0, "not a transcript of a known format");
        }
        return (None, parsed);
    };
    let mut whole = head.as_slice().chain(packed::Broken(cut)).chain(source);
    let mut lines = Lines::new(&mut whole, on_bytes);
    importer.parse(&FileInfo { label: &file.label }, &mut lines, &mut parsed);
    (Some(importer.id()), parsed)
}

/// Whether a file was found by a name that many other files have too.
fn is_loose(file: &Found) -> bool {
    let of = |endings: &[&str]| endings.iter().any(|ending| file.label.ends_with(ending));
    let loose = ALL.iter().any(|one| of(one.loose_endings()));
    !file.named
        && (loose || FOLDERS.iter().any(|one| of(one.endings())))
        && !ALL.iter().any(|one| of(one.endings()))
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
pub(crate) fn intern(names: &mut Vec<String>, name: &str) -> u16 {
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
