//! Calls a minute over time, before and after; where packets wake agents also what a limiter would
//! let through.

use super::super::view::{TableCell, TableColumn};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, SheetPoint, below_notes, body_text,
    break_lines, cut_to_width,
};
use super::theme::Hue;
use super::timeline::{Timeline, format_span};
use super::{Chart, ChartAxis, ChartUnit, TableView, format};
use std::fmt::Write as _;

/// How busy one side is, slot by slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallRateSeries {
    /// Calls that start in each slot.
    pub calls: Vec<i64>,
    /// The most calls within any minute that ends in the slot.
    pub peaks: Vec<i64>,
    /// The same of the requests that a limiter lets through; empty without one.
    pub limited: Vec<i64>,
}

/// Calls a minute over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRateChart {
    /// What the chart shows.
    pub title: String,
    /// What is drawn, in words.
    pub subtitle: String,
    /// The time of both sides.
    pub timeline: Timeline,
    /// As recorded.
    pub before: CallRateSeries,
    /// With the toggles on.
    pub after: CallRateSeries,
    /// What the limiter does, in words; empty without one.
    pub limiter: String,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const PANEL: i32 = 168;

impl Chart for CallRateChart {
    fn draw_sheet(&self) -> Sheet {
        let notes = break_lines(&self.axis_note(), 12, WIDTH - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND);
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&self.subtitle)
            .into_sheet(top + 2 * PANEL + 50);
        let mut entries = vec![
            (LegendMark::Box, Hue::Vermillion, "today"),
            (LegendMark::Box, Hue::Blue, "with fixes"),
        ];
        if !self.limiter.is_empty() {
            entries.push((LegendMark::Line(14), Hue::Ink, self.limiter.as_str()));
        }
        sheet.add_legend((MARGIN, LEGEND), &entries);
        sheet.add_notes(&notes, LEGEND);
        let both = [&self.before, &self.after];
        // Both panels share their axis, so that before and after compare at a glance.
        let peaks = both.iter().flat_map(|flow| flow.peaks.iter().chain(&flow.limited));
        let high = peaks.copied().max().unwrap_or(0);
        let axis = ChartAxis::new(0, i128::from(high), 5);
        let x = ((axis.widest_tick_label(ChartUnit::Count) + 28) * GRID, (WIDTH - 30) * GRID);
        for ((flow, hue), down) in both.into_iter().zip([Hue::Vermillion, Hue::Blue]).zip(0..) {
            let y = ((top + down * PANEL + 28) * GRID, (top + (down + 1) * PANEL) * GRID);
            self.draw_side_panel(&mut sheet, flow, &axis, (x, y), hue);
        }
        self.timeline.draw_axis(&mut sheet, x, (top + 2 * PANEL) * GRID);
        sheet
    }

    fn data_table(&self) -> TableView {
        let mut columns = vec![TableColumn::duration("from"), TableColumn::duration("to")];
        for side in ["before", "after"] {
            columns.push(TableColumn::count(format!("calls {side}")));
            columns.push(TableColumn::count(format!("most a minute {side}")));
            if !self.limiter.is_empty() {
                columns.push(TableColumn::count(format!("most a minute {side} limited")));
            }
        }
        let mut view = TableView::new("Calls a minute", columns);
        for (at, from) in self.timeline.active_slots() {
            let to = from + self.timeline.slot_ms;
            let mut row = vec![TableCell::duration(from), TableCell::duration(to)];
            for flow in [&self.before, &self.after] {
                row.extend([TableCell::count(flow.calls[at]), TableCell::count(flow.peaks[at])]);
                row.extend(flow.limited.get(at).map(|most| TableCell::count(*most)));
            }
            view.add_row(row);
        }
        view
    }
}

impl CallRateChart {
    fn axis_note(&self) -> String {
        let slot = format_span(self.timeline.slot_ms);
        format!(
            "Counted at the end of each minute, in time slots of {slot}. {}",
            self.timeline.note
        )
    }

