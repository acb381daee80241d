//! What all published files share: the largest unknown, and figures by their ids.

use super::figure::Figure;
use super::reported::{Assumption, StatedFigure};

/// No unknown is larger than this.
pub(super) const MAX_UNKNOWN: i64 = 1_000_000_000;

/// The figure of an id: as a text states it, or else as it is assumed.
pub(super) fn stated_or_assumed(
    statements: &[StatedFigure],
    assumptions: &[Assumption],
    id: &str,
) -> Option<Figure> {
    // What a source states goes before what is assumed.
    if let Some(stated) = statements.iter().find(|stated| stated.id == id) {
        return Some(stated.value.clone());
    }
    let assumed = assumptions.iter().find(|assumed| assumed.id == id)?;
    // An assumption may be words, and is no figure then.
    Figure::parse(&assumed.value).ok()
}
