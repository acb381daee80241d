//! The model's error by provider and version of the harness: what a calibration report publishes.
//!
//! Three predictions stand side by side. *Law* knows the billed contexts and outputs and predicts
//! reads; *content* knows the sizes of blocks alone; *held out* knows the first half of a session
//! and how many calls follow. Each is held against the bill in reads, in fresh input (whatever was
//! not read, sent plainly or written) and in dollars, over whole sessions or later halves.
//!
//! Versions are put together where the law has the same rules for them. No file, folder, session or
//! text is named.

use super::fidelity::{ErrorQuantiles, PredictedCall, predict_session};
use super::holdout::{HoldoutRates, HoldoutSession};
use crate::cache::RULES_CHANGED_IN;
use crate::kinds::named_values;
use crate::models::harness_version::HarnessVersion;
use crate::price::{PriceResolver, Pricing};
use crate::recording::{Basis, CacheTier, Call, Recording, Session};
use crate::units::Usage;
use std::cmp::Ordering;
use std::collections::BTreeMap;

named_values! {
    /// What a prediction knows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum PredictionKind {
        /// Billed contexts and outputs.
        Law = "law",
        /// Sizes of blocks.
        Content = "content",
        /// The first half, and how many calls follow.
        HeldOut = "held out",
    }
}

/// The error of one prediction for one harness.
#[derive(Clone, Debug, PartialEq)]
pub struct HarnessError {
    /// The harness: the format that its sessions came from.
    pub harness: String,
    /// Its versions, the oldest and the newest that were met; empty for all of a harness.
    pub versions: String,
    /// What was known.
    pub prediction: PredictionKind,
    /// Sessions with at least two calls and some read; for held out those that were predicted.
    pub sessions: usize,
    /// Error of summed reads.
    pub reads: ErrorQuantiles,
    /// Error of the input that was not read: fresh or written.
    pub fresh: ErrorQuantiles,
    /// Error of the dollars; `None` where a session has no price.
    pub cost: Option<ErrorQuantiles>,
    /// All predicted reads less all billed ones, as a share of these.
    pub reads_bias: f64,
    /// Shares of sessions below, within and above the 80 % band; held out only.
    pub band: Option<[f64; 3]>,
}

/// What a session was billed, or what is predicted of it.
#[derive(Clone, Copy, Debug, Default)]
struct Charges {
    read: f64,
    fresh: f64,
    /// Pico-dollars; `None` without a price.
    cost: Option<f64>,
}

/// A prediction beside the bill.
struct JudgedSession {
    harness: String,
    version: Option<HarnessVersion>,
    kind: PredictionKind,
    predicted: Charges,
    billed: Charges,
    /// Where the bill lies: below, within or above the band.
    place: Option<Ordering>,
}

/// The errors by harness and versions, each harness as a whole first.
#[must_use]
pub fn measure_by_harness(
    recording: &Recording,
    pricing: &Pricing,
    rates: &HoldoutRates,
) -> Vec<HarnessError> {
    let mut prices = pricing.start_resolver();
    let mut judged = Vec::new();
    // A reconstruction follows the laws that are tested here.
    let billed = recording.sessions.iter().filter(|one| one.usage_basis == Basis::Billed);
    for session in billed {
        judge_session(recording, session, &mut prices, &mut judged);
        judged.extend(judge_later_half(recording, session, &mut prices, rates));
    }
    let mut groups: BTreeMap<(&str, usize, PredictionKind), Vec<&JudgedSession>> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.billed.read > 0.0) {
        groups.entry((&one.harness, 0, one.kind)).or_default().push(one);
        groups.entry((&one.harness, 1 + rules_of_version(one), one.kind)).or_default().push(one);
    }
    groups
        .iter()
        .filter(|((harness, at, _), _)| {
            // Versions that are the whole of a harness say nothing beside it.
            let of_harness = groups.keys().filter(|(name, ..)| name == harness);
            let (whole, versions): (Vec<&_>, Vec<&_>) = of_harness.partition(|(_, at, _)| *at == 0);
            *at == 0 || versions.len() > whole.len()
        })
        .map(|((harness, _, kind), group)| sum_up(harness, *kind, group))
        .collect()
}

/// Which rules of the law a session has; those of no known version come last.
fn rules_of_version(judged: &JudgedSession) -> usize {
    judged.version.map_or(RULES_CHANGED_IN.len() + 1, |version| {
        RULES_CHANGED_IN.iter().filter(|from| version >= **from).count()
    })
}

fn judge_session(
    recording: &Recording,
    session: &Session,
    prices: &mut PriceResolver<'_>,
    judged: &mut Vec<JudgedSession>,
) {
    // A first call is given, and leaves nothing to predict.
    if session.calls < 2 {
        return;
    }
    let calls = &recording.calls[session.call_range()];
    let billed: Vec<Usage> = calls.iter().map(billed_usage).collect();
    let billed = sum_charges(recording, calls, &billed, prices);
    let predicted = predict_session(recording, session);
    let both =
        [(PredictionKind::Law, &predicted.law), (PredictionKind::Content, &predicted.content)];
    for (kind, predicted) in both {
        let usages: Vec<Usage> =
            calls.iter().zip(predicted).map(|(call, one)| predicted_usage(call, one)).collect();
        judged.push(JudgedSession {
            harness: recording.source_of_session(session).to_owned(),
            version: HarnessVersion::parse(&session.version),
            kind,
            predicted: sum_charges(recording, calls, &usages, prices),
            billed,
            place: None,
        });
    }
}