    fn draw_side_panel(
        &self,
        sheet: &mut Sheet,
        flow: &CallRateSeries,
        axis: &ChartAxis,
        (x, y): ((i32, i32), (i32, i32)),
        hue: Hue,
    ) {
        // What is after the toggles is blue in every picture.
        let side = if hue == Hue::Blue { "with fixes" } else { "today" };
        let peak = flow.peaks.iter().max().copied().unwrap_or(0);
        let calls: i64 = flow.calls.iter().sum();
        let [calls, peak] = [calls, peak].map(|count| format::format_integer(count, false));
        let mut words = format!("{side}: {calls} calls, at most {peak} a minute");
        if let Some(most) = flow.limited.iter().max() {
            let most = format::format_integer(*most, false);
            let _ = write!(words, ", {most} with the limiter");
        }
        let how = body_text(13).in_bold();
        sheet.add_text(&cut_to_width(&words, how, (x.1 - x.0) / GRID), (x.0, y.0 - 14 * GRID), how);
        axis.draw_vertical(sheet, ChartUnit::Count, x, y);
        self.timeline.shade_pauses(sheet, x, y);
        // The area is closed along the bottom of the panel.
        let mut filled = self.stair_points(&flow.peaks, axis, (x, y));
        filled.extend([(x.1, y.1), (x.0, y.1)]);
        sheet.add_area(filled, hue, 100);
        if !flow.limited.is_empty() {
            sheet.add_line(self.stair_points(&flow.limited, axis, (x, y)), 14, Hue::Ink);
        }
    }

    /// A flat step a slot, as high as its count.
    fn stair_points(
        &self,
        counts: &[i64],
        axis: &ChartAxis,
        (x, y): ((i32, i32), (i32, i32)),
    ) -> Vec<SheetPoint> {
        let steps = counts.iter().enumerate().flat_map(|(slot, count)| {
            let height = axis.position_of(i128::from(*count), y.1, y.0);
            // A slot has one count: the step is level from edge to edge.
            [slot, slot + 1].map(|edge| (self.timeline.slot_x(edge, x), height))
        });
        steps.collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;

    pub(crate) fn sample() -> CallRateChart {
        // Ten minutes of a call each 20 seconds, two days of rest, five minutes more.
        let times = (0..30).chain(8_640..8_655).map(|at| at * 20_000).collect();
        let timeline = Timeline::from_times(times, "Times are as recorded.");
        let flow = |most: i64| CallRateSeries {
            calls: timeline.slots.iter().map(|slot| i64::from(slot.is_some()) * most / 3).collect(),
            peaks: timeline.slots.iter().map(|slot| i64::from(slot.is_some()) * most).collect(),
            limited: timeline.slots.iter().map(|slot| i64::from(slot.is_some())).collect(),
        };
        CallRateChart {
            title: "Order 774: calls a minute <b>".into(),
            subtitle: "with fixes: R1".into(),
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
            "in time slots of 10s",
            "with at most 3 turns at once",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
    }

    #[test]
    fn the_table_holds_every_slot() {
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
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
        let nothing = || CallRateSeries { calls: vec![0], peaks: vec![0], limited: vec![] };
        let timeline = Timeline::from_times(vec![], &"times that nobody knows ".repeat(20));
        let (before, after, limiter) = (nothing(), nothing(), String::new());
        check_chart(&CallRateChart { timeline, before, after, limiter, ..sample() });
        let timeline = Timeline::from_times((0..150).map(|at| at * 604_800_000).collect(), "");
        let huge = CallRateSeries {
            calls: vec![1; timeline.slots.len()],
            peaks: (0..timeline.slots.len()).map(|at| i64::MAX / 4 / (at as i64 + 1)).collect(),
            limited: vec![],
        };
        let title = "a very long title ".repeat(20);
        let limiter = String::new();
        let after = huge.clone();
        let svg = check_chart(&CallRateChart {
            title,
            timeline,
            before: huge,
            after,
            limiter,
            ..sample()
        });
        assert!(svg.len() < 100_000, "{}", svg.len());
    }
}
