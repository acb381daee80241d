//! How and where a context ends by itself.

/// How a context ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CycleEndKind {
    /// An automatic compaction, where it was recorded.
    Recorded,
    /// An automatic compaction, later than it was recorded.
    Deferred,
    /// A compaction by rule.
    ByRule,
    /// Old tool results are cleared.
    Cleared,
}

/// A context that has ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CycleEnd {
    /// The row before whose call it ends.
    pub row: u32,
    /// How it ends.
    pub kind: CycleEndKind,
    /// The prompt that it started with, tokens.
    pub floor: i64,
    /// The prompt that it ended with, tokens.
    pub top: i64,
    /// Whether that was more than what was left of it.
    pub has_shrunk: bool,
}
