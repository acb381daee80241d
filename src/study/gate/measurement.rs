//! Measuring: a recording to samples, each a table of figures.
//!
//! A sample is a recording, or one pipeline or session of it. It is replayed without luck
//! ([`GateCache`]) and priced from one book on one day. What is billed beyond calls is added as it
//! stands, and of sessions whose calls are unknown the calls that a ledger tells.

use super::gate_cache::GateCache;
use super::sample_figures::{
    JOINT_SAVING, PricedReplay, SampleFigures, add_blocks, has_pipeline_name, session_steps,
};
use super::{GateMetric, GateSample, GateSide, SideSummary};
use crate::kinds::named_values;
use crate::plan::Plan;
use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{Recording, Remainder, Session, hex_prefix};
use crate::replay::ReplayCost;
use crate::scenario::ChosenToggle;
use crate::study::inspect::order_parts::owner_session_id;
use crate::study::whatif::savings::Saving;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

named_values! {
    /// What is one sample.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum SampleUnit {
        /// Every argument as a whole.
        #[default]
        Recording = "recording",
        /// Every pipeline: a main thread with its subagents, or an order.
        Pipeline = "pipeline",
        /// Every session, subagents too.
        Session = "session",
    }
}

/// What samples are measured under.
#[derive(Clone, Debug)]
pub struct MeasurementSetup<'a> {
    /// Prices; their day is set, so that the same tokens cost the same on any other.
    pub pricing: &'a Pricing,
    /// What decides what a call reads.
    pub cache: GateCache,
    /// Toggles whose savings are figures too.
    pub toggles: &'a [ChosenToggle],
    /// Whether what they save together is one as well: they are meant to be built together.
    pub jointly: bool,
    /// Whether money can be said of what is measured.
    pub has_dollars: bool,
}

/// One measured sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredSample {
    /// Its figures.
    pub sample: GateSample,
    /// Digest of its recording, or of its part of it.
    pub digest: [u8; 32],
    /// The prices that it pays.
    pub rates: Vec<PriceRow>,
}

/// Measures a recording; a part without calls and bills is no sample.
///
/// # Errors
/// A model without a price that a toggle names.
pub(crate) fn measure_recording(
    recording: &Recording,
    bench: &MeasurementSetup<'_>,
    each: SampleUnit,
) -> Result<Vec<MeasuredSample>, MissingPrice> {
    let parts: Vec<(String, Cow<'_, Recording>)> = match each {
        SampleUnit::Recording => vec![(recording.name.clone(), Cow::Borrowed(recording))],
        SampleUnit::Pipeline => own_parts(recording.split_by_name(pipeline_or_owner)),
        SampleUnit::Session => own_parts(recording.split_by_name(|session| &session.id)),
    };
    // Collected in the order of the parts, whatever thread is done first.
    let measured: Vec<Option<MeasuredSample>> = parts
        .into_par_iter()
        .map(|(name, part)| measure_sample(name, &part, bench))
        .collect::<Result<_, _>>()?;
    Ok(measured.into_iter().flatten().collect())
}

/// A side of some samples in the order of their names, and the prices that they pay, by model. A
/// sample that is there twice says nothing new.
#[must_use]
pub(crate) fn side_from_samples(
    name: &str,
    mut measured: Vec<MeasuredSample>,
) -> (GateSide, BTreeMap<String, PriceRow>) {
    // By name and content: the order of the arguments must not move a figure or a byte of a
    // baseline.
    measured.sort_by(|a, b| (&a.sample.name, a.digest).cmp(&(&b.sample.name, b.digest)));
    // What is given twice under one name stands beside itself now.
    measured.dedup_by(|a, b| a.digest == b.digest);
    let rates = measured.iter().flat_map(|one| &one.rates);
    let rates = rates.map(|row| (row.model.clone(), row.clone())).collect();
    let named = SideSummary {
        name: name.to_owned(),
        samples: measured.len() as u32,
        digests: measured.iter().map(|one| hex_prefix(&one.digest, 8)).collect(),
        ..SideSummary::default()
    };
    (
        GateSide { summary: named, samples: measured.into_iter().map(|one| one.sample).collect() },
        rates,
    )
}

/// The pipeline of a session; one of none stands for itself.
fn pipeline_or_owner(session: &Session) -> &str {
    if session.pipeline.is_empty() { owner_session_id(session) } else { &session.pipeline }
}

fn own_parts(parts: Vec<(String, Recording)>) -> Vec<(String, Cow<'static, Recording>)> {
    parts.into_iter().map(|(name, part)| (name, Cow::Owned(part))).collect()
}

