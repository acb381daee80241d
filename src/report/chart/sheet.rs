//! A sheet: what a chart consists of, at tenths of a pixel, before any format or theme.
//!
//! A chart is laid out once. [`super::svg`] and [`super::png`] paint the same sheet, so that a
//! vector and a bitmap cannot differ, and tests ask the sheet itself whether texts overlap or leave
//! it.

use super::super::foreign_text::clean_foreign_text;
use super::font;
use super::theme::Hue;
use plotters::style::text_anchor::HPos;

/// Steps of the fine grid in one pixel.
pub const GRID: i32 = 10;

/// A place in tenths of a pixel.
pub type SheetPoint = (i32, i32);

/// How a piece of text is set.
#[derive(Clone, Copy)]
pub struct TextStyle {
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
pub const fn body_text(size: i32) -> TextStyle {
    TextStyle { size, hue: Hue::Ink, bold: false, anchor: HPos::Left }
}

impl TextStyle {
    pub const fn with_hue(self, hue: Hue) -> Self {
        Self { hue, ..self }
    }
    pub const fn in_bold(self) -> Self {
        Self { bold: true, ..self }
    }
    pub const fn align_right(self) -> Self {
        Self { anchor: HPos::Right, ..self }
    }
    pub const fn align_centre(self) -> Self {
        Self { anchor: HPos::Center, ..self }
    }

    /// Width of words in tenths of a pixel.
    fn width_in_tenths(self, words: &str) -> i32 {
        font::text_width(words, self.size, self.bold)
    }

    /// Where words of a width start that are set at `x`.
    pub fn left_edge(self, x: i32, width: i32) -> i32 {
        match self.anchor {
            HPos::Left => x,
            HPos::Center => x - width / 2,
            HPos::Right => x - width,
        }
    }
}

/// One thing on a sheet; places and widths are tenths of a pixel, opacity is in percent.
#[derive(Clone)]
pub enum SheetShape {
    /// A filled box between two corners, the upper left one first.
    Bar { corners: [SheetPoint; 2], hue: Hue, opacity: u8 },
    /// A line through points.
    Line { points: Vec<SheetPoint>, width: u32, hue: Hue },
    /// A filled area within points.
    Area { points: Vec<SheetPoint>, hue: Hue, opacity: u8 },
    /// A filled circle.
    Dot { at: SheetPoint, radius: u32, hue: Hue },
    /// Words whose middle line is at a place. Text lies on top of everything else.
    Text { words: String, at: SheetPoint, how: TextStyle },
}

/// What a chart consists of.
#[derive(Clone)]
pub struct Sheet {
    /// What it shows, in words.
    pub title: String,
    /// Width and height in pixels.
    pub size: (i32, i32),
    pub(super) shapes: Vec<SheetShape>,
}

/// Size of the title, and of the lines at the bottom with the step from one to the next, in pixels.
const TITLE: i32 = 17;
const FOOTER: i32 = 11;
const FOOTER_LINE: i32 = 15;
/// Between a sheet's edge and what is on it, in pixels.
pub const MARGIN: i32 = 16;

/// The middle of the subtitle and of the first line of a legend, in pixels.
const SUBTITLE: i32 = 46;
pub const LEGEND: i32 = 72;

/// From one line under a legend to the next, in pixels.
const NOTE: i32 = 16;

/// Where the lines under a legend end whose middle is at `y`, in pixels.
pub fn below_notes(lines: &[String], y: i32) -> i32 {
    y + 22 + i32::try_from(lines.len()).expect("a few lines") * NOTE
}

/// Width of a text in pixels, rounded up.
pub fn width_of(words: &str, size: i32) -> i32 {
    font::text_width(words, size, false) / GRID + 1
}

/// Width of a heavy text in pixels, rounded up.
pub fn bold_width_of(words: &str, size: i32) -> i32 {
    font::text_width(words, size, true) / GRID + 1
}

/// The text cut to a width in pixels, with an ellipsis where something is missing.
pub fn cut_to_width(words: &str, how: TextStyle, width: i32) -> String {
    // Cleaned before it is measured, as it is before it is drawn.
    let words = clean_foreign_text(words);
    if how.width_in_tenths(&words) <= width * GRID {
        return words.into_owned();
    }
    let chars: Vec<char> = words.chars().collect();
    // More is wider, so that the most that fits is found by halving: names may be very long.
    let (mut fitting, mut wide) = (0, chars.len());
    while wide - fitting > 1 {
        let middle = usize::midpoint(fitting, wide);
        if how.width_in_tenths(&with_ellipsis(&chars[..middle])) <= width * GRID {
            fitting = middle;
        } else {
            wide = middle;
        }
    }
    with_ellipsis(&chars[..fitting])
}

/// The start of a text whose end is cut off.
fn with_ellipsis(start: &[char]) -> String {
    let start: String = start.iter().collect();
    format!("{}\u{2026}", start.trim_end())
}

/// Text broken between words so that each line fits a width in pixels.
pub fn break_lines(words: &str, size: i32, width: i32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in clean_foreign_text(words).split_whitespace() {
        let longer = format!("{current} {word}");
        if !current.is_empty() && width_of(&longer, size) > width {
            // One word alone may be wider than a line.
            lines.push(cut_to_width(
                &std::mem::replace(&mut current, word.to_owned()),
                body_text(size),
                width,
            ));
        } else {
            longer.trim_start().clone_into(&mut current);
        }
    }
    lines.push(cut_to_width(&current, body_text(size), width));
    lines
}

/// The frame of a sheet before its height is known: the title above, the footer below.
#[derive(Clone)]
pub struct SheetFrame {
    title: String,
    subtitle: String,
    width: i32,
    footer: Vec<String>,
}

impl SheetFrame {
    /// A frame of a width in pixels.
    pub fn new(title: &str, footer: &[String], width: i32) -> Self {
        Self {
            title: clean_foreign_text(title).into_owned(),
            subtitle: String::new(),
            width,
            footer: footer
                .iter()
                .flat_map(|line| break_lines(line, FOOTER, width - 2 * MARGIN))
                .collect(),
        }
    }

