//! Lanes: when each session of a pipeline runs or each agent is at work, what waits, and runs of
//! tests; before and after.

use super::super::view::{TableCell, TableColumn};
use super::row_grid::{AXIS_HEIGHT, RowGrid, widest_text};
use super::sheet::{
    GRID, LegendMark, MARGIN, Sheet, SheetFrame, VEIL, below_notes, body_text, break_lines,
};
use super::theme::Hue;
use super::{Chart, ChartUnit, TableView};
use crate::study::whatif::lanes::{LaneSide, LaneSpan, PipelineLane};

/// What a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// A session.
    Sessions,
    /// An agent, whose turns follow each other.
    Agents,
}

impl LaneKind {
    /// What times are counted from.
    fn origin(self) -> &'static str {
        match self {
            Self::Sessions => "the start",
            Self::Agents => "the first packet",
        }
    }

    /// The colour of what runs on a side: sessions are told apart by what waits for them, agents,
    /// for which nothing else does, by the side.
    fn run_hue(self, side: usize, of_side: &LaneSide) -> Hue {
        match self {
            Self::Sessions if of_side.is_critical => CRITICAL,
            Self::Sessions => OTHER,
            Self::Agents => SIDES[side],
        }
    }
}

/// Sessions that everything waits for, and others.
const CRITICAL: Hue = Hue::Blue;
const OTHER: Hue = Hue::Purple;
/// Before and after, as in the picture of rates.
const SIDES: [Hue; 2] = [Hue::Vermillion, Hue::Blue];

/// The sessions or agents of a pipeline in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanesChart {
    /// What the chart shows.
    pub title: String,
    /// How stages are handed out, and what is drawn of what is open.
    pub note: String,
    /// What a lane is.
    pub kind: LaneKind,
    /// The sessions or agents.
    pub lanes: Vec<PipelineLane>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const WIDTH: i32 = 960;
const ROW: i32 = 26;
const LABEL: i32 = 12;
const LEGEND: i32 = 50;
/// Lanes beyond this are in the table alone.
const MAX_DRAWN_LANES: usize = 40;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Longer pictures count hours.
const MOST_MINUTES: i64 = 600;

