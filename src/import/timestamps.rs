//! Time stamps as transcripts write them.

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A time stamp in a record, milliseconds since the epoch; `None` where nothing can be read of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StampMs(pub Option<i64>);

impl<'de> Deserialize<'de> for StampMs {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(StampVisitor)
    }
}

struct StampVisitor;

impl<'de> Visitor<'de> for StampVisitor {
    type Value = StampMs;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time")
    }
    fn visit_borrowed_bytes<E: Error>(self, text: &'de [u8]) -> Result<StampMs, E> {
        Ok(StampMs(parse_stamp_ms(text)))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<StampMs, E> {
        Ok(StampMs(parse_stamp_ms(number.to_string().as_bytes())))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<StampMs, E> {
        Ok(StampMs(parse_stamp_ms(number.to_string().as_bytes())))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<StampMs, E> {
        Ok(StampMs(None))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<StampMs, E> {
        Ok(StampMs(None))
    }
    fn visit_unit<E: Error>(self) -> Result<StampMs, E> {
        Ok(StampMs(None))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<StampMs, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(StampMs(None))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<StampMs, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(StampMs(None))
    }
}

/// When records can have been written, milliseconds since the epoch: 2000 to 2099. Outside of it a
/// clock was not set, or a stamp is damaged. Source: MODEL.md, "Other constants".
const STAMPS_MS: (i64, i64) = (946_684_800_000, 4_102_444_799_999);

/// The time stamp of a record; `None` where nothing can be read of it, or no record can be of then.
pub(super) fn parse_stamp_ms(text: &[u8]) -> Option<i64> {
    let (first, last) = STAMPS_MS;
    parse_ms(text).filter(|ms| (first..=last).contains(ms))
}

/// Milliseconds since the epoch of an RFC 3339 time stamp, e.g. `2026-02-19T09:33:17.222Z`, and of
/// what other writers make of it: a space for the `T`, an offset without its colon, no zone at all
/// (UTC), and seconds or milliseconds since the epoch as a number.
///
/// Fractions beyond milliseconds are cut. Anything else is `None`; the caller decides.
pub(super) fn parse_ms(text: &[u8]) -> Option<i64> {
    if text.len() < 19 {
        return parse_epoch(text);
    }
    if text[4] != b'-' || text[7] != b'-' || text[13] != b':' || text[16] != b':' {
        return None;
    }
    let year = parse_digits(&text[0..4])?;
    let (month, day) = (parse_digits(&text[5..7])?, parse_digits(&text[8..10])?);
    let (hour, minute) = (parse_digits(&text[11..13])?, parse_digits(&text[14..16])?);
    let second = parse_digits(&text[17..19])?;
    // A leap second is the sixtieth; it is one with the first second after it.
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // The zone counts last: its offset is subtracted from the local time.
    let (ms, zone) = split_fraction_ms(&text[19..]);
    let days = days_from_civil(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1_000 + ms - offset_ms(zone)?)
}

fn parse_digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0_i64, |value, byte| {
        byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Milliseconds of `.222...` and what follows.
fn split_fraction_ms(text: &[u8]) -> (i64, &[u8]) {
    let Some((b'.', rest)) = text.split_first() else {
        return (0, text);
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // Three digits, whatever is written: fewer are filled up, more are cut.
    let ms = (0..3).fold(0, |ms, at| {
        let digit = if at < length { i64::from(rest[at] - b'0') } else { 0 };
        ms * 10 + digit
    });
    (ms, &rest[length..])
}

/// Ten digits are seconds, thirteen are milliseconds: both stand for the years 2001 to 2286.
fn parse_epoch(text: &[u8]) -> Option<i64> {
    let whole = text.split(|byte| *byte == b'.').next().unwrap_or_default();
    let number = parse_digits(whole)?;
    match whole.len() {
        10 => Some(number * 1_000 + split_fraction_ms(&text[10..]).0),
        13 => Some(number),
        _ => None,
    }
}

/// The offset of `Z`, `+hh:mm` or `+hhmm`; a stamp without one is in UTC.
fn offset_ms(zone: &[u8]) -> Option<i64> {
    match zone {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] => offset_ms(&[*sign, *h1, *h2, b':', *m1, *m2]),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = parse_digits(&[*h1, *h2])? * 60 + parse_digits(&[*m1, *m2])?;
            Some(if *sign == b'-' { -minutes } else { minutes } * 60_000)
        }
        _ => None,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, by the usual era arithmetic.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_agree_with_a_calendar() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.999Z",
            "2026-02-19T09:33:17.222Z",
            "2026-12-31T00:00:00.1Z",
            "2026-11-20T10:44:47.123456+02:00",
            "1969-12-31T23:00:00-05:30",
        ] {
            let truth: Option<jiff::Timestamp> = text.parse().ok();
            assert_eq!(
                parse_ms(text.as_bytes()),
                truth.map(jiff::Timestamp::as_millisecond),
                "{text}"
            );
        }
    }

    #[test]
    fn other_writers_mean_the_same_instant() {
        let want = parse_ms(b"2026-10-10T09:00:00.250Z");
        for text in [
            "2026-10-10T09:00:00.250",
            "2026-10-10 09:00:00.250",
            "2026-10-10T11:00:00.250+0200",
            "1791622800250",
            "1791622800.25",
        ] {
            assert_eq!(parse_ms(text.as_bytes()), want, "{text}");
        }
        assert_eq!(want, Some(1_791_622_800_250));
    }

    #[test]
    fn nonsense_has_no_time() {
        for text in ["", "now", "2026-13-01T00:00:00Z", "2026-01-01X0x:00:00Z", "17", "12345678901"]
        {
            assert_eq!(parse_ms(text.as_bytes()), None, "{text}");
        }
    }
}