    /// The frame with a line under its title that says what is drawn.
    pub fn with_subtitle(self, words: &str) -> Self {
        Self { subtitle: clean_foreign_text(words).into_owned(), ..self }
    }

    /// The sheet whose contents, title included, end at `bottom`, in pixels.
    pub fn into_sheet(self, bottom: i32) -> Sheet {
        let lines = i32::try_from(self.footer.len()).expect("a few lines");
        let height = bottom + 14 + lines * FOOTER_LINE;
        let mut sheet = Sheet { title: self.title, size: (self.width, height), shapes: Vec::new() };
        let how = body_text(TITLE).in_bold();
        // The picture's own name stays whole; what is drawn of it is cut to the sheet.
        let title = cut_to_width(&sheet.title, how, self.width - 2 * MARGIN);
        sheet.add_text(&title, (MARGIN * GRID, 24 * GRID), how);
        if !self.subtitle.is_empty() {
            let how = body_text(12).with_hue(Hue::Grey);
            let words = cut_to_width(&self.subtitle, how, self.width - 2 * MARGIN);
            sheet.add_text(&words, (MARGIN * GRID, SUBTITLE * GRID), how);
        }
        // From the bottom up, so that the last line stands at the edge however many there are.
        for (line, up) in self.footer.iter().rev().zip(1..) {
            let y = height - up * FOOTER_LINE;
            sheet.add_text(line, (MARGIN * GRID, y * GRID), body_text(FOOTER).with_hue(Hue::Grey));
        }
        sheet
    }
}

/// How much of a veil is seen, percent.
pub const VEIL: u8 = 35;

/// How an entry of a legend is marked.
#[derive(Clone, Copy, Debug)]
pub enum LegendMark {
    /// A box.
    Box,
    /// A box that lets through what lies under it, as bars of [`VEIL`] do.
    Veil,
    /// A line of a width in tenths of a pixel.
    Line(u32),
    /// A dot of a radius in tenths of a pixel.
    Dot(u32),
    /// An upright line of a width in tenths of a pixel.
    Tick(u32),
    /// A triangle that stands on its tip.
    Wedge,
}

/// Moves the lowest and the highest point of a pixel to those that are kept, from left to right.
fn move_extremes(pixel: &mut Vec<SheetPoint>, kept: &mut Vec<SheetPoint>) {
    let lowest = pixel.iter().min_by_key(|at| at.1).copied();
    let highest = pixel.iter().max_by_key(|at| at.1).copied();
    let mut extremes: Vec<SheetPoint> = lowest.into_iter().chain(highest).collect();
    extremes.sort_unstable_by_key(|at| at.0);
    extremes.dedup();
    kept.append(&mut extremes);
    pixel.clear();
}

/// Points from left to right without those between the lowest and the highest of their pixel; the
/// very first and last one stay.
fn thin_points(points: impl IntoIterator<Item = SheetPoint>) -> Vec<SheetPoint> {
    let (mut kept, mut pixel) = (Vec::new(), Vec::<SheetPoint>::new());
    let mut last = None;
    for at in points {
        if pixel.last().is_some_and(|before| before.0 / GRID != at.0 / GRID) {
            // A new pixel begins: of the one before, only what sticks out would be seen.
            move_extremes(&mut pixel, &mut kept);
        }
        pixel.push(at);
        if last.is_none() {
            // The very first point goes at once, so that no other of its pixel replaces it.
            move_extremes(&mut pixel, &mut kept);
        }
        last = Some(at);
    }
    move_extremes(&mut pixel, &mut kept);
    // The last point may lie between the extremes of its pixel, and yet ends the line.
    if kept.last() != last.as_ref() {
        kept.extend(last);
    }
    kept
}

impl Sheet {
    /// Words whose middle line is at `y`.
    pub fn add_text(&mut self, words: &str, at: SheetPoint, how: TextStyle) {
        let words = clean_foreign_text(words).into_owned();
        self.shapes.push(SheetShape::Text { words, at, how });
    }

