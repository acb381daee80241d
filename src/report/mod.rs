//! From numbers to bytes.
//!
//! A command builds a [`Document`] of [`View`]s once and hands it to a renderer of [`ALL`]. Cells
//! are typed values, [`mod@format`] alone puts them into words, and a renderer adds the markup of
//! its format and nothing else. Machine output does not come from views: commands serialise typed
//! structs through [`json`]. Charts (feature `charts`) are SVG drawn from plain structs.
//!
//! A new output format is one file with a [`Render`] and one line in [`ALL`]. Nothing here prints,
//! reads or writes: the bytes go back to the command.

#[cfg(feature = "charts")]
pub mod chart;
pub mod columns;
pub mod csv;
pub mod document;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
#[cfg(feature = "charts")]
pub mod page;
#[cfg(feature = "tables")]
pub mod parquet;
pub mod show;
pub mod table;
pub mod view;

pub use document::{Document, Item, Section, Text, Weight};
pub use view::{Cell, Column, Tone, Value, View};

/// How output is to look. Computed once in the street, never guessed here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether escape sequences for colour and weight may be used.
    pub colour: bool,
    /// Columns of the terminal; `None` leaves tables as wide as they need to be.
    pub width: Option<u16>,
    /// All digits everywhere rather than `22.8 M`.
    pub exact: bool,
}

impl Style {
    /// The style of an output: colours on a terminal only, and not where `NO_COLOR` is set to
    /// anything but the empty string (<https://no-color.org>, read 2026-11-20).
    #[must_use]
    pub fn choose(is_terminal: bool, no_color: Option<&str>) -> Self {
        let refused = no_color.is_some_and(|value| !value.is_empty());
        Self { colour: is_terminal && !refused, ..Self::default() }
    }
}

/// One output format.
pub trait Render: Sync {
    /// Its name on the command line.
    fn id(&self) -> &'static str;
    /// The document in this format, ended by a line break.
    fn render(&self, document: &Document, style: Style) -> Vec<u8>;
}

/// All formats; the first is the default.
pub const ALL: [&dyn Render; 3] = [&table::Table, &markdown::Markdown, &csv::Csv];

/// The format of that name.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Render> {
    ALL.into_iter().find(|render| render.id() == id)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A document with one of everything, and text that tries to break out of every format.
    pub(crate) fn sample() -> Document {
        let columns = vec![
            Column::text("Step"),
            Column::tokens("Read"),
            Column::tokens("Claimed").ranged().signed(),
            Column::share("Share"),
            Column::money("Cost"),
            Column::duration("Time"),
        ];
        let mut view = View::new("Steps", columns);
        view.row(vec![
            Cell::text("impl|ement \u{1b}[31m`x`"),
            Cell::tokens(9_500_000),
            Cell::range(Value::Tokens(5_000_000), Value::Tokens(6_000_000)).tone(Tone::Good),
            Cell::share(4_168),
            Cell::money(crate::units::PicoUsd(4_750_000_000_000)),
            Cell::duration(1_375_000),
        ]);
        view.row(vec![
            Cell::text("=assess, \"two\"\nlines"),
            Cell::tokens(8_000_000),
            Cell::missing(),
            Cell::share(3_509),
            Cell::missing(),
            Cell::duration(5_040_000).tone(Tone::Bad),
        ]);
        view.total(vec![
            Cell::text("total"),
            Cell::tokens(17_500_000),
            Cell::tokens(5_000_000),
            Cell::share(7_677),
            Cell::missing(),
            Cell::missing(),
        ]);
        view.footnote("shares are of the 22.8 M read").source("recording 0a1b2c3d");
        let text = Text::new().plain("Reads are ~41 % of *all*, see ").code("R1").plain(".");
        let mut document = Document::new("Order 774");
        document
            .section(
                Section::new("Baseline <by step>")
                    .paragraph(text)
                    .table(view)
                    .bullets(["1. a point", "# another"]),
            )
            .section(Section::new("Pictures").image("waterfall.svg", "what each toggle saves"))
            .source("windtunnel 0.1.0, seed 774");
        document
    }

    #[test]
    fn formats_have_distinct_names_and_end_their_last_line() {
        for (at, render) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.id() != render.id()));
            assert!(std::ptr::addr_eq(find(render.id()).unwrap(), *render));
            let bytes = render.render(&sample(), Style::default());
            assert!(bytes.ends_with(b"\n") && !bytes.ends_with(b"\n\n"), "{}", render.id());
            assert!(!bytes.contains(&0x1b), "{} leaks an escape", render.id());
            assert_eq!(bytes, render.render(&sample(), Style::default()), "{}", render.id());
        }
        assert!(find("html").is_none());
    }

    #[test]
    fn colours_need_a_terminal_that_wants_them() {
        assert!(Style::choose(true, None).colour);
        assert!(Style::choose(true, Some("")).colour);
        assert!(!Style::choose(true, Some("1")).colour);
        assert!(!Style::choose(false, None).colour);
    }
}
