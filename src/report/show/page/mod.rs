//! The page of a report: the document as HTML, with the part that moves in front: toggles that are
//! ticked on and off, sums, waterfall and context curves that follow at once, by look-up alone.

mod build_stops;
mod moved_values;
mod packed_tables;
mod page_sums;
mod script_data;
mod time_columns;
mod toggle_cells;
mod toggle_table;

use super::charts::has_growth;
use super::report::FullReport;
use crate::plan::ToggleSubset;
use crate::reconstruct::{Lens, RecordingSource};
use crate::recording::Recording;
use crate::report::format;
use crate::report::html;
use crate::report::page::HtmlPage;
use crate::report::{ReportDocument, Section, SectionItem};
use crate::scenario::{ChosenToggle, Scenario};
use crate::study::inspect::context_curves::ContextCurve;
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::experiment::Experiment;
use crate::study::whatif::moved_parameters::MovedParameters;
use crate::study::whatif::saving_bounds::SavingBound;
use crate::study::whatif::subset_lookup::SubsetLookup;
use std::fmt::Write as _;

/// Pictures that the page draws itself, so that they follow what is ticked.
const REDRAWN_PICTURES: [&str; 2] = ["charts/waterfall.svg", "charts/growth.svg"];

/// The largest picture that stands in the page itself, in bytes; a larger one is a link.
const LARGEST_PICTURE: usize = 100_000;

/// What a page is made from.
pub struct PageSource<'a> {
    /// The report.
    pub report: &'a FullReport<'a>,
    /// Its toggles, those that wait for a number included.
    pub scenario: &'a Scenario,
    /// What was compared, to replay it with other parameters.
    pub experiment: &'a Experiment<'a>,
    /// What was replayed.
    pub recording: &'a Recording,
    /// Pictures as parts of a page, by the path of their file.
    pub pictures: &'a [(String, String)],
}

/// A toggle as the page has it.
struct PageToggle<'a> {
    chosen: &'a ChosenToggle,
    /// Its bit and what was found out about it; `None` where it waits for a number.
    result: Option<(usize, &'a ToggleResult)>,
    /// Its bounds, where it waits for a number and finds something.
    bound: Option<&'a SavingBound>,
    /// Why it cannot be ticked.
    refusal: Option<String>,
}

