//! GitHub-flavoured Markdown: for pull requests and for the committed reports.
//!
//! Every string of a document is plain text, so whatever Markdown or HTML would read as markup is
//! escaped. Lines are not wrapped: a diff then shows what changed and not what moved.

use super::document::LabelledRemark;
use super::foreign_text::clean_foreign_text;
use super::format::{column_styles, format_cell};
use super::view::{Alignment, TableView, Tone};
use super::{OutputStyle, Renderer, ReportDocument, RichText, SectionItem, TextWeight};

/// The Markdown format.
#[derive(Clone, Copy, Debug)]
pub struct MarkdownRenderer;

impl Renderer for MarkdownRenderer {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, document: &ReportDocument, style: OutputStyle) -> Vec<u8> {
        let mut blocks = Vec::new();
        if !document.title.is_empty() {
            blocks.push(format!("# {}", escape_line_start(&document.title)));
        }
        for section in &document.sections {
            if !section.heading.is_empty() {
                blocks.push(format!("## {}", escape_line_start(&section.heading)));
            }
            blocks.extend(section.items.iter().map(|one| item_to_markdown(one, style)));
        }
        if !document.provenance.is_empty() {
            blocks.push("---".to_owned());
            blocks.push(remarks_to_markdown(&document.provenance));
        }
        let mut text = blocks.join("\n\n");
        text.push('\n');
        text.into_bytes()
    }
}

