//! Who will see a result, and what may be named in it.

use crate::reconstruct::Lens;

/// How arguments are read.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// What a published number of calls counts.
    pub lens: Lens,
    /// Whether damage is an error.
    pub strict: bool,
    /// Whether only the one who asked will see the result.
    pub audience: Audience,
}

/// Who will see a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The one who asked, on a terminal.
    Oneself,
    /// Anybody: names of files, projects and folders are numbers.
    Anybody,
}
