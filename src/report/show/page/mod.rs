//! The page of a report: the document as HTML, with the part that moves in front: toggles that are
//! ticked on and off, sums, waterfall and context curves that follow at once, by look-up alone.

mod data;
mod figures;
mod packed;
mod rows;

use super::charts::grows;
use super::report::Full;
use crate::recording::Recording;
use crate::report::format;
use crate::report::html;
use crate::report::page::Page;
use crate::report::{Document, Section};
use crate::scenario::{Chosen, Scenario};
use crate::study::bounds::Bound;
use crate::study::compare::ToggleResult;
use crate::study::curves::Curve;
use crate::study::kept::Kept;
use std::fmt::Write as _;

/// Pictures that the page draws itself, so that they follow what is ticked.
const LIVE: [&str; 2] = ["charts/waterfall.svg", "charts/growth.svg"];

/// The largest picture that stands in the page itself, in bytes; a larger one is a link.
const LARGEST_PICTURE: usize = 100_000;

/// What a page is made from.
pub struct Paged<'a> {
    /// The report.
    pub full: &'a Full<'a>,
    /// Its toggles, those that wait for a number included.
    pub scenario: &'a Scenario,
    /// What was replayed.
    pub recording: &'a Recording,
    /// Pictures as parts of a page, by the path of their file.
    pub pictures: &'a [(String, String)],
}

/// A toggle as the page has it.
struct Toggle<'a> {
    chosen: &'a Chosen,
    /// Its bit and what was found out about it; `None` where it waits for a number.
    result: Option<(usize, &'a ToggleResult)>,
    /// Its bounds, where it waits for a number and finds something.
    bound: Option<&'a Bound>,
    /// Why it cannot be ticked.
    refused: Option<String>,
}

