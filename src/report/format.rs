//! From values to words: the one place where a number becomes text.
//!
//! Integers all the way; halves are rounded away from zero, so that a saving and the same loss
//! read alike.

mod forecast;
mod phrases;

pub use forecast::{format_forecast_money, format_forecast_tokens, format_share_in_sentence};
pub use phrases::{
    count_of_nouns, effort_cell, effort_days, effort_words, noun_for_count, plain_duration,
    plain_money, plain_share,
};

use super::foreign_text::clean_foreign_text;
use super::view::{CellContent, CellValue, TableCell, TableColumn, TableView};
use crate::units::PicoUsd;

/// What stands where nothing is known.
pub const MISSING: &str = "-";

/// How a number is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberStyle {
    /// A `+` before positive numbers.
    pub signed: bool,
    /// All digits rather than `22.8 M`.
    pub exact: bool,
    /// Of forecasts the largest amount beside it, in pico-dollars or tokens: all have so many
    /// places as it has.
    pub largest: Option<u128>,
}

impl From<&TableColumn> for NumberStyle {
    fn from(column: &TableColumn) -> Self {
        Self { signed: column.signed, exact: column.exact, largest: None }
    }
}

/// How the numbers of each column of a table are to be written.
#[must_use]
pub fn column_styles(view: &TableView) -> Vec<NumberStyle> {
    let styles = view.columns.iter().enumerate().map(|(at, column)| NumberStyle {
        largest: column.is_forecast.then(|| largest_amount(view.rows.iter().map(|row| &row[at]))),
        ..column.into()
    });
    styles.collect()
}

/// The largest amount of some cells, whatever its sign.
fn largest_amount<'a>(cells: impl Iterator<Item = &'a TableCell>) -> u128 {
    let amounts = cells.flat_map(|cell| match &cell.content {
        CellContent::Missing => [0, 0],
        CellContent::One(value) => [unsigned_amount(value), 0],
        CellContent::Range(low, high) => [unsigned_amount(low), unsigned_amount(high)],
    });
    amounts.max().unwrap_or_default()
}

fn unsigned_amount(value: &CellValue) -> u128 {
    match value {
        CellValue::Money(amount) | CellValue::PicoUsd(amount) => amount.0.unsigned_abs(),
        CellValue::Tokens(n) => u128::from(n.unsigned_abs()),
        _ => 0,
    }
}

/// A cell in words, cleaned but not escaped for any format.
#[must_use]
pub fn format_cell(cell: &TableCell, figures: NumberStyle) -> String {
    match &cell.content {
        CellContent::Missing => MISSING.to_owned(),
        CellContent::One(one) => format_value(one, figures),
        CellContent::Range(low, high) => {
            format!("{} to {}", format_value(low, figures), format_value(high, figures))
        }
    }
}

/// A value in words, cleaned but not escaped for any format.
#[must_use]
pub fn format_value(value: &CellValue, figures: NumberStyle) -> String {
    // A forecast has no more digits than it deserves; who asks for exact figures gets all.
    match (value, figures.largest.filter(|_| !figures.exact)) {
        (CellValue::Tokens(n), Some(_)) => return format_forecast_tokens(*n, figures.signed),
        (CellValue::Money(amount), Some(largest)) => {
            return format_forecast_money(*amount, largest, figures.signed);
        }
        _ => {}
    }
    match value {
        CellValue::Text(words) => clean_foreign_text(words).into_owned(),
        CellValue::Tokens(n) if !figures.exact => format_tokens(*n, figures.signed),
        CellValue::Tokens(n) | CellValue::Count(n) => format_integer(*n, figures.signed),
        CellValue::Share(bp) => format_share(*bp, figures),
        CellValue::Money(amount) | CellValue::PicoUsd(amount) => format_money(*amount, figures),
        CellValue::Duration(ms) => format_duration(*ms, figures),
        CellValue::Number(thousandths) => format_thousandths(*thousandths, figures.signed),
        CellValue::Texts(list) => clean_foreign_text(&list.join(", ")).into_owned(),
        CellValue::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        CellValue::Fraction(part) => format_share((part * 10_000.0).round() as i64, figures),
    }
}

