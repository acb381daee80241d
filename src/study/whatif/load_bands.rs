//! How busy agents are, over draws: rates, waits and the latency of digests.
//!
//! A source of totals tells no times, so that pauses, call times, roots and the hours of its window
//! are drawn. What hangs on them is a band: requests a minute, session time, how long turns wait
//! under the cockpit's limiter, and the latency of a digest, from the end of the work that it tells
//! of to the controller's answer. Where the hours of the window are told in two ways, both stand
//! beside the band.

use super::agent_loads::{TURNS_AT_ONCE, replayed_turns};
use super::experiment::subset_of_first;
use super::savings::PipelineTotals;
use crate::clock::turn_limiter::{PacketTurn, TurnLimits, counts_in_last_minute, run_turns};
use crate::plan::Plan;
use crate::recording::Recording;
use crate::study::stats::quantile::{CredibleBand, quantile_of_sorted};
use crate::units::scale_by_ratio;

/// Draws in which turns run on the clock: enough for a tenth on either side. Confidence: J.
const MOST_DRAWS: u32 = 200;

/// Minutes of a day.
const DAY_MINUTES: i64 = 1_440;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadUnit {
    /// Requests a minute, in thousandths.
    Rate,
    /// Requests.
    Count,
    /// Milliseconds.
    Ms,
}

/// The figures of one side, in the order of [`figure_names`].
type LoadFigures = Vec<i64>;

/// How busy agents are in one draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DrawnLoads {
    window_days: i64,
    before: LoadFigures,
    after: LoadFigures,
}

/// A figure over all draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBand {
    /// What it is.
    pub name: String,
    /// What it counts.
    pub unit: LoadUnit,
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
        (window_days, k): (i64, u32),
    ) -> Option<Self> {
        if k >= MOST_DRAWS || recording.invocations.is_empty() {
            return None;
        }
        let [before, after] = [0, subset_of_first(toggles)].map(|subset| {
            let session_ms = PipelineTotals::replay_totals(plan, subset).session_ms;
            load_figures(&replayed_turns(recording, plan, subset), window_days, session_ms)
        });
        Some(Self { window_days, before, after })
    }
}

/// The names and units of all figures.
fn figure_names() -> Vec<(String, LoadUnit)> {
    let mut names = vec![
        ("requests a minute over the window".to_owned(), LoadUnit::Rate),
        ("most requests in a minute".to_owned(), LoadUnit::Count),
        ("session time".to_owned(), LoadUnit::Ms),
    ];
    for turns in TURNS_AT_ONCE {
        for figure in ["waited", "latency of a digest, mean", "latency of a digest, P90"] {
            names.push((format!("{figure}, {turns} turns at once"), LoadUnit::Ms));
        }
    }
    names
}

fn load_figures(turns: &[PacketTurn], window_days: i64, session_ms: i64) -> LoadFigures {
    let requests = turns.iter().map(|turn| turn.requests_ms.len() as i64).sum::<i64>();
    let mut starts: Vec<i64> = turns
        .iter()
        .flat_map(|turn| turn.requests_ms.iter().map(|after_ms| turn.from_ms + after_ms))
        .collect();
    starts.sort_unstable();
    let peak = counts_in_last_minute(&starts).into_iter().max().unwrap_or(0);
    let minutes = (window_days * DAY_MINUTES).max(1);
    let mut figures = vec![scale_by_ratio(requests, 1_000, minutes), peak, session_ms];
    // Where no provider refuses anything, what a turn asks for moves no other: it is one event.
    let whole: Vec<PacketTurn> =
        turns.iter().map(|turn| PacketTurn { requests_ms: vec![0], ..turn.clone() }).collect();
    for most in TURNS_AT_ONCE {
        let limits = TurnLimits { turns: Some(most), requests_a_minute: None };
        let run = run_turns(&whole, limits);
        let sent = whole.iter().zip(&run.turns_ms).filter(|(turn, _)| turn.sent_by.is_some());
        let mut latencies: Vec<i64> = sent.map(|(_, (ready, end))| end - ready).collect();
        latencies.sort_unstable();
        let mean = latencies.iter().sum::<i64>() / (latencies.len() as i64).max(1);
        let late = quantile_of_sorted(&latencies, 0.9).unwrap_or(0);
        figures.extend([run.load.waited_ms, mean, late]);
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
        let figures = figure_names().into_iter().enumerate().map(|(at, (name, unit))| {
            let medians = window_days.iter().map(|days| {
                let own = drawn.iter().filter(|draw| draw.window_days == *days);
                CredibleBand::from_values(own.map(|draw| draw.before[at])).p50
            });
            LoadBand {
                name,
                unit,
                before: CredibleBand::from_values(drawn.iter().map(|draw| draw.before[at])),
                after: CredibleBand::from_values(drawn.iter().map(|draw| draw.after[at])),
                by_window: medians.collect(),
            }
        });
        let figures = figures.collect();
        (!drawn.is_empty()).then_some(Self { draws: drawn.len(), window_days, figures })
    }
}
