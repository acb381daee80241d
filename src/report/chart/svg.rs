//! A sheet as SVG. Coordinates in the backend are whole numbers, so that everything is drawn on a
//! grid ten times as fine and shrunk by the `viewBox`.

use super::font::FAMILY;
use super::sheet::{GRID, Sheet, SheetShape};
use super::theme::{Hue, Theme};
use plotters::prelude::{
    Circle, IntoDrawingArea, IntoFont, PathElement, Polygon, Rectangle, SVGBackend, ShapeStyle,
};
use plotters::style::text_anchor::{Pos, VPos};
use plotters::style::{Color, FontStyle};

/// The backend writes font sizes divided by this.
const FONT_SCALE: f64 = 1.24;

/// The file.
pub fn paint_svg(sheet: &Sheet, theme: Theme) -> Vec<u8> {
    let fine = ((sheet.size.0 * GRID).unsigned_abs(), (sheet.size.1 * GRID).unsigned_abs());
    let mut svg = String::new();
    // The area borrows the text, and has to be gone before it is read.
    {
        let area = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
        area.fill(&Hue::Paper.in_theme(theme)).expect("a buffer takes all shapes");
        for shape in &sheet.shapes {
            draw_shape(&area, shape, theme);
        }
        area.present().expect("a buffer can be closed");
    }
    finish_svg(svg, sheet, fine)
}

type SvgArea<'a> = plotters::prelude::DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw_shape(area: &SvgArea<'_>, shape: &SheetShape, theme: Theme) {
    let drawn = match shape {
        SheetShape::Bar { corners, hue, opacity } => {
            area.draw(&Rectangle::new(*corners, hue.tinted(theme, *opacity).filled()))
        }
        SheetShape::Line { points, width, hue } => {
            let color = hue.in_theme(theme).to_rgba();
            let style = ShapeStyle { color, filled: false, stroke_width: *width };
            area.draw(&PathElement::new(points.clone(), style))
        }
        SheetShape::Area { points, hue, opacity } => {
            area.draw(&Polygon::new(points.clone(), hue.tinted(theme, *opacity).filled()))
        }
        SheetShape::Dot { at, radius, hue } => {
            area.draw(&Circle::new(*at, *radius, hue.in_theme(theme).filled()))
        }
        SheetShape::Text { words, at, how } => {
            // The backend divides by the same number: what is left is the size on the fine grid.
            let size = f64::from(how.size * GRID) * FONT_SCALE;
            let weight = if how.bold { FontStyle::Bold } else { FontStyle::Normal };
            let font = (FAMILY, size, weight).into_font().color(&how.hue.in_theme(theme));
            area.draw_text(words, &font.pos(Pos::new(how.anchor, VPos::Center)), *at)
        }
    };
    drawn.expect("a buffer takes all shapes");
}

/// The backend's file at its real size and with its title.
fn finish_svg(mut svg: String, sheet: &Sheet, fine: (u32, u32)) -> Vec<u8> {
    // Sizes come out of the backend with the dust of that division.
    for size in (8..=24).map(|size| size * GRID) {
        let dusty = format!("font-size=\"{}\"", f64::from(size) * FONT_SCALE / FONT_SCALE);
        svg = svg.replace(&dusty, &format!("font-size=\"{size}\""));
    }
    // The ampersand first, or those of the other two would be escaped again.
    let title = sheet.title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let fine_size = format!("width=\"{}\" height=\"{}\"", fine.0, fine.1);
    let (width, height) = sheet.size;
    let real_size = format!("width=\"{width}\" height=\"{height}\" role=\"img\"");
    let head = svg.find('>').expect("an opening tag") + 1;
    let opening = svg[..head].replacen(&fine_size, &real_size, 1);
    let mut file = format!("{opening}\n<title>{title}</title>{}", &svg[head..]);
    if !file.ends_with('\n') {
        file.push('\n');
    }
    file.into_bytes()
}
