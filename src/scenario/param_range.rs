//! The values of a parameter, as typed:
//!
//! * `200`: this value, and no other, in the unit of the card;
//! * `"30 %"`, `0.3`, `"1.5k"`, `"5m"`: the same with a unit (`crate::quantity`), here and below;
//! * `{ low = 100, mode = 200, high = 400 }`: a range, PERT unless `shape = "triangular"`;
//! * `{ low = 100, high = 400, shape = "uniform" }`: all alike; the middle counts where one value
//!   must, unless `mode` says otherwise;
//! * `{ low = 2, weights = [60, 25, 15] }`: 2, 3 or 4 and nothing between, by these weights;
//! * `{ value = 200 }`: as `200`, with or without `shape = "fixed"`.

use super::ScenarioError;
use super::keys::{self, CheckedFields};
use crate::intervene::{ParamRange, ParamUnit, RangeShape};
use crate::kinds::NamedValue as _;
use crate::quantity::QuantityKind;
use crate::toml_reader::{TomlEntry, TomlNode, bad_value_error, key_path};

/// Reads the values of a parameter.
pub(super) fn parse_range(
    place: &str,
    unit: ParamUnit,
    entry: &TomlEntry,
) -> Result<ParamRange, ScenarioError> {
    let fields = match &entry.node {
        TomlNode::Table(fields) => {
            CheckedFields::check_table(place, fields, &keys::keys_of_range(unit))?
        }
        node => {
            let value = unit.value_of_node(node);
            let way_out = unit.quantity_kind().way_out(&entry.as_typed);
            let wanted = format!("{}{way_out}", unit.bounds_in_words());
            let value = value.ok_or_else(|| bad_value_error(place, entry, &wanted))?;
            return Ok(ParamRange::fixed_at(value));
        }
    };
    let shape = fields.text_at("shape").and_then(RangeShape::from_name);
    let typed = TypedRange { place, unit, entry, fields: &fields, shape };
    // `value` alone says that there is one value, without a word about the shape.
    if shape == Some(RangeShape::Fixed) || (shape.is_none() && fields.entry_at("value").is_some()) {
        typed.refuse_keys(&["low", "mode", "high"], "nothing beside 'value'")?;
        return Ok(ParamRange::fixed_at(typed.require_value("value")?));
    }
    typed.refuse_keys(&["value"], "low, mode and high, or shape = \"fixed\"")?;
    if let Some(range) = typed.weighted_range()? {
        return Ok(range);
    }
    // A bare low, mode and high are believed most at the mode.
    let shape = shape.unwrap_or(RangeShape::Pert);
    let (low, high) = (typed.require_value("low")?, typed.require_value("high")?);
    let mode = match fields.entry_at("mode") {
        // A uniform range believes in no value most; where one has to count it is the middle.
        None if shape == RangeShape::Uniform => low + (high - low + 1) / 2,
        _ => typed.require_value("mode")?,
    };
    if !(low <= mode && mode <= high) {
        let met = format!("{{ low = {low}, mode = {mode}, high = {high} }}");
        let met = TomlEntry { as_typed: met, ..entry.clone() };
        return Err(bad_value_error(place, &met, "low <= mode <= high").into());
    }
    if low == high {
        return Ok(ParamRange::fixed_at(low));
    }
    Ok(ParamRange::spread_between((low, mode, high), shape))
}

/// A range as it stands in a table, and where.
struct TypedRange<'a> {
    place: &'a str,
    unit: ParamUnit,
    entry: &'a TomlEntry,
    fields: &'a CheckedFields<'a>,
    shape: Option<RangeShape>,
}