    /// A filled box; sides in any order.
    pub fn add_bar(&mut self, x: (i32, i32), y: (i32, i32), hue: Hue) {
        self.add_translucent_bar(x, y, hue, 100);
    }

    /// A box that lets through what lies under it.
    pub fn add_translucent_bar(&mut self, x: (i32, i32), y: (i32, i32), hue: Hue, opacity: u8) {
        // Ends may come in any order (a saving may be negative); renderers want the upper left
        // corner first.
        let corners = [(x.0.min(x.1), y.0.min(y.1)), (x.0.max(x.1), y.0.max(y.1))];
        self.shapes.push(SheetShape::Bar { corners, hue, opacity });
    }

    /// A line through points, its width in tenths of a pixel.
    pub fn add_line(&mut self, points: Vec<SheetPoint>, width: u32, hue: Hue) {
        self.shapes.push(SheetShape::Line { points, width, hue });
    }

    /// A filled area.
    pub fn add_area(&mut self, points: Vec<SheetPoint>, hue: Hue, opacity: u8) {
        self.shapes.push(SheetShape::Area { points, hue, opacity });
    }

    /// A filled circle.
    pub fn add_dot(&mut self, at: SheetPoint, radius: u32, hue: Hue) {
        self.shapes.push(SheetShape::Dot { at, radius, hue });
    }

    /// A filled triangle that stands on its tip.
    pub fn add_wedge(&mut self, (x, y): SheetPoint, hue: Hue) {
        self.add_area(vec![(x, y), (x - 46, y - 80), (x + 46, y - 80)], hue, 100);
    }

    /// A line through points, thinned to the lowest and the highest point of each pixel from left
    /// to right: what is left out would not be seen.
    pub fn add_thinned_line(
        &mut self,
        points: impl IntoIterator<Item = SheetPoint>,
        width: u32,
        hue: Hue,
    ) {
        self.add_line(thin_points(points), width, hue);
    }

    /// Entries side by side from `x`, their middle at `y`, both in pixels, onto further lines of 20
    /// pixels where the sheet ends; the lines that it took.
    pub fn add_legend(
        &mut self,
        (from, y): (i32, i32),
        entries: &[(LegendMark, Hue, &str)],
    ) -> i32 {
        let (mut x, mut line) = (from, 0);
        for (mark, hue, words) in entries {
            // A line needs more room than a box or a dot, or its width could not be told.
            let sign = if matches!(mark, LegendMark::Line(_)) { 22 } else { 12 };
            let width = sign + 6 + width_of(words, 12);
            // The first entry of a line stays on it even if it is too wide.
            if x > from && x + width > self.size.0 - MARGIN {
                (x, line) = (from, line + 1);
            }
            let y = (y + 20 * line) * GRID;
            let span = (x * GRID, (x + sign) * GRID);
            match *mark {
                LegendMark::Box => self.add_bar(span, (y - 6 * GRID, y + 6 * GRID), *hue),
                LegendMark::Veil => {
                    self.add_translucent_bar(span, (y - 6 * GRID, y + 6 * GRID), *hue, VEIL);
                }
                LegendMark::Line(width) => {
                    self.add_line(vec![(span.0, y), (span.1, y)], width, *hue);
                }
                LegendMark::Dot(radius) => {
                    self.add_dot((i32::midpoint(span.0, span.1), y), radius, *hue);
                }
                LegendMark::Tick(width) => {
                    let x = i32::midpoint(span.0, span.1);
                    self.add_line(vec![(x, y - 7 * GRID), (x, y + 7 * GRID)], width, *hue);
                }
                LegendMark::Wedge => self.add_wedge((i32::midpoint(span.0, span.1), y + 40), *hue),
            }
            self.add_text(words, ((x + sign + 6) * GRID, y), body_text(12));
            x += width + 18;
        }
        line + 1
    }

