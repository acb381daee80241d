//! Parts of a document as HTML: for the page, which brings its own frame.
//!
//! Every string is escaped, for text and for attributes alike; nothing here writes a style or a
//! script. Cells carry their raw value, so that a script may sort by it.

use super::format::{self, Figures, clean};
use super::view::{Align, Cell, Content, Tone, Value, View};
use super::{Item, Section, Text, Weight};
use std::fmt::Write as _;

/// Foreign text as HTML text or as the value of an attribute in double quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
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
fn text(text: &Text) -> String {
    let parts = text.0.iter().map(|(weight, words)| {
        let words = escape(words);
        match weight {
            Weight::Plain => words,
            Weight::Strong => format!("<strong>{words}</strong>"),
            Weight::Code => format!("<code>{words}</code>"),
        }
    });
    parts.collect()
}

/// What stands under the heading of a section. Pictures are what `picture` makes of their path and
/// words.
#[must_use]
pub fn items(section: &Section, picture: &dyn Fn(&str, &str) -> String) -> String {
    let items = section.items.iter().map(|item| match item {
        Item::Paragraph(words) => format!("<p>{}</p>\n", text(words)),
        Item::Bullets(points) => bullets(points),
        Item::Table(view) => table(view),
        Item::Image { path, alt } => picture(path, alt),
    });
    items.collect()
}

/// A list of points.
fn bullets(points: &[Text]) -> String {
    let points = points.iter().map(|point| format!("<li>{}</li>\n", text(point)));
    format!("<ul>\n{}</ul>\n", points.collect::<String>())
}

/// A table with its remarks.
fn table(view: &View) -> String {
    let mut out = String::from("<div class=\"table\"><table data-sortable>\n");
    if !view.title.is_empty() {
        let _ = writeln!(out, "<caption>{}</caption>", escape(&view.title));
    }
    out.push_str("<thead><tr>");
    for column in &view.columns {
        let class = side(column.align);
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escape(&column.heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &view.rows {
        let is_total = row.first().is_some_and(|cell| cell.tone == Tone::Strong);
        out.push_str(if is_total { "<tr class=\"total\">" } else { "<tr>" });
        for (at, (cell, column)) in row.iter().zip(&view.columns).enumerate() {
            let name = if at == 0 { "th scope=\"row\"" } else { "td" };
            let sort = sort_key(cell);
            let words = escape(&format::cell(cell, Figures::from(column)));
            let class = classes(cell.tone, column.align);
            let _ = write!(out, "<{name}{class}{sort}>{words}</{}>", &name[..2]);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    for line in view.footnotes.iter().chain(&view.provenance) {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(line));
    }
    out.push_str("</div>\n");
    out
}

fn side(align: Align) -> &'static str {
    if align == Align::Right { " class=\"n\"" } else { "" }
}

/// The class of a cell as an attribute.
pub(super) fn classes(tone: Tone, align: Align) -> String {
    let tone = match tone {
        Tone::Plain | Tone::Strong => "",
        Tone::Muted => "muted",
        Tone::Good => "good",
        Tone::Bad => "bad",
    };
    let side = if align == Align::Right { "n" } else { "" };
    match (side, tone) {
        ("", "") => String::new(),
        ("", one) | (one, "") => format!(" class=\"{one}\""),
        (side, tone) => format!(" class=\"{side} {tone}\""),
    }
}

/// The raw value of a number as an attribute, of a range its low end; words sort as they stand.
pub(super) fn sort_key(cell: &Cell) -> String {
    match &cell.content {
        Content::One(Value::Text(_)) => String::new(),
        Content::Missing => " data-sort=\"\"".to_owned(),
        Content::One(value) | Content::Range(value, _) => {
            format!(" data-sort=\"{}\"", escape(&format::raw(value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn check(given: &str, expect: &str) {
        assert_eq!(escape(given), expect);
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
        let html = items(&document.sections[0], &|_, _| String::new());
        assert_eq!(html, EXPECT);
        let picture = |path: &str, alt: &str| format!("{path}: {alt}");
        assert_eq!(items(&document.sections[1], &picture), "waterfall.svg: what each toggle saves");
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
