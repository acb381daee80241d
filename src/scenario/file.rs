//! A scenario file as typed, and what is wrong with it.
//!
//! ```toml
//! schema = "windtunnel.scenario/1"
//! recording = "order-774"
//! lens = "message"             # or "record"
//! model = "claude-opus-4-6"    # what an unstated model stands for
//! date = "2026-04-13"          # price every call as of this day
//! seed = 774
//!
//! [toggles.R1]
//! compliance = 8611            # or { low = 5000, mode = 8611, high = 10000 }
//!
//! [toggles.R2]                 # all parameters at their modes
//! ```

use super::{Chosen, DEFAULT_SEED, Scenario, UnknownToggle, joined, nearest, toggles_of};
use crate::intervene::{Card, ParamSpec, Range, Shape};
use crate::reconstruct::Lens;
use jiff::civil::Date;
use toml::{Table, Value};

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.scenario/1";

const KEYS: [&str; 8] = ["schema", "name", "recording", "lens", "model", "date", "seed", "toggles"];

/// A scenario file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScenario {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Toml(String),
    /// A key that means nothing here.
    #[error("unknown key '{key}'{near}; known are {known}")]
    Key {
        /// The key, with its table.
        key: String,
        /// A hint, starting with a space, or empty.
        near: String,
        /// The keys that would mean something.
        known: String,
    },
    /// A value that cannot be.
    #[error("'{key}' is {met}, wanted {wanted}")]
    Value {
        /// The key.
        key: String,
        /// What the file says.
        met: String,
        /// What would do.
        wanted: String,
    },
    /// A toggle that does not exist.
    #[error(transparent)]
    Toggle(#[from] UnknownToggle),
}

/// Reads and checks a scenario.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(name: &str, text: &str) -> Result<Scenario, BadScenario> {
    let table: Table =
        text.parse().map_err(|error| BadScenario::Toml(in_one_line(text, &error)))?;
    known_keys("", &table, &KEYS)?;
    let string = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(other) => Err(wrong(key, other, "a string")),
    };
    if string("schema")? != Some(SCHEMA) {
        let met = table.get("schema").map_or("missing".to_owned(), ToString::to_string);
        let wanted = format!("\"{SCHEMA}\"");
        return Err(BadScenario::Value { key: "schema".to_owned(), met, wanted });
    }
    let lens = match string("lens")? {
        None => Lens::default(),
        Some(text) => named_lens(text)?,
    };
    let date = match string("date")? {
        None => None,
        Some(text) => Some(text.parse::<Date>().map_err(|_| BadScenario::Value {
            key: "date".to_owned(),
            met: format!("\"{text}\""),
            wanted: "a day such as \"2026-04-13\"".to_owned(),
        })?),
    };
    let seed = match table.get("seed") {
        None => DEFAULT_SEED,
        Some(Value::Integer(seed)) if *seed >= 0 => *seed as u64,
        Some(other) => return Err(wrong("seed", other, "a whole number, 0 or more")),
    };
    Ok(Scenario {
        name: string("name")?.unwrap_or(name).to_owned(),
        recording: string("recording")?.unwrap_or_default().to_owned(),
        lens,
        model: string("model")?.map(str::to_owned),
        date,
        seed,
        draws: super::DEFAULT_DRAWS,
        cache: crate::cache::CachePolicy::default(),
        models: Vec::new(),
        toggles: toggles(table.get("toggles"))?,
    })
}

/// Where a file stops being TOML, and why, without a picture of the place.
fn in_one_line(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().trim().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let before = text.as_bytes().iter().take(span.start);
            let line = 1 + before.filter(|&&byte| byte == b'\n').count();
            format!("line {line}: {why}")
        }
        None => why,
    }
}

fn named_lens(text: &str) -> Result<Lens, BadScenario> {
    let found = Lens::NAMED.iter().find(|(_, name)| *name == text);
    found.map(|(lens, _)| *lens).ok_or_else(|| BadScenario::Value {
        key: "lens".to_owned(),
        met: format!("\"{text}\""),
        wanted: "\"message\" or \"record\"".to_owned(),
    })
}

fn toggles(value: Option<&Value>) -> Result<Vec<Chosen>, BadScenario> {
    let table = match value {
        None => return Ok(Vec::new()),
        Some(Value::Table(table)) => table,
        Some(other) => return Err(wrong("toggles", other, "a table, e.g. [toggles.R1]")),
    };
    let mut chosen = Vec::new();
    for toggle in toggles_of(table.keys().map(String::as_str))? {
        let card = toggle.card();
        let given = table.iter().filter(|(id, _)| id.eq_ignore_ascii_case(card.id));
        let mut one = Chosen::of(toggle);
        for (_, value) in given {
            set_params(card, value, &mut one)?;
        }
        chosen.push(one);
    }
    Ok(chosen)
}

