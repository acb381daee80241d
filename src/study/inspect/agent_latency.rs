//! How long a packet waits for the end of its turn where a source leaves call times, pauses and
//! roots open: a band over draws of these, before and after.

use super::agent_loads::{TURNS_AT_ONCE, replayed_turns};
use crate::clock::turn_limiter::{LimiterLoad, TurnLimits, run_turns};
use crate::price::MissingPrice;
use crate::study::stats::quantile::CredibleBand;
use crate::study::whatif::experiment::{Experiment, subset_of_first};
use crate::study::whatif::open_counts::OpenCounts;
use rayon::prelude::*;

/// Draws of latencies, at most: each is a replay of its own on both sides. P10 and P90 of forty are
/// off by about five percentile points.
const MOST_LATENCY_DRAWS: u32 = 40;

/// The latency of turns over draws, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyBand {
    /// Its mean over turns.
    pub mean_ms: CredibleBand<i64>,
    /// What nine turns of ten have at most.
    pub p90_ms: CredibleBand<i64>,
}

/// Nothing and everything toggled.
pub type LatencySides = [LatencyBand; 2];

/// The latencies without a limiter and with each of [`TURNS_AT_ONCE`]; empty where the source
/// leaves nothing open or nothing is drawn. Toggles stand at their means.
///
/// # Errors
/// A model without a price.
pub fn draw_latencies(
    experiment: &Experiment<'_>,
    requests_a_minute: Option<u32>,
) -> Result<Vec<LatencySides>, MissingPrice> {
    let has_packets = !experiment.base_recording().invocations.is_empty();
    let count = experiment.draws.min(MOST_LATENCY_DRAWS);
    if !has_packets || experiment.source.routes().is_none() || count == 0 {
        return Ok(Vec::new());
    }
    let openings = OpenCounts::draw_from_source(experiment.source, experiment.seed, count);
    let loads: Vec<Vec<[LimiterLoad; 2]>> = (0..count)
        .into_par_iter()
        .map(|draw| loads_in_draw(experiment, &openings, draw, requests_a_minute))
        .collect::<Result<_, _>>()?;
    let limiters = 0..1 + TURNS_AT_ONCE.len();
    let bands = limiters.map(|limiter| {
        [0, 1].map(|side| {
            let of_draws = || loads.iter().map(|loads| loads[limiter][side]);
            LatencyBand {
                mean_ms: CredibleBand::from_values(of_draws().map(|load| load.mean_latency_ms)),
                p90_ms: CredibleBand::from_values(of_draws().map(|load| load.p90_latency_ms)),
            }
        })
    });
    Ok(bands.collect())
}

/// By limiter: the loads of one draw, nothing and everything toggled.
fn loads_in_draw(
    experiment: &Experiment<'_>,
    openings: &OpenCounts,
    draw: u32,
    requests_a_minute: Option<u32>,
) -> Result<Vec<[LimiterLoad; 2]>, MissingPrice> {
    // Where no calls meet the drawn counts the likeliest ones stand in, as for tokens.
    let (drawn, _) = openings.recording_in_draw(experiment.source, draw);
    let recording = drawn.as_ref().unwrap_or(experiment.base_recording());
    let patches = experiment.patches_at_means(recording);
    let plan = experiment.compile_plan(recording, &patches)?;
    let sides =
        [0, subset_of_first(patches.len())].map(|subset| replayed_turns(recording, &plan, subset));
    let bounds = [None].into_iter().chain(TURNS_AT_ONCE.map(Some));
    let loads = bounds.map(|turns| {
        let limits = TurnLimits { turns, requests_a_minute };
        sides.each_ref().map(|turns| run_turns(turns, limits).load)
    });
    Ok(loads.collect())
}
