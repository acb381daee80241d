//! The top of a report, one screen for a planning doc: what is claimed, what replay says, what to
//! build first and what to measure after each.

use super::FullReport;
use crate::report::format;
use crate::report::show::build_order::BuildOrderReport;
use crate::report::show::compare::claim_verdict_word;
use crate::report::show::session_names::SessionNames;
use crate::report::{RichText, Section, TableCell, TableColumn, TableView};
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::remaining_saving::RemainingSaving;
use crate::study::whatif::savings::PipelineTotals;
use crate::study::whatif::verdict::ClaimVerdict;
use crate::units::{PicoUsd, ratio_bp};
use std::fmt::Write as _;

/// A point whose first words are stressed.
fn lead_point(lead: &str, words: impl Into<String>) -> RichText {
    RichText::new().with_strong(lead).with_plain(format!(" {}", words.into()))
}

fn format_tokens(n: i64) -> String {
    format::format_tokens(n, false)
}

fn format_share_range(low: i64, high: i64) -> String {
    format!("{} to {}", format::plain_share(low), format::plain_share(high))
}

impl FullReport<'_> {
    /// The whole screen.
    pub(super) fn summary_section(&self) -> Section {
        let mut points = vec![lead_point("Claimed:", self.claimed_words())];
        points.push(lead_point("Replayed:", self.replayed_words()));
        points.extend(self.verdict_words().map(|words| lead_point("Verdicts:", words)));
        points.extend(
            self.observed_words().map(|words| lead_point("Seen after the rollout:", words)),
        );
        if let Some(uncertainty) = &self.comparison_report.comparison.uncertainty {
            points.push(self.comparison_report.first_question_words(uncertainty));
        }
        let overlap = self.comparison_report.comparison.overlap;
        if overlap > 0 {
            let words = format!("{} of {}.", format_tokens(overlap), self.headline().column_noun());
            points.push(lead_point("Counted twice by a plain sum of the list:", words));
        }
        points.extend(
            self.whole_words().map(|words| lead_point("More than the summary holds:", words)),
        );
        let mut section = Section::new("Summary");
        // The decision first; what follows says why.
        let order = self.comparison_report.sweep.ok().map(BuildOrderReport);
        let decision = self.comparison_report.decision_lines();
        if !decision.is_empty() {
            section = section.with_decision(decision);
        }
        section = section.with_bullets(points);
        if let Some(table) = order.and_then(BuildOrderReport::table) {
            section = section.with_table(table);
        }
        let points = match order {
            Some(order) => order.points_on_the_rest(),
            None => self.irreplaceable_toggles(),
        };
        section.with_bullets(points.into_iter().chain(self.waiting_toggles()))
    }

    /// The whole with what the summary leaves out, a band; only of a source that tells of its
    /// orchestrator.
    fn whole_words(&self) -> Option<String> {
        let whole = self.comparison_report.comparison.whole.as_ref()?;
        let sides = whole.parts.last()?;
        let [low, expected, high] = sides.before.reads?;
        let of_summary = whole.parts.first()?.before.reads?[0];
        let mut line = format!(
            "{} to {} of reads with the orchestrator's share and every session that is left out, \
             {} expected; the summary's {} are {} of that.",
            format_tokens(low),
            format_tokens(high),
            format_tokens(expected),
            format_tokens(of_summary),
            format_share_range(ratio_bp(of_summary, high), ratio_bp(of_summary, low))
        );
        if let Some([low, expected, high]) =
            sides.after.filter(|after| Some(*after) != sides.before.reads)
        {
            let _ = write!(
                line,
                " With all toggles {} to {}, {} expected.",
                format_tokens(low),
                format_tokens(high),
                format_tokens(expected)
            );
        }
        // What nobody tells is said, so that nobody takes the band for the truth.
        line.push_str(" Subagents' own tokens are told nowhere and in none of this.");
        Some(line)
    }

    fn headline(&self) -> HeadlineMetric {
        self.comparison_report.comparison.headline
    }

    fn claimed_words(&self) -> String {
        let comparison = self.comparison_report.comparison;
        let claims: Vec<_> =
            comparison.toggles.iter().filter_map(|toggle| toggle.claim.as_ref()).collect();
        let amounts: Vec<_> = claims.iter().filter(|claim| !claim.is_direction).collect();
        // Amounts are added up, plain as the source lists them; directions can only be counted.
        let directions = claims.len() - amounts.len();
        let mut parts = Vec::new();
        if let Some(result) = comparison.whole_pipeline_claims().next() {
            let (low, high) = (*result.claim.saving.start(), *result.claim.saving.end());
            let mut part =
                format!("{} to {} of reads together", format_tokens(low), format_tokens(high));
            if let Some(bp) = &result.claim.share_bp {
                let _ = write!(
                    part,
                    " ({} to {})",
                    format::plain_share(*bp.start()),
                    format::plain_share(*bp.end())
                );
            }
            parts.push(part);
        }
        if !amounts.is_empty() {
            let low = amounts.iter().map(|claim| claim.saving.start()).sum();
            let high = amounts.iter().map(|claim| claim.saving.end()).sum();
            let count = amounts.len();
            parts.push(format!(
                "{} to {} by {count} single claims",
                format_tokens(low),
                format_tokens(high)
            ));
        }
        if directions > 0 {
            parts.push(format!("by {directions} toggles that something falls, without a number"));
        }
        match &parts[..] {
            [] => "nothing; no source names a saving.".to_owned(),
            parts => parts.join("; ") + ".",
        }
    }

    fn replayed_words(&self) -> String {
        let comparison = self.comparison_report.comparison;
        let (before, joint) = (&comparison.baseline, &comparison.joint);
        let headline = comparison.headline;
        let (saved, of) = (headline.amount_in_saving(joint), headline.amount_in_totals(before));
        let mut line = format!(
            "all toggles together {} of {} {} ({})",
            change_words(saved >= 0, &format_tokens(saved.abs())),
            format_tokens(of),
            headline.sentence_words(),
            format::plain_share(ratio_bp(saved.abs(), of))
        );
        if comparison.has_dollars {
            let (saved, of) = (joint.total_money(), before.total_money());
            let size = PicoUsd(saved.0.abs());
            let part = format::plain_share(size.share_bp(of));
            let verb = change_words(saved.0 >= 0, &format::plain_money(size));
            let _ = write!(line, " and {verb} of {} ({part})", format::plain_money(of));
        }
        if let Some(uncertainty) = &comparison.uncertainty {
            // P10 to P90 leaves one draw of ten below and one above.
            let (tokens, dollars) = uncertainty.joint_bp;
            let _ = write!(
                line,
                "; in eight of ten draws of parameters and {} {} to {} of {}",
                self.comparison_report.unknowns_in_words(),
                format::plain_share(tokens.p10),
                format::plain_share(tokens.p90),
                headline.column_noun()
            );
            if comparison.has_dollars {
                let (low, high) =
                    (format::plain_share(dollars.p10), format::plain_share(dollars.p90));
                let _ = write!(line, " and {low} to {high} of dollars");
            }
        }
        if let Some(study) = &comparison.minutes {
            let [before, after] = [study.before_ms, study.after_ms].map(format::plain_duration);
            let _ = write!(line, "; its sessions take {after} on the clock in place of {before}");
        }
        line + "."
    }

    /// What fell after a rollout, beside what was claimed and predicted for the same toggles.
    fn observed_words(&self) -> Option<String> {
        let comparison = self.comparison_report.comparison;
        // A single step that fell says little of the whole: only whole pipelines are told up here.
        let one =
            comparison.observed_savings.iter().find(|one| one.observed.step_name().is_empty())?;
        let interval = one.interval_bp();
        let mut line = format!(
            "with {} out, {} of whole pipelines of one size fell by {} ({})",
            one.observed.toggles.join(", "),
            comparison.headline.sentence_words(),
            format::plain_share(one.saved_bp()),
            format_share_range(*interval.start(), *interval.end()),
        );
        let predicted = one.predicted.map(|band| format_share_range(band.p10, band.p90));
        let predicted = predicted.unwrap_or_else(|| format::plain_share(one.predicted_bp));
        let _ = write!(line, "; replayed here {predicted}");
        if let Some(claimed) = &one.claimed_bp {
            let _ =
                write!(line, ", claimed {}", format_share_range(*claimed.start(), *claimed.end()));
        }
        if one.may_be_drift()
            && let Some(part) = one.observed.placebo
        {
            let _ = write!(
                line,
                "; {} of dates without a rollout show as much",
                format::plain_share(part.0)
            );
        }
        Some(line + ".")
    }

    /// The joint claim, then the single ones by their verdict.
    fn verdict_words(&self) -> Option<String> {
        let comparison = self.comparison_report.comparison;
        let mut parts = Vec::new();
        if let Some(result) = comparison.whole_pipeline_claims().next() {
            parts.push(format!(
                "the joint claim {} in tokens and {} in dollars (bound {})",
                verdict_phrase(result.verdict.verdict_word()),
                verdict_phrase(
                    result.verdict_usd.map_or("is not judged", ClaimVerdict::verdict_word)
                ),
                format_tokens(result.bound),
            ));
        }
        // Grouped by word, words and toggles both in the order in which they first come.
        let mut by_word: Vec<(&str, Vec<&str>)> = Vec::new();
        for toggle in &comparison.toggles {
            let Some(claim) = &toggle.claim else { continue };
            let word = claim_verdict_word(claim, toggle.verdict);
            match by_word.iter_mut().find(|(other, _)| *other == word) {
                Some((_, ids)) => ids.push(toggle.id),
                None => by_word.push((word, vec![toggle.id])),
            }
        }
        // What the others leave is the second question: named where it is not all of it.
        let shared = comparison.toggles.iter().filter(|toggle| toggle.claim.is_some());
        let shared = shared.filter_map(|toggle| Some((toggle.id, toggle.remaining.as_ref()?)));
        let shared = shared.filter(|(_, remaining)| **remaining != RemainingSaving::Adds);
        let shared: Vec<String> =
            shared.map(|(id, remaining)| format!("{id} {}", remaining.words())).collect();
        parts.extend(by_word.iter().map(|(word, ids)| format!("{word}: {}", ids.join(", "))));
        if !shared.is_empty() {
            parts.push(format!("with the others: {}", shared.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join("; ") + ".")
    }

    /// The figures to meet after each step of the order of building; `None` where no order can be
    /// made.
    #[must_use]
    pub fn measure_table(&self) -> Option<TableView> {
        let rows = BuildOrderReport(self.comparison_report.sweep.ok()?).rows();
        if rows.is_empty() {
            return None;
        }
        let comparison = self.comparison_report.comparison;
        let (headline, dollars) = (comparison.headline, comparison.has_dollars);
        let noun = headline.column_noun();
        let mut columns = vec![
            TableColumn::text("after"),
            TableColumn::tokens(format!("{noun} then")),
            TableColumn::count("calls then"),
        ];
        if dollars {
            columns.push(TableColumn::money("dollars then"));
        }
        columns.push(TableColumn::text("shows most in"));
        columns.extend(["there before", "there after"].map(TableColumn::tokens));
        let mut view = TableView::new("The figures to meet", columns);
        let mut add_row = |name: String, totals: &PipelineTotals, shows: Vec<TableCell>| {
            let mut row = vec![
                TableCell::text(name),
                TableCell::tokens(headline.amount_in_totals(totals)),
                TableCell::count(totals.calls),
            ];
            row.extend(dollars.then(|| TableCell::money(totals.total_money())));
            row.extend(shows);
            view.add_row(row);
        };
        let nowhere = vec![TableCell::missing(); 3];
        let names = SessionNames::of_recording(self.comparison_report.source.recording());
        add_row("today".to_owned(), &comparison.baseline, nowhere.clone());
        for (row, measured) in rows.iter().zip(self.measured_steps) {
            // The step in which this one shows most is where to measure it.
            let shows = measured.largest_step_fall.as_ref().map(|(was, is)| {
                let [before, after] =
                    [was, is].map(|step| TableCell::tokens(headline.amount_in_usage(&step.usage)));
                vec![TableCell::text(names.name_of_step(&was.name)), before, after]
            });
            add_row(row.words(), &measured.after, shows.unwrap_or_else(|| nowhere.clone()));
        }
        view.add_footnote(
            "pipeline by pipeline, against pipelines of like size (changed lines, sessions): sizes \
             drift, and a smaller change is no saving; count calls once per message, with every \
             folder of transcripts that the rollout may have moved",
        );
        Some(view)
    }

    /// Where no order can be made: what no other toggle replaces.
    fn irreplaceable_toggles(&self) -> Vec<RichText> {
        let headline = self.headline();
        let mut best: Vec<_> = self.comparison_report.comparison.toggles.iter().collect();
        // What a toggle saves after all the others is what none of them replaces.
        best.sort_by_key(|toggle| -headline.amount_in_saving(&toggle.last));
        let best = best.iter().filter(|toggle| headline.amount_in_saving(&toggle.last) > 0).take(3);
        let best: Vec<String> = best
            .map(|t| {
                format!(
                    "{} ({} after all the others)",
                    t.id,
                    format_tokens(headline.amount_in_saving(&t.last))
                )
            })
            .collect();
        let words = if best.is_empty() {
            "nothing here; no toggle saves on top of the others.".to_owned()
        } else {
            format!("what no other toggle replaces: {}.", best.join(", "))
        };
        vec![lead_point("Build first:", words)]
    }

    /// Toggles that take no part before the reader gives a number.
    fn waiting_toggles(&self) -> Vec<RichText> {
        let bounds =
            self.comparison_report.comparison.bounds.iter().filter(|bound| !bound.asked.is_empty());
        let ids: Vec<&str> = bounds.map(|bound| &*bound.id).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let words = format!("{} (bounds and the number to give are below).", ids.join(", "));
        vec![lead_point("Waiting for a number that no source gives:", words)]
    }
}

/// What toggles do to an amount.
fn change_words(saves: bool, amount: &str) -> String {
    if saves { format!("save {amount}") } else { format!("cost {amount} more on top") }
}

fn verdict_phrase(verdict: &str) -> String {
    match verdict {
        "holds" | "cannot be" | "is not judged" => verdict.to_owned(),
        other => format!("is {other}"),
    }
}
