//! Colours: what a chart means by them, and how they look on a light and on a dark sheet.

use plotters::style::{Color as _, RGBAColor, RGBColor};

/// What a sheet is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on white.
    #[default]
    Light,
    /// Light ink on a dark sheet.
    Dark,
}

/// All themes.
pub const THEMES: [Theme; 2] = [Theme::Light, Theme::Dark];

crate::kinds::named_values! {
    /// A colour by its name; a theme says how it looks. The colours are those of Okabe and Ito,
    /// "Color Universal Design", 2008, which stay apart for colour-blind readers; the dark theme
    /// lightens those that would sink into the sheet.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Hue {
        /// The sheet itself.
        Paper = "paper",
        /// Text.
        Ink = "ink",
        /// Text and lines of less weight.
        Grey = "grey",
        /// Lines of a grid.
        Rule = "rule",
        /// Totals; what is left after the toggles.
        Blue = "blue",
        /// Savings.
        Green = "green",
        /// Claims.
        Orange = "orange",
        /// Costs; what was before the toggles.
        Vermillion = "vermillion",
        /// A further colour.
        Sky = "sky",
        /// A further colour.
        Purple = "purple",
        /// A further colour.
        Yellow = "yellow",
    }
}

impl Hue {
    /// The colour in a theme, so opaque in percent.
    pub(super) fn tinted(self, theme: Theme, opacity: u8) -> RGBAColor {
        self.in_theme(theme).mix(f64::from(opacity) / 100.0)
    }

    /// The colour in a theme.
    pub(super) fn in_theme(self, theme: Theme) -> RGBColor {
        let (light, dark) = match self {
            Self::Paper => (0xff_ffff, 0x16_1b22),
            Self::Ink => (0x22_2222, 0xe6_e8eb),
            Self::Grey => (0x6a_6a6a, 0xa3_a9b2),
            Self::Rule => (0xdc_dcdc, 0x33_3a43),
            Self::Blue => (0x00_72b2, 0x4a_a8e0),
            Self::Green => (0x00_9e73, 0x1f_b88c),
            Self::Orange => (0xe6_9f00, 0xe6_9f00),
            Self::Vermillion => (0xd5_5e00, 0xf0_7a2a),
            Self::Sky => (0x56_b4e9, 0x8a_cdf2),
            Self::Purple => (0xcc_79a7, 0xd9_92bb),
            Self::Yellow => (0xe3_d400, 0xf0_e442),
        };
        // Written as `0xRRGGBB`, so that the first of the four bytes is empty.
        let [_, red, green, blue] = match theme {
            Theme::Light => u32::to_be_bytes(light),
            Theme::Dark => u32::to_be_bytes(dark),
        };
        RGBColor(red, green, blue)
    }
}

/// The colours of a theme as declarations of CSS variables: `--blue:#0072B2;..`.
#[must_use]
pub fn css_variables(theme: Theme) -> String {
    Hue::NAMED.iter().fold(String::new(), |all, (hue, name)| {
        format!("{all}--{name}:{};", hex_colour(*hue, theme))
    })
}

/// Colours of the light theme in a picture as variables, so that it follows the page around it.
pub(super) fn use_css_variables(mut svg: String) -> String {
    for (hue, name) in Hue::NAMED {
        // With its quotes: only the whole value of an attribute is a colour.
        svg = svg.replace(
            &format!("\"{}\"", hex_colour(hue, Theme::Light)),
            &format!("\"var(--{name})\""),
        );
    }
    svg
}

fn hex_colour(hue: Hue, theme: Theme) -> String {
    let RGBColor(red, green, blue) = hue.in_theme(theme);
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours as WCAG 2.1 defines it.
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let light =
            |c: RGBColor| 0.2126 * linear(c.0) + 0.7152 * linear(c.1) + 0.0722 * linear(c.2) + 0.05;
        let (a, b) = (light(a), light(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        for theme in THEMES {
            let paper = Hue::Paper.in_theme(theme);
            for (hue, least) in [(Hue::Ink, 7.0), (Hue::Grey, 4.5), (Hue::Blue, 3.0)] {
                let met = contrast(hue.in_theme(theme), paper);
                assert!(met >= least, "{hue:?} on {theme:?}: {met:.2}");
            }
        }
    }
}
