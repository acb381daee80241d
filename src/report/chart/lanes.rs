//! Lanes: when each session of a pipeline runs, what it waits for, and its runs of tests; before
//! and after.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{
    GRID, LegendMark, MARGIN, Sheet, SheetFrame, below_notes, body_text, break_lines,
};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};
use crate::study::whatif::lanes::{LaneSide, LaneSpan, PipelineLane};

/// The sessions of a pipeline in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanesChart {
    /// What the chart shows.
    pub title: String,
    /// How stages are handed out, and what is drawn of what is open.
    pub note: String,
    /// The sessions.
    pub lanes: Vec<PipelineLane>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const ROW: i32 = 26;
const LABEL: i32 = 12;
const LEGEND: i32 = 50;
/// Sessions beyond this are in the table alone.
const MAX_DRAWN_LANES: usize = 40;
const MINUTE_MS: i64 = 60_000;

impl Chart for LanesChart {
    fn draw_sheet(&self) -> Sheet {
        let lanes = &self.lanes[..self.lanes.len().min(MAX_DRAWN_LANES)];
        let notes = break_lines(&self.axis_note(), 12, WIDTH - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND) + 8;
        let height = i32::try_from(lanes.len()).expect("few lanes") * ROW;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .into_sheet(top + height + AXIS_HEIGHT);
        let entries = [
            (LegendMark::Box, Hue::Blue, "session that everything waits for"),
            (LegendMark::Box, Hue::Sky, "other session"),
            (LegendMark::Box, Hue::Orange, "runs of tests"),
            (LegendMark::Box, Hue::Grey, "could start, and waits"),
        ];
        sheet.add_legend((MARGIN, LEGEND), &entries);
        sheet.add_notes(&notes, LEGEND);
        let labels: Vec<String> = lanes.iter().map(lane_label).collect();
        let label = widest_text(labels.iter().map(String::as_str), LABEL).clamp(60, 260);
        let from = MARGIN + label + 12;
        let ends = lanes.iter().flat_map(|lane| &lane.sides).map(|side| side.runs_ms.1);
        let high = i128::from(ends.max().unwrap_or(0) / MINUTE_MS + 1);
        let rows = (top, lanes.len(), ROW);
        let grid =
            RowGrid::new((from, WIDTH - MARGIN - 24), rows, (0, high), true, ChartUnit::Count);
        grid.draw_grid(&mut sheet, "minutes from the start");
        for (row, (lane, words)) in lanes.iter().zip(&labels).enumerate() {
            let y = grid.row_y(row);
            let place = ((from - 8) * GRID, y);
            RowGrid::draw_label(&mut sheet, words, place, label, body_text(LABEL));
            for (side, up, down) in [(&lane.sides[0], -10, -1), (&lane.sides[1], 1, 10)] {
                draw_side(&mut sheet, &grid, side, (y + up * GRID, y + down * GRID));
            }
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let mut columns = vec![
            TableColumn::text("order"),
            TableColumn::text("step"),
            TableColumn::text("session"),
        ];
        for side in ["before", "after"] {
            for what in ["ready", "from", "to", "tests"] {
                columns.push(TableColumn::duration(format!("{what} {side}")));
            }
            columns.push(TableColumn::text(format!("critical {side}")));
        }
        let mut view = TableView::new("Sessions in time", columns);
        for lane in &self.lanes {
            let words = [&lane.order, &lane.step, &lane.session];
            let mut row: Vec<TableCell> = words.into_iter().map(TableCell::text).collect();
            for side in &lane.sides {
                let tests = side.tests_ms.iter().map(|(from, to)| to - from).sum();
                row.extend(
                    [side.ready_ms, side.runs_ms.0, side.runs_ms.1, tests].map(TableCell::duration),
                );
                row.push(TableCell::text(if side.is_critical { "yes" } else { "no" }));
            }
            view.add_row(row);
        }
        view
    }
}

impl LanesChart {
    fn axis_note(&self) -> String {
        let left_out = self.lanes.len().saturating_sub(MAX_DRAWN_LANES);
        let rest = if left_out > 0 {
            format!(" {left_out} later sessions are in the table alone.")
        } else {
            String::new()
        };
        format!(
            "Each session: upper bar before, lower bar with all toggles on. {}{rest}",
            self.note
        )
    }
}

fn lane_label(lane: &PipelineLane) -> String {
    format!("{} {} {}", lane.order, lane.step, lane.session).trim().to_owned()
}

/// The wait, the session and its runs of tests in one lane, between two heights.
fn draw_side(sheet: &mut Sheet, grid: &RowGrid, side: &LaneSide, y: (i32, i32)) {
    // Tenths of a pixel from milliseconds: whole minutes are the axis, parts lie between.
    let place = |ms: i64| {
        let (minute, part) = (ms.div_euclid(MINUTE_MS), ms.rem_euclid(MINUTE_MS));
        let [from, to] = [minute, minute + 1].map(|at| grid.amount_x(i128::from(at)));
        from + i32::try_from(i64::from(to - from) * part / MINUTE_MS).expect("within a minute")
    };
    let ends = |(from, to): LaneSpan| (place(from), place(to));
    if side.ready_ms < side.runs_ms.0 {
        sheet.add_translucent_bar(ends((side.ready_ms, side.runs_ms.0)), y, Hue::Grey, 35);
    }
    let hue = if side.is_critical { Hue::Blue } else { Hue::Sky };
    sheet.add_bar(ends(side.runs_ms), y, hue);
    for tests in &side.tests_ms {
        sheet.add_bar(ends(*tests), (y.0 + 2 * GRID, y.1 - 2 * GRID), Hue::Orange);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn lane(step: &str, ready: i64, from: i64, to: i64) -> PipelineLane {
        let side = |shift: i64| LaneSide {
            ready_ms: (ready - shift) * MINUTE_MS,
            runs_ms: ((from - shift) * MINUTE_MS, (to - shift) * MINUTE_MS + 30_000),
            tests_ms: vec![((from - shift) * MINUTE_MS, (from - shift + 1) * MINUTE_MS)],
            is_critical: step == "assess",
        };
        PipelineLane {
            order: "order-774".into(),
            step: step.into(),
            session: "096e0115".into(),
            sides: [side(0), side(2)],
        }
    }

    fn sample() -> LanesChart {
        LanesChart {
            title: "Order 774: sessions in time".into(),
            note: "A dispatch blocks the orchestrator.".into(),
            lanes: vec![lane("implement", 2, 4, 27), lane("assess", 27, 40, 72)],
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn lanes_stand_with_their_words_and_numbers() {
        let svg = check_chart(&sample());
        for words in ["order-774 assess 096e0115", "runs of tests", "minutes from the start"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        let row = "order-774,assess,096e0115,1620000,2400000,4350000,60000,yes,1500000,2280000";
        assert!(csv.contains(row), "{csv}");
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&LanesChart { lanes: vec![], ..sample() });
        let many = (0..60).map(|at| lane(&"W<&".repeat(30), at, at + 9, 10 * at + 10));
        let chart = LanesChart { lanes: many.collect(), ..sample() };
        assert!(check_chart(&chart).contains("20 later sessions"));
        assert_eq!(chart.data_table().rows.len(), 60);
    }
}
