//! What calls have cost so far, over time, before and after.

use super::super::view::{TableCell, TableColumn};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, below_notes, body_text, break_lines,
    width_of,
};
use super::theme::Hue;
use super::timeline::Timeline;
use super::{Chart, ChartAxis, ChartUnit, TableView};

/// Cumulative cost over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostChart {
    /// What the chart shows.
    pub title: String,
    /// What is drawn, in words.
    pub subtitle: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// The time of both sides.
    pub timeline: Timeline,
    /// As recorded: all until the end of each slot.
    pub before: Vec<i128>,
    /// With the toggles on, likewise.
    pub after: Vec<i128>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const PANEL: i32 = 320;
/// The least distance of the middles of two end values.
const MIN_LABEL_DISTANCE: i32 = 16 * GRID;

impl Chart for CostChart {
    fn draw_sheet(&self) -> Sheet {
        let notes = break_lines(&self.axis_note(), 12, WIDTH - 2 * MARGIN);
        // The panel starts below the notes, however many lines they take.
        let top = below_notes(&notes, LEGEND) + 6;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&self.subtitle)
            .into_sheet(top + PANEL + 50);
        let entries = [
            (LegendMark::Line(12), Hue::Vermillion, "today"),
            (LegendMark::Line(24), Hue::Blue, "with fixes"),
        ];
        sheet.add_legend((MARGIN, LEGEND), &entries);
        sheet.add_notes(&notes, LEGEND);
        // One axis for both sides, so that equal heights are equal amounts.
        let sums = self.before.iter().chain(&self.after).copied();
        let low = sums.clone().min().unwrap_or(0);
        let axis = ChartAxis::new(low, sums.max().unwrap_or(0), 7);
        let ends = [&self.before, &self.after].map(|side| side.last().copied().unwrap_or(0));
        let words = [("today", ends[0]), ("with fixes", ends[1])]
            .map(|(side, end)| format!("{} {side}", self.unit.format_amount(end, false)));
        // The plot ends where the widest of the words at its right begins.
        let room = words.iter().map(|words| width_of(words, 13)).max().unwrap_or(0);
        let x = ((axis.widest_tick_label(self.unit) + 24) * GRID, (WIDTH - room - 20) * GRID);
        let y = (top * GRID, (top + PANEL) * GRID);
        axis.draw_vertical(&mut sheet, self.unit, x, y);
        self.timeline.shade_pauses(&mut sheet, x, y);
        // The thin line lies on the thick one, so that both are seen where they agree.
        let sides = [(&self.after, 24, Hue::Blue), (&self.before, 12, Hue::Vermillion)];
        for (side, width, hue) in sides {
            // Nothing has been spent where the first slot starts; a sum stands at its slot's end.
            let mut points = vec![(x.0, axis.position_of(0, y.1, y.0))];
            points.extend(side.iter().zip(1..).map(|(sum, end)| {
                (self.timeline.slot_x(end, x), axis.position_of(*sum, y.1, y.0))
            }));
            sheet.add_line(points, width, hue);
        }
        // Both end values are written at the right, even where they are almost the same.
        let places = push_apart(ends.map(|end| axis.position_of(end, y.1, y.0)));
        for ((words, at), hue) in words.iter().zip(places).zip([Hue::Vermillion, Hue::Blue]) {
            sheet.add_dot((x.1 + 6 * GRID, at), 30, hue);
            sheet.add_text(words, (x.1 + 12 * GRID, at), body_text(13));
        }
        self.timeline.draw_axis(&mut sheet, x, y.1);
        sheet
    }

    fn data_table(&self) -> TableView {
        let columns = vec![
            TableColumn::duration("from"),
            TableColumn::duration("to"),
            self.unit.table_column("before"),
            self.unit.table_column("after"),
        ];
        let mut view = TableView::new("Cost so far", columns);
        for (at, from) in self.timeline.active_slots() {
            view.add_row(vec![
                TableCell::duration(from),
                TableCell::duration(from + self.timeline.slot_ms),
                self.unit.to_cell(self.before[at]),
                self.unit.to_cell(self.after[at]),
            ]);
        }
        view
    }
}

impl CostChart {
    fn axis_note(&self) -> String {
        format!("A call counts from its start. {}", self.timeline.note)
    }
}

/// Two places, pushed apart where they are too close.
fn push_apart([a, b]: [i32; 2]) -> [i32; 2] {
    let push = (MIN_LABEL_DISTANCE - (a - b).abs()).max(0) / 2;
    if a <= b { [a - push, b + push] } else { [a + push, b - push] }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;
    use crate::units::PicoUsd;

    pub(crate) fn sample() -> CostChart {
        let times = (0..30).chain(8_640..8_655).map(|at| at * 20_000).collect();
        let timeline = Timeline::from_times(times, "Times are reconstructed.");
        let side = |step: i128| (1..=timeline.slots.len() as i128).map(|at| at * step).collect();
        CostChart {
            title: "Order 774: cost over time".into(),
            subtitle: "with fixes: R1".into(),
            unit: ChartUnit::Money,
            before: side(PicoUsd::PER_USD / 4),
            after: side(PicoUsd::PER_USD / 5),
            timeline,
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        // 59 slots until the call at 580 s, a pause and 29 slots.
        for words in
            ["$22.25 today", "$17.80 with fixes", "A call counts from its start.", "reconstructed"]
        {
            assert!(svg.contains(words), "{words} is missing");
        }
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[..2], ["from_ms,to_ms,before_usd,after_usd", "0,10000,0.25,0.2"]);
        assert_eq!(lines[59 + 1], "172800000,172810000,15.25,12.2");
    }

    #[test]
    fn odd_data_draw() {
        let timeline = Timeline::from_times(vec![], &"times that nobody knows ".repeat(20));
        let (before, after) = (vec![0], vec![0]);
        check_chart(&CostChart { timeline, before, after, ..sample() });
        let same = sample().before;
        check_chart(&CostChart { after: same, ..sample() });
        let huge = sample().before.iter().map(|sum| sum * 1_000_000_000).collect();
        check_chart(&CostChart { before: huge, unit: ChartUnit::Tokens, ..sample() });
        let below = sample().before.iter().map(|sum| -sum).collect();
        check_chart(&CostChart { after: below, title: "long ".repeat(80), ..sample() });
    }

    #[test]
    fn end_values_stand_apart() {
        assert_eq!(push_apart([100, 300]), [100, 300]);
        assert_eq!(push_apart([100, 120]), [30, 190]);
        assert_eq!(push_apart([120, 100]), [190, 30]);
        assert_eq!(push_apart([100, 100]), [20, 180]);
    }
}