/// The sign of a number as text.
fn sign_prefix(negative: bool, zero: bool, signed: bool) -> &'static str {
    match (negative, zero, signed) {
        (true, false, _) => "-",
        (false, false, true) => "+",
        _ => "",
    }
}

/// `n / unit`, halves rounded up.
fn divide_rounded(n: u128, unit: u128) -> u128 {
    (n + unit / 2) / unit
}

/// Digits in groups of three: `1,234,567`.
fn group_digits(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        // A comma stands before every digit that begins a group, counted from the right.
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// All digits: `1,234,567`, `-12`.
#[must_use]
pub fn format_integer(n: i64, signed: bool) -> String {
    format!("{}{}", sign_prefix(n < 0, n == 0, signed), group_digits(u128::from(n.unsigned_abs())))
}

/// A value in words without places and units that say nothing: `5 M`, `$20`, `50 %`, `2h`.
#[must_use]
pub fn format_short(value: &CellValue) -> String {
    let words = self::format_value(value, NumberStyle::default());
    match value {
        CellValue::Tokens(_) | CellValue::Share(_) => words.replace(".0 ", " "),
        CellValue::Money(_) => words.trim_end_matches(".00").to_owned(),
        CellValue::Duration(0) => "0".to_owned(),
        CellValue::Duration(_) => {
            // `2h 0m` is two hours, and `5.0s` five seconds.
            let words = words.replace(".0s", "s");
            let zero = [" 0h", " 0m", " 0s"].iter().find_map(|zero| words.strip_suffix(zero));
            zero.unwrap_or(&words).to_owned()
        }
        _ => words,
    }
}

/// Text with its whole numbers of five digits and more in groups of three.
#[must_use]
pub fn group_digits_in_text(text: &str) -> String {
    let mut grouped_text = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = is_in_word(first);
        // Words and what stands between them take turns; a number is a word of digits alone.
        let end = rest.find(|c| is_in_word(c) != in_word).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        let number = part.parse().ok().filter(|_| in_word && part.len() >= 5);
        match number {
            Some(number) if part.bytes().all(|byte| byte.is_ascii_digit()) => {
                grouped_text.push_str(&group_digits(number));
            }
            _ => grouped_text.push_str(part),
        }
        rest = behind;
    }
    grouped_text
}

/// Whether a character belongs to a word, as points and strokes of versions and file names do.
fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || "._".contains(c)
}

/// Tokens to a decimal place: `22.8 M`, `870.9 k`, below ten thousand all digits.
#[must_use]
pub fn format_tokens(n: i64, signed: bool) -> String {
    let size = u128::from(n.unsigned_abs());
    let sign = sign_prefix(n < 0, n == 0, signed);
    if size < 10_000 {
        return format!("{sign}{}", group_digits(size));
    }
    // The unit is chosen after rounding, so that 999,950 is `1.0 M` and never `1000.0 k`.
    for (unit, name) in [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G")] {
        let tenths = divide_rounded(size, unit / 10);
        if tenths < 10_000 || name == "G" {
            return format!("{sign}{}.{} {name}", group_digits(tenths / 10), tenths % 10);
        }
    }
    unreachable!("the last unit takes all")
}

/// A figure as its source prints it, with units as they are written here: `~85 k` for `~85K`,
/// `12-14 M` for `12-14M`, `54 %` for `54%`.
#[must_use]
pub fn format_printed_figure(printed: &str) -> String {
    let mut words = String::with_capacity(printed.len() + 1);
    let mut rest = printed.chars().peekable();
    let mut follows_digit = false;
    while let Some(c) = rest.next() {
        // A unit ends its word: the `M` that begins a name stays as it is.
        let ends_word = !rest.peek().is_some_and(|next| next.is_alphanumeric());
        if follows_digit && ends_word && matches!(c, 'k' | 'K' | 'M' | 'G' | '%') {
            words.push(' ');
            words.push(if c == 'K' { 'k' } else { c });
        } else {
            words.push(c);
        }
        follows_digit = c.is_ascii_digit();
    }
    words
}

