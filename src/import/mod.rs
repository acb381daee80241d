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
mod call_group;
mod call_times;
mod checked_value;
mod claude_code;
mod codex;
mod codex_exec;
mod copied_calls;
mod decoded_source;
mod dispatches;
mod file_head;
mod fork_lineage;
mod import_result;
mod importer;
mod json_escapes;
mod json_fault;
mod json_reader;
mod json_scanner;
mod json_value_lines;
mod kept_import;
mod ledger;
mod line_reader;
mod measured_text;
mod merge;
mod merge_notes;
mod parsed_file;
mod prefix_facts;
mod price_words;
mod record_lines;
pub(crate) mod rollout_metrics;
mod session_completion;
#[cfg(feature = "fleet")]
pub(crate) mod shards;
mod shell_commands;
mod skip;
pub(crate) mod start_folder;
pub(crate) mod step_table;
mod test_commands;
mod thread_totals;
mod timestamps;
pub mod tool_marks;
mod tracelab;
mod transcript;
mod utf16_source;
mod whole_records;
mod zstd_source;

pub(crate) use decoded_source::decode_file;
pub use import_result::{BilledCost, ImportError, ImportOptions, ImportResult};
pub use json_fault::JsonFault;
pub use skip::{ImportNote, ImportSkip, SkipReason};

use crate::recording::format;
use crate::store::{self, FoundFile, SearchError, SearchResult};
use decoded_source::open_decoded_source;
use file_head::{FileHead, HEAD, LOOSE_HEAD};
use importer::{FolderImporter, Importer};
use json_value_lines::JsonValueLines;
use ledger::HarnessLedger;
use line_reader::LineReader;
use merge::WholeImport;
use parsed_file::{FileInfo, ParsedFile, ReadFile};
use rayon::prelude::*;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use whole_records::WholeRecords;

/// Every importer; the first whose sniff agrees takes the file.
static ALL: [&dyn Importer; 5] = [
    &claude_code::ClaudeCode,
    &claude_code::stream_json::StreamJson,
    &codex::Codex,
    &codex_exec::CodexExec,
    &tracelab::TraceLab,
];

/// Every folder importer: each takes the folders of its format before files are read.
static FOLDERS: [&dyn FolderImporter; 1] = [&autoskillit::AutoSkillit];

/// Imports the transcripts under `paths`; `progress` hears of bytes done and bytes in all.
///
/// # Errors
/// An argument without transcripts, no call in any file, or, where strict, damage.
pub fn import_transcripts(
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<ImportResult, ImportError> {
    let mut found = find_import_files(paths)?;
    let (ledgers, claimed) = claim_folders(&mut found);
    // What cannot be read now may be readable the next time, under the same key.
    let cache = options.cache.as_ref().filter(|_| found.unreadable.is_empty());
    let kept = cache.and_then(|cache| {
        let key = cache.key_of_files(paths, claimed.iter().chain(&found.files))?;
        Some((cache, key))
    });
    let known =
        kept.and_then(|(cache, key)| kept_import::from_bytes(&cache.read(key)?, &options.name));
    let imported = known.unwrap_or_else(|| {
        let imported = import_found_files(&found, ledgers, (&options.name, None), progress);
        if let Some((cache, key)) = kept.filter(|_| kept_import::can_be_kept(&imported))
            && let Some(bytes) = kept_import::to_bytes(&imported)
        {
            cache.write(key, &bytes);
        }
        imported
    });
    // A kept import is judged like a new one.
    let only_loose_names = found.files.iter().all(has_loose_name);
    if only_loose_names && (imported.files, imported.skip_counts.total()) == (0, 0) {
        // Files of names that many others have too, and none of a known format.
        return Err(store::no_transcripts_error(paths, &file_endings()).into());
    }
    check_import_result(imported, options.strict)
}

/// How the names of files end that may be read.
fn file_endings() -> Vec<&'static str> {
    let mut endings: Vec<&str> = ALL.iter().flat_map(|one| one.file_endings()).copied().collect();
    // Loose endings are searched as well; what has one and no known format is passed over.
    endings.extend(ALL.iter().flat_map(|one| one.loose_file_endings()));
    endings.extend(FOLDERS.iter().flat_map(|one| one.file_endings()));
    endings.sort_unstable();
    endings.dedup();
    endings
}

fn find_import_files(paths: &[PathBuf]) -> Result<SearchResult, SearchError> {
    store::find_files(paths, &file_endings())
}