impl PageSource<'_> {
    /// The page as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let document = self.report.to_document();
        let comparison = self.report.comparison_report.comparison;
        let lookup = SubsetLookup::for_comparison(comparison, self.best_subset());
        let toggles = self.page_toggles(&lookup);
        let stops = self.build_stops(&lookup);
        let opening = build_stops::opening_subset(&lookup, &stops);
        let clock = self.clock_sum(&lookup);
        let clock = clock.as_ref();
        let tables = packed_tables::pack_tables(&lookup.lattice, clock);
        let (curves, block) = packed_tables::pack_curves(self, &lookup);
        let moved = MovedParameters::for_lookup(self.experiment, comparison, &lookup);
        let (moves, of_moves) = moved_values::pack_moves(self, &moved, &toggles);
        // The summary leads; what moves stands between it and the other sections.
        let (short, rest) = split_off_summary(&document);
        HtmlPage {
            title: document.title.clone(),
            subtitle: self.page_subtitle(),
            lead: short.map_or_else(String::new, lead_html),
            unit: if comparison.has_dollars { "money" } else { "tokens" },
            totals: self.total_rows(&lookup, opening, clock),
            toggles: self.toggle_table_html(&lookup, &stops, &toggles, clock),
            limits: self.omissions_html(&toggles, &curves, &moved, clock.is_some()),
            contents: contents_html(rest),
            sections: rest.iter().map(|section| self.section_html(section)).collect(),
            provenance: note_lines(&document.provenance),
            data: self.script_data(&lookup, (&toggles, moves), &stops, &curves, clock),
            blocks: vec![
                ("packed-sums", tables),
                ("packed-curves", block),
                ("packed-moves", of_moves),
            ],
        }
        .to_bytes()
    }

    /// What the amounts of the page are of.
    fn scope_words(&self) -> &'static str {
        match self.report.comparison_report.source {
            RecordingSource::Pipeline { .. } => " a run",
            RecordingSource::Routes { .. } | RecordingSource::Recorded(_) => " in this record",
        }
    }

    fn page_subtitle(&self) -> String {
        let shown = &self.report.comparison_report;
        let lens = match shown.source.lens() {
            Some(Lens::Message) => "; records read as calls",
            Some(Lens::Record) => "; every record is a call",
            None => "",
        };
        format!(
            "{}, replayed by windtunnel {}{lens}",
            shown.provenance.recording,
            env!("CARGO_PKG_VERSION")
        )
    }

    fn page_toggles(&self, lookup: &SubsetLookup) -> Vec<PageToggle<'_>> {
        let comparison = self.report.comparison_report.comparison;
        let touched = comparison.plan.islands.iter().fold(0, |all, one| all | one.touched_by);
        let toggles = self.scenario.toggles.iter();
        toggles.map(|chosen| self.page_toggle(chosen, lookup, touched)).collect()
    }

    /// One toggle; `touched` are the bits of those that change anything.
    fn page_toggle<'b>(
        &'b self,
        chosen: &'b ChosenToggle,
        lookup: &SubsetLookup,
        touched: ToggleSubset,
    ) -> PageToggle<'b> {
        let comparison = self.report.comparison_report.comparison;
        let id = chosen.id();
        let result = comparison.toggles.iter().enumerate().find(|(_, toggle)| toggle.id == id);
        // A toggle that waits for a number is not in the comparison, it may have bounds instead.
        let bound = comparison.bounds.iter().find(|bound| bound.id == id);
        let bound = bound.filter(|_| result.is_none());
        let refusal = match (result, bound) {
            // A toggle may find nothing and still change a call that another one touches.
            (Some((at, toggle)), _) if toggle.found == 0 && touched >> at & 1 == 0 => {
                Some("has no place here".to_owned())
            }
            (Some((_, toggle)), _) if toggle.is_beside => Some(
                "changes the orchestrator, beside the sessions: what it saves of its reads stands \
                 in the table of another orchestrator"
                    .to_owned(),
            ),
            (Some((at, _)), _) if !lookup.contains_toggle(at) => Some(
                "cannot be ticked: so many fixes act here that not all sets fit on a page, and \
                 this is one of those that save least alone"
                    .to_owned(),
            ),
            (Some(_), _) => None,
            (None, Some(bound)) => Some(waiting_reason(bound)),
            (None, None) => Some("needs a number of yours, and has no place here".to_owned()),
        };
        PageToggle { chosen, result, bound, refusal }
    }

    /// What the page leaves out.
    fn omissions_html(
        &self,
        toggles: &[PageToggle<'_>],
        curves: &[ContextCurve],
        moved: &MovedParameters,
        has_clock: bool,
    ) -> String {
        let mut said: Vec<String> = self.what_stays_fixed(has_clock).into_iter().collect();
        said.insert(
            0,
            format!(
                "Every amount here is exact for what is ticked: looked up in a table of all sets. \
                 Parameters stand at their middle. {}",
                moved_values::moved_words(moved)
            ),
        );
        // Refused although they find something: there was no room for their subsets.
        let left: Vec<&str> = toggles
            .iter()
            .filter(|toggle| toggle.refusal.is_some())
            .filter(|toggle| {
                toggle.result.is_some_and(|(_, result)| result.found > 0 && !result.is_beside)
            })
            .map(|toggle| toggle.chosen.id())
            .collect();
        if !left.is_empty() {
            said.push(format!(
                "{} act here too, but not all sets of so many fixes fit on a page: they are off in \
                 everything that follows the ticks, and on in the tables of all together. \
                 `windtunnel compare --with` takes any set.",
                left.join(", ")
            ));
        }
        let sessions = self.recording.sessions.len();
        let missing = sessions - curves.len();
        if missing > 0 && has_growth(self.recording) {
            said.push(format!(
                "Curves of {} of {} sessions are shown, those that read most and fit on a page.",
                format::format_integer(curves.len() as i64, false),
                format::format_integer(sessions as i64, false)
            ));
        }
        let is_thinned = curves.iter().any(|curve| {
            let session = &self.recording.sessions[curve.session as usize];
            curve.calls.len() < session.calls as usize
        });
        if is_thinned {
            said.push(
                "Long sessions are drawn at calls in even distances, the same ones before and \
                 after."
                    .to_owned(),
            );
        }
        note_lines(&said)
    }

    /// What of time does not follow the ticks; `None` where nothing tells how the pipeline ran.
    fn what_stays_fixed(&self, has_clock: bool) -> Option<String> {
        let shown = &self.report.comparison_report;
        let has_minutes = shown.comparison.minutes.is_some();
        if !has_minutes && shown.bounded_limiter().is_none() {
            return None;
        }
        let fixed = match (has_minutes, has_clock) {
            (true, true) => {
                "The wall clock follows the ticks. The critical path and the picture of sessions \
                 in time below are of today and of all fixes, whatever is ticked."
            }
            (true, false) => {
                "So many fixes move time that the wall clock does not follow the ticks: what the \
                 report says of it below is of today and of all fixes."
            }
            (false, _) => {
                "Waits and calls a minute are of each fix alone; the table of the limiter and the \
                 picture of agents in time below are of today and of all fixes, whatever is ticked."
            }
        };
        Some(fixed.to_owned())
    }

    fn section_html(&self, section: &Section) -> String {
        let heading = html::escape_html(&section.heading);
        let body = html::section_to_html(section, &|path, alt| self.picture_html(path, alt));
        format!(
            "<section id=\"{}\"><details open><summary><h2>{heading}</h2></summary>\n{body}\
             </details></section>\n",
            heading_anchor(&section.heading)
        )
    }

    /// A picture in the page, or where it lies.
    fn picture_html(&self, path: &str, alt: &str) -> String {
        let caption = html::escape_html(alt);
        if REDRAWN_PICTURES.contains(&path) {
            return String::new();
        }
        // A huge picture would make the page slow: it is linked, and lies beside the page.
        let inline = self.pictures.iter().find(|(known, _)| known == path);
        match inline.filter(|(_, svg)| svg.len() <= LARGEST_PICTURE) {
            Some((_, svg)) => format!(
                "<figure class=\"chart\">{}<figcaption>{caption}</figcaption></figure>\n",
                svg.trim_end()
            ),
            None => format!(
                "<p class=\"note\">{caption}: <a href=\"{0}\">{0}</a></p>\n",
                html::escape_html(path)
            ),
        }
    }
}

