//! What a comparison rests on, in words: the lens, what its tokens are, and open facts.

use super::ComparisonReport;
use crate::intervene::{self, Intervention, RangeShape};
use crate::reconstruct::{Lens, RecordingSource, ReportedRoutes};
use crate::report::format;
use crate::report::show::price_notes;
use crate::study::audit::{AuditFinding, FindingSeverity};
use crate::study::whatif::compare::ToggleResult;
use crate::study::whatif::tornado::SavingSwing;

/// Why there are no dollars.
const NO_DOLLARS: &str = "No dollars: the source does not say what of its tokens was input, cached \
                          or output.";

impl ComparisonReport<'_> {
    /// Why there are no dollars, and what the tokens are as far as that is known.
    pub(super) fn why_no_dollars(&self) -> String {
        if self.source.can_be_priced() {
            let notes = price_notes::price_notes(&self.provenance.coverage);
            return notes.join("; ").replacen("no dollars", "No dollars", 1) + ".";
        }
        let classes = self.source.routes().and_then(ReportedRoutes::token_classes);
        match classes.filter(|classes| classes.value != "unstated") {
            None => NO_DOLLARS.to_owned(),
            Some(classes) => format!(
                "No dollars: the tokens are {}, as one sum. They stand beside no total that holds \
                 cached reads.",
                classes.value
            ),
        }
    }

    /// What a toggle saves under either answer to each open fact that it rests on: both tellings.
    pub(super) fn open_facts(&self, toggle: &ToggleResult) -> Vec<String> {
        let swings = &self.comparison.tornado;
        let at = self.comparison.toggles.iter().position(|one| one.id == toggle.id);
        let mut told = Vec::new();
        for swing in swings.iter().filter(|swing| swing.range.is_open_fact()) {
            let Some(&(if_not, if_so)) = at.and_then(|at| swing.alone.get(at)) else { continue };
            // A fact that moves this toggle by less than a tenth is told with another one.
            let moved = (if_so - if_not).abs();
            if moved > 0 && moved * 10 >= if_not.abs().max(if_so.abs()) {
                let [low, high] = [if_not, if_so].map(|saved| format::format_tokens(saved, false));
                let (fact, range) = (self.fact_in_words(swing), swing.range);
                told.push(match range.shape {
                    // One of several numbers: what is saved at the first and at the last of them.
                    RangeShape::Weighted => {
                        format!("open: {fact}: {low} at {}, {high} at {}", range.low, range.high)
                    }
                    _ => {
                        let share = format::plain_share(range.mode);
                        format!("open: {fact}, counted at {share}: {low} if not, {high} if so")
                    }
                });
            }
        }
        told
    }

    /// What an open fact is about.
    fn fact_in_words(&self, swing: &SavingSwing) -> String {
        let unknowns = self.source.unknowns().iter();
        let mut of_source = unknowns.filter(|unknown| unknown.id == swing.key);
        if let Some(unknown) = of_source.next().filter(|_| swing.toggle.is_empty()) {
            return unknown.what.clone();
        }
        let card = intervene::find_by_id(swing.toggle).map(Intervention::card);
        let mut specs = card.iter().flat_map(|card| card.params);
        let spec = specs.find(|spec| spec.key == swing.key);
        spec.map_or_else(|| swing.key.clone(), |spec| spec.what.to_owned())
    }
}

/// What the lens takes published calls for; `None` where no number of calls is published. What
/// speaks against the other lens is said only where the audit of this very source found it.
#[must_use]
pub fn lens_note(source: &RecordingSource, findings: &[AuditFinding]) -> Option<String> {
    let lens = source.lens()?;
    let pipeline = source.pipeline()?;
    pipeline.inventory.as_ref()?;
    if pipeline.counts_calls_only() {
        let assumed = pipeline.assumed_value("counts").is_some();
        let why =
            if assumed { ", because the file does not say that they are records" } else { "" };
        return Some(format!("Published numbers of calls are taken for calls{why}."));
    }
    let contradicted = findings.iter().any(|finding| {
        finding.id.starts_with("record-lens") && finding.severity == FindingSeverity::Error
    });
    let (note, found) = match lens {
        Lens::Message => (
            "Message lens: a published number of API calls is taken for transcript records, of \
             which a model call has about two, unless the source says otherwise.",
            " As calls they would need sessions that no real session resembles (the audit says \
             which).",
        ),
        Lens::Record => (
            "Record lens: a published number of API calls is taken for model calls.",
            " The audit says which sessions cannot be so.",
        ),
    };
    Some(note.to_owned() + if contradicted { found } else { "" })
}
