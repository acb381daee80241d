//! The tornado: what each parameter alone moves in the joint saving, the widest swing first.

use super::super::format::format_short;
use super::super::view::{CellValue, TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, body_text, width_of};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};

/// What one parameter moves.
#[derive(Clone, Debug, PartialEq)]
pub struct TornadoBar {
    /// The parameter with its toggle, or what a source leaves open.
    pub label: String,
    /// Its low and its high end.
    pub ends: (CellValue, CellValue),
    /// What is saved at these.
    pub saved: (i128, i128),
}

/// What each parameter alone moves, the others at their means.
#[derive(Clone, Debug, PartialEq)]
pub struct TornadoChart {
    /// What the chart shows.
    pub title: String,
    /// What the axis counts, in words.
    pub axis: String,
    /// What the numbers count.
    pub unit: ChartUnit,
    /// What is saved with all parameters at their means.
    pub joint: i128,
    /// The parameters.
    pub swings: Vec<TornadoBar>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const ROW: i32 = 34;
const TOP: i32 = 118;
const LABEL: i32 = 13;
const SMALL: i32 = 11;
const LOW: Hue = Hue::Purple;
const HIGH: Hue = Hue::Blue;

/// As many swings are drawn; the table holds all.
const MAX_DRAWN_BARS: usize = 20;

/// A parameter with what its ends count, where their words do not say so.
fn parameter_label(swing: &TornadoBar) -> String {
    match swing.ends.0 {
        CellValue::Tokens(_) => format!("{} (tokens)", swing.label),
        _ => swing.label.clone(),
    }
}

impl Chart for TornadoChart {
    fn draw_sheet(&self) -> Sheet {
        let swings = self.widest_first();
        let (shown, rest) = swings.split_at(swings.len().min(MAX_DRAWN_BARS));
        let rows = i32::try_from(shown.len()).expect("few rows");
        let rest = match rest.len() {
            0 => String::new(),
            1 => "; 1 more moves it less".to_owned(),
            many => format!("; {many} more move it less"),
        };
        let subtitle = format!("each row: one unknown at both ends, the others as usual{rest}");
        let bottom = TOP + rows * ROW + AXIS_HEIGHT;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .with_subtitle(&subtitle)
            .into_sheet(bottom);
        let entries = [
            (LegendMark::Box, LOW, "at its low end"),
            (LegendMark::Box, HIGH, "at its high end"),
            (LegendMark::Tick(18), Hue::Ink, "at usual values"),
        ];
        sheet.add_legend((MARGIN, LEGEND), &entries);
        let names: Vec<String> = shown.iter().map(parameter_label).collect();
        let label = widest_text(names.iter().map(String::as_str), LABEL).clamp(60, 300);
        let ends = shown
            .iter()
            .flat_map(|swing| [format_short(&swing.ends.0), format_short(&swing.ends.1)]);
        // Words may stand at either side of a bar, so that both sides keep room for the widest.
        let room = ends.map(|words| width_of(&words, SMALL)).max().unwrap_or(0) + 8;
        let place = (MARGIN + label + 12 + room.max(30), WIDTH - MARGIN - room.max(30));
        let amounts = shown.iter().flat_map(|swing| [swing.saved.0, swing.saved.1]);
        let amounts = amounts.chain([self.joint]);
        let range = (amounts.clone().min().unwrap_or(0), amounts.max().unwrap_or(0));
        let at = RowGrid::new(place, (TOP, shown.len(), ROW), range, false, self.unit);
        at.draw_grid(&mut sheet, &self.axis);
        for (row, (swing, name)) in shown.iter().zip(&names).enumerate() {
            let y = at.row_y(row);
            let x = (MARGIN + label) * GRID;
            RowGrid::draw_label(&mut sheet, name, (x, y), label, body_text(LABEL));
            self.draw_bars(&mut sheet, &at, y, swing);
        }
        self.draw_middle_line(&mut sheet, &at);
        sheet
    }

    fn data_table(&self) -> TableView {
        let columns = vec![
            TableColumn::text("parameter"),
            TableColumn::mixed("low"),
            TableColumn::mixed("high"),
            TableColumn::text("unit"),
            self.unit.table_column("saved at low").with_sign(),
            self.unit.table_column("saved at high").with_sign(),
            self.unit.table_column("saved at means").with_sign(),
        ];
        let mut view = TableView::new("What each parameter moves", columns);
        for swing in self.widest_first() {
            view.add_row(vec![
                TableCell::text(&swing.label),
                TableCell::new(swing.ends.0.clone()),
                TableCell::new(swing.ends.1.clone()),
                TableCell::text(match swing.ends.0 {
                    CellValue::Tokens(_) => "tokens",
                    CellValue::Share(_) => "share",
                    CellValue::Duration(_) => "ms",
                    _ => "count",
                }),
                self.unit.to_cell(swing.saved.0),
                self.unit.to_cell(swing.saved.1),
                self.unit.to_cell(self.joint),
            ]);
        }
        view
    }
}

impl TornadoChart {
    /// The swings, the one that reaches farthest from end to end first.
    fn widest_first(&self) -> Vec<TornadoBar> {
        let mut swings = self.swings.clone();
        swings.sort_by_key(|TornadoBar { saved: (low, high), .. }| {
            // Less the whole width of what is drawn, so that the widest comes first.
            (*low).min(*high).min(self.joint) - (*low).max(*high).max(self.joint)
        });
        swings
    }

