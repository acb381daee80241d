//! A sheet as PNG, at twice its size for sharp screens and print.
//!
//! Shapes are drawn three times as large again and averaged down: the backend's lines have no even
//! width otherwise. Text is set at the final size, where the font's own outlines are sharpest.

use super::font;
use super::sheet::{GRID, Sheet, SheetPoint, SheetShape};
use super::theme::{Hue, Theme};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, Circle, DrawingArea, IntoDrawingArea, PathElement, Polygon, Rectangle,
    ShapeStyle,
};
use plotters::style::{Color, RGBColor};
use std::cell::RefCell;

/// Pixels of the file for one of the sheet.
const SCALE: i32 = 2;
/// Drawn pixels for one of the file.
const OVERSAMPLING: i32 = 3;

/// The file.
pub fn paint_png(sheet: &Sheet, theme: Theme) -> Vec<u8> {
    let (width, height) = (sheet.size.0 * SCALE, sheet.size.1 * SCALE);
    let mut pixels = paint_shapes(sheet, theme);
    for shape in &sheet.shapes {
        paint_text(&mut pixels, (width, height), shape, theme);
    }
    encode_png(&pixels, (width.unsigned_abs(), height.unsigned_abs()))
}

/// Everything but text, three bytes a pixel, row by row.
fn paint_shapes(sheet: &Sheet, theme: Theme) -> Vec<u8> {
    let large = (sheet.size.0 * SCALE * OVERSAMPLING, sheet.size.1 * SCALE * OVERSAMPLING);
    let size = (large.0.unsigned_abs(), large.1.unsigned_abs());
    DRAWN.with_borrow_mut(|pixels| {
        pixels.resize(size.0 as usize * size.1 as usize * 3, 0);
        // The area borrows the pixels, and has to be gone before they are read.
        {
            let area = BitMapBackend::with_buffer(pixels, size).into_drawing_area();
            area.fill(&Hue::Paper.in_theme(theme)).expect("a buffer takes all shapes");
            for shape in &sheet.shapes {
                draw_shape(&area, shape, theme);
            }
            area.present().expect("a buffer can be closed");
        }
        average_down(pixels, size.0 as usize)
    })
}

thread_local! {
    /// Drawn pixels: a hundred megabytes, which one picture after the other paints over.
    static DRAWN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

type PngArea<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// Tenths of a pixel of the sheet in pixels that are drawn.
fn to_drawn_pixels(tenths: i32) -> i32 {
    tenths * SCALE * OVERSAMPLING / GRID
}

fn to_drawn_point((x, y): SheetPoint) -> (i32, i32) {
    (to_drawn_pixels(x), to_drawn_pixels(y))
}

fn draw_shape(area: &PngArea<'_>, shape: &SheetShape, theme: Theme) {
    match shape {
        SheetShape::Text { .. } => Ok(()),
        SheetShape::Bar { corners, hue, opacity } => {
            // The backend counts the last pixel in.
            let [upper_left, (x, y)] = corners.map(to_drawn_point);
            let fill = hue.tinted(theme, *opacity).filled();
            area.draw(&Rectangle::new([upper_left, (x - 1, y - 1)], fill))
        }
        SheetShape::Line { points, width, hue } => {
            let points: Vec<_> = points.iter().copied().map(to_drawn_point).collect();
            return draw_line(area, &points, *width, hue.in_theme(theme));
        }
        SheetShape::Area { points, hue, opacity } => {
            let points: Vec<_> = points.iter().copied().map(to_drawn_point).collect();
            area.draw(&Polygon::new(points, hue.tinted(theme, *opacity).filled()))
        }
        SheetShape::Dot { at, radius, hue } => {
            let radius = to_drawn_pixels(radius.cast_signed()).unsigned_abs();
            area.draw(&Circle::new(to_drawn_point(*at), radius, hue.in_theme(theme).filled()))
        }
    }
    .expect("a buffer takes all shapes");
}

/// A line, stretch by stretch with round joints: mitres of the backend shoot out at sharp turns.
fn draw_line(area: &PngArea<'_>, points: &[(i32, i32)], width: u32, colour: RGBColor) {
    let wide = to_drawn_pixels(width.cast_signed()).max(1);
    let half = wide / 2;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        // An upright or level stretch is a box of exactly its width; slanted ones are left to the
        // backend, whose levels of coverage the averaging evens out.
        let drawn = if x0 == x1 || y0 == y1 {
            let low = (x0.min(x1) - half, y0.min(y1) - half);
            let reach = wide - half - 1;
            let high = (x0.max(x1) + reach, y0.max(y1) + reach);
            area.draw(&Rectangle::new([low, high], colour.filled()))
        } else {
            let style = ShapeStyle {
                color: colour.to_rgba(),
                filled: false,
                stroke_width: wide.unsigned_abs(),
            };
            area.draw(&PathElement::new(vec![pair[0], pair[1]], style))
        };
        drawn.expect("a buffer takes all shapes");
    }
    // Only inner points: a joint at an end would make the line longer than its data.
    for joint in points.iter().skip(1).take(points.len().saturating_sub(2)) {
        let dot = Circle::new(*joint, half.unsigned_abs(), colour.filled());
        area.draw(&dot).expect("a buffer takes all shapes");
    }
}

