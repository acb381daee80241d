//! Context growth: how full the window of each session is, call by call, before and after.
//!
//! One small panel a session. All share the height of their axis, so that panels compare; each has
//! its own width, because a session of 18 calls would vanish beside one of 183.

use super::super::view::{CellValue, TableCell, TableColumn};
use super::sheet::{
    GRID, LegendMark, MARGIN, Sheet, SheetFrame, SheetPoint, below_notes, body_text, bold_width_of,
    break_lines, cut_to_width,
};
use super::theme::Hue;
use super::{Chart, ChartAxis, ChartUnit, TableView, format, tick_hue};
use crate::study::inspect::cache_misses::MissGroup;
use crate::study::inspect::call_contexts::{self, ContextLoss, HIT_BP};
use std::fmt::Write as _;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrowth {
    /// Its name.
    pub label: String,
    /// Its calls as recorded.
    pub before: Vec<call_contexts::CallContext>,
    /// Its calls that are left with the toggles on.
    pub after: Vec<call_contexts::CallContext>,
}

/// Context of the calls of some sessions, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthChart {
    /// What the chart shows.
    pub title: String,
    /// The sessions in order.
    pub sessions: Vec<SessionGrowth>,
    /// How many sessions it does not show.
    pub left_out: usize,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const COLUMNS: usize = 3;
const PANEL: (i32, i32) = (310, 202);
/// The middle of the legend.
const LEGEND: i32 = 50;
/// How the two sides are drawn: width of the line, radius of a dot, colour.
const BEFORE: (u32, u32, Hue) = (12, 44, Hue::Vermillion);
const AFTER: (u32, u32, Hue) = (24, 34, Hue::Blue);

impl Chart for GrowthChart {
    fn draw_sheet(&self) -> Sheet {
        let rows = i32::try_from(self.sessions.len().div_ceil(COLUMNS)).expect("few rows");
        let columns = i32::try_from(self.sessions.len().clamp(1, COLUMNS)).expect("few columns");
        let title = bold_width_of(&self.title, 17) + 2 * MARGIN;
        // As narrow as its panels, as wide as its title, within what a page holds.
        let width = (columns * PANEL.0 + 24).max(title).clamp(600, 960);
        let notes = break_lines(&self.axis_note(), 12, width - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND);
        let mut sheet =
            SheetFrame::new(&self.title, &self.footer, width).into_sheet(top + rows * PANEL.1);
        let first_miss = format!("miss: {}", MissGroup::Expired.name());
        let dot = LegendMark::Dot(BEFORE.1);
        let entries = [
            (LegendMark::Line(BEFORE.0), BEFORE.2, "before"),
            (LegendMark::Line(AFTER.0), AFTER.2, "after"),
            (dot, hue_of_misses(MissGroup::Expired), &*first_miss),
            (dot, hue_of_misses(MissGroup::Changed), MissGroup::Changed.name()),
            (dot, hue_of_misses(MissGroup::Evicted), MissGroup::Evicted.name()),
            (LegendMark::Wedge, Hue::Grey, "compaction"),
        ];
        sheet.add_legend((MARGIN, LEGEND), &entries);
        sheet.add_notes(&notes, LEGEND);
        // One axis for all panels: the fullest context of any session ends it.
        let points = self.sessions.iter().flat_map(|one| one.before.iter().chain(&one.after));
        let high = points.map(|point| point.context).max().unwrap_or(0);
        let axis = ChartAxis::new(0, i128::from(high), 5);
        for (at, session) in self.sessions.iter().enumerate() {
            let column = i32::try_from(at % COLUMNS).expect("few columns");
            let row = i32::try_from(at / COLUMNS).expect("few rows");
            let corner = (12 + column * PANEL.0, top + row * PANEL.1);
            draw_session_panel(&mut sheet, session, &axis, corner);
        }
        sheet
    }

    fn data_table(&self) -> TableView {
        let mut columns = vec![TableColumn::text("session"), TableColumn::count("call")];
        for side in ["before", "after"] {
            columns.push(TableColumn::tokens(format!("context {side}")));
            columns.push(TableColumn::count(format!("miss {side}")));
            columns.push(TableColumn::text(format!("cause {side}")));
            columns.push(TableColumn::count(format!("compaction {side}")));
        }
        let mut view = TableView::new("Context of each call", columns);
        for session in &self.sessions {
            for at in 0..session.before.len().max(session.after.len()) {
                let mut row =
                    vec![TableCell::text(&session.label), TableCell::count(at as i64 + 1)];
                for side in [&session.before, &session.after] {
                    // The shorter side has no call of this number.
                    row.extend(side.get(at).map_or(
                        [(); 4].map(|()| TableCell::missing()),
                        |call| {
                            let cause = match call.loss {
                                ContextLoss::Missed(cause) => Some(cause.name()),
                                ContextLoss::No | ContextLoss::Compacted => None,
                            };
                            let compacted = call.loss == ContextLoss::Compacted;
                            [
                                TableCell::tokens(call.context),
                                TableCell::count(i64::from(cause.is_some())),
                                cause.map_or_else(TableCell::missing, TableCell::text),
                                TableCell::count(i64::from(compacted)),
                            ]
                        },
                    ));
                }
                view.add_row(row);
            }
        }
        view
    }
}

