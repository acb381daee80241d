//! What a source leaves open, drawn: call counts of sessions, or the unknowns of routes.
//!
//! Draw k of one of them never depends on another one, nor on the toggles.

use super::experiment::Experiment;
use super::first_question::OpenFact;
use super::parameter_draws::draw_from_range;
use crate::intervene::{ParamRange, ParamUnit};
use crate::plan::{Patch, Plan};
use crate::price::MissingPrice;
use crate::reconstruct::routes::reconstruct_routes_once_more;
use crate::reconstruct::unknown::{UnknownQuantity, UnknownUnit};
use crate::reconstruct::{
    LayoutScratch, RecordingSource, ReportedPipeline, ReportedRoutes, reconstruct_once_more,
};
use crate::recording::Recording;
use crate::seed::Seed;
use crate::study::stats::random_draws::draw_weighted;

/// Everything open in each draw.
#[derive(Clone, Debug)]
pub enum OpenCounts {
    /// Nothing: the calls were recorded.
    None,
    /// Call counts, by session, and the unknowns of their pipeline.
    Counts(Vec<(String, Vec<u32>)>, Vec<Vec<i64>>),
    /// Unknowns, in their order.
    Unknowns(Vec<Vec<i64>>),
}

/// What one thread keeps from draw to draw. No draw depends on it.
#[derive(Debug, Default)]
pub struct DrawScratch {
    /// The pipeline as the last draw had it.
    drawn: Option<ReportedPipeline>,
    layout: LayoutScratch,
    /// The plan of the last draw: the next one takes its memory.
    spare_plan: Plan,
}

impl DrawScratch {
    /// The plan of some patches of a draw's recording.
    pub(super) fn compile_plan(
        &mut self,
        experiment: &Experiment<'_>,
        recording: &Recording,
        patches: &[Patch],
    ) -> Result<Plan, MissingPrice> {
        let spare = std::mem::take(&mut self.spare_plan);
        let plan = Plan::compile_in_memory_of(spare, recording, patches, experiment.pricing)?;
        Ok(plan.with_cache(experiment.cache))
    }

    /// Keeps the memory of a draw's recording and plan for the next one.
    pub(super) fn keep_memory(&mut self, other: Option<Recording>, plan: Plan) {
        self.layout.spare.recording = other.unwrap_or_default();
        self.spare_plan = plan;
    }
}

impl OpenCounts {
    /// Draws everything `count` times.
    #[must_use]
    pub fn draw_from_source(source: &RecordingSource, seed: Seed, count: u32) -> Self {
        match source {
            RecordingSource::Recorded(_) => Self::None,
            RecordingSource::Pipeline { reported, fit, .. } => {
                let mut counts = Vec::new();
                for session in fit.sessions.iter().filter(|session| session.weights.len() > 1) {
                    // A stream of its own: another session shifts none of its draws.
                    let mut rng = seed.random_stream("calls", session.id.as_bytes());
                    let draws = (0..count).map(|_| {
                        draw_weighted(&session.weights, &mut rng).unwrap_or(session.calls)
                    });
                    counts.push((session.id.clone(), draws.collect()));
                }
                Self::Counts(counts, draw_unknowns(&reported.unknowns, seed, count))
            }
            RecordingSource::Routes { routes, .. } => {
                Self::Unknowns(draw_unknowns(&routes.unknowns, seed, count))
            }
        }
    }

