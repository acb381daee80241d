//! Days and instants, as they are typed.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// What a stretch of time looks like.
pub(crate) const WANTED_SPAN: &str = "a time such as 24h, 7d or 2w";

/// An instant in milliseconds since the epoch, or a day of UTC: its beginning, and the next one's.
pub(crate) fn parse_moment(text: &str) -> Option<(i64, i64)> {
    parse_moment_at(text, &TimeZone::UTC)
}

/// The same with the days of another zone.
pub(crate) fn parse_moment_at(text: &str, zone: &TimeZone) -> Option<(i64, i64)> {
    if let Ok(day) = text.parse::<Date>()
        // A date parser also takes the date of a longer text; an instant has to keep its time.
        && text.len() <= "2026-04-13".len()
    {
        let next = day.checked_add(1.day()).ok()?;
        return Some((start_of_day_ms(day, zone)?, start_of_day_ms(next, zone)?));
    }
    // A time that names no zone is one of this one, wherever the program runs.
    let at_ms = match text.parse::<Timestamp>() {
        Ok(at) => at.as_millisecond(),
        Err(_) => {
            let zoned = text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok()?;
            zoned.timestamp().as_millisecond()
        }
    };
    // An instant is no stretch of time.
    Some((at_ms, at_ms))
}

fn start_of_day_ms(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(day.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_days_or_instants() {
        const DAY: i64 = crate::price::DAY_MS;
        for (text, want) in [
            ("1970-01-02", Some((DAY, 2 * DAY))),
            ("1970-01-01T00:00:01Z", Some((1_000, 1_000))),
            ("1970-01-01 00:00:01", Some((1_000, 1_000))),
            ("1970-01-01T01:00:00+01:00", Some((0, 0))),
            ("1970-02-30", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse_moment(text), want, "{text}");
        }
    }

    #[test]
    fn days_begin_where_the_zone_says() {
        let zone = jiff::tz::Offset::from_hours(2).expect("an offset").to_time_zone();
        assert_eq!(parse_moment_at("1970-01-02", &zone), Some((79_200_000, 165_600_000)));
        assert_eq!(parse_moment_at("1970-01-01T02:00:00", &zone), Some((0, 0)));
    }
}
