//! The committed baseline: one small file, a line a figure, that says what was and at which prices.
//!
//! It holds figures, not recordings: names, digests, sums. It also holds what they were measured
//! under, the rates of every model with it, so that neither a newer price book nor another day can
//! move either side. Equal content is equal bytes: figures stand in the order of their keys, their
//! values in the order of the samples, and what did not happen in a sample is 0.

use super::figure_lines::FigureLines;
use super::gate_cache::GateCache;
use super::measurement::SampleUnit;
use super::{
    DefectKind, FigureKey, GateMetric, GateSample, GateScope, GateSide, SideDefects, SideSummary,
};
use crate::price::{PriceRow, TokenPrices};
use crate::quantity::parse_decimal;
use crate::reconstruct::Lens;
use crate::recording::{name_of_value, value_of_name};
use crate::scenario::nearest_name_hint;
use crate::units::PicoUsd;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Name and version of the format.
pub const SCHEMA: &str = "windtunnel.baseline/1";
/// What stands before the version.
const SCHEMA_FAMILY: &str = "windtunnel.baseline/";

/// What both sides are measured under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselinePremises {
    /// How published call counts are read.
    pub lens: Lens,
    /// What decides what a call reads.
    pub cache: GateCache,
    /// What is one sample.
    pub each: SampleUnit,
    /// The day as of which every call is priced.
    pub day: Date,
    /// What a model that no source names is priced as.
    pub assumed_model: String,
    /// Digest of the price book that the rates are from, hexadecimal.
    pub prices: String,
    /// The rates of every model that was met, by its name in the book.
    pub rates: BTreeMap<String, PriceRow>,
}

/// A baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    /// What it was measured under.
    pub premises: BaselinePremises,
    /// What was measured.
    pub side: GateSide,
}

/// A file that cannot be used as a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BadBaseline {
    /// Not JSON, or not of this shape.
    #[error("not a baseline: {0}; restore it, or write it again with `windtunnel gate --update`")]
    Json(#[from] serde_json::Error),
    /// An older version.
    #[error(
        "schema is '{met}', this version reads '{SCHEMA}': write it again with \
         `windtunnel gate --update`"
    )]
    Older {
        /// What the file says.
        met: String,
    },
    /// A newer version.
    #[error("schema is '{met}', this version reads '{SCHEMA}': use a newer windtunnel")]
    Newer {
        /// What the file says.
        met: String,
    },
    /// Something in it does not fit.
    #[error("{at}: {what}; restore it, or write it again with `windtunnel gate --update`")]
    Field {
        /// Where.
        at: String,
        /// What was met, and what was wanted.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BaselineJson {
    #[serde(rename = "schema")]
    _schema: String,
    lens: String,
    cache: String,
    each: String,
    day: Date,
    assumed_model: String,
    prices: String,
    rates: BTreeMap<String, RateOnDisk>,
    samples: Vec<SampleOnDisk>,
    // A side without any is the same bytes as before there were any.
    #[serde(default)]
    defects: BTreeMap<String, u64>,
    figures: FigureLines,
}

/// Pico-dollars per token, in the order of the classes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateOnDisk {
    base: [i64; 5],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    long: Option<[i64; 5]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    long_above: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleOnDisk {
    name: String,
    digest: String,
    pipelines: Vec<String>,
}

impl Baseline {
    /// Whether bytes say of themselves that they are a baseline, readable or not.
    #[must_use]
    pub(crate) fn is_baseline(bytes: &[u8]) -> bool {
        let family = SCHEMA_FAMILY.as_bytes();
        bytes.windows(family.len()).any(|window| window == family)
    }

