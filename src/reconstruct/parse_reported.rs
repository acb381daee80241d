//! Reading a reported pipeline: parse, check, look up.
//!
//! Whatever passes here has known references, figures of the right unit and sizes that cannot
//! overflow; `reconstruct` relies on it.

use super::BUILTIN;
use super::call_tally::{CallTally, TallyUnit};
use super::event::ReportedEvent;
use super::figure::{Figure, FigureSource, FigureUnit};
use super::night::ReportedNight;
use super::published_file::{
    ReportedError, ValueChecker, parse_shape, source_field, stated_or_assumed,
};
use super::reported::{InventoryRow, ReportedClaim, ReportedPipeline, ReportedStepRow, SCHEMA};
use super::unknown::UnknownQuantity;
use crate::units::BASIS_POINTS;

/// No step has more sessions and no session more calls than this.
const MAX_PUBLISHED_CALLS: i64 = 100_000;

impl ReportedPipeline {
    /// Reads a reported pipeline; `name` is the file's, for errors.
    ///
    /// # Errors
    /// The first thing that is not JSON, not of this shape, or does not fit its place.
    pub fn parse_json(name: &str, json: &str) -> Result<Self, ReportedError> {
        let reported: Self = parse_shape(name, json)?;
        reported.check_values(ValueChecker { name })?;
        Ok(reported)
    }

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

    /// The same pipeline where the unknowns, in their order, have these values.
    #[must_use]
    pub fn with_unknowns(&self, values: &[i64]) -> Self {
        let mut drawn = self.clone();
        for (unknown, &value) in drawn.unknowns.iter_mut().zip(values) {
            unknown.mode = value;
        }
        let value_of = |id: &str| self.unknowns.iter().zip(values).find(|(one, _)| one.id == id);
        for figure in drawn.events.iter_mut().flat_map(ReportedEvent::open_figures) {
            figure.resolve(|fact| value_of(fact).map(|(_, value)| *value));
        }
        for event in &self.events {
            if let (Some(session), Some(fact)) = (event.session_id(), event.polled_run())
                && let Some((_, number)) = value_of(fact)
            {
                move_polls(&mut drawn.events, session, *number);
            }
        }
        drawn
    }

    /// The claim on a toggle.
    #[must_use]
    pub(crate) fn claim_on_toggle(&self, toggle: &str) -> Option<&ReportedClaim> {
        self.claims.iter().find(|claim| claim.toggle == toggle)
    }

    fn check_values(&self, checker: ValueChecker) -> Result<(), ReportedError> {
        checker.require(self.schema == SCHEMA, "schema", &self.schema, SCHEMA)?;
        for row in &self.steps.rows {
            let counts = [
                ("fresh", &row.fresh),
                ("output", &row.output),
                ("read", &row.read),
                ("write", &row.write),
                ("sessions", &row.sessions),
            ];
            for (field, figure) in counts {
                let field = format!("steps.{}.{field}", row.step);
                checker.require_unit(figure, FigureUnit::Count, &field)?;
            }
            let field = format!("steps.{}.time", row.step);
            checker.require_unit(&row.time, FigureUnit::Time, &field)?;
            // Without an inventory nothing is listed, and the table alone counts.
            let listed = self.sessions_of_step(&row.step).count();
            let sessions = row.sessions.value();
            let fits = (1..=MAX_PUBLISHED_CALLS).contains(&sessions)
                && (listed == 0 || listed as i64 == sessions);
            let wanted = "as many sessions as the inventory lists for the step, at least one";
            let field = format!("steps.{}.sessions", row.step);
            checker.require(fits, &field, &row.sessions.text, wanted)?;
        }
        for row in self.inventory.iter().flat_map(|inventory| &inventory.rows) {
            let known = row.step.is_empty() || self.step_row(&row.step).is_some();
            let field = format!("inventory.{}.step", row.id);
            checker.require(known, &field, &row.step, "a step of the table")?;
            let calls = format!("inventory.{}.calls", row.id);
            checker.require_unit(&row.calls, FigureUnit::Count, &calls)?;
            let some = row.calls.value() > 0 && row.calls.value() <= MAX_PUBLISHED_CALLS;
            checker.require(some, &calls, &row.calls.text, "1 to 100,000 calls")?;
            let field = format!("inventory.{}.read", row.id);
            checker.require_unit(&row.read, FigureUnit::Count, &field)?;
        }
        for (index, event) in self.events.iter().enumerate() {
            let session = event.session_id().unwrap_or_default();
            let known = session.is_empty() || self.session_row(session).is_some();
            let field = format!("events.{index}.session");
            checker.require(known, &field, session, "a session of the inventory")?;
        }
        if let Some(night) = &self.night {
            check_night(night, checker)?;
        }
        let beside = &self.ran_beside;
        let known = beside.is_empty() || BUILTIN.iter().any(|(name, _)| name == beside);
        checker.require(known, "ran_beside", beside, "the name of a built-in pipeline")?;
        for cluster in self.crashes.iter().flat_map(|crashes| &crashes.clusters) {
            let known = self.session_row(&cluster.session).is_some();
            let field = "crashes.clusters.session";
            checker.require(known, field, &cluster.session, "a session of the inventory")?;
        }
        checker.require_unknowns(&self.unknowns)?;
        for tally in self.tallies() {
            if let TallyUnit::Open(fact) = &tally.unit {
                let known = self.unknown_of_id(fact).is_some();
                checker.require(known, "unit", fact, "records, calls or the id of an unknown")?;
            }
        }
        for (index, event) in self.events.iter().enumerate() {
            let mut event = event.clone();
            let figures = event.open_figures().into_iter().filter_map(|figure| figure.fact.clone());
            let facts: Vec<String> = figures.collect();
            for fact in facts.iter().map(String::as_str).chain(event.polled_run()) {
                let field = format!("events.{index}");
                checker.require(self.unknown_of_id(fact).is_some(), &field, fact, "an unknown")?;
            }
        }
        checker.require_documents(&self.documents, self.sources_by_field())
    }

