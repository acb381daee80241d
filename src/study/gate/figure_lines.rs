//! The figures of a baseline file, before their keys are read.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The figures: by key, a value a sample. A key that stands there twice is an error.
#[derive(Default)]
pub(super) struct FigureLines(pub Vec<(String, Vec<Value>)>);

impl<'de> Deserialize<'de> for FigureLines {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct FigureLinesVisitor;
        impl<'de> Visitor<'de> for FigureLinesVisitor {
            type Value = FigureLines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("figures by key")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FigureLines, A::Error> {
                let mut lines = FigureLines::default();
                let mut known = BTreeSet::new();
                while let Some((key, values)) = map.next_entry::<String, Vec<Value>>()? {
                    // A map would keep the last of two: whoever edited by hand would not learn of
                    // the other.
                    if !known.insert(key.clone()) {
                        return Err(de::Error::custom(format!("figure '{key}' is there twice")));
                    }
                    lines.0.push((key, values));
                }
                Ok(lines)
            }
        }
        from.deserialize_map(FigureLinesVisitor)
    }
}
