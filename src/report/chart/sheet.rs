//! A sheet: what a chart consists of, at tenths of a pixel, before any format or theme.
//!
//! A chart is laid out once. [`super::svg`] and [`super::png`] paint the same sheet, so that a
//! vector and a bitmap cannot differ, and tests ask the sheet itself whether texts overlap or leave
//! it.

use super::super::format::clean;
use super::font;
use super::theme::Hue;
use plotters::style::text_anchor::HPos;

/// Steps of the fine grid in one pixel.
pub const GRID: i32 = 10;

/// A place in tenths of a pixel.
pub type Point = (i32, i32);

/// How a piece of text is set.
#[derive(Clone, Copy)]
pub struct Type {
    /// Height in pixels.
    pub size: i32,
    /// Its colour.
    pub hue: Hue,
    /// Whether it is heavy.
    pub bold: bool,
    /// The side that its place is at.
    pub anchor: HPos,
}

/// Text of `size` pixels in ink, flush left.
pub const fn body(size: i32) -> Type {
    Type { size, hue: Hue::Ink, bold: false, anchor: HPos::Left }
}

impl Type {
    pub const fn hue(self, hue: Hue) -> Self {
        Self { hue, ..self }
    }
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
    pub const fn right(self) -> Self {
        Self { anchor: HPos::Right, ..self }
    }
    pub const fn centre(self) -> Self {
        Self { anchor: HPos::Center, ..self }
    }

    /// Where words of a width start that are set at `x`.
    pub fn left(self, x: i32, width: i32) -> i32 {
        match self.anchor {
            HPos::Left => x,
            HPos::Center => x - width / 2,
            HPos::Right => x - width,
        }
    }
}

/// One thing on a sheet; places and widths are tenths of a pixel, opacity is in percent.
#[derive(Clone)]
pub enum Shape {
    /// A filled box between two corners, the upper left one first.
    Bar { corners: [Point; 2], hue: Hue, opacity: u8 },
    /// A line through points.
    Line { points: Vec<Point>, width: u32, hue: Hue },
    /// A filled area within points.
    Area { points: Vec<Point>, hue: Hue, opacity: u8 },
    /// A filled circle.
    Dot { at: Point, radius: u32, hue: Hue },
    /// Words whose middle line is at a place. Text lies on top of everything else.
    Text { words: String, at: Point, how: Type },
}

/// What a chart consists of.
#[derive(Clone)]
pub struct Sheet {
    /// What it shows, in words.
    pub title: String,
    /// Width and height in pixels.
    pub size: (i32, i32),
    pub(super) shapes: Vec<Shape>,
}

/// Size of the title, and of the lines at the bottom with the step from one to the next, in pixels.
const TITLE: i32 = 17;
const FOOTER: i32 = 11;
const FOOTER_LINE: i32 = 15;
/// Between a sheet's edge and what is on it, in pixels.
pub const MARGIN: i32 = 16;

/// From one line under a legend to the next, in pixels.
const NOTE: i32 = 16;

/// Where the lines under a legend end whose middle is at `y`, in pixels.
pub fn below_notes(lines: &[String], y: i32) -> i32 {
    y + 22 + i32::try_from(lines.len()).expect("a few lines") * NOTE
}

/// Width of a text in pixels, rounded up.
pub fn width_of(words: &str, size: i32) -> i32 {
    font::width(words, size, false) / GRID + 1
}

/// Width of a heavy text in pixels, rounded up.
pub fn bold_width_of(words: &str, size: i32) -> i32 {
    font::width(words, size, true) / GRID + 1
}

/// The text cut to a width in pixels, with an ellipsis where something is missing.
pub fn fitted(words: &str, how: Type, width: i32) -> String {
    let words = clean(words);
    let fits = |words: &str| font::width(words, how.size, how.bold) <= width * GRID;
    if fits(&words) {
        return words.into_owned();
    }
    let chars: Vec<char> = words.chars().collect();
    let cut = |kept: usize| {
        let start: String = chars[..kept].iter().collect();
        format!("{}\u{2026}", start.trim_end())
    };
    // More is wider, so that the most that fits is found by halving: names may be very long.
    let (mut fitting, mut wide) = (0, chars.len());
    while wide - fitting > 1 {
        let middle = usize::midpoint(fitting, wide);
        if fits(&cut(middle)) {
            fitting = middle;
        } else {
            wide = middle;
        }
    }
    cut(fitting)
}

/// Text broken between words so that each line fits a width in pixels.
pub fn broken(words: &str, size: i32, width: i32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in clean(words).split_whitespace() {
        let longer = format!("{current} {word}");
        if !current.is_empty() && width_of(&longer, size) > width {
            lines.push(fitted(
                &std::mem::replace(&mut current, word.to_owned()),
                body(size),
                width,
            ));
        } else {
            longer.trim_start().clone_into(&mut current);
        }
    }
    lines.push(fitted(&current, body(size), width));
    lines
}

/// The frame of a sheet before its height is known: the title above, the footer below.
pub struct Frame {
    title: String,
    width: i32,
    footer: Vec<String>,
}

