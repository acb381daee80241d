//! What the script of a page is told, as JSON. Amounts are strings: they may exceed what a script's
//! numbers hold.

use super::figures::{self, SUMS, Unit};
use super::{Paged, Toggle};
use crate::plan::Subset;
use crate::report::format::{self, Figures};
use crate::report::show::session_label;
use crate::study::curves::Curve;
use crate::study::kept::Kept;
use crate::study::sides::Saving;
use crate::units::part_bp;
use serde::Serialize;

#[derive(Serialize)]
struct Data<'a> {
    headline: HeadlineJson,
    has_dollars: bool,
    sums: Vec<SumJson>,
    /// The sums with nothing ticked.
    baseline: Vec<String>,
    toggles: Vec<ToggleJson<'a>>,
    /// Table by table the toggles behind its bits, the lowest first.
    tables: Vec<Vec<usize>>,
    claims: Vec<ClaimJson<'a>>,
    curves: Vec<CurveJson>,
    /// How the program writes some amounts: unit, amount, signed, words.
    samples: Vec<(&'static str, String, bool, String)>,
    /// How it takes shares: unit, part, whole, basis points.
    shares: Vec<(&'static str, String, String, i64)>,
}

#[derive(Serialize)]
struct HeadlineJson {
    metric: &'static str,
    noun: &'static str,
    words: &'static str,
    /// The sums that make it up, by their places.
    sums: Vec<usize>,
}

#[derive(Serialize)]
struct SumJson {
    name: &'static str,
    unit: &'static str,
}

#[derive(Serialize)]
struct ToggleJson<'a> {
    id: &'a str,
    title: &'a str,
    can: bool,
    /// What is claimed in the headline's figure, lowest and highest.
    claim: Option<(String, String)>,
}

/// Where a claim on the whole pipeline says that it would end.
#[derive(Serialize)]
struct ClaimJson<'a> {
    toggles: &'a [String],
    low: String,
    high: String,
}

#[derive(Serialize)]
struct CurveJson {
    session: u32,
    label: String,
    /// Calls of the session as recorded.
    of: u32,
    calls: Vec<u32>,
    bits: Vec<usize>,
}

impl Paged<'_> {
    /// What the script has to know.
    pub(super) fn data(&self, kept: &Kept, toggles: &[Toggle<'_>], curves: &[Curve]) -> String {
        let comparison = self.full.shown.comparison;
        let headline = comparison.headline;
        let place = |bit: usize| {
            let is_it = |toggle: &Toggle<'_>| toggle.result.is_some_and(|(at, _)| at == bit);
            toggles.iter().position(is_it).expect("every bit has a toggle")
        };
        let places = |mask: Subset| -> Vec<usize> {
            (0..64).filter(|bit| mask >> bit & 1 == 1).map(place).collect()
        };
        let before = Saving::from(&comparison.baseline);
        let data = Data {
            headline: HeadlineJson {
                metric: headline.metric(),
                noun: headline.noun(),
                words: headline.words(),
                sums: figures::parts(headline),
            },
            has_dollars: comparison.has_dollars,
            sums: SUMS.iter().map(|s| SumJson { name: s.name, unit: s.unit.name() }).collect(),
            baseline: SUMS.iter().map(|sum| (sum.of)(&before).to_string()).collect(),
            toggles: toggles.iter().map(|toggle| self.toggle_json(toggle)).collect(),
            tables: kept.lattice.islands.iter().map(|table| places(table.bits)).collect(),
            claims: comparison
                .whole_claims()
                .map(|whole| ClaimJson {
                    toggles: &whole.claim.toggles,
                    low: (whole.baseline - whole.claim.saving.end()).to_string(),
                    high: (whole.baseline - whole.claim.saving.start()).to_string(),
                })
                .collect(),
            curves: curves
                .iter()
                .map(|curve| {
                    let session = &self.recording.sessions[curve.session as usize];
                    CurveJson {
                        session: curve.session,
                        label: format::clean(&session_label(session)).into_owned(),
                        of: session.calls,
                        calls: curve.calls.clone(),
                        bits: places(curve.bits),
                    }
                })
                .collect(),
            samples: samples(),
            shares: shares(),
        };
        serde_json::to_string(&data).expect("own types serialise")
    }

    fn toggle_json<'a>(&self, toggle: &Toggle<'a>) -> ToggleJson<'a> {
        let headline = self.full.shown.comparison.headline;
        let claimed = toggle.result.and_then(|(_, result)| result.claimed(headline));
        let card = toggle.chosen.toggle.card();
        ToggleJson {
            id: card.id,
            title: card.title,
            can: toggle.refused.is_none(),
            claim: claimed.map(|it| (it.start().to_string(), it.end().to_string())),
        }
    }
}

/// Amounts at which each way of writing changes.
fn samples() -> Vec<(&'static str, String, bool, String)> {
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
    for unit in [Unit::Count, Unit::Tokens, Unit::Money, Unit::Time] {
        let more: &[i128] = if unit == Unit::Money { &MONEY } else { &[] };
        for amount in AMOUNTS.iter().chain(more).flat_map(|amount| [*amount, -amount]) {
            all.push((unit.name(), amount.to_string(), false, unit.words(amount)));
        }
    }
    for amount in AMOUNTS.iter().flat_map(|amount| [*amount, -amount]) {
        let small = i64::try_from(amount).expect("a small sample");
        all.push(("tokens", amount.to_string(), true, format::tokens(small, true)));
    }
    for bp in [0, 1, 6, 9, 10, 95, 99, 100, 104, 105, 1_234, 1_235, 4_685, 9_999, 10_000, 123_456] {
        for bp in [bp, -bp] {
            let words = format::share(bp, Figures::default());
            all.push(("share", bp.to_string(), false, words));
        }
    }
    all
}

/// Shares at which rounding shows.
fn shares() -> Vec<(&'static str, String, String, i64)> {
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
    let of = |unit: Unit, (part, whole): (i64, i64)| {
        let met = match unit {
            Unit::Money => unit.part_bp(part.into(), whole.into()),
            _ => part_bp(part, whole),
        };
        (unit.name(), part.to_string(), whole.to_string(), met)
    };
    [Unit::Tokens, Unit::Money].iter().flat_map(|unit| PARTS.map(|pair| of(*unit, pair))).collect()
}