impl GrowthChart {
    /// What the axes and marks mean.
    fn axis_note(&self) -> String {
        let mut note = format!(
            "Up: context in tokens. Across: calls, each side numbered by itself. A call misses \
             the cache if it reads less than {} of what the call before left there, while the \
             context goes on: because the entry expired, because prompt, model or settings \
             changed, or because it was evicted or nobody knows.",
            format::format_short(&CellValue::Share(HIT_BP))
        );
        match self.left_out {
            0 => {}
            1 => note += " The session that reads least is not shown.",
            more => {
                let _ = write!(note, " The {more} sessions that read least are not shown.");
            }
        }
        note
    }
}

/// One session in the panel whose upper left corner is `corner`, in pixels.
fn draw_session_panel(
    sheet: &mut Sheet,
    session: &SessionGrowth,
    axis: &ChartAxis,
    corner: (i32, i32),
) {
    let (left, right) = ((corner.0 + 58) * GRID, (corner.0 + PANEL.0 - 14) * GRID);
    let (top, bottom) = ((corner.1 + 26) * GRID, (corner.1 + PANEL.1 - 54) * GRID);
    let how = body_text(13).in_bold();
    sheet.add_text(&cut_to_width(&session.label, how, PANEL.0 - 72), (left, top - 14 * GRID), how);
    for tick in axis.tick_values() {
        let y = axis.position_of(tick, bottom, top);
        sheet.add_line(vec![(left, y), (right, y)], 8, tick_hue(tick));
        let words = cut_to_width(&ChartUnit::Tokens.tick_label(tick), body_text(11), 50);
        sheet.add_text(&words, (left - 6 * GRID, y), body_text(11).align_right());
    }
    let first = body_text(11);
    sheet.add_text("1", (left, bottom + 13 * GRID), first);
    let longest = session.before.len().max(session.after.len());
    if longest > 1 {
        let last = format::format_integer(longest as i64, false);
        sheet.add_text(&last, (right, bottom + 13 * GRID), first.align_right());
    }
    let middle = i32::midpoint(left, right);
    let [before, after] = [&session.before, &session.after]
        .map(|side| format::format_integer(side.len() as i64, false));
    let words = format!("calls: {before} before, {after} after");
    let how = body_text(11).with_hue(Hue::Grey).align_centre();
    sheet.add_text(&words, (middle, bottom + 29 * GRID), how);
    // The longer side fills the width. Toggles that spare calls shorten the other one, so that
    // calls of one number stand one above the other although they may not be the same call.
    // At least one step: a session of a single call has no stretch to divide.
    let steps = longest.max(2) as i64 - 1;
    let sides = [(&session.before, BEFORE), (&session.after, AFTER)].map(|(calls, how)| {
        let points = calls.iter().zip(0_i64..).map(|(call, at)| {
            let across = i32::try_from(at * i64::from(right - left) / steps);
            let x = left + across.expect("a call in the panel");
            (x, axis.position_of(i128::from(call.context), bottom, top))
        });
        (calls, points.collect::<Vec<SheetPoint>>(), how)
    });
    // The thin line lies on the thick one, so that both are seen where they agree.
    for (_, points, (width, _, hue)) in sides.iter().rev() {
        match points[..] {
            [] => {}
            // A single call is a dash.
            [(x, y)] => sheet.add_line(vec![(x, y), (x + 6 * GRID, y)], *width, *hue),
            _ => sheet.add_thinned_line(points.iter().copied(), *width, *hue),
        }
    }
    for (calls, points, (_, radius, hue)) in &sides {
        draw_loss_marks(sheet, calls, points, (*radius, *hue));
    }
}

/// Marks what calls lose; of those that would lie on each other one stands for all.
fn draw_loss_marks(
    sheet: &mut Sheet,
    calls: &[call_contexts::CallContext],
    points: &[SheetPoint],
    (radius, hue): (u32, Hue),
) {
    let mut columns = [None; 2];
    for (call, &(x, y)) in calls.iter().zip(points) {
        // A mark is so wide, in grid units: a second one there would hide the first.
        let (kind, size) = match call.loss {
            ContextLoss::No => continue,
            ContextLoss::Missed(_) => (0, 25),
            ContextLoss::Compacted => (1, 40),
        };
        if columns[kind].replace(x / size) == Some(x / size) {
            continue;
        }
        match call.loss {
            ContextLoss::Missed(cause) => {
                sheet.add_dot((x, y), radius, hue_of_misses(cause.group()));
            }
            _ => sheet.add_wedge((x, y - 15), hue),
        }
    }
}

