//! What the script of a page is told, as JSON. Amounts are strings: they may exceed what a script's
//! numbers hold.

use super::build_stops::BuildStop;
use super::moved_values::PageMoveJson;
use super::page_sums::{self, ClockSum, PageUnit, SUMS};
use super::{PageSource, PageToggle, places_of_bits};
use crate::report::foreign_text::clean_foreign_text;
use crate::report::format::{self, NumberStyle};
use crate::report::show::session_names::SessionNames;
use crate::study::inspect::cache_misses::MissGroup;
use crate::study::inspect::context_curves::ContextCurve;
use crate::study::whatif::savings::Saving;
use crate::study::whatif::subset_lookup::SubsetLookup;
use crate::units::PicoUsd;
use serde::Serialize;

#[derive(Serialize)]
struct PageData<'a> {
    headline: PageHeadlineJson,
    has_dollars: bool,
    /// What the amounts are of: `a run`.
    scope: &'static str,
    /// The order of building: the places of what is ticked at each stop of the slider.
    stops: Vec<Vec<usize>>,
    /// The places of the toggles in the order in which pictures add them up.
    order: Vec<usize>,
    sums: Vec<PageSumJson>,
    /// The sums with nothing ticked.
    baseline: Vec<String>,
    toggles: Vec<PageToggleJson<'a>>,
    tables: Vec<PageTableJson>,
    moves: Vec<PageMoveJson>,
    claims: Vec<PageClaimJson<'a>>,
    curves: Vec<PageCurveJson>,
    /// The groups of misses, by the numbers that curves tell.
    misses: [&'static str; MissGroup::NAMED.len()],
    /// How the program writes some amounts: unit, amount, signed, words.
    samples: Vec<(&'static str, String, bool, String)>,
    /// How it takes shares: unit, part, whole, basis points.
    shares: Vec<(&'static str, String, String, i64)>,
}

#[derive(Serialize)]
struct PageHeadlineJson {
    metric: &'static str,
    noun: &'static str,
    words: &'static str,
    /// The sums that make it up, by their places.
    sums: Vec<usize>,
}

#[derive(Serialize)]
struct PageSumJson {
    name: &'static str,
    unit: &'static str,
}

/// What subsets save: one column for each of its sums.
#[derive(Serialize)]
struct PageTableJson {
    /// The toggles behind its bits, the lowest first.
    toggles: Vec<usize>,
    /// Its sums, by their places.
    sums: Vec<usize>,
}

#[derive(Serialize)]
struct PageToggleJson<'a> {
    id: &'a str,
    title: &'a str,
    can: bool,
    /// Points of about half a day.
    effort: u32,
    /// What is claimed in the headline's figure, lowest and highest.
    claim: Option<(String, String)>,
}

/// Where a claim on the whole pipeline says that it would end.
#[derive(Serialize)]
struct PageClaimJson<'a> {
    toggles: &'a [String],
    low: String,
    high: String,
}

#[derive(Serialize)]
struct PageCurveJson {
    session: u32,
    label: String,
    /// Calls of the session as recorded.
    of: u32,
    calls: Vec<u32>,
    bits: Vec<usize>,
}

impl PageSource<'_> {
    /// What the script has to know.
    pub(super) fn script_data(
        &self,
        lookup: &SubsetLookup,
        (toggles, moves): (&[PageToggle<'_>], Vec<PageMoveJson>),
        stops: &[BuildStop],
        curves: &[ContextCurve],
        clock: Option<&ClockSum>,
    ) -> String {
        let comparison = self.report.comparison_report.comparison;
        let headline = comparison.headline;
        let before = Saving::from(&comparison.baseline);
        let known = SUMS.iter().map(|s| PageSumJson { name: s.name, unit: s.unit.name() });
        let of_clock = PageSumJson { name: page_sums::CLOCK_NAME, unit: PageUnit::Time.name() };
        let baseline = SUMS.iter().map(|sum| (sum.amount_of)(&before));
        let before_clock = clock.map(|clock| i128::from(clock.before_ms));
        let tables = lookup.lattice.tables.iter().map(|table| PageTableJson {
            toggles: places_of_bits(toggles, table.bits),
            sums: (0..SUMS.len()).collect(),
        });
        // The wall clock is the last sum, in a table of its own.
        let of_minutes = clock.map(|clock| PageTableJson {
            toggles: places_of_bits(toggles, clock.saved.bits),
            sums: vec![SUMS.len()],
        });
        let names = SessionNames::of_recording(self.recording);
        let data = PageData {
            headline: PageHeadlineJson {
                metric: headline.metric_name(),
                noun: headline.column_noun(),
                words: headline.sentence_words(),
                sums: page_sums::headline_sums(headline),
            },
            has_dollars: comparison.has_dollars,
            scope: self.scope_words(),
            stops: stops.iter().map(|stop| places_of_bits(toggles, stop.subset)).collect(),
            order: places_in_build_order(toggles, stops),
            sums: known.chain(clock.map(|_| of_clock)).collect(),
            baseline: baseline.chain(before_clock).map(|amount| amount.to_string()).collect(),
            toggles: toggles.iter().map(|toggle| self.toggle_json(toggle)).collect(),
            tables: tables.chain(of_minutes).collect(),
            moves,
            claims: comparison
                .whole_pipeline_claims()
                .map(|whole| PageClaimJson {
                    toggles: &whole.claim.toggles,
                    low: (whole.baseline - whole.claim.saving.end()).to_string(),
                    high: (whole.baseline - whole.claim.saving.start()).to_string(),
                })
                .collect(),
            curves: curves
                .iter()
                .map(|curve| {
                    let session = &self.recording.sessions[curve.session as usize];
                    PageCurveJson {
                        session: curve.session,
                        label: clean_foreign_text(names.name(curve.session as usize)).into_owned(),
                        of: session.calls,
                        calls: curve.calls.clone(),
                        bits: places_of_bits(toggles, curve.bits),
                    }
                })
                .collect(),
            misses: MissGroup::NAMED.map(|(_, name)| name),
            samples: sample_amounts(),
            shares: sample_shares(),
        };
        serde_json::to_string(&data).expect("own types serialise")
    }

    fn toggle_json<'a>(&self, toggle: &PageToggle<'a>) -> PageToggleJson<'a> {
        let headline = self.report.comparison_report.comparison.headline;
        let claimed = toggle.result.and_then(|(_, result)| result.claimed_range(headline));
        let card = toggle.chosen.toggle.card();
        PageToggleJson {
            id: card.id,
            title: card.title,
            can: toggle.refusal.is_none(),
            effort: toggle.chosen.grade.effort,
            claim: claimed.map(|it| (it.start().to_string(), it.end().to_string())),
        }
    }
}

