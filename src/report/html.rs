//! Parts of a document as HTML: for the page, which brings its own frame.
//!
//! Every string is escaped, for text and for attributes alike; nothing here writes a style or a
//! script. Cells carry their raw value, so that a script may sort by it.

use super::document::LabelledRemark;
use super::foreign_text::clean_foreign_text;
use super::format;
use super::view::{Alignment, CellContent, CellValue, TableCell, TableView, Tone};
use super::{RichText, Section, SectionItem, TextWeight};
use std::fmt::Write as _;

/// Foreign text as HTML text or as the value of an attribute in double quotes.
#[must_use]
pub fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean_foreign_text(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Running text.
fn text_to_html(text: &RichText) -> String {
    let parts = text.0.iter().map(|(weight, words)| {
        let words = escape_html(words);
        match weight {
            TextWeight::Plain => words,
            TextWeight::Strong => format!("<strong>{words}</strong>"),
            TextWeight::Code => format!("<code>{words}</code>"),
        }
    });
    parts.collect()
}

/// What stands under the heading of a section. Pictures are what `picture` makes of their path and
/// words.
#[must_use]
pub fn section_to_html(section: &Section, picture: &dyn Fn(&str, &str) -> String) -> String {
    let items = section.items.iter().map(|item| match item {
        SectionItem::Paragraph(words) => format!("<p>{}</p>\n", text_to_html(words)),
        SectionItem::Bullets(points) => bullets_to_html(points),
        SectionItem::Table(view) => table_to_html(view),
        SectionItem::Decision(lines) => decision_to_html(lines),
        SectionItem::Remarks(remarks) => remarks_to_html(remarks),
        SectionItem::Image { path, alt } => picture(path, alt),
    });
    items.collect()
}

/// What to do: a paragraph whose first line is stressed.
fn decision_to_html(lines: &[RichText]) -> String {
    let lines = lines.iter().enumerate().map(|(at, line)| match (at, text_to_html(line)) {
        (0, words) => format!("<strong>{words}</strong>"),
        (_, words) => words,
    });
    format!("<p class=\"decision\">{}</p>\n", lines.collect::<Vec<_>>().join("<br>\n"))
}

fn remarks_to_html(remarks: &[LabelledRemark]) -> String {
    let lines = remarks.iter().map(|LabelledRemark { label, text }| {
        format!("<p class=\"note\">{label}: {}</p>\n", text_to_html(text))
    });
    lines.collect()
}

/// A list of points.
fn bullets_to_html(points: &[RichText]) -> String {
    let points = points.iter().map(|point| format!("<li>{}</li>\n", text_to_html(point)));
    format!("<ul>\n{}</ul>\n", points.collect::<String>())
}

/// A table with its remarks.
fn table_to_html(view: &TableView) -> String {
    let mut out = String::from("<div class=\"table\"><table data-sortable>\n");
    if !view.title.is_empty() {
        let _ = writeln!(out, "<caption>{}</caption>", escape_html(&view.title));
    }
    out.push_str("<thead><tr>");
    for column in &view.columns {
        let class = alignment_class(column.align);
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape_html(&column.heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let styles = format::column_styles(view);
    for row in &view.rows {
        // A row whose first cell is strong is a sum.
        let is_total = row.first().is_some_and(|cell| cell.tone == Tone::Strong);
        out.push_str(if is_total { "<tr class=\"total\">" } else { "<tr>" });
        for (at, (cell, column)) in row.iter().zip(&view.columns).enumerate() {
            // The first cell of a row names it, for who hears the page.
            let name = if at == 0 { "th scope=\"row\"" } else { "td" };
            let sort = sort_key(cell);
            let words = escape_html(&format::format_cell(cell, styles[at]));
            let class = cell_class(cell.tone, column.align);
            let _ = write!(out, "<{name}{class}{sort}>{words}</{}>", &name[..2]);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    for line in view.footnotes.iter().chain(&view.provenance) {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape_html(line));
    }
    out.push_str("</div>\n");
    out
}

fn alignment_class(align: Alignment) -> &'static str {
    if align == Alignment::Right { " class=\"n\"" } else { "" }
}

/// The class of a cell as an attribute.
pub(super) fn cell_class(tone: Tone, align: Alignment) -> String {
    let tone = match tone {
        Tone::Plain | Tone::Strong => "",
        Tone::Muted => "muted",
        Tone::Good => "good",
        Tone::Bad => "bad",
    };
    let side = if align == Alignment::Right { "n" } else { "" };
    match (side, tone) {
        ("", "") => String::new(),
        ("", one) | (one, "") => format!(" class=\"{one}\""),
        (side, tone) => format!(" class=\"{side} {tone}\""),
    }
}

/// The raw value of a number as an attribute, of a range its low end; words sort as they stand.
pub(super) fn sort_key(cell: &TableCell) -> String {
    match &cell.content {
        CellContent::One(CellValue::Text(_) | CellValue::Texts(_)) => String::new(),
        CellContent::Missing => " data-sort=\"\"".to_owned(),
        CellContent::One(value) | CellContent::Range(value, _) => {
            format!(" data-sort=\"{}\"", escape_html(&format::format_for_machines(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn check(given: &str, expect: &str) {
        assert_eq!(escape_html(given), expect);
    }

    #[test]
    fn markup_in_text_is_text() {
        check("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
        check("a\" onclick=\"b", "a&quot; onclick=&quot;b");
        check("&lt; \u{1b}[31mred\u{2028}\u{202e}", "&amp;lt; red");
        check("caf\u{e9}", "caf\u{e9}");
    }

    #[test]
    fn a_section_reads_like_this() {
        let document = sample();
        let html = section_to_html(&document.sections[0], &|_, _| String::new());
        assert_eq!(html, EXPECT);
        let picture = |path: &str, alt: &str| format!("{path}: {alt}");
        assert_eq!(
            section_to_html(&document.sections[1], &picture),
            "waterfall.svg: what each toggle saves"
        );
    }

    const EXPECT: &str = "\
<p>Reads are ~41 % of *all*, see <code>R1</code>.</p>
<div class=\"table\"><table data-sortable>
<caption>Steps</caption>
<thead><tr><th scope=\"col\">Step</th><th scope=\"col\" class=\"n\">Read</th>\
<th scope=\"col\" class=\"n\">Claimed</th><th scope=\"col\" class=\"n\">Share</th>\
<th scope=\"col\" class=\"n\">Cost</th><th scope=\"col\" class=\"n\">Time</th></tr></thead>
<tbody>
<tr><th scope=\"row\">impl|ement `x`</th><td class=\"n\" data-sort=\"9500000\">9.5 M</td>\
<td class=\"n good\" data-sort=\"5000000\">+5.0 M to +6.0 M</td>\
<td class=\"n\" data-sort=\"0.4168\">41.7 %</td><td class=\"n\" data-sort=\"4.75\">$4.75</td>\
<td class=\"n\" data-sort=\"1375000\">22m 55s</td></tr>
<tr><th scope=\"row\">=assess, &quot;two&quot; lines</th>\
<td class=\"n\" data-sort=\"8000000\">8.0 M</td><td class=\"n\" data-sort=\"\">-</td>\
<td class=\"n\" data-sort=\"0.3509\">35.1 %</td><td class=\"n\" data-sort=\"\">-</td>\
<td class=\"n bad\" data-sort=\"5040000\">1h 24m</td></tr>
<tr class=\"total\"><th scope=\"row\">total</th><td class=\"n\" data-sort=\"17500000\">17.5 M</td>\
<td class=\"n\" data-sort=\"5000000\">+5.0 M</td><td class=\"n\" data-sort=\"0.7677\">76.8 %</td>\
<td class=\"n\" data-sort=\"\">-</td><td class=\"n\" data-sort=\"\">-</td></tr>
</tbody></table>
<p class=\"note\">shares are of the 22.8 M read</p>
<p class=\"note\">recording 0a1b2c3d</p>
</div>
<ul>
<li>1. a point</li>
<li># another</li>
</ul>
";
}
