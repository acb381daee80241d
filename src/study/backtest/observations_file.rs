//! What was seen after a rollout, as a small file that a report can take up:
//! `windtunnel.observed/1`.

use crate::units::BASIS_POINTS;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Name and version of the file.
pub const SCHEMA: &str = "windtunnel.observed/1";

/// The group of whole pipelines.
pub const TOTAL_GROUP: &str = "total";

/// After divided by before, in ten-thousandths: 4,500 where something fell to 45 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectRatio(pub i64);

impl EffectRatio {
    /// The nearest one to a number.
    #[must_use]
    pub fn from_f64(value: f64) -> Self {
        Self((value * BASIS_POINTS as f64).round() as i64)
    }

    /// What it saves, a share in ten-thousandths.
    #[must_use]
    pub(crate) fn saved_bp(self) -> i64 {
        BASIS_POINTS - self.0
    }

    /// As a number.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / BASIS_POINTS as f64
    }
}

impl Serialize for EffectRatio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A number in files and whole ten-thousandths in memory: the same figures are the same
        // bytes.
        self.as_f64().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for EffectRatio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_f64)
    }
}

/// One figure around one rollout, or around several that cannot be told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedEffect {
    /// The toggles that were rolled out, by id; empty where nobody said.
    pub toggles: Vec<String>,
    /// What was rolled out, in words.
    pub rollout: String,
    /// When: the first instant, RFC 3339.
    pub from: String,
    /// When the last of them was out, RFC 3339; the same for one.
    pub to: String,
    /// What it is about: [`TOTAL_GROUP`], or the name of a step.
    pub group: String,
    /// What is counted, e.g. `read`.
    pub metric: String,
    /// Pipelines before.
    pub before: u32,
    /// Pipelines after.
    pub after: u32,
    /// The median after divided by the median before; absent where a side is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<EffectRatio>,
    /// The same for pipelines of one size; absent where nothing tells their sizes, or there are
    /// too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<EffectRatio>,
    /// The low end of the interval of `adjusted`, or else of `raw`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<EffectRatio>,
    /// Its high end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<EffectRatio>,
    /// Share of the placebo dates that show at least as much; absent without such dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placebo: Option<EffectRatio>,
    /// How many placebo dates there are.
    #[serde(default)]
    pub placebos: u32,
    /// What is predicted for it; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<EffectRatio>,
    /// The verdict in words.
    pub verdict: String,
}

impl ObservedEffect {
    /// The step that it is about; empty for whole pipelines.
    #[must_use]
    pub(crate) fn step_name(&self) -> &str {
        if self.group == TOTAL_GROUP { "" } else { &self.group }
    }
}

/// A file of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observations {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the table or recording that they come from.
    pub source: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// Pipelines up to this long before and after a rollout, milliseconds; 0 for all of two
    /// windows.
    pub window_ms: i64,
    /// Confidence of the intervals, ten-thousandths as a number from 0 to 1.
    pub confidence: EffectRatio,
    /// Draws of the bootstrap.
    pub draws: u32,
    /// The seed.
    pub seed: u64,
    /// How many figures were looked at together.
    pub looks: u32,
    /// The figures.
    pub observed: Vec<ObservedEffect>,
}

/// A file that holds no observations.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadObservations {
    /// Not the JSON of this type.
    #[error("no observations: {0}; `windtunnel backtest --observations FILE` writes them")]
    Json(String),
    /// Of another kind or version.
    #[error("schema '{0}', wanted '{SCHEMA}': write the file again with this version")]
    Schema(String),
}

impl Observations {
    /// Reads a file.
    ///
    /// # Errors
    /// What is no JSON of this schema.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadObservations> {
        #[derive(Deserialize)]
        struct ObservationsHead {
            schema: String,
        }
        // A file of another version is told as such, and not by a key that it lacks.
        let ObservationsHead { schema } = serde_json::from_slice(bytes)?;
        if schema != SCHEMA {
            return Err(BadObservations::Schema(schema));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The bytes of the file: the same ones for the same figures.
    ///
    /// # Panics
    /// Never: own types serialise.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("own types serialise");
        bytes.push(b'\n');
        bytes
    }
}

impl From<serde_json::Error> for BadObservations {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_as_it_was_written() {
        let one = ObservedEffect {
            toggles: vec!["R1".to_owned(), "R4".to_owned()],
            rollout: "R4 + R1".to_owned(),
            group: "implement".to_owned(),
            metric: "read".to_owned(),
            before: 79,
            after: 102,
            raw: Some(EffectRatio::from_f64(0.450_04)),
            adjusted: Some(EffectRatio(7_900)),
            placebo: Some(EffectRatio(4_211)),
            ..ObservedEffect::default()
        };
        let file = Observations {
            schema: SCHEMA.to_owned(),
            confidence: EffectRatio(9_500),
            observed: vec![one, ObservedEffect::default()],
            ..Observations::default()
        };
        let bytes = file.to_json();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains("\"raw\": 0.45,\n"), "{text}");
        assert!(text.contains("\"placebo\": 0.4211,\n"), "{text}");
        assert_eq!(Observations::parse(&bytes), Ok(file));
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let refused = |text: &str| Observations::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(refused("{").contains("no observations"));
        assert!(refused("{\"schema\":\"windtunnel.observed/2\"}").contains("write the file again"));
        assert!(refused(&format!("{{\"schema\":\"{SCHEMA}\",\"x\":1}}")).contains("unknown field"));
    }
}
