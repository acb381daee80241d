//! The only door to the disk: finding transcript files and opening them.
//!
//! A path may be a file, a folder, `-` for standard input, or a pipe. Folders are walked in sorted
//! order; symbolic links are followed, but no folder is entered and no file taken twice, so a loop
//! ends. What cannot be read inside a folder is passed over and counted; an argument that cannot be
//! read is an error.

#![expect(clippy::disallowed_methods, reason = "this is the door to the disk")]

mod disk_error;
mod file_kind;
#[cfg(feature = "fleet")]
mod listed_files;
mod output_files;
mod output_set;
mod parse_cache;
mod partial;
mod relative_path;

pub(crate) use disk_error::DiskError;
#[cfg(feature = "fleet")]
pub(crate) use listed_files::SpooledFiles;
pub(crate) use output_files::{OutputError, OutputFiles};
pub(crate) use output_set::{KeptFile, MANIFEST};
pub use parse_cache::ParseCache;
pub(crate) use relative_path::path_from_folder;

use parse_cache::FileStamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Standard input, as an argument.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Endings that a compressor adds to the name of a file.
const PACKED_ENDINGS: [&str; 2] = [".gz", ".zst"];

/// A name without what a compressor added to it.
pub(crate) fn strip_packed_ending(name: &str) -> &str {
    PACKED_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether an argument is standard input, a pipe or a device: what can be read once.
pub(crate) fn is_stream(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
        || fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its name in every output: relative to the argument it was found under, with `/`.
    pub label: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes; 0 of a stream, of which some systems tell what waits in it.
    pub bytes: u64,
    /// Whether it was named itself rather than found in a folder.
    pub is_argument: bool,
    /// What tells it from what it was before and from what it may become.
    stamp: Option<FileStamp>,
}

impl FoundFile {
    /// A file that was looked at when `now` had come.
    fn new(label: String, path: PathBuf, meta: Option<&Metadata>, now: SystemTime) -> Self {
        let bytes = meta.filter(|meta| meta.is_file()).map_or(0, Metadata::len);
        let stamp = meta.and_then(|meta| FileStamp::new(meta, now));
        Self { label, path, bytes, is_argument: false, stamp }
    }
}

/// What a search brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchResult {
    /// The files, by label.
    pub files: Vec<FoundFile>,
    /// Labels of what could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// An argument that names nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// There is nothing there.
    #[error("{path}: no such file or folder; name a transcript or a folder of transcripts")]
    NotFound {
        /// The argument.
        path: String,
    },
    /// It is there, but closed.
    #[error("{path}: cannot be read: {reason}")]
    Unreadable {
        /// The argument.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// The folder holds nothing.
    #[error("{path}: the folder is empty; name a folder that holds transcripts")]
    EmptyFolder {
        /// The argument.
        path: String,
    },
    /// The folder holds no file that could be a transcript.
    #[error("{path}: no transcripts in this folder; looked for files ending in {endings}")]
    NoTranscripts {
        /// The argument.
        path: String,
        /// The endings of names that were looked for.
        endings: String,
    },
}

/// One walk below one argument.
struct FolderSearch<'a> {
    endings: &'a [&'a str],
    /// Real paths of the folders entered: a link back into one of them ends there.
    entered: BTreeSet<PathBuf>,
    entries: u64,
    files: Vec<FoundFile>,
    unreadable: Vec<(String, String)>,
    /// When it began.
    now: SystemTime,
}

