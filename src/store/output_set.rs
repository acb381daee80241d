//! Files that belong together, as one folder: all of the old set or all of the new.
//!
//! The new set is written into a folder beside the target, and the two change places in one step.
//! Where the system has no such step, or foreign files lie in the folder, its files are renamed one
//! by one. Either way a manifest with a digest of each file, in place last, says which set is
//! whole, which files are ours, and which were changed since.

use super::disk_error::{DiskError, make_folder};
use super::output_files::{OutputError, OutputFiles};
use super::partial::{folder_of, resolve, start_folder, sync_folder};
use crate::recording::hex_prefix;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file that says what belongs to a set.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Names the format of the manifest.
const MANIFEST_SCHEMA: &str = "windtunnel.files/1";

/// What belongs to a set.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    schema: String,
    /// SHA-256 of each file by its name, hexadecimal.
    files: BTreeMap<String, String>,
    /// The same of files that were changed since they were written, as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    edited: BTreeMap<String, String>,
}

/// A file that was changed by hand, and the new one beside it.
#[derive(Debug)]
pub(crate) struct KeptFile {
    /// Its name in the set.
    pub(crate) name: String,
    /// The name of the new one.
    pub(crate) beside: String,
}

/// `report.md` as `report.new.md`.
fn name_beside(name: &str) -> String {
    let path = Path::new(name);
    let ending = path.extension().map_or_else(String::new, |it| format!(".{}", it.display()));
    format!("{}.new{ending}", path.with_extension("").display())
}

impl Manifest {
    fn of_files(files: &[(String, Vec<u8>)]) -> Self {
        let files = files.iter().map(|(name, bytes)| (name.clone(), digest(bytes)));
        let (schema, files) = (MANIFEST_SCHEMA.to_owned(), files.collect());
        Self { schema, files, edited: BTreeMap::new() }
    }

    /// The digest of a file as it was written; empty for none of ours.
    fn digest_of(&self, name: &str) -> &str {
        self.files.get(name).or(self.edited.get(name)).map_or("", String::as_str)
    }

    /// Files that were ours and are neither what was written nor what is written now.
    fn edited_files(&self, folder: &Path, files: &[(String, Vec<u8>)]) -> Vec<KeptFile> {
        let is_edited = |(name, new): &&(String, Vec<u8>)| {
            let written = self.digest_of(name);
            let now = fs::read(folder.join(name)).ok();
            !written.is_empty() && now.is_some_and(|now| now != *new && digest(&now) != written)
        };
        let edited = files.iter().filter(is_edited).map(|(name, _)| name.clone());
        edited.map(|name| KeptFile { beside: name_beside(&name), name }).collect()
    }

    /// The one of a folder; an empty one where there is none that can be read, so that nothing in
    /// it is taken for ours.
    fn read(folder: &Path) -> Self {
        let read = fs::read(folder.join(MANIFEST)).ok();
        let read = read.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        read.filter(|read| read.schema == MANIFEST_SCHEMA).unwrap_or_default()
    }