    /// Every published number of calls.
    fn tallies(&self) -> impl Iterator<Item = &CallTally> {
        let rows = self.inventory.iter().flat_map(|inventory| &inventory.rows);
        let events = self.events.iter().filter_map(|event| match event {
            ReportedEvent::EditSites { calls_a_site, .. } => Some(calls_a_site),
            ReportedEvent::TestRun { polls, .. } => polls.as_ref(),
            _ => None,
        });
        let orchestrator = self.orchestrator.iter().map(|it| &it.calls);
        rows.map(|row| &row.calls).chain(events).chain(orchestrator)
    }

    /// Every source with the field that names it.
    fn sources_by_field(&self) -> Vec<(String, &FigureSource)> {
        let mut all = vec![
            ("day.source".to_owned(), &self.day.source),
            ("steps.source".to_owned(), &self.steps.source),
        ];
        if let Some(inventory) = &self.inventory {
            all.push(("inventory.source".into(), &inventory.source));
        }
        if let Some(orchestrator) = &self.orchestrator {
            all.push(("orchestrator.source".into(), &orchestrator.source));
        }
        if let Some(night) = &self.night {
            all.push(("night.source".into(), &night.source));
        }
        if let Some(crashes) = &self.crashes {
            all.push(("crashes.source".into(), &crashes.source));
        }
        for one in &self.statements {
            all.push(source_field("statements", &one.id, &one.source));
        }
        for (at, event) in self.events.iter().enumerate() {
            all.push(source_field("events", &at.to_string(), event.figure_source()));
        }
        for one in &self.claims {
            all.push(source_field("claims", &one.toggle, &one.source));
        }
        for one in &self.combined {
            all.push(source_field("combined", &one.id, &one.source));
        }
        all
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

/// Checks units and chances of the hours in which a pipeline ran.
fn check_night(night: &ReportedNight, checker: ValueChecker) -> Result<(), ReportedError> {
    let times = [
        ("elapsed", &night.elapsed),
        ("dispatch_time", &night.dispatch_time),
        ("suite_time", &night.suite_time),
    ];
    for (field, figure) in times {
        checker.require_unit(figure, FigureUnit::Time, &format!("night.{field}"))?;
    }
    for (at, stage) in night.stages.iter().enumerate() {
        let field = format!("night.stages.{at}.time");
        checker.require_unit(&stage.time, FigureUnit::Time, &field)?;
    }
    checker.require_unit(&night.dispatches, FigureUnit::Count, "night.dispatches")?;
    let (text, some) = (&night.dispatches.text, night.dispatches.value());
    checker.require((1..=10_000).contains(&some), "night.dispatches", text, "1 to 10,000")?;
    let chances = [night.orchestrator_over_records, night.excluded_over_records];
    let parts = night.policies.iter().map(|one| one.chance);
    let in_range = |chance: i64| (0..=BASIS_POINTS).contains(&chance);
    let fit = chances.into_iter().chain(parts.clone()).all(in_range);
    // Checked before they are added up, so that no sum overflows.
    let fit = fit && parts.sum::<i64>() == BASIS_POINTS;
    let wanted = "chances from 0 to 10,000; those of the policies make 10,000";
    checker.require(fit, "night.policies", "chances", wanted)
}