    /// The bytes of the file.
    #[must_use]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let BaselinePremises { lens, cache, each, day, assumed_model, prices, rates } =
            &self.premises;
        let rates = rates.iter().map(|(model, row)| json_entry(model, &RateOnDisk::from(row)));
        let samples = self.side.samples.iter().zip(&self.side.summary.digests);
        let samples = samples.map(|(sample, digest)| {
            let (name, pipelines) = (sample.name.clone(), sample.pipelines.clone());
            to_json_text(&SampleOnDisk { name, digest: digest.clone(), pipelines })
        });
        // A line a figure, a value a sample: a diff shows which figure moved in which sample.
        let mut lines: BTreeMap<&FigureKey, Vec<i128>> = BTreeMap::new();
        for (at, sample) in self.side.samples.iter().enumerate() {
            for (key, value) in &sample.figures {
                // A sample without a figure has none of it: zero.
                let line = lines.entry(key).or_insert_with(|| vec![0; self.side.samples.len()]);
                line[at] = *value;
            }
        }
        let figures = lines.iter().map(|(key, values)| {
            let values: Vec<String> =
                values.iter().map(|value| format_value(key, *value)).collect();
            format!("{}: [{}]", to_json_text(&key_name(key)), values.join(", "))
        });
        let defects = self.side.summary.defects.iter();
        let defects: BTreeMap<&str, u64> =
            defects.map(|(kind, count)| (kind.name(), *count)).collect();
        // Only where there are some: files without defects stay as they were.
        let defects = (!defects.is_empty()).then(|| json_entry("defects", &defects));
        let head = [
            json_entry("schema", &SCHEMA),
            json_entry("lens", &lens.name()),
            json_entry("cache", &cache.name()),
            json_entry("each", &each.name()),
            json_entry("day", day),
            json_entry("assumed_model", assumed_model),
            json_entry("prices", prices),
            format!("\"rates\": {}", json_block('{', '}', rates)),
            format!("\"samples\": {}", json_block('[', ']', samples)),
        ];
        let figures = format!("\"figures\": {}", json_block('{', '}', figures));
        let entries = head.into_iter().chain(defects).chain([figures]);
        format!("{}\n", json_block('{', '}', entries)).into_bytes()
    }

    /// Reads a file; its side is named `name`.
    ///
    /// # Errors
    /// What is wrong with it, where, and what to do.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, BadBaseline> {
        #[derive(Deserialize)]
        struct BaselineHead {
            schema: String,
        }
        let BaselineHead { schema: met } = serde_json::from_slice(bytes)?;
        // What is of another family has no version, and is told to be written again.
        match (schema_version(&met), schema_version(SCHEMA)) {
            (Some(its), Some(own)) if its > own => return Err(BadBaseline::Newer { met }),
            (its, own) if its != own => return Err(BadBaseline::Older { met }),
            _ => {}
        }
        // The version is read first, so that a file of another one is told as such and not by a
        // key that it does not have.
        let file: BaselineJson = serde_json::from_slice(bytes)?;
        let held = BaselinePremises {
            lens: value_by_name("lens", &Lens::NAMED, &file.lens)?,
            cache: value_by_name("cache", &GateCache::NAMED, &file.cache)?,
            each: value_by_name("each", &SampleUnit::NAMED, &file.each)?,
            day: file.day,
            assumed_model: file.assumed_model,
            prices: file.prices,
            rates: file
                .rates
                .into_iter()
                .map(|(model, rate)| (model.clone(), rate.into_price_row(model)))
                .collect(),
        };
        let count = file.samples.len();
        let digests = file.samples.iter().map(|sample| sample.digest.clone()).collect();
        let mut samples: Vec<GateSample> = file
            .samples
            .into_iter()
            .map(|SampleOnDisk { name, pipelines, .. }| GateSample {
                name,
                pipelines,
                figures: BTreeMap::new(),
            })
            .collect();
        for (text, values) in &file.figures.0 {
            let key = parse_key(text)?;
            if values.len() != count {
                let what = format!("{} values for {count} samples", values.len());
                return Err(figure_error(text, &what));
            }
            for (sample, value) in samples.iter_mut().zip(values) {
                let value = parse_value(&key, value).ok_or_else(|| {
                    let wanted = match key.metric {
                        GateMetric::Dollars => "dollars in quotes with up to 12 decimal places",
                        _ => "a whole number",
                    };
                    let signed = if key.scope == GateScope::Saving { "" } else { ", not negative" };
                    figure_error(text, &format!("met {value}, wanted {wanted}{signed}"))
                })?;
                // Zeros stand in a file for what did not happen, and are no figures in memory.
                if value != 0 {
                    sample.figures.insert(key.clone(), value);
                }
            }
        }
        let mut defects = SideDefects::new();
        for (kind, count) in &file.defects {
            defects.insert(value_by_name("defects", &DefectKind::NAMED, kind)?, *count);
        }
        let named = SideSummary { name: name.to_owned(), samples: count as u32, digests, defects };
        Ok(Self { premises: held, side: GateSide { summary: named, samples } })
    }
}

