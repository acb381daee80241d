//! When each agent of a cockpit is at work, before and after, and when its packets wait.
//!
//! The turns of the replayed timeline run on the clock with so many at once. A lane is an agent: it
//! does its turns one after the other, and a packet that comes meanwhile waits, as one does for
//! which no place is free. No provider refuses a request here: a refused turn stops and goes on
//! later, and only its end is known.

use super::agent_loads::{number_agents, replayed_turns};
use crate::clock::turn_limiter::{TurnLimits, run_turns};
use crate::plan::{Plan, ToggleSubset};
use crate::recording::Recording;
use crate::study::whatif::lanes::{LaneSide, LaneSpan, PipelineLane};

/// The agents in the order of their names, times from the first packet on; empty where no packet
/// woke anybody.
#[must_use]
pub fn agent_lanes(
    recording: &Recording,
    plan: &Plan,
    all: ToggleSubset,
    turns_at_once: usize,
) -> Vec<PipelineLane> {
    let limits = TurnLimits { turns: Some(turns_at_once), requests_a_minute: None };
    let agents = number_agents(recording);
    let sides = [0, all].map(|subset| {
        let turns = replayed_turns(recording, plan, subset);
        let mut lanes = vec![LaneSide::default(); agents.len()];
        for (turn, (ready_ms, end_ms)) in turns.iter().zip(run_turns(&turns, limits).turns_ms) {
            let lane = &mut lanes[turn.agent];
            // At work to the end; from when it was ready until then its packet waited.
            lane.runs_ms.push((end_ms - turn.takes_ms, end_ms));
            lane.waits_ms.push((ready_ms, end_ms - turn.takes_ms));
        }
        lanes
    });
    let starts = sides.iter().flatten().flat_map(|lane| &lane.waits_ms).map(|span| span.0);
    let first_ms = starts.min().unwrap_or(0);
    let [before, after] = sides;
    // Names and lanes both stand in the order of the agents' numbers.
    let lanes = agents.into_keys().zip(before.into_iter().zip(after));
    lanes
        .map(|(agent, (before, after))| PipelineLane {
            session: agent.to_owned(),
            sides: [before, after].map(|side| shift_lane(side, first_ms)),
            ..PipelineLane::default()
        })
        .collect()
}

/// A lane in times from `first_ms` on, spans in order, those of no length and doubled waits left
/// out.
fn shift_lane(side: LaneSide, first_ms: i64) -> LaneSide {
    let [waits_ms, runs_ms] =
        [side.waits_ms, side.runs_ms].map(|spans| shift_spans(spans, first_ms));
    LaneSide { waits_ms, runs_ms, ..side }
}

fn shift_spans(mut spans: Vec<LaneSpan>, first_ms: i64) -> Vec<LaneSpan> {
    spans.sort_unstable();
    let mut shifted: Vec<LaneSpan> = Vec::new();
    for (from_ms, to_ms) in spans.into_iter().map(|(from, to)| (from - first_ms, to - first_ms)) {
        match shifted.last_mut().filter(|last| from_ms <= last.1) {
            // Several packets of one agent wait at once: the lane shows that some do.
            Some(last) => last.1 = last.1.max(to_ms),
            None if from_ms < to_ms => shifted.push((from_ms, to_ms)),
            None => {}
        }
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_start_at_the_first_packet_and_join_where_they_meet() {
        let side = LaneSide {
            waits_ms: vec![(130, 160), (110, 110), (150, 190)],
            runs_ms: vec![(160, 200), (110, 160)],
            ..LaneSide::default()
        };
        let shifted = shift_lane(side, 100);
        assert_eq!(shifted.waits_ms, [(30, 90)]);
        assert_eq!(shifted.runs_ms, [(10, 100)]);
    }
}
