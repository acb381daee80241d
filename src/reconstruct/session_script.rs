//! The script of a session: what each of its calls does, as far as events are known.
//!
//! Events are laid on tool calls first, the same way under both lenses, and carry the marks that
//! an importer would set, so that a toggle finds them by one code path. The lenses part on prose
//! only: under the message lens it stands beside a tool use (law L2), under the record lens each
//! piece of prose or thinking is a call of its own, put before the tool call that it announces.

use super::call_count::Lens;
use super::event_placement::EventPlacement;
use super::prose::SessionProse;
use super::reported::ReportedPipeline;
use super::script_call::{ResultArrival, ScriptCall};

/// Which events a script may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSelection {
    /// All.
    All,
    /// All but the plan file.
    NoPlan,
    /// None that brings tokens of its own.
    NoSizes,
}

/// The calls of a session, and what enters the context with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionScript {
    /// The calls.
    pub calls: Vec<ScriptCall>,
    /// Results of known size by the call that they enter with.
    pub arrivals: Vec<Vec<ResultArrival>>,
}

impl SessionScript {
    /// Tokens that known events bring, call by call.
    #[must_use]
    pub fn entering_tokens(&self) -> Vec<i64> {
        let tokens = |arrivals: &Vec<ResultArrival>| arrivals.iter().map(|a| a.tokens).sum();
        self.arrivals.iter().map(tokens).collect()
    }
}

/// Writes the script of one session with `calls` calls.
#[must_use]
pub fn write_script(
    reported: &ReportedPipeline,
    lens: Lens,
    session: &str,
    step: &str,
    calls: usize,
    keep: EventSelection,
) -> SessionScript {
    let speech = SessionProse::for_session(reported, session, lens, calls);
    let mut stage = EventPlacement::new(reported, session, calls - speech.own_calls);
    if keep == EventSelection::All {
        stage.place_plan_read(step);
    }
    stage.place_events();
    let mut slots = speech.add_to_calls(stage.calls, lens);
    if keep == EventSelection::NoSizes {
        for slot in &mut slots {
            slot.result = None;
        }
    }
    let mut arrivals = vec![Vec::new(); slots.len()];
    let known: Vec<_> =
        slots.iter().enumerate().filter_map(|(at, slot)| slot.result_arrival(at)).collect();
    for (arrival, at) in known {
        match arrivals.get_mut(at) {
            Some(here) => here.push(arrival),
            // Nothing follows that could carry it.
            None => slots[arrival.answers].result = None,
        }
    }
    SessionScript { calls: slots, arrivals }
}