impl Chart for LanesChart {
    fn draw_sheet(&self) -> Sheet {
        let lanes = &self.lanes[..self.lanes.len().min(MAX_DRAWN_LANES)];
        let notes = break_lines(&self.axis_note(), 12, WIDTH - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND) + 8;
        let height = i32::try_from(lanes.len()).expect("few lanes") * ROW;
        let mut sheet = SheetFrame::new(&self.title, &self.footer, WIDTH)
            .into_sheet(top + height + AXIS_HEIGHT);
        sheet.add_legend((MARGIN, LEGEND), &self.legend_entries());
        sheet.add_notes(&notes, LEGEND);
        let labels = lane_labels(lanes);
        // Room for labels follows the longest of them, within bounds.
        let label = widest_text(labels.iter().map(String::as_str), LABEL).clamp(60, 260);
        let from = MARGIN + label + 12;
        let runs = lanes.iter().flat_map(|lane| &lane.sides).flat_map(|side| &side.runs_ms);
        let end_ms = runs.map(|span| span.1).max().unwrap_or(0);
        // Minutes of several days would be too many lines.
        let is_long = end_ms / MINUTE_MS > MOST_MINUTES;
        let (unit_ms, unit) = if is_long { (HOUR_MS, "hours") } else { (MINUTE_MS, "minutes") };
        let high = i128::from(end_ms / unit_ms + 1);
        let rows = (top, lanes.len(), ROW);
        let grid =
            RowGrid::new((from, WIDTH - MARGIN - 24), rows, (0, high), true, ChartUnit::Count);
        grid.draw_grid(&mut sheet, &format!("{unit} from {}", self.kind.origin()));
        let grid = &TimeGrid { grid, unit_ms };
        for (row, (lane, words)) in lanes.iter().zip(&labels).enumerate() {
            let y = grid.grid.row_y(row);
            let place = ((from - 8) * GRID, y);
            RowGrid::draw_label(&mut sheet, words, place, label, body_text(LABEL));
            // Two bars a row, in pixels from its middle: today above, with all fixes below.
            for (at, (up, down)) in [(-10, -1), (1, 10)].into_iter().enumerate() {
                let side = &lane.sides[at];
                let hue = self.kind.run_hue(at, side);
                let y = (y + up * GRID, y + down * GRID);
                draw_side(&mut sheet, grid, side, y, (self.kind, hue));
            }
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let is_session = self.kind == LaneKind::Sessions;
        // An agent has a name alone, and nothing waits for all of it.
        let names: &[&str] =
            if is_session { &["order", "step", "part", "session"] } else { &["agent"] };
        let words = names.iter().chain(&["side", "what"]);
        let mut columns: Vec<TableColumn> = words.map(|name| TableColumn::text(*name)).collect();
        columns.extend(["from", "to"].map(TableColumn::duration));
        if is_session {
            columns.push(TableColumn::text("critical"));
        }
        let mut view = TableView::new("Lanes in time", columns);
        for lane in &self.lanes {
            let names = if is_session {
                vec![lane.order.clone(), lane.step.clone(), part_words(lane), lane.session.clone()]
            } else {
                vec![lane.session.clone()]
            };
            for (side, of_side) in lane.sides.iter().zip(["before", "after"]) {
                let parts =
                    [("waits", &side.waits_ms), ("runs", &side.runs_ms), ("tests", &side.tests_ms)];
                let spans = parts
                    .into_iter()
                    .flat_map(|(what, spans)| spans.iter().map(move |span| (what, *span)));
                for (what, (from_ms, to_ms)) in spans {
                    let mut row: Vec<TableCell> = names.iter().map(TableCell::text).collect();
                    row.extend([of_side, what].map(TableCell::text));
                    row.extend([from_ms, to_ms].map(TableCell::duration));
                    if is_session {
                        row.push(TableCell::text(if side.is_critical { "yes" } else { "no" }));
                    }
                    view.add_row(row);
                }
            }
        }
        view
    }
}

impl LanesChart {
    fn axis_note(&self) -> String {
        let left_out = self.lanes.len().saturating_sub(MAX_DRAWN_LANES);
        let rest = if left_out > 0 {
            format!(" {left_out} more lanes are in the table alone.")
        } else {
            String::new()
        };
        let lane = match self.kind {
            LaneKind::Sessions => "session",
            LaneKind::Agents => "agent",
        };
        format!("Each {lane}: upper bar today, lower bar with all fixes. {}{rest}", self.note)
    }

