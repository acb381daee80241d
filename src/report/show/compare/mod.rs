//! The comparison: claimed, alone, last, verdict.

pub(in crate::report::show) mod bounds;
mod claim_fields;
mod distribution;
mod first_question;
mod first_screen;
mod json;
mod load_bands;
mod minutes;
mod observed_savings;
pub(in crate::report::show) mod order_as_told;
mod other_orchestrator;
mod premises;
mod queue;
mod saving_bands;
pub(in crate::report::show) mod time_table;
mod toggle_tables;
mod turn_limiter;
mod uncertainty;
pub(in crate::report::show) mod whole_pipeline;

use super::Provenance;
use super::build_order::BuildOrderReport;
use crate::reconstruct::RecordingSource;
use crate::report::columns::ColumnField;
use crate::report::format;
use crate::report::show::audit_sentences::word_claim_arithmetic;
use crate::report::{ReportDocument, Section, TableCell, TableColumn, TableView, Tone};
use crate::study::audit::{self, AuditFinding};
use crate::study::backtest::Observations;
use crate::study::whatif::agent_loads::LoadComparison;
use crate::study::whatif::compare::{Comparison, ToggleResult};
use crate::study::whatif::distribution::GroupedSavings;
use crate::study::whatif::headline::HeadlineMetric;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::saving_bands::DrawnSet;
use crate::study::whatif::sweep::SubsetSweep;
use crate::study::whatif::verdict::ClaimVerdict;
pub(in crate::report::show) use json::report_fields;
pub use premises::lens_note;
#[cfg(feature = "charts")]
pub(in crate::report::show) use toggle_tables::toggle_verdict_word;

/// A comparison and everything it is shown with.
pub struct ComparisonReport<'a> {
    /// The numbers.
    pub comparison: &'a Comparison,
    /// Where the calls come from, with what was published.
    pub source: &'a RecordingSource,
    /// What was seen after rollouts of its toggles.
    pub observations: Option<&'a Observations>,
    /// What the audit found.
    pub findings: &'a [AuditFinding],
    /// How busy agents are that packets wake, limiter by limiter; empty where there are none.
    pub loads: &'a [LoadComparison],
    /// Every subset of the toggles; where that was not asked for or cannot be, the reason.
    pub sweep: Result<&'a SubsetSweep, &'a str>,
    /// The sets of the order of building in all draws, by the bits of the sweep.
    pub drawn: &'a [DrawnSet],
    /// How savings are spread over sessions, where asked for.
    pub distribution: Option<&'a GroupedSavings>,
    /// Where it comes from.
    pub provenance: &'a Provenance,
}

/// A key of what `compare --format json` has.
type ReportField<'a> = ColumnField<'a, &'a ComparisonReport<'a>>;

