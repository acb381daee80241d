//! What was seen after rollouts: what comes with a recording, and what a file says.

use super::Failure;
use crate::store;
use crate::study::backtest::{BadObservations, Observations};
use std::path::Path;

/// By the recording that they are about.
const BUILTIN: [(&str, &str); 1] =
    [("order-774", include_str!("../../recorded/order-774.observed.json"))];

/// The observations that come with a recording.
pub fn builtin(recording: &str) -> Result<Option<Observations>, BadObservations> {
    let json = BUILTIN.iter().find(|(name, _)| *name == recording).map(|(_, json)| json);
    json.map(|json| Observations::parse(json.as_bytes())).transpose()
}

/// The observations of a file.
pub fn read(path: &Path) -> Result<Observations, Failure> {
    Observations::parse(&store::read(path)?)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
