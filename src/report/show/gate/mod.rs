//! The gate's word: a table for people, a comment for pull requests, what programs of a CI read.

mod annotations;
mod defects;
mod fields;
mod first_screen;
mod junit;
mod moved_rows;
mod power;
mod sentences;
mod start_change;

pub use defects::defect_sentences;
pub(super) use fields::report_fields;
pub use junit::{failure_document, failure_junit};
pub use power::PowerReport;
pub use start_change::StartReport;
pub(super) use start_change::start_fields;

use crate::report::columns::object_json;
use crate::report::format;
use crate::report::json;
use crate::report::{ReportDocument, RichText, Section, TableView};
use crate::study::gate::{
    FigureKey, GateOutcome, GateResult, GateRow, GateScope, JOINT_SAVING, RowVerdict, share_bp,
};
use crate::units::BASIS_POINTS;

/// Rows of a table; beyond that rows within their limits are counted, but for those of the whole.
const MOST_ROWS: usize = 40;

/// Rows of a comment that says that all is well.
const MOST_ROWS_WELL: usize = 6;

/// The line by which a comment of the gate is found again, to be replaced.
pub const COMMENT_MARKER: &str = "<!-- windtunnel-gate -->";

/// A gate's word and everything that it is shown with.
#[derive(Clone, Copy, Debug)]
pub struct GateReport<'a> {
    /// The numbers.
    pub gate: &'a GateResult,
    /// The committed file that the baseline was read from; where annotations point to.
    pub file: Option<&'a str>,
    /// Where the numbers come from: digests, prices, policy, seed, a line each.
    pub sources: &'a [String],
}

