//! What the system says of files and folders.

use std::fs;
use std::io;
use std::path::Path;

/// A file or folder that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot be {verb}: {reason}")]
pub(crate) struct DiskError {
    path: String,
    verb: &'static str,
    reason: String,
}

impl DiskError {
    pub(super) fn new(path: &Path, verb: &'static str, error: &io::Error) -> Self {
        Self { path: path.display().to_string(), verb, reason: error.to_string() }
    }
}

/// Makes a folder and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(folder).map_err(|error| DiskError::new(folder, "made", &error))
}
