//! The values of a parameter, as typed:
//!
//! * `200`: this value, and no other;
//! * `{ low = 100, mode = 200, high = 400 }`: a range, PERT unless `shape = "triangular"`;
//! * `{ low = 100, high = 400, shape = "uniform" }`: all alike; the middle counts where one value
//!   must, unless `mode` says otherwise;
//! * `{ value = 200 }`: as `200`, with or without `shape = "fixed"`.

use super::ScenarioError;
use super::keys::{self, CheckedFields};
use crate::intervene::{ParamRange, ParamUnit, RangeShape};
use crate::recording::{name_of_value, value_of_name};
use crate::toml_reader::{TomlEntry, TomlNode, bad_value_error, key_path};

/// Reads the values of a parameter.
pub(super) fn parse_range(
    place: &str,
    unit: ParamUnit,
    entry: &TomlEntry,
) -> Result<ParamRange, ScenarioError> {
    let fields = match &entry.node {
        TomlNode::Whole(value) if unit.admits_value(*value) => {
            return Ok(ParamRange::fixed_at(*value));
        }
        TomlNode::Table(fields) => {
            CheckedFields::check_table(place, fields, &keys::keys_of_range(unit))?
        }
        _ => {
            return Err(
                bad_value_error(place, entry, &wanted_with_hint(unit, &entry.as_typed)).into()
            );
        }
    };
    let given = |key: &str| fields.whole_at(key);
    let shape = fields.text_at("shape").and_then(|name| value_of_name(&RangeShape::NAMED, name));
    let missing = |key: &str, wanted: &str| {
        let met = TomlEntry { as_typed: "missing".to_owned(), ..entry.clone() };
        Err(bad_value_error(&key_path(place, key), &met, wanted))
    };
    let needs = |key: &str| match (given(key), shape) {
        (Some(value), _) => Ok(value),
        (None, None) if key == "mode" => {
            missing(key, &format!("{}, or shape = \"uniform\"", unit.bounds_in_words()))
        }
        (None, _) => missing(key, unit.bounds_in_words()),
    };
    let excess = |keys: &[&str], wanted: &str| {
        let found = keys.iter().find_map(|key| Some((key, fields.entry_at(key)?)));
        found.map_or(Ok(()), |(key, met)| Err(bad_value_error(&key_path(place, key), met, wanted)))
    };
    if shape == Some(RangeShape::Fixed) || (shape.is_none() && given("value").is_some()) {
        excess(&["low", "mode", "high"], "nothing beside 'value'")?;
        return Ok(ParamRange::fixed_at(needs("value")?));
    }
    excess(&["value"], "low, mode and high, or shape = \"fixed\"")?;
    let shape = shape.unwrap_or(RangeShape::Pert);
    let (low, high) = (needs("low")?, needs("high")?);
    let mode = match given("mode") {
        None if shape == RangeShape::Uniform => low + (high - low + 1) / 2,
        _ => needs("mode")?,
    };
    if !(low <= mode && mode <= high) {
        let met = format!("{{ low = {low}, mode = {mode}, high = {high} }}");
        let met = TomlEntry { as_typed: met, ..entry.clone() };
        return Err(bad_value_error(place, &met, "low <= mode <= high").into());
    }
    Ok(if low == high { ParamRange::fixed_at(low) } else { ParamRange { low, mode, high, shape } })
}

/// Writes a range so that it reads back the same.
pub(super) fn range_as_toml(range: &ParamRange) -> String {
    let &ParamRange { low, mode, high, shape } = range;
    match shape {
        RangeShape::Fixed => mode.to_string(),
        RangeShape::Pert => format!("{{ low = {low}, mode = {mode}, high = {high} }}"),
        RangeShape::Uniform | RangeShape::Triangular => {
            let shape = name_of_value(&RangeShape::NAMED, shape);
            format!("{{ low = {low}, mode = {mode}, high = {high}, shape = \"{shape}\" }}")
        }
    }
}

/// What a unit wants, and for a share that was typed as a decimal or in per cent what it is there.
fn wanted_with_hint(unit: ParamUnit, met: &str) -> String {
    let typed = met.trim_matches(['"', '\'']);
    let share = match typed.strip_suffix('%') {
        Some(percent) => shift_decimal_point(percent.trim(), 2),
        None => shift_decimal_point(typed, 4),
    };
    match share {
        Some(share) if unit == ParamUnit::BasisPoints && unit.admits_value(share) => {
            format!("{} ({typed} is {share})", unit.bounds_in_words())
        }
        _ => unit.bounds_in_words().to_owned(),
    }
}

