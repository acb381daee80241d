//! What can be wrong with JSON.

use serde::de;
use std::fmt;

/// Why bytes are no value of the wanted type. It never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonFault {
    /// The bytes end within the value.
    #[error("cut short: the JSON ends too early")]
    CutShort,
    /// They are no JSON.
    #[error("no JSON: broken at byte {0}")]
    Broken(usize),
    /// They are JSON of another shape.
    #[error("a JSON value of an unknown shape")]
    Shape,
    /// An object has one key twice, each written in another way.
    #[error("the same key twice in one object")]
    RepeatedKey,
}

impl de::Error for JsonFault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Shape
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::RepeatedKey
    }
}
