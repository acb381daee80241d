//! How well hidden halves were predicted, by folder.

use super::fidelity::{ErrorQuantiles, group_by_folder, session_folder};
use super::holdout::{HoldoutRates, HoldoutSession, PredictionBand};
use crate::recording::Recording;
use std::cmp::Ordering;

/// The held-out errors of one group of sessions.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupHoldout {
    /// The group: a folder, or `all sessions`.
    pub group: String,
    /// Sessions that were predicted.
    pub sessions: usize,
    /// Sessions of the group that were not: see [`HoldoutSession::hide_later_half`].
    pub left_out: usize,
    /// What was measured; none if every session was left out.
    pub figures: Option<HoldoutFigures>,
}

/// Figures of a group that has sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HoldoutFigures {
    /// |predicted - billed| / billed of the hidden reads, as shares.
    pub error: ErrorQuantiles,
    /// Share of sessions within their 80 % band, 0 to 1.
    pub coverage: f64,
    /// Share of sessions that read less than their band.
    pub below: f64,
    /// Share of sessions that read more.
    pub above: f64,
    /// Mean width of the bands as a share of the prediction.
    pub width: f64,
}

/// A session and what hiding half of it told.
struct SessionPrediction<'a> {
    folder: &'a str,
    calls: u32,
    /// Error as a share, how the truth lies to the band, its width as a share.
    prediction_score: Option<(f64, Ordering, f64)>,
}

/// Measures a recording, in the groups of [`fidelity`](super::fidelity::measure_fidelity).
#[must_use]
pub fn measure_holdout(recording: &Recording, rates: &HoldoutRates) -> Vec<GroupHoldout> {
    // A session without enough calls to hide some keeps its place, without a score.
    let judged: Vec<SessionPrediction<'_>> = recording
        .sessions
        .iter()
        .filter(|session| session.calls > 0)
        .map(|session| SessionPrediction {
            folder: session_folder(session),
            calls: session.calls,
            prediction_score: HoldoutSession::hide_later_half(recording, session)
                .map(|held| score_prediction(&held, rates)),
        })
        .collect();
    let groups = group_by_folder(&judged, |one| (one.folder, one.calls));
    groups.into_iter().map(|(group, judged)| summarise_predictions(group, &judged)).collect()
}

fn score_prediction(held: &HoldoutSession, rates: &HoldoutRates) -> (f64, Ordering, f64) {
    let band = held.known.predict_reads(rates);
    let PredictionBand { low, mid, high } = band;
    let read = held.read as f64;
    // A cache that was empty at the cut predicts nothing; its band has no width to speak of.
    let width = if mid > 0.0 { (high - low) / mid } else { 0.0 };
    ((mid - read).abs() / read, band.place_of(read), width)
}

fn summarise_predictions(group: &str, judged: &[&SessionPrediction<'_>]) -> GroupHoldout {
    let told: Vec<(f64, Ordering, f64)> =
        judged.iter().filter_map(|one| one.prediction_score).collect();
    let n = told.len() as f64;
    let [below, coverage, above] = [Ordering::Less, Ordering::Equal, Ordering::Greater]
        .map(|wanted| told.iter().filter(|(_, place, _)| *place == wanted).count() as f64 / n);
    GroupHoldout {
        group: group.to_owned(),
        sessions: told.len(),
        left_out: judged.len() - told.len(),
        figures: (!told.is_empty()).then(|| HoldoutFigures {
            error: ErrorQuantiles::from_shares(told.iter().map(|(error, ..)| *error).collect()),
            coverage,
            below,
            above,
            width: told.iter().map(|(.., width)| width).sum::<f64>() / n,
        }),
    }
}