/// A decimal with its point moved so many places to the right, if nothing is left behind it.
fn shift_decimal_point(decimal: &str, places: usize) -> Option<i64> {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let part = part.trim_end_matches('0');
    if part.len() > places || whole.len() > 3 {
        return None;
    }
    let digits = format!("{whole}{part:0<places$}");
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml_reader;

    fn read(unit: ParamUnit, text: &str) -> Result<ParamRange, String> {
        let entry = toml_reader::parse_value(text).expect("TOML");
        parse_range("toggles.X.y", unit, &entry).map_err(|error| error.to_string())
    }

    fn check(text: &str, low: i64, mode: i64, high: i64, shape: RangeShape) {
        let range = ParamRange { low, mode, high, shape };
        assert_eq!(read(ParamUnit::Tokens, text), Ok(range), "{text}");
        assert_eq!(
            read(ParamUnit::Tokens, &range_as_toml(&range)),
            Ok(range),
            "{text} written and read"
        );
    }

    fn refuse(unit: ParamUnit, text: &str, words: &str) {
        let error = read(unit, text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }

    #[test]
    fn every_way_to_write_a_range_is_read() {
        check("7", 7, 7, 7, RangeShape::Fixed);
        check("1_000", 1_000, 1_000, 1_000, RangeShape::Fixed);
        check("{ value = 7 }", 7, 7, 7, RangeShape::Fixed);
        check("{ value = 7, shape = \"fixed\" }", 7, 7, 7, RangeShape::Fixed);
        check("{ low = 1, mode = 2, high = 9 }", 1, 2, 9, RangeShape::Pert);
        check("{ low = 1, mode = 2, high = 9, shape = \"pert\" }", 1, 2, 9, RangeShape::Pert);
        check(
            "{ low = 1, mode = 2, high = 9, shape = \"triangular\" }",
            1,
            2,
            9,
            RangeShape::Triangular,
        );
        check("{ low = 1, high = 9, shape = \"uniform\" }", 1, 5, 9, RangeShape::Uniform);
        check("{ low = 0, high = 1, shape = \"uniform\" }", 0, 1, 1, RangeShape::Uniform);
        check("{ low = 1, mode = 2, high = 9, shape = \"uniform\" }", 1, 2, 9, RangeShape::Uniform);
        check("{ low = 4, mode = 4, high = 4 }", 4, 4, 4, RangeShape::Fixed);
        check("{ low = 0, mode = 0, high = 1_000_000_000 }", 0, 0, 1_000_000_000, RangeShape::Pert);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        use ParamUnit::{BasisPoints, Count, Tokens};
        refuse(Tokens, "-1", "'toggles.X.y' is -1, wanted 0 to 1,000,000,000 tokens");
        refuse(Tokens, "1_000_000_001", "0 to 1,000,000,000");
        refuse(Tokens, "\"7\"", "is \"7\", wanted");
        refuse(Tokens, "[1, 2, 3]", "is [1, 2, 3], wanted");
        refuse(Tokens, "1.5", "is 1.5, wanted 0 to 1,000,000,000 tokens");
        refuse(BasisPoints, "0.86", "(0.86 is 8600)");
        refuse(BasisPoints, "\"86.5 %\"", "(86.5 % is 8650)");
        refuse(BasisPoints, "1.0", "(1.0 is 10000)");
        refuse(BasisPoints, "1.5", "wanted 0 to 10,000 ten-thousandths");
        refuse(BasisPoints, "{ low = 0, mode = 1, high = 10001 }", "y.high' is 10001");
        refuse(Count, "{ low = 1, high = 2 }", "y.mode' is missing");
        refuse(Count, "{ low = 1, high = 2 }", "or shape = \"uniform\"");
        refuse(Count, "{ low = 1, high = 2, shape = \"pert\" }", "y.mode' is missing");
        refuse(Count, "{ mode = 1, high = 2 }", "y.low' is missing");
        refuse(Count, "{ low = 1, shape = \"uniform\" }", "y.high' is missing");
        refuse(Count, "{}", "y.low' is missing");
        refuse(Count, "{ low = 3, mode = 2, high = 4 }", "low <= mode <= high");
        refuse(Count, "{ low = 1, mode = 5, high = 4 }", "low <= mode <= high");
        refuse(Count, "{ low = 5, high = 4, shape = \"uniform\" }", "low <= mode <= high");
        refuse(Count, "{ value = 1, low = 1 }", "y.low' is 1, wanted nothing beside");
        refuse(Count, "{ value = 1, shape = \"pert\" }", "y.value' is 1, wanted low, mode");
        refuse(Count, "{ low = 1, shape = \"fixed\" }", "y.low' is 1, wanted nothing");
        refuse(Count, "{ shape = \"fixed\" }", "y.value' is missing");
        refuse(Count, "{ low = 1, mod = 2, high = 3 }", "'toggles.X.y.mod' (is it 'mode'?)");
        refuse(Count, "{ low = 1, mode = 2, high = 3, shape = \"beta\" }", "\"triangular\"");
    }
}
