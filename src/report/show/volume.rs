//! What amounts are said for: one run, all of a record, or a month at the volume seen.

use crate::price::{DAY_MS, utc_day_of};
use crate::reconstruct::RecordingSource;
use crate::recording::Recording;
use crate::units::saturate_to_i64;
use std::ops::Range;

/// Times that span less than this say nothing of a month.
const LEAST_SPAN_MS: i64 = 14 * DAY_MS;
/// A month in tenths of days.
const MONTH_TENTHS: i128 = 304;
/// What an amount is said for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// One run of a published pipeline.
    Run,
    /// Everything in the record.
    Record,
    /// A month at the volume from the first to the last call.
    Month { first_ms: i64, last_ms: i64 },
}

impl Volume {
    /// What the figures of a source are said for.
    #[must_use]
    pub fn of_source(source: &RecordingSource) -> Self {
        let recording = match source {
            RecordingSource::Pipeline { .. } => return Self::Run,
            // The days of published totals are no volume: nobody says that others are like them.
            RecordingSource::Routes { .. } => return Self::Record,
            RecordingSource::Recorded(recording) => recording,
        };
        match span_of_calls(recording) {
            Some(span) if span.end - span.start >= LEAST_SPAN_MS => {
                Self::Month { first_ms: span.start, last_ms: span.end }
            }
            _ => Self::Record,
        }
    }

    /// An amount of the whole record as one of this volume.
    #[must_use]
    pub fn scaled(self, amount: i128) -> i128 {
        match self {
            Self::Run | Self::Record => amount,
            Self::Month { first_ms, last_ms } => {
                let tenths = i128::from(last_ms - first_ms) * 10;
                amount * MONTH_TENTHS * i128::from(DAY_MS) / tenths.max(1)
            }
        }
    }

    /// The same of tokens.
    #[must_use]
    pub fn scaled_tokens(self, tokens: i64) -> i64 {
        saturate_to_i64(self.scaled(tokens.into()))
    }

    /// The words behind an amount.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Run => "a run",
            Self::Record => "in this record",
            Self::Month { .. } => "a month",
        }
    }
}

/// From the first to the last call, where their times are times of day.
#[must_use]
pub fn span_of_calls(recording: &Recording) -> Option<Range<i64>> {
    let first = recording.calls.iter().map(|call| call.start_ms).min()?;
    let last = recording.calls.iter().map(|call| call.end_ms).max()?;
    // Times that begin with the pipeline are no days.
    (first > 10_000 * DAY_MS).then_some(first..last)
}

/// The days of such a span in UTC: `2026-05-18`, `2026-05-18 to 2026-05-20`.
#[must_use]
pub fn days_of_span(span: &Range<i64>) -> String {
    let [first, last] = [span.start, span.end].map(utc_day_of);
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}
