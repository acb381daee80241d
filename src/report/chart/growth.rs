//! Context growth: how full the window of each session is, call by call, before and after.
//!
//! One small panel a session. All share the height of their axis, so that panels compare; each has
//! its own width, because a session of 18 calls would vanish beside one of 183.

use super::super::view::{CellValue, TableCell, TableColumn};
use super::sheet::{
    GRID, LEGEND, LegendMark, MARGIN, Sheet, SheetFrame, SheetPoint, below_notes, body_text,
    bold_width_of, break_lines, cut_to_width,
};
use super::theme::Hue;
use super::{Chart, ChartAxis, ChartUnit, TableView, format, tick_hue};
use crate::study::inspect::cache_misses::MissGroup;
use crate::study::inspect::call_contexts::{CallContext, ContextLoss, HIT_BP};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionGrowth {
    /// Its name.
    pub label: String,
    /// Its calls as recorded.
    pub before: Vec<CallContext>,
    /// Its calls that are left with the toggles on.
    pub after: Vec<CallContext>,
}

/// Context of the calls of some sessions, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthChart {
    /// What the chart shows.
    pub title: String,
    /// What is drawn, in words.
    pub subtitle: String,
    /// The sessions in order.
    pub sessions: Vec<SessionGrowth>,
    /// How many sessions it does not show.
    pub left_out: usize,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const COLUMNS: usize = 3;
const PANEL: (i32, i32) = (310, 202);
/// How the two sides are drawn: width of the line, radius of a dot, colour.
const BEFORE: (u32, u32, Hue) = (12, 44, Hue::Vermillion);
const AFTER: (u32, u32, Hue) = (24, 34, Hue::Blue);

impl Chart for GrowthChart {
    fn draw_sheet(&self) -> Sheet {
        let rows = i32::try_from(self.sessions.len().div_ceil(COLUMNS)).expect("few rows");
        let columns = i32::try_from(self.sessions.len().clamp(1, COLUMNS)).expect("few columns");
        let title = bold_width_of(&self.title, 17) + 2 * MARGIN;
        // As narrow as its panels, as wide as its title and legend, within what a page holds.
        let width = (columns * PANEL.0 + 24).max(title).clamp(700, 960);
        let notes = break_lines(&self.axis_note(), 12, width - 2 * MARGIN);
        let top = below_notes(&notes, LEGEND);
        let mut sheet = SheetFrame::new(&self.title, &self.footer, width)
            .with_subtitle(&self.subtitle)
            .into_sheet(top + rows * PANEL.1);
        let first_miss = format!("cache lost: {}", MissGroup::Expired.name());
        let dot = LegendMark::Dot(BEFORE.1);
        let entries = [
            (LegendMark::Line(BEFORE.0), BEFORE.2, "today"),
            (LegendMark::Line(AFTER.0), AFTER.2, "with fixes"),
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
            for (number, sides) in session.paired_calls() {
                let number =
                    number.map_or_else(TableCell::missing, |it| TableCell::count(it.into()));
                let mut row = vec![TableCell::text(&session.label), number];
                row.extend(sides.into_iter().flat_map(cells_of_call));
                view.add_row(row);
            }
        }
        view
    }
}

/// What the table says of a call, where it is made: context, miss, cause, compaction.
fn cells_of_call(call: Option<&CallContext>) -> [TableCell; 4] {
    let Some(call) = call else { return [(); 4].map(|()| TableCell::missing()) };
    let cause = match call.loss {
        ContextLoss::Missed(cause) => Some(cause.name()),
        ContextLoss::No | ContextLoss::Compacted => None,
    };
    [
        TableCell::tokens(call.context),
        TableCell::count(i64::from(cause.is_some())),
        cause.map_or_else(TableCell::missing, TableCell::text),
        TableCell::count(i64::from(call.loss == ContextLoss::Compacted)),
    ]
}

/// A call today and with fixes; `None` on the side on which it is not made.
type BothSides<'a> = [Option<&'a CallContext>; 2];

impl SessionGrowth {
    /// Its calls by their numbers, each on both sides; those that a toggle adds at the end.
    fn paired_calls(&self) -> Vec<(Option<u32>, BothSides<'_>)> {
        let mut by_number: BTreeMap<u32, BothSides<'_>> = BTreeMap::new();
        let mut added = Vec::new();
        for (side, calls) in [&self.before, &self.after].into_iter().enumerate() {
            for call in calls {
                match call.number {
                    Some(number) => by_number.entry(number).or_default()[side] = Some(call),
                    // A call that a toggle adds stands on its own side alone.
                    None => {
                        let mut sides = BothSides::default();
                        sides[side] = Some(call);
                        added.push((None, sides));
                    }
                }
            }
        }
        let recorded = by_number.into_iter().map(|(number, sides)| (Some(number), sides));
        recorded.chain(added).collect()
    }
}