fn measure_sample(
    name: String,
    recording: &Recording,
    bench: &MeasurementSetup<'_>,
) -> Result<Option<MeasuredSample>, MissingPrice> {
    // Nothing billed is no sample: as one of zeros it would pull every mean down.
    if recording.calls.is_empty() && recording.remainders.is_empty() {
        return Ok(None);
    }
    let toggles = bench.toggles;
    let patches: Vec<_> =
        toggles.iter().map(|c| c.toggle.build_patch(recording, &c.params)).collect();
    let plan = Plan::compile(recording, &patches, bench.pricing)?;
    // The plan keeps what was recorded; the policy says how much of it a replay believes.
    let plan = plan.with_cache(bench.cache.plan_policy());
    // Without any toggle: what is gated is what the pipeline costs as it is.
    let rows = bench.cache.replay_calls(&plan, 0);
    let mut figures = SampleFigures::default();
    let mut prices = bench.pricing.start_resolver();
    let rests: Vec<(&Remainder, ReplayCost)> = recording
        .remainders
        .iter()
        .map(|rest| {
            // A remainder of one request has its own band; the prompts behind a sum are unknown,
            // and it is priced in the base band.
            let model = recording.model_name(rest.model);
            let price = prices.resolve_price(model, 0, rest.modifiers);
            let prices = prices.row_at(price).prices_at(rest.price_context());
            let recorded = prices.cost_of_usage(&rest.usage);
            (rest, ReplayCost { recorded, ..ReplayCost::default() })
        })
        .collect();
    let steps = session_steps(recording);
    let models: Vec<String> = recording
        .models
        .iter()
        .map(|model| {
            let price = bench.pricing.find_price(model, None);
            // A model that makes no call may have no price; it keeps its own name.
            price.map_or_else(|_| model.clone(), |row| row.model)
        })
        .collect();
    let (steps, models) = (&steps, &models);
    let paid =
        PricedReplay { recording, plan: &plan, rows: &rows, remainders: &rests, steps, models };
    paid.add_places(&mut figures);
    paid.add_models(&mut figures);
    paid.add_calls_by_kind(&mut figures);
    add_blocks(recording, steps, &mut figures);
    add_savings(&plan, bench, &mut figures);
    let pipelines = matching_names(recording);
    // Where nothing can be said of money, no row speaks of it.
    if !bench.has_dollars {
        figures.0.retain(|key, _| key.metric != GateMetric::Dollars);
    }
    // Prices of calls come from the plan, those of remainders from the resolver.
    let digest = recording.recording_digest();
    let mut rates = plan.prices.clone();
    rates.extend(prices.into_rows());
    // A rate of nothing would stand as a price in a baseline file.
    rates.retain(|rate| !rate.is_unpriced);
    Ok(Some(MeasuredSample {
        sample: GateSample { name, pipelines, figures: figures.0 },
        digest,
        rates,
    }))
}

/// What each toggle saves, and what all of them do together.
fn add_savings(plan: &Plan, bench: &MeasurementSetup<'_>, figures: &mut SampleFigures) {
    let before = bench.cache.replay_outcome(plan, 0);
    let mut joint = 0;
    for (index, chosen) in bench.toggles.iter().enumerate() {
        // Without a number that only the user can give a toggle saves nothing yet.
        if chosen.awaits_parameter() {
            continue;
        }
        let after = bench.cache.replay_outcome(plan, 1 << index);
        figures.add_saving(chosen.id(), &Saving::between_outcomes(plan, &before, &after));
        // Toggles overlap, so that their savings do not add up: all of them together need a replay
        // of their own.
        joint |= 1 << index;
    }
    if bench.jointly {
        let after = bench.cache.replay_outcome(plan, joint);
        figures.add_saving(JOINT_SAVING, &Saving::between_outcomes(plan, &before, &after));
    }
}

/// What a sample is matched by: its pipelines, or where nobody named one a digest of its sessions,
/// so that what was recorded is held against the same under another orchestration.
fn matching_names(recording: &Recording) -> Vec<String> {
    let named = recording.sessions.iter().filter(|session| has_pipeline_name(session));
    let names: BTreeSet<&str> = named.map(|session| session.pipeline.as_str()).collect();
    if !names.is_empty() {
        return names.into_iter().map(str::to_owned).collect();
    }
    // Lengths stand before the ids, so that no two sets of ids hash the same bytes.
    let ids: BTreeSet<&str> = recording.sessions.iter().map(owner_session_id).collect();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update((id.len() as u64).to_le_bytes());
        hash.update(id);
    }
    vec![format!("sessions {}", hex_prefix(&hash.finalize(), 8))]
}
