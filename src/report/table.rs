//! Terminal text: headings, wrapped paragraphs and aligned tables.
//!
//! Colours and weights are escape sequences put in only where the style asks for them; without
//! them the text is plain and still says everything.

mod columns_that_fit;
mod words;

use super::document::LabelledRemark;
use super::foreign_text::clean_foreign_text;
use super::format::{NumberStyle, column_styles, format_cell};
use super::view::{Alignment, TableLook, TableView, Tone};
use super::{OutputStyle, Renderer, ReportDocument, RichText, SectionItem, TextWeight};
use columns_that_fit::{ShownColumn, column_padding, columns_that_fit};
use words::{shorten_at_end, text_width, wrap_words};

/// The terminal format.
#[derive(Clone, Copy, Debug)]
pub struct TerminalRenderer;

/// Paragraphs are wrapped here where the width of the terminal is not known.
const PROSE_WIDTH: usize = 100;
/// From this width on a row has room for what stands under it on narrower screens.
pub const KNOB_IN_ROW: u16 = 200;
/// The width of the words in front of remarks, with the blank behind.
const LABEL_WIDTH: usize = 7;

/// The widest label that all others are aligned with, e.g. `index.html: `.
const WIDEST_LABEL: usize = 12;

impl Renderer for TerminalRenderer {
    fn id(&self) -> &'static str {
        "table"
    }

    fn render(&self, document: &ReportDocument, style: OutputStyle) -> Vec<u8> {
        let mut blocks = Vec::new();
        if !document.title.is_empty() {
            blocks.push(draw_heading(&document.title, "=", style));
        }
        for section in &document.sections {
            if !section.heading.is_empty() {
                blocks.push(draw_heading(&section.heading, "-", style));
            }
            blocks.extend(section.items.iter().map(|one| item_to_text(one, style)));
        }
        blocks.extend(draw_remarks(&document.provenance, style));
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text.into_bytes()
    }
}

/// A heading over a rule as wide as its widest line.
fn draw_heading(words: &str, rule: &str, style: OutputStyle) -> String {
    let plain = OutputStyle { colour: false, ..style };
    let block = wrap_text(&RichText::new().with_plain(words), "", "", plain);
    let width = block.lines().map(text_width).max().unwrap_or(0);
    let lines = block.lines().map(|line| paint_words(line, BOLD, style));
    let lines = lines.chain([rule.repeat(width)]).collect::<Vec<_>>();
    lines.join("\n")
}

fn item_to_text(item: &SectionItem, style: OutputStyle) -> String {
    match item {
        SectionItem::Paragraph(text) => wrap_text(text, "", "", style),
        SectionItem::Bullets(points) => {
            let lines: Vec<String> =
                points.iter().map(|one| wrap_text(one, "* ", "  ", style)).collect();
            lines.join("\n")
        }
        SectionItem::Table(view) => draw_table(view, style),
        SectionItem::Decision(lines) => draw_decision(lines, style),
        SectionItem::Remarks(remarks) => draw_labelled(remarks, style),
        SectionItem::Image { path, alt } => {
            format!("[{}: {}]", clean_foreign_text(path), clean_foreign_text(alt))
        }
    }
}

