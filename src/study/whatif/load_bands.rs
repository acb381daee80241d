//! How busy agents are, over draws: rates, waits and the latency of digests.
//!
//! A source of totals tells no times, so that pauses, call times, roots and the hours of its window
//! are drawn. What hangs on them is a band: requests a minute, session time, how long turns wait
//! under the cockpit's limiter, and the latency of a digest, from the end of the work that it tells
//! of to the controller's answer. Where the hours of the window are told in two ways, both stand
//! beside the band.

use super::agent_loads::{RecordedPackets, TURNS_AT_ONCE};
use super::experiment::subset_of_first;
use crate::clock::turn_limiter::{PacketTurn, TurnLimits, run_turns};
use crate::plan::Plan;
use crate::recording::Recording;
use crate::replay;
use crate::study::stats::quantile::CredibleBand;
use crate::units::scale_by_ratio;
use serde::{Deserialize, Serialize};

/// Draws in which turns run on the clock: enough for a tenth on either side. Confidence: J.
const MOST_DRAWS: u32 = 200;

/// Minutes of a day.
const DAY_MINUTES: i64 = 1_440;

/// What a figure over draws is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadFigure {
    /// Requests a minute over the window, in thousandths.
    MeanRate,
    /// The most requests in a minute.
    PeakRate,
    /// The time of all sessions, milliseconds.
    SessionTime,
    /// How much later turns end with so many at once, summed, milliseconds.
    Waited(usize),
    /// The mean latency with so many turns at once, milliseconds.
    MeanLatency(usize),
    /// The latency that nine of ten do not exceed, likewise.
    P90Latency(usize),
}

/// The figures of one side, in the order of [`all_figures`].
type LoadFigures = Vec<i64>;

/// How busy agents are in one draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DrawnLoads {
    window_days: i64,
    before: LoadFigures,
    after: LoadFigures,
}

/// A figure over all draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBand {
    /// What it is.
    pub figure: LoadFigure,
    /// Nothing toggled.
    pub before: CredibleBand<i64>,
    /// Everything toggled.
    pub after: CredibleBand<i64>,
    /// Its median before in the draws of each length of the window, in the order of
    /// [`LoadBands::window_days`].
    pub by_window: Vec<i64>,
}

/// All figures over draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBands {
    /// How many draws there were.
    pub draws: usize,
    /// The lengths of the window that were drawn, days.
    pub window_days: Vec<i64>,
    /// The figures.
    pub figures: Vec<LoadBand>,
}

impl DrawnLoads {
    /// Runs the turns of draw `k`, whose window has so many days; `None` behind the first draws and
    /// where no packet wakes anybody.
    pub(super) fn in_draw(
        recording: &Recording,
        plan: &Plan,
        toggles: usize,
        requests_a_minute: Option<u32>,
        (window_days, k): (i64, u32),
    ) -> Option<Self> {
        // Turns are run several times for each draw: the first draws are enough for a band.
        if k >= MOST_DRAWS || recording.invocations.is_empty() {
            return None;
        }
        let packets = RecordedPackets::of_recording(recording);
        let [before, after] = [0, subset_of_first(toggles)].map(|subset| {
            let (made, outcome) = replay::replay_calls_with_outcome(plan, subset);
            let turns = packets.turns(plan, &made);
            load_figures(&turns, requests_a_minute, window_days, outcome.session_ms)
        });
        Some(Self { window_days, before, after })
    }

    /// Whether every figure is there.
    pub(super) fn is_whole(&self) -> bool {
        [&self.before, &self.after].map(Vec::len) == [all_figures().len(); 2]
    }
}

/// All figures, in their order.
fn all_figures() -> Vec<LoadFigure> {
    let mut figures = vec![LoadFigure::MeanRate, LoadFigure::PeakRate, LoadFigure::SessionTime];
    for turns in TURNS_AT_ONCE {
        figures.extend([
            LoadFigure::Waited(turns),
            LoadFigure::MeanLatency(turns),
            LoadFigure::P90Latency(turns),
        ]);
    }
    figures
}

fn load_figures(
    turns: &[PacketTurn],
    requests_a_minute: Option<u32>,
    window_days: i64,
    session_ms: i64,
) -> LoadFigures {
    // Without a limit of turns: how many requests there are, and the most within a minute.
    let unbounded = run_turns(turns, TurnLimits { turns: None, requests_a_minute }).load;
    let minutes = (window_days * DAY_MINUTES).max(1);
    let rate = scale_by_ratio(unbounded.requests, 1_000, minutes);
    let mut figures = vec![rate, unbounded.peak_a_minute, session_ms];
    for most in TURNS_AT_ONCE {
        let limits = TurnLimits { turns: Some(most), requests_a_minute };
        let load = run_turns(turns, limits).load;
        figures.extend([load.waited_ms, load.mean_latency_ms, load.p90_latency_ms]);
    }
    figures
}

impl LoadBands {
    /// The bands of some draws; `None` without any.
    pub(super) fn from_draws<'a>(drawn: impl Iterator<Item = &'a DrawnLoads>) -> Option<Self> {
        let drawn: Vec<&DrawnLoads> = drawn.collect();
        let mut window_days: Vec<i64> = drawn.iter().map(|draw| draw.window_days).collect();
        window_days.sort_unstable();
        window_days.dedup();
        let figures = all_figures().into_iter().enumerate().map(|(at, figure)| {
            // Draws of one length of the window are a sample of their own.
            let medians = window_days.iter().map(|days| {
                let own = drawn.iter().filter(|draw| draw.window_days == *days);
                CredibleBand::from_values(own.map(|draw| draw.before[at])).p50
            });
            LoadBand {
                figure,
                before: CredibleBand::from_values(drawn.iter().map(|draw| draw.before[at])),
                after: CredibleBand::from_values(drawn.iter().map(|draw| draw.after[at])),
                by_window: medians.collect(),
            }
        });
        let figures = figures.collect();
        (!drawn.is_empty()).then_some(Self { draws: drawn.len(), window_days, figures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_limiter() {
        // Two workers, and a controller that is told of each: five requests in ten seconds each.
        let turn = |agent, sent_by| PacketTurn {
            agent,
            from_ms: 0,
            sent_by,
            requests_ms: (0..5).map(|at| 2_000 * at).collect(),
            takes_ms: 10_000,
        };
        let turns = [turn(0, None), turn(1, None), turn(2, Some(0)), turn(2, Some(1))];
        for provider in [None, Some(7)] {
            let figures = load_figures(&turns, provider, 1, 40_000);
            let load = |most| {
                run_turns(&turns, TurnLimits { turns: most, requests_a_minute: provider }).load
            };
            // 20 requests in 1,440 minutes: 13.9 thousandths.
            assert_eq!(figures[0], 14);
            assert_eq!(figures[1..3], [load(None).peak_a_minute, 40_000]);
            let three = load(Some(3));
            let bounded = [three.waited_ms, three.mean_latency_ms, three.p90_latency_ms];
            assert_eq!(figures[3..6], bounded, "{provider:?}");
        }
        // A digest is sent at 10 s; the second one waits for the first.
        let digests = load_figures(&turns, None, 1, 0);
        assert_eq!((digests[1], digests[4], digests[5]), (20, 15_000, 20_000));
        // What the provider refuses is seen in every figure.
        let refused = load_figures(&turns, Some(7), 1, 0);
        assert!(refused[1] == 7 && refused[3] > digests[3], "{refused:?}");
    }
}