fn hue_of_misses(group: MissGroup) -> Hue {
    match group {
        MissGroup::Expired => Hue::Orange,
        MissGroup::Changed => Hue::Purple,
        MissGroup::Evicted => Hue::Grey,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;
    use crate::study::inspect::cache_misses::MissCause;

    pub(crate) fn sample() -> GrowthChart {
        let loss = |at| match at % 40 {
            17 => ContextLoss::Missed(MissCause::Expired),
            39 => ContextLoss::Compacted,
            _ => ContextLoss::No,
        };
        let side = |calls: i64, rise: i64| -> Vec<call_contexts::CallContext> {
            let point = |at| call_contexts::CallContext {
                context: 12_000 + rise * at / calls,
                loss: loss(at),
            };
            (0..calls).map(point).collect()
        };
        let line = |label: &str, calls: i64, end: i64, kept: i64| SessionGrowth {
            label: label.to_owned(),
            before: side(calls, end - 12_000),
            after: side(kept, end - 22_000),
        };
        GrowthChart {
            title: "Order 774: context of each call, as recorded and with R1-R7".into(),
            sessions: vec![
                line("investigate", 38, 41_000, 36),
                line("implement", 111, 131_000, 52),
                line("resolve-failures #1", 98, 96_000, 60),
                line("arch-lens-process-flow & a rather long name for a session", 1, 18_000, 0),
            ],
            left_out: 3,
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        for words in [
            "implement",
            "calls: 111 before, 52 after",
            "before",
            "150 k",
            "seed 774",
            "miss: expired",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert!(sample().axis_note().contains("less than 90 % of"), "{}", sample().axis_note());
        assert!(sample().axis_note().ends_with("The 3 sessions that read least are not shown."));
        assert_eq!(svg.matches("<polyline").count(), 4 * 4 + 2 + 7);
        // Calls 18, 58 and 98 of each line, and the legend's three.
        assert_eq!(svg.matches("<circle").count(), 1 + 1 + 3 + 1 + 3 + 2 + 3);
        assert_eq!(svg.matches("<polygon").count(), 2 + 1 + 2 + 1 + 1);
    }

    #[test]
    fn the_table_holds_every_call_and_what_it_loses() {
        let csv =
            String::from_utf8(crate::report::csv::table_to_csv(&sample().data_table())).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 1 + 38 + 111 + 98 + 1);
        assert_eq!(
            lines[0],
            "session,call,context_before_tokens,miss_before,cause_before,compaction_before,\
             context_after_tokens,miss_after,cause_after,compaction_after"
        );
        // 12,000 + 29,000 x 17 / 38 and 12,000 + 19,000 x 17 / 36.
        assert_eq!(lines[18], "investigate,18,24973,1,expired,0,20972,1,expired,0");
        // 12,000 + 119,000 x 79 / 111; the line after has no such call.
        assert_eq!(lines[1 + 38 + 79], "implement,80,96693,0,,1,,,,");
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&GrowthChart { sessions: vec![], left_out: 0, ..sample() });
        let name = "<b>&amp;</b> \u{202e} and a very long name without any end ".repeat(4);
        let one = |context, loss| vec![call_contexts::CallContext { context, loss }];
        let session = |calls: Vec<call_contexts::CallContext>| SessionGrowth {
            label: name.clone(),
            before: calls.clone(),
            after: calls,
        };
        let single = session(one(i64::MAX / 4, ContextLoss::Missed(MissCause::Unknown)));
        check_chart(&GrowthChart { sessions: vec![single], left_out: 1, ..sample() });
        check_chart(&GrowthChart {
            sessions: vec![session(one(0, ContextLoss::No)); 12],
            ..sample()
        });
    }

    #[test]
    fn a_long_session_is_a_small_file_with_its_extremes() {
        let side: Vec<call_contexts::CallContext> = (0..20_000)
            .map(|at| call_contexts::CallContext {
                context: if at == 7_777 { 900_000 } else { 20_000 + at * 7_919 % 100_000 },
                loss: if at % 3 == 0 {
                    ContextLoss::Missed(MissCause::Evicted)
                } else {
                    ContextLoss::No
                },
            })
            .collect();
        let line = SessionGrowth { label: "long".into(), before: side.clone(), after: side };
        let svg = check_chart(&GrowthChart { sessions: vec![line; 12], ..sample() });
        assert!(svg.len() < 500_000, "{}", svg.len());
    }
}