/// Reads the files and merges what they give.
fn import_found_files(
    found: &SearchResult,
    ledgers: Vec<HarnessLedger>,
    (name, whole): (&str, Option<&WholeImport>),
    progress: &(dyn Fn(u64, u64) + Sync),
) -> ImportResult {
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
    let mut imported = merge::merge_files(&found.files, read, ledgers, name, whole);
    imported.skip_counts.damage += found.unreadable.len() as u64;
    imported.skips.extend(found.unreadable.iter().map(|(file, reason)| ImportSkip {
        file: file.clone(),
        line: 0,
        reason: SkipReason::Unreachable(reason.clone()),
    }));
    // By file and line: strict imports and tables tell of the first one.
    imported.skips.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    imported.bytes = done.into_inner();
    imported.recording.skips = Some(imported.skip_counts);
    imported
}

/// Takes the files of folder importers out of what was found, and adds the transcripts that their
/// ledgers name and that are here. Returns the ledgers, and the files that they were read from.
fn claim_folders(found: &mut SearchResult) -> (Vec<HarnessLedger>, Vec<FoundFile>) {
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
    if ledgers.is_empty() {
        return (ledgers, Vec::new());
    }
    // Files are kept in the order of their positions, which is that of the flags.
    let mut is_claimed = is_claimed.into_iter();
    let (claimed, left) =
        std::mem::take(&mut found.files).into_iter().partition(|_| is_claimed.next() == Some(true));
    found.files = left;
    let mut known: BTreeSet<PathBuf> = found.files.iter().map(|file| file.path.clone()).collect();
    for (session, path) in ledgers.iter().flat_map(|ledger| &ledger.transcripts) {
        for linked in store::find_linked_files(path, session, ".jsonl") {
            // An argument may name the same transcript: it is read once.
            if known.insert(linked.path.clone()) {
                found.files.push(linked);
            }
        }
    }
    found.files.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    (ledgers, claimed)
}

fn check_import_result(
    imported: ImportResult,
    is_strict: bool,
) -> Result<ImportResult, ImportError> {
    let first_skip = imported.skips.first();
    let first_damage = imported.skips.iter().find(|skip| skip.reason.is_damage());
    if let (true, Some(skip)) = (is_strict, first_damage) {
        return Err(ImportError::Strict(skip.clone()));
    }
    // Totals without calls are an import too: they are remainders.
    if imported.recording.calls.is_empty() && imported.recording.remainders.is_empty() {
        let first = first_skip.cloned();
        let (files, skip_count) = (imported.files as usize, imported.skip_counts.total());
        return Err(ImportError::NoCalls { files, skip_count, first });
    }
    Ok(imported)
}

fn read_file(file: &FoundFile, on_bytes: &dyn Fn(u64)) -> ReadFile {
    let mut parsed = ParsedFile::default();
    let opened =
        store::open_found_file(file).and_then(|source| open_decoded_source(source, on_bytes));
    let source = match opened {
        Ok(source) => source,
        Err(error) => {
            parsed.add_skip(0, SkipReason::Unreadable(error.to_string()));
            return (None, parsed);
        }
    };
    let mut head = FileHead::read(source, has_loose_name(file), file.bytes);
    let mut format = find_format(&head.text);
    // A line that is too long to read may stand before lines that tell the format.
    while format.is_none() && head.pass_long_line() {
        format = find_format(&head.text);
    }
    let Some((importer, layout)) = format else {
        if let Some(reason) = reason_of_no_format(file, &head) {
            parsed.add_skip(0, reason);
        }
        return (None, parsed);
    };
    let (start, is_whole, mut rest) = head.into_parts();
    let mut values;
    let is_record = |piece: &[u8]| importer.sniff(&[piece]);
    let mut lines = match layout {
        Layout::Lines => LineReader::new(&mut rest, &is_record).behind(start, is_whole),
        Layout::Values => {
            values = JsonValueLines::new(io::Cursor::new(start).chain(rest));
            LineReader::new(&mut values, &is_record)
        }
    };
    importer.parse(&FileInfo { label: &file.label }, &mut lines, &mut parsed);
    // All drafts lie in memory until they are merged, and most files have one.
    parsed.drafts.shrink_to_fit();
    (Some(importer.id()), parsed)
}

