//! Context growth: how full the window of each session is, call by call, before and after.
//!
//! One small panel a session. All share the height of their axis, so that panels compare; each has
//! its own width, because a session of 18 calls would vanish beside one of 183.

use super::canvas::{
    self, BLUE, Canvas, FOOTER_LINE, GREY, GRID, RULE, VERMILLION, body, draw, fitted, width_of,
};
use super::{Axis, Unit};
use plotters::style::text_anchor::HPos;

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

impl Growth {
    /// The chart as an SVG file.
    #[must_use]
    pub fn to_svg(&self) -> Vec<u8> {
        let rows = i32::try_from(self.sessions.len().div_ceil(COLUMNS)).expect("few rows");
        let columns = i32::try_from(self.sessions.len().clamp(1, COLUMNS)).expect("few columns");
        let width = (columns * PANEL.0 + 24).max(width_of(&self.title, 17) + 40).clamp(600, 960);
        let footer = canvas::footer(&self.footer, width - 32);
        let lines = i32::try_from(footer.len()).expect("a few lines");
        let height = TOP + rows * PANEL.1 + 14 + lines * FOOTER_LINE;
        let contexts = self.sessions.iter().flat_map(|one| one.before.iter().chain(&one.after));
        let high = contexts.copied().max().unwrap_or(0);
        let axis = Axis::new(0, i128::from(high), 5);
        draw(&self.title, (width, height), |canvas| {
            canvas.frame(&self.title, &footer, (width, height));
            Self::legend(canvas);
            for (at, session) in self.sessions.iter().enumerate() {
                let column = i32::try_from(at % COLUMNS).expect("few columns");
                let row = i32::try_from(at / COLUMNS).expect("few rows");
                let corner = (12 + column * PANEL.0, TOP + row * PANEL.1);
                panel(canvas, session, &axis, corner);
            }
        })
    }

    fn legend(canvas: &Canvas<'_>) {
        let y = 50 * GRID;
        let words = "context (tokens) of each call:";
        canvas.text(words, (16 * GRID, y), body(12));
        let mut x = 16 + width_of(words, 12) + 8;
        for (colour, words, line) in [(VERMILLION, "before", 12), (BLUE, "after", 24)] {
            canvas.line(vec![(x * GRID, y), ((x + 22) * GRID, y)], line, colour);
            canvas.text(words, ((x + 28) * GRID, y), body(12));
            x += 28 + width_of(words, 12) + 18;
        }
    }
}

/// One session in the panel whose upper left corner is `corner`, in pixels.
fn panel(canvas: &Canvas<'_>, session: &Line, axis: &Axis, corner: (i32, i32)) {
    let (left, right) = ((corner.0 + 58) * GRID, (corner.0 + PANEL.0 - 14) * GRID);
    let (top, bottom) = ((corner.1 + 26) * GRID, (corner.1 + PANEL.1 - 42) * GRID);
    let label = fitted(&session.label, 13, PANEL.0 - 72);
    canvas.text(&label, (left, top - 14 * GRID), body(13).bold());
    for tick in axis.ticks() {
        let y = axis.place(tick, bottom, top);
        canvas.line(vec![(left, y), (right, y)], 8, if tick == 0 { GREY } else { RULE });
        canvas.text(&Unit::Tokens.tick(tick), (left - 6 * GRID, y), body(11).anchor(HPos::Right));
    }
    let calls = session.before.len().max(session.after.len()).max(2) - 1;
    let place = |at: usize| {
        let length = i64::from(right - left);
        let at = at as i64 * length / calls as i64;
        left + i32::try_from(at).expect("a call in the panel")
    };
    let first = body(11).anchor(HPos::Left);
    canvas.text("1", (left, bottom + 13 * GRID), first);
    let last = session.before.len().max(session.after.len()).to_string();
    if session.before.len().max(session.after.len()) > 1 {
        canvas.text(&last, (right, bottom + 13 * GRID), first.anchor(HPos::Right));
    }
    let middle = i32::midpoint(left, right);
    let words = format!("calls: {} before, {} after", session.before.len(), session.after.len());
    let how = body(11).colour(GREY).anchor(HPos::Center);
    canvas.text(&words, (middle, bottom + 13 * GRID), how);
    for (contexts, colour, width) in [(&session.before, VERMILLION, 12), (&session.after, BLUE, 24)]
    {
        let points: Vec<(i32, i32)> = contexts
            .iter()
            .enumerate()
            .map(|(at, context)| (place(at), axis.place(i128::from(*context), bottom, top)))
            .collect();
        match points[..] {
            [] => {}
            // A single call is a dash.
            [(x, y)] => canvas.line(vec![(x, y), (x + 6 * GRID, y)], width, colour),
            _ => canvas.line(points, width, colour),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
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
        let svg = String::from_utf8(sample().to_svg()).unwrap();
        for words in ["implement", "calls: 111 before, 52 after", "before", "150 k", "seed 774"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert_eq!(svg.matches("<polyline").count(), 4 * 4 + 2 + 7);
    }

    #[test]
    fn same_data_same_bytes_and_odd_data_draw() {
        assert_eq!(sample().to_svg(), sample().to_svg());
        assert!(!Growth { sessions: vec![], ..sample() }.to_svg().is_empty());
    }
}
