//! A file of rollouts: `windtunnel.rollouts/1`, TOML.

use super::success_criteria::{CriterionMeasure, SuccessCriterion};
use super::{BacktestMetric, BacktestSettings, Rollout, SizeCovariate};
use crate::quantity::read_span_ms;
use crate::scenario::MOST_DRAWS;
use crate::toml_reader::{
    self, TomlEntry, TomlError, TomlField, TomlNode, bad_value_error, key_path, unknown_key_error,
};
use jiff::Timestamp;

/// Name and version of the file.
pub const ROLLOUTS_SCHEMA: &str = "windtunnel.rollouts/1";

/// The fewest draws of a bootstrap that a file may ask for. Source: MODEL.md, "Look back".
const FEWEST_DRAWS: u32 = 100;

/// A file of rollouts, checked.
#[derive(Clone, Debug)]
pub struct RolloutsFile {
    /// What it is called.
    pub title: String,
    /// The rollouts, as they stand.
    pub rollouts: Vec<Rollout>,
    /// The recording or reported pipeline that predictions are replayed on.
    pub predict: Option<String>,
    /// Success criteria of agents that packets wake.
    pub criteria: Vec<SuccessCriterion>,
    /// How it is looked at.
    pub settings: BacktestSettings,
}

/// The keys of a file, of a rollout, and of a criterion.
const FILE_KEYS: [&str; 14] = [
    "schema",
    "title",
    "metrics",
    "steps",
    "adjust",
    "window",
    "windows",
    "placebo_step",
    "draws",
    "confidence",
    "seed",
    "predict",
    "rollout",
    "criterion",
];
const ROLLOUT_KEYS: [&str; 4] = ["name", "at", "toggles", "predicted"];
const CRITERION_KEYS: [&str; 6] = ["name", "agent", "kind", "measure", "falls_by", "source"];

/// Reads and checks a file.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse_rollouts(text: &str) -> Result<RolloutsFile, TomlError> {
    let fields = toml_reader::parse_document(text)?;
    let mut file = RolloutsFile {
        title: String::new(),
        rollouts: Vec::new(),
        predict: None,
        criteria: Vec::new(),
        settings: BacktestSettings::default(),
    };
    let schema = fields.iter().find(|field| field.key == "schema");
    // Which keys there are depends on the version, so that a file has to say it.
    if schema.is_none() {
        return Err(bad_value_error("schema", &TomlEntry::missing(), ROLLOUTS_SCHEMA));
    }
    for field in &fields {
        read_file_key(&mut file, field)?;
    }
    Ok(file)
}

fn read_file_key(file: &mut RolloutsFile, field: &TomlField) -> Result<(), TomlError> {
    let TomlField { key, entry, .. } = field;
    let settings = &mut file.settings;
    match key.as_str() {
        "schema" if entry.as_text(key, ROLLOUTS_SCHEMA)? == ROLLOUTS_SCHEMA => {}
        "schema" => return Err(bad_value_error(key, entry, ROLLOUTS_SCHEMA)),
        "title" => file.title = read_text(key, entry)?,
        "metrics" => {
            settings.metrics =
                read_list(key, entry, |item| item.as_named(key, &BacktestMetric::NAMED))?;
        }
        "steps" => settings.steps = read_list(key, entry, |item| read_text(key, item))?,
        "adjust" => {
            settings.adjust =
                read_list(key, entry, |item| item.as_named(key, &SizeCovariate::NAMED))?;
        }
        "window" => settings.window_ms = Some(read_window_ms(key, entry)?),
        "windows" => {
            settings.windows_ms = read_list(key, entry, |item| read_window_ms(key, item))?;
        }
        "placebo_step" => settings.placebo_ms = read_window_ms(key, entry)?,
        "draws" => settings.draws = read_draws(key, entry)?,
        "confidence" => {
            let wanted = "a number from 0.5 to below 1";
            settings.confidence = read_number(key, entry, 0.5..1.0, wanted)?;
        }
        "seed" => {
            // TOML has signed numbers, seeds are unsigned.
            let TomlNode::Whole(seed @ 0..) = entry.node else {
                return Err(bad_value_error(key, entry, "a whole number, 0 or more"));
            };
            settings.seed = seed.unsigned_abs();
        }
        "predict" => file.predict = Some(read_text(key, entry)?),
        "rollout" => {
            let wanted = "tables, e.g. [[rollout]]";
            for table in entry.as_list(key, wanted)? {
                file.rollouts.push(read_rollout(table.line, table.as_table(key, wanted)?)?);
            }
        }
        "criterion" => {
            let wanted = "tables, e.g. [[criterion]]";
            for table in entry.as_list(key, wanted)? {
                file.criteria.push(read_criterion(table.line, table.as_table(key, wanted)?)?);
            }
        }
        _ => return Err(unknown_key_error("", field, FILE_KEYS.into_iter())),
    }
    Ok(())
}

