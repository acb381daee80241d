//! A sheet to draw on: text, bars and lines at tenths of a pixel.

use super::super::format::clean;
use plotters::coord::Shift;
use plotters::prelude::{
    DrawingArea, IntoDrawingArea, IntoFont, PathElement, RGBColor, Rectangle, SVGBackend,
    ShapeStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle};

/// Steps of the fine grid in one pixel.
pub const GRID: i32 = 10;

/// Colours of Okabe and Ito, "Color Universal Design", 2008.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
pub const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub const VERMILLION: RGBColor = RGBColor(213, 94, 0);
pub const INK: RGBColor = RGBColor(34, 34, 34);
pub const GREY: RGBColor = RGBColor(110, 110, 110);
pub const RULE: RGBColor = RGBColor(220, 220, 220);

/// The backend writes font sizes divided by this.
const FONT_SCALE: f64 = 1.24;

/// How a piece of text is set.
#[derive(Clone, Copy)]
pub struct Type {
    /// Height in pixels.
    pub size: i32,
    pub colour: RGBColor,
    pub bold: bool,
    pub anchor: HPos,
}

/// Text of `size` pixels in ink, flush left.
pub const fn body(size: i32) -> Type {
    Type { size, colour: INK, bold: false, anchor: HPos::Left }
}

impl Type {
    pub const fn colour(self, colour: RGBColor) -> Self {
        Self { colour, ..self }
    }
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
    pub const fn anchor(self, anchor: HPos) -> Self {
        Self { anchor, ..self }
    }
}

/// Width of a text in pixels, on the generous side: no font is at hand to measure with.
pub fn width_of(words: &str, size: i32) -> i32 {
    let count = i32::try_from(words.chars().count()).unwrap_or(i32::MAX / 100);
    count * size * 54 / 100
}

/// The text cut to a width in pixels, with an ellipsis where something is missing.
pub fn fitted(words: &str, size: i32, width: i32) -> String {
    let words = clean(words);
    if width_of(&words, size) <= width {
        return words.into_owned();
    }
    let most = usize::try_from((width * 100 / (size * 54) - 1).max(1)).unwrap_or(1);
    let kept: String = words.chars().take(most).collect();
    format!("{}\u{2026}", kept.trim_end())
}

/// The lines at the bottom of a chart, broken between words so that each fits a width in pixels.
pub fn footer(lines: &[String], width: i32) -> Vec<String> {
    let mut broken: Vec<String> = Vec::new();
    for line in lines {
        let mut current = String::new();
        for word in clean(line).split_whitespace() {
            let longer = format!("{current} {word}");
            if !current.is_empty() && width_of(&longer, FOOTER) > width {
                broken.push(std::mem::replace(&mut current, word.to_owned()));
            } else {
                longer.trim_start().clone_into(&mut current);
            }
        }
        broken.push(current);
    }
    broken
}

/// Size of the lines at the bottom, and from one to the next, in pixels.
const FOOTER: i32 = 11;
pub const FOOTER_LINE: i32 = 15;

/// The sheet.
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Canvas<'_> {
    /// Words whose middle line is at `y`.
    pub fn text(&self, words: &str, (x, y): (i32, i32), how: Type) {
        let size = f64::from(how.size * GRID) * FONT_SCALE;
        let weight = if how.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = ("sans-serif", size, weight).into_font().color(&how.colour);
        let style = font.pos(Pos::new(how.anchor, VPos::Center));
        self.area.draw_text(&clean(words), &style, (x, y)).expect("a buffer takes all text");
    }

    /// The title and, up from the bottom edge, the lines of the footer.
    pub fn frame(&self, title: &str, footer: &[String], (width, height): (i32, i32)) {
        let title = fitted(title, 17, width - 32);
        self.text(&title, (16 * GRID, 24 * GRID), body(17).bold());
        for (line, up) in footer.iter().rev().zip(1..) {
            let y = height - up * FOOTER_LINE;
            self.text(line, (16 * GRID, y * GRID), body(FOOTER).colour(GREY));
        }
    }

    /// A filled box; sides in any order.
    pub fn bar(&self, x: (i32, i32), y: (i32, i32), colour: RGBColor, opacity: f64) {
        let corners = [(x.0.min(x.1), y.0.min(y.1)), (x.0.max(x.1), y.0.max(y.1))];
        self.put(&Rectangle::new(corners, colour.mix(opacity).filled()));
    }

    /// A line through points, its width in tenths of a pixel.
    pub fn line(&self, points: Vec<(i32, i32)>, width: u32, colour: RGBColor) {
        let style = ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width };
        self.put(&PathElement::new(points, style));
    }

    fn put<'b, E>(&self, element: &'b E)
    where
        &'b E: plotters::element::PointCollection<'b, (i32, i32)>,
        E: for<'c> plotters::element::Drawable<SVGBackend<'c>>,
    {
        self.area.draw(element).expect("a buffer takes all shapes");
    }
}

/// Draws on a white sheet of `size` pixels and returns the file.
pub fn draw(title: &str, size: (i32, i32), paint: impl FnOnce(&Canvas<'_>)) -> Vec<u8> {
    let fine =
        (size.0.unsigned_abs() * GRID.unsigned_abs(), size.1.unsigned_abs() * GRID.unsigned_abs());
    let mut svg = String::new();
    {
        let canvas = Canvas { area: SVGBackend::with_string(&mut svg, fine).into_drawing_area() };
        canvas.bar((0, size.0 * GRID), (0, size.1 * GRID), RGBColor(255, 255, 255), 1.0);
        paint(&canvas);
        canvas.area.present().expect("a buffer can be closed");
    }
    // Sizes come out of the backend with the dust of that division.
    for size in (8..=24).map(|size| size * GRID) {
        let dusty = format!("font-size=\"{}\"", f64::from(size) * FONT_SCALE / FONT_SCALE);
        svg = svg.replace(&dusty, &format!("font-size=\"{size}\""));
    }
    let title = clean(title).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fine_size = format!("width=\"{}\" height=\"{}\"", fine.0, fine.1);
    let real_size = format!("width=\"{}\" height=\"{}\" role=\"img\"", size.0, size.1);
    let head = svg.find('>').expect("an opening tag") + 1;
    let opening = svg[..head].replacen(&fine_size, &real_size, 1);
    let mut file = format!("{opening}\n<title>{title}</title>{}", &svg[head..]);
    if !file.ends_with('\n') {
        file.push('\n');
    }
    file.into_bytes()
}