fn waiting_reason(bound: &SavingBound) -> String {
    let keys: Vec<String> =
        bound.asked.iter().map(|spec| format!("{} ({})", spec.key, spec.what)).collect();
    format!("needs your number: {}; until then it saves something between these", keys.join(", "))
}

/// The short account at the top of a report, and the rest of it.
fn split_off_summary(document: &ReportDocument) -> (Option<&Section>, &[Section]) {
    let parts = document.sections.split_first();
    parts.map_or((None, &[]), |(first, rest)| (Some(first), rest))
}

/// The decision, and the rest of the short account folded under it, without pictures.
fn lead_html(section: &Section) -> String {
    let decision = section.items.iter();
    let decision = decision
        .take_while(|item| matches!(item, SectionItem::Paragraph(_) | SectionItem::Decision(_)))
        .count();
    let (decision, rest) = section.items.split_at(decision);
    let mut lead =
        format!("<h2 id=\"h-short\" class=\"hear\">In short</h2>\n{}", items_html(decision));
    if !rest.is_empty() {
        let _ = write!(
            lead,
            "<details class=\"more\"><summary>why, and every step</summary>\n{}</details>\n",
            items_html(rest)
        );
    }
    lead
}

/// Items without a heading and without pictures.
fn items_html(items: &[SectionItem]) -> String {
    let part = Section { heading: String::new(), items: items.to_vec() };
    html::section_to_html(&part, &|_, _| String::new())
}

fn contents_html(sections: &[Section]) -> String {
    sections.iter().fold(String::new(), |mut all, section| {
        let (at, heading) = (heading_anchor(&section.heading), html::escape_html(&section.heading));
        let _ = writeln!(all, "<li><a href=\"#{at}\">{heading}</a></li>");
        all
    })
}

/// A heading as an anchor.
fn heading_anchor(heading: &str) -> String {
    let letters = heading.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    format!("s-{}", letters.collect::<String>().to_ascii_lowercase())
}

/// Lines of small type.
fn note_lines<T: AsRef<str>>(lines: &[T]) -> String {
    lines.iter().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "<p class=\"note\">{}</p>", html::escape_html(line.as_ref()));
        all
    })
}

/// The toggles behind the bits of a subset, by their places in the list. Toggles that wait for a
/// number are in the list too, but have no bit.
fn places_of_bits(toggles: &[PageToggle<'_>], subset: ToggleSubset) -> Vec<usize> {
    let bits = (0..64).filter(|bit| subset >> bit & 1 == 1);
    let places = bits.map(|bit| {
        let place =
            toggles.iter().position(|toggle| toggle.result.is_some_and(|(at, _)| at == bit));
        place.expect("every bit has a toggle")
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_plain() {
        assert_eq!(
            heading_anchor("Bounds, where <no> \"source\""),
            "s-bounds--where--no---source-"
        );
    }
}