impl TypedRange<'_> {
    /// The value of a key that the shape cannot do without.
    fn require_value(&self, key: &str) -> Result<i64, ScenarioError> {
        let typed = self.fields.entry_at(key);
        if let Some(value) = typed.and_then(|entry| self.unit.value_of_node(&entry.node)) {
            return Ok(value);
        }
        let bounds = self.unit.bounds_in_words();
        let wanted = match self.shape {
            None if key == "mode" => format!("{bounds}, or shape = \"uniform\""),
            _ => bounds.to_owned(),
        };
        // The line of the whole range is the nearest place that something missing has.
        let absent = TomlEntry { as_typed: "missing".to_owned(), ..self.entry.clone() };
        Err(bad_value_error(&key_path(self.place, key), &absent, &wanted).into())
    }

    /// A range of few answers, where weights say so.
    fn weighted_range(&self) -> Result<Option<ParamRange>, ScenarioError> {
        let weights = self.fields.weights_at("weights");
        match (weights, self.shape) {
            (None, Some(RangeShape::Weighted)) => {
                let wanted = "2 or more weights, of the whole numbers from low on";
                let absent = TomlEntry { as_typed: "missing".to_owned(), ..self.entry.clone() };
                Err(bad_value_error(&key_path(self.place, "weights"), &absent, wanted).into())
            }
            (Some(weights), None | Some(RangeShape::Weighted)) => {
                self.refuse_keys(&["mode", "high"], "low and weights")?;
                let range = ParamRange::weighted_from(self.require_value("low")?, &weights);
                // The last of the answers must be a value of the unit, too.
                let fits = range.filter(|range| self.unit.admits_value(range.high));
                let wanted = self.unit.bounds_in_words();
                fits.map(Some).ok_or_else(|| bad_value_error(self.place, self.entry, wanted).into())
            }
            (_, _) => {
                self.refuse_keys(&["weights"], "shape = \"weighted\"")?;
                Ok(None)
            }
        }
    }

    /// Refuses keys that mean nothing beside the others.
    fn refuse_keys(&self, keys: &[&str], wanted: &str) -> Result<(), ScenarioError> {
        match keys.iter().find_map(|key| Some((key, self.fields.entry_at(key)?))) {
            Some((key, entry)) => {
                Err(bad_value_error(&key_path(self.place, key), entry, wanted).into())
            }
            None => Ok(()),
        }
    }
}