    /// The bars of one parameter, with its ends in words. Where both ends lie on one side of the
    /// middle, each bar has half of the height.
    fn draw_bars(&self, sheet: &mut Sheet, at: &RowGrid, y: i32, swing: &TornadoBar) {
        let (low_side, high_side) =
            ((swing.saved.0 - self.joint).signum(), (swing.saved.1 - self.joint).signum());
        let is_split = low_side * high_side == 1;
        let halves = if is_split { [(-12, -1), (1, 12)] } else { [(-10, 10); 2] };
        let ends = [(&swing.ends.0, swing.saved.0, LOW), (&swing.ends.1, swing.saved.1, HIGH)];
        // An end that moves nothing stands across from the other one.
        let low_is_left = swing.saved.0 < swing.saved.1;
        for (is_low, (end, (up, down))) in
            [true, false].into_iter().zip(ends.into_iter().zip(halves))
        {
            let (value, saved, hue) = end;
            let (from, to) = (at.amount_x(self.joint), at.amount_x(saved));
            let span = (y + up * GRID, y + down * GRID);
            sheet.add_bar((from, to), span, hue);
            let is_left = match if is_low { low_side } else { high_side } {
                0 => is_low == low_is_left,
                side => side < 0,
            };
            let (x, how) = if is_left {
                (from.min(to) - 5 * GRID, body_text(SMALL).align_right())
            } else {
                (from.max(to) + 5 * GRID, body_text(SMALL))
            };
            sheet.add_text(&format_short(value), (x, i32::midpoint(span.0, span.1)), how);
        }
    }

    /// The line that the bars start from.
    fn draw_middle_line(&self, sheet: &mut Sheet, at: &RowGrid) {
        let x = at.amount_x(self.joint);
        sheet.add_line(vec![(x, at.top - 4 * GRID), (x, at.bottom)], 18, Hue::Ink);
        let words = format!("at usual values: {}", self.unit.format_amount(self.joint, true));
        let half = width_of(&words, 12) * GRID / 2;
        // The line may stand at an edge, its words stay on the sheet.
        let x = x.clamp(MARGIN * GRID + half, (WIDTH - MARGIN) * GRID - half);
        sheet.add_text(&words, (x, at.top - 14 * GRID), body_text(12).align_centre());
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn swing(label: &str, ends: (CellValue, CellValue), saved: (i128, i128)) -> TornadoBar {
        TornadoBar { label: label.to_owned(), ends, saved }
    }

    fn sample() -> TornadoChart {
        let tokens = |low, high| (CellValue::Tokens(low), CellValue::Tokens(high));
        TornadoChart {
            title: "Order 774: what moves the joint saving".into(),
            axis: "joint saving, cache reads (tokens)".into(),
            unit: ChartUnit::Tokens,
            joint: 6_054_000,
            swings: vec![
                swing("R3 line", tokens(20, 200), (6_060_000, 6_020_000)),
                swing(
                    "R1 compliance",
                    (CellValue::Share(5_000), CellValue::Share(10_000)),
                    (5_900_000, 6_100_000),
                ),
                swing("growth <i>", tokens(600, 70_000), (5_900_000, 4_200_000)),
                swing(
                    "R7 wait",
                    (CellValue::Duration(1_000), CellValue::Duration(90_000)),
                    (6_054_000, 6_400_000),
                ),
                swing(
                    "calls of all sessions",
                    (CellValue::Count(250), CellValue::Count(1_500)),
                    (5_000_000, 7_500_000),
                ),
            ],
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_farthest_reach_stands_first() {
        let chart = sample();
        let order: Vec<String> =
            chart.widest_first().into_iter().map(|swing| swing.label).collect();
        let expect = ["calls of all sessions", "growth <i>", "R7 wait", "R1 compliance", "R3 line"];
        assert_eq!(order, expect);
        let sheet = chart.draw_sheet();
        let words = sheet.all_texts();
        for word in
            ["50 %", "100 %", "70 k", "600", "1,500", "1s", "1m 30s", "at usual values: +6.1 M"]
        {
            assert!(words.contains(&word), "{word}: {words:?}");
        }
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&sample());
        let one = |swing| check_chart(&TornadoChart { swings: vec![swing], ..sample() });
        let share = || (CellValue::Share(0), CellValue::Share(10_000));
        one(swing("same", share(), (6_054_000, 6_054_000)));
        one(swing("up", share(), (6_054_001, 6_054_009)));
        one(swing(&"long & <b> ".repeat(60), share(), (-9_000_000, -1)));
        let huge = (CellValue::Tokens(i64::MIN / 2), CellValue::Count(i64::MAX));
        one(swing("huge", huge, (i128::from(i64::MIN), i128::from(i64::MAX))));
        check_chart(&TornadoChart {
            swings: vec![],
            unit: ChartUnit::Money,
            joint: -1,
            ..sample()
        });
        check_chart(&TornadoChart { swings: vec![], joint: 0, ..sample() });
    }

    #[test]
    fn what_is_left_out_is_said() {
        let many = (0..50).map(|at| {
            swing(&format!("p{at}"), (CellValue::Count(0), CellValue::Count(9)), (0, at))
        });
        let chart = TornadoChart { swings: many.collect(), ..sample() };
        let svg = check_chart(&chart);
        assert!(svg.contains("30 more move it less"));
        assert_eq!(chart.data_table().rows.len(), 50);
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        assert!(csv.contains("R1 compliance,0.5,1.0,share,5900000,6100000,6054000"), "{csv}");
    }
}
