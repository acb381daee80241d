//! Who will see a result, and what may be named in it.

use crate::reconstruct::Lens;
use crate::store;
use std::path::Path;

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
    /// Anybody: names of files, projects and folders are numbers, and ids that are names.
    Anybody,
    /// Anybody, but ids stay: samples of a gate are matched by them, and somebody typed a part of
    /// one to find it.
    AnybodyWithIds,
}

/// What was typed, as a name: not a folder that a harness named after a path.
pub fn typed_name(argument: &str) -> Option<String> {
    Some(store::base_name(Path::new(argument))).filter(|name| !name.starts_with('-'))
}