    fn to_json(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether a file is the one that was written.
    fn holds(&self, folder: &Path, name: &str) -> bool {
        match self.digest_of(name) {
            "" => name == MANIFEST,
            written => fs::read(folder.join(name)).is_ok_and(|bytes| digest(&bytes) == *written),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    hex_prefix(&Sha256::digest(bytes), 32)
}

impl OutputFiles {
    /// Writes files as one set; names may hold `/`. Files of an earlier set go, foreign ones stay.
    /// Where one of an earlier set was changed since, it stays too, and what is new lies beside it.
    ///
    /// # Errors
    /// Inputs, and files that are not ours, are not replaced; else what the system says.
    pub(crate) fn write_set(
        &self,
        folder: &Path,
        files: &[(String, Vec<u8>)],
    ) -> Result<Vec<KeptFile>, OutputError> {
        let disk = |error| OutputError::Disk(DiskError::new(folder, "written", &error));
        let target = resolve(folder);
        make_folder(folder_of(&target))?;
        // All of it is written beside the target first: a full disk leaves the old set whole.
        let (partial, lock) = start_folder(&target).map_err(disk)?;
        for (name, bytes) in files {
            write_synced(&partial.path().join(name), bytes).map_err(disk)?;
        }
        // Two runs that change the same set do it one after the other. The lock is on what is
        // above: the folder itself is another one afterwards.
        let above = File::open(folder_of(&target)).map_err(disk)?;
        let _ = above.lock();
        let mut known = Manifest::read(&target);
        let kept = if self.force { Vec::new() } else { known.edited_files(&target, files) };
        let mut fresh = Manifest::of_files(files);
        for KeptFile { name, beside } in &kept {
            let new = fresh.files.remove(name).unwrap_or_default();
            fresh.files.insert(beside.clone(), new);
            fs::rename(partial.path().join(name), partial.path().join(beside)).map_err(disk)?;
        }
        self.refuse_foreign(folder, &fresh, &known)?;
        // Its digest of old says next time that it was changed.
        fresh.edited =
            kept.iter().map(|it| (it.name.clone(), known.digest_of(&it.name).to_owned())).collect();
        let manifest = fresh.to_json().map_err(disk)?;
        write_synced(&partial.path().join(MANIFEST), &manifest).map_err(disk)?;
        // What is read now goes with no old set.
        known.files.retain(|name, _| !self.inputs.contains(&resolve(&target.join(name))));
        sync_folder(partial.path());
        put_in_place(partial, &target, &known).map_err(disk)?;
        sync_folder(folder_of(&target));
        drop(lock);
        Ok(kept)
    }

    fn refuse_foreign(
        &self,
        folder: &Path,
        fresh: &Manifest,
        known: &Manifest,
    ) -> Result<(), OutputError> {
        for name in fresh.files.keys().map(String::as_str).chain([MANIFEST]) {
            let path = folder.join(name);
            if !path.exists() {
                continue;
            }
            // What is there already word for word is as good as ours.
            let is_ours = !known.schema.is_empty() && known.holds(folder, name)
                || name != MANIFEST && fresh.holds(folder, name);
            self.refuse(&path, is_ours)?;
        }
        Ok(())
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))?;
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What lies in a folder and is not ours, or was changed: names with `/`.
fn foreign_files(folder: &Path, inside: &str, known: &Manifest) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder.join(inside)) {
        Ok(entries) => entries,
        // There is no old set.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut foreign = Vec::new();
    for entry in entries {
        let entry = entry?;
        // A name that is no text is in no manifest.
        let name = format!("{inside}{}", entry.file_name().to_string_lossy());
        let below = format!("{name}/");
        if entry.file_type()?.is_dir() && known.files.keys().any(|own| own.starts_with(&below)) {
            foreign.extend(foreign_files(folder, &below, known)?);
        } else if entry.file_type()?.is_dir() || !known.holds(folder, &name) {
            foreign.push(Path::new(inside).join(entry.file_name()));
        }
    }
    Ok(foreign)
}

/// Has the new set take the place of the old one. What is left in the other folder is removed with
/// it, by its owner.
fn put_in_place(partial: TempDir, target: &Path, known: &Manifest) -> io::Result<()> {
    let new = partial.path();
    if !target.exists() {
        return fs::rename(new, target);
    }
    // Who stands in the folder, or below, would stand in the old one afterwards.
    let is_stood_in = resolve(Path::new(".")).starts_with(target);
    if !is_stood_in && foreign_files(target, "", known)?.is_empty() && exchange(new, target).is_ok()
    {
        // What somebody laid into the old folder in the meantime is his: what cannot be moved is
        // kept, under a name that no later run clears away.
        return move_foreign(new, target, known).inspect_err(|_| {
            let old = partial.keep();
            let _ = fs::rename(&old, old.with_extension("windtunnel-kept"));
        });
    }
    // The manifest comes last: until then the old one says which files are not its own.
    let fresh = Manifest::read(new);
    for name in fresh.files.keys().map(String::as_str).chain([MANIFEST]) {
        let place = target.join(name);
        fs::create_dir_all(folder_of(&place))?;
        fs::rename(new.join(name), &place)?;
    }
    // What the old set had and the new one has not, unless somebody changed it.
    for name in known.files.keys().filter(|name| !fresh.files.contains_key(*name)) {
        if known.holds(target, name) {
            fs::remove_file(target.join(name))?;
        }
    }
    Ok(())
}

/// Moves what is not ours into another folder.
fn move_foreign(from: &Path, to: &Path, known: &Manifest) -> io::Result<()> {
    for name in foreign_files(from, "", known)? {
        let place = to.join(&name);
        fs::create_dir_all(folder_of(&place))?;
        fs::rename(from.join(&name), place)?;
    }
    Ok(())
}

/// Two folders change places, in one step.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<(String, Vec<u8>)> {
        names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_is_read_goes_with_no_old_set() {
        let work = TempDir::new().expect("a folder");
        let out = work.path().join("out");
        let write = |inputs: &[PathBuf], force: bool, names: &[&str]| {
            OutputFiles::beside_inputs(inputs, force).write_set(&out, &files(names))
        };
        write(&[], false, &["a.csv", "b.csv", "c/d.csv"]).expect("written");
        write(&[out.join("b.csv")], false, &["a.csv"]).expect("written");
        assert!(out.join("b.csv").exists() && !out.join("c/d.csv").exists());
        // A file of somebody else in a folder that is read is an input, whatever is forced.
        fs::write(out.join("e.csv"), "mine").expect("written");
        let refused = write(&[work.path().to_owned()], true, &["a.csv", "e.csv"]);
        assert!(matches!(refused, Err(OutputError::IsInput(_))), "{refused:?}");
        write(&[], true, &["a.csv", "e.csv"]).expect("written");
    }

    #[test]
    fn foreign_files_are_moved_with_the_folders_above_them() {
        let work = TempDir::new().expect("a folder");
        let [old, new] = ["old", "new"].map(|name| work.path().join(name));
        let known = Manifest::of_files(&files(&["charts/a.svg"]));
        write_synced(&old.join("charts/a.svg"), b"charts/a.svg").expect("written");
        write_synced(&old.join("charts/mine.txt"), b"mine").expect("written");
        fs::create_dir(&new).expect("made");
        move_foreign(&old, &new, &known).expect("moved");
        assert!(new.join("charts/mine.txt").exists() && !new.join("charts/a.svg").exists());
    }
}
