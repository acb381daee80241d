//! Scenarios: built in, of a file, or of toggles that were named.

use super::load::is_built_in;
use super::{AtPlace, CommandError};
use crate::scenario::{self, Scenario};
use crate::store;
use std::path::Path;

/// The built-in scenarios; one that has the name of a recording is that recording's own.
pub const BUILTIN_SCENARIOS: [(&str, &str); 4] = [
    ("order-774", include_str!("../../scenarios/order-774.toml")),
    ("order-774-wide", include_str!("../../scenarios/order-774-wide.toml")),
    ("cockpit-2026-02", include_str!("../../scenarios/cockpit-2026-02.toml")),
    ("economics-2026-06", include_str!("../../scenarios/economics-2026-06.toml")),
];

/// The scenario of a file, or of the toggles named, or the built-in one, or all toggles.
pub fn load_scenario(
    recording: &str,
    scenario: Option<&str>,
    with: &[String],
) -> Result<Scenario, CommandError> {
    if let Some(path) = scenario {
        if let Some((name, text)) = BUILTIN_SCENARIOS.iter().find(|(name, _)| *name == path) {
            return Ok(scenario::parse_scenario(name, text)?);
        }
        return scenario_file(path);
    }
    if !with.is_empty() {
        let toggles = scenario::toggles_by_id(with.iter().map(String::as_str))?;
        return Ok(Scenario::with_toggles(&toggles));
    }
    match BUILTIN_SCENARIOS.iter().find(|(name, _)| *name == recording) {
        Some((name, text)) => Ok(scenario::parse_scenario(name, text)?),
        None => Ok(Scenario::all_toggles()),
    }
}

/// The scenario of a file. Paths in it start at its folder.
fn scenario_file(path: &str) -> Result<Scenario, CommandError> {
    let bytes = store::read_file(Path::new(path))?;
    let text = std::str::from_utf8(&bytes).at(path)?;
    let name = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    let mut scenario = scenario::parse_scenario(&name, text).at(path)?;
    // A scenario may be shared with what it names: its paths hold wherever it is called from.
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    for named in [Some(&mut scenario.recording), scenario.prices.as_mut()].into_iter().flatten() {
        // A recording may be built in or not named at all; then there is no path.
        if !named.is_empty() && !is_built_in(named) {
            *named = folder.join(&*named).display().to_string();
        }
    }
    Ok(scenario)
}
