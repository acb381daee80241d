//! What was seen after rollouts: what comes with a recording, and what a file says.

use super::{AtPlace, CommandError};
use crate::store;
use crate::study::backtest::{BadObservations, Observations};
use std::path::Path;

/// By the recording that they are about.
const BUILTIN_OBSERVATIONS: [(&str, &str); 1] =
    [("order-774", include_str!("../../recorded/order-774.observed.json"))];

/// The observations that come with a recording.
pub fn builtin_observations(recording: &str) -> Result<Option<Observations>, BadObservations> {
    let json =
        BUILTIN_OBSERVATIONS.iter().find(|(name, _)| *name == recording).map(|(_, json)| json);
    json.map(|json| Observations::parse(json.as_bytes())).transpose()
}

/// The observations of a file.
pub fn read_observations(path: &Path) -> Result<Observations, CommandError> {
    Observations::parse(&store::read_file(path)?).at(path.display())
}
