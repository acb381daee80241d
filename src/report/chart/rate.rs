//! Calls a minute over time, before and after; where packets wake agents also what a limiter would
//! let through.

use super::super::view::{Cell, Column};
use super::sheet::{Frame, GRID, MARGIN, Mark, Point, Sheet, below_notes, body, broken, fitted};
use super::theme::Hue;
use super::timeline::{Timeline, span};
use super::{Axis, Chart, Unit, View};
use std::fmt::Write as _;

/// How busy one side is, slot by slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Calls that start in each slot.
    pub calls: Vec<i64>,
    /// The most calls within any minute that ends in the slot.
    pub peaks: Vec<i64>,
    /// The same of the requests that a limiter lets through; empty without one.
    pub limited: Vec<i64>,
}

/// Calls a minute over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What the chart shows.
    pub title: String,
    /// The time of both sides.
    pub timeline: Timeline,
    /// As recorded.
    pub before: Flow,
    /// With the toggles on.
    pub after: Flow,
    /// What the limiter does, in words; empty without one.
    pub limiter: String,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const PANEL: i32 = 168;
const LEGEND: i32 = 50;

impl Chart for Rate {
    fn sheet(&self) -> Sheet {
        let notes = broken(&self.note(), 12, WIDTH - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND);
        let mut sheet = Frame::new(&self.title, &self.footer, WIDTH).sheet(top + 2 * PANEL + 50);
        let mut entries =
            vec![(Mark::Box, Hue::Vermillion, "before"), (Mark::Box, Hue::Blue, "after")];
        if !self.limiter.is_empty() {
            entries.push((Mark::Line(14), Hue::Ink, self.limiter.as_str()));
        }
        sheet.legend((MARGIN, LEGEND), &entries);
        sheet.notes(&notes, LEGEND);
        let both = [&self.before, &self.after];
        let peaks = both.iter().flat_map(|flow| flow.peaks.iter().chain(&flow.limited));
        let high = peaks.copied().max().unwrap_or(0);
        let axis = Axis::new(0, i128::from(high), 5);
        let x = ((axis.widest(Unit::Count) + 28) * GRID, (WIDTH - 30) * GRID);
        for ((flow, hue), down) in both.into_iter().zip([Hue::Vermillion, Hue::Blue]).zip(0..) {
            let y = ((top + down * PANEL + 28) * GRID, (top + (down + 1) * PANEL) * GRID);
            self.panel(&mut sheet, flow, &axis, (x, y), hue);
        }
        self.timeline.axis(&mut sheet, x, (top + 2 * PANEL) * GRID);
        sheet
    }

    fn data(&self) -> View {
        let mut columns = vec![Column::duration("from"), Column::duration("to")];
        for side in ["before", "after"] {
            columns.push(Column::count(format!("calls {side}")));
            columns.push(Column::count(format!("most a minute {side}")));
            if !self.limiter.is_empty() {
                columns.push(Column::count(format!("most a minute {side} limited")));
            }
        }
        let mut view = View::new("Calls a minute", columns);
        for (at, from) in self.timeline.active() {
            let to = from + self.timeline.slot_ms;
            let mut row = vec![Cell::duration(from), Cell::duration(to)];
            for flow in [&self.before, &self.after] {
                row.extend([Cell::count(flow.calls[at]), Cell::count(flow.peaks[at])]);
                row.extend(flow.limited.get(at).map(|most| Cell::count(*most)));
            }
            view.row(row);
        }
        view
    }
}

impl Rate {
    fn note(&self) -> String {
        let slot = span(self.timeline.slot_ms);
        format!(
            "Up: the most calls within any minute that ends in a slot of {slot}. {}",
            self.timeline.note
        )
    }

