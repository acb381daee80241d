//! Files and folders on their way: beside the target, locked while somebody writes them.
//!
//! The lock goes with the process that holds it. What nobody holds was left by a run that was
//! stopped, and the next one that writes the same target clears it away.

use std::ffi::{OsStr, OsString};
#[cfg(unix)]
use std::fs::Permissions;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

/// How names of what is on its way end.
const ENDING: &str = ".windtunnel-partial";

/// How often a partial file is made anew when another run takes it for one that was left.
const ATTEMPTS: usize = 8;

/// The folder of a target; the folder in which the program runs where none is named.
pub(super) fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file beside its target, locked. It takes the rights of the file that it will replace.
pub(super) fn start_file(target: &Path) -> io::Result<NamedTempFile> {
    start_file_with(target, 0o666)
}

/// The same for nobody but the one who writes it.
pub(super) fn start_private_file(target: &Path) -> io::Result<NamedTempFile> {
    start_file_with(target, 0o600)
}

fn start_file_with(target: &Path, rights: u32) -> io::Result<NamedTempFile> {
    let (file, _) = start_locked(target, rights, |builder, folder| {
        let file = builder.tempfile_in(folder)?;
        // A lock belongs to what was opened, not to who opened it: the copy is the same one.
        let held = file.as_file().try_clone()?;
        Ok((file, held))
    })?;
    Ok(file)
}

/// A folder beside its target, and the lock on it.
pub(super) fn start_folder(target: &Path) -> io::Result<(TempDir, File)> {
    start_locked(target, 0o777, |builder, folder| {
        let folder = builder.tempdir_in(folder)?;
        let held = File::open(folder.path())?;
        Ok((folder, held))
    })
}

/// Makes what will stand at a target, and locks it.
fn start_locked<T: AsRef<Path>>(
    target: &Path,
    rights: u32,
    make: impl Fn(&tempfile::Builder<'_, '_>, &Path) -> io::Result<(T, File)>,
) -> io::Result<(T, File)> {
    clear_left_over(target);
    let start = prefix_of(target);
    for _ in 0..ATTEMPTS {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&start).suffix(ENDING);
        take_rights(&mut builder, target, rights);
        // Before it is locked another run may take it for one that was left: before it is opened,
        // and after.
        let (made, held) = match make(&builder, folder_of(target)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder_of(target).exists() => {
                continue;
            }
            made => made?,
        };
        lock(&held);
        if made.as_ref().exists() {
            return Ok((made, held));
        }
    }
    Err(io::Error::other("another run clears what this one writes"))
}

/// Removes what stopped runs left beside a target. What cannot be removed stays: it harms nobody.
fn clear_left_over(target: &Path) {
    let start = prefix_of(target);
    let Ok(entries) = fs::read_dir(folder_of(target)) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_partial =
            name.starts_with(start.as_encoded_bytes()) && name.ends_with(ENDING.as_bytes());
        if !is_partial {
            continue;
        }
        // Nobody writes it any more if its lock can be had, and nobody begins to while it is held.
        let Some(_held) = File::open(&path).ok().filter(|file| file.try_lock().is_ok()) else {
            continue;
        };
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
}

/// Where a file system knows no locks nothing is taken for left over that somebody may still write:
/// there a lock cannot be had either.
fn lock(file: &File) {
    let _ = file.lock();
}

/// `.NAME.`: hidden, and found again by the name of the target.
fn prefix_of(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or(OsStr::new("output"));
    [OsStr::new("."), name, OsStr::new(".")].into_iter().collect()
}

/// The rights of what will be replaced, else those that the system gives to what is new.
#[cfg(unix)]
fn take_rights(builder: &mut tempfile::Builder<'_, '_>, target: &Path, otherwise: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let known = fs::metadata(target).map(|known| known.permissions());
    builder.permissions(known.unwrap_or_else(|_| Permissions::from_mode(otherwise)));
}

/// Elsewhere files take the rights of their folder.
#[cfg(not(unix))]
fn take_rights(_: &mut tempfile::Builder<'_, '_>, _: &Path, _: u32) {}

/// Has the disk keep the names in a folder. Not every system can; then the names come with the next
/// of its own rounds.
pub(super) fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Where a path leads, links resolved; itself where there is nothing yet.
pub(super) fn resolve(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
