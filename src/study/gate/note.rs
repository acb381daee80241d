//! What a reader of a gate's verdict should know beside its rows.

use super::{FigureKey, GateScope};

/// One thing to know; `report` words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GateNote {
    /// One sample a side, of other pipelines: nothing is known of chance.
    UnknownChance,
    /// Samples are matched by their names, because they share no pipelines.
    MatchedByName,
    /// Samples of a side that have no counterpart.
    Unmatched { side: String, matched_by: SampleMatchKey, samples: Vec<String> },
    /// A place that the budget renames and the baseline does not have.
    UnknownRename { scope: GateScope, name: String },
    /// Places that only one side has.
    PlacesChanged { scope: GateScope, names: Vec<String>, change: PlaceChange, is_refused: bool },
    /// A place that is gone and a new one with nearly the same figures.
    PossibleRename { scope: GateScope, old: String, new: String },
    /// A row that may be beyond its limit by chance alone.
    MoreSamplesNeeded {
        key: FigureKey,
        /// Samples a side that would tell; `None` of more than a million.
        samples: Option<i64>,
    },
}

/// What samples of both sides are matched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampleMatchKey {
    Pipelines,
    Name,
}

/// What happened to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceChange {
    Gone,
    New,
}
