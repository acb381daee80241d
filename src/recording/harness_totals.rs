//! What a ledger says of a session: totals kept by whoever started it.

/// What an outer harness wrote down of a session that it started. Nothing here enters a sum of
/// calls or tokens; it stands beside them, where no transcript says it better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HarnessTotals {
    /// When it started, milliseconds since the epoch.
    pub start_ms: Option<i64>,
    /// How many calls it made.
    pub calls: Option<u32>,
    /// The largest cache read of any of its records, tokens.
    pub peak_context: Option<i64>,
    /// Wall clock from start to end, milliseconds.
    pub duration_ms: Option<i64>,
    /// It ended without a final statement: totals that the ledger has for it were added up over
    /// records, several for each call, and are too high.
    pub unfinished: bool,
}
