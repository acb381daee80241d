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
    pub(crate) fn entering_tokens(&self) -> Vec<i64> {
        self.arrivals.iter().map(|at_call| at_call.iter().map(|one| one.tokens).sum()).collect()
    }
}

/// Writes the script of one session with `calls` calls.
#[must_use]
pub(crate) fn write_script(
    reported: &ReportedPipeline,
    lens: Lens,
    session: &str,
    step: &str,
    calls: usize,
    keep: EventSelection,
) -> SessionScript {
    // Events are laid on tool calls alone, so that both lenses find them at the same places; what
    // prose takes as calls of its own under the record lens is kept free for it.
    let prose = SessionProse::for_session(reported, session, lens, calls);
    let mut placement = EventPlacement::new(reported, session, calls - prose.own_calls);
    if keep == EventSelection::All {
        placement.place_plan_read(step);
    }
    placement.place_events();
    let mut calls = prose.add_to_calls(placement.calls, lens);
    if keep == EventSelection::NoSizes {
        // The events stay, with their marks; only their sizes are no longer claimed to be known.
        for call in &mut calls {
            call.result = None;
        }
    }
    // Arrivals are found only now: prose in between moves the calls that they enter with.
    let mut arrivals = vec![Vec::new(); calls.len()];
    for (at, call) in calls.iter_mut().enumerate() {
        let Some((arrival, enters_at)) = call.result_arrival(at) else { continue };
        match arrivals.get_mut(enters_at) {
            Some(here) => here.push(arrival),
            // The session ends before the result comes: no call follows that could carry it.
            None => call.result = None,
        }
    }
    SessionScript { calls, arrivals }
}