fn set_params(card: &Card, value: &Value, chosen: &mut Chosen) -> Result<(), BadScenario> {
    let place = format!("toggles.{}", card.id);
    let Value::Table(table) = value else {
        return Err(wrong(&place, value, "a table of parameters"));
    };
    let known: Vec<&str> = card.params.iter().map(|spec| spec.key).collect();
    known_keys(&place, table, &known)?;
    for (index, spec) in card.params.iter().enumerate() {
        if let Some(value) = table.get(spec.key) {
            let range = range(&format!("{place}.{}", spec.key), spec, value)?;
            chosen.params.set(spec.key, range.mode);
            chosen.ranges[index] = range;
        }
    }
    Ok(())
}

/// A whole number, or low, mode and high.
fn range(place: &str, spec: &ParamSpec, value: &Value) -> Result<Range, BadScenario> {
    let number = |key: &str, value: Option<&Value>| {
        let met = value.and_then(Value::as_integer).filter(|&value| spec.unit.admits(value));
        met.ok_or_else(|| BadScenario::Value {
            key: key.to_owned(),
            met: value.map_or("missing".to_owned(), ToString::to_string),
            wanted: spec.unit.wanted().to_owned(),
        })
    };
    let Value::Table(table) = value else {
        return Ok(Range::fixed(number(place, Some(value))?));
    };
    known_keys(place, table, &["low", "mode", "high"])?;
    let at = |key: &str| number(&format!("{place}.{key}"), table.get(key));
    let (low, mode, high) = (at("low")?, at("mode")?, at("high")?);
    if low <= mode && mode <= high {
        return Ok(Range { low, mode, high, shape: Shape::Pert });
    }
    Err(BadScenario::Value {
        key: place.to_owned(),
        met: format!("{{ low = {low}, mode = {mode}, high = {high} }}"),
        wanted: "low <= mode <= high".to_owned(),
    })
}

fn known_keys(place: &str, table: &Table, known: &[&str]) -> Result<(), BadScenario> {
    let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) else {
        return Ok(());
    };
    Err(BadScenario::Key {
        key: if place.is_empty() { key.clone() } else { format!("{place}.{key}") },
        near: nearest(key, known.iter().copied()),
        known: joined(known.iter().copied()),
    })
}

fn wrong(key: &str, met: &Value, wanted: &str) -> BadScenario {
    let (met, wanted) = (met.to_string(), wanted.to_owned());
    BadScenario::Value { key: key.to_owned(), met, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "schema = \"windtunnel.scenario/1\"\n";

    fn check(body: &str, error: &str) {
        let met = parse("s", &format!("{HEAD}{body}")).unwrap_err().to_string();
        assert!(met.contains(error), "{met}");
    }

    #[test]
    fn a_scenario_is_read_whole() {
        let text = "recording = \"order-774\"\nlens = \"record\"\nseed = 7\ndate = \"2026-04-13\"\n\
                    [toggles.r4]\ncap = { low = 1, mode = 2, high = 3 }\n[toggles.R1]\n";
        let scenario = parse("s", &format!("{HEAD}{text}")).unwrap();
        let ids: Vec<_> = scenario.toggles.iter().map(|c| c.toggle.card().id).collect();
        assert_eq!(ids, ["R1", "R4"]);
        assert_eq!(scenario.toggles[1].params.get("cap"), 2);
        assert_eq!(scenario.toggles[0].params.get("compliance"), 8_611);
        assert_eq!((scenario.lens, scenario.seed), (Lens::Record, 7));
    }

    #[test]
    fn what_is_wrong_is_said_with_a_way_out() {
        check("sed = 1\n", "unknown key 'sed' (is it 'seed'?)");
        check("lens = \"calls\"\n", "\"message\" or \"record\"");
        check("seed = -1\n", "whole number");
        check("date = \"tomorrow\"\n", "2026-04-13");
        check("[toggles.R0]\n", "no toggle 'R0' (is it 'R1'?)");
        check("[toggles.R1]\ncomplience = 1\n", "is it 'compliance'?");
        check("[toggles.R1]\ncompliance = 10001\n", "0 to 10,000");
        check("[toggles.R2]\ncalls_per_site = -1\n", "a count of 0");
        check("[toggles.R1]\ncompliance = { low = 2, mode = 1, high = 3 }\n", "low <= mode");
        check("[toggles.R1]\ncompliance = { low = 2, mode = 2 }\n", "missing");
        check("toggles = 1\n", "[toggles.R1]");
        check("= 1\n", "not TOML: line 2: ");
        assert!(parse("s", "seed = 1\n").unwrap_err().to_string().contains("schema"));
    }
}