    /// Lines of grey words under a legend whose middle is at `y`, in pixels.
    pub fn add_notes(&mut self, lines: &[String], y: i32) {
        for (line, down) in lines.iter().zip(0..) {
            let y = y + 22 + NOTE * down;
            self.add_text(line, (MARGIN * GRID, y * GRID), body_text(12).with_hue(Hue::Grey));
        }
    }

    /// Complaints about texts that overlap or leave the sheet.
    #[cfg(test)]
    pub fn layout_flaws(&self) -> Vec<String> {
        let mut boxes: Vec<(&str, [SheetPoint; 2])> = Vec::new();
        let mut flaws = Vec::new();
        for shape in &self.shapes {
            let SheetShape::Text { words, at, how } = shape else { continue };
            let width = font::text_width(words, how.size, how.bold);
            let left = how.left_edge(at.0, width);
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
    pub fn all_texts(&self) -> Vec<&str> {
        let words = self.shapes.iter().filter_map(|shape| match shape {
            SheetShape::Text { words, .. } => Some(words.as_str()),
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
        let how = body_text(12);
        assert_eq!(cut_to_width("short", how, 100), "short");
        let cut = cut_to_width("a rather long name for a step", how, 60);
        assert!(cut.ends_with('\u{2026}') && width_of(&cut, 12) <= 61, "{cut}");
        assert_eq!(cut, "a rathe\u{2026}");
        assert_eq!(cut_to_width("wide", how, 0), "\u{2026}");
        assert_eq!(cut_to_width(&"i".repeat(1_000_000), how, 30), "iiiii\u{2026}");
    }

    #[test]
    fn overlaps_and_what_leaves_the_sheet_are_seen() {
        let sheet = || SheetFrame::new("t", &[], 300).into_sheet(200);
        let mut fine = sheet();
        fine.add_text("one", (100, 1_000), body_text(12));
        fine.add_text("two", (100, 1_150), body_text(12));
        assert_eq!(fine.layout_flaws(), Vec::<String>::new());
        let mut over = sheet();
        over.add_text("one", (100, 1_000), body_text(12));
        over.add_text("two", (150, 1_050), body_text(12));
        assert_eq!(over.layout_flaws().len(), 1);
        let mut out = sheet();
        out.add_text("a long text", (2_900, 1_000), body_text(12));
        assert_eq!(out.layout_flaws().len(), 1);
    }

    #[test]
    fn thinned_lines_keep_their_ends_and_extremes() {
        let few = [(0, 5), (20, 3), (40, 9)];
        assert_eq!(thin_points(few), few);
        assert_eq!(thin_points([]), []);
        assert_eq!(thin_points([(3, 4)]), [(3, 4)]);
        let many = (0..10_000).map(|at| (at / 100, if at == 5_550 { 900 } else { at % 7 }));
        let kept = thin_points(many);
        assert!(kept.len() <= 22 && kept.contains(&(55, 900)), "{kept:?}");
        assert_eq!((kept[0], kept[kept.len() - 1]), ((0, 0), (99, 9_999 % 7)));
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        let lines = break_lines("one two three four five six seven", 11, 80);
        assert!(lines.len() > 1 && lines.iter().all(|line| width_of(line, 11) <= 81), "{lines:?}");
        let lines = break_lines(&format!("a {} b", "wide".repeat(99)), 11, 80);
        assert!(lines.len() == 3 && lines.iter().all(|line| width_of(line, 11) <= 81), "{lines:?}");
    }
}
