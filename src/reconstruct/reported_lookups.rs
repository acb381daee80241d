//! Looking things up in a reported pipeline, and the same pipeline with its unknowns drawn.

use super::call_tally::{CallTally, TallyUnit};
use super::event::ReportedEvent;
use super::figure::Figure;
use super::published_file::stated_or_assumed;
use super::reported::{InventoryRow, ReportedPipeline, ReportedStepRow};
use super::reported_claims::ReportedClaim;
use super::unknown::{UnknownQuantity, UnknownUnit};
use crate::units::BASIS_POINTS;

impl ReportedPipeline {
    /// The row of a step.
    #[must_use]
    pub(crate) fn step_row(&self, step: &str) -> Option<&ReportedStepRow> {
        self.steps.rows.iter().find(|row| row.step == step)
    }

    /// The inventory's sessions of a step, in order.
    pub(crate) fn sessions_of_step<'a>(
        &'a self,
        step: &'a str,
    ) -> impl Iterator<Item = &'a InventoryRow> {
        let rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        rows.filter(move |row| row.step == step)
    }

    /// A session of the inventory.
    #[must_use]
    pub(crate) fn session_row(&self, id: &str) -> Option<&InventoryRow> {
        let mut rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        rows.find(|row| row.id == id)
    }

    /// The events of a session, in the order of the source.
    pub(crate) fn events_of_session<'a>(
        &'a self,
        session: &'a str,
    ) -> impl Iterator<Item = &'a ReportedEvent> {
        self.events.iter().filter(move |event| event.session_id() == Some(session))
    }

    /// A figure that the text states.
    #[must_use]
    pub(crate) fn stated_figure(&self, id: &str) -> Option<&Figure> {
        let found = self.statements.iter().find(|stated| stated.id == id);
        found.map(|stated| &stated.value)
    }

    /// An assumption's value.
    #[must_use]
    pub(crate) fn assumed_value(&self, id: &str) -> Option<&str> {
        let found = self.assumptions.iter().find(|assumed| assumed.id == id);
        found.map(|assumed| assumed.value.as_str())
    }

    /// A figure that is stated or else assumed.
    #[must_use]
    pub(crate) fn stated_or_assumed(&self, id: &str) -> Option<Figure> {
        let figure = stated_or_assumed(&self.statements, &self.assumptions, id)?;
        // What is assumed may be drawn under the same id.
        Some(self.unknown_of_id(id).map_or(figure.clone(), |open| figure.with_value(open.mode)))
    }

    fn unknown_of_id(&self, id: &str) -> Option<&UnknownQuantity> {
        self.unknowns.iter().find(|unknown| unknown.id == id)
    }

    /// So many `times` a published number of calls as calls, in a session that made `calls` of them
    /// with `records` records.
    #[must_use]
    pub(crate) fn tally_in_calls(
        &self,
        tally: &CallTally,
        times: i64,
        (calls, records): (i64, i64),
    ) -> i64 {
        tally.in_calls(times, (calls, records), |fact| {
            self.unknown_of_id(fact).map(|unknown| (unknown.unit, unknown.mode))
        })
    }

    /// Whether a number counts calls; where an unknown says so, whether that is the likelier.
    #[must_use]
    pub(super) fn counts_calls(&self, tally: &CallTally) -> bool {
        match &tally.unit {
            TallyUnit::Calls => true,
            TallyUnit::Records => false,
            TallyUnit::Open(fact) => self
                .unknown_of_id(fact)
                .is_some_and(|it| it.unit == UnknownUnit::Chance && 2 * it.mode >= BASIS_POINTS),
        }
    }

    /// The same pipeline where the unknowns, in their order, have these values.
    #[must_use]
    pub fn with_unknowns(&self, values: &[i64]) -> Self {
        let mut drawn = self.clone();
        drawn.draw_unknowns(self, values);
        drawn
    }

    /// Makes this copy of a pipeline the one in which the unknowns have these values, whatever they
    /// had before.
    pub(crate) fn draw_unknowns(&mut self, told: &Self, values: &[i64]) {
        self.events.clone_from(&told.events);
        for (unknown, &value) in self.unknowns.iter_mut().zip(values) {
            unknown.mode = value;
        }
        let value_of = |id: &str| told.unknowns.iter().zip(values).find(|(one, _)| one.id == id);
        for figure in self.events.iter_mut().flat_map(ReportedEvent::open_figures) {
            figure.resolve(|fact| value_of(fact).map(|(_, value)| *value));
        }
        for event in &told.events {
            if let (Some(session), Some(fact)) = (event.session_id(), event.polled_run())
                && let Some((_, number)) = value_of(fact)
            {
                move_polls(&mut self.events, session, *number);
            }
        }
    }

    /// The claim on a toggle.
    #[must_use]
    pub(crate) fn claim_on_toggle(&self, toggle: &str) -> Option<&ReportedClaim> {
        self.claims.iter().find(|claim| claim.toggle == toggle)
    }
}

/// Moves the polls of a session to the run of that number, counted from 1; where there is none
/// they stay.
fn move_polls(events: &mut [ReportedEvent], session: &str, number: i64) {
    let runs = events.iter_mut().filter(|event| event.session_id() == Some(session));
    let mut slots: Vec<_> = runs
        .filter_map(|event| match event {
            ReportedEvent::TestRun { polls, .. } => Some(polls),
            _ => None,
        })
        .collect();
    let wanted = usize::try_from(number - 1).ok().filter(|wanted| *wanted < slots.len());
    let polled = slots.iter().position(|polls| polls.is_some());
    if let (Some(wanted), Some(polled)) = (wanted, polled) {
        let polls = slots[polled].take();
        *slots[wanted] = polls;
    }
}
