//! A file of rollouts: `windtunnel.rollouts/1`, TOML.

use super::success_criteria::{CriterionMeasure, SuccessCriterion};
use super::{BacktestMetric, BacktestSettings, Rollout, SizeCovariate};
use crate::price::DAY_MS;
use crate::recording::value_of_name;
use crate::scenario::MOST_DRAWS;
use jiff::Timestamp;
use serde::Deserialize;

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

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRollouts {
    /// Not TOML, or not these keys.
    #[error("line {line}: {what}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A value that cannot be.
    #[error("'{key}' is {met}, wanted {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// What the file says.
        met: String,
        /// What would do.
        wanted: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolloutsToml {
    schema: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    metrics: Vec<String>,
    #[serde(default)]
    steps: Vec<String>,
    adjust: Option<Vec<String>>,
    window: Option<String>,
    windows: Option<Vec<String>>,
    placebo_step: Option<String>,
    draws: Option<u32>,
    confidence: Option<f64>,
    seed: Option<u64>,
    predict: Option<String>,
    #[serde(default)]
    rollout: Vec<RolloutTable>,
    #[serde(default)]
    criterion: Vec<CriterionTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RolloutTable {
    #[serde(default)]
    name: String,
    at: String,
    #[serde(default)]
    toggles: Vec<String>,
    predicted: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CriterionTable {
    name: String,
    agent: String,
    #[serde(default)]
    kind: String,
    measure: String,
    falls_by: f64,
    #[serde(default)]
    source: String,
}

/// Reads and checks a file.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse_rollouts(text: &str) -> Result<RolloutsFile, BadRollouts> {
    let file: RolloutsToml = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count();
        BadRollouts::Toml { line, what: error.message().trim().replace('\n', ", ") }
    })?;
    if file.schema != ROLLOUTS_SCHEMA {
        return Err(bad_value("schema", &file.schema, ROLLOUTS_SCHEMA));
    }
    let usual = BacktestSettings::default();
    let confidence = file.confidence.unwrap_or(usual.confidence);
    if !(0.5..1.0).contains(&confidence) {
        return Err(bad_value("confidence", confidence, "a number from 0.5 to below 1"));
    }
    let draws = file.draws.unwrap_or(usual.draws);
    if !(FEWEST_DRAWS..=MOST_DRAWS).contains(&draws) {
        let wanted = format!("a number from {FEWEST_DRAWS} to {MOST_DRAWS}");
        return Err(bad_value("draws", draws, &wanted));
    }
    let windows = file.windows.map(|all| {
        all.iter()
            .map(|text| parse_window_ms("windows", text))
            .collect::<Result<Vec<i64>, BadRollouts>>()
    });
    let adjust = file.adjust.map(|names| {
        names
            .iter()
            .map(|name| value_by_name("adjust", &SizeCovariate::NAMED, name))
            .collect::<Result<_, _>>()
    });
    let metrics = file.metrics.iter().map(|name| metric_by_name(name)).collect::<Result<_, _>>()?;
    let placebo =
        file.placebo_step.map(|text| parse_window_ms("placebo_step", &text)).transpose()?;
    let settings = BacktestSettings {
        metrics,
        steps: file.steps,
        adjust: adjust.transpose()?.unwrap_or(usual.adjust),
        window_ms: file.window.map(|text| parse_window_ms("window", &text)).transpose()?,
        windows_ms: windows.transpose()?.unwrap_or(usual.windows_ms),
        placebo_ms: placebo.unwrap_or(usual.placebo_ms),
        draws,
        confidence,
        seed: file.seed.unwrap_or(usual.seed),
    };
    Ok(RolloutsFile {
        title: file.title,
        rollouts: file.rollout.into_iter().map(check_rollout).collect::<Result<_, _>>()?,
        predict: file.predict,
        criteria: file.criterion.into_iter().map(check_criterion).collect::<Result<_, _>>()?,
        settings,
    })
}

fn bad_value(key: &'static str, met: impl ToString, wanted: &str) -> BadRollouts {
    BadRollouts::Value { key, met: met.to_string(), wanted: wanted.to_owned() }
}

fn check_rollout(table: RolloutTable) -> Result<Rollout, BadRollouts> {
    let at: Timestamp = table.at.parse().map_err(|_| {
        bad_value("at", &table.at, "a time with its zone, e.g. 2026-04-14T05:20:00Z")
    })?;
    if let Some(ratio) = table.predicted
        && !(ratio > 0.0 && ratio.is_finite())
    {
        return Err(bad_value("predicted", ratio, "after divided by before, e.g. 0.97"));
    }
    let RolloutTable { name, toggles, predicted, .. } = table;
    Ok(Rollout { name, at_ms: at.as_millisecond(), toggles, predicted })
}

fn check_criterion(table: CriterionTable) -> Result<SuccessCriterion, BadRollouts> {
    let falls_by = table.falls_by;
    if !(0.0..1.0).contains(&falls_by) {
        return Err(bad_value("falls_by", falls_by, "the part that goes, from 0 to below 1"));
    }
    let measure = value_by_name("measure", &CriterionMeasure::NAMED, &table.measure)?;
    let CriterionTable { name, agent, kind, source, .. } = table;
    Ok(SuccessCriterion { name, agent, kind, measure, falls_by, source })
}

fn value_by_name<T: Copy>(
    key: &'static str,
    all: &[(T, &'static str)],
    name: &str,
) -> Result<T, BadRollouts> {
    value_of_name(all, name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(_, known)| *known).collect();
        bad_value(key, name, &format!("one of {}", names.join(", ")))
    })
}

/// The metric of a name.
///
/// # Errors
/// Another name.
pub fn metric_by_name(name: &str) -> Result<BacktestMetric, BadRollouts> {
    value_by_name("metric", &BacktestMetric::NAMED, name)
}

/// A stretch of time in days or hours, e.g. `9d` or `36h`, milliseconds.
///
/// # Errors
/// Anything else.
pub fn parse_window_ms(key: &'static str, text: &str) -> Result<i64, BadRollouts> {
    let refuse = || bad_value(key, text, "days or hours, e.g. 9d or 36h");
    let unit = match text.chars().last() {
        Some('d') => DAY_MS,
        Some('h') => DAY_MS / 24,
        _ => return Err(refuse()),
    };
    let count: Option<i64> = text[..text.len() - 1].parse().ok().filter(|count| *count > 0);
    count.and_then(|count| count.checked_mul(unit)).ok_or_else(refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(refused("x = 1").starts_with("line 2: unknown field `x`"));
        assert!(refused("metrics = [\"cost\"]").contains("'metric' is cost, wanted one of read, "));
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