impl GrowthChart {
    /// What the axes and marks mean.
    fn axis_note(&self) -> String {
        let mut note = format!(
            "Cache lost: a call reads less than {} of what the call before left there, because the \
             entry expired, because prompt, model or settings changed, or because it was evicted \
             or nobody knows.",
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
    let numbers = session.before.iter().chain(&session.after).filter_map(|call| call.number);
    let longest = numbers.max().unwrap_or(1);
    if longest > 1 {
        let last = format::format_integer(longest.into(), false);
        sheet.add_text(&last, (right, bottom + 13 * GRID), first.align_right());
    }
    let middle = i32::midpoint(left, right);
    let [before, after] = [&session.before, &session.after]
        .map(|side| format::format_integer(side.len() as i64, false));
    let words = format!("calls today {before}, with fixes {after}");
    let how = body_text(11).with_hue(Hue::Grey).align_centre();
    sheet.add_text(&words, (middle, bottom + 29 * GRID), how);
    // Both sides share the numbers of the recorded calls: a call stands under itself, and one that
    // is not made leaves a gap. At least one step: a single call has no stretch to divide.
    let steps = i64::from(longest.max(2)) - 1;
    let sides = [(&session.before, BEFORE), (&session.after, AFTER)].map(|(calls, how)| {
        let points = numbered_calls(calls).into_iter().map(|(number, context, loss)| {
            let across = i32::try_from(i64::from(number - 1) * i64::from(right - left) / steps);
            let x = left + across.expect("a call in the panel");
            DrawnCall { number, at: (x, axis.position_of(i128::from(context), bottom, top)), loss }
        });
        (points.collect::<Vec<_>>(), how)
    });
    // The thin line lies on the thick one, so that both are seen where they agree.
    for (calls, (width, _, hue)) in sides.iter().rev() {
        draw_unbroken_runs(sheet, calls, *width, *hue);
    }
    for (calls, (_, radius, hue)) in &sides {
        draw_loss_marks(sheet, calls, (*radius, *hue));
    }
}

/// A recorded call that is made, and where it stands.
struct DrawnCall {
    number: u32,
    at: SheetPoint,
    loss: ContextLoss,
}

/// The recorded calls of a side: number, context, and what is lost there or at calls that a toggle
/// put before it, which have no place of their own.
fn numbered_calls(calls: &[CallContext]) -> Vec<(u32, i64, ContextLoss)> {
    let mut carried = ContextLoss::No;
    let mut numbered = Vec::with_capacity(calls.len());
    for call in calls {
        // A loss of its own stands before one that is carried to it.
        let loss = if call.loss == ContextLoss::No { carried } else { call.loss };
        match call.number {
            Some(number) => {
                numbered.push((number, call.context, loss));
                carried = ContextLoss::No;
            }
            // Lost at a call without a number: the next one that has one shows it.
            None => carried = loss,
        }
    }
    numbered
}

/// A line through each run of calls that follow each other; nothing over calls that are not made.
fn draw_unbroken_runs(sheet: &mut Sheet, calls: &[DrawnCall], width: u32, hue: Hue) {
    let mut last_dash = None;
    for run in calls.chunk_by(|one, next| next.number == one.number + 1) {
        let points = run.iter().map(|call| call.at);
        if run.len() > 1 {
            sheet.add_thinned_line(points, width, hue);
            continue;
        }
        // A single call is a dash; a second one within a pixel of it would not be seen.
        for (x, y) in points {
            if last_dash.replace((x / GRID, y / GRID)) != Some((x / GRID, y / GRID)) {
                sheet.add_line(vec![(x, y), (x + 2 * GRID, y)], width, hue);
            }
        }
    }
}

/// Marks what calls lose; of those that would lie on each other one stands for all.
fn draw_loss_marks(sheet: &mut Sheet, calls: &[DrawnCall], (radius, hue): (u32, Hue)) {
    let mut columns = [None; 2];
    for &DrawnCall { at: (x, y), loss, .. } in calls {
        // A mark is so wide, in grid units: a second one there would hide the first.
        let (kind, size) = match loss {
            ContextLoss::No => continue,
            ContextLoss::Missed(_) => (0, 25),
            ContextLoss::Compacted => (1, 40),
        };
        if columns[kind].replace(x / size) == Some(x / size) {
            continue;
        }
        match loss {
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
        let side = |calls: i64, rise: i64| -> Vec<CallContext> {
            let point = |at| CallContext {
                number: u32::try_from(at + 1).ok(),
                context: 12_000 + rise * at / calls,
                loss: loss(at),
            };
            (0..calls).map(point).collect()
        };
        // Calls in the middle are not made.
        let with_gap = |calls: i64, kept: i64, rise: i64| -> Vec<CallContext> {
            let gone = u32::try_from(calls - kept).expect("fewer calls");
            let mut side = side(kept, rise);
            for call in side.iter_mut().skip(kept as usize / 2) {
                call.number = call.number.map(|number| number + gone);
            }
            side
        };
        let line = |label: &str, calls: i64, end: i64, kept: i64| SessionGrowth {
            label: label.to_owned(),
            before: side(calls, end - 12_000),
            after: with_gap(calls, kept, end - 22_000),
        };
        GrowthChart {
            title: "Context of each call".into(),
            subtitle: "with fixes: R1".into(),
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
            "calls today 111, with fixes 52",
            "today",
            "150 k",
            "seed 774",
            "cache lost: expired",
        ] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert!(sample().axis_note().contains("less than 90 % of"), "{}", sample().axis_note());
        assert!(sample().axis_note().ends_with("The 3 sessions that read least are not shown."));
        assert_eq!(svg.matches("<polyline").count(), 4 * 4 + 2 + 7 + 3);
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
        let one = |context, loss| vec![CallContext { number: Some(1), context, loss }];
        let session = |calls: Vec<CallContext>| SessionGrowth {
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
        let side: Vec<CallContext> = (0..20_000)
            .map(|at| CallContext {
                number: u32::try_from(at + 1).ok(),
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
