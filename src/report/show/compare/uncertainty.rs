//! What is open: how likely claims are, who says what about them, which parameters move the result.

use super::claim_fields::probability_fields;
use super::json::{pair_fields, swing_fields};
use super::toggle_tables::claimed_ends;
use super::{ComparisonReport, claim_name, verdict_tone};
use crate::report::columns::ColumnField;
use crate::report::format::{self, effort_words};
use crate::report::view::ColumnKind;
use crate::report::{CellValue, RichText, Section, TableCell, TableView};
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::draw_count::BandEnds;
use crate::study::whatif::first_question::KnowledgeEffect;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::uncertainty::Uncertainty;
use crate::study::whatif::verdict::{ClaimJudge, ClaimJudgement, ClaimVerdict};
use crate::units::{PicoUsd, ratio_bp};

/// Parameters shown; the others move less.
const MOST_SWINGS: usize = 10;

/// Pairs shown; the others have less to do with each other.
const MOST_PAIRS: usize = 8;

impl ComparisonReport<'_> {
    /// What the parameters and call counts leave open; `None` without draws.
    #[must_use]
    pub fn uncertainty_section(&self) -> Option<Section> {
        let uncertainty = self.comparison.uncertainty.as_ref()?;
        let mut section =
            Section::new("What is open").with_paragraph(self.joint_saving_words(uncertainty));
        section = section.with_paragraph(self.first_question_words(uncertainty));
        if !uncertainty.claims.is_empty() {
            section = section
                .with_table(self.judgement_table())
                .with_table(self.probability_table(uncertainty));
        }
        if !self.comparison.tornado.is_empty() {
            section = section.with_table(self.swing_table());
        }
        Some(section)
    }

    /// Each claim and what each authority says about it.
    #[must_use]
    pub fn judgement_table(&self) -> TableView {
        let fields = judgement_fields(!self.comparison.observed_savings.is_empty());
        // A claim on what the replay does not count has no judgements.
        let rows = self.judged_claims().filter(|(_, judged)| judged.len() == JUDGES.len());
        let mut view = TableView::from_fields("Verdicts, by who judges", &fields, rows);
        view.add_footnote(
            "arithmetic: the product of the claim's own factors; possibility: the bound; model: \
             what is saved alone, P10 to P90 with the error of a difference",
        );
        view.add_footnote(if self.comparison.observed_savings.is_empty() {
            "observation: no history of these changes is at hand"
        } else {
            "observation: what fell after a rollout; fixes that came out together are seen \
             together, so that one of them is open unless it claims more than all of them show, \
             and what was not rolled out is not testable"
        });
        view
    }

    /// How likely each claim is.
    #[must_use]
    pub fn probability_table(&self, uncertainty: &Uncertainty) -> TableView {
        let all = uncertainty.claims.iter().flat_map(|claim| &claim.probabilities);
        let fields = probability_fields(self.judged_claims().map(|(claim, _)| claim).collect());
        let mut view = TableView::from_fields("How likely each claim is reached", &fields, all);
        view.add_footnote(
            "share of the draws, told in steps of 5 %, because most of what is drawn is judgement; \
             a rounded claim counts from the least that it may mean",
        );
        view
    }

    /// Claims on one toggle first, in the order of the list, then those on several.
    fn judged_claims(&self) -> impl Iterator<Item = JudgedClaim<'_>> {
        let single = self.comparison.toggles.iter();
        let single = single.filter_map(|it| Some((it.claim.as_ref()?, &it.judgements[..])));
        let combined = self.comparison.combined.iter();
        single.chain(combined.map(|it| (&it.claim, &it.judgements[..])))
    }

    /// The pairs that save the same tokens, or make each other worth more.
    #[must_use]
    pub fn pair_table(&self) -> Option<TableView> {
        let pairs = self.comparison.interacting_pairs();
        if pairs.is_empty() {
            return None;
        }
        let title = "Pairs: what two toggles save together beyond the sum of both";
        let fields = pair_fields(self.comparison.headline, self.comparison.has_dollars);
        let rest = pairs.len().saturating_sub(MOST_PAIRS);
        let shown = pairs.into_iter().take(MOST_PAIRS);
        let mut view = TableView::from_fields(title, &fields, shown);
        view.add_footnote(
            "Shapley interaction index, over every order of the others: negative where both save \
             the same, positive where one makes the other worth more",
        );
        // Pairs come strongest first, so that those that are left out matter less than any shown.
        if rest > 0 {
            view.add_footnote(format!("{rest} more pairs have less to do with each other"));
        }
        Some(view)
    }

    /// The parameters that move the joint saving most.
    #[must_use]
    pub fn swing_table(&self) -> TableView {
        let title = "Which parameter moves the joint saving, the others at their means";
        let fields = swing_fields(self.comparison.headline, self.comparison.has_dollars);
        let shown = self.comparison.tornado.iter().take(MOST_SWINGS);
        let mut view = TableView::from_fields(title, &fields, shown);
        let rest = self.comparison.tornado.len().saturating_sub(MOST_SWINGS);
        if rest > 0 {
            view.add_footnote(format!("{rest} more parameters move it less"));
        }
        view
    }
}

