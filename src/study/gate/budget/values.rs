//! Numbers of a budget: shares in per cent and amounts with their units, exact.

use super::super::Unit;
use crate::scenario::node::{Entry, Node};
use crate::scenario::{BadScenario, wrong};
use crate::units::{BASIS_POINTS, PicoUsd};

/// A share in per cent, of at most two places: ten-thousandths.
pub fn share(key: &str, entry: &Entry) -> Result<i64, BadScenario> {
    let parsed = match &entry.node {
        Node::Whole(0) => Some(0),
        Node::Text(text) => text
            .trim()
            .strip_suffix('%')
            .and_then(|text| decimal(text.trim(), i128::from(BASIS_POINTS) / 100))
            .and_then(|bp| i64::try_from(bp).ok()),
        _ => None,
    };
    let wanted = "a share such as \"3 %\" or \"0.25 %\"";
    parsed.ok_or_else(|| wrong(key, entry, wanted))
}

/// An amount of a metric.
pub fn amount(key: &str, unit: Unit, entry: &Entry) -> Result<i128, BadScenario> {
    let scale = if unit == Unit::Money { PicoUsd::PER_USD } else { 1 };
    let parsed = match &entry.node {
        Node::Whole(number) if *number >= 0 => Some(i128::from(*number) * scale),
        Node::Text(text) => {
            let text = text.trim();
            let text = if unit == Unit::Money { text.strip_prefix('$') } else { Some(text) };
            text.and_then(|text| {
                let ends = [("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("", 1)];
                let (digits, times) =
                    ends.iter().find_map(|(end, times)| Some((text.strip_suffix(end)?, *times)))?;
                decimal(digits.trim(), scale * times)
            })
        }
        _ => None,
    };
    let wanted = match unit {
        Unit::Money => "dollars such as \"$0.50\"",
        Unit::Tokens => "tokens such as 150000, \"150 k\" or \"1.5 M\"",
        Unit::Count => "a whole number",
    };
    parsed.ok_or_else(|| wrong(key, entry, wanted))
}

/// A decimal times a power of ten, where that is a whole number.
pub fn decimal(text: &str, times: i128) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || whole.len() > 15 || part.len() > 12 {
        return None;
    }
    let below = 10_i128.pow(part.len() as u32);
    let all = format!("{whole}{part}").parse::<i128>().ok()? * times;
    (all % below == 0).then_some(all / below)
}
