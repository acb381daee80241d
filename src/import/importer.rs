//! What a format has to offer to be imported.

use super::ledger::HarnessLedger;
use super::line_reader::LineReader;
use super::parsed_file::{FileInfo, ParsedFile};
use crate::store::FoundFile;

/// A format of single files.
pub(super) trait Importer: Sync {
    /// Its name in recordings, e.g. `claude-code`.
    fn id(&self) -> &'static str;
    /// Endings of the names of its files inside a folder.
    fn file_endings(&self) -> &'static [&'static str];
    /// Endings that its files may have among many others: what is so named and of no known format
    /// is passed over in silence.
    fn loose_file_endings(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether whole lines from the start of a file are of this format.
    fn sniff(&self, head: &[&[u8]]) -> bool;
    /// Reads one file.
    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile);
}

/// A format of a whole folder.
pub(super) trait FolderImporter: Sync {
    /// Its name in recordings.
    fn id(&self) -> &'static str;
    /// Endings of the names of its files, beyond those of transcripts.
    fn file_endings(&self) -> &'static [&'static str];
    /// The folders of this format among the files, each with the positions of the files that it
    /// claims. No file is claimed twice.
    fn claim_files(&self, files: &[FoundFile]) -> Vec<Vec<usize>>;
    /// Reads one folder.
    fn read_folder(&self, files: &[&FoundFile]) -> HarnessLedger;
}
