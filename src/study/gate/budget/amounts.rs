//! Numbers of a budget: shares in per cent and amounts with their units, exact.

use super::super::MetricUnit;
use crate::toml_reader::{TomlEntry, TomlError, TomlNode, bad_value_error};
use crate::units::{BASIS_POINTS, PicoUsd};

/// A share in per cent, of at most two places: ten-thousandths.
pub(crate) fn parse_share(key: &str, entry: &TomlEntry) -> Result<i64, TomlError> {
    let parsed = match &entry.node {
        TomlNode::Whole(0) => Some(0),
        TomlNode::Text(text) => text
            .trim()
            .strip_suffix('%')
            .and_then(|text| parse_decimal(text.trim(), i128::from(BASIS_POINTS) / 100))
            .and_then(|bp| i64::try_from(bp).ok()),
        _ => None,
    };
    let wanted = "a share such as \"3 %\" or \"0.25 %\"";
    parsed.ok_or_else(|| bad_value_error(key, entry, wanted))
}

/// An amount of a metric.
pub(crate) fn parse_amount(
    key: &str,
    unit: MetricUnit,
    entry: &TomlEntry,
) -> Result<i128, TomlError> {
    let scale = if unit == MetricUnit::Money { PicoUsd::PER_USD } else { 1 };
    let parsed = match &entry.node {
        TomlNode::Whole(number) if *number >= 0 => Some(i128::from(*number) * scale),
        TomlNode::Text(text) => {
            let text = text.trim();
            let text = if unit == MetricUnit::Money { text.strip_prefix('$') } else { Some(text) };
            text.and_then(|text| {
                let ends = [("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1)];
                let (digits, times) =
                    ends.iter().find_map(|(end, times)| Some((text.strip_suffix(end)?, *times)))?;
                parse_decimal(digits.trim(), scale * times)
            })
        }
        _ => None,
    };
    let wanted = match unit {
        MetricUnit::Money => "dollars such as \"$0.50\"",
        MetricUnit::Tokens => "tokens such as 150000, \"150 k\" or \"1.5 M\"",
        MetricUnit::Count => "a whole number",
    };
    parsed.ok_or_else(|| bad_value_error(key, entry, wanted))
}

/// A decimal times a power of ten, where that is a whole number.
pub(crate) fn parse_decimal(text: &str, times: i128) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let has_digits_only = [whole, part].iter().all(|text| text.bytes().all(|b| b.is_ascii_digit()));
    // So many digits fit the product below, whatever the power of ten.
    if whole.is_empty() || !has_digits_only || whole.len() > 15 || part.len() > 12 {
        return None;
    }
    let below = 10_i128.pow(part.len() as u32);
    let all = format!("{whole}{part}").parse::<i128>().ok()? * times;
    (all % below == 0).then_some(all / below)
}