fn schema_version(schema: &str) -> Option<u32> {
    schema.strip_prefix(SCHEMA_FAMILY)?.parse().ok()
}

fn figure_error(figure: &str, what: &str) -> BadBaseline {
    BadBaseline::Field { at: format!("figure '{figure}'"), what: what.to_owned() }
}

fn value_by_name<T: Copy>(
    at: &str,
    known: &[(T, &'static str)],
    met: &str,
) -> Result<T, BadBaseline> {
    value_of_name(known, met).ok_or_else(|| {
        let known: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
        let what = format!("met '{met}', wanted one of {}", known.join(", "));
        BadBaseline::Field { at: format!("'{at}'"), what }
    })
}

/// A key as it is written: the scope, the name if it has one, the metric.
#[must_use]
pub(crate) fn key_name(key: &FigureKey) -> String {
    let (scope, metric) = (
        name_of_value(&GateScope::NAMED, key.scope),
        name_of_value(&GateMetric::NAMED, key.metric),
    );
    if key.name.is_empty() {
        format!("{scope} {metric}")
    } else {
        format!("{scope} {} {metric}", key.name)
    }
}

fn parse_key(text: &str) -> Result<FigureKey, BadBaseline> {
    let (scope, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (name, metric) = rest.rsplit_once(' ').unwrap_or(("", rest));
    // A name may hold spaces; the scope before it and the metric behind it do not.
    Ok(FigureKey {
        scope: part_of_key(text, "scope", &GateScope::NAMED, scope)?,
        name: name.to_owned(),
        metric: part_of_key(text, "metric", &GateMetric::NAMED, metric)?,
    })
}

fn part_of_key<T: Copy>(
    key: &str,
    kind: &str,
    named: &[(T, &'static str)],
    met: &str,
) -> Result<T, BadBaseline> {
    value_of_name(named, met).ok_or_else(|| {
        let known: Vec<&str> = named.iter().map(|(_, name)| *name).collect();
        let near = nearest_name_hint(met, known.iter().copied());
        figure_error(key, &format!("no {kind} '{met}'{near}; known are {}", known.join(", ")))
    })
}

/// A value as it is written: dollars in full, without zeros at the end.
fn format_value(key: &FigureKey, value: i128) -> String {
    if key.metric != GateMetric::Dollars {
        return value.to_string();
    }
    let exact = PicoUsd(value).exact_decimal();
    let short = exact.trim_end_matches('0').trim_end_matches('.');
    format!("\"{short}\"")
}

fn parse_value(key: &FigureKey, value: &Value) -> Option<i128> {
    let value = match key.metric {
        GateMetric::Dollars => parse_dollars(value.as_str()?)?,
        _ => value.as_i64()?.into(),
    };
    (value >= 0 || key.scope == GateScope::Saving).then_some(value)
}

/// Pico-dollars of a decimal number of dollars.
fn parse_dollars(text: &str) -> Option<i128> {
    let (sign, abs) = text.strip_prefix('-').map_or((1, text), |abs| (-1, abs));
    parse_decimal(abs, PicoUsd::PER_USD).map(|abs| sign * abs.value)
}

impl From<&PriceRow> for RateOnDisk {
    fn from(row: &PriceRow) -> Self {
        Self {
            base: row.base.by_class(),
            long: (row.long != row.base).then(|| row.long.by_class()),
            long_above: (row.long_above != i64::MAX).then_some(row.long_above),
        }
    }
}

impl RateOnDisk {
    fn into_price_row(self, model: String) -> PriceRow {
        PriceRow {
            model,
            base: TokenPrices::from_classes(self.base),
            long: TokenPrices::from_classes(self.long.unwrap_or(self.base)),
            long_above: self.long_above.unwrap_or(i64::MAX),
            min_cached: 0,
            is_unpriced: false,
        }
    }
}

/// Serialising plain numbers and strings into memory cannot fail.
fn to_json_text<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn json_entry<T: Serialize + ?Sized>(key: &str, value: &T) -> String {
    format!("{}: {}", to_json_text(key), to_json_text(value))
}

/// Entries, one a line.
fn json_block(open: char, close: char, entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open}\n{}\n{close}", entries.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn baseline() -> Baseline {
        let key = |scope, name: &str, metric| FigureKey { scope, name: name.to_owned(), metric };
        let sample = |name: &str, figures: &[(FigureKey, i128)]| GateSample {
            name: name.to_owned(),
            pipelines: vec!["order-1".to_owned()],
            figures: figures.iter().cloned().collect(),
        };
        let calls = key(GateScope::Total, "", GateMetric::Calls);
        let dollars = key(GateScope::Step, "a \"b\" calls", GateMetric::Dollars);
        let saved = key(GateScope::Saving, "G1", GateMetric::Read);
        let base = TokenPrices { fresh: 5, read: 1, write_5m: 6, write_1h: 10, output: 25 };
        let row = PriceRow {
            model: "m".to_owned(),
            base,
            long: TokenPrices { fresh: 7, ..base },
            long_above: 200_000,
            min_cached: 0,
            is_unpriced: false,
        };
        let samples = vec![
            sample("one", &[(calls.clone(), 62), (dollars.clone(), 1_500_000_000_007)]),
            sample("two", &[(calls, 65), (dollars, 2_000_000_000_000), (saved, -4)]),
        ];
        let digests = vec!["0a".to_owned(), "0b".to_owned()];
        let defects = [(DefectKind::Damaged, 9)].into();
        let named = SideSummary { name: "main.json".to_owned(), samples: 2, digests, defects };
        Baseline {
            premises: BaselinePremises {
                lens: Lens::Record,
                cache: GateCache::Billed,
                each: SampleUnit::Pipeline,
                day: date(2026, 4, 13),
                assumed_model: "m".to_owned(),
                prices: "ff".to_owned(),
                rates: [("m".to_owned(), row)].into(),
            },
            side: GateSide { summary: named, samples },
        }
    }

    #[test]
    fn what_is_written_is_read_and_the_same_again() {
        let baseline = baseline();
        let bytes = baseline.to_bytes();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains("\"total calls\": [62, 65],\n"), "{text}");
        let dollars = "\"step a \\\"b\\\" calls dollars\": [\"1.500000000007\", \"2\"],\n";
        assert!(text.contains(dollars), "{text}");
        assert!(text.contains("\"saving G1 read\": [0, -4]\n"), "{text}");
        assert!(text.contains("\"defects\": {\"damaged\":9},\n"), "{text}");
        assert!(Baseline::is_baseline(&bytes));
        let read = Baseline::parse("main.json", &bytes).unwrap();
        assert_eq!(read, baseline);
        assert_eq!(read.to_bytes(), bytes);
    }

    #[test]
    fn dollars_are_exact() {
        for (text, want) in [
            ("0", Some(0)),
            ("1.5", Some(1_500_000_000_000)),
            ("-0.000000000001", Some(-1)),
            ("1.0000000000001", None),
            ("1.5.5", None),
            ("", None),
            ("-", None),
            ("1e3", None),
            ("9999999999999999999", None),
        ] {
            assert_eq!(parse_dollars(text), want, "{text}");
        }
    }
}