impl ComparisonReport<'_> {
    /// For people.
    #[must_use]
    pub fn to_document(&self) -> ReportDocument {
        let mut document = ReportDocument::new(format!("What-if: {}", self.provenance.recording));
        document.add_section(self.build_order_section());
        let mut section = Section::new("Toggles");
        if let Some(note) = lens_note(self.source, self.findings) {
            section = section.with_paragraph(note);
        }
        section = section.with_table(self.toggle_table());
        // Reported routes have tokens without classes, for which no price can be named.
        section = match self.dollar_table_if_known() {
            Some(dollars) => section.with_table(dollars),
            None => section.with_paragraph(self.why_no_dollars()),
        };
        if let Some(time) = self.time_table() {
            section = section.with_table(time);
        }
        section = section.with_bullets(self.toggle_explanations());
        document.add_section(section);
        document.sections.extend(self.queue_section());
        document.sections.extend(self.bounds_section());
        document.add_section(self.joint_section());
        document.sections.extend(self.whole_section());
        document.sections.extend(self.as_told_section());
        document.sections.extend(self.minutes_section());
        document.sections.extend(self.limiter_section());
        if let Some(open) = self.uncertainty_section() {
            document.add_section(open);
        }
        if let Some(spread) = self.distribution_section() {
            document.add_section(spread);
        }
        document.add_sources(self.provenance.footer_lines());
        document
    }

    /// What to build first, or why no order can be told.
    #[must_use]
    pub fn build_order_section(&self) -> Section {
        match self.sweep {
            Ok(sweep) => BuildOrderReport(sweep).section(self.decision_lines()),
            Err(reason) => Section::new("What to build first")
                .with_paragraph(format!("No order can be told: {reason}.")),
        }
    }

    /// The table of toggles in dollars; `None` where dollars mean nothing.
    #[must_use]
    pub fn dollar_table_if_known(&self) -> Option<TableView> {
        self.comparison.has_dollars.then(|| self.dollar_table())
    }

    /// What a source leaves open, in words.
    pub(in crate::report::show) fn unknowns_in_words(&self) -> &'static str {
        match (self.source.routes(), self.comparison.has_luck) {
            (Some(_), _) => "what the source leaves unknown",
            (None, true) => "the luck of automatic caches",
            (None, false) => "open call counts",
        }
    }

    /// One line a claim: the source's own arithmetic, and why the replay differs.
    #[must_use]
    pub fn toggle_explanations(&self) -> Vec<String> {
        let toggles = self.comparison.toggles.iter();
        toggles.filter_map(|toggle| self.explain_toggle(toggle)).collect()
    }

    fn explain_toggle(&self, toggle: &ToggleResult) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        let claimed = self.source.pipeline().and_then(|r| audit::claim_arithmetic(r, toggle.id));
        parts.extend(claimed.map(|claimed| format!("source: {}", word_claim_arithmetic(&claimed))));
        // A toggle that finds places and changes nothing there has no arithmetic to show.
        if toggle.found > 0 && (toggle.alone.calls != 0 || toggle.touched != 0) {
            parts.push(format!(
                "replay: {} found, {}, {}",
                format::format_integer(i64::from(toggle.found), false),
                fewer_calls(toggle.alone.calls),
                self.fewer_tokens(self.comparison.headline.amount_in_saving(&toggle.alone))
            ));
        }
        parts.extend(toggle.reason.as_ref().map(|reason| {
            format!(
                "its band is as wide as it is most of all because of {}: {} at its low end, {} at \
                 its high end",
                reason.what,
                format::format_tokens(reason.low, false),
                format::format_tokens(reason.high, false)
            )
        }));
        parts.extend(self.open_facts(toggle));
        parts.extend(self.why_replay_differs(toggle));
        // Reads are bought with writes: a prompt that changes early is written to the cache again.
        if toggle.alone.usage.write_tokens() < 0 {
            parts.push(format!(
                "costs {} tokens of cache writes",
                format::format_tokens(-toggle.alone.usage.write_tokens(), false)
            ));
        }
        parts.extend(toggle.notes.iter().map(|note| format::group_digits_in_text(note)));
        (!parts.is_empty()).then(|| format!("{}: {}", toggle.id, parts.join("; ")))
    }

    /// A saving in words, also where it is none.
    fn fewer_tokens(&self, tokens: i64) -> String {
        let more_or_less = if tokens < 0 { "more" } else { "fewer" };
        let noun = self.comparison.headline.column_noun();
        format!("{} {more_or_less} {noun}", format::format_tokens(tokens.saturating_abs(), false))
    }

    /// Why the replay differs from the claim's own factors, as far as the two can be set side by
    /// side: calls against calls, and what each of them read.
    fn why_replay_differs(&self, toggle: &ToggleResult) -> Option<String> {
        let claim = self.source.pipeline()?.claim_on_toggle(toggle.id)?;
        let (read, calls) = (toggle.alone.usage.read, toggle.alone.calls);
        // A claim without factors is a plain number: there is nothing to set beside the replay.
        let [counted, ..] = &claim.factors[..] else {
            return None;
        };
        // Its first factor is what the claim counts; a saving per call or per token follows.
        let claimed = counted.factor_value();
        let text = if counted.what.starts_with("tokens") {
            let each = toggle.touched / i64::from(toggle.found.max(1));
            format!(
                "the source takes {} {}, the replay {} of {} tokens each",
                format::format_tokens(claimed, false),
                counted.what,
                toggle.found,
                format::format_tokens(each, false)
            )
        } else if calls > 0 {
            format!(
                "the source counts {claimed} {}, the replay {calls} calls, each worth {} reads",
                counted.what,
                format::format_tokens(read / calls, false)
            )
        } else {
            format!(
                "the source counts {claimed} {}, the replay none: they share their calls with \
                 tool uses",
                counted.what
            )
        };
        Some(text)
    }

    /// All toggles on, and what is claimed for several of them.
    #[must_use]
    pub fn joint_section(&self) -> Section {
        let section = Section::new("All together").with_table(self.before_after_table());
        let section = match self.pair_table() {
            Some(pairs) => section.with_table(pairs),
            None => section,
        };
        if self.comparison.combined.is_empty() {
            section
        } else {
            section.with_table(self.combined_claims_table())
        }
    }

    /// Before and after.
    #[must_use]
    pub fn before_after_table(&self) -> TableView {
        let (before, after) = (&self.comparison.baseline, &self.comparison.variant);
        let mut view = TableView::new(
            "Before and after",
            vec![
                TableColumn::text("metric"),
                TableColumn::mixed("before"),
                TableColumn::mixed("after"),
                TableColumn::mixed("saved"),
                TableColumn::share("share"),
            ],
        );
        let (u, v) = (before.usage, after.usage);
        if self.comparison.headline == HeadlineMetric::Tokens {
            let [before, after] =
                [before, after].map(|side| HeadlineMetric::Tokens.amount_in_totals(side));
            view.add_row(token_row("tokens", before, after));
        }
        // Without dollars the source does not say what its tokens were: one sum is all there is.
        if !self.comparison.has_dollars {
            return view;
        }
        view.add_row(metric_row(TableCell::count, "calls", before.calls, after.calls));
        view.add_row(token_row("fresh", u.fresh, v.fresh));
        view.add_row(token_row("read", u.read, v.read));
        // Most recordings use one of the two caches alone: a row of zeros for the other says
        // nothing.
        if u.write_5m != 0 || v.write_5m != 0 {
            view.add_row(token_row("write_5m", u.write_5m, v.write_5m));
        }
        if u.write_1h != 0 || v.write_1h != 0 {
            view.add_row(token_row("write_1h", u.write_1h, v.write_1h));
        }
        view.add_row(token_row("output", u.output, v.output));
        // Estimated, and in no usage: beside the recorded output and never within it.
        if before.hidden_output != 0 {
            view.add_row(token_row("output, hidden", before.hidden_output, after.hidden_output));
        }
        // One bill: hidden output is paid for like any other.
        let (a, b) = (before.total_money(), after.total_money());
        view.add_row(vec![
            TableCell::text("dollars"),
            TableCell::money(a),
            TableCell::money(b),
            TableCell::money(a - b),
            TableCell::share((a - b).share_bp(a)),
        ]);
        view.add_row(token_row("peak context", before.peak_context, after.peak_context));
        view.add_row(metric_row(
            TableCell::count,
            "calls a minute, peak",
            before.peak_calls_a_minute,
            after.peak_calls_a_minute,
        ));
        view.add_row(metric_row(
            TableCell::duration,
            "session time",
            before.session_ms,
            after.session_ms,
        ));
        view
    }

    /// Claims on several toggles together.
    #[must_use]
    pub fn combined_claims_table(&self) -> TableView {
        let title = "Claims on several toggles together";
        let rows = &self.comparison.combined;
        let mut view = TableView::from_fields(title, &claim_fields::combined_fields(), rows);
        view.add_footnote("bound: every parameter at its friendliest end, or the best draw");
        view
    }
}

