//! What a source counts beside its calls.

use crate::ids::ModelId;
use crate::units::Usage;

/// Usage known only as a total: what a source billed beyond the calls it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// Index of the session it was billed with; [`NO_INDEX`](crate::ids::NO_INDEX) if it belongs to
    /// none.
    pub session: u32,
    /// Its model.
    pub model: ModelId,
    /// The tokens.
    pub usage: Usage,
    /// Why it is there, in a few words.
    pub why: String,
}

/// What was passed over when a recording was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkipCounts {
    /// Lines and files that held something which is lost now.
    pub damage: u64,
    /// Lines and files of which nothing is lost.
    pub harmless: u64,
}

/// Records of crashed processes that a source counts beside its sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrashCounts {
    /// All of them.
    pub records: u32,
    /// Records opened again for a process id that belonged to a session that ended well.
    pub pid_reuse: u32,
    /// Processes of subagents that outlived their session.
    pub orphans: u32,
}