/// Tokens as AutoSkillit's tables in pull requests have them: `1.2M`, `45.0k`, `999`. Halves go to
/// the even digit, as its language formats floats.
#[must_use]
pub fn format_pull_request_tokens(n: i64) -> String {
    match n {
        1_000_000.. => format!("{:.1}M", n as f64 / 1e6),
        1_000.. => format!("{:.1}k", n as f64 / 1e3),
        _ => n.to_string(),
    }
}

/// Durations in the same tables: `42s`, `7m 3s`, `1h 24m`; what is below is dropped.
#[must_use]
pub fn format_pull_request_time(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        3_600.. => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        60.. => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{seconds}s"),
    }
}

/// An instant to the minute, UTC: `2026-05-18 12:44`.
#[must_use]
pub fn format_day_and_minute(at_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(at_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A share in basis points as percent: `12.3 %`; two places below one percent or when exact.
#[must_use]
pub fn format_share(bp: i64, figures: NumberStyle) -> String {
    let size = bp.unsigned_abs();
    // Below one percent a single place would show 0.06 % as 0.1 %.
    if figures.exact || (size < 100 && !size.is_multiple_of(10)) {
        let sign = sign_prefix(bp < 0, bp == 0, figures.signed);
        return format!("{sign}{}.{:02} %", size / 100, size % 100);
    }
    let tenths = divide_rounded(u128::from(size), 10);
    let sign = sign_prefix(bp < 0, bp == 0, figures.signed);
    format!("{sign}{}.{} %", tenths / 10, tenths % 10)
}

/// A share in basis points as it may be typed: `82.41%`, `30%`.
#[must_use]
pub fn format_typed_share(bp: i64) -> String {
    // No blank, which a shell would take for the end of an argument; no place that says nothing.
    let percent = format_decimal(bp.into(), 2);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    format!("{percent}%")
}

/// Dollars and cents: `$12.34`; four places below a cent; all twelve when exact.
#[must_use]
pub fn format_money(amount: PicoUsd, figures: NumberStyle) -> String {
    let size = amount.0.unsigned_abs();
    let sign = sign_prefix(amount.0 < 0, size == 0, figures.signed);
    let per_usd = PicoUsd::PER_USD.unsigned_abs();
    if figures.exact {
        let places = format!("{:012}", size % per_usd);
        // Cents are always told: `$1.5` does not read as money.
        let kept = places.trim_end_matches('0').len().max(2);
        return format!("{sign}${}.{}", group_digits(size / per_usd), &places[..kept]);
    }
    // An amount that rounds to no cent is shown finer, so that a cost never reads as free.
    let cents = divide_rounded(size, per_usd / 100);
    if cents == 0 && size > 0 {
        let parts = divide_rounded(size, per_usd / 10_000);
        return match parts {
            0 => format!("{sign}<$0.0001"),
            _ => format!("{sign}$0.{parts:04}"),
        };
    }
    format!("{sign}${}.{:02}", group_digits(cents / 100), cents % 100)
}

/// A duration in its two largest units: `1h 24m`, `12m 57s`, `8.4s`, `350ms`.
#[must_use]
pub fn format_duration(ms: i64, figures: NumberStyle) -> String {
    let size = ms.unsigned_abs();
    let sign = sign_prefix(ms < 0, ms == 0, figures.signed);
    if figures.exact {
        return format!("{sign}{}ms", group_digits(u128::from(size)));
    }
    // The unit is chosen after rounding: 59.95 s are a minute and never `60.0s`.
    let (seconds, minutes) = ((size + 500) / 1_000, (size + 30_000) / 60_000);
    let words = match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{size}ms"),
        1_000..59_950 => {
            let tenths = (size + 50) / 100;
            format!("{}.{}s", tenths / 10, tenths % 10)
        }
        59_950..3_599_500 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_599_500..86_370_000 => format!("{}h {}m", minutes / 60, minutes % 60),
        _ => format!("{}d {}h", rounded_hours(size) / 24, rounded_hours(size) % 24),
    };
    format!("{sign}{words}")
}

fn rounded_hours(ms: u64) -> u64 {
    (ms + 1_800_000) / 3_600_000
}

/// A number in thousandths: `0.776`, `1.99`; trailing zeros after the second place fall away.
#[must_use]
pub fn format_thousandths(thousandths: i64, signed: bool) -> String {
    let size = thousandths.unsigned_abs();
    let sign = sign_prefix(thousandths < 0, thousandths == 0, signed);
    let whole = group_digits(u128::from(size / 1_000));
    match size % 1_000 {
        rest if rest % 10 == 0 => format!("{sign}{whole}.{:02}", rest / 10),
        rest => format!("{sign}{whole}.{rest:03}"),
    }
}

/// A value for machines: integers in full, dollars and shares as exact decimals, no separators.
#[must_use]
pub fn format_for_machines(value: &CellValue) -> String {
    match value {
        CellValue::Text(words) => clean_foreign_text(words).into_owned(),
        CellValue::Tokens(n) | CellValue::Count(n) | CellValue::Duration(n) => n.to_string(),
        CellValue::Share(bp) => format_decimal(i128::from(*bp), 4),
        CellValue::Number(thousandths) => format_decimal(i128::from(*thousandths), 3),
        CellValue::Money(amount) => format_decimal(amount.0, 12),
        CellValue::Texts(list) => clean_foreign_text(&list.join(", ")).into_owned(),
        CellValue::Flag(flag) => flag.to_string(),
        CellValue::Fraction(part) => format_decimal((part * 10_000.0).round() as i128, 4),
        CellValue::PicoUsd(amount) => amount.0.to_string(),
    }
}

/// `n / 10^places` as the shortest exact decimal with at least one place: `12.5`, `-0.0`.
#[must_use]
pub fn format_decimal(n: i128, places: u32) -> String {
    let one = 10_u128.pow(places);
    let size = n.unsigned_abs();
    let fraction = format!("{:0width$}", size % one, width = places as usize);
    let kept = fraction.trim_end_matches('0').len().max(1);
    format!("{}{}.{}", sign_prefix(n < 0, n == 0, false), size / one, &fraction[..kept])
}

/// Points of about half a day as days, `0 d` for what takes none.
#[must_use]
pub fn format_days(points: u32) -> String {
    let half = if points % 2 == 1 { ".5" } else { "" };
    format!("{}{half} d", points / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: NumberStyle = NumberStyle { signed: false, exact: false, largest: None };
    const SIGNED: NumberStyle = NumberStyle { signed: true, exact: false, largest: None };
    const EXACT: NumberStyle = NumberStyle { signed: false, exact: true, largest: None };

    fn check(given: CellValue, figures: NumberStyle, expect: &str) {
        assert_eq!(format_value(&given, figures), expect, "{given:?} {figures:?}");
    }

    #[test]
    fn short_words_say_no_zeros() {
        for (value, expect) in [
            (CellValue::Tokens(5_000_000), "5 M"),
            (CellValue::Tokens(2_500_000), "2.5 M"),
            (CellValue::Tokens(0), "0"),
            (CellValue::Money(PicoUsd(20 * PicoUsd::PER_USD)), "$20"),
            (CellValue::Money(PicoUsd(PicoUsd::PER_USD / 2)), "$0.50"),
            (CellValue::Share(5_000), "50 %"),
            (CellValue::Share(5_050), "50.5 %"),
            (CellValue::Duration(0), "0"),
            (CellValue::Duration(20_000), "20s"),
            (CellValue::Duration(600_000), "10m"),
            (CellValue::Duration(5_400_000), "1h 30m"),
            (CellValue::Duration(86_400_000), "1d"),
            (CellValue::Count(1_200), "1,200"),
        ] {
            assert_eq!(format_short(&value), expect, "{value:?}");
        }
    }

    #[test]
    fn printed_figures_take_our_units() {
        for (printed, expect) in [
            ("~85K", "~85 k"),
            ("870.9k", "870.9 k"),
            ("12-14M", "12-14 M"),
            ("40-47%", "40-47 %"),
            ("6m 18s", "6m 18s"),
            ("5-7m", "5-7m"),
            ("~500+", "~500+"),
            ("3 Macs", "3 Macs"),
        ] {
            assert_eq!(format_printed_figure(printed), expect);
        }
    }

    #[test]
    fn whole_numbers_in_text_are_grouped() {
        let text = "miss 893346723 tokens of 2026, 0.1234567 and 9768e31d; 12345.";
        let grouped = "miss 893,346,723 tokens of 2026, 0.1234567 and 9768e31d; 12345.";
        assert_eq!(group_digits_in_text(text), grouped);
        assert_eq!(group_digits_in_text("22000, é 10000"), "22,000, é 10,000");
        assert_eq!(group_digits_in_text(""), "");
    }

    #[test]
    fn tokens_are_short_or_exact() {
        check(CellValue::Tokens(22_840_000), PLAIN, "22.8 M");
        check(CellValue::Tokens(870_949), PLAIN, "870.9 k");
        check(CellValue::Tokens(870_950), PLAIN, "871.0 k");
        check(CellValue::Tokens(9_999), PLAIN, "9,999");
        check(CellValue::Tokens(10_000), PLAIN, "10.0 k");
        check(CellValue::Tokens(999_949), PLAIN, "999.9 k");
        check(CellValue::Tokens(999_950), PLAIN, "1.0 M");
        check(CellValue::Tokens(2_345_678_901_234), PLAIN, "2,345.7 G");
        check(CellValue::Tokens(0), PLAIN, "0");
        check(CellValue::Tokens(0), SIGNED, "0");
        check(CellValue::Tokens(-5_250_000), SIGNED, "-5.3 M");
        check(CellValue::Tokens(5_250_000), SIGNED, "+5.3 M");
        check(CellValue::Tokens(22_840_123), EXACT, "22,840,123");
        check(CellValue::Tokens(i64::MIN), EXACT, "-9,223,372,036,854,775,808");
        check(CellValue::Count(-1_234), PLAIN, "-1,234");
        check(CellValue::Count(12), SIGNED, "+12");
    }

    #[test]
    fn shares_are_typed_without_a_blank() {
        for (bp, typed) in [(8_241, "82.41%"), (3_000, "30%"), (50, "0.5%"), (0, "0%")] {
            assert_eq!(format_typed_share(bp), typed);
        }
        assert_eq!(format_typed_share(10_000), "100%");
    }

    #[test]
    fn shares_are_percent() {
        check(CellValue::Share(1_234), PLAIN, "12.3 %");
        check(CellValue::Share(1_235), PLAIN, "12.4 %");
        check(CellValue::Share(1_235), EXACT, "12.35 %");
        check(CellValue::Share(6), PLAIN, "0.06 %");
        check(CellValue::Share(10), PLAIN, "0.1 %");
        check(CellValue::Share(-4_685), SIGNED, "-46.9 %");
        check(CellValue::Share(4_685), SIGNED, "+46.9 %");
        check(CellValue::Share(0), SIGNED, "0.0 %");
        check(CellValue::Share(10_000), PLAIN, "100.0 %");
    }

    #[test]
    fn money_is_dollars() {
        check(CellValue::Money(PicoUsd(12_340_000_000_000)), PLAIN, "$12.34");
        check(CellValue::Money(PicoUsd(12_345_000_000_000)), PLAIN, "$12.35");
        check(CellValue::Money(PicoUsd(1_234_567_890_000_000_000)), PLAIN, "$1,234,567.89");
        check(CellValue::Money(PicoUsd(4_200_000_000)), PLAIN, "$0.0042");
        check(CellValue::Money(PicoUsd(5_000_000_000)), PLAIN, "$0.01");
        check(CellValue::Money(PicoUsd(42)), PLAIN, "<$0.0001");
        check(CellValue::Money(PicoUsd(0)), SIGNED, "$0.00");
        check(CellValue::Money(PicoUsd(-1_500_000_000_000)), PLAIN, "-$1.50");
        check(CellValue::Money(PicoUsd(1_500_000_000_000)), SIGNED, "+$1.50");
        check(CellValue::Money(PicoUsd(1_234_567_800_000)), EXACT, "$1.2345678");
        check(CellValue::Money(PicoUsd(2_000_000_000_000)), EXACT, "$2.00");
    }

    #[test]
    fn durations_have_two_units() {
        check(CellValue::Duration(0), PLAIN, "0s");
        check(CellValue::Duration(350), PLAIN, "350ms");
        check(CellValue::Duration(8_449), PLAIN, "8.4s");
        check(CellValue::Duration(59_949), PLAIN, "59.9s");
        check(CellValue::Duration(59_950), PLAIN, "1m 0s");
        check(CellValue::Duration(777_000), PLAIN, "12m 57s");
        check(CellValue::Duration(3_599_500), PLAIN, "1h 0m");
        check(CellValue::Duration(5_040_000), PLAIN, "1h 24m");
        check(CellValue::Duration(86_370_000), PLAIN, "1d 0h");
        check(CellValue::Duration(90_000_000_000), PLAIN, "1041d 16h");
        check(CellValue::Duration(-61_000), SIGNED, "-1m 1s");
        check(CellValue::Duration(61_000), EXACT, "61,000ms");
    }

    #[test]
    fn numbers_keep_two_or_three_places() {
        check(CellValue::Number(776), PLAIN, "0.776");
        check(CellValue::Number(1_990), PLAIN, "1.99");
        check(CellValue::Number(-2_000), PLAIN, "-2.00");
        check(CellValue::Number(1_500), SIGNED, "+1.50");
    }

    #[test]
    fn machines_get_the_whole_value() {
        for (value, expect) in [
            (CellValue::Tokens(-22_840_123), "-22840123"),
            (CellValue::Share(4_685), "0.4685"),
            (CellValue::Share(10_000), "1.0"),
            (CellValue::Number(-1_990), "-1.99"),
            (CellValue::Money(PicoUsd(1)), "0.000000000001"),
            (CellValue::Money(PicoUsd(-12_500_000_000_000)), "-12.5"),
            (CellValue::Money(PicoUsd(0)), "0.0"),
            (CellValue::Duration(61_000), "61000"),
        ] {
            assert_eq!(format_for_machines(&value), expect);
        }
    }

    #[test]
    fn days_and_times_are_plain() {
        for (points, words) in [(0, "0 d"), (1, "0.5 d"), (2, "1 d"), (3, "1.5 d"), (10, "5 d")] {
            assert_eq!(format_days(points), words);
        }
        assert_eq!(format_day_and_minute(1_779_108_270_000), "2026-05-18 12:44");
    }

    #[test]
    fn ranges_and_gaps_have_words() {
        let range =
            TableCell::from_range(CellValue::Tokens(12_000_000), CellValue::Tokens(14_000_000));
        assert_eq!(format_cell(&range, PLAIN), "12.0 M to 14.0 M");
        assert_eq!(format_cell(&TableCell::missing(), SIGNED), "-");
    }
}
