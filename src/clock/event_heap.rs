//! Events in the order in which they happen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What happens. At equal times what ends frees its place before anything is woken, and everything
/// is woken before anything starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockStep {
    /// Something is over.
    End,
    /// Something could start.
    Wake,
    /// Something starts, or asks for a place.
    Start,
    /// A request leaves.
    Request,
}

/// Events by time in milliseconds, then by step, then by content.
#[derive(Clone, Debug)]
pub struct EventHeap<C> {
    events: BinaryHeap<Reverse<(i64, ClockStep, C)>>,
}

impl<C: Ord> EventHeap<C> {
    /// Without events.
    #[must_use]
    pub fn new() -> Self {
        Self { events: BinaryHeap::new() }
    }

    /// Adds an event.
    pub fn push_event(&mut self, at_ms: i64, step: ClockStep, content: C) {
        self.events.push(Reverse((at_ms, step, content)));
    }

    /// Takes the earliest event.
    pub fn pop_earliest(&mut self) -> Option<(i64, ClockStep, C)> {
        self.events.pop().map(|Reverse(event)| event)
    }
}

impl<C: Ord> Default for EventHeap<C> {
    fn default() -> Self {
        Self::new()
    }
}