impl Paged<'_> {
    /// The page as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let document = self.full.document();
        let kept = Kept::of(self.full.shown.comparison);
        let toggles = self.toggles(&kept);
        let tables = packed::tables(&kept.lattice);
        let (curves, block) = packed::curves(self, &kept);
        let (short, rest) = split(&document);
        Page {
            title: document.title.clone(),
            subtitle: self.subtitle(),
            lead: short.map_or_else(String::new, lead),
            totals: self.totals(&kept),
            toggles: self.toggle_table(&kept, &toggles),
            limits: self.limits(&toggles, &curves),
            contents: contents(rest),
            sections: rest.iter().map(|section| self.section(section)).collect(),
            provenance: lines(&document.provenance),
            data: self.data(&kept, &toggles, &curves),
            blocks: vec![("packed-sums", tables), ("packed-curves", block)],
        }
        .to_bytes()
    }

    fn subtitle(&self) -> String {
        let shown = &self.full.shown;
        let lens = shown.lens.map_or_else(String::new, |lens| format!(", {} lens", lens.name()));
        format!(
            "{} of recording {}{lens}, replayed by windtunnel {}",
            shown.comparison.headline.words(),
            shown.provenance.recording,
            env!("CARGO_PKG_VERSION")
        )
    }

    fn toggles(&self, kept: &Kept) -> Vec<Toggle<'_>> {
        let comparison = self.full.shown.comparison;
        let touched = comparison.plan.islands.iter().fold(0, |all, one| all | one.touched_by);
        let of = |chosen| {
            let id = Chosen::id(chosen);
            let at = comparison.toggles.iter().position(|toggle| toggle.id == id);
            let result = at.map(|at| (at, &comparison.toggles[at]));
            let bound = comparison.bounds.iter().find(|bound| bound.id == id);
            let bound = bound.filter(|_| result.is_none());
            let refused = match (result, bound) {
                (Some((at, toggle)), _) if toggle.found == 0 && touched >> at & 1 == 0 => {
                    Some("finds nothing here".to_owned())
                }
                (Some((at, _)), _) if !kept.has(at) => Some(
                    "cannot be ticked: so many toggles act here that not all subsets fit on a \
                     page, and this is one of those that save least alone"
                        .to_owned(),
                ),
                (Some(_), _) => None,
                (None, Some(bound)) => Some(waits(bound)),
                (None, None) => Some("waits for a number, and finds nothing here".to_owned()),
            };
            Toggle { chosen, result, bound, refused }
        };
        self.scenario.toggles.iter().map(of).collect()
    }

    /// What the page leaves out.
    fn limits(&self, toggles: &[Toggle<'_>], curves: &[Curve]) -> String {
        let mut said = Vec::new();
        let left: Vec<&str> = toggles
            .iter()
            .filter(|toggle| toggle.refused.is_some())
            .filter(|toggle| toggle.result.is_some_and(|(_, result)| result.found > 0))
            .map(|toggle| toggle.chosen.id())
            .collect();
        if !left.is_empty() {
            said.push(format!(
                "{} act here too, but not all subsets of so many toggles fit on a page: they are \
                 off in everything that follows the ticks, and on in the report's tables of all \
                 together. `windtunnel compare --with` takes any set.",
                left.join(", ")
            ));
        }
        let sessions = self.recording.sessions.len();
        let missing = sessions - curves.len();
        if missing > 0 && grows(self.recording) {
            said.push(format!(
                "Curves of {} of {} sessions are shown, those that read most and fit on a page.",
                format::integer(curves.len() as i64, false),
                format::integer(sessions as i64, false)
            ));
        }
        let all = |curve: &Curve| self.recording.sessions[curve.session as usize].calls as usize;
        if curves.iter().any(|curve| curve.calls.len() < all(curve)) {
            said.push(
                "Long sessions are drawn at calls in even distances, the same ones before and \
                 after."
                    .to_owned(),
            );
        }
        lines(&said)
    }

    fn section(&self, section: &Section) -> String {
        let heading = html::escape(&section.heading);
        let body = html::items(section, &|path, alt| self.picture(path, alt));
        format!(
            "<section id=\"{}\"><details open><summary><h2>{heading}</h2></summary>\n{body}\
             </details></section>\n",
            slug(&section.heading)
        )
    }

    /// A picture in the page, or where it lies.
    fn picture(&self, path: &str, alt: &str) -> String {
        let caption = html::escape(alt);
        if LIVE.contains(&path) {
            return String::new();
        }
        let inline = self.pictures.iter().find(|(known, _)| known == path);
        match inline.filter(|(_, svg)| svg.len() <= LARGEST_PICTURE) {
            Some((_, svg)) => format!(
                "<figure class=\"chart\">{}<figcaption>{caption}</figcaption></figure>\n",
                svg.trim_end()
            ),
            None => format!(
                "<p class=\"note\">{caption}: <a href=\"{0}\">{0}</a></p>\n",
                html::escape(path)
            ),
        }
    }
}

fn waits(bound: &Bound) -> String {
    let keys: Vec<String> =
        bound.asked.iter().map(|spec| format!("{} ({})", spec.key, spec.what)).collect();
    format!("waits for {}: no source gives it; what stands here are bounds", keys.join(", "))
}

/// The short account at the top of a report, and the rest of it.
fn split(document: &Document) -> (Option<&Section>, &[Section]) {
    let parts = document.sections.split_first();
    parts.map_or((None, &[]), |(first, rest)| (Some(first), rest))
}

/// The short account, without pictures.
fn lead(section: &Section) -> String {
    let heading = html::escape(&section.heading);
    let body = html::items(section, &|_, _| String::new());
    format!("<h2 id=\"h-short\">{heading}</h2>\n{body}")
}

fn contents(sections: &[Section]) -> String {
    sections.iter().fold(String::new(), |mut all, section| {
        let (at, heading) = (slug(&section.heading), html::escape(&section.heading));
        let _ = writeln!(all, "<li><a href=\"#{at}\">{heading}</a></li>");
        all
    })
}

/// A heading as an anchor.
fn slug(heading: &str) -> String {
    let letters = heading.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    format!("s-{}", letters.collect::<String>().to_ascii_lowercase())
}

/// Lines of small type.
fn lines<T: AsRef<str>>(lines: &[T]) -> String {
    lines.iter().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "<p class=\"note\">{}</p>", html::escape(line.as_ref()));
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_plain() {
        assert_eq!(slug("Bounds, where <no> \"source\""), "s-bounds--where--no---source-");
    }
}
