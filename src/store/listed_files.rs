//! Files that a list tells of, and such as came with it as bytes: these are kept in a folder of
//! their own for as long as they are read.

use super::{DiskError, FoundFile};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

impl FoundFile {
    /// A file that a list tells of.
    pub(crate) fn listed(label: String, path: PathBuf) -> Self {
        let bytes = fs::metadata(&path).map_or(0, |meta| meta.len());
        Self { label, path, bytes, is_argument: false, stamp: None }
    }
}

/// Where they are kept: nowhere before the first one. The folder goes with it.
#[derive(Debug, Default)]
pub(crate) struct SpooledFiles {
    folder: Option<TempDir>,
    count: usize,
}

impl SpooledFiles {
    /// Keeps some bytes; returns where they are.
    ///
    /// # Errors
    /// The disk takes no more.
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Result<PathBuf, DiskError> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => TempDir::new()
                .map_err(|error| DiskError::new(&std::env::temp_dir(), "made", &error))?,
        };
        let path = folder.path().join(self.count.to_string());
        self.folder = Some(folder);
        self.count += 1;
        fs::write(&path, bytes).map_err(|error| DiskError::new(&path, "written", &error))?;
        Ok(path)
    }
}
