//! The page: one HTML file that needs nothing but itself.
//!
//! Its content is built by whoever knows the results; here it gets its frame: style and script,
//! both in the file and named by digest in the content-security policy, which allows nothing else;
//! data as blocks that only the script reads. Same content, same bytes.

pub mod column_packing;

use super::chart::{Theme, css_variables};
use super::html::escape_html;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const FRAME: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What stands on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HtmlPage {
    /// Its title: plain text.
    pub title: String,
    /// What stands under the title: plain text.
    pub subtitle: String,
    /// Main content before the part that moves, as HTML.
    pub lead: String,
    /// What amounts are told in at first: `money` or `tokens`.
    pub unit: &'static str,
    /// Sums before and after, as the rows of a table, as HTML.
    pub totals: String,
    /// The toggles as a table, as HTML.
    pub toggles: String,
    /// Remarks on what the page cannot show, as HTML.
    pub limits: String,
    /// The sections behind it, as HTML.
    pub sections: String,
    /// Links to the sections, as HTML.
    pub contents: String,
    /// Where the numbers come from, as HTML.
    pub provenance: String,
    /// What the script needs to know: JSON.
    pub data: String,
    /// Blocks of packed numbers by their name.
    pub blocks: Vec<(&'static str, Vec<u8>)>,
}

impl HtmlPage {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let style = themed_style();
        // Everything is forbidden but this one script and this one style, known by their digests:
        // foreign text in the page could not run even if it were not escaped.
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; \
             base-uri 'none'; form-action 'none'",
            policy_digest(SCRIPT),
            policy_digest(&style)
        );
        let blocks = self.blocks.iter().fold(String::new(), |mut all, (name, bytes)| {
            let packed = BASE64_STANDARD.encode(bytes);
            let kind = "application/octet-stream;base64";
            let _ = writeln!(all, "<script type=\"{kind}\" id=\"{name}\">{packed}</script>");
            all
        });
        let parts = [
            ("policy", policy.as_str()),
            ("title", &escape_html(&self.title)),
            ("subtitle", &escape_html(&self.subtitle)),
            ("style", &style),
            ("lead", &self.lead),
            ("unit", self.unit),
            ("totals", &self.totals),
            ("toggles", &self.toggles),
            ("limits", &self.limits),
            ("contents", &self.contents),
            ("sections", &self.sections),
            ("provenance", &self.provenance),
            ("data", &escape_for_script(&self.data)),
            ("blocks", &blocks),
            ("script", SCRIPT),
        ];
        fill_frame(FRAME, &parts).into_bytes()
    }
}

/// The style, with the colours of both themes in front.
fn themed_style() -> String {
    let (light, dark) = (css_variables(Theme::Light), css_variables(Theme::Dark));
    format!(
        ":root{{color-scheme:light;{light}}}\n\
         @media screen{{\n:root[data-theme=dark]{{color-scheme:dark;{dark}}}\n\
         @media (prefers-color-scheme:dark){{:root:not([data-theme=light])\
         {{color-scheme:dark;{dark}}}}}\n}}\n{STYLE}"
    )
}

/// A text's SHA-256 as a policy names it.
fn policy_digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
}

/// JSON that can stand in a script element: nothing in it ends the element or a line of a script.
fn escape_for_script(json: &str) -> String {
    let escaped = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    escaped.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A frame with every `{{name}}` replaced, once: what is filled in is not looked at again.
fn fill_frame(frame: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut rest = frame;
    while let Some((before, after)) = rest.split_once("{{") {
        // What a part brings along is not searched again: it may hold braces of its own.
        let (name, behind) = after.split_once("}}").expect("a name in a frame is closed");
        let part = parts.iter().find(|(known, _)| *known == name);
        out.push_str(before);
        out.push_str(part.expect("a name in a frame is known").1);
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> String {
        let page = HtmlPage {
            title: "</title><script>alert(1)</script>".into(),
            subtitle: "{{script}} & \"quotes\"".into(),
            data: "{\"name\":\"</script><!--\u{2028}\"}".into(),
            blocks: vec![("tables", vec![0, 1, 2])],
            ..HtmlPage::default()
        };
        String::from_utf8(page.to_bytes()).expect("a page is text")
    }

    #[test]
    fn content_cannot_break_out() {
        let html = sample();
        assert!(html.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(html.contains("{{script}} &amp; &quot;quotes&quot;"), "filled in twice");
        assert!(html.contains("{\"name\":\"\\u003c/script\\u003e\\u003c!--\\u2028\"}"));
        assert!(html.contains("id=\"tables\">AAEC</script>"));
        // Data, one block, the script itself.
        assert_eq!(html.matches("<script").count(), 3);
        assert_eq!(html.matches("</script>").count(), 3);
    }

    #[test]
    fn nothing_foreign_and_nothing_inline_but_by_digest() {
        let html = sample();
        assert!(html.contains(&format!("script-src 'sha256-{}'", policy_digest(SCRIPT))));
        assert!(html.contains(&format!("style-src 'sha256-{}'", policy_digest(&themed_style()))));
        for word in ["http:", "https:", "//cdn", " style=\"", " onclick", " onload", "javascript:"]
        {
            let found = html.replace("http://www.w3.org/2000/svg", "");
            assert!(!found.contains(word), "{word}");
        }
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
    }
}
