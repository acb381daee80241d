//! What commands write: whole or not at all, never over an input, never over a foreign file.
//!
//! A file is written beside its target, synced and renamed, so that a full disk or a stop leaves
//! the old one. What is no file (a device, a pipe) is written as it comes.

use super::disk_error::{DiskError, make_folder};
use super::file_kind::FileEnds;
use super::partial::{folder_of, resolve, start_file, sync_folder};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// What the system says.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What is written would replace what was read.
    #[error("{0}: is one of the inputs: write to another file")]
    IsInput(String),
    /// Somebody else's file.
    #[error("{0}: was not written by this command, or was changed since: --force replaces it")]
    IsForeign(String),
    /// Another result of the same run.
    #[error("{0}: is named for two results: name a file for each")]
    IsTwice(String),
    /// What stands for standard output elsewhere.
    #[error("-: is no file to write: what is printed is printed without this flag")]
    IsDash,
    /// What fills the file failed.
    #[error("{path}: cannot be written: {error}")]
    Content {
        /// The file.
        path: String,
        /// Why.
        error: Box<dyn std::error::Error>,
    },
}

/// What holds for the files that a command writes.
#[derive(Debug)]
pub(crate) struct OutputFiles {
    /// What the command reads.
    pub(crate) inputs: Vec<PathBuf>,
    /// Whether foreign files are replaced.
    pub(crate) force: bool,
    /// What it has written.
    written: RefCell<BTreeSet<PathBuf>>,
}

impl OutputFiles {
    /// The files of a command that reads `inputs`: names that are no files do no harm.
    pub(crate) fn beside_inputs<P: AsRef<Path>>(
        inputs: impl IntoIterator<Item = P>,
        force: bool,
    ) -> Self {
        let inputs = inputs.into_iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        Self { inputs, force, written: RefCell::default() }
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Errors
    /// Inputs and foreign files are not replaced; else what the system says.
    pub(crate) fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), OutputError> {
        self.write_with(path, |sink| sink.write_all(bytes))
    }

    /// Writes a file that is not made as a whole.
    ///
    /// # Errors
    /// As [`Self::write_file`], and what `write` says.
    pub(crate) fn write_with<E: std::error::Error + 'static>(
        &self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), OutputError> {
        let told = path.display().to_string();
        let failed = |error: E| OutputError::Content { path: told.clone(), error: Box::new(error) };
        let disk = |error| OutputError::Disk(DiskError::new(path, "written", &error));
        if path == Path::new("-") {
            return Err(OutputError::IsDash);
        }
        let target = resolve(path);
        if fs::metadata(&target).is_ok_and(|known| !known.is_file()) {
            // Neither can be renamed to, and a folder says so itself.
            let mut sink = BufWriter::new(File::create(&target).map_err(disk)?);
            write(&mut sink).map_err(failed)?;
            return sink.flush().map_err(disk);
        }
        if self.written.borrow().contains(&target) {
            return Err(OutputError::IsTwice(told));
        }
        let is_known = target.is_file();
        if is_known {
            // Said before anything is made.
            self.refuse(path, true)?;
        }
        make_folder(folder_of(&target))?;
        let partial = start_file(&target).map_err(disk)?;
        let mut sink = BufWriter::new(partial.as_file());
        write(&mut sink).map_err(failed)?;
        sink.flush().map_err(disk)?;
        drop(sink);
        partial.as_file().sync_all().map_err(disk)?;
        if is_known {
            let known = FileEnds::read(&target).map_err(disk)?;
            let is_ours = known.is_like(&FileEnds::read(partial.path()).map_err(disk)?);
            self.refuse(path, is_ours)?;
        }
        partial.persist(&target).map_err(|failed| disk(failed.error))?;
        sync_folder(folder_of(&target));
        self.written.borrow_mut().insert(resolve(&target));
        Ok(())
    }

    /// Refuses to replace a file that is there.
    pub(super) fn refuse(&self, path: &Path, is_ours: bool) -> Result<(), OutputError> {
        let (target, told) = (resolve(path), path.display().to_string());
        // Whatever lies in a folder that is read is an input, unless it is plainly ours.
        let is_read = |input: &PathBuf| *input == target || !is_ours && target.starts_with(input);
        if self.inputs.iter().any(is_read) {
            return Err(OutputError::IsInput(told));
        }
        if is_ours || self.force { Ok(()) } else { Err(OutputError::IsForeign(told)) }
    }
}
