//! Context growth: how full the window of each session is, call by call, before and after.
//!
//! One small panel a session. All share the height of their axis, so that panels compare; each has
//! its own width, because a session of 18 calls would vanish beside one of 183.

use super::super::view::{Cell, Column};
use super::sheet::{Frame, GRID, MARGIN, Mark, Sheet, body, bold_width_of, fitted, width_of};
use super::theme::Hue;
use super::{Axis, Chart, Unit, View};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its name.
    pub label: String,
    /// Context of each call as recorded, tokens.
    pub before: Vec<i64>,
    /// Context of each call that is left with the toggles on, tokens.
    pub after: Vec<i64>,
}

/// Context of the calls of some sessions, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// What the chart shows.
    pub title: String,
    /// The sessions in order.
    pub sessions: Vec<Line>,
    /// Lines at the bottom: source, digests, version.
    pub footer: Vec<String>,
}

const COLUMNS: usize = 3;
const PANEL: (i32, i32) = (310, 190);
const TOP: i32 = 70;

impl Chart for Growth {
    fn sheet(&self) -> Sheet {
        let rows = i32::try_from(self.sessions.len().div_ceil(COLUMNS)).expect("few rows");
        let columns = i32::try_from(self.sessions.len().clamp(1, COLUMNS)).expect("few columns");
        let title = bold_width_of(&self.title, 17) + 2 * MARGIN;
        let width = (columns * PANEL.0 + 24).max(title).clamp(600, 960);
        let mut sheet = Frame::new(&self.title, &self.footer, width).sheet(TOP + rows * PANEL.1);
        let contexts = self.sessions.iter().flat_map(|one| one.before.iter().chain(&one.after));
        let high = contexts.copied().max().unwrap_or(0);
        let axis = Axis::new(0, i128::from(high), 5);
        legend(&mut sheet);
        for (at, session) in self.sessions.iter().enumerate() {
            let column = i32::try_from(at % COLUMNS).expect("few columns");
            let row = i32::try_from(at / COLUMNS).expect("few rows");
            panel(&mut sheet, session, &axis, (12 + column * PANEL.0, TOP + row * PANEL.1));
        }
        sheet
    }

    fn data(&self) -> View {
        let columns = vec![
            Column::text("session"),
            Column::count("call"),
            Column::tokens("context before"),
            Column::tokens("context after"),
        ];
        let mut view = View::new("Context of each call", columns);
        for session in &self.sessions {
            for at in 0..session.before.len().max(session.after.len()) {
                let context = |side: &[i64]| {
                    side.get(at).map_or_else(Cell::missing, |context| Cell::tokens(*context))
                };
                view.row(vec![
                    Cell::text(&session.label),
                    Cell::count(at as i64 + 1),
                    context(&session.before),
                    context(&session.after),
                ]);
            }
        }
        view
    }
}

fn legend(sheet: &mut Sheet) {
    let words = "context (tokens) of each call:";
    sheet.text(words, (MARGIN * GRID, 50 * GRID), body(12));
    let from = MARGIN + width_of(words, 12) + 8;
    let entries =
        [(Mark::Line(12), Hue::Vermillion, "before"), (Mark::Line(24), Hue::Blue, "after")];
    sheet.legend((from, 50), &entries);
}

/// One session in the panel whose upper left corner is `corner`, in pixels.
fn panel(sheet: &mut Sheet, session: &Line, axis: &Axis, corner: (i32, i32)) {
    let (left, right) = ((corner.0 + 58) * GRID, (corner.0 + PANEL.0 - 14) * GRID);
    let (top, bottom) = ((corner.1 + 26) * GRID, (corner.1 + PANEL.1 - 42) * GRID);
    let how = body(13).bold();
    sheet.text(&fitted(&session.label, how, PANEL.0 - 72), (left, top - 14 * GRID), how);
    for tick in axis.ticks() {
        let y = axis.place(tick, bottom, top);
        sheet.line(vec![(left, y), (right, y)], 8, if tick == 0 { Hue::Grey } else { Hue::Rule });
        sheet.text(&Unit::Tokens.tick(tick), (left - 6 * GRID, y), body(11).right());
    }
    let calls = session.before.len().max(session.after.len()).max(2) - 1;
    let place = |at: usize| {
        let length = i64::from(right - left);
        let at = at as i64 * length / calls as i64;
        left + i32::try_from(at).expect("a call in the panel")
    };
    let first = body(11);
    sheet.text("1", (left, bottom + 13 * GRID), first);
    let last = session.before.len().max(session.after.len()).to_string();
    if session.before.len().max(session.after.len()) > 1 {
        sheet.text(&last, (right, bottom + 13 * GRID), first.right());
    }
    let middle = i32::midpoint(left, right);
    let words = format!("calls: {} before, {} after", session.before.len(), session.after.len());
    let how = body(11).hue(Hue::Grey).centre();
    sheet.text(&words, (middle, bottom + 13 * GRID), how);
    for (contexts, colour, width) in
        [(&session.before, Hue::Vermillion, 12), (&session.after, Hue::Blue, 24)]
    {
        let points: Vec<(i32, i32)> = contexts
            .iter()
            .enumerate()
            .map(|(at, context)| (place(at), axis.place(i128::from(*context), bottom, top)))
            .collect();
        match points[..] {
            [] => {}
            // A single call is a dash.
            [(x, y)] => sheet.line(vec![(x, y), (x + 6 * GRID, y)], width, colour),
            _ => sheet.line(points, width, colour),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::tests::check_chart;
    use super::*;

    pub(crate) fn sample() -> Growth {
        let line = |label: &str, calls: i64, end: i64, kept: i64| Line {
            label: label.to_owned(),
            before: (0..calls).map(|at| 12_000 + (end - 12_000) * at / calls).collect(),
            after: (0..kept).map(|at| 12_000 + (end - 22_000) * at / kept).collect(),
        };
        Growth {
            title: "Order 774: context of each call, as recorded and with R1-R7".into(),
            sessions: vec![
                line("investigate", 38, 41_000, 36),
                line("implement", 111, 131_000, 52),
                line("resolve-failures #1", 98, 96_000, 60),
                line("arch-lens-process-flow & a rather long name for a session", 1, 18_000, 0),
            ],
            footer: vec!["Recording 0a1b2c3d, windtunnel 0.1.0, seed 774".into()],
        }
    }

    #[test]
    fn the_file_says_what_the_data_say() {
        let svg = check_chart(&sample());
        for words in ["implement", "calls: 111 before, 52 after", "before", "150 k", "seed 774"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert_eq!(svg.matches("<polyline").count(), 4 * 4 + 2 + 7);
    }

    #[test]
    fn odd_data_draw() {
        check_chart(&Growth { sessions: vec![], ..sample() });
    }
}
