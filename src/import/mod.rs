//! Importers: foreign bytes in, one recording and a list of skips out.
//!
//! Each format is one file or folder here and one line in `ALL`; files are sniffed by content.
//! Files are read in parallel and merged in the order of their labels, so that the same files give
//! the same bytes for any number of threads and any order of arguments.
//!
//! A call is counted once, whichever files hold a copy of it (`merge`). Text stops here: a
//! recording holds sizes, kinds and marks.

mod autoskillit;
mod billed_remainders;
mod claude_code;
mod codex;
mod copied_calls;
mod dispatches;
mod fork_lineage;
mod import_result;
mod importer;
mod json_escapes;
mod json_reader;
mod ledger;
mod line_reader;
mod measured_text;
mod merge;
mod merge_notes;
mod parsed_file;
mod price_words;
pub(crate) mod rollout_metrics;
mod session_completion;
mod shell_commands;
mod skip;
pub(crate) mod step_table;
mod test_commands;
mod timestamps;
pub mod tool_marks;
mod tracelab;
mod transcript;
mod zstd_source;

pub use import_result::{BilledCost, ImportError, ImportOptions, ImportResult};
pub use json_reader::JsonFault;
pub use skip::{ImportNote, ImportSkip, SkipReason};

use crate::store::{self, FoundFile, SearchResult};
use importer::{FolderImporter, Importer};
use ledger::HarnessLedger;
use line_reader::LineReader;
use parsed_file::{FileInfo, ParsedFile, ReadFile};
use rayon::prelude::*;
use std::cell::Cell;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every importer; the first whose sniff agrees takes the file.
static ALL: [&dyn Importer; 4] = [
    &claude_code::ClaudeCode,
    &claude_code::stream_json::StreamJson,
    &codex::Codex,
    &tracelab::TraceLab,
];

/// Every folder importer: each takes the folders of its format before files are read.
static FOLDERS: [&dyn FolderImporter; 1] = [&autoskillit::AutoSkillit];

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
    // Loose endings are searched as well; what has one and no known format is passed over.
    let mut found = store::find_files(paths, &endings)?;
    let ledgers = claim_folders(&mut found);
    let total: u64 = found.files.iter().map(|file| file.bytes).sum();
    let done = AtomicU64::new(0);
    let read: Vec<ReadFile> = found
        .files
        .par_iter()
        .with_max_len(1)
        .map(|file| {
            // Progress is told every 4 MiB: what is read since then has not been told of yet.
            let untold = Cell::new(0_u64);
            let read = read_file(file, &|bytes| {
                untold.set(untold.get() + bytes);
                if untold.get() >= 4 << 20 {
                    let new = untold.take();
                    progress(done.fetch_add(new, Ordering::Relaxed) + new, total);
                }
            });
            let new = untold.take();
            progress(done.fetch_add(new, Ordering::Relaxed) + new, total);
            read
        })
        .collect();
    let mut imported = merge::merge_files(&found.files, read, ledgers, options);
    imported.skip_count += found.unreadable.len() as u64;
    imported.skips.extend(found.unreadable.into_iter().map(|(file, reason)| ImportSkip {
        file,
        line: 0,
        reason: SkipReason::Unreachable(reason),
    }));
    // By file and line: strict imports and tables tell of the first one.
    imported.skips.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    imported.bytes = done.into_inner();
    let only_loose_names = found.files.iter().all(has_loose_name);
    if only_loose_names && (imported.files, imported.skip_count) == (0, 0) {
        // Files of names that many others have too, and none of a known format.
        return Err(store::no_transcripts_error(paths, &endings).into());
    }
    check_import_result(imported, options)
}

