//! The columns of time in the table of toggles that can be ticked.

use super::page_sums::ClockSum;
use super::toggle_cells::push_cell;
use super::{PageSource, PageToggle};
use crate::report::format::{self, NumberStyle};
use crate::report::show::compare::time_table::TimeRow;
use crate::report::view::TableCell;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::minutes::MinutesStudy;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

/// The columns of time: what they tell, and the toggles in time.
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
    pub(super) fn headings(&self) -> &'static [&'static str] {
        match &self.known {
            KnownTime::Unknown => &[],
            KnownTime::WallClock(_, Some(_)) => &["adds, time", "calls a minute"],
            KnownTime::WallClock(_, None) => &["alone, time", "calls a minute"],
            KnownTime::Waits(_) => &["alone, waits", "calls a minute"],
        }
    }

    /// What the columns say, after what is said of the others.
    pub(super) fn note(&self) -> String {
        let (what, peaks) = match &self.known {
            KnownTime::Unknown => return String::new(),
            KnownTime::WallClock(study, clock) => {
                let what = match clock {
                    Some(_) => "adds, time: what it takes off the wall clock of the set, likewise",
                    None => "alone, time: what it takes off the wall clock with no other toggle on",
                };
                (what, study.peak_calls_a_minute)
            }
            KnownTime::Waits(loads) => (
                "alone, waits: how much sooner turns end, summed, with no other toggle on",
                [loads.before.peak_a_minute, loads.after.peak_a_minute],
            ),
        };
        let [before, after] = peaks.map(|peak| format::format_integer(peak, false));
        format!(
            "; {what}; calls a minute: the most in any minute with no other toggle on, {before} \
             before and {after} with all toggles"
        )
    }

    pub(super) fn push_cells(
        &self,
        out: &mut String,
        lookup: &SubsetLookup,
        toggle: &PageToggle<'_>,
    ) {
        let [time, a_minute] = self.headings() else { return };
        let bit = toggle.result.map(|(bit, _)| bit);
        let can_tick = toggle.refusal.is_none();
        let row = bit.and_then(|bit| self.rows.get(bit));
        match (&self.known, bit) {
            (KnownTime::WallClock(_, Some(clock)), Some(bit)) if can_tick => {
                let saved = |subset| clock.saved.saved_by_subset(subset);
                // At first everything that can be is ticked, as for tokens.
                let adds_ms = saved(lookup.bits) - saved(lookup.bits & !(1 << bit));
                let words = format::format_duration(adds_ms, NumberStyle::default());
                let id = toggle.chosen.id();
                let _ = write!(
                    out,
                    "<td class=\"n adds\" data-label=\"{time}\" data-clock=\"{id}\" \
                     data-value=\"{adds_ms}\">{words}</td>"
                );
            }
            (known, _) => {
                let alone_ms = row.and_then(|row| match known {
                    KnownTime::WallClock(_, None) => Some(row.alone_ms),
                    KnownTime::Waits(_) => row.waits_ms.map(|(alone_ms, _)| alone_ms),
                    // What cannot be ticked adds nothing to a set.
                    KnownTime::WallClock(_, Some(_)) | KnownTime::Unknown => None,
                });
                let cell = alone_ms.map_or_else(TableCell::missing, TableCell::duration);
                push_cell(out, time, &cell);
            }
        }
        let peak = row.and_then(|row| row.peak_a_minute);
        push_cell(out, a_minute, &peak.map_or_else(TableCell::missing, TableCell::count));
    }
}