impl Frame {
    /// A frame of a width in pixels.
    pub fn new(title: &str, footer: &[String], width: i32) -> Self {
        let line = |line: &String| broken(line, FOOTER, width - 2 * MARGIN);
        Self {
            title: clean(title).into_owned(),
            width,
            footer: footer.iter().flat_map(line).collect(),
        }
    }

    /// The sheet whose contents, title included, end at `bottom`, in pixels.
    pub fn sheet(self, bottom: i32) -> Sheet {
        let lines = i32::try_from(self.footer.len()).expect("a few lines");
        let height = bottom + 14 + lines * FOOTER_LINE;
        let mut sheet = Sheet { title: self.title, size: (self.width, height), shapes: Vec::new() };
        let how = body(TITLE).bold();
        let title = fitted(&sheet.title, how, self.width - 2 * MARGIN);
        sheet.text(&title, (MARGIN * GRID, 24 * GRID), how);
        for (line, up) in self.footer.iter().rev().zip(1..) {
            let y = height - up * FOOTER_LINE;
            sheet.text(line, (MARGIN * GRID, y * GRID), body(FOOTER).hue(Hue::Grey));
        }
        sheet
    }
}

/// How an entry of a legend is marked.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    /// A box.
    Box,
    /// A line of a width in tenths of a pixel.
    Line(u32),
    /// A dot of a radius in tenths of a pixel.
    Dot(u32),
    /// An upright line of a width in tenths of a pixel.
    Tick(u32),
    /// A triangle that stands on its tip.
    Wedge,
}

/// Points from left to right without those between the lowest and the highest of their pixel; the
/// very first and last one stay.
fn thinned(points: impl IntoIterator<Item = Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    let mut pixel: Vec<Point> = Vec::new();
    let mut last = None;
    let mut flush = |pixel: &mut Vec<Point>| {
        let ends = [pixel.iter().min_by_key(|at| at.1), pixel.iter().max_by_key(|at| at.1)];
        let mut ends: Vec<Point> = ends.into_iter().flatten().copied().collect();
        ends.sort_unstable_by_key(|at| at.0);
        ends.dedup();
        kept.append(&mut ends);
        pixel.clear();
    };
    for at in points {
        if last.is_none() {
            // Alone, so that it stays.
            pixel.push(at);
            flush(&mut pixel);
        } else if pixel.last().is_some_and(|before| before.0 / GRID != at.0 / GRID) {
            flush(&mut pixel);
            pixel.push(at);
        } else {
            pixel.push(at);
        }
        last = Some(at);
    }
    flush(&mut pixel);
    if kept.last() != last.as_ref() {
        kept.extend(last);
    }
    kept
}

impl Sheet {
    /// Words whose middle line is at `y`.
    pub fn text(&mut self, words: &str, at: Point, how: Type) {
        self.shapes.push(Shape::Text { words: clean(words).into_owned(), at, how });
    }

    /// A filled box; sides in any order.
    pub fn bar(&mut self, x: (i32, i32), y: (i32, i32), hue: Hue) {
        self.veil(x, y, hue, 100);
    }

    /// A box that lets through what lies under it.
    pub fn veil(&mut self, x: (i32, i32), y: (i32, i32), hue: Hue, opacity: u8) {
        let corners = [(x.0.min(x.1), y.0.min(y.1)), (x.0.max(x.1), y.0.max(y.1))];
        self.shapes.push(Shape::Bar { corners, hue, opacity });
    }

    /// A line through points, its width in tenths of a pixel.
    pub fn line(&mut self, points: Vec<Point>, width: u32, hue: Hue) {
        self.shapes.push(Shape::Line { points, width, hue });
    }

    /// A filled area.
    pub fn area(&mut self, points: Vec<Point>, hue: Hue, opacity: u8) {
        self.shapes.push(Shape::Area { points, hue, opacity });
    }

    /// A filled circle.
    pub fn dot(&mut self, at: Point, radius: u32, hue: Hue) {
        self.shapes.push(Shape::Dot { at, radius, hue });
    }

    /// A filled triangle that stands on its tip.
    pub fn wedge(&mut self, (x, y): Point, hue: Hue) {
        self.area(vec![(x, y), (x - 46, y - 80), (x + 46, y - 80)], hue, 100);
    }

    /// A line through points, thinned to the lowest and the highest point of each pixel from left
    /// to right: what is left out would not be seen.
    pub fn trace(&mut self, points: impl IntoIterator<Item = Point>, width: u32, hue: Hue) {
        self.line(thinned(points), width, hue);
    }

