//! Words of a record that change the price of its call.

use crate::import::measured_text::ShortText;
use crate::recording::PriceModifiers;
use serde::Deserialize;
use serde::de::Deserializer;

/// A speed, a service tier or a place, as the condition that it names; none for what is standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PriceWord(pub PriceModifiers);

impl<'de> Deserialize<'de> for PriceWord {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let word = ShortText::deserialize(d)?;
        Ok(Self(match word.0 {
            b"fast" => PriceModifiers::FAST,
            b"batch" => PriceModifiers::BATCH,
            b"flex" => PriceModifiers::FLEX,
            b"priority" => PriceModifiers::PRIORITY,
            b"us" => PriceModifiers::US_ONLY,
            _ => PriceModifiers::empty(),
        }))
    }
}