/// A row before, after and saved, all of one kind.
fn metric_row(cell: fn(i64) -> TableCell, name: &str, before: i64, after: i64) -> Vec<TableCell> {
    let saved = before - after;
    let share = TableCell::share_of_whole(saved, before);
    vec![TableCell::text(name), cell(before), cell(after), cell(saved), share]
}

fn token_row(name: &str, before: i64, after: i64) -> Vec<TableCell> {
    metric_row(TableCell::tokens, name, before, after)
}

/// A number of calls saved in words, also where it is none.
fn fewer_calls(calls: i64) -> String {
    let more_or_less = if calls < 0 { "more" } else { "fewer" };
    format!("{} {more_or_less}", format::count_of_nouns(calls.unsigned_abs() as usize, "call"))
}

pub(super) fn claim_name(claim: &PublishedClaim) -> String {
    if claim.toggles.len() == 1 { claim.id.clone() } else { combined_claim_name(claim) }
}

pub(super) fn metric_words(metric: &str) -> &'static str {
    match metric {
        "calls" => "calls",
        "records" => "records",
        "tokens" => "tokens",
        "read share" => "share of reads",
        "token share" => "share of tokens",
        "dollar share" => "share of dollars",
        _ => "reads",
    }
}

pub(in crate::report::show) fn combined_claim_name(claim: &PublishedClaim) -> String {
    let what = match claim.metric.as_str() {
        "calls" => "calls",
        "records" => "records",
        "tokens" => "tokens",
        _ => "reads",
    };
    let of = if claim.step.is_empty() { "the pipeline" } else { &claim.step };
    format!("{what} of {of}")
}

/// The word for a verdict; of a claim without a number it says whether tokens fall.
pub(in crate::report::show) fn claim_verdict_word(
    claim: &PublishedClaim,
    verdict: ClaimVerdict,
) -> &'static str {
    match verdict {
        ClaimVerdict::NotTestable | ClaimVerdict::Open => verdict.verdict_word(),
        ClaimVerdict::Holds if claim.is_direction => "saves",
        _ if claim.is_direction => "not alone",
        other => other.verdict_word(),
    }
}

/// How a verdict is coloured.
#[must_use]
pub fn verdict_tone(verdict: ClaimVerdict) -> Tone {
    match verdict {
        ClaimVerdict::Holds | ClaimVerdict::TooLow => Tone::Good,
        ClaimVerdict::TooHigh | ClaimVerdict::CannotBe => Tone::Bad,
        ClaimVerdict::Open | ClaimVerdict::NotTestable => Tone::Muted,
    }
}
