//! The columns of time in the table of toggles that can be ticked.

use super::page_sums::ClockSum;
use super::toggle_cells::push_cell;
use super::{PageSource, PageToggle};
use crate::report::format::{self, NumberStyle};
use crate::report::view::TableCell;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::minutes::MinutesStudy;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

/// What is known of a source's time.
pub(super) enum TimeColumns<'a> {
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
        match (&shown.comparison.minutes, shown.bounded_limiter()) {
            (Some(study), _) => TimeColumns::WallClock(study, clock),
            (None, Some(loads)) => TimeColumns::Waits(loads),
            (None, None) => TimeColumns::Unknown,
        }
    }
}

impl TimeColumns<'_> {
    pub(super) fn headings(&self) -> &'static [&'static str] {
        match self {
            Self::Unknown => &[],
            Self::WallClock(_, Some(_)) => &["adds, time", "calls a minute"],
            Self::WallClock(_, None) => &["alone, time", "calls a minute"],
            Self::Waits(_) => &["alone, waits", "calls a minute"],
        }
    }

    /// What the columns say, after what is said of the others.
    pub(super) fn note(&self) -> String {
        let (what, peaks) = match self {
            Self::Unknown => return String::new(),
            Self::WallClock(study, clock) => {
                let what = match clock {
                    Some(_) => "adds, time: what it takes off the wall clock of the set, likewise",
                    None => "alone, time: what it takes off the wall clock with no other toggle on",
                };
                (what, study.peak_calls_a_minute)
            }
            Self::Waits(loads) => (
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
        match (self, bit) {
            (Self::WallClock(_, Some(clock)), Some(bit)) if can_tick => {
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
            (Self::WallClock(study, None), Some(bit)) => {
                push_cell(out, time, &TableCell::duration(study.toggles[bit].alone_ms));
            }
            (Self::Waits(loads), Some(bit)) => {
                let less_ms = loads.before.waited_ms - loads.toggles[bit].alone.waited_ms;
                push_cell(out, time, &TableCell::duration(less_ms));
            }
            _ => push_cell(out, time, &TableCell::missing()),
        }
        let peak = match (self, bit) {
            (Self::WallClock(study, _), Some(bit)) => Some(study.toggles[bit].peak_calls_a_minute),
            (Self::Waits(loads), Some(bit)) => Some(loads.toggles[bit].alone.peak_a_minute),
            _ => None,
        };
        push_cell(out, a_minute, &peak.map_or_else(TableCell::missing, TableCell::count));
    }
}
