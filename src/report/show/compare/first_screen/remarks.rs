//! What stands under the first screen of `compare`: how much was read, what is assumed, which
//! unknown to find out first, and where to look next.

use super::super::ComparisonReport;
use crate::intervene::{self, Intervention};
use crate::reconstruct::{Lens, RecordingSource};
use crate::report::document::LabelledRemark;
use crate::report::format::{self, count_of_nouns, format_integer, format_share_in_sentence};
use crate::report::show::decision::{Decision, DecisionRow, assumed_price_words};
use crate::report::show::parameter_value;
use crate::report::show::volume::{days_of_span, span_of_calls};
use crate::study::inspect::fidelity::measure_fidelity;
use crate::study::whatif::swept_subset::SweepMetric;

impl ComparisonReport<'_> {
    /// On how much all of it rests, and what is assumed.
    pub(super) fn basis(&self, decision: Option<Decision<'_>>) -> LabelledRemark {
        let recording = self.source.recording();
        let sessions = count_of_nouns(recording.sessions.len(), "session");
        let mut parts = match self.source {
            RecordingSource::Pipeline { lens, fit, .. } => {
                let mut parts =
                    vec![format!("published totals of {sessions}, repeated to the token")];
                let published: u32 = fit.sessions.iter().filter_map(|it| it.calls_published).sum();
                let calls = count_of_nouns(recording.calls.len(), "call");
                let (low, high) = fit.sessions.iter().fold((0, 0), |(low, high), session| {
                    (low + session.calls_range.0, high + session.calls_range.1)
                });
                if published > 0 {
                    let published = format_integer(i64::from(published), false);
                    parts.push(match lens {
                        Lens::Message => {
                            format!("{published} records are read as {calls} ({low} to {high})")
                        }
                        Lens::Record => format!("every record is a call: {calls}"),
                    });
                }
                parts
            }
            RecordingSource::Routes { .. } => {
                let runs = match recording.invocations.len() {
                    0 => sessions,
                    runs => count_of_nouns(runs, "agent run"),
                };
                vec![format!("published totals of {runs}, repeated to the token")]
            }
            RecordingSource::Recorded(_) => self.recorded_basis(sessions),
        };
        if self.comparison.has_dollars {
            parts.extend(assumed_price_words(self.provenance));
        } else {
            let why = self.why_no_dollars();
            let first = why.split_once(". ").map_or(&*why, |(first, _)| first);
            parts.push(first.trim_end_matches('.').replacen("No dollars", "no dollars", 1));
        }
        if decision.is_some_and(|decision| decision.sweep.metric == SweepMetric::Calls) {
            parts.push("ranked by calls".to_owned());
        }
        if let Some(uncertainty) = &self.comparison.uncertainty {
            let trials = format_integer(i64::from(uncertainty.draws), false);
            let mean = decision.and_then(|decision| {
                let mean = decision.amount_words(decision.differing_mean()?);
                Some(format!(", whose mean is {mean}"))
            });
            // Of transcripts the number follows from their size; of published totals it was told,
            // and the details say what it leaves open.
            let few = self.band_error_words().filter(|_| !self.source.is_published());
            let few = few.map(|words| format!(" ({words})"));
            parts.push(format!(
                "{trials} trials{}{}",
                few.unwrap_or_default(),
                mean.unwrap_or_default()
            ));
        }
        LabelledRemark::new("basis", parts.join("; "))
    }

    /// How much was read, and how well the cache model repeats it.
    fn recorded_basis(&self, sessions: String) -> Vec<String> {
        let recording = self.source.recording();
        let mut read = vec![sessions];
        if let Some(span) = span_of_calls(recording) {
            read.push(format!("{} UTC", days_of_span(&span)));
        }
        let calls = format_integer(recording.calls.len() as i64, false);
        read.push(format!("{calls} calls"));
        if self.comparison.has_dollars {
            let bill = self.comparison.baseline.total_money();
            read.push(format::plain_money(bill));
        }
        let mut parts = vec![read.join(", ")];
        let measured = measure_fidelity(recording);
        if let Some(all) = measured.first().filter(|all| all.sessions > 0) {
            let [median, p90] = [all.law.median, all.law.p90]
                .map(|part| format_share_in_sentence((part * 10_000.0).round() as i64));
            parts.push(format!(
                "the cache model repeats a session's reads within {median} (median), nine of ten \
                 within {p90}"
            ));
        }
        parts
    }

    /// The unknown that moves the saving of all fixes most.
    pub(super) fn find_out_first(&self, decision: Decision<'_>) -> Option<LabelledRemark> {
        let metric = decision.sweep.metric;
        let widths = self.comparison.tornado.iter().map(|swing| {
            let [low, high] = [&swing.low, &swing.high].map(|end| metric.amount_in_saving(end));
            (swing, (high - low).abs())
        });
        let (swing, width) = widths.max_by_key(|(_, width)| *width)?;
        let moved = decision.volume.scaled(width);
        if moved == 0 {
            return None;
        }
        let card = intervene::find_by_id(swing.toggle).map(Intervention::card);
        let spec = card.and_then(|card| card.params.iter().find(|spec| spec.key == swing.key));
        let unknown = self.source.unknowns().iter().find(|unknown| unknown.id == swing.key);
        let what = spec
            .map(|spec| spec.what.to_owned())
            .or_else(|| unknown.map(|unknown| unknown.what.clone()))
            .unwrap_or_else(|| swing.key.clone());
        // What follows a colon is an explanation.
        let what = what.split(':').next().unwrap_or_default();
        let of =
            if swing.toggle.is_empty() { String::new() } else { format!(" ({})", swing.toggle) };
        let [low, high] = [swing.range.low, swing.range.high]
            .map(|value| format::format_short(&parameter_value(swing.unit, value)));
        let moves = decision.amount_words(moved);
        let text = format!("{what}{of}, {low} to {high}: moves the total by {moves}");
        Some(LabelledRemark::new("find out first", text))
    }

    /// Where to look next.
    pub(super) fn more(&self, first: Option<&DecisionRow<'_>>) -> LabelledRemark {
        let explain = first.map(|row| format!("windtunnel explain {}", row.toggle.id));
        let report = match self.source {
            RecordingSource::Recorded(_) => "windtunnel report with the same paths".to_owned(),
            _ => format!("windtunnel report {}", self.provenance.recording),
        };
        let next = ["--details".to_owned()].into_iter().chain(explain).chain([report]);
        LabelledRemark::new("more", next.collect::<Vec<_>>().join(", "))
    }
}
