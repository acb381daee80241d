//! Terminal text: headings, wrapped paragraphs and aligned tables.
//!
//! Colours and weights are escape sequences put in only where the style asks for them; without
//! them the text is plain and still says everything.

use super::foreign_text::clean_foreign_text;
use super::format::{NumberStyle, format_cell};
use super::view::{Alignment, TableView, Tone};
use super::{OutputStyle, Renderer, ReportDocument, RichText, SectionItem, TextWeight};
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, TableStyle,
    Width,
};

/// The terminal format.
#[derive(Clone, Copy, Debug)]
pub struct TerminalRenderer;

/// Paragraphs are wrapped here where the width of the terminal is not known.
const PROSE_WIDTH: usize = 100;
/// Words in a table are wrapped here, so that no long cell pushes the others off the screen.
const CELL_WIDTH: u16 = 64;

impl Renderer for TerminalRenderer {
    fn id(&self) -> &'static str {
        "table"
    }

    fn render(&self, document: &ReportDocument, style: OutputStyle) -> Vec<u8> {
        let mut blocks = Vec::new();
        if !document.title.is_empty() {
            let title = clean_foreign_text(&document.title);
            let rule = "=".repeat(title.chars().count());
            blocks.push(format!("{}\n{rule}", paint_words(&title, BOLD, style)));
        }
        for section in &document.sections {
            if !section.heading.is_empty() {
                let heading = clean_foreign_text(&section.heading);
                let rule = "-".repeat(heading.chars().count());
                blocks.push(format!("{}\n{rule}", paint_words(&heading, BOLD, style)));
            }
            blocks.extend(section.items.iter().map(|one| item_to_text(one, style)));
        }
        blocks.extend(draw_remarks(&document.provenance, style));
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text.into_bytes()
    }
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
        SectionItem::Image { path, alt } => {
            format!("[{}: {}]", clean_foreign_text(path), clean_foreign_text(alt))
        }
    }
}

/// Words packed into lines, the first after `first`, the others after `rest`.
fn wrap_text(text: &RichText, first: &str, rest: &str, style: OutputStyle) -> String {
    // Longer lines are hard to read, however wide the terminal is.
    let width = style.width.map_or(PROSE_WIDTH, usize::from).clamp(20, PROSE_WIDTH);
    let mut lines = vec![first.to_owned()];
    let mut at = first.chars().count();
    let mut is_line_start = true;
    for (glued, weight, word) in split_into_words(text) {
        let length = word.chars().count();
        // A stretch may end inside a word: what is glued to it must not move to the next line.
        if !is_line_start && !glued {
            if at + 1 + length > width {
                lines.push(rest.to_owned());
                at = rest.chars().count();
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
fn split_into_words(text: &RichText) -> Vec<(bool, TextWeight, String)> {
    let mut found = Vec::new();
    let mut glued = true;
    for (weight, stretch) in &text.0 {
        let stretch = clean_foreign_text(stretch);
        for (at, word) in stretch.split(' ').enumerate() {
            // Only the first word of a stretch can be glued to what stands before it.
            glued &= at == 0;
            if !word.is_empty() {
                found.push((glued, *weight, word.to_owned()));
                glued = true;
            }
        }
    }
    found
}

fn draw_table(view: &TableView, style: OutputStyle) -> String {
    let mut table = comfy_table::Table::new();
    // Blanks between columns, one rule under the headings.
    let blank = ContentLineStyle::none().junction(' ');
    let rule = LineStyle::none().fill('\u{2500}').junction(' ');
    let look = TableStyle::new().header_lines(blank).content_lines(blank).header_separator(rule);
    table.load_style(look);
    table.set_header(
        view.columns
            .iter()
            .map(|column| mark_tone(&clean_foreign_text(&column.heading), Tone::Strong, style)),
    );
    for row in &view.rows {
        table.add_row(row.iter().zip(&view.columns).map(|(one, column)| {
            let mut figures = NumberStyle::from(column);
            // Who asks for exact figures gets them in every column.
            figures.exact |= style.exact;
            mark_tone(&format_cell(one, figures), one.tone, style)
        }));
    }
    for (at, column) in view.columns.iter().enumerate() {
        let (align, padding) = match column.align {
            Alignment::Left => (CellAlignment::Left, (0, 1)),
            Alignment::Right => (CellAlignment::Right, (1, 0)),
        };
        let column = table.column_mut(at).expect("a column for every heading");
        column.set_padding(padding);
        column.set_cell_alignment(align);
        // Numbers are never broken: half of a figure would be another figure.
        if align == CellAlignment::Left {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Fixed(CELL_WIDTH)));
        }
    }
    // Without a known width nothing is squeezed: a file or a pipe has no edge.
    if let Some(width) = style.width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    let lines = table.lines().map(|line| replace_marks(line.trim_end(), style));
    let mut blocks = Vec::new();
    if !view.title.is_empty() {
        blocks.push(paint_words(&clean_foreign_text(&view.title), BOLD, style));
    }
    blocks.push(lines.collect::<Vec<_>>().join("\n"));
    blocks.extend(draw_remarks(&view.footnotes, style));
    blocks.extend(draw_remarks(&view.provenance, style));
    blocks.join("\n")
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
    if style.colour && !code.is_empty() {
        format!("{code}{words}{RESET}")
    } else {
        words.to_owned()
    }
}

/// Stand-ins for escape sequences while columns are measured: they have no width, and `clean` has
/// removed them from every text.
const MARKS: [(char, &str); 4] =
    [('\u{2061}', BOLD), ('\u{2062}', DIM), ('\u{2063}', GREEN), ('\u{2064}', RED)];
const MARK_END: char = '\u{2060}';

/// Every word is marked by itself, so that a cell can be wrapped between them.
fn mark_tone(words: &str, tone: Tone, style: OutputStyle) -> String {
    let at = match tone {
        Tone::Plain => return words.to_owned(),
        Tone::Strong => 0,
        Tone::Muted => 1,
        Tone::Good => 2,
        Tone::Bad => 3,
    };
    if !style.colour {
        return words.to_owned();
    }
    let words = words.split(' ').map(|word| format!("{}{word}{MARK_END}", MARKS[at].0));
    words.collect::<Vec<_>>().join(" ")
}

fn replace_marks(line: &str, style: OutputStyle) -> String {
    if !style.colour {
        return line.to_owned();
    }
    let marked = MARKS.iter().fold(line.to_owned(), |line, (mark, code)| line.replace(*mark, code));
    marked.replace(MARK_END, RESET)
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
        assert!(!coloured.contains(|c| MARKS.iter().any(|(mark, _)| *mark == c)));
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