    /// What colours mean, of what there is.
    fn legend_entries(&self) -> Vec<(LegendMark, Hue, &'static str)> {
        let sides: Vec<&LaneSide> = self.lanes.iter().flat_map(|lane| &lane.sides).collect();
        let has_run =
            [0, 1].map(|side| self.lanes.iter().any(|it| !it.sides[side].runs_ms.is_empty()));
        let runs = match self.kind {
            LaneKind::Sessions => [
                (
                    CRITICAL,
                    "session that everything waits for",
                    sides.iter().any(|it| it.is_critical),
                ),
                (OTHER, "other session", sides.iter().any(|it| !it.is_critical)),
            ],
            // Turns that meet are drawn as one: a bar is time at work.
            LaneKind::Agents => [
                (SIDES[0], "at work, today", has_run[0]),
                (SIDES[1], "at work, with all fixes", has_run[1]),
            ],
        };
        let waits = match self.kind {
            LaneKind::Sessions => (LegendMark::Veil, Hue::Grey, "could start, and waits"),
            LaneKind::Agents => (LegendMark::Box, Hue::Ink, "a packet waits"),
        };
        let [first, second] =
            runs.map(|(hue, words, is_there)| ((LegendMark::Box, hue, words), is_there));
        let all = [
            first,
            second,
            (
                (LegendMark::Box, Hue::Orange, "runs of tests"),
                sides.iter().any(|it| !it.tests_ms.is_empty()),
            ),
            (waits, sides.iter().any(|it| !it.waits_ms.is_empty())),
        ];
        all.into_iter().filter(|(_, is_there)| *is_there).map(|(entry, _)| entry).collect()
    }
}

/// Lanes by their order, step and part; two alike are numbered. An agent has nothing but its name.
fn lane_labels(lanes: &[PipelineLane]) -> Vec<String> {
    let plain: Vec<String> = lanes
        .iter()
        .map(|lane| {
            let part = part_words(lane);
            let words = [&*lane.order, &*lane.step, &*part];
            let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
            if words.is_empty() { lane.session.clone() } else { words.join(" ") }
        })
        .collect();
    let labels = plain.iter().enumerate().map(|(at, label)| {
        // Numbered only where several are alike: the third of them is `#3`.
        let [all, until_here] = [&plain[..], &plain[..=at]]
            .map(|labels| labels.iter().filter(|other| *other == label).count());
        if all > 1 { format!("{label} #{until_here}") } else { label.clone() }
    });
    labels.collect()
}

/// The part of a lane's work, and which of several sessions of it.
fn part_words(lane: &PipelineLane) -> String {
    let repeat = lane.repeat.map_or_else(String::new, |at| at.to_string());
    format!("{} {repeat}", lane.part).trim().to_owned()
}

/// Rows over an axis that counts minutes or hours.
struct TimeGrid {
    grid: RowGrid,
    unit_ms: i64,
}

impl TimeGrid {
    fn places(&self, (from, to): LaneSpan) -> (i32, i32) {
        (self.place(from), self.place(to))
    }