fn judge_later_half(
    recording: &Recording,
    session: &Session,
    prices: &mut PriceResolver<'_>,
    rates: &HoldoutRates,
) -> Option<JudgedSession> {
    let held = HoldoutSession::hide_later_half(recording, session)?;
    let calls = &recording.calls[session.call_range()];
    let (first, later) = calls.split_at(calls.len() - session.calls as usize / 2);
    let billed: Vec<Usage> = later.iter().map(billed_usage).collect();
    let band = held.known.predict_reads(rates);
    let fresh = held.known.predict_fresh(rates);
    // All hidden calls are priced as the last known one; what they say is what calls said so far.
    let last = first.last()?;
    let said: i64 = first.iter().map(Call::produced_tokens).sum();
    let usage = place_input(
        last,
        Usage {
            read: band.mid.round() as i64,
            output: said * later.len() as i64 / first.len() as i64,
            ..Usage::default()
        },
        fresh.round() as i64,
    );
    // In the price band of the mean prompt: nobody knows which call will be long.
    let cost =
        price_of(recording, last, &usage, usage.context_tokens() / later.len() as i64, prices);
    Some(JudgedSession {
        harness: recording.source_of_session(session).to_owned(),
        version: HarnessVersion::parse(&session.version),
        kind: PredictionKind::HeldOut,
        predicted: Charges { read: band.mid, fresh, cost },
        billed: sum_charges(recording, later, &billed, prices),
        place: Some(band.place_of(held.read as f64)),
    })
}

/// What a call was billed, and what it produced beyond its usage.
fn billed_usage(call: &Call) -> Usage {
    Usage { output: call.produced_tokens(), ..call.usage }
}

/// A predicted call as it would be billed.
fn predicted_usage(call: &Call, predicted: &PredictedCall) -> Usage {
    let usage = Usage { read: predicted.read, output: predicted.output, ..Usage::default() };
    place_input(call, usage, predicted.context - predicted.read)
}

/// Input that is not read goes where the call's input went: to its tier, behind what was recorded
/// as fresh, or all plainly.
fn place_input(call: &Call, usage: Usage, not_read: i64) -> Usage {
    // A call that wrote nothing is billed without writes, however much is not read.
    let written = match call.usage.write_tokens() {
        0 => 0,
        _ => (not_read - call.usage.fresh).max(0),
    };
    let usage = Usage { fresh: not_read - written, ..usage };
    if call.tier == CacheTier::OneHour {
        Usage { write_1h: written, ..usage }
    } else {
        Usage { write_5m: written, ..usage }
    }
}

fn sum_charges(
    recording: &Recording,
    calls: &[Call],
    usages: &[Usage],
    prices: &mut PriceResolver<'_>,
) -> Charges {
    let mut sum = Charges { cost: Some(0.0), ..Charges::default() };
    for (call, usage) in calls.iter().zip(usages) {
        sum.read += usage.read as f64;
        sum.fresh += (usage.context_tokens() - usage.read) as f64;
        let cost = price_of(recording, call, usage, usage.context_tokens(), prices);
        sum.cost = sum.cost.zip(cost).map(|(sum, cost)| sum + cost);
    }
    sum
}

/// The price of a usage at a call's model and day, in the band of a prompt of that size.
fn price_of(
    recording: &Recording,
    call: &Call,
    usage: &Usage,
    context: i64,
    prices: &mut PriceResolver<'_>,
) -> Option<f64> {
    let model = recording.model_name(call.model);
    let price = prices.resolve_price(model, call.start_ms, call.facts.modifiers);
    let row = prices.row_at(price);
    (!row.is_unpriced).then(|| row.prices_at(context).cost_of_usage(usage).0 as f64)
}

fn errors_of_charge(group: &[&JudgedSession], charge: fn(&Charges) -> f64) -> ErrorQuantiles {
    let shares = group.iter().map(|one| {
        let (predicted, billed) = (charge(&one.predicted), charge(&one.billed));
        // Nothing billed and nothing predicted is no error; else all of it is one.
        if billed == 0.0 {
            f64::from(predicted != 0.0)
        } else {
            ((predicted - billed) / billed).abs()
        }
    });
    ErrorQuantiles::from_shares(shares.collect())
}

fn sum_up(harness: &str, kind: PredictionKind, group: &[&JudgedSession]) -> HarnessError {
    let priced = group.iter().all(|one| one.predicted.cost.is_some() && one.billed.cost.is_some());
    let predicted: f64 = group.iter().map(|one| one.predicted.read).sum();
    let billed: f64 = group.iter().map(|one| one.billed.read).sum();
    let band = (kind == PredictionKind::HeldOut).then(|| {
        [Ordering::Less, Ordering::Equal, Ordering::Greater].map(|place| {
            let there = group.iter().filter(|one| one.place == Some(place)).count();
            there as f64 / group.len() as f64
        })
    });
    let versions = group.iter().filter_map(|one| one.version);
    HarnessError {
        harness: harness.to_owned(),
        versions: name_versions(versions.clone().min(), versions.max()),
        prediction: kind,
        sessions: group.len(),
        reads: errors_of_charge(group, |it| it.read),
        fresh: errors_of_charge(group, |it| it.fresh),
        cost: priced.then(|| errors_of_charge(group, |it| it.cost.unwrap_or(0.0))),
        reads_bias: (predicted - billed) / billed,
        band,
    }
}

fn name_versions(oldest: Option<HarnessVersion>, newest: Option<HarnessVersion>) -> String {
    match (oldest, newest) {
        (Some(oldest), Some(newest)) if oldest != newest => format!("{oldest} to {newest}"),
        (Some(only), _) => only.to_string(),
        (None, _) => "not told".to_owned(),
    }
}