/// What to do, its first line stressed.
fn draw_decision(lines: &[RichText], style: OutputStyle) -> String {
    let lines = lines.iter().enumerate().map(|(at, line)| match at {
        0 => wrap_text(&RichText::new().with_strong(line.plain_words()), "", "", style),
        _ => wrap_text(line, "", "", style),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Remarks behind their labels, all in the background, with what they say in one column.
fn draw_labelled(remarks: &[LabelledRemark], style: OutputStyle) -> String {
    let widths = remarks.iter().map(|remark| text_width(remark.label) + 2);
    // A long label moves no other: what it says begins behind it.
    let width = widths.filter(|width| *width <= WIDEST_LABEL).max().unwrap_or(0).max(LABEL_WIDTH);
    let lines = remarks.iter().flat_map(|LabelledRemark { label, text }| {
        let first = format!("{:<width$}", format!("{label}: "));
        let plain = OutputStyle { colour: false, ..style };
        let block = wrap_text(text, &first, &" ".repeat(width), plain);
        block.lines().map(|line| paint_words(line, DIM, style)).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Words packed into lines, the first after `first`, the others after `rest`.
fn wrap_text(text: &RichText, first: &str, rest: &str, style: OutputStyle) -> String {
    // Longer lines are hard to read, however wide the terminal is.
    let width = style.width.map_or(PROSE_WIDTH, usize::from).clamp(20, PROSE_WIDTH);
    let mut lines = vec![first.to_owned()];
    let mut at = text_width(first);
    let mut is_line_start = true;
    for (glued, weight, word) in split_into_words(text) {
        let length = text_width(&word);
        // A stretch may end inside a word: what is glued to it must not move to the next line.
        if !is_line_start && !glued {
            if at + 1 + length > width {
                lines.push(rest.to_owned());
                at = text_width(rest);
            } else {
                lines.last_mut().expect("a first line").push(' ');
                at += 1;
            }
        }
        let code = if weight == TextWeight::Strong { BOLD } else { PLAIN };
        lines.last_mut().expect("a first line").push_str(&paint_words(&word, code, style));
        at += length;
        is_line_start = false;
    }
    lines.join("\n")
}

/// The words of a text with their weight, and whether each follows the one before without a blank.
/// A unit stays with its number.
fn split_into_words(text: &RichText) -> Vec<(bool, TextWeight, String)> {
    let mut found = Vec::new();
    let mut glued = true;
    for (weight, stretch) in &text.0 {
        let stretch = clean_foreign_text(stretch);
        if stretch.is_empty() {
            continue;
        }
        // Only the first word of a stretch can be glued to what stands before it.
        glued &= !stretch.starts_with(' ');
        for word in words::split_into_words(&stretch) {
            found.push((glued, *weight, word));
            glued = false;
        }
        glued = !stretch.ends_with(' ');
    }
    found
}

/// A table with its title and remarks.
fn draw_table(view: &TableView, style: OutputStyle) -> String {
    let styles = column_styles(view);
    let cells = view.rows.iter().map(|row| {
        let cells = row.iter().zip(&styles).map(|(cell, figures)| {
            // Who asks for exact figures gets them in every column.
            let exact = figures.exact || style.exact;
            format_cell(cell, NumberStyle { exact, ..*figures })
        });
        cells.collect()
    });
    let cells: Vec<Vec<String>> = cells.collect();
    // Chosen by the finished words, since their widths decide.
    let columns = columns_that_fit(view, &cells, style.width);
    let drawn = DrawnTable { view, columns: &columns, style };
    let mut lines = Vec::new();
    if !view.title.is_empty() {
        let title = clean_foreign_text(&view.title);
        let room = style.width.map_or(usize::MAX, usize::from);
        lines.extend(wrap_words(&title, room).iter().map(|line| paint_words(line, BOLD, style)));
    }
    // The headings of a first screen stay in the background: its first line is what is stressed.
    let tone = if view.look == TableLook::Full { Tone::Strong } else { Tone::Muted };
    lines.extend(drawn.row_lines(
        |column| clean_foreign_text(&view.columns[column].heading).into_owned(),
        |_| tone,
    ));
    if view.look == TableLook::Full {
        lines.push(drawn.rule());
    }
    for (at, row) in cells.iter().enumerate() {
        lines.extend(
            drawn.row_lines(|column| row[column].clone(), |column| view.rows[at][column].tone),
        );
        lines.extend(view.lines_under.get(&at).and_then(|text| drawn.line_under(text)));
    }
    lines.extend(drawn.names_of_dropped());
    lines.extend(draw_remarks(&view.footnotes, style));
    lines.extend(draw_remarks(&view.provenance, style));
    lines.join("\n")
}

/// A table whose columns are chosen.
struct DrawnTable<'a> {
    view: &'a TableView,
    columns: &'a [ShownColumn],
    style: OutputStyle,
}

impl DrawnTable<'_> {
    /// The lines of a row: as many as its tallest cell has.
    fn row_lines(
        &self,
        words: impl Fn(usize) -> String,
        tone: impl Fn(usize) -> Tone,
    ) -> Vec<String> {
        let wrapped = self.columns.iter().map(|column| wrap_words(&words(column.at), column.width));
        let wrapped: Vec<Vec<String>> = wrapped.collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        let lines = (0..height).map(|line| {
            let parts = self.columns.iter().zip(&wrapped).map(|(column, cell)| {
                // A cell that has no more lines is blank there.
                let words = cell.get(line).map_or("", String::as_str);
                self.cell_text(*column, words, tone(column.at))
            });
            let line = parts.collect::<Vec<_>>().join(" ");
            // Blanks at the end of a line are not written.
            line.trim_end().to_owned()
        });
        lines.collect()
    }

    /// A line of a cell, as wide as its column.
    fn cell_text(&self, ShownColumn { at, width }: ShownColumn, words: &str, tone: Tone) -> String {
        let align = self.view.columns[at].align;
        let (before, behind) = column_padding(self.view.look, align);
        let blank = " ".repeat(width.saturating_sub(text_width(words)));
        let (before, behind) = (" ".repeat(before), " ".repeat(behind));
        let words = paint_words(words, tone_code(tone), self.style);
        match align {
            Alignment::Left => format!("{before}{words}{blank}{behind}"),
            Alignment::Right => format!("{before}{blank}{words}{behind}"),
        }
    }

    /// The rule under the headings, no wider than the screen.
    fn rule(&self) -> String {
        let parts = self.columns.iter().map(|column| {
            let align = self.view.columns[column.at].align;
            let (before, behind) = column_padding(self.view.look, align);
            "\u{2500}".repeat(before + column.width + behind)
        });
        let rule = parts.collect::<Vec<_>>().join(" ");
        rule.chars().take(self.style.width.map_or(usize::MAX, usize::from)).collect()
    }

    /// What stands under a row, where no column has it.
    fn line_under(&self, text: &str) -> Option<String> {
        if self.style.width.is_none_or(|width| width >= KNOB_IN_ROW) {
            return None;
        }
        let indent = self.columns.first().map_or(0, |first| first.width + 2);
        let room = self.style.width.map_or(usize::MAX, usize::from).saturating_sub(indent);
        let text = shorten_at_end(&clean_foreign_text(text), room);
        Some(paint_words(&format!("{}{text}", " ".repeat(indent)), DIM, self.style))
    }

    /// Which columns are left out, under a table that is no first screen.
    fn names_of_dropped(&self) -> Option<String> {
        let dropped = (0..self.view.columns.len())
            .filter(|at| self.columns.iter().all(|column| column.at != *at));
        let names: Vec<&str> = dropped.map(|at| self.view.columns[at].heading.as_str()).collect();
        if names.is_empty() || self.view.look == TableLook::FirstScreen {
            return None;
        }
        let line = format!("on a wider screen also: {}", names.join(", "));
        draw_remarks(&[line], self.style)
    }
}

/// Remarks, one a line, in the background.
fn draw_remarks(lines: &[String], style: OutputStyle) -> Option<String> {
    let lines = lines.iter().map(|line| wrap_text(&line.as_str().into(), "", "  ", style));
    let lines: Vec<String> =
        lines.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    // Line by line, so that no colour runs on past a break.
    let painted = lines.iter().map(|line| paint_words(line, DIM, style)).collect::<Vec<_>>();
    (!painted.is_empty()).then(|| painted.join("\n"))
}

const PLAIN: &str = "";
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const RESET: &str = "\u{1b}[0m";

fn paint_words(words: &str, code: &str, style: OutputStyle) -> String {
    if style.colour && !code.is_empty() && !words.is_empty() {
        format!("{code}{words}{RESET}")
    } else {
        words.to_owned()
    }
}

/// The escape sequence of a tone.
fn tone_code(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => PLAIN,
        Tone::Strong => BOLD,
        Tone::Muted => DIM,
        Tone::Good => GREEN,
        Tone::Bad => RED,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn check(document: &ReportDocument, style: OutputStyle, expect: &str) {
        let text = String::from_utf8(TerminalRenderer.render(document, style)).unwrap();
        assert_eq!(text, expect, "\n{text}");
    }

    #[test]
    fn a_document_reads_like_this() {
        check(&sample(), OutputStyle::default(), EXPECT);
    }

    #[test]
    fn colours_change_no_letter_and_no_column() {
        let style = OutputStyle { colour: true, ..OutputStyle::default() };
        let coloured = String::from_utf8(TerminalRenderer.render(&sample(), style)).unwrap();
        assert!(coloured.contains(GREEN) && coloured.contains(RED) && coloured.contains(BOLD));
        let codes = [BOLD, DIM, RED, GREEN, RESET];
        let plain = codes.iter().fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, EXPECT);
    }

    #[test]
    fn narrow_terminals_wrap() {
        let text = "one two three four five six";
        let document = |text: &str| {
            let mut document = ReportDocument::default();
            document.add_section(super::super::Section::default().with_bullets([text]));
            document
        };
        let style = OutputStyle { width: Some(20), ..OutputStyle::default() };
        check(&document(text), style, "* one two three four\n  five six\n");
        let narrow = OutputStyle { width: Some(60), colour: true, ..OutputStyle::default() };
        let bytes = TerminalRenderer.render(&sample(), narrow);
        let text = String::from_utf8(bytes).unwrap();
        let codes = [BOLD, DIM, RED, GREEN, RESET];
        let plain = codes.iter().fold(text, |text, code| text.replace(code, ""));
        for line in plain.lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }

    const EXPECT: &str = "\
Order 774
=========

Baseline <by step>
------------------

Reads are ~41 % of *all*, see R1.

Steps
Step                     Read           Claimed   Share   Cost     Time
───────────────────── ─────── ───────────────── ─────── ────── ────────
impl|ement `x`          9.5 M  +5.0 M to +6.0 M  41.7 %  $4.75  22m 55s
=assess, \"two\" lines    8.0 M                 -  35.1 %      -   1h 24m
total                  17.5 M            +5.0 M  76.8 %      -        -
shares are of the 22.8 M read
recording 0a1b2c3d

* 1. a point
* # another

Pictures
--------

[waterfall.svg: what each toggle saves]

windtunnel 0.1.0, seed 774
";
}