    /// Entries side by side from `x`, their middle at `y`, both in pixels, onto further lines of 20
    /// pixels where the sheet ends; the lines that it took.
    pub fn legend(&mut self, (from, y): (i32, i32), entries: &[(Mark, Hue, &str)]) -> i32 {
        let (mut x, mut line) = (from, 0);
        for (mark, hue, words) in entries {
            let sign = if matches!(mark, Mark::Line(_)) { 22 } else { 12 };
            let width = sign + 6 + width_of(words, 12);
            if x > from && x + width > self.size.0 - MARGIN {
                (x, line) = (from, line + 1);
            }
            let y = (y + 20 * line) * GRID;
            let span = (x * GRID, (x + sign) * GRID);
            match *mark {
                Mark::Box => self.bar(span, (y - 6 * GRID, y + 6 * GRID), *hue),
                Mark::Line(width) => self.line(vec![(span.0, y), (span.1, y)], width, *hue),
                Mark::Dot(radius) => self.dot((i32::midpoint(span.0, span.1), y), radius, *hue),
                Mark::Tick(width) => {
                    let x = i32::midpoint(span.0, span.1);
                    self.line(vec![(x, y - 7 * GRID), (x, y + 7 * GRID)], width, *hue);
                }
                Mark::Wedge => self.wedge((i32::midpoint(span.0, span.1), y + 40), *hue),
            }
            self.text(words, ((x + sign + 6) * GRID, y), body(12));
            x += width + 18;
        }
        line + 1
    }

    /// Lines of grey words under a legend whose middle is at `y`, in pixels.
    pub fn notes(&mut self, lines: &[String], y: i32) {
        for (line, down) in lines.iter().zip(0..) {
            let y = y + 22 + NOTE * down;
            self.text(line, (MARGIN * GRID, y * GRID), body(12).hue(Hue::Grey));
        }
    }

    /// Complaints about texts that overlap or leave the sheet.
    #[cfg(test)]
    pub fn flaws(&self) -> Vec<String> {
        let mut boxes: Vec<(&str, [Point; 2])> = Vec::new();
        let mut flaws = Vec::new();
        for shape in &self.shapes {
            let Shape::Text { words, at, how } = shape else { continue };
            let width = font::width(words, how.size, how.bold);
            let left = how.left(at.0, width);
            // From the top of a capital to the bottom of a descender.
            let (up, down) = (how.size * 46 / 10, how.size * 50 / 10);
            let here = [(left, at.1 - up), (left + width, at.1 + down)];
            if here[0].0 < 0
                || here[0].1 < 0
                || here[1].0 > self.size.0 * GRID
                || here[1].1 > self.size.1 * GRID
            {
                flaws.push(format!("{words:?} leaves the sheet: {here:?} in {:?}", self.size));
            }
            for (other, there) in &boxes {
                let apart = here[1].0 <= there[0].0
                    || there[1].0 <= here[0].0
                    || here[1].1 <= there[0].1
                    || there[1].1 <= here[0].1;
                if !apart && !words.is_empty() && !other.is_empty() {
                    flaws.push(format!("{words:?} {here:?} overlaps {other:?} {there:?}"));
                }
            }
            boxes.push((words, here));
        }
        flaws
    }

    /// All words on it.
    #[cfg(test)]
    pub fn words(&self) -> Vec<&str> {
        let words = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { words, .. } => Some(words.as_str()),
            _ => None,
        });
        words.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_a_width() {
        let how = body(12);
        assert_eq!(fitted("short", how, 100), "short");
        let cut = fitted("a rather long name for a step", how, 60);
        assert!(cut.ends_with('\u{2026}') && width_of(&cut, 12) <= 61, "{cut}");
        assert_eq!(cut, "a rathe\u{2026}");
        assert_eq!(fitted("wide", how, 0), "\u{2026}");
        assert_eq!(fitted(&"i".repeat(1_000_000), how, 30), "iiiii\u{2026}");
    }

    #[test]
    fn overlaps_and_what_leaves_the_sheet_are_seen() {
        let sheet = || Frame::new("t", &[], 300).sheet(200);
        let mut fine = sheet();
        fine.text("one", (100, 1_000), body(12));
        fine.text("two", (100, 1_150), body(12));
        assert_eq!(fine.flaws(), Vec::<String>::new());
        let mut over = sheet();
        over.text("one", (100, 1_000), body(12));
        over.text("two", (150, 1_050), body(12));
        assert_eq!(over.flaws().len(), 1);
        let mut out = sheet();
        out.text("a long text", (2_900, 1_000), body(12));
        assert_eq!(out.flaws().len(), 1);
    }

    #[test]
    fn thinned_lines_keep_their_ends_and_extremes() {
        let few = [(0, 5), (20, 3), (40, 9)];
        assert_eq!(thinned(few), few);
        assert_eq!(thinned([]), []);
        assert_eq!(thinned([(3, 4)]), [(3, 4)]);
        let many = (0..10_000).map(|at| (at / 100, if at == 5_550 { 900 } else { at % 7 }));
        let kept = thinned(many);
        assert!(kept.len() <= 22 && kept.contains(&(55, 900)), "{kept:?}");
        assert_eq!((kept[0], kept[kept.len() - 1]), ((0, 0), (99, 9_999 % 7)));
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let lines = broken("one two three four five six seven", 11, 80);
        assert!(lines.len() > 1 && lines.iter().all(|line| width_of(line, 11) <= 81), "{lines:?}");
        let lines = broken(&format!("a {} b", "wide".repeat(99)), 11, 80);
        assert!(lines.len() == 3 && lines.iter().all(|line| width_of(line, 11) <= 81), "{lines:?}");
    }
}