    /// Everything that differs from draw to draw.
    #[must_use]
    pub(crate) fn open_facts(&self, source: &RecordingSource) -> Vec<OpenFact> {
        match (self, source) {
            (Self::Counts(counts, drawn), RecordingSource::Pipeline { reported, .. }) => {
                let facts = counts.iter().map(|(id, draws)| OpenFact {
                    name: format!("calls of session {id}"),
                    values: draws.iter().map(|calls| i64::from(*calls)).collect(),
                });
                facts.chain(facts_of_unknowns(&reported.unknowns, drawn)).collect()
            }
            (Self::Unknowns(drawn), RecordingSource::Routes { routes, .. }) => {
                facts_of_unknowns(&routes.unknowns, drawn).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The value of an unknown of routes in draw k, by its id.
    #[must_use]
    pub(crate) fn value_in_draw(&self, routes: &ReportedRoutes, id: &str, k: u32) -> Option<i64> {
        let Self::Unknowns(drawn) = self else { return None };
        let at = routes.unknowns.iter().position(|unknown| unknown.id == id)?;
        Some(drawn[at][k as usize])
    }

    /// The recording of draw k, and whether calls meet what was drawn. `None` where there is only
    /// one recording, or none that meets it.
    #[must_use]
    pub fn recording_in_draw(
        &self,
        source: &RecordingSource,
        k: u32,
        scratch: &mut DrawScratch,
    ) -> (Option<Recording>, bool) {
        // A count is no patch: another number of calls is another recording, built anew from the
        // published totals.
        let other = match (self, source) {
            // Nothing is open, so that every draw would lay out the same calls.
            (Self::Unknowns(unknowns), _) if unknowns.is_empty() => return (None, true),
            (Self::Counts(counts, unknowns), RecordingSource::Pipeline { reported, lens, .. }) => {
                let given: Vec<(String, u32)> =
                    counts.iter().map(|(id, draws)| (id.clone(), draws[k as usize])).collect();
                let DrawScratch { drawn, layout, .. } = scratch;
                let drawn = drawn.get_or_insert_with(|| reported.clone());
                drawn.draw_unknowns(reported, &values_in_draw(unknowns, k));
                reconstruct_once_more(drawn, *lens, &given, layout)
                    .ok()
                    .map(|other| other.recording)
            }
            (Self::Unknowns(unknowns), RecordingSource::Routes { routes, .. }) => {
                let (values, spare) = (values_in_draw(unknowns, k), &mut scratch.layout.spare);
                reconstruct_routes_once_more(routes, &values, spare).ok().map(|laid| laid.recording)
            }
            _ => return (None, true),
        };
        let met = other.is_some();
        (other, met)
    }
}

/// All draws of each unknown, every one from a stream of its own.
fn draw_unknowns(unknowns: &[UnknownQuantity], seed: Seed, count: u32) -> Vec<Vec<i64>> {
    let draws = unknowns.iter().map(|unknown| {
        let mut rng = seed.random_stream("unknown", unknown.id.as_bytes());
        let range = unknown_range(unknown);
        (0..count).map(|_| draw_from_range(&range, &mut rng)).collect()
    });
    draws.collect()
}

fn facts_of_unknowns<'a>(
    unknowns: &'a [UnknownQuantity],
    drawn: &'a [Vec<i64>],
) -> impl Iterator<Item = OpenFact> + 'a {
    unknowns
        .iter()
        .zip(drawn)
        .map(|(unknown, draws)| OpenFact { name: unknown.id.clone(), values: draws.clone() })
}

/// The values of all unknowns in draw k.
fn values_in_draw(unknowns: &[Vec<i64>], k: u32) -> Vec<i64> {
    unknowns.iter().map(|draws| draws[k as usize]).collect()
}

/// An unknown as the range of a parameter.
#[must_use]
pub fn unknown_range(unknown: &UnknownQuantity) -> ParamRange {
    let UnknownQuantity { low, mode, high, .. } = *unknown;
    let range = ParamRange::in_unit(unknown_unit(unknown), low, mode, high);
    match ParamRange::weighted_from(low, &unknown.weights) {
        Some(answers) => ParamRange { mode, ..answers },
        None => range,
    }
}

/// What an unknown counts.
#[must_use]
pub fn unknown_unit(unknown: &UnknownQuantity) -> ParamUnit {
    match unknown.unit {
        UnknownUnit::Tokens => ParamUnit::Tokens,
        UnknownUnit::Count => ParamUnit::Count,
        UnknownUnit::Share => ParamUnit::BasisPoints,
        UnknownUnit::Ms => ParamUnit::Milliseconds,
        UnknownUnit::Chance => ParamUnit::Chance,
    }
}
