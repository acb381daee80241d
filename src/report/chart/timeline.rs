//! Time from left to right: slots of one round width, long pauses cut out.
//!
//! A pipeline may rest for days between two sessions. Its active time alone is drawn; a pause that
//! is cut out is a shaded slot.

use super::sheet::{GRID, Sheet, body_text};
use super::theme::Hue;
use super::{CellValue, format};
use crate::report::format::format_short;
use std::fmt::Write as _;

/// The most slots of a timeline.
pub const MOST_SLOTS: usize = 200;
/// Shorter pauses are always drawn.
const LEAST_PAUSE_MS: i64 = 3_600_000;
/// The most ticks of its axis, without the one at the start.
const MOST_TICKS: i64 = 8;
/// Widths of slots and steps of ticks; beyond the last one doubled.
const WIDTHS_MS: [i64; 13] = [
    10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 1_800_000, 3_600_000, 7_200_000,
    14_400_000, 43_200_000, 86_400_000,
];

/// Time in slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// When the first slot starts: the first call of all.
    pub from_ms: i64,
    /// Width of a slot.
    pub slot_ms: i64,
    /// Pauses of this length or longer are cut out.
    pub pause_ms: i64,
    /// When each slot starts, from the first one; `None` for a pause that is cut out.
    pub slots: Vec<Option<i64>>,
    /// What is to be known about the times; empty where each call's was recorded.
    pub note: String,
}

impl Timeline {
    /// The timeline of the finest slots that holds all of these times, in any order.
    #[must_use]
    pub fn from_times(mut times_ms: Vec<i64>, note: &str) -> Self {
        times_ms.sort_unstable();
        let from_ms = times_ms.first().copied().unwrap_or(0);
        // The narrowest slots of which a sheet holds enough. A pause spans three slots at least:
        // it takes one when it is cut out, so that a shorter one would hardly save room.
        let fitting = slot_widths_ms().find_map(|slot_ms| {
            let pause_ms = LEAST_PAUSE_MS.max(slot_ms.saturating_mul(3));
            let slots = slots_of_times(&times_ms, slot_ms, pause_ms)?;
            Some(Self { from_ms, slot_ms, pause_ms, slots, note: note.to_owned() })
        });
        fitting.expect("some width is wide enough")
    }

    /// The slot of a time that the timeline was made for.
    #[must_use]
    pub fn slot_of(&self, ms: i64) -> usize {
        let at = ms - self.from_ms;
        // The last one that has begun: behind a pause the start says more than the number.
        self.slots.iter().rposition(|slot| slot.is_some_and(|from| from <= at)).unwrap_or(0)
    }

    /// The slots that are drawn as time: index and start.
    pub fn active_slots(&self) -> impl Iterator<Item = (usize, i64)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, (*slot)?)))
    }

    /// Where a slot begins on a stretch; the end of the last one for their number.
    pub(super) fn slot_x(&self, slot: usize, (left, right): (i32, i32)) -> i32 {
        let at = i64::from(right - left) * slot as i64 / self.slots.len().max(1) as i64;
        left + i32::try_from(at).expect("a slot on the stretch")
    }

    /// Shades the pauses that are cut out.
    pub(super) fn shade_pauses(&self, sheet: &mut Sheet, x: (i32, i32), y: (i32, i32)) {
        for (at, _) in self.slots.iter().enumerate().filter(|(_, slot)| slot.is_none()) {
            sheet.add_translucent_bar(
                (self.slot_x(at, x), self.slot_x(at + 1, x)),
                y,
                Hue::Grey,
                25,
            );
        }
    }

    /// Words under a stretch whose lower edge is at `bottom`: active time at round places, then
    /// what the axis shows.
    pub(super) fn draw_axis(&self, sheet: &mut Sheet, x: (i32, i32), bottom: i32) {
        let places: Vec<usize> = self.active_slots().map(|(at, _)| at).collect();
        // Pauses that are cut out are no time on this axis.
        let active_ms = places.len() as i64 * self.slot_ms;
        let step_ms = slot_widths_ms().find(|width| active_ms / width <= MOST_TICKS);
        let step_ms = step_ms.unwrap_or(active_ms);
        for tick in 0..=active_ms / step_ms {
            let ms = tick * step_ms;
            let slot = usize::try_from(ms / self.slot_ms).expect("a time from 0 on");
            // The end of a slot rather than the start of the next one behind a pause.
            let begin = match slot.checked_sub(1) {
                _ if ms % self.slot_ms != 0 => self.slot_x(places[slot], x),
                Some(before) => self.slot_x(places[before] + 1, x),
                None => x.0,
            };
            // A tick may fall within a slot: ticks are round times, slots only divide the stretch.
            let width = i64::from(self.slot_x(1, x) - x.0);
            let within = width * (ms % self.slot_ms) / self.slot_ms;
            let at = begin + i32::try_from(within).expect("a place in a slot");
            sheet.add_line(vec![(at, bottom), (at, bottom + 5 * GRID)], 10, Hue::Grey);
            sheet.add_text(
                &format_span(ms),
                (at, bottom + 14 * GRID),
                body_text(11).align_centre(),
            );
        }
        let how = body_text(12).with_hue(Hue::Grey).align_centre();
        sheet.add_text(&self.axis_label(), (i32::midpoint(x.0, x.1), bottom + 33 * GRID), how);
    }

    /// What the axis shows.
    fn axis_label(&self) -> String {
        let pauses = self.slots.iter().filter(|slot| slot.is_none()).count();
        let mut words = "active time since the first call".to_owned();
        if pauses > 0 {
            let pauses = format::count_of_nouns(pauses, "pause");
            let least = format_span(self.pause_ms);
            let _ = write!(words, " ({pauses} of {least} or more cut out, shaded)");
        }
        words
    }
}