    fn panel(
        &self,
        sheet: &mut Sheet,
        flow: &Flow,
        axis: &Axis,
        (x, y): ((i32, i32), (i32, i32)),
        hue: Hue,
    ) {
        let side = if hue == Hue::Blue { "after" } else { "before" };
        let peak = flow.peaks.iter().max().copied().unwrap_or(0);
        let calls: i64 = flow.calls.iter().sum();
        let count = |n| Unit::Count.words(i128::from(n), false);
        let mut words = format!("{side}: {} calls, at most {} a minute", count(calls), count(peak));
        if let Some(most) = flow.limited.iter().max() {
            let _ = write!(words, ", {} with the limiter", count(*most));
        }
        let how = body(13).bold();
        sheet.text(&fitted(&words, how, (x.1 - x.0) / GRID), (x.0, y.0 - 14 * GRID), how);
        axis.rise(sheet, Unit::Count, x, y);
        self.timeline.shade(sheet, x, y);
        let place = |most: i64| axis.place(i128::from(most), y.1, y.0);
        let stairs = |most: &[i64]| -> Vec<Point> {
            let step = |(at, most): (usize, &i64)| {
                let y = place(*most);
                [(self.timeline.x(at, x), y), (self.timeline.x(at + 1, x), y)]
            };
            most.iter().enumerate().flat_map(step).collect()
        };
        let mut filled = stairs(&flow.peaks);
        filled.extend([(x.1, y.1), (x.0, y.1)]);
        sheet.area(filled, hue, 100);
        if !flow.limited.is_empty() {
            sheet.line(stairs(&flow.limited), 14, Hue::Ink);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;

    pub(crate) fn sample() -> Rate {
        // Ten minutes of a call each 20 seconds, two days of rest, five minutes more.
        let times = (0..30).chain(8_640..8_655).map(|at| at * 20_000).collect();
        let timeline = Timeline::over(times, "Times are as recorded.");
        let flow = |most: i64| Flow {
            calls: timeline.slots.iter().map(|slot| i64::from(slot.is_some()) * most / 3).collect(),
            peaks: timeline.slots.iter().map(|slot| i64::from(slot.is_some()) * most).collect(),
            limited: timeline.slots.iter().map(|slot| i64::from(slot.is_some())).collect(),
        };
        Rate {
            title: "Order 774: calls a minute <b>".into(),
            before: flow(3),
            after: flow(2),
            timeline,
            limiter: "with at most 3 turns at once".into(),
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        for words in [
            "at most 3 a minute, 1 with the limiter",
            "1 pause of 1h or more cut out",
            "within any minute that ends in a slot of 10s",
            "with at most 3 turns at once",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
    }

    #[test]
    fn the_table_holds_every_slot() {
        let csv = String::from_utf8(crate::report::csv::view(&sample().data())).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(
            lines[0],
            "from_ms,to_ms,calls_before,most_a_minute_before,most_a_minute_before_limited,\
             calls_after,most_a_minute_after,most_a_minute_after_limited"
        );
        assert_eq!(lines[1], "0,10000,1,3,1,0,2,1");
        assert!(lines.contains(&"172800000,172810000,1,3,1,0,2,1"), "{csv}");
    }

    #[test]
    fn odd_data_draw() {
        let nothing = || Flow { calls: vec![0], peaks: vec![0], limited: vec![] };
        let timeline = Timeline::over(vec![], &"times that nobody knows ".repeat(20));
        let (before, after, limiter) = (nothing(), nothing(), String::new());
        check_chart(&Rate { timeline, before, after, limiter, ..sample() });
        let timeline = Timeline::over((0..150).map(|at| at * 604_800_000).collect(), "");
        let huge = Flow {
            calls: vec![1; timeline.slots.len()],
            peaks: (0..timeline.slots.len()).map(|at| i64::MAX / 4 / (at as i64 + 1)).collect(),
            limited: vec![],
        };
        let title = "a very long title ".repeat(20);
        let limiter = String::new();
        let after = huge.clone();
        let svg = check_chart(&Rate { title, timeline, before: huge, after, limiter, ..sample() });
        assert!(svg.len() < 100_000, "{}", svg.len());
    }
}
