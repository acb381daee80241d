//! The one font of all charts, `DejaVu Sans`, from a crate: it is measured with, and pictures of
//! pixels are set in it. A reader of an SVG without it falls back to Verdana, of the same widths,
//! or to a narrower font.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use std::sync::OnceLock;

/// What an SVG asks for.
pub const FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// Half the height of an `x` in thousandths of the font's size: text is centred on it.
const HALF_EX: f32 = 0.2735;

/// Regular or bold.
fn font_face(bold: bool) -> &'static FontRef<'static> {
    // Parsed once, because every text of every picture is measured with it.
    static FACES: OnceLock<[FontRef<'static>; 2]> = OnceLock::new();
    let faces = FACES.get_or_init(|| {
        [dejavu::sans::regular(), dejavu::sans::bold()]
            .map(|bytes| FontRef::try_from_slice(bytes).expect("the crate's font is a font"))
    });
    &faces[usize::from(bold)]
}

/// Width of a text of `size` pixels in tenths of a pixel, rounded up. Advances are whole units of
/// the font, so that the sum is exact.
pub fn text_width(words: &str, size: i32, bold: bool) -> i32 {
    let face = font_face(bold);
    let units: i64 = words.chars().map(|c| face.h_advance_unscaled(face.glyph_id(c)) as i64).sum();
    let per_em = face.units_per_em().expect("a font has an em") as i64;
    let tenths = (units * i64::from(size) * 10).div_euclid(per_em) + 1;
    // Far from the end of the range, so that a place can still be added.
    i32::try_from(tenths).unwrap_or(i32::MAX / 4)
}

/// Sets a text of `size` pixels whose start is at `x` and whose middle line is at `y`, pixel by
/// pixel with its cover from 0 to 1.
pub fn set_text(
    words: &str,
    (size, bold): (f32, bool),
    (x, y): (f32, f32),
    mut pixel: impl FnMut(i32, i32, f32),
) {
    let face = font_face(bold);
    let per_em = face.units_per_em().expect("a font has an em");
    // The scale is the height of a line of this font, while `size` is that of its em.
    let scale = PxScale::from(size * face.height_unscaled() / per_em);
    let scaled = face.as_scaled(scale);
    // The baseline lies half an `x` below the middle line.
    let baseline = y + HALF_EX * size;
    let mut at = x;
    for c in words.chars() {
        let id = face.glyph_id(c);
        if let Some(outline) =
            face.outline_glyph(id.with_scale_and_position(scale, point(at, baseline)))
        {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, cover| {
                pixel(corner.x as i32 + x as i32, corner.y as i32 + y as i32, cover);
            });
        }
        at += scaled.h_advance(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_follow_the_font() {
        assert_eq!(text_width("", 12, false), 1);
        assert!(text_width("iii", 12, false) < text_width("mmm", 12, false));
        assert!(text_width("total", 12, false) < text_width("total", 12, true));
        // An em of 2,048 units; `m` is 1,995 wide.
        assert_eq!(text_width("m", 2_048, false), 19_951);
    }

    #[test]
    fn a_text_is_set_where_it_is_asked_for() {
        let (mut left, mut right, mut ink) = (i32::MAX, i32::MIN, 0.0);
        set_text("mmm", (20.0, false), (100.0, 50.0), |x, y, cover| {
            if cover > 0.5 {
                assert!((35..=65).contains(&y), "{y}");
                (left, right, ink) = (left.min(x), right.max(x), ink + cover);
            }
        });
        let end = 100 + text_width("mmm", 20, false) / 10;
        assert!((100..105).contains(&left) && (end - 5..=end).contains(&right), "{left} {right}");
        assert!(ink > 100.0);
    }
}