/// Round widths, from the narrowest on.
fn slot_widths_ms() -> impl Iterator<Item = i64> {
    let longest = WIDTHS_MS[WIDTHS_MS.len() - 1];
    let longer = std::iter::successors(Some(longest), |width| width.checked_mul(2)).skip(1);
    WIDTHS_MS.into_iter().chain(longer)
}

/// The slots of times in order, or `None` where they would be too many.
fn slots_of_times(times_ms: &[i64], slot_ms: i64, pause_ms: i64) -> Option<Vec<Option<i64>>> {
    let from_ms = times_ms.first().copied().unwrap_or(0);
    let mut slots = vec![Some(0)];
    let mut begin = 0;
    for time in times_ms.iter().map(|ms| ms - from_ms) {
        let end = begin + slot_ms;
        if time < end {
            continue;
        }
        // A pause is one slot however long it is; shorter gaps are slots without calls.
        if time - end >= pause_ms {
            slots.extend([None, Some(time)]);
            begin = time;
        } else {
            let more = (time - begin) / slot_ms;
            // Asked before they are made: a far time would take slots without end.
            if more > MOST_SLOTS as i64 {
                return None;
            }
            slots.extend((1..=more).map(|at| Some(begin + at * slot_ms)));
            begin += more * slot_ms;
        }
        if slots.len() > MOST_SLOTS {
            return None;
        }
    }
    Some(slots)
}

/// A time in short words.
pub(super) fn format_span(ms: i64) -> String {
    format_short(&CellValue::Duration(ms))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn slots_are_the_finest_that_fit() {
        let short = Timeline::from_times(vec![1_000_000, 1_019_000, 1_000_500], "");
        assert_eq!((short.from_ms, short.slot_ms), (1_000_000, 10_000));
        assert_eq!(short.slots, [Some(0), Some(10_000)]);
        assert_eq!([1_000_000, 1_009_999, 1_010_000].map(|ms| short.slot_of(ms)), [0, 0, 1]);
        // 12 hours with a call each minute: slots of 5 minutes would be 145.
        let day = Timeline::from_times((0..=720).map(|at| at * 60_000).collect(), "");
        assert_eq!((day.slot_ms, day.slots.len()), (300_000, 145));
        assert_eq!(Timeline::from_times(vec![], "").slots, [Some(0)]);
    }

    #[test]
    fn long_pauses_are_one_slot() {
        let two = Timeline::from_times(vec![0, 15_000, 50 * HOUR, 50 * HOUR + 5_000], "");
        assert_eq!(two.slot_ms, 10_000);
        assert_eq!(two.slots, [Some(0), Some(10_000), None, Some(50 * HOUR)]);
        assert_eq!([0, 15_000, 50 * HOUR + 5_000].map(|ms| two.slot_of(ms)), [0, 1, 3]);
        assert_eq!(
            two.axis_label(),
            "active time since the first call (1 pause of 1h or more cut out, shaded)"
        );
    }

    #[test]
    fn many_pauses_make_wider_slots_and_shorter_ones_are_drawn() {
        let weekly = Timeline::from_times((0..150).map(|at| at * 168 * HOUR).collect(), "");
        assert!(weekly.slots.len() <= MOST_SLOTS && weekly.slot_ms > 48 * HOUR, "{weekly:?}");
        let far = Timeline::from_times(vec![0, i64::MAX / 4], "");
        assert_eq!(far.slots.len(), 3);
    }
}