/// Writes a value so that it reads back the same: shares in per cent.
pub(super) fn value_as_toml(unit: ParamUnit, value: i64) -> String {
    match unit.quantity_kind() {
        QuantityKind::Share => {
            let percent = format!("{}.{:02}", value / 100, value % 100);
            format!("\"{} %\"", percent.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => value.to_string(),
    }
}

/// Writes a range so that it reads back the same.
pub(super) fn range_as_toml(unit: ParamUnit, range: &ParamRange) -> String {
    let &ParamRange { low, mode, high, shape, .. } = range;
    let [low, mode, high] = [low, mode, high].map(|value| value_as_toml(unit, value));
    match shape {
        RangeShape::Fixed => mode,
        // A range without a shape is read as this one.
        RangeShape::Pert => format!("{{ low = {low}, mode = {mode}, high = {high} }}"),
        RangeShape::Weighted => {
            let answers = range.weighted_answers();
            let weights: Vec<String> = answers.iter().map(|(_, of)| of.to_string()).collect();
            format!("{{ low = {low}, weights = [{}] }}", weights.join(", "))
        }
        RangeShape::Uniform | RangeShape::Triangular | RangeShape::TwoPoint => {
            let shape = shape.name();
            format!("{{ low = {low}, mode = {mode}, high = {high}, shape = \"{shape}\" }}")
        }
    }
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
        let range = ParamRange::spread_between((low, mode, high), shape);
        assert_eq!(read(ParamUnit::Tokens, text), Ok(range), "{text}");
        assert_eq!(
            read(ParamUnit::Tokens, &range_as_toml(ParamUnit::Tokens, &range)),
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
        check("{low=1, mode=2, high=9, shape=\"two-point\"}", 1, 2, 9, RangeShape::TwoPoint);
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
    fn amounts_may_have_their_units() {
        let fixed = |unit, text, value| {
            assert_eq!(read(unit, text), Ok(ParamRange::fixed_at(value)), "{text}");
        };
        fixed(ParamUnit::BasisPoints, "0.86", 8_600);
        fixed(ParamUnit::BasisPoints, "1.0", 10_000);
        fixed(ParamUnit::Chance, "\"86.5 %\"", 8_650);
        // A bare whole number is in the unit of the card, as it always was.
        fixed(ParamUnit::BasisPoints, "1", 1);
        fixed(ParamUnit::Tokens, "\"1.5 k\"", 1_500);
        fixed(ParamUnit::Count, "\"7\"", 7);
        fixed(ParamUnit::Milliseconds, "\"5m 30s\"", 330_000);
        fixed(ParamUnit::Milliseconds, "{ value = \"5m\" }", 300_000);
        let range = ParamRange::spread_between((1_000, 2_500, 4_000), RangeShape::Pert);
        let text = "{ low = \"10 %\", mode = 0.25, high = 4000 }";
        assert_eq!(read(ParamUnit::BasisPoints, text), Ok(range));
        let text = "{ low = \"10 %\", mode = \"20 %\", high = \"40 %\", shape = \"uniform\" }";
        let range = ParamRange::spread_between((1_000, 2_000, 4_000), RangeShape::Uniform);
        assert_eq!(read(ParamUnit::BasisPoints, text), Ok(range));
    }

    #[test]
    fn shares_are_written_in_per_cent() {
        for (value, text) in [
            (0, "\"0 %\""),
            (5, "\"0.05 %\""),
            (2_500, "\"25 %\""),
            (8_650, "\"86.5 %\""),
            (10_000, "\"100 %\""),
        ] {
            for unit in [ParamUnit::BasisPoints, ParamUnit::Chance] {
                assert_eq!(value_as_toml(unit, value), text);
                assert_eq!(read(unit, text), Ok(ParamRange::fixed_at(value)));
            }
        }
        assert_eq!(value_as_toml(ParamUnit::Tokens, 2_500), "2500");
    }

    #[test]
    fn one_of_few_numbers_has_weights() {
        let range = ParamRange::weighted_from(2, &[60, 25, 15]).expect("weights");
        for text in [
            "{ low = 2, weights = [60, 25, 15] }",
            "{ low = 2, shape = \"weighted\", weights = [60, 25, 15] }",
            &range_as_toml(ParamUnit::Count, &range),
        ] {
            assert_eq!(read(ParamUnit::Count, text), Ok(range), "{text}");
        }
        let refuse = |text: &str, words: &str| refuse(ParamUnit::Count, text, words);
        refuse("{ low = 2, weights = [60] }", "2 to 8 weights");
        refuse("{ low = 2, weights = [0, 0] }", "2 to 8 weights");
        refuse("{ low = 2, weights = [1, -1] }", "2 to 8 weights");
        refuse("{ low = 2, high = 3, weights = [1, 1] }", "y.high' is 3, wanted low and weights");
        refuse("{ weights = [1, 1] }", "y.low' is missing");
        refuse("{ low = 2, shape = \"weighted\" }", "y.weights' is missing");
        refuse("{ low = 1, high = 3, shape = \"uniform\", weights = [1, 1] }", "weighted");
        refuse("{ low = 1_000_000_000, weights = [1, 1] }", "0 to 1,000,000,000");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        use ParamUnit::{BasisPoints, Count, Tokens};
        refuse(Tokens, "-1", "'toggles.X.y' is -1, wanted 0 to 1,000,000,000 tokens");
        refuse(Tokens, "1_000_000_001", "0 to 1,000,000,000");
        refuse(Tokens, "[1, 2, 3]", "is [1, 2, 3], wanted");
        refuse(Tokens, "1.5", "is 1.5, wanted 0 to 1,000,000,000 tokens");
        refuse(BasisPoints, "1.5", "0 to 10,000 ten-thousandths");
        refuse(BasisPoints, "\"120 %\"", "wanted a share such as \"30 %\" or 0.3");
        refuse(BasisPoints, "\"30\"", "(30 per cent is \"30 %\")");
        refuse(Tokens, "\"30 %\"", "(a share has no place here)");
        refuse(Tokens, "\"1m\"", "(a million is \"1M\"; \"1m\" is a time)");
        refuse(ParamUnit::Milliseconds, "\"90\"", "(90 seconds are \"90s\")");
        refuse(BasisPoints, "{ low = \"3k\", mode = 1, high = 2 }", "y.low' is \"3k\", wanted");
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