/// What is built first comes first, what no step builds at the end.
pub(super) fn places_in_build_order(toggles: &[PageToggle<'_>], stops: &[BuildStop]) -> Vec<usize> {
    let built = stops.iter().flat_map(|stop| &stop.built);
    let built = built.flat_map(|&bit| places_of_bits(toggles, 1 << bit));
    let mut order: Vec<usize> = Vec::with_capacity(toggles.len());
    // A toggle may be given up and built again: its first step counts.
    for place in built.chain(0..toggles.len()) {
        if !order.contains(&place) {
            order.push(place);
        }
    }
    order
}

/// Amounts at which each way of writing changes.
fn sample_amounts() -> Vec<(&'static str, String, bool, String)> {
    const AMOUNTS: [i128; 26] = [
        0,
        1,
        42,
        349,
        999,
        1_000,
        8_449,
        9_999,
        10_000,
        59_949,
        59_950,
        161_849,
        777_000,
        870_949,
        870_950,
        999_949,
        999_950,
        3_599_499,
        3_599_500,
        22_840_123,
        86_369_999,
        86_370_000,
        999_949_999,
        5_040_000_000,
        12_345_000_000_000,
        9_223_372_036_854_775,
    ];
    const MONEY: [i128; 9] = [
        49_999_999,
        50_000_000,
        4_200_000_000,
        4_999_999_999,
        5_000_000_000,
        4_155_000_000_000,
        999_995_000_000_000,
        1_234_567_890_000_000_000,
        170_000_000_000_000_000_000,
    ];
    let mut all = Vec::new();
    for unit in [PageUnit::Count, PageUnit::Tokens, PageUnit::Money, PageUnit::Time] {
        let more: &[i128] = if unit == PageUnit::Money { &MONEY } else { &[] };
        for amount in AMOUNTS.iter().chain(more).flat_map(|amount| [*amount, -amount]) {
            all.push((unit.name(), amount.to_string(), false, unit.format_amount(amount)));
        }
    }
    for amount in AMOUNTS.iter().flat_map(|amount| [*amount, -amount]) {
        // Bars are written with a sign, in tokens and in dollars.
        let small = i64::try_from(amount).expect("a small sample");
        all.push(("tokens", amount.to_string(), true, format::format_tokens(small, true)));
        let signed = NumberStyle { signed: true, ..NumberStyle::default() };
        let money = format::format_money(PicoUsd(amount), signed);
        all.push(("money", amount.to_string(), true, money));
    }
    for bp in [0, 1, 6, 9, 10, 95, 99, 100, 104, 105, 1_234, 1_235, 4_685, 9_999, 10_000, 123_456] {
        for bp in [bp, -bp] {
            let words = format::plain_share(bp);
            all.push(("share", bp.to_string(), false, words));
        }
    }
    all
}

/// Shares at which rounding shows.
fn sample_shares() -> Vec<(&'static str, String, String, i64)> {
    const PARTS: [(i64, i64); 8] = [
        (0, 0),
        (1, 3),
        (-1, 3),
        (1, 20_000),
        (-1, 20_000),
        (9_500_000, 22_840_000),
        (-350_000, 22_840_000),
        (4_155_999_999, 10_000_000_001),
    ];
    // Money is rounded on another path than tokens, since it may exceed 64 bits.
    let samples = [PageUnit::Tokens, PageUnit::Money].into_iter().flat_map(|unit| {
        PARTS.map(|(part, whole)| {
            let share_bp = unit.share_bp(part.into(), whole.into());
            (unit.name(), part.to_string(), whole.to_string(), share_bp)
        })
    });
    samples.collect()
}