/// Finds the files under `paths` whose names end in one of `endings`; a file named itself is taken
/// whatever its name. The answer depends neither on the order of the paths nor on repetitions.
///
/// # Errors
/// An argument that does not exist, cannot be read, is an empty folder or has no transcripts.
pub(crate) fn find_files(paths: &[PathBuf], endings: &[&str]) -> Result<SearchResult, SearchError> {
    let mut roots: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for path in paths {
        // Links and repetitions end here: two arguments that are one file are one argument.
        // The links of a pipe lead to no path.
        let real = if is_stream(path) {
            path.clone()
        } else {
            fs::canonicalize(path).map_err(|error| search_error(path, &error))?
        };
        roots.entry(real).or_insert(path);
    }
    let (mut search, now) = (SearchResult::default(), SystemTime::now());
    for (real, path) in &roots {
        let last = base_name(real);
        // Labels of several folders begin with the folder's name, so that equal file names stay
        // apart without a path of the machine.
        let prefix = if roots.len() > 1 { format!("{last}/") } else { String::new() };
        let mut walk = FolderSearch {
            endings,
            entered: BTreeSet::new(),
            entries: 0,
            files: Vec::new(),
            unreadable: Vec::new(),
            now,
        };
        if real.is_dir() {
            // A folder that was named must be readable; one further down is only noted, so that one
            // locked folder does not hide all others.
            fs::read_dir(real).map_err(|error| search_error(path, &error))?;
            walk.enter_folder(real, &prefix);
            walk.check_usable(path)?;
        } else {
            // To open a pipe and close it again would end whoever writes to it.
            if !is_stream(real) {
                File::open(real).map_err(|error| search_error(path, &error))?;
            }
            let meta = fs::metadata(real).ok();
            walk.files.push(FoundFile::new(last, real.clone(), meta.as_ref(), now));
        }
        search.unreadable.append(&mut walk.unreadable);
        for mut found in walk.files {
            // A file that was named itself is read whatever its ending, also when it lies in a
            // folder that was named as well.
            found.is_argument = roots.contains_key(&found.path);
            search.files.push(found);
        }
    }
    // By the file itself and not by its label, so that no transcript is counted twice: of one that
    // was found under two arguments the smaller label stays.
    search
        .files
        .sort_by(|a, b| (a.path.as_os_str(), &a.label).cmp(&(b.path.as_os_str(), &b.label)));
    search.files.dedup_by(|later, kept| later.path == kept.path);
    // By label, which is the same on every machine.
    search.files.sort_by(|a, b| (&a.label, &a.path).cmp(&(&b.label, &b.path)));
    search.unreadable.sort();
    search.unreadable.dedup();
    Ok(search)
}

/// A file that another file names, and the files ending in `ending` in the folder of the same name
/// without its ending: under the label `name`, because the path is a machine's. Nothing where it is
/// not here.
#[must_use]
pub(crate) fn find_linked_files(path: &Path, name: &str, ending: &str) -> Vec<FoundFile> {
    let Ok(real) = fs::canonicalize(path) else {
        return Vec::new();
    };
    // The path comes from inside a log: what is no transcript is not opened.
    if !path.is_absolute() || !real.is_file() || !real.to_string_lossy().ends_with(ending) {
        return Vec::new();
    }
    let (endings, now) = ([ending], SystemTime::now());
    let (entered, files, unreadable) = (BTreeSet::new(), Vec::new(), Vec::new());
    let mut walk = FolderSearch { endings: &endings, entered, entries: 0, files, unreadable, now };
    // Side sessions lie in a folder that has the name of their main transcript.
    let beside = path.with_extension("");
    if beside.is_dir() {
        walk.enter_folder(&beside, &format!("{name}/"));
    }
    let meta = fs::metadata(&real).ok();
    let main = FoundFile::new(format!("{name}{ending}"), real, meta.as_ref(), now);
    std::iter::once(main).chain(walk.files).collect()
}

/// The refusal of folders without transcripts.
#[must_use]
pub(crate) fn no_transcripts_error(paths: &[PathBuf], endings: &[&str]) -> SearchError {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    // Whole names of single files say nothing to somebody who looks for transcripts.
    let told = endings.iter().filter(|ending| ending.starts_with('.') && !ending.contains('_'));
    let endings = told.copied().collect::<Vec<_>>().join(", ");
    SearchError::NoTranscripts { path: paths.join(", "), endings }
}

/// Opens a file for reading.
///
/// # Errors
/// What the system says.
pub(crate) fn open_file(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let peeked = PEEKED_STREAMS.lock().unwrap_or_else(PoisonError::into_inner).remove(path);
    match peeked {
        Some(stream) => Ok(stream),
        None if path == Path::new(STANDARD_INPUT) => Ok(Box::new(io::stdin())),
        None => Ok(Box::new(File::open(path)?)),
    }
}

/// Opens a file as it was found: what it has grown by is left, and nobody asks for its end.
///
/// # Errors
/// What the system says.
pub(crate) fn open_found_file(file: &FoundFile) -> io::Result<Box<dyn Read + Send>> {
    let source = open_file(&file.path)?;
    // Streams tell no size, nor do files that a system makes up when they are read.
    Ok(if file.bytes > 0 { Box::new(source.take(file.bytes)) } else { source })
}

/// Streams of which the start was looked at, whole again, until they are opened.
static PEEKED_STREAMS: Mutex<BTreeMap<PathBuf, Box<dyn Read + Send>>> = Mutex::new(BTreeMap::new());

/// The first bytes of a file, at most so many; a stream can still be opened once after it.
///
/// # Errors
/// What the system says.
pub(crate) fn peek_file(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut source = open_file(path)?;
    let mut head = Vec::new();
    source.by_ref().take(bytes).read_to_end(&mut head)?;
    if is_stream(path) {
        let whole = io::Cursor::new(head.clone()).chain(source);
        let mut peeked = PEEKED_STREAMS.lock().unwrap_or_else(PoisonError::into_inner);
        peeked.insert(path.to_owned(), Box::new(whole));
    }
    Ok(head)
}