impl ComparisonReport<'_> {
    /// What to find out first, and how much it would change.
    pub(in crate::report::show) fn first_question_words(
        &self,
        uncertainty: &Uncertainty,
    ) -> RichText {
        let Some(question) = &uncertainty.first_question else {
            return RichText::new().with_strong("Nothing to find out first:").with_plain(
                " no open fact, once known, changes what to build first, nor a verdict, beyond \
                 chance.",
            );
        };
        let usual = "nothing open changes what to build first";
        let effect = match &question.effect {
            KnowledgeEffect::Order { effort, gain } => {
                let gain = if self.comparison.has_dollars {
                    format::plain_money(PicoUsd(i128::from(*gain) * 1_000_000))
                } else {
                    format!("{} tokens", format::format_tokens(*gain, false))
                };
                format!(
                    "once known, it changes what to build for {}, worth {gain} on average",
                    effort_words(*effort)
                )
            }
            KnowledgeEffect::Verdict { claim, share_bp } => format!(
                "{usual}; once known, this changes the verdict on {claim} in {} of the draws",
                format::plain_share(*share_bp)
            ),
            KnowledgeEffect::Band(narrower_bp) => format!(
                "{usual}, nor a verdict; once known, this narrows what all save together by {}",
                format::plain_share(*narrower_bp)
            ),
        };
        RichText::new()
            .with_strong("Find out first:")
            .with_plain(format!(" {}: {effect}.", question.fact))
    }

    fn joint_saving_words(&self, uncertainty: &Uncertainty) -> String {
        let comparison = self.comparison;
        let (headline, joint, baseline) =
            (comparison.headline, &comparison.joint, &comparison.baseline);
        let tokens_bp =
            ratio_bp(headline.amount_in_saving(joint), headline.amount_in_totals(baseline));
        let dollars_bp = joint.total_money().share_bp(baseline.total_money());
        let (tokens, dollars) = uncertainty.joint_bp;
        let open = match uncertainty.unmet_draws {
            0 => String::new(),
            unmet => format!(" In {unmet} of them no calls meet the totals: the likeliest stand."),
        };
        let few = self.band_ends_words().map(|words| format!(" Of so few, {words}."));
        let mut saved = band_words(tokens_bp, tokens, headline.sentence_words());
        if comparison.has_dollars {
            saved = format!("{saved} and {}", band_words(dollars_bp, dollars, "dollars"));
        }
        format!(
            "All together save {saved}, expected at the means of all ranges; P10 and P90 over {} \
             draws of the parameters, of {} and of the error of a difference.{open}{few}",
            format::format_integer(i64::from(uncertainty.draws), false),
            self.unknowns_in_words(),
            few = few.unwrap_or_default()
        )
    }

    /// Where the ends of the joint band lie; `None` where there are draws enough.
    fn band_ends_words(&self) -> Option<String> {
        let (_, ends, whole) = self.joint_band_and_ends()?;
        let words =
            |(low, high)| format!("{} to {}", format::plain_share(low), format::plain_share(high));
        Some(format!(
            "P10 of all together is {} of {whole}, P90 {}, nine times in ten",
            words(ends.p10),
            words(ends.p90)
        ))
    }

    /// The same in short: how far off the ends may be at the most.
    pub(super) fn band_error_words(&self) -> Option<String> {
        let (band, ends, whole) = self.joint_band_and_ends()?;
        let told = [(band.p10, ends.p10), (band.p90, ends.p90)];
        let off = told.map(|(end, (low, high))| (end - low).max(high - end));
        let off = format::plain_share(off[0].max(off[1]));
        Some(format!("P10, P90 of all together off by up to {off} of {whole}"))
    }

    /// What is saved by all together, as a share of what a reader is told it in, and what few draws
    /// leave open about its ends.
    fn joint_band_and_ends(&self) -> Option<(CredibleBand<i64>, BandEnds<i64>, &'static str)> {
        let uncertainty = self.comparison.uncertainty.as_ref()?;
        let (bands, ends) = (uncertainty.joint_bp, uncertainty.joint_ends_bp?);
        Some(if self.comparison.has_dollars {
            (bands.1, ends.1, "dollars")
        } else {
            (bands.0, ends.0, self.comparison.headline.sentence_words())
        })
    }
}