fn item_to_markdown(item: &SectionItem, style: OutputStyle) -> String {
    match item {
        SectionItem::Paragraph(words) => text_to_markdown(words),
        SectionItem::Bullets(points) => {
            let lines: Vec<String> =
                points.iter().map(|one| format!("- {}", text_to_markdown(one))).collect();
            lines.join("\n")
        }
        SectionItem::Table(view) => table_to_markdown(view, style),
        SectionItem::Decision(lines) => decision_to_markdown(lines),
        SectionItem::Remarks(remarks) => {
            let lines = remarks.iter().map(|LabelledRemark { label, text }| {
                format!("- {label}: {}", text_to_markdown(text))
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        SectionItem::Image { path, alt } => {
            format!("![{}](<{}>)", escape_line_start(alt), image_target(path))
        }
    }
}

/// What to do: its first line is stressed, and each is a paragraph.
fn decision_to_markdown(lines: &[RichText]) -> String {
    let lines = lines.iter().enumerate().map(|(at, line)| match at {
        0 => format!("**{}**", escape_inline(&line.plain_words())),
        _ => text_to_markdown(line),
    });
    lines.collect::<Vec<_>>().join("\n\n")
}

/// One line of a table.
fn markdown_row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

fn table_to_markdown(view: &TableView, style: OutputStyle) -> String {
    let mut lines = Vec::new();
    if !view.title.is_empty() {
        lines.extend([format!("**{}**", escape_line_start(&view.title)), String::new()]);
    }
    let headings = view.columns.iter().map(|column| escape_line_start(&column.heading));
    lines.push(markdown_row(headings));
    let rule = view.columns.iter().map(|column| match column.align {
        Alignment::Left => "---".to_owned(),
        Alignment::Right => "---:".to_owned(),
    });
    lines.push(markdown_row(rule));
    let styles = column_styles(view);
    for row in &view.rows {
        let cells = row.iter().zip(&styles).map(|(one, figures)| {
            let mut figures = *figures;
            figures.exact |= style.exact;
            let words = escape_inline(&format_cell(one, figures));
            if one.tone == Tone::Strong { format!("**{words}**") } else { words }
        });
        lines.push(markdown_row(cells));
    }
    for notes in [&view.footnotes, &view.provenance] {
        if !notes.is_empty() {
            lines.extend([String::new(), remarks_to_markdown(notes)]);
        }
    }
    lines.join("\n")
}

/// Remarks, one a line, in small type.
fn remarks_to_markdown(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape_line_start(line)).collect();
    format!("<sub>{}</sub>", lines.join("<br>\n"))
}

fn text_to_markdown(text: &RichText) -> String {
    let parts = text.0.iter().enumerate().map(|(at, (weight, words))| match weight {
        // Only the first stretch can start a line.
        TextWeight::Plain if at == 0 => escape_line_start(words),
        TextWeight::Plain => escape_inline(words),
        TextWeight::Strong => format!("**{}**", escape_inline(words)),
        TextWeight::Code => code_span(words),
    });
    parts.collect()
}

/// Words as code: a fence longer than any run of backticks within.
fn code_span(words: &str) -> String {
    let words = clean_foreign_text(words);
    let longest = words.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if words.starts_with('`') || words.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{words}{pad}{fence}")
}

/// The path of a picture, without what would end it early.
fn image_target(path: &str) -> String {
    clean_foreign_text(path).replace(['<', '>'], "")
}

/// Plain text at the start of a line.
fn escape_line_start(words: &str) -> String {
    let escaped = escape_inline(words);
    // Digits and a point begin a list.
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    let mut after = escaped[digits..].chars();
    let is_list =
        matches!(after.next(), Some('.' | ')')) && matches!(after.next(), Some(' ') | None);
    if digits > 0 && is_list {
        return format!("{}\\{}", &escaped[..digits], &escaped[digits..]);
    }
    let mut chars = escaped.chars();
    // Marks that begin a heading, a rule or a list.
    match (chars.next(), chars.next()) {
        (Some('#' | '='), _) | (Some('-' | '+'), Some(' ' | '-') | None) => format!("\\{escaped}"),
        _ => escaped,
    }
}

/// Whether what is written so far and what follows are read as one reference.
fn begins_reference(written: &[char], rest: &[char]) -> bool {
    let next = rest.first();
    match written.last() {
        Some('@') => next.is_some_and(|c| c.is_alphanumeric()),
        Some('#') => next.is_some_and(char::is_ascii_digit),
        Some('-') => ends_with_word(written, "gh-") && next.is_some_and(char::is_ascii_digit),
        Some(':') => rest.starts_with(&['/', '/']),
        Some('.') => ends_with_word(written, "www."),
        _ => false,
    }
}

/// Whether what is written ends with these lower-case letters, however it writes them.
fn ends_with_word(written: &[char], end: &str) -> bool {
    let start = written.len().checked_sub(end.len());
    let last = start.map(|start| written[start..].iter());
    last.is_some_and(|last| last.map(char::to_ascii_lowercase).eq(end.chars()))
}

/// Whether a neighbouring character joins on to a word.
fn is_in_word(neighbour: Option<&char>) -> bool {
    neighbour.is_some_and(|c| c.is_alphanumeric())
}

/// Plain text inside a line.
fn escape_inline(words: &str) -> String {
    let words = clean_foreign_text(words);
    let chars: Vec<char> = words.chars().collect();
    let mut escaped = String::with_capacity(words.len());
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // `a_b` is left readable: an underscore inside a word is no markup.
            '_' if is_in_word(before) && is_in_word(chars.get(at + 1)) => escaped.push('_'),
            // What the host would make a link of by itself, or a notice to somebody, is taken apart
            // by a joiner without width: `@name`, `a@b.c`, `#1`, `GH-1`, `https://`, `www.`.
            c if begins_reference(&chars[..=at], &chars[at + 1..]) => {
                escaped.extend([*c, '\u{2060}']);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => escaped.extend(['\\', *c]),
            c => escaped.push(*c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn check(given: &str, expect: &str) {
        assert_eq!(escape_line_start(given), expect);
    }

    #[test]
    fn markup_in_text_is_text() {
        check("a|b", "a\\|b");
        check("snake_case and _this_", "snake_case and \\_this\\_");
        check("*x* `y` [z](w) ~5 M", "\\*x\\* \\`y\\` \\[z\\](w) \\~5 M");
        check("<script>&", "&lt;script&gt;&amp;");
        check("1. first", "1\\. first");
        check("10) tenth", "10\\) tenth");
        check("12.3 %", "12.3 %");
        check("# heading", "\\# heading");
        check("- point", "\\- point");
        check("-5.3 M", "-5.3 M");
        check("-", "\\-");
        check("a@b.c", "a@\u{2060}b.c");
        check("see #12 or gh-7, not # 1", "see #\u{2060}12 or gh-\u{2060}7, not # 1");
        check("http://x.y www.z.org a.b", "http:\u{2060}//x.y www.\u{2060}z.org a.b");
        check("mail @all", "mail @\u{2060}all");
        check("two\nlines \u{1b}[1mbold", "two lines bold");
    }

    #[test]
    fn code_keeps_its_backticks() {
        assert_eq!(code_span("R1"), "`R1`");
        assert_eq!(code_span("a`b"), "``a`b``");
        assert_eq!(code_span("``a"), "``` ``a ```");
    }

    #[test]
    fn a_document_reads_like_this() {
        let bytes = MarkdownRenderer.render(&sample(), OutputStyle::default());
        assert_eq!(String::from_utf8(bytes).unwrap(), EXPECT);
    }

    const EXPECT: &str = "\
# Order 774

## Baseline &lt;by step&gt;

Reads are \\~41 % of \\*all\\*, see `R1`.

**Steps**

| Step | Read | Claimed | Share | Cost | Time |
| --- | ---: | ---: | ---: | ---: | ---: |
| impl\\|ement \\`x\\` | 9.5 M | +5.0 M to +6.0 M | 41.7 % | $4.75 | 22m 55s |
| =assess, \"two\" lines | 8.0 M | - | 35.1 % | - | 1h 24m |
| **total** | **17.5 M** | **+5.0 M** | **76.8 %** | **-** | **-** |

<sub>shares are of the 22.8 M read</sub>

<sub>recording 0a1b2c3d</sub>

- 1\\. a point
- \\# another

## Pictures

![what each toggle saves](<waterfall.svg>)

---

<sub>windtunnel 0.1.0, seed 774</sub>
";
}
