//! Numbers as an audit prints them. Integers only; rounding is half up.

use crate::units::scale_by_ratio;

/// Tokens: `119`, `85.6K`, `22.64M`.
pub fn format_tokens(tokens: i64) -> String {
    let (sign, abs) = (if tokens < 0 { "-" } else { "" }, tokens.abs());
    if abs < 1_000 {
        format!("{sign}{abs}")
    } else if abs < 999_950 {
        format!("{sign}{}K", format_decimal(abs, 1_000, 1))
    } else {
        format!("{sign}{}M", format_decimal(abs, 1_000_000, 2))
    }
}

/// A share of ten-thousandths: `38.6 %`.
pub fn format_percent(basis_points: i64) -> String {
    format!("{} %", format_decimal(basis_points, 100, 1))
}

/// `a / b` with two places.
pub fn format_quotient(a: i64, b: i64) -> String {
    format_decimal(a, b, 2)
}

/// Milliseconds: `2h35m02s`, `6m18s`, `65s`.
pub fn format_duration(ms: i64) -> String {
    let seconds = scale_by_ratio(ms, 1, 1_000);
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (h, m) {
        (0, 0 | 1) => format!("{seconds}s"),
        (0, _) => format!("{m}m{s:02}s"),
        _ => format!("{h}h{m:02}m{s:02}s"),
    }
}

/// Amounts as a sum: `5.0M + 3.0M`.
pub fn format_token_sum(amounts: &[i64]) -> String {
    let words: Vec<String> = amounts.iter().map(|&amount| format_tokens(amount)).collect();
    words.join(" + ")
}

fn format_decimal(amount: i64, unit: i64, places: u32) -> String {
    let power = 10_i64.pow(places);
    let parts = scale_by_ratio(amount, power, unit);
    let width = places as usize;
    let text = format!("{}.{:0width$}", parts / power, parts % power);
    // Trailing zeros beyond the first place say nothing: 5.0M, not 5.00M.
    match text.strip_suffix('0') {
        Some(short) if places > 1 => short.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(format_tokens(119), "119");
        assert_eq!(format_tokens(85_586), "85.6K");
        assert_eq!(format_tokens(999_999), "1.0M");
        assert_eq!(format_tokens(22_644_800), "22.64M");
        assert_eq!(format_tokens(-5_000_000), "-5.0M");
        assert_eq!(format_percent(3_860), "38.6 %");
        assert_eq!(format_quotient(454, 228), "1.99");
        assert_eq!(format_duration(9_302_000), "2h35m02s");
        assert_eq!(format_duration(378_000), "6m18s");
        assert_eq!(format_duration(65_000), "65s");
    }
}