impl GateReport<'_> {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        json::versioned_json("gate", 1, &object_json(&report_fields(), &self))
    }

    /// For people: the verdict, the limited rows, why, what would undo it.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new("");
        let mut verdict = Section::new("").with_paragraph(self.verdict_text());
        if !self.gate.defects.is_empty() {
            verdict = verdict.with_table(self.defects_table());
        }
        // What is of the whole, or not within its limit, is shown in any case; the rest is counted.
        let (shown, rest): (Vec<&GateRow>, Vec<&GateRow>) = self.limited_rows().partition(|row| {
            row.verdict != RowVerdict::Within
                || row.key.scope == GateScope::Total
                || !self.has_many_limits()
        });
        let mut limits = self.rows_table(shown.into_iter(), "Limits");
        if !rest.is_empty() {
            let more = format!("{} more figures within their limits; JSON has all", rest.len());
            limits.add_footnote(more);
        }
        verdict = verdict.with_table(limits);
        let others = self.unlimited_totals();
        if !others.is_empty() {
            verdict = verdict.with_table(self.rows_table(others.into_iter(), "Without a limit"));
        }
        document.add_section(verdict);
        self.add_explanations(&mut document);
        document.add_sources(self.sources);
        document
    }

    /// For a pull request: what is beyond a limit or may be. Where nothing is, the verdict and the
    /// limits of the whole: a comment of an earlier run is replaced by it, and is no longer true.
    /// `None` where no figure moved.
    #[must_use]
    pub fn to_comment(&self) -> Option<ReportDocument> {
        let mut rows: Vec<_> = self.limited_rows().filter(|it| needs_a_look(it.verdict)).collect();
        // Nothing to look at and nothing that moved: there is nothing to say.
        let is_well = rows.is_empty() && self.gate.outcome() == GateOutcome::Passes;
        let moved = self.gate.rows.iter().any(|row| row.baseline != row.candidate);
        if is_well && !moved && self.gate.defects.is_empty() {
            return None;
        }
        let mut document = ReportDocument::new("");
        let title = if is_well { "windtunnel gate: within limits" } else { "windtunnel gate" };
        let mut section = Section::new(title).with_paragraph(self.verdict_text());
        if is_well {
            rows = self.limited_rows().filter(|row| row.key.scope == GateScope::Total).collect();
            rows.truncate(MOST_ROWS_WELL);
        }
        if !self.gate.defects.is_empty() {
            section = section.with_table(self.defects_table());
        }
        document.add_section(section.with_table(self.rows_table(rows.into_iter(), "")));
        self.add_explanations(&mut document);
        document.add_sources(self.sources);
        Some(document)
    }

    /// Rows with a limit: the worst verdict first, then in their own order.
    fn limited_rows(&self) -> impl Iterator<Item = &GateRow> {
        let mut rows: Vec<&GateRow> =
            self.gate.rows.iter().filter(|row| row.verdict != RowVerdict::Unlimited).collect();
        rows.sort_by_key(|row| severity_rank(row.verdict));
        rows.into_iter()
    }

    /// Whether a table of all limited rows would hide what matters.
    fn has_many_limits(&self) -> bool {
        self.limited_rows().count() > MOST_ROWS
    }

    /// Figures of the whole that have no limit.
    fn unlimited_totals(&self) -> Vec<&GateRow> {
        let unlimited = self.gate.rows.iter().filter(|row| row.verdict == RowVerdict::Unlimited);
        unlimited.filter(|row| row.key.scope == GateScope::Total).collect()
    }

    fn verdict_text(&self) -> RichText {
        let line = sentences::verdict_sentence(self.gate);
        // The verdict is stressed, and not the row that explains it.
        let (first, rest) = line.split_once(": ").unwrap_or((&line, ""));
        let rest = if rest.is_empty() { String::new() } else { format!(": {rest}") };
        RichText::new().with_strong(first).with_plain(rest)
    }

    /// What stands against a judgement.
    fn defects_table(&self) -> TableView {
        let rows = defects::sorted_defects(self.gate);
        TableView::from_fields("What is wrong", &defects::defect_fields(), rows)
    }

    fn rows_table<'a>(&self, rows: impl Iterator<Item = &'a GateRow>, title: &str) -> TableView {
        let rows: Vec<&GateRow> = rows.collect();
        let has_chance = rows.iter().any(|row| row.interval.is_some());
        let is_limited = rows.iter().any(|row| row.verdict != RowVerdict::Unlimited);
        let fields = fields::row_fields(has_chance, is_limited);
        let mut view = TableView::from_fields(title, &fields, rows);
        if has_chance {
            view.add_footnote(sentences::chance_note(self.gate));
        }
        view
    }

    fn add_explanations(&self, document: &mut ReportDocument) {
        let gate = self.gate;
        let causes = gate.causes.iter().map(sentences::cause_sentence);
        if !gate.causes.is_empty() {
            document.add_section(Section::new("What grew").with_bullets(causes));
        }
        if !gate.remedies.is_empty() {
            let remedies = gate.remedies.iter().map(|remedy| {
                let part = format::plain_share(share_bp(remedy.saved_growth, remedy.total_growth));
                format!("{} {}: undoes {part} of the growth", remedy.id, remedy.title)
            });
            document.add_section(Section::new("What would undo it").with_bullets(remedies));
        }
        let notes = sentences::note_sentences(gate);
        if !notes.is_empty() {
            document.add_section(Section::new("Notes").with_bullets(notes));
        }
    }
}

/// What a key is of, in words.
fn key_place(key: &FigureKey) -> String {
    match key.scope {
        GateScope::Total => "all".to_owned(),
        GateScope::Saving if key.name == JOINT_SAVING => "what all toggles save".to_owned(),
        GateScope::Saving => format!("what {} saves", key.name),
        scope => format!("{scope} {}", if key.name.is_empty() { "(none)" } else { &key.name }),
    }
}

/// Whether a row is more than a figure within its limit.
fn needs_a_look(judged: RowVerdict) -> bool {
    matches!(judged, RowVerdict::Beyond | RowVerdict::Unsure | RowVerdict::Unjudged)
}

/// The worst first.
fn severity_rank(judged: RowVerdict) -> u8 {
    match judged {
        RowVerdict::Beyond => 0,
        RowVerdict::Unjudged => 1,
        RowVerdict::Unsure => 2,
        RowVerdict::Within => 3,
        RowVerdict::Unlimited => 4,
    }
}

