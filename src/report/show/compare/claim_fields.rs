//! Claims in tables and for programs: what is claimed, who says what about it, how likely it is.

use super::toggle_tables::{claimed_ends, tokens_cell};
use super::{claim_name, claim_verdict_word, combined_claim_name, metric_words, verdict_tone};
use crate::report::columns::ColumnField;
use crate::report::view::ColumnKind;
use crate::report::{CellValue, TableCell};
use crate::study::whatif::claim_probabilities::ClaimProbability;
use crate::study::whatif::compare::CombinedClaimResult;
use crate::study::whatif::published_claims::PublishedClaim;
use crate::study::whatif::verdict::{ClaimJudgement, ClaimVerdict};
use crate::units::BASIS_POINTS;

/// How likely claims are, in tables and for programs.
pub(super) fn probability_fields(
    claims: Vec<&PublishedClaim>,
) -> Vec<ColumnField<'_, &ClaimProbability>> {
    type Field<'a> = ColumnField<'a, &'a ClaimProbability>;
    vec![
        Field::text("claim", "", "its id", |it| it.claim.as_str()),
        Field::text("", "claim", "its name", move |it| {
            let claim = claims.iter().find(|claim| claim.id == it.claim);
            claim.map_or_else(|| it.claim.clone(), |claim| claim_name(claim))
        }),
        Field::text("metric", "", "what is counted", |it| it.metric),
        Field::text("", "counted in", "the same in words", |it| metric_words(it.metric)),
        Field::from_cells(ColumnKind::Mixed, "at_least", "at least", "the least claimed", |it| {
            TableCell::new(match it.metric {
                "calls" | "records" => CellValue::Count(it.at_least),
                "read" | "tokens" => CellValue::Tokens(it.at_least),
                _ => CellValue::Share(it.at_least),
            })
        }),
        Field::share("p", "", "of the draws, in steps of 5 %", |it| it.p_bp),
        Field::text("", "probability", "the same", |it| probability_words(it.p_bp)),
    ]
}

/// A probability no finer than what it rests on.
fn probability_words(p_bp: i64) -> String {
    match p_bp {
        0 => "below 5 %".to_owned(),
        BASIS_POINTS => "above 95 %".to_owned(),
        _ => format!("about {} %", p_bp / 100),
    }
}

/// What each authority says, for programs.
pub(super) fn judgement_fields<'a>() -> Vec<ColumnField<'a, &'a ClaimJudgement>> {
    type Field<'a> = ColumnField<'a, &'a ClaimJudgement>;
    type Ends<'a> = ColumnField<'a, (i64, i64)>;
    let ends = vec![
        Ends::count("low", "", "the lowest", |ends| ends.0),
        Ends::count("high", "", "the highest", |ends| ends.1),
    ];
    vec![
        Field::text("by", "", "who says it", |it| it.by.name()),
        Field::text("verdict", "", "what it says", |it| it.verdict.verdict_word()),
        Field::optional_object("against", "the numbers behind it", ends, |it| {
            it.evidence_range.as_ref().map(|range| (*range.start(), *range.end()))
        }),
    ]
}

/// What is claimed, for programs.
pub(super) fn claim_fields<'a>() -> Vec<ColumnField<'a, &'a PublishedClaim>> {
    type Field<'a> = ColumnField<'a, &'a PublishedClaim>;
    vec![
        Field::text("metric", "", "what falls", |it| it.metric.as_str()),
        Field::text("says", "", "where nothing is claimed but a direction", |it| {
            it.is_direction.then_some("falls")
        })
        .left_out_if_missing(),
        Field::count("low", "", "by the least that is published", |it| *it.saving.start()),
        Field::count("high", "", "by the most", |it| *it.saving.end()),
    ]
}

/// Claims on several toggles, in tables and for programs.
pub(super) fn combined_fields<'a>() -> Vec<ColumnField<'a, &'a CombinedClaimResult>> {
    type Field<'a> = ColumnField<'a, &'a CombinedClaimResult>;
    vec![
        Field::text("id", "", "its id", |it| it.claim.id.as_str()),
        Field::text("", "claim", "what is claimed to fall", |it| combined_claim_name(&it.claim)),
        Field::texts("toggles", "", "the toggles that should save it", |it| {
            it.claim.toggles.clone()
        }),
        Field::text("", "toggles", "the same", |it| it.claim.toggles.join("+")),
        Field::text("step", "", "its step; empty for the whole pipeline", |it| {
            it.claim.step.as_str()
        }),
        Field::object("claimed", "what is claimed", claim_fields(), |it| &it.claim),
        Field::from_cells(ColumnKind::Tokens, "", "claimed", "the same", |it| {
            tokens_cell(claimed_ends(&it.claim))
        })
        .with_ranges(),
        Field::tokens("baseline", "", "what there is before, in its metric", |it| it.baseline),
        Field::tokens("replayed", "replay", "what the replay saves", |it| it.replayed),
        Field::from_cells(ColumnKind::Share, "", "of baseline", "the same", |it| {
            TableCell::share_of_whole(it.replayed, it.baseline)
        }),
        Field::tokens("bound", "bound", "the most that could be saved", |it| it.bound),
        Field::rows("judged", "who says what about it", judgement_fields(), |it| {
            it.judgements.iter().collect()
        }),
        Field::text("verdict", "", "what follows from these", |it| it.verdict.verdict_word()),
        Field::from_cells(ColumnKind::Text, "", "verdict", "the same", |it| {
            let word = claim_verdict_word(&it.claim, it.verdict);
            TableCell::text(word).with_tone(verdict_tone(it.verdict))
        }),
        Field::text("verdict_usd", "", "the same in dollars, for a share", |it| {
            it.verdict_usd.map(ClaimVerdict::verdict_word)
        }),
        Field::text("", "in dollars", "the same", |it| {
            it.verdict_usd.map_or("", ClaimVerdict::verdict_word)
        }),
    ]
}
