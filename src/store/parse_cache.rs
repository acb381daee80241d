//! What files gave when they were last read, kept so that it need not be read out of them again.
//!
//! One entry for each set of arguments; it says by a fingerprint which files it was made of, each
//! with its path, size, inode and times, and by which program. Whatever else lies there, is cut or
//! damaged is passed over, and what cannot be written is not kept: nothing depends on this folder.
//! An entry is written beside its place and renamed, so that two programs at once do no harm.

use super::FoundFile;
use super::partial::start_private_file;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

/// How an entry begins.
const MAGIC: &[u8] = b"windtunnel.parse-cache/1\n";

/// How names of entries end.
const ENDING: &str = "parsed";

/// All entries together have at most so many bytes; beyond it the one goes first that was not used
/// for the longest time.
const MOST_BYTES: u64 = 512 << 20;

/// A file that changed so short a time ago may change again without another time.
const YOUNG_NS: i128 = 2_000_000_000;

/// What tells a file from what it was before, as far as the system keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileStamp {
    device: u64,
    inode: u64,
    modified_ns: i128,
    /// When anything about it changed: nobody can set this back.
    changed_ns: i128,
}

impl FileStamp {
    /// The stamp of a file that was looked at when `now` had come. None where its times do not tell
    /// its next change, or the system keeps no time of change.
    #[cfg(unix)]
    pub(super) fn new(meta: &fs::Metadata, now: SystemTime) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let ns = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        let modified_ns = ns(meta.mtime(), meta.mtime_nsec());
        let changed_ns = ns(meta.ctime(), meta.ctime_nsec());
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos() as i128;
        let is_settled = modified_ns.max(changed_ns) <= now - YOUNG_NS;
        let (device, inode) = (meta.dev(), meta.ino());
        let stamp = Self { device, inode, modified_ns, changed_ns };
        (is_settled && meta.is_file()).then_some(stamp)
    }

    /// Elsewhere nothing is kept.
    #[cfg(not(unix))]
    pub(super) fn new(_: &fs::Metadata, _: SystemTime) -> Option<Self> {
        None
    }
}

/// A folder for what files gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseCache {
    folder: PathBuf,
    /// What tells this program from others, whose entries are not read.
    program: String,
}

/// What an entry is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParseCacheKey {
    /// Of the arguments: the name of the entry.
    arguments: u128,
    /// Of all files and of the program.
    files: u128,
}

impl ParseCache {
    /// A folder that is made when something is kept; `program` tells builds apart.
    #[must_use]
    pub fn new(folder: PathBuf, program: String) -> Self {
        Self { folder, program }
    }

    /// The key of these files, found under `arguments`; none where one of them has no stamp.
    pub(crate) fn key_of_files<'a>(
        &self,
        arguments: &[PathBuf],
        files: impl Iterator<Item = &'a FoundFile>,
    ) -> Option<ParseCacheKey> {
        let mut hash = Xxh3::new();
        let mut add = |bytes: &[u8]| {
            // The length goes first: `ab` + `c` is not `a` + `bc`.
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        add(self.program.as_bytes());
        for file in files {
            // One file that may still change makes the whole import one that is not kept.
            let stamp = file.stamp?;
            add(file.label.as_bytes());
            add(file.path.as_os_str().as_encoded_bytes());
            for number in [file.bytes, stamp.device, stamp.inode, file.is_argument.into()] {
                add(&number.to_le_bytes());
            }
            add(&stamp.modified_ns.to_le_bytes());
            add(&stamp.changed_ns.to_le_bytes());
        }
        let files = hash.digest128();
        let mut real: Vec<PathBuf> =
            arguments.iter().map(fs::canonicalize).collect::<io::Result<_>>().ok()?;
        // The same folders in another order are the same import.
        real.sort();
        let mut names = Vec::new();
        for path in &real {
            names.extend_from_slice(path.as_os_str().as_encoded_bytes());
            // No path holds a zero byte: two paths never run together.
            names.push(0);
        }
        Some(ParseCacheKey { arguments: xxh3_128(&names), files })
    }

    /// What was kept of these files, if it is whole.
    pub(crate) fn read(&self, key: ParseCacheKey) -> Option<Vec<u8>> {
        if !is_own(&self.folder) {
            return None;
        }
        let path = self.entry(key);
        let mut bytes = fs::read(&path).ok()?;
        // Whatever is damaged or of another version is as if it were not there.
        let rest = bytes.strip_prefix(MAGIC)?;
        let (files, rest) = rest.split_first_chunk::<16>()?;
        let (checksum, content) = rest.split_first_chunk::<8>()?;
        if *files != key.files.to_le_bytes() || *checksum != xxh3_64(content).to_le_bytes() {
            return None;
        }
        let start = bytes.len() - content.len();
        bytes.drain(..start);
        // What is used stays longest.
        let _ = File::open(&path).and_then(|entry| entry.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// Keeps what these files gave. What cannot be kept is read out of them again the next time.
    pub(crate) fn write(&self, key: ParseCacheKey, content: &[u8]) {
        if content.len() as u64 <= MOST_BYTES / 2 {
            let _ = self.write_entry(key, content);
        }
    }

    fn write_entry(&self, key: ParseCacheKey, content: &[u8]) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        if !is_own(&self.folder) {
            return Err(io::Error::other("others can write there"));
        }
        self.make_room(content.len() as u64)?;
        let path = self.entry(key);
        let entry = start_private_file(&path)?;
        let mut file = entry.as_file();
        file.write_all(MAGIC)?;
        file.write_all(&key.files.to_le_bytes())?;
        file.write_all(&xxh3_64(content).to_le_bytes())?;
        file.write_all(content)?;
        // No sync: an entry that the disk lost is cut, and passed over.
        entry.persist(&path)?;
        Ok(())
    }

    /// Removes the entries that were not used for the longest time, until there is room.
    fn make_room(&self, wanted: u64) -> io::Result<()> {
        let mut known = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            // Another run may have cleared it away by now.
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if path.extension().is_some_and(|ending| ending == ENDING) && meta.is_file() {
                known.push((meta.modified()?, path, meta.len()));
            }
        }
        // The longest unused first.
        known.sort();
        let mut bytes: u64 = known.iter().map(|(_, _, bytes)| bytes).sum();
        for (_, path, own) in known {
            if bytes + wanted <= MOST_BYTES {
                break;
            }
            fs::remove_file(path)?;
            bytes -= own;
        }
        Ok(())
    }

    fn entry(&self, key: ParseCacheKey) -> PathBuf {
        self.folder.join(format!("{:032x}.{ENDING}", key.arguments))
    }
}

/// Whether nobody but its owner can write into a folder.
#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(folder).is_ok_and(|meta| meta.is_dir() && meta.permissions().mode() & 0o022 == 0)
}

#[cfg(not(unix))]
fn is_own(folder: &Path) -> bool {
    folder.is_dir()
}