fn read_rollout(line: usize, fields: &[TomlField]) -> Result<Rollout, TomlError> {
    let mut rollout = Rollout::default();
    // A rollout without a name is called by its date, so that only this one key is needed.
    require_keys("rollout", line, fields, &["at"])?;
    for field in fields {
        let entry = &field.entry;
        let key = &key_path("rollout", &field.key);
        match field.key.as_str() {
            "name" => rollout.name = read_text(key, entry)?,
            "at" => {
                let wanted = "a time with its zone, e.g. 2026-04-14T05:20:00Z";
                // TOML has dates of its own; both spellings are taken.
                let time = match &entry.node {
                    TomlNode::Text(text) | TomlNode::Date(text) => text.parse::<Timestamp>().ok(),
                    _ => None,
                };
                let time = time.ok_or_else(|| bad_value_error(key, entry, wanted))?;
                rollout.at_ms = time.as_millisecond();
            }
            "toggles" => rollout.toggles = read_list(key, entry, |item| read_text(key, item))?,
            "predicted" => {
                let wanted = "after divided by before, e.g. 0.97";
                // What was seen is divided by it.
                let positive = f64::MIN_POSITIVE..f64::INFINITY;
                rollout.predicted = Some(read_number(key, entry, positive, wanted)?);
            }
            _ => return Err(unknown_key_error("rollout", field, ROLLOUT_KEYS.into_iter())),
        }
    }
    Ok(rollout)
}

fn read_criterion(line: usize, fields: &[TomlField]) -> Result<SuccessCriterion, TomlError> {
    let mut criterion = SuccessCriterion {
        name: String::new(),
        agent: String::new(),
        kind: String::new(),
        measure: CriterionMeasure::Tokens,
        falls_by: 0.0,
        source: String::new(),
    };
    require_keys("criterion", line, fields, &["name", "agent", "measure", "falls_by"])?;
    for field in fields {
        let entry = &field.entry;
        let key = &key_path("criterion", &field.key);
        match field.key.as_str() {
            "name" => criterion.name = read_text(key, entry)?,
            "agent" => criterion.agent = read_text(key, entry)?,
            "kind" => criterion.kind = read_text(key, entry)?,
            "measure" => criterion.measure = entry.as_named(key, &CriterionMeasure::NAMED)?,
            "falls_by" => {
                let wanted = "the part that goes, from 0 to below 1";
                criterion.falls_by = read_number(key, entry, 0.0..1.0, wanted)?;
            }
            "source" => criterion.source = read_text(key, entry)?,
            _ => return Err(unknown_key_error("criterion", field, CRITERION_KEYS.into_iter())),
        }
    }
    Ok(criterion)
}

/// Every one of some keys must be there.
fn require_keys(
    place: &str,
    line: usize,
    fields: &[TomlField],
    keys: &[&str],
) -> Result<(), TomlError> {
    match keys.iter().find(|key| fields.iter().all(|field| field.key != **key)) {
        Some(key) => {
            // A key that is missing stands in no line: its table does.
            let met = TomlEntry { line, ..TomlEntry::missing() };
            Err(bad_value_error(&key_path(place, key), &met, "a value"))
        }
        None => Ok(()),
    }
}

fn read_text(key: &str, entry: &TomlEntry) -> Result<String, TomlError> {
    entry.as_text(key, "a string").map(str::to_owned)
}

fn read_list<T>(
    key: &str,
    entry: &TomlEntry,
    read_item: impl Fn(&TomlEntry) -> Result<T, TomlError>,
) -> Result<Vec<T>, TomlError> {
    entry.as_list(key, "a list, e.g. [\"...\"]")?.iter().map(read_item).collect()
}

fn read_number(
    key: &str,
    entry: &TomlEntry,
    admitted: std::ops::Range<f64>,
    wanted: &str,
) -> Result<f64, TomlError> {
    // `1` is a whole number in TOML, and meant as 1.0.
    let number = match &entry.node {
        TomlNode::Whole(number) => Some(*number as f64),
        TomlNode::Float(digits) => digits.parse().ok(),
        _ => None,
    };
    number
        .filter(|number| admitted.contains(number))
        .ok_or_else(|| bad_value_error(key, entry, wanted))
}

fn read_draws(key: &str, entry: &TomlEntry) -> Result<u32, TomlError> {
    let draws =
        if let TomlNode::Whole(draws) = entry.node { u32::try_from(draws).ok() } else { None };
    draws.filter(|draws| (FEWEST_DRAWS..=MOST_DRAWS).contains(draws)).ok_or_else(|| {
        bad_value_error(key, entry, &format!("a number from {FEWEST_DRAWS} to {MOST_DRAWS}"))
    })
}

