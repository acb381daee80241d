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
use crate::plan::Plan;
use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{Recording, Remainder, Session, hex_prefix, name_of_value};
use crate::replay::{ReplayCost, tally_bands};
use crate::scenario::ChosenToggle;
use crate::study::inspect::step_usage::owner_session_id;
use crate::study::whatif::savings::Saving;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleUnit {
    /// Every recording as a whole.
    #[default]
    Recording,
    /// Every pipeline: a main thread with its subagents, or an order.
    Pipeline,
    /// Every session, subagents too.
    Session,
}

impl SampleUnit {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Recording, "recording"), (Self::Pipeline, "pipeline"), (Self::Session, "session")];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of_value(&Self::NAMED, self)
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
/// A model without a price.
pub fn measure_recording(
    recording: &Recording,
    bench: &MeasurementSetup<'_>,
    each: SampleUnit,
) -> Result<Vec<MeasuredSample>, MissingPrice> {
    let parts: Vec<(String, Cow<'_, Recording>)> = match each {
        SampleUnit::Recording => vec![(recording.name.clone(), Cow::Borrowed(recording))],
        SampleUnit::Pipeline => {
            split_recording(recording, |session| pipeline_or_owner(session).to_owned())
        }
        SampleUnit::Session => split_recording(recording, |session| session.id.clone()),
    };
    let measured: Vec<Option<MeasuredSample>> = parts
        .into_par_iter()
        .map(|(name, part)| measure_sample(name, &part, bench))
        .collect::<Result<_, _>>()?;
    Ok(measured.into_iter().flatten().collect())
}

/// A side of some samples in the order of their names, and the prices that they pay, by model. A
/// sample that is there twice says nothing new.
#[must_use]
pub fn side_from_samples(
    name: &str,
    mut measured: Vec<MeasuredSample>,
) -> (GateSide, BTreeMap<String, PriceRow>) {
    measured.sort_by(|a, b| (&a.sample.name, a.digest).cmp(&(&b.sample.name, b.digest)));
    measured.dedup_by(|a, b| a.digest == b.digest);
    let rates = measured.iter().flat_map(|one| &one.rates);
    let rates = rates.map(|row| (row.model.clone(), row.clone())).collect();
    let named = SideSummary {
        name: name.to_owned(),
        samples: measured.len() as u32,
        digests: measured.iter().map(|one| hex_prefix(&one.digest, 8)).collect(),
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

fn split_recording(
    recording: &Recording,
    of: impl Fn(&Session) -> String,
) -> Vec<(String, Cow<'_, Recording>)> {
    let names: BTreeSet<String> = recording.sessions.iter().map(&of).collect();
    let part = |name: String| {
        let part = recording.filter_sessions(|session| of(session) == name);
        (name, Cow::Owned(part))
    };
    names.into_iter().map(part).collect()
}

fn measure_sample(
    name: String,
    recording: &Recording,
    bench: &MeasurementSetup<'_>,
) -> Result<Option<MeasuredSample>, MissingPrice> {
    if recording.calls.is_empty() && recording.remainders.is_empty() {
        return Ok(None);
    }
    let toggles = bench.toggles;
    let patches: Vec<_> =
        toggles.iter().map(|c| c.toggle.build_patch(recording, &c.params)).collect();
    let plan = Plan::compile(recording, &patches, bench.pricing)?;
    let plan = plan.with_cache(bench.cache.plan_policy());
    let rows = bench.cache.replay_calls(&plan, 0);
    let mut figures = SampleFigures::default();
    let mut prices = bench.pricing.start_resolver();
    let rests: Vec<(&Remainder, ReplayCost)> = recording
        .remainders
        .iter()
        .map(|rest| {
            // The prompt sizes behind a remainder are unknown: it is priced in the base band.
            let price = bench.pricing.find_price(recording.model_name(rest.model), None)?;
            let cost = tally_bands(std::slice::from_ref(&price), &[rest.usage], &[0]);
            prices.number_of_price(price);
            Ok((rest, cost))
        })
        .collect::<Result<_, MissingPrice>>()?;
    let steps = session_steps(recording);
    let priced_as = |model: &String| {
        bench.pricing.find_price(model, None).map_or_else(|_| model.clone(), |row| row.model)
    };
    let models: Vec<String> = recording.models.iter().map(priced_as).collect();
    let (steps, models) = (&steps, &models);
    let paid =
        PricedReplay { recording, plan: &plan, rows: &rows, remainders: &rests, steps, models };
    paid.add_places(&mut figures);
    paid.add_models(&mut figures);
    paid.add_calls_by_kind(&mut figures);
    add_blocks(recording, steps, &mut figures);
    let before = bench.cache.replay_outcome(&plan, 0);
    let saved = |subset| {
        Saving::between_outcomes(&plan, &before, &bench.cache.replay_outcome(&plan, subset))
    };
    let asked = || toggles.iter().enumerate().filter(|(_, one)| !one.awaits_parameter());
    for (index, chosen) in asked() {
        figures.add_saving(chosen.id(), &saved(1 << index));
    }
    if bench.jointly {
        figures
            .add_saving(JOINT_SAVING, &saved(asked().fold(0, |all, (index, _)| all | 1 << index)));
    }
    let pipelines = matching_names(recording);
    if !bench.has_dollars {
        figures.0.retain(|key, _| key.metric != GateMetric::Dollars);
    }
    let digest = recording.recording_digest();
    let mut rates = plan.prices.clone();
    rates.extend(prices.into_rows());
    Ok(Some(MeasuredSample {
        sample: GateSample { name, pipelines, figures: figures.0 },
        digest,
        rates,
    }))
}

/// What a sample is matched by: its pipelines, or where nobody named one a digest of its sessions,
/// so that what was recorded is held against the same under another orchestration.
fn matching_names(recording: &Recording) -> Vec<String> {
    let named = recording.sessions.iter().filter(|session| has_pipeline_name(session));
    let names: BTreeSet<&str> = named.map(|session| session.pipeline.as_str()).collect();
    if !names.is_empty() {
        return names.into_iter().map(str::to_owned).collect();
    }
    let ids: BTreeSet<&str> = recording.sessions.iter().map(owner_session_id).collect();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update((id.len() as u64).to_le_bytes());
        hash.update(id);
    }
    vec![format!("sessions {}", hex_prefix(&hash.finalize(), 8))]
}
