//! Numbers of a budget: shares in per cent and amounts with their units, exact.

use super::super::MetricUnit;
use crate::quantity::QuantityKind;
use crate::toml_reader::{TomlEntry, TomlError, bad_value_error};

/// A share: ten-thousandths.
pub(crate) fn parse_share(key: &str, entry: &TomlEntry) -> Result<i64, TomlError> {
    let share = QuantityKind::Share.read_entry(key, entry)?;
    let wanted = QuantityKind::Share.wanted_text();
    i64::try_from(share).map_err(|_| bad_value_error(key, entry, wanted))
}

/// An amount of a metric.
pub(crate) fn parse_amount(
    key: &str,
    unit: MetricUnit,
    entry: &TomlEntry,
) -> Result<i128, TomlError> {
    let kind = match unit {
        MetricUnit::Money => QuantityKind::Money,
        MetricUnit::Tokens => QuantityKind::Tokens,
        MetricUnit::Count => QuantityKind::Count,
    };
    kind.read_entry(key, entry)
}
