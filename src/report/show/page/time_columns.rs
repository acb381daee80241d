//! What each toggle that can be ticked does to time.

use super::page_sums::ClockSum;
use super::{PageSource, PageToggle};
use crate::plan::ToggleSubset;
use crate::report::format;
use crate::report::show::compare::time_table::TimeRow;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::minutes::MinutesStudy;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

/// What is known of time, and the toggles in time.
pub(super) struct TimeColumns<'a> {
    known: KnownTime<'a>,
    /// By bit.
    rows: Vec<TimeRow<'a>>,
}

/// What is known of a source's time.
enum KnownTime<'a> {
    /// Nothing beside the time of sessions.
    Unknown,
    /// The wall clock of sessions that follow each other; it follows the ticks where every subset
    /// was run.
    WallClock(&'a MinutesStudy, Option<&'a ClockSum>),
    /// The waits of agents that packets wake.
    Waits(&'a LoadComparison),
}

impl PageSource<'_> {
    pub(super) fn time_columns<'s>(&'s self, clock: Option<&'s ClockSum>) -> TimeColumns<'s> {
        let shown = &self.report.comparison_report;
        let known = match (&shown.comparison.minutes, shown.bounded_limiter()) {
            (Some(study), _) => KnownTime::WallClock(study, clock),
            (None, Some(loads)) => KnownTime::Waits(loads),
            (None, None) => KnownTime::Unknown,
        };
        TimeColumns { known, rows: shown.time_rows().toggles }
    }
}

impl TimeColumns<'_> {
    /// What the time of a row is, in words.
    fn time_words(&self) -> Option<&'static str> {
        match &self.known {
            KnownTime::Unknown => None,
            KnownTime::WallClock(_, Some(_)) => Some("takes off the wall clock now"),
            KnownTime::WallClock(_, None) => Some("takes off the wall clock, alone"),
            KnownTime::Waits(_) => Some("turns end sooner, summed, alone"),
        }
    }

    /// What is said of time under the table.
    pub(super) fn note(&self) -> String {
        let peaks = match &self.known {
            KnownTime::Unknown => return String::new(),
            KnownTime::WallClock(study, _) => study.peak_calls_a_minute,
            KnownTime::Waits(loads) => [loads.before.peak_a_minute, loads.after.peak_a_minute],
        };
        let [before, after] = peaks.map(|peak| format::format_integer(peak, false));
        format!("; most calls in any minute: {before} today, {after} with all fixes")
    }

    /// Adds what a toggle does to time, a line each.
    pub(super) fn push_lines(
        &self,
        out: &mut String,
        (lookup, opening): (&SubsetLookup, ToggleSubset),
        toggle: &PageToggle<'_>,
    ) {
        let Some(label) = self.time_words() else { return };
        let bit = toggle.result.map(|(bit, _)| bit);
        let can_tick = toggle.refusal.is_none();
        let row = bit.and_then(|bit| self.rows.get(bit));
        match (&self.known, bit) {
            (KnownTime::WallClock(_, Some(clock)), Some(bit))
                if can_tick && lookup.contains_toggle(bit) =>
            {
                let [with, without] = [opening | 1 << bit, opening & !(1 << bit)]
                    .map(|subset| clock.saved.saved_by_subset(subset));
                let adds_ms = with - without;
                let words = format::plain_duration(adds_ms);
                let id = toggle.chosen.id();
                let _ = write!(
                    out,
                    "<span>{label}: <b class=\"clock\" data-clock=\"{id}\" \
                     data-value=\"{adds_ms}\">{words}</b></span>"
                );
            }
            (known, _) => {
                let alone_ms = row.and_then(|row| match known {
                    KnownTime::WallClock(_, None) => Some(row.alone_ms),
                    KnownTime::Waits(_) => row.waits_ms.map(|(alone_ms, _)| alone_ms),
                    // What cannot be ticked adds nothing to a set.
                    KnownTime::WallClock(_, Some(_)) | KnownTime::Unknown => None,
                });
                if let Some(alone_ms) = alone_ms {
                    let words = format::plain_duration(alone_ms);
                    let _ = write!(out, "<span>{label}: {words}</span>");
                }
            }
        }
        if let Some(peak) = row.and_then(|row| row.peak_a_minute) {
            let peak = format::format_integer(peak, false);
            let _ = write!(out, "<span>most calls in any minute, alone: {peak}</span>");
        }
    }
}