fn search_error(path: &Path, error: &io::Error) -> SearchError {
    let path = path.display().to_string();
    if error.kind() == io::ErrorKind::NotFound {
        SearchError::NotFound { path }
    } else {
        SearchError::Unreadable { path, reason: error.to_string() }
    }
}

impl FolderSearch<'_> {
    fn enter_folder(&mut self, path: &Path, label: &str) {
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) => return self.note_unreadable(label, &error),
        };
        // A link back into a folder above would never end.
        if !self.entered.insert(real.clone()) {
            return;
        }
        let entries = match fs::read_dir(&real) {
            Ok(entries) => entries,
            Err(error) => return self.note_unreadable(label, &error),
        };
        let mut names = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => names.push((entry.file_name(), entry.file_type().ok())),
                Err(error) => self.note_unreadable(label, &error),
            }
        }
        // The system lists files in any order.
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (name, kind) in names {
            self.entries += 1;
            let told = name.to_string_lossy();
            self.visit_entry(&real.join(&name), kind, &format!("{label}{told}"));
        }
    }

    fn visit_entry(&mut self, path: &Path, kind: Option<FileType>, label: &str) {
        let name = strip_packed_ending(label);
        let wanted = self.endings.iter().any(|ending| name.ends_with(ending));
        // What the folder itself tells of an entry need not be asked for.
        if kind.is_some_and(|kind| kind.is_dir()) {
            return self.enter_folder(path, &format!("{label}/"));
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.enter_folder(path, &format!("{label}/")),
            Ok(meta) if meta.is_file() && wanted => {
                // The folder's own path holds no link: only a link leads elsewhere.
                let is_link = kind.is_none_or(|kind| kind.is_symlink());
                let real = if is_link { fs::canonicalize(path) } else { Ok(path.to_owned()) };
                match real {
                    Ok(real) => {
                        let found = FoundFile::new(label.to_owned(), real, Some(&meta), self.now);
                        self.files.push(found);
                    }
                    Err(error) => self.note_unreadable(label, &error),
                }
            }
            // Pipes and devices could block or never end.
            Ok(meta) if wanted && !meta.is_file() => {
                self.note_unreadable(label, &io::Error::other("a pipe or a device"));
            }
            // What may not be looked at, or lies deeper than the system goes, may be a folder.
            Err(error) if wanted || may_hide_folder(&error) => self.note_unreadable(label, &error),
            Ok(_) | Err(_) => {}
        }
    }

    fn note_unreadable(&mut self, label: &str, error: &io::Error) {
        self.unreadable.push((label.to_owned(), error.to_string()));
    }

    fn check_usable(&self, path: &Path) -> Result<(), SearchError> {
        let path = path.display().to_string();
        if self.entries == 0 {
            return Err(SearchError::EmptyFolder { path });
        }
        if self.files.is_empty() {
            return Err(no_transcripts_error(&[PathBuf::from(path)], self.endings));
        }
        Ok(())
    }
}

/// Whether something is there that cannot be looked at. A link that leads nowhere is nothing.
fn may_hide_folder(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidFilename)
}

/// Reads a whole small file.
///
/// # Errors
/// What the system says.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, DiskError> {
    let read = if is_stream(path) {
        let mut bytes = Vec::new();
        open_file(path).and_then(|mut source| source.read_to_end(&mut bytes)).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|error| DiskError::new(path, "read", &error))
}

/// Whether there is a file of this name.
#[must_use]
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is anything of this name.
#[must_use]
pub(crate) fn path_exists(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT) || path.exists()
}

/// The last part of a path, links and dots resolved: a name that says nothing about the machine.
#[must_use]
pub(crate) fn base_name(path: &Path) -> String {
    if path == Path::new(STANDARD_INPUT) {
        return "stdin".to_owned();
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_file_that_grows_is_read_as_it_was_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        fs::write(&path, "found\n").expect("written");
        let found = find_files(std::slice::from_ref(&path), &[".jsonl"]).expect("there");
        let mut grown = fs::OpenOptions::new().append(true).open(&path).expect("opened");
        grown.write_all(b"half a li").expect("appended");
        let read = |file: &FoundFile| {
            let mut text = String::new();
            open_found_file(file).and_then(|mut source| source.read_to_string(&mut text)).ok();
            text
        };
        assert_eq!(read(&found.files[0]), "found\n");
        // What tells no size is read to its end.
        assert_eq!(read(&FoundFile { bytes: 0, ..found.files[0].clone() }), "found\nhalf a li");
    }
}
