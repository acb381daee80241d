//! Which sessions take part: declared once, for every command that reads transcripts.

use clap::Args;
use jiff::tz::{Offset, TimeZone};

/// Which sessions take part: those that start in a window of time, those of some projects. A
/// session is taken whole or not at all, because a context that is cut in its middle would be a
/// start that never was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Sessions that start on this day or later, or from this instant on (2026-02-06T12:00:00Z).
    /// A session is taken whole or not at all.
    #[arg(long, value_name = "DAY|TIME")]
    pub since: Option<String>,
    /// Sessions that start on this day or earlier, the whole day, or before this instant.
    #[arg(long, value_name = "DAY|TIME")]
    pub until: Option<String>,
    /// Sessions that start within so long before the newest call that is read, e.g. 24h, 7d, 2w:
    /// the clock is not asked, so that the same files give the same answer.
    #[arg(long, value_name = "SPAN", conflicts_with = "since")]
    pub last: Option<String>,
    /// Sessions of this project: the name of its folder, or a part of it; may be repeated.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub project: Vec<String>,
    /// Where a day begins: Z or an offset such as +02:00 [default: Z, which is UTC].
    #[arg(long, value_name = "OFFSET", value_parser = parse_offset, allow_hyphen_values = true)]
    pub timezone: Option<Offset>,
}

impl SelectionArgs {
    /// The zone of days.
    pub(crate) fn zone(&self) -> TimeZone {
        self.timezone.unwrap_or(Offset::UTC).to_time_zone()
    }
}

/// Names of zones would need their history at hand, which an offset does not.
fn parse_offset(text: &str) -> Result<Offset, String> {
    const WANTED: &str = "wanted Z or an offset such as +02:00 or -05:30";
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(Offset::UTC);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(WANTED.to_owned()),
    };
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
    let are_two_digits = [hours, minutes]
        .iter()
        .all(|part| part.len() == 2 && part.bytes().all(|it| it.is_ascii_digit()));
    let numbers = are_two_digits.then_some((hours, minutes));
    let (hours, minutes): (i32, i32) = numbers
        .and_then(|(hours, minutes)| Some((hours.parse().ok()?, minutes.parse().ok()?)))
        // No place on earth is further from UTC.
        .filter(|&(hours, minutes)| minutes < 60 && hours * 60 + minutes <= 14 * 60)
        .ok_or_else(|| WANTED.to_owned())?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).map_err(|_| WANTED.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read_and_names_of_zones_are_not() {
        for (text, seconds) in
            [("Z", 0), ("utc", 0), ("+02:00", 7_200), ("-05:30", -19_800), ("+14", 50_400)]
        {
            assert_eq!(parse_offset(text).map(Offset::seconds), Ok(seconds), "{text}");
        }
        for text in ["", "2", "+2", "+02:60", "+15:00", "Europe/Paris", "+0200", "\u{e9}"] {
            assert!(parse_offset(text).is_err(), "{text}");
        }
    }
}