/// A stretch of time in days or hours, e.g. `9d` or `36h`, milliseconds.
fn read_window_ms(key: &str, entry: &TomlEntry) -> Result<i64, TomlError> {
    let wanted = "days or hours, e.g. 9d or 36h";
    read_span_ms(entry.as_text(key, wanted)?).ok_or_else(|| bad_value_error(key, entry, wanted))
}

/// The metric of a name on the command line.
///
/// # Errors
/// Another name.
pub(crate) fn metric_by_name(name: &str) -> Result<BacktestMetric, TomlError> {
    TomlEntry::argument(name).as_named("metric", &BacktestMetric::NAMED)
}

/// A stretch of time on the command line, e.g. `9d` or `36h`, milliseconds.
///
/// # Errors
/// Anything else.
pub(crate) fn parse_window_ms(key: &str, text: &str) -> Result<i64, TomlError> {
    read_window_ms(key, &TomlEntry::argument(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::DAY_MS;

    const HEAD: &str = "schema = \"windtunnel.rollouts/1\"\n";

    #[test]
    fn a_file_says_everything() {
        let text = format!(
            "{HEAD}metrics = [\"read\"]\nadjust = [\"lines\", \"recipe\"]\nwindow = \"36h\"\n\
             windows = [\"2d\"]\nplacebo_step = \"12h\"\ndraws = 200\nconfidence = 0.9\nseed = 1\n\
             predict = \"order-774\"\n[[rollout]]\nat = \"2026-04-14T05:20:00Z\"\n\
             toggles = [\"R1\"]\npredicted = 0.9\n[[criterion]]\nname = \"c\"\nagent = \"a\"\n\
             measure = \"average\"\nfalls_by = 0.2\n"
        );
        let read = parse_rollouts(&text).unwrap();
        assert_eq!(read.settings.metrics, [BacktestMetric::Read]);
        assert_eq!(read.settings.adjust, [SizeCovariate::Lines, SizeCovariate::Recipe]);
        assert_eq!(read.settings.window_ms, Some(3 * DAY_MS / 2));
        assert_eq!(
            (read.settings.windows_ms, read.settings.placebo_ms),
            (vec![2 * DAY_MS], DAY_MS / 2)
        );
        assert_eq!(
            (read.rollouts[0].predicted, read.criteria[0].measure),
            (Some(0.9), CriterionMeasure::Average)
        );
        assert_eq!(read.rollouts[0].at_ms, 1_776_144_000_000);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let refused =
            |text: &str| parse_rollouts(&format!("{HEAD}{text}")).unwrap_err().to_string();
        assert!(refused("x = 1").starts_with("line 2: unknown key 'x'; known are schema, "));
        assert!(refused("window_ = \"9d\"").contains("'window_' (is it 'window'?)"));
        assert!(refused("[[rollout]]\nat_ = 3").contains("line 2: 'rollout.at' is missing"));
        let late = "[[rollout]]\nat = \"2026-04-14T05:20:00Z\"\ntoggle = []";
        assert!(
            refused(late).starts_with("line 4: unknown key 'rollout.toggle' (is it 'toggles'?)")
        );
        assert!(refused("rollout = 3").contains("'rollout' is 3, wanted tables, e.g. [[rollout]]"));
        assert!(refused("steps = \"plan\"").contains("'steps' is \"plan\", wanted a list"));
        assert!(
            refused("metrics = [\"cost\"]").contains("'metrics' is \"cost\", wanted one of read, ")
        );
        assert!(refused("metrics = [\"token\"]").contains("(is it 'tokens'?)"));
        let criterion = "[[criterion]]\nname = \"c\"\nagent = \"a\"\nfalls_by = 0.2\n";
        let measure = refused(&format!("{criterion}measure = \"avarage\""));
        assert!(measure.starts_with("line 6: 'criterion.measure' is \"avarage\""), "{measure}");
        assert!(measure.contains("(is it 'average'?)"), "{measure}");
        assert!(refused(criterion).contains("'criterion.measure' is missing"));
        let share = refused(&format!("{criterion}measure = \"tokens\"\nfall_by = 1"));
        assert!(share.contains("'criterion.fall_by' (is it 'falls_by'?)"), "{share}");
        assert!(refused("window = \"9\"").contains("wanted days or hours, e.g. 9d"));
        assert!(refused("window = \"é\"").contains("wanted days or hours, e.g. 9d"));
        assert!(refused("window = \"0d\"").contains("wanted days or hours"));
        assert!(refused("confidence = 1.0").contains("wanted a number from 0.5"));
        assert!(refused("draws = 1").contains("'draws' is 1"));
        assert!(refused("[[rollout]]\nat = \"2026-04-14\"").contains("a time with its zone"));
        let ratio = "[[rollout]]\nat = \"2026-04-14T05:20:00Z\"\npredicted = 0.0";
        assert!(refused(ratio).contains("after divided by before"));
        assert!(
            parse_rollouts("schema = \"x\"")
                .unwrap_err()
                .to_string()
                .contains("wanted windtunnel.")
        );
    }
}