/// Each square of drawn pixels as one pixel of their mean colour.
fn average_down(pixels: &[u8], width: usize) -> Vec<u8> {
    let finer = OVERSAMPLING.unsigned_abs() as usize;
    let bands = pixels.chunks_exact(width * 3 * finer);
    let mut small = Vec::with_capacity(pixels.len() / (finer * finer));
    let mut sums = vec![0_u32; width / finer * 3];
    for band in bands {
        sums.fill(0);
        for row in band.chunks_exact(width * 3) {
            for (sums, square) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * finer)) {
                for pixel in square.chunks_exact(3) {
                    for (sum, part) in sums.iter_mut().zip(pixel) {
                        *sum += u32::from(*part);
                    }
                }
            }
        }
        let count = (finer * finer) as u32;
        // Half of the count is added, so that a mean is rounded and not cut.
        small.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
    small
}

/// Text on top of the pixels.
fn paint_text(pixels: &mut [u8], (width, height): (i32, i32), shape: &SheetShape, theme: Theme) {
    let SheetShape::Text { words, at, how } = shape else { return };
    let wide = font::text_width(words, how.size, how.bold);
    let left = how.left_edge(at.0, wide);
    let place = [left, at.1].map(|tenths| (tenths * SCALE) as f32 / GRID as f32);
    let RGBColor(red, green, blue) = how.hue.in_theme(theme);
    let size = (how.size * SCALE) as f32;
    font::set_text(words, (size, how.bold), place.into(), |x, y, cover| {
        // Outlines may reach beyond the sheet.
        if !(0..width).contains(&x) || !(0..height).contains(&y) {
            return;
        }
        let at = ((y * width + x) * 3) as usize;
        // Mixed in integers of 1/256, so that no machine rounds a pixel otherwise.
        let cover = (cover.clamp(0.0, 1.0) * 256.0) as u32;
        for (under, ink) in pixels[at..at + 3].iter_mut().zip([red, green, blue]) {
            let mixed = u32::from(*under) * (256 - cover) + u32::from(ink) * cover;
            *under = ((mixed + 128) / 256) as u8;
        }
    });
}

fn encode_png(pixels: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Level areas need no filter: as small as with the best of each, in an eighth of the time.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_deflate_compression(png::DeflateCompression::Level(4));
    // By this word the file is known again, and may be replaced.
    let marked = encoder.add_text_chunk("Software".to_owned(), "windtunnel".to_owned());
    let writer = marked.and_then(|()| encoder.write_header());
    let written = writer.and_then(|mut writer| writer.write_image_data(pixels));
    written.expect("a buffer takes an image of its size");
    file
}
