//! What an import is asked for and what it brings.

use super::skip::{ImportNote, ImportSkip};
use crate::recording::{Recording, SkipCounts};
use crate::store::{ParseCache, SearchError};

/// How to import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The recording's name.
    pub name: String,
    /// Whether the first skip is an error.
    pub strict: bool,
    /// Where is kept what was read, for the next time; nowhere if none is named.
    pub cache: Option<ParseCache>,
}

/// A cost that a source names, for comparison with the price table.
#[derive(Clone, Debug, PartialEq)]
pub struct BilledCost {
    /// Label of the file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// Index of the session in the recording.
    pub session: u32,
    /// The amount in dollars, as the source rounded it.
    pub usd: f64,
}

/// What an import brought.
#[derive(Debug, Default)]
pub struct ImportResult {
    /// The recording.
    pub recording: Recording,
    /// What was passed over, by file and line; at most a hundred of each class for each file.
    pub skips: Vec<ImportSkip>,
    /// How many were passed over altogether, by class.
    pub skip_counts: SkipCounts,
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Calls that were copies of a counted one, and bills that a later one restates.
    pub copies: u64,
    /// Costs that the source names.
    pub billed_cost: Vec<BilledCost>,
    /// What a reader should know of the sources.
    pub notes: Vec<ImportNote>,
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An argument names nothing usable.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// There are files, but no call in them.
    #[error(
        "no calls found; files of a known format: {files}, lines or files skipped: \
         {skip_count}{}; name Claude Code transcripts, stream-json output or \
         Codex rollouts",
        first.as_ref().map_or(String::new(), |skip| format!(", the first: {skip}"))
    )]
    NoCalls {
        /// How many files were read.
        files: usize,
        /// How much was passed over.
        skip_count: u64,
        /// The first of it.
        first: Option<ImportSkip>,
    },
    /// Something was passed over, and that is not wanted.
    #[error("{0} (strict: the first skip is an error)")]
    Strict(ImportSkip),
}

impl ImportError {
    /// What was passed over first, where the error tells of it.
    pub fn first_skip_mut(&mut self) -> Option<&mut ImportSkip> {
        match self {
            Self::Strict(skip) => Some(skip),
            Self::NoCalls { first, .. } => first.as_mut(),
            Self::Search(_) => None,
        }
    }
}
