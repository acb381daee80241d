//! One parameter from the command line: `R4.cap=200`.

use super::{Scenario, ScenarioError, ScenarioFault, file, join_names, toggles_by_id};
use crate::toml_reader::{self, TomlEntry, TomlField, TomlNode};

/// Toggles that a message names; more would hide what it says.
const MOST_LISTED: usize = 8;

/// Sets one parameter of a toggle that takes part, or (`source.ID=VALUE`) a figure that the source
/// leaves open. The value is read as in a file; names may stand
/// without quotes, with commas between them.
///
/// # Errors
/// No such toggle or key, a toggle that does not take part, or a value that cannot be.
pub fn set_parameter(scenario: &mut Scenario, setting: &str) -> Result<(), ScenarioError> {
    let parts = setting.split_once('=').and_then(|(left, value)| {
        let (id, key) = left.trim().split_once('.')?;
        Some((id.trim(), key.trim(), value.trim()))
    });
    let Some((id, key, value)) = parts else { return Err(ScenarioFault::NoSetting.without_line()) };
    if id == "source" {
        let entry = toml_reader::parse_value(value).unwrap_or_else(|_| typed_words(value));
        let field = TomlField { key: key.to_owned(), line: 0, entry };
        // The last one counts, as of parameters.
        scenario.source.retain(|(known, _)| known != key);
        scenario.source.extend(file::parse_figures(&[field])?);
        return Ok(());
    }
    let card = toggles_by_id([id])
        .map_err(|unknown| ScenarioFault::from(unknown).without_line())?[0]
        .card();
    let known = join_names(scenario.toggles.iter().map(super::ChosenToggle::id).take(MOST_LISTED));
    let more = scenario.toggles.len().saturating_sub(MOST_LISTED);
    let known = if more > 0 { format!("{known} and {more} more") } else { known };
    let Some(chosen) = scenario.toggles.iter_mut().find(|chosen| chosen.id() == card.id) else {
        let known = if known.is_empty() { "none does".to_owned() } else { format!("{known} do") };
        return Err(ScenarioFault::NotChosen { id: card.id, known }.without_line());
    };
    // A shell eats quotes: where names are wanted, bare words with commas between them are a list,
    // though that is no TOML.
    let wants_names = card.name_lists.iter().any(|spec| spec.key == key);
    let entry = match toml_reader::parse_value(value) {
        Ok(entry)
            if !wants_names || matches!(entry.node, TomlNode::Text(_) | TomlNode::List(_)) =>
        {
            entry
        }
        _ if wants_names => unquoted_names(value),
        // Words without quotes.
        Ok(_) | Err(_) => typed_words(value),
    };
    let field = TomlField { key: key.to_owned(), line: 0, entry };
    // From here on it is a table with one key, checked as in a file.
    file::apply_fields(&format!("toggles.{}", card.id), &[field], chosen)
}

/// Words without the quotes that a shell eats.
fn typed_words(value: &str) -> TomlEntry {
    let node = TomlNode::Text(value.to_owned());
    TomlEntry { line: 0, as_typed: format!("'{value}'"), node }
}

/// Names without quotes.
fn unquoted_names(value: &str) -> TomlEntry {
    let names = value.split(',').map(|name| TomlEntry {
        line: 0,
        as_typed: name.to_owned(),
        node: TomlNode::Text(name.trim().to_owned()),
    });
    let node = TomlNode::List(names.collect());
    TomlEntry { line: 0, as_typed: format!("'{value}'"), node }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervene::{ParamRange, RangeShape};

    fn with(settings: &[&str]) -> Result<Scenario, String> {
        let mut scenario = Scenario::with_toggles(&toggles_by_id(["R1", "R4"]).unwrap());
        for setting in settings {
            set_parameter(&mut scenario, setting).map_err(|error| error.to_string())?;
        }
        Ok(scenario)
    }

    fn check(setting: &str, low: i64, mode: i64, high: i64, shape: RangeShape) {
        let scenario = with(&[setting]).expect(setting);
        let chosen = &scenario.toggles[1];
        let range = ParamRange::spread_between((low, mode, high), shape);
        assert_eq!(chosen.ranges[0], range, "{setting}");
        assert_eq!(chosen.params.get("cap"), mode, "{setting}");
    }

    fn refuse(setting: &str, words: &str) {
        let error = with(&[setting]).expect_err(setting);
        assert!(error.contains(words), "{setting}: {error}");
    }

    #[test]
    fn a_setting_is_read_like_a_file() {
        check("R4.cap=200", 200, 200, 200, RangeShape::Fixed);
        check("r4.cap = 200", 200, 200, 200, RangeShape::Fixed);
        check("R4.cap={ low = 1, mode = 2, high = 3 }", 1, 2, 3, RangeShape::Pert);
        check("R4.cap={low=1,high=3,shape='uniform'}", 1, 2, 3, RangeShape::Uniform);
        assert_eq!(with(&["R4.risk=3"]).unwrap().toggles[1].grade.risk, 3);
        let told = with(&["source.roots=3", "source.roots = 4", "source.pause=60000"]).unwrap();
        assert_eq!(told.source, [("roots".to_owned(), 4), ("pause".to_owned(), 60_000)]);
        let twice = with(&["R4.cap=1", "R4.cap=2", "R1.compliance=0"]).unwrap();
        assert_eq!(twice.toggles[1].params.get("cap"), 2, "the last one counts");
        assert_eq!(twice.toggles[0].params.get("compliance"), 0);
        for half in ["R1.compliance=0.5", "R1.compliance=50%", "R1.compliance=50 %"] {
            assert_eq!(with(&[half]).unwrap().toggles[0].params.get("compliance"), 5_000, "{half}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused() {
        refuse("R4", "TOGGLE.KEY=VALUE");
        refuse("R4.cap", "TOGGLE.KEY=VALUE");
        refuse("cap=1", "TOGGLE.KEY=VALUE");
        refuse("R44.cap=1", "no toggle 'R44' (is it 'R4'?)");
        refuse("R2.calls_per_site=1", "R2 does not take part; R1, R4 do");
        refuse("R4.cup=1", "unknown key 'toggles.R4.cup' (is it 'cap'?)");
        refuse("R4.cap=-1", "'toggles.R4.cap' is -1, wanted 0 to 1,000,000,000 tokens");
        refuse("source.roots=many", "'source.roots' is 'many', wanted a whole number");
        refuse("R4.cap=many", "'toggles.R4.cap' is 'many', wanted");
        refuse("R4.cap=", "'toggles.R4.cap' is '', wanted");
        refuse("R4.cap=1\nseed=2", "wanted 0 to");
        refuse("R4.risk=9", "1 to 3");
        refuse("R1.compliance=120%", "a share such as");
    }
}