/// Why a file is passed over whose format nobody knows; nothing where it is empty or its name is
/// one that many others have.
fn reason_of_no_format<R: Read>(file: &FoundFile, head: &FileHead<R>) -> Option<SkipReason> {
    if let Some(error) = &head.cut {
        return Some(SkipReason::Unreadable(error.to_string()));
    }
    let is_empty = head.text.trim_ascii().is_empty() && !head.has_passed_lines();
    if is_empty || has_loose_name(file) {
        return None;
    }
    // A harness keeps other records beside its transcripts; nothing is wrong with those.
    let lines = head_lines(&head.text);
    let is_whole = !lines.is_empty() && lines.iter().all(|line| is_whole_object(line));
    let is_other = is_whole && !file.is_argument && !head.has_passed_lines();
    Some(if is_other { SkipReason::OtherRecords } else { SkipReason::UnknownFormat })
}

/// How the records of a file stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// One on a line.
    Lines,
    /// In an array, or over several lines.
    Values,
}

/// How many records of a head are looked at.
const SNIFFED: usize = 64;

/// The importer of the file that begins so, and how its records stand.
fn find_format(head: &[u8]) -> Option<(&'static dyn Importer, Layout)> {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        let lines = head_lines(head);
        if let Some(importer) = sniff_records(&lines) {
            return Some((importer, Layout::Lines));
        }
        // Each line may be damaged and hold whole records all the same.
        let is_record = |piece: &[u8]| sniff_records(&[piece]).is_some();
        for line in lines {
            let mut records = WholeRecords::new(line, &is_record);
            while let Some(record) = records.next_record() {
                if let Some(importer) = sniff_records(&[record]) {
                    return Some((importer, Layout::Lines));
                }
            }
        }
    }
    if !matches!(first, Some(b'[' | b'{')) {
        return None;
    }
    let mut values = Vec::new();
    // A slice can be read to its end.
    JsonValueLines::new(head).read_to_end(&mut values).ok()?;
    sniff_records(&head_lines(&values)).map(|importer| (importer, Layout::Values))
}

fn sniff_records(records: &[&[u8]]) -> Option<&'static dyn Importer> {
    ALL.iter().copied().find(|importer| importer.sniff(records))
}

fn head_lines(head: &[u8]) -> Vec<&[u8]> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', head).chain([head.len()]);
    let lines = ends.map(|end| &head[std::mem::replace(&mut start, end + 1)..end]);
    lines.map(line_reader::trim_line).filter(|line| !line.is_empty()).take(SNIFFED).collect()
}

/// Whether a line is one JSON object, or the start of one that goes on behind the head.
fn is_whole_object(line: &[u8]) -> bool {
    line.starts_with(b"{")
        && match json_reader::find_value_end(line, 0) {
            Ok(end) => end == line.len(),
            Err((fault, _)) => fault == JsonFault::CutShort && line.len() >= HEAD / SNIFFED,
        }
}

/// What a file holds, as far as its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadContent {
    /// Records of a known format.
    Transcripts,
    /// An object that names a schema.
    Recording,
    /// A recording in binary columns.
    Columns,
    /// Neither.
    Unknown,
}

/// What the file holds that begins so, packed or not.
pub(crate) fn find_head_content(head: &[u8]) -> HeadContent {
    let mut text = Vec::new();
    // A head of a packed file is cut: what comes before the cut is enough.
    if let Ok(source) = open_decoded_source(Box::new(io::Cursor::new(head.to_vec())), &|_| {}) {
        _ = source.take(LOOSE_HEAD as u64).read_to_end(&mut text);
    }
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    if text.starts_with(format::MAGIC) {
        HeadContent::Columns
    } else if find_format(text).is_some() {
        HeadContent::Transcripts
    } else if memchr::memmem::find(text, b"\"schema\"").is_some() {
        HeadContent::Recording
    } else {
        HeadContent::Unknown
    }
}

/// Whether a file was found by a name that many other files have too.
fn has_loose_name(file: &FoundFile) -> bool {
    let is_loose = ALL.iter().any(|one| ends_with_any(file, one.loose_file_endings()))
        || FOLDERS.iter().any(|one| ends_with_any(file, one.file_endings()));
    // A file that was named itself is meant, whatever its name.
    !file.is_argument && is_loose && !ALL.iter().any(|one| ends_with_any(file, one.file_endings()))
}

fn ends_with_any(file: &FoundFile, endings: &[&str]) -> bool {
    let name = store::strip_packed_ending(&file.label);
    endings.iter().any(|ending| name.ends_with(ending))
}