/// A part of one in ten-thousandths, to the nearest.
fn to_basis_points(part: f64) -> i64 {
    (part * BASIS_POINTS as f64).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{OutputStyle, find_renderer};
    use crate::study::gate::{
        ChangeSubject, ComparisonDesign, ExactMean, FigureChange, FigureLimit, GateMetric,
        GrowthCause, SideSummary, ToggleRemedy,
    };
    use crate::study::stats::bootstrap::ConfidenceInterval;

    fn row(
        scope: GateScope,
        metric: GateMetric,
        sums: (i128, i128),
        judged: RowVerdict,
    ) -> GateRow {
        let mean = |sum| Some(ExactMean { sum, count: 2 });
        let change = (sums.1 - sums.0) as f64 / sums.0 as f64;
        GateRow {
            key: FigureKey { scope, name: "a,b: 100%".to_owned(), metric },
            baseline: mean(sums.0),
            candidate: mean(sums.1),
            change: Some(change),
            interval: Some(ConfidenceInterval { low: change - 0.01, high: change + 0.02 }),
            limit: match judged {
                RowVerdict::Unlimited => FigureLimit::default(),
                _ => {
                    FigureLimit { grows_bp: Some(300), grows_by: Some(2), ..FigureLimit::default() }
                }
            },
            verdict: judged,
        }
    }

    const USD: i128 = 1_000_000_000_000;

    fn change(what: ChangeSubject, (from, to): (i128, i128)) -> FigureChange {
        let mean = |sum| Some(ExactMean { sum, count: 1 }).filter(|mean| mean.sum > 0);
        FigureChange { subject: what, from: mean(from), to: mean(to) }
    }

    fn gate(rows: Vec<GateRow>) -> GateResult {
        let named = |name: &str| SideSummary {
            name: name.to_owned(),
            samples: 2,
            digests: vec!["0a".to_owned(), "0b".to_owned()],
            ..SideSummary::default()
        };
        GateResult {
            baseline: named("main"),
            candidate: named("new"),
            design: ComparisonDesign::Pooled,
            confidence: 0.95,
            rows,
            causes: vec![GrowthCause {
                scope: GateScope::Step,
                name: "test".to_owned(),
                changes: vec![
                    change(ChangeSubject::Metric(GateMetric::Dollars), (3 * USD, 9 * USD / 2)),
                    change(ChangeSubject::Context, (10_000, 12_000)),
                    change(ChangeSubject::Kind("polls".to_owned(), GateMetric::Calls), (3, 12)),
                    change(
                        ChangeSubject::Kind("tool_result".to_owned(), GateMetric::Added),
                        (0, 180_500),
                    ),
                ],
                metric: GateMetric::Dollars,
                growth: 3 * USD / 2,
                total_growth: 2 * USD,
            }],
            remedies: vec![ToggleRemedy {
                id: "R7".to_owned(),
                title: "one background wait".to_owned(),
                saved_growth: 6,
                total_growth: 9,
            }],
            defects: Vec::new(),
            notes: Vec::new(),
            input_notes: vec!["step 'x' is new".to_owned()],
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    fn beyond() -> GateResult {
        gate(vec![
            row(GateScope::Total, GateMetric::Calls, (201, 241), RowVerdict::Beyond),
            row(
                GateScope::Total,
                GateMetric::Tokens,
                (4_000_000, 4_000_000),
                RowVerdict::Unlimited,
            ),
            row(
                GateScope::Step,
                GateMetric::Dollars,
                (2_000_000_000_000, 2_040_000_000_000),
                RowVerdict::Within,
            ),
            row(GateScope::Step, GateMetric::Read, (100, 110), RowVerdict::Unsure),
        ])
    }

    #[test]
    fn every_output_says_what_went_where() {
        let gate = beyond();
        let sources = ["prices sha256 aa".to_owned()];
        let shown = GateReport { gate: &gate, file: Some("ci/base.json"), sources: &sources };
        let table = text(
            find_renderer("table").unwrap().render(&shown.to_document(), OutputStyle::default()),
        );
        let line = "the gate says no: calls of all went from 100.50 to 120.50 (+19.9 %, +18.9 % to \
                    +21.9 %); allowed is +3 % or +2";
        assert_eq!(sentences::verdict_sentence(&gate), line);
        for words in ["the gate says no", "beyond", "may be chance", "step 'x' is new"] {
            assert!(table.contains(words), "{words}: {table}");
        }
        let cause = "step test: dollars $3.00 -> $4.50; context a call 10.0 k -> 12.0 k; polls 3 \
                     -> 12; tool result 0 -> 180.5 k tokens; 75.0 % of the growth of dollars";
        assert_eq!(sentences::cause_sentence(&gate.causes[0]), cause);
        assert!(table.contains("step test: dollars"), "{table}");
        let more =
            sentences::cause_sentence(&GrowthCause { growth: 9 * USD, ..gate.causes[0].clone() });
        assert!(more.ends_with("; more than the whole growth of dollars, the rest fell"), "{more}");
        assert!(table.contains("R7 one background wait: undoes 66.7 % of the growth"), "{table}");
        let comment = shown.to_comment().expect("a comment");
        assert_eq!(comment.all_tables().map(|(_, view)| view.rows.len()).sum::<usize>(), 2);
        let annotations = text(shown.to_annotations());
        assert_eq!(annotations.lines().count(), 2, "{annotations}");
        let step = "::warning file=ci/base.json,title=read of step a%2Cb%3A 100%25::read of step \
                    a,b: 100%25 went from 50 to 55 (+10.0 %25, +9.0 %25 to +12.0 %25); allowed is \
                    +3 %25 or +2";
        assert!(annotations.contains(step), "{annotations}");
        let junit = text(shown.to_junit());
        assert!(junit.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{junit}");
        let json: serde_json::Value = serde_json::from_slice(&shown.to_json()).unwrap();
        assert_eq!(json["schema"], "windtunnel.gate/1");
        assert_eq!(json["passes"], false);
        assert_eq!(json["rows"][0]["baseline"], serde_json::json!({ "sum": 201, "of": 2 }));
        assert_eq!(json["rows"][0]["change"], 0.199);
        let cause = &json["causes"][0];
        assert_eq!((&cause["scope"], &cause["name"]), (&"step".into(), &"test".into()));
        assert_eq!(cause["changes"][1]["metric"], "context_a_call");
        let (polls, tokens) = (&cause["changes"][2], &cause["changes"][3]);
        assert_eq!((&polls["kind"], &polls["metric"]), (&"polls".into(), &"calls".into()));
        assert_eq!(polls["candidate"], serde_json::json!({ "sum": 12, "of": 1 }));
        assert_eq!((&tokens["unit"], &tokens["baseline"]), (&"tokens".into(), &().into()));
    }

    #[test]
    fn a_long_table_counts_what_is_within_its_limits() {
        let mut rows =
            vec![row(GateScope::Step, GateMetric::Calls, (100, 101), RowVerdict::Within); 50];
        rows.push(row(GateScope::Total, GateMetric::Calls, (100, 101), RowVerdict::Within));
        rows.push(row(GateScope::Step, GateMetric::Read, (100, 200), RowVerdict::Beyond));
        let gate = gate(rows);
        let document = GateReport { gate: &gate, file: None, sources: &[] }.to_document();
        let (_, limits) = document.all_tables().next().unwrap();
        assert_eq!(limits.rows.len(), 2);
        assert!(limits.footnotes.iter().any(|note| note.starts_with("50 more figures within")));
    }

    #[test]
    fn a_comment_says_when_all_is_well() {
        let gate =
            gate(vec![row(GateScope::Total, GateMetric::Calls, (200, 202), RowVerdict::Within)]);
        let shown = GateReport { gate: &gate, file: None, sources: &[] };
        let comment = shown.to_comment().expect("a comment");
        assert_eq!(comment.all_tables().map(|(_, view)| view.rows.len()).sum::<usize>(), 1);
        assert_eq!(comment.sections[0].heading, "windtunnel gate: within limits");
        let line = "::notice title=windtunnel gate::the gate passes: 1 figure within limits\n";
        assert_eq!(text(shown.to_annotations()), line);
    }

    #[test]
    fn a_step_of_a_ci_shows_ten_annotations_and_the_last_counts_the_rest() {
        let rows = vec![row(GateScope::Step, GateMetric::Calls, (10, 20), RowVerdict::Beyond); 14];
        let gate = gate(rows);
        let text = text(GateReport { gate: &gate, file: None, sources: &[] }.to_annotations());
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(text.ends_with("::error title=and more::5 more like these\n"), "{text}");
    }
}