    /// Tenths of a pixel from milliseconds: whole units are the axis, parts lie between.
    fn place(&self, ms: i64) -> i32 {
        let (unit, part) = (ms.div_euclid(self.unit_ms), ms.rem_euclid(self.unit_ms));
        let [from, to] = [unit, unit + 1].map(|at| self.grid.amount_x(i128::from(at)));
        from + i32::try_from(i64::from(to - from) * part / self.unit_ms).expect("within a unit")
    }
}

/// Two heights, nearer to each other by some pixels on both sides.
fn inset((top, bottom): (i32, i32), by: i32) -> (i32, i32) {
    (top + by * GRID, bottom - by * GRID)
}

/// Waits, what runs and its runs of tests in one lane, between two heights.
fn draw_side(
    sheet: &mut Sheet,
    grid: &TimeGrid,
    side: &LaneSide,
    y: (i32, i32),
    (kind, hue): (LaneKind, Hue),
) {
    if kind == LaneKind::Sessions {
        for wait in &side.waits_ms {
            sheet.add_translucent_bar(grid.places(*wait), y, Hue::Grey, VEIL);
        }
    }
    for run in &side.runs_ms {
        sheet.add_bar(grid.places(*run), y, hue);
    }
    for tests in &side.tests_ms {
        sheet.add_bar(grid.places(*tests), inset(y, 2), Hue::Orange);
    }
    if kind == LaneKind::Agents {
        for (from, to) in side.waits_ms.iter().map(|wait| grid.places(*wait)) {
            // A packet mostly waits while its agent is at work, and for minutes of a picture of
            // days: drawn on the bar, and never less than a pixel.
            sheet.add_bar((from, to.max(from + GRID)), inset(y, 3), Hue::Ink);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_chart;
    use super::*;

    fn lane(step: &str, ready: i64, from: i64, to: i64) -> PipelineLane {
        let side = |shift: i64| LaneSide {
            waits_ms: vec![((ready - shift) * MINUTE_MS, (from - shift) * MINUTE_MS)],
            runs_ms: vec![((from - shift) * MINUTE_MS, (to - shift) * MINUTE_MS + 30_000)],
            tests_ms: vec![((from - shift) * MINUTE_MS, (from - shift + 1) * MINUTE_MS)],
            is_critical: step == "assess",
        };
        PipelineLane {
            order: "order-774".into(),
            step: step.into(),
            session: "096e0115".into(),
            sides: [side(0), side(2)],
            ..PipelineLane::default()
        }
    }

    fn sample() -> LanesChart {
        LanesChart {
            title: "Order 774: sessions in time".into(),
            note: "A dispatch blocks the orchestrator.".into(),
            kind: LaneKind::Sessions,
            lanes: vec![lane("implement", 2, 4, 27), lane("assess", 27, 40, 72)],
            footer: vec!["windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn lanes_stand_with_their_words_and_numbers() {
        let svg = check_chart(&sample());
        for words in ["order-774 assess", "runs of tests", "minutes from the start"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        for row in [
            "order-774,assess,,096e0115,before,waits,1620000,2400000,yes",
            "order-774,assess,,096e0115,before,runs,2400000,4350000,yes",
            "order-774,implement,,096e0115,after,tests,120000,180000,no",
        ] {
            assert!(csv.contains(row), "{csv}");
        }
    }

    #[test]
    fn agents_have_their_own_words_and_long_times_are_hours() {
        let lanes = LanesChart {
            kind: LaneKind::Agents,
            lanes: vec![lane("qa", 2, 4, 27), lane("frontend", 700, 900, 1_740)],
            ..sample()
        };
        let svg = check_chart(&lanes);
        assert!(svg.contains("hours from the first packet"));
        assert!(svg.contains("at work, today") && svg.contains("at work, with all fixes"));
        assert!(!svg.contains("session that everything waits for"));
        // What only sessions have is no column.
        let csv = String::from_utf8(crate::report::csv::table_to_csv(&lanes.data_table())).unwrap();
        assert!(csv.starts_with("agent,side,what,from_ms,to_ms\n096e0115,before,waits,"), "{csv}");
    }

    #[test]
    fn the_origin_hangs_on_the_kind_and_the_unit_on_the_length() {
        for (kind, minutes, words) in [
            (LaneKind::Sessions, 30, "minutes from the start"),
            (LaneKind::Sessions, 1_740, "hours from the start"),
            (LaneKind::Agents, 30, "minutes from the first packet"),
            (LaneKind::Agents, 1_740, "hours from the first packet"),
        ] {
            let lanes = vec![lane("implement", 2, 4, minutes)];
            let svg = check_chart(&LanesChart { kind, lanes, ..sample() });
            assert!(svg.contains(words), "{words}");
        }
    }

    #[test]
    fn sessions_of_one_step_have_their_part_and_number() {
        let of_part = |part: &str, repeat| PipelineLane {
            part: part.into(),
            repeat,
            session: String::new(),
            ..lane("assess", 2, 4, 27)
        };
        let lanes = vec![of_part("A", None), of_part("B", Some(1)), of_part("B", Some(2))];
        let labels = lane_labels(&lanes);
        let all = ["order-774 assess A", "order-774 assess B 1", "order-774 assess B 2"];
        assert_eq!(labels, all);
        let table = LanesChart { lanes, ..sample() }.data_table();
        let csv = String::from_utf8(crate::report::csv::table_to_csv(&table)).unwrap();
        assert!(csv.contains("order-774,assess,B 2,,before,runs,"), "{csv}");
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&LanesChart { lanes: vec![], ..sample() });
        let many = (0..60).map(|at| lane(&"W<&".repeat(30), at, at + 9, 10 * at + 10));
        let chart = LanesChart { lanes: many.collect(), ..sample() };
        assert!(check_chart(&chart).contains("20 more lanes"));
        assert_eq!(chart.data_table().rows.len(), 60 * 2 * 3);
    }
}
