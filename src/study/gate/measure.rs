//! Measuring: a recording to samples, each a table of figures.
//!
//! A sample is a recording, or one pipeline or session of it. It is replayed without luck
//! ([`Cache`]) and priced from one book on one day. What is billed beyond calls is added as it
//! stands, and of sessions whose calls are unknown the calls that a ledger tells.

use super::figures::{Figures, JOINT, Paid, blocks, is_named, steps};
use super::law::Cache;
use super::{Metric, Named, Sample, Side};
use crate::plan::Plan;
use crate::price::{MissingPrice, PriceRow, Pricing};
use crate::recording::{Recording, Remainder, Session, hex, name_of};
use crate::replay::{Cost, tally_bands};
use crate::scenario::Chosen;
use crate::study::sides::Saving;
use crate::study::steps::owner;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Each {
    /// Every recording as a whole.
    #[default]
    Recording,
    /// Every pipeline: a main thread with its subagents, or an order.
    Pipeline,
    /// Every session, subagents too.
    Session,
}

impl Each {
    /// All of them with their names.
    pub const NAMED: [(Self, &'static str); 3] =
        [(Self::Recording, "recording"), (Self::Pipeline, "pipeline"), (Self::Session, "session")];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        name_of(&Self::NAMED, self)
    }
}

/// What samples are measured under.
#[derive(Clone, Debug)]
pub struct Bench<'a> {
    /// Prices; their day is set, so that the same tokens cost the same on any other.
    pub pricing: &'a Pricing,
    /// What decides what a call reads.
    pub cache: Cache,
    /// Toggles whose savings are figures too.
    pub toggles: &'a [Chosen],
    /// Whether what they save together is one as well: they are meant to be built together.
    pub jointly: bool,
    /// Whether money can be said of what is measured.
    pub has_dollars: bool,
}

/// One measured sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Its figures.
    pub sample: Sample,
    /// Digest of its recording, or of its part of it.
    pub digest: [u8; 32],
    /// The prices that it pays.
    pub rates: Vec<PriceRow>,
}

/// Measures a recording; a part without calls and bills is no sample.
///
/// # Errors
/// A model without a price.
pub fn measure(
    recording: &Recording,
    bench: &Bench<'_>,
    each: Each,
) -> Result<Vec<Measured>, MissingPrice> {
    let parts: Vec<(String, Cow<'_, Recording>)> = match each {
        Each::Recording => vec![(recording.name.clone(), Cow::Borrowed(recording))],
        Each::Pipeline => parts(recording, |session| pipeline(session).to_owned()),
        Each::Session => parts(recording, |session| session.id.clone()),
    };
    let measured: Vec<Option<Measured>> = parts
        .into_par_iter()
        .map(|(name, part)| sample(name, &part, bench))
        .collect::<Result<_, _>>()?;
    Ok(measured.into_iter().flatten().collect())
}

/// A side of some samples in the order of their names, and the prices that they pay, by model. A
/// sample that is there twice says nothing new.
#[must_use]
pub fn side(name: &str, mut measured: Vec<Measured>) -> (Side, BTreeMap<String, PriceRow>) {
    measured.sort_by(|a, b| (&a.sample.name, a.digest).cmp(&(&b.sample.name, b.digest)));
    measured.dedup_by(|a, b| a.digest == b.digest);
    let rates = measured.iter().flat_map(|one| &one.rates);
    let rates = rates.map(|row| (row.model.clone(), row.clone())).collect();
    let named = Named {
        name: name.to_owned(),
        samples: measured.len() as u32,
        digests: measured.iter().map(|one| hex(&one.digest, 8)).collect(),
    };
    (Side { named, samples: measured.into_iter().map(|one| one.sample).collect() }, rates)
}

/// The pipeline of a session; one of none stands for itself.
fn pipeline(session: &Session) -> &str {
    if session.pipeline.is_empty() { owner(session) } else { &session.pipeline }
}

fn parts(
    recording: &Recording,
    of: impl Fn(&Session) -> String,
) -> Vec<(String, Cow<'_, Recording>)> {
    let names: BTreeSet<String> = recording.sessions.iter().map(&of).collect();
    let part = |name: String| {
        let part = recording.part(|session| of(session) == name);
        (name, Cow::Owned(part))
    };
    names.into_iter().map(part).collect()
}

fn sample(
    name: String,
    recording: &Recording,
    bench: &Bench<'_>,
) -> Result<Option<Measured>, MissingPrice> {
    if recording.calls.is_empty() && recording.remainders.is_empty() {
        return Ok(None);
    }
    let toggles = bench.toggles;
    let patches: Vec<_> = toggles.iter().map(|c| c.toggle.patch(recording, &c.params)).collect();
    let plan = Plan::compile(recording, &patches, bench.pricing)?;
    let plan = plan.with_cache(bench.cache.policy());
    let rows = bench.cache.replay(&plan, 0);
    let mut figures = Figures::default();
    let mut prices = bench.pricing.resolver();
    let rests: Vec<(&Remainder, Cost)> = recording
        .remainders
        .iter()
        .map(|rest| {
            // The prompt sizes behind a remainder are unknown: it is priced in the base band.
            let price = bench.pricing.find(recording.model(rest.model), None)?;
            let cost = tally_bands(std::slice::from_ref(&price), &[rest.usage], &[0]);
            prices.number(price);
            Ok((rest, cost))
        })
        .collect::<Result<_, MissingPrice>>()?;
    let steps = steps(recording);
    let priced_as = |model: &String| {
        bench.pricing.find(model, None).map_or_else(|_| model.clone(), |row| row.model)
    };
    let models: Vec<String> = recording.models.iter().map(priced_as).collect();
    let (steps, models) = (&steps, &models);
    let paid = Paid { recording, plan: &plan, rows: &rows, rests: &rests, steps, models };
    paid.places(&mut figures);
    paid.by_model(&mut figures);
    paid.calls_by_kind(&mut figures);
    blocks(recording, steps, &mut figures);
    let before = bench.cache.outcome(&plan, 0);
    let saved = |subset| Saving::of_outcomes(&plan, &before, &bench.cache.outcome(&plan, subset));
    let asked = || toggles.iter().enumerate().filter(|(_, one)| !one.is_waiting());
    for (index, chosen) in asked() {
        figures.saving(chosen.id(), &saved(1 << index));
    }
    if bench.jointly {
        figures.saving(JOINT, &saved(asked().fold(0, |all, (index, _)| all | 1 << index)));
    }
    let pipelines = pipelines(recording);
    if !bench.has_dollars {
        figures.0.retain(|key, _| key.metric != Metric::Dollars);
    }
    let digest = recording.digest();
    let mut rates = plan.prices.clone();
    rates.extend(prices.finish());
    Ok(Some(Measured { sample: Sample { name, pipelines, figures: figures.0 }, digest, rates }))
}

/// What a sample is matched by: its pipelines, or where nobody named one a digest of its sessions,
/// so that what was recorded is held against the same under another orchestration.
fn pipelines(recording: &Recording) -> Vec<String> {
    let named = recording.sessions.iter().filter(|session| is_named(session));
    let names: BTreeSet<&str> = named.map(|session| session.pipeline.as_str()).collect();
    if !names.is_empty() {
        return names.into_iter().map(str::to_owned).collect();
    }
    let ids: BTreeSet<&str> = recording.sessions.iter().map(owner).collect();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update((id.len() as u64).to_le_bytes());
        hash.update(id);
    }
    vec![format!("sessions {}", hex(&hash.finalize(), 8))]
}