/// A share of something between its percentiles.
fn band_words(expected_bp: i64, band: CredibleBand<i64>, whole: &str) -> String {
    let words = format::plain_share;
    let (p10, expected, p90) = (words(band.p10), words(expected_bp), words(band.p90));
    format!("{expected} of {whole} (P10 {p10}, P90 {p90})")
}

/// A claim and what the four authorities say about it.
type JudgedClaim<'a> = (&'a PublishedClaim, &'a [ClaimJudgement]);

/// Headings of what each authority goes by and of its word.
const JUDGES: [(&str, &str); 4] = [
    ("its own product", "arithmetic"),
    ("bound", "possibility"),
    ("replay with band", "model"),
    ("seen, all that came out", "observation"),
];

fn judgement_fields<'a>(was_observed: bool) -> Vec<ColumnField<'a, JudgedClaim<'a>>> {
    type Field<'a> = ColumnField<'a, JudgedClaim<'a>>;
    let mut fields = vec![
        Field::text("", "claim", "its name", |(claim, _)| claim_name(claim)),
        range_field("claimed", |(claim, _)| range_cell(claim, claimed_ends(claim))).with_ranges(),
    ];
    for (at, (evidence, judge)) in JUDGES.into_iter().enumerate() {
        if was_observed || judge != "observation" {
            let field = range_field(evidence, move |(claim, judged)| {
                range_cell(claim, judged_ends(&judged[at]))
            });
            // The first two say one number each.
            fields.push(if at < 2 { field } else { field.with_ranges() });
        }
        fields.push(Field::from_cells(ColumnKind::Text, "", judge, "its word", move |row| {
            verdict_cell(row.0, &row.1[at])
        }));
    }
    fields
}

fn range_field<'a>(
    heading: &'static str,
    cell: impl Fn(&JudgedClaim<'a>) -> TableCell + 'a,
) -> ColumnField<'a, JudgedClaim<'a>> {
    ColumnField::from_cells(ColumnKind::Mixed, "", heading, "in the claim's metric", cell)
}

/// The word of one judge about a claim.
fn verdict_cell(claim: &PublishedClaim, judgement: &ClaimJudgement) -> TableCell {
    let words = match judgement.verdict {
        // That it is possible does not say that it happens.
        ClaimVerdict::Holds if claim.is_direction && judgement.by == ClaimJudge::Possibility => {
            "can fall"
        }
        other => super::claim_verdict_word(claim, other),
    };
    TableCell::text(words).with_tone(verdict_tone(judgement.verdict))
}

fn judged_ends(one: &ClaimJudgement) -> Option<(i64, i64)> {
    one.evidence_range.as_ref().map(|range| (*range.start(), *range.end()))
}

/// A range in the claim's metric.
fn range_cell(claim: &PublishedClaim, ends: Option<(i64, i64)>) -> TableCell {
    let value_of = if claim.is_of_counts() { CellValue::Count } else { CellValue::Tokens };
    ends.map_or_else(TableCell::missing, |(low, high)| {
        TableCell::from_range(value_of(low), value_of(high))
    })
}
