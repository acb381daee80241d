//! From numbers to bytes.
//!
//! A command builds a [`ReportDocument`] of [`TableView`]s once and hands it to a renderer of
//! [`ALL`]. Cells are typed values, [`mod@format`] alone puts them into words, and a renderer adds
//! the markup of its format and nothing else. What a table holds is declared once, column by
//! column, in [`columns`]: views, JSON ([`json`]), its schema and Parquet walk the same
//! declarations. Charts (feature `charts`) are SVG drawn from plain structs.
//!
//! A new output format is one file with a [`Renderer`] and one line in [`ALL`]. Nothing here
//! prints, reads or writes: the bytes go back to the command.

#[cfg(feature = "fleet")]
pub(crate) mod arrow_rows;
#[cfg(feature = "charts")]
pub(crate) mod chart;
pub mod columns;
pub mod csv;
pub mod document;
pub mod foreign_text;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
#[cfg(feature = "charts")]
pub(crate) mod page;
#[cfg(feature = "tables")]
pub mod parquet;
pub mod show;
pub mod table;
pub mod view;

pub use document::{ReportDocument, RichText, Section, SectionItem, TextWeight};
pub use view::{CellValue, TableCell, TableColumn, TableView, Tone};

/// How output is to look. Computed once in the street, never guessed here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputStyle {
    /// Whether escape sequences for colour and weight may be used.
    pub colour: bool,
    /// Columns of the terminal; `None` leaves tables as wide as they need to be.
    pub width: Option<u16>,
    /// All digits everywhere rather than `22.8 M`.
    pub exact: bool,
}

impl OutputStyle {
    /// The style of an output: colours on a terminal only, and not where `NO_COLOR` is set to
    /// anything but the empty string (<https://no-color.org>, read 2026-11-20).
    #[must_use]
    pub fn for_output(is_terminal: bool, no_color: Option<&str>) -> Self {
        let refused = no_color.is_some_and(|value| !value.is_empty());
        Self { colour: is_terminal && !refused, ..Self::default() }
    }
}

/// One output format.
pub trait Renderer: Sync {
    /// Its name on the command line.
    fn id(&self) -> &'static str;
    /// The document in this format, ended by a line break.
    fn render(&self, document: &ReportDocument, style: OutputStyle) -> Vec<u8>;
}

/// All formats; the first is the default.
pub const ALL: [&dyn Renderer; 3] =
    [&table::TerminalRenderer, &markdown::MarkdownRenderer, &csv::CsvRenderer];

/// The format of that name.
#[must_use]
pub fn find_renderer(id: &str) -> Option<&'static dyn Renderer> {
    ALL.into_iter().find(|render| render.id() == id)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A document with one of everything, and text that tries to break out of every format.
    pub(crate) fn sample() -> ReportDocument {
        let columns = vec![
            TableColumn::text("Step"),
            TableColumn::tokens("Read"),
            TableColumn::tokens("Claimed").with_ranges().with_sign(),
            TableColumn::share("Share"),
            TableColumn::money("Cost"),
            TableColumn::duration("Time"),
        ];
        let mut view = TableView::new("Steps", columns);
        view.add_row(vec![
            TableCell::text("impl|ement \u{1b}[31m`x`"),
            TableCell::tokens(9_500_000),
            TableCell::from_range(CellValue::Tokens(5_000_000), CellValue::Tokens(6_000_000))
                .with_tone(Tone::Good),
            TableCell::share(4_168),
            TableCell::money(crate::units::PicoUsd(4_750_000_000_000)),
            TableCell::duration(1_375_000),
        ]);
        view.add_row(vec![
            TableCell::text("=assess, \"two\"\nlines"),
            TableCell::tokens(8_000_000),
            TableCell::missing(),
            TableCell::share(3_509),
            TableCell::missing(),
            TableCell::duration(5_040_000).with_tone(Tone::Bad),
        ]);
        view.add_total(vec![
            TableCell::text("total"),
            TableCell::tokens(17_500_000),
            TableCell::tokens(5_000_000),
            TableCell::share(7_677),
            TableCell::missing(),
            TableCell::missing(),
        ]);
        view.add_footnote("shares are of the 22.8 M read").add_source("recording 0a1b2c3d");
        let text = RichText::new()
            .with_plain("Reads are ~41 % of *all*, see ")
            .with_code("R1")
            .with_plain(".");
        let mut document = ReportDocument::new("Order 774");
        document
            .add_section(
                Section::new("Baseline <by step>")
                    .with_paragraph(text)
                    .with_table(view)
                    .with_bullets(["1. a point", "# another"]),
            )
            .add_section(
                Section::new("Pictures").with_image("waterfall.svg", "what each toggle saves"),
            );
        document.add_sources(["windtunnel 0.1.0, seed 774"]);
        document
    }

    #[test]
    fn formats_have_distinct_names_and_end_their_last_line() {
        for (at, render) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.id() != render.id()));
            assert!(std::ptr::addr_eq(find_renderer(render.id()).unwrap(), *render));
            let bytes = render.render(&sample(), OutputStyle::default());
            assert!(bytes.ends_with(b"\n") && !bytes.ends_with(b"\n\n"), "{}", render.id());
            assert!(!bytes.contains(&0x1b), "{} leaks an escape", render.id());
            assert_eq!(bytes, render.render(&sample(), OutputStyle::default()), "{}", render.id());
        }
        assert!(find_renderer("html").is_none());
    }

    #[test]
    fn colours_need_a_terminal_that_wants_them() {
        assert!(OutputStyle::for_output(true, None).colour);
        assert!(OutputStyle::for_output(true, Some("")).colour);
        assert!(!OutputStyle::for_output(true, Some("1")).colour);
        assert!(!OutputStyle::for_output(false, None).colour);
    }
}