/// Takes the files of folder importers out of what was found, and adds the transcripts that their
/// ledgers name and that are here.
fn claim_folders(found: &mut SearchResult) -> Vec<HarnessLedger> {
    let mut ledgers = Vec::new();
    let mut is_claimed = vec![false; found.files.len()];
    for folder in FOLDERS {
        for positions in folder.claim_files(&found.files) {
            for &at in &positions {
                is_claimed[at] = true;
            }
            let files: Vec<&FoundFile> = positions.iter().map(|&at| &found.files[at]).collect();
            ledgers.push(folder.read_folder(&files));
        }
    }
    // Files are kept in the order of their positions, which is that of the flags.
    let mut is_claimed = is_claimed.into_iter();
    found.files.retain(|_| is_claimed.next() == Some(false));
    for (session, path) in ledgers.iter().flat_map(|ledger| &ledger.transcripts) {
        for linked in store::find_linked_files(path, session, ".jsonl") {
            // An argument may name the same transcript: it is read once.
            if !found.files.iter().any(|known| known.path == linked.path) {
                found.files.push(linked);
            }
        }
    }
    found.files.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    ledgers
}

fn check_import_result(
    imported: ImportResult,
    options: &ImportOptions,
) -> Result<ImportResult, ImportError> {
    let first_skip = imported.skips.first();
    if let (true, Some(skip)) = (options.strict, first_skip) {
        return Err(ImportError::Strict(skip.clone()));
    }
    if imported.recording.calls.is_empty() && imported.recording.remainders.is_empty() {
        let first = first_skip.map_or(String::new(), |skip| format!(", the first: {skip}"));
        let (files, skip_count) = (imported.files as usize, imported.skip_count);
        return Err(ImportError::NoCalls { files, skip_count, first });
    }
    Ok(imported)
}

/// How much of a file is read before its format is decided, unless its first line is longer.
const HEAD: usize = 64 << 10;

/// How much is read of a file whose name says little, before its first line is given up.
const LOOSE_HEAD: usize = 1 << 20;

fn read_file(file: &FoundFile, on_bytes: &dyn Fn(u64)) -> ReadFile {
    let mut parsed = ParsedFile::default();
    let opened = store::open_file(&file.path)
        .and_then(|source| zstd_source::decompress_if_zstd(source, on_bytes));
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => {
            parsed.add_skip(0, SkipReason::Unreadable(error.to_string()));
            return (None, parsed);
        }
    };
    let most = if has_loose_name(file) { LOOSE_HEAD } else { line_reader::MAX_LINE };
    let (head, cut) = read_head(&mut source, most);
    let lines: Vec<&[u8]> = head
        .split(|&byte| byte == b'\n')
        .map(|line| line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii())
        .filter(|line| !line.is_empty())
        .take(64)
        .collect();
    let Some(importer) = ALL.iter().find(|importer| importer.sniff(&lines)) else {
        if let Some(error) = cut {
            parsed.add_skip(0, SkipReason::Unreadable(error.to_string()));
        } else if !lines.is_empty() && !has_loose_name(file) {
            parsed.add_skip(0, SkipReason::UnknownFormat);
        }
        return (None, parsed);
    };
    // The head is read again as lines; an error that cut it comes back where it stood.
    let mut whole = head.as_slice().chain(zstd_source::DeferredError(cut)).chain(source);
    let mut lines = LineReader::new(&mut whole, on_bytes);
    importer.parse(&FileInfo { label: &file.label }, &mut lines, &mut parsed);
    (Some(importer.id()), parsed)
}

/// Whether a file was found by a name that many other files have too.
fn has_loose_name(file: &FoundFile) -> bool {
    let is_loose = ALL.iter().any(|one| ends_with_any(file, one.loose_file_endings()))
        || FOLDERS.iter().any(|one| ends_with_any(file, one.file_endings()));
    // A file that was named itself is meant, whatever its name.
    !file.is_argument && is_loose && !ALL.iter().any(|one| ends_with_any(file, one.file_endings()))
}

fn ends_with_any(file: &FoundFile, endings: &[&str]) -> bool {
    endings.iter().any(|ending| file.label.ends_with(ending))
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
